/* What the daemon keeps in the store: each run, and what each service's time counts as. The store is told and never waited for; what it cannot take is its own to say. */
#include "daemon_store.h"

#include "base/os/log.h"
#include "serve/json.h"

#include <stdio.h>

#define CLOSE_TIME ((uint64_t)NS_PER_S)

enum { WHOLE_MAX = 16 << 10 }; /* of one run; details beyond are left out */

struct store *daemon_store_open(const char *folder, const struct model_settings *settings)
{
    char why[512];
    struct store *store = store_open(&(struct store_options){ .folder = folder, .raw = settings->history_raw, .hourly = settings->history_hourly,
                                                              .daily = settings->history_daily, .max = settings->history_max }, why, sizeof why);

    if (!store)
        log_error("there is no store: nothing is kept of what happens", "why", why, NULL);
    return store;
}

void daemon_store_close(struct store *store)
{
    store_close(store, CLOSE_TIME);
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

static void add_detail(struct buffer *out, const struct result_detail *detail)
{
    buffer_text(out, "{");
    json_text(out, "name", detail->name);
    json_text(out, "value", detail->value);
    buffer_text(out, "}");
}

/* All there is of a run, as JSON; hosts have taken the secrets out of it already. False: no memory. */
static bool show_whole(const struct result *result, int64_t wall, struct buffer *out)
{
    buffer_text(out, "{");
    json_moment(out, "at", wall);
    json_text(out, "status", status_name(result->status));
    json_text(out, "reason", result->reason);
    json_text(out, "summary", result->summary);
    json_ms(out, "took_ms", result->duration_ns);
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
    json_name(out, "details");
    buffer_text(out, "[");
    for (size_t i = 0; i < result->n_details && out->len < WHOLE_MAX - 2 * RESULT_DETAIL_SIZE; i++) {
        if (i > 0)
            buffer_text(out, ",");
        add_detail(out, &result->details[i]);
    }
    buffer_text(out, "]}");
    return !out->failed;
}

void daemon_store_run(struct store *store, const struct engine *engine, size_t check, const struct result *result, int64_t wall)
{
    const struct model *model = engine_model(engine);
    struct buffer whole = buffer_make(RESULT_SIZE * 2);
    bool shown;

    if (!store || !model || check >= model->n_checks)
        return;
    shown = show_whole(result, wall, &whole);
    store_run(store, &(struct store_run){ .check = model->checks[check].full_name, .wall = wall, .took = result->duration_ns, .status = status_of(result),
                                          .whole = shown ? buffer_string(&whole) : NULL });
    buffer_free(&whole);
}

/* ---- uptime */

static enum store_class class_of(const struct engine_service *service)
{
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

void daemon_store_service(struct store *store, const struct engine *engine, size_t service, int64_t wall)
{
    const struct model *model = engine_model(engine);

    if (store && model && service < model->n_services)
        store_service(store, model->services[service].name, wall, class_of(engine_service(engine, service)));
}

/* ---- how it is */

void daemon_store_look(struct store *store, char *trouble, size_t n)
{
    trouble[0] = '\0';
    if (!store)
        return;
    while (store_news(store).kind != STORE_NOTHING) /* what was kept needs not be kept again: nothing is, but history */
        continue;
    if (!store_trouble(store, trouble, n))
        trouble[0] = '\0';
}
