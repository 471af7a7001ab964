/* The daemon's side of what people ask of repair (daemon_people_heal.c): a command becomes an event of the machine, and a question an answer of now. */
#include "daemon_heal.h"
#include "daemon_private.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "serve/json.h"
#include "serve/render_plan.h"

#include <string.h>

/* ---- commands */

const char *heal_asked_command(void *arg, const struct heal_command *command)
{
    struct daemon *d = arg;
    const struct moment now = clock_moment();
    const char *what = command->ask == HEAL_ASK_REARM ? "rearm" : command->reason ? "heal --force" : "heal", *refusal;
    struct buffer text = buffer_make(0);
    bool taken;

    if (d->settings.no_heal || d->settings.dry_run)
        return d->settings.no_heal ? "nothing is done: Talon runs with --no-heal" : "nothing is done: Talon runs with --dry-run";
    taken = daemon_heal_tell(d, &now, &(struct heal_event){ .kind = HEAL_COMMAND, .of.command = *command });
    refusal = taken && !heal_refusal(d->heal->machine)[0] ? NULL : heal_refusal(d->heal->machine)[0] ? heal_refusal(d->heal->machine) : "that cannot be done now";
    buffer_text(&text, command->runbook ? command->runbook : "the first runbook that fits");
    if (command->reason)
        buffer_printf(&text, ": %s", command->reason);
    if (refusal)
        buffer_printf(&text, "; refused: %s", refusal);
    memory_heal_audit(d->memory, &now, command->who, what, command->service, buffer_string(&text));
    log_info("a person's command", "command", what, "service", command->service, "who", command->who, "refused", refusal ? refusal : "no", NULL);
    buffer_free(&text);
    return refusal;
}

/* ---- questions */

static const struct heal_story *newest(const struct daemon_heal *h, const char *service)
{
    const struct heal_story *found = NULL;

    for (size_t i = 0; i < HEAL_STORIES; i++)
        if (h->stories[i].run > 0 && (!service || strcmp(h->stories[i].service, service) == 0) && (!found || h->stories[i].run > found->run))
            found = &h->stories[i];
    return found;
}

uint64_t heal_asked_last_run(void *arg)
{
    const struct daemon *d = arg;
    const struct heal_story *story = newest(d->heal, NULL);

    return story ? story->run : 0;
}

void heal_asked_story(void *arg, const char *service, struct buffer *out)
{
    const struct daemon *d = arg;
    const struct heal_story *story = newest(d->heal, service);

    if (story)
        heal_story_show(story, out);
    else
        buffer_text(out, "{\"run\":0}\n");
}

/* The first that fits, as the machine would choose it; where none does, the first: it is told that it does not. */
static size_t choose(const struct daemon *d, const struct model_service *service, const char *runbook)
{
    size_t first = MODEL_NONE;

    for (size_t i = 0; i < service->n_heal; i++) {
        if (runbook && strcmp(service->heal[i].bound->name, runbook) != 0)
            continue;
        if (engine_when(d->engine, &service->heal[i].when) == LOGIC_TRUE)
            return i;
        if (first == MODEL_NONE)
            first = i;
    }
    return first;
}

void heal_asked_plan(void *arg, size_t service, const char *runbook, bool force, struct buffer *out)
{
    const struct daemon *d = arg;
    const struct moment now = clock_moment();
    const struct model *model = engine_model(d->engine);
    const size_t nth = choose(d, &model->services[service], runbook);
    struct heal_answer answer;
    struct plan plan = { .model = model, .service = service, .nth = nth, .answer = &answer, .at = &now };

    if (nth == MODEL_NONE || d->heal->model != model)
        return;
    answer = heal_would(d->heal->machine, d->engine, &now, service, nth, true, force);
    plan.fits = engine_when(d->engine, &model->services[service].heal[nth].when);
    render_plan(&plan, out);
}
