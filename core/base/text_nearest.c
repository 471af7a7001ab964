/*
 * "did you mean": the name that somebody who wrote another one most likely meant. Optimal string alignment: a letter too many, too few, wrong, or
 * two swapped are one edit each; capitals count for nothing.
 */
#include "base/text.h"

#include <string.h>

enum { LONGEST = 64 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* More edits than this and another word was meant: one in a word of four letters, two in one of nine. */
static size_t most_edits(size_t length)
{
    return 1 + length / 5;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t edits(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][LONGEST + 1], *before = rows[0], *last = rows[1], *row = rows[2], *spare;

    for (size_t j = 0; j <= nb; j++)
        last[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);

            row[j] = smaller(last[j - 1] + !same, smaller(last[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                row[j] = smaller(row[j], before[j - 2] + 1);
        }
        spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[nb];
}

const char *text_nearest(const char *wrong, const char *const *names, size_t n)
{
    const size_t length = strnlen(wrong, LONGEST + 1);
    const size_t bound = most_edits(length);
    const char *nearest = NULL;
    size_t least = bound + 1;

    if (length == 0 || length > LONGEST)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const size_t size = strnlen(names[i], LONGEST + 1);
        size_t count;

        if (size > LONGEST || size > length + bound || length > size + bound || strcmp(names[i], wrong) == 0)
            continue;
        count = edits(wrong, length, names[i], size);
        if (count < least && count < smaller(length, size) + (count == 0)) { /* nothing in common is no likeness */
            least = count;
            nearest = names[i];
        }
    }
    return nearest;
}
