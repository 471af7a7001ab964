/*
 * What people ask of repair, over the control socket: a run by hand, what one would do, how one goes, attempts given back, and the limits. The machine judges;
 * whoever asks is named by the kernel and stands in the audit.
 */
#include "daemon_people.h"

#include "base/os/log.h"
#include "base/text.h"
#include "daemon_said.h"
#include "serve/json.h"
#include "serve/serve.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_MAX = 16 << 20, CONFLICT = 409, SENTENCE = 512 };

/* ---- which service, which runbook */

struct wanted {
    const char *service, *runbook; /* runbook NULL: not said */
};

static bool has_runbook(const struct model_service *service, const char *runbook)
{
    for (size_t i = 0; i < service->n_heal; i++)
        if (strcmp(service->heal[i].bound->name, runbook) == 0)
            return true;
    return false;
}

/* A runbook alone is enough where one service alone asks for it. */
static void find_by_runbook(const struct model *model, struct wanted *wanted, size_t *n)
{
    const char *runbook = wanted->service;

    *n = 0;
    for (size_t i = 0; i < model->n_services; i++) {
        if (!has_runbook(&model->services[i], runbook))
            continue;
        wanted->service = model->services[i].name;
        (*n)++;
    }
    if (*n > 0)
        wanted->runbook = runbook;
}

static void refuse_runbook(const struct model_service *service, const char *runbook, struct control_ask *ask)
{
    struct buffer text = buffer_make(SENTENCE);

    buffer_text(&text, service->n_heal == 0 ? "the service " : "the `heal:` of ");
    buffer_text(&text, service->name);
    if (service->n_heal == 0)
        buffer_text(&text, " has no runbook: it has no `heal:`");
    for (size_t i = 0; i < service->n_heal && runbook; i++)
        buffer_printf(&text, "%s%s", i == 0 ? " asks for no such runbook, but for " : ", ", service->heal[i].bound->name);
    control_refuse(ask, 404, "unknown_name", buffer_string(&text));
    buffer_free(&text);
}

/* False: refused. The names live in the snapshot or in what was said. */
static bool find(const struct snapshot *snapshot, const struct said *said, struct control_ask *ask, struct wanted *wanted)
{
    const struct model *model = snapshot->model;
    size_t service, n;

    *wanted = (struct wanted){ .service = said_text(said, "service"), .runbook = said_text(said, "runbook") };
    if (!wanted->service) {
        control_refuse(ask, SAID_WRONG, "bad_request", "`service` is missing: a service, or a runbook that one service alone asks for");
        return false;
    }
    service = model_service(model, wanted->service);
    if (service == MODEL_NONE && !wanted->runbook) {
        find_by_runbook(model, wanted, &n);
        if (n > 1) {
            control_refuse(ask, SAID_WRONG, "bad_request", "several services ask for that runbook: say which, `talon heal SERVICE RUNBOOK`");
            return false;
        }
        service = model_service(model, wanted->service);
    }
    if (service == MODEL_NONE)
        people_refuse_name(snapshot, ask, "service, or runbook of a service,", wanted->service);
    else if (model->services[service].n_heal == 0 || (wanted->runbook && !has_runbook(&model->services[service], wanted->runbook)))
        refuse_runbook(&model->services[service], wanted->runbook, ask);
    else
        return true;
    return false;
}

/* ---- commands */

static const char *reason_of(const struct said *said)
{
    const char *reason = said_text(said, "reason");

    return reason && reason[0] ? reason : NULL;
}

static bool is_forced(const struct said *said)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(said->json, "force"));
}

/* Gives the command to repair and begins the answer. False: it was refused, and the person told why. */
static bool carried_out(const struct daemon_people_calls *calls, struct control_ask *ask, struct heal_command *command, const struct wanted *wanted, struct buffer *body)
{
    const char *refusal;

    command->service = wanted->service;
    command->runbook = wanted->runbook;
    refusal = calls->heal(calls->arg, command);
    if (refusal) {
        control_refuse(ask, CONFLICT, "refused", refusal);
        return false;
    }
    buffer_char(body, '{');
    json_bool(body, "ok", true);
    json_text(body, "service", wanted->service);
    json_text(body, "runbook", wanted->runbook);
    return true;
}

static void start(const struct daemon_people_calls *calls, const struct snapshot *snapshot, struct control_ask *ask, const struct said *said)
{
    struct heal_command command = { .ask = HEAL_ASK_START, .who = control_user(ask) };
    const uint64_t after = calls->last_run(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);
    struct wanted wanted;

    if (!find(snapshot, said, ask, &wanted))
        return;
    if (is_forced(said) && !reason_of(said)) {
        control_refuse(ask, SAID_WRONG, "bad_request", "--force needs a reason: it is kept with what was done");
        return;
    }
    command.reason = is_forced(said) ? reason_of(said) : NULL;
    if (!carried_out(calls, ask, &command, &wanted, &body))
        return;
    json_count(&body, "after", after);
    buffer_text(&body, "}\n");
    control_answer(ask, 200, &body);
}

static void rearm(const struct daemon_people_calls *calls, const struct snapshot *snapshot, struct control_ask *ask, const struct said *said)
{
    struct heal_command command = { .ask = HEAL_ASK_REARM, .who = control_user(ask) };
    struct buffer body = buffer_make(ANSWER_MAX);
    struct wanted wanted;

    if (!find(snapshot, said, ask, &wanted))
        return;
    if (!carried_out(calls, ask, &command, &wanted, &body))
        return;
    buffer_text(&body, "}\n");
    control_answer(ask, 200, &body);
}

static void plan(const struct daemon_people_calls *calls, const struct snapshot *snapshot, struct control_ask *ask, const struct said *said)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    struct wanted wanted;

    if (!find(snapshot, said, ask, &wanted))
        return;
    calls->plan(calls->arg, model_service(snapshot->model, wanted.service), wanted.runbook, is_forced(said), &body);
    if (!body.failed && body.len > 0) {
        control_answer(ask, 200, &body);
        return;
    }
    buffer_free(&body);
    people_refuse_memory(ask);
}

typedef void with_said_fn(const struct daemon_people_calls *calls, const struct snapshot *snapshot, struct control_ask *ask, const struct said *said);

static void with_said(const struct daemon_people_calls *calls, struct control_ask *ask, with_said_fn *call)
{
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct said said;

    if (!snapshot) {
        people_refuse_memory(ask);
    } else if (said_read(&said, ask)) {
        call(calls, snapshot, ask, &said);
        cJSON_Delete(said.json);
    }
    snapshot_drop(snapshot);
}

void people_heal(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, start);
}

void people_rearm(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, rearm);
}

void people_plan(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, plan);
}

/* ---- questions */

void people_run(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    struct buffer body = buffer_make(ANSWER_MAX);

    calls->story(calls->arg, control_name(ask), &body);
    if (body.failed || body.len == 0) {
        buffer_free(&body);
        people_refuse_memory(ask);
        return;
    }
    control_answer(ask, 200, &body);
}

void people_limits(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);

    render_limits(snapshot, &body);
    if (snapshot && !body.failed) {
        control_answer(ask, 200, &body);
    } else {
        buffer_free(&body);
        people_refuse_memory(ask);
    }
    snapshot_drop(snapshot);
}
