/* The HTTP module against servers that behave and servers that do not: plain HTTP. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define S 1000000000u

static struct server *server;
static char url[256];

static void serve(void (*script)(struct talk *), void *arg)
{
    server = server_start(&(struct server_setup){ .script = script, .arg = arg });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
}

static void script_ok(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\nX-Two: a\r\nX-Two: b\r\n\r\nhello");
}

static void test_answer(void **state)
{
    struct got got;

    (void)state;
    serve(script_ok, NULL);
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 5ull * S);
    assert_string_equal(got.text, "");
    assert_int_equal(got.code, TALON_E_NONE);
    assert_int_equal(got.status, 200);
    assert_string_equal(got.body, "hello");
    assert_string_equal(got.headers, "Content-Length: 5\nX-One: 1\nX-Two: a\nX-Two: b\n");
    assert_int_equal(got.http_version, 11);
    assert_int_equal(got.reused, 0);
    assert_true(got.connect_ns > 0 && got.first_byte_ns >= got.connect_ns && got.total_ns >= got.first_byte_ns);
    assert_non_null(strstr(server_heard(server), "Connection: close\r\n"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answer, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
