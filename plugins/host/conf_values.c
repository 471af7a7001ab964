/* The values of options, by their types, as docs/plugin-protocol.md has them; and defaults, as YAML has them. */
#include "conf.h"

#include "base/os/files.h"
#include "base/scalar.h"
#include "match.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(const struct place *place, const void *value, size_t size)
{
    memcpy(place->at, value, size);
}

/* ---- texts */

static void fill_text(const struct place *place, const char *text)
{
    const char *copy;

    if (place->option->type == TALON_T_PATH && text[0] != '/')
        conf_problem(place, "must be an absolute path");
    if (place->option->type == TALON_T_PEM)
        conf_check_pem(place, text);
    copy = conf_string(place->filling->conf, text);
    put(place, &copy, sizeof copy);
}

static void fill_pattern(const struct place *place, const char *text)
{
    char why[MATCH_WHY];
    const struct talon_pattern *pattern = match_compile(&place->filling->conf->patterns, text, why);

    if (pattern)
        put(place, &pattern, sizeof pattern);
    else
        conf_problem(place, "%s", why);
}

/* ---- numbers */

static bool is_in_range(const struct place *place, long double value)
{
    const struct talon_option *option = place->option;

    if ((option->min == 0 && option->max == 0) || (value >= (long double)option->min && value <= (long double)option->max))
        return true;
    conf_problem(place, "must be from %lld to %lld", (long long)option->min, (long long)option->max);
    return false;
}

static void put_whole(const struct place *place, int64_t value)
{
    if (is_in_range(place, (long double)value))
        put(place, &value, sizeof value);
}

static void put_counted(const struct place *place, uint64_t value)
{
    if (is_in_range(place, (long double)value))
        put(place, &value, sizeof value);
}

static void put_number(const struct place *place, double value)
{
    if (isfinite(value) && is_in_range(place, (long double)value))
        put(place, &value, sizeof value);
}

/* ns, or bytes: decimal digits. */
static void fill_counted(const struct place *place, const char *text)
{
    unsigned long long value;
    char *end;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
        conf_problem(place, "must be a string of decimal digits");
    else
        put_counted(place, value);
}

static void fill_choice(const struct place *place, const char *text)
{
    int32_t i = 0;

    while (place->option->choices[i] && strcmp(place->option->choices[i], text) != 0)
        i++;
    if (place->option->choices[i])
        put(place, &i, sizeof i);
    else
        conf_problem(place, "is none of its choices");
}

/* ---- addresses */

static void put_address(const struct place *place, const char *host, const char *path, double port)
{
    struct talon_address address = { .host = NULL };

    if (path) {
        if (path[0] != '/')
            conf_problem(place, "must name an absolute path");
        address.unix_path = conf_string(place->filling->conf, path);
    } else if (!host || !host[0] || !(port >= 1 && port <= 65535)) {
        conf_problem(place, "must have a host and a port from 1 to 65535, or a unix socket's path");
        return;
    } else {
        address.host = conf_string(place->filling->conf, host);
        address.port = (uint32_t)port;
    }
    put(place, &address, sizeof address);
}

static void fill_address(const struct place *place, const cJSON *given)
{
    const cJSON *port = cJSON_GetObjectItemCaseSensitive(given, "port");

    put_address(place, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(given, "host")), cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(given, "unix")),
                cJSON_IsNumber(port) ? port->valuedouble : 0);
}

/* ---- lists and maps */

static void fill_list(const struct place *place, const cJSON *given)
{
    const char **list = conf_alloc(place->filling->conf, ((size_t)cJSON_GetArraySize(given) + 1) * sizeof *list);
    const cJSON *item;
    size_t n = 0;

    cJSON_ArrayForEach(item, given)
    {
        if (!cJSON_IsString(item)) {
            conf_problem(place, "must be a list of strings");
            return;
        }
        list[n++] = conf_string(place->filling->conf, item->valuestring);
    }
    put(place, &list, sizeof list);
}

static void fill_map(const struct place *place, const cJSON *given)
{
    struct talon_pair *pairs = conf_alloc(place->filling->conf, ((size_t)cJSON_GetArraySize(given) + 1) * sizeof *pairs);
    const cJSON *item;
    size_t n = 0;

    cJSON_ArrayForEach(item, given)
    {
        if (!cJSON_IsString(item)) {
            conf_problem(place, "must be a map of strings");
            return;
        }
        pairs[n].name = conf_string(place->filling->conf, item->string);
        pairs[n++].value = conf_string(place->filling->conf, item->valuestring);
    }
    put(place, &pairs, sizeof pairs);
}

