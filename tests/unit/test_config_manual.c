/* The manual page talon.yaml(5) says what is so: its examples are read without a warning, and every key, option, default and metric is in it. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const shipped[] = { "caddy", "clock", "colima", "disk", "docker", "exec", "file", "gateway", "grpc", "http", "imsg", "inngest",
                                       "kubernetes", "launchd", "load", "log", "memory", "mount", "notify", "process", "redis", "secrets", "systemd",
                                       "tailscale", "talos", "tcp" };
enum { SHIPPED = sizeof shipped / sizeof *shipped };

static struct buffer page;

static int read_page(void **state)
{
    const char *srcdir = getenv("srcdir");
    char path[2048];

    (void)state;
    page = buffer_make(0);
    snprintf(path, sizeof path, "%s/docs/talon.yaml.5", srcdir ? srcdir : ".");
    return support_slurp(path, &page) ? 0 : -1;
}

static int free_page(void **state)
{
    (void)state;
    buffer_free(&page);
    return 0;
}

/* ---- examples ---- */

/* The text of a literal block: `\e` is a backslash, `\&` nothing. */
static void add_literal(struct buffer *out, const char *from, const char *end)
{
    for (; from < end; from++) {
        if (*from != '\\')
            buffer_char(out, *from);
        else if (*++from == 'e')
            buffer_char(out, '\\');
    }
}

/* Alone, a service file's own mistakes are told, and that the rest cannot be. */
static bool is_good(const char *told)
{
    while (*told) {
        const char *end = strchr(told, '\n'), *alone = strstr(told, " is not checked without the main file\n");

        if (!end || !alone || alone > end)
            return false;
        told = end + 1;
    }
    return true;
}

static void examples_are_right(void **state)
{
    static const char mark[] = "\n.\\\" example: ";
    const char *at = buffer_string(&page);
    unsigned n = 0;

    (void)state;
    while ((at = strstr(at, mark))) {
        const char *begin = strchr(strstr(at, "\n.Bd "), '\n'), *end = strstr(at, "\n.Ed\n");
        const bool whole = strncmp(at + sizeof mark - 1, "main", 4) == 0;
        struct buffer example = buffer_make(0);
        const char *told;

        begin = strchr(begin + 1, '\n') + 1;
        assert_true(end && begin < end);
        add_literal(&example, begin, end + 1);
        told = support_told("manual.yaml", buffer_string(&example));
        if (whole ? told[0] != '\0' : !is_good(told))
            fail_msg("example:\n%s\ntold:\n%s", buffer_string(&example), told);
        buffer_free(&example);
        at = end;
        n++;
    }
    assert_true(n >= 6);
}

/* ---- keys ---- */

/* Is there ".It Ic KEY" (alone, or among others of that line) in the section that begins so? Copies its line. */
static bool find_item(const char *section, const char *macro, const char *key, char line[500])
{
    const char *at = strstr(buffer_string(&page), section), *end;
    char item[200];

    assert_non_null(at);
    end = strstr(at + 1, strncmp(section, "\n.Ss", 4) == 0 ? "\n.S" : "\n.Sh");
    snprintf(item, sizeof item, " %s ", key);
    while ((at = strstr(at, "\n.It ")) && (!end || at < end)) {
        const char *stop = strchr(at + 1, '\n');

        snprintf(line, 500, "%.*s ", (int)(stop - at - 1), at + 1);
        if (strncmp(line + 3, macro, strlen(macro)) == 0 && strstr(line, item))
            return true;
        at = stop;
    }
    return false;
}

/* fallback NULL: any. */
static void assert_item(const char *section, const char *key, const char *fallback)
{
    char line[500], pair[300];

    if (!find_item(section, " Ic", key, line))
        fail_msg("%s has no item `.It Ic %s`", section + 1, key);
    snprintf(pair, sizeof pair, " Pq %s ", fallback ? fallback : "");
    if (fallback && !strstr(line, pair))
        fail_msg("%s: `%s` has the default %s, but `%s`", section + 1, key, fallback, line);
}

static const char *default_of(const cJSON *property)
{
    static char text[100];
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(property, "default");

    if (cJSON_IsString(item))
        return item->valuestring;
    if (cJSON_IsBool(item))
        return cJSON_IsTrue(item) ? "true" : "false";
    if (!cJSON_IsNumber(item))
        return NULL;
    snprintf(text, sizeof text, "%g", item->valuedouble);
    return text;
}

/* All keys of a definition that are not check types; those of maps with a dot. */
static void assert_keys(const cJSON *schema, const char *definition, const char *section)
{
    const cJSON *defs = cJSON_GetObjectItemCaseSensitive(schema, "$defs"), *property, *inner;
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(defs, definition), "properties");
    char key[200];

    assert_true(cJSON_GetArraySize(all) > 5);
    cJSON_ArrayForEach(property, all)
    {
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(property, "properties"), *reference = cJSON_GetObjectItemCaseSensitive(property, "$ref");

        if (cJSON_IsString(reference) && (strstr(reference->valuestring, "/type.") || strstr(reference->valuestring, "/default.")))
            continue;
        if (strcmp(property->string, "heartbeat") == 0 || strcmp(property->string, "history") == 0)
            snprintf(key, sizeof key, "%s.%s", property->string, property->string[1] == 'e' ? "url" : "raw");
        else
            snprintf(key, sizeof key, "%s", property->string);
        if (!fields)
            assert_item(section, key, default_of(property));
        cJSON_ArrayForEach(inner, fields)
        {
            snprintf(key, sizeof key, "%s.%s", property->string, inner->string);
            assert_item(section, key, NULL);
        }
    }
}

