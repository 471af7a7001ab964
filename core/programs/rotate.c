/*
 * Rotation of a program's log: see rotate.h. The program has the file itself open, and not a pipe to us: so it neither waits for the keeper nor ends with it. The
 * price is that the file cannot be moved away from under it, only copied and emptied, which is right for one that is opened to append.
 */
#include "programs/rotate.h"

#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLDEST = 3, PATH = 1100, CHUNK = 65536 };

static void move_on(const char *path)
{
    char from[PATH], to[PATH];

    for (int i = OLDEST - 1; i >= 1; i--) {
        snprintf(from, sizeof from, "%s.%d", path, i);
        snprintf(to, sizeof to, "%s.%d", path, i + 1);
        rename(from, to);
    }
}

/* All that is there, and what comes meanwhile, up to twice as much: a program that writes faster than we read must not keep us here. */
static bool copy(int in, int out, uint64_t most)
{
    static char bytes[CHUNK];
    uint64_t done = 0;
    ssize_t n = 0;

    while (done < most && (n = read(in, bytes, sizeof bytes)) > 0) {
        if (write(out, bytes, (size_t)n) != n)
            return false;
        done += (uint64_t)n;
    }
    return n >= 0;
}

static void rotate(const char *path, int in, uint64_t size)
{
    char to[PATH];
    int out;
    bool good;

    move_on(path);
    snprintf(to, sizeof to, "%s.1", path);
    out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    good = out >= 0 && copy(in, out, 2 * size);
    if (!good)
        log_warn("a program's log is emptied, and what was in it could not be kept", "file", path, "why", strerror(errno), NULL);
    if (out >= 0)
        close(out);
    if (ftruncate(in, 0) != 0)
        log_warn("a program's log cannot be emptied", "file", path, "why", strerror(errno), NULL);
}

void rotate_log(const char *path, uint64_t bytes)
{
    struct stat st;
    int fd;

    if (!path[0] || stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size < bytes)
        return;
    fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return;
    rotate(path, fd, (uint64_t)st.st_size);
    close(fd);
}
