/*
 * A plugin for the tests of the plugin host: each operation does one thing of the contract, or breaks it, and tells what it saw in its summary or its
 * details. Those that wait for others are in trial_ops.c.
 */
#include "trial.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

void trial_sleep(uint64_t ns)
{
    struct timespec left = { .tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000) };

    while (nanosleep(&left, &left) != 0)
        ;
}

/* ---- say: ends at once as it is told, with many metrics and details */

struct say {
    int64_t status, metrics, details, detail_size;
    const char *reason, *summary;
};

static const struct talon_option say_options[] = {
    { .name = "status", TALON_INT_AT(struct say, status), .help = "Status." },
    { .name = "metrics", TALON_INT_AT(struct say, metrics), .help = "How many." },
    { .name = "details", TALON_INT_AT(struct say, details), .help = "How many." },
    { .name = "detail_size", TALON_INT_AT(struct say, detail_size), .fallback = "1", .help = "Bytes in each." },
    { .name = "reason", TALON_STRING_AT(struct say, reason), .fallback = "trial.ok", .help = "Reason." },
    { .name = "summary", TALON_STRING_AT(struct say, summary), .fallback = "said", .help = "Summary." },
    { .name = NULL },
};

static void say(struct talon_run *run)
{
    const struct say *conf = run->conf;
    char *text = run->host->alloc(run, (size_t)conf->detail_size + 1);

    memset(text, 'x', (size_t)conf->detail_size);
    for (int64_t i = 0; i < conf->metrics; i++)
        run->host->metric(run, talon_text(run, "m%d", (int)i), (double)i + 0.5, "s");
    run->host->metric(run, "m0", 7, "B");
    if (conf->metrics)
        run->host->metric(run, "nothing", (double)NAN, "s");
    for (int64_t i = 0; i < conf->details; i++)
        run->host->detail(run, talon_text(run, "d%d", (int)i), text);
    run->host->complete(run, (enum talon_status)conf->status, conf->reason, conf->summary);
}

/* ---- numbers: what metrics look like on the wire */

static void numbers(struct talon_run *run)
{
    static const double values[] = { 0, -1, 0.1, 0.000123456, 1.5e-7, -2.5, 1e300, 9007199254740991.0, 123456.789012345, 1.0 / 3, 1e-320 };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        run->host->metric(run, talon_text(run, "n%d", (int)i), values[i], "");
    talon_done(run, TALON_OK, "trial.ok", "numbers");
}

/* ---- how runs can go wrong */

static void idle(struct talon_run *run)
{
    (void)run;
}

static void twice(struct talon_run *run)
{
    talon_done(run, TALON_WARN, "trial.first", "the first");
    run->host->metric(run, "late", 1, "");
    talon_done(run, TALON_OK, "trial.second", "the second");
    memset(run->state, 1, 64); /* its memory outlives the call */
}

static void freed(void *text)
{
    fprintf(stderr, "%s\n", (const char *)text);
}

/* Deferred calls run last first, with the run's memory still there. */
static void defers(struct talon_run *run)
{
    run->host->defer(run, freed, (void *)(uintptr_t)talon_text(run, "deferred %s", "first"));
    run->host->defer(run, freed, (void *)(uintptr_t)talon_text(run, "deferred %s", "second"));
    talon_done(run, TALON_OK, "trial.ok", "deferred");
}

static void crash(struct talon_run *run)
{
    (void)run;
    raise(SIGSEGV);
}

static void *call_from_thread(void *run)
{
    talon_log(run, TALON_INFO, "from another thread");
    return NULL;
}

static void threads(struct talon_run *run)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, call_from_thread, run) == 0)
        pthread_join(thread, NULL);
    talon_done(run, TALON_OK, "trial.ok", "nobody minded");
}

static void slow(struct talon_run *run)
{
    trial_sleep(300000000);
    talon_done(run, TALON_OK, "trial.ok", "slow");
}

struct count {
    int64_t count, size;
};

static const struct talon_option count_options[] = {
    { .name = "count", TALON_INT_AT(struct count, count), .help = "How many." },
    { .name = "size", TALON_INT_AT(struct count, size), .help = "How large." },
    { .name = NULL },
};

