/* The daemon's side of what people ask (daemon_people.h): a command becomes an event of the engine, a question is answered from a snapshot of now. */
#include "daemon_private.h"

#include "base/os/clock.h"

/* The one way of a person's command to the engine. */
static const char *command(void *arg, const struct engine_command *given)
{
    struct daemon *d = arg;
    struct engine_event event = { .kind = EVENT_COMMAND, .of.command = *given };

    if (daemon_feed(d, &event) == ENGINE_DONE)
        return NULL;
    return engine_refusal(d->engine)[0] ? engine_refusal(d->engine) : "that cannot be done now";
}

static struct snapshot *snapshot_now(void *arg)
{
    struct moment now = clock_moment();

    return daemon_snapshot(arg, &now);
}

static size_t recall(void *arg, size_t check, char bytes[PEOPLE_REPORT])
{
    struct daemon *d = arg;

    return state_recall(d->state, engine_model(d->engine)->checks[check].full_name, bytes, PEOPLE_REPORT);
}

/* Written at once: the job that reported has ended, and will not say it again. */
static void report(void *arg, size_t check, const void *bytes, size_t n)
{
    struct daemon *d = arg;
    struct engine_event event = { .kind = EVENT_NUDGE, .of.nudge = { .check = check } };

    state_save(d->state, engine_model(d->engine)->checks[check].full_name, bytes, n);
    state_flush(d->state);
    instances_renew(d->instances, check);
    daemon_feed(d, &event);
}

/* An instance that is being set up while its first report comes does not know of it yet. */
bool daemon_has_reports(struct daemon *d, const char *full_name)
{
    const size_t check = model_check(engine_model(d->engine), full_name);
    char bytes[PEOPLE_REPORT];

    return check != MODEL_NONE && people_takes_reports(engine_model(d->engine), check) && recall(d, check, bytes) > 0;
}

struct daemon_people_calls daemon_people_calls(struct daemon *d)
{
    return (struct daemon_people_calls){ .command = command, .snapshot = snapshot_now, .recall = recall, .report = report, .heal = heal_asked_command,
                                         .last_run = heal_asked_last_run, .story = heal_asked_story, .plan = heal_asked_plan, .arg = d };
}
