/* The plugin `notify` on the fake host: what is made of every answer that a service documents, and of none; imsg; options. */
#include "plugin_notify_test.h"

struct answer {
    unsigned status;
    const char *header, *value, *body;
    enum talon_status concluded;
    const char *reason, *words;
    double retry_after; /* negative: none is told */
};

static void judges(struct fake *(*make)(void), const struct answer *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fake *fake = make();

        answers(fake, cases[i].status, cases[i].header, cases[i].value, cases[i].body);
        CONCLUDES(fake, cases[i].concluded, cases[i].reason, cases[i].words);
        if (cases[i].retry_after >= 0)
            NEAR(fake_metric(fake, "retry_after"), cases[i].retry_after);
        else
            assert_true(isnan(fake_metric(fake, "retry_after")));
        assert_true(!isnan(fake_metric(fake, "perhaps_sent")) ==
                    (cases[i].status == 502 || cases[i].status == 504 || strcmp(cases[i].reason, "protocol.bad") == 0));
        tells_no_secret(fake);
        fake_free(fake);
    }
}
#define JUDGES(make, cases) judges(make, cases, sizeof(cases) / sizeof *(cases))

/* ---- each service's answers */

static void what_telegram_answers(void **unused)
{
    static const struct answer cases[] = {
        { 200, NULL, NULL, "{\"ok\":true,\"result\":{\"message_id\":7}}", TALON_OK, "notify.sent", "has taken the message", -1 },
        { 400, NULL, NULL, "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: chat not found\"}", TALON_FAIL, "notify.refused", "chat not found", -1 },
        { 400, NULL, NULL, "{\"ok\":false,\"description\":\"Bad Request: group chat was upgraded\",\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}", TALON_FAIL,
          "notify.refused", "write `chat: -1001234567890`", -1 },
        { 401, NULL, NULL, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}", TALON_UNKNOWN, "auth.rejected", "Unauthorized", -1 },
        { 404, NULL, NULL, "{\"ok\":false,\"description\":\"Not Found: /bot" TOKEN "/sendMessage\"}", TALON_UNKNOWN, "auth.rejected", "Not Found: /bot123456:***/sendMessage",
          -1 },
        { 403, NULL, NULL, "{\"ok\":false,\"description\":\"Forbidden: bot was blocked by the user\"}", TALON_FAIL, "notify.refused", "blocked by the user", -1 },
        { 409, NULL, NULL, "{\"ok\":false,\"description\":\"Conflict: terminated by other getUpdates request\"}", TALON_FAIL, "notify.busy", "another program", -1 },
        { 429, NULL, NULL, "{\"ok\":false,\"description\":\"Too Many Requests: retry after 15\",\"parameters\":{\"retry_after\":15}}", TALON_FAIL, "notify.busy",
          "for 15.0 s", 15 },
        { 429, "Retry-After", "8", "<html>", TALON_FAIL, "notify.busy", "for 8.0 s", 8 },
        { 429, NULL, NULL, "{\"parameters\":{\"retry_after\":1e300}}", TALON_FAIL, "notify.busy", "for 7 d", 604800 },
        { 429, NULL, NULL, "", TALON_FAIL, "notify.busy", "for now", -1 },
        { 502, NULL, NULL, "<html>Bad Gateway</html>", TALON_FAIL, "http.status", "HTTP 502", -1 },
        { 500, NULL, NULL, "{\"ok\":false,\"description\":\"Internal Server Error\"}", TALON_FAIL, "http.status", "Internal Server Error", -1 },
        { 302, NULL, NULL, "", TALON_FAIL, "notify.refused", "elsewhere", -1 },
        { 200, NULL, NULL, "hello", TALON_FAIL, "protocol.bad", "no Bot API", -1 },
        { 200, NULL, NULL, "{\"ok\":\"true\"}", TALON_FAIL, "protocol.bad", "`ok` is not true", -1 },
    };

    (void)unused;
    JUDGES(telegram, cases);
}

