/*
 * The options of an operation, tried one by one: each declared range has its ends, each type something that it is not, and what is required is left out. Every case
 * is a configuration of its own and goes the whole way that a person's would: YAML, the core's judgement, the plugin's own validate().
 */
#include "cli/trial.h"

#include "base/os/files.h"
#include "base/scalar.h"
#include "base/text.h"
#include "config/config.h"
#include "load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE = 128, MOST_CASES = 48 };

struct value {
    char yaml[VALUE];
    bool good;
};

struct values {
    struct value all[MOST_CASES];
    size_t n;
};

/* One option with another value than usual; option NULL: none. */
struct change {
    const cJSON *option, *field; /* field: of a group, NULL: the option itself */
    const char *yaml;            /* NULL: left out */
};

static const cJSON *list_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- what was given */

const char *trial_given(const struct trial *t, const char *name)
{
    const size_t n = strlen(name);

    for (size_t i = 0; i < t->request->options->n; i++)
        if (strncmp(t->request->options->all[i], name, n) == 0 && t->request->options->all[i][n] == '=')
            return t->request->options->all[i] + n + 1;
    return NULL;
}

static bool is_option(const struct trial *t, const char *given, size_t n)
{
    const cJSON *operation, *option;

    cJSON_ArrayForEach(operation, list_of(t->description, "operations"))
    {
        cJSON_ArrayForEach(option, list_of(operation, "options"))
        {
            if (strlen(trial_text(option, "name")) == n && strncmp(trial_text(option, "name"), given, n) == 0)
                return true;
        }
    }
    return false;
}

bool trial_options_known(const struct trial *t)
{
    for (size_t i = 0; i < t->request->options->n; i++) {
        const char *given = t->request->options->all[i];
        const size_t n = strcspn(given, "=");

        if (given[n] != '=' || strchr(given, '\n')) {
            fprintf(stderr, "talon plugin test: --option needs NAME=VALUE on one line, not %.*s\n", (int)n, given);
            return false;
        }
        if (!is_option(t, given, n)) {
            fprintf(stderr, "talon plugin test: no operation of %s has an option %.*s; `talon plugin info` shows those that there are\n", t->name, (int)n, given);
            return false;
        }
    }
    return true;
}

/* ---- values of each type */

/* Something of that type that hurts nobody: nothing listens on port 1, and the path exists everywhere. */
static const char *sample(const cJSON *option)
{
    static const char *const samples[][2] = {
        { "string", "stand-in" }, { "path", "/" },        { "pem", "/stand-in.pem" }, { "int", "1" },     { "number", "1" }, { "bool", "true" }, { "duration", "1s" },
        { "size", "1KiB" },       { "list", "[stand-in]" }, { "map", "{ name: value }" }, { "pattern", "x" }, { "address", "127.0.0.1:1" }, { "table", "[]" },
    };
    const cJSON *choices = list_of(option, "choices");

    if (cJSON_GetArraySize(choices) > 0)
        return cJSON_GetArrayItem(choices, 0)->valuestring;
    if (trial_text(option, "default")[0])
        return trial_text(option, "default");
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
        if (strcmp(trial_text(option, "type"), samples[i][0]) == 0)
            return samples[i][1];
    return "{}";
}

__attribute__((format(printf, 3, 4))) static void add(struct values *values, bool good, const char *format, ...)
{
    va_list ap;
    int n;

    if (values->n == MOST_CASES)
        return;
    va_start(ap, format);
    n = vsnprintf(values->all[values->n].yaml, VALUE, format, ap);
    va_end(ap);
    values->all[values->n].good = good;
    values->n += n > 0 && n < VALUE;
}

static bool bound(const cJSON *option, const char *which, int64_t *value)
{
    const cJSON *item = list_of(option, which);
    char why[SCALAR_WHY];

    return cJSON_IsString(item) && scalar_int(item->valuestring, value, why);
}

static void add_shown(struct values *values, bool good, const char *type, int64_t value)
{
    char text[64];

    if (strcmp(type, "int") == 0)
        snprintf(text, sizeof text, "%" PRId64, value);
    else if (value < 0)
        return;
    else if (strcmp(type, "size") == 0)
        scalar_show_size((uint64_t)value, text, sizeof text);
    else
        scalar_show_duration((uint64_t)value, text, sizeof text);
    add(values, good, "%s", text);
}

/* Both ends, and one step beyond each. */
static void add_range(struct values *values, const cJSON *option, const char *type)
{
    const int64_t step = strcmp(type, "duration") == 0 ? 1000000 : 1;
    int64_t end;

    if (bound(option, "min", &end)) {
        add_shown(values, true, type, end);
        if (end > INT64_MIN + step)
            add_shown(values, false, type, end - step);
    }
    if (bound(option, "max", &end)) {
        add_shown(values, true, type, end);
        if (end < INT64_MAX - step)
            add_shown(values, false, type, end + step);
    }
    if (values->n == 0)
        add(values, true, "%s", sample(option));
    add(values, false, "many");
}

