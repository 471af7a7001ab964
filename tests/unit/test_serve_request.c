/* How a request is judged before anything is answered: whose host it names, which target, which format it prefers. */
#include "serve/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const listed[] = { "panda.example", "2001:db8::1", "192.0.2.7", NULL };

static bool ours(const char *authority)
{
    return request_host_is_ours(authority, strlen(authority), listed);
}

static void loopback_names_are_ours(void **state)
{
    static const char *const good[] = { "localhost", "LocalHost", "localhost:9999", "localhost:", "127.0.0.1", "127.0.0.1:1", "127.1.2.3:80", "[::1]", "[::1]:9999", "[0:0:0:0:0:0:0:1]" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!ours(good[i]))
            fail_msg("%s was refused", good[i]);
}

static void listed_names_are_ours(void **state)
{
    (void)state;
    assert_true(ours("panda.example") && ours("PANDA.example:8080") && ours("[2001:db8::1]:80") && ours("192.0.2.7:1"));
    assert_false(request_host_is_ours("panda.example", 13, NULL));
}

static void other_names_are_not(void **state)
{
    static const char *const bad[] = { "",
                                       "evil.example",
                                       "127.0.0.1.evil.example",
                                       "localhost.evil.example",
                                       "evil.example:127.0.0.1",
                                       "localhost:80@evil.example",
                                       "user@localhost",
                                       "localhost:9999:1",
                                       "localhost evil",
                                       "128.0.0.1",
                                       "0.0.0.0",
                                       "127.1",
                                       "2130706433",
                                       "0x7f.0.0.1",
                                       "[::2]",
                                       "[::1",
                                       "::1",
                                       "[::1]evil",
                                       "[]",
                                       "[127.0.0.1]",
                                       "panda.example.evil.example",
                                       "panda.exampl",
                                       ":80",
                                       "[2001:db8::2]",
                                       "192.0.2.70" };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ours(bad[i]))
            fail_msg("%s was taken for ours", bad[i]);
}

static struct request begun(const char *target)
{
    struct request request;

    memset(&request, 0xFF, sizeof request);
    request_begin(&request, target, listed);
    assert_ptr_equal(request.end, target + strlen(target));
    return request;
}

static void targets_are_found(void **state)
{
    (void)state;
    assert_int_equal(begun("/health").route, ROUTE_HEALTH);
    assert_int_equal(begun("/health?now=1&u=http://evil.example").route, ROUTE_HEALTH);
    assert_false(begun("/health?u=http://evil.example").absolute);
    assert_int_equal(begun("/").route, ROUTE_PAGE);
    assert_int_equal(begun("/?x").route, ROUTE_PAGE);
    assert_int_equal(begun("/metrics").route, ROUTE_METRICS);
    assert_int_equal(begun("/api/v1/checks").route, ROUTE_CHECKS);
    assert_int_equal(begun("/healthzzz").route, ROUTE_NONE);
    assert_int_equal(begun("/healt").route, ROUTE_NONE);
    assert_int_equal(begun("/health/").route, ROUTE_NONE);
    assert_int_equal(begun("//health").route, ROUTE_NONE);
    assert_int_equal(begun("/../health").route, ROUTE_NONE);
    assert_int_equal(begun("*").route, ROUTE_NONE);
    assert_int_equal(begun("health").route, ROUTE_NONE);
}

static void absolute_targets_have_a_host_of_their_own(void **state)
{
    struct request request = begun("http://localhost:1/health?x");

    (void)state;
    assert_true(request.absolute && request.own_host_good && !request.malformed);
    assert_int_equal(request.route, ROUTE_HEALTH);
    request = begun("HTTP://panda.example");
    assert_true(request.absolute && request.own_host_good);
    assert_int_equal(request.route, ROUTE_PAGE);
    assert_int_equal(begun("http://localhost?x").route, ROUTE_PAGE);
    assert_true(begun("http://evil.example/health").absolute && !begun("http://evil.example/health").own_host_good);
    assert_false(begun("http://localhost@evil.example/health").own_host_good);
    assert_false(begun("http:///health").own_host_good);
    assert_true(begun("https://localhost/health").absolute && !begun("https://localhost/health").own_host_good);
    assert_true(begun("ftp://localhost/health").absolute && !begun("ftp://localhost/health").own_host_good);
}

static void malformed_targets_are_seen(void **state)
{
    (void)state;
    assert_true(begun("").malformed);
    assert_true(begun("/hea\x01th").malformed);
    assert_true(begun("/health\t").malformed);
    assert_true(begun("/health x").malformed);
    assert_true(begun("/\x7f").malformed);
    assert_false(begun("/%00").malformed); /* no control character, and no path either */
    assert_false(begun("/\xc3\xa9").malformed);
}

static void openmetrics_is_given_where_it_is_preferred(void **state)
{
    /* what Prometheus 2.x and 3.x send */
    static const char two[] = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    static const char three[] = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;q=0.4,"
                                "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    (void)state;
    assert_true(request_wants_openmetrics(two));
    assert_true(request_wants_openmetrics(three));
    assert_true(request_wants_openmetrics("application/openmetrics-text"));
    assert_true(request_wants_openmetrics("Application/OpenMetrics-Text; version=\"1.0.0\""));
    assert_true(request_wants_openmetrics("text/plain;q=0.49, application/openmetrics-text; q=0.5"));
    assert_true(request_wants_openmetrics("application/openmetrics-text, */*"));
    assert_true(request_wants_openmetrics("text/plain;q=0, */*;q=0.9, application/openmetrics-text;q=0.3"));
}

static void the_older_text_is_given_otherwise(void **state)
{
    static const char *const others[] = { "",
                                          "*/*",
                                          "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                                          "text/plain",
                                          "text/plain;version=0.0.4;q=1,*/*;q=0.1",
                                          "application/openmetrics-text;q=0",
                                          "application/openmetrics-text;q=0.000",
                                          "application/openmetrics-text;version=0.0.1",
                                          "application/openmetrics-text;version=2.0.0",
                                          "application/openmetrics-text;q=0.5, text/plain",
                                          "text/plain;q=0.75, application/openmetrics-text;q=0.7",
                                          "application/openmetrics-textual",
                                          ",,,;;;q=1,",
                                          "application/*" };

    (void)state;
    assert_false(request_wants_openmetrics(NULL));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (request_wants_openmetrics(others[i]))
            fail_msg("OpenMetrics for %s", others[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_names_are_ours),
        cmocka_unit_test(listed_names_are_ours),
        cmocka_unit_test(other_names_are_not),
        cmocka_unit_test(targets_are_found),
        cmocka_unit_test(absolute_targets_have_a_host_of_their_own),
        cmocka_unit_test(malformed_targets_are_seen),
        cmocka_unit_test(openmetrics_is_given_where_it_is_preferred),
        cmocka_unit_test(the_older_text_is_given_otherwise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
