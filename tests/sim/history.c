/* Random histories: most of the time the world goes its way; now and then something happens to it, to Talon's plugin hosts, its clock or its configuration. */
#include "history.h"

#include "judge.h"
#include "spec.h"

#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum truth { UP, DOWN, SLOW, HIDDEN, COMING, STOPPED, FLAKY, TRUTHS };

enum { IDS = 4096 };

struct world {
    struct dice dice;
    struct sim sim;
    struct spec spec;
    const struct model *model; /* instead of the spec; NULL */
    unsigned char truth[IDS]; /* of each service by id */
    bool down[IDS];           /* it, or what it needs */
};

/* ---- the truth, and how checks see it ---- */

static unsigned id_of(const struct world *w, size_t service)
{
    if (w->model)
        return (unsigned)service % IDS;
    return (unsigned)strtoul(engine_model(w->sim.engine)->services[service].name + 1, NULL, 10) % IDS;
}

static bool need_is_down(const struct world *w, const struct spec_need *need)
{
    for (size_t i = 0; i < need->n; i++)
        if (!w->down[need->any[i] % IDS])
            return false;
    return true;
}

static bool is_down_itself(const struct world *w, unsigned id)
{
    return w->truth[id % IDS] == DOWN || w->truth[id % IDS] == COMING || w->truth[id % IDS] == STOPPED;
}

static bool model_need_is_down(const struct world *w, const struct model_need *need)
{
    for (size_t i = 0; i < need->n; i++)
        if (!w->down[need->any[i] % IDS])
            return false;
    return true;
}

/* As often as the longest chain may want it. */
static void find_down_by_model(struct world *w)
{
    const struct model *model = w->model;
    bool changed = true;

    for (size_t i = 0; i < model->n_services; i++)
        w->down[i % IDS] = is_down_itself(w, (unsigned)i);
    while (changed) {
        changed = false;
        for (size_t i = 0; i < model->n_services; i++) {
            bool before = w->down[i % IDS];

            for (size_t k = 0; k < model->services[i].n_needs; k++)
                w->down[i % IDS] |= model_need_is_down(w, &model->services[i].needs[k]);
            changed |= w->down[i % IDS] != before;
        }
    }
}

/* Lower ids are needed by higher ones. */
static void find_down(struct world *w)
{
    if (w->model) {
        find_down_by_model(w);
        return;
    }
    for (unsigned id = 0; id < w->spec.next_id; id++) {
        for (size_t i = 0; i < w->spec.n_services; i++) {
            const struct spec_service *s = &w->spec.services[i];

            if (s->id != id)
                continue;
            w->down[id % IDS] = is_down_itself(w, id);
            for (size_t k = 0; k < s->n_needs; k++)
                w->down[id % IDS] |= need_is_down(w, &s->needs[k]);
        }
    }
}

static enum status status_of(struct world *w, unsigned id)
{
    static const enum status flaky[] = { STATUS_OK, STATUS_FAIL, STATUS_UNKNOWN, STATUS_WARN, STATUS_STARTING, STATUS_FAIL };

    switch (w->truth[id]) {
    case COMING:
        return STATUS_STARTING;
    case STOPPED:
        return STATUS_STOPPED;
    case HIDDEN:
        return STATUS_UNKNOWN;
    case FLAKY:
        return flaky[dice_below(&w->dice, 6)];
    default:
        break;
    }
    if (w->down[id])
        return dice_chance(&w->dice, 85) ? STATUS_FAIL : dice_chance(&w->dice, 50) ? STATUS_UNKNOWN : STATUS_OK;
    return dice_chance(&w->dice, 92) ? STATUS_OK : STATUS_WARN;
}

static void see(struct world *w, size_t check)
{
    const struct model_check *model = &engine_model(w->sim.engine)->checks[check];
    struct sim_check *c = &w->sim.checks[check];
    unsigned id = id_of(w, model->service);
    uint64_t longest = dice_chance(&w->dice, 85) ? model->timeout / 10 + 1 : 2 * model->timeout;

    if (w->truth[id] == SLOW)
        longest = 2 * model->timeout;
    c->takes = dice_below(&w->dice, longest);
    c->status = status_of(w, id);
}

