/* The driver: one event after the other into the engine, its effects onto imaginary targets, everything in virtual time. */
#include "judge.h"

#include "base/buffer.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sim_break(struct sim *sim, const char *format, ...)
{
    va_list ap;

    if (sim->broken[0])
        return;
    va_start(ap, format);
    vsnprintf(sim->broken, sizeof sim->broken, format, ap);
    va_end(ap);
}

static void *room(size_t n, size_t size)
{
    void *made = calloc(n + 1, size);

    if (!made)
        abort();
    return made;
}

/* ---- effects ---- */

static void fold(struct sim *sim, uint64_t number)
{
    sim->hash = text_hash(sim->hash, &number, sizeof number);
}

static void take_notice(struct sim *sim, const struct engine_effect *effect)
{
    struct sim_notice *notice = &sim->notices[sim->n_notices++ % SIM_NOTICES];

    *notice = (struct sim_notice){ .notice = effect->of.notify.notice, .level = effect->of.notify.level, .over = effect->of.notify.over, .service = effect->of.notify.service };
    snprintf(notice->text, sizeof notice->text, "%s", effect->of.notify.text);
    if (sim->verbose)
        printf("%.3f told: %s: %s\n", (double)sim->now.awake / 1e9, engine_notice_name(notice->notice), notice->text);
}

static void carry_out(struct sim *sim, const struct engine_effect *effect)
{
    fold(sim, (uint64_t)effect->kind);
    switch (effect->kind) {
    case EFFECT_START_CHECK:
        fold(sim, effect->of.start.check), fold(sim, effect->of.start.run), fold(sim, effect->of.start.timeout), fold(sim, (uint64_t)effect->of.start.cause);
        judge_start(sim, effect);
        break;
    case EFFECT_CANCEL:
        fold(sim, effect->of.cancel.run);
        break;
    case EFFECT_WAKE_AT:
        fold(sim, effect->of.wake.awake);
        sim->wake = effect->of.wake.awake;
        break;
    case EFFECT_RECORD:
        fold(sim, (uint64_t)effect->of.record.kind), fold(sim, effect->of.record.index), fold(sim, (uint64_t)effect->of.record.from), fold(sim, (uint64_t)effect->of.record.to);
        break;
    case EFFECT_PUBLISH:
        sim->published++;
        break;
    case EFFECT_LOG:
        sim->hash = text_hash(sim->hash, effect->of.log.text, strlen(effect->of.log.text));
        sim->lines++;
        snprintf(sim->log, sizeof sim->log, "%s", effect->of.log.text);
        if (sim->verbose)
            printf("%.3f %s: %s\n", (double)sim->now.awake / 1e9,
                   effect->of.log.check != MODEL_NONE     ? engine_model(sim->engine)->checks[effect->of.log.check].full_name
                   : effect->of.log.service != MODEL_NONE ? engine_model(sim->engine)->services[effect->of.log.service].name
                                                          : "talon",
                   effect->of.log.text);
        break;
    case EFFECT_OBSERVE:
        fold(sim, effect->of.observe.asked);
        break;
    case EFFECT_COLLECT:
        fold(sim, effect->of.collect.incident), fold(sim, effect->of.collect.service);
        sim->n_collected++;
        judge_collected(sim, effect);
        break;
    case EFFECT_NOTIFY:
        fold(sim, (uint64_t)effect->of.notify.notice), fold(sim, effect->of.notify.incident);
        sim->hash = text_hash(sim->hash, effect->of.notify.text, strlen(effect->of.notify.text));
        take_notice(sim, effect);
        judge_notice(sim, effect);
        break;
    case EFFECT_JUDGED:
        fold(sim, effect->of.judged.check), fold(sim, effect->of.judged.begun), fold(sim, (uint64_t)effect->of.judged.cause);
        break;
    case EFFECT_RECORD_INTENT:
    case EFFECT_RUN_ACTION:
        sim_break(sim, "an effect of a later version: %d", (int)effect->kind);
        break;
    }
}

