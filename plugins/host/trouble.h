/* Why an operation failed, with a place for its sentence: struct talon_error only points to one. */
#ifndef HOST_TROUBLE_H
#define HOST_TROUBLE_H

#include <stdbool.h>
#include <talon/plugin.h>

enum { TROUBLE_TEXT = 320 };

struct trouble {
    struct talon_error error; /* error.text points to text */
    char text[TROUBLE_TEXT];
};

/* token lives for ever; os: errno, or 0. */
__attribute__((format(printf, 5, 6))) void trouble_set(struct trouble *trouble, enum talon_error_code code, int os, const char *token, const char *format, ...);
/* socket() or connect() has failed with this errno. */
void trouble_connect(struct trouble *trouble, int os, bool is_unix);
/* read() or write() on a connection has. */
void trouble_io(struct trouble *trouble, int os);
/* A copy of one that others made; its text is cut if need be. */
void trouble_copy(struct trouble *trouble, const struct talon_error *error);
static inline struct talon_error no_trouble(void)
{
    return (struct talon_error){ .code = TALON_E_NONE, .token = "", .text = "" };
}

#endif
