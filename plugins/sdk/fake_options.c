/* Options as a test writes them become the conf struct that the plugin reads, by the plugin's own table. */
#include "fake_private.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

struct fake_setting {
    struct fake_setting *next;
    char *option, *name, *value; /* name: of a map's pair; value NULL: begins a row of a table */
    size_t row;                  /* in which row of a table it stands */
    int used;
};

struct talon_pattern {
    pcre2_code *code;
    struct talon_pattern *next;
};

/* ---- what the test sets ---- */

static struct fake_setting *add(struct fake *fake, const char *option, const char *name, const char *value)
{
    struct fake_setting *setting = fake_pool_alloc(&fake->setting_pool, sizeof *setting), **end;

    fake_conf_free(fake);
    setting->option = fake_pool_text(&fake->setting_pool, option);
    setting->name = fake_pool_text(&fake->setting_pool, name);
    setting->value = fake_pool_text(&fake->setting_pool, value);
    setting->row = !value; /* the first row is 1: what stands in none of a table has 0 */
    for (end = &fake->settings; *end; end = &(*end)->next) {
        size_t n = strlen((*end)->option);

        if (!(*end)->value && strncmp(option, (*end)->option, n) == 0 && (option[n] == '.' || option[n] == '\0'))
            setting->row = (*end)->row + (option[n] == '\0');
    }
    *end = setting;
    return setting;
}

void fake_set(struct fake *fake, const char *option, const char *value)
{
    add(fake, option, NULL, value);
}

void fake_add(struct fake *fake, const char *option, const char *name, const char *value)
{
    add(fake, option, name, value);
}

void fake_row(struct fake *fake, const char *option)
{
    add(fake, option, NULL, NULL);
}

/* ---- scalars (rules.md 1.4) ---- */

struct unit {
    const char *name;
    double factor;
};

static const struct unit times[] = { { "ms", 1e6 },    { "s", 1e9 },      { "m", 60e9 }, { "h", 3600e9 },
                                     { "d", 86400e9 }, { "w", 604800e9 }, { NULL, 0 } };
static const struct unit sizes[] = {
    { "B", 1 },    { "KiB", 1024 }, { "MiB", 1048576 }, { "GiB", 1073741824 }, { "TiB", 1099511627776 },
    { "kB", 1e3 }, { "MB", 1e6 },   { "GB", 1e9 },      { "TB", 1e12 },        { NULL, 0 },
};

/* A sum of numbers with units ("1h30m", "10MiB"); returns 0 when it is none. */
static int read_units(const char *text, const struct unit *units, uint64_t *value)
{
    double sum = 0;

    if (strcmp(text, "0") == 0) {
        *value = 0;
        return 1;
    }
    do {
        char *end;
        double number = strtod(text, &end);
        size_t letters = 0;
        const struct unit *unit = units;

        while (isalpha((unsigned char)end[letters]))
            letters++;
        while (unit->name && (strlen(unit->name) != letters || strncmp(unit->name, end, letters) != 0))
            unit++;
        if (!isdigit((unsigned char)*text) || !unit->name)
            return 0;
        sum += number * unit->factor;
        text = end + letters;
    } while (*text);
    if (!(sum < 0x1p63))
        return 0;
    *value = (uint64_t)llround(sum);
    return 1;
}

static int read_address(struct fake *fake, const char *text, struct talon_address *address)
{
    const char *colon = strrchr(text, ':');
    char *end, *host;
    unsigned long port;

    memset(address, 0, sizeof *address);
    if (strncmp(text, "unix:/", 6) == 0) {
        address->unix_path = fake_pool_text(&fake->conf_pool, text + 5);
        return 1;
    }
    if (!colon || colon == text || !isdigit((unsigned char)colon[1]))
        return 0;
    port = strtoul(colon + 1, &end, 10);
    host = fake_pool_text(&fake->conf_pool, text);
    host[colon - text] = '\0';
    if (*host == '[') {
        host++;
        host[strcspn(host, "]")] = '\0';
    }
    address->host = fake_pool_text(&fake->conf_pool, host);
    address->port = (uint32_t)port;
    return *end == '\0' && port > 0 && port < 65536;
}

static void free_pattern(struct talon_pattern *pattern)
{
    pcre2_code_free(pattern->code);
    free(pattern);
}

int fake_match(struct talon_run *run, const struct talon_pattern *pattern, const char *text, size_t n, size_t span[2])
{
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(pattern->code, NULL);
    pcre2_match_context *bounds = pcre2_match_context_create(NULL);
    int found;

    (void)run;
    if (!data || !bounds)
        fake_misuse("no memory to match");
    pcre2_set_match_limit(bounds, 1000000);
    found = pcre2_match(pattern->code, (PCRE2_SPTR)text, n, 0, 0, data, bounds) > 0;
    if (found && span) {
        span[0] = pcre2_get_ovector_pointer(data)[0];
        span[1] = pcre2_get_ovector_pointer(data)[1];
    }
    pcre2_match_context_free(bounds);
    pcre2_match_data_free(data);
    return found;
}

