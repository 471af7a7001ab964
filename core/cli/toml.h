/*
 * The part of TOML 1.0 that configurations of the old program are written in: sections, bare keys, strings on one line, decimal integers, true and false,
 * and lists of strings. Whatever else TOML knows is refused by its name, with its place, so that nothing is read otherwise than it was meant.
 */
#ifndef CLI_TOML_H
#define CLI_TOML_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum toml_kind { TOML_TEXT, TOML_INTEGER, TOML_TRUTH, TOML_TEXTS };

struct toml_value {
    const char *section; /* "" before the first one */
    const char *key;
    unsigned line, column; /* of the key, from 1, in bytes */
    enum toml_kind kind;
    const char *text; /* TOML_TEXT */
    int64_t integer;
    bool truth;
    const char *const *texts; /* n of them */
    size_t n;
    const struct toml_value *next; /* in the order of the file */
};

struct toml_section {
    const char *name;
    unsigned line;
    const struct toml_section *next;
};

struct toml {
    const struct toml_value *values;
    const struct toml_section *sections; /* the named ones, also those without a key */
};

/* Called with a sentence for each line that cannot be read; reading goes on with the next one. */
typedef void toml_problem_fn(void *arg, unsigned line, unsigned column, const char *sentence);

/* Reads n bytes. What is returned lives in the arena, whose guard the caller has set. */
struct toml toml_read(struct arena *arena, const char *bytes, size_t n, toml_problem_fn *problem, void *arg);

#endif
