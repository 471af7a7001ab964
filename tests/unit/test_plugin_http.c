/* The plugin `http` on the fake host: what it sends, what it expects and how it judges. */
#include "plugin_http_test.h"

/* ---- what is sent ---- */

static void a_plain_request(void **unused)
{
    struct fake *fake = http();
    const struct talon_http *asked;

    (void)unused;
    answer(fake, 200, "fine");
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 200 in 2.0 ms");
    asked = fake_asked(fake, 0);
    assert_string_equal(asked->method, "GET");
    assert_string_equal(asked->url, "http://db.example/health");
    assert_null(asked->unix_path);
    assert_null(asked->connect_to);
    assert_null(asked->headers);
    assert_null(asked->body);
    assert_int_equal(asked->flags, 0);
    assert_int_equal(asked->max_body, 1 << 20);
    assert_int_equal(asked->max_redirects, 0);
    assert_string_equal(fake_detail(fake, "body"), "fine");
    assert_string_equal(fake_detail(fake, "answer"), "HTTP/1.1 200");
    fake_free(fake);
}

static void every_option_reaches_the_request(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "http");
    const struct talon_http *asked;

    (void)unused;
    fake_set(fake, "url", "https://api.example/x?y=1");
    fake_set(fake, "connect_to", "127.0.0.1:8443");
    fake_set(fake, "method", "POST");
    fake_set(fake, "body", "{\"q\":1}");
    fake_add(fake, "headers", "Content-Type", "application/json");
    fake_add(fake, "headers", "X-A", "b: c");
    fake_set(fake, "bearer", "t0k");
    fake_set(fake, "follow", "3");
    fake_set(fake, "max_body", "4KiB");
    fake_set(fake, "keep", "true");
    fake_set(fake, "tls.ca", "/ca.pem");
    fake_set(fake, "tls.cert", "/cert.pem");
    fake_set(fake, "tls.key", "/key.pem");
    fake_set(fake, "tls.server_name", "inner");
    fake_set(fake, "tls.insecure", "true");
    answer(fake, 204, "");
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 204");
    asked = fake_asked(fake, 0);
    assert_string_equal(asked->connect_to, "127.0.0.1:8443");
    assert_string_equal(asked->method, "POST");
    assert_int_equal(asked->body_len, 7);
    assert_memory_equal(asked->body, "{\"q\":1}", 7);
    assert_string_equal(fake_asked_header(fake, 0, "Content-Type"), "application/json");
    assert_string_equal(fake_asked_header(fake, 0, "X-A"), "b: c");
    assert_string_equal(fake_asked_header(fake, 0, "Authorization"), "Bearer t0k");
    assert_null(asked->headers[3]);
    assert_int_equal(asked->max_redirects, 3);
    assert_int_equal(asked->max_body, 4096);
    assert_int_equal(asked->flags, TALON_HTTP_KEEP);
    assert_string_equal(asked->tls->ca, "/ca.pem");
    assert_string_equal(asked->tls->cert, "/cert.pem");
    assert_string_equal(asked->tls->key, "/key.pem");
    assert_string_equal(asked->tls->server_name, "inner");
    assert_int_equal(asked->tls->insecure, 1);
    fake_free(fake);
}

static void basic_credentials(void **unused)
{
    static const char *const cases[][3] = {
        { "Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
        { "a", "b", "Basic YTpi" },
        { "a", "", "Basic YTo=" },
        { "\xc3\xa4", "\xc3\xb6\xc3\xbc", "Basic w6Q6w7bDvA==" },
    };

    (void)unused;
    for (size_t i = 0; i < 4; i++) {
        struct fake *fake = http();

        fake_set(fake, "user", cases[i][0]);
        fake_set(fake, "password", cases[i][1]);
        answer(fake, 200, "");
        CONCLUDES(fake, TALON_OK, "http.ok", "");
        assert_string_equal(fake_asked_header(fake, 0, "Authorization"), cases[i][2]);
        fake_free(fake);
    }
}

static void versions_of_http(void **unused)
{
    static const struct {
        const char *choice;
        uint32_t flags;
    } cases[] = { { "auto", 0 }, { "prior", TALON_HTTP_2 }, { "off", TALON_HTTP_1 } };

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct fake *fake = http();

        fake_set(fake, "http2", cases[i].choice);
        fake_set(fake, "unix", "/run/x.sock");
        answer(fake, 200, "");
        CONCLUDES(fake, TALON_OK, "http.ok", "");
        assert_int_equal(fake_asked(fake, 0)->flags, cases[i].flags);
        assert_string_equal(fake_asked(fake, 0)->unix_path, "/run/x.sock");
        fake_free(fake);
    }
}

