/* The plugin `http` on the fake host: what it sends, what it expects, how it judges, and bodies that mean harm. */
#include "plugin_test.h"

#include <stdlib.h>

static const struct talon_pair no_headers[] = { { NULL, NULL } };

static struct fake *http(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

    fake_set(fake, "url", "http://db.example/health");
    return fake;
}

static void answer(struct fake *fake, uint32_t status, const char *body)
{
    fake_http(
        fake, 2 * FAKE_MS,
        &(struct talon_response){
            .status = status, .headers = no_headers, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS });
}

static void answer_with(struct fake *fake, uint32_t status, const struct talon_pair *headers, const char *body)
{
    fake_http(
        fake, 2 * FAKE_MS,
        &(struct talon_response){
            .status = status, .headers = headers, .body = body, .body_len = strlen(body), .total_ns = 2 * FAKE_MS });
}

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

static void headers_must_match(void **unused)
{
    static const struct talon_pair two[] = {
        { "X-Role", "replica" }, { "x-role", "primary" }, { "Server", "a" }, { NULL, NULL }
    };
    struct fake *fake = http();

    (void)unused;
    fake_add(fake, "expect_header", "X-Role", "^primary$"); /* one of several is enough */
    fake_add(fake, "expect_header", "server", "^[ab]$");
    answer_with(fake, 200, two, "");
    CONCLUDES(fake, TALON_OK, "http.ok", "");
    answer_with(fake, 200, two + 2, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "HTTP 200, but header X-Role is missing");
    fake_free(fake);

    fake = http();
    fake_add(fake, "expect_header", "X-Role", "^leader$");
    answer_with(fake, 200, two, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "header X-Role is \"primary\", expected /^leader$/");
    fake_free(fake);

    fake = http();
    fake_add(fake, "expect_header", "X-Role", "(a");
    REFUSES(fake, "expect_header", "X-Role: missing closing parenthesis");
    fake_free(fake);
    fake = http();
    fake_add(fake, "expect_header", "X Role", "a");
    REFUSES(fake, "expect_header", "\"X Role\" is no header name");
    fake_free(fake);
}

static void an_expression_cannot_take_the_host_with_it(void **unused)
{
    static char value[4000];
    struct talon_pair headers[] = { { "X-A", value }, { NULL, NULL } };
    struct fake *fake = http();

    (void)unused;
    memset(value, 'a', sizeof value - 1);
    fake_add(fake, "expect_header", "X-A", "^(a+)+$b"); /* would take longer than the universe has */
    answer_with(fake, 200, headers, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "X-A is \"aaaa");
    fake_free(fake);
}

/* ---- JSON ---- */

struct json_case {
    const char *path, *expected, *body, *problem; /* NULL: as expected */
};

static void json_cases(const struct json_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fake *fake = http();

        fake_add(fake, "expect_json", cases[i].path, cases[i].expected);
        answer(fake, 200, cases[i].body);
        if (cases[i].problem)
            CONCLUDES(fake, TALON_FAIL, "http.json", cases[i].problem);
        else
            CONCLUDES(fake, TALON_OK, "http.ok", "");
        fake_free(fake);
    }
}

