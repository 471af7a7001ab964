/* core/base/text: what is valid UTF-8 (every boundary of RFC 3629), what becomes of the rest, and which names are near. */
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U "\xEF\xBF\xBD"

static void is(struct buffer *b, const char *expected)
{
    assert_false(b->failed);
    assert_string_equal(buffer_string(b), expected);
    buffer_clear(b);
}

static void names(void **state)
{
    static const char *const good[] = { "a", "0", "redis", "a-b_c9", "0-", "a_-_" };
    static const char *const bad[] = { "", "-a", "_a", "A", "a.b", "a b", "\xC3\xA4", "a/", "a\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(text_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(text_is_name(bad[i]));
    assert_int_equal(strlen(bad[9]), 64);
    assert_true(text_is_name(bad[9] + 1)); /* 63 */
}

/* ---- UTF-8 */

static size_t encode(unsigned long c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* Every number that four bytes can spell: exactly the characters are valid. */
static void every_character(void **state)
{
    (void)state;
    for (unsigned long c = 0; c < 0x200000; c++) {
        const int good = c != 0 && (c < 0xD800 || c > 0xDFFF) && c <= 0x10FFFF;
        char bytes[4];
        const size_t n = encode(c, bytes);

        if (text_valid_utf8(bytes, n) != (good ? n : 0))
            fail_msg("U+%lX", c);
        for (size_t cut = 1; cut < n; cut++)
            if (text_valid_utf8(bytes, cut) != 0)
                fail_msg("U+%lX cut to %zu", c, cut);
    }
}

/* Every sequence of two bytes, and every overlong form. */
static void nothing_else(void **state)
{
    static const char *const overlong[] = { "\xC0\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80", "\xFE", "\xFF" };

    (void)state;
    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 1; b < 256; b++) {
            const char two[2] = { (char)a, (char)b };
            const size_t expected = a < 0x80 ? (b < 0x80 ? 2 : 1) : a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF ? 2 : 0;

            assert_int_equal(text_valid_utf8(two, 2), expected);
        }
    }
    for (size_t i = 0; i < sizeof overlong / sizeof overlong[0]; i++)
        assert_int_equal(text_valid_utf8(overlong[i], strlen(overlong[i])), 0);
    assert_int_equal(text_valid_utf8("ab\xC3\xA4\xE2\x82", 6), 4);
    assert_int_equal(text_valid_utf8("ab\0c", 4), 2);
    assert_int_equal(text_valid_utf8("", 0), 0);
}

/* ---- cleaning */

static void cleans(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    text_clean(&b, "a\tb\nc\x1B[31m\x7F\0d\r\n", 15, 0);
    is(&b, "a b c [31m  d  ");
    text_clean(&b, "\xC2\x85x\xC2\x9F\xC2\xA0", 7, 0); /* C1 controls, and a character that is none */
    is(&b, " x \xC2\xA0");
    text_clean(&b, "\xC3\xA4\xFF\xE2\x82", 5, 0);
    is(&b, "\xC3\xA4" U U);
    text_clean(&b, "\xE0\x80\xED\xA0\x80\xF4\x90", 7, 0); /* one for each byte that begins nothing */
    is(&b, U U U U U U U);
    text_clean(&b, "\xF0\x9F\x98z\xF1\x80", 6, 0); /* one for each beginning */
    is(&b, U "z" U);
    text_clean(&b, "", 0, 0);
    is(&b, "");
    buffer_free(&b);
}

static void cuts_between_characters(void **state)
{
    static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
    static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
    struct buffer b = buffer_make(0);

    (void)state;
    for (size_t max = 1; max < sizeof expected / sizeof expected[0]; max++) {
        text_clean(&b, text, sizeof text - 1, max);
        assert_int_equal(b.len, expected[max]);
        assert_memory_equal(b.data, text, b.len);
        buffer_clear(&b);
    }
    text_clean(&b, "\xFFz", 2, 2); /* the replacement does not fit, and what follows does not overtake it */
    is(&b, "");
    buffer_free(&b);
}

static void keeps_lines(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    text_clean_lines(&b, "a\r\nb\tc\rd\n\x01\xFF", 11, 0);
    is(&b, "a\nb\tc d\n " U);
    text_clean_lines(&b, "\r", 1, 0);
    is(&b, " ");
    buffer_free(&b);
}

/* Whatever the bytes are: what comes out is valid, within the bound, and clean stays as it is. */
static void random_bytes_come_out_clean(void **state)
{
    struct buffer b = buffer_make(0), again = buffer_make(0);

    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        const size_t n = (size_t)rand() % sizeof bytes, max = (size_t)rand() % 30;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)(rand() % 3 ? 0x80 | rand() : rand());
        text_clean(&b, bytes, n, max);
        assert_true(max == 0 || b.len <= max);
        assert_int_equal(text_valid_utf8(buffer_string(&b), b.len), b.len);
        for (size_t i = 0; i < b.len; i++)
            assert_true((unsigned char)b.data[i] >= 0x20 && b.data[i] != 0x7F);
        text_clean(&again, buffer_string(&b), b.len, 0);
        assert_string_equal(buffer_string(&again), buffer_string(&b));
        buffer_clear(&b);
        buffer_clear(&again);
    }
    buffer_free(&b);
    buffer_free(&again);
}

static void shows(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    text_show(&b, "a\tb\0\x7F\xC3\xA4\xFF\\\xC2\x85", 11);
    is(&b, "a\\x09b\\x00\\x7F\xC3\xA4\\xFF\\\\xC2\\x85");
    buffer_free(&b);
}

