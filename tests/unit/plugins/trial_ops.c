/* Operations of the trial plugin that wait for something: each tells what its callbacks were told. */
#include "trial.h"

#include <unistd.h>

/* ---- timer */

const struct talon_option trial_timer_options[] = {
    { .name = "delay", TALON_DURATION_AT(struct trial_timer_conf, delay), .help = "How long." },
    { .name = "defer", TALON_BOOL_AT(struct trial_timer_conf, defer), .help = "Two of them." },
    { .name = NULL },
};

static void timer_over(struct talon_run *run, void *arg)
{
    talon_done(run, TALON_OK, "trial.ok", "timer %s", (const char *)arg);
}

static void timer_again(struct talon_run *run, void *arg)
{
    (void)arg;
    run->host->timer(run, 0, timer_over, (void *)(uintptr_t)"two");
}

static void never(struct talon_run *run, void *arg)
{
    (void)arg;
    talon_done(run, TALON_FAIL, "trial.stopped", "a stopped timer was called");
}

void trial_timer(struct talon_run *run)
{
    const struct trial_timer_conf *conf = run->conf;
    const talon_op stopped = run->host->timer(run, 0, never, NULL);

    run->host->stop(run, stopped);
    run->host->stop(run, stopped);
    run->host->stop(run, 0);
    run->host->stop(run, UINT64_MAX);
    run->host->timer(run, conf->delay, conf->defer ? timer_again : timer_over, (void *)(uintptr_t)"one");
}

/* ---- watch */

const struct talon_option trial_watch_options[] = {
    { .name = "listen", TALON_BOOL_AT(struct trial_watch_conf, listen), .help = "Ends when it is told that it is late." },
    { .name = "ready", TALON_BOOL_AT(struct trial_watch_conf, ready), .help = "There is something to read." },
    { .name = "bad", TALON_BOOL_AT(struct trial_watch_conf, bad), .help = "A descriptor that is none." },
    { .name = NULL },
};

static void close_fd(void *arg)
{
    close((int)(intptr_t)arg);
}

static void watched(struct talon_run *run, void *arg, int fd, uint32_t events)
{
    const struct trial_watch_conf *conf = run->conf;

    (void)arg, (void)fd;
    if (conf->listen || !(events & TALON_LATE))
        talon_done(run, events & TALON_LATE ? TALON_FAIL : TALON_OK, events & TALON_LATE ? "trial.late" : "trial.ok", "%s%s", events & TALON_READ ? "read" : "",
                   events & TALON_LATE ? "late" : "");
}

void trial_watch(struct talon_run *run)
{
    const struct trial_watch_conf *conf = run->conf;
    int ends[2];

    if (pipe(ends) != 0)
        return;
    run->host->defer(run, close_fd, (void *)(intptr_t)ends[0]);
    run->host->defer(run, close_fd, (void *)(intptr_t)ends[1]);
    if (conf->ready && write(ends[1], "x", 1) != 1)
        return;
    run->host->watch(run, conf->bad ? 9999 : ends[0], TALON_READ, watched, NULL);
}

/* ---- many: more operations than an owner, or the host, may have */

const struct talon_option trial_many_options[] = {
    { .name = "kind", TALON_STRING_AT(struct trial_many_conf, kind), .fallback = "timer", .help = "Of what: timer, connect, spawn." },
    { .name = "count", TALON_INT_AT(struct trial_many_conf, count), .help = "How many." },
    { .name = NULL },
};

static void count_one(struct talon_run *run, const struct talon_error *error)
{
    const struct trial_many_conf *conf = run->conf;
    struct trial_many_state *state = run->state;

    state->local += error->code == TALON_E_LOCAL;
    state->other += error->code != TALON_E_LOCAL;
    if (state->local == 1 && error->code == TALON_E_LOCAL)
        run->host->detail(run, "why", error->text);
    if (++state->told == (int)conf->count)
        talon_done(run, TALON_OK, "trial.ok", "%d of %d", state->local, state->told);
}

static void many_linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    (void)arg;
    count_one(run, &link->error);
}

