/* The life of a fake: owners begin and end here, virtual time passes, and what a run says is kept for the test to read.
 */
#include "fake_private.h"

#include <math.h>
#include <stdlib.h>

void fake_misuse(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    fputs("fake host: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    abort();
}

void fake_breach(struct fake *fake, const char *format, ...)
{
    va_list ap;

    if (fake->broken[0])
        return;
    va_start(ap, format);
    vsnprintf(fake->broken, sizeof fake->broken, format, ap);
    va_end(ap);
}

void fake_append(char **text, size_t *length, const void *bytes, size_t n)
{
    char *grown = realloc(*text, *length + n + 1);

    if (!grown)
        fake_misuse("no memory for %zu bytes", n);
    if (n > 0)
        memcpy(grown + *length, bytes, n);
    *text = grown;
    *length += n;
    grown[*length] = '\0';
}

/* ---- owners ---- */

struct fake_owner *fake_owner_of(struct talon_run *run)
{
    return (struct fake_owner *)(void *)run;
}

struct fake_owner *fake_owner_new(struct fake *fake, enum talon_owner kind, size_t state)
{
    struct fake_owner *owner = calloc(1, sizeof *owner);

    if (!owner)
        fake_misuse("no memory for an owner");
    owner->fake = fake;
    owner->run.host = &fake->host;
    owner->run.conf = fake->conf;
    owner->run.state = fake_pool_alloc(&owner->pool, state);
    owner->run.name = fake->operation->name;
    owner->run.id = ++fake->last_id;
    owner->run.owner = kind;
    return owner;
}

void fake_owner_end(struct fake_owner *owner)
{
    struct fake_deferred *deferred, *next;

    owner->over = 1;
    fake_ops_stop(owner);
    for (deferred = owner->deferred; deferred; deferred = next) {
        next = deferred->next;
        deferred->call(deferred->arg);
        free(deferred);
    }
    fake_pool_free(&owner->pool);
    free(owner);
}

/* ---- new and free ---- */

static const struct talon_operation *find_operation(const struct talon_plugin *plugin, const char *name)
{
    for (uint32_t i = 0; i < plugin->n_operations; i++)
        if (strcmp(plugin->operations[i].name, name) == 0)
            return &plugin->operations[i];
    fake_misuse("plugin %s has no operation \"%s\"", plugin->name, name);
}

struct fake *fake_new(const struct talon_plugin *plugin, const char *operation)
{
    struct fake *fake = calloc(1, sizeof *fake);

    if (!fake)
        fake_misuse("no memory for a fake");
    fake->plugin = plugin;
    fake->operation = find_operation(plugin, operation);
    fake->now = 3600 * FAKE_S; /* some time after the boot */
    fake->calendar = INT64_C(1767225600) * (int64_t)FAKE_S;
    fake->timeout = 10 * FAKE_S;
    fake->result.reason = fake->result.summary = "";
    fake->result.status = TALON_UNKNOWN;
    fake_append(&fake->sent, &fake->n_sent, "", 0);
    fake_append(&fake->log, &fake->n_log, "", 0);
    fake_ops_fill(&fake->host);
    fake_describe(fake);
    return fake;
}

static void free_steps(struct fake_step *step)
{
    while (step) {
        struct fake_step *next = step->next;

        fake_step_free(step);
        step = next;
    }
}

void fake_free(struct fake *fake)
{
    if (fake->run)
        fake_owner_end(fake->run);
    if (fake->instance)
        fake_owner_end(fake->instance);
    fake->run = fake->instance = NULL;
    while (fake->shared) {
        struct fake_owner *next = fake->shared->next_shared;

        fake_owner_end(fake->shared);
        fake->shared = next;
    }
    fake_ops_reap(fake);
    free_steps(fake->links);
    free_steps(fake->answers);
    free_steps(fake->exits);
    fake_conf_free(fake);
    fake_pool_free(&fake->setting_pool);
    fake_pool_free(&fake->said);
    free(fake->sent);
    free(fake->log);
    free(fake);
}

/* ---- ends ---- */

void fake_end_run(struct fake *fake, enum fake_end end, enum talon_status status, const char *reason,
                  const char *summary)
{
    if (!fake->run || fake->run->over)
        return;
    fake->run->over = 1;
    fake->result.end = end;
    fake->result.status = status;
    fake->result.reason = fake_pool_text(&fake->said, reason);
    fake->result.summary = fake_pool_text(&fake->said, summary);
    fake->result.took_ns = fake->now - fake->started;
}

void fake_settle(struct fake *fake)
{
    if (fake->run && !fake->run->over && fake_ops_count(fake, fake->run) == 0) {
        if (fake->told_late && fake->answered_late)
            fake_end_run(fake, FAKE_DEADLINE, TALON_FAIL, "timeout", "the peer was silent");
        else
            fake_end_run(fake, FAKE_IDLE, TALON_UNKNOWN, "plugin.idle", "nothing was left to wait for");
    }
    if (fake->run && fake->run->over) {
        fake_owner_end(fake->run);
        fake->run = NULL;
    }
    fake_ops_reap(fake);
}

/* ---- runs and time ---- */

void fake_timeout(struct fake *fake, uint64_t ns)
{
    fake->timeout = ns;
}

void fake_calendar(struct fake *fake, int64_t unix_seconds)
{
    fake->calendar = unix_seconds * (int64_t)FAKE_S;
}

void fake_flags(struct fake *fake, uint32_t flags)
{
    fake->flags = flags;
}

int fake_setup(struct fake *fake)
{
    const char *problem = fake_problem(fake);

    if (problem)
        fake_misuse("the options are wrong: %s", problem);
    if (!fake->instance) {
        fake->instance = fake_owner_new(fake, TALON_INSTANCE, fake->operation->instance_size);
        fake->instance->run.instance = &fake->instance->run;
        fake->instance->run.self = fake->instance->run.state;
        if (fake->operation->setup)
            fake->operation->setup(&fake->instance->run);
    }
    return !fake->setup_refused;
}

void fake_start(struct fake *fake)
{
    if (fake->run)
        fake_misuse("a run is still on its way");
    if (!fake_setup(fake))
        fake_misuse("the setup was refused: %s", fake->result.summary);
    fake_pool_free(&fake->said);
    memset(&fake->result, 0, sizeof fake->result);
    fake->result.status = TALON_UNKNOWN;
    fake->result.reason = fake->result.summary = "";
    fake->records = NULL;
    fake->secured = NULL;
    fake->n_sent = 0;
    fake->sent[0] = '\0';
    fake->told_late = fake->answered_late = 0;
    fake->started = fake->now;
    fake->run = fake_owner_new(fake, TALON_RUN, fake->operation->run_size);
    fake->run->run.self = fake->instance->run.state;
    fake->run->run.instance = &fake->instance->run;
    fake->run->run.deadline_ns = fake->now + fake->timeout;
    fake->run->run.flags = fake->flags;
    fake->operation->start(&fake->run->run);
    fake_settle(fake);
}

static void pass(struct fake *fake, uint64_t until)
{
    fake->calendar += (int64_t)(until - fake->now);
    fake->now = until;
}

/* When the waiting operations are told that the deadline is near. */
static uint64_t late_at(const struct fake *fake)
{
    uint64_t early = fake->timeout / 20 < 100 * FAKE_MS ? fake->timeout / 20 : 100 * FAKE_MS;

    return fake->run->run.deadline_ns - early;
}

/* The next moment at which something happens, not after `until`; 0: nothing does. */
static int step(struct fake *fake, uint64_t until)
{
    uint64_t next = fake_op_next(fake), deadline = UINT64_MAX;

    if (fake->run)
        deadline = fake->told_late ? fake->run->run.deadline_ns : late_at(fake);
    if (next > until && deadline > until)
        return 0;
    if (next <= deadline) { /* results before timers of the same instant */
        pass(fake, next > fake->now ? next : fake->now);
        fake_op_fire(fake);
    } else if (!fake->told_late) {
        pass(fake, deadline > fake->now ? deadline : fake->now);
        fake->told_late = 1;
        fake_ops_late(fake);
    } else {
        pass(fake, deadline > fake->now ? deadline : fake->now);
        fake_end_run(fake, FAKE_DEADLINE, fake_ops_peer_silent(fake) ? TALON_FAIL : TALON_UNKNOWN, "timeout",
                     "did not end by its deadline");
    }
    fake_settle(fake);
    return 1;
}

void fake_advance(struct fake *fake, uint64_t ns)
{
    uint64_t until = fake->now + ns;

    while (step(fake, until))
        ;
    pass(fake, until);
}

void fake_run(struct fake *fake)
{
    if (!fake->run)
        fake_start(fake);
    while (fake->run)
        step(fake, fake->run->run.deadline_ns);
}

void fake_cancel(struct fake *fake)
{
    fake_end_run(fake, FAKE_CANCELLED, TALON_UNKNOWN, "cancelled", "");
    fake_settle(fake);
}

/* ---- what the test reads ---- */

const struct fake_result *fake_result(const struct fake *fake)
{
    return &fake->result;
}

double fake_metric(const struct fake *fake, const char *name)
{
    for (unsigned i = 0; i < fake->result.metrics; i++)
        if (strcmp(fake->metrics[i].name, name) == 0)
            return fake->metrics[i].value;
    return NAN;
}

const char *fake_unit(const struct fake *fake, const char *metric)
{
    for (unsigned i = 0; i < fake->result.metrics; i++)
        if (strcmp(fake->metrics[i].name, metric) == 0)
            return fake->metrics[i].unit;
    return NULL;
}

const char *fake_detail(const struct fake *fake, const char *name)
{
    for (unsigned i = 0; i < fake->result.details; i++)
        if (strcmp(fake->details[i].name, name) == 0)
            return fake->details[i].value;
    return NULL;
}

const char *fake_log(const struct fake *fake)
{
    return fake->log;
}

unsigned fake_nudges(const struct fake *fake)
{
    return fake->nudges;
}

unsigned fake_pending(const struct fake *fake)
{
    return fake->run ? fake_ops_count(fake, fake->run) : 0;
}

const char *fake_broken(const struct fake *fake)
{
    return fake->broken[0] ? fake->broken : NULL;
}

static const void *record(const struct fake *fake, enum fake_kind kind, size_t n)
{
    const struct fake_record *at;

    for (at = fake->records; at; at = at->next)
        if (at->kind == kind && n-- == 0)
            return at->request;
    return NULL;
}

const struct talon_http *fake_asked(const struct fake *fake, size_t n)
{
    return record(fake, FAKE_HTTP, n);
}

const struct talon_connect *fake_connected(const struct fake *fake, size_t n)
{
    return record(fake, FAKE_CONNECT, n);
}

const struct talon_tls *fake_secured(const struct fake *fake)
{
    return fake->secured;
}

const struct talon_command *fake_spawned(const struct fake *fake, size_t n)
{
    return record(fake, FAKE_SPAWN, n);
}

const char *fake_sent(const struct fake *fake, size_t *n)
{
    if (n)
        *n = fake->n_sent;
    return fake->sent;
}

const char *fake_asked_header(const struct fake *fake, size_t n, const char *name)
{
    const struct talon_http *http = fake_asked(fake, n);
    size_t length = strlen(name);

    for (size_t i = 0; http && http->headers && http->headers[i]; i++)
        if (strncmp(http->headers[i], name, length) == 0 && strncmp(http->headers[i] + length, ": ", 2) == 0)
            return http->headers[i] + length + 2;
    return NULL;
}