static void add_number(struct values *values, const cJSON *option)
{
    const cJSON *min = list_of(option, "min"), *max = list_of(option, "max");

    if (cJSON_IsNumber(min)) {
        add(values, true, "%.15g", min->valuedouble);
        add(values, false, "%.15g", min->valuedouble - 1);
    }
    if (cJSON_IsNumber(max)) {
        add(values, true, "%.15g", max->valuedouble);
        add(values, false, "%.15g", max->valuedouble + 1);
    }
    if (values->n == 0)
        add(values, true, "%s", sample(option));
    add(values, false, "many");
}

/* What a step of a runbook says of itself; there `destructive` is refused to a service. */
static bool is_impact(const cJSON *option)
{
    return strcmp(trial_text(option, "name"), "impact") == 0 && cJSON_GetArraySize(list_of(option, "choices")) > 0;
}

static void values_of(const cJSON *option, struct values *values)
{
    static const char *const bad[][2] = {
        { "string", "[a, b]" },  { "path", "[a, b]" }, { "pem", "[a, b]" },        { "bool", "perhaps" }, { "enum", "no-such-choice" }, { "list", "{ a: b }" },
        { "map", "[a, b]" },     { "address", "nowhere" }, { "pattern", "\"(\"" }, { "group", "[a, b]" }, { "table", "{ a: b }" },
    };
    const char *type = trial_text(option, "type");
    const cJSON *choice;

    values->n = 0;
    if (strcmp(type, "int") == 0 || strcmp(type, "duration") == 0 || strcmp(type, "size") == 0)
        add_range(values, option, type);
    else if (strcmp(type, "number") == 0)
        add_number(values, option);
    else if (strcmp(type, "bool") == 0)
        add(values, true, "false");
    cJSON_ArrayForEach(choice, list_of(option, "choices")) add(values, !is_impact(option) || strcmp(choice->valuestring, "destructive") != 0, "%s", choice->valuestring);
    if (strcmp(type, "bool") == 0 || (values->n == 0 && strcmp(type, "pem") != 0)) /* what is in a PEM text cannot be made up */
        add(values, true, "%s", sample(option));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (strcmp(type, bad[i][0]) == 0)
            add(values, false, "%s", bad[i][1]);
}

/* ---- a configuration */

static void write_group(struct buffer *out, const cJSON *option, const struct change *change)
{
    const char *between = "";
    const cJSON *field;

    buffer_text(out, "{");
    cJSON_ArrayForEach(field, list_of(option, "fields"))
    {
        const bool changed = change->option == option && change->field == field;

        if ((changed && !change->yaml) || (!changed && !trial_flag(field, "required")))
            continue;
        buffer_printf(out, "%s %s: %s", between, trial_text(field, "name"), changed ? change->yaml : sample(field));
        between = ",";
    }
    buffer_text(out, " }");
}

static void write_option(const struct trial *t, struct buffer *out, const cJSON *option, const struct change *change)
{
    const char *name = trial_text(option, "name"), *given = trial_given(t, name);
    const bool changed = change->option == option;

    if (changed && !change->field && !change->yaml)
        return;
    if (!changed && !given && !trial_flag(option, "required"))
        return;
    buffer_printf(out, "          %s: ", name);
    if (changed && !change->field)
        buffer_text(out, change->yaml);
    else if (given && !changed)
        buffer_text(out, given);
    else if (strcmp(trial_text(option, "type"), "group") == 0)
        write_group(out, option, change);
    else
        buffer_text(out, sample(option));
    buffer_char(out, '\n');
}

/* An action stands in a runbook, and is judged where a service asks for that: a service that is not watched. */
static void write_main(const struct trial *t, struct buffer *out)
{
    buffer_printf(out, "state: %s/state\nplugins:\n  %s: { %s, host: own }\n", t->folder, t->name, buffer_string(&t->place));
    if (trial_is_action(t))
        buffer_text(out, "runbooks: [" TRIAL_RUNBOOK "]\nservices:\n  test:\n    enabled: false\n    heal: [{ run: trial }]\n");
    else
        buffer_printf(out, "services:\n  test:\n    checks:\n      run:\n        %s:\n", t->type);
}

/* What an action like exec.run can do is for its step to say; unless it does, it is taken for destructive, which no service may ask for. */
static bool says_impact(const struct trial *t, const cJSON *option, const struct change *change)
{
    return trial_is_action(t) && is_impact(option) && change->option != option && !trial_given(t, "impact");
}

static void write_options(const struct trial *t, struct buffer *out, const struct change *change)
{
    const cJSON *option;

    cJSON_ArrayForEach(option, list_of(t->operation, "options"))
    {
        if (says_impact(t, option, change))
            buffer_text(out, "          impact: restart\n");
        else
            write_option(t, out, option, change);
    }
}

static bool write_text(const char *file, struct buffer *text, char why[TRIAL_SENTENCE])
{
    bool written;

    snprintf(why, TRIAL_SENTENCE, "no memory");
    written = !text->failed && files_write(file, text->data, text->len, 0600, false, why, TRIAL_SENTENCE);
    buffer_free(text);
    return written;
}

