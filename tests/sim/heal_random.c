/* See heal_random.h. Services keep their numbers through reloads; what changes is what is configured about them. */
#include "heal_random.h"

#include "dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEVER UINT64_MAX

enum { SERVICES = 6, CHECKS = 2, ENTRIES = 3, BOOKS = 4, STEPS = 5 };
enum truth { UP, DOWN, FLAKY, HIDDEN, COMING, STOPPED };

struct entry {
    size_t book;
    enum model_impact impact;
    uint64_t fingerprint, seed; /* of all that it does */
    bool conditional;
};

struct service {
    bool critical, enabled, heal_stopped;
    size_t n_checks, n_entries, n_needs, needs[2];
    bool either; /* one of its needs suffices */
    struct entry entries[ENTRIES];
};

struct history {
    struct dice dice;
    struct world w;
    struct judge judge;
    uint64_t scale;
    size_t n;
    struct service services[SERVICES];
    unsigned at_most, concurrent, agents;
    bool sos;
    enum truth truth[SERVICES];
    uint64_t steps;
};

static struct history *of(struct world *w)
{
    return (struct history *)(void *)((char *)w - offsetof(struct history, w));
}

/* ---- a configuration */

static void throw_entry(struct history *h, struct entry *e)
{
    static const enum model_impact impacts[] = { MODEL_OBSERVE, MODEL_RESTART, MODEL_RESTART, MODEL_RESTART, MODEL_DISRUPT, MODEL_DISRUPT };

    *e = (struct entry){
        .book = dice_below(&h->dice, BOOKS), .fingerprint = dice_next(&h->dice) | 1, .seed = dice_next(&h->dice), .conditional = dice_chance(&h->dice, 30)
    };
    e->impact = impacts[dice_below(&h->dice, 6)];
}

static void throw_service(struct history *h, size_t at)
{
    struct service *s = &h->services[at];

    *s = (struct service){ .critical = dice_chance(&h->dice, 60),
                           .enabled = true,
                           .heal_stopped = dice_chance(&h->dice, 15),
                           .n_checks = dice_between(&h->dice, 1, CHECKS),
                           .n_entries = dice_below(&h->dice, ENTRIES + 1),
                           .either = dice_chance(&h->dice, 30) };
    for (size_t i = 0; i < 2 && at > 0; i++)
        if (dice_chance(&h->dice, 40))
            s->needs[s->n_needs++] = dice_below(&h->dice, at);
    for (size_t i = 0; i < s->n_entries; i++)
        throw_entry(h, &s->entries[i]);
}

/* ---- the model of it */

static uint64_t some(struct dice *dice, uint64_t scale, uint64_t most)
{
    return scale * dice_below(dice, most + 1) / 2;
}

static void make_limits(struct history *h, struct build *b, struct dice *dice, struct model_limits *l)
{
    static const char *const locks[3][3] = { { NULL }, { "a", NULL }, { "a", "b", NULL } };

    l->attempts = (unsigned)dice_between(dice, 1, 3);
    l->cooldown = some(dice, h->scale, 40);
    l->at_most = (unsigned)dice_between(dice, 1, 4);
    l->at_most_window = some(dice, h->scale, 400);
    l->hold_after_failure = some(dice, h->scale, 80);
    l->confirm_ticks = (unsigned)dice_below(dice, 4);
    l->confirm_within = dice_chance(dice, 30) ? h->scale * 20 : 0;
    l->confirm_tries = l->confirm_ticks > 0 && dice_chance(dice, 50) ? (unsigned)dice_between(dice, 1, 4) : 0;
    l->confirm_every = h->scale / 4;
    l->n_locks = dice_below(dice, 3);
    l->locks = locks[l->n_locks];
    if (dice_chance(dice, 15)) {
        struct model_when *node = build_alloc(b, sizeof *node);

        *node = (struct model_when){ .kind = MODEL_WHEN_METRIC, .check = 0, .metric = "uptime", .comparison = MODEL_LESS, .value = 60 };
        l->warmup = (struct model_condition){ .text = "it is young", .n = 1, .nodes = node };
    }
}

