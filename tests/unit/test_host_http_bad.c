/* The HTTP module against servers that misbehave: silent, slow, cut short, too large, no HTTP at all. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S 1000000000ull
#define MS 1000000ull

static struct server *server;
static char url[256];

static atomic_bool said_all; /* the server will say no more */
static atomic_bool seen; /* the client has got a part of the body */

static size_t see(void *arg, const char *bytes, size_t n, int last)
{
    (void)arg, (void)bytes, (void)last;
    seen = true;
    return n;
}

static void serve(void (*script)(struct talk *), void *arg)
{
    server = server_start(&(struct server_setup){ .script = script, .arg = arg });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
}

/* Says its argument and closes. */
static void script_say_once(struct talk *talk)
{
    if (talk_request(talk))
        talk_say(talk, talk->arg);
}

/* Says its argument and no more, but stays. */
static void script_hang(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, talk->arg);
    said_all = true;
    talk_wait(talk);
}

static void script_say_and_reset(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, talk->arg);
    while (!seen) /* what was said must be read before the reset throws it away */
        talk_pause(1);
    talk_reset(talk);
}

struct expected {
    uint32_t status, code;
    const char *token, *part;
    uint64_t timeout, idle;
    uint32_t max_body;
};

/* The same over a new connection and over one that may be kept. */
static void fails(void (*script)(struct talk *), const char *said, const struct expected *expected)
{
    char copy[4096];

    snprintf(copy, sizeof copy, "%s", said);
    for (uint32_t flags = 0; flags <= TALON_HTTP_KEEP; flags += TALON_HTTP_KEEP) {
        struct got got;

        serve(script, copy);
        got = client_fetch(TALON_REQUEST(talon_http, .url = url, .flags = flags, .max_body = expected->max_body, .idle_ns = expected->idle),
                           expected->timeout ? expected->timeout : 10 * S);
        FAILED(got, expected->code, expected->token, expected->part);
        assert_int_equal(got.status, expected->status);
        client_forget(&got);
        server_stop(server);
    }
}

#define FAILS(script, said, status_, code_, token_, part_, ...) \
    fails((script), (said), &(struct expected){ .status = (status_), .code = (code_), .token = (token_), .part = (part_), __VA_ARGS__ })

/* ---- time */

/* The server has said that and is silent: what is told at the deadline. */
static void hangs(const char *said, uint32_t status, const char *part)
{
    char copy[4096];
    struct got got;

    said_all = false;
    snprintf(copy, sizeof copy, "%s", said);
    serve(script_hang, copy);
    got = client_expire(TALON_REQUEST(talon_http, .url = url), &said_all);
    FAILED(got, TALON_E_TIMEOUT, "timeout", part);
    assert_int_equal(got.status, status);
    client_forget(&got);
    server_stop(server);
}

static void test_slow(void **state)
{
    (void)state;
    hangs("", 0, "takes the connection, but does not answer");
    hangs("HTTP/1.1 200 OK\r\nX-A: b\r\nX-B", 0, "the answer's headers are not complete");
    hangs("HTTP/1.1 100 Continue\r\n\r\n", 0, "does not answer");
    hangs("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", 200, "is not complete: 4 bytes of its body have come");
    hangs("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 200, "3 bytes");
}

/* The same by the module's own deadline, in whatever stage. */
static void test_deadline(void **state)
{
    struct got got;

    (void)state;
    serve(script_hang, "");
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 100 * MS);
    assert_int_equal(got.code, TALON_E_TIMEOUT);
    assert_true(got.total_ns >= 100 * MS);
    client_forget(&got);
    server_stop(server);
}

static void script_drip(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 3; i++) {
        talk_pause(20);
        talk_say(talk, "x");
    }
    talk_wait(talk);
}

/* Slow is allowed, silent is not. */
static void test_idle(void **state)
{
    (void)state;
    FAILS(script_drip, "", 200, TALON_E_TIMEOUT, "timeout", "nothing has come for 0.6 s, after 3 bytes of the body", .idle = 600 * MS);
}

/* Silence before the answer is no silence within the body. */
static void test_not_idle(void **state)
{
    struct got got;

    (void)state;
    serve(script_hang, "");
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .idle_ns = MS), 200 * MS);
    assert_int_equal(got.code, TALON_E_TIMEOUT);
    assert_true(got.total_ns >= 200 * MS);
    client_forget(&got);
    server_stop(server);
}

/* Byte by byte, thousands of events without a header or a body to show for it: that is slow, not a socket that spins. */
static void script_drip_header(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 200 OK\r\nX-Long: ");
    for (int i = 0; i < 6000; i++)
        talk_send(talk, "x", 1);
    talk_say(talk, "\r\nContent-Length: 0\r\n\r\n");
}

static void test_dripping_header(void **state)
{
    struct got got;

    (void)state;
    serve(script_drip_header, NULL);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 10 * S);
    ANSWERED(got, 200);
    assert_true(strlen(got.headers) > 6000);
    client_forget(&got);
    server_stop(server);
}

/* ---- cut short */

static void script_close_at_once(struct talk *talk)
{
    talk_request(talk);
}

