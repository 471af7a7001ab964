/* Single behaviours of the outbox: what is told when, by whom it is heard, and how a channel that fails is treated. */
#include "outbox/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define S ((uint64_t)NS_PER_S)

struct room {
    struct outbox *outbox;
    struct moment now;
    struct zone utc;
};

static void use(struct room *r, const struct outbox_channel *channels, size_t n)
{
    struct outbox_settings settings = { .n_channels = n, .channels = channels, .messages = 2, .window = 3600 * S, .zone = &r->utc, .expire = 86400 * S };
    char why[SCALAR_WHY];
    size_t at;

    assert_true(calendar_read("0 9 * * *", &settings.digest, why, &at));
    outbox_set(r->outbox, &r->now, &settings);
}

static const struct outbox_channel two[] = { { "ops", 1, true, true }, { "phone", 2, false, true } };

static void begin(struct room *r)
{
    zone_utc(&r->utc);
    r->now = (struct moment){ .awake = S, .elapsed = S, .wall = (int64_t)(1796007600 * S), .boot = 1 }; /* 2026-11-30 03:00 UTC */
    r->outbox = outbox_create();
    assert_non_null(r->outbox);
    use(r, two, 2);
}

static void pass(struct room *r, uint64_t s)
{
    r->now.awake += s * S;
    r->now.elapsed += s * S;
    r->now.wall += (int64_t)(s * S);
}

static void say(struct room *r, enum outbox_level level, bool over, uint64_t key, const char *text)
{
    const struct outbox_say what = { .level = level, .over = over, .key = key, .incident = key, .subject = "Redis", .text = text };

    assert_true(outbox_say(r->outbox, &r->now, &what));
}

/* The next letter must be this one. */
static size_t expect(struct room *r, const char *channel, const char *text)
{
    struct outbox_letter letter;

    assert_int_equal(outbox_due(r->outbox, &r->now), 0);
    assert_true(outbox_next(r->outbox, &r->now, &letter));
    assert_string_equal(letter.name, channel);
    assert_string_equal(letter.text, text);
    return letter.channel;
}

static void expect_none(struct room *r)
{
    struct outbox_letter letter;

    assert_false(outbox_next(r->outbox, &r->now, &letter));
    assert_true(outbox_due(r->outbox, &r->now) > 0);
}

static void sent(struct room *r, size_t channel)
{
    outbox_ended(r->outbox, &r->now, channel, OUTBOX_SENT, 0, "");
}

static void messages_within_the_cap_and_then_one_for_the_rest(void **state)
{
    struct room r;
    uint64_t due;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    sent(&r, expect(&r, "ops", "one"));
    say(&r, OUTBOX_MESSAGE, false, 2, "two");
    sent(&r, expect(&r, "ops", "two"));
    say(&r, OUTBOX_MESSAGE, false, 3, "three");
    say(&r, OUTBOX_MESSAGE, false, 4, "four");
    expect_none(&r);
    due = outbox_due(r.outbox, &r.now);
    assert_int_equal(due, 3600 * S);
    pass(&r, 3600);
    sent(&r, expect(&r, "ops", "03:00: three\n03:00: four"));
    expect_none(&r);
    outbox_free(r.outbox);
}

static void a_page_goes_to_all_of_sos_whatever_the_cap(void **state)
{
    struct room r;
    struct outbox_news news;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    sent(&r, expect(&r, "ops", "one"));
    say(&r, OUTBOX_MESSAGE, false, 2, "two");
    sent(&r, expect(&r, "ops", "two"));
    say(&r, OUTBOX_PAGE, false, 1, "help");
    sent(&r, expect(&r, "ops", "help"));
    news = outbox_news(r.outbox);
    assert_int_equal(news.kind, OUTBOX_DELIVERED);
    assert_int_equal(news.incident, 1);
    sent(&r, expect(&r, "phone", "help"));
    assert_int_equal(outbox_news(r.outbox).kind, OUTBOX_NOTHING); /* one confirmation is enough */
    say(&r, OUTBOX_PAGE, true, 1, "all clear");
    sent(&r, expect(&r, "ops", "all clear"));
    news = outbox_news(r.outbox);
    assert_int_equal(news.kind, OUTBOX_DELIVERED);
    assert_true(news.over);
    sent(&r, expect(&r, "phone", "all clear"));
    outbox_free(r.outbox);
}

