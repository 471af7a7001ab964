/* A configuration out of texts in memory: see fuzz_config.h. */
#include "fuzz_config.h"

#include "fuzz.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What there is to check with. */
static const char *const names[] = { "disk", "exec", "file", "http", "load", "memory", "process", "redis", "tcp" };
enum { NAMES = sizeof names / sizeof *names };
static char *descriptions[NAMES];

extern char **environ;

static char *slurp(const char *path)
{
    struct buffer text = buffer_make(0);
    FILE *file = fopen(path, "rb");
    char bytes[4096];
    size_t n;

    MUST(file != NULL, "a description of a plugin is missing: build in a tree that has tests/unit/config/descriptions");
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        buffer_add(&text, bytes, n);
    fclose(file);
    buffer_string(&text);
    return text.data;
}

static void forget(void)
{
    for (size_t i = 0; i < NAMES; i++)
        free(descriptions[i]);
}

/* Names of environment variables are part of the language: they must be the same wherever this runs. An empty NAME.so for each description: the plugins
 * that are there are known by their files alone. */
void fuzz_config_begin(void)
{
    static char nothing[] = "TALON_FUZZ=db.example.com", home[] = "HOME=/nowhere", *only[] = { nothing, home, NULL };
    char path[512];

    atexit(forget);
    for (size_t i = 0; i < NAMES; i++) {
        FILE *file;

        snprintf(path, sizeof path, "%s.so", names[i]);
        file = fopen(fuzz_path(path), "w");
        MUST(file != NULL, "the temporary folder cannot be written");
        fclose(file);
        snprintf(path, sizeof path, "%s/%s.json", FUZZ_DESCRIPTIONS, names[i]);
        descriptions[i] = slurp(path);
    }
    environ = only;
}

/* ---- in */

void fuzz_config_file(struct buffer *body, size_t i, const char *text, size_t n)
{
    const bool runbook = strncmp(text, "runbook:", strlen("runbook:")) == 0;
    char path[64];

    snprintf(path, sizeof path, "/fuzz/%s-%zu.yaml", i == 0 ? "talon" : runbook ? "runbook" : "service", i);
    buffer_printf(body, "%d %zu %zu %zu\n", i == 0 ? 0 : runbook ? 2 : 1, strlen(path), strlen(path + 6), n);
    buffer_text(body, path);
    buffer_text(body, path + 6);
    buffer_add(body, text, n);
}

void fuzz_config_seal(struct buffer *packed, const struct buffer *body, size_t n)
{
    buffer_printf(packed, "talon-configuration 1 %zu %llx\n", n, text_hash(TEXT_HASH, body->len > 0 ? body->data : "", body->len));
    buffer_add(packed, body->len > 0 ? body->data : "", body->len);
    MUST(!packed->failed && !body->failed, "no memory for the input");
}

static const char *description(const char *plugin)
{
    for (size_t i = 0; i < NAMES; i++)
        if (strcmp(names[i], plugin) == 0)
            return descriptions[i];
    return NULL;
}

static void describe(struct config *config)
{
    size_t n;
    const struct config_plugin *plugins = config_plugins(config, &n);

    for (size_t i = 0; i < n; i++)
        config_described(config, plugins[i].name, description(plugins[i].name), "it does not exist", plugins[i].own_host);
}

static void show(const struct config *config)
{
    struct buffer text = buffer_make(0);
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &text);
    MUST(text.failed || text_valid_utf8(buffer_string(&text), text.len) == text.len, "a problem is told in what is no UTF-8");
    buffer_clear(&text);
    config_problems_json(config, &text);
    buffer_clear(&text);
    config_show(config, NULL, &text);
    buffer_free(&text);
}

struct config *fuzz_config_read(const struct buffer *packed)
{
    const char *folders[] = { fuzz_folder(), NULL };
    struct config_source *source = config_unpack(packed->data, packed->len);
    const struct config_request request = { .file = "/fuzz/talon-0.yaml", .plugin_folders = folders, .sources = source };
    struct config *config;
    size_t n;

    if (!source)
        return NULL;
    config = config_read(&request);
    MUST(config != NULL, "config_read() gave nothing");
    describe(config);
    config_check(config);
    config_validations(config, &n);
    if (n > 0 && packed->len % 2 == 0) /* else there would never be a model of them */
        config_refused(config, n - 1, "tls.key", "is refused");
    if (n > 0)
        config_unasked(config, 0, "it could not be asked");
    show(config);
    config_source_free(source);
    return config;
}

/* ---- what must hold */

static void reads_back(const struct config *config)
{
    struct buffer once = buffer_make(0), twice = buffer_make(0);
    struct config_source *source;
    struct config *again;
    const char *folders[] = { fuzz_folder(), NULL };

    config_pack(config, &once);
    MUST(!once.failed, "a good configuration cannot be packed");
    source = config_unpack(once.data, once.len);
    MUST(source != NULL, "what was packed is taken for damaged");
    again = config_read(&(struct config_request){ .file = "/fuzz/talon-0.yaml", .plugin_folders = folders, .sources = source });
    MUST(again != NULL, "config_read() gave nothing");
    config_pack(again, &twice);
    MUST(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0, "packed twice it is another");
    config_free(again);
    config_source_free(source);
    buffer_free(&once);
    buffer_free(&twice);
}

void fuzz_config_end(struct config *config)
{
    struct model *model = config_model(config);

    MUST(!model == (config_errors(config) > 0), "it has a model and errors, or neither");
    if (model) {
        reads_back(config);
        model_drop(model);
    }
    config_free(config);
}