static void make_step(struct history *h, struct build *b, struct dice *dice, struct model_step *step, size_t check, bool deep)
{
    static const enum model_step_kind kinds[] = { MODEL_STEP_DO,     MODEL_STEP_DO,    MODEL_STEP_DO,   MODEL_STEP_COLLECT,
                                                  MODEL_STEP_VERIFY, MODEL_STEP_UNTIL, MODEL_STEP_WAIT, MODEL_STEP_IF };

    *step = (struct model_step){ .kind = kinds[dice_below(dice, deep ? 7 : 8)], .goes_on = dice_chance(dice, 40), .action = world_action("act", h->scale * 2) };
    step->wait = some(dice, h->scale, 4) + 1;
    step->goes_on |= step->kind == MODEL_STEP_COLLECT;
    if (step->kind == MODEL_STEP_VERIFY || step->kind == MODEL_STEP_UNTIL)
        step->passes = world_passes(b, check, 1, (unsigned)dice_between(dice, 1, 2), h->scale / 2, h->scale * 8);
    if (step->kind == MODEL_STEP_UNTIL && dice_chance(dice, 40)) {
        struct model_meanwhile *m = build_alloc(b, sizeof *m);

        *m = (struct model_meanwhile){ .action = world_action("meanwhile", h->scale), .every = h->scale };
        step->meanwhile = m;
        step->n_meanwhile = 1;
    }
    if (step->kind == MODEL_STEP_IF) {
        struct model_step *then = build_alloc(b, sizeof *then), *otherwise = build_alloc(b, sizeof *otherwise);

        step->condition = world_verdict(b, check, VERDICT_FAILED);
        make_step(h, b, dice, then, check, true);
        make_step(h, b, dice, otherwise, check, true);
        step->then = then;
        step->n_then = dice_below(dice, 2);
        step->otherwise = otherwise;
        step->n_otherwise = dice_below(dice, 2);
    }
}

static void make_entry(struct history *h, struct build *b, struct model_service *s, const struct entry *e)
{
    static const char *const names[BOOKS] = { "b0", "b1", "b2", "b3" };
    struct dice dice = { e->seed };
    struct model_runbook *book = world_runbook(b, names[e->book], e->impact);
    size_t n = dice_between(&dice, 1, STEPS);
    struct model_step *steps = world_steps(b, book, n);
    struct model_heal *heal;

    make_limits(h, b, &dice, &book->limits);
    for (size_t i = 0; i < n; i++)
        make_step(h, b, &dice, &steps[i], s->first_check, false);
    book->verify = world_passes(b, s->first_check, s->n_checks, (unsigned)dice_between(&dice, 1, 4), h->scale / 2, h->scale * 10);
    book->deadline = h->scale * dice_between(&dice, 10, 60);
    heal = world_entry(b, s, book);
    heal->fingerprint = e->fingerprint;
    if (e->conditional)
        heal->when = world_verdict(b, s->first_check, VERDICT_FAILED);
}

static void make_service(struct history *h, struct build *b, size_t at)
{
    const struct service *s = &h->services[at];
    struct dice dice = { at + 77 };
    char name[32];
    struct model_service *made;

    snprintf(name, sizeof name, "s%zu", at);
    made = build_service(b, name);
    made->critical = s->critical;
    made->enabled = s->enabled;
    made->heal_stopped = s->heal_stopped;
    made->needs_wait = h->scale * 3;
    made->recover_grace = h->scale * 2;
    made->start_timeout = h->scale * 10;
    for (size_t i = 0; i < s->n_checks; i++) {
        struct model_check *c;

        snprintf(name, sizeof name, "c%zu", i);
        c = build_check(b, name);
        c->every = h->scale * dice_between(&dice, 1, 3);
        c->timeout = h->scale / 2;
        c->confirm_every = c->every / 4;
        c->fail_after = (unsigned)dice_between(&dice, 1, 3);
        c->recover_after = (unsigned)dice_between(&dice, 1, 2);
    }
    for (size_t i = 0; i < s->n_entries; i++)
        make_entry(h, b, made, &s->entries[i]);
    if (s->either && s->n_needs == 2) {
        char names[64];

        snprintf(names, sizeof names, "s%zu s%zu", s->needs[0], s->needs[1]);
        build_need(b, names);
        return;
    }
    for (size_t i = 0; i < s->n_needs; i++) {
        snprintf(name, sizeof name, "s%zu", s->needs[i]);
        build_need(b, name);
    }
}

