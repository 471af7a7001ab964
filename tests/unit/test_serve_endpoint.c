/* The endpoint over real sockets: what is answered to whom (rules.md 6.1), how it starts and ends, and that it answers on while others publish. */
#include "serve_client.h"
#include "serve_support.h"

#include "base/os/clock.h"
#include "serve/serve.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const listed[] = { "panda.example", NULL };
static struct engine *shop;
static struct serve *serve;
static uint16_t port;
static struct buffer answer;

static struct serve *start(const char *host, uint16_t at, uint64_t stall, char why[256])
{
    struct serve_settings settings = { .host = host, .port = at, .allow_hosts = listed, .stall = stall };

    return serve_start(&settings, why, 256);
}

static int open_endpoint(void **state)
{
    char why[256];

    (void)state;
    shop = support_shop();
    serve = start("127.0.0.1", 0, UINT64_MAX / 2, why);
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

static void expect(int code, const char *request)
{
    if (client_ask(port, request, &answer) != code)
        fail_msg("%d was expected for\n%s\nbut there came\n%s", code, request, buffer_string(&answer));
}

static void expect_header(const char *header)
{
    const char *found = strstr(buffer_string(&answer), header);

    if (!found || found > client_body(&answer))
        fail_msg("no %s in\n%s", header, buffer_string(&answer));
}

#define CLOSE "Connection: close\r\n\r\n"

/* ---- what is there */

static void every_path_is_answered(void **state)
{
    static const struct {
        const char *path, *type, *in_body;
    } paths[] = {
        { "/health", "application/json", "{\"ok\":false,\"state\":\"Failed\"" },
        { "/health?x=y", "application/json", "{\"ok\":false,\"state\":\"Failed\"" },
        { "/healthz", "application/json", "{\"ok\":true,\"why\":null}" },
        { "/readyz", "application/json", "{\"ok\":true,\"why\":null}" },
        { "/metrics", "text/plain; version=0.0.4; charset=utf-8", "# HELP talon_build_info" },
        { "/api/v1/status", "application/json", "\"paused_until\":null" },
        { "/api/v1/services", "application/json", "\"services\":[" },
        { "/api/v1/checks", "application/json", "\"checks\":[" },
        { "/", "text/html; charset=utf-8", "<!DOCTYPE html>" },
    };
    char header[128];

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(client_get(port, paths[i].path, &answer), 200);
        snprintf(header, sizeof header, "\r\nContent-Type: %s\r\n", paths[i].type);
        expect_header(header);
        expect_header("\r\nCache-Control: no-store\r\n");
        expect_header("\r\nX-Content-Type-Options: nosniff\r\n");
        snprintf(header, sizeof header, "\r\nContent-Length: %zu\r\n", strlen(client_body(&answer)));
        expect_header(header);
        if (!strstr(client_body(&answer), paths[i].in_body))
            fail_msg("%s: %s", paths[i].path, buffer_string(&answer));
    }
    expect_header("\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-");
    expect_header("\r\nX-Frame-Options: DENY\r\n");
    assert_null(strstr(buffer_string(&answer), "Access-Control"));
}

