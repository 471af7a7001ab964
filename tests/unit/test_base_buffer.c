/* core/base/buffer: it grows, its bound and its first failure stick, and there is always a NUL. Three-valued logic is tried here as well. */
#include "base/buffer.h"

#include "base/logic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static void appends(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    assert_string_equal(buffer_string(&b), "");
    assert_null(b.data);
    buffer_text(&b, "ab");
    buffer_char(&b, 'c');
    buffer_add(&b, "d\0e", 3);
    buffer_printf(&b, "%d", 42);
    assert_int_equal(b.len, 8);
    assert_memory_equal(b.data, "abcd\0e42", 9);
    buffer_clear(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(buffer_string(&b), "");
    buffer_add(&b, NULL, 0);
    assert_string_equal(buffer_string(&b), "");
    buffer_free(&b);
    buffer_free(&b);
}

static void grows(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    for (int i = 0; i < 100000; i++)
        buffer_char(&b, (char)('a' + i % 26));
    assert_false(b.failed);
    assert_int_equal(b.len, 100000);
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], 'a' + (int)(i % 26));
    assert_int_equal(strlen(b.data), 100000);
    buffer_free(&b);
}

static void the_bound_holds(void **state)
{
    (void)state;
    for (size_t max = 1; max < 200; max++) {
        struct buffer b = buffer_make(max);

        for (size_t i = 0; i < max; i++)
            buffer_char(&b, 'x');
        assert_false(b.failed);
        assert_int_equal(b.len, max);
        assert_true(b.room <= max + 1 || b.room <= 64);
        buffer_char(&b, 'y');
        assert_true(b.failed);
        assert_int_equal(b.len, max);
        assert_null(strchr(buffer_string(&b), 'y'));
        buffer_free(&b);
        assert_int_equal(b.max, max);
    }
}

static void a_failure_sticks(void **state)
{
    struct buffer b = buffer_make(4);

    (void)state;
    buffer_text(&b, "abc");
    buffer_text(&b, "de"); /* whole or not at all */
    assert_true(b.failed);
    buffer_char(&b, 'd');
    buffer_printf(&b, "%s", "");
    assert_null(buffer_reserve(&b, 0));
    assert_string_equal(buffer_string(&b), "abc");
    buffer_clear(&b);
    assert_false(b.failed);
    buffer_text(&b, "abcd");
    assert_false(b.failed);
    assert_string_equal(buffer_string(&b), "abcd");
    buffer_free(&b);
}

static void sizes_do_not_overflow(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    buffer_char(&b, 'x');
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buffer_clear(&b);
    assert_null(buffer_reserve(&b, SIZE_MAX - 1));
    assert_string_equal(buffer_string(&b), "");
    buffer_free(&b);
}

static void reserved_bytes_end_with_a_nul(void **state)
{
    struct buffer b = buffer_make(0);
    char *end;

    (void)state;
    buffer_text(&b, "ab");
    end = buffer_reserve(&b, 100);
    memcpy(end, "cdefgh", 6);
    b.len += 3;
    b.data[b.len] = '\0';
    assert_string_equal(buffer_string(&b), "abcde");
    end = buffer_reserve(&b, 64);
    memset(end, 'x', 10);
    b.len += 10;
    assert_int_equal(strlen(buffer_string(&b)), 15);
    buffer_free(&b);
}

static void consumes(void **state)
{
    struct buffer b = buffer_make(0);

    (void)state;
    buffer_consume(&b, 3);
    buffer_text(&b, "abcdef");
    buffer_consume(&b, 2);
    assert_string_equal(buffer_string(&b), "cdef");
    buffer_consume(&b, 0);
    assert_string_equal(buffer_string(&b), "cdef");
    buffer_consume(&b, 5);
    assert_string_equal(buffer_string(&b), "");
    buffer_free(&b);
}

static void long_formats(void **state)
{
    struct buffer b = buffer_make(0);
    char text[5000];

    (void)state;
    memset(text, 'z', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    buffer_printf(&b, "<%s>", text);
    assert_int_equal(b.len, sizeof text + 1);
    assert_int_equal(b.data[b.len - 1], '>');
    buffer_free(&b);
}

static void logic_is_three_valued(void **state)
{
    const enum logic f = LOGIC_FALSE, u = LOGIC_UNKNOWN, t = LOGIC_TRUE;

    (void)state;
    assert_true(logic_not(f) == t && logic_not(u) == u && logic_not(t) == f);
    assert_true(logic_and(t, t) == t && logic_and(t, u) == u && logic_and(f, u) == f && logic_and(u, f) == f && logic_and(u, u) == u && logic_and(t, f) == f);
    assert_true(logic_or(f, f) == f && logic_or(f, u) == u && logic_or(t, u) == t && logic_or(u, t) == t && logic_or(u, u) == u && logic_or(f, t) == t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(grows),
        cmocka_unit_test(the_bound_holds),
        cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(reserved_bytes_end_with_a_nul),
        cmocka_unit_test(consumes),
        cmocka_unit_test(long_formats),
        cmocka_unit_test(logic_is_three_valued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
