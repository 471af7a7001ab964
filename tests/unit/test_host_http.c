/* The HTTP module against servers that behave: what is sent, what comes back, where it goes, and how an exchange is ended from outside. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S 1000000000ull
#define MS 1000000ull

static struct server *server;
static char url[256];

static void serve(void (*script)(struct talk *), void *arg)
{
    server = server_start(&(struct server_setup){ .script = script, .arg = arg });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
}

/* Says its argument to every request. */
static void script_say(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, talk->arg);
}

/* Says its argument, and that is all. */
static void script_say_once(struct talk *talk)
{
    if (talk_request(talk))
        talk_say(talk, talk->arg);
}

static char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\nX-Two: a\r\nX-Two:  b \r\nX-Empty:\r\n\r\nhello";

/* ---- what comes back */

static void test_answer(void **state)
{
    struct got got;

    (void)state;
    serve(script_say, hello);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S);
    ANSWERED(got, 200);
    assert_string_equal(got.body, "hello");
    assert_string_equal(got.headers, "Content-Length: 5\nX-One: 1\nX-Two: a\nX-Two: b\nX-Empty: \n");
    assert_int_equal(got.http_version, 11);
    assert_int_equal(got.reused, 0);
    assert_false(got.has_peer);
    assert_int_equal(got.resolve_ns, 0);
    assert_true(got.connect_ns > 0 && got.first_byte_ns >= got.connect_ns && got.total_ns >= got.first_byte_ns);
    client_forget(&got);
    server_stop(server);
}

static void answers(const char *said, uint32_t status, uint32_t version, const char *headers, const char *body)
{
    char copy[4096];
    struct got got;

    snprintf(copy, sizeof copy, "%s", said);
    serve(script_say_once, copy);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S);
    ANSWERED(got, status);
    assert_string_equal(got.headers, headers);
    assert_string_equal(got.body, body);
    assert_int_equal(got.http_version, version);
    client_forget(&got);
    server_stop(server);
}

static void test_shapes(void **state)
{
    (void)state;
    answers("HTTP/1.0 200 OK\r\n\r\nold", 200, 10, "", "old");
    answers("HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", 204, 11, "A: b\n", "");
    answers("HTTP/1.1 500 Oh no\r\nContent-Length: 4\r\n\r\nfail", 500, 11, "Content-Length: 4\n", "fail");
    answers("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 301, 11, "Location: /x\nContent-Length: 0\n", "");
    answers("HTTP/1.1 100 Continue\r\nX: no\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: no\r\n\r\nHTTP/1.1 200 OK\r\nX: yes\r\nContent-Length: 2\r\n\r\nok", 200, 11,
            "X: yes\nContent-Length: 2\n", "ok");
    answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nSum: 42\r\n\r\n", 200, 11,
            "Transfer-Encoding: chunked\nTrailer: Sum\nSum: 42\n", "abcde");
    answers("HTTP/1.1 200 OK\r\nX-Long: first\r\n  second\r\n\tthird\r\nContent-Length: 0\r\n\r\n", 200, 11, "X-Long: first second third\nContent-Length: 0\n", "");
    answers("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 200, 11, "Content-Length: 1\n", "x");
}

static void script_binary(struct talk *talk)
{
    static const char said[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\0b";

    if (talk_request(talk))
        talk_send(talk, said, sizeof said - 1);
}

/* The bound itself is allowed. */
static void test_binary_body(void **state)
{
    struct got got;

    (void)state;
    serve(script_binary, NULL);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .max_body = 3), 15 * S);
    ANSWERED(got, 200);
    assert_int_equal(got.body_len, 3);
    assert_memory_equal(got.body, "a\0b", 4);
    client_forget(&got);
    server_stop(server);
}

/* ---- what is sent */