static void many_exited(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    (void)arg;
    count_one(run, &ended->error);
}

void trial_many(struct talon_run *run)
{
    static const char *const command[] = { "true", NULL };
    const struct trial_many_conf *conf = run->conf;

    for (int64_t i = 0; i < conf->count; i++) {
        if (strcmp(conf->kind, "connect") == 0)
            run->host->connect(run, TALON_REQUEST(talon_connect, .to = { .host = "127.0.0.1", .port = 1 }), many_linked, NULL);
        else if (strcmp(conf->kind, "spawn") == 0)
            run->host->spawn(run, TALON_REQUEST(talon_command, .argv = command), many_exited, NULL);
        else
            run->host->timer(run, 1000000, timer_over, (void *)(uintptr_t)"many");
    }
}

/* ---- connect */

const struct talon_option trial_connect_options[] = {
    { .name = "address", TALON_ADDRESS_AT(struct trial_connect_conf, address), .help = "Where to." },
    { .name = "send", TALON_STRING_AT(struct trial_connect_conf, send), .help = "What to send." },
    { .name = "max_input", TALON_SIZE_AT(struct trial_connect_conf, max_input), .help = "Bound." },
    { .name = "timeout", TALON_DURATION_AT(struct trial_connect_conf, timeout), .help = "Until it is up." },
    { .name = "flood", TALON_SIZE_AT(struct trial_connect_conf, flood), .help = "How much to send." },
    { .name = "lines", TALON_BOOL_AT(struct trial_connect_conf, lines), .help = "Uses whole lines." },
    { .name = "listen", TALON_BOOL_AT(struct trial_connect_conf, listen), .help = "Wants to hear." },
    { .name = "tls", TALON_BOOL_AT(struct trial_connect_conf, tls), .help = "TLS." },
    { .name = "stop", TALON_BOOL_AT(struct trial_connect_conf, stop), .help = "Stops it when it is up." },
    { .name = "secure", TALON_INT_AT(struct trial_connect_conf, secure), .help = "How often it asks for TLS after the first line." },
    { .name = NULL },
};

/* Asks for TLS when the peer has said its first line, and uses that. */
static size_t secured(struct talon_run *run, const char *bytes, size_t n)
{
    const struct trial_connect_conf *conf = run->conf;
    struct trial_connect_state *state = run->state;
    const char *end = memchr(bytes, '\n', n);

    if (!end)
        return 0;
    state->calls++;
    for (int64_t i = 0; i < conf->secure; i++)
        run->host->secure(run, state->link, NULL);
    return (size_t)(end - bytes) + 1;
}

static size_t used_of(const struct trial_connect_conf *conf, const char *bytes, size_t n)
{
    size_t used = n;

    if (!conf->lines)
        return conf->max_input ? 0 : n;
    while (used > 0 && bytes[used - 1] != '\n')
        used--;
    return used;
}

static size_t link_data(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    const struct trial_connect_conf *conf = run->conf;
    struct trial_connect_state *state = run->state;
    size_t used;

    (void)arg;
    if (conf->secure && state->calls == 0)
        return secured(run, bytes, n);
    used = used_of(conf, bytes, n);
    state->heard += used;
    state->calls++;
    if (last)
        run->host->detail(run, "last", talon_quote(run, bytes, n, 40));
    else if (state->calls <= 3)
        run->host->detail(run, "data", talon_quote(run, bytes, n, 40));
    return used;
}

static void link_stopped(struct talon_run *run, void *arg)
{
    (void)arg;
    talon_done(run, TALON_OK, "trial.ok", "stopped");
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    const struct trial_connect_conf *conf = run->conf;
    struct trial_connect_state *state = run->state;
    char *bytes;

    (void)arg;
    if (link->error.code) {
        run->host->metric(run, "heard", (double)state->heard, "B");
        talon_failed(run, &link->error, "over");
        return;
    }
    run->host->detail(run, "up", link->connect_ns > 0 ? "yes" : "no");
    if (conf->stop) {
        run->host->stop(run, state->link);
        run->host->timer(run, 20000000, link_stopped, NULL);
        return;
    }
    if (conf->send)
        run->host->send(run, state->link, conf->send, strlen(conf->send));
    if (!conf->flood)
        return;
    bytes = run->host->alloc(run, conf->flood);
    memset(bytes, 'f', conf->flood);
    run->host->send(run, state->link, bytes, conf->flood);
}

