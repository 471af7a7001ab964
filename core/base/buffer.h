/*
 * A growing run of bytes with a bound. Appending never has to be checked: the first failure (no memory, bound reached)
 * sticks, everything after it is dropped, and whoever uses the bytes asks `failed` once at the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buffer {
    char *data;   /* len bytes and a NUL that len does not count; NULL while nothing was appended */
    size_t len;
    size_t room;  /* bytes allocated */
    size_t max;   /* len never goes beyond; 0: no bound */
    bool failed;  /* something was dropped */
};

/* An empty buffer that holds at most max bytes (0: no bound). Allocates nothing. */
struct buffer buffer_make(size_t max);
/* Frees the bytes and makes it empty again, with the same bound; may be called on an all-zero buffer. */
void buffer_free(struct buffer *b);
/* Empties it, keeps the memory, forgets a failure. */
void buffer_clear(struct buffer *b);
void buffer_add(struct buffer *b, const void *bytes, size_t n);
void buffer_text(struct buffer *b, const char *text);
void buffer_char(struct buffer *b, char c);
__attribute__((format(printf, 2, 3))) void buffer_printf(struct buffer *b, const char *format, ...);
__attribute__((format(printf, 2, 0))) void buffer_vprintf(struct buffer *b, const char *format, va_list ap);
/* Drops the first n bytes (all of them if there are fewer). */
void buffer_consume(struct buffer *b, size_t n);
/* The text, "" when empty. Borrowed: until the next change. */
const char *buffer_string(const struct buffer *b);
/* Makes sure that n more bytes fit and returns where they go (then raise len by what was written); NULL: failed. */
char *buffer_reserve(struct buffer *b, size_t n);

#endif