static void json_by_value(void **unused)
{
    static const struct json_case cases[] = {
        { "ok", "true", "{\"ok\":true}", NULL },
        { "ok", "true", "{\"ok\":false}", "ok is false, expected true" },
        { "ok", "true", "{\"ok\":\"true\"}", NULL },
        { "ok", "true", "{\"ok\":1}", "ok is 1, expected true" },
        { "n", "1", "{\"n\":1.0}", NULL },
        { "n", "1.50", "{\"n\":15e-1}", NULL },
        { "n", "1", "{\"n\":2}", "n is 2, expected 1" },
        { "n", "1", "{\"n\":\"1\"}", NULL },
        { "n", "0x10", "{\"n\":16}", "n is 16, expected 0x10" },
        { "n", "nan", "{\"n\":0}", "n is 0, expected nan" },
        { "n", "-3", "{\"n\":-3}", NULL },
        { "s", "up", "{\"s\":\"up\"}", NULL },
        { "s", "up", "{\"s\":\"UP\"}", "s is \"UP\", expected up" },
        { "s", "up", "{\"s\":null}", "s is null, expected up" },
        { "s", "null", "{\"s\":null}", NULL },
        { "s", "", "{\"s\":\"\"}", NULL },
        { "s", "up", "{\"S\":\"up\"}", "s is missing, expected up" },
        { "s", "up", "{}", "s is missing" },
        { "a", "[]", "{\"a\":[]}", NULL },
        { "a", "[]", "{\"a\":[1]}", "a is a list, expected []" },
        { "a", "{}", "{\"a\":{}}", NULL },
        { "a", "x", "{\"a\":{\"b\":1}}", "a is an object" },
        { "a", "x", "{\"a\":[]}", "a is an empty list" },
        { "n", "1", " \r\n{\"n\":1}\n\t ", NULL },
        { "s", "\xc3\xa4", "{\"s\":\"\\u00e4\"}", NULL },
    };

    (void)unused;
    json_cases(cases, sizeof cases / sizeof *cases);
}

static void json_by_path(void **unused)
{
    static const char body[] =
        "{\"checks\":[{\"ok\":false},{\"ok\":true,\"deep\":[[7,8]]}],\"a.b\":1,\"c[0]\":2,\"\":3}";
    static const struct json_case cases[] = {
        { "checks.1.ok", "true", body, NULL },
        { "checks[1].ok", "true", body, NULL },
        { "checks.1.deep.0.1", "8", body, NULL },
        { "checks[1].deep[0][1]", "8", body, NULL },
        { "checks.2.ok", "true", body, "checks.2.ok is missing" },
        { "checks.-1.ok", "true", body, "is missing" },
        { "checks.x", "true", body, "is missing" },
        { "checks.99999999999999999999", "1", body, "is missing" },
        { "checks.4294967297.ok", "true", body, "is missing" },
        { "checks.0.ok.more", "true", body, "is missing" },
        { "a\\.b", "1", body, NULL },
        { "a.b", "1", body, "is missing" },
        { "c\\[0\\]", "2", body, NULL },
        { "0", "5", "[5]", NULL },
        { "x", "5", "5", "x is missing" },
    };

    (void)unused;
    json_cases(cases, sizeof cases / sizeof *cases);
}

static void paths_that_are_none(void **unused)
{
    static const char *const cases[] = { "", ".", "a.", ".a", "a..b", "a.[0]", "[0]", "a[]" };
    char *long_name = malloc(400);
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = http();
        fake_add(fake, "expect_json", cases[i], "1");
        REFUSES(fake, "expect_json", "is no path");
        fake_free(fake);
    }
    memset(long_name, 'a', 399);
    long_name[399] = '\0';
    fake = http();
    fake_add(fake, "expect_json", long_name, "1");
    REFUSES(fake, "expect_json", "is no path");
    fake_free(fake);
    free(long_name);
}

static void what_is_not_json(void **unused)
{
    static const struct json_case cases[] = {
        { "a", "1", "", "the body is empty, expected JSON" },
        { "a", "1", "<html>oops</html>", "the body is not JSON: \"<html>oops</html>\"" },
        { "a", "1", "{\"a\":1", "the body is not JSON" },
        { "a", "1", "{\"a\":1} trailing", "the body is not JSON" },
        { "a", "1", "{\"a\":1}{\"a\":1}", "the body is not JSON" },
        { "a", "1", "{'a':1}", "the body is not JSON" },
        { "a", "1", "{\"a\":\"\\ud800\"}", "the body is not JSON" },
        { "a", "1", "\"\\", "the body is not JSON" },
        { "a", "1", "{\"a\":1e999}", "a is inf" },
    };

    (void)unused;
    json_cases(cases, sizeof cases / sizeof *cases);
}