void trial_connect(struct talon_run *run)
{
    const struct trial_connect_conf *conf = run->conf;
    struct trial_connect_state *state = run->state;
    const struct talon_tls tls = { .size = sizeof tls };

    state->link = run->host->connect(run,
                                     TALON_REQUEST(talon_connect, .to = conf->address, .max_input = (uint32_t)conf->max_input, .timeout_ns = conf->timeout,
                                                   .tls = conf->tls ? &tls : NULL, .data = conf->listen ? link_data : NULL),
                                     linked, NULL);
    run->host->send(run, state->link + 1, "not a link", 10);
}

/* ---- spawn */

const struct talon_option trial_spawn_options[] = {
    { .name = "command", TALON_LIST_AT(struct trial_spawn_conf, command), .help = "What to run." },
    { .name = "env", TALON_LIST_AT(struct trial_spawn_conf, env), .help = "Environment." },
    { .name = "input", TALON_STRING_AT(struct trial_spawn_conf, input), .help = "Input." },
    { .name = "folder", TALON_PATH_AT(struct trial_spawn_conf, folder), .help = "Folder." },
    { .name = "timeout", TALON_DURATION_AT(struct trial_spawn_conf, timeout), .help = "Timeout." },
    { .name = "grace", TALON_DURATION_AT(struct trial_spawn_conf, grace), .help = "Grace." },
    { .name = "max_output", TALON_SIZE_AT(struct trial_spawn_conf, max_output), .help = "Bound." },
    { .name = "lasting", TALON_BOOL_AT(struct trial_spawn_conf, lasting), .help = "What it starts lives on." },
    { .name = "stream", TALON_BOOL_AT(struct trial_spawn_conf, stream), .help = "Streams its output." },
    { .name = "stop", TALON_BOOL_AT(struct trial_spawn_conf, stop), .help = "Stops it at its first output." },
    { .name = "greedy", TALON_BOOL_AT(struct trial_spawn_conf, greedy), .help = "Uses nothing of the stream." },
    { .name = NULL },
};

static size_t child_data(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    const struct trial_spawn_conf *conf = run->conf;
    struct trial_spawn_state *state = run->state;
    size_t used = n;

    (void)arg;
    if (conf->stop) {
        run->host->detail(run, "first", talon_quote(run, bytes, n, 40));
        run->host->stop(run, state->child);
        run->host->timer(run, 1000000, link_stopped, NULL);
        return 0;
    }
    if (conf->greedy)
        return 0;
    while (!last && used > 0 && bytes[used - 1] != '\n')
        used--;
    for (size_t i = 0; i < used; i++)
        state->lines += bytes[i] == '\n';
    return used;
}

static void exited(struct talon_run *run, void *arg, const struct talon_exit *ended)
{
    const struct trial_spawn_state *state = run->state;
    const struct talon_host *host = run->host;

    (void)arg;
    host->metric(run, "code", ended->code, "");
    host->metric(run, "signal", ended->signal, "");
    host->metric(run, "out", (double)ended->out_len, "B");
    host->metric(run, "err", (double)ended->err_len, "B");
    host->metric(run, "out_dropped", (double)ended->out_dropped, "B");
    host->metric(run, "err_dropped", (double)ended->err_dropped, "B");
    host->metric(run, "lines", (double)state->lines, "");
    host->detail(run, "out", talon_quote(run, ended->out, strlen(ended->out), 200));
    host->detail(run, "end", talon_quote(run, ended->out + (ended->out_len > 40 ? ended->out_len - 40 : 0), ended->out_len < 40 ? ended->out_len : 40, 40));
    host->detail(run, "err", talon_quote(run, ended->err, strlen(ended->err), 200));
    if (ended->error.code)
        talon_failed(run, &ended->error, "child");
    else
        talon_done(run, TALON_OK, "trial.ok", "ended");
}

