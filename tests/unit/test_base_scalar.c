/* core/base/scalar: rules.md 1.4, with the sentences that a person gets, and everything that is shown reads back. */
#include "base/scalar.h"

#include "base/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S (uint64_t)NS_PER_S

struct wrong {
    const char *text, *why;
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void expect_why(const char *text, bool read, const char *why, const char *expected)
{
    if (read)
        fail_msg("`%s` was read", text);
    if (strcmp(why, expected) != 0)
        fail_msg("`%s`: \"%s\", not \"%s\"", text, why, expected);
}

/* ---- numbers */

static void integers(void **state)
{
    static const struct {
        const char *text;
        int64_t value;
    } good[] = { { "0", 0 }, { "-0", 0 }, { "7", 7 }, { "-7", -7 }, { "80", 80 }, { "9223372036854775807", INT64_MAX }, { "-9223372036854775808", INT64_MIN } };
    static const struct wrong bad[] = {
        { "", "it is empty" },
        { "0x1F", "write 31, not `0x1F`" },
        { "0X1f", "write 31, not `0X1f`" },
        { "0o17", "write 15, not `0o17`" },
        { "0b101", "write 5, not `0b101`" },
        { "1e3", "write 1000, not `1e3`" },
        { "1_000", "write 1000, not `1_000`" },
        { "+80", "write 80, not `+80`" },
        { "80.0", "write 80, not `80.0`" },
        { "08", "write 8, not `08`" },
        { "-08", "write -8, not `-08`" },
        { "-0x10", "write -16, not `-0x10`" },
        { "80.5", "`80.5` has a fraction" },
        { "80s", "`80s` is no whole number" },
        { "0x", "`0x` is no whole number" },
        { "eighty", "`eighty` is no whole number" },
        { "-", "`-` is no whole number" },
        { "--1", "`--1` is no whole number" },
        { " 1", "` 1` is no whole number" },
        { "1 ", "`1 ` is no whole number" },
        { "1\n", "`1\\x0A` is no whole number" },
        { "1,000", "`1,000` is no whole number" },
        { "inf", "`inf` is no whole number" },
        { "\xD9\xA3", "`\xD9\xA3` is no whole number" },
        { "9223372036854775808", "`9223372036854775808` is too large: 9223372036854775807 is the most that can be told" },
        { "-9223372036854775809", "`-9223372036854775809` is too small: -9223372036854775808 is the least that can be told" },
    };
    char why[SCALAR_WHY];
    int64_t value;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(scalar_int(good[i].text, &value, why));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        value = 4711;
        expect_why(bad[i].text, scalar_int(bad[i].text, &value, why), why, bad[i].why);
        assert_int_equal(value, 4711);
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *text;
        double value;
    } good[] = { { "0", 0 }, { "1.5", 1.5 }, { "-1.5", -1.5 }, { "1e3", 1000 }, { "2.5E-1", .25 }, { "1e+2", 100 }, { "80.0", 80 }, { "1e-400", 0 }, { "123456789012345678901234567890", 123456789012345678901234567890. } };
    static const struct wrong bad[] = {
        { "", "it is empty" },          { ".5", "write 0.5, not `.5`" }, { "5.", "write 5, not `5.`" },      { "08.5", "write 8.5, not `08.5`" }, { "+1.5", "write 1.5, not `+1.5`" },
        { "0x10", "write 16, not `0x10`" }, { "inf", "`inf` is no number" }, { "nan", "`nan` is no number" },   { "-inf", "`-inf` is no number" },   { "1e999", "`1e999` is too large" },
        { "-1e999", "`-1e999` is too large" }, { "1.5s", "`1.5s` is no number" }, { "1e", "`1e` is no number" },     { "1,5", "`1,5` is no number" },     { "0x1p3", "`0x1p3` is no number" },
    };
    char why[SCALAR_WHY];
    double value;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_true(scalar_number(good[i].text, &value, why));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_why(bad[i].text, scalar_number(bad[i].text, &value, why), why, bad[i].why);
}

