/* Checks into the model: settings with their defaults (the check's own over its type's over its file's over the main file's), options as a conf. */
#include "config/checks.h"

#include "config/steps.h"
#include "config/values.h"

#include <string.h>

#define MS(n) ((uint64_t)(n) * 1000000u)
#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const uint64_t every_least = MS(10), confirm_least = MS(100), every_most = SECONDS(366 * 86400), timeout_least = MS(1), timeout_most = SECONDS(86400);
enum { IN_A_ROW = 1000 };

/* ---- which value is in force ---- */

const struct node *checks_type_defaults(const struct config *c, const struct service_plan *service, const char *type, bool of_main)
{
    const struct node *found = tree_get(of_main ? c->defaults : service->defaults, type);

    return found && found->kind == NODE_MAP ? found : NULL;
}

void checks_levels(const struct config *c, const struct check_plan *check, const struct node **levels)
{
    const struct service_plan *service = work_service_at(c, check->service);
    const char *type = check->type->key->of.text;

    levels[0] = check->type->value;
    levels[1] = checks_type_defaults(c, service, type, false);
    levels[2] = checks_type_defaults(c, service, type, true);
}

static void find_given(const struct config *c, struct check_plan *check)
{
    const struct service_plan *service = work_service_at(c, check->service);
    const struct node *maps[5] = { check->node };
    size_t n = 1;

    if (check->type) {
        maps[n++] = checks_type_defaults(c, service, check->type->key->of.text, false);
        maps[n++] = checks_type_defaults(c, service, check->type->key->of.text, true);
    }
    maps[n++] = service->defaults;
    maps[n++] = c->defaults;
    for (size_t s = 0; s < CHECK_SETTINGS; s++)
        for (size_t i = 0; i < (s < CHECK_INHERITED ? n : 1) && !check->given[s]; i++)
            check->given[s] = tree_get(maps[i], work_check_settings[s]);
}

/* ---- reading it ---- */

static void read_path(struct config *c, const struct node *node, size_t *path)
{
    const char *name;

    if (!value_text(c, node, "through", "the name of a path", &name))
        return;
    for (size_t i = 0; i < c->model->n_paths; i++) {
        if (strcmp(c->model->paths[i].name, name) == 0) {
            *path = i;
            return;
        }
    }
    if (c->alone) {
        problem_warning(c, node->place, "the path %s is not checked without the main file", problem_quote(c, name));
        return;
    }
    problem_error(c, node->place, "there is no path %s under `paths:`", problem_quote(c, name));
    problem_nearest(c, name, c->path_names, c->n_path_names);
}

void checks_settings(struct config *c, const struct node *const *given, struct check_settings *s)
{
    if (given[CHECK_EVERY])
        value_duration(c, given[CHECK_EVERY], "every", every_least, every_most, &s->every);
    if (given[CHECK_TIMEOUT])
        value_duration(c, given[CHECK_TIMEOUT], "timeout", timeout_least, timeout_most, &s->timeout);
    if (given[CHECK_FAIL_AFTER])
        value_count(c, given[CHECK_FAIL_AFTER], "fail_after", 1, IN_A_ROW, &s->fail_after);
    if (given[CHECK_RECOVER_AFTER])
        value_count(c, given[CHECK_RECOVER_AFTER], "recover_after", 1, IN_A_ROW, &s->recover_after);
    if (given[CHECK_UNKNOWN_AFTER])
        value_count(c, given[CHECK_UNKNOWN_AFTER], "unknown_after", 1, IN_A_ROW, &s->unknown_after);
    s->confirm_every = s->every / 4 < confirm_least ? confirm_least : s->every / 4;
    if (given[CHECK_CONFIRM_EVERY])
        value_duration(c, given[CHECK_CONFIRM_EVERY], "confirm_every", confirm_least, every_most, &s->confirm_every);
    if (given[CHECK_THROUGH])
        read_path(c, given[CHECK_THROUGH], &s->path);
    if (given[CHECK_WITNESS])
        value_bool(c, given[CHECK_WITNESS], "witness", &s->witness);
    if (given[CHECK_ENABLED])
        value_bool(c, given[CHECK_ENABLED], "enabled", &s->enabled);
}