static void script_reset_at_once(struct talk *talk)
{
    talk_request(talk);
    talk_reset(talk);
}

static void test_cut_short(void **state)
{
    (void)state;
    FAILS(script_close_at_once, "", 0, TALON_E_CLOSED, "connect.closed", "closed the connection without an answer", .idle = 0);
    FAILS(script_reset_at_once, "", 0, TALON_E_CLOSED, "connect.closed", "closed the connection without an answer", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nX-A: b\r\nX-C", 0, TALON_E_PROTOCOL, "protocol.short", "cut short within its headers", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 100 Continue\r\n\r\n", 0, TALON_E_CLOSED, "connect.closed", "without an answer", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour", 200, TALON_E_PROTOCOL, "protocol.short", "cut short after 4 bytes of its body", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nfour", 200, TALON_E_PROTOCOL, "protocol.short", "after 4 bytes", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n", 200, TALON_E_PROTOCOL, "protocol.short", "after 4 bytes", .idle = 0);
}

static void test_reset(void **state)
{
    struct got got = { .over = false };

    (void)state;
    seen = false;
    serve(script_say_and_reset, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour");
    client_http->start(TALON_REQUEST(talon_http, .url = url), 15 * S, client_finished, see, &got);
    client_run(&got.over);
    FAILED(got, TALON_E_PROTOCOL, "protocol.short", "after 4 bytes of its body: Connection reset");
    assert_int_equal(got.status, 200);
    client_forget(&got);
    server_stop(server);
}

/* ---- no proper HTTP */

static void test_garbage(void **state)
{
    (void)state;
    FAILS(script_say_once, "+PONG\r\n", 0, TALON_E_PROTOCOL, "protocol.bad", "not proper HTTP: Received HTTP/0.9", .idle = 0);
    FAILS(script_say_once, "SSH-2.0-OpenSSH_9.2\r\n", 0, TALON_E_PROTOCOL, "protocol.bad", "not proper HTTP", .idle = 0);
    FAILS(script_say_once, "<html>hello</html>", 0, TALON_E_PROTOCOL, "protocol.bad", "not proper HTTP", .idle = 0);
    FAILS(script_say_once, "HTTP/9.9 200 OK\r\n\r\n", 0, TALON_E_PROTOCOL, "protocol.bad", "not proper HTTP", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nfour", 200, TALON_E_PROTOCOL, "protocol.bad", "chunk", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: minus\r\n\r\nfour", 0, TALON_E_PROTOCOL, "protocol.bad", "Content-Length", .idle = 0);
}

static void script_nul(struct talk *talk)
{
    static const char said[] = "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n";

    if (talk_request(talk))
        talk_send(talk, said, sizeof said - 1);
}

static void test_nul(void **state)
{
    (void)state;
    FAILS(script_nul, "", 0, TALON_E_PROTOCOL, "protocol.bad", "", .idle = 0);
}

/* ---- too large */

static void script_huge_header(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 200 OK\r\nX-Huge: ");
    for (int i = 0; i < 200; i++)
        talk_say(talk, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    talk_say(talk, "\r\n\r\n");
}

static void script_many_headers(struct talk *talk)
{
    char line[64];

    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 20000; i++) {
        snprintf(line, sizeof line, "X-Number-%d: %d\r\n", i, i);
        talk_say(talk, line);
    }
    talk_say(talk, "\r\n");
}

static void script_interim_flood(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    for (int i = 0; i < 20000; i++)
        talk_say(talk, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
}

static void script_endless_body(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 100000; i++)
        talk_say(talk, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

static void test_too_large(void **state)
{
    (void)state;
    FAILS(script_huge_header, "", 0, TALON_E_TOO_BIG, "too_big", "header", .idle = 0);
    FAILS(script_many_headers, "", 0, TALON_E_TOO_BIG, "too_big", "header", .idle = 0);
    FAILS(script_interim_flood, "", 0, TALON_E_TOO_BIG, "too_big", "header", .idle = 0);
    FAILS(script_say_once, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n123456", 200, TALON_E_TOO_BIG, "too_big", "the body is larger than 5 bytes", .max_body = 5);
    FAILS(script_endless_body, "", 200, TALON_E_TOO_BIG, "too_big", "the body is larger than 1048576 bytes", .idle = 0);
}

/* What fitted is there to be shown. */
static void test_head_of_large_body(void **state)
{
    struct got got;

    (void)state;
    serve(script_say_once, "HTTP/1.1 500 Oh\r\nContent-Length: 6\r\n\r\n123456");
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .max_body = 5), 15 * S);
    FAILED(got, TALON_E_TOO_BIG, "too_big", "");
    assert_int_equal(got.status, 500);
    assert_string_equal(got.body, "12345");
    client_forget(&got);
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
        TEST(test_slow), TEST(test_deadline), TEST(test_idle), TEST(test_not_idle), TEST(test_dripping_header), TEST(test_cut_short), TEST(test_reset),
        TEST(test_garbage), TEST(test_nul),  TEST(test_too_large),       TEST(test_head_of_large_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
