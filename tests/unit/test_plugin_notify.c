/* The plugin `notify` on the fake host: what each channel is sent, and what is made of every answer that its service documents. */
#include "plugin_test.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#define TOKEN "123456:AAbbCCddEEff_gg-hh"
#define HOOK "https://hooks.example.com/services/T0AAAA/B0BBBB/c0ffeec0ffee"

/* The option that the next channel is given another value for. */
static const char *other_option, *other_value;

static void put(struct fake *fake, const char *option, const char *value)
{
    const int other = other_option && strcmp(other_option, option) == 0;

    fake_set(fake, option, other ? other_value : value);
    if (other)
        other_option = NULL;
}

/* That channel, with this value of that option. */
static struct fake *with(struct fake *(*make)(void), const char *option, const char *value)
{
    struct fake *fake;

    other_option = option;
    other_value = value;
    fake = make();
    if (other_option)
        fake_set(fake, option, value);
    other_option = NULL;
    return fake;
}

static struct fake *channel(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    put(fake, "text", "redis does not answer");
    fake_calendar(fake, 1767323045); /* 2026-01-02T03:04:05Z */
    return fake;
}

static struct fake *telegram(void)
{
    struct fake *fake = channel("telegram");

    put(fake, "token", TOKEN);
    put(fake, "chat", "-100200");
    return fake;
}

static struct fake *slack(void)
{
    struct fake *fake = channel("slack");

    put(fake, "url", HOOK);
    return fake;
}

static struct fake *webhook(void)
{
    struct fake *fake = channel("webhook");

    put(fake, "url", "https://me:pa55word@hook.example.com/in/s3cr3tpath?key=s3cr3tkey");
    fake_add(fake, "headers", "Authorization", "Bearer s3cr3tbearer");
    return fake;
}

static struct fake *alertmanager(void)
{
    struct fake *fake = channel("alertmanager");

    put(fake, "url", "http://alerts.example.com:9093/");
    fake_set(fake, "bearer", "s3cr3tbearer");
    fake_add(fake, "labels", "service", "redis");
    return fake;
}

static void answers(struct fake *fake, unsigned status, const char *header, const char *value, const char *body)
{
    const struct talon_pair headers[] = { { header, value }, { NULL, NULL } };

    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = status, .headers = headers, .body = body, .body_len = strlen(body), .total_ns = FAKE_MS));
}

static void tells_no_secret(struct fake *fake)
{
    static const char *const secrets[] = { "AAbb", "T0AAAA", "B0BBBB", "c0ffeec0ffee", "s3cr3t", "pa55word" };

    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        assert_null(strstr(fake_result(fake)->summary, secrets[i]));
        assert_null(strstr(fake_log(fake), secrets[i]));
    }
    assert_int_equal(fake_result(fake)->details, 0);
}

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

/* ---- what is sent */

static cJSON *sent(struct fake *fake)
{
    const struct talon_http *asked = fake_asked(fake, 0);
    cJSON *body;

    assert_non_null(asked);
    body = cJSON_ParseWithLength(asked->body, asked->body_len);
    assert_non_null(body);
    return body;
}

static const char *field(const cJSON *body, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));

    return text ? text : "(none)";
}

static void what_telegram_is_sent(void **unused)
{
    struct fake *fake = telegram();
    cJSON *body;

    (void)unused;
    fake_set(fake, "title", "Redis <down> \"now\"");
    fake_set(fake, "level", "digest");
    fake_set(fake, "thread", "5");
    answers(fake, 200, NULL, NULL, "{\"ok\":true}");
    CONCLUDES(fake, TALON_OK, "notify.sent", "Telegram");
    body = sent(fake);
    assert_string_equal(fake_asked(fake, 0)->url, "https://api.telegram.org/bot" TOKEN "/sendMessage");
    assert_string_equal(fake_asked(fake, 0)->method, "POST");
    assert_string_equal(fake_asked_header(fake, 0, "Content-Type"), "application/json");
    assert_int_equal(fake_asked(fake, 0)->max_redirects, 0);
    assert_string_equal(field(body, "chat_id"), "-100200");
    assert_string_equal(field(body, "text"), "Redis <down> \"now\"\nredis does not answer");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(body, "disable_notification")));
    NEAR(cJSON_GetNumberValue(cJSON_GetObjectItem(body, "message_thread_id")), 5);
    cJSON_Delete(body);
    fake_free(fake);
}

