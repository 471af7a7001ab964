/* The endpoint over real sockets: what is answered to whom (rules.md 6.1). */
#include "serve_endpoint.h"

#include "base/os/clock.h"

#include <cjson/cJSON.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
        { "/api/v1/incidents", "application/json", "\"incidents\":[]" },
        { "/api/v1/limits", "application/json", "\"concurrent\":" },
        { "/api/v1/why?of=redis", "application/json", "\"root_cause\":\"colima\"" },
        { "/", "text/html; charset=utf-8", "<!DOCTYPE html>" },
    };
    char header[128];

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_int_equal(client_get(served.port, paths[i].path, &served.answer), 200);
        snprintf(header, sizeof header, "\r\nContent-Type: %s\r\n", paths[i].type);
        served_expect_header(header);
        served_expect_header("\r\nCache-Control: no-store\r\n");
        served_expect_header("\r\nX-Content-Type-Options: nosniff\r\n");
        snprintf(header, sizeof header, "\r\nContent-Length: %zu\r\n", strlen(client_body(&served.answer)));
        served_expect_header(header);
        if (!strstr(client_body(&served.answer), paths[i].in_body))
            fail_msg("%s: %s", paths[i].path, buffer_string(&served.answer));
    }
    served_expect_header("\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-");
    served_expect_header("\r\nX-Frame-Options: DENY\r\n");
    assert_null(strstr(buffer_string(&served.answer), "Access-Control"));
}

