/* How problems are shown: sorted, once each, bounded, on one line, as text and as JSON. */
#include "config_support.h"

#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t count(const struct config *config, enum config_severity severity)
{
    size_t n, more, found = 0;
    const struct config_problem *problems = config_problems(config, &n, &more);

    for (size_t i = 0; i < n; i++)
        found += problems[i].severity == severity;
    return found;
}

static size_t more_than_shown(const struct config *config)
{
    size_t n, more;

    config_problems(config, &n, &more);
    return more;
}

/* ---- how many ---- */

static void a_hundred_are_shown_and_the_rest_is_counted(void **state)
{
    struct buffer text = buffer_make(0), told = buffer_make(0);
    struct config *config;

    (void)state;
    for (int i = 0; i < 250; i++)
        buffer_printf(&text, "zebra%d: x\n", i);
    config = support_load_text("hundred.yaml", buffer_string(&text));
    support_problems(config, support_folder(), &told);
    assert_int_equal(config_errors(config), 250);
    assert_int_equal(count(config, CONFIG_ERROR), 100);
    assert_non_null(strstr(buffer_string(&told), "hundred.yaml:100:1: error: unknown key `zebra99`\nand 150 more\n"));
    assert_null(strstr(buffer_string(&told), "zebra100"));
    buffer_free(&text);
    buffer_free(&told);
    config_free(config);
}

static void thousands_are_counted(void **state)
{
    struct buffer text = buffer_make(0);
    struct config *config;

    (void)state;
    for (int i = 0; i < 20000; i++)
        buffer_printf(&text, "zebra%d: x\n", i);
    config = support_load_text("thousands.yaml", buffer_string(&text));
    assert_int_equal(config_errors(config), 20000);
    assert_int_equal(more_than_shown(config), 19900);
    buffer_free(&text);
    config_free(config);
}

static void warnings_never_hide_an_error(void **state)
{
    struct buffer text = buffer_make(0);
    struct config *config;

    (void)state;
    buffer_text(&text, "services:\n  a:\n    needs: [b");
    for (int i = 0; i < 6000; i++)
        buffer_text(&text, ", b");
    buffer_text(&text, "]\n    enabled: false\n  b: {enabled: false}\nzebra: x\n");
    config = support_load_text("warnings.yaml", buffer_string(&text));
    assert_int_equal(config_errors(config), 1);
    assert_int_equal(count(config, CONFIG_ERROR), 1);
    assert_int_equal(count(config, CONFIG_WARNING), 99);
    assert_int_equal(more_than_shown(config), 5901);
    buffer_free(&text);
    config_free(config);
}

static void what_is_said_twice_is_one_problem(void **state)
{
    struct buffer text = buffer_make(0);
    struct config *config;
    size_t n, more;

    (void)state;
    buffer_text(&text, "defaults: {every: soon, tcp: {warn_after: late, adress: x}}\nservices:\n  a:\n    checks:\n");
    for (int i = 0; i < 3000; i++)
        buffer_printf(&text, "      c%d: {tcp: {address: a:1}}\n", i);
    buffer_text(&text, "      last: {tcp: {address: a}}\n");
    config = support_load_text("twice.yaml", buffer_string(&text));
    config_problems(config, &n, &more);
    assert_int_equal(config_errors(config), 4);
    assert_int_equal(n, 4);
    assert_int_equal(more, 0);
    buffer_free(&text);
    config_free(config);
}

static void a_warning_is_no_error(void **state)
{
    struct config *config = support_load_text("warning.yaml", "services: {a: {needs: [b, b], enabled: false}, b: {enabled: false}}\n");
    struct model *model = config_model(config);

    (void)state;
    assert_int_equal(config_errors(config), 0);
    assert_int_equal(count(config, CONFIG_WARNING), 1);
    assert_non_null(model);
    model_drop(model);
    config_free(config);
}

/* ---- one line each ---- */

static void control_characters_are_shown(void **state)
{
    (void)state;
    assert_string_equal(support_told("control.yaml", "\"a\\nb\\x07\\e\\u009b\": x\n"), "control.yaml:1:1: error: unknown key `a\\x0Ab\\x07\\x1B\\xC2\\x9B`\n");
    assert_string_equal(support_told("con\ntrol.yaml", "zebra: x\n"), "con\\x0Atrol.yaml:1:1: error: unknown key `zebra`\n");
}

