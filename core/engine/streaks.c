/*
 * From results to the verdict of a check: ok -> suspect -> failed after fail_after bad results in a row, failed -> recovering -> ok after
 * recover_after good ones. What knows nothing (`unknown`) moves no streak: it is counted by itself and laid over the verdict when there are
 * unknown_after in a row, so that what was known before goes on where it stood.
 */
#include "engine/engine_private.h"

#include <string.h>

bool streaks_is_bad(enum engine_verdict verdict)
{
    return verdict == VERDICT_SUSPECT || verdict == VERDICT_FAILED;
}

/* ---- results that know */

static void take_good(struct check *c, const struct model_check *model, enum engine_verdict verdict)
{
    c->shown.bad = 0;
    c->shown.good++;
    c->starting_since = NEVER;
    c->broken = c->broken && c->shown.good < model->recover_after;
    c->base = c->broken ? VERDICT_RECOVERING : verdict;
}

/* `may_fail`: not too soon after a gap (rules.md 3.5). */
static void take_bad(struct check *c, const struct model_check *model, bool may_fail)
{
    c->shown.good = 0;
    c->shown.bad++;
    c->bad_begun = c->begun;
    if (may_fail && (c->broken || c->shown.bad >= model->fail_after)) {
        c->base = VERDICT_FAILED;
        c->broken = true;
    } else if (c->base != VERDICT_FAILED && c->base != VERDICT_RECOVERING) {
        c->base = VERDICT_SUSPECT;
    }
}

/* The target says that it is on its way: no evidence of a failure until its time is over, and no recovery. The bad streak stays as it is,
 * so that one which crashes again and again while it starts does not start for ever. */
static void take_starting(struct engine *engine, struct check *c, const struct model_check *model, bool may_fail)
{
    const struct model_service *service = &engine->t.model->services[model->service];

    if (c->starting_since == NEVER)
        c->starting_since = engine->now.awake;
    if (engine->now.awake - c->starting_since >= service->start_timeout) {
        take_bad(c, model, may_fail);
        return;
    }
    c->shown.good = 0;
    c->base = VERDICT_STARTING;
}

static void take_stopped(struct check *c)
{
    c->shown.bad = c->shown.good = 0;
    c->starting_since = NEVER;
    c->broken = false;
    c->base = VERDICT_STOPPED;
}

/*
 * What a run of ours has stopped, or left so, nobody has stopped by hand (rules.md 3.9): its subject has failed, what else it touches is about to start. And where
 * the configuration says that what people stop is to be repaired, it has failed as well.
 */
static enum status whose_stop(struct engine *engine, size_t check, enum status status)
{
    struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    enum engine_ours healing = engine->t.services[model->service].healing;

    if (status != STATUS_STOPPED) {
        c->ours = false;
        return status;
    }
    c->ours |= healing != OURS_NOT;
    if (!c->ours)
        return engine->t.model->services[model->service].heal_stopped && !model->witness ? STATUS_FAIL : status;
    return healing == OURS_TOUCHED || healing == OURS_TAKEN_DOWN ? STATUS_STARTING : STATUS_FAIL;
}

static void take_known(struct engine *engine, size_t check, enum status status, bool may_fail)
{
    struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];

    switch (status) {
    case STATUS_OK:
    case STATUS_WARN:
        take_good(c, model, status == STATUS_OK ? VERDICT_OK : VERDICT_WARN);
        break;
    case STATUS_FAIL:
        take_bad(c, model, may_fail);
        if (c->base == VERDICT_FAILED)
            c->starting_since = NEVER;
        break;
    case STATUS_STARTING:
        take_starting(engine, c, model, may_fail);
        break;
    case STATUS_STOPPED:
        take_stopped(c);
        break;
    case STATUS_UNKNOWN:
        break;
    }
}

/* ---- the turn of a verdict */

static void say_turn(struct engine *engine, size_t check, enum engine_verdict from, enum engine_verdict to)
{
    const struct check *c = &engine->t.checks[check];
    const char *summary = c->shown.last->summary;
    size_t service = engine->t.model->checks[check].service;

    if (to == VERDICT_FAILED)
        effects_say(engine, SAY_WARN, service, check, "check has failed, %u bad in a row: %s", c->shown.bad, summary);
    else if (to == VERDICT_UNKNOWN)
        effects_say(engine, SAY_WARN, service, check, "check is unknown, %u in a row could not tell: %s", c->shown.unknown, summary);
    else if (from != VERDICT_NONE || to != VERDICT_OK)
        effects_say(engine, SAY_INFO, service, check, "check is %s, was %s: %s", engine_verdict_name(to), engine_verdict_name(from), summary);
}

/* When evidence began: needs are judged by what began after it. They are checked at once. */
static void note_first_bad(struct engine *engine, size_t check, uint64_t run, enum engine_verdict from, bool known)
{
    struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    bool fresh = known && run >= c->fresh_from;

    if (!streaks_is_bad(c->shown.verdict)) {
        c->first_bad = 0;
    } else if (!streaks_is_bad(from) || (c->first_bad == NEVER && fresh)) {
        c->first_bad = fresh ? engine->last_run + 1 : NEVER;
        if (service_judged_by(engine->t.model, check)) {
            engine->t.services[model->service].turned = engine->last_run + 1;
            engine->storm_due = true; /* evidence counts that did not before */
            service_touch(engine, model->service);
        }
    }
}

