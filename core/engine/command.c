/* What people and calendars ask for: silence, pause, acknowledge. Judged whole before anything changes; what makes no sense is refused with a sentence. */
#include "engine/engine_private.h"

#include <stdio.h>
#include <string.h>

#define LONGEST (366 * (uint64_t)86400 * NS_PER_S)

const char *engine_refusal(const struct engine *engine)
{
    return engine->refusal ? engine->refusal : "";
}

static const char *subject_of(const char *service)
{
    return service ? service : "";
}

static bool exists(const struct engine *engine, const char *service)
{
    return !service || !service[0] || model_service(engine->t.model, service) != MODEL_NONE;
}

/* ---- does it make sense? NULL: it does ---- */

static const char *against_duration(uint64_t duration)
{
    if (duration == 0)
        return "a duration of 0 is none";
    return duration > LONGEST ? "that is longer than a year" : NULL;
}

static const char *against_until_ok(const struct engine *engine, const char *service)
{
    enum engine_verdict verdict;

    if (!service || !service[0])
        return "until it is ok needs one service: everything is never ok at once";
    verdict = engine->t.services[model_service(engine->t.model, service)].shown.verdict;
    return verdict == VERDICT_OK || verdict == VERDICT_WARN ? "the service is ok now: give a duration alone" : NULL;
}

static const char *against_silence(const struct engine *engine, const struct engine_command *command)
{
    const char *against = against_duration(command->duration);

    if (!exists(engine, command->service))
        return "there is no service of that name";
    if (!against && command->until_ok)
        against = against_until_ok(engine, command->service);
    if (!against && engine->n_silences == ENGINE_SILENCES && silence_find(engine, subject_of(command->service), "") == MODEL_NONE)
        against = "there are as many silences as can be kept: end one of them first";
    return against;
}

static const char *against_ack(const struct engine *engine, const struct engine_command *command)
{
    const struct engine_incident *incident = engine_incident(engine, command->incident);

    if (!incident)
        return "there is no incident of that number";
    if (incident->ending != INCIDENT_OPEN)
        return "that incident is closed";
    return command->duration > LONGEST ? "that is longer than a year" : NULL;
}

static const char *against_command(const struct engine *engine, const struct engine_command *command)
{
    switch (command->kind) {
    case COMMAND_SILENCE:
        return against_silence(engine, command);
    case COMMAND_UNSILENCE:
        return silence_find(engine, subject_of(command->service), "") == MODEL_NONE ? "it is not silenced by anybody" : NULL;
    case COMMAND_PAUSE:
        return against_duration(command->duration);
    case COMMAND_RESUME:
        return engine->paused_until == 0 ? "repair is not paused" : NULL;
    case COMMAND_ACK:
        return against_ack(engine, command);
    case COMMAND_UNACK:
        if (!engine_incident(engine, command->incident))
            return "there is no incident of that number";
        return engine_incident(engine, command->incident)->acked ? NULL : "nobody has acknowledged that incident";
    }
    return "there is no such command";
}

static const char *against_window(const struct engine *engine, const struct engine_event *event)
{
    const struct engine_window *window = &event->of.window;
    bool known;

    if (!window->name || !window->name[0])
        return "a window has a name";
    known = silence_find(engine, subject_of(window->service), window->name) != MODEL_NONE;
    if (event->kind == EVENT_WINDOW_CLOSED)
        return known ? NULL : "that window is not open";
    if (!exists(engine, window->service))
        return "there is no service of that name";
    return !known && engine->n_silences == ENGINE_SILENCES ? "there are as many silences as can be kept" : NULL;
}

bool command_makes_sense(struct engine *engine, const struct engine_event *event)
{
    if (!engine->t.model)
        engine->refusal = "there is no configuration yet";
    else
        engine->refusal = event->kind == EVENT_COMMAND ? against_command(engine, &event->of.command) : against_window(engine, event);
    return !engine->refusal;
}

/* ---- it is done ---- */

static struct engine_silence silence_of(const struct engine *engine, const char *service, const char *window, const char *note)
{
    struct engine_silence made = { .since = engine->now.wall, .begun = engine->now.elapsed, .until = NEVER };

    snprintf(made.service, sizeof made.service, "%s", subject_of(service));
    snprintf(made.window, sizeof made.window, "%s", window);
    snprintf(made.note, sizeof made.note, "%s", note ? note : "");
    return made;
}

static void do_silence(struct engine *engine, const struct engine_command *command)
{
    struct engine_silence made = silence_of(engine, command->service, "", command->note);

    made.until = engine->now.elapsed + command->duration;
    made.until_ok = command->until_ok;
    silence_add(engine, &made);
}

static void end_silence(struct engine *engine, const char *service, const char *window)
{
    silence_remove(engine, silence_find(engine, subject_of(service), window));
    silence_spread(engine);
}

static void do_pause(struct engine *engine, uint64_t until)
{
    engine->paused_until = until;
    engine->publish = true;
    effects_record(engine, RECORD_PEOPLE, MODEL_NONE, VERDICT_NONE, VERDICT_NONE);
}

static struct engine_incident *find_incident(struct engine *engine, uint64_t id)
{
    size_t i = 0;

    while (engine->incidents[i].id != id)
        i++;
    return &engine->incidents[i];
}

static void do_ack(struct engine *engine, const struct engine_command *command)
{
    struct engine_incident *incident = find_incident(engine, command->incident);

    incident->acked = command->kind == COMMAND_ACK;
    incident->acked_until = !incident->acked ? 0 : command->duration > 0 ? engine->now.elapsed + command->duration : NEVER;
    snprintf(incident->acked_by, sizeof incident->acked_by, "%s", incident->acked && command->note ? command->note : "");
    timeline_add(engine, incident, incident->acked ? ENTRY_ACKED : ENTRY_ACK_OVER, incident->acked_by);
    if (incident->index != MODEL_NONE)
        incident_look(engine, incident->index);
    engine->publish = true;
}

static void do_command(struct engine *engine, const struct engine_command *command)
{
    switch (command->kind) {
    case COMMAND_SILENCE:
        do_silence(engine, command);
        break;
    case COMMAND_UNSILENCE:
        end_silence(engine, command->service, "");
        break;
    case COMMAND_PAUSE:
        do_pause(engine, engine->now.elapsed + command->duration);
        break;
    case COMMAND_RESUME:
        do_pause(engine, 0);
        break;
    case COMMAND_ACK:
    case COMMAND_UNACK:
        do_ack(engine, command);
        break;
    }
    engine->people_changed = true;
}

void command_take(struct engine *engine, const struct engine_event *event)
{
    const struct engine_window *window = &event->of.window;
    struct engine_silence made;

    if (event->kind == EVENT_COMMAND) {
        do_command(engine, &event->of.command);
    } else if (event->kind == EVENT_WINDOW_CLOSED) {
        end_silence(engine, window->service, window->name);
    } else if (silence_find(engine, subject_of(window->service), window->name) == MODEL_NONE) {
        made = silence_of(engine, window->service, window->name, NULL);
        silence_add(engine, &made);
    }
}
