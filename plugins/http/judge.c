/* Judges an answer: what is reported of it, what was expected, and how a person is told. */
#include "http.h"

#include "kit/expect.h"

#include <time.h>

enum { BODY_OK = 256, BODY_BAD = 1024, SHOWN_URL = 160 };

#define NS_PER_S 1e9

/* The URL without its query, which may be long and hold more than it should; and the way to it where that is not in it.
 */
static const char *target(struct talon_run *run)
{
    const struct http_conf *conf = run->conf;
    size_t n = strcspn(conf->url, "?#");
    const char *through = conf->unix_path ? conf->unix_path : conf->connect_to;

    return talon_text(run, "%.*s%s%s%s", (int)(n < SHOWN_URL ? n : SHOWN_URL), conf->url, n < SHOWN_URL ? "" : "...",
                      through ? " through " : "", through ? through : "");
}

/* ---- what is reported whatever it means ---- */

static void tell_times(struct talon_run *run, const struct talon_response *got)
{
    void (*metric)(struct talon_run *, const char *, double, const char *) = run->host->metric;

    metric(run, "time", (double)got->total_ns / NS_PER_S, "s");
    if (!got->reused && got->resolve_ns)
        metric(run, "resolve_time", (double)got->resolve_ns / NS_PER_S, "s");
    if (!got->reused && got->connect_ns)
        metric(run, "connect_time", (double)got->connect_ns / NS_PER_S, "s");
    if (!got->reused && got->tls_ns)
        metric(run, "tls_time", (double)got->tls_ns / NS_PER_S, "s");
    if (got->first_byte_ns)
        metric(run, "first_byte_time", (double)got->first_byte_ns / NS_PER_S, "s");
    if (got->status == 0)
        return;
    metric(run, "status", got->status, "");
    metric(run, "size", (double)got->body_len, "B");
}

/* Seconds until the chain's first certificate expires. */
static double cert_left(struct talon_run *run, const struct talon_peer *peer)
{
    return (double)peer->not_after - (double)run->host->unix_ns(run) / NS_PER_S;
}

static void tell_peer(struct talon_run *run, const struct talon_peer *peer)
{
    char until[32] = "?";
    const time_t end = (time_t)peer->not_after;
    struct tm utc;

    if (gmtime_r(&end, &utc))
        strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    run->host->detail(run, "certificate",
                      talon_text(run, "%s, issued by %s, valid until %s%s%s (%s)", peer->subject, peer->issuer, until,
                                 peer->verify ? ", does not verify: " : "", peer->verify ? peer->verify_text : "",
                                 peer->protocol));
    if (peer->not_after)
        run->host->metric(run, "cert_expires_in", cert_left(run, peer), "s");
}

static const char *version_name(uint32_t version)
{
    return version == 20 ? "HTTP/2" : version == 10 ? "HTTP/1.0" : "HTTP/1.1";
}

/* The status line and the head of the body: more of it when the answer is not a good one. */
static void tell_answer(struct talon_run *run, const struct talon_response *got, int good)
{
    const char *type = talon_header(got->headers, "Content-Type");
    const size_t most = good ? BODY_OK : BODY_BAD;

    run->host->detail(run, "answer", talon_text(run, "%s %u", version_name(got->http_version), got->status));
    if (!good && type)
        run->host->detail(run, "content_type", type);
    if (got->body_len > 0)
        run->host->detail(run, "body", talon_quote(run, got->body, got->body_len, most));
}

/* ---- the judgement ---- */

__attribute__((format(printf, 4, 5))) static void fail(struct talon_run *run, const struct talon_response *got,
                                                       const char *reason, const char *format, ...)
{
    const struct http_conf *conf = run->conf;
    const int starting = conf->starting_body && run->host->match(run, conf->starting_body, got->body, got->body_len, NULL);
    char summary[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(summary, sizeof summary, format, ap);
    va_end(ap);
    tell_answer(run, got, 0);
    if (starting)
        talon_done(run, TALON_STARTING, "starting", "it is not ready yet: %s", summary);
    else
        talon_done(run, TALON_FAIL, reason, "%s", summary);
}

static void judge_status(struct talon_run *run, const struct talon_response *got)
{
    const struct http_conf *conf = run->conf;

    if (got->status == 401 && (!conf->expect_status || !*conf->expect_status)) {
        tell_answer(run, got, 0);
        talon_done(run, TALON_UNKNOWN, "auth.rejected", "HTTP 401: %s%s",
                   conf->user || conf->bearer || talon_header(conf->headers, "Authorization")
                       ? "the credentials are refused"
                       : "it asks for credentials, and none are configured",
                   expect_own_words(run, got));
        return;
    }
    fail(run, got, "http.status", "HTTP %u, expected %s%s", got->status, expect_status_words(run, conf->expect_status), expect_own_words(run, got));
}

/* Says what is not as expected and ends the run; 0: all is. */
static int judge_content(struct talon_run *run, const struct talon_response *got)
{
    const struct http_conf *conf = run->conf;
    const struct http_self *self = run->self;
    const char *problem = expect_header_problem(run, self->headers, got->headers);

    if (problem) {
        fail(run, got, "http.header", "HTTP %u, but %s", got->status, problem);
        return 1;
    }
    if (conf->expect_body && !run->host->match(run, conf->expect_body, got->body, got->body_len, NULL)) {
        if (got->body_len == 0)
            fail(run, got, "http.body", "HTTP %u, but the body is empty", got->status);
        else
            fail(run, got, "http.body", "HTTP %u, but the body does not match%s", got->status, expect_own_words(run, got));
        return 1;
    }
    if (conf->expect_json && (problem = expect_json_problem(run, conf->expect_json, got->body, got->body_len)) != NULL) {
        fail(run, got, "http.json", "HTTP %u, but %s", got->status, problem);
        return 1;
    }
    return 0;
}

/* All is as expected: is it slow, or does a certificate expire soon? */
static void judge_manner(struct talon_run *run, const struct talon_response *got)
{
    const struct http_conf *conf = run->conf;
    const int dated = conf->warn_expiry > 0 && got->peer && got->peer->not_after;
    const double left = dated ? cert_left(run, got->peer) : 0;
    const char *took = talon_show_time(run, got->total_ns);

    tell_answer(run, got, 1);
    if (dated && left < (double)conf->warn_expiry / NS_PER_S)
        talon_done(run, TALON_WARN, "http.expiry", "HTTP %u in %s, but the certificate of %s %s %s%s", got->status,
                   took, got->peer->subject, left < 0 ? "expired" : "expires in",
                   talon_show_time(run, (uint64_t)((left < 0 ? -left : left) * NS_PER_S)), left < 0 ? " ago" : "");
    else if (conf->warn_after && got->total_ns >= conf->warn_after)
        talon_done(run, TALON_WARN, "http.slow", "HTTP %u in %s, expected within %s", got->status, took,
                   talon_show_time(run, conf->warn_after));
    else
        talon_done(run, TALON_OK, "http.ok", "HTTP %u in %s", got->status, took);
}

void http_judge(struct talon_run *run, const struct talon_response *got)
{
    const struct http_conf *conf = run->conf;

    tell_times(run, got);
    if (got->peer)
        tell_peer(run, got->peer);
    if (got->error.code)
        talon_failed(run, &got->error, "cannot fetch %s", target(run));
    else if (!expect_status_matches(conf->expect_status, got->status))
        judge_status(run, got);
    else if (!judge_content(run, got))
        judge_manner(run, got);
}