/* Of a timeout that somebody wrote: the built-in one is only a bound. At the one of the two that is the check's own; where both are inherited, once for all. */
static void warn_of_timeout(struct config *c, const struct check_plan *check, const struct check_settings *s)
{
    const struct node *timeout = check->given[CHECK_TIMEOUT], *own_timeout = tree_get(check->node, "timeout"), *own_every = tree_get(check->node, "every");

    if (s->timeout <= s->every || !timeout)
        return;
    if (own_timeout || own_every)
        problem_warning(c, (own_timeout ? own_timeout : own_every)->place, "the check `%s` may take longer than its interval (`timeout` above `every`): it would skip turns",
                        check->key->of.text);
    else
        problem_warning(c, timeout->place, "checks may take longer than their interval (`timeout` above `every`): they would skip turns");
}

/* ---- options ---- */

static void add_validation(struct config *c, size_t check, const struct operation *operation, const char *conf)
{
    struct validation_plan *plan = vector_push(c->arena, &c->validations, sizeof *plan);

    plan->shown = (struct config_validation){ .plugin = work_plugin_at(c, operation->plugin)->shown.name, .operation = operation->name, .conf = conf };
    plan->check = check;
}

static void make_conf(struct config *c, size_t index, struct model_check *made)
{
    const struct check_plan *check = work_check_at(c, index);
    struct options_use use = { .operation = check->operation, .type = check->type };
    const char *bare;

    made->conf.json = "{}";
    if (!check->operation || check->operation->unknown)
        return;
    checks_levels(c, check, use.levels);
    if (options_write(c, &use, &made->conf, &bare) && check->operation->validates)
        add_validation(c, index, check->operation, bare);
}

/* ---- the model's ---- */

static void make_check(struct config *c, size_t index, struct model_check *made, bool service_enabled)
{
    struct check_plan *check = work_check_at(c, index);
    struct check_settings s = { .every = SECONDS(60), .timeout = SECONDS(10), .fail_after = 3, .recover_after = 2, .unknown_after = 3, .path = MODEL_NONE, .enabled = true };

    c->each = check->each;
    find_given(c, check);
    checks_settings(c, check->given, &s);
    warn_of_timeout(c, check, &s);
    *made = (struct model_check){
        .name = arena_string(c->made, check->name), .full_name = arena_string(c->made, check->full_name),
        .service = work_service_at(c, check->service)->index, .every = s.every, .timeout = s.timeout, .confirm_every = s.confirm_every,
        .fail_after = s.fail_after, .recover_after = s.recover_after, .unknown_after = s.unknown_after, .path = s.path, .witness = s.witness,
        .enabled = s.enabled && service_enabled, .place = work_place(c, check->key->place),
    };
    if (check->operation)
        made->operation = (size_t)(check->operation - VECTOR_AT(&c->operations, struct operation, 0));
    make_conf(c, index, made);
    c->each = NULL;
}

/* Witnesses alone could never fail their service. Checks whose mistakes were told count as being there. */
static void require_check(struct config *c, const struct service_plan *service, const struct model_check *checks, bool enabled)
{
    const struct node *written = service->given[SERVICE_CHECKS];

    for (size_t i = 0; i < service->n_checks; i++)
        if (!checks[i].witness)
            return;
    if (!enabled || service->unsure || (service->n_checks == 0 && written && written->n > 0) ||
        work_misspelt(c, service->node, work_service_settings, SERVICE_SETTINGS, "checks"))
        return;
    problem_error(c, service->key->place, "the service `%s` has no check%s", service->name, service->n_checks > 0 ? " but witnesses, so it could never fail" : "");
    problem_note(c, "give it one under `checks:`, or say `enabled: false`");
}

void checks_make(struct config *c)
{
    struct model_check *made = arena_array(c->made, c->checks.n + 1, sizeof *made);
    size_t n = 0;

    for (size_t i = 0; i < c->services.n; i++) {
        const struct service_plan *service = work_service_at(c, i);
        struct model_service *in_model = (struct model_service *)&c->model->services[service->index];

        if (service->twice)
            continue;
        in_model->first_check = n;
        in_model->n_checks = service->n_checks;
        for (size_t k = 0; k < service->n_checks; k++) {
            work_check_at(c, service->first_check + k)->index = n;
            make_check(c, service->first_check + k, &made[n++], in_model->enabled);
        }
        require_check(c, service, made + in_model->first_check, in_model->enabled);
    }
    c->model->checks = made;
    c->model->n_checks = n;
}
