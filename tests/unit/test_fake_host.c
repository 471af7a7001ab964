/* The fake host itself, with plugins made up for it: the contract of talon/plugin.h as it keeps it, each breach that it must
 * see, and the helpers of talon/plugin.h. */
#include "plugin_test.h"

#include <stdlib.h>

/* ---- a plugin whose runs do what the test says ---- */

enum { SMALL, LARGE };
static const char *const choices[] = { "small", "large", NULL };

struct row {
    const char *name;
    int64_t port;
};

struct group {
    double ratio;
    const char *const *names;
};

struct conf {
    const char *text, *path, *pem;
    int64_t whole;
    double number;
    int32_t yes, choice;
    uint64_t time, size;
    const char *const *list;
    const struct talon_pair *map;
    struct talon_address address;
    const struct talon_pattern *pattern;
    struct group group;
    struct talon_table table;
};

static const struct talon_option group_fields[] = {
    { .name = "ratio", TALON_NUMBER_AT(struct group, ratio), .fallback = "0.5", .help = "A ratio." },
    { .name = "names", TALON_LIST_AT(struct group, names), .help = "Some names." },
    { .name = NULL },
};

static const struct talon_option row_fields[] = {
    { .name = "name", TALON_STRING_AT(struct row, name), .flags = TALON_REQUIRED, .help = "A name." },
    { .name = "port", TALON_INT_AT(struct row, port), .min = 1, .max = 65535, .fallback = "80", .help = "A port." },
    { .name = NULL },
};

static const struct talon_option options[] = {
    { .name = "text", TALON_STRING_AT(struct conf, text), .help = "A text." },
    { .name = "path", TALON_PATH_AT(struct conf, path), .help = "A path." },
    { .name = "pem", TALON_PEM_AT(struct conf, pem), .help = "A key." },
    { .name = "whole", TALON_INT_AT(struct conf, whole), .min = -5, .max = 5, .fallback = "3", .help = "A number." },
    { .name = "number", TALON_NUMBER_AT(struct conf, number), .help = "A number." },
    { .name = "yes", TALON_BOOL_AT(struct conf, yes), .fallback = "true", .help = "Or no." },
    { .name = "choice", TALON_ENUM_AT(struct conf, choice), .choices = choices, .help = "A choice." },
    { .name = "time", TALON_DURATION_AT(struct conf, time), .fallback = "1h30m", .help = "A time." },
    { .name = "size", TALON_SIZE_AT(struct conf, size), .help = "A size." },
    { .name = "list", TALON_LIST_AT(struct conf, list), .help = "A list." },
    { .name = "map", TALON_MAP_AT(struct conf, map), .help = "A map." },
    { .name = "address", TALON_ADDRESS_AT(struct conf, address), .help = "An address." },
    { .name = "pattern", TALON_PATTERN_AT(struct conf, pattern), .help = "A pattern." },
    { .name = "group", TALON_GROUP_AT(struct conf, group), .fields = group_fields, .help = "A group." },
    { .name = "table", TALON_TABLE_AT(struct conf, table, struct row), .fields = row_fields, .help = "A table." },
    { .name = NULL },
};

static const struct talon_metric metrics[] = {
    { .name = "age", .unit = "s", .help = "An age." },
    { .name = NULL },
};

static const struct talon_metric any_metric[] = {
    { .name = "*", .unit = "", .help = "Whatever there is." },
    { .name = NULL },
};

static void (*body)(struct talon_run *run);
static void (*preparation)(struct talon_run *instance);
static unsigned calls;
static char story[400]; /* what happened, in order */

static void tell(const char *what)
{
    snprintf(story + strlen(story), sizeof story - strlen(story), "%s ", what);
}

static void setup(struct talon_run *instance)
{
    if (preparation)
        preparation(instance);
}

static void start(struct talon_run *run)
{
    body(run);
}

static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;

    if (conf->text && strcmp(conf->text, "refuse") == 0) {
        problem->option = "text";
        snprintf(problem->text, sizeof problem->text, "is refused");
        return 1;
    }
    return 0;
}

static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK,
      .name = "any",
      .summary = "Does what the test says.",
      .options = options,
      .metrics = metrics,
      .conf_size = sizeof(struct conf),
      .run_size = 32,
      .instance_size = 16,
      .validate = validate,
      .setup = setup,
      .start = start },
    { .kind = TALON_CHECK,
      .name = "free",
      .summary = "Reports what it likes.",
      .options = options + 14,
      .metrics = any_metric,
      .conf_size = sizeof(struct conf),
      .start = start },
};

static const struct talon_plugin plugin = {
    TALON_PLUGIN_HEAD, .name = "any", .version = "1.0.0", .license = "MIT", .summary = "For tests.", TALON_OPERATIONS(operations),
};

