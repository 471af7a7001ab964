/* The main file's settings: what holds by itself, what the file says, and the shape of what later parts of Talon will read. */
#include "config/values.h"

#include "base/os/files.h"
#include "base/os/log.h"
#include "base/scalar.h"
#include "config/steps.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LISTEN_PORT = 9999 };

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const char *const levels[] = { "debug", "info", "warn", "error" };
static const char exec_path[] = "/opt/homebrew/bin:~/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/* ---- what holds where nothing is said ---- */

static const char *home_path(struct config *c, const char *path)
{
    char absolute[4096];

    return files_absolute(path, NULL, absolute, sizeof absolute) ? arena_string(c->made, absolute) : NULL;
}

static const char *default_exec_path(struct config *c)
{
    const char *home = home_path(c, "~"), *tilde = strchr(exec_path, '~');

    if (!home || strchr(home, ':'))
        return arena_printf(c->made, "%.*s%s", (int)(tilde - exec_path), exec_path, strchr(tilde, ':') + 1);
    return arena_printf(c->made, "%.*s%s%s", (int)(tilde - exec_path), exec_path, home, tilde + 1);
}

void settings_begin(struct config *c)
{
    struct model_settings *s = &c->model->settings;
    const char *environment = getenv("TALON_STATE");
    const char *state = home_path(c, environment && environment[0] ? environment : "~/.local/state/talon");

    *s = (struct model_settings){
        .listen_host = "127.0.0.1", .listen_port = LISTEN_PORT, .allow_hosts = arena_array(c->made, 1, sizeof(char *)),
        .state = state ? state : "/var/lib/talon", .log_level = LOG_LEVEL_INFO, .log_rotate = 10 << 20,
        .exec_path = default_exec_path(c), .guard_stall = SECONDS(30), .remediation_at_most = 10, .remediation_concurrent = 1,
        .remediation_window = SECONDS(3600), .storm_percent = 60, .storm_cooldown = SECONDS(120), .reopen = SECONDS(1800), .flap_escalate = SECONDS(900),
        .history_raw = SECONDS(48 * 3600), .history_hourly = SECONDS(90 * 86400), .history_daily = SECONDS(3 * 365 * 86400), .history_max = 64 << 20,
    };
    s->log_file = arena_printf(c->made, "%s/talon.log", s->state);
    s->control_path = arena_printf(c->made, "%s/control.sock", s->state);
}

/* ---- lines for config show ---- */

static void show_duration(struct config *c, const char *name, uint64_t ns, const struct node *from)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    work_show(c, name, text, from);
}

static void show_size(struct config *c, const char *name, uint64_t bytes, const struct node *from)
{
    char text[64];

    scalar_show_size(bytes, text, sizeof text);
    work_show(c, name, text, from);
}

/* ---- one reader for each key; node NULL: the key is not there ---- */

static struct model_settings *settings(struct config *c)
{
    return &c->model->settings;
}

static void take_listen(struct config *c, const struct node *node)
{
    struct scalar_address address;
    unsigned char numeric[16];
    char why[SCALAR_WHY];
    const char *text;

    if (!value_text(c, node, "listen", "an address such as 127.0.0.1:9999", &text))
        return;
    if (!scalar_address(text, &address, why)) {
        problem_error(c, node->place, "`listen` must be an address such as 127.0.0.1:9999: %s", why);
        return;
    }
    if (inet_pton(AF_INET, address.host, numeric) != 1 && inet_pton(AF_INET6, address.host, numeric) != 1) {
        problem_error(c, node->place, "`listen` must be a numeric address such as 127.0.0.1:9999, not %s", problem_quote(c, text));
        return;
    }
    settings(c)->listen_host = arena_string(c->made, address.host);
    settings(c)->listen_port = address.port;
}

static void read_listen(struct config *c, const struct node *node)
{
    const struct model_settings *s = settings(c);
    char text[300];

    if (node)
        take_listen(c, node);
    snprintf(text, sizeof text, strchr(s->listen_host, ':') ? "[%s]:%u" : "%s:%u", s->listen_host, (unsigned)s->listen_port);
    work_show(c, "listen", text, node);
}

