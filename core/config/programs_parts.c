/* The larger parts of a program: its environment, its port, the call after its start, its health, how it is told to end. */
#include "config/programs.h"

#include "config/steps.h"
#include "config/values.h"

#include "base/scalar.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { VARIABLES = 256 };

#define LONGEST (3600 * PROGRAM_SECOND)
#define LONGEST_DRAIN (600 * PROGRAM_SECOND)

/* ---- environment */

static bool is_variable(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

    return name[0] != '\0' && (name[0] < '0' || name[0] > '9') && name[strspn(name, letters)] == '\0';
}

static bool check_variable(struct program_reading *r, const struct node *key)
{
    if (!is_variable(key->of.text)) {
        problem_error(r->c, key->place, "%s is no name of a variable: letters, digits and `_`", problem_quote(r->c, key->of.text));
        return false;
    }
    if (strncmp(key->of.text, "TALON_", 6) == 0)
        problem_error(r->c, key->place, "variables that begin with `TALON_` are Talon's own");
    return true;
}

static void add_secret(struct program_reading *r, const struct entry *entry, struct model_variable *made)
{
    const char *name;
    size_t secret;

    if (!check_variable(r, entry->key) || !value_text(r->c, entry->value, "secrets", "the name of a secret", &name))
        return;
    secret = secrets_find(r->c, name);
    if (secret == MODEL_NONE) {
        problem_error(r->c, entry->value->place, "there is no secret %s", problem_quote(r->c, name));
        problem_nearest(r->c, name, r->c->secret_names, r->c->n_secret_names);
        return;
    }
    *made = (struct model_variable){ .name = arena_string(r->c->made, entry->key->of.text), .secret = secrets_use(r->c, secret, false) };
    program_show(r, arena_printf(r->c->arena, "secrets.%s", made->name), name, entry->value);
    r->made->n_env++;
}

static void add_variable(struct program_reading *r, const struct entry *entry, struct model_variable *made)
{
    const char *what = arena_printf(r->c->arena, "env.%.64s", entry->key->of.text);

    if (!check_variable(r, entry->key))
        return;
    if (!value_string(r->c, entry->value, what, &made->value)) {
        if (entry->value->kind == NODE_TEXT && strstr(entry->value->of.text, "${secrets."))
            problem_note(r->c, "under `secrets:` of the program a variable gets the value of a secret");
        return;
    }
    made->name = arena_string(r->c->made, entry->key->of.text);
    made->secret = MODEL_NONE;
    program_show(r, what, made->value, entry->value);
    r->made->n_env++;
}

static size_t entries(struct program_reading *r, const struct node *node, const char *what, const char *of)
{
    if (!node || !value_is_map(r->c, node, what, of) || node->kind != NODE_MAP)
        return 0;
    if (node->n <= VARIABLES)
        return node->n;
    problem_error(r->c, node->place, "`%s` has more than %d variables", what, VARIABLES);
    return 0;
}

void program_env(struct program_reading *r)
{
    const struct node *env = tree_get(r->map, "env"), *secrets = tree_get(r->map, "secrets"), *file = tree_get(r->map, "env_file");
    const size_t n_env = entries(r, env, "env", "names and texts"), n_secrets = entries(r, secrets, "secrets", "names of variables and of secrets");
    struct model_variable *all = arena_array(r->c->made, n_env + n_secrets + 1, sizeof *all);

    for (size_t i = 0; i < n_env; i++)
        add_variable(r, &env->of.entries[i], &all[r->made->n_env]);
    for (size_t i = 0; i < n_secrets; i++)
        add_secret(r, &secrets->of.entries[i], &all[r->made->n_env]);
    r->made->env = all;
    if (file && value_path(r->c, file, "env_file", &r->made->env_file))
        program_show(r, "env_file", r->made->env_file, file);
}

/* ---- port: 3111, 127.0.0.1:3111, or a map of `listen` and `taken` */

static void read_listen(struct program_reading *r, const struct node *node)
{
    static const char type[] = "a port such as 3111 or 127.0.0.1:3111";
    struct scalar_address address = { .port = 0 };
    unsigned char numeric[16];
    char why[SCALAR_WHY];
    const char *text;
    int64_t number;

    if (!value_text(r->c, node, "port", type, &text))
        return;
    if (scalar_int(text, &number, why) && number >= 1 && number <= 65535) {
        r->made->port = (uint16_t)number;
    } else if (!strchr(text, ':') || !scalar_address(text, &address, why) || address.port == 0) {
        problem_error(r->c, node->place, "`port` must be %s, not %s", type, problem_quote(r->c, text));
        return;
    } else if (inet_pton(AF_INET, address.host, numeric) != 1 && inet_pton(AF_INET6, address.host, numeric) != 1) {
        problem_error(r->c, node->place, "`port` must have a numeric address, such as 127.0.0.1:3111, not %s", problem_quote(r->c, text));
        return;
    } else {
        r->made->port = address.port;
        r->made->port_host = arena_string(r->c->made, address.host);
    }
    program_show(r, "port", text, node);
}