static void what_slack_answers(void **unused)
{
    static const struct answer cases[] = {
        { 200, NULL, NULL, "ok", TALON_OK, "notify.sent", "Slack has taken", -1 },
        { 200, NULL, NULL, "<html>log in", TALON_FAIL, "protocol.bad", "does not say `ok`: <html>log in", -1 },
        { 400, NULL, NULL, "invalid_payload", TALON_FAIL, "notify.refused", "cannot read what was sent (invalid_payload)", -1 },
        { 400, NULL, NULL, "user_not_found", TALON_FAIL, "notify.refused", "user", -1 },
        { 403, NULL, NULL, "action_prohibited", TALON_FAIL, "notify.refused", "administrator", -1 },
        { 403, NULL, NULL, "invalid_token", TALON_UNKNOWN, "auth.rejected", "make a new one", -1 },
        { 404, NULL, NULL, "channel_not_found", TALON_FAIL, "notify.refused", "channel does not exist", -1 },
        { 404, NULL, NULL, "no_service", TALON_UNKNOWN, "auth.rejected", "removed or disabled", -1 },
        { 404, NULL, NULL, "no_team", TALON_FAIL, "notify.refused", "workspace does not exist", -1 },
        { 410, NULL, NULL, "channel_is_archived", TALON_FAIL, "notify.refused", "archived", -1 },
        { 429, "Retry-After", "30", "rate_limited", TALON_FAIL, "notify.busy", "for 30.0 s", 30 },
        { 429, "retry-after", "Fri, 02 Jan 2026 03:05:05 GMT", "", TALON_FAIL, "notify.busy", "for 60.0 s", 60 },
        { 429, "Retry-After", "soon", "", TALON_FAIL, "notify.busy", "for now", -1 },
        { 500, NULL, NULL, "rollup_error", TALON_FAIL, "http.status", "HTTP 500: rollup_error", -1 },
        { 503, NULL, NULL, "", TALON_FAIL, "http.status", "HTTP 503", -1 },
        { 404, NULL, NULL, "no hook T0AAAA/B0BBBB/c0ffeec0ffee", TALON_FAIL, "notify.refused", "no hook ***/***/***", -1 },
    };

    (void)unused;
    JUDGES(slack, cases);
}

static void what_a_webhook_answers(void **unused)
{
    static const struct answer cases[] = {
        { 200, NULL, NULL, "", TALON_OK, "notify.sent", "the webhook has taken", -1 },
        { 204, NULL, NULL, "", TALON_OK, "notify.sent", "the webhook has taken", -1 },
        { 202, NULL, NULL, "whatever", TALON_OK, "notify.sent", "the webhook has taken", -1 },
        { 400, NULL, NULL, "bad\nbody", TALON_FAIL, "notify.refused", "HTTP 400: bad body", -1 },
        { 401, NULL, NULL, "no s3cr3tbearer here, s3cr3tkey", TALON_UNKNOWN, "auth.rejected", "no *** here, ***", -1 },
        { 404, NULL, NULL, "POST /in/s3cr3tpath?key=s3cr3tkey", TALON_FAIL, "notify.refused", "POST ***", -1 },
        { 408, NULL, NULL, "", TALON_FAIL, "http.status", "HTTP 408", -1 },
        { 429, "Retry-After", "0", "", TALON_FAIL, "notify.busy", "for 0.0 ms", 0 },
        { 503, "Retry-After", "120", "", TALON_FAIL, "notify.busy", "for 2 min", 120 },
        { 500, NULL, NULL, "", TALON_FAIL, "http.status", "HTTP 500", -1 },
        { 504, NULL, NULL, "", TALON_FAIL, "http.status", "HTTP 504", -1 },
        { 307, "Location", "https://elsewhere.example.com/", "", TALON_FAIL, "notify.refused", "elsewhere", -1 },
    };

    (void)unused;
    JUDGES(webhook, cases);
}

