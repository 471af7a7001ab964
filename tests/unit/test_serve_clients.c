/* The endpoint's bounds (rules.md 6.2, 6.3): how long a client may take, how many there may be, and that none of them delays another. */
#include "serve_client.h"
#include "serve_support.h"

#include "base/os/clock.h"
#include "serve/endpoint.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MS ((uint64_t)NS_PER_MS)
#define DELAY (50 * MS) /* rules.md 6.3 */

enum { SILENT = 600, MOST = 1024, FLOOD = 1200 };

static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
static struct engine *shop;
static struct serve *serve;
static uint16_t port;
static struct buffer answer;
static int clients[FLOOD];

static int open_endpoint(void **state)
{
    struct serve_settings settings = { .host = "127.0.0.1", .stall = UINT64_MAX / 2 };
    struct rlimit limit;
    char why[256];

    (void)state;
    /* both ends of all connections are in this process */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 4 * FLOOD) {
        limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max > 4 * FLOOD ? 4 * FLOOD : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    shop = support_shop();
    serve = serve_start(&settings, why, sizeof why);
    if (!serve)
        fail_msg("%s", why);
    port = serve_port(serve);
    serve_publish(serve, support_shop_snapshot(shop));
    return 0;
}

static int close_endpoint(void **state)
{
    (void)state;
    serve_stop(serve);
    support_free(shop);
    buffer_free(&answer);
    return 0;
}

static void come(uint16_t there, int n, const char *saying)
{
    for (int i = 0; i < n; i++) {
        clients[i] = client_open(there);
        client_say(clients[i], saying);
    }
}

static void go(int n)
{
    for (int i = 0; i < n; i++)
        close(clients[i]);
}

/* ---- crowds */

static void silent_clients_delay_nobody(void **state)
{
    (void)state;
    come(port, SILENT, "");
    assert_true(client_quickest(port) < DELAY);
    go(SILENT);
    assert_true(client_quickest(port) < DELAY);
}

static int how_many_open(int n)
{
    int open = 0;

    for (int i = 0; i < n; i++) {
        buffer_clear(&answer);
        open += !client_read(clients[i], &answer, 0);
    }
    return open;
}

static struct serve *start_with(const struct clients_bounds *bounds, uint16_t *there)
{
    struct serve_settings settings = { .host = "127.0.0.1", .stall = UINT64_MAX / 2 };
    char why[256];
    struct serve *made = endpoint_start(&settings, bounds, why, sizeof why);

    if (!made)
        fail_msg("%s", why);
    *there = serve_port(made);
    return made;
}

/* More than there is place for: those that came first and did nothing make place. No time lets them go here: it is the newcomers who do. */
static void a_flood_keeps_nobody_out(void **state)
{
    static const char *const sayings[] = { "", "G", "GET /health HTTP/1.1\r\nHost: loc", "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc" };
    static const struct clients_bounds bounds = {
        .most = MOST, .crowd = MOST / 4 * 3, .first_byte = 60000 * MS, .whole = 60000 * MS, .idle = 60000 * MS, .answer = 60000 * MS, .look = 60000 * MS
    };

    (void)state;
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++) {
        uint16_t there;
        struct serve *made = start_with(&bounds, &there);

        come(there, FLOOD, sayings[i]);
        if (client_quickest(there) >= DELAY)
            fail_msg("not answered in time among clients that say `%s`", sayings[i]);
        assert_true(how_many_open(FLOOD) <= MOST);
        go(FLOOD);
        serve_stop(made);
    }
}

