/* The table of services that the fake host hands to a plugin: each operation is noted, given its script, and answered
 * when virtual time comes to it. */
#include "fake_private.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

/* ---- what a run says ---- */

/* The fake of an owner that still lives, or NULL: after its end a service does nothing. */
static struct fake *alive(struct talon_run *run)
{
    struct fake_owner *owner = fake_owner_of(run);

    return owner->over ? NULL : owner->fake;
}

static int is_token(const char *text)
{
    if (!text || !*text || strlen(text) > 63)
        return 0;
    for (; *text; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) && !strchr("._-", *text))
            return 0;
    return 1;
}

static void complete(struct talon_run *run, enum talon_status status, const char *reason, const char *summary)
{
    struct fake_owner *owner = fake_owner_of(run);
    struct fake *fake = owner->fake;

    if (!is_token(reason))
        fake_breach(fake, "the reason \"%s\" is no token", reason ? reason : "(null)");
    if (!summary)
        fake_breach(fake, "the summary is NULL");
    if ((unsigned)status > TALON_STOPPED)
        fake_breach(fake, "status %d does not exist", (int)status);
    if (run->owner == TALON_RUN && owner->over) {
        fake_breach(fake, "completed twice: %s", summary ? summary : "");
    } else if (run->owner == TALON_RUN) {
        fake_end_run(fake, FAKE_DONE, status, reason ? reason : "", summary ? summary : "");
    } else if (run->owner == TALON_INSTANCE) {
        fake->setup_refused = 1;
        fake->result.reason = fake_pool_text(&fake->said, reason);
        fake->result.summary = fake_pool_text(&fake->said, summary);
    } else {
        fake_breach(fake, "a shared was completed");
    }
}

static void check_metric(struct fake *fake, const char *name, const char *unit)
{
    const struct talon_metric *declared = fake->operation->metrics;
    int any = 0;

    for (const char *c = name; *c; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            fake_breach(fake, "metric \"%s\" has a name that no expression can name", name);
    for (; declared && declared->name; declared++) {
        if (strcmp(declared->name, name) == 0) {
            if (strcmp(declared->unit, unit) != 0)
                fake_breach(fake, "metric %s is declared in \"%s\" and reported in \"%s\"", name, declared->unit, unit);
            return;
        }
        any |= strcmp(declared->name, "*") == 0;
    }
    if (!any)
        fake_breach(fake, "metric %s is not declared", name);
}

static void metric(struct talon_run *run, const char *name, double value, const char *unit)
{
    struct fake *fake = alive(run);
    unsigned at = 0;

    if (!fake)
        return;
    check_metric(fake, name, unit);
    if (!isfinite(value))
        fake_breach(fake, "metric %s is not finite", name);
    while (at < fake->result.metrics && strcmp(fake->metrics[at].name, name) != 0)
        at++;
    if (at == FAKE_METRICS) {
        fake->result.cut++;
        return;
    }
    fake->metrics[at].name = fake_pool_text(&fake->said, name);
    fake->metrics[at].unit = fake_pool_text(&fake->said, unit);
    fake->metrics[at].value = value;
    if (at == fake->result.metrics)
        fake->result.metrics++;
}

static void detail(struct talon_run *run, const char *name, const char *value)
{
    struct fake *fake = alive(run);
    struct fake_detail *into;

    if (!fake)
        return;
    if (fake->result.details == FAKE_DETAILS) {
        fake->result.cut++;
        return;
    }
    into = &fake->details[fake->result.details++];
    into->name = fake_pool_text(&fake->said, name);
    into->value = fake_pool_text(&fake->said, value);
    if (strlen(value) > FAKE_DETAIL) {
        fake->result.cut++;
        into->value[FAKE_DETAIL] = '\0';
    }
}

static void say(struct talon_run *run, const char *text)
{
    struct fake *fake = alive(run);

    if (!fake)
        return;
    fake_append(&fake->log, &fake->n_log, text, strlen(text));
    fake_append(&fake->log, &fake->n_log, "\n", 1);
}

static void log_line(struct talon_run *run, enum talon_level level, const char *text)
{
    (void)level;
    say(run, text);
}

static void nudge(struct talon_run *run)
{
    if (alive(run))
        alive(run)->nudges++;
}

/* ---- memory and time ---- */

static void *owner_alloc(struct talon_run *run, size_t n)
{
    return fake_pool_alloc(&fake_owner_of(run)->pool, n);
}

static void owner_release(struct talon_run *run, void *bytes)
{
    if (bytes)
        fake_pool_release(&fake_owner_of(run)->pool, bytes);
}

static void defer(struct talon_run *run, void (*call)(void *), void *arg)
{
    struct fake_deferred *deferred = calloc(1, sizeof *deferred);

    if (!deferred)
        fake_misuse("no memory for defer()");
    deferred->call = call;
    deferred->arg = arg;
    deferred->next = fake_owner_of(run)->deferred;
    fake_owner_of(run)->deferred = deferred;
}

static uint64_t now_ns(struct talon_run *run)
{
    return fake_owner_of(run)->fake->now;
}

static int64_t unix_ns(struct talon_run *run)
{
    return fake_owner_of(run)->fake->calendar;
}

/* ---- operations ---- */

static struct fake_op *begin(struct talon_run *run, enum fake_kind kind, void *arg)
{
    struct fake *fake = alive(run);
    struct fake_op *op, **end;

    if (!fake)
        return NULL;
    if (fake_ops_count(fake, fake_owner_of(run)) >= FAKE_OPERATIONS)
        fake_breach(fake, "more than %d operations at once", FAKE_OPERATIONS);
    op = calloc(1, sizeof *op);
    if (!op)
        fake_misuse("no memory for an operation");
    op->id = ++fake->last_id;
    op->kind = kind;
    op->owner = fake_owner_of(run);
    op->arg = arg;
    op->due = UINT64_MAX;
    for (end = &fake->ops; *end; end = &(*end)->next)
        ;
    *end = op;
    return op;
}

static void note(struct fake *fake, enum fake_kind kind, const void *request, uint32_t size, size_t expected)
{
    struct fake_record *record = fake_pool_alloc(&fake->said, sizeof *record), **end;

    if (size != expected)
        fake_breach(fake, "a request says that it has %u bytes: it has %zu (use TALON_REQUEST)", size, expected);
    record->kind = kind;
    record->request = request;
    for (end = &fake->records; *end; end = &(*end)->next)
        ;
    *end = record;
}

static void stop(struct talon_run *run, talon_op id)
{
    struct fake_op *op = alive(run) ? alive(run)->ops : NULL;

    for (; op; op = op->next)
        if (op->id == id && op->owner == fake_owner_of(run))
            op->over = 1;
}

static talon_op timer(struct talon_run *run, uint64_t delay_ns, talon_timer_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_TIMER, arg);

    if (!op)
        return 0;
    op->timer = call;
    op->due = delay_ns < UINT64_MAX - alive(run)->now ? alive(run)->now + delay_ns : UINT64_MAX;
    return op->id;
}

