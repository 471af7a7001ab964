/* Reads small files, see text_file.h. */
#include "text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file may grow or shrink while it is read: what is there by then counts. 0: errno says why not. */
static int take(struct talon_run *owner, int fd, size_t most, int tail, struct text_file *file)
{
    struct stat st;
    size_t room;
    ssize_t got;

    if (fstat(fd, &st) != 0)
        return 0;
    errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
    if (!S_ISREG(st.st_mode) || (!tail && st.st_size > (off_t)most))
        return 0;
    file->modified = (int64_t)st.st_mtime;
    file->cut = st.st_size > (off_t)most;
    room = file->cut ? most : (size_t)st.st_size;
    file->text = owner->host->alloc(owner, room + 1);
    if (file->cut && lseek(fd, st.st_size - (off_t)most, SEEK_SET) < 0)
        return 0;
    while (file->n < room) {
        got = read(fd, file->text + file->n, room - file->n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return 0;
        if (got == 0)
            break;
        file->n += (size_t)got;
    }
    file->text[file->n] = '\0';
    return 1;
}

int text_file_read(struct talon_run *owner, const char *path, size_t most, int tail, struct text_file *file)
{
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    int done;

    *file = (struct text_file){ .n = 0 };
    if (fd < 0) {
        file->os = errno;
        return 0;
    }
    done = take(owner, fd, most, tail, file);
    if (!done)
        file->os = errno;
    close(fd);
    return done;
}

const char *text_file_line(const char **at, const char *end, size_t *n)
{
    const char *line = *at, *newline;

    if (line >= end)
        return NULL;
    newline = memchr(line, '\n', (size_t)(end - line));
    *at = newline ? newline + 1 : end;
    *n = (size_t)((newline ? newline : end) - line);
    return line;
}
