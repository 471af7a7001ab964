/*
 * The options of one use of an operation: from the JSON of docs/plugin-protocol.md into the structure that the plugin has declared. The core has checked them
 * against the same table; they are checked again, because the plugin will follow these pointers.
 *
 * All its memory is wiped when it goes: some of it holds secrets.
 */
#ifndef HOST_CONF_H
#define HOST_CONF_H

#include "plugins.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum { PROBLEMS = 32, PROBLEM_OPTION = 192, PROBLEM_TEXT = 256 };

struct problems {
    size_t n;
    struct problem {
        char option[PROBLEM_OPTION]; /* dotted: "tls.key" */
        char text[PROBLEM_TEXT];
    } list[PROBLEMS];
};

struct conf_block;

struct conf {
    unsigned users;
    void *data; /* the operation's conf struct */
    struct conf_block *blocks;
    struct talon_pattern *patterns;
};

/* What is wrong is added to problems; one with problems must not be given to the plugin. One user; never NULL. given NULL: no options. */
struct conf *conf_make(const struct operation *operation, const cJSON *given, struct problems *problems);
struct conf *conf_keep(struct conf *conf);
void conf_drop(struct conf *conf);
/* Also what only the plugin knows, and whether files of PEM can be read: for validate. Adds to problems. */
void conf_validate(const struct operation *operation, const struct conf *conf, struct problems *problems);
/* What only the plugin knows, alone. */
void conf_ask(const struct operation *operation, const struct conf *conf, struct problems *problems);

/* ---- private to conf.c, conf_values.c and conf_check.c ---- */

struct filling {
    struct conf *conf;
    struct problems *problems;
};

/* One option's place in a structure. */
struct place {
    struct filling *filling;
    const struct talon_option *option;
    const struct place *outer; /* of the group or table that it is in; NULL: none */
    size_t row;                /* 1 up, in a table */
    void *at;
};

void *conf_alloc(struct conf *conf, size_t size);
const char *conf_string(struct conf *conf, const char *text);
__attribute__((format(printf, 2, 3))) void conf_problem(const struct place *place, const char *format, ...);
/* Fills one that is neither group nor table from what was given. */
void conf_fill_value(const struct place *place, const cJSON *given);
/* Fills it with its default, if it has one. */
void conf_fill_fallback(const struct place *place);
/* Is it PEM text, or the path of a file? The text must look like PEM. */
void conf_check_pem(const struct place *place, const char *text);

#endif