/* ---- status ---- */

static void patterns_of_status(void **unused)
{
    static const struct {
        const char *pattern;
        uint32_t status;
        int good;
    } cases[] = {
        { NULL, 200, 1 },      { NULL, 299, 1 },      { NULL, 300, 0 },      { NULL, 199, 0 },
        { "200", 200, 1 },     { "200", 201, 0 },     { "5xx", 500, 1 },     { "5XX", 599, 1 },
        { "5xx", 499, 0 },     { "200-399", 200, 1 }, { "200-399", 399, 1 }, { "200-399", 400, 0 },
        { "200-399", 199, 0 }, { "401", 401, 1 },     { "404-404", 404, 1 }, { "999", 999, 1 },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = http();

        if (cases[i].pattern)
            fake_add(fake, "expect_status", NULL, cases[i].pattern);
        answer(fake, cases[i].status, "");
        CONCLUDES(fake, cases[i].good ? TALON_OK : TALON_FAIL, cases[i].good ? "http.ok" : "http.status", "HTTP ");
        NEAR(fake_metric(fake, "status"), cases[i].status);
        fake_free(fake);
    }
}

static void patterns_that_are_none(void **unused)
{
    static const char *const cases[] = { "",        "20",   "2000", "xxx",     "2x0",        "20x",
                                         "0xx",     "200-", "-200", "200-2xx", "2xx-3xx",    "300-200",
                                         "200,201", " 200", "200 ", "ok",      "200-300-400" };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = http();

        fake_add(fake, "expect_status", NULL, "200");
        fake_add(fake, "expect_status", NULL, cases[i]);
        REFUSES(fake, "expect_status", "write 200, 2xx or 200-399");
        fake_free(fake);
    }
}

static void a_bad_status_speaks_for_itself(void **unused)
{
    static const struct talon_pair html[] = { { "content-type", "text/html" }, { NULL, NULL } };
    static const struct talon_pair moved[] = { { "Location", "https://db.example/login" }, { NULL, NULL } };
    struct fake *fake = http();

    (void)unused;
    answer(fake, 503, "database\r\n\tgone");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 503, expected 2xx: \"database gone\"");
    fake_free(fake);

    fake = http();
    fake_add(fake, "expect_status", NULL, "200");
    fake_add(fake, "expect_status", NULL, "3xx");
    answer_with(fake, 502, html, "<html>\n<head><TITLE>502 Bad\nGateway</title></head><body>long</body>");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 502, expected 200 or 3xx: \"502 Bad Gateway\"");
    assert_string_equal(fake_detail(fake, "content_type"), "text/html");
    fake_free(fake);

    fake = http();
    answer_with(fake, 302, moved, "<title>Found</title>");
    CONCLUDES(fake, TALON_FAIL, "http.status", "expected 2xx: it redirects to https://db.example/login");
    fake_free(fake);

    fake = http();
    answer(fake, 500, "");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 500, expected 2xx");
    assert_string_equal(fake_result(fake)->summary, "HTTP 500, expected 2xx");
    assert_null(fake_detail(fake, "body"));
    fake_free(fake);
}

static void a_401_is_unknown_where_no_status_is_expected(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    answer(fake, 401, "who are you");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "none are configured: \"who are you\"");
    fake_free(fake);

    fake = http();
    fake_set(fake, "bearer", "old");
    answer(fake, 401, "");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "the credentials are refused");
    fake_free(fake);

    fake = http();
    fake_add(fake, "headers", "authorization", "Token x");
    answer(fake, 401, "");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.rejected", "the credentials are refused");
    fake_free(fake);

    fake = http();
    fake_add(fake, "expect_status", NULL, "401");
    answer(fake, 401, "");
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 401");
    fake_free(fake);

    fake = http(); /* it was expected to answer 200: it does not */
    fake_add(fake, "expect_status", NULL, "200");
    answer(fake, 401, "");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 401, expected 200");
    fake_free(fake);

    fake = http();
    answer(fake, 403, "");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 403");
    fake_free(fake);
}

