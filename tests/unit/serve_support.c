/* What the tests of core/serve share: see serve_support.h. */
#include "serve_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the engine that serve sees */

const struct model *engine_model(const struct engine *engine)
{
    return engine->model;
}

const struct engine_check *engine_check(const struct engine *engine, size_t check)
{
    return &engine->checks[check];
}

const struct engine_service *engine_service(const struct engine *engine, size_t service)
{
    return &engine->services[service];
}

const struct engine_overall *engine_overall(const struct engine *engine)
{
    return &engine->overall;
}

const struct engine_incident *engine_incidents(const struct engine *engine, size_t *room)
{
    *room = engine->n_incidents;
    return engine->incidents;
}

const struct engine_silence *engine_silences(const struct engine *engine, size_t *n)
{
    *n = engine->n_silences;
    return engine->silences;
}

uint64_t engine_paused_until(const struct engine *engine)
{
    return engine->paused_until;
}

const char *engine_entry_name(enum engine_entry_kind kind)
{
    return kind == ENTRY_OPENED ? "opened" : kind == ENTRY_JOINED ? "joined" : "other";
}

const char *engine_ending_name(enum engine_ending ending)
{
    return ending == INCIDENT_OPEN ? "open" : "recovered";
}

bool engine_failed_probe(const struct engine *engine, size_t check)
{
    return engine->failed_probes[check];
}

void engine_why(const struct engine *engine, const struct moment *now, size_t service, struct buffer *out)
{
    (void)now;
    buffer_text(out, engine->whys[service]);
}

/* Worst first. */
static const enum engine_verdict order[] = { VERDICT_FAILED,   VERDICT_SUSPECT, VERDICT_UNKNOWN, VERDICT_NONE, VERDICT_RECOVERING,
                                             VERDICT_STARTING, VERDICT_STOPPED, VERDICT_WARN,    VERDICT_OK };

static size_t place(enum engine_verdict verdict)
{
    size_t i = 0;

    while (order[i] != verdict)
        i++;
    return i;
}

bool engine_worse(enum engine_verdict a, enum engine_verdict b)
{
    return place(a) < place(b);
}

const char *engine_verdict_name(enum engine_verdict verdict)
{
    static const char *const names[] = { "starting", "ok", "warn", "stopped", "starting", "recovering", "unknown", "suspect", "failed" };

    return names[verdict];
}

const char *engine_state_name(enum engine_state state)
{
    static const char *const names[] = { "Starting", "Healthy", "Degraded", "Failed", "Investigating", "Critical", "SOS" };

    return names[state];
}

/* ---- models */

static char *made(const char *format, size_t i, const char *tail)
{
    char text[64];

    snprintf(text, sizeof text, format, i, tail);
    return strdup(text);
}

struct model_service *support_service(struct engine *engine, size_t service)
{
    return (struct model_service *)(uintptr_t)&engine->model->services[service];
}

struct model_check *support_check(struct engine *engine, size_t check)
{
    return (struct model_check *)(uintptr_t)&engine->model->checks[check];
}

static void fill_service(struct model_service *service, size_t i, size_t each)
{
    *service = (struct model_service){ .name = made("s%zu%s", i, ""), .title = "a service", .enabled = true, .first_check = i * each, .n_checks = each };
}

static void fill_check(struct model_check *check, size_t i, size_t each, const char *service)
{
    char name[80];
    size_t n = i % each;

    snprintf(name, sizeof name, n > 0 ? "%s.c%zu" : "%s.c", service, n);
    *check = (struct model_check){
        .name = n > 0 ? made("c%zu%s", n, "") : strdup("c"),
        .full_name = strdup(name),
        .service = i / each,
        .every = 15 * (uint64_t)NS_PER_S,
        .timeout = 2500 * (uint64_t)NS_PER_MS,
        .confirm_every = NS_PER_S,
        .fail_after = 3,
        .recover_after = 2,
        .unknown_after = 3,
        .path = MODEL_NONE,
        .enabled = true,
    };
}

