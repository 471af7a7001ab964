/* core/hosts/message: trees are right and nothing leaks (which the sanitizers see), whether a message fits into the block, does not, or is one of two. */
#include "hosts/message.h"

#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static cJSON *read_text(const char *text)
{
    return message_read(text, strlen(text));
}

static const char *word(const cJSON *message, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, name));
}

/* {"list":["0","1",...]} with n of them: each takes more than 64 bytes as a tree. */
static void make_list(struct buffer *text, unsigned n)
{
    buffer_text(text, "{\"list\":[");
    for (unsigned i = 0; i < n; i++)
        buffer_printf(text, "%s\"%u\"", i > 0 ? "," : "", i);
    buffer_text(text, "]}");
}

static void expect_list(const cJSON *message, unsigned n)
{
    const cJSON *item, *list = cJSON_GetObjectItemCaseSensitive(message, "list");
    unsigned i = 0;
    char number[16];

    cJSON_ArrayForEach(item, list)
    {
        snprintf(number, sizeof number, "%u", i++);
        assert_string_equal(cJSON_GetStringValue(item), number);
    }
    assert_int_equal(i, n);
}

static void one_after_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 2000; i++) {
        cJSON *message = read_text("{\"type\":\"pong\",\"sequence\":7,\"more\":[true,null,1.5,\"x\"]}");

        assert_non_null(message);
        assert_string_equal(word(message, "type"), "pong");
        assert_int_equal(cJSON_GetObjectItemCaseSensitive(message, "sequence")->valueint, 7);
        message_drop(message);
    }
}

static void one_that_does_not_fit(void **state)
{
    struct buffer text = buffer_make(0);
    cJSON *message;

    (void)state;
    for (unsigned n = 1; n < 3000; n = n * 3 + 1) {
        buffer_clear(&text);
        make_list(&text, n);
        message = message_read(text.data, text.len);
        assert_non_null(message);
        expect_list(message, n);
        message_drop(message);
    }
    buffer_free(&text);
}

static void two_at_once(void **state)
{
    cJSON *first = read_text("{\"type\":\"first\"}"), *second = read_text("{\"type\":\"second\"}"), *third;

    (void)state;
    assert_string_equal(word(first, "type"), "first");
    assert_string_equal(word(second, "type"), "second");
    message_drop(first);
    third = read_text("{\"type\":\"third\"}");
    assert_string_equal(word(second, "type"), "second");
    message_drop(second);
    assert_string_equal(word(third, "type"), "third");
    message_drop(third);
}

static void what_is_no_message(void **state)
{
    static const char *const wrong[] = { "", "{", "{\"a\":[1,2,3,{\"b\":\"c\"}", "{\"a\":1} x", "{\"a\":\"\xff\"}", "nothing" };
    struct buffer text = buffer_make(0);
    cJSON *message;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_null(read_text(wrong[i]));
    make_list(&text, 1000);
    text.data[text.len - 1] = '\0'; /* cut short, beyond the block */
    assert_null(message_read(text.data, text.len - 1));
    buffer_free(&text);
    message = read_text("{\"type\":\"after\"}");
    assert_string_equal(word(message, "type"), "after");
    message_drop(message);
    message_drop(NULL);
}

/* Other parts of the program use cJSON as well, and keep what it gives them. */
static void other_trees_live_on(void **state)
{
    cJSON *other = cJSON_Parse("{\"kept\":\"long\"}"), *message = read_text("{\"type\":\"x\"}");

    (void)state;
    message_drop(message);
    message = read_text("{\"type\":\"y\",\"z\":\"zzzzzzzzzzzzzzzzzz\"}");
    assert_string_equal(word(other, "kept"), "long");
    cJSON_Delete(other);
    assert_string_equal(word(message, "type"), "y");
    message_drop(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_after_the_other), cmocka_unit_test(one_that_does_not_fit), cmocka_unit_test(two_at_once),
        cmocka_unit_test(what_is_no_message),  cmocka_unit_test(other_trees_live_on),
    };

    message_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