static void a_huge_header_delays_nobody(void **state)
{
    char *huge = malloc(1 << 20);
    int fd = client_open(port), code;

    (void)state;
    memset(huge, 'x', 1 << 20);
    client_say(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: ");
    client_send(fd, huge, 1 << 20);
    assert_true(client_quickest(port) < DELAY);
    buffer_clear(&answer);
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    code = client_code(&answer);
    assert_true(code == 431 || code == 0); /* 0: it was still sending when that was said */
    close(fd);
    free(huge);
}

static void garbage_delays_nobody(void **state)
{
    static const char garbage[] = "\x00\x01\x02\xff\xfe\r\n\x80GET\n\n\r\r\n";

    (void)state;
    for (int i = 0; i < 100; i++) {
        clients[i] = client_open(port);
        client_send(clients[i], garbage, sizeof garbage - 1);
    }
    assert_true(client_quickest(port) < DELAY);
    go(100);
}

static void slow_readers_delay_nobody(void **state)
{
    int small = 4096;

    (void)state;
    for (int i = 0; i < 50; i++) {
        clients[i] = client_open(port);
        setsockopt(clients[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        for (int k = 0; k < 100; k++)
            if (send(clients[i], "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 43, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
                break;
    }
    assert_true(client_quickest(port) < DELAY);
    go(50);
}

/* ---- times, with the bounds of rules.md 6.2: all at once, since each takes seconds */

enum act { SILENT_ONE, LATE_ONE, TRICKLING_ONE, SLOW_LINE_ONE, KEPT_ONE, KEPT_IDLE_ONE, BLANK_ONE, ACTS };

struct actor {
    int fd, step;
    uint64_t closed; /* after so long; 0: it is open */
    struct buffer got;
};

static void say_once(struct actor *actor, int step, uint64_t now, uint64_t when, const char *text)
{
    if (actor->step != step || now < when || actor->closed > 0)
        return;
    client_say(actor->fd, text);
    actor->step++;
}

static void act(struct actor *actors, uint64_t now)
{
    static const char half[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n";

    say_once(&actors[LATE_ONE], 0, now, 1500 * MS, "G"); /* within 5 s of accept, and whole within 5 s of that */
    say_once(&actors[LATE_ONE], 1, now, 4000 * MS, half + 1);
    say_once(&actors[LATE_ONE], 2, now, 6000 * MS, "\r\n");
    say_once(&actors[TRICKLING_ONE], 0, now, 0, half);
    for (int i = 1; i < 40; i++) /* never inactive, never whole */
        say_once(&actors[TRICKLING_ONE], i, now, (uint64_t)i * 200 * MS, "X: y\r\n");
    say_once(&actors[SLOW_LINE_ONE], 0, now, 0, "G"); /* its time goes on when its request line is whole */
    say_once(&actors[SLOW_LINE_ONE], 1, now, 3000 * MS, half + 1);
    say_once(&actors[KEPT_ONE], 0, now, 0, request);
    say_once(&actors[KEPT_ONE], 1, now, 500 * MS, "G"); /* the next one's first byte */
    say_once(&actors[KEPT_IDLE_ONE], 0, now, 0, request);
    say_once(&actors[BLANK_ONE], 0, now, 0, "\r\n\r\n");
}

static bool have_ended(const struct actor *actors)
{
    return actors[SILENT_ONE].closed && actors[TRICKLING_ONE].closed && actors[SLOW_LINE_ONE].closed && actors[BLANK_ONE].closed && actors[KEPT_ONE].closed && actors[LATE_ONE].got.len > 0;
}

static void watch_actors(struct actor *actors, uint64_t begun)
{
    struct pollfd polled[ACTS];

    for (uint64_t now = 0; now < CLIENT_PATIENCE && !have_ended(actors); now = clock_awake() - begun) {
        act(actors, now);
        for (int i = 0; i < ACTS; i++)
            polled[i] = (struct pollfd){ .fd = actors[i].closed > 0 ? -1 : actors[i].fd, .events = POLLIN };
        poll(polled, ACTS, 20);
        for (int i = 0; i < ACTS; i++)
            if (polled[i].revents && client_read(actors[i].fd, &actors[i].got, 0))
                actors[i].closed = clock_awake() - begun;
    }
}

static void closed_at(const struct actor *actor, const char *which, unsigned ms)
{
    if (actor->closed < (ms - 10) * MS || actor->closed > (ms + 1500) * MS)
        fail_msg("%s: closed after %llu ms, not at %u ms", which, (unsigned long long)(actor->closed / MS), ms);
}

static void requests_have_five_seconds(void **state)
{
    struct actor actors[ACTS] = { 0 };
    uint64_t begun = clock_awake();

    (void)state;
    for (int i = 0; i < ACTS; i++)
        actors[i].fd = client_open(port);
    watch_actors(actors, begun);
    closed_at(&actors[SILENT_ONE], "the silent one", 5000);
    closed_at(&actors[TRICKLING_ONE], "the trickling one", 5000);
    closed_at(&actors[SLOW_LINE_ONE], "the one with the slow request line", 5000);
    closed_at(&actors[BLANK_ONE], "the one that sends blank lines", 5000);
    closed_at(&actors[KEPT_ONE], "the kept one with half a request", 5500);
    assert_int_equal(client_code(&actors[KEPT_ONE].got), 200);
    assert_int_equal(actors[KEPT_IDLE_ONE].closed, 0);
    assert_int_equal(client_code(&actors[LATE_ONE].got), 200);
    assert_int_equal(client_code(&actors[TRICKLING_ONE].got), 0);
    for (int i = 0; i < ACTS; i++) {
        close(actors[i].fd);
        buffer_free(&actors[i].got);
    }
}

/* ---- what takes longer, with shorter bounds */

static struct serve *start_short(uint64_t idle, uint16_t *there)
{
    struct clients_bounds bounds = { .most = 30, .crowd = 20, .first_byte = 5000 * MS, .whole = 5000 * MS, .idle = idle, .answer = 600 * MS, .look = 50 * MS };

    return start_with(&bounds, there);
}

static int keep_one(uint16_t there)
{
    int fd = client_open(there);

    buffer_clear(&answer);
    client_say(fd, request);
    assert_true(client_read_one(fd, &answer, CLIENT_PATIENCE));
    return fd;
}

static void idle_connections_are_closed(void **state)
{
    uint16_t there;
    struct serve *made = start_short(600 * MS, &there);
    uint64_t begun = clock_awake();
    int fd = keep_one(there);

    (void)state;
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_true(clock_awake() - begun >= 590 * MS);
    close(fd);
    serve_stop(made);
}

static void the_longest_idle_go_when_it_is_crowded(void **state)
{
    uint16_t there;
    struct serve *made = start_short(60000 * MS, &there);
    uint64_t until;

    (void)state;
    for (int i = 0; i < 25; i++)
        clients[i] = keep_one(there);
    until = clock_awake() + CLIENT_PATIENCE;
    while (how_many_open(25) > 20 && clock_awake() < until)
        poll(NULL, 0, 10);
    assert_int_equal(how_many_open(25), 20);
    assert_int_equal(how_many_open(5), 0); /* those that came first */
    go(25);
    serve_stop(made);
}

static void an_answer_must_be_taken(void **state)
{
    struct engine *engine = support_engine(1, 20000);
    uint16_t there;
    struct serve *made = start_short(60000 * MS, &there);
    int fd, small = 4096;

    (void)state;
    serve_publish(made, support_snapshot(engine)); /* megabytes of checks: more than any socket holds */
    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    {
        struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(there), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

        assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    }
    client_say(fd, "GET /api/v1/checks HTTP/1.1\r\nHost: localhost\r\n\r\n");
    {
        struct pollfd one = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&one, 1, 10000), 1); /* it has begun */
        assert_true(client_quickest(there) < DELAY);
        poll(NULL, 0, 900);
    }
    buffer_clear(&answer);
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_false(strstr(buffer_string(&answer), "\n]}\n")); /* cut */
    close(fd);
    serve_stop(made);
    support_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_clients_delay_nobody),
        cmocka_unit_test(a_flood_keeps_nobody_out),
        cmocka_unit_test(a_huge_header_delays_nobody),
        cmocka_unit_test(garbage_delays_nobody),
        cmocka_unit_test(slow_readers_delay_nobody),
        cmocka_unit_test(requests_have_five_seconds),
        cmocka_unit_test(idle_connections_are_closed),
        cmocka_unit_test(the_longest_idle_go_when_it_is_crowded),
        cmocka_unit_test(an_answer_must_be_taken),
    };

    return cmocka_run_group_tests(tests, open_endpoint, close_endpoint);
}