static talon_op watch(struct talon_run *run, int fd, uint32_t events, talon_watch_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_WATCH, arg);

    if (!op)
        return 0;
    op->watch = call;
    op->fd = fd;
    op->events = events;
    return op->id;
}

static talon_op connect_to(struct talon_run *run, const struct talon_connect *to, talon_link_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_CONNECT, arg);
    struct fake *fake = alive(run);

    if (!op)
        return 0;
    note(fake, FAKE_CONNECT, fake_copy_connect(&fake->said, to), to->size, sizeof *to);
    op->link = call;
    op->data = to->data;
    op->max_input = to->max_input ? to->max_input : 65536;
    fake_steps_take(fake, op);
    return op->id;
}

static void send_bytes(struct talon_run *run, talon_op link, const void *bytes, size_t n)
{
    struct fake *fake = alive(run);
    struct fake_op *op;

    if (!fake)
        return;
    for (op = fake->ops; op && op->id != link; op = op->next)
        ;
    if (!op || op->over)
        return;
    if (!op->up)
        fake_breach(fake, "send() on a connection that is not up");
    if (op->securing)
        fake_breach(fake, "send() before the outcome of secure() has come");
    fake_append(&op->sent, &op->n_sent, bytes, n);
    fake_append(&fake->sent, &fake->n_sent, bytes, n);
    if (op->steps && op->steps->kind == FAKE_HEARS)
        fake_step_due(op, fake->now);
}

static void secure(struct talon_run *run, talon_op link, const struct talon_tls *tls)
{
    static const struct talon_tls plain = { .size = sizeof plain };
    struct fake *fake = alive(run);
    struct fake_op *op = fake ? fake->ops : NULL;

    while (op && op->id != link)
        op = op->next;
    if (!op || op->over)
        return;
    if (!op->up || op->securing)
        fake_breach(fake, "secure() on a connection that is not up");
    op->securing = 1;
    fake->secured = fake_copy_tls(&fake->said, tls ? tls : &plain);
    fake_step_due(op, fake->now);
}