static void what_alertmanager_answers(void **unused)
{
    static const struct answer cases[] = {
        { 200, NULL, NULL, "", TALON_OK, "notify.sent", "has taken the alert", -1 },
        { 400, NULL, NULL, "\"start time must be before end time\"", TALON_FAIL, "notify.refused", "HTTP 400: start time must be before end time", -1 },
        { 422, NULL, NULL, "{\"code\":602,\"message\":\"labels in body is required\"}", TALON_FAIL, "notify.refused", ": labels in body is required", -1 },
        { 401, NULL, NULL, "Unauthorized s3cr3tbearer", TALON_UNKNOWN, "auth.rejected", "Unauthorized ***", -1 },
        { 404, NULL, NULL, "404 page not found", TALON_FAIL, "notify.refused", "no Alertmanager at this address", -1 },
        { 500, NULL, NULL, "\"database\"", TALON_FAIL, "http.status", "HTTP 500: database", -1 },
    };

    (void)unused;
    JUDGES(alertmanager, cases);
}

/* ---- none at all */

static void one_that_cannot_be_asked(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
        int perhaps;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "nobody listens"), TALON_FAIL, 0 },
        { FAKE_ERROR(TALON_E_TIMEOUT, 110, "connect.timeout", "does not answer"), TALON_FAIL, 0 },
        { FAKE_ERROR(TALON_E_RESOLVER, 0, "dns.unreachable", "no resolver answers"), TALON_UNKNOWN, 0 },
        { FAKE_ERROR(TALON_E_CERT, 0, "tls.expired", "expired"), TALON_FAIL, 0 },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer in time"), TALON_FAIL, 1 },
        { FAKE_ERROR(TALON_E_CLOSED, 104, "connect.closed", "closed"), TALON_FAIL, 1 },
        { FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.short", "cut short"), TALON_FAIL, 1 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = telegram();

        fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = cases[i].error));
        CONCLUDES(fake, cases[i].status, cases[i].error.token, cases[i].perhaps ? "did not say whether it has taken" : "cannot reach Telegram");
        assert_true(isnan(fake_metric(fake, "perhaps_sent")) == !cases[i].perhaps);
        tells_no_secret(fake);
        fake_free(fake);
    }
}

/* ---- imsg */

static struct fake *imessage(const char *answer)
{
    struct fake *fake = channel("imessage");

    put(fake, "to", "+15550100");
    if (answer) {
        fake_set(fake, "socket", "/tmp/imsg.sock");
        fake_link(fake, FAKE_MS, NULL);
        fake_link_hears(fake, "\"send\"");
        fake_link_says(fake, FAKE_MS, answer, strlen(answer));
    }
    return fake;
}

static void what_imsg_answers(void **unused)
{
    static const struct {
        const char *answer;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "{\"id\":1,\"result\":{\"ok\":true,\"guid\":\"x\"}}\n", TALON_OK, "notify.sent", "imsg has sent" },
        { "{\"id\":1,\"result\":{\"ok\":false}}\n", TALON_FAIL, "protocol.bad", "does not say that it has sent" },
        { "{\"id\":1,\"error\":{\"code\":-32603,\"message\":\"not authorized to send Apple events\"}}\n", TALON_UNKNOWN, "refused.rights", "a person must give" },
        { "{\"id\":1,\"error\":{\"code\":-32602,\"message\":\"no such buddy\"}}\n", TALON_FAIL, "notify.refused", "no such buddy (-32602)" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = imessage(cases[i].answer);
        size_t n;

        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_string_equal(fake_sent(fake, &n),
                            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"send\",\"params\":{\"to\":\"+15550100\",\"text\":\"redis does not answer\"}}\n");
        fake_free(fake);
    }
}

