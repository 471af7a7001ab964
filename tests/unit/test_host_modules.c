/*
 * The host's modules at their first use: a thread loads them, and what needs them waits without losing anything of what it wants. In this process a module
 * cannot be found; in a talon-host that is driven it can.
 */
#include "host_drive.h"

#include "../../core/base/os/install_paths.h"
#include "../../plugins/host/http_held.h"
#include "../../plugins/host/modules_load.h"
#include "../../plugins/host/turn.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITS = 4 };

/* ---- what waits, here */

static struct module_wait waits[WAITS];
static int order[WAITS], n_called;

static void called(struct module_wait *wait)
{
    assert_null(wait->at);
    order[n_called++] = (int)(wait - waits);
}

static void run_until(int n)
{
    const uint64_t end = now_ns() + 10000000000u;

    while (n_called < n && now_ns() < end)
        ev_run(turn_loop(), EVRUN_ONCE);
    assert_int_equal(n_called, n);
}

static bool is_installed(void)
{
    char path[4096];

    snprintf(path, sizeof path, "%s/talon-host-http.so", install_host_modules());
    return access(path, F_OK) == 0;
}

static void waits_for_what_cannot_be_had(void **state)
{
    const char *why;

    (void)state;
    if (is_installed())
        skip();
    n_called = 0;
    assert_false(modules_await(MODULE_HTTP, &waits[0], called));
    assert_false(modules_await(MODULE_HTTP | MODULE_TLS, &waits[1], called));
    assert_false(modules_await(MODULE_HTTP, &waits[2], called));
    assert_false(modules_await(MODULE_HTTP, &waits[3], called));
    modules_leave(&waits[2]);
    modules_leave(&waits[2]);
    assert_int_equal(n_called, 0); /* nobody is called back before his call has returned */
    run_until(3);
    assert_int_equal(order[0], 0); /* the first one first; what the second needs beyond the others may be another job */
    assert_true((order[1] == 1 && order[2] == 3) || (order[1] == 3 && order[2] == 1));
    assert_null(modules_http(&why));
    holds(why, "cannot load talon-host-http.so: ", __FILE__, __LINE__);
    assert_null(modules_tls(&why));
    holds(why, "cannot load talon-host-tls.so: ", __FILE__, __LINE__);
    assert_false(modules_await(MODULE_HTTP, &waits[0], called)); /* it is tried again */
    run_until(4);
    assert_false(modules_await(MODULE_TLS, &waits[0], called)); /* the thread is waited for at the end */
    modules_close();
    modules_leave(&waits[0]);
}

/* ---- what is held */

static void fill(char *text, const char *with)
{
    assert_true(strlen(with) < 32);
    memcpy(text, with, strlen(with) + 1);
}

static void a_request_is_held_whole(void **state)
{
    char texts[11][32], *body = texts[4];
    const char *headers[] = { texts[5], texts[6], NULL };
    struct talon_tls tls = { .size = sizeof tls, .insecure = 1, .ca = texts[7], .cert = texts[8], .key = texts[9], .server_name = texts[10] };
    const struct talon_http request = { .size = sizeof request, .flags = TALON_HTTP_KEEP, .method = texts[0], .url = texts[1], .unix_path = texts[2],
                                        .connect_to = texts[3], .headers = headers, .body = body, .body_len = 7, .tls = &tls, .timeout_ns = 5, .max_body = 9 };
    struct talon_http *held;

    (void)state;
    for (int i = 0; i < 11; i++)
        snprintf(texts[i], sizeof texts[i], "text %d", i);
    memcpy(body, "a\0b\0c\0d", 7);
    held = http_held(&request);
    memset(texts, 'x', sizeof texts);
    memset(&tls, 0, sizeof tls);
    headers[0] = headers[1] = NULL;
    assert_string_equal(held->method, "text 0");
    assert_string_equal(held->url, "text 1");
    assert_string_equal(held->unix_path, "text 2");
    assert_string_equal(held->connect_to, "text 3");
    assert_memory_equal(held->body, "a\0b\0c\0d", 7);
    assert_string_equal(held->headers[0], "text 5");
    assert_string_equal(held->headers[1], "text 6");
    assert_null(held->headers[2]);
    assert_int_equal(held->tls->size, sizeof tls);
    assert_int_equal(held->tls->insecure, 1);
    assert_string_equal(held->tls->ca, "text 7");
    assert_string_equal(held->tls->cert, "text 8");
    assert_string_equal(held->tls->key, "text 9");
    assert_string_equal(held->tls->server_name, "text 10");
    assert_int_equal(held->flags, TALON_HTTP_KEEP);
    assert_int_equal(held->body_len, 7);
    assert_int_equal(held->timeout_ns, 5);
    assert_int_equal(held->max_body, 9);
    http_held_free(held);
}

