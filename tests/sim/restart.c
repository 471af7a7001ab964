/* Another process takes over: a new engine with the same model and what the one before exported. The judges' clocks are moved with it. */
#include "judge.h"

#include "memory/rows.h"

#include <stdlib.h>
#include <string.h>

/* What the judges found out about runs of the process before is over with it. */
static void forget_process(struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; i < model->n_checks; i++) {
        struct sim_check *c = &sim->checks[i];

        if (c->run)
            sim_end_run(sim, i);
        c->known = c->bad_begun = 0;
        c->forgotten = c->surely_forgotten = sim->starts;
        c->proved = c->surely_proved = c->outdated = c->need_due = c->ended = c->fresh = false;
        c->nudged = c->nudge_run = SIM_NONE;
        c->excused = c->heard = sim->now.awake;
    }
    for (size_t i = 0; i < model->n_services; i++) {
        struct sim_service *s = &sim->services[i];

        s->looked_from = s->wait_from = sim->now.awake;
    }
    sim->rounds = 0;
    sim->next_old = 0;
    memset(sim->old_runs, 0, sizeof sim->old_runs);
}

/* The judges' clocks go on where they stood; those of silences count the time away. */
static void move_clocks(struct sim *sim, const struct moment *before, uint64_t away)
{
    for (size_t i = 0; i < engine_model(sim->engine)->n_checks; i++)
        if (sim->checks[i].starting != SIM_NONE)
            sim->checks[i].starting += sim->now.awake - before->awake;
    for (size_t i = 0; i < engine_model(sim->engine)->n_services; i++) {
        struct sim_service *s = &sim->services[i];

        s->graced_until = s->graced_until > before->awake ? s->graced_until + sim->now.awake - before->awake : s->graced ? sim->now.awake : 0;
        s->flaps_from = s->flaps_from == SIM_NONE ? SIM_NONE : sim->now.awake - (before->awake - s->flaps_from);
        s->spared_until = s->spared_until > before->awake ? s->spared_until + sim->now.awake - before->awake : 0;
    }
    for (size_t i = 0; i < sim->n_silences; i++) {
        uint64_t until = sim->silences[i].until, left = until > before->elapsed ? until - before->elapsed : 0;

        sim->silences[i].until = sim->now.elapsed + (left > away ? left - away : 0);
    }
}

/* The daemon opens windows by its calendar before anything is taken up. */
static void open_windows(struct sim *sim, const struct engine *before)
{
    size_t n;
    const struct engine_silence *all = engine_silences(before, &n);

    for (size_t i = 0; i < n; i++) {
        struct engine_event event = { .kind = EVENT_WINDOW_OPEN, .of.window = { all[i].window, all[i].service } };

        if (!all[i].window[0])
            continue;
        engine_event(sim->engine, &sim->now, &event);
        sim_carry_out(sim);
    }
}

static void let_go(struct sim *sim, uint64_t away, bool booted)
{
    sim->now.wall += (int64_t)away;
    sim->now.awake += away;
    sim->now.elapsed += away;
    if (!booted)
        return;
    sim->now.boot++;
    sim->now.awake = sim->now.elapsed = SECONDS(30);
}

static void through(struct sim *sim, struct rows *rows, enum row_kind kind, union row row, const struct moment *at)
{
    struct buffer bytes = buffer_make(0);
    char name[ROW_NAME];

    row_name(kind, row, name);
    if (!row_write(kind, row, at, &bytes) || !rows_take(rows, kind, name, bytes.data, bytes.len))
        sim_break(sim, "a row of what is kept cannot be read");
    buffer_free(&bytes);
}

/* What a store holds of it: the bytes of its rows, read again. */
static struct engine_kept *as_rows(struct sim *sim, struct engine_kept *kept)
{
    struct engine_kept *read;
    struct rows rows;

    if (!kept || !rows_begin(&rows))
        abort();
    through(sim, &rows, ROW_MOMENT, (union row){ .none = NULL }, &kept->at);
    through(sim, &rows, ROW_REST, (union row){ .rest = kept }, &kept->at);
    for (size_t i = 0; i < kept->n_silences; i++)
        through(sim, &rows, ROW_SILENCE, (union row){ .silence = &kept->silences[i] }, &kept->at);
    for (size_t i = 0; i < kept->n_incidents; i++)
        through(sim, &rows, ROW_INCIDENT, (union row){ .incident = &(struct row_incident){ .incident = kept->incidents[i] } }, &kept->at);
    for (size_t i = 0; i < kept->n_services; i++)
        through(sim, &rows, ROW_SERVICE, (union row){ .service = &kept->services[i] }, &kept->at);
    for (size_t i = 0; i < kept->n_checks; i++)
        through(sim, &rows, ROW_CHECK, (union row){ .check = &kept->checks[i] }, &kept->at);
    engine_kept_free(kept);
    read = rows_end(&rows);
    free(rows.incidents);
    return read;
}

void sim_restart(struct sim *sim, uint64_t away, bool booted)
{
    const struct model *model = model_keep(engine_model(sim->engine));
    struct engine *before = sim->engine;
    struct engine_kept *kept = as_rows(sim, engine_export(before, &sim->now));
    struct engine_event first = { .kind = EVENT_MODEL, .of.model = model }, second = { .kind = EVENT_RESTORE, .of.kept = kept };
    size_t notices = sim->n_notices, collected = sim->n_collected;

    if (sim->broken[0] || !kept) {
        model_drop(model);
        return;
    }
    let_go(sim, away, booted);
    move_clocks(sim, &kept->at, away);
    forget_process(sim);
    sim->view->starts = sim->starts;
    sim->engine = engine_create(sim->seed);
    if (!sim->engine || engine_event(sim->engine, &sim->now, &first) != ENGINE_DONE)
        abort();
    sim_carry_out(sim);
    open_windows(sim, before);
    if (engine_event(sim->engine, &sim->now, &second) != ENGINE_DONE)
        sim_break(sim, "what was kept is not taken up");
    sim_carry_out(sim);
    if (sim->n_notices != notices || sim->n_collected != collected)
        sim_break(sim, "a restart tells something, or collects evidence anew");
    judge_restarted(sim, before, kept, away);
    engine_kept_free(kept);
    engine_free(before);
    model_drop(model);
}
