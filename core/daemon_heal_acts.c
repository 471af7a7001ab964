/* Actions of a runbook in the plugin hosts. What one collects is evidence of the incident; how any ended is the machine's to judge. */
#include "daemon_heal.h"
#include "daemon_private.h"

#include "agents/diagnosis.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/shortage.h"
#include "base/text.h"

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

/* Takes the act, whose action has ended or never was. */
static void tell_ended(struct heal_act *act, const struct moment *now)
{
    struct daemon *d = act->d;
    const struct result *result = act->result;
    const bool died = act->died;
    const struct heal_event event = { .kind = HEAL_ENDED, .of.ended = { .action = act->id, .result = died ? NULL : result, .died = died } };

    unlink_act(d->heal, act);
    heal_story_printf(heal_story_of(d->heal, act->run), now->wall, "%s: %s, %s", act->name, died ? "interrupted" : status_name(result->status),
                      result->summary);
    if (act->collects)
        memory_collected(d->memory, now, act->incident, act->name, result);
    daemon_heal_tell(d, now, &event);
    result_drop(act->result);
    saying_free(&act->saying);
    free(act);
}

static void on_done(void *arg, struct action *action, struct result *result, bool died)
{
    const struct moment now = clock_moment();
    struct heal_act *act = arg;

    (void)action;
    act->action = NULL;
    act->result = result_keep(result);
    act->died = died;
    heal_acts_answer(act->d, &now);
}

void heal_acts_answer(struct daemon *d, const struct moment *now)
{
    struct heal_act *act = daemon_heal_is_ready(d) ? d->heal->acts : NULL;

    while (act) {
        if (act->result) {
            tell_ended(act, now);
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

/* With the diagnosis as what exec.run gives to the command's standard input. */
static bool ask_agent(struct heal_act *act, const struct moment *now, const struct heal_effect *effect, const struct model_agent *agent)
{
    struct daemon *d = act->d;
    struct action_request request = { .loop = d->loop, .hosts = d->hosts, .secrets = d->secrets, .model = engine_model(d->engine), .what = &act->saying.what,
                                      .name = act->name, .done = on_done, .arg = act };
    struct buffer text = buffer_make(DIAGNOSIS_MAX), fields = buffer_make(0), log = buffer_make(0);
    bool made;

    log_recall(&log);
    diagnosis_write(&text, now, &(struct diagnosis){ .engine = d->engine, .agent = agent, .service = effect->of.agent.service, .incident = effect->of.agent.incident,
                                                     .log = buffer_string(&log), .n_log = log.len });
    buffer_text(&fields, "\"input\":");
    text_json(&fields, buffer_string(&text), text.len);
    made = saying_make(&act->saying, &agent->action, &fields);
    act->action = made ? action_start(&request) : NULL;
    buffer_free(&text);
    buffer_free(&fields);
    buffer_free(&log);
    return act->action != NULL;
}

void heal_acts_agent(struct daemon *d, const struct heal_effect *effect)
{
    const struct moment now = clock_moment();
    const struct model_agents *agents = &engine_model(d->engine)->settings.agents;
    const size_t nth = effect->of.agent.tier == TIER_AGENT ? 0 : 1;
    struct heal_act *act = make_act(d, effect, effect->of.agent.action);

    if (!act)
        return;
    if (nth >= agents->n) {
        refuse(act, "agent.none", "there is no agent that could be asked");
        return;
    }
    act->incident = effect->of.agent.incident;
    act->collects = true; /* what it says is kept with the incident */
    snprintf(act->name, sizeof act->name, "%s", agents->agents[nth].name);
    if (only_looks(d))
        refuse(act, "refused.switched_off", only_looks(d));
    else if (!ask_agent(act, &now, effect, &agents->agents[nth]))
        refuse(act, "local", "the agent could not be asked: no memory");
}

/* ---- cancelled */

static void drop(struct heal_act *act)
{
    action_cancel(act->action);
    result_drop(act->result);
    saying_free(&act->saying);
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
