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

/* Of a run that helped only the start is kept: it may have gone on to its deadline. 0: it goes on. */
static uint64_t since_end(const struct heal *heal, const struct heal_record *record, uint64_t deadline)
{
    uint64_t since;

    if (record->running)
        return 0;
    if (record->failed)
        return heal_passed(&heal->now, &record->failed_at);
    since = heal_passed(&heal->now, &record->last);
    return since > deadline ? since - deadline : 0;
}

/* Any of ours that can reboot something: had one not ended for sure before the target came up? */
static bool may_be_ours(const struct heal *heal, uint64_t up)
{
    const struct model *model = heal->model;

    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++) {
            const struct model_runbook *book = model->services[i].heal[k].bound;
            const struct heal_record *record = &heal->records[heal->record_of[heal->subjects[i].first_entry + k]].record;

            if (record->started && book->impact >= MODEL_DISRUPT && since_end(heal, record, book->deadline) <= up + SLACK)
                return true;
        }
    }
    return agents_running(heal) > 0;
}

static void give_back_all(struct heal *heal, const struct engine *engine, size_t check, uint64_t up)
{
    const struct model *model = heal->model;

    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++) {
            const size_t at = heal->record_of[heal->subjects[i].first_entry + k];
            const struct heal_record *record = &heal->records[at].record;

            if (todo_room(heal) && record->attempts > 0 && names_uptime(&model->services[i].heal[k].bound->limits.warmup, check) &&
                since_end(heal, record, model->services[i].heal[k].bound->deadline) > up + SLACK)
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