static void escapes_html(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    text_html(&b, "<a href=\"x\">'&amp;'</a>");
    is(&b, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
    buffer_free(&b);
}

static void escapes_json(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    text_json(&b, "", 0);
    is(&b, "\"\"");
    text_json(&b, "a\"\\/\b\f\n\r\t\x01\x1F\x7Fz", 13);
    is(&b, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007fz\"");
    text_json(&b, "\xC3\xA4\xFF\xF0\x9F\x98\x80\0\xE2\x82", 10);
    is(&b, "\"\xC3\xA4" U "\xF0\x9F\x98\x80" U U "\"");
    text_json(&b, "\xC2\x85", 2);
    is(&b, "\"\xC2\x85\"");
    buffer_free(&b);
}

/* ---- nearest */

#define NEAREST(wrong, ...) text_nearest(wrong, (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

static void finds_what_was_meant(void **state)
{
    (void)state;
    assert_string_equal(NEAREST("timeot", "type", "timeout", "title"), "timeout");
    assert_string_equal(NEAREST("tiemout", "timeout"), "timeout");
    assert_string_equal(NEAREST("htpp", "tcp", "http"), "http");
    assert_string_equal(NEAREST("adress", "address"), "address");
    assert_string_equal(NEAREST("fail-after", "recover_after", "fail_after"), "fail_after");
    assert_string_equal(NEAREST("Every", "every"), "every");
    assert_string_equal(NEAREST("EVERY", "very", "every"), "every");
    assert_string_equal(NEAREST("kubernets", "kubernetes"), "kubernetes");
    assert_string_equal(NEAREST("b", "B", "c"), "B");
}

static void is_silent_when_nothing_is_near(void **state)
{
    char huge[5000];

    (void)state;
    memset(huge, 'a', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    assert_null(NEAREST("frobnicate", "timeout", "every"));
    assert_null(NEAREST("a", "b", "c"));
    assert_null(NEAREST("ab", "cd"));
    assert_null(NEAREST("", "a"));
    assert_null(NEAREST("port", "path")); /* two edits in four letters */
    assert_null(NEAREST("same", "same")); /* it is not wrong */
    assert_null(NEAREST(huge, "a", huge));
    assert_null(NEAREST("aaaa", huge));
    assert_null(text_nearest("x", NULL, 0));
}

static void ties_go_to_the_first(void **state)
{
    (void)state;
    assert_string_equal(NEAREST("tesd", "test", "tend"), "test");
    assert_string_equal(NEAREST("tesd", "tend", "test"), "tend");
    assert_string_equal(NEAREST("ab", "ba", "ac"), "ba"); /* a swap is one edit */
}

/* ---- hash and base64 */

static void hashes(void **state)
{
    (void)state; /* test vectors of the FNV authors */
    assert_true(text_hash(TEXT_HASH, "", 0) == 0xcbf29ce484222325ull);
    assert_true(text_hash(TEXT_HASH, "a", 1) == 0xaf63dc4c8601ec8cull);
    assert_true(text_hash(TEXT_HASH, "foobar", 6) == 0x85944171f73967e8ull);
    assert_true(text_hash(text_hash(TEXT_HASH, "foo", 3), "bar", 3) == 0x85944171f73967e8ull);
}

static void base64_both_ways(void **state)
{
    static const char *const pairs[][2] = { /* RFC 4648, section 10 */
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }
    };
    struct buffer b = buffer_make(0), text = buffer_make(0);

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        text_base64(&b, pairs[i][0], strlen(pairs[i][0]));
        is(&b, pairs[i][1]);
        assert_true(text_unbase64(&b, pairs[i][1], strlen(pairs[i][1])));
        is(&b, pairs[i][0]);
    }
    srand(3);
    for (size_t n = 0; n < 300; n++) {
        unsigned char bytes[300];

        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)rand();
        text_base64(&text, bytes, n);
        assert_true(text_unbase64(&b, buffer_string(&text), text.len));
        assert_int_equal(b.len, n);
        if (n > 0)
            assert_memory_equal(b.data, bytes, n);
        buffer_clear(&b);
        buffer_clear(&text);
    }
    buffer_free(&b);
    buffer_free(&text);
}

static void base64_refuses(void **state)
{
    static const char *const bad[] = { "Z", "Zg", "Zg=", "Zg==Zg==", "Zh==", "Zm9=", "Z===", "====", "=Zg=", "Zg =", "Zm9\n", "Zm-_", "Zg=A", "Zm9vY" };
    struct buffer b = buffer_make(0), small = buffer_make(2);

    (void)state;
    buffer_text(&b, "kept");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (text_unbase64(&b, bad[i], strlen(bad[i])))
            fail_msg("%s", bad[i]);
        assert_string_equal(buffer_string(&b), "kept");
    }
    assert_false(text_unbase64(&b, "Zm\0v", 4));
    assert_false(text_unbase64(&small, "Zm9v", 4));
    buffer_free(&b);
    buffer_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(every_character),
        cmocka_unit_test(nothing_else),
        cmocka_unit_test(cleans),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(keeps_lines),
        cmocka_unit_test(random_bytes_come_out_clean),
        cmocka_unit_test(shows),
        cmocka_unit_test(escapes_html),
        cmocka_unit_test(escapes_json),
        cmocka_unit_test(finds_what_was_meant),
        cmocka_unit_test(is_silent_when_nothing_is_near),
        cmocka_unit_test(ties_go_to_the_first),
        cmocka_unit_test(hashes),
        cmocka_unit_test(base64_both_ways),
        cmocka_unit_test(base64_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