static void head_is_get_without_the_body(void **state)
{
    size_t length;
    char header[64];

    (void)state;
    client_get(port, "/api/v1/status", &answer);
    length = strlen(client_body(&answer));
    expect(200, "HEAD /api/v1/status HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    snprintf(header, sizeof header, "\r\nContent-Length: %zu\r\n", length);
    expect_header(header);
    assert_string_equal(client_body(&answer), "");
}

static void openmetrics_is_given_when_asked_for(void **state)
{
    (void)state;
    expect(200, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n" CLOSE);
    expect_header("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    assert_string_equal(answer.data + answer.len - 6, "# EOF\n");
    expect(200, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n" CLOSE);
    assert_null(strstr(buffer_string(&answer), "# EOF"));
}

/* ---- what is refused */

static void unknown_paths_are_not_found(void **state)
{
    static const char *const paths[] = { "/nothing", "/healthzzz", "/health/", "//health", "/api/v1/", "/%68ealth", "/health%00", "/favicon.ico", "/../etc/passwd" };
    cJSON *json;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (client_get(port, paths[i], &answer) != 404)
            fail_msg("%s: %s", paths[i], buffer_string(&answer));
        json = cJSON_Parse(client_body(&answer));
        assert_non_null(json);
        assert_string_equal(cJSON_GetObjectItemCaseSensitive(json, "error")->valuestring, "not_found");
        cJSON_Delete(json);
    }
}

static void other_methods_are_not_allowed(void **state)
{
    static const char *const methods[] = { "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "get", "FOO" };
    char request[128];

    (void)state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        snprintf(request, sizeof request, "%s /health HTTP/1.1\r\nHost: localhost\r\n" CLOSE, methods[i]);
        expect(405, request);
        expect_header("\r\nAllow: GET, HEAD\r\n");
    }
    expect(405, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    expect(405, "POST /nothing HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
}

static void the_host_is_judged(void **state)
{
    (void)state;
    expect(200, "GET /health HTTP/1.1\r\nHost: localhost:1234\r\n" CLOSE);
    expect(200, "GET /health HTTP/1.1\r\nHost:127.0.0.1\r\n" CLOSE);
    expect(200, "GET /health HTTP/1.1\r\nhOST: \t [::1]:9999 \t\r\n" CLOSE);
    expect(200, "GET /health HTTP/1.1\r\nHost: panda.example:80\r\n" CLOSE);
    expect(421, "GET /health HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
    expect(421, "GET /health HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n" CLOSE);
    expect(421, "GET /health HTTP/1.1\r\nHost: \r\n" CLOSE);
    expect(421, "GET /health HTTP/1.0\r\nHost: evil.example\r\n" CLOSE);
    expect(421, "POST /nothing HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
}

static void one_host_there_must_be(void **state)
{
    (void)state;
    expect(400, "GET /health HTTP/1.1\r\n" CLOSE);
    expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n" CLOSE);
    expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: y\r\nhost: evil.example\r\n" CLOSE);
    expect(400, "GET /health HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n" CLOSE);
    expect(400, "GET http://localhost/health HTTP/1.1\r\n" CLOSE);
    expect(200, "GET /health HTTP/1.0\r\n\r\n");
}

static void an_absolute_target_is_judged_by_its_own_host(void **state)
{
    (void)state;
    expect(200, "GET http://localhost:9999/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    expect(200, "GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
    expect(200, "GET http://panda.example HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    assert_non_null(strstr(client_body(&answer), "<!DOCTYPE html>"));
    expect(421, "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    expect(421, "GET https://localhost/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    expect(421, "GET http://localhost@evil.example/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    expect(421, "GET http://evil.example/health HTTP/1.0\r\n\r\n");
    expect(200, "GET http://localhost/health HTTP/1.0\r\n\r\n");
}

static void control_characters_are_refused(void **state)
{
    static const struct {
        const char *request;
        size_t n;
    } bad[] = {
#define BYTES(text) { text, sizeof text - 1 }
        BYTES("GET /health HTTP/1.1\r\nHost: local\x01host\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\x7f\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\0.evil.example\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\0\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\0\0\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\nY: z\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: a\0b\r\n\r\n"),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\x1b[31m\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nX y: a\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost : localhost\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\n: x\r\nHost: localhost\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\nX: a\r\n folded\r\n" CLOSE),
        BYTES("GET /health HTTP/1.1\r\nHost: localhost\r\n .evil.example\r\n" CLOSE),
        BYTES("GET /hea\x01th HTTP/1.1\r\nHost: localhost\r\n" CLOSE),
        BYTES("GET /health\0/x HTTP/1.1\r\nHost: localhost\r\n" CLOSE),
        BYTES("GET /health x HTTP/1.1\r\nHost: localhost\r\n" CLOSE),
        BYTES("GET /health\x7f HTTP/1.1\r\nHost: localhost\r\n" CLOSE),
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (client_ask_bytes(port, bad[i].request, bad[i].n, &answer) != 400)
            fail_msg("not 400 for case %zu:\n%s\n%s", i, bad[i].request, buffer_string(&answer));
}

static void ambiguous_lengths_are_refused(void **state)
{
    (void)state;
    expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n" CLOSE);
    expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" CLOSE "0\r\n\r\n");
    expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n" CLOSE "x");
    expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n" CLOSE);
}

static void rubbish_is_refused_or_dropped(void **state)
{
    static const char *const rubbish[] = { "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "\x16\x03\x01\x02\x01\x01\xfc\r\n\r\n", "\r\n\r\n\r\nx\r\n\r\n",
                                           "GET / HTTP/1.1\r\nno colon\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
    int code;

    (void)state;
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        int fd = client_open(port);

        buffer_clear(&answer);
        client_say(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
        close(fd);
        code = client_code(&answer);
        if (code != 0 && code != 400 && code != 505)
            fail_msg("%d for %s", code, rubbish[i]);
    }
    assert_int_equal(client_get(port, "/health", &answer), 200);
}

/* ---- sizes */

static int ask_with_header_of(size_t n)
{
    static const char start[] = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
    struct buffer request = buffer_make(0);
    int code;

    buffer_text(&request, start);
    while (request.len + 4 < n)
        buffer_char(&request, 'x');
    buffer_text(&request, "\r\n\r\n");
    code = client_ask_bytes(port, request.data, request.len, &answer);
    buffer_free(&request);
    return code;
}

static void heads_of_sixteen_kibibytes_are_read(void **state)
{
    struct buffer request = buffer_make(0);

    (void)state;
    assert_int_equal(ask_with_header_of(16384), 200);
    assert_int_equal(ask_with_header_of(16385), 431);
    assert_int_equal(ask_with_header_of(30000), 431);
    buffer_text(&request, "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (int i = 0; i < 100; i++)
        buffer_printf(&request, "X-Header-Number-%d: some value of it\r\n", i);
    buffer_text(&request, "\r\n");
    assert_int_equal(client_ask_bytes(port, request.data, request.len, &answer), 200);
    buffer_free(&request);
}

static void bodies_are_ignored_within_bounds(void **state)
{
    struct buffer request = buffer_make(0);
    char *body = calloc(1, 500001);
    int fd;

    (void)state;
    memset(body, 'x', 500000);
    buffer_printf(&request, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\n%s", body);
    buffer_text(&request, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc"
                          "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                          "GET /readyz HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    client_ask_bytes(port, request.data, request.len, &answer);
    assert_int_equal(client_code(&answer), 405);
    assert_non_null(strstr(answer.data, "\"state\":\"Failed\""));
    assert_int_equal(strstr(answer.data, "HTTP/1.1 200") != NULL, 1);
    assert_string_equal(answer.data + answer.len - 24, "\n{\"ok\":true,\"why\":null}\n");
    /* what is announced as too large is not waited for */
    fd = client_open(port);
    buffer_clear(&answer);
    client_say(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n");
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&answer), 413);
    close(fd);
    /* nor what the client itself waits with */
    fd = client_open(port);
    buffer_clear(&answer);
    client_say(fd, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n");
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&answer), 405);
    close(fd);
    free(body);
    buffer_free(&request);
}

/* ---- connections */

static void requests_may_be_pipelined(void **state)
{
    static const char three[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n" CLOSE;
    const char *first, *second, *third;

    (void)state;
    expect(200, three);
    first = strstr(answer.data, "\"why\":null");
    second = strstr(answer.data, "HTTP/1.1 404");
    third = strstr(answer.data, "\"state\":\"Failed\"");
    assert_true(first && second && third && first < second && second < third);
}

static void a_connection_is_kept(void **state)
{
    int fd = client_open(port);

    (void)state;
    for (int i = 0; i < 50; i++) {
        buffer_clear(&answer);
        assert_true(client_say(fd, i % 2 ? "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" : "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_true(client_read_one(fd, &answer, CLIENT_PATIENCE));
        assert_int_equal(client_code(&answer), i % 2 ? 200 : 404);
    }
    close(fd);
    fd = client_open(port); /* HTTP/1.0 closes, unless asked not to */
    buffer_clear(&answer);
    assert_true(client_say(fd, "GET /health HTTP/1.0\r\n\r\n"));
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&answer), 200);
    close(fd);
}

static void a_request_may_come_in_pieces_and_half_closed(void **state)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = client_open(port), on = 1;
    uint64_t begun = clock_awake();

    (void)state;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    buffer_clear(&answer);
    for (size_t i = 0; i < sizeof request - 1; i++)
        assert_true(client_send(fd, request + i, 1));
    shutdown(fd, SHUT_WR);
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&answer), 200);
    assert_int_equal(answer.data[answer.len - 1], '\n');
    assert_true(clock_awake() - begun < 4 * (uint64_t)NS_PER_S); /* seen to have ended, not just out of time */
    close(fd);
}

/* ---- what it says of the daemon */

static void it_says_when_the_loop_stands_still(void **state)
{
    char why[256];
    struct serve *other = start("127.0.0.1", 0, 50 * (uint64_t)NS_PER_MS, why);
    uint16_t there = serve_port(other);
    uint64_t until = clock_awake() + CLIENT_PATIENCE;

    (void)state;
    assert_non_null(other);
    serve_publish(other, support_shop_snapshot(shop));
    while (client_get(there, "/healthz", &answer) != 503)
        assert_true(clock_awake() < until);
    assert_int_equal(client_get(there, "/health", &answer), 200);
    assert_non_null(strstr(answer.data, "\"stalled\":true"));
    assert_int_equal(client_get(there, "/readyz", &answer), 200);
    serve_turned(other, clock_awake() + 3600 * (uint64_t)NS_PER_S);
    assert_int_equal(client_get(there, "/healthz", &answer), 200);
    assert_int_equal(client_get(there, "/health", &answer), 200);
    assert_non_null(strstr(answer.data, "\"stalled\":false"));
    serve_stop(other);
}

static void it_answers_before_the_first_snapshot(void **state)
{
    char why[256];
    struct serve *other = start("127.0.0.1", 0, 0, why);
    struct engine *engine = support_engine(1, 1);
    uint16_t there = serve_port(other);

    (void)state;
    assert_int_equal(client_get(there, "/health", &answer), 200);
    assert_non_null(strstr(answer.data, "\"state\":\"Starting\""));
    assert_int_equal(client_get(there, "/readyz", &answer), 503);
    assert_int_equal(client_get(there, "/healthz", &answer), 200);
    assert_int_equal(client_get(there, "/", &answer), 200);
    assert_int_equal(client_get(there, "/metrics", &answer), 200);
    assert_int_equal(client_get(there, "/api/v1/status", &answer), 200);
    assert_int_equal(client_get(there, "/api/v1/checks", &answer), 200);
    engine->overall.round_complete = false;
    serve_publish(other, support_snapshot(engine));
    assert_int_equal(client_get(there, "/readyz", &answer), 503);
    engine->overall.round_complete = true;
    serve_publish(other, support_snapshot(engine));
    assert_int_equal(client_get(there, "/readyz", &answer), 200);
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
        serve_publish(serve, support_shop_snapshot(engine));
        serve_turned(serve, clock_awake());
    }
    atomic_store(&asking, false);
    return NULL;
}

static void *ask_many(void *arg)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct buffer got = buffer_make(0);
    int fd = client_open(port), last = 0;

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
    shop->overall.consecutive_failures = shop->overall.probe_count = 0;
    serve_publish(serve, support_shop_snapshot(shop));
    atomic_store(&asking, true);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, ask_many, NULL), 0);
    assert_int_equal(pthread_create(&publisher, NULL, publish_many, shop), 0);
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
    assert_null(start("127.0.0.1", port, 0, why));
    snprintf(want, sizeof want, "127.0.0.1:%u is taken by another program", (unsigned)port);
    assert_string_equal(why, want);
    assert_null(start("192.0.2.1", 0, 0, why));
    assert_string_equal(why, "192.0.2.1 is no address of this machine");
    assert_null(start("panda.example", 0, 0, why));
    assert_string_equal(why, "panda.example is no numeric address");
}

static void it_starts_again_on_the_same_port(void **state)
{
    char why[256];
    struct serve *other = start("127.0.0.1", 0, 0, why);
    uint16_t there = serve_port(other);
    int fd = client_open(there);

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(client_get(there, "/healthz", &answer), 200);
        serve_stop(other);
        other = start("127.0.0.1", there, 0, why);
        if (!other)
            fail_msg("%s", why);
    }
    serve_stop(other);
    close(fd);
}

static void it_answers_by_ipv6(void **state)
{
    char why[256];
    struct serve *other = start("::1", 0, 0, why);
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
    buffer_clear(&answer);
    client_say(fd, "GET /healthz HTTP/1.1\r\nHost: [::1]\r\n" CLOSE);
    assert_true(client_read(fd, &answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&answer), 200);
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
    struct serve *other = start("127.0.0.1", 0, 0, why);
    uint64_t begun;

    (void)state;
    idle = client_open(serve_port(other));
    half = client_open(serve_port(other));
    client_say(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    buffer_clear(&answer);
    assert_true(client_read_one(idle, &answer, CLIENT_PATIENCE));
    client_say(half, "GET /healthz HTTP/1.1\r\nHost");
    begun = clock_awake();
    serve_stop(other);
    assert_true(clock_awake() - begun < NS_PER_S); /* 200 ms for open answers, and a busy machine */
    assert_true(client_read(idle, &answer, CLIENT_PATIENCE));
    assert_true(client_read(half, &answer, CLIENT_PATIENCE));
    close(idle);
    close(half);
    serve_stop(NULL);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_is_answered),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(openmetrics_is_given_when_asked_for),
        cmocka_unit_test(unknown_paths_are_not_found),
        cmocka_unit_test(other_methods_are_not_allowed),
        cmocka_unit_test(the_host_is_judged),
        cmocka_unit_test(one_host_there_must_be),
        cmocka_unit_test(an_absolute_target_is_judged_by_its_own_host),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(ambiguous_lengths_are_refused),
        cmocka_unit_test(rubbish_is_refused_or_dropped),
        cmocka_unit_test(heads_of_sixteen_kibibytes_are_read),
        cmocka_unit_test(bodies_are_ignored_within_bounds),
        cmocka_unit_test(requests_may_be_pipelined),
        cmocka_unit_test(a_connection_is_kept),
        cmocka_unit_test(a_request_may_come_in_pieces_and_half_closed),
        cmocka_unit_test(it_says_when_the_loop_stands_still),
        cmocka_unit_test(it_answers_before_the_first_snapshot),
        cmocka_unit_test(answers_are_whole_and_never_older),
        cmocka_unit_test(a_taken_port_is_said),
        cmocka_unit_test(it_starts_again_on_the_same_port),
        cmocka_unit_test(it_answers_by_ipv6),
        cmocka_unit_test(it_ends_with_its_connections_and_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, open_endpoint, close_endpoint);
}
