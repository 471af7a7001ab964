/*
 * Which rows are written, and when. What people have said must not be lost to a crash a moment later, and is little: it is written with its event. The rest is
 * swept through now and then, for rows whose sum is another; a sweep writes a bounded number of rows, and the next one begins with a later check, so that no row
 * is starved by others that change all the time.
 */
#include "memory/memory_private.h"

#define REFRESH (60 * (uint64_t)NS_PER_S) /* what is written lazily */
#define SOON (20 * (uint64_t)NS_PER_MS)   /* what one event brings often comes with others */

enum { SWEEP_ROWS = 500 };

void keep_due(struct memory *memory)
{
    memory->due = true;
}

void keep_everything(struct memory *memory)
{
    marks_free(&memory->marks);
    heal_forget_marks(memory);
    for (size_t i = 0; i < memory->n_services; i++)
        memory->services[i].class = -1;
    for (size_t i = 0; i < memory->n_incidents; i++)
        memory->incidents[i].changed = true;
    memory->people = memory->times = true;
    keep_due(memory);
}

static bool is_wanted(const struct mark *mark, unsigned long long sum, const struct moment *now)
{
    return mark->sum != sum || mark->kind == ROW_MOMENT || (mark->kind == ROW_CHECK && now->awake - mark->written >= REFRESH);
}

bool keep_is_due(struct memory *memory, enum row_kind kind, union row row, const struct moment *now)
{
    char name[ROW_NAME];
    struct mark *mark;

    row_name(kind, row, name);
    mark = marks_find(&memory->marks, kind, name);
    if (mark)
        mark->sweep = memory->marks.sweep;
    return !mark || is_wanted(mark, row_sum(kind, row, now), now);
}

bool keep_row(struct memory *memory, enum row_kind kind, union row row, const struct moment *now)
{
    const unsigned long long sum = row_sum(kind, row, now);
    char name[ROW_NAME];
    struct mark *mark;

    row_name(kind, row, name);
    mark = marks_make(&memory->marks, kind, name);
    if (!mark)
        return false;
    mark->sweep = memory->marks.sweep;
    if (!is_wanted(mark, sum, now))
        return true;
    if (!row_write(kind, row, now, &memory->bytes) || !store_keep(memory->store, row_kind_name(kind), name, memory->bytes.data, memory->bytes.len))
        return false;
    mark->sum = sum;
    mark->written = now->awake;
    memory->rows++;
    return true;
}

/* ---- what is no longer there */

static bool forget(void *arg, const struct mark *mark)
{
    struct memory *memory = arg;

    return store_keep(memory->store, row_kind_name(mark->kind), mark->name, NULL, 0);
}

/* ---- people */

/* What the rest of the engine's export holds stays as the last sweep has written it. */
static bool keep_silences(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    size_t n;
    const struct engine_silence *silences = engine_silences(engine, &n);
    bool kept = true;

    for (size_t i = 0; i < n; i++)
        if (!silences[i].window[0])
            kept = keep_row(memory, ROW_SILENCE, (union row){ .silence = &silences[i] }, now) && kept;
    if (kept)
        marks_drop(&memory->marks, ROW_SILENCE, forget, memory);
    return kept;
}

static bool keep_incidents(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    bool kept = true;

    for (size_t i = 0; i < memory->n_incidents; i++)
        if (memory->incidents[i].changed)
            kept = incident_keep(memory, engine, now, i) && kept;
    return kept;
}

static void keep_subject(struct memory *memory, const struct engine *engine, const struct moment *now, size_t service)
{
    const struct model_service *model = &engine_model(engine)->services[service];
    struct kept_service of_service;
    struct kept_check of_check;

    engine_export_service(engine, now, service, &of_service);
    keep_row(memory, ROW_SERVICE, (union row){ .service = &of_service }, now);
    for (size_t i = model->first_check; i < model->first_check + model->n_checks; i++) {
        if (!engine_model(engine)->checks[i].enabled)
            continue;
        engine_export_check(engine, now, i, &of_check);
        keep_row(memory, ROW_CHECK, (union row){ .check = &of_check }, now);
        result_drop(of_check.last);
    }
}

/* What has opened or closed an incident goes with it: who finds one without the other after a crash would tell people again. */
static void keep_subjects(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    size_t room;
    const struct engine_incident *incidents = engine_incidents(engine, &room);

    for (size_t i = 0; i < memory->n_incidents && i < room; i++)
        if (memory->incidents[i].changed && incidents[i].id > 0 && incidents[i].index < engine_model(engine)->n_services)
            keep_subject(memory, engine, now, incidents[i].index);
}

