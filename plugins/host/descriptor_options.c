/* The options of a plugin's descriptor: copied list by list, and checked against the structures that the host will write into. */
#include "plugins.h"

#include "base/scalar.h"
#include "die.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS = 500, LEVELS = 8, CHOICES = 200 };

/* How large and how aligned a member of each type is. */
static const struct shape {
    size_t size, align;
} shapes[] = {
    [TALON_T_STRING] = { sizeof(const char *), _Alignof(const char *) },
    [TALON_T_PATH] = { sizeof(const char *), _Alignof(const char *) },
    [TALON_T_PEM] = { sizeof(const char *), _Alignof(const char *) },
    [TALON_T_INT] = { sizeof(int64_t), _Alignof(int64_t) },
    [TALON_T_NUMBER] = { sizeof(double), _Alignof(double) },
    [TALON_T_BOOL] = { sizeof(int32_t), _Alignof(int32_t) },
    [TALON_T_DURATION] = { sizeof(uint64_t), _Alignof(uint64_t) },
    [TALON_T_SIZE] = { sizeof(uint64_t), _Alignof(uint64_t) },
    [TALON_T_ENUM] = { sizeof(int32_t), _Alignof(int32_t) },
    [TALON_T_LIST] = { sizeof(const char *const *), _Alignof(const char *const *) },
    [TALON_T_MAP] = { sizeof(const struct talon_pair *), _Alignof(const struct talon_pair *) },
    [TALON_T_ADDRESS] = { sizeof(struct talon_address), _Alignof(struct talon_address) },
    [TALON_T_PATTERN] = { sizeof(const struct talon_pattern *), _Alignof(const struct talon_pattern *) },
    [TALON_T_GROUP] = { 1, 1 },
    [TALON_T_TABLE] = { sizeof(struct talon_table), _Alignof(struct talon_table) },
};

struct checking {
    const char *what; /* whose options */
    size_t room;      /* of the structure that they fill */
    char *why;
};

static bool refuse(const struct checking *checking, const struct talon_option *option, const char *how)
{
    snprintf(checking->why, PLUGIN_WHY, "the option `%.64s` of %.128s %.300s", option->name, checking->what, how);
    return false;
}

/* ---- one option */

static bool check_place(const struct checking *checking, const struct talon_option *option)
{
    const struct shape *shape;

    if (option->type > TALON_T_TABLE)
        return refuse(checking, option, "has a type that this Talon does not know");
    shape = &shapes[option->type];
    if (option->offset > checking->room || shape->size > checking->room - option->offset)
        return refuse(checking, option, "lies outside of its structure: is conf_size (or row_size) right?");
    if (option->offset % shape->align != 0)
        return refuse(checking, option, "lies where no member of its type can lie: write it with a TALON_..._AT macro");
    if (option->type == TALON_T_TABLE && (option->row_size == 0 || option->row_size > (1u << 20)))
        return refuse(checking, option, "gives an impossible size of its rows");
    return true;
}

static bool is_in_range(const struct talon_option *option, long double value)
{
    return (option->min == 0 && option->max == 0) || (value >= (long double)option->min && value <= (long double)option->max);
}

static bool check_number(const struct talon_option *option, const char *text, char why[SCALAR_WHY])
{
    int64_t whole;
    uint64_t counted;
    double number;
    bool fits;

    switch (option->type) {
    case TALON_T_INT:
        fits = scalar_int(text, &whole, why);
        return fits && is_in_range(option, (long double)whole);
    case TALON_T_NUMBER:
        fits = scalar_number(text, &number, why);
        return fits && is_in_range(option, (long double)number);
    default:
        fits = option->type == TALON_T_DURATION ? scalar_duration(text, &counted, why) : scalar_size(text, &counted, why);
        return fits && is_in_range(option, (long double)counted);
    }
}

static bool is_choice(const struct talon_option *option, const char *text)
{
    size_t i = 0;

    while (option->choices[i] && strcmp(option->choices[i], text) != 0)
        i++;
    return option->choices[i] != NULL;
}