static void head_is_get_without_the_body(void **state)
{
    size_t length;
    char header[64];

    (void)state;
    client_get(served.port, "/api/v1/status", &served.answer);
    length = strlen(client_body(&served.answer));
    served_expect(200, "HEAD /api/v1/status HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    snprintf(header, sizeof header, "\r\nContent-Length: %zu\r\n", length);
    served_expect_header(header);
    assert_string_equal(client_body(&served.answer), "");
}

static void openmetrics_is_given_when_asked_for(void **state)
{
    (void)state;
    served_expect(200, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n" CLOSE);
    served_expect_header("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n");
    assert_string_equal(served.answer.data + served.answer.len - 6, "# EOF\n");
    served_expect(200, "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n" CLOSE);
    assert_null(strstr(buffer_string(&served.answer), "# EOF"));
}

/* ---- what is refused */

static void unknown_paths_are_not_found(void **state)
{
    static const char *const paths[] = { "/nothing", "/healthzzz", "/health/", "//health", "/api/v1/", "/%68ealth", "/health%00", "/favicon.ico", "/../etc/passwd" };
    cJSON *json;

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (client_get(served.port, paths[i], &served.answer) != 404)
            fail_msg("%s: %s", paths[i], buffer_string(&served.answer));
        json = cJSON_Parse(client_body(&served.answer));
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
        served_expect(405, request);
        served_expect_header("\r\nAllow: GET, HEAD\r\n");
    }
    served_expect(405, "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    served_expect(405, "POST /nothing HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
}

static void the_host_is_judged(void **state)
{
    (void)state;
    served_expect(200, "GET /health HTTP/1.1\r\nHost: localhost:1234\r\n" CLOSE);
    served_expect(200, "GET /health HTTP/1.1\r\nHost:127.0.0.1\r\n" CLOSE);
    served_expect(200, "GET /health HTTP/1.1\r\nhOST: \t [::1]:9999 \t\r\n" CLOSE);
    served_expect(200, "GET /health HTTP/1.1\r\nHost: panda.example:80\r\n" CLOSE);
    served_expect(421, "GET /health HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
    served_expect(421, "GET /health HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n" CLOSE);
    served_expect(421, "GET /health HTTP/1.1\r\nHost: \r\n" CLOSE);
    served_expect(421, "GET /health HTTP/1.0\r\nHost: evil.example\r\n" CLOSE);
    served_expect(421, "POST /nothing HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
}

static void one_host_there_must_be(void **state)
{
    (void)state;
    served_expect(400, "GET /health HTTP/1.1\r\n" CLOSE);
    served_expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n" CLOSE);
    served_expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nX: y\r\nhost: evil.example\r\n" CLOSE);
    served_expect(400, "GET /health HTTP/1.0\r\nHost: localhost\r\nHost: localhost\r\n" CLOSE);
    served_expect(400, "GET http://localhost/health HTTP/1.1\r\n" CLOSE);
    served_expect(200, "GET /health HTTP/1.0\r\n\r\n");
}

static void an_absolute_target_is_judged_by_its_own_host(void **state)
{
    (void)state;
    served_expect(200, "GET http://localhost:9999/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    served_expect(200, "GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n" CLOSE);
    served_expect(200, "GET http://panda.example HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    assert_non_null(strstr(client_body(&served.answer), "<!DOCTYPE html>"));
    served_expect(421, "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    served_expect(421, "GET https://localhost/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    served_expect(421, "GET http://localhost@evil.example/health HTTP/1.1\r\nHost: localhost\r\n" CLOSE);
    served_expect(421, "GET http://evil.example/health HTTP/1.0\r\n\r\n");
    served_expect(200, "GET http://localhost/health HTTP/1.0\r\n\r\n");
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
        if (client_ask_bytes(served.port, bad[i].request, bad[i].n, &served.answer) != 400)
            fail_msg("not 400 for case %zu:\n%s\n%s", i, bad[i].request, buffer_string(&served.answer));
}

static void ambiguous_lengths_are_refused(void **state)
{
    (void)state;
    served_expect(400, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n" CLOSE);
    served_expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n" CLOSE "0\r\n\r\n");
    served_expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n" CLOSE "x");
    served_expect(400, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n" CLOSE);
}

static void rubbish_is_refused_or_dropped(void **state)
{
    static const char *const rubbish[] = { "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "\x16\x03\x01\x02\x01\x01\xfc\r\n\r\n", "\r\n\r\n\r\nx\r\n\r\n",
                                           "GET / HTTP/1.1\r\nno colon\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" };
    int code;

    (void)state;
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        int fd = client_open(served.port);

        buffer_clear(&served.answer);
        client_say(fd, rubbish[i]);
        shutdown(fd, SHUT_WR);
        assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
        close(fd);
        code = client_code(&served.answer);
        if (code != 0 && code != 400 && code != 505)
            fail_msg("%d for %s", code, rubbish[i]);
    }
    assert_int_equal(client_get(served.port, "/health", &served.answer), 200);
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
    code = client_ask_bytes(served.port, request.data, request.len, &served.answer);
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
    assert_int_equal(client_ask_bytes(served.port, request.data, request.len, &served.answer), 200);
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
    client_ask_bytes(served.port, request.data, request.len, &served.answer);
    assert_int_equal(client_code(&served.answer), 405);
    assert_non_null(strstr(served.answer.data, "\"state\":\"Failed\""));
    assert_int_equal(strstr(served.answer.data, "HTTP/1.1 200") != NULL, 1);
    assert_string_equal(served.answer.data + served.answer.len - 24, "\n{\"ok\":true,\"why\":null}\n");
    /* what is announced as too large is not waited for */
    fd = client_open(served.port);
    buffer_clear(&served.answer);
    client_say(fd, "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000000\r\n\r\n");
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&served.answer), 413);
    close(fd);
    /* nor what the client itself waits with */
    fd = client_open(served.port);
    buffer_clear(&served.answer);
    client_say(fd, "POST /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n");
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&served.answer), 405);
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
    served_expect(200, three);
    first = strstr(served.answer.data, "\"why\":null");
    second = strstr(served.answer.data, "HTTP/1.1 404");
    third = strstr(served.answer.data, "\"state\":\"Failed\"");
    assert_true(first && second && third && first < second && second < third);
}

static void a_connection_is_kept(void **state)
{
    int fd = client_open(served.port);

    (void)state;
    for (int i = 0; i < 50; i++) {
        buffer_clear(&served.answer);
        assert_true(client_say(fd, i % 2 ? "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" : "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_true(client_read_one(fd, &served.answer, CLIENT_PATIENCE));
        assert_int_equal(client_code(&served.answer), i % 2 ? 200 : 404);
    }
    close(fd);
    fd = client_open(served.port); /* HTTP/1.0 closes, unless asked not to */
    buffer_clear(&served.answer);
    assert_true(client_say(fd, "GET /health HTTP/1.0\r\n\r\n"));
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&served.answer), 200);
    close(fd);
}

static void a_request_may_come_in_pieces_and_half_closed(void **state)
{
    static const char request[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    int fd = client_open(served.port), on = 1;
    uint64_t begun = clock_awake();

    (void)state;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    buffer_clear(&served.answer);
    for (size_t i = 0; i < sizeof request - 1; i++)
        assert_true(client_send(fd, request + i, 1));
    shutdown(fd, SHUT_WR);
    assert_true(client_read(fd, &served.answer, CLIENT_PATIENCE));
    assert_int_equal(client_code(&served.answer), 200);
    assert_int_equal(served.answer.data[served.answer.len - 1], '\n');
    assert_true(clock_awake() - begun < 4 * (uint64_t)NS_PER_S); /* seen to have ended, not just out of time */
    close(fd);
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
    };

    return cmocka_run_group_tests(tests, served_open, served_close);
}
