/*
 * The check type `redis`: PING, and what INFO says. hiredis' reader takes the replies apart; the connection is the
 * host's. The peer may be anything, so of the reply types only those that these commands can have are let through to
 * the reader, and no reply grows beyond REPLY bytes.
 *
 * One function for each step: connected, AUTH, PING, INFO. A step sends its command and names the next one.
 */
#include "info.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <talon/plugin.h>

enum { REPLY = 262144, WORDS = 200 };

struct conf {
    struct talon_address address;
    const char *password;
    const struct talon_pair *expect;
};

struct state;
typedef void reply_fn(struct talon_run *, const redisReply *);

struct state {
    talon_op link;
    int up, loading;
    redisReader *reader;
    size_t fed;          /* bytes of the reply that is on its way */
    const char *command; /* what was asked */
    reply_fn *on_reply;  /* who takes its answer */
    uint64_t asked_ns;   /* when, by now_ns() */
    uint64_t ping_ns;    /* how long PING took */
};

static const struct talon_option options[] = {
    { .name = "address",
      TALON_ADDRESS_AT(struct conf, address),
      .flags = TALON_REQUIRED,
      .help = "Where it listens: HOST:PORT or unix:PATH." },
    { .name = "password",
      TALON_STRING_AT(struct conf, password),
      .flags = TALON_SECRET,
      .help = "Password of its default user." },
    { .name = "expect",
      TALON_MAP_AT(struct conf, expect),
      .help = "Fields of INFO and what they must be: a value (`ok`) or a comparison (`< 100`, `>= 1`, `!= slave`)." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "connect_time", .unit = "s", .help = "From the start until the connection stood." },
    { .name = "ping_time", .unit = "s", .help = "From PING to its answer." },
    { .name = "used_memory", .unit = "B", .help = "Memory that it has allocated." },
    { .name = "maxmemory", .unit = "B", .help = "Memory that it may use; 0: no bound." },
    { .name = "connected_clients", .unit = "", .help = "Clients that are connected." },
    { .name = "uptime", .unit = "s", .help = "Since it was started." },
    { .name = "loaded_percent", .unit = "%", .help = "While it loads its data: how much of it is loaded." },
    { .name = "*", .unit = "", .help = "Each field of `expect` that is a number." },
    { .name = NULL },
};

static int is_field(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";

    return *name && strlen(name) < 64 && name[strspn(name, letters)] == '\0';
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    const struct talon_pair *pair;

    problem->option = "expect";
    for (pair = conf->expect; pair && pair->name; pair++) {
        if (!is_field(pair->name)) {
            snprintf(problem->text, sizeof problem->text, "\"%.60s\" is no field of INFO", pair->name);
            return 1;
        }
        if (!redis_is_expectation(pair->value)) {
            snprintf(problem->text, sizeof problem->text,
                     "%s: \"%.60s\" needs a number behind its comparison: write `< 100`", pair->name, pair->value);
            return 1;
        }
    }
    return 0;
}

static const char *where(struct talon_run *run)
{
    const struct talon_address *to = &((const struct conf *)run->conf)->address;

    if (to->unix_path)
        return talon_text(run, "unix:%s", to->unix_path);
    return talon_text(run, strchr(to->host, ':') ? "[%s]:%u" : "%s:%u", to->host, to->port);
}

/* ---- replies ---- */

static int is_error(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ERROR;
}

static int starts(const redisReply *reply, const char *word)
{
    const size_t n = strlen(word);

    return reply->len >= n && memcmp(reply->str, word, n) == 0;
}

/* Our credentials or our rights, not its health. */
static int is_refusal(const redisReply *reply)
{
    return starts(reply, "NOAUTH") || starts(reply, "WRONGPASS") || starts(reply, "NOPERM") ||
           starts(reply, "DENIED") || starts(reply, "ERR operation not permitted");
}

static const char *words(struct talon_run *run, const redisReply *reply)
{
    return talon_quote(run, reply->str, reply->len, WORDS);
}

static void refuse(struct talon_run *run, const redisReply *reply)
{
    const struct state *state = run->state;

    if (is_refusal(reply))
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "%s is refused to us: %s", state->command, words(run, reply));
    else
        talon_done(run, TALON_FAIL, "redis.error", "%s: %s", state->command, words(run, reply));
}

/* ---- steps ---- */

