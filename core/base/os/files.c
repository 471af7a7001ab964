/* Files whole and bounded: see files.h. */
#include "base/os/files.h"

#include "base/os/files_system.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, READ_SIZE = 16384 };

/* Writes "PATH cannot be WHAT: reason" for errno, and returns false with errno as it was. */
static bool trouble(const char *path, const char *what, char *why, size_t why_size)
{
    const int error = errno;

    snprintf(why, why_size, "%s cannot be %s: %s", path, what, strerror(error));
    errno = error;
    return false;
}

/* ---- reading */

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? "it is a folder" : S_ISFIFO(mode) ? "it is a FIFO" : S_ISSOCK(mode) ? "it is a socket" : "it is a device";
}

/* False: it is no regular file, errno and why say so. */
static bool is_file(const struct stat *st, char *why, size_t why_size)
{
    if (S_ISREG(st->st_mode))
        return true;
    snprintf(why, why_size, "%s", kind_of(st->st_mode));
    errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
    return false;
}

/* Judged before it is opened, because opening a device may do something, and again after, because it may have been replaced. */
static int open_file(const char *path, char *why, size_t why_size)
{
    struct stat st;
    int fd, error;

    if (stat(path, &st) != 0) {
        snprintf(why, why_size, "%s", strerror(errno));
        return -1;
    }
    if (!is_file(&st, why, why_size))
        return -1;
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0) {
        error = errno;
        snprintf(why, why_size, "%s", strerror(error));
    } else if (is_file(&st, why, why_size)) {
        return fd;
    } else {
        error = errno;
    }
    if (fd >= 0)
        close(fd);
    errno = error;
    return -1;
}

/* Up to the end of the file or the buffer's bound. 0, or errno. */
static int read_all(int fd, struct buffer *b)
{
    char part[READ_SIZE];

    for (;;) {
        const ssize_t n = read(fd, part, sizeof part);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return 0;
        if (b->max > 0 && (size_t)n > b->max - b->len)
            return EFBIG;
        buffer_add(b, part, (size_t)n);
        if (b->failed)
            return ENOMEM;
    }
}

bool files_read(const char *path, struct buffer *b, char *why, size_t why_size)
{
    const int fd = open_file(path, why, why_size);
    int error;

    if (fd < 0)
        return false;
    error = b->failed ? ENOMEM : read_all(fd, b);
    close(fd);
    if (error == EFBIG)
        snprintf(why, why_size, "it is larger than %zu bytes", b->max);
    else if (error != 0)
        snprintf(why, why_size, "%s", strerror(error));
    errno = error;
    return error == 0;
}

/* ---- writing */

static bool write_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        const ssize_t done = write(fd, bytes, n);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done == 0 ? ENOSPC : errno;
            return false;
        }
        bytes += done;
        n -= (size_t)done;
    }
    return true;
}

/* The folder that holds path; false: too long. */
static bool folder_of(const char *path, char *folder)
{
    const char *slash = strrchr(path, '/');
    const size_t n = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);

    if (n >= PATH_SIZE)
        return false;
    memcpy(folder, slash ? path : ".", n);
    folder[n] = '\0';
    return true;
}

/* The new name lasts only when its folder is on the disk as well. */
static bool sync_folder(const char *path)
{
    char folder[PATH_SIZE];
    int fd, error;

    if (!folder_of(path, folder))
        return true;
    fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    error = files_system_sync(fd) == 0 ? 0 : errno;
    close(fd);
    errno = error;
    return error == 0;
}

static bool fill(int fd, const void *bytes, size_t n, mode_t mode, bool sync)
{
    bool good = fchmod(fd, mode) == 0 && write_all(fd, bytes, n) && (!sync || files_system_sync(fd) == 0);
    const int error = errno;

    if (close(fd) != 0 && good)
        return false;
    errno = error;
    return good;
}

bool files_write(const char *path, const void *bytes, size_t n, mode_t mode, bool sync, char *why, size_t why_size)
{
    char beside[PATH_SIZE + 16];
    int fd, error;

    if (strlen(path) >= PATH_SIZE) {
        errno = ENAMETOOLONG;
        return trouble(path, "written", why, why_size);
    }
    snprintf(beside, sizeof beside, "%s.new-XXXXXX", path);
    fd = mkstemp(beside);
    if (fd < 0)
        return trouble(path, "written", why, why_size);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (!fill(fd, bytes, n, mode, sync) || rename(beside, path) != 0) {
        error = errno;
        unlink(beside);
        errno = error;
        return trouble(path, "written", why, why_size);
    }
    if (sync && !sync_folder(path))
        return trouble(path, "brought to the disk", why, why_size);
    return true;
}

/* ---- folders */

static bool make_one(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(st.st_mode);
    }
    if (errno != ENOENT)
        return false;
    return mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)); /* another process was faster */
}

bool files_make_folder(const char *path, char *why, size_t why_size)
{
    char part[PATH_SIZE];
    const size_t n = strlen(path);

    if (n == 0 || n >= sizeof part) {
        errno = n == 0 ? ENOENT : ENAMETOOLONG;
        return trouble(path, "made", why, why_size);
    }
    memcpy(part, path, n + 1);
    for (size_t i = 1; i <= n; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        if (!make_one(part))
            return trouble(part, "made", why, why_size);
        part[i] = path[i];
    }
    return true;
}

/* ---- paths */

static bool join(const char *folder, const char *path, char *out, size_t n)
{
    const size_t size = strlen(folder);
    const bool ends = size > 0 && folder[size - 1] == '/', begins = path[0] == '/';
    const int length = snprintf(out, n, "%s%s%s", folder, ends || begins || path[0] == '\0' ? "" : "/", path + (ends && begins));

    return length > 0 && (size_t)length < n;
}

/* $HOME, or what the user database says: services are started without it. */
static bool find_home(char *home, size_t n)
{
    const char *given = getenv("HOME");
    struct passwd entry, *found = NULL;
    char texts[PATH_SIZE];

    if (!given || given[0] != '/') {
        if (getpwuid_r(getuid(), &entry, texts, sizeof texts, &found) != 0 || !found || found->pw_dir[0] != '/')
            return false;
        given = found->pw_dir;
    }
    return join(given, "", home, n);
}

bool files_absolute(const char *path, const char *folder, char *out, size_t n)
{
    char base[PATH_SIZE], here[PATH_SIZE];

    if (path[0] == '~')
        return (path[1] == '\0' || path[1] == '/') && find_home(base, sizeof base) && join(base, path + 1, out, n);
    while (path[0] == '.' && (path[1] == '/' || path[1] == '\0'))
        path += 1 + strspn(path + 1, "/");
    if (path[0] == '/')
        return join("", path, out, n);
    if (folder && folder[0] == '/')
        return join(folder, path, out, n);
    return getcwd(here, sizeof here) && join(here, folder ? folder : "", base, sizeof base) && join(base, path, out, n);
}