/* A body of `n` times `piece`, between `head` and `tail`. */
static void fat_json(size_t n, const char *head, const char *piece, const char *tail, const char *problem)
{
    struct fake *fake = http();
    size_t length = strlen(piece), at = strlen(head);
    char *body = malloc(at + n * length + strlen(tail) + 1);

    memcpy(body, head, at);
    for (size_t i = 0; i < n; i++, at += length)
        memcpy(body + at, piece, length);
    memcpy(body + at, tail, strlen(tail) + 1);
    fake_add(fake, "expect_json", "a", "1");
    answer(fake, 200, body);
    CONCLUDES(fake, TALON_FAIL, "http.json", problem);
    fake_free(fake);
    free(body);
}

static void json_that_means_harm(void **unused)
{
    (void)unused;
    fat_json(100, "", "[", "", "not JSON");
    fat_json(100, "{\"b\":1,\"x\":", "[", "", "not JSON");
    fat_json(201, "", "[", "", "deeper than 200 levels");
    fat_json(100000, "", "{\"a\":", "", "deeper than 200 levels");
    fat_json(300000, "[", "0,", "0]", "more than 100000 values");
    fat_json(99000, "[", "0,", "0]", "a is missing");
    fat_json(300000, "\"", ",[", "\"", "a is missing"); /* commas and brackets within a text count for nothing */
    fat_json(100000, "\"", "\\\"", "", "not JSON");
}