static void so_is_one_that_wants_little(void **state)
{
    char url[32];
    struct talon_tls old = { .size = offsetof(struct talon_tls, server_name), .server_name = (const char *)1 };
    const struct talon_http request = { .size = sizeof request, .url = url, .tls = &old };
    struct talon_http *held;

    (void)state;
    fill(url, "http://a.example/");
    held = http_held(&request);
    memset(url, 'x', sizeof url);
    assert_string_equal(held->url, "http://a.example/");
    assert_null(held->method);
    assert_null(held->headers);
    assert_null(held->body);
    assert_null(held->tls->server_name); /* a plugin that does not know of it yet */
    http_held_free(held);
    http_held_free(NULL);
}

/* ---- in a host */

/* A port at which nobody listens: it is bound, so nobody else takes it. */
static int closed_port(unsigned *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct driven *host_with_plugins(void)
{
    struct driven *d = driven_start(NULL);

    driven_load(d, "plugins/http");
    driven_load(d, "plugins/tcp");
    return d;
}

static const char *set_up(struct driven *d, int kind, unsigned port)
{
    static const char *const operations[] = { "http", "http", "tcp" };
    char conf[160];

    if (kind == 2)
        snprintf(conf, sizeof conf, "\"address\":{\"host\":\"127.0.0.1\",\"port\":%u},\"tls\":true", port);
    else
        snprintf(conf, sizeof conf, "\"url\":\"%s://127.0.0.1:%u/\"", kind == 0 ? "http" : "https", port);
    return driven_setup(d, operations[kind], conf);
}

static void many_at_once(void **state)
{
    const char *instances[12], *runs[12];
    struct driven *d = host_with_plugins();
    unsigned port;
    const int fd = closed_port(&port);

    (void)state;
    for (int i = 0; i < 12; i++)
        instances[i] = set_up(d, i % 3, port);
    for (int i = 0; i < 12; i++)
        runs[i] = driven_begin(d, instances[i], 10000, NULL);
    for (int i = 0; i < 12; i++)
        CONCLUDED(driven_done(d, runs[i]), "fail", "connect.refused", "");
    driven_quit(d);
    close(fd);
}

static void over_while_it_loads(void **state)
{
    unsigned port;
    const int fd = closed_port(&port);

    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct driven *d = host_with_plugins();
        const char *instance = set_up(d, kind, port), *run = driven_begin(d, instance, 10000, NULL);

        driven_say(d, "{\"type\":\"cancel\",\"run\":\"%s\"}", run);
        driven_done(d, run);
        CONCLUDED(driven_done(d, driven_begin(d, instance, 10000, NULL)), "fail", "connect.refused", "");
        driven_quit(d);
        d = host_with_plugins();
        driven_begin(d, set_up(d, kind, port), 10000, NULL);
        driven_quit(d);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_for_what_cannot_be_had),
        cmocka_unit_test(a_request_is_held_whole),
        cmocka_unit_test(so_is_one_that_wants_little),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(over_while_it_loads),
    };

    if (!turn_init())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