struct engine *support_engine(size_t services, size_t each)
{
    static const struct model_operation operation = { .name = "redis" };
    static const struct model_path path = { .name = "lima", .concurrent = 8 };
    struct engine *engine = calloc(1, sizeof *engine);
    struct model *model = calloc(1, sizeof *model);
    struct model_service *all = calloc(services, sizeof *all);
    struct model_check *checks = calloc(services * each, sizeof *checks);
    size_t n = services * each;

    atomic_init(&model->users, 1);
    *model = (struct model){ .users = 1, .file = "/etc/talon/talon.yaml", .n_operations = 1, .operations = &operation, .n_paths = 1, .paths = &path,
                             .n_services = services, .services = all, .n_checks = n, .checks = checks };
    engine->model = model;
    engine->services = calloc(services, sizeof *engine->services);
    engine->checks = calloc(n, sizeof *engine->checks);
    engine->failed_probes = calloc(n, sizeof *engine->failed_probes);
    engine->whys = calloc(services, sizeof *engine->whys);
    for (size_t i = 0; i < services; i++) {
        fill_service(&all[i], i, each);
        engine->whys[i] = "all checks are ok";
        engine->services[i] = (struct engine_service){ .verdict = VERDICT_OK, .decided_by = MODEL_NONE, .caused_by = MODEL_NONE, .waiting_for = MODEL_NONE,
                                                       .since = SUPPORT_NOW - 3600 * (int64_t)NS_PER_S };
    }
    for (size_t i = 0; i < n; i++) {
        fill_check(&checks[i], i, each, all[i / each].name);
        engine->checks[i] = (struct engine_check){ .verdict = VERDICT_OK, .good = 12, .since = SUPPORT_NOW - 3600 * (int64_t)NS_PER_S, .runs = 12,
                                                   .last_begun = SUPPORT_NOW - 4 * (int64_t)NS_PER_S, .last_ended = SUPPORT_NOW - 3 * (int64_t)NS_PER_S,
                                                   .next = SUPPORT_NOW + 11 * (int64_t)NS_PER_S };
        support_result(engine, i, STATUS_OK, "ok", "PONG in 0.2 ms");
    }
    engine->overall = (struct engine_overall){ .state = STATE_HEALTHY, .ok = true, .round_complete = true, .probe_count = (unsigned)n, .rounds = 12 };
    return engine;
}

void support_free(struct engine *engine)
{
    for (size_t i = 0; i < engine->model->n_checks; i++) {
        result_drop(engine->checks[i].last);
        free((char *)(uintptr_t)engine->model->checks[i].name);
        free((char *)(uintptr_t)engine->model->checks[i].full_name);
    }
    for (size_t i = 0; i < engine->model->n_services; i++)
        free((char *)(uintptr_t)engine->model->services[i].name);
    free((void *)(uintptr_t)engine->model->services);
    free((void *)(uintptr_t)engine->model->checks);
    free((void *)(uintptr_t)engine->model);
    free(engine->services);
    free(engine->checks);
    free(engine->failed_probes);
    free(engine->whys);
    free(engine);
}

void support_result(struct engine *engine, size_t check, enum status status, const char *reason, const char *summary)
{
    static const struct result_metric metrics[] = { { "ping_time", "s", 0.0002 }, { "clients", "", 12. } };

    result_drop(engine->checks[check].last);
    engine->checks[check].last = result_make(status, reason, summary, 1500 * (uint64_t)NS_PER_MS / 1000, metrics, 2, NULL, 0);
}

/* ---- repair */

struct heal_answer heal_would(const struct heal *heal, const struct engine *engine, const struct moment *now, size_t service, size_t nth, bool by_hand, bool force)
{
    (void)engine, (void)now, (void)service, (void)nth, (void)by_hand, (void)force;
    return heal->answer;
}

void heal_limit_text(const struct heal_answer *answer, const struct moment *now, struct buffer *out)
{
    (void)now;
    buffer_printf(out, "the limit %s says no", heal_limit_name(answer->limit));
}

const struct heal_kept_record *heal_records(const struct heal *heal, size_t *n)
{
    *n = heal->n_records;
    return heal->records;
}

const struct heal_kept_ladder *heal_ladders(const struct heal *heal, size_t *n)
{
    *n = 1;
    return &heal->ladder;
}