static void sends(const struct talon_http *http, const char *first, const char *const *parts, const char *const *absent)
{
    struct talon_http request = *http;
    struct got got;

    serve(script_say, hello);
    request.url = url;
    got = client_fetch(&request, 15 * S);
    if (strcmp(first, "HEAD / HTTP/1.1\r\n") != 0)
        ANSWERED(got, 200);
    assert_memory_equal(server_heard(server), first, strlen(first));
    for (; parts && *parts; parts++)
        HOLDS(server_heard(server), *parts);
    for (; absent && *absent; absent++)
        LACKS(server_heard(server), *absent);
    client_forget(&got);
    server_stop(server);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_requests(void **state)
{
    (void)state;
    sends(TALON_REQUEST(talon_http, .flags = 0), "GET / HTTP/1.1\r\n", LIST("\r\nHost: 127.0.0.1:", "\r\nUser-Agent: talon/", "\r\nConnection: close\r\n"),
          LIST("Content-", "Expect"));
    sends(TALON_REQUEST(talon_http, .flags = TALON_HTTP_KEEP), "GET / HTTP/1.1\r\n", NULL, LIST("Connection:"));
    sends(TALON_REQUEST(talon_http, .method = "HEAD"), "HEAD / HTTP/1.1\r\n", NULL, LIST("Content-"));
    sends(TALON_REQUEST(talon_http, .method = "POST", .body = "a=b", .body_len = 3), "POST / HTTP/1.1\r\n", LIST("\r\nContent-Length: 3\r\n", "\r\n\r\na=b"),
          LIST("Content-Type", "Expect"));
    sends(TALON_REQUEST(talon_http, .method = "POST"), "POST / HTTP/1.1\r\n", LIST("\r\nContent-Length: 0\r\n"), NULL);
    sends(TALON_REQUEST(talon_http, .method = "PUT", .body = "x", .body_len = 1), "PUT / HTTP/1.1\r\n", LIST("\r\nContent-Length: 1\r\n", "\r\n\r\nx"), NULL);
    sends(TALON_REQUEST(talon_http, .method = "DELETE"), "DELETE / HTTP/1.1\r\n", NULL, LIST("Content-"));
    sends(TALON_REQUEST(talon_http, .method = "GET", .body = "q", .body_len = 1), "GET / HTTP/1.1\r\n", LIST("\r\nContent-Length: 1\r\n", "\r\n\r\nq"), NULL);
    sends(TALON_REQUEST(talon_http, .headers = LIST("X-A: 1", "x-b:2", "X-Empty:", "Host: other.example", "User-Agent: me", "Accept: text/html")),
          "GET / HTTP/1.1\r\n",
          LIST("\r\nX-A: 1\r\n", "\r\nx-b: 2\r\n", "\r\nX-Empty:\r\n", "\r\nHost: other.example\r\n", "\r\nUser-Agent: me\r\n", "\r\nAccept: text/html\r\n"),
          LIST("127.0.0.1", "talon/", "*/*"));
    sends(TALON_REQUEST(talon_http, .method = "POST", .body = "{}", .body_len = 2, .headers = LIST("Content-Type: application/json", "Content-Length: 2")),
          "POST / HTTP/1.1\r\n", LIST("\r\nContent-Type: application/json\r\n", "\r\nContent-Length: 2\r\n"), NULL);
    sends(TALON_REQUEST(talon_http, .headers = LIST("Connection: Upgrade")), "GET / HTTP/1.1\r\n", LIST("\r\nConnection: Upgrade\r\n"), LIST("close"));
}

/* One handle of libcurl after the other is used again: nothing of a request may stay in it. */
static void test_nothing_stays(void **state)
{
    struct got got;
    const char *heard;

    (void)state;
    serve(script_say, hello);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .method = "PUT", .body = "secret", .body_len = 6, .headers = LIST("X-Token: hunter2")), 15 * S);
    ANSWERED(got, 200);
    client_forget(&got);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .method = "HEAD"), 15 * S);
    client_forget(&got);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S);
    ANSWERED(got, 200);
    assert_string_equal(got.body, "hello");
    client_forget(&got);
    heard = strstr(server_heard(server), "GET / HTTP/1.1\r\n");
    assert_non_null(heard);
    LACKS(heard, "hunter2");
    LACKS(heard, "secret");
    LACKS(heard, "Content-Length");
    server_stop(server);
}

static void refused(const struct talon_http *http, const char *part)
{
    struct talon_http request = *http;
    struct got got;

    request.url = request.url ? request.url : "http://127.0.0.1:1/";
    got = client_fetch(&request, 15 * S);
    FAILED(got, TALON_E_LOCAL, "local", part);
    LACKS(got.text, "hunter2");
    assert_int_equal(got.status, 0);
    client_forget(&got);
}