static void booleans(void **state)
{
    static const struct wrong bad[] = {
        { "", "it is empty" },           { "yes", "write true, not `yes`" }, { "On", "write true, not `On`" },     { "TRUE", "write true, not `TRUE`" }, { "1", "write true, not `1`" },
        { "y", "write true, not `y`" },  { "no", "write false, not `no`" },  { "OFF", "write false, not `OFF`" },  { "False", "write false, not `False`" }, { "0", "write false, not `0`" },
        { "maybe", "write true or false, not `maybe`" }, { "true ", "write true or false, not `true `" }, { "tru", "write true or false, not `tru`" },
    };
    char why[SCALAR_WHY];
    bool value = false;

    (void)state;
    assert_true(scalar_bool("true", &value, why));
    assert_true(value);
    assert_true(scalar_bool("false", &value, why));
    assert_false(value);
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_why(bad[i].text, scalar_bool(bad[i].text, &value, why), why, bad[i].why);
}

/* ---- durations */

static void durations(void **state)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        { "0", 0 },
        { "0s", 0 },
        { "0.0s", 0 },
        { "250ms", 250 * (uint64_t)NS_PER_MS },
        { "90s", 90 * S },
        { "1h30m", 5400 * S },
        { "1w2d3h4m5s6ms", (((7 + 2) * 24 + 3) * 60 + 4) * 60 * S + 5 * S + 6 * (uint64_t)NS_PER_MS },
        { "1h90m", 9000 * S },
        { "1.5s", 1500 * (uint64_t)NS_PER_MS },
        { "0.5w", 302400 * S },
        { "1.000000001s", S + 1 },
        { "0.000001ms", 1 },
        { "0.1s", S / 10 },
        { "0.3333333333s", 333333333 },
        { "0.99999999999999999999999999999999999s", S - 1 },
        { "15250w", 15250 * (604800 * S) },
        { "9223372036.854775807s", INT64_MAX },
    };
    char why[SCALAR_WHY];
    uint64_t ns;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!scalar_duration(good[i].text, &ns, why))
            fail_msg("%s: %s", good[i].text, why);
        assert_int_equal(ns, good[i].ns);
    }
}

static void wrong_durations(void **state)
{
    static const struct wrong bad[] = {
        { "", "it is empty" },
        { "5", "`5` has no unit: write 5s if seconds are meant (ms s m h d w)" },
        { "1.5", "`1.5` has no unit: write 1.5s if seconds are meant (ms s m h d w)" },
        { "00", "`00` has no unit: write 00s if seconds are meant (ms s m h d w)" },
        { "1h30", "`1h30` has no unit: write 30s if seconds are meant (ms s m h d w)" },
        { "5min", "there is no unit `min`: write `m`" },
        { "5S", "there is no unit `S`: write `s`" },
        { "2hours", "there is no unit `hours`: write `h`" },
        { "5us", "there is no unit `us`: it is one of ms s m h d w" },
        { "5e3s", "there is no unit `e`: it is one of ms s m h d w" },
        { "5 s", "it holds a blank: write it without one" },
        { "1h 30m", "it holds a blank: write it without one" },
        { "5s\n", "there is no unit `s\\x0A`: it is one of ms s m h d w" },
        { "30m1h", "in `30m1h` the units must fall: w d h m s ms, each at most once" },
        { "1m1m", "in `1m1m` the units must fall: w d h m s ms, each at most once" },
        { "1.5h30m", "in `1.5h30m` a fraction stands beside another unit: write whole numbers, or one unit alone" },
        { "1h1.5m", "in `1h1.5m` a fraction stands beside another unit: write whole numbers, or one unit alone" },
        { "-5s", "`-5s` is negative" },
        { "+5s", "write it without the `+`" },
        { "08s", "write `08s` without the zero before the 8" },
        { ".5s", "`.5s` is no duration" },
        { "5.s", "`5.s` is no duration" },
        { "s", "`s` is no duration" },
        { "soon", "`soon` is no duration" },
        { "15251w", "`15251w` is too long: 15250w is the longest" },
        { "9223372036.854775808s", "`9223372036.854775808s` is too long: 15250w is the longest" },
        { "15250w9d", "`15250w9d` is too long: 15250w is the longest" },
        { "99999999999999999999999999s", "`99999999999999999999999999s` is too long: 15250w is the longest" },
        { "0.0000000001s", "`0.0000000001s` is shorter than a nanosecond" },
    };
    char why[SCALAR_WHY];
    uint64_t ns = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_why(bad[i].text, scalar_duration(bad[i].text, &ns, why), why, bad[i].why);
}

