/* Part of the target `state`: a row is read as a database gives it back. What is understood is written again, and is the same. */
#include "fuzz_rows.h"

#include "fuzz.h"

#include "base/text.h"
#include "memory/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUM = 8, SEALED = 0x80 };

static void seal(struct buffer *row)
{
    const unsigned long long sum = text_hash(TEXT_HASH, row->data ? row->data : "", row->len);

    for (int i = 0; i < SUM; i++)
        buffer_char(row, (char)(unsigned char)(sum >> (8 * i)));
}

/* The one row that was taken; false: it was none of these. */
static bool found(enum row_kind kind, const struct rows *rows, union row *row)
{
    const struct engine_kept *kept = rows->kept;

    switch (kind) {
    case ROW_CHECK:
        row->check = kept->checks;
        return kept->n_checks == 1;
    case ROW_SERVICE:
        row->service = kept->services;
        return kept->n_services == 1;
    case ROW_SILENCE:
        row->silence = kept->silences;
        return kept->n_silences == 1;
    case ROW_INCIDENT:
        row->incident = rows->incidents;
        return kept->n_incidents == 1;
    case ROW_REST:
        row->rest = kept;
        return true;
    case ROW_MOMENT:
    case ROW_KINDS:
        break;
    }
    row->none = NULL;
    return true;
}

/* A check and a service are taken under their own name alone, which their first field is. */
static const char *name_in(enum row_kind kind, const struct rows *rows, char name[ROW_NAME])
{
    union row row = { .none = NULL };

    name[0] = '\0';
    if (rows->has_moment && found(kind, rows, &row))
        row_name(kind, row, name);
    return name;
}

static bool take(enum row_kind kind, const char *name, const struct buffer *row, struct rows *rows)
{
    MUST(rows_begin(rows), "no memory");
    return rows_take(rows, kind, name, row->data ? row->data : "", row->len);
}

static void drop(struct rows *rows)
{
    engine_kept_free(rows->kept);
    free(rows->incidents);
}

static void again(enum row_kind kind, const struct rows *rows, const char *name)
{
    struct buffer first = buffer_make(0), second = buffer_make(0);
    union row row = { .none = NULL };
    struct rows other;

    MUST(found(kind, rows, &row), "a row that was taken is not there");
    MUST(row_write(kind, row, &rows->kept->at, &first), "what was read cannot be written");
    MUST(take(kind, name, &first, &other) && found(kind, &other, &row), "what was written is not understood");
    MUST(row_write(kind, row, &other.kept->at, &second) && first.len == second.len && memcmp(first.data, second.data, first.len) == 0, "it is another after two ways");
    drop(&other);
    buffer_free(&first);
    buffer_free(&second);
}

/* The name of a check or service follows the moment of writing: it is guessed by the text that stands there. */
static void guess(const struct buffer *row, char name[ROW_NAME])
{
    size_t at = 2, n;

    for (int numbers = 0; numbers < 4 && at < row->len; at++)
        numbers += (unsigned char)row->data[at] < 128;
    n = at < row->len ? (unsigned char)row->data[at] : 0;
    if (n >= ROW_NAME || at + 1 + n > row->len)
        n = 0;
    snprintf(name, ROW_NAME, "%.*s", (int)n, row->len > at ? row->data + at + 1 : "");
}

void fuzz_row(const char *bytes, size_t n)
{
    const unsigned how = n > 0 ? (unsigned char)bytes[0] : 0;
    const enum row_kind kind = (enum row_kind)(how % 8 % ROW_KINDS);
    struct buffer row = buffer_make(0);
    char name[ROW_NAME], own[ROW_NAME];
    struct rows rows;

    if (n < 1)
        return;
    buffer_add(&row, bytes + 1, n - 1);
    if (how & SEALED)
        seal(&row);
    guess(&row, name);
    if (kind == ROW_INCIDENT && row.len > 0)
        snprintf(name, sizeof name, "%u", n > 40 ? 41U : 1U);
    if (take(kind, name, &row, &rows))
        again(kind, &rows, name_in(kind, &rows, own));
    drop(&rows);
    buffer_free(&row);
}