static void what_has_passed_is_one_line(void **state)
{
    struct room r;
    size_t channel;

    (void)state;
    begin(&r);
    pass(&r, 720);
    say(&r, OUTBOX_MESSAGE, false, 1, "Redis has failed: connection refused");
    channel = expect(&r, "ops", "Redis has failed: connection refused");
    outbox_ended(r.outbox, &r.now, channel, OUTBOX_FAILED, 0, "cannot reach it");
    pass(&r, 1680);
    say(&r, OUTBOX_MESSAGE, true, 1, "Redis has recovered");
    sent(&r, expect(&r, "ops", "Redis was down 03:12 to 03:40, which could not be sent: Redis has failed: connection refused"));
    expect_none(&r);
    assert_int_equal(outbox_waiting(r.outbox), 0);
    outbox_free(r.outbox);
}

static void an_end_goes_only_where_its_alarm_went(void **state)
{
    struct room r;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "bad");
    sent(&r, expect(&r, "ops", "bad"));
    say(&r, OUTBOX_PAGE, true, 1, "all clear");
    sent(&r, expect(&r, "ops", "all clear"));
    expect_none(&r);
    outbox_free(r.outbox);
}

static void a_digest_waits_for_its_time_or_the_next_message(void **state)
{
    struct room r;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_DIGEST, false, 1, "small");
    expect_none(&r);
    assert_int_equal(outbox_due(r.outbox, &r.now), 6 * 3600 * S);
    pass(&r, 6 * 3600);
    sent(&r, expect(&r, "ops", "03:00: small"));
    say(&r, OUTBOX_DIGEST, false, 2, "later");
    expect_none(&r);
    say(&r, OUTBOX_MESSAGE, false, 3, "large");
    sent(&r, expect(&r, "ops", "later\nlarge"));
    outbox_free(r.outbox);
}

static void a_service_that_is_busy_is_left_alone_as_long_as_it_says(void **state)
{
    struct room r;
    size_t channel;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    channel = expect(&r, "ops", "one");
    outbox_ended(r.outbox, &r.now, channel, OUTBOX_BUSY, 37 * S, "too many");
    assert_int_equal(outbox_due(r.outbox, &r.now), 37 * S);
    pass(&r, 36);
    say(&r, OUTBOX_PAGE, false, 1, "help"); /* a page as well: it would be refused */
    sent(&r, expect(&r, "phone", "help"));
    expect_none(&r);
    pass(&r, 1);
    sent(&r, expect(&r, "ops", "help"));
    sent(&r, expect(&r, "ops", "one"));
    outbox_free(r.outbox);
}

static void failures_wait_longer_each_time_and_are_told_after_a_while(void **state)
{
    static const uint64_t waits[] = { 10, 20, 40, 80, 160, 320, 640, 900, 900 };
    struct room r;
    struct outbox_view view;
    size_t channel;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        struct outbox_letter letter;

        assert_true(outbox_next(r.outbox, &r.now, &letter));
        outbox_ended(r.outbox, &r.now, letter.channel, OUTBOX_FAILED, 0, "cannot reach it");
        assert_int_equal(outbox_due(r.outbox, &r.now), waits[i] * S);
        pass(&r, waits[i]);
    }
    assert_int_equal(outbox_news(r.outbox).kind, OUTBOX_BROKEN);
    assert_true(outbox_view(r.outbox, &r.now, 0, &view));
    assert_true(view.broken);
    assert_string_equal(view.why, "cannot reach it");
    channel = expect(&r, "ops", "03:00: one");
    sent(&r, channel);
    assert_int_equal(outbox_news(r.outbox).kind, OUTBOX_MENDED);
    assert_true(outbox_view(r.outbox, &r.now, 0, &view));
    assert_true(view.proven && !view.broken);
    outbox_free(r.outbox);
}