static void test_refused_requests(void **state)
{
    (void)state;
    refused(TALON_REQUEST(talon_http, .headers = LIST("X-A: hunter2\r\nX-B: 2")), "the value of the header X-A holds a line break");
    refused(TALON_REQUEST(talon_http, .headers = LIST("X-A: hunter2\nX-B: 2")), "the value of the header X-A holds a line break");
    refused(TALON_REQUEST(talon_http, .headers = LIST("X A: hunter2")), "header 1 is not of the form");
    refused(TALON_REQUEST(talon_http, .headers = LIST("A: b", "hunter2")), "header 2 is not of the form");
    refused(TALON_REQUEST(talon_http, .headers = LIST(": hunter2")), "header 1 is not of the form");
    refused(TALON_REQUEST(talon_http, .headers = LIST("Host: a", "host: b")), "two Host headers");
    refused(TALON_REQUEST(talon_http, .headers = LIST("Content-Length: 7")), "follow from the body");
    refused(TALON_REQUEST(talon_http, .headers = LIST("Transfer-Encoding: chunked")), "follow from the body");
    refused(TALON_REQUEST(talon_http, .method = "GET / HTTP/1.1\r\nX: y\r\n"), "the method is no word");
    refused(TALON_REQUEST(talon_http, .method = ""), "the method is no word");
    refused(TALON_REQUEST(talon_http, .method = "CONNECT"), "the method is no word");
    refused(TALON_REQUEST(talon_http, .method = "HEAD", .body = "x", .body_len = 1), "HEAD request has no body");
    refused(TALON_REQUEST(talon_http, .flags = TALON_HTTP_1 | TALON_HTTP_2), "cannot both");
    refused(TALON_REQUEST(talon_http, .url = "file:///etc/passwd"), "does not begin with http");
    refused(TALON_REQUEST(talon_http, .url = "gopher://127.0.0.1/"), "does not begin with http");
    refused(TALON_REQUEST(talon_http, .url = "127.0.0.1:80"), "the URL cannot be read");
    refused(TALON_REQUEST(talon_http, .url = "http://a b/"), "the URL cannot be read");
    refused(TALON_REQUEST(talon_http, .url = "http://127.0.0.1:99999/"), "the URL cannot be read");
    refused(TALON_REQUEST(talon_http, .connect_to = "127.0.0.1"), "is not HOST:PORT");
    refused(TALON_REQUEST(talon_http, .connect_to = "127.0.0.1:0"), "is not HOST:PORT");
    refused(TALON_REQUEST(talon_http, .connect_to = ":80"), "is not HOST:PORT");
    refused(TALON_REQUEST(talon_http, .unix_path = "/tmp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "longer than the");
}

/* Proxies of the environment are not used: this one would answer nothing. */
static void test_no_proxy(void **state)
{
    struct got got;

    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    serve(script_say, hello);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S);
    ANSWERED(got, 200);
    client_forget(&got);
    server_stop(server);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

/* ---- a stream */

struct stream {
    struct got got;
    struct http_exchange *exchange;
    char taken[4096]; /* what was used, each piece followed by | */
    int calls, lasts;
    int stop_at; /* call at which it stops the exchange; 0: never */
    bool stopped;
};

/* Uses whole lines. */
static size_t take_lines(void *arg, const char *bytes, size_t n, int last)
{
    struct stream *stream = arg;
    size_t used = 0, have = strlen(stream->taken);

    assert_false(stream->stopped);
    stream->lasts += last;
    if (++stream->calls == stream->stop_at) {
        client_http->stop(stream->exchange);
        stream->stopped = true;
        return 0;
    }
    while (!last && n > used && memchr(bytes + used, '\n', n - used)) {
        size_t line = (size_t)((const char *)memchr(bytes + used, '\n', n - used) - (bytes + used)) + 1;

        snprintf(stream->taken + have, sizeof stream->taken - have, "%.*s|", (int)line - 1, bytes + used);
        have = strlen(stream->taken);
        used += line;
    }
    if (last)
        snprintf(stream->taken + have, sizeof stream->taken - have, "(%.*s)", (int)n, bytes);
    return used;
}

static void script_stream(struct talk *talk)
{
    static const char *const pieces[] = { "one\ntw", "o", "\nthree\n\nfi", "ve" };

    talk_request(talk);
    talk_say(talk, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        char chunk[64];

        snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(pieces[i]), pieces[i]);
        talk_say(talk, chunk);
        talk_pause(5);
    }
    talk_say(talk, "0\r\n\r\n");
}

static void test_stream(void **state)
{
    struct stream stream = { .calls = 0 };

    (void)state;
    serve(script_stream, NULL);
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url, .max_body = 100), 0, client_finished, take_lines, &stream);
    client_run(&stream.got.over);
    ANSWERED(stream.got, 200);
    assert_string_equal(stream.taken, "one|two|three||(five)");
    assert_int_equal(stream.lasts, 1);
    assert_int_equal(stream.got.body_len, 0);
    client_forget(&stream.got);
    server_stop(server);
}