static bool keep_rest(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    struct engine_kept rest = { .at = *now };

    engine_export_rest(engine, &rest);
    return keep_row(memory, ROW_REST, (union row){ .rest = &rest }, now);
}

bool keep_people(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    bool kept;

    memory->people = false;
    memory->marks.sweep++;
    kept = keep_silences(memory, engine, now);
    kept = keep_incidents(memory, engine, now) && kept;
    kept = keep_rest(memory, engine, now) && kept;
    if (!kept)
        keep_due(memory); /* the store's queue is full, or memory lacks: again, but not with each event */
    return kept;
}

/* ---- all rows */

/* False: it is not written, or it is one row too many for once. */
static bool sweep_row(struct memory *memory, enum row_kind kind, union row row, const struct moment *now, uint64_t most)
{
    return memory->rows < most && keep_row(memory, kind, row, now);
}

static bool sweep_services(struct memory *memory, const struct engine_kept *kept, uint64_t most)
{
    for (size_t i = 0; i < kept->n_services; i++)
        if (!sweep_row(memory, ROW_SERVICE, (union row){ .service = &kept->services[i] }, &kept->at, most))
            return false;
    return true;
}

/* From the cursor on, and round. */
static bool sweep_checks(struct memory *memory, const struct engine_kept *kept, uint64_t most)
{
    const size_t n = kept->n_checks, first = memory->cursor < n ? memory->cursor : 0;

    for (size_t i = 0; i < n; i++) {
        const size_t at = (first + i) % n;

        if (sweep_row(memory, ROW_CHECK, (union row){ .check = &kept->checks[at] }, &kept->at, most))
            continue;
        memory->cursor = at;
        return false;
    }
    return true;
}

static void drop_gone(struct memory *memory)
{
    static const enum row_kind kinds[] = { ROW_INCIDENT, ROW_SERVICE, ROW_CHECK };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        marks_drop(&memory->marks, kinds[i], forget, memory);
}

/* True: all that is to be written is. */
static bool sweep_all(struct memory *memory, const struct engine *engine, const struct moment *now, uint64_t rows)
{
    struct engine_kept *kept = engine_export(engine, now);
    const uint64_t most = memory->rows + rows;
    bool whole;

    if (!kept)
        return false;
    for (size_t i = 0; i < memory->n_incidents; i++)
        memory->incidents[i].changed = true; /* small things have no effect of their own */
    whole = keep_people(memory, engine, now) && sweep_services(memory, kept, most) && sweep_checks(memory, kept, most);
    if (whole)
        drop_gone(memory);
    engine_kept_free(kept);
    return keep_row(memory, ROW_MOMENT, (union row){ .none = NULL }, now) && whole;
}

/* Between a model and memory_model() nothing is: what is known goes by places in the model before, or has not been restored yet. */
static bool is_ready(const struct memory *memory, const struct engine *engine)
{
    const struct model *model = engine ? engine_model(engine) : NULL;

    return memory && model && memory->generation == model->generation;
}

static uint64_t wanted_in(const struct memory *memory, const struct moment *now)
{
    const uint64_t age = now->awake - memory->written;

    if (!memory->due)
        return UINT64_MAX;
    return age + SOON >= MEMORY_DISTANCE ? SOON : MEMORY_DISTANCE - age;
}

uint64_t memory_write(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    if (!is_ready(memory, engine))
        return UINT64_MAX;
    memory->written = now->awake;
    memory->due = false;
    times_settle(memory, engine, now->wall);
    if (sweep_all(memory, engine, now, SWEEP_ROWS))
        memory->swept = now->awake;
    else
        keep_due(memory);
    return wanted_in(memory, now);
}

uint64_t memory_settle(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    if (!is_ready(memory, engine))
        return UINT64_MAX;
    if (memory->times)
        times_settle(memory, engine, now->wall);
    if (memory->people) {
        keep_subjects(memory, engine, now);
        keep_people(memory, engine, now);
        store_hurry(memory->store);
    }
    if (now->awake - memory->swept >= REFRESH)
        keep_due(memory);
    return wanted_in(memory, now);
}

void memory_end(struct memory *memory, const struct engine *engine, const struct moment *now)
{
    if (!is_ready(memory, engine))
        return;
    times_settle(memory, engine, now->wall);
    sweep_all(memory, engine, now, UINT32_MAX);
}
