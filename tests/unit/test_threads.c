/*
 * All threads of the daemon at once, while its loop turns: the endpoint's and the control socket's with clients who ask without pause, the log from several
 * sides, the state folder. What comes of it must be right in any build; that no two of them touch the same without agreement is what ThreadSanitizer sees.
 */
#include "control/control.h"
#include "serve_endpoint.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "store/state.h"
#include "temp_folder.h"

#include <ev.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { TURNS = 300, ANSWERS = 30, ENDPOINT_CLIENTS = 3, CONTROL_CLIENTS = 2, CLIENTS = ENDPOINT_CLIENTS + CONTROL_CLIENTS, SAVED = 64 };

#define LONGEST (60 * (uint64_t)NS_PER_S)

/* The loop's, but for what its threads are told by. */
static struct {
    struct ev_loop *loop;
    struct control *control;
    struct state *state;
    ev_timer turn;
    unsigned turns;
    uint64_t until;
    char log[512], socket[100], folder[512];
} d;

static atomic_bool over;
static atomic_uint answers[CLIENTS], wrong, logged;
static char first_wrong[512]; /* of the thread that made it the first; read when all threads are over */

/* ---- the loop */

static bool all_have_answers(void)
{
    for (int i = 0; i < CLIENTS; i++)
        if (atomic_load(&answers[i]) < ANSWERS)
            return false;
    return atomic_load(&logged) >= ANSWERS;
}

static void open_log(void)
{
    const struct log_settings settings = { .file = d.log, .level = LOG_LEVEL_INFO, .rotate_bytes = 4096 };

    log_open(&settings);
}

/* What a turn of the daemon does: a result has come, somebody saves, a new truth is published, the log is told. */
static void on_turn(struct ev_loop *loop, ev_timer *timer, int events)
{
    char bytes[SAVED], text[64];

    (void)timer, (void)events;
    d.turns++;
    snprintf(text, sizeof text, "turn %u", d.turns);
    support_result(served.shop, d.turns % 3, d.turns % 2 ? STATUS_OK : STATUS_FAIL, "some.reason", text);
    served.shop->overall.consecutive_failures = served.shop->overall.probe_count = d.turns;
    serve_publish(served.serve, support_shop_snapshot(served.shop));
    serve_turned(served.serve, clock_awake());
    memset(bytes, (int)(d.turns % 100), sizeof bytes);
    state_save(d.state, "redis.ping", bytes, sizeof bytes);
    if (d.turns % 16 == 0)
        state_flush(d.state);
    if (d.turns % 50 == 0)
        open_log(); /* a reload */
    log_info("the loop has turned", "turn", text, NULL);
    if ((d.turns >= TURNS && all_have_answers()) || clock_awake() > d.until)
        ev_break(loop, EVBREAK_ALL);
}

/* POST /v1/echo/NAME: on the loop, as every command. */
static void on_echo(void *arg, struct control_ask *ask)
{
    struct buffer body = buffer_make(0);

    (void)arg;
    state_write(d.state, "echo", control_name(ask), strlen(control_name(ask)));
    buffer_printf(&body, "{\"name\":\"%s\",\"bytes\":%zu}\n", control_name(ask), control_body(ask)->len);
    control_answer(ask, 200, &body);
}

/* ---- the others */

/* What a client got, for the one who reads why the test failed: the first of them is kept. */
static void note_wrong(const char *asked, const struct buffer *answer)
{
    if (atomic_fetch_add(&wrong, 1) == 0)
        snprintf(first_wrong, sizeof first_wrong, "%s was answered with %zu bytes: %s", asked, answer->len, buffer_string(answer));
}

static void *ask_endpoint(void *arg)
{
    static const char *const paths[] = { "/health", "/metrics", "/", "/api/v1/status", "/api/v1/checks", "/api/v1/services" };
    struct buffer answer = buffer_make(0);
    atomic_uint *mine = arg;

    for (unsigned i = 0; !atomic_load(&over); i++) {
        buffer_clear(&answer);
        if (client_get(served.port, paths[i % (sizeof paths / sizeof *paths)], &answer) == 200)
            atomic_fetch_add(mine, 1);
        else
            note_wrong(paths[i % (sizeof paths / sizeof *paths)], &answer);
    }
    buffer_free(&answer);
    return NULL;
}

