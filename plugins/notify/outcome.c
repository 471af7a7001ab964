/* Answers that mean the same of every service that is spoken to by HTTP, and what it means when there is none. */
#include "kit/moment.h"
#include "notify.h"

enum { MAX_ANSWER = 65536 };

static const double longest_wait = 7 * 86400.0;

const char *const notify_levels[] = { "page", "message", "digest", NULL };

const struct talon_metric notify_metrics[] = {
    { .name = "time", .unit = "s", .help = "How long the service took to take the message." },
    { .name = "retry_after", .unit = "s", .help = "The service is busy, and wants no message before so much time has passed." },
    { .name = "perhaps_sent", .unit = "", .help = "1: the service may have taken the message, although its answer did not come." },
    { .name = NULL },
};

int notify_is_url(const char *text)
{
    return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

const char *notify_words(struct talon_run *run, const char *words, size_t n)
{
    const char *told = notify_hidden(run, talon_text(run, "%.*s", (int)(n < MAX_ANSWER ? n : MAX_ANSWER), words));
    const char *quoted = talon_quote(run, told, strlen(told), NOTIFY_WORDS);

    return *quoted ? talon_text(run, ": %s", quoted) : "";
}

double notify_retry_after(struct talon_run *run, const struct talon_response *got)
{
    const char *header = talon_header(got->headers, "Retry-After");
    int64_t at = 0;
    double seconds = 0;

    if (!header)
        return -1;
    if (*header >= '0' && *header <= '9') {
        for (; *header >= '0' && *header <= '9' && seconds < longest_wait; header++)
            seconds = seconds * 10 + (*header - '0');
        return seconds;
    }
    if (!moment_http(header, &at))
        return -1;
    at -= moment_of_peer(run, got);
    return at > 0 ? (double)((at + INT64_C(999999999)) / INT64_C(1000000000)) : 0;
}

void notify_busy(struct talon_run *run, double retry_after, const char *words)
{
    const struct notify *notify = run->state;
    const double wait = retry_after < longest_wait ? retry_after : longest_wait;

    if (wait < 0) {
        notify_end(run, TALON_FAIL, "notify.busy", "%s takes no more messages for now%s", notify->who, words);
        return;
    }
    run->host->metric(run, "retry_after", wait, "s");
    notify_end(run, TALON_FAIL, "notify.busy", "%s takes no more messages for %s%s", notify->who, talon_show_time(run, (uint64_t)(wait * 1e9)), words);
}

void notify_by_status(struct talon_run *run, const struct talon_response *got, const char *words)
{
    const struct notify *notify = run->state;
    const unsigned status = got->status;
    const double wait = notify_retry_after(run, got);

    if (status == 502 || status == 504) /* something in between has lost its answer */
        run->host->metric(run, "perhaps_sent", 1, "");
    if (status == 429 || (status == 503 && wait >= 0))
        notify_busy(run, wait, words);
    else if (status == 401 || status == 407)
        notify_end(run, TALON_UNKNOWN, "auth.rejected", "%s does not accept our credentials: HTTP %u%s", notify->who, status, words);
    else if (status >= 300 && status < 400)
        notify_end(run, TALON_FAIL, "notify.refused", "%s sends us elsewhere (HTTP %u), where messages are not taken: write its own address%s", notify->who, status,
                   words);
    else if (status >= 400 && status < 500 && status != 408 && status != 425)
        notify_end(run, TALON_FAIL, "notify.refused", "%s refuses the message: HTTP %u%s", notify->who, status, words);
    else
        notify_end(run, TALON_FAIL, "http.status", "%s did not take the message: HTTP %u%s", notify->who, status, words);
}

/* Before it was connected nothing can have arrived. */
static int is_unsent(const struct talon_error *error)
{
    switch (error->code) {
    case TALON_E_CLOSED:
    case TALON_E_PROTOCOL:
    case TALON_E_TOO_BIG:
        return 0;
    case TALON_E_TIMEOUT:
        return strncmp(error->token, "connect.", 8) == 0;
    default:
        return 1;
    }
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    const struct notify *notify = run->state;

    (void)arg;
    if (got->error.code && is_unsent(&got->error)) {
        notify_end(run, talon_ours(&got->error) ? TALON_UNKNOWN : TALON_FAIL, got->error.token, "cannot reach %s: %s", notify->who, got->error.text);
        return;
    }
    if (got->error.code) {
        run->host->metric(run, "perhaps_sent", 1, "");
        notify_end(run, TALON_FAIL, got->error.token, "%s did not say whether it has taken the message: %s", notify->who, got->error.text);
        return;
    }
    run->host->metric(run, "time", (double)got->total_ns / 1e9, "s");
    notify->judge(run, got);
}

void notify_send(struct talon_run *run, const struct talon_http *request, void (*judge)(struct talon_run *run, const struct talon_response *got))
{
    struct notify *notify = run->state;
    struct talon_http bounded = *request;

    notify->judge = judge;
    bounded.max_body = MAX_ANSWER;
    bounded.max_redirects = 0;
    run->host->http(run, &bounded, answered, NULL);
}
