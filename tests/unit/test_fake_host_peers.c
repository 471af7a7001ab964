/* The fake host as the world of a plugin: peers, answers, descriptors, instances and what they share; and the helpers of talon/plugin.h. */
#include "fake_host_plugin.h"

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
        cmocka_unit_test_setup(a_conversation, reset),
        cmocka_unit_test_setup(a_peer_that_closes, reset),
        cmocka_unit_test_setup(a_peer_that_says_too_much, reset),
        cmocka_unit_test_setup(streams_and_answers, reset),
        cmocka_unit_test_setup(events_of_descriptors, reset),
        cmocka_unit_test_setup(an_instance_outlives_its_runs, reset),
        cmocka_unit_test_setup(one_shared_for_a_key, reset),
        cmocka_unit_test_setup(helpers, reset),
    };

    return cmocka_run_group_tests_name("fake host: peers", tests, NULL, NULL);
}