void sim_carry_out(struct sim *sim)
{
    size_t n;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        carry_out(sim, &effects[i]);
}

/* ---- the end of runs ---- */

static void remember_run(struct sim *sim, uint64_t run)
{
    sim->old_runs[sim->next_old++ % SIM_OLD_RUNS] = run;
}

void sim_end_run(struct sim *sim, size_t check)
{
    struct sim_check *c = &sim->checks[check];

    remember_run(sim, c->run);
    c->run = 0;
    c->last_end = c->excused = sim->now.awake;
}

static size_t check_of_run(const struct sim *sim, uint64_t run)
{
    const struct model *model = engine_model(sim->engine);

    for (size_t i = 0; model && run > 0 && i < model->n_checks; i++)
        if (sim->checks[i].run == run)
            return i;
    return MODEL_NONE;
}

/* ---- a new model: what is known of a check goes on under its name ---- */

/* All of them: those that go on do not end, so nobody asks. */
static void remember_runs(struct sim *sim, const struct model *old)
{
    for (size_t i = 0; old && i < old->n_checks; i++)
        if (sim->checks[i].run)
            remember_run(sim, sim->checks[i].run);
}

static void move_check(struct sim *sim, struct sim_check *to, const struct sim_check *from, bool same, bool retimed)
{
    if (same) {
        *to = *from;
        if (retimed)
            to->excused = to->heard = sim->now.awake;
        return;
    }
    to->status = from->status;
    to->takes = from->takes;
}

static bool is_same(const struct model_check *old, const struct model_check *check)
{
    return old->fingerprint == check->fingerprint && old->enabled && check->enabled;
}

static void move_checks(struct sim *sim, const struct model *old, const struct model *model)
{
    struct sim_check *checks = room(model->n_checks, sizeof *checks);

    remember_runs(sim, old);
    for (size_t i = 0; i < model->n_checks; i++) {
        size_t before = old ? model_check(old, model->checks[i].full_name) : MODEL_NONE;

        checks[i].takes = MS(1);
        checks[i].nudged = checks[i].nudge_run = checks[i].starting = SIM_NONE;
        checks[i].excused = checks[i].heard = sim->now.awake;
        checks[i].fresh = true;
        if (before != MODEL_NONE)
            move_check(sim, &checks[i], &sim->checks[before], is_same(&old->checks[before], &model->checks[i]),
                       old->checks[before].every != model->checks[i].every || old->checks[before].timeout != model->checks[i].timeout);
    }
    free(sim->checks);
    sim->checks = checks;
}

static void move_services(struct sim *sim, const struct model *old, const struct model *model)
{
    struct sim_service *services = room(model->n_services, sizeof *services);

    for (size_t i = 0; i < model->n_services; i++) {
        size_t before = old ? model_service(old, model->services[i].name) : MODEL_NONE;

        services[i].graced_by = MODEL_NONE;
        services[i].flaps_from = SIM_NONE;
        if (before == MODEL_NONE || !judge_watched(old, before) || !judge_watched(model, i))
            continue;
        services[i] = sim->services[before];
        if (services[i].graced_by != MODEL_NONE)
            services[i].graced_by = model_service(model, old->services[services[i].graced_by].name);
    }
    free(sim->services);
    sim->services = services;
}

/* ---- events ---- */

static void before_event(struct sim *sim, const struct engine_event *event)
{
    struct sim_view *view = sim->view;

    judge_before(sim, event);
    view->check = MODEL_NONE;
    if (event->kind != EVENT_RESULT && event->kind != EVENT_RUN_LOST)
        return;
    view->check = check_of_run(sim, event->of.result.run);
    if (view->check == MODEL_NONE)
        return;
    view->number = sim->checks[view->check].number;
    view->begun = sim->checks[view->check].begun;
    view->dropped = event->kind == EVENT_RUN_LOST || sim->checks[view->check].outdated;
    view->status = event->kind == EVENT_RESULT && event->of.result.result ? event->of.result.result->status : STATUS_UNKNOWN;
}

