/*
 * GET /api/v1/services and /api/v1/checks: what the configuration says of each, joined with what is known of it now. Unlike the status these list
 * disabled ones too, and a check's whole last result: metrics with their units, details.
 */
#include "serve/facts.h"
#include "serve/json.h"
#include "serve/serve.h"

static void open_list(const struct snapshot *snapshot, const char *name, struct buffer *out)
{
    buffer_char(out, '{');
    json_moment(out, "updated_at_unix", snapshot ? snapshot->updated : 0);
    json_name(out, name);
    buffer_char(out, '[');
}

/* ---- services */

/* [["colima"],["a","b"]]: each inner list is met while one of it is. */
static void add_needs(const struct model *model, const struct model_service *service, struct buffer *out)
{
    json_name(out, "needs");
    buffer_char(out, '[');
    for (size_t i = 0; i < service->n_needs; i++) {
        buffer_text(out, i > 0 ? ",[" : "[");
        for (size_t k = 0; k < service->needs[i].n; k++) {
            buffer_text(out, k > 0 ? "," : "");
            json_string(out, model->services[service->needs[i].any[k]].name);
        }
        buffer_char(out, ']');
    }
    buffer_char(out, ']');
}

static const char *service_name(const struct model *model, size_t service)
{
    return service == MODEL_NONE ? NULL : model->services[service].name;
}

static void add_service(const struct snapshot *snapshot, size_t i, struct buffer *out)
{
    const struct model *model = snapshot->model;
    const struct model_service *service = &model->services[i];
    const struct snapshot_service *state = &snapshot->services[i];

    buffer_char(out, '{');
    json_text(out, "name", service->name);
    json_text(out, "title", service->title);
    json_text(out, "note", service->note);
    json_bool(out, "enabled", service->enabled);
    json_bool(out, "critical", service->critical);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    json_text(out, "why", state->why);
    json_moment(out, "since_unix", state->since);
    json_bool(out, "root_cause", state->root);
    json_bool(out, "uncertain", state->uncertain);
    json_text(out, "caused_by", service_name(model, state->caused_by));
    json_text(out, "waiting_for", service_name(model, state->waiting_for));
    json_text(out, "decided_by", state->decided_by == MODEL_NONE ? NULL : model->checks[state->decided_by].name);
    add_needs(model, service, out);
    json_name(out, "checks");
    buffer_char(out, '[');
    for (size_t k = service->first_check; k < service->first_check + service->n_checks; k++) {
        buffer_text(out, k > service->first_check ? "," : "");
        json_string(out, model->checks[k].full_name);
    }
    buffer_text(out, "]}");
}

void render_services(const struct snapshot *snapshot, struct buffer *out)
{
    open_list(snapshot, "services", out);
    for (size_t i = 0; snapshot && i < snapshot->model->n_services; i++) {
        buffer_text(out, i > 0 ? ",\n" : "\n");
        add_service(snapshot, i, out);
    }
    buffer_text(out, "\n]}\n");
}

/* ---- checks */

static void add_metrics(const struct result *last, struct buffer *out)
{
    json_name(out, "metrics");
    buffer_char(out, '{');
    for (size_t i = 0; last && i < last->n_metrics; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_string(out, last->metrics[i].name);
        buffer_char(out, ':');
        json_number(out, last->metrics[i].value);
    }
    buffer_char(out, '}');
    json_name(out, "units");
    buffer_char(out, '{');
    for (size_t i = 0; last && i < last->n_metrics; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_string(out, last->metrics[i].name);
        buffer_char(out, ':');
        json_string(out, last->metrics[i].unit ? last->metrics[i].unit : "");
    }
    buffer_char(out, '}');
}

static void add_details(const struct result *last, struct buffer *out)
{
    json_name(out, "details");
    buffer_char(out, '{');
    for (size_t i = 0; last && i < last->n_details; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_string(out, last->details[i].name);
        buffer_char(out, ':');
        json_string(out, last->details[i].value);
    }
    buffer_char(out, '}');
}

static void add_last(const struct snapshot_check *state, struct buffer *out)
{
    const struct result *last = state->last;

    json_text(out, "status", last ? status_name(last->status) : NULL);
    json_text(out, "reason", last ? last->reason : NULL);
    json_text(out, "summary", last ? last->summary : NULL);
    json_name(out, "duration_ms");
    if (last)
        json_number(out, (double)last->duration_ns / 1e6);
    else
        buffer_text(out, "null");
    add_metrics(last, out);
    add_details(last, out);
}

static void add_settings(const struct model *model, const struct model_check *check, struct buffer *out)
{
    json_ms(out, "every_ms", check->every);
    json_ms(out, "timeout_ms", check->timeout);
    json_ms(out, "confirm_every_ms", check->confirm_every);
    json_count(out, "fail_after", check->fail_after);
    json_count(out, "recover_after", check->recover_after);
    json_count(out, "unknown_after", check->unknown_after);
    json_text(out, "through", check->path == MODEL_NONE ? NULL : model->paths[check->path].name);
}

static void add_check(const struct snapshot *snapshot, size_t i, struct buffer *out)
{
    const struct model *model = snapshot->model;
    const struct model_check *check = &model->checks[i];
    const struct snapshot_check *state = &snapshot->checks[i];

    buffer_char(out, '{');
    json_text(out, "name", check->full_name);
    json_text(out, "service", model->services[check->service].name);
    json_text(out, "type", model->operations[check->operation].name);
    json_bool(out, "enabled", check->enabled);
    json_bool(out, "witness", check->witness);
    json_text(out, "verdict", engine_verdict_name(state->verdict));
    add_last(state, out);
    json_moment(out, "since_unix", state->since);
    json_moment(out, "last_begun_unix", state->last_begun);
    json_moment(out, "last_run_unix", state->last_ended);
    json_moment(out, "next_run_unix", state->next);
    json_count(out, "bad_in_a_row", state->bad);
    json_count(out, "good_in_a_row", state->good);
    json_count(out, "unknown_in_a_row", state->unknown);
    json_count(out, "runs", state->runs);
    json_count(out, "skipped", state->skipped);
    json_bool(out, "running", state->running);
    json_bool(out, "stale", state->stale);
    add_settings(model, check, out);
    buffer_char(out, '}');
}

void render_checks(const struct snapshot *snapshot, struct buffer *out)
{
    open_list(snapshot, "checks", out);
    for (size_t i = 0; snapshot && i < snapshot->model->n_checks; i++) {
        buffer_text(out, i > 0 ? ",\n" : "\n");
        add_check(snapshot, i, out);
    }
    buffer_text(out, "\n]}\n");
}
