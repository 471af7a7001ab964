/* `ladder:`: who is asked when the runbooks have not helped: agents (commands), then people by an SOS. */
#include "config/outward.h"
#include "config/steps.h"
#include "config/values.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const char *const ladder_keys[] = { "agents", "sos" };
static const char *const agent_keys[] = { "enabled", "name", "command", "env", "dir", "about", "constraints", "timeout", "cooldown" };
static const char *const sos_keys[] = { "after", "repeat", "channels" };

enum { LADDER_KEYS = 2, AGENT_KEYS = 9, SOS_KEYS = 3 };

/* ---- agents */

/* The options of exec.run that stand here under the same names. */
static void read_command(struct config *c, const struct node *map, struct model_agent *made)
{
    static const struct outward_option options[] = { { "input", NULL, true } };
    static const char *const names[] = { "command", "env", "dir" };
    struct outward outward = { .what = "an agent", .options = options, .n = 1 };
    const struct node *values[3];
    const char *given[3];
    size_t n = 0, words;

    for (size_t i = 0; i < 3; i++) {
        values[n] = tree_get(map, names[i]);
        given[n] = names[i];
        n += values[n] != NULL;
    }
    if (!value_list(c, tree_get(map, "command"), "command", &made->command, &words))
        return;
    if (words == 0)
        problem_error(c, tree_get(map, "command")->place, "`command` must be a list of a program and its arguments");
    outward_action(c, outward_entry(c, "exec.run", given, values, n, map->place), &outward, &made->action);
}

/* False: it is off. */
static bool read_agent(struct config *c, const struct node *map, const char *fallback, struct model_agent *made)
{
    const struct node *name = tree_get(map, "name"), *timeout = tree_get(map, "timeout"), *cooldown = tree_get(map, "cooldown");
    const struct node *about = tree_get(map, "about"), *constraints = tree_get(map, "constraints"), *enabled = tree_get(map, "enabled");
    bool on = true;
    size_t n;

    *made = (struct model_agent){ .name = fallback, .command = arena_array(c->made, 1, sizeof(char *)), .cooldown = SECONDS(600), .place = work_place(c, map->place) };
    made->action = (struct model_action){ .name = "exec.run", .operation = MODEL_NONE, .conf.json = "{}", .timeout = SECONDS(300) };
    if (!value_is_map(c, map, "agents", "`command`, `enabled`, `name`, `env`, `dir`, `about`, `constraints`, `timeout` and `cooldown`"))
        return false;
    work_keys(c, map, agent_keys, AGENT_KEYS);
    if (enabled)
        value_bool(c, enabled, "enabled", &on);
    if (name && value_string(c, name, "name", &made->name) && !text_is_name(made->name))
        work_bad_name(c, name, "repair agent");
    if (timeout)
        value_duration(c, timeout, "timeout", SECONDS(1), SECONDS(3600), &made->action.timeout);
    if (cooldown)
        value_duration(c, cooldown, "cooldown", 0, SECONDS(86400), &made->cooldown);
    if (about)
        value_string(c, about, "about", &made->about);
    if (constraints)
        value_list(c, constraints, "constraints", &made->constraints, &n);
    made->timeout = made->action.timeout;
    c->off = !on;
    if (tree_get(map, "command"))
        read_command(c, map, made);
    else if (!work_misspelt(c, map, agent_keys, AGENT_KEYS, "command"))
        problem_error(c, map->place, "an agent needs a `command`: a list of a program and its arguments");
    c->off = false;
    return on;
}

static void read_agents(struct config *c, const struct node *list)
{
    static const char *const fallbacks[MODEL_AGENTS] = { "agent", "agent-fallback" };
    struct model_agents *agents = &c->model->settings.agents;

    if (!list || !value_is_list(c, list, "ladder.agents", "agents, such as `{command: [repair-agent]}`") || list->kind != NODE_LIST)
        return;
    if (list->n > MODEL_AGENTS) {
        problem_error(c, list->of.items[MODEL_AGENTS]->place, "more than %d agents: the second is the fallback of the first", MODEL_AGENTS);
        return;
    }
    for (size_t i = 0; i < list->n; i++) {
        struct model_agent *made = &agents->agents[agents->n];
        const bool on = read_agent(c, list->of.items[i], fallbacks[i], made);
        char key[64];

        snprintf(key, sizeof key, "ladder.agents.%zu", i + 1);
        work_show(c, key, arena_printf(c->arena, "%s: %s%s", made->name, made->command[0] ? made->command[0] : "", on ? "" : " (off)"), list->of.items[i]);
        agents->n += on;
    }
    if (agents->n == 2 && strcmp(agents->agents[0].name, agents->agents[1].name) == 0)
        problem_error(c, list->of.items[1]->place, "both agents are called `%s`", agents->agents[0].name);
}

/* ---- SOS */

static void show_duration(struct config *c, const char *name, uint64_t ns, const struct node *from)
{
    char text[64];

    scalar_show_duration(ns, text, sizeof text);
    work_show(c, name, text, from);
}

static void choose_channels(struct config *c, const struct node *map)
{
    const struct model_notify *notify = &c->model->settings.notify;
    struct model_channel *channels = (struct model_channel *)notify->channels;
    const struct node *node = tree_get(map, "channels");
    const size_t *chosen;
    size_t n;

    if (notify->n_channels + notify->n_channels_off == 0) {
        problem_error(c, map->place, "an SOS reaches nobody: there is no channel under `notify: {channels: ...}`");
        return;
    }
    if (!node) {
        for (size_t i = 0; i < notify->n_channels; i++)
            channels[i].sos = true;
        c->model->settings.sos.on = notify->n_channels > 0; /* until one of them is switched on, there is nobody */
        return;
    }
    c->model->settings.sos.on = notify_channels(c, node, "ladder.sos.channels", &chosen, &n);
    for (size_t i = 0; i < n; i++)
        channels[chosen[i]].sos = true;
}

static void read_sos(struct config *c, const struct node *map)
{
    struct model_sos *sos = &c->model->settings.sos;
    const struct node *after = tree_get(map, "after"), *repeat = tree_get(map, "repeat");

    *sos = (struct model_sos){ .after = SECONDS(900), .repeat = SECONDS(4 * 3600) };
    if (!map || !value_is_map(c, map, "ladder.sos", "`after`, `repeat` and `channels`"))
        return;
    work_keys(c, map, sos_keys, SOS_KEYS);
    sos->on = true;
    if (after)
        value_duration(c, after, "ladder.sos.after", 0, SECONDS(7 * 86400), &sos->after);
    if (repeat)
        value_duration(c, repeat, "ladder.sos.repeat", SECONDS(60), SECONDS(31 * 86400), &sos->repeat);
    choose_channels(c, map);
    show_duration(c, "ladder.sos.after", sos->after, after);
    show_duration(c, "ladder.sos.repeat", sos->repeat, repeat);
}

void ladder_read(struct config *c, const struct node *map)
{
    read_sos(c, NULL);
    if (!map || !value_is_map(c, map, "ladder", "`agents` and `sos`"))
        return;
    work_keys(c, map, ladder_keys, LADDER_KEYS);
    read_agents(c, tree_get(map, "agents"));
    if (tree_get(map, "sos"))
        read_sos(c, tree_get(map, "sos"));
}