/* It is compared with a Host header's name: anything else would never be equal. */
static void check_host(struct config *c, const struct node *node, const char *host)
{
    unsigned char numeric[16];

    if (host[0] != '\0' && host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0')
        return;
    if (inet_pton(AF_INET6, host, numeric) != 1)
        problem_error(c, node->place, "%s is no host's name: without `http://`, a port or a path, as in `talon.example.com`", problem_quote(c, host));
}

static void read_allow_hosts(struct config *c, const struct node *node)
{
    struct buffer *text;
    size_t n;

    if (!node || !value_list(c, node, "allow_hosts", &settings(c)->allow_hosts, &n))
        return;
    text = work_scratch(c, 0);
    for (size_t i = 0; i < n; i++) {
        check_host(c, node->of.items[i], settings(c)->allow_hosts[i]);
        buffer_printf(text, "%s%s", i > 0 ? ", " : "", settings(c)->allow_hosts[i]);
    }
    work_show(c, "allow_hosts", buffer_string(text), node);
}

static void read_state(struct config *c, const struct node *node)
{
    struct model_settings *s = settings(c);
    const char *environment = getenv("TALON_STATE");
    const char *wins = environment && environment[0] ? home_path(c, environment) : NULL;

    if (node)
        value_path(c, node, "state", &s->state);
    else if (!wins && !home_path(c, "~"))
        problem_error(c, work_file_place(c->root->place.source), "the user has no home folder (HOME is not set), so `state:` must say where Talon keeps its state");
    if (wins)
        s->state = wins;
    s->log_file = arena_printf(c->made, "%s/talon.log", s->state);
    s->control_path = arena_printf(c->made, "%s/control.sock", s->state);
    work_show(c, "state", s->state, wins ? NULL : node);
    if (wins)
        VECTOR_AT(&c->settings, struct shown, c->settings.n - 1)->word = "$TALON_STATE";
}

static void read_log(struct config *c, const struct node *node)
{
    static const char *const keys[] = { "file", "level", "rotate" };
    struct model_settings *s = settings(c);
    const struct node *file = tree_get(node, "file"), *level = tree_get(node, "level"), *rotate = tree_get(node, "rotate");
    size_t index = (size_t)s->log_level;

    if (node && value_is_map(c, node, "log", "`file`, `level` and `rotate`"))
        work_keys(c, node, keys, sizeof keys / sizeof *keys);
    if (file)
        value_path(c, file, "log.file", &s->log_file);
    if (level && value_word(c, level, "log.level", levels, sizeof levels / sizeof *levels, &index))
        s->log_level = (int)index;
    if (rotate)
        value_size(c, rotate, "log.rotate", 0, &s->log_rotate);
    work_show(c, "log.file", s->log_file, file);
    work_show(c, "log.level", levels[s->log_level], level);
    show_size(c, "log.rotate", s->log_rotate, rotate);
}

static void take_exec_path(struct config *c, const struct node *node)
{
    struct buffer *text = work_scratch(c, 0);

    for (size_t i = 0; node->kind == NODE_LIST && i < node->n; i++) {
        const struct node *item = node->of.items[i];
        const char *path;

        if (!value_path(c, item, "exec_path", &path))
            continue;
        if (strchr(path, ':'))
            problem_error(c, item->place, "a folder of `exec_path` cannot have a `:` in its name");
        buffer_printf(text, "%s%s", text->len > 0 ? ":" : "", path);
    }
    if (text->len == 0)
        problem_error(c, node->place, "`exec_path` names no folder: programs could not be found");
    settings(c)->exec_path = arena_string(c->made, buffer_string(text));
}

static void read_exec_path(struct config *c, const struct node *node)
{
    if (node && value_is_list(c, node, "exec_path", "folders"))
        take_exec_path(c, node);
    work_show(c, "exec_path", settings(c)->exec_path, node);
}

static void read_guard(struct config *c, const struct node *node)
{
    static const char *const keys[] = { "stall" };
    const struct node *stall = tree_get(node, "stall");

    if (node && value_is_map(c, node, "guard", "`stall`"))
        work_keys(c, node, keys, 1);
    if (stall)
        value_duration(c, stall, "guard.stall", SECONDS(1), SECONDS(3600), &settings(c)->guard_stall);
    show_duration(c, "guard.stall", settings(c)->guard_stall, stall);
}

/* A path that was asked for is wrong; the usual one only follows from the state folder, which did without a socket before: Talon watches all the same. */
static void check_control_path(struct config *c, const struct node *path)
{
    const size_t longest = sizeof ((struct sockaddr_un *)0)->sun_path - 1, n = strlen(settings(c)->control_path);

    if (n <= longest)
        return;
    if (path)
        problem_error(c, path->place, "`control.path` has %zu bytes, and the path of a socket can have only %zu here; choose a shorter one", n, longest);
    else
        problem_warning(c, work_file_place(c->root->place.source),
                        "there will be no control socket: its path in the state folder, %s, has %zu bytes, and that of a socket can have only %zu here; set `control.path`",
                        problem_quote(c, settings(c)->control_path), n, longest);
}

static void read_control(struct config *c, const struct node *node)
{
    static const char *const keys[] = { "path", "group" };
    struct model_settings *s = settings(c);
    const struct node *path = tree_get(node, "path"), *group = tree_get(node, "group");

    if (node && value_is_map(c, node, "control", "`path` and `group`"))
        work_keys(c, node, keys, 2);
    if (path)
        value_path(c, path, "control.path", &s->control_path);
    check_control_path(c, path);
    work_show(c, "control.path", s->control_path, path);
    if (group && value_string(c, group, "control.group", &s->control_group))
        work_show(c, "control.group", s->control_group, group);
    if (s->control_group && !path)
        problem_warning(c, group->place, "`control.group` lets nobody in while the socket is in the state folder, which is its owner's alone; set `control.path` as well");
}

static void read_remediation(struct config *c, const struct node *node)
{
    static const char *const keys[] = { "at_most", "concurrent" };
    struct model_settings *s = settings(c);
    const struct node *at_most = tree_get(node, "at_most"), *concurrent = tree_get(node, "concurrent");
    char text[100], window[64];

    if (node && value_is_map(c, node, "remediation", "`at_most` and `concurrent`"))
        work_keys(c, node, keys, 2);
    if (at_most)
        value_rate(c, at_most, "remediation.at_most", &s->remediation_at_most, &s->remediation_window);
    if (concurrent)
        value_count(c, concurrent, "remediation.concurrent", 1, 100, &s->remediation_concurrent);
    scalar_show_duration(s->remediation_window, window, sizeof window);
    snprintf(text, sizeof text, "%u per %s", s->remediation_at_most, window);
    work_show(c, "remediation.at_most", text, at_most);
    snprintf(text, sizeof text, "%u", s->remediation_concurrent);
    work_show(c, "remediation.concurrent", text, concurrent);
}

static void read_storm(struct config *c, const struct node *node)
{
    char text[16];

    if (node)
        value_percent(c, node, "storm", &settings(c)->storm_percent);
    snprintf(text, sizeof text, "%u%%", settings(c)->storm_percent);
    work_show(c, "storm", text, node);
}

static void read_time(struct config *c, const struct node *node, const char *name, uint64_t *ns)
{
    if (node)
        value_duration(c, node, name, 0, SECONDS(366 * 86400), ns);
    show_duration(c, name, *ns, node);
}

static void read_storm_cooldown(struct config *c, const struct node *node)
{
    read_time(c, node, "storm_cooldown", &settings(c)->storm_cooldown);
}

static void read_reopen(struct config *c, const struct node *node)
{
    read_time(c, node, "reopen", &settings(c)->reopen);
}

static void read_flap_escalate(struct config *c, const struct node *node)
{
    read_time(c, node, "flap_escalate", &settings(c)->flap_escalate);
}

/* ---- history ---- */

/* Years are known here alone: "3y". */
static bool read_years(const struct node *node, uint64_t *ns)
{
    const size_t digits = node->kind == NODE_TEXT ? strspn(node->of.text, "0123456789") : 0;

    if (digits == 0 || digits > 3 || strcmp(node->of.text + digits, "y") != 0)
        return false;
    *ns = (uint64_t)strtoul(node->of.text, NULL, 10) * 365 * SECONDS(86400);
    return true;
}

static void read_keeping(struct config *c, const struct node *history, const char *key, uint64_t *ns)
{
    const struct node *node = tree_get(history, key);
    char name[32];

    snprintf(name, sizeof name, "history.%s", key);
    if (node && !read_years(node, ns))
        value_duration(c, node, name, SECONDS(1), 0, ns);
    show_duration(c, name, *ns, node);
}

static void read_history(struct config *c, const struct node *node)
{
    static const char *const keys[] = { "raw", "hourly", "daily", "max" };
    struct model_settings *s = settings(c);

    if (node && value_is_map(c, node, "history", "`raw`, `hourly`, `daily` and `max`"))
        work_keys(c, node, keys, 4);
    read_keeping(c, node, "raw", &s->history_raw);
    read_keeping(c, node, "hourly", &s->history_hourly);
    read_keeping(c, node, "daily", &s->history_daily);
    if (tree_get(node, "max"))
        value_size(c, tree_get(node, "max"), "history.max", 1 << 20, &s->history_max);
    show_size(c, "history.max", s->history_max, tree_get(node, "max"));
}

/* ---- the file ---- */

static const struct setting {
    const char *key;
    void (*read)(struct config *, const struct node *); /* NULL: another step reads it */
} known[] = {
    { "listen", read_listen }, { "allow_hosts", read_allow_hosts }, { "state", read_state }, { "log", read_log }, { "exec_path", read_exec_path },
    { "guard", read_guard }, { "control", read_control }, { "remediation", read_remediation }, { "storm", read_storm },
    { "storm_cooldown", read_storm_cooldown }, { "reopen", read_reopen }, { "flap_escalate", read_flap_escalate },
    { "heartbeat", NULL }, { "history", read_history }, { "notify", NULL }, { "programs", NULL },
    { "ladder", NULL }, { "maintenance", NULL },
    { "vars", NULL }, { "defaults", NULL }, { "include", NULL }, { "runbooks", NULL }, { "plugins", NULL }, { "secrets", NULL }, { "services", NULL },
    { "paths", NULL },
};
enum { KNOWN = sizeof known / sizeof *known };

bool settings_has(const char *key)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(known[i].key, key) == 0)
            return true;
    return false;
}

void settings_read(struct config *c, const struct node *root)
{
    const char *names[KNOWN];

    for (size_t i = 0; i < KNOWN; i++)
        names[i] = known[i].key;
    work_keys(c, root, names, KNOWN);
    for (size_t i = 0; i < KNOWN; i++)
        if (known[i].read)
            known[i].read(c, tree_get(root, known[i].key));
}