static void allocates(struct talon_run *run)
{
    const struct count *conf = run->conf;
    char *kept = run->host->alloc(run, 1);

    for (int64_t i = 0; i < conf->count; i++) {
        char *bytes = run->host->alloc(run, (size_t)conf->size);

        for (int64_t k = 0; k < conf->size; k += 4096)
            if (bytes[k])
                talon_done(run, TALON_FAIL, "trial.dirty", "memory is not zeroed");
        memset(bytes, 1, (size_t)conf->size);
        if (i % 2)
            run->host->release(run, bytes);
    }
    run->host->release(run, kept);
    run->host->release(run, NULL);
    talon_done(run, TALON_OK, "trial.ok", "allocated");
}

/* Memory that is not the host's: only the process' limit bounds it. */
static void hoards(struct talon_run *run)
{
    int64_t got = 0;
    char *volatile piece; /* volatile: or a compiler leaves the allocation out */

    while (got < 64 && (piece = malloc(16 << 20)) != NULL) {
        memset(piece, 1, 4096);
        got++;
    }
    talon_done(run, TALON_OK, "trial.ok", "got %d pieces", (int)got);
}

static void logs(struct talon_run *run)
{
    const struct count *conf = run->conf;

    for (int64_t i = 0; i < conf->count; i++)
        talon_log(run, TALON_INFO, "line %d\n\x01\xff", (int)i);
    run->host->progress(run, "half\nway");
    talon_done(run, TALON_OK, "trial.ok", "logged");
}

/* ---- options: all types, told back */

struct row {
    const char *name;
    int64_t value;
};

struct nested {
    const char *text;
    int32_t flag;
};

struct options {
    const char *string, *path, *pem;
    int64_t whole;
    double number;
    int32_t flag, choice;
    uint64_t duration, size;
    const char *const *list;
    const struct talon_pair *map;
    struct talon_address address;
    const struct talon_pattern *pattern;
    struct nested nested;
    struct talon_table table;
};

static const char *const choices[] = { "red", "green", NULL };

static const struct talon_option nested_fields[] = {
    { .name = "text", TALON_STRING_AT(struct nested, text), .fallback = "inner", .help = "Text." },
    { .name = "flag", TALON_BOOL_AT(struct nested, flag), .help = "Flag." },
    { .name = NULL },
};

static const struct talon_option row_fields[] = {
    { .name = "name", TALON_STRING_AT(struct row, name), .flags = TALON_REQUIRED, .help = "Name." },
    { .name = "value", TALON_INT_AT(struct row, value), .fallback = "5", .help = "Value." },
    { .name = NULL },
};

static const struct talon_option all_options[] = {
    { .name = "string", TALON_STRING_AT(struct options, string), .help = "String." },
    { .name = "path", TALON_PATH_AT(struct options, path), .help = "Path." },
    { .name = "pem", TALON_PEM_AT(struct options, pem), .flags = TALON_SECRET, .help = "PEM." },
    { .name = "whole", TALON_INT_AT(struct options, whole), .min = -5, .max = 5, .fallback = "3", .help = "Whole number." },
    { .name = "number", TALON_NUMBER_AT(struct options, number), .fallback = "1.5", .help = "Number." },
    { .name = "flag", TALON_BOOL_AT(struct options, flag), .fallback = "true", .help = "Flag." },
    { .name = "choice", TALON_ENUM_AT(struct options, choice), .choices = choices, .fallback = "green", .help = "Choice." },
    { .name = "duration", TALON_DURATION_AT(struct options, duration), .fallback = "1m", .help = "Duration." },
    { .name = "size", TALON_SIZE_AT(struct options, size), .fallback = "2KiB", .help = "Size." },
    { .name = "list", TALON_LIST_AT(struct options, list), .help = "List." },
    { .name = "map", TALON_MAP_AT(struct options, map), .help = "Map." },
    { .name = "address", TALON_ADDRESS_AT(struct options, address), .fallback = "127.0.0.1:80", .help = "Address." },
    { .name = "pattern", TALON_PATTERN_AT(struct options, pattern), .help = "Pattern." },
    { .name = "nested", TALON_GROUP_AT(struct options, nested), .fields = nested_fields, .help = "Group." },
    { .name = "table", TALON_TABLE_AT(struct options, table, struct row), .fields = row_fields, .help = "Table." },
    { .name = NULL },
};