static const struct model *make(struct history *h)
{
    static const char *const command[] = { "agent", NULL };
    struct build *b = build_begin(h->n, h->n * CHECKS);
    struct model_settings *settings = build_settings(b);

    settings->reopen = h->scale * 30;
    settings->flap_escalate = h->scale * 20;
    settings->storm_cooldown = h->scale * 10;
    settings->remediation_at_most = h->at_most;
    settings->remediation_window = h->scale * 100;
    settings->remediation_concurrent = h->concurrent;
    settings->agents.n = h->agents;
    for (size_t i = 0; i < MODEL_AGENTS; i++)
        settings->agents.agents[i] = (struct model_agent){ .name = i == 0 ? "agent" : "fallback", .command = command, .timeout = h->scale * 5, .cooldown = h->scale * 20 };
    settings->sos = (struct model_sos){ h->sos, h->scale * 15, h->scale * 200 };
    for (size_t i = 0; i < h->n; i++)
        make_service(h, b, i);
    return build_end(b);
}

/* ---- the truth, and how it is seen */

static bool is_down(const struct history *h, size_t service)
{
    const struct service *s = &h->services[service];
    size_t down = 0;

    if (h->truth[service] == DOWN || h->truth[service] == STOPPED || h->truth[service] == COMING)
        return true;
    for (size_t i = 0; i < s->n_needs; i++)
        down += is_down(h, s->needs[i]);
    return s->n_needs > 0 && (s->either && s->n_needs == 2 ? down == 2 : down > 0);
}

static enum status status_of(struct history *h, size_t service)
{
    static const enum status flaky[] = { STATUS_OK, STATUS_FAIL, STATUS_UNKNOWN, STATUS_WARN, STATUS_STARTING, STATUS_FAIL, STATUS_STOPPED };

    switch (h->truth[service]) {
    case FLAKY:
        return flaky[dice_below(&h->dice, 7)];
    case HIDDEN:
        return STATUS_UNKNOWN;
    case COMING:
        return STATUS_STARTING;
    case STOPPED:
        return STATUS_STOPPED;
    case UP:
    case DOWN:
        break;
    }
    if (is_down(h, service))
        return dice_chance(&h->dice, 97) ? STATUS_FAIL : dice_chance(&h->dice, 50) ? STATUS_UNKNOWN : STATUS_OK;
    return dice_chance(&h->dice, 97) ? STATUS_OK : dice_chance(&h->dice, 50) ? STATUS_WARN : STATUS_FAIL;
}

/* One does not show everything at once. */
static void see(struct history *h)
{
    const struct model *model = engine_model(h->w.engine);

    for (size_t i = 0; i < model->n_checks; i++) {
        struct world_check *c = &h->w.checks[i];

        if (!dice_chance(&h->dice, 60))
            continue;
        c->status = status_of(h, model->checks[i].service);
        c->takes = dice_below(&h->dice, dice_chance(&h->dice, 95) ? h->scale / 20 + 1 : h->scale);
        c->metric = dice_chance(&h->dice, 90) ? WORLD_OLD : WORLD_YOUNG;
    }
}

static enum world_way choose(struct world *w, size_t service, const char *action, uint64_t *takes)
{
    static const enum world_way ways[] = { WAY_WORKS, WAY_WORKS, WAY_WORKS, WAY_WORKS,   WAY_WORKS, WAY_WORKS,
                                           WAY_FAILS, WAY_LIES,  WAY_LIES,  WAY_REFUSES, WAY_HANGS, WAY_DIES };

    (void)service;
    (void)action;
    *takes = dice_below(&of(w)->dice, of(w)->scale);
    return ways[dice_below(&of(w)->dice, 12)];
}

static void worked(struct world *w, size_t service, const char *action)
{
    (void)action;
    if (service < SERVICES)
        of(w)->truth[service] = dice_chance(&of(w)->dice, 85) ? UP : FLAKY;
    see(of(w));
}

