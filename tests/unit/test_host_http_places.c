/* The HTTP module: where an exchange connects. Names, several addresses, IPv6, unix sockets, connect_to; kept connections; redirects. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define S 1000000000ull
#define MS 1000000ull
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct server *server;
static char url[256];
static char folder[] = "/tmp/talon-http-XXXXXX";
static char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

static void script_say(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, talk->arg);
}

static void serve(void (*script)(struct talk *), void *arg)
{
    server = server_start(&(struct server_setup){ .script = script, .arg = arg });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
}

/* A port on which nobody listens, as long as the descriptor is open. */
static int take_port(unsigned *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* ---- names */

static const struct client_name names[] = {
    { .name = "web.example", .addresses = { "127.0.0.1" } },
    { .name = "two.example", .addresses = { "127.0.0.9", "127.0.0.1" } },
    { .name = "six.example", .addresses = { "::1" } },
    { .name = "silent.example", .silent = true },
    { .name = "sick.example", .error = TALON_E_RESOLVER },
    { .name = NULL },
};

static struct got fetch_name(const char *host, unsigned port, uint32_t flags, uint64_t timeout)
{
    char text[300];

    snprintf(text, sizeof text, "http://%s:%u/x", host, port);
    return client_fetch(TALON_REQUEST(talon_http, .url = text, .flags = flags), timeout);
}

static void test_names(void **state)
{
    struct got got;

    (void)state;
    client_resolved = 0;
    serve(script_say, hello);
    got = fetch_name("web.example", server_port(server), 0, 15 * S);
    ANSWERED(got, 200);
    assert_int_equal(client_resolved, 1);
    assert_true(got.resolve_ns > 0 && got.connect_ns >= got.resolve_ns);
    HOLDS(server_heard(server), "\r\nHost: web.example:");
    client_forget(&got);
    got = fetch_name("two.example", server_port(server), 0, 15 * S); /* nobody listens at the first address */
    ANSWERED(got, 200);
    client_forget(&got);
    got = fetch_name("b\xc3\xbc" "cher.example", server_port(server), 0, 15 * S);
    FAILED(got, TALON_E_LOCAL, "local", "in its ASCII form");
    client_forget(&got);
    server_stop(server);
}

static void test_names_that_fail(void **state)
{
    struct got got;

    (void)state;
    got = fetch_name("none.example", 80, 0, 15 * S);
    FAILED(got, TALON_E_NO_NAME, "dns.none", "no such name");
    client_forget(&got);
    got = fetch_name("sick.example", 80, TALON_HTTP_KEEP, 15 * S);
    FAILED(got, TALON_E_RESOLVER, "dns.unreachable", "the resolver does not answer");
    client_forget(&got);
    got = fetch_name("silent.example", 80, 0, 100 * MS);
    FAILED(got, TALON_E_RESOLVER, "dns.unreachable", "no answer from the resolver about silent.example");
    assert_int_equal(client_asking, 0); /* the question was taken back */
    client_forget(&got);
}

/* A kept connection needs no name to be resolved again. */
static void test_kept_name(void **state)
{
    struct got got;

    (void)state;
    client_resolved = 0;
    serve(script_say, hello);
    for (int i = 0; i < 3; i++) {
        got = fetch_name("web.example", server_port(server), TALON_HTTP_KEEP, 15 * S);
        ANSWERED(got, 200);
        assert_int_equal(got.reused, i > 0);
        client_forget(&got);
    }
    assert_int_equal(client_resolved, 1);
    assert_int_equal(server_connections(server), 1);
    server_stop(server);
}

static void test_six(void **state)
{
    struct got got;

    (void)state;
    server = server_start(&(struct server_setup){ .script = script_say, .arg = hello, .family = AF_INET6 });
    got = fetch_name("[::1]", server_port(server), 0, 15 * S);
    ANSWERED(got, 200);
    HOLDS(server_heard(server), "\r\nHost: [::1]:");
    client_forget(&got);
    got = fetch_name("six.example", server_port(server), 0, 15 * S);
    ANSWERED(got, 200);
    client_forget(&got);
    server_stop(server);
}

/* ---- unix sockets, connect_to */

static void test_unix(void **state)
{
    char path[64];
    struct got got;

    (void)state;
    snprintf(path, sizeof path, "%s/s", folder);
    server = server_start(&(struct server_setup){ .script = script_say, .arg = hello, .path = path });
    for (int i = 0; i < 2; i++) {
        got = client_fetch(TALON_REQUEST(talon_http, .url = "http://docker/info", .unix_path = path, .flags = TALON_HTTP_KEEP), 15 * S);
        ANSWERED(got, 200);
        assert_int_equal(got.reused, i);
        client_forget(&got);
    }
    HOLDS(server_heard(server), "GET /info HTTP/1.1\r\nHost: docker\r\n");
    assert_int_equal(server_connections(server), 1);
    server_stop(server);
}

static void test_unix_that_fails(void **state)
{
    char path[64];
    struct got got;
    FILE *file;

    (void)state;
    snprintf(path, sizeof path, "%s/s", folder);
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://docker/", .unix_path = path), 15 * S);
    FAILED(got, TALON_E_NO_SOCKET, "connect.no_socket", "there is no socket /tmp/talon-http-");
    assert_int_equal(got.os, ENOENT);
    client_forget(&got);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://docker/", .unix_path = path), 15 * S);
    FAILED(got, TALON_E_REFUSED, "connect.refused", "nobody listens at /tmp/talon-http-");
    client_forget(&got);
    unlink(path);
}

static void test_unix_denied(void **state)
{
    const uid_t me = geteuid();
    char path[64];
    struct got got;

    (void)state;
    snprintf(path, sizeof path, "%s/s", folder);
    server = server_start(&(struct server_setup){ .script = script_say, .arg = hello, .path = path });
    assert_int_equal(chmod(path, 0), 0);
    if (me == 0) /* who may open every socket */
        assert_int_equal(seteuid(65534), 0);
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://docker/", .unix_path = path), 15 * S);
    assert_int_equal(seteuid(me), 0);
    FAILED(got, TALON_E_DENIED, "connect.denied", "no permission to connect to");
    client_forget(&got);
    server_stop(server);
}

static int connect_path(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memcpy(address.sun_path, path, strlen(path) + 1);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A stopped process whose queue is full is silent, not broken. */
static void test_unix_full(void **state)
{
    int fds[64], n = 0;
    char path[64];
    struct got got;

    (void)state;
    snprintf(path, sizeof path, "%s/s", folder);
    server = server_start(&(struct server_setup){ .deaf = true, .path = path });
    while (n < 64 && (fds[n] = connect_path(path)) >= 0)
        n++;
    assert_true(n < 64);
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://docker/", .unix_path = path), 200 * MS);
    if (got.code != TALON_E_REFUSED) /* macOS refuses instead */
        FAILED(got, TALON_E_TIMEOUT, "connect.timeout", "is full: it takes no connection");
    client_forget(&got);
    while (n > 0)
        close(fds[--n]);
    server_stop(server);
}

static void test_connect_to(void **state)
{
    char to[64];
    struct got got;

    (void)state;
    client_resolved = 0;
    serve(script_say, hello);
    snprintf(to, sizeof to, "127.0.0.1:%u", server_port(server));
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://unknown.example/y", .connect_to = to), 15 * S);
    ANSWERED(got, 200);
    HOLDS(server_heard(server), "GET /y HTTP/1.1\r\nHost: unknown.example\r\n");
    assert_int_equal(client_resolved, 0);
    client_forget(&got);
    snprintf(to, sizeof to, "web.example:%u", server_port(server));
    got = client_fetch(TALON_REQUEST(talon_http, .url = "http://unknown.example:81/z", .connect_to = to), 15 * S);
    ANSWERED(got, 200);
    HOLDS(server_heard(server), "GET /z HTTP/1.1\r\nHost: unknown.example:81\r\n");
    assert_int_equal(client_resolved, 1);
    client_forget(&got);
    server_stop(server);
}

/* Two places for one name: a kept connection to the one is not taken for the other. */
static void test_kept_places(void **state)
{
    struct server *other = server_start(&(struct server_setup){ .script = script_say, .arg = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother" });
    char to[2][64];
    struct got got;

    (void)state;
    serve(script_say, hello);
    snprintf(to[0], sizeof to[0], "127.0.0.1:%u", server_port(server));
    snprintf(to[1], sizeof to[1], "127.0.0.1:%u", server_port(other));
    for (int i = 0; i < 4; i++) {
        got = client_fetch(TALON_REQUEST(talon_http, .url = "http://a.example/", .connect_to = to[i % 2], .flags = TALON_HTTP_KEEP), 15 * S);
        ANSWERED(got, 200);
        assert_string_equal(got.body, i % 2 ? "other" : "hello");
        client_forget(&got);
    }
    server_stop(server);
    server_stop(other);
}

static void test_refused(void **state)
{
    unsigned port;
    int fd = take_port(&port);
    struct got got = fetch_name("127.0.0.1", port, 0, 15 * S);

    (void)state;
    FAILED(got, TALON_E_REFUSED, "connect.refused", "nobody listens at 127.0.0.1:");
    assert_int_equal(got.os, ECONNREFUSED);
    assert_int_equal(got.status, 0);
    client_forget(&got);
    close(fd);
}

/* ---- kept connections */

static struct got fetch(uint32_t flags)
{
    return client_fetch(TALON_REQUEST(talon_http, .url = url, .flags = flags), 15 * S);
}

static void test_close(void **state)
{
    struct got got;

    (void)state;
    serve(script_say, hello);
    for (int i = 0; i < 3; i++) {
        got = fetch(0);
        ANSWERED(got, 200);
        assert_int_equal(got.reused, 0);
        client_forget(&got);
        while (server_open(server) > 0)
            client_turn();
    }
    assert_int_equal(server_connections(server), 3);
    server_stop(server);
}

static void test_keep(void **state)
{
    struct got got;

    (void)state;
    serve(script_say, hello);
    for (int i = 0; i < 3; i++) {
        got = fetch(TALON_HTTP_KEEP);
        ANSWERED(got, 200);
        assert_int_equal(got.reused, i > 0);
        assert_int_equal(got.connect_ns > 0, i == 0);
        client_forget(&got);
    }
    assert_int_equal(server_connections(server), 1);
    got = fetch(0); /* wants one of its own, and leaves the kept one alone */
    ANSWERED(got, 200);
    assert_int_equal(got.reused, 0);
    client_forget(&got);
    assert_int_equal(server_connections(server), 2);
    got = fetch(TALON_HTTP_KEEP);
    assert_int_equal(got.reused, 1);
    client_forget(&got);
    server_stop(server);
}

/* The server closes each connection after its second answer, without a word. */
static void script_two(struct talk *talk)
{
    for (int i = 0; i < 2 && talk_request(talk); i++)
        talk_say(talk, hello);
}

static void test_keep_closed_by_server(void **state)
{
    struct got got;

    (void)state;
    serve(script_two, NULL);
    for (int i = 0; i < 6; i++) {
        got = fetch(TALON_HTTP_KEEP);
        ANSWERED(got, 200);
        client_forget(&got);
        while (i % 2 == 1 && server_open(server) > 0)
            client_turn();
    }
    assert_int_equal(server_connections(server), 3);
    server_stop(server);
}

static int set_up(void **state)
{
    (void)state;
    client_names = names;
    client_open_http();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    client_close_http();
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_names),
        TEST(test_names_that_fail),
        TEST(test_kept_name),
        TEST(test_six),
        TEST(test_unix),
        TEST(test_unix_that_fails),
        TEST(test_unix_denied),
        TEST(test_unix_full),
        TEST(test_connect_to),
        TEST(test_kept_places),
        TEST(test_refused),
        TEST(test_close),
        TEST(test_keep),
        TEST(test_keep_closed_by_server),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
