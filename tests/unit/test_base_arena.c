/* core/base/arena: its memory is zeroed, aligned, bounded and freed at once; the guard is where no memory ends. Its valgrind-like witness is ASan. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void memory_is_zeroed_aligned_and_separate(void **state)
{
    struct arena *arena = arena_create(0);
    unsigned char *parts[400];

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < 400; i++) {
        const size_t size = i * i % 5000;

        parts[i] = arena_alloc(arena, size);
        assert_non_null(parts[i]);
        assert_int_equal((uintptr_t)parts[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(parts[i][k], 0);
        memset(parts[i], (int)(i & 0xFF), size);
    }
    for (size_t i = 0; i < 400; i++)
        for (size_t k = 0; k < i * i % 5000; k++)
            assert_int_equal(parts[i][k], i & 0xFF);
    assert_ptr_not_equal(arena_alloc(arena, 0), arena_alloc(arena, 0));
    arena_free(arena);
    arena_free(NULL);
}

static void texts_are_copied(void **state)
{
    struct arena *arena = arena_create(0);
    char given[] = "text";
    const char *copy = arena_string(arena, given), *bytes = arena_copy(arena, "a\0b", 3), *none = arena_copy(arena, NULL, 0);

    (void)state;
    given[0] = 'X';
    assert_string_equal(copy, "text");
    assert_memory_equal(bytes, "a\0b", 4);
    assert_string_equal(none, "");
    assert_string_equal(arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(arena_printf(arena, "%s", ""), "");
    arena_free(arena);
}

static void the_bound_jumps(void **state)
{
    struct arena *volatile arena = arena_create(1000);
    volatile size_t got = 0;

    (void)state;
    if (setjmp(*arena_guard(arena)) == 0) {
        for (;;) {
            arena_alloc(arena, 100);
            got++;
        }
    }
    assert_in_range(got, 8, 10);
    assert_true(arena_used(arena) <= 1000);
    arena_free(arena);
}

static void each_call_jumps(void **state)
{
    volatile int jumps = 0;

    (void)state;
    for (volatile int call = 0; call < 6; call++) {
        struct arena *volatile arena = arena_create(64);

        if (setjmp(*arena_guard(arena)) != 0) {
            jumps++;
        } else {
            switch (call) {
            case 0:
                arena_alloc(arena, SIZE_MAX);
                break;
            case 1:
                arena_array(arena, SIZE_MAX / 2, 3);
                break;
            case 2:
                arena_copy(arena, "", SIZE_MAX);
                break;
            case 3:
                arena_printf(arena, "%100s", "");
                break;
            case 4:
                arena_alloc(arena, 65);
                break;
            default:
                arena_array(arena, 9, 8);
            }
            fail_msg("call %d has returned", call);
        }
        arena_free(arena);
    }
    assert_int_equal(jumps, 6);
}

/* ---- what is called at the end */

static char order[8];

static void note(void *arg)
{
    strncat(order, arg, 1);
}

static void deferred_calls_come_last_first(void **state)
{
    struct arena *arena = arena_create(0);

    (void)state;
    order[0] = '\0';
    arena_defer(arena, note, "a");
    arena_defer(arena, note, "b");
    arena_defer(arena, note, "c");
    assert_string_equal(order, "");
    arena_free(arena);
    assert_string_equal(order, "cba");
}

static void deferred_without_memory_is_called_at_once(void **state)
{
    struct arena *volatile arena = arena_create(8);

    (void)state;
    order[0] = '\0';
    if (setjmp(*arena_guard(arena)) == 0) {
        arena_defer(arena, note, "x");
        fail();
    }
    assert_string_equal(order, "x");
    arena_free(arena);
    assert_string_equal(order, "x");
}

static void what_is_large_wastes_nothing(void **state)
{
    struct arena *arena = arena_create(0);
    char *small = arena_alloc(arena, 16), *large = arena_alloc(arena, 1 << 20), *next = arena_alloc(arena, 16);

    (void)state;
    large[(1 << 20) - 1] = 'x';
    assert_ptr_equal(next, small + 16);
    assert_int_equal(arena_used(arena), (1 << 20) + 32);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_separate),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(the_bound_jumps),
        cmocka_unit_test(each_call_jumps),
        cmocka_unit_test(deferred_calls_come_last_first),
        cmocka_unit_test(deferred_without_memory_is_called_at_once),
        cmocka_unit_test(what_is_large_wastes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