/* ---- filling the conf struct ---- */

struct place {
    struct fake *fake;
    const char *path; /* "tls.ca" */
    size_t row;
    char *at;
    const struct talon_option *option;
};

__attribute__((format(printf, 2, 3))) static void problem(const struct place *place, const char *format, ...)
{
    char text[300];
    va_list ap;

    if (place->fake->problem[0])
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    snprintf(place->fake->problem, sizeof place->fake->problem, "%.200s: %s", place->path, text);
}

/* The next setting of this option after `from` (NULL: the first), marked as used. */
static struct fake_setting *next_setting(const struct place *place, struct fake_setting *from)
{
    struct fake_setting *at = from ? from->next : place->fake->settings;

    while (at && (strcmp(at->option, place->path) != 0 || (at->value && at->row != place->row)))
        at = at->next;
    if (at)
        at->used = 1;
    return at;
}

static int within(const struct place *place, double value)
{
    const struct talon_option *o = place->option;

    if ((o->min == 0 && o->max == 0) || (value >= (double)o->min && value <= (double)o->max))
        return 1;
    problem(place, "must be %lld to %lld", (long long)o->min, (long long)o->max);
    return 0;
}

static void fill_pattern(const struct place *place, const char *text)
{
    struct talon_pattern *pattern = calloc(1, sizeof *pattern);
    PCRE2_SIZE offset;
    int error;

    if (!pattern)
        fake_misuse("no memory for a pattern");
    pattern->code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
    if (!pattern->code) {
        problem(place, "no regular expression");
        free(pattern);
        return;
    }
    pattern->next = place->fake->patterns;
    place->fake->patterns = pattern;
    memcpy(place->at, &pattern, sizeof(void *));
}

static void fill_number(const struct place *place, const char *text)
{
    char *end;
    double number;
    int64_t whole;

    errno = 0;
    if (place->option->type == TALON_T_INT) {
        whole = strtoll(text, &end, 10);
        if (*end || end == text || errno)
            problem(place, "\"%s\" is no whole number", text);
        else if (within(place, (double)whole))
            memcpy(place->at, &whole, sizeof whole);
        return;
    }
    number = strtod(text, &end);
    if (*end || end == text || !isfinite(number))
        problem(place, "\"%s\" is no number", text);
    else if (within(place, number))
        memcpy(place->at, &number, sizeof number);
}

static void fill_units(const struct place *place, const char *text)
{
    uint64_t value;

    if (!read_units(text, place->option->type == TALON_T_DURATION ? times : sizes, &value))
        problem(place, "\"%s\" is no %s", text, place->option->type == TALON_T_DURATION ? "duration" : "size");
    else if (within(place, (double)value))
        memcpy(place->at, &value, sizeof value);
}

static void fill_word(const struct place *place, const char *text)
{
    int32_t value = 0;

    if (place->option->type == TALON_T_BOOL) {
        value = strcmp(text, "true") == 0;
        if (!value && strcmp(text, "false") != 0)
            problem(place, "write true or false");
    } else {
        while (place->option->choices[value] && strcmp(place->option->choices[value], text) != 0)
            value++;
        if (!place->option->choices[value])
            problem(place, "\"%s\" is none of the choices", text);
    }
    memcpy(place->at, &value, sizeof value);
}

static void fill_scalar(const struct place *place, const char *text)
{
    const char *copy;
    struct talon_address address;

    switch (place->option->type) {
    case TALON_T_STRING:
    case TALON_T_PATH:
    case TALON_T_PEM:
        copy = fake_pool_text(&place->fake->conf_pool, text);
        memcpy(place->at, &copy, sizeof copy);
        if (place->option->type == TALON_T_PATH && text[0] != '/')
            problem(place, "the fake host resolves no relative paths");
        break;
    case TALON_T_INT:
    case TALON_T_NUMBER:
        fill_number(place, text);
        break;
    case TALON_T_DURATION:
    case TALON_T_SIZE:
        fill_units(place, text);
        break;
    case TALON_T_BOOL:
    case TALON_T_ENUM:
        fill_word(place, text);
        break;
    case TALON_T_PATTERN:
        fill_pattern(place, text);
        break;
    default:
        if (!read_address(place->fake, text, &address))
            problem(place, "\"%s\" is no address", text);
        memcpy(place->at, &address, sizeof address);
    }
}

