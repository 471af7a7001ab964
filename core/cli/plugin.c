/* `talon plugin`: finds what is to be done; list, info and schema, which show what plugins say of themselves, are here. */
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/describe.h"
#include "cli/plugin.h"
#include "config/config.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] = "talon plugin list | info NAME|FILE | schema | new NAME [FOLDER] | test NAME|FILE [--option NAME=VALUE]... [--wire] [--gdb] | clear NAME   [--config FILE]";

static const char *text_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsString(item) ? item->valuestring : "";
}

static bool flag_of(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static const cJSON *list_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- list */

static void add_listed(struct buffer *out, const struct described *plugin)
{
    cJSON *json = plugin->description ? cJSON_Parse(plugin->description) : NULL;
    const cJSON *operation;
    const char *between = "";

    cli_cell(out, plugin->name, 12, 1);
    if (!json) {
        buffer_printf(out, "%scannot be used:%s %s\n", cli_colour("fail"), cli_plain(), plugin->why ? plugin->why : "no answer");
        return;
    }
    cli_cell(out, text_of(json, "version"), 9, 1);
    cJSON_ArrayForEach(operation, list_of(json, "operations"))
    {
        buffer_printf(out, "%s%s%s", between, text_of(operation, "name"), strcmp(text_of(operation, "kind"), "action") == 0 ? " (action)" : "");
        between = ", ";
    }
    buffer_printf(out, " - %s\n", text_of(json, "summary"));
    cJSON_Delete(json);
}

/* ---- info */

static void add_option(struct buffer *out, const cJSON *option, int depth)
{
    const cJSON *field, *choice;
    const char *between = "";

    buffer_printf(out, "%*s%s: %s", 4 + 2 * depth, "", text_of(option, "name"), text_of(option, "type"));
    cJSON_ArrayForEach(choice, list_of(option, "choices"))
    {
        buffer_printf(out, "%s%s", between[0] ? between : " ", cJSON_IsString(choice) ? choice->valuestring : "");
        between = "|";
    }
    if (flag_of(option, "required"))
        buffer_text(out, ", required");
    if (flag_of(option, "secret"))
        buffer_text(out, ", secret");
    if (text_of(option, "default")[0])
        buffer_printf(out, ", default %s", text_of(option, "default"));
    buffer_printf(out, "\n%*s%s\n", 8 + 2 * depth, "", text_of(option, "help"));
    cJSON_ArrayForEach(field, list_of(option, "fields")) add_option(out, field, depth + 1);
}

/* By the name that a configuration writes: with the plugin's, unless it is the same. */
static void add_operation(struct buffer *out, const char *plugin, const cJSON *operation)
{
    const char *name = text_of(operation, "name");
    const bool alone = strcmp(name, plugin) == 0;
    const cJSON *item;

    buffer_printf(out, "\n%s%s%s%s%s (%s): %s\n", cli_colour("bold"), alone ? "" : plugin, alone ? "" : ".", name, cli_plain(), text_of(operation, "kind"),
                  text_of(operation, "summary"));
    if (strcmp(text_of(operation, "kind"), "action") == 0)
        buffer_printf(out, "  impact: %s\n", text_of(operation, "impact"));
    buffer_text(out, "  options:\n");
    cJSON_ArrayForEach(item, list_of(operation, "options")) add_option(out, item, 0);
    if (cJSON_GetArraySize(list_of(operation, "metrics")) > 0)
        buffer_text(out, "  metrics:\n");
    cJSON_ArrayForEach(item, list_of(operation, "metrics"))
    {
        buffer_printf(out, "    %s%s%s%s: %s\n", text_of(item, "name"), text_of(item, "unit")[0] ? " (" : "", text_of(item, "unit"), text_of(item, "unit")[0] ? ")" : "",
                      text_of(item, "help"));
    }
}

static int add_info(struct buffer *out, const struct described *plugin)
{
    cJSON *json = plugin->description ? cJSON_Parse(plugin->description) : NULL;
    const cJSON *operation;

    if (!json) {
        fprintf(stderr, "talon plugin: %s cannot be used: %s\n", plugin->name, plugin->why ? plugin->why : "no answer");
        return CLI_UNKNOWN;
    }
    buffer_printf(out, "%s %s (%s): %s\n%s\n", plugin->name, text_of(json, "version"), text_of(json, "license"), text_of(json, "summary"), plugin->path);
    cJSON_ArrayForEach(operation, list_of(json, "operations")) add_operation(out, plugin->name, operation);
    cJSON_Delete(json);
    return 0;
}

/* ---- schema */

static int add_schema(struct buffer *out, const struct descriptions *d)
{
    const char **texts = calloc(d->n + 1, sizeof *texts);
    size_t n = 0;

    if (!texts) {
        fprintf(stderr, "talon plugin: no memory\n");
        return CLI_UNKNOWN;
    }
    for (size_t i = 0; i < d->n; i++)
        if (d->all[i].description)
            texts[n++] = d->all[i].description;
    config_schema(texts, n, out);
    free(texts);
    return 0;
}

/* ---- the command */

static int answer(const char *what, const char *name, const struct descriptions *d, struct buffer *out)
{
    if (strcmp(what, "schema") == 0)
        return add_schema(out, d);
    if (strcmp(what, "info") == 0) {
        if (d->n > 0)
            return add_info(out, &d->all[0]);
        fprintf(stderr, "talon plugin: there is no plugin named %s; `talon plugin list` shows those that there are\n", name);
        return CLI_UNKNOWN;
    }
    for (size_t i = 0; i < d->n; i++)
        add_listed(out, &d->all[i]);
    return 0;
}

static int show(const char *what, const char *name, const char *config)
{
    struct descriptions descriptions;
    struct buffer out = buffer_make(0);
    char file[4096];
    int code = CLI_UNKNOWN;

    if (!cli_new_config_file(config, file, sizeof file))
        return CLI_UNKNOWN;
    if (describe_all(name, access(file, R_OK) == 0 ? file : NULL, &descriptions)) {
        code = answer(what, name, &descriptions, &out);
        if (code == 0)
            code = cli_print(&out);
    }
    describe_free(&descriptions);
    buffer_free(&out);
    return code;
}

/* What stands behind the word, from `least` to `most` words. */
static bool is(const char *word, int words, char **argv, int least, int most)
{
    return words > 0 && strcmp(argv[1], word) == 0 && words - 1 >= least && words - 1 <= most;
}

int cli_plugin(int argc, char **argv)
{
    struct cli_list given = { .n = 0 };
    struct plugin_test_request test = { .options = &given };
    const char *config = NULL;
    struct cli_option options[] = { CLI_CONFIG(&config),
                                    { "option", CLI_LIST, &given, "test: an option of the plugin and its value, as in the configuration" },
                                    { "wire", CLI_FLAG, &test.wire, "test: show what core and plugin host say to each other" },
                                    { "gdb", CLI_FLAG, &test.gdb, "test: wait for a debugger, and run when told to" },
                                    CLI_NO_MORE };
    char file[4096];
    int code, words = cli_options(argc, argv, options, usage, &code);

    if (words < 0)
        return code;
    if (is("new", words, argv, 1, 2))
        return plugin_new(argv[2], words > 2 ? argv[3] : NULL);
    if (is("clear", words, argv, 1, 1))
        return command_clear(config, argv[2]);
    if (is("test", words, argv, 1, 1)) {
        if (!cli_new_config_file(config, file, sizeof file))
            return CLI_UNKNOWN;
        test.plugin = argv[2];
        test.config = access(file, R_OK) == 0 ? file : NULL;
        return plugin_test(&test);
    }
    if (is("list", words, argv, 0, 0) || is("schema", words, argv, 0, 0))
        return show(argv[1], NULL, config);
    if (is("info", words, argv, 1, 1))
        return show(argv[1], argv[2], config);
    fprintf(stderr, "talon plugin: say what to do\nusage: %s\n", usage);
    return CLI_UNKNOWN;
}
