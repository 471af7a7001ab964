/* The daemon's commands: see daemon_control.h. */
#include "daemon_control.h"

#include "base/moment.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 64 << 20 };

#define TRY_AGAIN (5 * (uint64_t)NS_PER_S) /* looking up a group may ask another host */

/* ---- reload: whoever asks before a load begins is answered by that load, since it reads the files as they are then */

static void on_reload(void *arg, struct control_ask *ask)
{
    struct daemon_control *dc = arg;

    if (dc->n_waiting == CONTROL_ASKS) {
        control_refuse(ask, 503, "busy", "too many reloads wait already; try again");
        return;
    }
    log_info("told to reload", NULL);
    dc->waiting[dc->n_waiting++] = ask;
    dc->calls.reload(dc->calls.arg);
}

void daemon_control_loading(struct daemon_control *dc)
{
    memcpy(dc->loading, dc->waiting, sizeof dc->loading);
    dc->n_loading = dc->n_waiting;
    dc->n_waiting = 0;
}

/* The problems as `validate --json` gives them, and in `text` as it prints them. */
static void write_refused(const struct config *config, struct buffer *out)
{
    struct buffer text = buffer_make(ANSWER_MAX);
    size_t n, more;
    const struct config_problem *problems = config_problems(config, &n, &more);

    for (size_t i = 0; i < n; i++)
        config_show_problem(&problems[i], &text);
    if (more > 0)
        buffer_printf(&text, "and %zu more\n", more);
    config_problems_json(config, out);
    out->len -= out->len > 0; /* its last brace */
    buffer_text(out, ",\"text\":");
    text_json(out, buffer_string(&text), text.len);
    buffer_text(out, "}\n");
    out->failed = out->failed || text.failed;
    buffer_free(&text);
}

static void write_loaded(const struct config *config, const struct model *model, struct buffer *out)
{
    struct buffer problems = buffer_make(ANSWER_MAX);
    cJSON *json;
    char *warnings;

    config_problems_json(config, &problems);
    json = cJSON_ParseWithLength(buffer_string(&problems), problems.len);
    warnings = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(json, "problems"));
    buffer_printf(out, "{\"ok\":true,\"services\":%zu,\"checks\":%zu,\"warnings\":%s}\n", model->n_services, model->n_checks, warnings ? warnings : "[]");
    cJSON_free(warnings);
    cJSON_Delete(json);
    buffer_free(&problems);
}

static void answer_reload(struct control_ask *ask, const struct config *config, const struct model *model)
{
    struct buffer body = buffer_make(ANSWER_MAX);
    unsigned status = model ? 200 : 422;

    if (!config || (!model && config_errors(config) == 0)) {
        control_refuse(ask, 503, "no_memory", "there is no memory to load the configuration; the old one goes on");
        return;
    }
    if (model)
        write_loaded(config, model, &body);
    else
        write_refused(config, &body);
    control_answer(ask, status, &body);
}

void daemon_control_loaded(struct daemon_control *dc, const struct config *config, const struct model *model)
{
    for (size_t i = 0; i < dc->n_loading; i++)
        answer_reload(dc->loading[i], config, model);
    dc->n_loading = 0;
}

/* ---- the other commands */

static void on_status(void *arg, struct control_ask *ask)
{
    struct daemon_control *dc = arg;
    struct buffer body = buffer_make(ANSWER_MAX);

    dc->calls.status(dc->calls.arg, &body);
    if (body.len > 0 && !body.failed) {
        control_answer(ask, 200, &body);
        return;
    }
    buffer_free(&body);
    control_refuse(ask, 503, "no_memory", "there is no memory for the answer");
}

static void on_clear(void *arg, struct control_ask *ask)
{
    struct daemon_control *dc = arg;
    const char *name = control_name(ask), *meant;
    enum hosts_cleared cleared = hosts_clear(dc->hosts, name, &meant);
    struct buffer body = buffer_make(ANSWER_MAX);
    char text[3 * CONTROL_NAME];

    if (cleared == HOSTS_CLEARED_UNKNOWN) {
        snprintf(text, sizeof text, "no plugin named %s is in use%s%s%s", name, meant ? "; did you mean `" : "", meant ? meant : "", meant ? "`?" : "");
        control_refuse(ask, 404, "unknown_plugin", text);
        return;
    }
    buffer_text(&body, "{\"ok\":true,\"plugin\":");
    text_json(&body, name, strlen(name));
    buffer_printf(&body, ",\"was_quarantined\":%s}\n", cleared == HOSTS_CLEARED_QUARANTINE ? "true" : "false");
    control_answer(ask, 200, &body);
}

static void on_notify(void *arg, struct control_ask *ask)
{
    const struct daemon_control *dc = arg;

    dc->calls.notify_list(dc->calls.arg, ask);
}

static void on_notify_test(void *arg, struct control_ask *ask)
{
    const struct daemon_control *dc = arg;

    dc->calls.notify_test(dc->calls.arg, ask);
}

