/* The HTTP module and redirects: what follows, what stops, and that nothing secret ever reaches another origin. */
#include "module_client.h"
#include "module_server.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S 1000000000ull
#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct server *first, *other;
static char url[256], to_other[600];
static const struct client_name names[] = {
    { .name = "web.example", .addresses = { "127.0.0.1" } },
    { .name = "other.example", .addresses = { "127.0.0.1" } },
    { .name = NULL },
};

/* Says to each path what stands behind it: "/path" "answer" ... NULL. */
static void script_paths(struct talk *talk)
{
    while (talk_request(talk)) {
        const char *const *pages = talk->arg;
        const char *heard = server_heard(talk->server), *at = heard, *last = heard;
        char path[300];

        while ((at = strstr(at, " HTTP/1.1\r\n")) != NULL)
            last = at++;
        at = last;
        while (at > heard && at[-1] != ' ')
            at--;
        snprintf(path, sizeof path, "%.*s", (int)(last - at), at);
        while (*pages && strcmp(*pages, path) != 0)
            pages += 2;
        talk_say(talk, *pages ? pages[1] : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
}

static void script_other(struct talk *talk)
{
    while (talk_request(talk))
        talk_say(talk, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother");
}

#define GO(code, where) "HTTP/1.1 " code " Go\r\nLocation: " where "\r\nContent-Length: 4\r\n\r\ngone"
#define OK "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static const char *pages[] = {
    "/ok", OK,
    "/relative", GO("302", "ok"),
    "/absolute", GO("301", "/ok"),
    "/query", GO("302", "?x=1"),
    "/query?x=1", OK,
    "/fragment", GO("302", "/ok#part"),
    "/303", GO("303", "/ok"),
    "/307", GO("307", "/ok"),
    "/308", GO("308", "/ok"),
    "/302", GO("302", "/ok"),
    "/300", GO("300", "/ok"),
    "/304", "HTTP/1.1 304 Not Modified\r\nLocation: /ok\r\n\r\n",
    "/nowhere", "HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n",
    "/file", GO("302", "file:///etc/passwd"),
    "/ftp", GO("302", "ftp://127.0.0.1/"),
    "/bad", GO("302", "http://a b/"),
    "/loop", GO("302", "/loop?token=secret"),
    "/loop?token=secret", GO("302", "/loop?token=secret"),
    "/chain", GO("302", "/302"),
    "/other", to_other,
    NULL,
};

static void serve(void)
{
    first = server_start(&(struct server_setup){ .script = script_paths, .arg = pages });
    other = server_start(&(struct server_setup){ .script = script_other });
}

static void end(void)
{
    server_stop(first);
    server_stop(other);
}

/* path NULL: the URL is set already. */
static struct got follow(const char *path, const struct talon_http *http)
{
    struct talon_http request = *http;

    if (path)
        snprintf(url, sizeof url, "http://127.0.0.1:%u%s", server_port(first), path);
    request.url = url;
    if (request.max_redirects == 0)
        request.max_redirects = 3;
    return client_fetch(&request, 15 * S);
}

#define FOLLOW(path, ...) follow((path), TALON_REQUEST(talon_http, .flags = 0, __VA_ARGS__))

static void arrives(const char *path, const char *as)
{
    struct got got;
    char line[300];

    serve();
    got = FOLLOW(path, .headers = LIST("X-Token: hunter2"));
    ANSWERED(got, 200);
    assert_string_equal(got.body, "hello");
    assert_string_equal(got.headers, "Content-Length: 5\n");
    snprintf(line, sizeof line, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", as, server_port(first));
    HOLDS(server_heard(first), line);
    HOLDS(strstr(server_heard(first), line), "X-Token: hunter2\r\n"); /* the same origin */
    client_forget(&got);
    end();
}

static void test_follows(void **state)
{
    (void)state;
    arrives("/relative", "/ok");
    arrives("/absolute", "/ok");
    arrives("/query", "/query?x=1");
    arrives("/fragment", "/ok");
    arrives("/chain", "/ok");
    arrives("/303", "/ok");
    arrives("/307", "/ok");
    arrives("/308", "/ok");
}

static void stays(const char *path, uint32_t status)
{
    struct got got;

    serve();
    got = FOLLOW(path, .method = "GET");
    ANSWERED(got, status);
    client_forget(&got);
    end();
}

/* What names no place that can be gone to is the answer. */
static void test_stays(void **state)
{
    struct got got;

    (void)state;
    stays("/300", 300);
    stays("/304", 304);
    stays("/nowhere", 302);
    stays("/file", 302);
    stays("/ftp", 302);
    stays("/bad", 302);
    serve();
    snprintf(url, sizeof url, "http://127.0.0.1:%u/302", server_port(first));
    got = client_fetch(TALON_REQUEST(talon_http, .url = url), 15 * S); /* not asked to follow */
    ANSWERED(got, 302);
    assert_string_equal(got.body, "gone");
    client_forget(&got);
    end();
}

static void test_loop(void **state)
{
    struct got got;

    (void)state;
    serve();
    got = FOLLOW("/loop", .max_redirects = 4);
    FAILED(got, TALON_E_PROTOCOL, "http.redirects", "it redirects more than 4 times, the last time to /loop");
    LACKS(got.text, "secret");
    assert_int_equal(got.status, 302);
    assert_int_equal(server_connections(first), 5);
    client_forget(&got);
    end();
}

static const char *last_request(void)
{
    const char *last = server_heard(first), *at = last;

    while ((at = strstr(at, " HTTP/1.1\r\n")) != NULL)
        last = at++;
    while (last > server_heard(first) && last[-1] != '\n')
        last--;
    return last;
}

static void becomes(const char *path, const char *method, const char *line, bool with_body)
{
    struct got got;

    serve();
    got = FOLLOW(path, .method = method, .body = "payload\n", .body_len = strcmp(method, "HEAD") == 0 ? 0 : 8,
                 .headers = LIST("Content-Type: text/plain", "X-Token: hunter2"));
    client_forget(&got);
    HOLDS(last_request(), line);
    HOLDS(last_request(), "X-Token: hunter2\r\n");
    if (with_body) {
        HOLDS(last_request(), "Content-Type: text/plain\r\n");
        HOLDS(last_request(), "\r\n\r\npayload");
    } else if (strcmp(method, "HEAD") != 0) {
        LACKS(last_request(), "Content-");
        LACKS(last_request(), "payload");
    }
    end();
}

static void test_methods(void **state)
{
    (void)state;
    becomes("/302", "POST", "GET /ok HTTP/1.1\r\n", false);
    becomes("/absolute", "POST", "GET /ok HTTP/1.1\r\n", false);
    becomes("/302", "PUT", "PUT /ok HTTP/1.1\r\n", true);
    becomes("/303", "PUT", "GET /ok HTTP/1.1\r\n", false);
    becomes("/303", "HEAD", "HEAD /ok HTTP/1.1\r\n", false);
    becomes("/307", "POST", "POST /ok HTTP/1.1\r\n", true);
    becomes("/308", "POST", "POST /ok HTTP/1.1\r\n", true);
}

/* ---- another origin */

static void aim_at_other(const char *code, const char *host, unsigned port)
{
    snprintf(to_other, sizeof to_other, "HTTP/1.1 %s Go\r\nLocation: http://%s:%u/there\r\nContent-Length: 0\r\n\r\n", code, host, port);
}

static void test_other_origin(void **state)
{
    static const char *const codes[] = { "301", "302", "303", "307", "308" };
    struct got got;

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        serve();
        aim_at_other(codes[i], "127.0.0.1", server_port(other));
        got = FOLLOW("/other", .headers = LIST("Authorization: Bearer hunter2", "Cookie: hunter2", "X-Token: hunter2", "Host: hunter2.example"));
        ANSWERED(got, 200);
        assert_string_equal(got.body, "other");
        HOLDS(server_heard(first), "Bearer hunter2");
        HOLDS(server_heard(other), "GET /there HTTP/1.1\r\nHost: 127.0.0.1:");
        LACKS(server_heard(other), "hunter2");
        client_forget(&got);
        end();
    }
}

/* The host is the same, the name of it is not. */
static void test_other_name(void **state)
{
    struct got got;

    (void)state;
    serve();
    aim_at_other("302", "other.example", server_port(other));
    snprintf(url, sizeof url, "http://hunter2:hunter3@web.example:%u/other", server_port(first));
    got = FOLLOW(NULL, .headers = LIST("X-Token: hunter2"));
    ANSWERED(got, 200);
    HOLDS(server_heard(first), "Authorization: Basic aHVudGVyMjpodW50ZXIz\r\n");
    LACKS(server_heard(other), "hunter");
    LACKS(server_heard(other), "Authorization");
    client_forget(&got);
    end();
}

static void test_user_stays_with_origin(void **state)
{
    struct got got;

    (void)state;
    serve();
    snprintf(url, sizeof url, "http://me:word@127.0.0.1:%u/302", server_port(first));
    got = FOLLOW(NULL, .method = "GET");
    ANSWERED(got, 200);
    HOLDS(last_request(), "GET /ok HTTP/1.1\r\n");
    HOLDS(last_request(), "Authorization: Basic bWU6d29yZA==\r\n");
    client_forget(&got);
    end();
}

static void body_stays(const char *code, const char *method, uint32_t status)
{
    struct got got;

    serve();
    aim_at_other(code, "127.0.0.1", server_port(other));
    got = FOLLOW("/other", .method = method, .body = "hunter2", .body_len = 7);
    ANSWERED(got, status);
    LACKS(server_heard(other), "hunter2");
    LACKS(server_heard(other), "Content-");
    client_forget(&got);
    end();
}

/* A redirect that asks for the body to be sent there is the answer; one that makes a GET of it is followed. */
static void test_body_stays_with_origin(void **state)
{
    (void)state;
    body_stays("307", "POST", 307);
    body_stays("308", "PUT", 308);
    body_stays("302", "POST", 200);
    body_stays("303", "PUT", 200);
}

static void script_back(struct talk *talk)
{
    char said[300];

    while (talk_request(talk)) {
        snprintf(said, sizeof said, "HTTP/1.1 302 Back\r\nLocation: http://127.0.0.1:%u/ok\r\nContent-Length: 0\r\n\r\n", server_port(first));
        talk_say(talk, said);
    }
}

/* Once away, a header is not sent again to where it came from: the place in between has chosen that URL. */
static void test_there_and_back(void **state)
{
    struct got got;

    (void)state;
    first = server_start(&(struct server_setup){ .script = script_paths, .arg = pages });
    other = server_start(&(struct server_setup){ .script = script_back });
    aim_at_other("302", "127.0.0.1", server_port(other));
    got = FOLLOW("/other", .headers = LIST("X-Token: hunter2"));
    ANSWERED(got, 200);
    assert_string_equal(got.body, "hello");
    HOLDS(last_request(), "GET /ok HTTP/1.1\r\n");
    LACKS(last_request(), "hunter2");
    client_forget(&got);
    end();
}

/* connect_to is for its host, by whatever port; for no other. */
static void test_connect_to(void **state)
{
    char to[64];
    struct got got;

    (void)state;
    serve();
    snprintf(to, sizeof to, "127.0.0.1:%u", server_port(first));
    aim_at_other("302", "unknown.example", server_port(other));
    snprintf(url, sizeof url, "http://unknown.example/other");
    got = FOLLOW(NULL, .connect_to = to);
    ANSWERED(got, 200);
    assert_string_equal(got.body, "other");
    client_forget(&got);
    snprintf(to_other, sizeof to_other, GO("302", "http://another.example/"));
    got = FOLLOW(NULL, .connect_to = to);
    FAILED(got, TALON_E_NO_NAME, "dns.none", "");
    client_forget(&got);
    end();
}

/* ---- time and size are those of the whole */

static void script_slow(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_pause(60);
    talk_say(talk, GO("302", "/"));
}

static void test_one_deadline(void **state)
{
    struct got got;

    (void)state;
    serve();
    server_stop(first);
    first = server_start(&(struct server_setup){ .script = script_slow });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(first));
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .max_redirects = 1000), S / 4);
    assert_int_equal(got.code, TALON_E_TIMEOUT); /* in whatever stage of whatever hop */
    assert_true(server_connections(first) > 1);
    client_forget(&got);
    end();
}