static void fill_list(const struct place *place)
{
    struct fake_setting *setting;
    const char **list;
    size_t n = 0;

    for (setting = next_setting(place, NULL); setting; setting = next_setting(place, setting))
        n++;
    if (n == 0)
        return;
    list = fake_pool_alloc(&place->fake->conf_pool, (n + 1) * sizeof *list);
    n = 0;
    for (setting = next_setting(place, NULL); setting; setting = next_setting(place, setting))
        list[n++] = fake_pool_text(&place->fake->conf_pool, setting->value);
    memcpy(place->at, &list, sizeof list);
}

static void fill_map(const struct place *place)
{
    struct fake_setting *setting;
    struct talon_pair *pairs;
    size_t n = 0;

    for (setting = next_setting(place, NULL); setting; setting = next_setting(place, setting))
        n++;
    if (n == 0)
        return;
    pairs = fake_pool_alloc(&place->fake->conf_pool, (n + 1) * sizeof *pairs);
    n = 0;
    for (setting = next_setting(place, NULL); setting; setting = next_setting(place, setting)) {
        if (!setting->name)
            fake_misuse("%s is a map: use fake_add() with a name", place->path);
        pairs[n].name = fake_pool_text(&place->fake->conf_pool, setting->name);
        pairs[n++].value = fake_pool_text(&place->fake->conf_pool, setting->value);
    }
    memcpy(place->at, &pairs, sizeof pairs);
}

static void fill(struct fake *fake, const struct talon_option *options, char *base, const char *prefix, size_t row);

static void fill_table(const struct place *place)
{
    struct fake_setting *setting;
    struct talon_table table = { NULL, 0 };
    char *rows;

    for (setting = next_setting(place, NULL); setting; setting = next_setting(place, setting))
        table.n++;
    rows = fake_pool_alloc(&place->fake->conf_pool, table.n * place->option->row_size);
    for (size_t i = 0; i < table.n; i++)
        fill(place->fake, place->option->fields, rows + i * place->option->row_size, place->path, i + 1);
    table.rows = rows;
    memcpy(place->at, &table, sizeof table);
}

static void fill_one(const struct place *place)
{
    struct fake_setting *setting = NULL;
    const char *text = place->option->fallback;

    switch (place->option->type) {
    case TALON_T_GROUP:
        fill(place->fake, place->option->fields, place->at, place->path, place->row);
        return;
    case TALON_T_TABLE:
        fill_table(place);
        return;
    case TALON_T_LIST:
        fill_list(place);
        break;
    case TALON_T_MAP:
        fill_map(place);
        break;
    default:
        setting = next_setting(place, NULL);
        if (setting)
            text = setting->value;
        if (text)
            fill_scalar(place, text);
        if (setting && next_setting(place, setting))
            fake_misuse("%s is set twice", place->path);
    }
    if ((place->option->flags & TALON_REQUIRED) && !next_setting(place, NULL))
        problem(place, "is required");
}

static void fill(struct fake *fake, const struct talon_option *options, char *base, const char *prefix, size_t row)
{
    for (; options && options->name; options++) {
        char path[256];
        struct place place = {
            .fake = fake, .path = path, .row = row, .at = base + options->offset, .option = options
        };

        snprintf(path, sizeof path, "%s%s%s", prefix, *prefix ? "." : "", options->name);
        fill_one(&place);
    }
}

void fake_conf_free(struct fake *fake)
{
    if (fake->run || fake->instance)
        fake_misuse("options cannot change once the instance is set up");
    while (fake->patterns) {
        struct talon_pattern *next = fake->patterns->next;

        free_pattern(fake->patterns);
        fake->patterns = next;
    }
    fake_pool_free(&fake->conf_pool);
    fake->conf = NULL;
}

void fake_conf_build(struct fake *fake)
{
    struct fake_setting *setting;
    struct talon_problem found = { NULL, "" };

    fake_conf_free(fake);
    fake->problem[0] = '\0';
    fake->conf = fake_pool_alloc(&fake->conf_pool, fake->operation->conf_size);
    for (setting = fake->settings; setting; setting = setting->next)
        setting->used = 0;
    fill(fake, fake->operation->options, fake->conf, "", 0);
    for (setting = fake->settings; setting; setting = setting->next)
        if (!setting->used)
            fake_misuse("%s has no option \"%s\"", fake->operation->name, setting->option);
    if (fake->problem[0] || !fake->operation->validate || fake->operation->validate(fake->conf, &found) == 0)
        return;
    snprintf(fake->problem, sizeof fake->problem, "%.200s: %s", found.option ? found.option : "(no option)",
             found.text);
    if (!found.option || !found.text[0])
        fake_breach(fake, "validate() refuses without an option or a sentence");
}

const char *fake_problem(struct fake *fake)
{
    if (!fake->conf)
        fake_conf_build(fake);
    return fake->problem[0] ? fake->problem : NULL;
}
