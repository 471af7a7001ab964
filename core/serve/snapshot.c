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

/* ---- incidents: chosen before anything is copied */

struct chosen {
    const struct engine_incident **all; /* NULL: none */
    size_t n, open, entries;
};

static bool is_open(const struct engine_incident *incident)
{
    return incident->ending == INCIDENT_OPEN;
}

static int open_and_new_first(const void *a, const void *b)
{
    const struct engine_incident *x = *(const struct engine_incident *const *)a, *y = *(const struct engine_incident *const *)b;

    if (is_open(x) != is_open(y))
        return is_open(x) ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

/* False: no memory. */
static bool choose(struct chosen *chosen, const struct engine *engine)
{
    size_t room, used = 0;
    const struct engine_incident *incidents = engine_incidents(engine, &room);

    *chosen = (struct chosen){ .n = 0 };
    for (size_t i = 0; i < room; i++)
        used += incidents[i].id > 0;
    if (used == 0)
        return true;
    chosen->all = malloc(used * sizeof *chosen->all);
    if (!chosen->all)
        return false;
    for (size_t i = 0; i < room; i++) {
        if (incidents[i].id == 0)
            continue;
        chosen->all[chosen->n++] = &incidents[i];
        chosen->open += is_open(&incidents[i]);
    }
    qsort(chosen->all, chosen->n, sizeof *chosen->all, open_and_new_first);
    if (chosen->n > chosen->open + SNAPSHOT_CLOSED)
        chosen->n = chosen->open + SNAPSHOT_CLOSED;
    for (size_t i = 0; i < chosen->n; i++)
        chosen->entries += chosen->all[i]->n_entries;
    return true;
}

/* ---- texts: one behind another, each with its NUL, in the order in which place_texts() takes them out again */

static void add_text(struct buffer *texts, const char *text)
{
    if (text)
        buffer_add(texts, text, strlen(text) + 1);
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

static void gather_people(struct buffer *texts, const struct engine *engine, const struct chosen *chosen)
{
    size_t n;
    const struct engine_silence *silences = engine_silences(engine, &n);

    for (size_t i = 0; i < chosen->n; i++) {
        add_text(texts, chosen->all[i]->service);
        add_text(texts, or_null(chosen->all[i]->acked_by));
    }
    for (size_t i = 0; i < n; i++) {
        add_text(texts, or_null(silences[i].service));
        add_text(texts, or_null(silences[i].window));
        add_text(texts, or_null(silences[i].note));
    }
}

static void gather_texts(struct buffer *texts, const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra, const struct chosen *chosen)
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
    for (size_t i = 0; i < extra->n_programs; i++) {
        add_text(texts, extra->programs[i].name);
        add_text(texts, extra->programs[i].state);
        add_text(texts, extra->programs[i].why);
        add_text(texts, extra->programs[i].last_end);
    }
    add_text(texts, extra->config_error);
    add_text(texts, extra->self);
    gather_people(texts, engine, chosen);
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

/* A moment of the clock that goes on in sleep, on the calendar; 0: never. */
static int64_t wall_of(const struct moment *now, uint64_t elapsed)
{
    if (elapsed == UINT64_MAX)
        return 0;
    return elapsed >= now->elapsed ? now->wall + (int64_t)(elapsed - now->elapsed) : now->wall - (int64_t)(now->elapsed - elapsed);
}

static void copy_incidents(struct snapshot_incident *incidents, struct engine_entry *entries, const struct chosen *chosen, const struct moment *now, const char **texts)
{
    for (size_t i = 0; i < chosen->n; i++) {
        const struct engine_incident *from = chosen->all[i];

        incidents[i] = (struct snapshot_incident){
            .id = from->id,
            .service = take_text(texts, from->service),
            .acked_by = take_text(texts, or_null(from->acked_by)),
            .index = from->index,
            .ending = from->ending,
            .told = from->told,
            .folded_into = from->folded_into,
            .opened = from->opened,
            .closed = from->closed,
            .acked_until = from->acked ? wall_of(now, from->acked_until) : 0,
            .acked = from->acked,
            .reopened = from->reopened,
            .joined = from->joined,
            .n_entries = from->n_entries,
            .dropped = from->dropped,
            .entries = entries,
        };
        memcpy(entries, from->entries, from->n_entries * sizeof *entries);
        entries += from->n_entries;
    }
}

static void copy_silences(struct snapshot_silence *silences, const struct engine *engine, const struct moment *now, const char **texts)
{
    size_t n;
    const struct engine_silence *from = engine_silences(engine, &n);

    for (size_t i = 0; i < n; i++) {
        silences[i] = (struct snapshot_silence){ .since = from[i].since, .until = wall_of(now, from[i].until), .until_ok = from[i].until_ok };
        silences[i].service = take_text(texts, or_null(from[i].service));
        silences[i].window = take_text(texts, or_null(from[i].window));
        silences[i].note = take_text(texts, or_null(from[i].note));
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

static void copy_programs(struct snapshot_program *programs, const struct snapshot_extra *extra, const char **texts)
{
    for (size_t i = 0; i < extra->n_programs; i++) {
        programs[i] = extra->programs[i];
        programs[i].name = take_text(texts, extra->programs[i].name);
        programs[i].state = take_text(texts, extra->programs[i].state);
        programs[i].why = take_text(texts, extra->programs[i].why);
        programs[i].last_end = take_text(texts, extra->programs[i].last_end);
    }
}

static size_t count_silences(const struct engine *engine)
{
    size_t n;

    engine_silences(engine, &n);
    return n;
}

static void fill(struct snapshot *snapshot, const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra, const struct chosen *chosen,
                 const struct buffer *gathered)
{
    const struct model *model = engine_model(engine);
    struct snapshot_service *services = (struct snapshot_service *)(snapshot + 1);
    struct snapshot_check *checks = (struct snapshot_check *)(services + model->n_services);
    struct snapshot_plugin *plugins = (struct snapshot_plugin *)(checks + model->n_checks);
    struct snapshot_program *programs = (struct snapshot_program *)(plugins + extra->n_plugins);
    struct snapshot_incident *incidents = (struct snapshot_incident *)(programs + extra->n_programs);
    struct engine_entry *entries = (struct engine_entry *)(incidents + chosen->n);
    struct snapshot_silence *silences = (struct snapshot_silence *)(entries + chosen->entries);
    const size_t n_silences = count_silences(engine);
    const char *texts = (const char *)(silences + n_silences);

    if (gathered->len > 0)
        memcpy(silences + n_silences, gathered->data, gathered->len);
    copy_services(services, engine, model->n_services, &texts);
    copy_checks(checks, engine, model->n_checks);
    copy_plugins(plugins, extra, &texts);
    copy_programs(programs, extra, &texts);
    *snapshot = (struct snapshot){
        .generation = atomic_fetch_add(&generations, 1) + 1,
        .model = model_keep(model),
        .overall = *engine_overall(engine),
        .services = services,
        .checks = checks,
        .n_plugins = extra->n_plugins,
        .plugins = plugins,
        .n_programs = extra->n_programs,
        .programs = programs,
        .n_incidents = chosen->n,
        .n_open = chosen->open,
        .incidents = incidents,
        .n_silences = n_silences,
        .silences = silences,
        .paused_until = engine_paused_until(engine) > 0 ? wall_of(now, engine_paused_until(engine)) : 0,
        .updated = now->wall,
        .loaded_at = extra->loaded_at,
        .started_at = extra->started_at,
        .config_error = take_text(&texts, extra->config_error),
        .self = take_text(&texts, extra->self),
        .worker_restarts = extra->worker_restarts,
        .memory = snapshot,
    };
    copy_incidents(incidents, entries, chosen, now, &texts);
    copy_silences(silences, engine, now, &texts);
    atomic_init(&snapshot->users, 1);
}

/* ---- repair, in an allocation of its own */

static void add_heal(struct snapshot *snapshot, const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra)
{
    struct snapshot_heal *heal = extra->heal ? snapshot_heal_make(extra->heal, engine, now) : NULL;

    snapshot->heal = heal;
    if (!heal)
        return;
    heal->switched_off = extra->switched_off;
    heal->safe_mode = extra->safe_mode;
    heal->last_run = extra->last_run;
    heal->last_agent = extra->last_agent;
    heal->last_sos = extra->last_sos;
}

/* ---- the interface */

struct snapshot *snapshot_make(const struct engine *engine, const struct moment *now, const struct snapshot_extra *extra)
{
    const struct model *model = engine_model(engine);
    struct buffer texts = buffer_make(0);
    struct snapshot *snapshot = NULL;
    struct chosen chosen;
    size_t arrays;

    if (!model)
        return NULL;
    if (!choose(&chosen, engine)) {
        shortage_note();
        return NULL;
    }
    gather_texts(&texts, engine, now, extra, &chosen);
    arrays = model->n_services * sizeof *snapshot->services + model->n_checks * sizeof *snapshot->checks + extra->n_plugins * sizeof *snapshot->plugins +
             extra->n_programs * sizeof *snapshot->programs +
             chosen.n * sizeof *snapshot->incidents + chosen.entries * sizeof *snapshot->incidents->entries + count_silences(engine) * sizeof *snapshot->silences;
    if (!texts.failed)
        snapshot = malloc(sizeof *snapshot + arrays + texts.len);
    if (snapshot)
        fill(snapshot, engine, now, extra, &chosen, &texts);
    if (snapshot)
        add_heal(snapshot, engine, now, extra);
    else
        shortage_note();
    buffer_free(&texts);
    free(chosen.all);
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
    free(snapshot->heal);
    free(snapshot->memory);
}
