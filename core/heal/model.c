/*
 * A model: all memory is taken when one comes, in sizes that it gives, before anything of the old one is touched. What is known of a service, a check and a
 * runbook goes on by their names; runs go on with the model that they began with (rules.md 4.6).
 */
#include "heal/heal_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What one event can ask for at most: for each check a run; for each service to tell what is ours, its place and a refusal with its notice, the record and the
 * end of a run; for each run its steps. */
enum { OF_CHECK = 1, OF_SERVICE = 12, OF_RUN = 24, OF_ALL = 128 };

struct fresh {
    struct subject *subjects;
    struct evidence *evidence;
    size_t *dependents, *record_of, *open;
    struct heal_rung *rungs;
    bool *wanted, *marks;
    struct heal_kept_record *records;
    size_t n_records, n_ladders, most_effects;
    struct heal_kept_ladder *kept_ladders;
    struct ladder *ladders;
    struct heal_effect *effects;
    unsigned char *answers[RUNS];
    size_t room;
};

static void drop(struct fresh *f)
{
    free(f->subjects);
    free(f->evidence);
    free(f->dependents);
    free(f->record_of);
    free(f->open);
    free(f->rungs);
    free(f->wanted);
    free(f->marks);
    free(f->records);
    free(f->kept_ladders);
    free(f->ladders);
    free(f->effects);
    for (size_t i = 0; i < RUNS; i++)
        free(f->answers[i]);
}

/* ---- sizes */

static void count_steps(const struct model_step *steps, size_t n, size_t *most)
{
    for (size_t i = 0; i < n; i++) {
        if (steps[i].passes.checks.n > *most)
            *most = steps[i].passes.checks.n;
        count_steps(steps[i].then, steps[i].n_then, most);
        count_steps(steps[i].otherwise, steps[i].n_otherwise, most);
    }
}

static size_t most_answers(const struct model *model)
{
    size_t most = 1;

    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++) {
            const struct model_runbook *book = model->services[i].heal[k].bound;

            if (book->verify.checks.n > most)
                most = book->verify.checks.n;
            count_steps(book->steps, book->n_steps, &most);
        }
    }
    return most;
}

static bool disrupts(const struct model_service *service)
{
    for (size_t i = 0; i < service->n_heal; i++)
        if (service->heal[i].bound->impact >= MODEL_DISRUPT)
            return true;
    return false;
}

/* All that needs the service, transitively: marked. */
static void mark_dependents(const struct model *model, size_t service, bool *marks)
{
    bool more = true;

    memset(marks, 0, model->n_services * sizeof *marks);
    marks[service] = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < model->n_services; i++)
            for (size_t k = 0; k < model->services[i].n_needs && !marks[i]; k++)
                for (size_t any = 0; any < model->services[i].needs[k].n && !marks[i]; any++)
                    more |= marks[i] = marks[model->services[i].needs[k].any[any]];
    }
    marks[service] = false;
}

static bool is_watched(const struct model *model, size_t service)
{
    const struct model_service *s = &model->services[service];

    for (size_t i = s->first_check; s->enabled && i < s->first_check + s->n_checks; i++)
        if (evidence_judges(model, i))
            return true;
    return false;
}

/* Twice: counted, then filled in. */
static size_t find_dependents(const struct model *model, struct fresh *f, bool fill)
{
    size_t n = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        if (!disrupts(&model->services[i]))
            continue;
        mark_dependents(model, i, f->marks);
        if (fill)
            f->subjects[i].dependents = &f->dependents[n];
        for (size_t k = 0; k < model->n_services; k++) {
            if (!f->marks[k] || !model->services[k].critical || !is_watched(model, k))
                continue;
            if (fill)
                f->subjects[i].dependents[f->subjects[i].n_dependents++] = k;
            n++;
        }
    }
    return n;
}