void program_port(struct program_reading *r)
{
    static const char *const names[] = { "listen", "taken" }, *const words[] = { "wait", "refuse" };
    const struct node *node = tree_get(r->map, "port"), *taken = NULL;
    size_t word = 0;

    if (!node)
        return;
    if (node->kind != NODE_MAP) {
        read_listen(r, node);
    } else {
        work_keys(r->c, node, names, 2);
        taken = tree_get(node, "taken");
        if (tree_get(node, "listen"))
            read_listen(r, tree_get(node, "listen"));
        else if (!work_misspelt(r->c, node, names, 2, "listen"))
            problem_error(r->c, node->place, "`port` needs `listen`: the port that is the program's");
    }
    if (taken)
        value_word(r->c, taken, "port.taken", words, 2, &word);
    r->made->refuses = word == 1;
    program_show(r, "port.taken", words[word], taken);
}

/* ---- start_call */

static const char url_type[] = "a URL of this host, such as http://127.0.0.1:3111/api";

static bool bad_url(struct program_reading *r, const struct node *node, const char *why)
{
    problem_error(r->c, node->place, "`start_call.url` must be %s: %s", url_type, why);
    return false;
}

/* Only what lies on a numeric address: it is the program's own, and nobody has to be asked where that is. */
static bool read_authority(struct program_reading *r, const struct node *node, const char *authority)
{
    struct scalar_address address;
    unsigned char numeric[16];
    char why[SCALAR_WHY];
    const char *host;

    if (!scalar_address(strchr(authority, ':') ? authority : arena_printf(r->c->arena, "%s:80", authority), &address, why) || address.port == 0)
        return bad_url(r, node, "it has no host and port");
    host = strcmp(address.host, "localhost") == 0 ? "127.0.0.1" : address.host;
    if (inet_pton(AF_INET, host, numeric) != 1 && inet_pton(AF_INET6, host, numeric) != 1)
        return bad_url(r, node, "its host is neither numeric nor `localhost`");
    r->made->call_address = arena_string(r->c->made, host);
    r->made->call_port = address.port;
    return true;
}

static bool read_url(struct program_reading *r, const struct node *node)
{
    static const char scheme[] = "http://";
    const char *url, *authority, *path;

    if (!value_text(r->c, node, "start_call.url", url_type, &url))
        return false;
    for (const char *at = url; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '#')
            return bad_url(r, node, "it holds a character that must be escaped");
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return bad_url(r, node, "it must begin with `http://`");
    authority = url + sizeof scheme - 1;
    path = authority + strcspn(authority, "/?");
    if (memchr(authority, '@', (size_t)(path - authority)))
        return bad_url(r, node, "it takes no user");
    r->made->call_host = arena_copy(r->c->made, authority, (size_t)(path - authority));
    r->made->call_target = arena_printf(r->c->made, "%s%s", path[0] == '/' ? "" : "/", path);
    program_show(r, "start_call.url", url, node);
    return read_authority(r, node, r->made->call_host);
}

static void call_time(struct program_reading *r, const struct node *map, const char *key, uint64_t least, uint64_t *ns)
{
    const struct node *node = tree_get(map, key);
    const char *what = arena_printf(r->c->arena, "start_call.%s", key);

    if (node)
        value_duration(r->c, node, what, least, LONGEST, ns);
    program_show_time(r, what, *ns, node);
}

void program_call(struct program_reading *r)
{
    static const char *const names[] = { "url", "method", "after", "tries", "every", "timeout" }, *const methods[] = { "PUT", "POST", "GET" };
    const struct node *node = program_part(r, "start_call", names, 6, "`url`, `method`, `after`, `tries`, `every` and `timeout`");
    const struct node *method = tree_get(node, "method"), *tries = tree_get(node, "tries"), *url = tree_get(node, "url");
    char text[16];
    size_t word = 0;

    if (!node)
        return;
    if (method)
        value_word(r->c, method, "start_call.method", methods, 3, &word);
    program_show(r, "start_call.method", methods[word], method);
    if (!url && !work_misspelt(r->c, node, names, 6, "url"))
        problem_error(r->c, node->place, "`start_call` needs a `url`");
    if (url && read_url(r, url))
        r->made->call_method = methods[word];
    if (tries)
        value_count(r->c, tries, "start_call.tries", 1, 100, &r->made->call_tries);
    snprintf(text, sizeof text, "%u", r->made->call_tries);
    program_show(r, "start_call.tries", text, tries);
    call_time(r, node, "after", 0, &r->made->call_after);
    call_time(r, node, "every", PROGRAM_SECOND / 10, &r->made->call_every);
    call_time(r, node, "timeout", PROGRAM_SECOND / 10, &r->made->call_timeout);
}