static void see_service(struct world *w, size_t service)
{
    const struct model_service *s = &engine_model(w->sim.engine)->services[service];

    find_down(w);
    for (size_t i = s->first_check; i < s->first_check + s->n_checks; i++)
        see(w, i);
}

/* ---- what happens ---- */

static size_t any_service(struct world *w)
{
    return dice_below(&w->dice, engine_model(w->sim.engine)->n_services);
}

static size_t any_check(struct world *w)
{
    return dice_below(&w->dice, engine_model(w->sim.engine)->n_checks);
}

/* Systems break and mend; the checks notice it one after the other. */
static void turn_truth(struct world *w)
{
    static const unsigned char turns[] = { UP, UP, UP, UP, DOWN, DOWN, DOWN, SLOW, HIDDEN, COMING, STOPPED, FLAKY };
    size_t service = any_service(w);

    w->truth[id_of(w, service)] = turns[dice_below(&w->dice, sizeof turns)];
    see_service(w, service);
}

/* A whole stack goes or comes back at once. */
static void turn_all(struct world *w)
{
    bool up = dice_chance(&w->dice, 60);

    for (size_t i = 0; i < engine_model(w->sim.engine)->n_services; i++)
        if (dice_chance(&w->dice, up ? 80 : 50))
            w->truth[id_of(w, i)] = up ? UP : DOWN;
    for (size_t i = 0; i < engine_model(w->sim.engine)->n_services; i++)
        see_service(w, i);
}

static void kill_host(struct world *w)
{
    for (size_t i = 0; i < engine_model(w->sim.engine)->n_checks; i++)
        if (w->sim.checks[i].run && dice_chance(&w->dice, 70))
            sim_lose(&w->sim, i);
}

static void answer_early(struct world *w)
{
    size_t check = any_check(w);

    if (w->sim.checks[check].run)
        sim_answer(&w->sim, check, w->sim.checks[check].status);
}

/* As a repair does. */
static void want(struct world *w)
{
    sim_feed(&w->sim, &(struct engine_event){ .kind = EVENT_WANT, .of.want = { any_check(w) } });
}

/* Results of runs that have ended, were cancelled or never were; checks that are none; events of later versions. */
static void send_nonsense(struct world *w)
{
    struct result *result = result_make(STATUS_FAIL, "late", "too late", 1, NULL, 0, NULL, 0);
    uint64_t run = dice_chance(&w->dice, 80) ? sim_old_run(&w->sim, dice_next(&w->dice)) : dice_next(&w->dice);
    struct engine_event late = { .kind = EVENT_RESULT, .of.result = { run, result } };
    struct engine_event lost = { .kind = EVENT_RUN_LOST, .of.result = { run, NULL } };
    struct engine_event empty = { .kind = EVENT_RESULT };
    struct engine_event nudge = { .kind = EVENT_NUDGE, .of.nudge = { engine_model(w->sim.engine)->n_checks + dice_below(&w->dice, 3) } };
    struct engine_event later = { .kind = dice_chance(&w->dice, 50) ? EVENT_RESTORE : EVENT_STEP_DONE };

    if (sim_feed(&w->sim, &late) == ENGINE_DONE || sim_feed(&w->sim, &lost) == ENGINE_DONE || sim_feed(&w->sim, &empty) == ENGINE_DONE ||
        sim_feed(&w->sim, &nudge) == ENGINE_DONE || sim_feed(&w->sim, &later) == ENGINE_DONE)
        sim_break(&w->sim, "an event that makes no sense was taken");
    result_drop(result);
}

static const struct model *model_of(const struct world *w)
{
    return w->model ? model_keep(w->model) : spec_model(&w->spec);
}

static void reload(struct world *w)
{
    for (uint64_t n = dice_between(&w->dice, 1, 3); n > 0; n--)
        spec_change(&w->spec, &w->dice);
    sim_reload(&w->sim, model_of(w));
    for (size_t i = 0; i < engine_model(w->sim.engine)->n_services; i++)
        if (dice_chance(&w->dice, 30))
            see_service(w, i);
}