static void ask(struct talon_run *run, const char *command, const char *argument, reply_fn *on_reply)
{
    struct state *state = run->state;
    const char *text;

    if (argument)
        text =
            talon_text(run, "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(command), command, strlen(argument), argument);
    else
        text = talon_text(run, "*1\r\n$%zu\r\n%s\r\n", strlen(command), command);
    state->command = command;
    state->on_reply = on_reply;
    state->asked_ns = run->host->now_ns(run);
    run->host->send(run, state->link, text, strlen(text));
}

/* Reports a field of INFO as a metric, if it is a number. */
static void tell_field(struct talon_run *run, const redisReply *info, const char *field, const char *name,
                       const char *unit)
{
    char value[REDIS_FIELD];
    double number;

    if (redis_info_field(info->str, info->len, field, value) && redis_is_number(value, &number))
        run->host->metric(run, name, number, unit);
}

/* Names that expressions can use: [a-z0-9_], and none of those that are declared with a unit. */
static void tell_expected(struct talon_run *run, const redisReply *info, const char *field)
{
    char name[64];
    size_t n = 0;

    for (const struct talon_metric *m = metrics; m->name; m++)
        if (strcmp(m->name, field) == 0)
            return;
    for (; field[n] && n + 1 < sizeof name; n++)
        name[n] = field[n] >= 'A' && field[n] <= 'Z'   ? (char)(field[n] | 0x20)
                  : field[n] == '.' || field[n] == '-' ? '_'
                                                       : field[n];
    name[n] = '\0';
    tell_field(run, info, field, name, "");
}

static void tell_info(struct talon_run *run, const redisReply *info)
{
    static const char *const shown[] = { "redis_version", "role", NULL };
    const struct conf *conf = run->conf;
    const struct talon_pair *pair;
    char value[REDIS_FIELD];

    tell_field(run, info, "used_memory", "used_memory", "B");
    tell_field(run, info, "maxmemory", "maxmemory", "B");
    tell_field(run, info, "connected_clients", "connected_clients", "");
    tell_field(run, info, "uptime_in_seconds", "uptime", "s");
    for (pair = conf->expect; pair && pair->name; pair++)
        tell_expected(run, info, pair->name);
    for (size_t i = 0; shown[i]; i++)
        if (redis_info_field(info->str, info->len, shown[i], value))
            run->host->detail(run, shown[i], value);
}

/* Ends the run unless each field is what it must be. */
static int judge_info(struct talon_run *run, const redisReply *info)
{
    const struct conf *conf = run->conf;
    const struct talon_pair *pair;
    char value[REDIS_FIELD];

    for (pair = conf->expect; pair && pair->name; pair++) {
        enum redis_verdict verdict;

        if (!redis_info_field(info->str, info->len, pair->name, value)) {
            talon_done(run, TALON_FAIL, "redis.expect", "INFO has no field %s, expected %s", pair->name, pair->value);
            return 1;
        }
        verdict = redis_compare(value, pair->value);
        if (verdict == REDIS_HOLDS)
            continue;
        talon_done(run, TALON_FAIL, "redis.expect", "%s is %s%s, expected %s", pair->name,
                   talon_quote(run, value, strlen(value), WORDS), verdict == REDIS_NO_NUMBER ? ", not a number" : "",
                   pair->value);
        return 1;
    }
    return 0;
}

static void alive(struct talon_run *run)
{
    const struct state *state = run->state;

    talon_done(run, TALON_OK, "redis.ok", "PONG in %s", talon_show_time(run, state->ping_ns));
}

static void informed(struct talon_run *run, const redisReply *reply)
{
    const struct conf *conf = run->conf;

    if (is_error(reply) && !conf->expect) { /* some operators rename or forbid INFO: PING has answered */
        run->host->detail(run, "info", words(run, reply));
        alive(run);
    } else if (is_error(reply) && starts(reply, "ERR unknown command")) {
        talon_done(run, TALON_UNKNOWN, "redis.no_info", "INFO does not exist there: %s", words(run, reply));
    } else if (is_error(reply)) {
        refuse(run, reply);
    } else if (reply->type != REDIS_REPLY_STRING) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answered INFO with something else", where(run));
    } else {
        tell_info(run, reply);
        if (!judge_info(run, reply))
            alive(run);
    }
}

static void still_loading(struct talon_run *run, const char *progress)
{
    talon_done(run, TALON_STARTING, "starting", "it loads its data%s", progress);
}

/* What INFO tells of the loading, as far as it does. */
static void load_informed(struct talon_run *run, const redisReply *reply)
{
    char percent[REDIS_FIELD] = "", eta[REDIS_FIELD] = "";

    if (reply->type == REDIS_REPLY_STRING) {
        redis_info_field(reply->str, reply->len, "loading_loaded_perc", percent);
        redis_info_field(reply->str, reply->len, "loading_eta_seconds", eta);
        tell_field(run, reply, "loading_loaded_perc", "loaded_percent", "%");
    }
    still_loading(run, *percent && *eta ? talon_text(run, ": %s %% loaded, about %s s left",
                                                     talon_quote(run, percent, strlen(percent), 20),
                                                     talon_quote(run, eta, strlen(eta), 20))
                                        : "");
}

/* Redis answers everything but INFO and its like so while it reads its data. */
static int is_loading(struct talon_run *run, const redisReply *reply)
{
    struct state *state = run->state;

    if (!is_error(reply) || !starts(reply, "LOADING"))
        return 0;
    state->loading = 1;
    ask(run, "INFO", "persistence", load_informed);
    return 1;
}

