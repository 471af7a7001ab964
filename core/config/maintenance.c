/* `maintenance:`: windows of planned work, each with the calendar by which it begins. What it covers is silenced while one is open (core/daemon_windows.c). */
#include "config/steps.h"
#include "config/values.h"

#include "base/os/zones.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define SHORTEST (60 * (uint64_t)1000000000u)
#define LONGEST (31 * 86400 * (uint64_t)1000000000u)

enum { SILENCES = 32 }; /* of all windows: half of what the judgement keeps, the other half is people's */

static const char *const keys[] = { "cron", "for", "zone", "services" };

enum { KEYS = sizeof keys / sizeof *keys };

/* ---- when ---- */

static const char *read_cron(struct config *c, const struct node *node, struct model_window *made)
{
    const char *text;
    char why[SCALAR_WHY];
    size_t at;

    if (!value_text(c, node, "cron", "five fields such as `0 3 * * sun`", &text))
        return NULL;
    if (calendar_read(text, &made->begins, why, &at))
        return text;
    problem_error(c, tree_within(node, at), "`cron` must be five fields such as `0 3 * * sun`: %s", why);
    return NULL;
}

/* Each zone once for each use: they are small. */
const char *maintenance_zone(struct config *c, const struct node *node, const struct zone **made)
{
    struct zone_change *room = malloc(ZONE_TRANSITIONS * sizeof *room), *changes;
    struct zone *zone = arena_alloc(c->made, sizeof *zone);
    const char *name = NULL;
    char why[512];

    work_hold(c, free, room);
    zone_utc(zone);
    if (!room)
        c->lacked = true;
    else if ((!node || value_text(c, node, "zone", "a time zone such as Europe/Berlin", &name)) && !zones_read(name, zone, room, why, sizeof why))
        problem_error(c, node->place, "`zone` must be a time zone such as Europe/Berlin: %s", why);
    changes = arena_array(c->made, zone->n + 1, sizeof *changes);
    if (zone->n > 0)
        memcpy(changes, zone->changes, zone->n * sizeof *changes);
    zone->changes = changes;
    *made = zone;
    work_release(c);
    return name;
}

/* ---- what ---- */

static void add_service(struct config *c, const struct node *node, size_t *services, size_t *n)
{
    const struct service_plan *plan;
    const char *name;

    if (!value_text(c, node, "services", "names of services", &name))
        return;
    plan = work_service(c, name);
    if (!plan) {
        if (work_is_lost(c, name))
            return;
        problem_error(c, node->place, "there is no service %s", problem_quote(c, name));
        problem_nearest(c, name, c->service_names, c->n_service_names);
        return;
    }
    for (size_t i = 0; i < *n; i++) {
        if (services[i] == plan->index) {
            problem_warning(c, node->place, "the service `%s` stands here twice", name);
            return;
        }
    }
    services[(*n)++] = plan->index;
}

static void read_services(struct config *c, const struct node *node, struct model_window *made)
{
    const bool one = node->kind == NODE_TEXT && !tree_empty(node);
    const size_t n = one ? 1 : node->kind == NODE_LIST ? node->n : 0;
    size_t *services = arena_array(c->made, n + 1, sizeof *services);

    if (!one && !value_is_list(c, node, "services", "services"))
        return;
    if (n == 0)
        problem_error(c, node->place, "`services` names none; without that key a window covers everything");
    for (size_t i = 0; i < n; i++)
        add_service(c, one ? node : node->of.items[i], services, &made->n);
    made->services = services;
}

/* ---- windows ---- */

static void show(struct config *c, const struct entry *entry, const struct model_window *made, const char *cron, const char *zone)
{
    const struct node *map = entry->value;
    struct buffer *services = work_scratch(c, 0);
    char text[64];

    for (size_t i = 0; i < made->n; i++)
        buffer_printf(services, "%s%s", i > 0 ? ", " : "", c->model->services[made->services[i]].name);
    scalar_show_duration(made->length, text, sizeof text);
    work_show(c, arena_printf(c->arena, "maintenance.%s.cron", made->name), cron, tree_get(map, "cron"));
    work_show(c, arena_printf(c->arena, "maintenance.%s.for", made->name), text, tree_get(map, "for"));
    work_show(c, arena_printf(c->arena, "maintenance.%s.zone", made->name), zone ? zone : "that of the machine", tree_get(map, "zone"));
    work_show(c, arena_printf(c->arena, "maintenance.%s.services", made->name), made->n > 0 ? buffer_string(services) : "*", tree_get(map, "services"));
}

static void require(struct config *c, const struct entry *entry, const char *key, const char *what)
{
    if (!tree_get(entry->value, key) && !work_misspelt(c, entry->value, keys, KEYS, key))
        problem_error(c, entry->key->place, "the window %s needs %s", problem_quote(c, entry->key->of.text), what);
}

static void read_window(struct config *c, const struct entry *entry, struct model_window *made)
{
    const struct node *map = entry->value, *cron = tree_get(map, "cron"), *length = tree_get(map, "for"), *services = tree_get(map, "services");
    const char *shown = NULL, *zone;

    made->name = arena_string(c->made, entry->key->of.text);
    made->place = work_place(c, entry->key->place);
    if (!text_is_name(made->name))
        work_bad_name(c, entry->key, "window");
    if (!value_is_map(c, map, made->name, "`cron`, `for`, `zone` and `services`"))
        return;
    work_keys(c, map, keys, KEYS);
    require(c, entry, "cron", "`cron`: when it begins, such as `0 3 * * sun`");
    require(c, entry, "for", "`for`: how long it lasts");
    if (cron)
        shown = read_cron(c, cron, made);
    if (length)
        value_duration(c, length, "for", SHORTEST, LONGEST, &made->length);
    zone = maintenance_zone(c, tree_get(map, "zone"), &made->zone);
    if (services)
        read_services(c, services, made);
    show(c, entry, made, shown ? shown : "", zone);
}

void maintenance_read(struct config *c, const struct node *map)
{
    struct model_window *all;
    size_t silences = 0;

    if (!map || !value_is_map(c, map, "maintenance", "names and windows") || map->kind != NODE_MAP)
        return;
    if (map->n > SILENCES) {
        problem_error(c, map->place, "more than %d windows", SILENCES);
        return;
    }
    all = arena_array(c->made, map->n + 1, sizeof *all);
    for (size_t i = 0; i < map->n; i++) {
        read_window(c, &map->of.entries[i], &all[i]);
        silences += all[i].n > 0 ? all[i].n : 1;
    }
    if (silences > SILENCES)
        problem_error(c, map->place,
                      "the windows name %zu services, and only %d can be silenced by windows at once: leave `services` out of one that is for nearly all",
                      silences, SILENCES);
    c->model->windows = all;
    c->model->n_windows = map->n;
}