/* ---- what was given */

static void fill_string(const struct place *place, const char *text)
{
    char why[SCALAR_WHY];
    int64_t whole;

    switch ((enum talon_type)place->option->type) {
    case TALON_T_INT:
        if (scalar_int(text, &whole, why))
            put_whole(place, whole);
        else
            conf_problem(place, "must be a string of decimal digits");
        return;
    case TALON_T_DURATION:
    case TALON_T_SIZE:
        fill_counted(place, text);
        return;
    case TALON_T_ENUM:
        fill_choice(place, text);
        return;
    case TALON_T_PATTERN:
        fill_pattern(place, text);
        return;
    default:
        fill_text(place, text);
    }
}

static bool has_type(enum talon_type type, const cJSON *given)
{
    switch (type) {
    case TALON_T_NUMBER:
        return cJSON_IsNumber(given);
    case TALON_T_BOOL:
        return cJSON_IsBool(given);
    case TALON_T_LIST:
        return cJSON_IsArray(given);
    case TALON_T_MAP:
    case TALON_T_ADDRESS:
        return cJSON_IsObject(given);
    default:
        return cJSON_IsString(given);
    }
}

void conf_fill_value(const struct place *place, const cJSON *given)
{
    const enum talon_type type = (enum talon_type)place->option->type;
    const int32_t truth = cJSON_IsTrue(given);

    if (!has_type(type, given))
        conf_problem(place, "has a value of another type than its own");
    else if (type == TALON_T_NUMBER)
        put_number(place, given->valuedouble);
    else if (type == TALON_T_BOOL)
        put(place, &truth, sizeof truth);
    else if (type == TALON_T_LIST)
        fill_list(place, given);
    else if (type == TALON_T_MAP)
        fill_map(place, given);
    else if (type == TALON_T_ADDRESS)
        fill_address(place, given);
    else
        fill_string(place, given->valuestring);
}

/* ---- what was not: the core fills defaults in, a host that is driven by hand does it here */

static void fall_back_address(const struct place *place, const char *text)
{
    struct scalar_address address;
    char why[SCALAR_WHY], path[PATH_MAX];

    if (!scalar_address(text, &address, why))
        return;
    if (address.path[0] && files_absolute(address.path, "/", path, sizeof path))
        put_address(place, NULL, path, 0);
    else if (!address.path[0])
        put_address(place, address.host, NULL, address.port);
}

static void fall_back_text(const struct place *place, const char *text)
{
    char path[PATH_MAX];

    if (place->option->type == TALON_T_PATH && files_absolute(text, "/", path, sizeof path))
        fill_text(place, path);
    else
        fill_text(place, text);
}

void conf_fill_fallback(const struct place *place)
{
    const char *text = place->option->fallback;
    char why[SCALAR_WHY];
    uint64_t counted;
    double number;
    bool truth;

    switch (text ? (enum talon_type)place->option->type : TALON_T_GROUP) {
    case TALON_T_NUMBER:
        if (scalar_number(text, &number, why))
            put_number(place, number);
        break;
    case TALON_T_BOOL:
        if (scalar_bool(text, &truth, why))
            put(place, &(int32_t){ truth }, sizeof(int32_t));
        break;
    case TALON_T_DURATION:
        if (scalar_duration(text, &counted, why))
            put_counted(place, counted);
        break;
    case TALON_T_SIZE:
        if (scalar_size(text, &counted, why))
            put_counted(place, counted);
        break;
    case TALON_T_ADDRESS:
        fall_back_address(place, text);
        break;
    case TALON_T_STRING:
    case TALON_T_PATH:
    case TALON_T_PEM:
        fall_back_text(place, text);
        break;
    case TALON_T_INT:
    case TALON_T_ENUM:
    case TALON_T_PATTERN:
        fill_string(place, text);
        break;
    case TALON_T_LIST: /* YAML: the core's */
    case TALON_T_MAP:
    case TALON_T_GROUP:
    case TALON_T_TABLE:
        break;
    }
}