static void script_endless(struct talk *talk)
{
    if (!talk_request(talk))
        return;
    talk_say(talk, "HTTP/1.1 302 Go\r\nLocation: /ok\r\nContent-Length: 100000000\r\n\r\n");
    for (int i = 0; talk->number == 1 && i < 2000; i++)
        talk_say(talk, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    talk_wait(talk);
}

/* The body of a redirect is of no interest: its end is not waited for. */
static void test_large_redirect(void **state)
{
    struct got got;

    (void)state;
    serve();
    server_stop(first);
    first = server_start(&(struct server_setup){ .script = script_endless });
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", server_port(first));
    got = client_fetch(TALON_REQUEST(talon_http, .url = url, .max_redirects = 1), S);
    while (server_connections(first) < 2)
        client_turn();
    assert_int_equal(got.code, TALON_E_TIMEOUT); /* of the second, which says nothing */
    client_forget(&got);
    end();
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_follows),
        TEST(test_stays),
        TEST(test_loop),
        TEST(test_methods),
        TEST(test_other_origin),
        TEST(test_other_name),
        TEST(test_user_stays_with_origin),
        TEST(test_body_stays_with_origin),
        TEST(test_there_and_back),
        TEST(test_connect_to),
        TEST(test_one_deadline),
        TEST(test_large_redirect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