static bool make(struct fresh *f, const struct model *model, const struct heal *heal)
{
    size_t entries = 0, most_heal = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        entries += model->services[i].n_heal;
        most_heal = model->services[i].n_heal > most_heal ? model->services[i].n_heal : most_heal;
    }
    f->n_ladders = model->n_services + CLOSED_LADDERS > heal->n_ladders ? model->n_services + CLOSED_LADDERS : heal->n_ladders;
    f->most_effects = OF_CHECK * model->n_checks + OF_SERVICE * model->n_services + OF_RUN * RUNS + OF_ALL;
    f->room = most_answers(model);
    f->subjects = calloc(model->n_services + 1, sizeof *f->subjects);
    f->evidence = calloc(model->n_checks + 1, sizeof *f->evidence);
    f->marks = calloc(model->n_services + 1, sizeof *f->marks);
    f->record_of = calloc(entries + 1, sizeof *f->record_of);
    f->open = calloc(model->n_services + 1, sizeof *f->open);
    f->rungs = calloc(most_heal + 1, sizeof *f->rungs);
    f->wanted = calloc(model->n_checks + 1, sizeof *f->wanted);
    f->records = calloc(heal->n_records + entries + 1, sizeof *f->records);
    f->kept_ladders = calloc(f->n_ladders, sizeof *f->kept_ladders);
    f->ladders = calloc(f->n_ladders, sizeof *f->ladders);
    f->effects = calloc(f->most_effects, sizeof *f->effects);
    if (!f->subjects || !f->evidence || !f->marks || !f->record_of || !f->open || !f->rungs || !f->wanted || !f->records || !f->kept_ladders || !f->ladders ||
        !f->effects)
        return false;
    for (size_t i = 0; i < RUNS; i++) {
        const size_t room = heal->runs[i].room > f->room ? heal->runs[i].room : f->room;

        f->answers[i] = calloc(room, 1);
        if (!f->answers[i])
            return false;
    }
    f->dependents = calloc(find_dependents(model, f, false) + 1, sizeof *f->dependents);
    if (f->dependents)
        find_dependents(model, f, true);
    return f->dependents != NULL;
}

/* ---- what goes on */

static void begin_subjects(struct fresh *f, const struct model *model)
{
    size_t entries = 0;

    for (size_t i = 0; i < model->n_services; i++) {
        struct subject *s = &f->subjects[i];

        s->first_entry = entries;
        s->ladder = s->entry = MODEL_NONE;
        entries += model->services[i].n_heal;
    }
    for (size_t i = 0; i < model->n_checks; i++)
        f->evidence[i].bad_since = NEVER;
}

static void keep_checks(struct fresh *f, const struct model *model, const struct heal *heal, size_t now, size_t before)
{
    const struct model_service *s = &model->services[now], *old = &heal->model->services[before];

    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        for (size_t k = old->first_check; k < old->first_check + old->n_checks; k++)
            if (strcmp(model->checks[i].name, heal->model->checks[k].name) == 0 && model->checks[i].fingerprint == heal->model->checks[k].fingerprint &&
                model->checks[i].enabled && heal->model->checks[k].enabled)
                f->evidence[i] = heal->evidence[k];
}

static void keep_subjects(struct fresh *f, const struct model *model, const struct heal *heal)
{
    for (size_t i = 0; heal->model && i < model->n_services; i++) {
        const size_t before = model_service(heal->model, model->services[i].name);
        struct subject *s = &f->subjects[i];
        const struct subject *old;

        if (before == MODEL_NONE)
            continue;
        old = &heal->subjects[before];
        s->ladder = old->ladder;
        s->ours = old->ours;
        s->fresh_from = old->fresh_from;
        s->shared = old->shared;
        s->waits = true; /* what waited may be another runbook now: it is judged anew */
        keep_checks(f, model, heal, i, before);
    }
}

static size_t find_record(const struct fresh *f, const char *runbook, const char *service)
{
    for (size_t i = 0; i < f->n_records; i++)
        if (strcmp(f->records[i].service, service) == 0 && strcmp(f->records[i].runbook, runbook) == 0)
            return i;
    return MODEL_NONE;
}

/* Of all entries of the service with that runbook. */
static uint64_t fingerprint_of(const struct model_service *service, const char *runbook)
{
    uint64_t fingerprint = 0;

    for (size_t i = 0; i < service->n_heal; i++)
        if (strcmp(service->heal[i].bound->name, runbook) == 0)
            fingerprint = fingerprint * 31 + service->heal[i].fingerprint;
    return fingerprint;
}

/* Of a runbook and a service that the model does not know together, and that nothing runs for. */
static bool is_orphan(const struct model *model, const struct heal *heal, size_t at)
{
    const struct heal_kept_record *record = &heal->records[at];
    const size_t service = model_service(model, record->service);

    for (size_t i = 0; service != MODEL_NONE && i < model->services[service].n_heal; i++)
        if (strcmp(model->services[service].heal[i].bound->name, record->runbook) == 0)
            return false;
    for (size_t i = 0; i < RUNS; i++)
        if (heal->runs[i].state != RUN_FREE && heal->runs[i].record == at)
            return false;
    return true;
}

