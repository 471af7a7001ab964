/*
 * The check type `smtp_greeting`: connects to a mail server, waits for its greeting, and takes leave politely (RFC 5321, 3.1 and 4.2).
 *
 * A server that says 220 is ready. One that says 421 or 554 is there and will not serve us, which is a failure with a reason of its own; whatever else
 * comes is no mail server.
 */
#include <talon/plugin.h>

enum { GREETING = 4096 }; /* bytes; RFC 5321 allows 512 for a line, and a greeting of several is rare */

struct conf {
    struct talon_address address;
    const char *host;
    uint64_t warn_after;
};

struct state {
    uint64_t began;
    talon_op link;
    int up;
};

static const struct talon_option options[] = {
    { .name = "address", TALON_ADDRESS_AT(struct conf, address), .flags = TALON_REQUIRED, .help = "Where the mail server listens." },
    { .name = "host", TALON_STRING_AT(struct conf, host), .help = "The name that it must call itself; any unless given." },
    { .name = "warn_after",
      TALON_DURATION_AT(struct conf, warn_after),
      .fallback = "3s",
      .help = "A greeting that takes longer is a warning." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "greeting_time", .unit = "s", .help = "From the start until the greeting was whole." },
    { .name = NULL },
};

/* The name that stands behind the code: does it begin with what is expected, and end there? */
static int is_host(const char *line, size_t n, const char *host)
{
    const size_t length = strlen(host);

    return n >= 4 + length && memcmp(line + 4, host, length) == 0 && (n == 4 + length || line[4 + length] == ' ');
}

static void judge(struct talon_run *run, const char *line, size_t n)
{
    const struct conf *conf = run->conf;
    const struct state *state = run->state;
    const uint64_t took = run->host->now_ns(run) - state->began;
    const char *said = talon_quote(run, line, n, 120), *time = talon_show_time(run, took);

    run->host->metric(run, "greeting_time", (double)took / 1e9, "s");
    if (strncmp(said, "421", 3) == 0 || strncmp(said, "554", 3) == 0)
        talon_done(run, TALON_FAIL, "smtp.refused", "it will not serve us: %s", said);
    else if (strncmp(said, "220", 3) != 0)
        talon_done(run, TALON_FAIL, "smtp.greeting", "this is no greeting of a mail server: %s", said);
    else if (conf->host && !is_host(line, n, conf->host))
        talon_done(run, TALON_FAIL, "smtp.host", "expected %s, but it says: %s", conf->host, said);
    else if (took > conf->warn_after)
        talon_done(run, TALON_WARN, "smtp.slow", "greeted in %s: %s", time, said);
    else
        talon_done(run, TALON_OK, "smtp.ok", "greeted in %s: %s", time, said);
}

/* "220-" has more behind it, "220 " has not; and "SSH-2.0" is no code. */
static int goes_on(const char *line, size_t n)
{
    return n > 3 && line[0] >= '2' && line[0] <= '5' && line[3] == '-';
}

/* All that has come is offered until it is used, so the last line of a greeting is looked for again each time. */
static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    const struct state *state = run->state;
    const char *line = bytes, *end;

    (void)arg;
    while ((end = memchr(line, '\n', n - (size_t)(line - bytes))) != NULL && goes_on(line, (size_t)(end - line)))
        line = end + 1;
    if (end) {
        if (!last)
            run->host->send(run, state->link, "QUIT\r\n", 6);
        judge(run, line, (size_t)(end - line) - (end > line && end[-1] == '\r'));
        return n;
    }
    if (last)
        talon_done(run, TALON_FAIL, "connect.closed", "it hung up before it had greeted");
    return 0;
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    struct state *state = run->state;

    (void)arg;
    if (!link->error.code)
        state->up = 1;
    else if (state->up && link->error.code == TALON_E_TIMEOUT)
        talon_done(run, TALON_FAIL, "smtp.silent", "connected, but it did not greet");
    else
        talon_failed(run, &link->error, state->up ? "it did not greet" : "cannot connect");
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    state->began = run->host->now_ns(run);
    state->link = run->host->connect(run, TALON_REQUEST(talon_connect, .to = conf->address, .max_input = GREETING, .data = heard), linked, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "smtp_greeting",
      .summary = "Waits for the greeting of a mail server.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = sizeof(struct state),
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD, .name = "smtp_greeting", .version = "1.0.0", .license = "MIT", .summary = "Greetings of mail servers.", TALON_OPERATIONS(operations),
};
