/*
 * `status --json` (design.md 14), also GET /api/v1/status: what Talon concludes, without what changes with every run but the times of design.md's
 * list, so that two answers differ only where something has happened. Of disabled services there is no conclusion: they are named apart.
 */
#include "serve/facts.h"
#include "serve/json.h"
#include "serve/render_heal.h"
#include "serve/render_people.h"
#include "serve/serve.h"

static const char *service_name(const struct snapshot *snapshot, size_t service)
{
    return service == MODEL_NONE ? NULL : snapshot->model->services[service].name;
}

/* ---- checks of a service */

static void add_check(const struct snapshot *snapshot, size_t check, struct buffer *out)
{
    const struct model_check *model = &snapshot->model->checks[check];
    const struct snapshot_check *state = &snapshot->checks[check];
    const struct result *last = state->last;

    buffer_char(out, '{');
    json_text(out, "name", model->name);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    json_text(out, "status", last ? status_name(last->status) : NULL);
    json_text(out, "reason", last ? last->reason : NULL);
    json_text(out, "summary", last ? last->summary : NULL);
    json_moment(out, "since_unix", state->since);
    json_moment(out, "last_run_unix", state->last_ended);
    json_moment(out, "next_run_unix", state->next);
    json_count(out, "bad_in_a_row", state->bad);
    json_bool(out, "witness", model->witness);
    json_bool(out, "stale", state->stale);
    buffer_char(out, '}');
}

static void add_checks(const struct snapshot *snapshot, const struct model_service *service, struct buffer *out)
{
    size_t n = 0;

    json_name(out, "checks");
    buffer_char(out, '[');
    for (size_t i = service->first_check; i < service->first_check + service->n_checks; i++) {
        if (!snapshot->model->checks[i].enabled)
            continue;
        buffer_text(out, n++ > 0 ? ",\n  " : "\n  ");
        add_check(snapshot, i, out);
    }
    buffer_char(out, ']');
}

/* ---- services */

static void add_flag(struct buffer *out, const char *flag, const char *name)
{
    struct buffer text = buffer_make(0);

    buffer_text(&text, flag);
    buffer_text(&text, name);
    out->failed = out->failed || text.failed;
    buffer_text(out, out->data && out->data[out->len - 1] == '[' ? "" : ",");
    json_string(out, buffer_string(&text));
    buffer_free(&text);
}

static bool is_stale(const struct snapshot *snapshot, const struct model_service *service)
{
    bool stale = false;

    for (size_t i = service->first_check; i < service->first_check + service->n_checks; i++)
        stale = stale || (facts_is_probe(snapshot->model, i) && snapshot->checks[i].stale);
    return stale;
}

static void add_flags(const struct snapshot *snapshot, size_t service, struct buffer *out)
{
    const struct snapshot_service *state = &snapshot->services[service];

    json_name(out, "flags");
    buffer_char(out, '[');
    if (state->waiting_for != MODEL_NONE)
        add_flag(out, "waiting for ", service_name(snapshot, state->waiting_for));
    if (state->caused_by != MODEL_NONE)
        add_flag(out, "caused by ", service_name(snapshot, state->caused_by));
    if (is_stale(snapshot, &snapshot->model->services[service]))
        add_flag(out, "stale", "");
    if (state->silenced)
        add_flag(out, "silenced", "");
    if (state->flapping)
        add_flag(out, "flapping", "");
    buffer_char(out, ']');
}

static void add_service(const struct snapshot *snapshot, size_t service, struct buffer *out)
{
    const struct model_service *model = &snapshot->model->services[service];
    const struct snapshot_service *state = &snapshot->services[service];

    buffer_char(out, '{');
    json_text(out, "name", model->name);
    json_text(out, "title", model->title);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    json_text(out, "caused_by", service_name(snapshot, state->caused_by));
    add_flags(snapshot, service, out);
    json_text(out, "why", state->why);
    json_moment(out, "since_unix", state->since);
    add_checks(snapshot, model, out);
    json_bool(out, "critical", model->critical);
    json_bool(out, "root_cause", state->root);
    json_text(out, "waiting_for", service_name(snapshot, state->waiting_for));
    if (state->incident > 0)
        json_count(out, "incident", state->incident);
    else
        json_text(out, "incident", NULL);
    render_repair(snapshot, state->incident, out);
    json_text(out, "decided_by", state->decided_by == MODEL_NONE ? NULL : snapshot->model->checks[state->decided_by].name);
    buffer_char(out, '}');
}

