/* The plugin `push` on the fake host: what was reported, and when, stands in what it recalls. */
#include "plugin_test.h"

#define NOON 1700000000
#define AGO(seconds) (((int64_t)NOON - (seconds)) * 1000)

struct kept {
    int64_t since, started, ended; /* s ago; -1: never */
    const char *rest;
};

static struct fake *told_with(const struct kept *kept, const char *cron)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "push");
    char text[1024];
    int n = snprintf(text, sizeof text, "{\"since\":%lld,\"started\":%lld,\"ended\":%lld%s}", (long long)AGO(kept->since), kept->started < 0 ? 0LL : (long long)AGO(kept->started),
                     kept->ended < 0 ? 0LL : (long long)AGO(kept->ended), kept->rest);

    fake_calendar(fake, NOON);
    if (cron) {
        fake_set(fake, "cron", cron);
        fake_set(fake, "zone", "UTC");
    } else {
        fake_set(fake, "period", "24h");
        fake_set(fake, "grace", "1h");
    }
    fake_set(fake, "max_duration", "2h");
    fake_saved(fake, text, (size_t)n);
    return fake;
}

static struct fake *told(const struct kept *kept)
{
    return told_with(kept, NULL);
}

enum { HOUR = 3600 };

static void what_was_reported(void **unused)
{
    static const struct {
        struct kept kept;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { { HOUR, -1, -1, "" }, TALON_OK, "push.waiting", "not reported yet" },
        { { 25 * HOUR - 1, -1, -1, "" }, TALON_OK, "push.waiting", "not late" },
        { { 25 * HOUR, -1, -1, "" }, TALON_FAIL, "push.late", "it has never reported, waited for since 25 h; it has to every 24 h" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"ok\"" }, TALON_OK, "push.ok", "it reported 60 min ago" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"ok\",\"message\":\"12 files\"" }, TALON_OK, "push.ok", "ago: 12 files" },
        { { 90 * HOUR, -1, 25 * HOUR - 1, ",\"status\":\"ok\"" }, TALON_OK, "push.ok", "it reported" },
        { { 90 * HOUR, -1, 25 * HOUR, ",\"status\":\"ok\"" }, TALON_FAIL, "push.late", "it has not reported for 25 h; it has to every 24 h" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"fail\",\"exit\":3,\"tail\":\"first\\nno space left\\n\"" }, TALON_FAIL, "push.failed", "exit code 3: no space left" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"fail\",\"message\":\"disk\"" }, TALON_FAIL, "push.failed", "said 60 min ago that it failed: disk" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"warn\"" }, TALON_WARN, "push.warned", "it warned" },
        { { 90 * HOUR, -1, HOUR, ",\"status\":\"unknown\"" }, TALON_UNKNOWN, "push.unknown", "does not know" },
        { { 90 * HOUR, HOUR, 20 * HOUR, ",\"status\":\"ok\"" }, TALON_OK, "push.running", "it has been running for 60 min" },
        { { 90 * HOUR, 2 * HOUR - 1, 20 * HOUR, ",\"status\":\"ok\"" }, TALON_OK, "push.running", "running" },
        { { 90 * HOUR, 2 * HOUR, 20 * HOUR, ",\"status\":\"ok\"" }, TALON_FAIL, "push.stuck", "it started 2 h ago and has not ended since; it may take 2 h" },
        { { 90 * HOUR, HOUR, 20 * HOUR, ",\"status\":\"fail\",\"exit\":1" }, TALON_FAIL, "push.failed", "exit code 1" },
        { { 90 * HOUR, 3 * HOUR, HOUR, ",\"status\":\"ok\",\"took_ms\":7200000" }, TALON_OK, "push.ok", "it reported" },
        { { 90 * HOUR, -1, -HOUR, ",\"status\":\"ok\"" }, TALON_FAIL, "push.late", "never" }, /* -HOUR is never */
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = told(&cases[i].kept);

        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

/* A clock that was set back puts the last report into the future: it has just come. */
static void a_report_from_the_future_is_of_now(void **unused)
{
    struct fake *fake = told(&(struct kept){ 90 * HOUR, -1, 0, ",\"status\":\"ok\"" });

    (void)unused;
    fake_calendar(fake, NOON - 400 * HOUR);
    CONCLUDES(fake, TALON_OK, "push.ok", "it reported 0.0 ms ago");
    fake_free(fake);
}

static void what_is_kept_may_be_nonsense(void **unused)
{
    static const char *const nonsense[] = { "", "{", "[]", "7", "{\"ended\":\"x\",\"status\":7,\"since\":1e300}", "{\"ended\":-5,\"started\":null}" };

    (void)unused;
    for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "push");

        fake_calendar(fake, NOON);
        fake_set(fake, "period", "24h");
        fake_saved(fake, nonsense[i], strlen(nonsense[i]));
        CONCLUDES(fake, TALON_OK, "push.waiting", "not reported yet");
        fake_free(fake);
    }
}

