/* The HTTP module and HTTP/2: frames written by hand for what a good server does not do, and a real Caddy for what it does. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define S 1000000000ull
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define TLS(...) (&(struct talon_tls){ .size = sizeof(struct talon_tls), __VA_ARGS__ })

static atomic_bool seen; /* the client has got a part of the body */

static size_t see(void *arg, const char *bytes, size_t n, int last)
{
    (void)arg, (void)bytes, (void)last;
    seen = true;
    return n;
}

/* ---- frames (RFC 9113 4.1, RFC 7541 6) */

enum { DATA = 0, HEADERS = 1, RESET = 3, SETTINGS = 4, AWAY = 7, END_STREAM = 1, END_HEADERS = 4 };

static void frame(struct talk *talk, unsigned type, unsigned flags, unsigned stream, const void *bytes, size_t n)
{
    const unsigned char head[9] = { 0, (unsigned char)(n >> 8), (unsigned char)n, (unsigned char)type, (unsigned char)flags, 0, 0, 0, (unsigned char)stream };

    talk_send(talk, head, sizeof head);
    talk_send(talk, bytes, n);
}

static bool take(struct talk *talk, void *bytes, size_t n)
{
    return n == 0 || recv(talk->fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

/* Reads frames until a request has come; its stream. 0: the client has closed. */
static unsigned next_request(struct talk *talk)
{
    unsigned char head[9], bytes[16384];
    size_t n;

    for (;;) {
        if (!take(talk, head, sizeof head))
            return 0;
        n = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
        if (n > sizeof bytes || !take(talk, bytes, n))
            return 0;
        if (head[3] == HEADERS)
            return head[8];
    }
}

static bool greet(struct talk *talk)
{
    char preface[24];

    if (!take(talk, preface, sizeof preface) || memcmp(preface, "PRI * HTTP/2.0", 14) != 0)
        return false;
    frame(talk, SETTINGS, 0, 0, "", 0);
    return true;
}

/* Status 200 and a header; trailers; both as literals that are not indexed. */
static const char ok[] = "\x88\x00\x01" "a\x01" "b", trailers[] = "\x00\x0b" "grpc-status\x01" "0";

static void script_trailers(struct talk *talk)
{
    unsigned stream;

    if (!greet(talk))
        return;
    while ((stream = next_request(talk)) != 0) {
        frame(talk, HEADERS, END_HEADERS, stream, ok, sizeof ok - 1);
        frame(talk, DATA, 0, stream, "hello", 5);
        frame(talk, HEADERS, END_HEADERS | END_STREAM, stream, trailers, sizeof trailers - 1);
    }
}

static void script_reset_in_body(struct talk *talk)
{
    unsigned stream = greet(talk) ? next_request(talk) : 0;

    if (stream == 0)
        return;
    frame(talk, HEADERS, END_HEADERS, stream, ok, sizeof ok - 1);
    frame(talk, DATA, 0, stream, "four", 4);
    while (!seen) /* libcurl forgets what came together with a reset */
        talk_pause(1);
    frame(talk, RESET, 0, stream, "\0\0\0\x02", 4);
    talk_wait(talk);
}

static void script_reset_at_once(struct talk *talk)
{
    unsigned stream = greet(talk) ? next_request(talk) : 0;

    if (stream == 0)
        return;
    frame(talk, RESET, 0, stream, "\0\0\0\x02", 4);
    talk_wait(talk);
}

static void script_close_in_body(struct talk *talk)
{
    unsigned stream = greet(talk) ? next_request(talk) : 0;

    if (stream == 0)
        return;
    frame(talk, HEADERS, END_HEADERS, stream, ok, sizeof ok - 1);
    frame(talk, DATA, 0, stream, "four", 4);
    shutdown(talk->fd, SHUT_WR);
    talk_wait(talk);
}

static void script_garbage(struct talk *talk)
{
    if (greet(talk) && next_request(talk) != 0)
        frame(talk, HEADERS, END_HEADERS, 1, "\xff\xff\xff\xff\xff\xff\xff", 7);
    talk_wait(talk);
}

static void script_one(struct talk *talk)
{
    talk_request(talk);
    talk_say(talk, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    talk_wait(talk);
}

static atomic_bool said_all; /* the server will say no more */

static void script_silent(struct talk *talk)
{
    if (greet(talk) && next_request(talk) != 0)
        said_all = true;
    talk_wait(talk);
}

static struct got fetch_two(void (*script)(struct talk *), bool fails)
{
    struct server *server = server_start(&(struct server_setup){ .script = script });
    struct got got = { .over = false };
    char url[64];

    seen = said_all = false;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(server));
    if (script == script_silent) {
        got = client_expire(TALON_REQUEST(talon_http, .url = url, .flags = TALON_HTTP_2), &said_all);
    } else {
        client_http->start(TALON_REQUEST(talon_http, .url = url, .flags = TALON_HTTP_2), 15 * S, client_finished, fails ? see : NULL, &got);
        client_run(&got.over);
    }
    server_stop(server);
    return got;
}

static void fails(void (*script)(struct talk *), uint32_t status, uint32_t code, const char *token, const char *part)
{
    struct got got = fetch_two(script, true);

    FAILED(got, code, token, part);
    assert_int_equal(got.status, status);
    client_forget(&got);
}

static void test_trailers(void **state)
{
    struct got got = fetch_two(script_trailers, false);

    (void)state;
    ANSWERED(got, 200);
    assert_int_equal(got.http_version, 20);
    assert_string_equal(got.body, "hello");
    assert_string_equal(got.headers, "a: b\ngrpc-status: 0\n");
    client_forget(&got);
}

static void test_broken(void **state)
{
    (void)state;
    fails(script_reset_in_body, 200, TALON_E_PROTOCOL, "protocol.short", "cut short after 4 bytes");
    fails(script_reset_at_once, 0, TALON_E_CLOSED, "connect.closed", "");
    fails(script_close_in_body, 200, TALON_E_PROTOCOL, "protocol.short", "cut short after 4 bytes");
    fails(script_garbage, 0, TALON_E_CLOSED, "connect.closed", ""); /* libcurl says no more of it */
    fails(script_one, 0, TALON_E_CLOSED, "connect.closed", "perhaps it does not speak HTTP/2");
    fails(script_silent, 0, TALON_E_TIMEOUT, "timeout", "does not answer");
}

/* ---- a real server */

static char folder[] = "/tmp/talon-caddy-XXXXXX", authority[128];
static unsigned plain, secure;
static pid_t caddy;

static unsigned free_port(int *fd)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;

    *fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(*fd, (struct sockaddr *)&address, n), 0);
    assert_int_equal(getsockname(*fd, (struct sockaddr *)&address, &n), 0);
    return ntohs(address.sin_port);
}