static void long_texts_are_cut_between_characters(void **state)
{
    struct buffer text = buffer_make(0), told = buffer_make(0);
    struct config *config;

    (void)state;
    for (int i = 0; i < 400; i++)
        buffer_text(&text, "\xc3\xa9");
    buffer_text(&text, ": x\n");
    config = support_load_text("long.yaml", buffer_string(&text));
    support_problems(config, support_folder(), &told);
    assert_int_equal(text_valid_utf8(buffer_string(&told), told.len), told.len);
    assert_true(told.len < 200);
    buffer_free(&text);
    buffer_free(&told);
    config_free(config);
}

/* ---- JSON ---- */

static const char *field(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

static int number(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name)->valueint;
}

static void problems_as_json(void **state)
{
    struct config *config = support_load_text("json.yaml", "listn: \"x\"\n\"a\\\"\\n\": x\nservices: {a: {enabled: false, needs: [a1, a1]}, a1: {enabled: false}, a: {enabled: false}}\n");
    struct buffer text = buffer_make(0);
    const cJSON *list, *first, *second, *third, *fourth;
    cJSON *json;

    (void)state;
    config_problems_json(config, &text);
    json = cJSON_Parse(buffer_string(&text));
    assert_non_null(json);
    assert_true(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(json, "ok")));
    list = cJSON_GetObjectItemCaseSensitive(json, "problems");
    assert_int_equal(cJSON_GetArraySize(list), 4);
    first = cJSON_GetArrayItem(list, 0);
    second = cJSON_GetArrayItem(list, 1);
    third = cJSON_GetArrayItem(list, 2);
    fourth = cJSON_GetArrayItem(list, 3);
    assert_non_null(strstr(field(first, "file"), "/json.yaml"));
    assert_int_equal(number(first, "line"), 1);
    assert_int_equal(number(first, "column"), 1);
    assert_string_equal(field(first, "severity"), "error");
    assert_string_equal(field(first, "message"), "unknown key `listn`");
    assert_string_equal(field(first, "hint"), "did you mean `listen`?");
    assert_string_equal(field(second, "message"), "unknown key `a\"\n`");
    assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(second, "hint")));
    assert_string_equal(field(third, "severity"), "warning");
    assert_string_equal(field(fourth, "message"), "the key `a` stands here twice");
    assert_non_null(strstr(field(fourth, "hint"), "first defined here ("));
    assert_non_null(strstr(field(fourth, "hint"), "json.yaml:3:12)"));
    assert_int_equal(number(json, "more"), 0);
    cJSON_Delete(json);
    buffer_free(&text);
    config_free(config);
}

static void good_ones_as_json(void **state)
{
    struct config *config = support_load_text("json-good.yaml", "services: {a: {enabled: false}}\n");
    struct buffer text = buffer_make(0);

    (void)state;
    config_problems_json(config, &text);
    assert_string_equal(buffer_string(&text), "{\"ok\":true,\"problems\":[],\"more\":0}");
    buffer_free(&text);
    config_free(config);
}

/* ---- no memory ---- */

static void a_configuration_that_is_too_large_says_so(void **state)
{
    struct buffer text = buffer_make(0);
    struct config *config;
    char name[64];
    size_t n, more;

    (void)state;
    buffer_text(&text, "service: a\n# ");
    while (text.len < (1 << 20) - 100)
        buffer_text(&text, "a line of comment that goes on\n# ");
    for (int i = 0; i < 45; i++) {
        snprintf(name, sizeof name, "large/%02d.yaml", i);
        support_write(name, buffer_string(&text), text.len);
    }
    config = support_load_text("large.yaml", "zebra: x\ninclude: [large/*.yaml]\n");
    assert_int_equal(count(config, CONFIG_ERROR), config_errors(config));
    assert_null(config_model(config));
    assert_string_equal(config_problems(config, &n, &more)[0].message, "there is not enough memory for this configuration, which may take up to 54 MiB; make it smaller");
    assert_non_null(strstr(config_problems(config, &n, &more)[0].place.file, "large.yaml"));
    assert_string_equal(config_problems(config, &n, &more)[1].message, "unknown key `zebra`"); /* what was found before is told as well */
    buffer_free(&text);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_are_shown_and_the_rest_is_counted),
        cmocka_unit_test(thousands_are_counted),
        cmocka_unit_test(warnings_never_hide_an_error),
        cmocka_unit_test(what_is_said_twice_is_one_problem),
        cmocka_unit_test(a_warning_is_no_error),
        cmocka_unit_test(control_characters_are_shown),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(problems_as_json),
        cmocka_unit_test(good_ones_as_json),
        cmocka_unit_test(a_configuration_that_is_too_large_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