static void nested_as_deep_as_allowed(void **unused)
{
    struct fake *fake = http();
    char body[600] = "";

    (void)unused;
    for (int i = 0; i < 100; i++)
        strcat(body, "[");
    strcat(body, "1");
    for (int i = 0; i < 100; i++)
        strcat(body, "]");
    fake_add(fake, "expect_json", "0", "x");
    answer(fake, 200, body);
    CONCLUDES(fake, TALON_FAIL, "http.json", "0 is a list, expected x");
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

/* ---- what validate() refuses ---- */

struct refusal {
    const char *option, *value, *at, *part;
};

static void wrong_options_are_refused(void **unused)
{
    static const struct refusal cases[] = {
        { "url", "db.example", "url", "must start with http:// or https://" },
        { "url", "ftp://db.example/", "url", "must start with" },
        { "url", "http://", "url", "must start with" },
        { "url", "http:///x", "url", "needs a host" },
        { "url", "http://:80/", "url", "needs a host" },
        { "url", "http://a:0/", "url", "needs a host" },
        { "url", "http://a:65536/", "url", "needs a host" },
        { "url", "http://a:8x/", "url", "needs a host" },
        { "url", "http://a:/", "url", "needs a host" },
        { "url", "http://[::1/", "url", "needs a host" },
        { "url", "http://[]/", "url", "needs a host" },
        { "url", "http://u:p@a/", "url", "must not hold credentials" },
        { "url", "http://a/b c", "url", "must not hold spaces" },
        { "url", "http://a/b\r\nX: y", "url", "must not hold spaces" },
        { "method", "GE T", "method", "is no request method" },
        { "method", "", "method", "is no request method" },
        { "method", "CONNECT", "method", "is no request method" },
        { "connect_to", "db.example", "connect_to", "must be HOST:PORT" },
        { "connect_to", "a:0", "connect_to", "must be HOST:PORT" },
        { "connect_to", "", "connect_to", "must be HOST:PORT" },
        { "user", "u", "user", "needs a `password`" },
        { "password", "p", "password", "needs a `user`" },
        { "bearer", "a\nb", "bearer", "control characters" },
        { "tls.ca", "/x", "tls.ca", "has no effect on http://" },
        { "tls.insecure", "true", "tls.insecure", "has no effect on http://" },
        { "http2", "yes", "http2", "none of the choices" },
        { "follow", "21", "follow", "must be 0 to 20" },
        { "follow", "-1", "follow", "must be 0 to 20" },
        { "max_body", "9MiB", "max_body", "must be" },
        { "max_body", "0", "max_body", "must be" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

        if (strcmp(cases[i].option, "url") != 0)
            fake_set(fake, "url", "http://db.example/");
        fake_set(fake, cases[i].option, cases[i].value);
        REFUSES(fake, cases[i].at, cases[i].part);
        fake_free(fake);
    }
}

static void good_urls_are_accepted(void **unused)
{
    static const char *const cases[] = {
        "http://a", "HTTP://A:80", "https://[::1]:8443/x", "http://127.0.0.1:1?x#y", "http://a/@b", "https://[fe80::1]"
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "http");

        fake_set(fake, "url", cases[i]);
        ACCEPTS(fake);
        fake_free(fake);
    }
}

static void options_that_contradict(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    fake_set(fake, "unix", "/x");
    fake_set(fake, "connect_to", "a:1");
    REFUSES(fake, "connect_to", "`unix` says already");
    fake_free(fake);

    fake = http();
    fake_set(fake, "user", "u");
    fake_set(fake, "password", "p");
    fake_set(fake, "bearer", "t");
    REFUSES(fake, "bearer", "cannot both be sent");
    fake_free(fake);

    fake = http();
    fake_set(fake, "user", "u:v");
    fake_set(fake, "password", "p");
    REFUSES(fake, "user", "must not hold a colon");
    fake_free(fake);

    fake = http();
    fake_set(fake, "bearer", "t");
    fake_add(fake, "headers", "AUTHORIZATION", "x");
    REFUSES(fake, "headers", "sets Authorization, which `bearer` does already");
    fake_free(fake);

    fake = http();
    fake_add(fake, "headers", "X Y", "x");
    REFUSES(fake, "headers", "\"X Y\" is no header name");
    fake_free(fake);

    fake = http();
    fake_add(fake, "headers", "X", "a\r\nEvil: b");
    REFUSES(fake, "headers", "the value of X holds a line break");
    fake_free(fake);

    fake = http();
    fake_set(fake, "method", "HEAD");
    fake_add(fake, "expect_json", "a", "1");
    REFUSES(fake, "expect_json", "an answer to HEAD has no body");
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "http");
    fake_set(fake, "url", "https://a/");
    fake_set(fake, "tls.cert", "/x");
    REFUSES(fake, "tls.cert", "go together");
    fake_free(fake);

    fake = http(); /* a redirect may lead to https */
    fake_set(fake, "follow", "1");
    fake_set(fake, "tls.ca", "/x");
    ACCEPTS(fake);
    fake_free(fake);

    fake = fake_new(&talon_plugin_descriptor, "http");
    REFUSES(fake, "url", "is required");
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
        cmocka_unit_test(headers_must_match),
        cmocka_unit_test(an_expression_cannot_take_the_host_with_it),
        cmocka_unit_test(json_by_value),
        cmocka_unit_test(json_by_path),
        cmocka_unit_test(paths_that_are_none),
        cmocka_unit_test(what_is_not_json),
        cmocka_unit_test(json_that_means_harm),
        cmocka_unit_test(nested_as_deep_as_allowed),
        cmocka_unit_test(slow_at_the_bound),
        cmocka_unit_test(times_of_the_phases),
        cmocka_unit_test(certificates_at_the_bound),
        cmocka_unit_test(each_failure_keeps_its_token),
        cmocka_unit_test(a_silent_server_is_a_failure),
        cmocka_unit_test(huge_texts_are_cut),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(good_urls_are_accepted),
        cmocka_unit_test(options_that_contradict),
        cmocka_unit_test(cancelled_in_the_middle),
    };

    return cmocka_run_group_tests_name("plugin http", tests, NULL, NULL);
}
