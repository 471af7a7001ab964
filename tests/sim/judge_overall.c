/* The whole in a few numbers: counted anew from the parts. */
#include "judge.h"

static unsigned count_services(const struct sim *sim, enum engine_verdict verdict, bool critical)
{
    const struct model *model = engine_model(sim->engine);
    unsigned n = 0;

    for (size_t i = 0; i < model->n_services; i++)
        n += judge_watched(model, i) && !engine_service(sim->engine, i)->silenced && engine_service(sim->engine, i)->verdict == verdict && (!critical || model->services[i].critical);
    return n;
}

static enum engine_state state_of(const struct sim *sim, bool all_heard)
{
    static const enum engine_verdict troubled[] = { VERDICT_STARTING, VERDICT_RECOVERING, VERDICT_UNKNOWN, VERDICT_SUSPECT, VERDICT_FAILED };

    if (count_services(sim, VERDICT_FAILED, true) > 0)
        return STATE_FAILED;
    for (size_t i = 0; i < sizeof troubled / sizeof *troubled; i++)
        if (count_services(sim, troubled[i], false) > 0)
            return STATE_DEGRADED;
    if (!all_heard)
        return STATE_STARTING;
    return count_services(sim, VERDICT_NONE, false) > 0 ? STATE_DEGRADED : STATE_HEALTHY;
}

static void count_checks(const struct sim *sim, struct engine_overall *counted)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_checks; i++) {
        const struct engine_check *shown = engine_check(sim->engine, i);
        bool failed = model->checks[i].enabled && shown->verdict == VERDICT_FAILED;

        counted->witnesses_failed += failed && model->checks[i].witness;
        if (!judge_counts(model, i))
            continue;
        counted->probe_count++;
        if (engine_service(sim->engine, model->checks[i].service)->silenced)
            continue;
        counted->failed_probe_count += failed;
        if (shown->bad > counted->consecutive_failures)
            counted->consecutive_failures = shown->bad;
    }
}

/* A round ends when every enabled check has ended once since the last one did. */
static void count_rounds(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);
    size_t enabled = 0, ended = 0;

    for (size_t i = 0; i < model->n_checks; i++) {
        enabled += model->checks[i].enabled;
        ended += model->checks[i].enabled && sim->checks[i].ended;
    }
    if (enabled == 0 || ended < enabled)
        return;
    sim->rounds++;
    for (size_t i = 0; i < model->n_checks; i++)
        sim->checks[i].ended = false;
}

void judge_overall(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);
    const struct engine_overall *shown = engine_overall(sim->engine);
    struct engine_overall counted = { 0 };
    bool all_heard = true;

    count_checks(sim, &counted);
    count_rounds(sim);
    for (size_t i = 0; i < model->n_checks; i++)
        all_heard &= sim->checks[i].ever_heard || !model->checks[i].enabled;
    counted.state = state_of(sim, all_heard);
    counted.stopped = count_services(sim, VERDICT_STOPPED, false);
    if (shown->state != counted.state)
        sim_break(sim, "the state is %s and should be %s", engine_state_name(shown->state), engine_state_name(counted.state));
    if (shown->probe_count != counted.probe_count || shown->failed_probe_count != counted.failed_probe_count || shown->witnesses_failed != counted.witnesses_failed ||
        shown->consecutive_failures != counted.consecutive_failures || shown->stopped != counted.stopped)
        sim_break(sim, "a counter is wrong: probes %u of %u, failed %u of %u, witnesses %u of %u, streak %u of %u, stopped %u of %u", shown->probe_count, counted.probe_count,
                  shown->failed_probe_count, counted.failed_probe_count, shown->witnesses_failed, counted.witnesses_failed, shown->consecutive_failures,
                  counted.consecutive_failures, shown->stopped, counted.stopped);
    if (shown->ok != (counted.state == STATE_HEALTHY && counted.failed_probe_count == 0))
        sim_break(sim, "ok is wrong");
    if (shown->rounds != sim->rounds || (sim->rounds > 0 && !shown->round_complete))
        sim_break(sim, "%llu rounds are counted, %llu have ended", (unsigned long long)shown->rounds, (unsigned long long)sim->rounds);
    if (shown->state != sim->view->overall.state && sim->published == sim->view->published)
        sim_break(sim, "the state has changed and is not published");
}
