/*
 * The files of a kubeconfig: which they are, what is in them, and whether they are still those that were read. They are small, local and of our own user, so
 * they are read at once; a FIFO or device is never opened for reading.
 */
#include "kubeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { YOUNG_S = 2 }; /* a file changed so recently may change again within the same second and at the same size */

/* ---- which */

static const char *home(void)
{
    const char *named = getenv("HOME");
    const struct passwd *user;

    if (named && *named == '/')
        return named;
    user = getpwuid(geteuid());
    return user && user->pw_dir && *user->pw_dir == '/' ? user->pw_dir : NULL;
}

/* Adds the path in n characters, unless it stands there already. */
static int add(struct kubeconfig_files *files, const char *name, size_t n, char problem[KUBECONFIG_PROBLEM])
{
    const int below_home = n >= 2 && name[0] == '~' && name[1] == '/';
    const char *folder = below_home ? home() : "";
    char *path;
    int length;

    if (n == 0)
        return 1;
    if (!folder)
        snprintf(problem, KUBECONFIG_PROBLEM, "our user has no home folder, which %.*s is below", (int)n, name);
    else if (!below_home && *name != '/')
        snprintf(problem, KUBECONFIG_PROBLEM, "the kubeconfig %.*s is no absolute path", (int)n, name);
    else if (files->n == KUBECONFIG_FILES)
        snprintf(problem, KUBECONFIG_PROBLEM, "more than %d kubeconfig files are named", KUBECONFIG_FILES);
    else
        problem = NULL;
    if (problem)
        return 0;
    path = files->path[files->n];
    length = snprintf(path, KUBECONFIG_PATH, "%s%.*s", folder, (int)(below_home ? n - 1 : n), below_home ? name + 1 : name);
    if (length < 0 || length >= KUBECONFIG_PATH)
        return 1; /* no system has such a file */
    for (size_t i = 0; i < files->n; i++)
        if (strcmp(files->path[i], path) == 0)
            return 1;
    files->n++;
    return 1;
}

int kubeconfig_files_find(struct kubeconfig_files *files, const char *names, char problem[KUBECONFIG_PROBLEM])
{
    *files = (struct kubeconfig_files){ .n = 0 };
    if (!names || !*names)
        names = getenv("KUBECONFIG");
    if (!names || !*names)
        names = "~/.kube/config";
    while (*names) {
        const size_t n = strcspn(names, ":");

        if (!add(files, names, n, problem))
            return 0;
        names += n + (names[n] == ':');
    }
    if (files->n == 0)
        snprintf(problem, KUBECONFIG_PROBLEM, "no kubeconfig file is named");
    return files->n > 0;
}

/* ---- whether it is still the same */

static void take_stamp(struct kubeconfig_stamp *stamp, const struct stat *found)
{
    *stamp = (struct kubeconfig_stamp){ 1, found->st_dev, found->st_ino, found->st_size, found->st_mtime };
}

int kubeconfig_files_changed(const struct kubeconfig_files *files, int64_t now_s)
{
    for (size_t i = 0; i < files->n; i++) {
        const struct kubeconfig_stamp *was = &files->stamp[i];
        struct stat found;

        if (stat(files->path[i], &found) != 0) {
            if (was->there)
                return 1;
        } else if (!was->there || was->dev != found.st_dev || was->ino != found.st_ino || was->size != found.st_size || was->changed != found.st_mtime ||
                   now_s - (int64_t)found.st_mtime <= YOUNG_S) {
            return 1;
        }
    }
    return 0;
}

/* ---- what is in it */

static char *read_all(int fd, size_t most, size_t *n)
{
    char *text = malloc(most + 2);
    ssize_t got = 0;

    *n = 0;
    if (!text)
        return NULL;
    while (*n <= most && (got = read(fd, text + *n, most + 1 - *n)) != 0) {
        if (got > 0)
            *n += (size_t)got;
        else if (errno != EINTR)
            break;
    }
    if (got < 0 || *n > most) {
        if (*n > most)
            errno = EFBIG;
        kubeconfig_wipe_text(text, *n);
        return NULL;
    }
    text[*n] = '\0';
    return text;
}

char *kubeconfig_file_read(const char *path, size_t most, size_t *n, struct kubeconfig_stamp *stamp, int *missing, char problem[KUBECONFIG_PROBLEM])
{
    /* O_NONBLOCK: a FIFO without a writer would hold open() for ever. */
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat found;
    char *text = NULL;

    *stamp = (struct kubeconfig_stamp){ .there = 0 };
    *missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (fd < 0) {
        snprintf(problem, KUBECONFIG_PROBLEM, "cannot read %.250s: %s", path, strerror(errno));
        return NULL;
    }
    if (fstat(fd, &found) == 0)
        take_stamp(stamp, &found);
    if (!stamp->there || !S_ISREG(found.st_mode))
        snprintf(problem, KUBECONFIG_PROBLEM, "%.250s is no regular file", path);
    else if ((text = read_all(fd, most, n)) == NULL)
        snprintf(problem, KUBECONFIG_PROBLEM, "cannot read %.250s: %s", path, strerror(errno));
    close(fd);
    return text;
}