/* ---- sizes */

static void sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        { "0", 0 },          { "0B", 0 },           { "1B", 1 },          { "64KiB", 65536 },
        { "1.5MiB", 1572864 }, { "10MiB", 10485760 }, { "1GiB", 1u << 30 }, { "2TiB", (uint64_t)2 << 40 },
        { "1kB", 1000 },     { "1.1kB", 1100 },     { "2MB", 2000000 },   { "3GB", 3000000000u },
        { "4TB", 4000000000000u }, { "8388607TiB", (uint64_t)8388607 << 40 },
    };
    static const struct wrong bad[] = {
        { "", "it is empty" },
        { "10", "`10` has no unit: write 10MiB if MiB are meant (B KiB MiB GiB TiB, kB MB GB TB)" },
        { "10KB", "there is no unit `KB`: write `kB`" },
        { "10K", "there is no unit `K`: write `KiB`" },
        { "10m", "there is no unit `m`: write `MiB`" },
        { "10mib", "there is no unit `mib`: write `MiB`" },
        { "10PiB", "there is no unit `PiB`: it is one of B KiB MiB GiB TiB kB MB GB TB" },
        { "10 MiB", "it holds a blank: write it without one" },
        { "1MiB1KiB", "`1MiB1KiB` is no size: one number and one unit are expected" },
        { "-1B", "`-1B` is negative" },
        { "1.5B", "`1.5B` has a fraction, and a byte has no parts" },
        { "0.0001KiB", "`0.0001KiB` is less than a byte" },
        { "010MiB", "write `010MiB` without the zero before the 1" },
        { "8388608TiB", "`8388608TiB` is too large: 8388607TiB is the most" },
        { "99999999999999999999999TiB", "`99999999999999999999999TiB` is too large: 8388607TiB is the most" },
        { "MiB", "`MiB` is no size" },
        { "large", "`large` is no size" },
    };
    char why[SCALAR_WHY];
    uint64_t bytes;

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!scalar_size(good[i].text, &bytes, why))
            fail_msg("%s: %s", good[i].text, why);
        assert_int_equal(bytes, good[i].bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_why(bad[i].text, scalar_size(bad[i].text, &bytes, why), why, bad[i].why);
}

/* ---- addresses */

