/* See config_support.h. */
#include "config_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

enum { PATH_SIZE = 2048 };

static char folder[PATH_SIZE], plugins[PATH_SIZE];

const char *support_fixture(const char *name)
{
    static char path[PATH_SIZE];
    const char *srcdir = getenv("srcdir");

    snprintf(path, sizeof path, "%s/tests/unit/config/%s", srcdir ? srcdir : ".", name);
    return path;
}

bool support_slurp(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "rb");
    char bytes[4096];
    size_t n;

    if (!file)
        return false;
    while ((n = fread(bytes, 1, sizeof bytes, file)) > 0)
        buffer_add(out, bytes, n);
    fclose(file);
    return !out->failed;
}

/* ---- our folder ---- */

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    char inner[PATH_SIZE * 2];
    struct stat st;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (lstat(inner, &st) == 0 && S_ISDIR(st.st_mode))
            remove_all(inner);
        else
            unlink(inner);
    }
    if (dir)
        closedir(dir);
    rmdir(path);
}

static void clean_up(void)
{
    remove_all(folder);
}

/* An empty NAME.so for each description: config knows shipped plugins by their files alone. */
static void make_plugins(void)
{
    char from[PATH_SIZE], path[PATH_SIZE * 2];
    const struct dirent *entry;
    DIR *dir;

    snprintf(plugins, sizeof plugins, "%.1900s/plugins", folder);
    mkdir(plugins, 0700);
    snprintf(from, sizeof from, "%s", support_fixture("descriptions"));
    dir = opendir(from);
    while (dir && (entry = readdir(dir))) {
        const char *dot = strrchr(entry->d_name, '.');
        FILE *file;

        if (!dot || strcmp(dot, ".json") != 0)
            continue;
        snprintf(path, sizeof path, "%s/%.*s.so", plugins, (int)(dot - entry->d_name), entry->d_name);
        file = fopen(path, "w");
        if (file)
            fclose(file);
    }
    if (dir)
        closedir(dir);
}

const char *support_folder(void)
{
    const char *tmp = getenv("TMPDIR");

    if (folder[0])
        return folder;
    snprintf(folder, sizeof folder, "%s/talon-config-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(folder))
        abort();
    atexit(clean_up);
    make_plugins();
    return folder;
}

const char *support_write(const char *name, const char *text, size_t n)
{
    static char path[PATH_SIZE];
    FILE *file;

    snprintf(path, sizeof path, "%.1000s/%.1000s", support_folder(), name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "wb");
    if (!file)
        abort();
    if (fwrite(text, 1, n, file) != n)
        abort();
    fclose(file);
    return path;
}

/* ---- loading ---- */

struct config *support_read(const char *file, const struct config_source *source)
{
    char path[PATH_SIZE]; /* it may be what support_fixture() returned, which is used again here */
    const char *folders[] = { plugins, NULL };
    const struct config_request request = { .file = path, .plugin_folders = folders, .sources = source };

    snprintf(path, sizeof path, "%s", file);
    support_folder();
    return config_read(&request);
}

char *support_description(const char *plugin)
{
    struct buffer description = buffer_make(0);
    char name[200];

    snprintf(name, sizeof name, "descriptions/%.100s.json", plugin);
    if (support_slurp(support_fixture(name), &description))
        return description.data;
    buffer_free(&description);
    return NULL;
}

void support_describe(struct config *config, bool tolerate)
{
    size_t n;
    const struct config_plugin *list = config_plugins(config, &n);

    for (size_t i = 0; i < n; i++) {
        char *description = support_description(list[i].name);

        config_described(config, list[i].name, description, description ? NULL : "it does not exist", tolerate);
        free(description);
    }
}

static struct config *check(struct config *config)
{
    if (!config)
        return NULL;
    support_describe(config, false);
    config_check(config);
    return config;
}

struct config *support_load(const char *file)
{
    return check(support_read(file, NULL));
}

struct config *support_load_packed(const char *file, const struct config_source *source)
{
    return check(support_read(file, source));
}

struct config *support_load_text(const char *name, const char *text)
{
    return support_load(support_write(name, text, strlen(text)));
}

/* ---- problems ---- */

static void add_without(struct buffer *out, const char *text, const char *prefix)
{
    const size_t n = strlen(prefix);

    for (const char *at; n > 0 && (at = strstr(text, prefix)); text = at + n)
        buffer_add(out, text, (size_t)(at - text));
    buffer_text(out, text);
}

void support_problems(const struct config *config, const char *prefix, struct buffer *out)
{
    struct buffer text = buffer_make(0);
    char with_slash[PATH_SIZE] = "";
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &text);
    if (more > 0)
        buffer_printf(&text, "and %zu more\n", more);
    if (prefix)
        snprintf(with_slash, sizeof with_slash, "%s/", prefix);
    add_without(out, buffer_string(&text), with_slash);
    buffer_free(&text);
}

const char *support_told(const char *name, const char *text)
{
    static char told[8192];
    struct buffer out = buffer_make(0);
    struct config *config = support_load_text(name, text);

    assert_non_null(config);
    support_problems(config, support_folder(), &out);
    config_free(config);
    snprintf(told, sizeof told, "%s", buffer_string(&out));
    buffer_free(&out);
    return told;
}

struct model *support_model(const char *name, const char *text)
{
    struct config *config = support_load_text(name, text);
    struct buffer told = buffer_make(0);
    struct model *model;

    assert_non_null(config);
    support_problems(config, support_folder(), &told);
    assert_string_equal(buffer_string(&told), "");
    buffer_free(&told);
    model = config_model(config);
    assert_non_null(model);
    config_free(config);
    return model;
}

const struct model_check *support_check(const struct model *model, const char *full_name)
{
    const size_t i = model_check(model, full_name);

    if (i == MODEL_NONE)
        print_message("there is no check %s\n", full_name);
    assert_true(i != MODEL_NONE);
    return &model->checks[i];
}