/* It may come back with another reload, and then its limits still hold; but there is an end to what is kept so: the first of them go. */
static void keep_old_records(struct fresh *f, const struct model *model, const struct heal *heal)
{
    size_t orphans = 0;

    for (size_t i = 0; i < heal->n_records; i++)
        orphans += is_orphan(model, heal, i);
    for (size_t i = 0; i < heal->n_records; i++) {
        if (orphans > ORPHANS && is_orphan(model, heal, i))
            orphans--;
        else
            f->records[f->n_records++] = heal->records[i];
    }
}

static void keep_records(struct fresh *f, const struct model *model, const struct heal *heal)
{
    size_t entry = 0;

    keep_old_records(f, model, heal);
    for (size_t i = 0; i < model->n_services; i++) {
        for (size_t k = 0; k < model->services[i].n_heal; k++, entry++) {
            const char *runbook = model->services[i].heal[k].bound->name;
            const uint64_t fingerprint = fingerprint_of(&model->services[i], runbook);
            size_t at = find_record(f, runbook, model->services[i].name);

            if (at == MODEL_NONE) {
                at = f->n_records++;
                snprintf(f->records[at].runbook, ENGINE_NAME, "%s", runbook);
                snprintf(f->records[at].service, ENGINE_NAME, "%s", model->services[i].name);
            } else if (f->records[at].fingerprint != fingerprint && !f->records[at].record.running) {
                heal_record_rearm(&f->records[at].record);
            }
            f->records[at].fingerprint = fingerprint;
            f->record_of[entry] = at;
        }
    }
}

static void keep_runs(struct fresh *f, const struct model *model, struct heal *heal)
{
    for (size_t i = 0; i < RUNS; i++) {
        struct run *run = &heal->runs[i];
        const size_t room = run->room > f->room ? run->room : f->room;

        if (run->answers)
            memcpy(f->answers[i], run->answers, run->room);
        free(run->answers);
        run->answers = f->answers[i];
        run->room = room;
        f->answers[i] = NULL;
        if (run->state == RUN_FREE)
            continue;
        run->service = model_service(model, run->model->services[run->was_service].name);
        run->record = find_record(f, run->book->name, run->model->services[run->was_service].name);
    }
}

static void keep_ladders(struct fresh *f, const struct heal *heal)
{
    if (heal->n_ladders == 0)
        return;
    memcpy(f->kept_ladders, heal->kept_ladders, heal->n_ladders * sizeof *f->kept_ladders);
    memcpy(f->ladders, heal->ladders, heal->n_ladders * sizeof *f->ladders);
}

/* ---- */

void model_forget(struct heal *heal)
{
    struct fresh old = { .subjects = heal->subjects,
                         .evidence = heal->evidence,
                         .dependents = heal->dependents,
                         .record_of = heal->record_of,
                         .open = heal->open,
                         .rungs = heal->rungs,
                         .wanted = heal->wanted,
                         .records = heal->records,
                         .kept_ladders = heal->kept_ladders,
                         .ladders = heal->ladders,
                         .effects = heal->effects };

    drop(&old);
    model_drop(heal->model);
    heal->model = NULL;
}

bool model_take(struct heal *heal, const struct engine *engine)
{
    const struct model *model = engine_model(engine);
    struct fresh f = { .subjects = NULL };

    if (!make(&f, model, heal)) {
        drop(&f);
        return false;
    }
    begin_subjects(&f, model);
    keep_subjects(&f, model, heal);
    keep_records(&f, model, heal);
    keep_runs(&f, model, heal);
    keep_ladders(&f, heal);
    model_forget(heal);
    heal->model = model_keep(model);
    heal->subjects = f.subjects;
    heal->evidence = f.evidence;
    heal->dependents = f.dependents;
    heal->record_of = f.record_of;
    heal->open = f.open;
    heal->n_open = 0;
    heal->rungs = f.rungs;
    heal->wanted = f.wanted;
    heal->records = f.records;
    heal->n_records = f.n_records;
    heal->kept_ladders = f.kept_ladders;
    heal->ladders = f.ladders;
    heal->n_ladders = f.n_ladders;
    heal->effects = f.effects;
    heal->most_effects = f.most_effects;
    free(f.marks);
    run_tell_ours(heal);
    return true;
}
