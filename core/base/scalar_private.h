/* What the readers of scalars share. Private to scalar*.c. */
#ifndef BASE_SCALAR_PRIVATE_H
#define BASE_SCALAR_PRIVATE_H

#include "base/scalar.h"

enum { SCALAR_QUOTED = 80 };

/* Writes the sentence and returns false, so that a reader can return it. */
__attribute__((format(printf, 2, 3))) bool scalar_wrong(char why[SCALAR_WHY], const char *format, ...);
/* The text as a sentence may show it: in backquotes, control characters as \xNN, cut when it is long. */
struct scalar_quote {
    char text[SCALAR_QUOTED + 8];
};
struct scalar_quote scalar_quote(const char *text, size_t n);

#endif