static int validate(const void *given, struct talon_problem *problem)
{
    const struct options *conf = given;

    if (!conf->string || strcmp(conf->string, "bad") != 0)
        return 0;
    problem->option = "string";
    snprintf(problem->text, sizeof problem->text, "is bad, as it says");
    return 1;
}

static void tell_options(struct talon_run *run)
{
    const struct options *conf = run->conf;
    const struct row *rows = conf->table.rows;

    run->host->detail(run, "texts", talon_text(run, "%s|%s|%s", conf->string ? conf->string : "-", conf->path ? conf->path : "-", conf->pem ? "pem" : "-"));
    run->host->detail(run, "numbers", talon_text(run, "%lld|%g|%d|%d|%llu|%llu", (long long)conf->whole, conf->number, (int)conf->flag, (int)conf->choice,
                                                 (unsigned long long)conf->duration, (unsigned long long)conf->size));
    for (size_t i = 0; conf->list && conf->list[i]; i++)
        run->host->detail(run, "list", conf->list[i]);
    for (size_t i = 0; conf->map && conf->map[i].name; i++)
        run->host->detail(run, conf->map[i].name, conf->map[i].value);
    run->host->detail(run, "address", conf->address.unix_path ? conf->address.unix_path : talon_text(run, "%s %u", conf->address.host, conf->address.port));
    run->host->detail(run, "nested", talon_text(run, "%s|%d", conf->nested.text, (int)conf->nested.flag));
    for (size_t i = 0; i < conf->table.n; i++)
        run->host->detail(run, rows[i].name, talon_text(run, "%lld", (long long)rows[i].value));
    talon_done(run, TALON_OK, "trial.ok", "told");
}

/* ---- match */

struct match {
    const struct talon_pattern *pattern;
    const char *text;
    int64_t repeat;
};

static const struct talon_option match_options[] = {
    { .name = "pattern", TALON_PATTERN_AT(struct match, pattern), .help = "Pattern." },
    { .name = "text", TALON_STRING_AT(struct match, text), .help = "Text." },
    { .name = "repeat", TALON_INT_AT(struct match, repeat), .fallback = "1", .help = "How often the text stands there." },
    { .name = NULL },
};

static void match(struct talon_run *run)
{
    const struct match *conf = run->conf;
    const size_t n = strlen(conf->text);
    char *text = run->host->alloc(run, n * (size_t)conf->repeat + 1);
    size_t span[2] = { 0, 0 };
    int found;

    for (int64_t i = 0; i < conf->repeat; i++)
        memcpy(text + (size_t)i * n, conf->text, n);
    found = run->host->match(run, conf->pattern, text, n * (size_t)conf->repeat, span);
    talon_done(run, TALON_OK, "trial.ok", "%d %zu-%zu", found, span[0], span[1]);
}

/* ---- instances */

struct instance_conf {
    int32_t refuse;
    int64_t nudges;
};

static const struct talon_option instance_options[] = {
    { .name = "refuse", TALON_BOOL_AT(struct instance_conf, refuse), .help = "Ends its setup." },
    { .name = "nudges", TALON_INT_AT(struct instance_conf, nudges), .help = "How many, in one go." },
    { .name = NULL },
};

static void nudge_many(struct talon_run *instance, void *arg)
{
    (void)arg;
    for (int64_t i = 0; i < ((const struct instance_conf *)instance->conf)->nudges; i++)
        instance->host->nudge(instance);
}

static void set_up(struct talon_run *instance)
{
    const struct instance_conf *conf = instance->conf;

    instance->host->defer(instance, freed, (void *)(uintptr_t)"instance over");
    if (conf->refuse) {
        talon_done(instance, TALON_UNKNOWN, "trial.not_yet", "not yet");
        return;
    }
    if (conf->nudges)
        instance->host->timer(instance, 0, nudge_many, NULL);
}

