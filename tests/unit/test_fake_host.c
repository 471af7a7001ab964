/* The fake host itself, with a plugin made up for it: options, time, ends and bounds as the contract of talon/plugin.h has them, and each breach
 * that it must see. */
#include "fake_host_plugin.h"

/* ---- options ---- */

static struct conf seen;
static char seen_text[600];

static void look(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    const struct row *rows = conf->table.rows;

    seen = *conf;
    snprintf(seen_text, sizeof seen_text, "%s %s %s %s,%s %s=%s %s:%u %s:%lld,%s:%lld %s", conf->text, conf->path, conf->pem,
             conf->list[0], conf->list[1], conf->map[0].name, conf->map[0].value, conf->address.host, conf->address.port, rows[0].name,
             (long long)rows[0].port, rows[1].name, (long long)rows[1].port, conf->group.names[0]);
    calls += (unsigned)run->host->match(run, conf->pattern, "xaab", 4, NULL);
    assert_null(conf->list[2]);
    assert_null(conf->map[1].name);
    done(run);
}

static void options_of_every_type(void **unused)
{
    struct fake *fake = any(look);

    (void)unused;
    fake_set(fake, "text", "a b");
    fake_set(fake, "path", "/p");
    fake_set(fake, "pem", "/k");
    fake_set(fake, "whole", "-5");
    fake_set(fake, "number", "2.5");
    fake_set(fake, "yes", "false");
    fake_set(fake, "choice", "large");
    fake_set(fake, "time", "1.5s");
    fake_set(fake, "size", "8388607TiB");
    fake_add(fake, "list", NULL, "one");
    fake_add(fake, "list", NULL, "two");
    fake_add(fake, "map", "k", "v");
    fake_set(fake, "address", "[::1]:443");
    fake_set(fake, "pattern", "a+b$");
    fake_set(fake, "group.ratio", "0.25");
    fake_add(fake, "group.names", NULL, "n");
    fake_row(fake, "table");
    fake_set(fake, "table.name", "first");
    fake_row(fake, "table");
    fake_set(fake, "table.name", "second");
    fake_set(fake, "table.port", "81");
    CONCLUDES(fake, TALON_OK, "any.ok", "done");
    assert_string_equal(seen_text, "a b /p /k one,two k=v ::1:443 first:80,second:81 n");
    assert_int_equal(calls, 1);
    assert_int_equal(seen.whole, -5);
    NEAR(seen.number, 2.5);
    assert_int_equal(seen.yes, 0);
    assert_int_equal(seen.choice, LARGE);
    assert_true(seen.time == 1500000000);
    assert_true(seen.size == UINT64_C(8388607) << 40);
    NEAR(seen.group.ratio, 0.25);
    assert_int_equal(seen.table.n, 2);
    fake_free(fake);
}

static void keep_conf(struct talon_run *run)
{
    seen = *(const struct conf *)run->conf;
    done(run);
}

static void defaults(void **unused)
{
    struct fake *fake = any(keep_conf);

    (void)unused;
    CONCLUDES(fake, TALON_OK, "any.ok", "");
    assert_null(seen.text);
    assert_null(seen.list);
    assert_null(seen.map);
    assert_null(seen.pattern);
    assert_null(seen.address.host);
    assert_int_equal(seen.whole, 3);
    assert_int_equal(seen.yes, 1);
    assert_int_equal(seen.choice, SMALL);
    assert_true(seen.time == UINT64_C(5400) * FAKE_S);
    assert_true(seen.size == 0);
    NEAR(seen.group.ratio, 0.5);
    assert_int_equal(seen.table.n, 0);
    fake_free(fake);
}