/* `next` is an estimate by the wall clock, which may have been stepped. */
static bool same_check(const struct engine_check *a, const struct engine_check *b)
{
    struct engine_check first = *a, second = *b;

    first.next = second.next = 0;
    return memcmp(&first, &second, sizeof first) == 0;
}

/* A reload of the same changes nothing: no effect but a snapshot and the time to wake (later, when it was that of a snapshot). What is due anyway goes first. */
static void reload_same(struct world *w)
{
    const struct engine_effect *effects;
    uint64_t wake;
    size_t n;

    if (w->sim.wake <= w->sim.now.awake)
        sim_feed(&w->sim, &(struct engine_event){ .kind = EVENT_TIME });
    wake = w->sim.wake;
    sim_reload(&w->sim, model_of(w));
    effects = engine_effects(w->sim.engine, &n);
    for (size_t i = 0; i < n; i++)
        if (effects[i].kind != EFFECT_PUBLISH && effects[i].kind != EFFECT_WAKE_AT)
            sim_break(&w->sim, "a reload of the same has an effect of kind %d", (int)effects[i].kind);
    if (w->sim.wake < wake)
        sim_break(&w->sim, "a reload of the same changes the time to wake");
    for (size_t i = 0; i < engine_model(w->sim.engine)->n_checks; i++)
        if (!same_check(engine_check(w->sim.engine, i), &w->sim.view->checks[i]))
            sim_break(&w->sim, "a reload of the same changes %s", engine_model(w->sim.engine)->checks[i].full_name);
    for (size_t i = 0; i < engine_model(w->sim.engine)->n_services; i++)
        if (memcmp(engine_service(w->sim.engine, i), &w->sim.view->services[i], sizeof(struct engine_service)) != 0)
            sim_break(&w->sim, "a reload of the same changes %s", engine_model(w->sim.engine)->services[i].name);
}

static void ask_why(struct world *w)
{
    struct buffer out = buffer_make(2048);
    size_t service = any_service(w);

    engine_why(w->sim.engine, &w->sim.now, service, &out);
    if (out.failed || out.len < 10 || strchr(buffer_string(&out), '%'))
        sim_break(&w->sim, "no good sentence for %s: %s", engine_model(w->sim.engine)->services[service].name, buffer_string(&out));
    buffer_free(&out);
}

/* ---- what people do ---- */

static const char *any_subject(struct world *w)
{
    return dice_chance(&w->dice, 10) ? NULL : engine_model(w->sim.engine)->services[any_service(w)].name;
}

static void say(struct world *w)
{
    static const enum engine_command_kind kinds[] = {
        COMMAND_SILENCE, COMMAND_SILENCE, COMMAND_SILENCE, COMMAND_SILENCE, COMMAND_UNSILENCE, COMMAND_PAUSE, COMMAND_RESUME, COMMAND_ACK, COMMAND_ACK, COMMAND_UNACK,
    };
    struct engine_command command = {
        .kind = kinds[dice_below(&w->dice, 10)],
        .service = any_subject(w),
        .note = "for a test",
        .incident = dice_below(&w->dice, w->sim.last_incident + 2),
        .duration = dice_chance(&w->dice, 15) ? 0 : dice_below(&w->dice, w->spec.scale * 60),
        .until_ok = dice_chance(&w->dice, 40),
    };

    if (dice_chance(&w->dice, 50) && w->sim.last_incident > 0)
        command.incident = w->sim.last_incident;
    sim_command(&w->sim, &command);
}

/* One that is open is closed more often than one that is not. */
static void turn_window(struct world *w)
{
    static const char *const names[] = { "backup", "patch day", "move" };
    const char *name = names[dice_below(&w->dice, 3)], *subject = any_subject(w);
    bool open = dice_chance(&w->dice, 50);
    size_t n;
    const struct engine_silence *all = engine_silences(w->sim.engine, &n);
    struct engine_silence found;

    if (!open && n > 0 && dice_chance(&w->dice, 80)) {
        found = all[dice_below(&w->dice, n)];
        sim_window(&w->sim, false, found.window, found.service);
    } else {
        sim_window(&w->sim, open, name, subject);
    }
}

/* ---- what happens to Talon itself ---- */