enum engine_outcome sim_feed(struct sim *sim, const struct engine_event *event)
{
    const struct model *old = engine_model(sim->engine);
    enum engine_outcome outcome;

    if (sim->broken[0])
        return ENGINE_REFUSED;
    sim->events++;
    if (old)
        model_keep(old);
    before_event(sim, event);
    outcome = engine_event(sim->engine, &sim->now, event);
    if (outcome == ENGINE_DONE && event->kind == EVENT_MODEL) {
        move_checks(sim, old, event->of.model);
        move_services(sim, old, event->of.model);
        judge_moved(sim, old);
    }
    if (outcome == ENGINE_DONE && sim->view->check != MODEL_NONE)
        sim_end_run(sim, sim->view->check);
    sim_carry_out(sim);
    judge_after(sim, event, outcome);
    model_drop(old);
    return outcome;
}

static void advance(struct sim *sim, uint64_t to)
{
    uint64_t ns = to - sim->now.awake;

    sim->now.awake += ns;
    sim->now.elapsed += ns;
    sim->now.wall += (int64_t)ns;
    sim->passed += ns;
}

/* One that is still going is no old one. */
uint64_t sim_old_run(const struct sim *sim, uint64_t dice)
{
    uint64_t run = sim->old_runs[dice % SIM_OLD_RUNS];

    return check_of_run(sim, run) == MODEL_NONE ? run : 0;
}

static void hand_in(struct sim *sim, size_t check, enum status status)
{
    static const struct {
        const char *reason, *summary;
    } said[] = { { "ok", "answered" }, { "slow", "answered late" }, { "connect.refused", "connection refused" }, { "exec.not_found", "no such tool" },
                 { "starting", "loading its data" }, { "stopped.by_hand", "stopped by hand" } };
    struct engine_event event = { .kind = EVENT_RESULT, .of.result = { .run = sim->checks[check].run } };

    event.of.result.result = result_make(status, said[status].reason, said[status].summary, sim->now.awake - sim->checks[check].begun, NULL, 0, NULL, 0);
    if (!event.of.result.result)
        abort();
    sim_feed(sim, &event);
    result_drop(event.of.result.result);
}

void sim_answer(struct sim *sim, size_t check, enum status status)
{
    if (sim->checks[check].run)
        hand_in(sim, check, status);
    else
        sim_break(sim, "%s is to answer, but does not run", engine_model(sim->engine)->checks[check].full_name);
}

void sim_lose(struct sim *sim, size_t check)
{
    struct engine_event event = { .kind = EVENT_RUN_LOST, .of.result = { .run = sim->checks[check].run } };

    if (event.of.result.run)
        sim_feed(sim, &event);
}

enum engine_outcome sim_nudge(struct sim *sim, size_t check)
{
    struct engine_event event = { .kind = EVENT_NUDGE, .of.nudge = { .check = check } };

    return sim_feed(sim, &event);
}

void sim_gap(struct sim *sim, uint64_t ns, bool awake)
{
    struct engine_event event = { .kind = EVENT_GAP, .of.gap = { .slept = ns } };

    sim->now.elapsed += ns;
    sim->now.wall += (int64_t)ns;
    sim->stood_still = awake;
    if (awake)
        sim->now.awake += ns;
    sim_feed(sim, &event);
}

/* ---- time ---- */

static size_t next_to_end(const struct sim *sim)
{
    const struct model *model = engine_model(sim->engine);
    size_t found = MODEL_NONE;

    for (size_t i = 0; i < model->n_checks; i++)
        if (sim->checks[i].run && (found == MODEL_NONE || sim->checks[i].ends < sim->checks[found].ends))
            found = i;
    return found;
}

static void end_by_itself(struct sim *sim, size_t check)
{
    struct sim_check *c = &sim->checks[check];

    if (c->lose > 0) {
        c->lose--;
        sim_lose(sim, check);
    } else {
        hand_in(sim, check, c->status);
    }
}

