/* The endpoint over real sockets: how it starts and ends, what it says of the daemon, and that it answers on while others publish. */
#include "serve_endpoint.h"

#include "base/os/clock.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- what it says of the daemon */

static void it_says_when_the_loop_stands_still(void **state)
{
    char why[256];
    struct serve *other = served_start("127.0.0.1", 0, 50 * (uint64_t)NS_PER_MS, why);
    uint16_t there = serve_port(other);
    uint64_t until = clock_awake() + CLIENT_PATIENCE;

    (void)state;
    assert_non_null(other);
    serve_publish(other, support_shop_snapshot(served.shop));
    while (client_get(there, "/healthz", &served.answer) != 503)
        assert_true(clock_awake() < until);
    assert_int_equal(client_get(there, "/health", &served.answer), 200);
    assert_non_null(strstr(served.answer.data, "\"stalled\":true"));
    assert_int_equal(client_get(there, "/readyz", &served.answer), 200);
    serve_turned(other, clock_awake() + 3600 * (uint64_t)NS_PER_S);
    assert_int_equal(client_get(there, "/healthz", &served.answer), 200);
    assert_int_equal(client_get(there, "/health", &served.answer), 200);
    assert_non_null(strstr(served.answer.data, "\"stalled\":false"));
    serve_stop(other);
}

static void it_answers_before_the_first_snapshot(void **state)
{
    char why[256];
    struct serve *other = served_start("127.0.0.1", 0, 0, why);
    struct engine *engine = support_engine(1, 1);
    uint16_t there = serve_port(other);

    (void)state;
    assert_int_equal(client_get(there, "/health", &served.answer), 200);
    assert_non_null(strstr(served.answer.data, "\"state\":\"Starting\""));
    assert_int_equal(client_get(there, "/readyz", &served.answer), 503);
    assert_int_equal(client_get(there, "/healthz", &served.answer), 200);
    assert_int_equal(client_get(there, "/", &served.answer), 200);
    assert_int_equal(client_get(there, "/metrics", &served.answer), 200);
    assert_int_equal(client_get(there, "/api/v1/status", &served.answer), 200);
    assert_int_equal(client_get(there, "/api/v1/checks", &served.answer), 200);
    engine->overall.round_complete = false;
    serve_publish(other, support_snapshot(engine));
    assert_int_equal(client_get(there, "/readyz", &served.answer), 503);
    engine->overall.round_complete = true;
    serve_publish(other, support_snapshot(engine));
    assert_int_equal(client_get(there, "/readyz", &served.answer), 200);
    serve_stop(other);
    assert_int_equal(atomic_load(&engine->model->users), 1);
    support_free(engine);
}

/* ---- publishing under load */

static atomic_bool asking;

static void *publish_many(void *arg)
{
    struct engine *engine = arg;

    for (unsigned i = 1; i <= 500; i++) {
        engine->overall.consecutive_failures = engine->overall.probe_count = i;
        serve_publish(served.serve, support_shop_snapshot(engine));
        serve_turned(served.serve, clock_awake());
    }
    atomic_store(&asking, false);
    return NULL;
}

static void *ask_many(void *arg)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct buffer got = buffer_make(0);
    int fd = client_open(served.port), last = 0;

    (void)arg;
    while (atomic_load(&asking)) {
        cJSON *json;
        int failures;

        buffer_clear(&got);
        if (!client_say(fd, request) || !client_read_one(fd, &got, CLIENT_PATIENCE))
            break;
        json = cJSON_Parse(client_body(&got));
        failures = cJSON_GetObjectItemCaseSensitive(json, "consecutive_failures")->valueint;
        if (failures < last || failures != cJSON_GetObjectItemCaseSensitive(json, "probe_count")->valueint)
            last = INT32_MAX;
        else if (last != INT32_MAX)
            last = failures;
        cJSON_Delete(json);
    }
    close(fd);
    buffer_free(&got);
    return last == INT32_MAX || atomic_load(&asking) ? NULL : &asking;
}

static void answers_are_whole_and_never_older(void **state)
{
    pthread_t publisher, clients[3];
    void *good;

    (void)state;
    served.shop->overall.consecutive_failures = served.shop->overall.probe_count = 0;
    serve_publish(served.serve, support_shop_snapshot(served.shop));
    atomic_store(&asking, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, ask_many, NULL), 0);
    assert_int_equal(pthread_create(&publisher, NULL, publish_many, served.shop), 0);
    pthread_join(publisher, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_join(clients[i], &good);
        assert_non_null(good);
    }
}

/* ---- start and end */

static void a_taken_port_is_said(void **state)
{
    char why[256], want[256];

    (void)state;
    assert_null(served_start("127.0.0.1", served.port, 0, why));
    snprintf(want, sizeof want, "127.0.0.1:%u is taken by another program", (unsigned)served.port);
    assert_string_equal(why, want);
    assert_null(served_start("192.0.2.1", 0, 0, why));
    assert_string_equal(why, "192.0.2.1 is no address of this machine");
    assert_null(served_start("panda.example", 0, 0, why));
    assert_string_equal(why, "panda.example is no numeric address");
}

static void it_starts_again_on_the_same_port(void **state)
{
    char why[256];
    struct serve *other = served_start("127.0.0.1", 0, 0, why);
    uint16_t there = serve_port(other);
    int fd = client_open(there);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(client_get(there, "/healthz", &served.answer), 200);
        serve_stop(other);
        other = served_start("127.0.0.1", there, 0, why);
        if (!other)
            fail_msg("%s", why);
    }
    serve_stop(other);
    close(fd);
}

static void it_answers_by_ipv6(void **state)
{
    char why[256];
    struct serve *other = served_start("::1", 0, 0, why);
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    int fd;

    (void)state;
    if (!other) {
        assert_non_null(strstr(why, "::1"));
        print_message("no IPv6 here: %s\n", why);
        return;
    }
    to.sin6_port = htons(serve_port(other));
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    buffer_clear(&served.answer);
    client_say(fd, "GET /healthz HTTP/1.1\r\nHost: [::1]\r\n" CLOSE);
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&served.answer), 200);
    close(fd);
    serve_stop(other);
}

static int open_descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 4096; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static void it_ends_with_its_connections_and_leaves_nothing(void **state)
{
    int before = open_descriptors(), idle, half;
    char why[256];
    struct serve *other = served_start("127.0.0.1", 0, 0, why);
    uint64_t begun;

    (void)state;
    idle = client_open(serve_port(other));
    half = client_open(serve_port(other));
    client_say(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    buffer_clear(&served.answer);
    assert_true(client_read_one(idle, &served.answer, CLIENT_PATIENCE));
    client_say(half, "GET /healthz HTTP/1.1\r\nHost");
    begun = clock_awake();
    serve_stop(other);
    assert_true(clock_awake() - begun < NS_PER_S); /* 200 ms for open answers, and a busy machine */
    assert_true(client_read(idle, &served.answer, CLIENT_PATIENCE));
    assert_true(client_read(half, &served.answer, CLIENT_PATIENCE));
    close(idle);
    close(half);
    serve_stop(NULL);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_when_the_loop_stands_still),
        cmocka_unit_test(it_answers_before_the_first_snapshot),
        cmocka_unit_test(answers_are_whole_and_never_older),
        cmocka_unit_test(a_taken_port_is_said),
        cmocka_unit_test(it_starts_again_on_the_same_port),
        cmocka_unit_test(it_answers_by_ipv6),
        cmocka_unit_test(it_ends_with_its_connections_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, served_open, served_close);
}
