/* The plugin `http` on the fake host: what it expects of headers and JSON, who is starting, and answers that mean harm. */
#include "plugin_http_test.h"

#include <stdlib.h>

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
        { "a", "1", "{\"a\":01}", "the body is not JSON" }, /* numbers by RFC 8259 6 */
        { "a", "1", "{\"a\":-01}", "the body is not JSON" },
        { "a", "1", "{\"a\":1.}", "the body is not JSON" },
        { "a", "1", "{\"a\":1,\"b\":[1.e3]}", "the body is not JSON" },
        { "a", "0", "00", "the body is not JSON" },
        { "a", "-0.5e+02", "{\"a\":-0.5e+02,\"b\":0,\"c\":\"01\",\"d\":10}", NULL },
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
    char body[202] = "";

    (void)unused;
    memset(body, '[', 100);
    body[100] = '1';
    memset(body + 101, ']', 100);
    fake_add(fake, "expect_json", "0", "x");
    answer(fake, 200, body);
    CONCLUDES(fake, TALON_FAIL, "http.json", "0 is a list, expected x");
    fake_free(fake);
}

static void knows_who_is_starting(void **unused)
{
    struct fake *fake = http();

    (void)unused;
    fake_set(fake, "starting_body", "\"ok\" *: *false");
    answer_with(fake, 503, NULL, "{\"ok\":false}");
    CONCLUDES(fake, TALON_STARTING, "starting", "it is not ready yet: HTTP 503, expected 2xx: \"{\"ok\":false}\"");
    answer_with(fake, 503, NULL, "{\"message\":\"gone\"}");
    CONCLUDES(fake, TALON_FAIL, "http.status", "HTTP 503");
    answer_with(fake, 200, NULL, "{\"ok\":false}"); /* a good answer is good, whatever is in it */
    CONCLUDES(fake, TALON_OK, "http.ok", "");
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
    fake_add(fake, "expect_header", "X-Role", "^$"); /* none is wanted */
    answer_with(fake, 200, two + 2, "");
    CONCLUDES(fake, TALON_OK, "http.ok", "");
    answer_with(fake, 200, two, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "header X-Role is \"primary\", expected /^$/");
    fake_free(fake);

    fake = http();
    fake_add(fake, "expect_header", "X-Role", ".*");
    answer_with(fake, 200, two + 2, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "header X-Role is missing");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_by_value),
        cmocka_unit_test(json_by_path),
        cmocka_unit_test(paths_that_are_none),
        cmocka_unit_test(what_is_not_json),
        cmocka_unit_test(json_that_means_harm),
        cmocka_unit_test(nested_as_deep_as_allowed),
        cmocka_unit_test(knows_who_is_starting),
        cmocka_unit_test(headers_must_match),
        cmocka_unit_test(an_expression_cannot_take_the_host_with_it),
    };

    return cmocka_run_group_tests_name("plugin http: headers and JSON", tests, NULL, NULL);
}
