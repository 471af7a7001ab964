/*
 * The growing buffer: see buffer.h. It doubles, so that appending costs the same however long it gets, and an append that does not fit is
 * dropped whole: half a JSON value is worth less than none.
 */
#include "base/buffer.h"

#include "base/shortage.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 64 };

struct buffer buffer_make(size_t max)
{
    return (struct buffer){ .max = max };
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){ .max = b->max };
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data)
        b->data[0] = '\0';
}

/* How much to allocate for `needed` bytes, the NUL included. */
static size_t room_for(const struct buffer *b, size_t needed)
{
    size_t room = b->room > 0 ? b->room : FIRST_ROOM;

    while (room < needed)
        room *= 2;
    if (b->max > 0 && room > b->max)
        room = b->max + 1;
    return room;
}

static bool grow(struct buffer *b, size_t n)
{
    const size_t most = PTRDIFF_MAX - 1; /* no object is larger */
    const size_t max = b->max > 0 && b->max < most ? b->max : most;
    size_t room;
    char *data;

    if (b->len > max || n > max - b->len)
        return false;
    if (b->len + n < b->room)
        return true;
    room = room_for(b, b->len + n + 1);
    data = shortage_resize(b->data, room);
    if (!data) {
        shortage_note();
        return false;
    }
    b->data = data;
    b->room = room;
    return true;
}

/* Where n more bytes go; NULL: failed. */
static char *reserve(struct buffer *b, size_t n)
{
    b->failed = b->failed || !grow(b, n);
    return b->failed ? NULL : b->data + b->len;
}

char *buffer_reserve(struct buffer *b, size_t n)
{
    char *end = reserve(b, n);

    if (end)
        memset(end, 0, n + 1); /* so that there is a NUL behind whatever part of it is used */
    return end;
}

void buffer_add(struct buffer *b, const void *bytes, size_t n)
{
    char *end = reserve(b, n);

    if (!end)
        return;
    if (n > 0)
        memcpy(end, bytes, n);
    end[n] = '\0';
    b->len += n;
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_char(struct buffer *b, char c)
{
    buffer_add(b, &c, 1);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    buffer_vprintf(b, format, ap);
    va_end(ap);
}

void buffer_vprintf(struct buffer *b, const char *format, va_list ap)
{
    va_list again;
    char *end;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) {
        b->failed = true;
        return;
    }
    end = reserve(b, (size_t)n);
    if (!end)
        return;
    vsnprintf(end, (size_t)n + 1, format, ap);
    b->len += (size_t)n;
}

void buffer_consume(struct buffer *b, size_t n)
{
    if (n >= b->len)
        n = b->len;
    if (n == 0)
        return;
    b->len -= n;
    memmove(b->data, b->data + n, b->len);
    b->data[b->len] = '\0';
}

const char *buffer_string(const struct buffer *b)
{
    return b->data ? b->data : "";
}
