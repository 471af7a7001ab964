/*
 * The JSON Schema for editors: valid JSON, every reference leads somewhere, every option of every described check type is in it. Where Python and its jsonschema
 * module are there, the schema is held against its own standard, and against configurations that are good or bad.
 */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const plugins[] = { "colima", "disk", "exec", "file", "greenhouse", "http", "kubernetes", "load", "memory", "orchid", "process", "redis", "tcp" };
enum { PLUGINS = sizeof plugins / sizeof *plugins };

static struct buffer make_schema(void)
{
    struct buffer out = buffer_make(0);
    char *descriptions[PLUGINS + 2];

    for (size_t i = 0; i < PLUGINS; i++) {
        descriptions[i] = support_description(plugins[i]);
        assert_non_null(descriptions[i]);
    }
    descriptions[PLUGINS] = strdup("no JSON"); /* left out */
    descriptions[PLUGINS + 1] = strdup("{\"name\":\"odd\",\"operations\":[{\"name\":\"a b\"}]}");
    config_schema((const char *const *)descriptions, PLUGINS + 2, &out);
    for (size_t i = 0; i < PLUGINS + 2; i++)
        free(descriptions[i]);
    assert_false(out.failed);
    return out;
}

/* ---- by itself ---- */

static void assert_references(const cJSON *root, const cJSON *at)
{
    static const char prefix[] = "#/$defs/";
    const cJSON *child;

    if (at->string && strcmp(at->string, "$ref") == 0) {
        assert_memory_equal(at->valuestring, prefix, sizeof prefix - 1);
        assert_non_null(cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "$defs"), at->valuestring + sizeof prefix - 1));
    }
    cJSON_ArrayForEach(child, at)
        assert_references(root, child);
}

static const cJSON *walk(const cJSON *at, const char *const *path)
{
    for (; *path && at; path++)
        at = cJSON_GetObjectItemCaseSensitive(at, *path);
    return at;
}

static void assert_options(const cJSON *defs, const char *family, const char *type, const cJSON *options)
{
    char name[100];
    const cJSON *option;

    snprintf(name, sizeof name, "%s.%s", family, type);
    cJSON_ArrayForEach(option, options)
    {
        const char *const path[] = { name, "properties", cJSON_GetObjectItemCaseSensitive(option, "name")->valuestring, NULL };

        assert_non_null(walk(defs, path));
    }
}

static void every_option_is_in_it(void **state)
{
    struct buffer text = make_schema();
    cJSON *schema = cJSON_Parse(buffer_string(&text));
    const cJSON *defs = cJSON_GetObjectItemCaseSensitive(schema, "$defs"), *operation;

    (void)state;
    assert_non_null(schema);
    assert_references(schema, schema);
    for (size_t i = 0; i < PLUGINS; i++) {
        char *description = support_description(plugins[i]), type[100];
        cJSON *plugin = cJSON_Parse(description);

        cJSON_ArrayForEach(operation, cJSON_GetObjectItemCaseSensitive(plugin, "operations"))
        {
            const char *own = cJSON_GetObjectItemCaseSensitive(operation, "name")->valuestring;
            const char *const path[] = { "check", "properties", type, NULL };

            snprintf(type, sizeof type, strcmp(own, plugins[i]) == 0 ? "%s" : "%s.%s", plugins[i], own);
            if (strcmp(cJSON_GetObjectItemCaseSensitive(operation, "kind")->valuestring, "action") == 0) {
                assert_null(walk(defs, path));
                continue;
            }
            assert_non_null(walk(defs, path));
            assert_options(defs, "type", type, cJSON_GetObjectItemCaseSensitive(operation, "options"));
            assert_options(defs, "default", type, cJSON_GetObjectItemCaseSensitive(operation, "options"));
        }
        cJSON_Delete(plugin);
        free(description);
    }
    cJSON_Delete(schema);
    buffer_free(&text);
}

static void no_plugin_gives_a_schema_as_well(void **state)
{
    struct buffer text = buffer_make(0);
    cJSON *schema;

    (void)state;
    config_schema(NULL, 0, &text);
    schema = cJSON_Parse(buffer_string(&text));
    assert_non_null(schema);
    assert_references(schema, schema);
    cJSON_Delete(schema);
    buffer_free(&text);
}

/* ---- by its own standard ---- */

static int run_python(const char *script, const char *schema, const char *files)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        execlp("python3", "python3", script, schema, files, (char *)NULL);
        _exit(77);
    }
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void it_keeps_its_own_standard(void **state)
{
    struct buffer text = make_schema();
    char schema[2048], script[2048];
    int code;

    (void)state;
    snprintf(script, sizeof script, "%s", support_fixture("schema.py"));
    snprintf(schema, sizeof schema, "%s", support_write("schema.json", buffer_string(&text), text.len));
    buffer_free(&text);
    code = run_python(script, schema, support_fixture("good"));
    if (code == 77)
        skip(); /* no Python, or not these modules */
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_option_is_in_it),
        cmocka_unit_test(no_plugin_gives_a_schema_as_well),
        cmocka_unit_test(it_keeps_its_own_standard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
