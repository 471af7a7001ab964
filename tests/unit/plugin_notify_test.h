/* What the unit tests of the plugin `notify` share: each channel with secrets of its own, and a look for them in what was told. */
#ifndef PLUGIN_NOTIFY_TEST_H
#define PLUGIN_NOTIFY_TEST_H

#include "plugin_test.h"

#define TOKEN "123456:AAbbCCddEEff_gg-hh"
#define HOOK "https://hooks.example.com/services/T0AAAA/B0BBBB/c0ffeec0ffee"

/* The option that the next channel is given another value for. */
static const char *other_option, *other_value;

static inline void put(struct fake *fake, const char *option, const char *value)
{
    const int other = other_option && strcmp(other_option, option) == 0;

    fake_set(fake, option, other ? other_value : value);
    if (other)
        other_option = NULL;
}

/* That channel, with this value of that option. */
static inline struct fake *with(struct fake *(*make)(void), const char *option, const char *value)
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

static inline struct fake *channel(const char *name)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, name);

    put(fake, "text", "redis does not answer");
    fake_calendar(fake, 1767323045); /* 2026-01-02T03:04:05Z */
    return fake;
}

static inline struct fake *telegram(void)
{
    struct fake *fake = channel("telegram");

    put(fake, "token", TOKEN);
    put(fake, "chat", "-100200");
    return fake;
}

static inline struct fake *slack(void)
{
    struct fake *fake = channel("slack");

    put(fake, "url", HOOK);
    return fake;
}

static inline struct fake *webhook(void)
{
    struct fake *fake = channel("webhook");

    put(fake, "url", "https://me:pa55word@hook.example.com/in/s3cr3tpath?key=s3cr3tkey");
    fake_add(fake, "headers", "Authorization", "Bearer s3cr3tbearer");
    return fake;
}

static inline struct fake *alertmanager(void)
{
    struct fake *fake = channel("alertmanager");

    put(fake, "url", "http://alerts.example.com:9093/");
    fake_set(fake, "bearer", "s3cr3tbearer");
    fake_add(fake, "labels", "service", "redis");
    return fake;
}

static inline void answers(struct fake *fake, unsigned status, const char *header, const char *value, const char *body)
{
    const struct talon_pair headers[] = { { header, value }, { NULL, NULL } };

    fake_http(fake, FAKE_MS,
              TALON_REQUEST(talon_response, .status = status, .headers = headers, .body = body, .body_len = strlen(body), .total_ns = FAKE_MS));
}

static inline void tells_no_secret(struct fake *fake)
{
    static const char *const secrets[] = { "AAbb", "T0AAAA", "B0BBBB", "c0ffeec0ffee", "s3cr3t", "pa55word" };

    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        assert_null(strstr(fake_result(fake)->summary, secrets[i]));
        assert_null(strstr(fake_log(fake), secrets[i]));
    }
    assert_int_equal(fake_result(fake)->details, 0);
}

#endif