void heal_export_rest(const struct heal *heal, const struct moment *now, struct heal_kept *kept)
{
    (void)heal;
    *kept = (struct heal_kept){ .at = *now, .asked = { true }, .asked_at = { { .awake = 1, .wall = now->wall } } };
}

const struct heal_running *heal_running(const struct heal *heal, size_t *n)
{
    *n = heal->n_running;
    return heal->running;
}

bool heal_place(const struct heal *heal, const struct engine *engine, uint64_t incident, struct heal_place *place_of)
{
    (void)engine;
    *place_of = heal->place;
    return incident == heal->incident;
}

struct snapshot *support_snapshot(const struct engine *engine)
{
    return support_snapshot_with(engine, NULL);
}

struct snapshot *support_snapshot_with(const struct engine *engine, const struct heal *heal)
{
    struct moment now = { .awake = 1, .wall = SUPPORT_NOW };
    struct snapshot_extra extra = { .heal = heal, .loaded_at = SUPPORT_NOW - 7200 * (int64_t)NS_PER_S, .started_at = SUPPORT_NOW - 7200 * (int64_t)NS_PER_S };

    return snapshot_make(engine, &now, &extra);
}

/* ---- the shop */

static void name_service(struct engine *engine, size_t service, const char *name, const char *title, enum engine_verdict verdict, const char *why)
{
    struct model_service *model = support_service(engine, service);

    free((char *)(uintptr_t)model->name);
    model->name = strdup(name);
    model->title = title;
    engine->services[service].verdict = verdict;
    engine->whys[service] = why;
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        struct model_check *check = support_check(engine, i);
        char full[160];

        snprintf(full, sizeof full, "%s.%s", name, check->name);
        free((char *)(uintptr_t)check->full_name);
        check->full_name = strdup(full);
    }
}

static void fail(struct engine *engine, size_t check, const char *reason, const char *summary)
{
    engine->checks[check].verdict = VERDICT_FAILED;
    engine->checks[check].bad = 4;
    engine->checks[check].good = 0;
    engine->failed_probes[check] = !engine->model->checks[check].witness;
    support_result(engine, check, STATUS_FAIL, reason, summary);
}

static void fill_shop(struct engine *engine)
{
    static const size_t needed[] = { SHOP_COLIMA };
    static const struct model_need need = { 1, needed };
    static const struct result_metric odd[] = { { "usage", "%", 1e300 }, { "q", "a\"b\\c", -0.1 } };
    static const struct result_detail details[] = { { "body", "<script>alert(1)</script>\nline two" } };

    support_service(engine, SHOP_COLIMA)->critical = true;
    support_service(engine, SHOP_COLIMA)->note = "start it with `colima start`; see \"the VM\" & <its> disk";
    support_service(engine, SHOP_REDIS)->n_needs = support_service(engine, SHOP_WORKER)->n_needs = 1;
    support_service(engine, SHOP_REDIS)->needs = support_service(engine, SHOP_WORKER)->needs = &need;
    support_service(engine, SHOP_OLD)->enabled = false;
    support_check(engine, 2 * SHOP_OLD)->enabled = support_check(engine, 2 * SHOP_OLD + 1)->enabled = false;
    support_check(engine, 2 * SHOP_REDIS + 1)->witness = true;
    support_check(engine, 2 * SHOP_REDIS + 1)->path = 0;
    fail(engine, 2 * SHOP_COLIMA, "connect.refused", "connection to /var/run/colima.sock refused");
    fail(engine, 2 * SHOP_REDIS, "timeout", "no answer within 2.5 s");
    fail(engine, 2 * SHOP_REDIS + 1, "exec.exit", "exit 1: \"nothing\" <on> 6379 & 'co' \\ \x7f");
    engine->checks[2 * SHOP_WORKER].verdict = VERDICT_SUSPECT;
    engine->checks[2 * SHOP_WORKER].bad = 1;
    result_drop(engine->checks[2 * SHOP_WEB].last);
    engine->checks[2 * SHOP_WEB].last = result_make(STATUS_WARN, "http.slow", "<img src=x onerror=alert(1)> took 2.1 s", 2100 * (uint64_t)NS_PER_MS, odd, 2, details, 1);
    engine->checks[2 * SHOP_WEB].verdict = VERDICT_WARN;
    engine->checks[2 * SHOP_WEB + 1].stale = true;
    support_result(engine, 2 * SHOP_MAIL, STATUS_STOPPED, "stopped.by_hand", "stopped by hand");
    engine->checks[2 * SHOP_MAIL].verdict = VERDICT_STOPPED;
    result_drop(engine->checks[2 * SHOP_OLD].last);
    result_drop(engine->checks[2 * SHOP_OLD + 1].last);
    engine->checks[2 * SHOP_OLD] = engine->checks[2 * SHOP_OLD + 1] = (struct engine_check){ .verdict = VERDICT_NONE };
}

