/* A use's options become the operation's conf struct: the walk over options, groups and tables. See conf.h. */
#include "conf.h"

#include "die.h"
#include "match.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conf_block {
    struct conf_block *next;
    size_t size;
    max_align_t bytes[];
};

void *conf_alloc(struct conf *conf, size_t size)
{
    struct conf_block *block = must_alloc(sizeof *block + size);

    block->size = size;
    block->next = conf->blocks;
    conf->blocks = block;
    return block->bytes;
}

const char *conf_string(struct conf *conf, const char *text)
{
    const size_t n = strlen(text);
    char *copy = conf_alloc(conf, n + 1);

    memcpy(copy, text, n);
    return copy;
}

/* ---- what is wrong */

static void write_name(const struct place *place, char *out, size_t room)
{
    size_t n = 0;

    if (place->outer) {
        write_name(place->outer, out, room);
        n = strlen(out);
    }
    if (place->outer && place->outer->row)
        n += (size_t)snprintf(out + n, room - n, ".%zu", place->outer->row);
    if (n < room)
        snprintf(out + n, room - n, "%s%s", n > 0 ? "." : "", place->option->name);
}

void conf_problem(const struct place *place, const char *format, ...)
{
    struct problems *problems = place->filling->problems;
    struct problem *problem;
    va_list ap;

    if (problems->n == PROBLEMS)
        return;
    problem = &problems->list[problems->n++];
    write_name(place, problem->option, sizeof problem->option);
    va_start(ap, format);
    vsnprintf(problem->text, sizeof problem->text, format, ap);
    va_end(ap);
}

/* ---- the walk */

static void fill(struct filling *filling, const struct place *outer, const struct talon_option *options, void *base, const cJSON *given);

static void fill_group(const struct place *place, const cJSON *given)
{
    if (given && !cJSON_IsObject(given))
        conf_problem(place, "must be a map of options");
    else
        fill(place->filling, place, place->option->fields, place->at, given);
}

static void fill_table(const struct place *place, const cJSON *given)
{
    struct place row = *place;
    struct talon_table table = { .rows = NULL };
    const cJSON *item;
    char *rows;

    if (!given)
        return;
    if (!cJSON_IsArray(given)) {
        conf_problem(place, "must be a list of maps");
        return;
    }
    table.n = (size_t)cJSON_GetArraySize(given);
    table.rows = rows = conf_alloc(place->filling->conf, table.n * place->option->row_size);
    memcpy(place->at, &table, sizeof table);
    cJSON_ArrayForEach(item, given)
    {
        row.row++;
        if (cJSON_IsObject(item))
            fill(place->filling, &row, place->option->fields, rows + (row.row - 1) * place->option->row_size, item);
        else
            conf_problem(place, "its item %zu must be a map", row.row);
    }
}

static void fill_option(const struct place *place, const cJSON *given)
{
    if (cJSON_IsNull(given))
        given = NULL;
    if (!given && (place->option->flags & TALON_REQUIRED))
        conf_problem(place, "is required");
    else if (place->option->type == TALON_T_GROUP)
        fill_group(place, given);
    else if (place->option->type == TALON_T_TABLE)
        fill_table(place, given);
    else if (given)
        conf_fill_value(place, given);
    else
        conf_fill_fallback(place);
}

static bool is_option(const struct talon_option *options, const char *name)
{
    for (; options->name; options++)
        if (strcmp(options->name, name) == 0)
            return true;
    return false;
}

static void refuse_unknown(struct filling *filling, const struct place *outer, const struct talon_option *options, const cJSON *given)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, given)
    {
        const struct talon_option named = { .name = item->string };
        const struct place place = { .filling = filling, .option = &named, .outer = outer };

        if (!is_option(options, item->string))
            conf_problem(&place, "is no option");
    }
}

static void fill(struct filling *filling, const struct place *outer, const struct talon_option *options, void *base, const cJSON *given)
{
    refuse_unknown(filling, outer, options, given);
    for (; options->name; options++) {
        const struct place place = { .filling = filling, .option = options, .outer = outer, .at = (char *)base + options->offset };

        fill_option(&place, given ? cJSON_GetObjectItemCaseSensitive(given, options->name) : NULL);
    }
}

struct conf *conf_make(const struct operation *operation, const cJSON *given, struct problems *problems)
{
    struct conf *conf = must_alloc(sizeof *conf);
    struct filling filling = { .conf = conf, .problems = problems };

    conf->users = 1;
    conf->data = conf_alloc(conf, operation->is.conf_size);
    fill(&filling, NULL, operation->is.options, conf->data, given);
    return conf;
}

/* ---- life */

struct conf *conf_keep(struct conf *conf)
{
    conf->users++;
    return conf;
}

void conf_drop(struct conf *conf)
{
    if (!conf || --conf->users > 0)
        return;
    match_free(conf->patterns);
    while (conf->blocks) {
        struct conf_block *next = conf->blocks->next;

        wipe(conf->blocks->bytes, conf->blocks->size);
        free(conf->blocks);
        conf->blocks = next;
    }
    free(conf);
}