static void turn(struct engine *engine, size_t check, enum engine_verdict to)
{
    struct check *c = &engine->t.checks[check];
    enum engine_verdict from = c->shown.verdict;

    if (to == from)
        return;
    c->shown.verdict = to;
    c->shown.since = engine->now.wall;
    c->since_elapsed = engine->now.elapsed;
    effects_record(engine, RECORD_CHECK_CHANGED, check, from, to);
    say_turn(engine, check, from, to);
    overall_check(engine, check, from, to);
    service_touch(engine, engine->t.model->checks[check].service);
    engine->publish = true;
}

/* ---- when it is looked at again */

/* Bad ones of a service whose need has come back: it is likely to follow, and shall not count as down until its next slot. The end of the grace
 * has a look of its own. */
static void plan_in_grace(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    const struct service *s = &engine->t.services[engine->t.model->checks[check].service];
    uint64_t again = schedule_again(engine, check);

    if (again < s->grace_until && again < c->again_at)
        c->again_at = again;
}

/* Quickly while something is to be confirmed, so that it does not cost whole intervals: a suspicion, a recovery, what somebody waits for,
 * and whether a check that was never heard can tell anything at all. */
static void plan(struct engine *engine, size_t check, enum status status)
{
    struct check *c = &engine->t.checks[check];
    uint64_t limit = engine->t.model->services[engine->t.model->checks[check].service].start_timeout;
    bool unsure = status == STATUS_UNKNOWN && c->shown.verdict != VERDICT_UNKNOWN;

    if (c->shown.verdict == VERDICT_SUSPECT || c->shown.verdict == VERDICT_RECOVERING || (unsure && (c->needed || c->base == VERDICT_NONE)))
        c->again_at = schedule_again(engine, check);
    else if (c->shown.verdict == VERDICT_STARTING && c->starting_since + limit > engine->now.awake)
        c->again_at = c->starting_since + limit;
    else if (c->shown.verdict == VERDICT_FAILED && service_judged_by(engine->t.model, check))
        plan_in_grace(engine, check);
    if (!unsure)
        c->needed = false;
}

static void keep_result(struct engine *engine, size_t check, struct result *result)
{
    struct check *c = &engine->t.checks[check];
    struct result *before = c->shown.last;

    if (!before || before->status != result->status || strcmp(before->reason, result->reason) != 0)
        engine->publish = true;
    engine->publish_later = true;
    c->shown.last = result_keep(result);
    result_drop(before);
    c->shown.last_ended = engine->now.wall;
    c->shown.runs++;
    c->lost = 0;
}

uint64_t streaks_spared(const struct engine *engine, size_t service, uint64_t awake)
{
    const struct service *s = &engine->t.services[service];

    return s->spared_until > awake ? s->spared_until - awake : 0;
}

/* May a bad result of the run that has just ended make the service fail? Notes that this check has been heard since the gap, if there was one. */
static bool end_wait_for_fresh(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];
    size_t index = engine->t.model->checks[check].service;
    struct service *service = &engine->t.services[index];

    if (c->awaits_fresh) {
        c->awaits_fresh = false;
        service->awaits_fresh--;
        return false;
    }
    return service->awaits_fresh == 0 && streaks_spared(engine, index, c->begun) == 0;
}

void streaks_judge(struct engine *engine, size_t check, uint64_t run, struct result *result)
{
    struct check *c = &engine->t.checks[check];
    const struct model_check *model = &engine->t.model->checks[check];
    enum engine_verdict from = c->shown.verdict;
    bool known = result->status != STATUS_UNKNOWN;
    bool may_fail = end_wait_for_fresh(engine, check);

    keep_result(engine, check, result);
    flap_note(engine, check, result->status);
    engine->heard = true;
    if (known) {
        c->shown.unknown = 0;
        c->known_run = run;
        take_known(engine, check, whose_stop(engine, check, result->status), may_fail);
    } else {
        c->shown.unknown++;
    }
    overall_heard(engine, check);
    overall_streak(engine, check);
    turn(engine, check, c->shown.unknown >= model->unknown_after ? VERDICT_UNKNOWN : c->base);
    note_first_bad(engine, check, run, from, known);
    if (known && (engine->unsettled > 0 || engine->t.services[model->service].confirm_from > 0 || engine->t.services[model->service].proven_from > 0))
        service_touch(engine, model->service);
    plan(engine, check, result->status);
    effects_judged(engine, check, run);
}

void streaks_gap(struct engine *engine, size_t check)
{
    struct check *c = &engine->t.checks[check];

    if (c->base != VERDICT_FAILED)
        c->shown.bad = 0;
    if (!c->awaits_fresh) {
        c->awaits_fresh = true;
        engine->t.services[engine->t.model->checks[check].service].awaits_fresh++;
    }
    overall_streak(engine, check);
}
