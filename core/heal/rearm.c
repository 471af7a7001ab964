/*
 * Attempts that are given back because what is to be repaired was rebooted (design.md 7): this machine, or the target whose `uptime` the runbook's warm-up
 * names, such as a VM. Only attempts are: cooldown, window and hold go on, so a target that reboots again and again is repaired no more often for it.
 *
 * What we have rebooted ourselves proves nothing. So the uptime must have fallen, and the target must have come up later than the end of everything of ours
 * that could have done it; where that is not known for sure, no attempt is given back.
 */
#include "heal/heal_private.h"

#include "base/result.h"

#include <string.h>

#define SLACK (5 * (uint64_t)NS_PER_S) /* clocks of targets are not ours */

static const double longest = 1e9; /* s: what is longer is no uptime */

static void give_back(struct heal *heal, const struct engine *engine, size_t at, const char *what)
{
    struct heal_kept_record *kept = &heal->records[at];
    const size_t service = model_service(heal->model, kept->service);

    heal_record_rearm(&kept->record);
    todo_keep(heal, at, MODEL_NONE);
    if (service != MODEL_NONE)
        todo_tell(heal, 0, service, engine_service(engine, service)->incident, ENTRY_REARMED, kept->runbook, "%s has its attempts back: %s", kept->runbook,
                  what);
    heal->dirty = true;
}

/* ---- this machine */

void rearm_after_boot(struct heal *heal, const struct engine *engine, const struct heal_kept_record *kept)
{
    const size_t at = keep_find(heal, kept->runbook, kept->service);

    /* one that ran may have been what ended the machine */
    if (at == MODEL_NONE || kept->record.running || !kept->record.started || kept->record.last.boot == heal->now.boot || heal->records[at].record.attempts == 0)
        return;
    give_back(heal, engine, at, "this machine was rebooted");
}

/* ---- a target */

static bool names_uptime(const struct model_condition *warmup, size_t check)
{
    for (size_t i = 0; i < warmup->n; i++)
        if (warmup->nodes[i].kind == MODEL_WHEN_METRIC && warmup->nodes[i].check == check && strcmp(warmup->nodes[i].metric, "uptime") == 0)
            return true;
    return false;
}

/* Has its last run not ended for sure before the target came up? */
static bool ended_too_late(const struct heal *heal, const struct heal_record *record, uint64_t up)
{
    return record->started && (record->running || heal_passed(&heal->now, &record->ended_at) <= up + SLACK);
}

/* NULL: a reload has taken it from the configuration, or from this service. */
static const struct model_runbook *runbook_of(const struct heal *heal, size_t record)
{
    const struct model *model = heal->model;

    for (size_t i = 0; i < model->n_services; i++)
        for (size_t k = 0; k < model->services[i].n_heal; k++)
            if (heal->record_of[heal->subjects[i].first_entry + k] == record)
                return model->services[i].heal[k].bound;
    return NULL;
}

/* A run goes on with the model that it began with (rules.md 4.6), whatever its runbook is now. */
static bool disrupts_now(const struct heal *heal)
{
    for (size_t i = 0; i < RUNS; i++)
        if ((heal->runs[i].state == RUN_STEPS || heal->runs[i].state == RUN_WINDOW) && heal->runs[i].book->impact >= MODEL_DISRUPT)
            return true;
    return agents_running(heal) > 0;
}

/* Any of ours that can reboot something. Of a runbook that is no more nobody knows what it could do. */
static bool may_be_ours(const struct heal *heal, uint64_t up)
{
    for (size_t i = 0; i < heal->n_records; i++) {
        const struct model_runbook *book;

        if (!ended_too_late(heal, &heal->records[i].record, up))
            continue;
        book = runbook_of(heal, i);
        if (!book || book->impact >= MODEL_DISRUPT)
            return true;
    }
    return disrupts_now(heal);
}

static void give_back_all(struct heal *heal, const struct engine *engine, size_t check, uint64_t up)
{
    const struct model *model = heal->model;

    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++) {
            const size_t at = heal->record_of[heal->subjects[i].first_entry + k];
            const struct heal_record *record = &heal->records[at].record;

            if (todo_room(heal) && record->attempts > 0 && names_uptime(&model->services[i].heal[k].bound->limits.warmup, check) &&
                !ended_too_late(heal, record, up))
                give_back(heal, engine, at, "its target was rebooted");
        }
    }
}

void rearm_take(struct heal *heal, const struct engine *engine, size_t check, const struct result *result)
{
    const struct result_metric *uptime = result_metric(result, "uptime");
    struct evidence *e = &heal->evidence[check];
    bool fell;

    if (!uptime || uptime->value < 0 || uptime->value > longest)
        return;
    fell = uptime->value < e->uptime;
    e->uptime = uptime->value;
    if (fell && !may_be_ours(heal, (uint64_t)(uptime->value * (double)NS_PER_S)))
        give_back_all(heal, engine, check, (uint64_t)(uptime->value * (double)NS_PER_S));
}