static void pinged(struct talon_run *run, const redisReply *reply)
{
    struct state *state = run->state;

    if (is_loading(run, reply))
        return;
    if (is_error(reply)) {
        refuse(run, reply);
        return;
    }
    if (reply->type != REDIS_REPLY_STATUS || reply->len != 4 || memcmp(reply->str, "PONG", 4) != 0) {
        talon_done(run, TALON_FAIL, "protocol.bad", "%s answered PING with something else than PONG", where(run));
        return;
    }
    state->ping_ns = run->host->now_ns(run) - state->asked_ns;
    run->host->metric(run, "ping_time", (double)state->ping_ns / 1e9, "s");
    ask(run, "INFO", NULL, informed);
}

static void authenticated(struct talon_run *run, const redisReply *reply)
{
    if (is_loading(run, reply))
        return;
    if (is_error(reply) && !starts(reply, "ERR max number of clients"))
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "the password is refused: %s", words(run, reply));
    else if (is_error(reply))
        refuse(run, reply);
    else
        ask(run, "PING", NULL, pinged);
}

/* ---- the connection ---- */

static void free_reader(void *reader)
{
    redisReaderFree(reader);
}

/* A reply that no step can have had, or that is too large, or that is no RESP. Ends the run. */
static void broken_reply(struct talon_run *run, const char *bytes, size_t n)
{
    const struct state *state = run->state;

    if (state->fed > REPLY)
        talon_done(run, TALON_FAIL, "too_big", "the answer to %s is larger than %d KiB", state->command, REPLY / 1024);
    else if (state->reader->err == REDIS_ERR_OOM)
        talon_done(run, TALON_UNKNOWN, "local", "no memory for the answer to %s", state->command);
    else
        talon_done(run, TALON_FAIL, "protocol.bad", "%s does not speak as Redis does, it answered %s with \"%s\"",
                   where(run), state->command, talon_quote(run, bytes, n, 80));
}

/* Status, error, text: nothing else answers AUTH, PING or INFO, and nothing else is given to the reader. */
static int is_possible(const redisReader *reader)
{
    return reader->pos >= reader->len || reader->ridx >= 0 || strchr("+-$", reader->buf[reader->pos]) != NULL;
}

static void take_reply(struct talon_run *run, redisReply *reply)
{
    struct state *state = run->state;

    state->fed = 0;
    run->host->defer(run, freeReplyObject, reply);
    if (state->reader->pos < state->reader->len)
        talon_done(run, TALON_FAIL, "protocol.bad", "%s said more than the answer to %s", where(run), state->command);
    else
        state->on_reply(run, reply);
}

static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    struct state *state = run->state;
    void *reply = NULL;

    (void)arg;
    state->fed += n;
    if (n > 0 && (state->fed > REPLY || redisReaderFeed(state->reader, bytes, n) != REDIS_OK ||
                  !is_possible(state->reader) || redisReaderGetReply(state->reader, &reply) != REDIS_OK)) {
        broken_reply(run, bytes, n);
        return n;
    }
    if (reply)
        take_reply(run, reply);
    else if (last && state->loading)
        still_loading(run, "");
    else if (last && state->fed > 0)
        talon_done(run, TALON_FAIL, "protocol.short", "%s closed the connection within its answer to %s", where(run),
                   state->command);
    else if (last)
        talon_done(run, TALON_FAIL, "connect.closed", "%s closed the connection without answering %s", where(run),
                   state->command);
    return n;
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    (void)arg;
    if (link->error.code && !state->up) {
        talon_failed(run, &link->error, "cannot connect to %s", where(run));
    } else if (link->error.code && state->loading) { /* it has said so, whatever became of the question after it */
        still_loading(run, "");
    } else if (link->error.code) {
        talon_failed(run, &link->error, "connected to %s, but it did not answer %s", where(run), state->command);
    } else {
        state->up = 1;
        run->host->metric(run, "connect_time", (double)link->connect_ns / 1e9, "s");
        if (conf->password)
            ask(run, "AUTH", conf->password, authenticated);
        else
            ask(run, "PING", NULL, pinged);
    }
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    state->command = "a connection";
    state->reader = redisReaderCreate();
    if (!state->reader) {
        talon_done(run, TALON_UNKNOWN, "local", "no memory for a reader");
        return;
    }
    run->host->defer(run, free_reader, state->reader);
    state->link =
        run->host->connect(run, TALON_REQUEST(talon_connect, .to = conf->address, .data = heard), linked, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "redis",
      .summary = "Asks a Redis server whether it lives, and what it says of itself.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = sizeof(struct state),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,          .name = "redis",
    .version = "1.0.0",         .license = "MIT",
    .summary = "Redis checks.", TALON_OPERATIONS(operations),
};
