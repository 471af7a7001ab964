/* Actions of a runbook in the plugin hosts. What one collects is evidence of the incident; how any ended is the machine's to judge. */
#include "daemon_heal.h"
#include "daemon_private.h"

#include "base/os/clock.h"
#include "base/shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unlink_act(struct daemon_heal *h, const struct heal_act *act)
{
    for (struct heal_act **at = &h->acts; *at; at = &(*at)->next)
        if (*at == act) {
            *at = act->next;
            return;
        }
}

/* ---- ends */

/* Takes the act; its action has ended or never was. */
static void tell_ended(struct heal_act *act, const struct moment *now, const struct result *result, bool died)
{
    struct daemon *d = act->d;
    const struct heal_event event = { .kind = HEAL_ENDED, .of.ended = { .action = act->id, .result = died ? NULL : result, .died = died } };

    unlink_act(d->heal, act);
    heal_story_printf(heal_story_of(d->heal, act->run), now->wall, "%s: %s, %s", act->name, died ? "interrupted" : status_name(result->status), result->summary);
    if (act->collects)
        memory_collected(d->memory, now, act->incident, act->name, result);
    daemon_heal_tell(d, now, &event);
    result_drop(act->result);
    free(act);
}

static void on_done(void *arg, struct action *action, struct result *result, bool died)
{
    const struct moment now = clock_moment();
    struct heal_act *act = arg;

    (void)action;
    tell_ended(act, &now, result, died);
}

void heal_acts_answer(struct daemon *d, const struct moment *now)
{
    struct heal_act *act = d->heal->acts;

    while (act) {
        if (act->result) {
            tell_ended(act, now, act->result, false);
            act = d->heal->acts; /* what that has brought about may have changed the list */
        } else {
            act = act->next;
        }
    }
}

/* ---- begins */

/* Ends at the next turn, without having begun. */
static void refuse(struct heal_act *act, const char *reason, const char *summary)
{
    act->result = result_make(STATUS_UNKNOWN, reason, summary, 0, NULL, 0, NULL, 0);
    daemon_heal_soon(act->d);
}

static struct heal_act *make_act(struct daemon *d, const struct heal_effect *effect, uint64_t id)
{
    struct heal_act *act = calloc(1, sizeof *act);

    if (!act) {
        shortage_note(); /* the step ends at its deadline */
        return NULL;
    }
    *act = (struct heal_act){ .next = d->heal->acts, .d = d, .run = effect->run, .id = id };
    d->heal->acts = act;
    return act;
}

/* The last fence: whatever the machine has said, a Talon that is only to look does nothing. */
static const char *only_looks(const struct daemon *d)
{
    if (d->settings.no_heal)
        return "nothing is done: Talon runs with --no-heal";
    return d->settings.dry_run ? "nothing is done: Talon runs with --dry-run" : NULL;
}

void heal_acts_start(struct daemon *d, const struct moment *now, const struct heal_effect *effect)
{
    struct action_request request = { .loop = d->loop, .hosts = d->hosts, .secrets = d->secrets, .model = effect->of.act.model, .what = effect->of.act.what,
                                      .done = on_done };
    struct heal_story *story = heal_story_of(d->heal, effect->run);
    struct heal_act *act = make_act(d, effect, effect->of.act.action);
    char name[3 * ENGINE_NAME];

    if (!act)
        return;
    if (story)
        heal_story_printf(story, now->wall, "step %s: %s", effect->of.act.step, effect->of.act.what->name);
    act->incident = effect->of.act.incident;
    act->collects = effect->of.act.collects;
    snprintf(act->name, sizeof act->name, "%s", effect->of.act.what->name);
    snprintf(name, sizeof name, "%.60s of %.60s", effect->of.act.what->name, story ? story->service : "a repair");
    request.name = name;
    request.arg = act;
    if (only_looks(d)) {
        refuse(act, "refused.switched_off", only_looks(d));
        return;
    }
    act->action = action_start(&request);
    if (!act->action)
        refuse(act, "local", "the action could not be started: no memory");
}

void heal_acts_agent(struct daemon *d, const struct heal_effect *effect)
{
    struct heal_act *act = make_act(d, effect, effect->of.agent.action);

    if (act)
        refuse(act, "agent.none", "there is no agent that could be asked");
}

/* ---- cancelled */

static void drop(struct heal_act *act)
{
    action_cancel(act->action);
    result_drop(act->result);
    free(act);
}

void heal_acts_cancel(struct daemon *d, uint64_t action)
{
    struct heal_act *act = d->heal->acts;

    while (act && act->id != action)
        act = act->next;
    if (!act)
        return;
    unlink_act(d->heal, act);
    drop(act);
}

void heal_acts_free(struct daemon *d)
{
    while (d->heal->acts) {
        struct heal_act *act = d->heal->acts;

        d->heal->acts = act->next;
        drop(act);
    }
}