/* Counts its runs, over restarts: recalls, adds one, saves. */
static void counts(struct talon_run *run)
{
    char bytes[16] = "";
    const size_t n = run->instance->host->recall(run->instance, bytes, sizeof bytes);
    const int count = n > 0 ? bytes[0] + 1 : 1;

    bytes[0] = (char)count;
    run->host->save(run->instance, bytes, 1);
    talon_done(run, TALON_OK, "trial.ok", "%d", count);
}

static void nudges_itself(struct talon_run *run)
{
    run->host->nudge(run->instance);
    run->host->nudge(run);
    talon_done(run, TALON_OK, "trial.ok", "%s%s", run->flags & TALON_NUDGED ? "nudged" : "", run->flags & TALON_ONCE ? "once" : "");
}

/* ---- blocking */

struct blocks {
    uint64_t time;
    int32_t crash;
};

static const struct talon_option blocks_options[] = {
    { .name = "time", TALON_DURATION_AT(struct blocks, time), .help = "How long." },
    { .name = "crash", TALON_BOOL_AT(struct blocks, crash), .help = "Dies." },
    { .name = NULL },
};

static void blocks(struct talon_run *run)
{
    const struct blocks *conf = run->conf;

    if (conf->crash)
        raise(SIGSEGV);
    run->host->progress(run, "blocking");
    trial_sleep(conf->time);
    talon_done(run, TALON_OK, "trial.ok", "process %d", (int)getpid());
}

#define OPERATION(NAME) .kind = TALON_CHECK, .name = #NAME, .summary = "Trial."

static const struct talon_operation operations[] = {
    { OPERATION(say), .options = say_options, .conf_size = sizeof(struct say), .start = say },
    { OPERATION(numbers), .start = numbers },
    { OPERATION(idle), .start = idle },
    { OPERATION(twice), .run_size = 64, .start = twice },
    { OPERATION(defers), .start = defers },
    { OPERATION(crash), .start = crash },
    { OPERATION(threads), .start = threads },
    { OPERATION(slow), .start = slow },
    { OPERATION(allocates), .options = count_options, .conf_size = sizeof(struct count), .start = allocates },
    { OPERATION(hoards), .start = hoards },
    { OPERATION(logs), .options = count_options, .conf_size = sizeof(struct count), .start = logs },
    { OPERATION(options), .options = all_options, .conf_size = sizeof(struct options), .validate = validate, .start = tell_options },
    { OPERATION(match), .options = match_options, .conf_size = sizeof(struct match), .start = match },
    { OPERATION(instance), .options = instance_options, .conf_size = sizeof(struct instance_conf), .setup = set_up, .start = nudges_itself },
    { OPERATION(counts), .start = counts },
    { OPERATION(blocks), .flags = TALON_BLOCKING, .options = blocks_options, .conf_size = sizeof(struct blocks), .start = blocks },
    { OPERATION(blocking_counts), .flags = TALON_BLOCKING, .start = counts },
    { OPERATION(timer), .options = trial_timer_options, .conf_size = sizeof(struct trial_timer_conf), .start = trial_timer },
    { OPERATION(watch), .options = trial_watch_options, .conf_size = sizeof(struct trial_watch_conf), .start = trial_watch },
    { OPERATION(many), .options = trial_many_options, .conf_size = sizeof(struct trial_many_conf), .run_size = sizeof(struct trial_many_state), .start = trial_many },
    { OPERATION(connect), .options = trial_connect_options, .conf_size = sizeof(struct trial_connect_conf), .run_size = sizeof(struct trial_connect_state), .start = trial_connect },
    { OPERATION(spawn), .options = trial_spawn_options, .conf_size = sizeof(struct trial_spawn_conf), .run_size = sizeof(struct trial_spawn_state), .start = trial_spawn },
    { OPERATION(share), .options = trial_share_options, .conf_size = sizeof(struct trial_share_conf), .instance_size = sizeof(struct trial_share_state), .setup = trial_share_setup,
      .start = trial_share },
    { OPERATION(http), .options = trial_http_options, .conf_size = sizeof(struct trial_http_conf), .start = trial_http },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD, .name = "trial", .version = "1.0.0", .license = "MIT", .summary = "For tests of the plugin host.", TALON_OPERATIONS(operations),
};
