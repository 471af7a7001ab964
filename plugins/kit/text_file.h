/*
 * A small file of a watched system, read in one go within a bound: a pid file, a configuration, the end of a log. Only regular files are read, so that neither
 * a FIFO nor a device can hold the host up; whoever may meet a dead mount reads in an operation that blocks.
 */
#ifndef KIT_TEXT_FILE_H
#define KIT_TEXT_FILE_H

#include <talon/plugin.h>

struct text_file {
    char *text; /* the owner's; followed by a NUL that n does not count */
    size_t n;
    int64_t modified; /* unix seconds */
    int cut;          /* text is the end of a longer file */
    int os;           /* of a file that could not be read: errno, EFBIG: longer than `most` */
};

/* The whole file, or with `tail` its last `most` bytes. 0: it could not be read. */
int text_file_read(struct talon_run *owner, const char *path, size_t most, int tail, struct text_file *file);
/* Takes the next line of n bytes at *at, without its end; NULL: there is none. */
const char *text_file_line(const char **at, const char *end, size_t *n);

#endif