static void choose_ports(void)
{
    int a, b;

    plain = free_port(&a);
    secure = free_port(&b);
    close(a);
    close(b);
}

static void write_config(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file,
            "{\n admin off\n auto_https disable_redirects\n skip_install_trust\n storage file_system %s/store\n servers {\n  protocols h1 h2 h2c\n }\n}\n"
            "http://127.0.0.1:%u {\n bind 127.0.0.1\n header X-Proto {http.request.proto}\n respond \"plain {http.request.header.X-Token}\"\n}\n"
            "https://localhost:%u {\n bind 127.0.0.1\n tls internal\n header X-Proto {http.request.proto}\n respond \"secure {http.request.body}\"\n}\n",
            folder, plain, secure);
    assert_int_equal(fclose(file), 0);
}

/* Is there one in PATH? */
static bool find_caddy(void)
{
    const char *at = getenv("PATH");
    char path[1024];

    while (at && *at) {
        const size_t n = strcspn(at, ":");

        snprintf(path, sizeof path, "%.*s/caddy", (int)n, at);
        if (access(path, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

static void start_caddy(const char *config)
{
    char home[128], *const environment[] = { home, NULL };
    char *const arguments[] = { "caddy", "run", "--adapter", "caddyfile", "--config", (char *)(uintptr_t)config, NULL };
    posix_spawn_file_actions_t actions;

    snprintf(home, sizeof home, "HOME=%s", folder);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 2, 0);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    assert_int_equal(posix_spawnp(&caddy, "caddy", &actions, NULL, arguments, environment), 0);
    posix_spawn_file_actions_destroy(&actions);
}

static struct got ask(const char *scheme, uint32_t flags)
{
    char url[64];

    snprintf(url, sizeof url, "%s:%u/", *scheme == 's' ? "https://localhost" : "http://127.0.0.1", *scheme == 's' ? secure : plain);
    return client_fetch(TALON_REQUEST(talon_http, .url = url, .flags = flags, .headers = LIST("X-Token: word"), .tls = TLS(.ca = authority)), 15 * S);
}

/* Until it answers by TLS, at most 20 s. */
static void wait_for_caddy(void)
{
    for (int i = 0; i < 200; i++) {
        struct got got = ask("secure", 0);
        const bool up = got.status == 200;

        client_forget(&got);
        if (up)
            return;
        talk_pause(100);
    }
    fail_msg("caddy does not answer");
}

static void remove_folder(void)
{
    char *const arguments[] = { "rm", "-rf", folder, NULL };
    pid_t rm;

    if (posix_spawnp(&rm, "rm", NULL, NULL, arguments, NULL) == 0)
        waitpid(rm, NULL, 0);
}

static void speaks(const char *scheme, uint32_t flags, uint32_t version, const char *proto)
{
    struct got got = ask(scheme, flags);

    ANSWERED(got, 200);
    assert_int_equal(got.http_version, version);
    HOLDS(got.headers, proto);
    assert_int_equal(got.has_peer, *scheme == 's');
    if (got.has_peer) {
        assert_int_equal(got.verify, 0);
        assert_string_equal(got.subject, "localhost");
        HOLDS(got.issuer, "Caddy Local Authority");
    }
    client_forget(&got);
}

/* Is it kept? Not HTTP/2 without TLS with a libcurl that cannot. */
static void keeps(const char *scheme, uint32_t flags, uint32_t version)
{
    const bool sure = *scheme == 's' || version != 20;

    for (int i = 0; i < 3; i++) {
        struct got got = ask(scheme, flags | TALON_HTTP_KEEP);

        ANSWERED(got, 200);
        assert_int_equal(got.http_version, version);
        if (sure)
            assert_int_equal(got.reused, i > 0);
        assert_int_equal(got.has_peer, *scheme == 's');
        client_forget(&got);
    }
}

/* Many at once, over new and kept connections: each knows the certificate. */
static void crowd(void)
{
    struct got got[40] = { { .over = false } };
    char url[64];

    snprintf(url, sizeof url, "https://localhost:%u/", secure);
    for (int i = 0; i < 40; i++)
        assert_non_null(client_http->start(TALON_REQUEST(talon_http, .url = url, .flags = TALON_HTTP_KEEP | TALON_HTTP_2, .tls = TLS(.ca = authority)), 15 * S,
                                           client_finished, NULL, &got[i]));
    for (int i = 0; i < 40; i++) {
        client_run(&got[i].over);
        ANSWERED(got[i], 200);
        assert_int_equal(got[i].http_version, 20);
        assert_true(got[i].has_peer);
        client_forget(&got[i]);
    }
}

static void try_caddy(void)
{
    speaks("plain", 0, 11, "X-Proto: HTTP/1.1\n");
    speaks("plain", TALON_HTTP_1, 11, "X-Proto: HTTP/1.1\n");
    speaks("plain", TALON_HTTP_2, 20, "x-proto: HTTP/2.0\n");
    speaks("secure", 0, 20, "x-proto: HTTP/2.0\n");
    speaks("secure", TALON_HTTP_2, 20, "x-proto: HTTP/2.0\n");
    speaks("secure", TALON_HTTP_1, 11, "X-Proto: HTTP/1.1\n");
    keeps("plain", 0, 11);
    keeps("plain", TALON_HTTP_2, 20); /* not over the kept connection of the other version */
    keeps("secure", 0, 20);
    keeps("secure", TALON_HTTP_1, 11);
    keeps("secure", TALON_HTTP_2, 20);
    crowd();
}

static const struct client_name names[] = { { .name = "localhost", .addresses = { "127.0.0.1" } }, { .name = NULL } };

static void test_caddy(void **state)
{
    char config[128];

    (void)state;
    if (!find_caddy()) {
        print_message("skipped: there is no caddy in PATH (apt-get install caddy, or brew install caddy)\n");
        skip();
    }
    assert_non_null(mkdtemp(folder));
    snprintf(config, sizeof config, "%s/Caddyfile", folder);
    snprintf(authority, sizeof authority, "%s/store/pki/authorities/local/root.crt", folder);
    choose_ports();
    write_config(config);
    start_caddy(config);
    wait_for_caddy();
    try_caddy();
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

/* Whatever came of the test. */
static int stop_caddy(void **state)
{
    if (caddy > 0) {
        kill(caddy, SIGKILL);
        waitpid(caddy, NULL, 0);
        remove_folder();
    }
    caddy = 0;
    return tear_down(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = { TEST(test_trailers), TEST(test_broken), cmocka_unit_test_setup_teardown(test_caddy, set_up, stop_caddy) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