struct engine *support_shop(void)
{
    struct engine *engine = support_engine(SHOP_SERVICES, 2);

    name_service(engine, SHOP_COLIMA, "colima", "Colima (the VM)", VERDICT_FAILED, "c failed 4 times for 2 min: connection to /var/run/colima.sock refused");
    name_service(engine, SHOP_REDIS, "redis", "Redis (queue, state, pub/sub)", VERDICT_FAILED, "caused by colima");
    name_service(engine, SHOP_WORKER, "worker", "worker", VERDICT_SUSPECT, "c failed once; waiting for colima");
    name_service(engine, SHOP_WEB, "web", "Web <b>shop</b> & \"more\"", VERDICT_WARN, "c: <img src=x onerror=alert(1)> took 2.1 s");
    name_service(engine, SHOP_MAIL, "mail", "mail", VERDICT_STOPPED, "stopped by hand 3 h ago");
    name_service(engine, SHOP_BACKUP, "backup", "Nightly backup", VERDICT_OK, "all 2 checks are ok");
    name_service(engine, SHOP_OLD, "old", "old", VERDICT_NONE, "disabled");
    fill_shop(engine);
    engine->services[SHOP_COLIMA].root = true;
    engine->services[SHOP_COLIMA].decided_by = 2 * SHOP_COLIMA;
    engine->services[SHOP_COLIMA].since = SUPPORT_NOW - 125 * (int64_t)NS_PER_S;
    engine->services[SHOP_REDIS].caused_by = SHOP_COLIMA;
    engine->services[SHOP_WORKER].waiting_for = SHOP_COLIMA;
    engine->overall = (struct engine_overall){ .state = STATE_FAILED, .round_complete = true, .consecutive_failures = 4, .probe_count = 11, .failed_probe_count = 2,
                                               .witnesses_failed = 1, .stopped = 1, .rounds = 42 };
    return engine;
}

struct snapshot *support_shop_snapshot(const struct engine *engine)
{
    static const struct snapshot_plugin plugins[] = {
        { .name = "shared", .state = "running", .pid = 4711, .plugins = 9, .instances = 11 },
        { .name = "colima", .state = "waiting to restart", .last_end = "SIGSEGV in \"vm\"", .deaths = 3, .plugins = 1, .instances = 2 },
        { .name = "colima", .state = "running", .pid = 4712, .deaths = 1, .plugins = 1, .instances = 2 },
    };
    static const struct snapshot_program programs[] = {
        { .name = "mailer", .state = "running", .pid = 4713, .restarts = 2, .since = SUPPORT_NOW - 60 * (int64_t)NS_PER_S, .wanted = true },
        { .name = "port81", .state = "waiting for its port", .why = "port 81 is taken by <x> (pid 4)", .last_end = "exit code 3", .restarts = 1, .next = SUPPORT_NOW + 5 * (int64_t)NS_PER_S, .wanted = true },
    };
    struct moment now = { .awake = 1, .wall = SUPPORT_NOW };
    struct snapshot_extra extra = {
        .loaded_at = SUPPORT_NOW - 7200 * (int64_t)NS_PER_S,
        .started_at = SUPPORT_NOW - 7260 * (int64_t)NS_PER_S,
        .config_error = "/etc/talon/checks/web.yaml:3:5: unknown key `<tpc>`",
        .self = "the state folder cannot be written: No space left on device",
        .worker_restarts = 3,
        .plugins = plugins,
        .n_plugins = 3,
        .programs = programs,
        .n_programs = 2,
    };

    return snapshot_make(engine, &now, &extra);
}