static size_t units(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) == 0x80 ? 0 : (unsigned char)*text >= 0xf0 ? 2 : 1;
    return n;
}

/* 4096 UTF-16 units are whole, one more is cut, between characters. */
static void a_text_that_is_too_long(void **unused)
{
    enum { FACES = 2049 };
    static const char face[] = "\xf0\x9f\x98\x80"; /* two units */
    char *text = malloc(FACES * 4 + 1);

    (void)unused;
    assert_non_null(text);
    for (size_t n = FACES - 1; n <= FACES; n++) {
        struct fake *fake;
        cJSON *body;
        const char *said;

        for (size_t i = 0; i < n; i++)
            memcpy(text + 4 * i, face, 5);
        fake = with(telegram, "text", text);
        answers(fake, 200, NULL, NULL, "{\"ok\":true}");
        CONCLUDES(fake, TALON_OK, "notify.sent", "Telegram");
        body = sent(fake);
        said = field(body, "text");
        assert_true(units(said) <= 4096);
        assert_true((strstr(said, "[... cut]") != NULL) == (n == FACES));
        if (n < FACES)
            assert_int_equal(units(said), 4096);
        cJSON_Delete(body);
        fake_free(fake);
    }
    free(text);
}

static void what_slack_is_sent(void **unused)
{
    struct fake *fake = with(slack, "text", "a <!channel> & b");
    cJSON *body;

    (void)unused;
    answers(fake, 200, NULL, NULL, "ok");
    CONCLUDES(fake, TALON_OK, "notify.sent", "Slack");
    body = sent(fake);
    assert_string_equal(fake_asked(fake, 0)->url, HOOK);
    assert_string_equal(field(body, "text"), "a &lt;!channel&gt; &amp; b");
    cJSON_Delete(body);
    fake_free(fake);
}

static void what_a_webhook_is_sent(void **unused)
{
    struct fake *fake = webhook();
    cJSON *body;

    (void)unused;
    fake_set(fake, "over", "true");
    answers(fake, 200, NULL, NULL, "");
    CONCLUDES(fake, TALON_OK, "notify.sent", "webhook");
    body = sent(fake);
    assert_string_equal(field(body, "text"), "redis does not answer");
    assert_string_equal(field(body, "title"), "");
    assert_string_equal(field(body, "level"), "message");
    assert_string_equal(field(body, "time"), "2026-01-02T03:04:05Z");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(body, "over")));
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer s3cr3tbearer");
    cJSON_Delete(body);
    fake_free(fake);
}

static void a_template(void **unused)
{
    static const struct {
        const char *type, *template, *body;
    } cases[] = {
        { "application/json", "{\"content\":\"{title}: {text}\",\"embeds\":[{}]}", "{\"content\":\"Re\\\"dis: a\\nb {title}\",\"embeds\":[{}]}" },
        { "text/plain", "{level} {over} {time} {text}{", "page false 2026-01-02T03:04:05Z a\nb {title}{" },
        { "text/plain", "{unknown} {text", "{unknown} {text" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = with(webhook, "text", "a\nb {title}");

        fake_set(fake, "title", "Re\"dis");
        fake_set(fake, "level", "page");
        fake_set(fake, "method", "PUT");
        fake_set(fake, "content_type", cases[i].type);
        fake_set(fake, "template", cases[i].template);
        answers(fake, 200, NULL, NULL, "");
        CONCLUDES(fake, TALON_OK, "notify.sent", "webhook");
        assert_string_equal(fake_asked(fake, 0)->method, "PUT");
        assert_string_equal((const char *)fake_asked(fake, 0)->body, cases[i].body);
        assert_string_equal(fake_asked_header(fake, 0, "Content-Type"), cases[i].type);
        fake_free(fake);
    }
}

static void what_alertmanager_is_sent(void **unused)
{
    (void)unused;
    for (int over = 0; over < 2; over++) {
        struct fake *fake = alertmanager();
        const cJSON *alert;
        cJSON *body;

        fake_set(fake, "over", over ? "true" : "false");
        fake_set(fake, "title", "Redis");
        fake_set(fake, "since", "1767322985");
        fake_set(fake, "lasts", "1h");
        answers(fake, 200, NULL, NULL, "");
        CONCLUDES(fake, TALON_OK, "notify.sent", over ? "is over" : "has taken the alert");
        body = sent(fake);
        alert = cJSON_GetArrayItem(body, 0);
        assert_string_equal(fake_asked(fake, 0)->url, "http://alerts.example.com:9093/api/v2/alerts");
        assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer s3cr3tbearer");
        assert_string_equal(field(cJSON_GetObjectItem(alert, "labels"), "alertname"), "Talon");
        assert_string_equal(field(cJSON_GetObjectItem(alert, "labels"), "service"), "redis");
        assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(alert, "labels")), 2);
        assert_string_equal(field(cJSON_GetObjectItem(alert, "annotations"), "summary"), "Redis");
        assert_string_equal(field(cJSON_GetObjectItem(alert, "annotations"), "level"), "message");
        assert_string_equal(field(alert, "startsAt"), "2026-01-02T03:03:05Z");
        assert_string_equal(field(alert, "endsAt"), over ? "2026-01-02T03:04:05Z" : "2026-01-02T04:04:05Z");
        cJSON_Delete(body);
        fake_free(fake);
    }
}