static void options_that_are_wrong(void **unused)
{
    static const char *const cases[][3] = {
        { "whole", "6", "must be -5 to 5" },   { "whole", "x", "no whole number" },     { "whole", "1.5", "no whole number" },
        { "number", "nan", "no number" },      { "yes", "yes", "write true or false" }, { "choice", "huge", "none of the choices" },
        { "time", "5", "no duration" },        { "time", "5 m", "no duration" },        { "time", "-1s", "no duration" },
        { "size", "1kb", "no size" },          { "size", "9000000TiB", "no size" },     { "address", "a", "no address" },
        { "address", ":80", "no address" },    { "address", "a:0", "no address" },      { "address", "a:65536", "no address" },
        { "pattern", "(", "regular" },         { "path", "rel", "relative" },           { "text", "refuse", "is refused" },
        { "group.ratio", "x", "no number" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = any(done);
        fake_set(fake, cases[i][0], cases[i][1]);
        REFUSES(fake, cases[i][0], cases[i][2]);
        fake_free(fake);
    }
    fake = any(done);
    fake_row(fake, "table");
    REFUSES(fake, "table.name", "is required");
    fake_set(fake, "table.name", "x");
    ACCEPTS(fake);
    fake_free(fake);
}

/* ---- time ---- */

static void ring(struct talon_run *run, void *arg)
{
    tell(arg);
    if (strcmp(arg, "last") == 0)
        done(run);
}

static void three_timers(struct talon_run *run)
{
    run->host->timer(run, 3 * FAKE_S, ring, "last");
    run->host->stop(run, run->host->timer(run, FAKE_MS, ring, "stopped"));
    run->host->timer(run, FAKE_S, ring, "first");
    run->host->timer(run, FAKE_S, ring, "second");
    run->host->timer(run, 3 * FAKE_S, ring, "never");
    tell("started");
}

static void timers_ring_in_order(void **unused)
{
    struct fake *fake = any(three_timers);

    (void)unused;
    fake_start(fake);
    assert_string_equal(story, "started ");
    assert_int_equal(fake_pending(fake), 4);
    fake_advance(fake, FAKE_S - 1);
    assert_string_equal(story, "started ");
    fake_advance(fake, 1);
    assert_string_equal(story, "started first second ");
    CONCLUDES(fake, TALON_OK, "any.ok", "done");
    assert_string_equal(story, "started first second last ");
    assert_true(fake_result(fake)->took_ns == 3 * FAKE_S);
    fake_free(fake);
}

static int64_t calendar_then;
static uint64_t deadline_then;

static void tell_time(struct talon_run *run)
{
    calendar_then = run->host->unix_ns(run);
    deadline_then = talon_left_ns(run);
    calls = run->flags;
    done(run);
}

static void clocks_and_flags(void **unused)
{
    struct fake *fake = any(tell_time);

    (void)unused;
    fake_calendar(fake, 1000);
    fake_timeout(fake, 7 * FAKE_S);
    fake_flags(fake, TALON_ONCE | TALON_NUDGED);
    fake_advance(fake, 5 * FAKE_S);
    CONCLUDES(fake, TALON_OK, "any.ok", "");
    assert_true(calendar_then == INT64_C(1005) * (int64_t)FAKE_S);
    assert_true(deadline_then == 7 * FAKE_S);
    assert_int_equal(calls, TALON_ONCE | TALON_NUDGED);
    fake_free(fake);
}

/* ---- ends that are not the plugin's ---- */

static void ignore(struct talon_run *run, void *arg)
{
    (void)run;
    (void)arg;
}

static void nothing(struct talon_run *run)
{
    (void)run;
}

static void wait_long(struct talon_run *run)
{
    run->host->timer(run, 3600 * FAKE_S, ignore, NULL);
}

static void watch_long(struct talon_run *run)
{
    run->host->watch(run, 5, TALON_READ, ignore_watch, NULL);
}

static void connect_long(struct talon_run *run)
{
    run->host->connect(run, TALON_REQUEST(talon_connect, .to = { .host = "a", .port = 1 }), ignore_link, NULL);
}

static void ends_by_the_host(void **unused)
{
    static const struct {
        void (*run)(struct talon_run *);
        enum fake_end end;
        enum talon_status status;
        const char *reason, *story;
        uint64_t took;
    } cases[] = {
        { nothing, FAKE_IDLE, TALON_UNKNOWN, "plugin.idle", "", 0 },
        { wait_long, FAKE_DEADLINE, TALON_UNKNOWN, "timeout", "", 10 * FAKE_S },
        { watch_long, FAKE_DEADLINE, TALON_FAIL, "timeout", "late ", 10 * FAKE_S },
        { connect_long, FAKE_DEADLINE, TALON_FAIL, "timeout", "timeout ", 10 * FAKE_S - 100 * FAKE_MS },
    };

    for (size_t i = 0; i < 4; i++) {
        struct fake *fake = any(cases[i].run);

        reset(unused);
        body = cases[i].run;
        fake_run(fake);
        assert_int_equal(fake_result(fake)->end, cases[i].end);
        assert_int_equal(fake_result(fake)->status, cases[i].status);
        assert_string_equal(fake_result(fake)->reason, cases[i].reason);
        assert_string_equal(story, cases[i].story);
        assert_true(fake_result(fake)->took_ns == cases[i].took);
        assert_null(fake_broken(fake));
        fake_free(fake);
    }
}

static void late_is_five_percent_before(void **unused)
{
    struct fake *fake = any(connect_long);

    (void)unused;
    fake_timeout(fake, FAKE_S);
    fake_run(fake);
    assert_true(fake_result(fake)->took_ns == 950 * FAKE_MS);
    fake_free(fake);
}

static void leave_much_behind(struct talon_run *run)
{
    run->host->defer(run, note_end, "opened-first");
    run->host->defer(run, note_end, "opened-last");
    run->host->timer(run, FAKE_S, ignore, NULL);
    memset(run->host->alloc(run, 1000), 7, 1000);
    run->host->release(run, run->host->alloc(run, 10));
    run->host->release(run, NULL);
}

static void a_cancelled_run_leaves_nothing(void **unused)
{
    struct fake *fake = any(leave_much_behind);

    (void)unused;
    fake_start(fake);
    assert_int_equal(fake_pending(fake), 1);
    fake_cancel(fake);
    assert_string_equal(story, "opened-last opened-first ");
    assert_int_equal(fake_pending(fake), 0);
    assert_int_equal(fake_result(fake)->end, FAKE_CANCELLED);
    fake_advance(fake, 100 * FAKE_S);
    fake_free(fake);
}

/* ---- breaches ---- */

static void done_twice(struct talon_run *run)
{
    done(run);
    talon_done(run, TALON_FAIL, "any.again", "again");
}

static void odd_reason(struct talon_run *run)
{
    talon_done(run, TALON_OK, "Not a token", "x");
}

static void odd_status(struct talon_run *run)
{
    talon_done(run, (enum talon_status)17, "any.ok", "x");
}

static void undeclared(struct talon_run *run)
{
    run->host->metric(run, "other", 1, "s");
    done(run);
}

static void wrong_unit(struct talon_run *run)
{
    run->host->metric(run, "age", 1, "B");
    done(run);
}

static void not_finite(struct talon_run *run)
{
    run->host->metric(run, "age", (double)NAN, "s");
    done(run);
}

static void without_size(struct talon_run *run)
{
    const struct talon_http request = { .url = "http://a/" };

    run->host->http(run, &request, NULL, NULL);
    done(run);
}

static void without_program(struct talon_run *run)
{
    static const char *const none[] = { NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = none), NULL, NULL);
    done(run);
}