/* ---- what happens */

static size_t any(struct history *h)
{
    return dice_below(&h->dice, h->n);
}

static void turn(struct history *h)
{
    static const enum truth turns[] = { UP, UP, UP, DOWN, DOWN, DOWN, DOWN, DOWN, FLAKY, HIDDEN, COMING, STOPPED };

    h->truth[any(h)] = turns[dice_below(&h->dice, 12)];
    see(h);
}

static void turn_all(struct history *h)
{
    const bool up = dice_chance(&h->dice, 60);

    for (size_t i = 0; i < h->n; i++)
        if (dice_chance(&h->dice, 70))
            h->truth[i] = up ? UP : DOWN;
    see(h);
}

static void reload(struct history *h)
{
    struct service *s = &h->services[any(h)];

    switch (dice_below(&h->dice, 6)) {
    case 0:
        s->enabled = !s->enabled;
        break;
    case 1:
        s->n_entries = dice_below(&h->dice, ENTRIES + 1);
        for (size_t i = 0; i < s->n_entries; i++)
            if (s->entries[i].fingerprint == 0)
                throw_entry(h, &s->entries[i]);
        break;
    case 2:
        throw_entry(h, &s->entries[dice_below(&h->dice, ENTRIES)]);
        break;
    case 3:
        h->concurrent = (unsigned)dice_between(&h->dice, 1, 3);
        break;
    case 4:
        s->critical = !s->critical;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < s->n_entries; i++)
        if (s->entries[i].fingerprint == 0)
            throw_entry(h, &s->entries[i]);
    {
        const struct model *model = make(h);

        judge_model(&h->judge, model);
        world_reload(&h->w, model);
    }
    see(h);
}

static void restart(struct history *h)
{
    const bool booted = dice_chance(&h->dice, 25);
    uint64_t away = dice_chance(&h->dice, 70) ? dice_below(&h->dice, h->scale) : dice_below(&h->dice, h->scale * 100);

    judge_restarts(&h->judge, &h->w);
    if (h->judge.verbose)
        printf("a restart, %s\n", booted ? "of the machine" : "of the process");
    world_restart(&h->w, booted ? away + SECONDS(31) : away, booted);
}

static void say(struct history *h)
{
    const struct engine_command all[] = {
        { .kind = COMMAND_SILENCE, .duration = h->scale * 10 }, { .kind = COMMAND_UNSILENCE },
        { .kind = COMMAND_PAUSE, .duration = h->scale * 10 },   { .kind = COMMAND_RESUME },
        { .kind = COMMAND_ACK, .duration = h->scale * 20 },     { .kind = COMMAND_UNACK },
    };
    struct engine_command command = all[dice_below(&h->dice, 6)];
    char name[32];
    size_t service = any(h);

    snprintf(name, sizeof name, "s%zu", service);
    command.service = name;
    command.incident = engine_service(h->w.engine, service)->incident;
    world_feed(&h->w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = command });
}

static void by_hand(struct history *h)
{
    char name[32];

    snprintf(name, sizeof name, "s%zu", any(h));
    world_command(&h->w, dice_chance(&h->dice, 85) ? HEAL_ASK_START : HEAL_ASK_REARM, name, NULL, dice_chance(&h->dice, 40) ? "it must be" : NULL);
}

static void turn_store(struct history *h)
{
    const enum heal_store to = h->judge.store == STORE_UP ? STORE_LOST : STORE_UP;
    const bool aside = to == STORE_UP && dice_chance(&h->dice, 20);

    judge_store(&h->judge, to);
    world_store(&h->w, to, aside);
}

static void turn_observer(struct history *h)
{
    h->w.sickness = h->w.sickness == SICKNESS_NONE ? SICKNESS_ALL : SICKNESS_NONE;
    world_feed(&h->w, &(struct engine_event){ .kind = EVENT_OBSERVED, .of.observed = { 0, h->w.sickness, "it is so" } });
}

static void turn_switch(struct history *h)
{
    h->w.switched_off = h->judge.switched_off = dice_chance(&h->dice, 20);
    h->w.safe_mode = h->judge.safe_mode = dice_chance(&h->dice, 10);
    world_heal(&h->w, &(struct heal_event){ .kind = HEAL_ONLY_LOOK, .of.only_look = { h->judge.switched_off, h->judge.safe_mode } });
}

