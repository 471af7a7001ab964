/* The plugin of the target that plays the core: see fuzz_plugin.h. */
#include "fuzz_plugin.h"

enum { DONE, WAITS, SAYS, NUDGES, SAVES, TIMES, SHARES, DEFERS };

struct row {
    const char *name;
    int64_t port;
};

struct group {
    double ratio;
    const char *const *names;
};

struct conf {
    const char *text, *path, *pem;
    int64_t whole;
    double number;
    int32_t yes, does;
    uint64_t time, size;
    const char *const *list;
    const struct talon_pair *map;
    struct talon_address address;
    const struct talon_pattern *pattern;
    struct group group;
    struct talon_table table;
};

static const char *const choices[] = { "done", "waits", "says", "nudges", "saves", "times", "shares", "defers", NULL };

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
    { .name = "text", TALON_STRING_AT(struct conf, text), .flags = TALON_SECRET, .help = "A text." },
    { .name = "path", TALON_PATH_AT(struct conf, path), .help = "A path." },
    { .name = "pem", TALON_PEM_AT(struct conf, pem), .help = "A key." },
    { .name = "whole", TALON_INT_AT(struct conf, whole), .min = -5, .max = 5, .fallback = "3", .help = "A number." },
    { .name = "number", TALON_NUMBER_AT(struct conf, number), .help = "A number." },
    { .name = "yes", TALON_BOOL_AT(struct conf, yes), .fallback = "true", .help = "Or no." },
    { .name = "does", TALON_ENUM_AT(struct conf, does), .choices = choices, .help = "What its runs do." },
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
    { .name = "size", .unit = "B", .help = "The size that it was given." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->whole != 5)
        return 0;
    problem->option = "whole";
    return 1;
}

static void say(struct talon_run *run)
{
    const struct conf *conf = run->conf;

    run->host->metric(run, "size", (double)conf->size, "B");
    run->host->detail(run, "text", conf->text ? conf->text : "");
    for (size_t i = 0; conf->list && conf->list[i]; i++)
        run->host->detail(run, "list", conf->list[i]);
    for (size_t i = 0; conf->map && conf->map[i].name; i++)
        run->host->detail(run, conf->map[i].name, conf->map[i].value);
    run->host->progress(run, conf->path ? conf->path : "goes on");
    run->host->log(run, TALON_WARNING, run->name);
}

static void end(struct talon_run *run, void *arg)
{
    run->host->complete(run, TALON_WARN, "fuzz.timer", arg);
}

static void prepare_shared(struct talon_run *shared)
{
    shared->host->nudge(shared);
}

static void woken(struct talon_run *run, void *arg, uint32_t late)
{
    (void)arg;
    run->host->complete(run, TALON_FAIL, "fuzz.woken", late ? "late" : "woken");
}

static void forget(void *arg)
{
    (void)arg;
}

static void setup(struct talon_run *instance)
{
    const struct conf *conf = instance->conf;
    char bytes[64];

    instance->host->recall(instance, bytes, sizeof bytes);
    if (conf->whole == 4)
        instance->host->complete(instance, TALON_FAIL, "fuzz.refused", "is refused when it is set up");
}

static void begin(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const size_t n = conf->text ? strnlen(conf->text, 4096) : 0;
    struct talon_run *shared;

    switch (conf->does) {
    case WAITS:
        return;
    case TIMES:
        run->host->timer(run, conf->yes ? 0 : conf->time, end, (void *)(uintptr_t) "its time has come");
        run->host->timer(run, UINT64_MAX / 2, end, (void *)(uintptr_t) "never");
        return;
    case SHARES:
        shared = run->host->share(run->instance, "key", 16, prepare_shared);
        run->host->wait(run, shared, woken, NULL);
        run->host->wake(shared);
        return;
    case SAYS:
        say(run);
        break;
    case NUDGES:
        run->host->nudge(run);
        break;
    case SAVES:
        run->host->save(run->instance, conf->text ? conf->text : "", n);
        break;
    default:
        run->host->defer(run, forget, NULL);
        run->host->release(run, run->host->alloc(run, 100));
        break;
    }
    run->host->complete(run, TALON_OK, "fuzz.ok", conf->text ? conf->text : "done");
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "any",
      .summary = "Does what it is told.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = 32,
      .instance_size = 16,
      .validate = validate,
      .setup = setup,
      .start = begin },
    { .kind = TALON_ACTION, .name = "act", .summary = "Acts.", .options = options, .conf_size = sizeof(struct conf), .start = begin },
};

const struct talon_plugin fuzz_plugin = {
    TALON_PLUGIN_HEAD, .name = "any", .version = "1.0.0", .license = "MIT", .summary = "For fuzzing.", TALON_OPERATIONS(operations),
};