void trial_spawn(struct talon_run *run)
{
    const struct trial_spawn_conf *conf = run->conf;
    struct trial_spawn_state *state = run->state;

    state->child = run->host->spawn(run,
                                    TALON_REQUEST(talon_command, .argv = conf->command, .env = conf->env, .folder = conf->folder, .input = conf->input,
                                                  .input_len = conf->input ? strlen(conf->input) : 0, .timeout_ns = conf->timeout, .grace_ns = conf->grace,
                                                  .max_output = (uint32_t)conf->max_output, .lasting = (uint32_t)conf->lasting,
                                                  .data = conf->stream || conf->stop || conf->greedy ? child_data : NULL),
                                    exited, NULL);
}

/* ---- share: the first member makes it; runs wait until it wakes them */

const struct talon_option trial_share_options[] = {
    { .name = "key", TALON_STRING_AT(struct trial_share_conf, key), .fallback = "k", .help = "Which one." },
    { .name = "delay", TALON_DURATION_AT(struct trial_share_conf, delay), .help = "Until it wakes; 0: never." },
    { .name = "nudge", TALON_BOOL_AT(struct trial_share_conf, nudge), .help = "Nudges its members." },
    { .name = NULL },
};

struct shared {
    int made, woken;
};

static void wakes(struct talon_run *shared, void *arg)
{
    struct shared *state = shared->state;

    (void)arg;
    state->woken++;
    shared->host->wake(shared);
    if (((const struct trial_share_conf *)shared->conf)->nudge)
        shared->host->nudge(shared);
}

static void shared_over(void *arg)
{
    (void)arg;
    fprintf(stderr, "shared over\n");
}

static void make_shared(struct talon_run *shared)
{
    struct shared *state = shared->state;

    state->made++;
    fprintf(stderr, "shared made\n");
    shared->host->defer(shared, shared_over, NULL);
}

void trial_share_setup(struct talon_run *instance)
{
    const struct trial_share_conf *conf = instance->conf;
    struct trial_share_state *state = instance->state;

    state->shared = instance->host->share(instance, conf->key, sizeof(struct shared), make_shared);
    if (instance->host->share(instance, conf->key, sizeof(struct shared), make_shared) != state->shared)
        talon_done(instance, TALON_UNKNOWN, "trial.two", "one key gave two shared objects");
}

static void woken(struct talon_run *run, void *arg, uint32_t late)
{
    const struct trial_share_state *state = run->self;
    const struct shared *shared = state->shared->state;

    (void)arg;
    if (late)
        talon_done(run, TALON_UNKNOWN, "trial.late", "late");
    else
        talon_done(run, TALON_OK, "trial.ok", "made %d, woken %s%s", shared->made, shared->woken > 0 ? "yes" : "no",
                   state->shared->flags & TALON_ONCE ? ", once" : "");
}

void trial_share(struct talon_run *run)
{
    const struct trial_share_conf *conf = run->conf;
    const struct trial_share_state *state = run->self;

    run->host->wait(run, state->shared, woken, NULL);
    if (conf->delay)
        run->host->timer(state->shared, conf->delay, wakes, NULL);
}

/* ---- http: the module's work; here only that it is reached */

const struct talon_option trial_http_options[] = {
    { .name = "url", TALON_STRING_AT(struct trial_http_conf, url), .help = "What to fetch." },
    { .name = NULL },
};

static void fetched(struct talon_run *run, void *arg, const struct talon_response *response)
{
    (void)arg;
    if (response->error.code)
        talon_failed(run, &response->error, "no answer");
    else
        talon_done(run, TALON_OK, "trial.ok", "%u: %s", response->status, (const char *)response->body);
}

void trial_http(struct talon_run *run)
{
    run->host->http(run, TALON_REQUEST(talon_http, .url = ((const struct trial_http_conf *)run->conf)->url, .max_body = 1000), fetched, NULL);
}
