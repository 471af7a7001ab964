/* The plugin `caddy` on the fake host: configurations and upstreams as its admin API tells them, routes whose upstreams fail, and certificates that expire. */
#include "plugin_test.h"

enum { NOON = 1767614400 };

#define CONFIG                                                                                                                                            \
    "{\"admin\":{\"listen\":\"localhost:2019\"},\"apps\":{\"http\":{\"servers\":{\"srv0\":{\"listen\":[\":443\",\"127.0.0.1:8443\"]},"                     \
    "\"srv1\":{\"listen\":[\":9443\"]}}}}}"
#define UPSTREAMS                                                                                                                                         \
    "[{\"address\":\"localhost:8288\",\"num_requests\":2,\"fails\":0},{\"address\":\"localhost:3838\",\"num_requests\":1,\"fails\":3},"                    \
    "{\"address\":\"localhost:7880\",\"num_requests\":0,\"fails\":1}]"

static struct fake *config(void)
{
    return fake_new(&talon_plugin_descriptor, "config");
}

/* ---- the admin API */

static void one_that_is_well(void **unused)
{
    struct fake *fake = config();

    (void)unused;
    fake_add(fake, "listens", NULL, ":443");
    fake_add(fake, "listens", NULL, "8443");
    fake_add(fake, "listens", NULL, "9443");
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, "[{\"address\":\"localhost:8288\",\"num_requests\":2,\"fails\":0}]");
    CONCLUDES(fake, TALON_OK, "caddy.ok", "configured, 1 upstreams are well");
    NEAR(fake_metric(fake, "servers"), 2);
    NEAR(fake_metric(fake, "upstreams"), 1);
    NEAR(fake_metric(fake, "requests"), 2);
    assert_string_equal(fake_asked(fake, 0)->url, "http://localhost:2019/config/");
    assert_string_equal(fake_asked(fake, 1)->url, "http://localhost:2019/reverse_proxy/upstreams");
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, "[]");
    CONCLUDES(fake, TALON_OK, "caddy.ok", "no upstream was used yet");
    fake_free(fake);
}

static void upstreams_that_failed(void **unused)
{
    struct fake *fake = config();

    (void)unused;
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, UPSTREAMS);
    CONCLUDES(fake, TALON_WARN, "caddy.upstream", "2 of 3 upstreams failed lately: localhost:3838 (3 failures), localhost:7880 (1 failure)");
    NEAR(fake_metric(fake, "failing"), 2);
    fake_free(fake);

    fake = config();
    fake_set(fake, "warn_fails", "3");
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, UPSTREAMS);
    CONCLUDES(fake, TALON_WARN, "caddy.upstream", "1 of 3 upstreams failed lately: localhost:3838 (3 failures)");
    fake_free(fake);

    fake = config();
    fake_set(fake, "warn_fails", "0");
    fake_set(fake, "url", "http://caddy/");
    fake_set(fake, "unix", "/run/caddy/admin.sock");
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, UPSTREAMS);
    CONCLUDES(fake, TALON_OK, "caddy.ok", "3 upstreams are well");
    assert_string_equal(fake_asked(fake, 1)->url, "http://caddy/reverse_proxy/upstreams");
    assert_string_equal(fake_asked(fake, 1)->unix_path, "/run/caddy/admin.sock");
    assert_string_equal(fake_asked_header(fake, 1, "Host"), "");
    fake_free(fake);
}

static void what_it_answers(void **unused)
{
    static const struct {
        unsigned status;
        const char *body;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 200, "null\n", TALON_FAIL, "caddy.no_config", "runs without a configuration" },
        { 200, "{}", TALON_FAIL, "caddy.no_config", "serves nothing" },
        { 200, "{\"apps\":{\"http\":{\"servers\":{}}}}", TALON_FAIL, "caddy.no_config", "serves nothing" },
        { 200, "{\"apps\":{\"http\":{\"servers\":{\"a\":{\"listen\":[\":80\"]}}}}}", TALON_FAIL, "caddy.listens", "does not listen on :443" },
        { 200, "[1", TALON_FAIL, "protocol.bad", "asked for its configuration, Caddy's admin API answered otherwise: " },
        { 403, "{\"error\":\"host not allowed: example.com\"}", TALON_UNKNOWN, "auth.rejected", "refuses us: HTTP 403: host not allowed: example.com" },
        { 500, "{\"error\":\"loading\"}", TALON_FAIL, "http.status", "answered with HTTP 500: loading" },
        { 404, "nothing", TALON_FAIL, "http.status", "answered with HTTP 404: nothing" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = config();
        fake_add(fake, "listens", NULL, ":443");
        web_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    fake = config();
    web_answers(fake, 200, CONFIG);
    web_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "something else than a list of upstreams");
    web_answers(fake, 200, CONFIG);
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot ask Caddy's admin API for its upstreams"); /* silence */
    fake_http(fake, 0,
              TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), .headers = web_no_headers));
    CONCLUDES(fake, TALON_FAIL, "connect.refused", "cannot ask Caddy's admin API for its configuration: connection refused");
    fake_free(fake);
}

/* ---- routes */