static void addresses(void **state)
{
    static const struct {
        const char *text, *host, *path;
        unsigned port;
    } good[] = {
        { "127.0.0.1:6379", "127.0.0.1", "", 6379 },   { "[::1]:443", "::1", "", 443 },        { "db.example:5432", "db.example", "", 5432 },
        { "a_b-c.example.:1", "a_b-c.example.", "", 1 }, { "localhost:0", "localhost", "", 0 },  { "x:65535", "x", "", 65535 },
        { "[fe80::1%eth0]:80", "fe80::1%eth0", "", 80 }, { "[::ffff:192.0.2.1]:80", "::ffff:192.0.2.1", "", 80 }, { "unix:/run/x.sock", "", "/run/x.sock", 0 },
        { "unix:~/x.sock", "", "~/x.sock", 0 },         { "unix:x:1", "", "x:1", 0 },           { "3com.example:80", "3com.example", "", 80 },
    };
    static const struct wrong bad[] = {
        { "", "it is empty" },
        { "localhost", "`localhost` has no port: write HOST:PORT" },
        { "6379", "`6379` has no port: write HOST:PORT" },
        { ":80", "`:80` has no host: write 127.0.0.1:80 if this machine is meant" },
        { "x:", "its port is missing" },
        { "x:y", "`y` is no port" },
        { "x:-1", "`-1` is no port" },
        { "x:80 ", "`80 ` is no port" },
        { "x:65536", "the port `65536` is more than 65535" },
        { "x:99999999999999999999", "the port `99999999999999999999` is more than 65535" },
        { "x:080", "write the port 80, not `080`" },
        { "::1:443", "`::1:443` has more than one `:`: an IPv6 address stands in brackets, as in [::1]:443" },
        { "http://x:80", "`http://x:80` is a URL: write its host and port alone" },
        { "256.1.1.1:80", "`256.1.1.1` is no host name and no address" },
        { "1.2.3:80", "`1.2.3` is no host name and no address" },
        { "a..b:80", "`a..b` is no host name and no address" },
        { "-a:80", "`-a` is no host name and no address" },
        { "a b:80", "`a b` is no host name and no address" },
        { "\xC3\xA4.example:80", "`\xC3\xA4.example` is no host name and no address" },
        { "[::1]", "a `:` and a port are expected after the `]`" },
        { "[::1]80", "a `:` and a port are expected after the `]`" },
        { "[::1", "the `[` has no `]`" },
        { "[]:80", "what stands in the brackets is no IPv6 address" },
        { "[127.0.0.1]:80", "what stands in the brackets is no IPv6 address" },
        { "[::g]:80", "what stands in the brackets is no IPv6 address" },
        { "[fe80::1%]:80", "what stands in the brackets is no IPv6 address" },
        { "[fe80::1%a/b]:80", "what stands in the brackets is no IPv6 address" },
        { "unix:", "the path after `unix:` is missing" },
        { "/run/x.sock", "a path stands after `unix:`, as in unix:/run/x.sock" },
        { "~/x.sock", "a path stands after `unix:`, as in unix:/run/x.sock" },
    };
    struct scalar_address address;
    char why[SCALAR_WHY];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        if (!scalar_address(good[i].text, &address, why))
            fail_msg("%s: %s", good[i].text, why);
        assert_string_equal(address.host, good[i].host);
        assert_string_equal(address.path, good[i].path);
        assert_int_equal(address.port, good[i].port);
    }
    for (size_t i = 0; i < COUNT(bad); i++)
        expect_why(bad[i].text, scalar_address(bad[i].text, &address, why), why, bad[i].why);
}

/* ---- hostile texts: long, and of any bytes; nothing but a sentence may come of them */

static void hostile_texts(void **state)
{
    static const char set[] = "0123456789.-+eExXsmhdwMiBkKTG:[]%/~_ \n\x7F\xC3\xA4\xFF";
    struct scalar_address address;
    char why[SCALAR_WHY];
    int64_t whole;
    uint64_t count;
    double number;
    bool truth;

    (void)state;
    srand(11);
    for (int round = 0; round < 30000; round++) {
        char text[2000];
        const size_t n = round % 50 == 0 ? (size_t)rand() % (sizeof text - 1) : (size_t)rand() % 12;

        for (size_t i = 0; i < n; i++)
            text[i] = set[(size_t)rand() % (sizeof set - 1)];
        text[n] = '\0';
        why[SCALAR_WHY - 1] = 'x';
        scalar_int(text, &whole, why);
        scalar_number(text, &number, why);
        scalar_bool(text, &truth, why);
        scalar_duration(text, &count, why);
        scalar_size(text, &count, why);
        scalar_address(text, &address, why);
        assert_true(memchr(why, '\0', SCALAR_WHY) != NULL);
        assert_null(strchr(why, '\n'));
    }
}