/* ---- body and headers ---- */

static void the_body_must_match(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    fake_set(fake, "expect_body", "^ready$");
    answer(fake, 200, "ready");
    CONCLUDES(fake, TALON_OK, "http.ok", "");
    answer(fake, 200, "not ready");
    CONCLUDES(fake, TALON_FAIL, "http.body", "HTTP 200, but the body does not match: \"not ready\"");
    answer(fake, 200, "");
    CONCLUDES(fake, TALON_FAIL, "http.body", "the body is empty");
    answer(fake, 500, "ready"); /* the status comes first */
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 500");
    fake_free(fake);
}

/* ---- time, size, certificate ---- */

static void slow_at_the_bound(void **unused)
{
    static const struct {
        uint64_t took;
        enum talon_status status;
    } cases[] = { { 500 * FAKE_MS - 1, TALON_OK }, { 500 * FAKE_MS, TALON_WARN } };

    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = http();

        fake_set(fake, "warn_after", "500ms");
        fake_http(fake, cases[i].took,
                  &(struct talon_response){ .status = 200, .headers = no_headers, .total_ns = cases[i].took });
        CONCLUDES(fake, cases[i].status, cases[i].status == TALON_OK ? "http.ok" : "http.slow", "HTTP 200 in 500 ms");
        fake_free(fake);
    }
}

static void times_of_the_phases(void **unused)
{
    struct talon_response got = { .status = 200,
                                  .headers = no_headers,
                                  .resolve_ns = FAKE_MS,
                                  .connect_ns = 2 * FAKE_MS,
                                  .tls_ns = 3 * FAKE_MS,
                                  .first_byte_ns = 4 * FAKE_MS,
                                  .total_ns = 5 * FAKE_MS,
                                  .body = "12345",
                                  .body_len = 5 };
    struct fake *fake = http();

    (void)unused;
    fake_http(fake, 5 * FAKE_MS, &got);
    CONCLUDES(fake, TALON_OK, "http.ok", "");
    NEAR(fake_metric(fake, "resolve_time"), 0.001);
    NEAR(fake_metric(fake, "connect_time"), 0.002);
    NEAR(fake_metric(fake, "tls_time"), 0.003);
    NEAR(fake_metric(fake, "first_byte_time"), 0.004);
    NEAR(fake_metric(fake, "time"), 0.005);
    NEAR(fake_metric(fake, "size"), 5);
    assert_string_equal(fake_unit(fake, "size"), "B");
    got.reused = 1; /* on a kept connection there was no connecting */
    fake_http(fake, 5 * FAKE_MS, &got);
    CONCLUDES(fake, TALON_OK, "http.ok", "");
    assert_true(isnan(fake_metric(fake, "connect_time")));
    assert_true(isnan(fake_metric(fake, "tls_time")));
    NEAR(fake_metric(fake, "first_byte_time"), 0.004);
    fake_free(fake);
}

