/* kit/moment.h: moments as RFC 3339 and HTTP write them, and what is none. */
#include "kit/moment.h"
#include "plugin_test.h"

#include <talon/fake_host.h>

#define S INT64_C(1000000000)

static void good_ones(void **unused)
{
    static const struct {
        const char *text;
        int64_t unix_ns;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "2026-01-02T03:04:05Z", 1767323045 * S },
        { "2026-01-02T03:04:05.678901234Z", 1767323045 * S + 678901234 },
        { "2026-01-02T03:04:05.5Z", 1767323045 * S + 500000000 },
        { "2026-01-02T03:04:05.1234567899Z", 1767323045 * S + 123456789 },
        { "2026-01-02T04:34:05+01:30", 1767323045 * S },
        { "2026-01-01T22:04:05-05:00", 1767323045 * S },
        { "2024-02-29T12:00:00Z", 1709208000 * S },
        { "2000-03-01T00:00:00Z", 951868800 * S },
        { "1999-12-31T23:59:60Z", 946684800 * S },
    };
    int64_t ns;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(moment_rfc3339(cases[i].text, &ns), 1);
        assert_true(ns == cases[i].unix_ns);
    }
    assert_int_equal(moment_http("Fri, 02 Jan 2026 03:04:05 GMT", &ns), 1);
    assert_true(ns == 1767323045 * S);
}

static void none_of_them(void **unused)
{
    static const char *const cases[] = {
        "",  "0001-01-01T00:00:00Z",  "2026-01-02",      "2026-01-02T03:04:05",  "2026-13-02T03:04:05Z",  "2026-01-02T03:04:05.Z",
        "x", "2026-01-02T03:04:05Zx", "2026-1-2T3:4:5Z", "2026-01-02T25:04:05Z", "99999-01-02T03:04:05Z", "2026-01-02T03:04:05+0100"
    };
    static const char *const dates[] = { "", "Fri, 02 Jan 2026 03:04:05 CET", "Fri, 02 Jux 2026 03:04:05 GMT", "Fri, 0a Jan 2026 03:04:05 GMT",
                                         "02 Jan 2026 03:04:05 GMT" };
    int64_t ns;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(moment_rfc3339(cases[i], &ns), 0);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        assert_int_equal(moment_http(dates[i], &ns), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(good_ones), cmocka_unit_test(none_of_them) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
