/*
 * Reports of jobs: what a `push` check judges. The last ones are kept as the bytes that the check's instance recalls when it is set up, so they outlive a restart
 * as those do, and need nothing of the wire between core and plugin hosts: a report sets the instance up anew and has it checked at once (decisions.md).
 *
 * Kept: {"since","started","ended","status","exit","took_ms","message","tail"}, times in ms since 1970. A start leaves the end before it as it is.
 */
#include "daemon_people.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"
#include "serve/json.h"
#include "serve/serve.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE = 300, TAIL = 1500, UNPROCESSABLE = 422, CONFLICT = 409 };

struct report {
    const cJSON *said; /* what came */
    cJSON *kept;       /* what was known */
    int64_t now;       /* ms */
};

static const char push[] = "push";

/* ---- which check */

bool people_takes_reports(const struct model *model, size_t check)
{
    return model->checks[check].enabled && strcmp(model->operations[model->checks[check].operation].name, push) == 0;
}

/* A check, or a service that has one `push` check. Else refused. */
static size_t find_check(const struct snapshot *snapshot, struct control_ask *ask)
{
    const struct model *model = snapshot->model;
    const char *name = control_name(ask);
    size_t service = model_service(model, name), found = MODEL_NONE, n = 0;

    if (service == MODEL_NONE) {
        found = model_check(model, name);
        n = found != MODEL_NONE && people_takes_reports(model, found);
    }
    for (size_t i = 0; service != MODEL_NONE && i < model->services[service].n_checks; i++) {
        const size_t check = model->services[service].first_check + i;

        found = people_takes_reports(model, check) ? check : found;
        n += people_takes_reports(model, check);
    }
    if (n == 1)
        return found;
    if (n > 1)
        control_refuse(ask, CONFLICT, "ambiguous", "that service has several `push` checks: name one of them as SERVICE.CHECK");
    else if (service == MODEL_NONE && found == MODEL_NONE)
        people_refuse_name(snapshot, ask, "service or check", name);
    else
        control_refuse(ask, CONFLICT, "no_push", "that is no `push` check (or it is disabled): only those take reports");
    return MODEL_NONE;
}

/* ---- what is kept from now on */

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? item->valuedouble : 0.;
}

static void keep_number(struct buffer *out, const char *name, double value)
{
    json_name(out, name);
    json_number(out, value);
}

static void keep_text(struct buffer *out, const char *name, const cJSON *from, size_t most)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(from, name);
    struct buffer text = buffer_make(0);
    const char *given = cJSON_IsString(item) ? item->valuestring : "";
    size_t n = strlen(given);

    if (n > most) /* of a tail the end says most */
        given += n - most;
    text_clean_lines(&text, given, strlen(given), most);
    json_text(out, name, buffer_string(&text));
    buffer_free(&text);
}

static void write_kept(const struct report *report, bool start, struct buffer *out)
{
    const cJSON *end = start ? report->kept : report->said;
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(end, "status");
    const double since = number_of(report->kept, "since");

    buffer_char(out, '{');
    keep_number(out, "since", since > 0. ? since : (double)report->now);
    keep_number(out, "started", start ? (double)report->now : number_of(report->kept, "started"));
    keep_number(out, "ended", start ? number_of(report->kept, "ended") : (double)report->now);
    json_text(out, "status", cJSON_IsString(status) ? status->valuestring : start ? "" : "ok");
    keep_number(out, "exit", number_of(end, "exit"));
    keep_number(out, "took_ms", number_of(end, "took_ms"));
    keep_text(out, "message", end, MESSAGE);
    keep_text(out, "tail", end, TAIL);
    buffer_char(out, '}');
}

/* ---- what came. NULL: it is good; else what is wrong. */

static const char *against(const cJSON *said)
{
    static const char *const known[] = { "ok", "warn", "fail", "unknown", "start" };
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(said, "status");

    if (!cJSON_IsObject(said))
        return "a report is a JSON object";
    if (!status)
        return NULL;
    for (size_t i = 0; cJSON_IsString(status) && i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], status->valuestring) == 0)
            return NULL;
    return "a status is one of ok, warn, fail, unknown (or start)";
}

static bool is_start(const cJSON *said)
{
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(said, "status");

    return cJSON_IsString(status) && strcmp(status->valuestring, "start") == 0;
}

static void take(const struct daemon_people_calls *calls, struct control_ask *ask, const char *name, size_t check, const cJSON *said)
{
    char before[PEOPLE_REPORT];
    const size_t n = calls->recall(calls->arg, check, before);
    struct report report = { .said = said, .kept = cJSON_ParseWithLength(before, n), .now = clock_moment().wall / NS_PER_MS };
    struct buffer kept = buffer_make(PEOPLE_REPORT), body = buffer_make(0);

    write_kept(&report, is_start(said), &kept);
    cJSON_Delete(report.kept);
    if (kept.failed) {
        buffer_free(&kept);
        people_refuse_memory(ask);
        return;
    }
    calls->report(calls->arg, check, kept.data, kept.len);
    buffer_free(&kept);
    log_debug("a report", "check", name, "by", control_user(ask), NULL);
    buffer_char(&body, '{');
    json_bool(&body, "ok", true);
    json_text(&body, "check", name);
    buffer_text(&body, "}\n");
    control_answer(ask, 200, &body);
}

void people_push(const struct daemon_people_calls *calls, struct control_ask *ask)
{
    const struct buffer *body = control_body(ask);
    struct snapshot *snapshot = calls->snapshot(calls->arg);
    cJSON *said = body->len > 0 ? cJSON_ParseWithLength(buffer_string(body), body->len) : cJSON_CreateObject();
    const char *wrong = against(said);
    size_t check;

    if (!snapshot) {
        people_refuse_memory(ask);
    } else if (wrong) {
        control_refuse(ask, UNPROCESSABLE, "bad_request", wrong);
    } else {
        check = find_check(snapshot, ask);
        if (check != MODEL_NONE)
            take(calls, ask, snapshot->model->checks[check].full_name, check, said);
    }
    cJSON_Delete(said);
    snapshot_drop(snapshot);
}
