/* Questions about the past over real sockets, with a store that answers at once, later, never, or not at all: nobody else waits, and nothing is left. */
#include "serve_endpoint.h"

#include "base/moment.h"
#include "base/os/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the store: keeps its questions until the test answers them */

enum { MOST_ASKED = 32 };

static struct {
    pthread_mutex_t lock;
    unsigned n, refuse_beyond;
    struct {
        struct store_ask ask;
        char name[64];
        store_answered *answered;
        void *arg;
    } asked[MOST_ASKED];
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool ask(struct store *unused, const struct store_ask *question, store_answered *answered, void *arg)
{
    bool taken;

    (void)unused;
    pthread_mutex_lock(&store.lock);
    taken = store.n < MOST_ASKED && store.n < store.refuse_beyond;
    if (taken) {
        store.asked[store.n].ask = *question;
        strncpy(store.asked[store.n].name, question->name ? question->name : "(all)", sizeof store.asked[0].name - 1);
        store.asked[store.n].answered = answered;
        store.asked[store.n].arg = arg;
        store.n++;
    }
    pthread_mutex_unlock(&store.lock);
    return taken;
}

static void await_asked(unsigned n)
{
    const uint64_t until = clock_awake() + CLIENT_PATIENCE;
    bool there = false;

    while (!there && clock_awake() < until) {
        pthread_mutex_lock(&store.lock);
        there = store.n >= n;
        pthread_mutex_unlock(&store.lock);
    }
    assert_true(there);
}

/* Answers all. */
static void say(const char *text, const char *why)
{
    for (unsigned i = 0; i < store.n; i++)
        store.asked[i].answered(store.asked[i].arg, text, why);
    store.n = 0;
}

static int begin(void **state)
{
    (void)state;
    store.n = 0;
    store.refuse_beyond = MOST_ASKED;
    serve_past(served.serve, (struct store *)&store, ask);
    return 0;
}

static int say_get(const char *path)
{
    const int fd = client_open(served.port);
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n" CLOSE, path);
    assert_true(client_say(fd, request));
    return fd;
}

static void hear(int fd, int code, const char *part)
{
    buffer_clear(&served.answer);
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    close(fd);
    assert_int_equal(client_code(&served.answer), code);
    if (!strstr(client_body(&served.answer), part))
        fail_msg("no %s in: %s", part, buffer_string(&served.answer));
}

/* ---- */

static void an_answer_comes_when_the_store_has_it(void **state)
{
    int fd = say_get("/api/v1/history?check=redis.c&since=1h");

    (void)state;
    await_asked(1);
    assert_int_equal(client_get(served.port, "/health", &served.answer), 200); /* nobody waits for it */
    assert_string_equal(store.asked[0].name, "redis.c");
    assert_int_equal(store.asked[0].ask.question, STORE_ASK_HISTORY);
    assert_true(store.asked[0].ask.now - store.asked[0].ask.since == 3600 * (int64_t)NS_PER_S);
    say("{\"each\":\"run\",\"rows\":[]}", NULL);
    hear(fd, 200, "{\"check\":\"redis.c\",\"since_unix\":");
    assert_non_null(strstr(client_body(&served.answer), ",\"each\":\"run\",\"rows\":[]}\n"));
    fd = say_get("/api/v1/uptime");
    await_asked(1);
    assert_string_equal(store.asked[0].name, "(all)");
    say("[]", NULL);
    hear(fd, 200, "\"services\":[]}\n");
}

static void incidents_of_then_come_from_the_store(void **state)
{
    int fd = say_get("/api/v1/incidents?since=30d");

    (void)state;
    await_asked(1);
    assert_int_equal(store.asked[0].ask.question, STORE_ASK_INCIDENTS);
    assert_int_equal(store.asked[0].ask.id, 0);
    say("[{\"id\":7}]", NULL);
    hear(fd, 200, ",\"kept\":[{\"id\":7}]}\n");
    fd = say_get("/api/v1/incidents?id=7");
    await_asked(1);
    assert_int_equal(store.asked[0].ask.id, 7);
    say("[]", NULL);
    hear(fd, 200, ",\"kept\":[]}\n");
    hear(say_get("/api/v1/incidents?x=y"), 200, "\"incidents\":[]");
    assert_int_equal(store.n, 0);
}

static void a_failure_is_said(void **state)
{
    int fd = say_get("/api/v1/uptime?service=redis");

    (void)state;
    await_asked(1);
    say(NULL, "the disk is gone");
    hear(fd, 503, "the store cannot tell: the disk is gone");
    fd = say_get("/api/v1/history?check=redis.c");
    await_asked(1);
    say("", NULL); /* shorter than any answer is */
    hear(fd, 503, "it gave no answer");
    store.refuse_beyond = 0;
    hear(say_get("/api/v1/uptime"), 503, "too many questions wait for it");
    serve_past(served.serve, NULL, NULL);
    hear(say_get("/api/v1/uptime"), 503, "there is no store");
}

static void what_makes_no_sense_is_refused(void **state)
{
    static const struct {
        const char *path, *part;
        int code;
    } bad[] = {
        { "/api/v1/history", "check=NAME is missing", 400 },
        { "/api/v1/history?check=%zz", "malformed", 400 },
        { "/api/v1/history?check=rediss.c", "did you mean `redis.c`?", 404 },
        { "/api/v1/history?check=redis.c&since=x", "since is a duration", 400 },
        { "/api/v1/history?check=redis.c&since=9999999999", "in the past", 400 },
        { "/api/v1/uptime?service=rediss", "did you mean `redis`?", 404 },
        { "/api/v1/uptime?service=%1f", "malformed", 400 },
        { "/api/v1/incidents?since=x", "since is a duration", 400 },
        { "/api/v1/incidents?since=1h&id=7", "or id is the number", 400 },
        { "/api/v1/incidents?id=0", "or id is the number", 400 },
        { "/api/v1/incidents?id=7x", "or id is the number", 400 },
        { "/api/v1/why", "of=NAME is missing", 400 },
        { "/api/v1/why?of=rediss", "did you mean `redis`?", 404 },
        { "/api/v1/incidents/7", "no incident of that number", 404 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        hear(say_get(bad[i].path), bad[i].code, bad[i].part);
    assert_int_equal(store.n, 0);
}

/* The store never answers: each is told so after a while, and further ones at once; its late answers harm nobody. */
static void a_store_that_stands_still_delays_nobody(void **state)
{
    int fds[16];

    (void)state;
    for (size_t i = 0; i < 16; i++)
        fds[i] = say_get("/api/v1/uptime");
    await_asked(16);
    hear(say_get("/api/v1/uptime"), 503, "too many questions");
    assert_int_equal(client_get(served.port, "/health", &served.answer), 200);
    serve_turned(served.serve, clock_awake() + 6 * (uint64_t)NS_PER_S);
    for (size_t i = 0; i < 16; i++)
        hear(fds[i], 503, "has not answered in time");
    say("[]", NULL);
    assert_int_equal(client_get(served.port, "/health", &served.answer), 200);
}

static void a_client_that_goes_leaves_its_question(void **state)
{
    (void)state;
    close(say_get("/api/v1/uptime"));
    await_asked(1);
    say("[]", NULL);
    hear(say_get("/api/v1/incidents"), 200, "incidents");
}

/* The last one: it ends the endpoint while somebody waits. */
static void the_end_wakes_who_waits(void **state)
{
    const int fd = say_get("/api/v1/uptime");

    (void)state;
    await_asked(1);
    serve_stop(served.serve);
    served.serve = NULL;
    hear(fd, 503, "the daemon ends");
    say("[]", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_answer_comes_when_the_store_has_it, begin),
        cmocka_unit_test_setup(incidents_of_then_come_from_the_store, begin),
        cmocka_unit_test_setup(a_failure_is_said, begin),
        cmocka_unit_test_setup(what_makes_no_sense_is_refused, begin),
        cmocka_unit_test_setup(a_store_that_stands_still_delays_nobody, begin),
        cmocka_unit_test_setup(a_client_that_goes_leaves_its_question, begin),
        cmocka_unit_test_setup(the_end_wakes_who_waits, begin),
    };

    return cmocka_run_group_tests(tests, served_open, served_close);
}
