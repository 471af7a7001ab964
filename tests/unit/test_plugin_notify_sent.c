/* The plugin `notify` on the fake host: what each channel is sent, within what its service takes. */
#include "plugin_notify_test.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

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
        cmocka_unit_test(what_telegram_is_sent),
        cmocka_unit_test(a_text_that_is_too_long),
        cmocka_unit_test(what_slack_is_sent),
        cmocka_unit_test(what_a_webhook_is_sent),
        cmocka_unit_test(a_template),
        cmocka_unit_test(what_alertmanager_is_sent),
        cmocka_unit_test(a_password_for_alertmanager),
        cmocka_unit_test(what_is_repeated_without_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
