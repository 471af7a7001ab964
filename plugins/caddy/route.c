/*
 * The operation `caddy.route`: one URL as its clients see it. Any answer proves that Caddy lives; 502, 503 and 504 are what it says of an upstream that it
 * cannot reach, that is not there, or that is silent. The certificate is judged beside that, since it is renewed by hand or by another program.
 */
#include "caddy.h"

enum { MAX_BODY = 65536, QUOTE = 120, SHOWN_URL = 160 };

#define NS_PER_S 1e9

static const struct talon_option tls_options[] = {
    { .name = "ca", TALON_PEM_AT(struct caddy_route_tls, ca), .help = "Authorities to trust, as PEM text or the path of a file of it." },
    { .name = "server_name", TALON_STRING_AT(struct caddy_route_tls, server_name), .help = "The name to ask for and to find in the certificate." },
    { .name = "insecure", TALON_BOOL_AT(struct caddy_route_tls, insecure), .help = "Accept any certificate." },
    { .name = NULL },
};

const struct talon_option caddy_route_options[] = {
    { .name = "url", TALON_STRING_AT(struct caddy_route_conf, url), .flags = TALON_REQUIRED, .help = "What is fetched." },
    { .name = "connect_to",
      TALON_STRING_AT(struct caddy_route_conf, connect_to),
      .help = "HOST:PORT to connect to in place of the URL's; the name in the certificate stays the URL's." },
    { .name = "tls", TALON_GROUP_AT(struct caddy_route_conf, tls), .fields = tls_options, .help = "How the server's certificate is verified." },
    { .name = "warn_expiry",
      TALON_DURATION_AT(struct caddy_route_conf, warn_expiry),
      .fallback = "21d",
      .help = "So long before the certificate expires it is a warning; 0: never." },
    { .name = "fail_expiry",
      TALON_DURATION_AT(struct caddy_route_conf, fail_expiry),
      .fallback = "7d",
      .help = "So long before the certificate expires it is a failure; 0: when it has." },
    { .name = "upstream",
      TALON_BOOL_AT(struct caddy_route_conf, upstream),
      .fallback = "true",
      .help = "Whether an upstream that Caddy cannot reach, or that is silent, is a failure here; false: only the certificate is looked at." },
    { .name = NULL },
};

const struct talon_metric caddy_route_metrics[] = {
    { .name = "time", .unit = "s", .help = "The whole exchange." },
    { .name = "status", .unit = "", .help = "HTTP status." },
    { .name = "cert_expires_in", .unit = "s", .help = "Until the first certificate of its chain expires." },
    { .name = NULL },
};

int caddy_route_validate(const void *given, struct talon_problem *problem)
{
    const struct caddy_route_conf *conf = given;

    if (strncmp(conf->url, "http://", 7) != 0 && strncmp(conf->url, "https://", 8) != 0) {
        problem->option = "url";
        snprintf(problem->text, sizeof problem->text, "is no URL: it begins with http:// or https://");
    } else if (conf->warn_expiry && conf->warn_expiry < conf->fail_expiry) {
        problem->option = "warn_expiry";
        snprintf(problem->text, sizeof problem->text, "must not be shorter than `fail_expiry`");
    } else {
        return 0;
    }
    return 1;
}

static const char *shown_url(struct talon_run *run)
{
    const struct caddy_route_conf *conf = run->conf;
    const size_t n = strcspn(conf->url, "?#");

    return talon_text(run, "%.*s", (int)(n < SHOWN_URL ? n : SHOWN_URL), conf->url);
}

/* What Caddy says of an upstream; NULL: the answer is of the upstream itself. */
static const char *upstream_trouble(unsigned status)
{
    return status == 502   ? "Caddy answers, but cannot reach the upstream (HTTP 502)"
           : status == 503 ? "Caddy answers, but no upstream is available (HTTP 503)"
           : status == 504 ? "Caddy answers, but the upstream is silent (HTTP 504)"
                           : NULL;
}

/* 1: the certificate decides, and the run has ended; `left` is filled where there is one. */
static int is_expiring(struct talon_run *run, const struct talon_peer *peer, double *left)
{
    const struct caddy_route_conf *conf = run->conf;

    *left = -1;
    if (!peer || !peer->not_after)
        return 0;
    *left = (double)peer->not_after - (double)run->host->unix_ns(run) / NS_PER_S;
    run->host->metric(run, "cert_expires_in", *left, "s");
    if (peer->verify || *left >= (double)conf->fail_expiry / NS_PER_S) /* what does not verify is told as the error that it is */
        return 0;
    talon_done(run, TALON_FAIL, "caddy.expiry", "the certificate of %s %s%s: it must be renewed, and Caddy reloaded", peer->subject,
               *left < 0 ? "has expired" : "expires in ", *left < 0 ? "" : talon_show_time(run, (uint64_t)(*left * NS_PER_S)));
    return 1;
}

/* A body that is too large for us is an answer all the same. */
static int is_answer(const struct talon_response *got)
{
    return !got->error.code || (got->error.code == TALON_E_TOO_BIG && got->status);
}

/* Caddy has shown a good certificate; that no whole answer followed is its upstream's doing. */
static int is_upstreams_doing(const struct talon_response *got)
{
    return got->peer && got->peer->not_after && !got->peer->verify && got->error.code != TALON_E_TLS;
}

static size_t drop(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    (void)run, (void)arg, (void)bytes, (void)last;
    return n;
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct caddy_route_conf *conf = run->conf;
    const char *server = talon_header(got->headers, "Server"), *trouble = upstream_trouble(got->status);
    double left;

    (void)arg;
    run->host->metric(run, "time", (double)got->total_ns / NS_PER_S, "s");
    if (got->status)
        run->host->metric(run, "status", got->status, "");
    if (server)
        run->host->detail(run, "server", talon_quote(run, server, strlen(server), QUOTE));
    if (!is_answer(got) && (conf->upstream || !is_upstreams_doing(got)))
        talon_failed(run, &got->error, "cannot fetch %s", shown_url(run));
    else if (is_expiring(run, got->peer, &left))
        return;
    else if (trouble && conf->upstream)
        talon_done(run, TALON_FAIL, "caddy.upstream", "%s", trouble);
    else if (conf->warn_expiry && left >= 0 && left < (double)conf->warn_expiry / NS_PER_S)
        talon_done(run, TALON_WARN, "caddy.expiry", "HTTP %u, but the certificate of %s expires in %s", got->status, got->peer->subject,
                   talon_show_time(run, (uint64_t)(left * NS_PER_S)));
    else if (!conf->upstream && left >= 0)
        talon_done(run, TALON_OK, "caddy.ok", "the certificate of %s is good for %s", got->peer->subject, talon_show_time(run, (uint64_t)(left * NS_PER_S)));
    else
        talon_done(run, TALON_OK, "caddy.ok", "HTTP %u in %s", got->status, talon_show_time(run, got->total_ns));
}

void caddy_route_start(struct talon_run *run)
{
    const struct caddy_route_conf *conf = run->conf;
    const struct talon_tls tls = {
        .size = sizeof tls, .insecure = (uint32_t)conf->tls.insecure, .ca = conf->tls.ca, .server_name = conf->tls.server_name
    };

    run->host->http(run, TALON_REQUEST(talon_http, .url = conf->url, .connect_to = conf->connect_to, .tls = &tls, .max_body = MAX_BODY, .data = drop), answered,
                    NULL);
}