static void deliver(struct history *h)
{
    for (uint64_t i = 1; i < JUDGE_INCIDENTS; i++) {
        if (!judge_may_deliver(&h->judge, i) || !dice_chance(&h->dice, 50))
            continue;
        judge_delivered(&h->judge, &h->w, i);
        world_heal(&h->w, &(struct heal_event){ .kind = HEAL_DELIVERED, .of.delivered = { i, false } });
    }
}

static void gap(struct history *h)
{
    world_gap(&h->w, dice_below(&h->dice, h->scale * 60), dice_chance(&h->dice, 30));
}

static void jump(struct history *h)
{
    const int64_t by = (int64_t)dice_below(&h->dice, h->scale * 200) - (int64_t)(h->scale * 100);

    h->w.now.wall += by;
}

static void send_nonsense(struct history *h)
{
    const struct heal_event events[] = {
        { .kind = HEAL_TAKEN, .of.taken = { dice_next(&h->dice), true } },
        { .kind = HEAL_NOT_TAKEN, .of.not_taken = { dice_next(&h->dice), "a", "" } },
        { .kind = HEAL_ENDED, .of.ended = { dice_next(&h->dice), NULL, true } },
        { .kind = HEAL_RESTORE },
        { .kind = HEAL_DELIVERED, .of.delivered = { dice_next(&h->dice), false } },
    };

    if (world_heal(&h->w, &events[dice_below(&h->dice, 5)]))
        world_break(&h->w, "an event that makes no sense was taken");
}

static void happen(struct history *h)
{
    static void (*const rare[])(struct history *) = { restart, restart,    reload,        reload,      reload, say,  say,           say,     by_hand,
                                                      by_hand, turn_store, turn_observer, turn_switch, gap,    jump, send_nonsense, turn_all };
    const uint64_t dice = dice_below(&h->dice, 1000);

    if (dice < 12)
        rare[dice_below(&h->dice, sizeof rare / sizeof *rare)](h);
    else if (dice < 20)
        turn(h);
    else if (dice < 30)
        h->w.locked = dice_chance(&h->dice, 20);
    else if (dice < 40)
        deliver(h);
    else if (dice < 300)
        see(h);
    if (!h->w.broken[0])
        world_step(&h->w, h->scale * 10);
}

bool random_history(uint64_t seed, uint64_t steps, bool verbose, struct random_counts *counts, char broken[WORLD_TEXT])
{
    static const uint64_t scales[] = { SECONDS(1), SECONDS(10), SECONDS(60) };
    struct history *h = calloc(1, sizeof *h);
    uint64_t from;

    if (!h)
        abort();
    h->dice.state = seed;
    h->scale = scales[dice_below(&h->dice, 3)];
    h->n = dice_between(&h->dice, 1, SERVICES);
    h->at_most = (unsigned)dice_between(&h->dice, 1, 8);
    h->concurrent = (unsigned)dice_between(&h->dice, 1, 3);
    h->agents = (unsigned)dice_below(&h->dice, MODEL_AGENTS + 1);
    h->sos = dice_chance(&h->dice, 80);
    for (size_t i = 0; i < h->n; i++)
        throw_service(h, i);
    world_begin(&h->w, seed, make(h));
    h->w.choose = choose;
    h->w.worked = worked;
    h->w.take_takes = h->scale / 50;
    judge_begin(&h->judge, &h->w);
    h->judge.verbose = verbose;
    from = h->w.real;
    while (h->steps < steps && !h->w.broken[0]) {
        happen(h);
        h->steps++;
    }
    counts->events += h->w.events;
    counts->starts += h->judge.starts;
    counts->fixed += h->judge.fixed;
    counts->sos += h->judge.sos;
    counts->clears += h->judge.clears;
    counts->refusals += h->judge.refusals;
    counts->ns += h->w.real - from;
    snprintf(broken, WORLD_TEXT, "%s", h->w.broken);
    judge_end(&h->judge);
    world_end(&h->w);
    free(h);
    return broken[0] == '\0';
}