static void send_too_early(struct talon_run *run)
{
    const talon_op link = run->host->connect(run, TALON_REQUEST(talon_connect, .to = { .host = "a", .port = 1 }), ignore_link, NULL);

    run->host->send(run, link, "x", 1);
    done(run);
}

static void too_many(struct talon_run *run)
{
    for (int i = 0; i < 65; i++)
        run->host->timer(run, FAKE_S, ignore, NULL);
    done(run);
}

static void breaches_are_seen(void **unused)
{
    static const struct {
        void (*run)(struct talon_run *);
        const char *part;
    } cases[] = {
        { done_twice, "completed twice" },       { odd_reason, "is no token" },
        { odd_status, "status 17" },             { undeclared, "other is not declared" },
        { wrong_unit, "declared in \"s\"" },     { not_finite, "is not finite" },
        { without_size, "use TALON_REQUEST" },   { without_program, "without its program" },
        { send_too_early, "that is not up" },    { too_many, "more than 64 operations" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = any(cases[i].run);

        fake_run(fake);
        CONTAINS(fake_broken(fake), cases[i].part);
        fake_free(fake);
    }
}

static void descriptors_are_looked_over(void **unused)
{
    static const struct talon_option no_help[] = { { .name = "a", TALON_STRING_AT(struct conf, text) }, { .name = NULL } };
    static const struct talon_option bad_name[] = { { .name = "A-b", TALON_STRING_AT(struct conf, text), .help = "A text." }, { .name = NULL } };
    static const struct talon_option twice[] = { { .name = "a", TALON_STRING_AT(struct conf, text), .help = "A text." },
                                                 { .name = "a", TALON_STRING_AT(struct conf, path), .help = "A text." },
                                                 { .name = NULL } };
    static const struct talon_option outside[] = { { .name = "a", .type = TALON_T_INT, .offset = 4000, .help = "A text." }, { .name = NULL } };
    static const struct talon_option *const cases[] = { no_help, bad_name, twice, outside };
    static const char *const parts[] = { "help must be a sentence", "bad name", "collide", "outside of its struct" };

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        struct talon_operation operation = any_plugin.operations[0];
        struct talon_plugin bad = any_plugin;
        struct fake *fake;

        operation.options = cases[i];
        bad.operations = &operation;
        bad.n_operations = 1;
        fake = fake_new(&bad, "any");
        CONTAINS(fake_broken(fake), parts[i]);
        fake_free(fake);
    }
}