static void a_refusal_is_told_at_once_and_ends_with_another_configuration(void **state)
{
    static const struct outbox_channel other[] = { { "ops", 7, true, true }, { "phone", 2, false, true } };
    struct room r;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    outbox_ended(r.outbox, &r.now, expect(&r, "ops", "one"), OUTBOX_REFUSED, 0, "no such chat");
    assert_int_equal(outbox_news(r.outbox).kind, OUTBOX_BROKEN);
    expect_none(&r);
    use(&r, other, 2);
    sent(&r, expect(&r, "ops", "one"));
    outbox_free(r.outbox);
}

static void what_is_too_old_is_given_up_and_that_is_said(void **state)
{
    struct room r;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_MESSAGE, false, 1, "one");
    outbox_ended(r.outbox, &r.now, expect(&r, "ops", "one"), OUTBOX_FAILED, 0, "cannot reach it");
    pass(&r, 86401);
    expect_none(&r);
    assert_int_equal(outbox_lost(r.outbox), 1);
    say(&r, OUTBOX_MESSAGE, false, 2, "two");
    sent(&r, expect(&r, "ops", "two\n(1 more could not be kept or sent, and were given up)"));
    outbox_free(r.outbox);
}

/* Bytes that are cut short, or others: left out, and nothing else happens. */
static void rows_are_not_believed(void **state)
{
    struct room r, other;
    struct outbox_row row;
    unsigned good = 0;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_PAGE, false, 1, "help");
    while (outbox_row(r.outbox, &row)) {
        for (size_t n = 0; n < row.n; n++) {
            begin(&other);
            outbox_restore(other.outbox, &other.now, row.name, row.bytes, n);
            row.bytes[n] ^= 0x5a;
            outbox_restore(other.outbox, &other.now, row.name, row.bytes, row.n);
            row.bytes[n] ^= 0x5a;
            use(&other, two, 2);
            outbox_free(other.outbox);
        }
        good++;
    }
    assert_int_equal(good, 3);
    outbox_free(r.outbox);
}

static void a_full_outbox_keeps_what_weighs_most(void **state)
{
    struct room r;

    (void)state;
    begin(&r);
    say(&r, OUTBOX_PAGE, false, 1, "help");
    say(&r, OUTBOX_DIGEST, false, 2, "small");
    for (uint64_t i = 0; i < OUTBOX_LINES; i++)
        say(&r, OUTBOX_MESSAGE, false, 10 + i, "middling");
    assert_int_equal(outbox_waiting(r.outbox), OUTBOX_LINES);
    assert_int_equal(outbox_lost(r.outbox), 2);
    expect(&r, "ops", "help");
    expect(&r, "phone", "help");
    outbox_free(r.outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_within_the_cap_and_then_one_for_the_rest), cmocka_unit_test(a_page_goes_to_all_of_sos_whatever_the_cap),
        cmocka_unit_test(what_has_passed_is_one_line),                       cmocka_unit_test(an_end_goes_only_where_its_alarm_went),
        cmocka_unit_test(a_digest_waits_for_its_time_or_the_next_message),   cmocka_unit_test(a_service_that_is_busy_is_left_alone_as_long_as_it_says),
        cmocka_unit_test(failures_wait_longer_each_time_and_are_told_after_a_while),
        cmocka_unit_test(a_refusal_is_told_at_once_and_ends_with_another_configuration),
        cmocka_unit_test(what_is_too_old_is_given_up_and_that_is_said),      cmocka_unit_test(rows_are_not_believed),
        cmocka_unit_test(a_full_outbox_keeps_what_weighs_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