/* ---- health: a check, or a map of it and what counts */

static const struct check_plan *find_check(struct program_reading *r, const struct node *node, const char *name)
{
    const char *dot = strchr(name, '.'), *first = dot ? arena_copy(r->c->arena, name, (size_t)(dot - name)) : name;
    const struct service_plan *service = work_service(r->c, first);
    const struct check_plan *check = NULL;
    const char **names;

    if (!service) {
        if (work_is_lost(r->c, first))
            return NULL;
        problem_error(r->c, node->place, "there is no service %s, whose check tells of the program's health", problem_quote(r->c, first));
        problem_nearest(r->c, first, r->c->service_names, r->c->n_service_names);
        return NULL;
    }
    if (dot)
        check = work_check(r->c, service->name, dot + 1);
    else if (service->n_checks == 1)
        check = work_check_at(r->c, service->first_check);
    if (check)
        return check;
    names = arena_array(r->c->arena, service->n_checks + 1, sizeof *names);
    for (size_t i = 0; i < service->n_checks; i++)
        names[i] = work_check_at(r->c, service->first_check + i)->full_name;
    problem_error(r->c, node->place, dot ? "there is no check %s" : "%s has several checks: say which one, as SERVICE.CHECK", problem_quote(r->c, name));
    problem_nearest(r->c, name, names, service->n_checks);
    return NULL;
}

static void read_check(struct program_reading *r, const struct node *node)
{
    const struct check_plan *check;
    const char *name;

    if (!value_text(r->c, node, "health", "the name of a check (SERVICE.CHECK)", &name))
        return;
    check = find_check(r, node, name);
    if (!check)
        return;
    r->made->health = check->index;
    program_show(r, "health.check", check->full_name, node);
    if (!r->c->model->checks[check->index].enabled)
        problem_warning(r->c, node->place, "the check %s is not enabled: the program's health is not known", problem_quote(r->c, name));
}

void program_health(struct program_reading *r)
{
    static const char *const names[] = { "check", "start", "fail_after" };
    const struct node *node = tree_get(r->map, "health"), *start = NULL, *failures = NULL;
    char text[16];

    if (!node)
        return;
    if (node->kind != NODE_MAP) {
        read_check(r, node);
    } else {
        work_keys(r->c, node, names, 3);
        start = tree_get(node, "start");
        failures = tree_get(node, "fail_after");
        if (tree_get(node, "check"))
            read_check(r, tree_get(node, "check"));
        else if (!work_misspelt(r->c, node, names, 3, "check"))
            problem_error(r->c, node->place, "`health` needs a `check`");
    }
    if (start)
        value_duration(r->c, start, "health.start", 0, LONGEST, &r->made->health_start);
    if (failures)
        value_count(r->c, failures, "health.fail_after", 1, 1000, &r->made->health_failures);
    program_show_time(r, "health.start", r->made->health_start, start);
    snprintf(text, sizeof text, "%u", r->made->health_failures);
    program_show(r, "health.fail_after", text, failures);
}

/* ---- drain: how long it is waited for, or a map of that and the signal */

void program_drain(struct program_reading *r)
{
    static const char *const names[] = { "signal", "wait" }, *const signals[] = { "TERM", "INT", "QUIT", "HUP", "USR1", "USR2" };
    static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2 };
    const struct node *node = tree_get(r->map, "drain"), *signal = NULL, *wait = node;
    size_t word = 0;

    if (node && node->kind == NODE_MAP) {
        work_keys(r->c, node, names, 2);
        signal = tree_get(node, "signal");
        wait = tree_get(node, "wait");
    }
    if (signal)
        value_word(r->c, signal, "drain.signal", signals, sizeof signals / sizeof *signals, &word);
    if (wait)
        value_duration(r->c, wait, "drain.wait", 0, LONGEST_DRAIN, &r->made->drain_wait);
    r->made->drain_signal = numbers[word];
    program_show(r, "drain.signal", signals[word], signal);
    program_show_time(r, "drain.wait", r->made->drain_wait, wait);
}
