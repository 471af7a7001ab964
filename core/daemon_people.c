/* What people ask the daemon: see daemon_people.h. */
#include "daemon_people.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"
#include "daemon_said.h"
#include "serve/json.h"
#include "serve/serve.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 20, CONFLICT = 409, SENTENCE = 512 };

/* ---- refusals */

void people_refuse_memory(struct control_ask *ask)
{
    control_refuse(ask, 503, "no_memory", "there is no memory for the answer, or no configuration is in force yet");
}

void people_refuse_name(const struct snapshot *snapshot, struct control_ask *ask, const char *what, const char *name)
{
    const char *meant = render_nearest(snapshot, name);
    struct buffer text = buffer_make(SENTENCE);

    buffer_printf(&text, "there is no %s named ", what);
    text_show(&text, name, strlen(name));
    if (meant)
        buffer_printf(&text, "; did you mean `%s`?", meant);
    control_refuse(ask, 404, "unknown_name", buffer_string(&text));
    buffer_free(&text);
}

/* ---- commands */

/* duration 0: it has no end that is known. */
static void answer_done(struct control_ask *ask, const char *name, const char *value, const struct engine_command *command)
{
    struct buffer body = buffer_make(ANSWER_MAX);

    buffer_char(&body, '{');
    json_bool(&body, "ok", true);
    json_text(&body, name, value);
    json_moment(&body, "until_unix", command->duration > 0 ? clock_moment().wall + (int64_t)command->duration : 0);
    json_text(&body, "note", command->note);
    buffer_text(&body, "}\n");
    control_answer(ask, 200, &body);
}

/* Everybody's way to the engine. */
static void carry_out(const struct daemon_people_calls *calls, struct control_ask *ask, const struct engine_command *command, const char *name, const char *value)
{
    static const char *const words[] = { "silence", "unsilence", "pause", "resume", "ack", "unack" };
    const char *refusal = calls->command(calls->arg, command);

    if (refusal) {
        control_refuse(ask, CONFLICT, "refused", refusal);
        return;
    }
    log_info("a person's command", "command", words[command->kind], name, value ? value : "all", "note", command->note, NULL);
    answer_done(ask, name, value, command);
}

/* `target`: a service, "all"; then *service is NULL. */
static bool read_target(const struct daemon_people_calls *calls, const struct said *said, struct control_ask *ask, const char **service)
{
    struct snapshot *snapshot;
    bool known = true;

    *service = said_text(said, "target");
    if (!*service || !(*service)[0]) {
        control_refuse(ask, SAID_WRONG, "bad_request", "`target` is missing: a service, or all");
        return false;
    }
    if (strcmp(*service, "all") == 0) {
        *service = NULL;
        return true;
    }
    snapshot = calls->snapshot(calls->arg);
    if (!snapshot) {
        people_refuse_memory(ask);
        return false;
    }
    known = model_service(snapshot->model, *service) != MODEL_NONE;
    if (!known)
        people_refuse_name(snapshot, ask, "service", *service);
    snapshot_drop(snapshot);
    return known;
}

static void silence(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    struct engine_command command = { .kind = COMMAND_SILENCE, .note = said->note };

    if (!read_target(calls, said, ask, &command.service) || !said_duration(said, ask, true, &command.duration))
        return;
    command.until_ok = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(said->json, "until_ok"));
    carry_out(calls, ask, &command, "service", command.service);
}

static void unsilence(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    struct engine_command command = { .kind = COMMAND_UNSILENCE, .note = said->note };

    command.service = said_text(said, "target");
    if (!command.service) {
        control_refuse(ask, SAID_WRONG, "bad_request", "`target` is missing: a service, or all");
        return;
    }
    if (strcmp(command.service, "all") == 0) /* a service that is gone may be silenced still: its name is not looked up */
        command.service = NULL;
    carry_out(calls, ask, &command, "service", command.service);
}

static void pause_repair(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    struct engine_command command = { .kind = COMMAND_PAUSE, .note = said->note };

    if (said_duration(said, ask, true, &command.duration))
        carry_out(calls, ask, &command, "paused", "repair");
}