static bool write_files(struct trial *t, const struct change *change, char why[TRIAL_SENTENCE])
{
    struct buffer main = buffer_make(0), runbook = buffer_make(0);

    write_main(t, &main);
    buffer_printf(&runbook, "runbook: trial\ntitle: A trial\nsteps:\n  - do:\n      %s:\n", t->type);
    write_options(t, trial_is_action(t) ? &runbook : &main, change);
    if (!write_text(t->file, &main, why)) {
        buffer_free(&runbook);
        return false;
    }
    return write_text(t->runbook, &runbook, why);
}

struct loading {
    bool done;
    struct model *model;
    char *why; /* TRIAL_SENTENCE */
};

static void on_loaded(void *arg, struct load *load, struct model *model, struct config *config)
{
    struct loading *loading = arg;
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    (void)load;
    loading->done = true;
    loading->model = model;
    snprintf(loading->why, TRIAL_SENTENCE, "no memory");
    for (size_t i = 0; i < n; i++) {
        if (problems[i].severity == CONFIG_ERROR) {
            snprintf(loading->why, TRIAL_SENTENCE, "%s", problems[i].message);
            return;
        }
    }
}

/* NULL: refused, or interrupted. */
static struct model *load(struct trial *t, const struct change *change, char why[TRIAL_SENTENCE])
{
    struct loading loading = { .why = why };
    struct load_request request = { .loop = t->loop, .hosts = t->hosts, .file = t->file, .done = on_loaded, .arg = &loading };
    struct load *started;

    if (!write_files(t, change, why))
        return NULL;
    started = load_start(&request);
    if (!started)
        return NULL;
    if (!trial_wait(t, &loading.done))
        load_stop(started);
    return loading.model;
}

struct model *trial_base(struct trial *t, char why[TRIAL_SENTENCE])
{
    const struct change nothing = { 0 };

    return load(t, &nothing, why);
}

void trial_stand_ins(const struct trial *t, struct buffer *names)
{
    const cJSON *option;

    cJSON_ArrayForEach(option, list_of(t->operation, "options"))
    {
        if (trial_flag(option, "required") && !trial_given(t, trial_text(option, "name")))
            buffer_printf(names, "%s%s", names->len > 0 ? ", " : "", trial_text(option, "name"));
    }
}

/* ---- the rows */

struct tally {
    unsigned good, accepted, bad, refused;
    char objection[TRIAL_SENTENCE]; /* of the plugin, to a value that its type allows */
    char died[TRIAL_SENTENCE];      /* "": it never did */
    char taken[VALUE];              /* a bad value that was accepted */
};

/* Puts one case. False: no more are to be put. */
static bool try_case(struct trial *t, const struct change *change, bool good, struct tally *tally)
{
    char why[TRIAL_SENTENCE];
    struct model *model = load(t, change, why);

    if (t->interrupted || trial_died(t, tally->died)) {
        model_drop(model);
        return false;
    }
    tally->good += good;
    tally->bad += !good;
    if (good && model)
        tally->accepted++;
    else if (good)
        snprintf(tally->objection, sizeof tally->objection, "%s", why);
    else if (!model)
        tally->refused++;
    else
        snprintf(tally->taken, sizeof tally->taken, "%s", change->yaml ? change->yaml : "its absence, though it is required");
    model_drop(model);
    return true;
}

static void tell(struct trial *t, const char *name, const struct tally *tally)
{
    if (t->interrupted)
        return;
    if (tally->died[0])
        trial_row(t, TRIAL_WRONG, name, "the plugin died (%s) in its validation: it must refuse what it cannot use", tally->died);
    else if (tally->taken[0])
        trial_row(t, TRIAL_WRONG, name, "%s was accepted", tally->taken);
    else if (tally->accepted < tally->good)
        trial_row(t, TRIAL_NOTE, name, "%u good taken, %u bad refused; it objects to what its type allows: %s", tally->accepted, tally->bad, tally->objection);
    else
        trial_row(t, TRIAL_OK, name, "%u good taken, %u bad refused", tally->good, tally->bad);
}

static void try_option(struct trial *t, const cJSON *option, const cJSON *field)
{
    const cJSON *tried = field ? field : option;
    struct change change = { .option = option, .field = field };
    struct tally tally = { 0 };
    struct values values;
    char name[200];
    bool more = true;

    snprintf(name, sizeof name, "%s%s%s", trial_text(option, "name"), field ? "." : "", field ? trial_text(field, "name") : "");
    values_of(tried, &values);
    for (size_t i = 0; i < values.n && more; i++) {
        change.yaml = values.all[i].yaml;
        more = try_case(t, &change, values.all[i].good, &tally);
    }
    change.yaml = NULL;
    if (more && trial_flag(tried, "required"))
        try_case(t, &change, false, &tally);
    tell(t, name, &tally);
}

void trial_options(struct trial *t)
{
    const cJSON *option, *field;

    cJSON_ArrayForEach(option, list_of(t->operation, "options"))
    {
        if (!t->interrupted)
            try_option(t, option, NULL);
        if (strcmp(trial_text(option, "type"), "group") != 0)
            continue;
        cJSON_ArrayForEach(field, list_of(option, "fields"))
        {
            if (!t->interrupted)
                try_option(t, option, field);
        }
    }
}
