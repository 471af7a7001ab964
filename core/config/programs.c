/* `programs:`: what Talon keeps running itself (core/programs). Everything about a program is judged here, so that nothing about it can be wrong when it is
 * started. */
#include "config/programs.h"

#include "config/prints.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/os/files.h"
#include "base/scalar.h"
#include "base/text.h"

#include <signal.h>
#include <string.h>

enum { PROGRAMS = 64 };

#define LONGEST (3600 * PROGRAM_SECOND)

static const char *const keys[] = { "command", "enabled", "folder", "env", "env_file", "secrets", "log", "log_errors", "log_rotate", "port", "health",
                                    "preflight", "start_call", "restart", "drain", "unless_loaded", "events" };

enum { KEYS = sizeof keys / sizeof *keys };

/* ---- what all parts need */

void program_show(struct program_reading *r, const char *key, const char *value, const struct node *from)
{
    work_show(r->c, arena_printf(r->c->arena, "programs.%s.%s", r->made->name, key), value, from);
}

void program_show_time(struct program_reading *r, const char *key, uint64_t ns, const struct node *from)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    program_show(r, key, text, from);
}

const struct node *program_part(struct program_reading *r, const char *name, const char *const *names, size_t n, const char *of)
{
    const struct node *node = tree_get(r->map, name);

    if (!node || !value_is_map(r->c, node, name, of))
        return NULL;
    work_keys(r->c, node, names, n);
    return node;
}

void program_command(struct program_reading *r, const struct node *node, const char *what, const char *const **command)
{
    struct buffer *text;
    size_t n;

    if (node->kind != NODE_LIST) {
        problem_error(r->c, node->place, "`%s` must be a list of a program and its arguments, not %s", what, value_kind(node));
        value_as_list(r->c, node);
        return;
    }
    if (!value_list(r->c, node, what, command, &n))
        return;
    if (n == 0 || (*command)[0][0] == '\0')
        problem_error(r->c, node->place, "`%s` must be a list of a program and its arguments: it names none", what);
    text = work_scratch(r->c, 0);
    for (size_t i = 0; i < n; i++)
        buffer_printf(text, "%s%s", i > 0 ? ", " : "", (*command)[i]);
    program_show(r, what, buffer_string(text), node);
}

/* A program that is named by a path lies where that leads from its folder. */
static void place_program(struct program_reading *r, const char *const *command)
{
    char absolute[4096];

    if (command && command[0] && strchr(command[0], '/') && files_absolute(command[0], r->made->folder, absolute, sizeof absolute))
        *(const char **)(uintptr_t)command = arena_string(r->c->made, absolute);
}

/* ---- small parts */

static void read_folder(struct program_reading *r)
{
    const struct node *node = tree_get(r->map, "folder");

    if (node)
        value_path(r->c, node, "folder", &r->made->folder);
    program_show(r, "folder", r->made->folder, node);
}

static void read_logs(struct program_reading *r)
{
    const struct node *log = tree_get(r->map, "log"), *errors = tree_get(r->map, "log_errors"), *rotate = tree_get(r->map, "log_rotate");
    char text[64];

    if (log && value_path(r->c, log, "log", &r->made->log))
        program_show(r, "log", r->made->log, log);
    if (errors && value_path(r->c, errors, "log_errors", &r->made->log_errors))
        program_show(r, "log_errors", r->made->log_errors, errors);
    if (rotate)
        value_size(r->c, rotate, "log_rotate", 0, &r->made->log_rotate);
    scalar_show_size(r->made->log_rotate, text, sizeof text);
    program_show(r, "log_rotate", text, rotate);
    if (!log && !errors)
        problem_warning(r->c, r->map->place, "what the program %s prints is thrown away: it has no `log`", problem_quote(r->c, r->made->name));
}

static void read_preflight(struct program_reading *r)
{
    static const char *const names[] = { "command", "timeout" };
    const struct node *node = program_part(r, "preflight", names, 2, "`command` and `timeout`"), *timeout = tree_get(node, "timeout");

    if (!node)
        return;
    if (tree_get(node, "command"))
        program_command(r, tree_get(node, "command"), "preflight.command", &r->made->preflight);
    else if (!work_misspelt(r->c, node, names, 2, "command"))
        problem_error(r->c, node->place, "`preflight` needs a `command`");
    if (timeout)
        value_duration(r->c, timeout, "preflight.timeout", PROGRAM_SECOND / 10, LONGEST, &r->made->preflight_timeout);
    program_show_time(r, "preflight.timeout", r->made->preflight_timeout, timeout);
}