static void turn_self(struct world *w)
{
    struct engine_event self = { .kind = EVENT_SELF, .of.self = { (enum engine_self)dice_below(&w->dice, SELF_TROUBLES), dice_chance(&w->dice, 50), "for a test" } };
    struct engine_event store = { .kind = dice_chance(&w->dice, 50) ? EVENT_STORE_DOWN : EVENT_STORE_UP };
    struct engine_event observed = { .kind = EVENT_OBSERVED, .of.observed = { 0, dice_chance(&w->dice, 40) ? SICKNESS_ALL : SICKNESS_NONE, "its loop is late" } };
    uint64_t dice = dice_below(&w->dice, 3);

    sim_feed(&w->sim, dice == 0 ? &self : dice == 1 ? &store : &observed);
}

static void step_clock(struct world *w)
{
    static const int64_t steps[] = { -86400, -3600, -1, 1, 3600, 365 * 86400 };

    w->sim.now.wall += steps[dice_below(&w->dice, 6)] * (int64_t)NS_PER_S;
}

/* What is due anyway goes first. */
static void restart(struct world *w)
{
    if (w->sim.wake <= w->sim.now.awake)
        sim_feed(&w->sim, &(struct engine_event){ .kind = EVENT_TIME });
    sim_restart(&w->sim, dice_chance(&w->dice, 60) ? 0 : dice_below(&w->dice, w->spec.scale * 20), dice_chance(&w->dice, 30));
}

static void happen_to_talon(struct world *w)
{
    uint64_t dice = dice_below(&w->dice, 100);

    if (dice < 40)
        say(w);
    else if (dice < 55)
        turn_window(w);
    else if (dice < 70)
        turn_self(w);
    else if (dice < 80)
        step_clock(w);
    else
        restart(w);
}

static void happen(struct world *w)
{
    uint64_t dice = dice_below(&w->dice, 115);

    if (dice < 35)
        turn_truth(w);
    else if (dice < 55)
        see_service(w, any_service(w));
    else if (dice < 58)
        turn_all(w);
    else if (dice < 68)
        sim_nudge(&w->sim, any_check(w));
    else if (dice < 72)
        w->sim.checks[any_check(w)].lose = (unsigned)dice_between(&w->dice, 1, 6);
    else if (dice < 74)
        kill_host(w);
    else if (dice < 80)
        answer_early(w);
    else if (dice < 85)
        send_nonsense(w);
    else if (dice < 89)
        reload(w);
    else if (dice < 91)
        reload_same(w);
    else if (dice < 93)
        sim_gap(&w->sim, SECONDS(6) + dice_below(&w->dice, SECONDS(dice_chance(&w->dice, 20) ? 8 * 3600 : 600)), dice_chance(&w->dice, 50));
    else if (dice < 97)
        ask_why(w);
    else if (dice < 100)
        want(w);
    else
        happen_to_talon(w);
}

/* Each step throws its own dice: what one leaves out is left out alone. */
static void take_step(struct world *w, const struct history *history, uint64_t step)
{
    if (history->left_out && history->left_out[step])
        return;
    w->dice.state = (history->seed * 0x9e3779b97f4a7c15u) ^ (step * 0xd1342543de82ef95u);
    if (dice_chance(&w->dice, 85))
        sim_step(&w->sim, w->spec.scale * dice_between(&w->dice, 1, 4));
    else
        happen(w);
}

void history_run(struct history *history)
{
    struct world *w = calloc(1, sizeof *w);
    uint64_t step;

    if (!w)
        abort();
    w->dice.state = history->seed * 0x9e3779b97f4a7c15u;
    spec_begin(&w->spec, &w->dice);
    w->model = history->model;
    if (w->model)
        w->spec.scale = SECONDS(30);
    sim_begin(&w->sim, dice_next(&w->dice), model_of(w));
    w->sim.verbose = history->verbose;
    for (step = 0; step < history->steps && !w->sim.broken[0]; step++)
        take_step(w, history, step);
    history->steps = step;
    history->judged = w->sim.events;
    history->hash = w->sim.hash;
    history->seconds = w->sim.passed / NS_PER_S;
    snprintf(history->broken, sizeof history->broken, "%s", w->sim.broken);
    sim_end(&w->sim);
    free(w);
}