static talon_op http(struct talon_run *run, const struct talon_http *request, talon_http_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_HTTP, arg);
    struct fake *fake = alive(run);

    if (!op)
        return 0;
    if (!request->url)
        fake_breach(fake, "a request without url");
    note(fake, FAKE_HTTP, fake_copy_http(&fake->said, request), request->size, sizeof *request);
    op->http = call;
    op->data = request->data;
    op->max_input = request->max_body ? request->max_body : 1u << 20;
    fake_steps_take(fake, op);
    return op->id;
}

static talon_op spawn(struct talon_run *run, const struct talon_command *command, talon_exit_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_SPAWN, arg);
    struct fake *fake = alive(run);

    if (!op)
        return 0;
    if (!command->argv || !command->argv[0])
        fake_breach(fake, "a command without its program");
    note(fake, FAKE_SPAWN, fake_copy_command(&fake->said, command), command->size, sizeof *command);
    op->child = call;
    op->data = command->data;
    op->max_input = command->max_output ? command->max_output : 65536;
    fake_steps_take(fake, op);
    return op->id;
}

/* ---- sharing ---- */

static struct talon_run *share(struct talon_run *run, const char *key, size_t state_size,
                               void (*setup)(struct talon_run *))
{
    struct fake *fake = fake_owner_of(run)->fake;
    struct fake_owner *owner;

    for (owner = fake->shared; owner; owner = owner->next_shared)
        if (strcmp(owner->key, key) == 0)
            return &owner->run;
    owner = fake_owner_new(fake, TALON_SHARED, state_size);
    owner->run.self = owner->run.state;
    owner->key = fake_pool_text(&owner->pool, key);
    owner->next_shared = fake->shared;
    fake->shared = owner;
    if (setup)
        setup(&owner->run);
    return &owner->run;
}

static talon_op wait_on(struct talon_run *run, struct talon_run *on, talon_wait_fn *call, void *arg)
{
    struct fake_op *op = begin(run, FAKE_WAIT, arg);

    if (!op)
        return 0;
    op->wait = call;
    op->on = on;
    return op->id;
}

static void wake(struct talon_run *on)
{
    struct fake *fake = alive(on);
    struct fake_op *op = fake ? fake->ops : NULL;

    for (; op; op = op->next)
        if (op->kind == FAKE_WAIT && op->on == on)
            op->due = fake->now;
}

static void save(struct talon_run *instance, const void *bytes, size_t n)
{
    struct fake *fake = fake_owner_of(instance)->fake;

    if (n > FAKE_SAVED) {
        fake_breach(fake, "save() of %zu bytes", n);
        return;
    }
    memcpy(fake->saved, bytes, n);
    fake->n_saved = n;
}

void fake_saved(struct fake *fake, const void *bytes, size_t n)
{
    if (n > FAKE_SAVED) {
        fake_breach(fake, "fake_saved() of %zu bytes", n);
        return;
    }
    memcpy(fake->saved, bytes, n);
    fake->n_saved = n;
}

static size_t recall(struct talon_run *instance, void *bytes, size_t n)
{
    struct fake *fake = fake_owner_of(instance)->fake;

    memcpy(bytes, fake->saved, n < fake->n_saved ? n : fake->n_saved);
    return fake->n_saved;
}

void fake_ops_fill(struct talon_host *host)
{
    *host = (struct talon_host){
        .size = sizeof *host,
        .abi_major = TALON_ABI_MAJOR,
        .abi_minor = TALON_ABI_MINOR,
        .complete = complete,
        .metric = metric,
        .detail = detail,
        .progress = say,
        .log = log_line,
        .nudge = nudge,
        .alloc = owner_alloc,
        .release = owner_release,
        .defer = defer,
        .now_ns = now_ns,
        .unix_ns = unix_ns,
        .stop = stop,
        .timer = timer,
        .watch = watch,
        .connect = connect_to,
        .send = send_bytes,
        .http = http,
        .spawn = spawn,
        .share = share,
        .wait = wait_on,
        .wake = wake,
        .save = save,
        .recall = recall,
        .match = fake_match,
        .secure = secure,
    };
}