static void add_services(const struct snapshot *snapshot, struct buffer *out)
{
    size_t n = 0;

    json_name(out, "services");
    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->model->n_services; i++) {
        if (!facts_is_watched(snapshot->model, i))
            continue;
        buffer_text(out, n++ > 0 ? ",\n " : "\n ");
        add_service(snapshot, i, out);
    }
    buffer_text(out, n > 0 ? "\n]" : "]");
}

static void add_disabled(const struct snapshot *snapshot, struct buffer *out)
{
    size_t n = 0;

    json_name(out, "disabled");
    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->model->n_services; i++) {
        if (facts_is_watched(snapshot->model, i))
            continue;
        buffer_text(out, n++ > 0 ? "," : "");
        json_string(out, snapshot->model->services[i].name);
    }
    buffer_char(out, ']');
}

/* ---- Talon itself */

static void add_plugins(const struct snapshot *snapshot, struct buffer *out)
{
    json_name(out, "plugins");
    buffer_char(out, '[');
    for (size_t i = 0; snapshot && i < snapshot->n_plugins; i++) {
        const struct snapshot_plugin *plugin = &snapshot->plugins[i];

        buffer_text(out, i > 0 ? ",\n {" : "\n {");
        json_text(out, "name", plugin->name);
        json_text(out, "state", plugin->state);
        json_count(out, "pid", plugin->pid > 0 ? (uint64_t)plugin->pid : 0);
        json_count(out, "deaths", plugin->deaths);
        json_text(out, "last_end", plugin->last_end);
        json_count(out, "plugins", plugin->plugins);
        json_count(out, "instances", plugin->instances);
        json_name(out, "late_ms");
        json_number(out, plugin->late_ms);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

void render_programs(const struct snapshot_program *programs, size_t n, struct buffer *out)
{
    json_name(out, "programs");
    buffer_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        buffer_text(out, i > 0 ? ",\n {" : "\n {");
        json_text(out, "name", programs[i].name);
        json_text(out, "state", programs[i].state);
        json_count(out, "pid", programs[i].pid > 0 ? (uint64_t)programs[i].pid : 0);
        json_text(out, "why", programs[i].why);
        json_text(out, "last_end", programs[i].last_end);
        json_count(out, "restarts", programs[i].restarts);
        json_moment(out, "since_unix", programs[i].since);
        json_moment(out, "next_unix", programs[i].next);
        json_bool(out, "wanted", programs[i].wanted);
        buffer_char(out, '}');
    }
    buffer_char(out, ']');
}

static void add_config(const struct snapshot *snapshot, struct buffer *out)
{
    json_name(out, "config");
    buffer_char(out, '{');
    json_text(out, "file", snapshot ? snapshot->model->file : NULL);
    json_moment(out, "loaded_at_unix", snapshot ? snapshot->loaded_at : 0);
    json_text(out, "error", snapshot ? snapshot->config_error : NULL);
    buffer_char(out, '}');
}

void render_status(const struct snapshot *snapshot, bool stalled, struct buffer *out)
{
    struct buffer why = buffer_make(0);

    facts_why(snapshot, &why);
    out->failed = out->failed || why.failed;
    buffer_char(out, '{');
    json_bool(out, "ok", snapshot && snapshot->overall.ok && !stalled);
    json_text(out, "state", facts_state(snapshot));
    json_text(out, "why", buffer_string(&why));
    json_moment(out, "updated_at_unix", snapshot ? snapshot->updated : 0);
    json_bool(out, "stalled", stalled);
    json_moment(out, "paused_until", snapshot ? snapshot->paused_until : 0);
    add_config(snapshot, out);
    add_services(snapshot, out);
    render_open_incidents(snapshot, out);
    render_repairs(snapshot, "repairing", out);
    render_silences(snapshot, NULL, out);
    add_plugins(snapshot, out);
    render_programs(snapshot ? snapshot->programs : NULL, snapshot ? snapshot->n_programs : 0, out);
    add_disabled(snapshot, out);
    json_text(out, "self", snapshot ? snapshot->self : NULL);
    json_moment(out, "started_at_unix", snapshot ? snapshot->started_at : 0);
    json_text(out, "version", TALON_VERSION);
    buffer_text(out, "}\n");
    buffer_free(&why);
}