static void read_time(struct program_reading *r, const struct node *map, const char *part, const char *key, uint64_t least, uint64_t *ns)
{
    const struct node *node = tree_get(map, key);
    const char *what = arena_printf(r->c->arena, "%s.%s", part, key);

    if (node)
        value_duration(r->c, node, what, least, LONGEST, ns);
    program_show_time(r, what, *ns, node);
}

static void read_restart(struct program_reading *r)
{
    static const char *const names[] = { "first", "longest", "good" };
    const struct node *node = program_part(r, "restart", names, 3, "`first`, `longest` and `good`");

    read_time(r, node, "restart", "first", PROGRAM_SECOND / 10, &r->made->restart_first);
    read_time(r, node, "restart", "longest", PROGRAM_SECOND / 10, &r->made->restart_longest);
    read_time(r, node, "restart", "good", PROGRAM_SECOND, &r->made->restart_good);
    if (r->made->restart_longest < r->made->restart_first)
        problem_error(r->c, node->place, "`restart.longest` is shorter than `restart.first`");
}

static void read_label(struct program_reading *r, const struct node *node)
{
    if (!value_string(r->c, node, "unless_loaded", &r->made->unless_loaded))
        return;
    if (r->made->unless_loaded[0] == '\0' || strpbrk(r->made->unless_loaded, "/ \t\n") || r->made->unless_loaded[0] == '-') {
        problem_error(r->c, node->place, "`unless_loaded` must be a label of launchd or a unit of systemd, such as com.example.worker, not %s",
                      problem_quote(r->c, r->made->unless_loaded));
        r->made->unless_loaded = NULL;
        return;
    }
    program_show(r, "unless_loaded", r->made->unless_loaded, node);
}

static void read_loaded(struct program_reading *r)
{
    static const char *const names[] = { "label", "every" };
    const struct node *node = tree_get(r->map, "unless_loaded"), *every = NULL;

    if (!node)
        return;
    if (node->kind != NODE_MAP) {
        read_label(r, node);
    } else {
        work_keys(r->c, node, names, 2);
        every = tree_get(node, "every");
        if (tree_get(node, "label"))
            read_label(r, tree_get(node, "label"));
        else if (!work_misspelt(r->c, node, names, 2, "label"))
            problem_error(r->c, node->place, "`unless_loaded` needs a `label`");
    }
    if (every)
        value_duration(r->c, every, "unless_loaded.every", PROGRAM_SECOND / 2, 300 * PROGRAM_SECOND, &r->made->loaded_every);
    program_show_time(r, "unless_loaded.every", r->made->loaded_every, every);
}

static void read_word(struct program_reading *r, const struct node *map, const char *key, const char **word)
{
    const struct node *node = tree_get(map, key);
    const char *what = arena_printf(r->c->arena, "events.%s", key);

    if (node)
        value_string(r->c, node, what, word);
    program_show(r, what, *word, node);
}

static void read_events(struct program_reading *r)
{
    static const char *const names[] = { "command", "source", "component", "prefix" };
    const struct node *node = program_part(r, "events", names, 4, "`command`, `source`, `component` and `prefix`");

    if (!node)
        return;
    if (tree_get(node, "command"))
        program_command(r, tree_get(node, "command"), "events.command", &r->made->events);
    else if (!work_misspelt(r->c, node, names, 4, "command"))
        problem_error(r->c, node->place, "`events` needs a `command`");
    read_word(r, node, "source", &r->made->events_source);
    read_word(r, node, "component", &r->made->events_component);
    read_word(r, node, "prefix", &r->made->events_prefix);
}

/* ---- fingerprint: another one, and its process is another one */

static print print_list(print hash, const char *const *list)
{
    for (size_t i = 0; list && list[i]; i++)
        hash = print_text(hash, list[i]);
    return print_text(hash, NULL);
}

static print print_env(const struct model *m, print hash, const struct model_program *p)
{
    for (size_t i = 0; i < p->n_env; i++) {
        hash = print_text(hash, p->env[i].name);
        if (p->env[i].secret == MODEL_NONE)
            hash = print_text(hash, p->env[i].value);
        else
            hash = print_secret(hash, &m->secrets[p->env[i].secret]);
    }
    return print_text(hash, p->env_file);
}