static bool is_good_fallback(const struct talon_option *option, char why[SCALAR_WHY])
{
    struct scalar_address address;
    bool truth;

    snprintf(why, SCALAR_WHY, "out of its range, or none of its choices");
    switch (option->type) {
    case TALON_T_INT:
    case TALON_T_NUMBER:
    case TALON_T_DURATION:
    case TALON_T_SIZE:
        return check_number(option, option->fallback, why);
    case TALON_T_BOOL:
        return scalar_bool(option->fallback, &truth, why);
    case TALON_T_ENUM:
        return is_choice(option, option->fallback);
    case TALON_T_ADDRESS:
        return scalar_address(option->fallback, &address, why);
    case TALON_T_GROUP:
        snprintf(why, SCALAR_WHY, "a group has none; its fields have");
        return false;
    default:
        return true;
    }
}

static bool check_fallback(const struct checking *checking, const struct talon_option *option)
{
    char why[SCALAR_WHY], how[SCALAR_WHY + 128];

    if (!option->fallback)
        return true;
    if (option->flags & TALON_REQUIRED)
        return refuse(checking, option, "is required and has a default: it can have one of both");
    if (is_good_fallback(option, why))
        return true;
    snprintf(how, sizeof how, "has the bad default \"%.80s\": %s", option->fallback, why);
    return refuse(checking, option, how);
}

static bool check_choices(const struct checking *checking, const struct talon_option *option)
{
    size_t n = 0;

    if (option->type != TALON_T_ENUM)
        return true;
    while (option->choices && n <= CHOICES && option->choices[n])
        n++;
    if (n > 0 && n <= CHOICES)
        return true;
    return refuse(checking, option, "needs choices, 200 of them at most, ended by NULL");
}

static bool is_twice(const struct talon_option *options, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(options[i].name, options[at].name) == 0 || (options[at].former && strcmp(options[i].name, options[at].former) == 0) ||
            (options[i].former && strcmp(options[i].former, options[at].name) == 0))
            return true;
    return false;
}

static bool check_option(const struct checking *checking, const struct talon_option *options, size_t at)
{
    const struct talon_option *option = &options[at];

    if (!descriptor_is_name(option->name, descriptor_letters))
        return refuse(checking, option, "has a bad name: use 1 to 63 of a-z, 0-9 and _");
    if (is_twice(options, at))
        return refuse(checking, option, "is there twice");
    if (option->min > option->max)
        return refuse(checking, option, "has a least value over its greatest");
    return check_place(checking, option) && check_choices(checking, option) && check_fallback(checking, option);
}

/* ---- lists */

static bool copy_fields(const struct checking *checking, struct talon_option *option, const struct talon_option *fields, size_t stride, unsigned level)
{
    const size_t room = option->type == TALON_T_TABLE ? option->row_size : checking->room - option->offset;

    if (option->type != TALON_T_GROUP && option->type != TALON_T_TABLE)
        return true;
    if (!fields || level + 1 >= LEVELS)
        return refuse(checking, option, fields ? "is nested too deep" : "needs fields");
    option->fields = descriptor_options(fields, stride, room, option->name, level + 1, checking->why);
    return option->fields != NULL;
}

static size_t count(const char *theirs, size_t stride)
{
    size_t n = 0;

    while (theirs && n <= OPTIONS && ((const struct talon_option *)(const void *)(theirs + n * stride))->name)
        n++;
    return n;
}

struct talon_option *descriptor_options(const struct talon_option *theirs, size_t stride, size_t room, const char *what, unsigned level, char why[PLUGIN_WHY])
{
    const struct checking checking = { .what = what, .room = room, .why = why };
    const size_t n = count((const char *)theirs, stride), least = stride < sizeof *theirs ? stride : sizeof *theirs;
    struct talon_option *ours;

    if (n > OPTIONS) {
        snprintf(why, PLUGIN_WHY, "%.128s has more than %d options: is the list ended by one with the name NULL?", what, OPTIONS);
        return NULL;
    }
    ours = must_alloc((n + 1) * sizeof *ours);
    for (size_t i = 0; i < n; i++) {
        const struct talon_option *fields;

        memcpy(&ours[i], (const char *)theirs + i * stride, least);
        fields = ours[i].fields;
        ours[i].fields = NULL;
        if (!check_option(&checking, ours, i) || !copy_fields(&checking, &ours[i], fields, stride, level)) {
            descriptor_options_free(ours);
            return NULL;
        }
    }
    return ours;
}

void descriptor_options_free(struct talon_option *options)
{
    for (struct talon_option *option = options; option && option->name; option++)
        descriptor_options_free((struct talon_option *)(uintptr_t)option->fields);
    free(options);
}
