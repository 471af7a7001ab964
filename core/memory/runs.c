/* Runs as history, and what each service's time counts as. A run is kept whole where its status is new, or once a minute: to write all down costs more than to judge it. */
#include "memory/memory_private.h"

#include "base/shortage.h"
#include "serve/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHOLE_DISTANCE (60 * (uint64_t)NS_PER_S)

enum { WHOLE_MAX = 16 << 10 };

/* ---- a result in words */

static void add_metrics(struct buffer *out, const struct result *result)
{
    json_name(out, "metrics");
    buffer_text(out, "{");
    for (size_t i = 0; i < result->n_metrics; i++) {
        if (i > 0)
            buffer_text(out, ",");
        json_string(out, result->metrics[i].name);
        buffer_text(out, ":");
        json_number(out, result->metrics[i].value);
    }
    buffer_text(out, "}");
}

/* Those that fit whole. */
static void add_details(struct buffer *out, const struct result *result, size_t max)
{
    json_name(out, "details");
    buffer_text(out, "[");
    for (size_t i = 0; i < result->n_details; i++) {
        const size_t before = out->len;

        buffer_text(out, i > 0 ? ",{" : "{");
        json_text(out, "name", result->details[i].name);
        json_text(out, "value", result->details[i].value);
        buffer_text(out, "}");
        if (!out->failed && out->len > max) {
            out->len = before;
            break;
        }
    }
    buffer_text(out, "]");
}

void show_result(struct buffer *out, const char *check, const struct result *result, int64_t wall, size_t max)
{
    buffer_text(out, "{");
    if (check)
        json_text(out, "check", check);
    json_moment(out, "at", wall);
    json_text(out, "status", status_name(result->status));
    json_text(out, "reason", result->reason);
    json_text(out, "summary", result->summary);
    json_ms(out, "took_ms", result->duration_ns);
    add_metrics(out, result);
    add_details(out, result, max);
    buffer_text(out, "}");
}

/* ---- runs */

static enum store_status status_of(const struct result *result)
{
    switch (result->status) {
    case STATUS_OK:
        return STORE_RUN_OK;
    case STATUS_WARN:
        return STORE_RUN_WARN;
    case STATUS_FAIL:
        return STORE_RUN_BAD;
    case STATUS_UNKNOWN:
    case STATUS_STARTING:
    case STATUS_STOPPED:
        break;
    }
    return STORE_RUN_UNKNOWN;
}

static bool is_wanted_whole(struct memory *memory, const struct engine *engine, const struct moment *now, size_t check, const struct result *result)
{
    const struct result *last = engine_check(engine, check)->last;

    if (check >= memory->n_wholes)
        return false;
    if (last && last->status == result->status && memory->wholes[check] > 0 && now->awake - memory->wholes[check] < WHOLE_DISTANCE)
        return false;
    memory->wholes[check] = now->awake;
    return true;
}

void memory_run(struct memory *memory, const struct engine *engine, const struct moment *now, size_t check, const struct result *result)
{
    const struct model *model = engine_model(engine);
    struct buffer whole = buffer_make(2 * RESULT_SIZE);
    struct store_run run = { .wall = now->wall, .took = result->duration_ns, .status = status_of(result) };

    if (!memory || !model || check >= model->n_checks)
        return;
    run.check = model->checks[check].full_name;
    if (is_wanted_whole(memory, engine, now, check, result))
        show_result(&whole, NULL, result, now->wall, WHOLE_MAX);
    if (whole.len > 0 && !whole.failed)
        run.whole = buffer_string(&whole);
    store_run(memory->store, &run);
    buffer_free(&whole);
    if (now->awake - memory->marked >= NS_PER_S) { /* that somebody was here: what a restart takes for a gap is measured by it */
        keep_row(memory, ROW_MOMENT, (union row){ .none = NULL }, now);
        memory->marked = now->awake;
    }
}

/* ---- uptime */

static enum store_class class_of(const struct engine_service *service, bool watched)
{
    if (!watched)
        return STORE_TIME_NOT;
    if (service->silenced)
        return STORE_TIME_SILENCED;
    if (service->caused_by != MODEL_NONE)
        return STORE_TIME_CAUSED;
    switch (service->verdict) {
    case VERDICT_OK:
    case VERDICT_WARN:
    case VERDICT_SUSPECT: /* not judged yet: it counts as what it was taken for */
        return STORE_TIME_UP;
    case VERDICT_FAILED:
    case VERDICT_RECOVERING:
        return STORE_TIME_DOWN;
    case VERDICT_NONE:
    case VERDICT_UNKNOWN:
    case VERDICT_STARTING:
        return STORE_TIME_UNKNOWN;
    case VERDICT_STOPPED:
        break;
    }
    return STORE_TIME_NOT;
}

void times_settle(struct memory *memory, const struct engine *engine, int64_t wall)
{
    const struct model *model = engine_model(engine);

    memory->times = false;
    for (size_t i = 0; model && i < memory->n_services && i < model->n_services; i++) {
        struct service_time *time = &memory->services[i];
        const int class = (int)class_of(engine_service(engine, i), time->watched);

        if (class != time->class && store_service(memory->store, time->name, wall, (enum store_class)class))
            time->class = class;
        if (class != time->class)
            keep_due(memory); /* the queue is full: again, but not with each event */
    }
}

/* What was said of them goes on; what is no longer there counts no more. */
static void carry_over(struct memory *memory, const struct model *model, struct service_time *services, int64_t wall)
{
    for (size_t i = 0; i < memory->n_services; i++) {
        const char *name = memory->services[i].name;
        const size_t now = i < model->n_services && strcmp(model->services[i].name, name) == 0 ? i : model_service(model, name);

        if (now == MODEL_NONE)
            store_service(memory->store, name, wall, STORE_TIME_NOT);
        else if (services)
            services[now].class = memory->services[i].class;
    }
}

static bool is_watched(const struct model *model, size_t service)
{
    const struct model_service *s = &model->services[service];

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        if (model->checks[i].enabled && !model->checks[i].witness)
            return true;
    return false;
}

static void take_services(struct memory *memory, const struct model *model, int64_t wall)
{
    struct service_time *services = calloc(model->n_services + 1, sizeof *services);

    for (size_t i = 0; services && i < model->n_services; i++) {
        snprintf(services[i].name, sizeof services[i].name, "%s", model->services[i].name);
        services[i].class = -1;
        services[i].watched = is_watched(model, i);
    }
    carry_over(memory, model, services, wall);
    if (!services)
        shortage_note();
    free(memory->services);
    memory->services = services;
    memory->n_services = services ? model->n_services : 0;
}

void memory_model(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    const struct model *model = memory ? engine_model(engine) : NULL;

    if (!model)
        return;
    memory->generation = model->generation;
    take_services(memory, model, now->wall);
    free(memory->wholes);
    memory->wholes = calloc(model->n_checks + 1, sizeof *memory->wholes);
    memory->n_wholes = memory->wholes ? model->n_checks : 0;
    memory->cursor = 0;
    times_settle(memory, engine, now->wall);
    keep_due(memory);
    memory->people = true;
}