static void every_key_is_in_it(void **state)
{
    struct buffer text = buffer_make(0);
    cJSON *schema;

    (void)state;
    config_schema(NULL, 0, &text);
    schema = cJSON_Parse(buffer_string(&text));
    assert_non_null(schema);
    assert_keys(schema, "main", "\n.Sh MAIN FILE");
    assert_keys(schema, "service_file", "\n.Sh SERVICE FILES");
    assert_keys(schema, "check", "\n.Sh CHECKS");
    assert_keys(schema, "program", "\n.Sh PROGRAMS");
    cJSON_Delete(schema);
    buffer_free(&text);
}

/* What holds where nothing is said, in the words of `talon config show`. */
static void defaults_of_the_main_file_are_right(void **state)
{
    struct config *config;
    struct buffer shown = buffer_make(0);
    unsigned n = 0;

    (void)state;
    setenv("HOME", "/home/talon", 1);
    unsetenv("TALON_STATE");
    config = support_load_text("manual.yaml", "include: []\n");
    config_show(config, NULL, &shown);
    for (const char *at = buffer_string(&shown); *at; at = strchr(at, '\n') + 1) {
        char key[100], value[1000], line[500];

        assert_int_equal(sscanf(at, "%99[^ ] = %999[^#]", key, value), 2);
        value[strlen(value) - 3] = '\0'; /* blanks before the place */
        if (strcmp(key, "exec_path") == 0 || value[0] == '/')
            continue; /* told in words */
        assert_item("\n.Sh MAIN FILE", key, value);
        assert_true(find_item("\n.Sh MAIN FILE", " Ic", key, line));
        n++;
    }
    assert_true(n >= 9);
    buffer_free(&shown);
    config_free(config);
}

/* ---- check types ---- */

/* Options that all checks of a plugin have may stand in a section of its own, before theirs. */
static const char *section_of(const char *section, const char *option)
{
    static const char shared[] = "\n.Ss kubernetes\n";
    char line[500];

    return strncmp(section, "\n.Ss kubernetes.", 16) == 0 && find_item(shared, " Ic", option, line) ? shared : section;
}

static void assert_options(const char *section, const cJSON *options, const char *prefix)
{
    const cJSON *option;
    char name[200], line[500];

    cJSON_ArrayForEach(option, options)
    {
        const cJSON *fallback = cJSON_GetObjectItemCaseSensitive(option, "default");

        snprintf(name, sizeof name, "%s%s", prefix, cJSON_GetObjectItemCaseSensitive(option, "name")->valuestring);
        assert_item(section_of(section, name), name, cJSON_IsString(fallback) ? fallback->valuestring : NULL);
        assert_true(find_item(section_of(section, name), " Ic", name, line));
        if (!fallback && strstr(line, " Pq "))
            fail_msg("%s: `%s` has no default, but `%s`", section + 1, name, line);
        snprintf(line, sizeof line, "%s.", name);
        assert_options(section, cJSON_GetObjectItemCaseSensitive(option, "fields"), line);
    }
}

static void assert_operation(const char *plugin, const cJSON *operation)
{
    const char *own = cJSON_GetObjectItemCaseSensitive(operation, "name")->valuestring;
    const bool alone = strcmp(own, plugin) == 0;
    char section[100], line[500];
    const cJSON *metric;

    snprintf(section, sizeof section, "\n.Ss %s%s%s\n", alone ? "" : plugin, alone ? "" : ".", own);
    assert_options(section, cJSON_GetObjectItemCaseSensitive(operation, "options"), "");
    cJSON_ArrayForEach(metric, cJSON_GetObjectItemCaseSensitive(operation, "metrics"))
    {
        const char *name = cJSON_GetObjectItemCaseSensitive(metric, "name")->valuestring;

        if (!find_item(section, " Va", name, line))
            fail_msg("%s has no metric `%s`", section + 1, name);
    }
}

static void every_option_and_metric_is_in_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHIPPED; i++) {
        char *text = support_description(shipped[i]);
        cJSON *plugin = cJSON_Parse(text);
        const cJSON *operation;

        cJSON_ArrayForEach(operation, cJSON_GetObjectItemCaseSensitive(plugin, "operations")) assert_operation(shipped[i], operation);
        cJSON_Delete(plugin);
        free(text);
    }
}

static void runbooks_are_in_it_with_their_defaults(void **state)
{
    static const char section[] = "\n.Sh RUNBOOKS";
    static const char *const keys[] = { "runbook", "title", "note", "params", "impact", "limits", "steps", "verify", "deadline", "warmup", "locks", "owner",
                                        "do", "collect", "until", "wait", "if" };

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_item(section, keys[i], NULL);
    assert_item(section, "attempts", "3");
    assert_item(section, "cooldown", "15m");
    assert_item(section, "at_most", "3 per 6h");
    assert_item(section, "hold_after_failure", "30m");
    assert_item(section, "confirm.ticks", "2");
    assert_item(section, "confirm.or.tries", "6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_right),
        cmocka_unit_test(every_key_is_in_it),
        cmocka_unit_test(runbooks_are_in_it_with_their_defaults),
        cmocka_unit_test(defaults_of_the_main_file_are_right),
        cmocka_unit_test(every_option_and_metric_is_in_it),
    };

    return cmocka_run_group_tests(tests, read_page, free_page);
}