bool sim_step(struct sim *sim, uint64_t most)
{
    uint64_t until = sim->now.awake + most;
    size_t check = next_to_end(sim);
    uint64_t end = check == MODEL_NONE ? UINT64_MAX : sim->checks[check].ends;
    struct engine_event event = { .kind = EVENT_TIME };

    if (sim->broken[0])
        return false;
    if (end <= sim->wake && end <= until) {
        if (end > sim->now.awake)
            advance(sim, end);
        end_by_itself(sim, check);
        return true;
    }
    if (sim->wake <= until) {
        if (sim->wake > sim->now.awake)
            advance(sim, sim->wake);
        sim_feed(sim, &event);
        return true;
    }
    advance(sim, until);
    return false;
}

void sim_pass(struct sim *sim, uint64_t ns)
{
    uint64_t until = sim->now.awake + ns;

    while (!sim->broken[0] && sim->now.awake <= until && sim_step(sim, until - sim->now.awake))
        ;
}

/* ---- life ---- */

void sim_reload(struct sim *sim, const struct model *model)
{
    struct engine_event event = { .kind = EVENT_MODEL, .of.model = model };

    sim_feed(sim, &event);
    model_drop(model);
}

void sim_begin(struct sim *sim, uint64_t seed, const struct model *model)
{
    memset(sim, 0, sizeof *sim);
    sim->engine = engine_create(seed);
    sim->seed = seed;
    sim->now = (struct moment){ .awake = SECONDS(1000), .elapsed = SECONDS(5000), .wall = (int64_t)SECONDS(1700000000), .boot = 1 };
    sim->wake = UINT64_MAX;
    sim->hash = TEXT_HASH;
    sim->view = room(1, sizeof *sim->view);
    if (!sim->engine)
        abort();
    sim_reload(sim, model);
}

void sim_end(struct sim *sim)
{
    judge_free(sim);
    engine_free(sim->engine);
    free(sim->checks);
    free(sim->services);
}

/* ---- people ---- */

enum engine_outcome sim_window(struct sim *sim, bool open, const char *name, const char *service)
{
    struct engine_event event = { .kind = open ? EVENT_WINDOW_OPEN : EVENT_WINDOW_CLOSED, .of.window = { name, service } };

    return sim_feed(sim, &event);
}

enum engine_outcome sim_command(struct sim *sim, const struct engine_command *command)
{
    struct engine_event event = { .kind = EVENT_COMMAND, .of.command = *command };
    enum engine_outcome outcome = sim_feed(sim, &event);

    if (outcome == ENGINE_REFUSED && !sim->broken[0] && !engine_refusal(sim->engine)[0])
        sim_break(sim, "a command is refused without a word");
    return outcome;
}

/* ---- by name ---- */

static size_t found(size_t index, const char *name)
{
    if (index != MODEL_NONE)
        return index;
    fprintf(stderr, "the test asks for %s, which its model does not have\n", name);
    abort();
}

size_t sim_service(const struct sim *sim, const char *name)
{
    return found(model_service(engine_model(sim->engine), name), name);
}

struct sim_check *sim_check(struct sim *sim, const char *full_name)
{
    return &sim->checks[found(model_check(engine_model(sim->engine), full_name), full_name)];
}

const struct engine_service *sim_shown(const struct sim *sim, const char *service)
{
    return engine_service(sim->engine, sim_service(sim, service));
}

const struct engine_check *sim_shown_check(const struct sim *sim, const char *full_name)
{
    return engine_check(sim->engine, found(model_check(engine_model(sim->engine), full_name), full_name));
}

enum engine_verdict sim_verdict(const struct sim *sim, const char *service)
{
    return sim_shown(sim, service)->verdict;
}

const char *sim_why(struct sim *sim, const char *service)
{
    static char text[1024];
    struct buffer out = buffer_make(sizeof text - 1);

    engine_why(sim->engine, &sim->now, sim_service(sim, service), &out);
    snprintf(text, sizeof text, "%s", buffer_string(&out));
    buffer_free(&out);
    return text;
}
