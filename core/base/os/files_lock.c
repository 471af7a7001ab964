/*
 * The lock file: see files.h. flock() ends with its holder however that ends, so no lock is ever stale; the pid in the file is only what is told
 * to people.
 */
#include "base/os/files.h"

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

static pid_t read_holder(int fd)
{
    char text[24];
    const ssize_t n = pread(fd, text, sizeof text - 1, 0);
    char *end;
    long pid;

    if (n <= 0)
        return 0;
    text[n] = '\0';
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

int files_lock(const char *path, pid_t *holder, char *why, size_t why_size)
{
    struct stat st;

    for (int i = 0; i < TRIES; i++) {
        const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);

        if (fd < 0)
            return trouble(path, holder, why, why_size);
        if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
            close(fd);
            errno = EINVAL;
            return trouble(path, holder, why, why_size);
        }
        if (lock_now(fd) != 0) {
            const int error = errno;

            *holder = read_holder(fd);
            close(fd);
            errno = error;
            if (error != EWOULDBLOCK)
                return trouble(path, holder, why, why_size);
            snprintf(why, why_size, "%s is held by another process", path);
            return -1;
        }
        if (still_there(fd, path)) {
            write_holder(fd);
            return fd;
        }
        close(fd);
    }
    errno = EAGAIN;
    return trouble(path, holder, why, why_size);
}