static void certificates_at_the_bound(void **unused)
{
    enum { DAY = 86400 };
    static const struct {
        int64_t left;
        const char *warn_expiry;
        enum talon_status status;
        const char *part;
    } cases[] = {
        { 14 * DAY + 1, NULL, TALON_OK, "HTTP 200" },
        { 14 * DAY, NULL, TALON_OK, "HTTP 200" },
        { 14 * DAY - 1, NULL, TALON_WARN, "certificate of CN=x expires in 14 d" },
        { 3 * DAY, NULL, TALON_WARN, "expires in 3 d" },
        { 3 * DAY, "3d", TALON_OK, "HTTP 200" },
        { 3 * DAY, "0", TALON_OK, "HTTP 200" },
        { -3 * DAY, NULL, TALON_WARN, "certificate of CN=x expired 3 d ago" }, /* with tls.insecure */
        { -3 * DAY, "0", TALON_OK, "HTTP 200" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct talon_peer peer = { .size = sizeof peer, .subject = "CN=x", .issuer = "CN=ca", .protocol = "TLSv1.3" };
        struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

        fake_set(fake, "url", "https://db.example/");
        if (cases[i].warn_expiry)
            fake_set(fake, "warn_expiry", cases[i].warn_expiry);
        fake_calendar(fake, 1767225600);
        peer.not_after = 1767225600 + cases[i].left;
        fake_http(fake, 0, &(struct talon_response){ .status = 200, .headers = no_headers, .peer = &peer });
        CONCLUDES(fake, cases[i].status, cases[i].status == TALON_OK ? "http.ok" : "http.expiry", cases[i].part);
        NEAR(fake_metric(fake, "cert_expires_in"), (double)cases[i].left);
        CONTAINS(fake_detail(fake, "certificate"), "CN=x, issued by CN=ca, valid until 202");
        fake_free(fake);
    }
}

static void each_failure_keeps_its_token(void **unused)
{
    static const struct {
        struct talon_error error;
        enum talon_status status;
    } cases[] = {
        { FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "connection refused"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_NO_NAME, 0, "dns.none", "no such name"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_CLOSED, 104, "connect.closed", "connection reset"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_PROTOCOL, 0, "protocol.bad", "not HTTP"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_TOO_BIG, 0, "too_big", "more than 1 MiB"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_CERT, 0, "tls.name", "the certificate is for other.example"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer"), TALON_FAIL },
        { FAKE_ERROR(TALON_E_RESOLVER, 0, "dns.unreachable", "the resolver does not answer"), TALON_UNKNOWN },
        { FAKE_ERROR(TALON_E_DENIED, 13, "connect.denied", "permission denied"), TALON_UNKNOWN },
        { FAKE_ERROR(TALON_E_LOCAL, 24, "local", "too many open files"), TALON_UNKNOWN },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = http();

        fake_http(fake, FAKE_MS, &(struct talon_response){ .error = cases[i].error, .total_ns = FAKE_MS });
        CONCLUDES(fake, cases[i].status, cases[i].error.token, "cannot fetch http://db.example/health: ");
        CONTAINS(fake_result(fake)->summary, cases[i].error.text);
        assert_true(isnan(fake_metric(fake, "status")));
        fake_free(fake);
    }
}

static void a_silent_server_is_a_failure(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

    (void)unused;
    fake_set(fake, "url", "http://localhost/x?token=not-shown");
    fake_set(fake, "unix", "/run/x.sock");
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot fetch http://localhost/x through /run/x.sock: no answer in time");
    assert_true(fake_result(fake)->took_ns == 9900 * FAKE_MS);
    fake_free(fake);
}

static void huge_texts_are_cut(void **unused)
{
    static char body[200000];
    struct fake *fake = http();

    (void)unused;
    memset(body, 'z', sizeof body - 1);
    answer(fake, 500, body);
    CONCLUDES(fake, TALON_FAIL, "http.status", "zzz...");
    assert_true(strlen(fake_result(fake)->summary) < 200);
    assert_true(strlen(fake_detail(fake, "body")) <= 1027);
    assert_int_equal(fake_result(fake)->cut, 0);
    fake_free(fake);
}

static void cancelled_in_the_middle(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    fake_add(fake, "expect_json", "a", "1");
    fake_add(fake, "expect_header", "X", "y");
    fake_start(fake);
    fake_advance(fake, FAKE_S);
    assert_int_equal(fake_pending(fake), 1);
    fake_cancel(fake);
    assert_int_equal(fake_result(fake)->end, FAKE_CANCELLED);
    answer(fake, 200, "{\"a\":1}");
    CONCLUDES(fake, TALON_FAIL, "http.header", "header X is missing");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_request),
        cmocka_unit_test(every_option_reaches_the_request),
        cmocka_unit_test(basic_credentials),
        cmocka_unit_test(versions_of_http),
        cmocka_unit_test(patterns_of_status),
        cmocka_unit_test(patterns_that_are_none),
        cmocka_unit_test(a_bad_status_speaks_for_itself),
        cmocka_unit_test(a_401_is_unknown_where_no_status_is_expected),
        cmocka_unit_test(the_body_must_match),
        cmocka_unit_test(slow_at_the_bound),
        cmocka_unit_test(times_of_the_phases),
        cmocka_unit_test(certificates_at_the_bound),
        cmocka_unit_test(each_failure_keeps_its_token),
        cmocka_unit_test(a_silent_server_is_a_failure),
        cmocka_unit_test(huge_texts_are_cut),
        cmocka_unit_test(cancelled_in_the_middle),
    };

    return cmocka_run_group_tests_name("plugin http", tests, NULL, NULL);
}