/* ---- bounds ---- */

static void talk(struct talon_run *run)
{
    static char fat[5000];
    char name[16];

    memset(fat, 'x', sizeof fat - 1);
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof name, "m%d", i);
        run->host->metric(run, name, i, "");
    }
    run->host->metric(run, "m0", 500, ""); /* the last of a name wins */
    for (int i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "d%d", i);
        run->host->detail(run, name, i == 0 ? fat : "x");
    }
    run->host->log(run, TALON_INFO, "a line");
    run->host->progress(run, "a step");
    run->host->nudge(run);
    run->host->nudge(run);
    done(run);
}

static void what_a_run_says_is_bounded(void **unused)
{
    struct fake *fake;

    (void)unused;
    body = talk;
    fake = fake_new(&any_plugin, "free");
    CONCLUDES(fake, TALON_OK, "any.ok", "");
    assert_int_equal(fake_result(fake)->metrics, 64);
    NEAR(fake_metric(fake, "m0"), 500);
    NEAR(fake_metric(fake, "m63"), 63);
    assert_true(isnan(fake_metric(fake, "m64")));
    assert_int_equal(fake_result(fake)->details, 32);
    assert_int_equal(strlen(fake_detail(fake, "d0")), 4096);
    assert_null(fake_detail(fake, "d32"));
    assert_int_equal(fake_result(fake)->cut, 6 + 8 + 1);
    assert_string_equal(fake_log(fake), "a line\na step\n");
    assert_int_equal(fake_nudges(fake), 2);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options_of_every_type, reset),
        cmocka_unit_test_setup(defaults, reset),
        cmocka_unit_test_setup(options_that_are_wrong, reset),
        cmocka_unit_test_setup(timers_ring_in_order, reset),
        cmocka_unit_test_setup(clocks_and_flags, reset),
        cmocka_unit_test_setup(ends_by_the_host, reset),
        cmocka_unit_test_setup(late_is_five_percent_before, reset),
        cmocka_unit_test_setup(a_cancelled_run_leaves_nothing, reset),
        cmocka_unit_test_setup(breaches_are_seen, reset),
        cmocka_unit_test_setup(descriptors_are_looked_over, reset),
        cmocka_unit_test_setup(what_a_run_says_is_bounded, reset),
    };

    return cmocka_run_group_tests_name("fake host", tests, NULL, NULL);
}
