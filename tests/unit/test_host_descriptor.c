/* A plugin's descriptor: everything that is wrong with one is refused with a sentence, and sizes of other releases are understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../plugins/host/plugins.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct conf {
    const char *text;
    int64_t whole;
    int32_t choice;
    const char *const *list;
    struct {
        const char *inner;
    } group;
    struct talon_table table;
};

struct row {
    int64_t n;
};

static const char *const choices[] = { "one", "two", NULL };

/* What each test changes: a good one otherwise. */
static struct {
    struct talon_option options[8], fields[3], rows[3];
    struct talon_metric metrics[4];
    struct talon_operation operations[2];
    struct talon_plugin plugin;
} made;

static int validate(const void *conf, struct talon_problem *problem)
{
    (void)conf, (void)problem;
    return 0;
}

static void start(struct talon_run *run)
{
    (void)run;
}

static int make_good(void **unused)
{
    const struct talon_option options[] = {
        { .name = "text", TALON_STRING_AT(struct conf, text), .fallback = "a", .help = "Text." },
        { .name = "whole", TALON_INT_AT(struct conf, whole), .min = 1, .max = 9, .fallback = "5", .help = "Number." },
        { .name = "choice", TALON_ENUM_AT(struct conf, choice), .choices = choices, .help = "Choice." },
        { .name = "list", TALON_LIST_AT(struct conf, list), .flags = TALON_REQUIRED | TALON_SECRET, .help = "List." },
        { .name = "group", TALON_GROUP_AT(struct conf, group), .fields = made.fields, .help = "Group." },
        { .name = "table", TALON_TABLE_AT(struct conf, table, struct row), .fields = made.rows, .help = "Table." },
        { .name = NULL },
    };
    const struct talon_metric metrics[] = { { "time", "s", "Time." }, { "*", "", "Others." }, { NULL, NULL, NULL } };
    const struct talon_operation first = { .kind = TALON_CHECK, .name = "made", .summary = "Made.", .options = made.options, .metrics = made.metrics,
                                           .conf_size = sizeof(struct conf), .validate = validate, .start = start };
    const struct talon_operation second = { .kind = TALON_ACTION, .flags = TALON_BLOCKING | TALON_REPEATABLE, .name = "act-now", .impact = TALON_DISRUPT, .start = start };
    const struct talon_plugin plugin = { TALON_PLUGIN_HEAD, .name = "made", .version = "1.2.3", .license = "MIT", .summary = "Made.", TALON_OPERATIONS(made.operations) };

    (void)unused;
    memset(&made, 0, sizeof made);
    memcpy(made.options, options, sizeof options);
    memcpy(made.metrics, metrics, sizeof metrics);
    made.fields[0] = (struct talon_option){ .name = "inner", .type = TALON_T_STRING, .offset = 0, .help = "Inner." };
    made.rows[0] = (struct talon_option){ .name = "n", TALON_INT_AT(struct row, n), .flags = TALON_REQUIRED, .help = "N." };
    made.operations[0] = first;
    made.operations[1] = second;
    made.plugin = plugin;
    return 0;
}

/* It must be refused, with these words. */
static void refused(const char *part)
{
    struct plugin plugin = { .path = (char *)(uintptr_t)"/x/made.so" };
    char why[PLUGIN_WHY] = "";
    const bool good = descriptor_copy(&plugin, &made.plugin, why);

    descriptor_free(&plugin);
    if (good || !strstr(why, part))
        print_error("%s: \"%s\" does not hold \"%s\"\n", good ? "accepted" : "refused", why, part);
    assert_false(good);
    assert_non_null(strstr(why, part));
}

static void accepted(void)
{
    struct plugin plugin = { .path = (char *)(uintptr_t)"/x/made.so" };
    char why[PLUGIN_WHY] = "";
    const bool good = descriptor_copy(&plugin, &made.plugin, why);

    if (!good)
        print_error("%s\n", why);
    descriptor_free(&plugin);
    assert_true(good);
}

