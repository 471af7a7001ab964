/* The end of a host that cannot go on: see die.h. */
#include "die.h"

#include "base/os/reserve.h"
#include "base/shortage.h"
#include "children.h"
#include "owner.h"
#include "wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void die(const char *format, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    shortage_resize = realloc; /* the last word does not end in another one */
    fprintf(stderr, "talon-host: %s\n", text);
    wire_last_word(text);
    children_kill_all();
    _exit(DIE_CODE);
}

static _Noreturn void no_memory(size_t size)
{
    const struct owner *owner = owner_now();

    die("no memory for %zu bytes%s%s", size, owner ? " in " : "", owner ? owner->face.name : "");
}

void *must_alloc(size_t size)
{
    void *at = reserve_alloc(size);

    if (!at)
        no_memory(size);
    return at;
}

void *must_resize(void *old, size_t size)
{
    void *at = reserve_resize(old, size);

    if (!at)
        no_memory(size);
    return at;
}

char *must_copy(const void *bytes, size_t n)
{
    char *copy = must_alloc(n + 1);

    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

char *must_string(const char *text)
{
    return text ? must_copy(text, strlen(text)) : NULL;
}

void wipe(void *bytes, size_t n)
{
    volatile char *p = bytes;

    while (n-- > 0)
        *p++ = 0;
}

void wipe_string(char *text)
{
    if (text)
        wipe(text, strlen(text));
    free(text);
}
