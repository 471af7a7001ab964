/*
 * `talon plugin test`: tries a plugin by hand in a host of its own, as the daemon would run it, and prints what was right and wrong. The options of actions are
 * tried like those of checks, and no action is ever run: who tries a plugin does not mean to restart anything.
 */
#include "cli/trial.h"

#include "base/os/clock.h"
#include "base/os/files.h"
#include "base/os/install_paths.h"
#include "base/os/log.h"
#include "base/os/loop.h"
#include "base/text.h"
#include "config/config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const cJSON *list_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* ---- where the plugin is */

static void take_path(struct trial *t, const char *path)
{
    t->path = strdup(path);
    buffer_text(&t->place, "path: ");
    text_json(&t->place, path, strlen(path));
}

static void take_command(struct trial *t, const char *const *command)
{
    size_t n = 0;

    while (command[n])
        n++;
    t->command = calloc(n + 1, sizeof *t->command);
    buffer_text(&t->place, "command: [");
    for (size_t i = 0; t->command && i < n; i++) {
        t->command[i] = strdup(command[i]);
        buffer_text(&t->place, i > 0 ? ", " : "");
        text_json(&t->place, command[i], strlen(command[i]));
    }
    buffer_text(&t->place, "]");
}

/* A plugin that the configuration names, or that comes with Talon. */
static bool find_by_name(struct trial *t)
{
    struct config_request request = { .file = t->request->config, .plugin_folders = install_plugin_folders(), .runbook_folder = install_runbook_folder() };
    struct config *config = request.file ? config_read(&request) : NULL;
    const struct config_plugin *plugins = NULL;
    char path[TRIAL_PATH];
    size_t n = 0;

    if (config)
        plugins = config_plugins(config, &n);
    for (size_t i = 0; i < n && t->place.len == 0; i++) {
        if (strcmp(plugins[i].name, t->name) != 0)
            continue;
        if (plugins[i].command)
            take_command(t, plugins[i].command);
        else if (plugins[i].path)
            take_path(t, plugins[i].path);
    }
    config_free(config);
    for (const char *const *folder = install_plugin_folders(); *folder && t->place.len == 0; folder++) {
        snprintf(path, sizeof path, "%s/%s.so", *folder, t->name);
        if (access(path, F_OK) == 0)
            take_path(t, path);
    }
    return t->place.len > 0;
}

static bool find_by_path(struct trial *t)
{
    char path[TRIAL_PATH];

    if (!files_absolute(t->request->plugin, NULL, path, sizeof path))
        snprintf(path, sizeof path, "%s", t->request->plugin);
    if (access(path, R_OK) != 0) {
        fprintf(stderr, "talon plugin test: %s: %s\n", t->request->plugin, strerror(errno));
        return false;
    }
    take_path(t, path);
    return true;
}

/* mine.so here needs no "./" before it. */
static bool is_path(const char *plugin)
{
    const size_t n = strlen(plugin);

    return strchr(plugin, '/') || (n > 3 && strcmp(plugin + n - 3, ".so") == 0);
}

