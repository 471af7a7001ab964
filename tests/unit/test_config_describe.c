/* What plugins say of themselves comes from other processes: wrong descriptions, plugins that cannot be had, and what their own validation refuses. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char use[] = "plugins: {mine: {path: ./mine.so}}\nservices: {a: {checks: {x: {mine: {size: 5}}}}}\n";

static void add_problems(struct config *config, struct buffer *out)
{
    support_problems(config, support_folder(), out);
}

/* The use of a plugin that describes itself like that. */
static const char *told_of(const char *description)
{
    static char told[2000];
    struct buffer out = buffer_make(0);
    struct config *config = support_read(support_write("describe.yaml", use, sizeof use - 1), NULL);

    config_described(config, "mine", description, NULL, false);
    config_check(config);
    add_problems(config, &out);
    snprintf(told, sizeof told, "%s", buffer_string(&out));
    buffer_free(&out);
    config_free(config);
    return told;
}

static void assert_wrong(const char *description, const char *why)
{
    char expected[500];

    snprintf(expected, sizeof expected, "describe.yaml:2:29: error: the plugin `mine` cannot be used: its description is wrong: %s\n", why);
    assert_string_equal(told_of(description), expected);
}

#define OPERATION(text) "{\"name\":\"mine\",\"operations\":[{\"kind\":\"check\",\"name\":\"mine\"," text "}]}"
#define OPTION(text) OPERATION("\"options\":[{\"name\":\"size\"," text "}]")

static void wrong_descriptions(void **state)
{
    (void)state;
    assert_wrong("", "it is no `JSON`");
    assert_wrong("{\"operations\":[", "it is no `JSON`");
    assert_wrong("[]", "no list of `operations`");
    assert_wrong("{\"operations\":{}}", "no list of `operations`");
    assert_wrong("{\"operations\":[]}", "no list of `operations`");
    assert_wrong("{\"operations\":[{\"kind\":\"check\",\"name\":\"A b\"}]}", "an operation's name `A b`");
    assert_wrong("{\"operations\":[{\"kind\":\"check\"}]}", "an operation's name `?`");
    assert_wrong("{\"operations\":[{\"kind\":\"thing\",\"name\":\"mine\"}]}", "the kind of `mine`");
    assert_wrong(OPERATION("\"impact\":\"much\""), "the impact of `mine`");
    assert_wrong(OPERATION("\"metrics\":{}"), "the metrics of `mine`");
    assert_wrong(OPERATION("\"metrics\":[{\"name\":\"A\"}]"), "a metric's name `A`");
    assert_wrong(OPERATION("\"options\":{}"), "the options are no list, or too many `options`");
    assert_wrong(OPERATION("\"options\":[{\"name\":\"a b\",\"type\":\"int\"}]"), "an option's name `a b`");
    assert_wrong(OPERATION("\"options\":[{\"name\":\"a\",\"type\":\"int\"},{\"name\":\"a\",\"type\":\"int\"}]"), "twice the option `a`");
    assert_wrong(OPTION("\"type\":\"colour\""), "the type of the option `size`");
    assert_wrong(OPTION("\"type\":\"int\",\"min\":\"x\""), "a bound of the option `size`");
    assert_wrong(OPTION("\"type\":\"int\",\"max\":true"), "a bound of the option `size`");
    assert_wrong(OPTION("\"type\":\"enum\""), "the choices of the option `size`");
    assert_wrong(OPTION("\"type\":\"enum\",\"choices\":[1]"), "the choices of the option `size`");
}

static void wrong_defaults(void **state)
{
    (void)state;
    assert_wrong(OPTION("\"type\":\"int\",\"default\":\"many\""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"int\",\"max\":\"3\",\"default\":\"4\""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"duration\",\"default\":\"5\""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"enum\",\"choices\":[\"5\"],\"default\":\"6\""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"list\",\"default\":\"[a, \""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"map\",\"default\":\"[a]\""), "the default of the option `size`");
    assert_wrong(OPTION("\"type\":\"table\",\"default\":\"{a: b}\""), "the default of the option `size`");
}

static void deep_descriptions(void **state)
{
    struct buffer deep = buffer_make(0);

    (void)state;
    buffer_text(&deep, "{\"operations\":[{\"kind\":\"check\",\"name\":\"mine\",\"options\":");
    for (int i = 0; i < 20; i++)
        buffer_text(&deep, "[{\"name\":\"a\",\"type\":\"group\",\"fields\":");
    buffer_text(&deep, "[]");
    for (int i = 0; i < 20; i++)
        buffer_text(&deep, "}]");
    buffer_text(&deep, "}]}");
    assert_wrong(buffer_string(&deep), "the options are no list, or too many `options`");
    buffer_clear(&deep);
    for (int i = 0; i < 100000; i++)
        buffer_char(&deep, '[');
    assert_wrong(buffer_string(&deep), "it is no `JSON`");
    buffer_free(&deep);
}

static void good_descriptions(void **state)
{
    (void)state;
    assert_string_equal(told_of(OPTION("\"type\":\"int\",\"min\":\"0\",\"max\":10,\"unheard_of\":[1]")), "");
    assert_string_equal(told_of(OPTION("\"type\":\"int\",\"min\":\"6\"")), "describe.yaml:2:42: error: `size` must be a whole number: 5 is less than 6\n");
    assert_string_equal(told_of("{\"operations\":[{\"kind\":\"action\",\"name\":\"mine\"}]}"),
                        "describe.yaml:2:29: error: `mine` is an action, which a runbook may do; a check type is expected here\n");
}