static bool ask_once(const char *request, struct buffer *answer)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool closed;

    snprintf(to.sun_path, sizeof to.sun_path, "%s", d.socket);
    closed = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 && client_say(fd, request) && client_read(fd, answer, CLIENT_PATIENCE);
    if (fd >= 0)
        close(fd);
    return closed;
}

static void *ask_control(void *arg)
{
    struct buffer answer = buffer_make(0);
    atomic_uint *mine = arg;

    while (!atomic_load(&over)) {
        buffer_clear(&answer);
        if (!ask_once("POST /v1/echo/me HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody", &answer))
            note_wrong("no close", &answer);
        else if (client_code(&answer) == 200 && strstr(client_body(&answer), "{\"name\":\"me\",\"bytes\":4}"))
            atomic_fetch_add(mine, 1);
        else if (!atomic_load(&over))
            note_wrong("control", &answer);
    }
    buffer_free(&answer);
    return NULL;
}

static void *write_log(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        log_warn("another thread has something to say", "at", "any time", NULL);
        atomic_fetch_add(&logged, 1);
    }
    return NULL;
}

/* ---- */

static void set_up(void **state)
{
    static const struct control_command commands[] = { { "POST", "/v1/echo/*", on_echo } };
    struct control_settings settings = { .commands = commands, .n_commands = 1 };
    char why[512];
    pid_t holder;

    snprintf(d.log, sizeof d.log, "%s", temp_path(state, "log"));
    snprintf(d.socket, sizeof d.socket, "%s", temp_path(state, "s"));
    snprintf(d.folder, sizeof d.folder, "%s", temp_path(state, "state"));
    open_log();
    d.loop = loop_create();
    assert_non_null(d.loop);
    d.state = state_open(d.folder, &holder, why, sizeof why);
    assert_non_null(d.state);
    settings.loop = d.loop;
    settings.path = d.socket;
    d.control = control_start(&settings, why, sizeof why);
    if (!d.control)
        fail_msg("%s", why);
    d.until = clock_awake() + LONGEST;
    ev_timer_init(&d.turn, on_turn, 0., 0.001);
    ev_timer_start(d.loop, &d.turn);
}

static void tear_down(void)
{
    control_stop(d.control);
    state_close(d.state);
    ev_timer_stop(d.loop, &d.turn);
    ev_loop_destroy(d.loop);
    log_close();
}

static ev_async ended;

static void on_end(struct ev_loop *loop, ev_async *async, int events)
{
    (void)async, (void)events;
    ev_break(loop, EVBREAK_ALL);
}

/* The loop goes on until every client has left: the last one may wait for a command. */
static void *end_all(void *arg)
{
    pthread_t *threads = arg;

    for (int i = 0; i <= CLIENTS; i++)
        pthread_join(threads[i], NULL);
    ev_async_send(d.loop, &ended);
    return NULL;
}

static void no_two_threads_disturb_one_another(void **state)
{
    pthread_t threads[CLIENTS + 1], last;
    char bytes[SAVED];

    set_up(state);
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < ENDPOINT_CLIENTS ? ask_endpoint : ask_control, &answers[i]), 0);
    assert_int_equal(pthread_create(&threads[CLIENTS], NULL, write_log, NULL), 0);
    ev_run(d.loop, 0);
    ev_timer_stop(d.loop, &d.turn);
    atomic_store(&over, true);
    ev_async_init(&ended, on_end);
    ev_async_start(d.loop, &ended);
    assert_int_equal(pthread_create(&last, NULL, end_all, threads), 0);
    ev_run(d.loop, 0);
    pthread_join(last, NULL);
    ev_async_stop(d.loop, &ended);
    if (atomic_load(&wrong) > 0)
        fail_msg("%u answers were wrong; the first: %s", atomic_load(&wrong), first_wrong);
    assert_true(all_have_answers());
    assert_int_equal(state_recall(d.state, "redis.ping", bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(bytes[0], d.turns % 100);
    assert_int_equal(log_lost(), 0);
    tear_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_two_threads_disturb_one_another, temp_folder_make, temp_folder_remove),
    };

    return cmocka_run_group_tests(tests, served_open, served_close);
}
