/*
 * `until`, as design.md 7 and talon.yaml(5) have it: `hard` ends it at once; what fails while `warmup` holds, or where no warmup stands, is tolerated until `within` is
 * over; and it is done when each check was well as often as `passes` says, in a row, after it began. Where a run is, is what people are shown.
 */
#include "heal_judge.h"

#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

static struct judge *of(struct world *w)
{
    return w->user;
}

/* The step at "3" or "6.1", when only one `until` can be meant. */
static const struct model_step *step_at(const struct model_runbook *book, const char *place)
{
    char *rest;
    const size_t first = strtoul(place, &rest, 10);
    const struct model_step *step = first > 0 && first <= book->n_steps ? &book->steps[first - 1] : NULL;
    const struct model_step *then, *otherwise;

    if (!step || *rest != '.')
        return step && step->kind == MODEL_STEP_UNTIL ? step : NULL;
    then = step->n_then > 0 && step->then[0].kind == MODEL_STEP_UNTIL ? step->then : NULL;
    otherwise = step->n_otherwise > 0 && step->otherwise[0].kind == MODEL_STEP_UNTIL ? step->otherwise : NULL;
    return then && otherwise ? NULL : then ? then : otherwise;
}

static bool holds(struct world *w, const struct judge_run *run, const struct model_condition *condition)
{
    return condition->n > 0 && engine_when_of(w->engine, run->model, condition) == LOGIC_TRUE;
}

static void begin(struct world *w, struct judge_run *run, const struct model_step *step, const char *place)
{
    run->until = step;
    strncpy(run->until_place, place, sizeof run->until_place - 1);
    run->until_began = w->now.awake;
    run->until_from = engine_last_run(w->engine);
    run->hard_since = NEVER;
    memset(run->until_good, 0, sizeof run->until_good);
}

static void look(struct world *w, struct judge_run *run, const struct heal_running *shown)
{
    const struct model_step *step = strncmp(shown->doing, "until", 5) == 0 ? step_at(run->runbook, shown->step) : NULL;

    if (step != run->until || (step && strcmp(shown->step, run->until_place) != 0))
        begin(w, run, step, shown->step);
    if (!step)
        return;
    if (!holds(w, run, &step->hard))
        run->hard_since = NEVER;
    else if (run->hard_since == NEVER)
        run->hard_since = w->now.awake;
    if (run->hard_since < w->now.awake)
        world_break(w, "until: step %s of %s goes on though its hard condition holds", shown->step, run->runbook->name);
}

void judge_until(struct world *w)
{
    size_t n;
    const struct heal_running *shown = heal_running(w->heal, &n);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < JUDGE_RUNS; k++)
            if (of(w)->runs[k].id == shown[i].run && of(w)->runs[k].begun)
                look(w, &of(w)->runs[k], &shown[i]);
}

/* ---- its end, as the audit has it: "b1, step 3: done" */

static void judge_done(struct world *w, const struct judge_run *run)
{
    const struct model_window_of_passes *p = &run->until->passes;

    for (size_t i = 0; i < p->checks.n; i++)
        if (run->until_good[p->checks.checks[i]] < p->passes)
            world_break(w, "until: step %s of %s is done, and %s was well %u times", run->until_place, run->runbook->name,
                        run->model->checks[p->checks.checks[i]].full_name, run->until_good[p->checks.checks[i]]);
}

static bool is_gone(struct world *w, const struct judge_run *run)
{
    const struct model_checks *checks = &run->until->passes.checks;

    for (size_t i = 0; i < checks->n; i++) {
        const size_t now = model_check(engine_model(w->engine), run->model->checks[checks->checks[i]].full_name);

        if (now == MODEL_NONE || !engine_model(w->engine)->checks[now].enabled)
            return true;
    }
    return false;
}

void judge_line(struct world *w, struct judge_run *run, const char *text)
{
    const char *step = strstr(text, ", step "), *what = step ? strstr(step, ": ") : NULL;
    const size_t length = strlen(run->until_place);

    if (!run->until || !what || strncmp(step + 7, run->until_place, length) != 0 || step[7 + length] != ':' || strncmp(what + 2, "meanwhile ", 10) == 0)
        return;
    if (strcmp(what + 2, "done") == 0)
        judge_done(w, run);
    else if (w->now.awake < run->until_began + run->until->passes.within && !holds(w, run, &run->until->hard) && !is_gone(w, run) &&
             (run->until->warmup.n == 0 || holds(w, run, &run->until->warmup)))
        world_break(w, "until: step %s of %s has ended by what is tolerated: %s", run->until_place, run->runbook->name, what + 2);
    run->until = NULL;
}
