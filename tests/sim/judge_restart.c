/* Another process has taken up what the one before exported: what people see and were told is what it was, and what it exports is the same again. */
#include "judge.h"

#include <string.h>

/* What rows hold of it: its metrics and details are of the run that was. */
static bool same_result(const struct result *a, const struct result *b)
{
    return a == b || (a && b && a->status == b->status && a->duration_ns == b->duration_ns && strcmp(a->reason, b->reason) == 0 && strcmp(a->summary, b->summary) == 0);
}

static bool same_verdict(const struct engine_check *a, const struct engine_check *b, bool bad_forgotten)
{
    return a->verdict == b->verdict && (a->bad == b->bad || (bad_forgotten && b->bad == 0)) && a->good == b->good && a->unknown == b->unknown && a->since == b->since &&
           a->flapping == b->flapping && same_result(a->last, b->last) && a->runs == b->runs;
}

static void judge_checks(struct sim *sim, const struct engine *before, bool gap)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_checks; i++)
        if (model->checks[i].enabled && !same_verdict(engine_check(before, i), engine_check(sim->engine, i), gap && sim->checks[i].base != VERDICT_FAILED))
            sim_break(sim, "a restart changes %s", model->checks[i].full_name);
}

static void judge_services(struct sim *sim, const struct engine *before)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_services; i++) {
        const struct engine_service *a = engine_service(before, i), *b = engine_service(sim->engine, i);

        if (a->verdict != b->verdict || (judge_watched(model, i) && a->since != b->since) || a->root != b->root || a->caused_by != b->caused_by ||
            a->flapping != b->flapping || a->incident != b->incident || a->silenced != b->silenced)
            sim_break(sim, "a restart changes %s", model->services[i].name);
    }
}

/* What is due already may be due now. */
static uint64_t not_before(uint64_t time, uint64_t now)
{
    return time < now ? now : time;
}

static bool same_incident(const struct engine_incident *a, const struct engine_incident *b, uint64_t now)
{
    return a->id == b->id && a->ending == b->ending && a->told == b->told && a->opened == b->opened && a->closed == b->closed && a->reopened == b->reopened &&
           a->joined == b->joined && a->acked == b->acked && a->n_entries == b->n_entries && not_before(a->repeat_at, now) == not_before(b->repeat_at, now) && strcmp(a->service, b->service) == 0;
}

void judge_restarted(struct sim *sim, const struct engine *before, const struct engine_kept *kept, uint64_t away)
{
    struct engine_kept *again = engine_export(sim->engine, &sim->now);

    judge_checks(sim, before, away > SECONDS(5));
    judge_services(sim, before);
    if (!again)
        return;
    if (again->n_silences != kept->n_silences || again->n_incidents != kept->n_incidents || again->last_incident != kept->last_incident || again->storm != kept->storm ||
        (sim->now.boot == kept->at.boot && away == 0 && again->paused_until != kept->paused_until))
        sim_break(sim, "a restart changes how many silences or incidents there are, the pause, or the storm");
    for (size_t i = 0; i < kept->n_incidents && !sim->broken[0]; i++)
        if (sim->now.boot == kept->at.boot && away == 0 && !same_incident(&kept->incidents[i], &again->incidents[i], sim->now.elapsed))
            sim_break(sim, "a restart changes incident %llu", (unsigned long long)kept->incidents[i].id);
    for (size_t i = 0; i < kept->n_silences && !sim->broken[0]; i++)
        if (sim->now.boot == kept->at.boot && again->silences[i].until != kept->silences[i].until && kept->silences[i].until > sim->now.elapsed)
            sim_break(sim, "a restart changes the end of a silence");
    engine_kept_free(again);
}
