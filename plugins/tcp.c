/*
 * The check type `tcp`: connects to a TCP port or a unix socket, with TLS if asked for, says something and waits for an
 * expected answer. What the peer says is offered whole each time something is added to it, and never beyond LISTEN
 * bytes, so a talkative peer costs no more than that.
 */
#include <talon/plugin.h>

#include <time.h>

enum { LISTEN = 16384, HEAD = 160 };

struct conf {
    struct talon_address address;
    const char *send;
    const struct talon_pattern *expect;
    uint64_t warn_after;
    int32_t tls, insecure;
    const char *ca, *cert, *key, *server_name;
};

struct state {
    uint64_t started; /* by now_ns() */
    talon_op link;
    int up;
    size_t heard;    /* bytes that the peer has said */
    char head[HEAD]; /* the first of them */
};

static const struct talon_option options[] = {
    { .name = "address",
      TALON_ADDRESS_AT(struct conf, address),
      .flags = TALON_REQUIRED,
      .help = "Where to connect: HOST:PORT or unix:PATH." },
    { .name = "send", TALON_STRING_AT(struct conf, send), .help = "What to send once the connection stands." },
    { .name = "expect",
      TALON_PATTERN_AT(struct conf, expect),
      .help = "Regular expression that must be found in the first 16 KiB that the peer says." },
    { .name = "warn_after",
      TALON_DURATION_AT(struct conf, warn_after),
      .help = "A connection (with `expect`: an answer) that takes so long is a warning; 0: never." },
    { .name = "tls", TALON_BOOL_AT(struct conf, tls), .help = "Speak TLS and verify the certificate." },
    { .name = "ca",
      TALON_PEM_AT(struct conf, ca),
      .help = "Authorities to trust, as PEM text or a file of it; the system's unless given." },
    { .name = "cert", TALON_PEM_AT(struct conf, cert), .help = "Client certificate, as PEM text or a file of it." },
    { .name = "key",
      TALON_PEM_AT(struct conf, key),
      .flags = TALON_SECRET,
      .help = "Key of the client certificate, as PEM text or a file of it." },
    { .name = "server_name",
      TALON_STRING_AT(struct conf, server_name),
      .help = "Name to ask for and to verify; the address' host unless given." },
    { .name = "insecure",
      TALON_BOOL_AT(struct conf, insecure),
      .help = "Accept any certificate; what is wrong with it is still reported." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "connect_time", .unit = "s", .help = "From the start until the connection stood." },
    { .name = "tls_time", .unit = "s", .help = "From the start until the TLS handshake was done." },
    { .name = "time", .unit = "s", .help = "From the start until the check knew its answer." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until the first certificate of the peer's chain expires." },
    { .name = NULL },
};

static int validate(const void *options_given, struct talon_problem *problem)
{
    const struct conf *conf = options_given;
    const char *beside = conf->ca            ? "ca"
                         : conf->cert        ? "cert"
                         : conf->key         ? "key"
                         : conf->server_name ? "server_name"
                         : conf->insecure    ? "insecure"
                                             : NULL;

    if (beside && !conf->tls) {
        problem->option = beside;
        snprintf(problem->text, sizeof problem->text, "has no effect without TLS: add `tls: true`");
    } else if (!conf->cert != !conf->key) {
        problem->option = conf->cert ? "cert" : "key";
        snprintf(problem->text, sizeof problem->text,
                 "`cert` and `key` go together: give both (one file may hold both and be named twice)");
    } else {
        return 0;
    }
    return 1;
}

static const char *where(struct talon_run *run)
{
    const struct talon_address *to = &((const struct conf *)run->conf)->address;

    if (to->unix_path)
        return talon_text(run, "unix:%s", to->unix_path);
    return talon_text(run, strchr(to->host, ':') ? "[%s]:%u" : "%s:%u", to->host, to->port);
}

/* The certificate that was shown, as one detail, and how long it is good for. */
static void tell_peer(struct talon_run *run, const struct talon_peer *peer)
{
    char until[32] = "?";
    const time_t end = (time_t)peer->not_after;
    struct tm utc;

    if (gmtime_r(&end, &utc))
        strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    run->host->detail(run, "certificate",
                      talon_text(run, "%s, issued by %s, valid until %s%s%s%s", peer->subject, peer->issuer, until,
                                 peer->verify ? ", does not verify: " : "", peer->verify ? peer->verify_text : "",
                                 peer->protocol ? talon_text(run, " (%s)", peer->protocol) : ""));
    if (peer->not_after)
        run->host->metric(run, "cert_expires_in", (double)peer->not_after - (double)run->host->unix_ns(run) / 1e9, "s");
}

/* What the peer said so far, for a summary. */
static const char *quoted(struct talon_run *run)
{
    const struct state *state = run->state;
    const size_t kept = state->heard < HEAD ? state->heard : HEAD;

    return talon_text(run, "\"%s\"%s", talon_quote(run, state->head, kept, HEAD), state->heard > HEAD ? "..." : "");
}

static void finish_ok(struct talon_run *run, uint64_t took_ns, const char *what)
{
    const struct conf *conf = run->conf;
    const char *shown = talon_show_time(run, took_ns);

    run->host->metric(run, "time", (double)took_ns / 1e9, "s");
    if (conf->warn_after && took_ns >= conf->warn_after)
        talon_done(run, TALON_WARN, "tcp.slow", "%s in %s, expected within %s", what, shown,
                   talon_show_time(run, conf->warn_after));
    else
        talon_done(run, TALON_OK, "tcp.ok", "%s in %s", what, shown);
}

static uint64_t elapsed_ns(struct talon_run *run)
{
    const struct state *state = run->state;

    return run->host->now_ns(run) - state->started;
}

/* The peer has said more: all of it is offered until it is used, so nothing is used before it matches. */
static size_t heard(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    (void)arg;
    state->heard = n;
    memcpy(state->head, bytes, n < HEAD ? n : HEAD);
    if (n > 0 && run->host->match(run, conf->expect, bytes, n, NULL)) {
        finish_ok(run, elapsed_ns(run), "answered as expected");
        return n;
    }
    if (last && n > 0)
        talon_done(run, TALON_FAIL, "tcp.expect", "%s closed the connection after an unexpected answer: %s", where(run),
                   quoted(run));
    else if (last)
        talon_done(run, TALON_FAIL, "connect.closed", "%s closed the connection without an answer", where(run));
    return 0;
}

/* The connection could not be made, or is over before the expected answer came. */
static void broken(struct talon_run *run, const struct talon_link *link)
{
    const struct state *state = run->state;

    if (link->peer)
        tell_peer(run, link->peer);
    if (!state->up)
        talon_failed(run, &link->error, "cannot connect to %s", where(run));
    else if (state->heard > 0 && !talon_ours(&link->error) && link->error.code != TALON_E_TOO_BIG)
        talon_done(run, TALON_FAIL, "tcp.expect", "unexpected answer from %s: %s (%s)", where(run), quoted(run),
                   link->error.text);
    else if (state->heard > 0)
        talon_failed(run, &link->error, "%s answered %s", where(run), quoted(run));
    else
        talon_failed(run, &link->error, "connected to %s, but it did not answer", where(run));
}

static void linked(struct talon_run *run, void *arg, const struct talon_link *link)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;

    (void)arg;
    if (link->error.code) {
        broken(run, link);
        return;
    }
    state->up = 1;
    run->host->metric(run, "connect_time", (double)link->connect_ns / 1e9, "s");
    if (link->peer) {
        run->host->metric(run, "tls_time", (double)link->tls_ns / 1e9, "s");
        tell_peer(run, link->peer);
    }
    if (conf->send)
        run->host->send(run, state->link, conf->send, strlen(conf->send));
    if (!conf->expect)
        finish_ok(run, link->tls_ns > link->connect_ns ? link->tls_ns : link->connect_ns, "connected");
}

static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    struct state *state = run->state;
    const struct talon_tls tls = {
        .size = sizeof tls,
        .insecure = (uint32_t)conf->insecure,
        .ca = conf->ca,
        .cert = conf->cert,
        .key = conf->key,
        .server_name = conf->server_name,
    };

    state->started = run->host->now_ns(run);
    state->link = run->host->connect(run,
                                     TALON_REQUEST(talon_connect, .to = conf->address, .tls = conf->tls ? &tls : NULL,
                                                   .max_input = LISTEN, .data = conf->expect ? heard : NULL),
                                     linked, NULL);
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "tcp",
      .summary = "Connects to a TCP port or a unix socket.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = sizeof(struct state),
      .validate = validate,
      .start = start },
};

const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD,
    .name = "tcp",
    .version = "1.0.0",
    .license = "MIT",
    .summary = "TCP and unix socket checks.",
    TALON_OPERATIONS(operations),
};
