/* What several answers say in the same words: see facts.h. No judgement: only the engine's conclusions, counted and put in order. */
#include "serve/facts.h"

bool facts_is_probe(const struct model *model, size_t check)
{
    return model->checks[check].enabled && !model->checks[check].witness;
}

bool facts_is_watched(const struct model *model, size_t service)
{
    const struct model_service *s = &model->services[service];
    bool watched = false;

    for (size_t i = s->first_check; s->enabled && i < s->first_check + s->n_checks; i++)
        watched = watched || facts_is_probe(model, i);
    return watched;
}

void facts_probe_name(const struct model *model, size_t check, struct buffer *out)
{
    const struct model_service *service = &model->services[model->checks[check].service];
    size_t probes = 0;

    for (size_t i = 0; i < service->n_checks; i++)
        probes += facts_is_probe(model, service->first_check + i);
    buffer_text(out, probes == 1 ? service->name : model->checks[check].full_name);
}

/* How many verdicts are worse: 0 for failed, 8 for ok. */
static unsigned severity(enum engine_verdict verdict)
{
    unsigned worse = 0;

    for (int other = VERDICT_NONE; other <= VERDICT_FAILED; other++)
        worse += engine_worse((enum engine_verdict)other, verdict);
    return worse;
}

unsigned facts_rank(const struct snapshot *snapshot, size_t service)
{
    const struct model_service *model = &snapshot->model->services[service];
    const struct snapshot_service *state = &snapshot->services[service];

    if (!facts_is_watched(snapshot->model, service))
        return FACTS_RANKS;
    return severity(state->verdict) * 4 + (state->caused_by != MODEL_NONE ? 2u : 0u) + (model->critical ? 0u : 1u);
}

bool facts_is_good(enum engine_verdict verdict)
{
    return verdict == VERDICT_OK || verdict == VERDICT_WARN || verdict == VERDICT_STOPPED;
}

/* ---- one sentence on the whole */

static void say_starting(const struct snapshot *snapshot, struct buffer *out)
{
    const struct model *model = snapshot->model;
    size_t enabled = 0, unheard = 0;

    for (size_t i = 0; i < model->n_checks; i++) {
        if (!model->checks[i].enabled)
            continue;
        enabled++;
        unheard += snapshot->checks[i].verdict == VERDICT_NONE;
    }
    buffer_printf(out, "%zu of %zu checks have not been heard yet", unheard, enabled);
}

static void say_good(const struct snapshot *snapshot, struct buffer *out)
{
    const struct model *model = snapshot->model;
    size_t counts[VERDICT_FAILED + 1] = { 0 }, watched = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        if (!facts_is_watched(model, i))
            continue;
        watched++;
        counts[snapshot->services[i].verdict]++;
    }
    if (watched == 0) {
        buffer_text(out, "nothing is watched");
        return;
    }
    buffer_printf(out, counts[VERDICT_OK] == 1 ? "%zu service is ok" : "%zu services are ok", counts[VERDICT_OK]);
    if (counts[VERDICT_WARN] > 0)
        buffer_printf(out, ", %zu with a warning", counts[VERDICT_WARN]);
    if (counts[VERDICT_STOPPED] > 0)
        buffer_printf(out, ", %zu stopped", counts[VERDICT_STOPPED]);
}

static void say_bad(const struct snapshot *snapshot, struct buffer *out)
{
    const struct model *model = snapshot->model;
    size_t bad = 0, with_it = 0, worst = MODEL_NONE;
    unsigned rank = FACTS_RANKS;

    for (size_t i = 0; i < model->n_services; i++) {
        unsigned mine = facts_rank(snapshot, i);

        if (mine == FACTS_RANKS || facts_is_good(snapshot->services[i].verdict))
            continue;
        bad++;
        if (mine < rank) {
            rank = mine;
            worst = i;
        }
    }
    if (worst == MODEL_NONE) {
        say_good(snapshot, out);
        return;
    }
    buffer_printf(out, "%s: %s", model->services[worst].name, snapshot->services[worst].why);
    for (size_t i = 0; i < model->n_services; i++)
        with_it += i != worst && snapshot->services[i].caused_by == worst && facts_rank(snapshot, i) != FACTS_RANKS;
    if (with_it > 0)
        buffer_printf(out, with_it == 1 ? "; %zu service with it" : "; %zu services with it", with_it);
    if (bad - 1 > with_it)
        buffer_printf(out, bad - 1 - with_it == 1 ? "; %zu more service is not ok" : "; %zu more services are not ok", bad - 1 - with_it);
}

void facts_why(const struct snapshot *snapshot, struct buffer *out)
{
    if (!snapshot)
        buffer_text(out, "no configuration is in force yet");
    else if (snapshot->overall.state == STATE_STARTING)
        say_starting(snapshot, out);
    else
        say_bad(snapshot, out);
}

const char *facts_state(const struct snapshot *snapshot)
{
    return engine_state_name(snapshot ? snapshot->overall.state : STATE_STARTING);
}