static void a_password_for_alertmanager(void **unused)
{
    struct fake *fake = channel("alertmanager");

    (void)unused;
    fake_set(fake, "url", "http://alerts.example.com");
    fake_set(fake, "user", "talon");
    fake_set(fake, "password", "pa55word");
    answers(fake, 401, NULL, NULL, "talon:pa55word dGFsb246cGE1NXdvcmQ=");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "talon:*** ***");
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Basic dGFsb246cGE1NXdvcmQ=");
    fake_free(fake);
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

/* A peer that repeats a secret as often as it can, and a template that repeats the text, cost no memory to speak of. */
static void what_is_repeated_without_end(void **unused)
{
    enum { SIZE = 60000 };
    char *much = malloc(SIZE + 1);
    struct fake *fake;

    (void)unused;
    assert_non_null(much);
    for (size_t i = 0; i < SIZE; i += 6)
        memcpy(much + i, "{text}", 7);
    fake = webhook();
    fake_set(fake, "content_type", "text/plain");
    fake_set(fake, "template", much);
    answers(fake, 200, NULL, NULL, "");
    CONCLUDES(fake, TALON_OK, "notify.sent", "webhook");
    assert_int_equal(fake_asked(fake, 0)->body_len, SIZE / 6 * strlen("redis does not answer"));
    fake_free(fake);

    fake = with(webhook, "text", much);
    fake_set(fake, "content_type", "text/plain");
    fake_set(fake, "template", much);
    CONCLUDES(fake, TALON_UNKNOWN, "too_big", "larger than 1 MiB");
    assert_null(fake_asked(fake, 0));
    fake_free(fake);

    for (size_t i = 0; i < SIZE; i += 12)
        memcpy(much + i, "s3cr3tbearer", 13);
    fake = webhook();
    answers(fake, 400, NULL, NULL, much);
    CONCLUDES(fake, TALON_FAIL, "notify.refused", "HTTP 400: ***");
    tells_no_secret(fake);
    fake_free(fake);
    free(much);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_telegram_answers),
        cmocka_unit_test(what_slack_answers),
        cmocka_unit_test(what_a_webhook_answers),
        cmocka_unit_test(what_alertmanager_answers),
        cmocka_unit_test(one_that_cannot_be_asked),
        cmocka_unit_test(what_telegram_is_sent),
        cmocka_unit_test(a_text_that_is_too_long),
        cmocka_unit_test(what_slack_is_sent),
        cmocka_unit_test(what_a_webhook_is_sent),
        cmocka_unit_test(a_template),
        cmocka_unit_test(what_alertmanager_is_sent),
        cmocka_unit_test(a_password_for_alertmanager),
        cmocka_unit_test(what_imsg_answers),
        cmocka_unit_test(imsg_as_a_command),
        cmocka_unit_test(options_that_are_wrong),
        cmocka_unit_test(secrets_that_are_none),
        cmocka_unit_test(a_secret_made_of_stars),
        cmocka_unit_test(what_is_repeated_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
