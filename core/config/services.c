/* Services into the model: all of them but their checks, needs and repairs. */
#include "config/steps.h"
#include "config/values.h"

#define SECONDS(n) ((uint64_t)(n) * 1000000000u)

static const uint64_t longest = SECONDS(366 * 86400);

static void find_given(const struct config *c, struct service_plan *plan)
{
    for (size_t s = 0; s < SERVICE_SETTINGS; s++) {
        plan->given[s] = tree_get(plan->node, work_service_settings[s]);
        if (!plan->given[s] && s < SERVICE_INHERITED)
            plan->given[s] = tree_get(plan->defaults, work_service_settings[s]);
        if (!plan->given[s] && s < SERVICE_INHERITED)
            plan->given[s] = tree_get(c->defaults, work_service_settings[s]);
    }
}

static void read_time(struct config *c, const struct service_plan *plan, enum service_setting setting, uint64_t *ns)
{
    if (plan->given[setting])
        value_duration(c, plan->given[setting], work_service_settings[setting], 0, longest, ns);
}

static bool read_bool(struct config *c, const struct service_plan *plan, enum service_setting setting, bool *value)
{
    return !plan->given[setting] || value_bool(c, plan->given[setting], work_service_settings[setting], value);
}

/* Of `on_failure: [collect ...]` a later part of Talon reads more. */
static void check_shapes(struct config *c, const struct service_plan *plan)
{
    const struct node *on_failure = plan->given[SERVICE_ON_FAILURE];

    if (on_failure)
        value_is_list(c, on_failure, "on_failure", "what to collect");
}

static void make_service(struct config *c, struct service_plan *plan, struct model_service *made)
{
    find_given(c, plan);
    *made = (struct model_service){ .name = arena_string(c->made, plan->name), .enabled = true, .needs_wait = SECONDS(30), .recover_grace = SECONDS(60),
                                    .start_timeout = SECONDS(300), .tell_warn_after = SECONDS(3600), .place = work_place(c, plan->key->place) };
    made->title = made->name;
    if (plan->given[SERVICE_TITLE])
        value_string(c, plan->given[SERVICE_TITLE], "title", &made->title);
    if (plan->given[SERVICE_NOTE])
        value_string(c, plan->given[SERVICE_NOTE], "note", &made->note);
    read_bool(c, plan, SERVICE_CRITICAL, &made->critical);
    plan->unsure = !read_bool(c, plan, SERVICE_ENABLED, &made->enabled);
    read_bool(c, plan, SERVICE_HEAL_STOPPED, &made->heal_stopped);
    read_time(c, plan, SERVICE_NEEDS_WAIT, &made->needs_wait);
    read_time(c, plan, SERVICE_RECOVER_GRACE, &made->recover_grace);
    read_time(c, plan, SERVICE_START_TIMEOUT, &made->start_timeout);
    read_time(c, plan, SERVICE_TELL_WARN_AFTER, &made->tell_warn_after);
    if (plan->given[SERVICE_NOTIFY])
        notify_service(c, plan->given[SERVICE_NOTIFY], made);
    check_shapes(c, plan);
}

void services_make(struct config *c)
{
    struct model_service *made = arena_array(c->made, c->services.n + 1, sizeof *made);
    size_t n = 0;

    for (size_t i = 0; i < c->services.n; i++) {
        struct service_plan *plan = work_service_at(c, i);

        plan->index = n;
        make_service(c, plan, &made[n]);
        n += !plan->twice;
    }
    c->model->services = made;
    c->model->n_services = n;
}
