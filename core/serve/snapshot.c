/*
 * Copies what the engine concludes: see snapshot.h. Everything that is copied lies in one allocation (the snapshot itself, its arrays, its
 * texts), so that making one costs one malloc however many services there are, and there is nothing to forget when it is freed.
 */
#include "serve/snapshot.h"

#include "base/shortage.h"

#include <stdlib.h>
#include <string.h>

/* The generation of the last one: of all snapshots of this process, whoever makes them. */
static atomic_uint_least64_t generations;

/* ---- texts: one behind another, each with its NUL, in the order in which place_texts() takes them out again */

static void add_text(struct buffer *texts, const char *text)
{
    if (text)
        buffer_add(texts, text, strlen(text) + 1);
}

static void gather_texts(struct buffer *texts, const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra)
{
    const struct model *model = engine_model(engine);
    struct buffer why = buffer_make(0);

    for (size_t i = 0; i < model->n_services; i++) {
        buffer_clear(&why);
        engine_why(engine, now, i, &why);
        texts->failed = texts->failed || why.failed;
        add_text(texts, buffer_string(&why));
    }
    buffer_free(&why);
    for (size_t i = 0; i < extra->n_plugins; i++) {
        add_text(texts, extra->plugins[i].name);
        add_text(texts, extra->plugins[i].state);
        add_text(texts, extra->plugins[i].last_end);
    }
    add_text(texts, extra->config_error);
    add_text(texts, extra->self);
}

/* The next text, where there was one. */
static const char *take_text(const char **texts, const char *original)
{
    const char *text = *texts;

    if (!original)
        return NULL;
    *texts += strlen(text) + 1;
    return text;
}

/* ---- parts */

static void copy_services(struct snapshot_service *services, const struct engine *engine, size_t n, const char **texts)
{
    for (size_t i = 0; i < n; i++) {
        const struct engine_service *from = engine_service(engine, i);

        services[i] = (struct snapshot_service){
            .verdict = from->verdict,
            .decided_by = from->decided_by,
            .caused_by = from->caused_by,
            .waiting_for = from->waiting_for,
            .root = from->root,
            .uncertain = from->uncertain,
            .silenced = from->silenced,
            .flapping = from->flapping,
            .incident = from->incident,
            .since = from->since,
            .why = take_text(texts, *texts),
        };
    }
}

static void copy_checks(struct snapshot_check *checks, const struct engine *engine, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct engine_check *from = engine_check(engine, i);

        checks[i] = (struct snapshot_check){
            .verdict = from->verdict,
            .last = result_keep(from->last),
            .bad = from->bad,
            .good = from->good,
            .unknown = from->unknown,
            .since = from->since,
            .last_begun = from->last_begun,
            .last_ended = from->last_ended,
            .next = from->next,
            .runs = from->runs,
            .skipped = from->skipped,
            .running = from->running,
            .stale = from->stale,
            .failed_probe = engine_failed_probe(engine, i),
        };
    }
}

static void copy_plugins(struct snapshot_plugin *plugins, const struct snapshot_extra *extra, const char **texts)
{
    for (size_t i = 0; i < extra->n_plugins; i++) {
        plugins[i] = extra->plugins[i];
        plugins[i].name = take_text(texts, extra->plugins[i].name);
        plugins[i].state = take_text(texts, extra->plugins[i].state);
        plugins[i].last_end = take_text(texts, extra->plugins[i].last_end);
    }
}

static void fill(struct snapshot *snapshot, const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra, const struct buffer *gathered)
{
    const struct model *model = engine_model(engine);
    struct snapshot_service *services = (struct snapshot_service *)(snapshot + 1);
    struct snapshot_check *checks = (struct snapshot_check *)(services + model->n_services);
    struct snapshot_plugin *plugins = (struct snapshot_plugin *)(checks + model->n_checks);
    const char *texts = (const char *)(plugins + extra->n_plugins);

    if (gathered->len > 0)
        memcpy(plugins + extra->n_plugins, gathered->data, gathered->len);
    copy_services(services, engine, model->n_services, &texts);
    copy_checks(checks, engine, model->n_checks);
    copy_plugins(plugins, extra, &texts);
    *snapshot = (struct snapshot){
        .generation = atomic_fetch_add(&generations, 1) + 1,
        .model = model_keep(model),
        .overall = *engine_overall(engine),
        .services = services,
        .checks = checks,
        .n_plugins = extra->n_plugins,
        .plugins = plugins,
        .updated = now->wall,
        .loaded_at = extra->loaded_at,
        .started_at = extra->started_at,
        .config_error = take_text(&texts, extra->config_error),
        .self = take_text(&texts, extra->self),
        .worker_restarts = extra->worker_restarts,
        .memory = snapshot,
    };
    atomic_init(&snapshot->users, 1);
}

/* ---- the interface */

struct snapshot *snapshot_make(const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra)
{
    const struct model *model = engine_model(engine);
    struct buffer texts = buffer_make(0);
    struct snapshot *snapshot = NULL;
    size_t arrays;

    if (!model)
        return NULL;
    gather_texts(&texts, engine, now, extra);
    arrays = model->n_services * sizeof *snapshot->services + model->n_checks * sizeof *snapshot->checks + extra->n_plugins * sizeof *snapshot->plugins;
    if (!texts.failed)
        snapshot = malloc(sizeof *snapshot + arrays + texts.len);
    if (snapshot)
        fill(snapshot, engine, now, extra, &texts);
    else
        shortage_note();
    buffer_free(&texts);
    return snapshot;
}

struct snapshot *snapshot_keep(struct snapshot *snapshot)
{
    if (snapshot)
        atomic_fetch_add_explicit(&snapshot->users, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_drop(struct snapshot *snapshot)
{
    /* Whoever drops last must see what the others did before they dropped. */
    if (!snapshot || atomic_fetch_sub_explicit(&snapshot->users, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < snapshot->model->n_checks; i++)
        result_drop(snapshot->checks[i].last);
    model_drop(snapshot->model);
    free(snapshot->memory);
}
