/*
 * Lock files: see files.h. flock() ends with its holder however that ends, so no lock is ever stale; what stands in the file is what is told to people, and what those
 * go by who cannot flock.
 */
#include "base/os/files.h"

#include "base/os/process.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 10 };

static int trouble(const char *path, pid_t *holder, char *why, size_t why_size)
{
    const int error = errno;

    *holder = -1;
    snprintf(why, why_size, "%s cannot be locked: %s", path, strerror(error));
    errno = error;
    return -1;
}

static pid_t read_holder(const char *text)
{
    char *end;
    long pid;

    errno = 0;
    pid = strtol(text, &end, 10);
    return errno == 0 && end != text && pid > 0 && pid <= 0x7FFFFFFF ? (pid_t)pid : 0;
}

static int lock_now(int fd)
{
    int got;

    do {
        got = flock(fd, LOCK_EX | LOCK_NB);
    } while (got != 0 && errno == EINTR);
    return got;
}

/* Is the path still the file that was locked? Somebody may have removed it in between, and a second lock would lie beside this one. */
static bool still_there(int fd, const char *path)
{
    struct stat mine, now;

    return fstat(fd, &mine) == 0 && stat(path, &now) == 0 && mine.st_ino == now.st_ino && mine.st_dev == now.st_dev;
}

static void write_holder(int fd)
{
    char text[24];
    const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return; /* a full disk: the lock holds all the same, the next one to ask is told no pid */
}

/* Locked, and still the file of that path. -1: errno, EWOULDBLOCK where another has it; then its text is in `text`, where that is wanted. */
static int take_once(const char *path, char *text, size_t room)
{
    struct stat st;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    int error;
    ssize_t n;

    if (fd < 0)
        return -1;
    errno = EINVAL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lock_now(fd) == 0) {
        if (still_there(fd, path))
            return fd;
        errno = ESTALE; /* again */
    }
    error = errno;
    n = pread(fd, text, room - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(fd);
    errno = error;
    return -1;
}

static int take(const char *path, char *text, size_t room)
{
    int fd = -1;

    errno = ESTALE;
    for (int i = 0; i < TRIES && fd < 0 && errno == ESTALE; i++)
        fd = take_once(path, text, room);
    return fd;
}

int files_lock(const char *path, pid_t *holder, char *why, size_t why_size)
{
    char text[24];
    const int fd = take(path, text, sizeof text);

    if (fd >= 0) {
        write_holder(fd);
        return fd;
    }
    if (errno != EWOULDBLOCK)
        return trouble(path, holder, why, why_size);
    *holder = read_holder(text);
    snprintf(why, why_size, "%s is held by another process", path);
    return -1;
}

/* ---- locks that others take as well */

struct written { /* in a lock file */
    pid_t pid;
    uint64_t started;
    char name[FILES_HOLDER / 2];
};

static struct written read_written(const char *text)
{
    struct written written = { .pid = read_holder(text) };
    struct buffer name = buffer_make(0);
    char *end;

    if (written.pid == 0)
        return written;
    strtol(text, &end, 10);
    written.started = *end == ' ' && end[1] >= '0' && end[1] <= '9' ? strtoull(end + 1, &end, 10) : 0;
    while (*end == ' ')
        end++;
    text_clean(&name, end, strcspn(end, "\n"), sizeof written.name - 1);
    snprintf(written.name, sizeof written.name, "%s", buffer_string(&name));
    buffer_free(&name);
    return written;
}

static void tell_holder(const struct written *written, char holder[FILES_HOLDER])
{
    if (written->pid == 0)
        snprintf(holder, FILES_HOLDER, "a process that does not say who it is");
    else
        snprintf(holder, FILES_HOLDER, "%s%spid %ld", written->name, written->name[0] ? ", " : "", (long)written->pid);
}

static bool lives(const struct written *written)
{
    return written->pid > 0 && written->started > 0 && process_started(written->pid) == written->started;
}

static void write_ourselves(int fd, const char *name)
{
    char text[FILES_HOLDER];
    const int n = snprintf(text, sizeof text, "%ld %llu %.*s\n", (long)getpid(), (unsigned long long)process_started(getpid()), FILES_HOLDER / 2, name);

    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
        return; /* as in write_holder() */
}

int files_take(const char *path, const char *name, char holder[FILES_HOLDER], bool *held)
{
    char text[FILES_HOLDER] = "";
    struct written written;
    int fd = take(path, text, sizeof text);
    ssize_t n;

    *held = fd < 0 && errno == EWOULDBLOCK;
    if (fd < 0 && !*held) {
        snprintf(holder, FILES_HOLDER, "%s", strerror(errno));
        return -1;
    }
    n = fd < 0 ? 0 : pread(fd, text, sizeof text - 1, 0);
    if (fd >= 0)
        text[n > 0 ? n : 0] = '\0';
    written = read_written(text);
    if (fd >= 0 && (!lives(&written) || written.pid == getpid())) {
        write_ourselves(fd, name);
        return fd;
    }
    tell_holder(&written, holder);
    *held = true;
    if (fd >= 0)
        close(fd);
    return -1;
}

void files_give(int fd)
{
    if (fd < 0)
        return;
    if (ftruncate(fd, 0) != 0)
        errno = 0; /* who reads it finds us, and that we have ended or do not hold it */
    close(fd);
}