/* ---- plugins that cannot be had ---- */

static void a_plugin_that_cannot_be_loaded(void **state)
{
    struct config *config = support_read(support_write("describe.yaml", use, sizeof use - 1), NULL);
    struct buffer told = buffer_make(0);

    (void)state;
    config_described(config, "mine", NULL, "it is written for a later Talon (2.0)", false);
    config_described(config, "nobody", NULL, "nobody asked", false);
    config_check(config);
    add_problems(config, &told);
    assert_string_equal(buffer_string(&told), "describe.yaml:2:29: error: the plugin `mine` cannot be used: it is written for a later Talon (2.0)\n");
    buffer_free(&told);
    config_free(config);
}

static void a_plugin_that_nobody_asked(void **state)
{
    struct config *config = support_read(support_write("describe.yaml", use, sizeof use - 1), NULL);
    struct buffer told = buffer_make(0);

    (void)state;
    config_check(config);
    add_problems(config, &told);
    assert_string_equal(buffer_string(&told), "describe.yaml:2:29: error: the plugin `mine` cannot be used: nobody could ask it what it does\n");
    buffer_free(&told);
    config_free(config);
}

static void only_plugins_that_are_used_are_asked(void **state)
{
    static const char text[] = "plugins: {mine: {command: [python3, mine.py]}, redis: {host: own}}\n"
                               "defaults: {tcp: {warn_after: 1s}}\n"
                               "services: {a: {checks: {x: {load: {}}, y: {greenhouse.workload: {name: x}}}}}\n";
    static const char *const expected[] = { "mine", "redis", "load", "greenhouse", "tcp" };
    struct config *config = support_read(support_write("used.yaml", text, sizeof text - 1), NULL);
    size_t n;
    const struct config_plugin *list = config_plugins(config, &n);

    (void)state;
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(list[i].name, expected[i]);
    assert_null(list[0].path);
    assert_string_equal(list[0].command[1], "mine.py");
    assert_true(list[0].own_host && !list[0].shipped);
    assert_true(list[1].own_host && list[1].shipped);
    assert_false(list[2].own_host);
    assert_non_null(strstr(list[2].path, "/plugins/load.so"));
    config_free(config);
}

/* ---- what plugins refuse ---- */

static const char validated[] = "secrets: {pw: {env: PW}}\n"
                                "defaults: {http: {expect_body: \"a(\"}}\n"
                                "services:\n"
                                "  a:\n"
                                "    checks:\n"
                                "      x: {http: {url: \"http://[\", password: \"${secrets.pw}\", tls: {key: \"${secrets.pw}\", cert: cert.pem}}}\n"
                                "      y: {load: {}}\n"
                                "      z: {process: {name: x}}\n";

static void validation_gets_what_is_no_secret(void **state)
{
    struct config *config = support_load_text("validated.yaml", validated);
    size_t n;
    const struct config_validation *list = config_validations(config, &n);

    (void)state;
    assert_int_equal(n, 2); /* `load` says that it has nothing to validate */
    assert_string_equal(list[0].plugin, "http");
    assert_string_equal(list[0].operation, "http");
    assert_non_null(strstr(list[0].conf, "\"url\":\"http://[\""));
    assert_non_null(strstr(list[0].conf, "\"expect_body\":\"a(\""));
    assert_non_null(strstr(list[0].conf, "\"tls\":{\"cert\":\""));
    assert_null(strstr(list[0].conf, "password"));
    assert_null(strstr(list[0].conf, "\"key\""));
    assert_string_equal(list[1].operation, "process");
    config_free(config);
}

static void refusals_stand_where_the_option_stands(void **state)
{
    struct config *config = support_load_text("validated.yaml", validated);
    struct buffer told = buffer_make(0);

    (void)state;
    config_refused(config, 0, "url", "the host is missing");
    config_refused(config, 0, "expect_body", "missing closing parenthesis");
    config_refused(config, 0, "tls.cert", "no certificate is in it");
    config_refused(config, 0, "tls.server_name", "not given, and wrong all the same");
    config_refused(config, 0, "nonsense.deep", "unheard of");
    config_refused(config, 1, NULL, "name alone is not enough");
    config_refused(config, 7, NULL, "never asked");
    add_problems(config, &told);
    assert_string_equal(buffer_string(&told),
                        "validated.yaml:2:32: error: `expect_body`: missing closing parenthesis\n"
                        "validated.yaml:6:11: error: `nonsense.deep`: unheard of\n"
                        "validated.yaml:6:23: error: `url`: the host is missing\n"
                        "validated.yaml:6:67: error: `tls.server_name`: not given, and wrong all the same\n"
                        "validated.yaml:6:96: error: `tls.cert`: no certificate is in it\n"
                        "validated.yaml:8:11: error: name alone is not enough\n");
    assert_null(config_model(config));
    buffer_free(&told);
    config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_descriptions),
        cmocka_unit_test(wrong_defaults),
        cmocka_unit_test(deep_descriptions),
        cmocka_unit_test(good_descriptions),
        cmocka_unit_test(a_plugin_that_cannot_be_loaded),
        cmocka_unit_test(a_plugin_that_nobody_asked),
        cmocka_unit_test(only_plugins_that_are_used_are_asked),
        cmocka_unit_test(validation_gets_what_is_no_secret),
        cmocka_unit_test(refusals_stand_where_the_option_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