static struct fake *any(void (*run)(struct talon_run *))
{
    body = run;
    return fake_new(&plugin, "any");
}

static int reset(void **unused)
{
    (void)unused;
    body = NULL;
    preparation = NULL;
    calls = 0;
    story[0] = '\0';
    return 0;
}

static void done(struct talon_run *run)
{
    talon_done(run, TALON_OK, "any.ok", "done");
}

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

static void ignore_watch(struct talon_run *run, void *arg, int fd, uint32_t events)
{
    (void)run;
    (void)arg;
    assert_int_equal(fd, 5);
    tell(events == TALON_LATE ? "late" : "event");
}

static void ignore_link(struct talon_run *run, void *arg, const struct talon_link *link)
{
    (void)run;
    (void)arg;
    tell(link->error.code == TALON_E_NONE ? "up" : link->error.code == TALON_E_TIMEOUT ? "timeout" : link->error.token);
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

static void note_end(void *arg)
{
    tell(arg);
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
        struct talon_operation operation = operations[0];
        struct talon_plugin bad = plugin;
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
    fake = fake_new(&plugin, "free");
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

/* ---- peers ---- */

static talon_op link_now;

static size_t take_lines(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    const char *newline = n ? memchr(bytes, '\n', n) : NULL;
    char line[64];

    (void)arg;
    if (last)
        tell("closed");
    if (!newline)
        return 0;
    snprintf(line, sizeof line, "<%.*s>", (int)(newline - bytes), bytes);
    tell(line);
    if (strcmp(line, "<hello>") == 0)
        run->host->send(run, link_now, "how are you", 11);
    if (strcmp(line, "<fine>") == 0)
        done(run);
    return (size_t)(newline - bytes) + 1;
}

static void talk_to_it(struct talon_run *run)
{
    link_now = run->host->connect(run, TALON_REQUEST(talon_connect, .to = { .host = "a", .port = 1 }, .max_input = 16, .data = take_lines),
                                  ignore_link, NULL);
}

static void a_conversation(void **unused)
{
    struct fake *fake = any(talk_to_it);

    (void)unused;
    fake_link(fake, FAKE_MS, NULL);
    fake_link_says(fake, FAKE_MS, "hel", 3);
    fake_link_says(fake, FAKE_MS, "lo\nfi", 5);
    fake_link_hears(fake, "are you");
    fake_link_says(fake, FAKE_MS, "ne\n", 3);
    CONCLUDES(fake, TALON_OK, "any.ok", "done");
    assert_string_equal(story, "up <hello> <fine> ");
    assert_string_equal(fake_sent(fake, NULL), "how are you");
    assert_true(fake_result(fake)->took_ns == 4 * FAKE_MS);
    assert_int_equal(fake_connected(fake, 0)->max_input, 16);
    fake_free(fake);
}

static void a_peer_that_closes(void **unused)
{
    struct fake *fake = any(talk_to_it);

    (void)unused;
    fake_link(fake, 0, NULL);
    fake_link_ends(fake, FAKE_MS, NULL);
    fake_run(fake);
    assert_string_equal(story, "up closed connect.closed ");
    assert_int_equal(fake_result(fake)->end, FAKE_IDLE);
    fake_free(fake);
}

static void a_peer_that_says_too_much(void **unused)
{
    struct fake *fake = any(talk_to_it);

    (void)unused;
    fake_link(fake, 0, NULL);
    fake_link_says(fake, FAKE_MS, "0123456789abcdef", 16);
    fake_link_says(fake, FAKE_MS, "!", 1);
    fake_run(fake);
    assert_string_equal(story, "up too_big ");
    fake_free(fake);
}

static size_t take_all(struct talon_run *run, void *arg, const char *bytes, size_t n, int last)
{
    char text[64];

    (void)run;
    (void)arg;
    snprintf(text, sizeof text, "%.*s%s", (int)n, bytes, last ? "." : "");
    tell(text);
    return n;
}

static void answered(struct talon_run *run, void *arg, const struct talon_response *got)
{
    (void)arg;
    assert_int_equal(got->size, sizeof *got);
    assert_non_null(got->headers);
    talon_done(run, TALON_OK, "any.ok", "%u %zu %s", got->status, got->body_len, (const char *)got->body);
}

static void ended(struct talon_run *run, void *arg, const struct talon_exit *end)
{
    (void)arg;
    talon_done(run, TALON_OK, "any.ok", "%d %s", (int)end->code, end->out);
}

static void stream(struct talon_run *run)
{
    run->host->http(run, TALON_REQUEST(talon_http, .url = "http://a/", .data = take_all), answered, NULL);
}

static void stream_child(struct talon_run *run)
{
    static const char *const argv[] = { "tail", NULL };

    run->host->spawn(run, TALON_REQUEST(talon_command, .argv = argv, .data = take_all), ended, NULL);
}

static void fetch(struct talon_run *run)
{
    run->host->http(run, TALON_REQUEST(talon_http, .url = "http://a/"), answered, NULL);
}

static void streams_and_answers(void **unused)
{
    static const struct talon_response good = { .status = 200, .body = "rest", .body_len = 4 };
    static const struct talon_response bad = { .status = 500, .body = "oops", .body_len = 4 };
    struct fake *fake = any(stream);

    fake_http(fake, FAKE_S, &good);
    fake_start(fake);
    fake_http_piece(fake, "one", 3);
    fake_http_piece(fake, "two", 3);
    CONCLUDES(fake, TALON_OK, "any.ok", "200 0 ");
    assert_string_equal(story, "one two rest. ");
    reset(unused);
    body = stream;
    fake_http(fake, FAKE_S, &bad); /* of another status the body is collected */
    CONCLUDES(fake, TALON_OK, "any.ok", "500 4 oops");
    assert_string_equal(story, "");
    fake_free(fake);

    fake = any(stream_child);
    fake_child(fake, FAKE_S, &(struct talon_exit){ .code = 3, .out = "end", .out_len = 3 });
    fake_start(fake);
    fake_child_piece(fake, "line", 4);
    CONCLUDES(fake, TALON_OK, "any.ok", "3 ");
    assert_string_equal(story, "line end. ");
    fake_free(fake);

    fake = any(fetch); /* answers are taken in order */
    fake_http(fake, 0, &good);
    fake_http(fake, 0, &bad);
    CONCLUDES(fake, TALON_OK, "any.ok", "200 4 rest");
    CONCLUDES(fake, TALON_OK, "any.ok", "500 4 oops");
    fake_run(fake);
    assert_string_equal(fake_result(fake)->summary, "0 0 "); /* and then nobody answers */
    assert_true(fake_result(fake)->took_ns == 9900 * FAKE_MS);
    fake_free(fake);
}

static void watch_a_file(struct talon_run *run)
{
    run->host->watch(run, 5, TALON_WRITE, ignore_watch, NULL);
}

static void events_of_descriptors(void **unused)
{
    struct fake *fake = any(watch_a_file);

    (void)unused;
    fake_start(fake);
    fake_ready(fake, 5, TALON_READ); /* not what it waits for */
    fake_ready(fake, 6, TALON_WRITE);
    assert_string_equal(story, "");
    fake_ready(fake, 5, TALON_WRITE | TALON_READ);
    assert_string_equal(story, "event ");
    fake_free(fake);
}

/* ---- instances and what is shared ---- */

static void refuse_setup(struct talon_run *instance)
{
    talon_done(instance, TALON_UNKNOWN, "any.busy", "not yet");
}

static void count_in_instance(struct talon_run *run)
{
    unsigned *kept = run->self;
    char saved[8] = "";

    assert_ptr_equal(run->self, run->instance->state);
    assert_int_equal(*(unsigned *)run->state, 0); /* zeroed for each run */
    *(unsigned *)run->state = 1;
    if (*kept > 0)
        assert_int_equal(run->host->recall(run->instance, saved, sizeof saved), 3);
    run->host->save(run->instance, "abc", 3);
    assert_string_equal(saved, *kept > 0 ? "abc" : "");
    talon_done(run, TALON_OK, "any.ok", "%u", ++*kept);
}

static void an_instance_outlives_its_runs(void **unused)
{
    struct fake *fake = any(count_in_instance);

    (void)unused;
    CONCLUDES(fake, TALON_OK, "any.ok", "1");
    CONCLUDES(fake, TALON_OK, "any.ok", "2");
    CONCLUDES(fake, TALON_OK, "any.ok", "3");
    fake_free(fake);

    fake = any(done);
    preparation = refuse_setup;
    assert_false(fake_setup(fake));
    assert_string_equal(fake_result(fake)->summary, "not yet");
    fake_free(fake);
}

static void shared_rings(struct talon_run *shared, void *arg)
{
    (void)arg;
    tell("rings");
    *(int *)shared->state = 1;
    shared->host->wake(shared);
}

static void setup_shared(struct talon_run *shared)
{
    assert_null(shared->instance);
    assert_int_equal(shared->owner, TALON_SHARED);
    tell("made");
    shared->host->defer(shared, note_end, "shared-ends");
}

static void woken(struct talon_run *run, void *arg, uint32_t late)
{
    const struct talon_run *shared = arg;

    talon_done(run, late ? TALON_UNKNOWN : TALON_OK, "any.ok", "%d", *(int *)shared->state);
}

static void ask_shared(struct talon_run *run)
{
    struct talon_run *shared = run->host->share(run->instance, "key", sizeof(int), setup_shared);

    assert_ptr_equal(shared, run->host->share(run->instance, "key", sizeof(int), setup_shared));
    if (!*(int *)shared->state && !calls++)
        shared->host->timer(shared, FAKE_S, shared_rings, NULL);
    run->host->wait(run, shared, woken, shared);
}

static void one_shared_for_a_key(void **unused)
{
    struct fake *fake = any(ask_shared);

    (void)unused;
    CONCLUDES(fake, TALON_OK, "any.ok", "1");
    assert_true(fake_result(fake)->took_ns == FAKE_S);
    assert_string_equal(story, "made rings ");
    CONCLUDES(fake, TALON_UNKNOWN, "any.ok", "1"); /* nobody wakes it: late, and that is its own trouble */
    assert_string_equal(story, "made rings ");
    fake_free(fake);
    assert_string_equal(story, "made rings shared-ends ");
}

/* ---- the helpers of talon/plugin.h ---- */

static void quote_one(struct talon_run *run)
{
    static const struct {
        const char *bytes;
        size_t n, max;
        const char *quoted;
    } cases[] = {
        { "plain", 5, 10, "plain" },
        { "  a\t\r\n b\0c\x7f", 11, 20, "a b c" },
        { "abcdef", 6, 3, "abc..." },
        { "abc", 3, 3, "abc" },
        { "", 0, 3, "" },
        { "abc def", 7, 4, "abc..." },
        { "a\xc3\xa4z", 4, 2, "a..." },       /* cut between characters */
        { "\xe2\x82\xac\xe2\x82\xac", 6, 5, "\xe2\x82\xac..." },
        { "\xe2\x82\xac", 3, 3, "\xe2\x82\xac" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(talon_quote(run, cases[i].bytes, cases[i].n, cases[i].max), cases[i].quoted);
    done(run);
}

static void show(struct talon_run *run)
{
    assert_string_equal(talon_show_time(run, 0), "0.0 ms");
    assert_string_equal(talon_show_time(run, 400 * FAKE_US), "0.4 ms");
    assert_string_equal(talon_show_time(run, 99 * FAKE_MS), "99.0 ms");
    assert_string_equal(talon_show_time(run, 999 * FAKE_MS), "999 ms");
    assert_string_equal(talon_show_time(run, 1000 * FAKE_MS), "1.0 s");
    assert_string_equal(talon_show_time(run, 119 * FAKE_S), "119.0 s");
    assert_string_equal(talon_show_time(run, 840 * FAKE_S), "14 min");
    assert_string_equal(talon_show_time(run, 3 * 3600 * FAKE_S), "3 h");
    assert_string_equal(talon_show_time(run, 12 * 86400 * FAKE_S), "12 d");
    assert_string_equal(talon_show_size(run, 0), "0 B");
    assert_string_equal(talon_show_size(run, 1023), "1023 B");
    assert_string_equal(talon_show_size(run, 1024), "1.0 KiB");
    assert_string_equal(talon_show_size(run, 1048575), "1.0 MiB");
    assert_string_equal(talon_show_size(run, 5e15), "4.4 PiB");
    done(run);
}

static void helpers(void **unused)
{
    static const struct talon_pair pairs[] = { { "X-Aa", "1" }, { "x-aa", "2" }, { "X[a", "3" }, { NULL, NULL } };
    static const struct talon_error ours = FAKE_ERROR(TALON_E_NOT_FOUND, 2, "exec.not_found", "x");
    static const struct talon_error theirs = FAKE_ERROR(TALON_E_REFUSED, 2, "connect.refused", "x");
    struct fake *fake = any(quote_one);

    (void)unused;
    CONCLUDES(fake, TALON_OK, "any.ok", "");
    fake_free(fake);
    fake = any(show);
    CONCLUDES(fake, TALON_OK, "any.ok", "");
    fake_free(fake);
    assert_string_equal(talon_header(pairs, "x-AA"), "1");
    assert_null(talon_header(pairs, "X-A"));
    assert_null(talon_header(pairs, "X-Aaa"));
    assert_null(talon_header(pairs, "X{a")); /* only letters have two cases */
    assert_null(talon_header(NULL, "X"));
    assert_true(talon_ours(&ours));
    assert_false(talon_ours(&theirs));
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
        cmocka_unit_test_setup(a_conversation, reset),
        cmocka_unit_test_setup(a_peer_that_closes, reset),
        cmocka_unit_test_setup(a_peer_that_says_too_much, reset),
        cmocka_unit_test_setup(streams_and_answers, reset),
        cmocka_unit_test_setup(events_of_descriptors, reset),
        cmocka_unit_test_setup(an_instance_outlives_its_runs, reset),
        cmocka_unit_test_setup(one_shared_for_a_key, reset),
        cmocka_unit_test_setup(helpers, reset),
    };

    return cmocka_run_group_tests_name("fake host", tests, NULL, NULL);
}