static void test_stream_stopped_within(void **state)
{
    struct stream stream = { .stop_at = 2 };

    (void)state;
    serve(script_stream, NULL);
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, take_lines, &stream);
    while (!stream.stopped)
        client_turn();
    while (server_open(server) > 0)
        client_turn();
    assert_int_equal(stream.got.times, 0);
    server_stop(server);
}

/* Stopped in the very last call: nobody is told. */
static void test_stream_stopped_at_its_end(void **state)
{
    struct stream stream = { .stop_at = 1 };

    (void)state;
    serve(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, take_lines, &stream);
    while (!stream.stopped)
        client_turn();
    client_turn();
    assert_int_equal(stream.got.times, 0);
    server_stop(server);
}

static void test_stream_of_another_status(void **state)
{
    struct stream stream = { .calls = 0 };

    (void)state;
    serve(script_say_once, "HTTP/1.1 410 Gone\r\nContent-Length: 8\r\n\r\ntoo old\n");
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, take_lines, &stream);
    client_run(&stream.got.over);
    ANSWERED(stream.got, 410);
    assert_int_equal(stream.calls, 0);
    assert_string_equal(stream.got.body, "too old\n");
    client_forget(&stream.got);
    server_stop(server);
}

static void test_stream_too_big(void **state)
{
    struct stream stream = { .calls = 0 };

    (void)state;
    serve(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nshort\na line that is too long\n\n");
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url, .max_body = 10), 0, client_finished, take_lines, &stream);
    client_run(&stream.got.over);
    if (stream.got.code) /* it came in one piece: whole lines are used */
        FAILED(stream.got, TALON_E_TOO_BIG, "too_big", "a message in the stream is larger than 10 bytes");
    client_forget(&stream.got);
    server_stop(server);
    stream = (struct stream){ .calls = 0 };
    serve(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nshort\na line that never ends...");
    stream.exchange = client_http->start(TALON_REQUEST(talon_http, .url = url, .max_body = 10), 0, client_finished, take_lines, &stream);
    client_run(&stream.got.over);
    FAILED(stream.got, TALON_E_TOO_BIG, "too_big", "a message in the stream is larger than 10 bytes");
    assert_int_equal(stream.lasts, 0);
    client_forget(&stream.got);
    server_stop(server);
}

/* ---- ended from outside */

static void script_silent(struct talk *talk)
{
    talk_request(talk);
    talk_wait(talk);
}

static void test_stop(void **state)
{
    struct got got = { .times = 0 };
    struct http_exchange *exchange;

    (void)state;
    serve(script_silent, NULL);
    exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, NULL, &got);
    client_http->stop(exchange); /* before it has begun */
    client_turn();
    assert_int_equal(server_connections(server), 0);
    exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, NULL, &got);
    while (!strstr(server_heard(server), "GET"))
        client_turn();
    client_http->stop(exchange); /* while it waits for the answer */
    while (server_open(server) > 0)
        client_turn();
    assert_int_equal(got.times, 0);
    server_stop(server);
}

static void test_expire(void **state)
{
    struct got got = { .times = 0 };
    struct http_exchange *exchange;

    (void)state;
    serve(script_silent, NULL);
    exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, NULL, &got);
    while (!strstr(server_heard(server), "GET"))
        client_turn();
    client_http->expire(exchange);
    assert_int_equal(got.times, 0);
    client_http->expire(exchange); /* once is enough */
    client_run(&got.over);
    FAILED(got, TALON_E_TIMEOUT, "timeout", "takes the connection, but does not answer");
    assert_true(got.connect_ns > 0);
    client_forget(&got);
    exchange = client_http->start(TALON_REQUEST(talon_http, .url = url), 0, client_finished, NULL, &got);
    client_http->expire(exchange);
    client_http->stop(exchange); /* and nobody is told */
    client_turn();
    assert_int_equal(got.times, 0);
    server_stop(server);
}

static int set_up(void **state)
{
    (void)state;
    client_open_http();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close_http();
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_shapes),
        TEST(test_binary_body),
        TEST(test_requests),
        TEST(test_nothing_stays),
        TEST(test_refused_requests),
        TEST(test_no_proxy),
        TEST(test_stream),
        TEST(test_stream_stopped_within),
        TEST(test_stream_stopped_at_its_end),
        TEST(test_stream_of_another_status),
        TEST(test_stream_too_big),
        TEST(test_stop),
        TEST(test_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
