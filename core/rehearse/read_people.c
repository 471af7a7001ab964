/* What people command in a scenario, and windows that it opens by hand. */
#include "rehearse/scenario_private.h"

#include <string.h>

/* ---- windows ---- */

static void read_services(struct reader *r, const struct node *list, struct scenario_step *step)
{
    const char **all = arena_array(r->c->arena, list->n + 1, sizeof *all);

    if (!value_is_list(r->c, list, "services", "services"))
        return;
    for (size_t i = 0; list->kind == NODE_LIST && i < list->n; i++)
        if (names_service(r, list->of.items[i], "services", &all[step->of.window.n]))
            step->of.window.n++;
    step->of.window.services = all;
}

void people_window(struct reader *r, const struct node *node)
{
    static const char *const keys[] = { "open", "close", "services" };
    const struct node *open = tree_get(node, "open"), *close = tree_get(node, "close");
    struct scenario_step *step;
    const char *name;

    if (!value_is_map(r->c, node, "window", "`open: NAME` or `close: NAME`, and `services`"))
        return;
    work_keys(r->c, node, keys, 3);
    if (r->s->dated)
        problem_error(r->c, node->place, "in a scenario with a `date` the windows are those of the configuration");
    if (!open == !close) {
        problem_error(r->c, node->place, "a window is opened (`open: NAME`) or closed (`close: NAME`)");
        return;
    }
    if (!value_string(r->c, open ? open : close, "window", &name))
        return;
    step = step_add(r, SCENARIO_WINDOW, node);
    step->of.window.open = open != NULL;
    step->of.window.name = name;
    step->text = arena_printf(r->c->arena, "the window %s is %s", name, open ? "opened" : "closed");
    if (open && tree_get(node, "services"))
        read_services(r, tree_get(node, "services"), step);
}

/* ---- commands of people ---- */

static struct scenario_step *command(struct reader *r, const struct node *node, enum engine_command_kind kind, const char *text)
{
    struct scenario_step *step = step_add(r, SCENARIO_COMMAND, node);

    step->of.command.kind = kind;
    step->of.command.note = "rehearsal";
    step->text = text;
    return step;
}

void people_silence(struct reader *r, const struct node *node)
{
    static const char *const keys[] = { "service", "for", "until_ok" };
    const struct node *service = tree_get(node, "service"), *length = tree_get(node, "for"), *until_ok = tree_get(node, "until_ok");
    const char *name = NULL;
    struct scenario_step *step;

    if (!value_is_map(r->c, node, "silence", "`service`, `for` and `until_ok`"))
        return;
    work_keys(r->c, node, keys, 3);
    if (!length && !work_misspelt(r->c, node, keys, 3, "for"))
        problem_error(r->c, node->place, "`silence` needs `for: DURATION`");
    if (!length || (service && !names_service(r, service, "service", &name)))
        return;
    step = command(r, node, COMMAND_SILENCE, arena_printf(r->c->arena, "%s is silenced", name ? name : "everything"));
    step->of.command.service = name;
    value_duration(r->c, length, "for", 1, SCENARIO_LONGEST * 12, &step->of.command.duration);
    if (until_ok)
        value_bool(r->c, until_ok, "until_ok", &step->of.command.until_ok);
}

void people_unsilence(struct reader *r, const struct node *node)
{
    const char *name;
    const bool all = node->kind == NODE_TEXT && strcmp(node->of.text, "*") == 0;

    if (all || names_service(r, node, "unsilence", &name))
        command(r, node, COMMAND_UNSILENCE, "a silence is ended")->of.command.service = all ? NULL : name;
}

void people_pause(struct reader *r, const struct node *node)
{
    uint64_t ns;

    if (value_duration(r->c, node, "pause", 1, SCENARIO_LONGEST * 12, &ns))
        command(r, node, COMMAND_PAUSE, arena_printf(r->c->arena, "repair is paused for %s", step_duration(r, ns)))->of.command.duration = ns;
}

void people_resume(struct reader *r, const struct node *node)
{
    bool yes;

    if (value_bool(r->c, node, "resume", &yes) && yes)
        command(r, node, COMMAND_RESUME, "repair is resumed");
}

void people_ack(struct reader *r, const struct node *node)
{
    static const char *const keys[] = { "service", "for" };
    const struct node *service = node->kind == NODE_MAP ? tree_get(node, "service") : node;
    struct scenario_step *step;
    const char *name;
    uint64_t ns = 0;

    if (node->kind == NODE_MAP)
        work_keys(r->c, node, keys, 2);
    if (!service) {
        problem_error(r->c, node->place, "`ack` needs the service whose incident it is");
        return;
    }
    if (tree_get(node, "for"))
        value_duration(r->c, tree_get(node, "for"), "for", 1, SCENARIO_LONGEST * 12, &ns);
    if (!names_service(r, service, "ack", &name))
        return;
    step = command(r, node, COMMAND_ACK, arena_printf(r->c->arena, "the incident of %s is acknowledged", name));
    step->of.command.of = name;
    step->of.command.duration = ns;
}