static bool find(struct trial *t)
{
    const char *slash = strrchr(t->request->plugin, '/'), *base = slash ? slash + 1 : t->request->plugin;

    snprintf(t->name, sizeof t->name, "%.*s", (int)strcspn(base, "."), base);
    if (strspn(t->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(t->name) || t->name[0] == '\0') {
        fprintf(stderr, "talon plugin test: %s is no name of a plugin: small letters, digits and _, as the file's name says it\n", t->request->plugin);
        return false;
    }
    if (is_path(t->request->plugin))
        return find_by_path(t);
    if (find_by_name(t))
        return true;
    fprintf(stderr, "talon plugin test: there is no plugin named %s; `talon plugin list` shows those that there are, and a path names a file\n", t->name);
    return false;
}

/* ---- its description */

struct describing {
    struct trial *t;
    bool done;
};

static void on_described(void *arg, const char *plugin, const char *description, const char *why)
{
    struct describing *describing = arg;

    (void)plugin;
    describing->done = true;
    if (description)
        describing->t->description = cJSON_Parse(description);
    else
        snprintf(describing->t->why, sizeof describing->t->why, "%s", why ? why : "no answer");
}

static bool describe(struct trial *t)
{
    const struct hosts_plugin plugin = { .name = t->name, .path = t->path, .command = (const char *const *)t->command, .own_host = true };
    struct describing describing = { .t = t };

    if (!hosts_describe(t->hosts, &plugin, on_described, &describing)) {
        snprintf(t->why, sizeof t->why, "no memory");
        return false;
    }
    if (!trial_wait(t, &describing.done))
        hosts_forget(t->hosts, &describing);
    return t->description != NULL;
}

/* ---- its operations */

/* What it must be told to be tried is for the author to say. */
static void leave(struct trial *t, const char *why)
{
    struct buffer names = buffer_make(0);
    char how[TRIAL_SENTENCE];

    trial_stand_ins(t, &names);
    if (trial_died(t, how)) {
        trial_row(t, TRIAL_WRONG, "options", "the plugin died (%s) in its validation of what it was given", how);
    } else {
        trial_row(t, TRIAL_NOTE, "options", "not tried: it refuses %s (%s); give it --option NAME=VALUE", names.len > 0 ? "the stand-ins for what is required" : "what it was given", why);
        t->untried++;
    }
    buffer_free(&names);
}

static void try_operation(struct trial *t)
{
    char why[TRIAL_SENTENCE];
    struct model *model;

    printf("\n%s%s%s: %s\n", cli_colour("bold"), t->type, cli_plain(), trial_text(t->operation, "summary"));
    if (trial_is_action(t))
        trial_row(t, TRIAL_NOTE, "action", "impact %s; not run, since it would really be done", trial_text(t->operation, "impact"));
    if (trial_is_action(t) && t->request->gdb)
        return;
    model = trial_base(t, why);
    if (!model && !t->interrupted)
        leave(t, why);
    if (model && !t->request->gdb)
        trial_options(t);
    if (model && t->request->gdb)
        trial_attended(t, model);
    else if (model && !t->interrupted && !trial_is_action(t))
        trial_runs(t, model);
    model_drop(model);
}

static int try_all(struct trial *t)
{
    const cJSON *operation;

    if (!describe(t)) {
        if (!t->interrupted)
            trial_row(t, TRIAL_WRONG, "describe", "%s", t->why);
        return t->interrupted ? CLI_UNKNOWN : CLI_FAIL;
    }
    if (!trial_options_known(t))
        return CLI_UNKNOWN;
    trial_row(t, TRIAL_OK, "describe", "%s %s (%s): %s", t->name, trial_text(t->description, "version"), trial_text(t->description, "license"),
              trial_text(t->description, "summary"));
    cJSON_ArrayForEach(operation, list_of(t->description, "operations"))
    {
        t->operation = operation;
        trial_type(t, operation, t->type);
        if (!t->interrupted)
            try_operation(t);
    }
    if (t->interrupted)
        return CLI_UNKNOWN;
    if (t->wrong > 0)
        printf("\n%u thing%s wrong with %s\n", t->wrong, t->wrong == 1 ? " is" : "s are", t->name);
    else if (t->untried == 0)
        printf("\nnothing is wrong with %s\n", t->name);
    return t->wrong > 0 ? CLI_FAIL : t->untried > 0 ? CLI_UNKNOWN : CLI_OK;
}

/* ---- the command */

static void on_interrupt(struct ev_loop *loop, ev_signal *signal, int events)
{
    struct trial *t = signal->data;

    (void)events;
    t->interrupted = true;
    ev_break(loop, EVBREAK_ALL);
}

static bool make_folder(struct trial *t)
{
    const char *temporary = getenv("TMPDIR");

    if (!temporary || strlen(temporary) + 20 > sizeof t->folder)
        temporary = "/tmp";
    snprintf(t->folder, sizeof t->folder, "%s/talon-test-XXXXXX", temporary);
    if (!mkdtemp(t->folder)) {
        fprintf(stderr, "talon plugin test: no folder can be made in %s: %s\n", temporary, strerror(errno));
        t->folder[0] = '\0';
        return false;
    }
    snprintf(t->file, sizeof t->file, "%s/talon.yaml", t->folder);
    snprintf(t->runbook, sizeof t->runbook, "%s/" TRIAL_RUNBOOK, t->folder);
    return true;
}

static bool open_trial(struct trial *t)
{
    struct hosts_settings settings = {
        .host_program = install_host_program(),
        .child_path = getenv("PATH"),
        .patient = t->request->gdb,
        .wire = t->request->wire ? trial_wire : NULL,
        .wire_arg = t,
    };

    t->began = clock_awake();
    t->loop = loop_create();
    t->hosts = t->loop ? hosts_create(t->loop, &settings) : NULL;
    if (!t->hosts) {
        fprintf(stderr, "talon plugin test: no memory or no descriptor left\n");
        return false;
    }
    ev_signal_init(&t->interrupt, on_interrupt, SIGINT);
    ev_signal_init(&t->terminate, on_interrupt, SIGTERM);
    t->interrupt.data = t->terminate.data = t;
    ev_signal_start(t->loop, &t->interrupt);
    ev_signal_start(t->loop, &t->terminate);
    return make_folder(t);
}

static void close_trial(struct trial *t)
{
    hosts_free(t->hosts);
    if (t->loop)
        ev_loop_destroy(t->loop);
    if (t->folder[0]) {
        unlink(t->file);
        unlink(t->runbook);
        rmdir(t->folder);
    }
    for (size_t i = 0; t->command && t->command[i]; i++)
        free(t->command[i]);
    free(t->command);
    free(t->path);
    cJSON_Delete(t->description);
    buffer_free(&t->place);
}

int plugin_test(const struct plugin_test_request *request)
{
    struct trial t = { .request = request, .place = buffer_make(0) };
    int code = CLI_UNKNOWN;

    log_open(&(struct log_settings){ .level = LOG_LEVEL_INFO, .to_stderr = true }); /* what the plugin logs is what its author wants to see */
    if (find(&t) && open_trial(&t))
        code = try_all(&t);
    close_trial(&t);
    log_close();
    return code;
}