static void imsg_as_a_command(void **unused)
{
    static const char *const argv[] = { "imsg", "send", "--to", "+15550100", "--text", "redis does not answer" };
    static const struct {
        struct talon_exit ended;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { { .size = sizeof(struct talon_exit), .out = "", .err = "" }, TALON_OK, "notify.sent", "imsg has sent" },
        { { .size = sizeof(struct talon_exit), .code = 1, .out = "", .err = "no service", .err_len = 10 }, TALON_FAIL, "notify.refused", "no service" },
        { { .size = sizeof(struct talon_exit), .code = 1, .out = "", .err = "error -1743", .err_len = 11 }, TALON_UNKNOWN, "refused.rights", "-1743" },
        { { .size = sizeof(struct talon_exit), .code = -1, .signal = 9, .out = "", .err = "" }, TALON_FAIL, "exec.signal", "signal 9" },
        { { .size = sizeof(struct talon_exit), .error = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "no such program"), .code = -1, .out = "", .err = "" },
          TALON_UNKNOWN, "exec.not_found", "no such program" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = imessage(NULL);

        fake_child(fake, FAKE_MS, &cases[i].ended);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        for (size_t k = 0; k < sizeof argv / sizeof *argv; k++)
            assert_string_equal(fake_spawned(fake, 0)->argv[k], argv[k]);
        fake_free(fake);
    }
}

static struct fake *imessage_command(void)
{
    return imessage(NULL);
}

/* ---- options */

static void options_that_are_wrong(void **unused)
{
    static const char *const cases[][4] = {
        { "telegram", "api", "telegram.example.com", "http://" },
        { "telegram", "chat", "", "empty" },
        { "webhook", "method", "GET", "POST or PUT" },
        { "webhook", "content_type", "", "media type" },
        { "alertmanager", "url", "alerts", "http://" },
        { "alertmanager", "name", "", "empty" },
        { "imessage", "to", "--help", "neither" },
        { "imessage", "text", "", "empty" },
        { "slack", "text", "", "empty" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *name = cases[i][0];
        struct fake *(*const make)(void) = strcmp(name, "telegram") == 0       ? telegram
                                           : strcmp(name, "webhook") == 0      ? webhook
                                           : strcmp(name, "slack") == 0        ? slack
                                           : strcmp(name, "alertmanager") == 0 ? alertmanager
                                                                               : imessage_command;
        struct fake *fake = make();

        ACCEPTS(fake);
        fake_free(fake);
        fake = with(make, cases[i][1], cases[i][2]);
        REFUSES(fake, cases[i][1], cases[i][3]);
        fake_free(fake);
    }
}

static void secrets_that_are_none(void **unused)
{
    static const char *const tokens[] = { "hello", "1:", ":x", "1:a/b", "1:a b", "1:a?b" };

    (void)unused;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct fake *fake = with(telegram, "token", tokens[i]);

        CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "none of a bot's");
        assert_null(fake_asked(fake, 0));
        fake_free(fake);
    }
}

/* The mark of a secret is no piece of one: what is made of stars is replaced as well, once. */
static void a_secret_made_of_stars(void **unused)
{
    struct fake *fake = channel("webhook");

    (void)unused;
    fake_set(fake, "url", "http://hook.example.com/******");
    answers(fake, 400, NULL, NULL, "no ******");
    CONCLUDES(fake, TALON_FAIL, "notify.refused", "no ***");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_telegram_answers),
        cmocka_unit_test(what_slack_answers),
        cmocka_unit_test(what_a_webhook_answers),
        cmocka_unit_test(what_alertmanager_answers),
        cmocka_unit_test(one_that_cannot_be_asked),
        cmocka_unit_test(what_imsg_answers),
        cmocka_unit_test(imsg_as_a_command),
        cmocka_unit_test(options_that_are_wrong),
        cmocka_unit_test(secrets_that_are_none),
        cmocka_unit_test(a_secret_made_of_stars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