static struct fake *route(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "route");

    fake_set(fake, "url", "https://server.example:9443/?token=x");
    fake_set(fake, "connect_to", "127.0.0.1:9443");
    fake_calendar(fake, NOON);
    return fake;
}

/* An answer through a certificate that has so many seconds left. */
static void through(struct fake *fake, unsigned status, int64_t left)
{
    const struct talon_peer peer = {
        .size = sizeof peer, .verify_text = "ok", .subject = "CN=server.example", .issuer = "CN=test", .protocol = "TLSv1.3", .not_after = NOON + left
    };

    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .status = status, .headers = web_no_headers, .body = "", .peer = &peer, .total_ns = 5 * FAKE_MS));
}

static void answers_of_routes(void **unused)
{
    enum { DAY = 86400 };
    static const struct {
        unsigned status;
        int64_t left;
        enum talon_status verdict;
        const char *reason, *part;
    } cases[] = {
        { 200, 60 * DAY, TALON_OK, "caddy.ok", "HTTP 200 in 5.0 ms" },
        { 401, 60 * DAY, TALON_OK, "caddy.ok", "HTTP 401" },
        { 500, 60 * DAY, TALON_OK, "caddy.ok", "HTTP 500" },
        { 502, 60 * DAY, TALON_FAIL, "caddy.upstream", "Caddy answers, but cannot reach the upstream (HTTP 502)" },
        { 503, 60 * DAY, TALON_FAIL, "caddy.upstream", "no upstream is available (HTTP 503)" },
        { 504, 60 * DAY, TALON_FAIL, "caddy.upstream", "the upstream is silent (HTTP 504)" },
        { 200, 21 * DAY - 1, TALON_WARN, "caddy.expiry", "HTTP 200, but the certificate of CN=server.example expires in 21 d" },
        { 502, 21 * DAY - 1, TALON_FAIL, "caddy.upstream", "HTTP 502" },
        { 200, 7 * DAY - 1, TALON_FAIL, "caddy.expiry", "expires in 7 d: it must be renewed" },
        { 200, -5, TALON_FAIL, "caddy.expiry", "the certificate of CN=server.example has expired" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = route();

        through(fake, cases[i].status, cases[i].left);
        CONCLUDES(fake, cases[i].verdict, cases[i].reason, cases[i].part);
        assert_string_equal(fake_asked(fake, 0)->connect_to, "127.0.0.1:9443");
        fake_free(fake);
    }
}

/* Where only the certificate matters, what is behind Caddy does not. */
static void certificates_alone(void **unused)
{
    enum { DAY = 86400 };
    const struct talon_peer peer = { .size = sizeof peer, .verify_text = "ok", .subject = "CN=server.example", .not_after = NOON + 60 * DAY };
    struct fake *fake = route();

    (void)unused;
    fake_set(fake, "upstream", "false");
    through(fake, 502, 60 * DAY);
    CONCLUDES(fake, TALON_OK, "caddy.ok", "the certificate of CN=server.example is good for 60 d");
    through(fake, 502, 7 * DAY - 1);
    CONCLUDES(fake, TALON_FAIL, "caddy.expiry", "expires in 7 d");
    fake_http(fake, 0, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer"), .headers = web_no_headers, .peer = &peer));
    CONCLUDES(fake, TALON_OK, "caddy.ok", "is good for 60 d");
    fake_http(fake, 0, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer"), .headers = web_no_headers));
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot fetch https://server.example:9443/");
    fake_free(fake);
}

static void connections_that_fail(void **unused)
{
    struct fake *fake = route();

    (void)unused;
    fake_http(fake, 0, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_TLS, 0, "tls.broken", "alert: internal error"), .headers = web_no_headers));
    CONCLUDES(fake, TALON_FAIL, "tls.broken", "cannot fetch https://server.example:9443/: alert: internal error");
    assert_null(strstr(fake_result(fake)->summary, "token"));
    fake_http(fake, 0,
              TALON_REQUEST(talon_response, .status = 404, .error = FAKE_ERROR(TALON_E_TOO_BIG, 0, "too_big", "more than 64 KiB"), .headers = web_no_headers));
    CONCLUDES(fake, TALON_OK, "caddy.ok", "HTTP 404");
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot fetch https://server.example:9443/");
    fake_free(fake);
}

static void wrong_options(void **unused)
{
    struct fake *fake = config();

    (void)unused;
    fake_set(fake, "url", "localhost:2019");
    REFUSES(fake, "url", "is no URL");
    fake_free(fake);
    fake = fake_new(&talon_plugin_descriptor, "route");
    fake_set(fake, "url", "server.example");
    REFUSES(fake, "url", "is no URL");
    fake_free(fake);
    fake = route();
    fake_set(fake, "warn_expiry", "1d");
    REFUSES(fake, "warn_expiry", "must not be shorter than `fail_expiry`");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_well),      cmocka_unit_test(upstreams_that_failed), cmocka_unit_test(what_it_answers),
        cmocka_unit_test(answers_of_routes), cmocka_unit_test(certificates_alone), cmocka_unit_test(connections_that_fail), cmocka_unit_test(wrong_options),
    };

    return cmocka_run_group_tests_name("plugin caddy", tests, NULL, NULL);
}