static void resume(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    carry_out(calls, ask, &(struct engine_command){ .kind = COMMAND_RESUME, .note = said->note }, "resumed", "repair");
}

/* An incident's number, or the service whose incident is open. 0: refused. */
static uint64_t read_incident(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    const char *name = control_name(ask);
    struct snapshot *snapshot;
    size_t service;
    uint64_t id = 0;

    if (name[0] && strspn(name, "0123456789") == strlen(name))
        return strlen(name) < 19 && strtoull(name, NULL, 10) > 0 ? strtoull(name, NULL, 10) : UINT64_MAX; /* one that cannot be: the engine says so */
    snapshot = calls->snapshot(calls->arg);
    if (!snapshot) {
        people_refuse_memory(ask);
        return 0;
    }
    service = model_service(snapshot->model, name);
    if (service == MODEL_NONE)
        people_refuse_name(snapshot, ask, "incident or service", name);
    else if (snapshot->services[service].incident == 0)
        control_refuse(ask, CONFLICT, "refused", "that service has no open incident of its own; `talon status` lists those that are open");
    else
        id = snapshot->services[service].incident;
    snapshot_drop(snapshot);
    return id;
}

static void ack(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    struct engine_command command = { .kind = COMMAND_ACK, .note = said->note };
    char id[32];

    if (!said_duration(said, ask, false, &command.duration))
        return;
    command.incident = read_incident(calls, ask);
    if (command.incident == 0)
        return;
    snprintf(id, sizeof id, "%llu", (unsigned long long)command.incident);
    carry_out(calls, ask, &command, "incident", id);
}

static void unack(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said)
{
    struct engine_command command = { .kind = COMMAND_UNACK, .note = said->note, .incident = read_incident(calls, ask) };
    char id[32];

    if (command.incident == 0)
        return;
    snprintf(id, sizeof id, "%llu", (unsigned long long)command.incident);
    carry_out(calls, ask, &command, "incident", id);
}

typedef void said_fn(const struct daemon_people_calls *calls, struct control_ask *ask, const struct said *said);

static void with_said(const struct daemon_people_calls *calls, struct control_ask *ask, said_fn *call)
{
    struct said said;

    if (!said_read(&said, ask))
        return;
    call(calls, ask, &said);
    cJSON_Delete(said.json);
}

void people_silence(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, silence);
}

void people_unsilence(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, unsilence);
}

void people_pause(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, pause_repair);
}

void people_resume(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, resume);
}

void people_ack(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, ack);
}

void people_unack(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    with_said(calls, ask, unack);
}

/* ---- questions */

static void answer(struct control_ask *ask, struct buffer *body)
{
    if (!body->failed) {
        control_answer(ask, 200, body);
        return;
    }
    buffer_free(body);
    people_refuse_memory(ask);
}

void people_why(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);

    if (!snapshot)
        people_refuse_memory(ask);
    else if (render_why(snapshot, control_name(ask), &body))
        answer(ask, &body);
    else
        people_refuse_name(snapshot, ask, "service, check or incident", control_name(ask));
    snapshot_drop(snapshot);
}

void people_incidents(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);

    if (snapshot) {
        render_incidents(snapshot, &body);
        answer(ask, &body);
    } else
        people_refuse_memory(ask);
    snapshot_drop(snapshot);
}

void people_incident(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    const char *name = control_name(ask);
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);

    if (!snapshot)
        people_refuse_memory(ask);
    else if (render_incident(snapshot, strlen(name) < 19 ? strtoull(name, NULL, 10) : 0, &body))
        answer(ask, &body);
    else
        control_refuse(ask, 404, "unknown_incident", "there is no incident of that number, open or closed lately; `talon incidents` lists them");
    snapshot_drop(snapshot);
}

void people_log(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    struct buffer body = buffer_make(ANSWER_MAX);

    if (!snapshot) {
        people_refuse_memory(ask);
        return;
    }
    buffer_char(&body, '{');
    json_text(&body, "file", snapshot->model->settings.log_file);
    buffer_text(&body, "}\n");
    snapshot_drop(snapshot);
    answer(ask, &body);
}
