/* The plugin of the fake host's tests: see fake_host_plugin.h. */
#include "fake_host_plugin.h"

static const char *const choices[] = { "small", "large", NULL };

static const struct talon_option group_fields[] = {
    { .name = "ratio", TALON_NUMBER_AT(struct group, ratio), .fallback = "0.5", .help = "A ratio." },
    { .name = "names", TALON_LIST_AT(struct group, names), .help = "Some names." },
    { .name = NULL },
};

static const struct talon_option row_fields[] = {
    { .name = "name", TALON_STRING_AT(struct row, name), .flags = TALON_REQUIRED, .help = "A name." },
    { .name = "port", TALON_INT_AT(struct row, port), .min = 1, .max = 65535, .fallback = "80", .help = "A port." },
    { .name = NULL },
};

static const struct talon_option options[] = {
    { .name = "text", TALON_STRING_AT(struct conf, text), .help = "A text." },
    { .name = "path", TALON_PATH_AT(struct conf, path), .help = "A path." },
    { .name = "pem", TALON_PEM_AT(struct conf, pem), .help = "A key." },
    { .name = "whole", TALON_INT_AT(struct conf, whole), .min = -5, .max = 5, .fallback = "3", .help = "A number." },
    { .name = "number", TALON_NUMBER_AT(struct conf, number), .help = "A number." },
    { .name = "yes", TALON_BOOL_AT(struct conf, yes), .fallback = "true", .help = "Or no." },
    { .name = "choice", TALON_ENUM_AT(struct conf, choice), .choices = choices, .help = "A choice." },
    { .name = "time", TALON_DURATION_AT(struct conf, time), .fallback = "1h30m", .help = "A time." },
    { .name = "size", TALON_SIZE_AT(struct conf, size), .help = "A size." },
    { .name = "list", TALON_LIST_AT(struct conf, list), .help = "A list." },
    { .name = "map", TALON_MAP_AT(struct conf, map), .help = "A map." },
    { .name = "address", TALON_ADDRESS_AT(struct conf, address), .help = "An address." },
    { .name = "pattern", TALON_PATTERN_AT(struct conf, pattern), .help = "A pattern." },
    { .name = "group", TALON_GROUP_AT(struct conf, group), .fields = group_fields, .help = "A group." },
    { .name = "table", TALON_TABLE_AT(struct conf, table, struct row), .fields = row_fields, .help = "A table." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "age", .unit = "s", .help = "An age." },
    { .name = NULL },
};

static const struct talon_metric any_metric[] = {
    { .name = "*", .unit = "", .help = "Whatever there is." },
    { .name = NULL },
};

void (*body)(struct talon_run *run);
void (*preparation)(struct talon_run *instance);
unsigned calls;
char story[400];

void tell(const char *what)
{
    snprintf(story + strlen(story), sizeof story - strlen(story), "%s ", what);
}

static void setup(struct talon_run *instance)
{
    if (preparation)
        preparation(instance);
}

static void start(struct talon_run *run)
{
    body(run);
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->text && strcmp(conf->text, "refuse") == 0) {
        problem->option = "text";
        snprintf(problem->text, sizeof problem->text, "is refused");
        return 1;
    }
    return 0;
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "any",
      .summary = "Does what the test says.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = 32,
      .instance_size = 16,
      .validate = validate,
      .setup = setup,
      .start = start },
    { .kind = TALON_CHECK,
      .name = "free",
      .summary = "Reports what it likes.",
      .options = options + 14,
      .metrics = any_metric,
      .conf_size = sizeof(struct conf),
      .start = start },
};

const struct talon_plugin any_plugin = {
    TALON_PLUGIN_HEAD, .name = "any", .version = "1.0.0", .license = "MIT", .summary = "For tests.", TALON_OPERATIONS(operations),
};

struct fake *any(void (*run)(struct talon_run *))
{
    body = run;
    return fake_new(&any_plugin, "any");
}

int reset(void **unused)
{
    (void)unused;
    body = NULL;
    preparation = NULL;
    calls = 0;
    story[0] = '\0';
    return 0;
}

void done(struct talon_run *run)
{
    talon_done(run, TALON_OK, "any.ok", "done");
}

void ignore_watch(struct talon_run *run, void *arg, int fd, uint32_t events)
{
    (void)run;
    (void)arg;
    assert_int_equal(fd, 5);
    tell(events == TALON_LATE ? "late" : "event");
}

void ignore_link(struct talon_run *run, void *arg, const struct talon_link *link)
{
    (void)run;
    (void)arg;
    tell(link->error.code == TALON_E_NONE ? "up" : link->error.code == TALON_E_TIMEOUT ? "timeout" : link->error.token);
}

void note_end(void *arg)
{
    tell(arg);
}