static void it_is_waited_for_from_its_first_setup_on(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "push");

    (void)unused;
    fake_calendar(fake, NOON);
    fake_set(fake, "period", "24h");
    CONCLUDES(fake, TALON_OK, "push.waiting", "not reported yet");
    fake_calendar(fake, NOON + 26 * HOUR);
    CONCLUDES(fake, TALON_FAIL, "push.late", "it has never reported");
    fake_free(fake);
}

static void a_single_shot_cannot_know(void **unused)
{
    struct fake *fake = told(&(struct kept){ HOUR, -1, HOUR, ",\"status\":\"ok\"" });

    (void)unused;
    fake_flags(fake, TALON_ONCE);
    CONCLUDES(fake, TALON_UNKNOWN, "push.unheard", "only the running daemon knows");
    fake_free(fake);
}

/* NOON is 22:13:20 in UTC; it has to begin at 20:00, and to have reported by 21:00. */
static void one_that_has_a_schedule(void **unused)
{
    static const struct {
        struct kept kept;
        const char *grace;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { { 90 * HOUR, -1, 2 * HOUR, "" }, "1h", TALON_OK, "push.ok", "it reported 2 h ago" },
        { { 90 * HOUR, -1, 3 * HOUR, "" }, "1h", TALON_FAIL, "push.late", "it had to begin 2 h ago and has not reported since: its last report came 3 h ago" },
        { { 90 * HOUR, -1, 3 * HOUR, "" }, "3h", TALON_OK, "push.ok", "it reported 3 h ago" },
        { { 90 * HOUR, -1, 27 * HOUR, "" }, "3h", TALON_FAIL, "push.late", "it had to begin 26 h ago" },
        { { 90 * HOUR, -1, -1, "" }, "1h", TALON_FAIL, "push.late", "it had to begin 2 h ago and has never reported" },
        { { 2 * HOUR, -1, -1, "" }, "1h", TALON_OK, "push.waiting", "not late" },
        { { 90 * HOUR, HOUR, 27 * HOUR, "" }, "1h", TALON_OK, "push.running", "it has been running for 60 min" },
        { { 90 * HOUR, 2 * HOUR, 27 * HOUR, "" }, "1h", TALON_FAIL, "push.stuck", "it may take 2 h" },
        { { 90 * HOUR, -1, 2 * HOUR, ",\"status\":\"fail\",\"exit\":3" }, "1h", TALON_FAIL, "push.failed", "exit code 3" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = told_with(&cases[i].kept, "0 20 * * *");

        fake_set(fake, "grace", cases[i].grace);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void schedules_that_are_none(void **unused)
{
    static const struct {
        const char *period, *cron, *zone, *option, *words;
    } cases[] = {
        { NULL, NULL, "UTC", "zone", "is for `cron`, which is not given" },
        { NULL, "0 25 * * *", "UTC", "cron", "must be five fields such as `0 3 * * sun`: " },
        { NULL, "0 5 * * *", "../../etc/passwd", "zone", "must be a time zone such as Europe/Berlin: " },
        { "24h", "0 5 * * *", "UTC", "cron", "and `period` both say when it has to report: give one of them" },
    };
    struct fake *fake = fake_new(&talon_plugin_descriptor, "push");

    (void)unused;
    fake_set(fake, "cron", "0 5 * * *"); /* by the machine's own clocks */
    ACCEPTS(fake);
    fake_free(fake);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = fake_new(&talon_plugin_descriptor, "push");
        if (cases[i].period)
            fake_set(fake, "period", cases[i].period);
        if (cases[i].cron)
            fake_set(fake, "cron", cases[i].cron);
        fake_set(fake, "zone", cases[i].zone);
        REFUSES(fake, cases[i].option, cases[i].words);
        fake_free(fake);
    }
}

static void options_of_it(void **unused)
{
    static const char old[] = "{\"ended\":1699712000000,\"status\":\"ok\"}";
    struct fake *fake = fake_new(&talon_plugin_descriptor, "push");

    (void)unused;
    ACCEPTS(fake);
    fake_set(fake, "period", "1h");
    fake_set(fake, "max_duration", "2h");
    REFUSES(fake, "max_duration", "must not be above");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "push"); /* without a period nothing is late */
    fake_calendar(fake, NOON);
    fake_saved(fake, old, strlen(old));
    CONCLUDES(fake, TALON_OK, "push.ok", "it reported 3 d ago");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_reported),
        cmocka_unit_test(a_report_from_the_future_is_of_now),
        cmocka_unit_test(what_is_kept_may_be_nonsense),
        cmocka_unit_test(it_is_waited_for_from_its_first_setup_on),
        cmocka_unit_test(a_single_shot_cannot_know),
        cmocka_unit_test(one_that_has_a_schedule),
        cmocka_unit_test(schedules_that_are_none),
        cmocka_unit_test(options_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