static uint64_t print_program(const struct model *m, const struct model_program *p)
{
    const uint64_t numbers[] = { p->log_rotate, p->port, (uint64_t)p->drain_signal, p->drain_wait };
    const char *const texts[] = { p->folder, p->log, p->log_errors, p->port_host };
    print hash = print_env(m, print_list(TEXT_HASH, p->command), p);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        hash = print_number(hash, numbers[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        hash = print_text(hash, texts[i]);
    return hash;
}

/* ---- programs */

/* One that is not is judged all the same: it is to be right on the day that it is wanted. */
static bool read_enabled(struct program_reading *r)
{
    const struct node *node = tree_get(r->map, "enabled");
    bool enabled = true;

    if (node)
        value_bool(r->c, node, "enabled", &enabled);
    program_show(r, "enabled", enabled ? "true" : "false", node);
    return enabled;
}

/* False: it is not enabled. */
static bool read_program(struct config *c, const struct entry *entry, struct model_program *made)
{
    struct program_reading r = { .c = c, .made = made, .map = entry->value };
    const struct node *command = tree_get(entry->value, "command");
    bool enabled;

    *made = (struct model_program){
        .name = arena_string(c->made, entry->key->of.text), .folder = "/", .log_rotate = 10 << 20, .health = MODEL_NONE, .health_start = 60 * PROGRAM_SECOND, .health_failures = 3,
        .preflight_timeout = 30 * PROGRAM_SECOND, .call_after = 5 * PROGRAM_SECOND, .call_every = 5 * PROGRAM_SECOND, .call_timeout = 5 * PROGRAM_SECOND, .call_tries = 3,
        .restart_first = PROGRAM_SECOND, .restart_longest = 30 * PROGRAM_SECOND, .restart_good = 60 * PROGRAM_SECOND, .drain_signal = SIGTERM,
        .drain_wait = 5 * PROGRAM_SECOND, .loaded_every = 10 * PROGRAM_SECOND, .events_source = "talon", .events_prefix = "worker.supervisor",
        .place = work_place(c, entry->key->place),
    };
    made->events_component = made->name;
    if (!text_is_name(made->name))
        work_bad_name(c, entry->key, "program");
    if (!value_is_map(c, entry->value, made->name, "`command` and what it needs"))
        return false;
    work_keys(c, entry->value, keys, KEYS);
    if (command)
        program_command(&r, command, "command", &made->command);
    else if (!work_misspelt(c, entry->value, keys, KEYS, "command"))
        problem_error(c, entry->key->place, "the program %s needs a `command`", problem_quote(c, made->name));
    enabled = read_enabled(&r);
    read_folder(&r);
    program_env(&r);
    read_logs(&r);
    program_port(&r);
    program_health(&r);
    read_preflight(&r);
    program_call(&r);
    read_restart(&r);
    program_drain(&r);
    read_loaded(&r);
    read_events(&r);
    place_program(&r, made->command);
    place_program(&r, made->preflight);
    return enabled;
}

/* For `--worker-only`: what is watched is what the programs' health hangs on, and no more. */
static void watch_programs_alone(struct model *model)
{
    for (size_t i = 0; i < model->n_checks; i++) {
        struct model_check *check = (struct model_check *)&model->checks[i];
        bool wanted = false;

        for (size_t k = 0; k < model->n_programs; k++)
            wanted = wanted || model->programs[k].health == i;
        check->enabled = check->enabled && wanted;
    }
}

void programs_read(struct config *c, const struct node *map)
{
    struct model_program *all;
    size_t n = 0;

    if (!map || !value_is_map(c, map, "programs", "names and settings") || map->kind != NODE_MAP)
        return;
    if (map->n > PROGRAMS) {
        problem_error(c, map->place, "more than %d programs", PROGRAMS);
        return;
    }
    all = arena_array(c->made, map->n + 1, sizeof *all);
    for (size_t i = 0; i < map->n; i++)
        n += read_program(c, &map->of.entries[i], &all[n]);
    c->model->programs = all;
    c->model->n_programs = n;
}

void programs_finish(struct config *c)
{
    for (size_t i = 0; i < c->model->n_programs; i++)
        ((struct model_program *)&c->model->programs[i])->fingerprint = print_program(c->model, &c->model->programs[i]);
    if (c->programs_only)
        watch_programs_alone(c->model);
}