static void refuses_versions_and_sizes(void **state)
{
    accepted();
    made.plugin.abi_major = 2;
    refused("was made for version 2 of the plugin ABI, this is 1.0");
    make_good(state);
    made.plugin.abi_minor = TALON_ABI_MINOR + 1;
    refused("wants version 1.1 of the plugin ABI");
    make_good(state);
    made.plugin.size = 16;
    refused("says that it has 16 bytes");
    make_good(state);
    made.plugin.option_size = 8;
    refused("impossible sizes");
    make_good(state);
    made.plugin.operation_size = (uint32_t)sizeof(struct talon_operation) - 8;
    refused("impossible sizes");
    make_good(state);
    made.plugin.metric_size = 0;
    refused("impossible sizes");
}

static void refuses_names(void **state)
{
    made.plugin.name = NULL;
    refused("has no name");
    made.plugin.name = "Made";
    refused("has the name \"Made\"");
    made.plugin.name = "made-up";
    refused("has the name \"made-up\"");
    make_good(state);
    made.operations[1].name = NULL;
    refused("operation 2 of the plugin made has no name");
    made.operations[1].name = "act now";
    refused("the operation \"act now\"");
    made.operations[1].name = "made";
    refused("two operations of the name made");
    make_good(state);
    made.options[0].name = "te-xt";
    refused("the option `te-xt` of made has a bad name");
    make_good(state);
    made.metrics[0].name = "time.s";
    refused("the metric \"time.s\"");
    make_good(state);
    made.metrics[1].unit = "furlongs per fortnight";
    refused("has the unit");
}

static void refuses_operations(void **state)
{
    made.plugin.n_operations = 0;
    refused("has no operations");
    make_good(state);
    made.plugin.operations = NULL;
    refused("has no operations");
    make_good(state);
    made.operations[1].start = NULL;
    refused("the operation act-now of the plugin made has no start()");
    make_good(state);
    made.operations[0].kind = 7;
    refused("is of the kind 7");
    make_good(state);
    made.operations[1].impact = 9;
    refused("has the impact 9");
    make_good(state);
    made.operations[0].run_size = 1u << 30;
    refused("more than 16 MiB");
}

static void refuses_options(void **state)
{
    made.options[1].offset = sizeof(struct conf);
    refused("the option `whole` of made lies outside of its structure");
    made.options[1].offset = UINT32_MAX - 3;
    refused("lies outside");
    made.options[1].offset = 3;
    refused("lies where no member of its type can lie");
    make_good(state);
    made.operations[0].conf_size = 8;
    refused("lies outside");
    make_good(state);
    made.options[1].name = "text";
    refused("the option `text` of made is there twice");
    make_good(state);
    made.options[1].former = "text";
    refused("is there twice");
    make_good(state);
    made.options[0].type = 99;
    refused("a type that this Talon does not know");
    make_good(state);
    made.options[2].choices = NULL;
    refused("the option `choice` of made needs choices");
    make_good(state);
    made.options[4].fields = NULL;
    refused("the option `group` of made needs fields");
    make_good(state);
    made.rows[0].offset = 8;
    refused("the option `n` of table lies outside");
    make_good(state);
    made.options[5].row_size = 0;
    refused("impossible size of its rows");
    make_good(state);
    made.options[1].min = 10;
    refused("a least value over its greatest");
    make_good(state);
    made.fields[0].type = TALON_T_GROUP;
    made.fields[0].fields = made.fields; /* in itself */
    refused("is nested too deep");
}

static void refuses_defaults(void **state)
{
    made.options[1].fallback = "ten";
    refused("has the bad default \"ten\"");
    made.options[1].fallback = "10";
    refused("has the bad default \"10\": out of its range");
    make_good(state);
    made.options[2].fallback = "three";
    refused("has the bad default \"three\"");
    make_good(state);
    made.options[3].fallback = "x";
    refused("is required and has a default");
    make_good(state);
    made.options[0].type = TALON_T_BOOL;
    made.options[0].fallback = "yes";
    refused("has the bad default \"yes\"");
    made.options[0].type = TALON_T_DURATION;
    made.options[0].fallback = "5";
    refused("has the bad default \"5\"");
}

/* ---- sizes of other releases */