/* Those of daemon_people.h. */
#define PEOPLE(name) \
    static void on_##name(void *arg, struct control_ask *ask) \
    { \
        const struct daemon_control *dc = arg; \
\
        people_##name(&dc->calls.people, ask); \
    }
PEOPLE(silence)
PEOPLE(unsilence)
PEOPLE(pause)
PEOPLE(resume)
PEOPLE(ack)
PEOPLE(unack)
PEOPLE(push)
PEOPLE(why)
PEOPLE(incidents)
PEOPLE(incident)
PEOPLE(log)
PEOPLE(heal)
PEOPLE(rearm)
PEOPLE(plan)
PEOPLE(run)
PEOPLE(limits)

#define PROGRAMS(name) \
    static void on_program_##name(void *arg, struct control_ask *ask) \
    { \
        const struct daemon_control *dc = arg; \
\
        dc->calls.programs.name(dc->calls.arg, ask); \
    }
PROGRAMS(show)
PROGRAMS(start)
PROGRAMS(stop)
PROGRAMS(restart)

/* All of them. */
static const struct control_command commands[] = {
    { "GET", "/v1/status", on_status },
    { "POST", "/v1/reload", on_reload },
    { "POST", "/v1/plugins/*/clear", on_clear },
    { "POST", "/v1/silence", on_silence },
    { "POST", "/v1/unsilence", on_unsilence },
    { "POST", "/v1/pause", on_pause },
    { "POST", "/v1/resume", on_resume },
    { "POST", "/v1/incidents/*/ack", on_ack },
    { "POST", "/v1/incidents/*/unack", on_unack },
    { "POST", "/v1/push/*", on_push },
    { "GET", "/v1/why/*", on_why },
    { "GET", "/v1/incidents", on_incidents },
    { "GET", "/v1/incidents/*", on_incident },
    { "GET", "/v1/log", on_log },
    { "POST", "/v1/heal", on_heal },
    { "POST", "/v1/heal/plan", on_plan },
    { "POST", "/v1/heal/rearm", on_rearm },
    { "GET", "/v1/heal/runs/*", on_run },
    { "GET", "/v1/limits", on_limits },
    { "GET", "/v1/programs", on_program_show },
    { "POST", "/v1/programs/*/start", on_program_start },
    { "POST", "/v1/programs/*/stop", on_program_stop },
    { "POST", "/v1/programs/*/restart", on_program_restart },
    { "GET", "/v1/notify", on_notify },
    { "POST", "/v1/notify/test", on_notify_test },
};

/* ---- the socket: one that cannot be had is reported and tried again, never fatal */

static void close_socket(struct daemon_control *dc)
{
    control_stop(dc->control); /* with it go the asks */
    dc->control = NULL;
    dc->n_waiting = dc->n_loading = 0;
}

static void open_socket(struct daemon_control *dc)
{
    struct control_settings settings = { .loop = dc->loop, .path = dc->path, .group = dc->group[0] ? dc->group : NULL, .commands = commands,
                                         .n_commands = sizeof commands / sizeof *commands, .arg = dc };
    struct buffer text = buffer_make(0);
    char why[sizeof dc->why], line[sizeof dc->path + 1];
    int n;

    dc->tried = clock_awake();
    dc->control = control_start(&settings, why, sizeof why);
    if (dc->control) {
        dc->why[0] = '\0';
        n = snprintf(line, sizeof line, "%s\n", dc->path);
        buffer_add(&text, line, (size_t)n);
        state_write_once(dc->state, "control", &text); /* the files may name another one by now */
        log_info("taking commands", "socket", dc->path, dc->group[0] ? "group" : NULL, dc->group, NULL);
        return;
    }
    if (strcmp(dc->why, why) != 0)
        log_error("cannot take commands; trying again every 5 s", "why", why, NULL);
    memcpy(dc->why, why, sizeof dc->why);
}

void daemon_control_settings(struct daemon_control *dc, const struct model_settings *settings, struct state *state)
{
    const char *group = settings->control_group ? settings->control_group : "";

    if (dc->control && strcmp(dc->path, settings->control_path) == 0 && strcmp(dc->group, group) == 0)
        return;
    close_socket(dc);
    snprintf(dc->path, sizeof dc->path, "%s", settings->control_path);
    snprintf(dc->group, sizeof dc->group, "%s", group);
    dc->state = state;
    open_socket(dc);
}

void daemon_control_tick(struct daemon_control *dc, uint64_t awake)
{
    if (!dc->state || awake - dc->tried < TRY_AGAIN)
        return;
    dc->tried = awake;
    if (dc->control && control_is_there(dc->control))
        return;
    close_socket(dc); /* somebody has removed the file */
    open_socket(dc);
}

/* ---- life */

void daemon_control_begin(struct daemon_control *dc, struct ev_loop *loop, struct hosts *hosts, const struct daemon_control_calls *calls)
{
    dc->loop = loop;
    dc->hosts = hosts;
    dc->calls = *calls;
}

void daemon_control_end(struct daemon_control *dc)
{
    close_socket(dc);
    dc->state = NULL;
}