/* ---- shown */

static uint64_t random_value(void)
{
    uint64_t value = 0;
    const int bits = rand() % 63 + 1;

    for (int i = 0; i < 5; i++)
        value = value << 15 ^ (uint64_t)rand();
    return value & (((uint64_t)1 << bits) - 1);
}

/* Everything that is shown reads back, whatever it is a multiple of. */
static void shown_reads_back(void **state)
{
    static const uint64_t units[] = { 1, NS_PER_MS, NS_PER_S, 60 * (uint64_t)NS_PER_S, 3600 * (uint64_t)NS_PER_S, 86400 * (uint64_t)NS_PER_S, 1000, 1024, 1000000, 1 << 20, (uint64_t)1 << 40 };
    char text[64], why[SCALAR_WHY];

    (void)state;
    srand(5);
    for (int round = 0; round < 100000; round++) {
        uint64_t value = random_value(), read;

        value = value / units[(size_t)round % COUNT(units)] * units[(size_t)round % COUNT(units)];
        scalar_show_duration(value, text, sizeof text);
        if (!scalar_duration(text, &read, why) || read != value)
            fail_msg("%" PRIu64 " ns: %s", value, text);
        scalar_show_size(value, text, sizeof text);
        if (!scalar_size(text, &read, why) || read != value)
            fail_msg("%" PRIu64 " bytes: %s", value, text);
    }
}

static void shown_is_short(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } times[] = {
        { 0, "0s" },        { 1, "0.000001ms" },  { 250 * (uint64_t)NS_PER_MS, "250ms" }, { 1500 * (uint64_t)NS_PER_MS, "1.5s" }, { S + 1, "1.000000001s" },
        { 10 * S, "10s" },  { 90 * S, "1m30s" },  { 5400 * S, "1h30m" },       { 3600 * S, "1h" },        { 86400 * S, "1d" },
        { 90 * 86400 * S, "90d" }, { 90061 * S, "1d1h1m1s" }, { INT64_MAX, "9223372036.854775807s" },
    };
    static const struct {
        uint64_t bytes;
        const char *text;
    } some[] = { { 0, "0B" }, { 1, "1B" }, { 1000, "1kB" }, { 1024, "1KiB" }, { 1500, "1500B" }, { 10 << 20, "10MiB" }, { 1572864, "1536KiB" }, { 64000, "64kB" }, { 5000000000u, "5GB" }, { 1024000, "1000KiB" } };
    char text[64], small[4];

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        scalar_show_duration(times[i].ns, text, sizeof text);
        assert_string_equal(text, times[i].text);
    }
    for (size_t i = 0; i < COUNT(some); i++) {
        scalar_show_size(some[i].bytes, text, sizeof text);
        assert_string_equal(text, some[i].text);
    }
    scalar_show_duration(5400 * S, small, sizeof small);
    assert_string_equal(small, "1h3");
}

static void ages(void **state)
{
    static const struct {
        uint64_t ns;
        const char *text;
    } some[] = {
        { 0, "0 s" },         { S - 1, "0 s" },     { 59 * S, "59 s" },    { 60 * S, "1 min" },        { 3599 * S, "59 min" },
        { 3600 * S, "1 h" }, { 86399 * S, "23 h" }, { 86400 * S, "1 d" }, { 20 * 86400 * S, "20 d" }, { UINT64_MAX, "213503 d" },
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < COUNT(some); i++) {
        scalar_show_age(some[i].ns, text, sizeof text);
        assert_string_equal(text, some[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),  cmocka_unit_test(numbers),       cmocka_unit_test(booleans),         cmocka_unit_test(durations),
        cmocka_unit_test(wrong_durations), cmocka_unit_test(sizes),   cmocka_unit_test(addresses),        cmocka_unit_test(hostile_texts),
        cmocka_unit_test(shown_reads_back), cmocka_unit_test(shown_is_short), cmocka_unit_test(ages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