/* A later release's structures are longer: what is behind our end is not ours. */
struct longer_option {
    struct talon_option is;
    uint64_t later[3];
};
struct longer_operation {
    struct talon_operation is;
    uint64_t later[5];
};

static void understands_longer_structures(void **state)
{
    struct longer_option options[3] = { { .is = { .name = NULL } } };
    struct longer_operation operations[2];
    struct plugin plugin = { .path = (char *)(uintptr_t)"/x/made.so" };
    char why[PLUGIN_WHY] = "";

    (void)state;
    memset(options, 0xff, sizeof options);
    memset(operations, 0xff, sizeof operations);
    options[0].is = made.options[0];
    options[1].is = made.options[2];
    memset(&options[2].is, 0, sizeof options[2].is);
    operations[0].is = made.operations[0];
    operations[0].is.options = &options[0].is;
    operations[1].is = made.operations[1];
    made.plugin.option_size = sizeof options[0];
    made.plugin.operation_size = sizeof operations[0];
    made.plugin.operations = &operations[0].is;
    assert_true(descriptor_copy(&plugin, &made.plugin, why));
    assert_int_equal(plugin.n_operations, 2);
    assert_string_equal(plugin.operations[1].name, "made.act-now");
    assert_string_equal(plugin.operations[0].is.options[1].name, "choice");
    assert_null(plugin.operations[0].is.options[2].name);
    descriptor_free(&plugin);
}

/* ---- what the core is told */

static const cJSON *item(const cJSON *object, const char *name, int i)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItem(object, name), i);
}

static const char *text(const cJSON *object, const char *name)
{
    const char *found = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

    return found ? found : "";
}

static void describes(void **state)
{
    struct plugin plugin = { .path = (char *)(uintptr_t)"/x/made.so" };
    char why[PLUGIN_WHY] = "", *description;
    const cJSON *first, *second;
    cJSON *json;

    (void)state;
    made.options[0].help = "Bad \xff byte.";
    assert_true(descriptor_copy(&plugin, &made.plugin, why));
    description = plugin_describe(&plugin);
    json = cJSON_Parse(description);
    assert_non_null(json);
    first = item(json, "operations", 0);
    second = item(json, "operations", 1);
    assert_string_equal(text(json, "name"), "made");
    assert_string_equal(text(json, "version"), "1.2.3");
    assert_string_equal(text(json, "abi"), "1.0");
    assert_string_equal(text(first, "kind"), "check");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(first, "validates")));
    assert_string_equal(text(item(first, "options", 0), "type"), "string");
    assert_string_equal(text(item(first, "options", 0), "help"), "Bad \xef\xbf\xbd byte.");
    assert_string_equal(text(item(first, "options", 1), "min"), "1");
    assert_string_equal(text(item(first, "options", 1), "max"), "9");
    assert_string_equal(text(item(first, "options", 1), "default"), "5");
    assert_string_equal(item(item(first, "options", 2), "choices", 1)->valuestring, "two");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(item(first, "options", 3), "required")));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(item(first, "options", 3), "secret")));
    assert_string_equal(text(item(item(first, "options", 4), "fields", 0), "name"), "inner");
    assert_string_equal(text(item(item(first, "options", 5), "fields", 0), "type"), "int");
    assert_string_equal(text(item(first, "metrics", 0), "unit"), "s");
    assert_string_equal(text(item(first, "metrics", 1), "name"), "*");
    assert_string_equal(text(second, "kind"), "action");
    assert_string_equal(text(second, "impact"), "disruptive");
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(second, "blocking")));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(second, "repeatable")));
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(second, "validates")));
    cJSON_Delete(json);
    cJSON_free(description);
    descriptor_free(&plugin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(refuses_versions_and_sizes, make_good),
        cmocka_unit_test_setup(refuses_names, make_good),
        cmocka_unit_test_setup(refuses_operations, make_good),
        cmocka_unit_test_setup(refuses_options, make_good),
        cmocka_unit_test_setup(refuses_defaults, make_good),
        cmocka_unit_test_setup(understands_longer_structures, make_good),
        cmocka_unit_test_setup(describes, make_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
