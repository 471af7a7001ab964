/* See heal_random.h. Services keep their numbers through reloads; what changes is what is configured about them. */
#include "heal_random.h"
#include "heal_random_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum truth { UP, DOWN, FLAKY, HIDDEN, COMING, STOPPED };
/* What the witness of a service says. */
enum other { IDLE, HEALING, HARD, DARK };

struct history {
    struct dice dice;
    struct world w;
    struct judge judge;
    struct random_config config;
    enum truth truth[RANDOM_SERVICES];
    enum other others[RANDOM_SERVICES];
    uint64_t seed;
    bool young;   /* all that tells its uptime is */
    bool held[2]; /* the locks "a" and "b", by somebody else */
};

static struct history *of(struct world *w)
{
    return (struct history *)(void *)((char *)w - offsetof(struct history, w));
}

/* ---- the truth, and how it is seen */

static bool is_down(const struct history *h, size_t service)
{
    const struct random_service *s = &h->config.services[service];
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
    static const enum status said[] = { STATUS_OK, STATUS_FAIL, STATUS_WARN, STATUS_UNKNOWN };
    const struct model *model = engine_model(h->w.engine);

    for (size_t i = 0; i < model->n_checks; i++) {
        struct world_check *c = &h->w.checks[i];

        if (!dice_chance(&h->dice, 60))
            continue;
        c->status = model->checks[i].witness ? said[h->others[model->checks[i].service]] : status_of(h, model->checks[i].service);
        c->takes = dice_below(&h->dice, dice_chance(&h->dice, 95) ? h->config.scale / 20 + 1 : h->config.scale);
        c->metric = dice_chance(&h->dice, 90) != h->young ? WORLD_OLD : WORLD_YOUNG;
    }
}

static enum world_way choose(struct world *w, size_t service, const char *action, uint64_t *takes)
{
    static const enum world_way ways[] = { WAY_WORKS, WAY_WORKS, WAY_WORKS, WAY_WORKS,   WAY_WORKS, WAY_WORKS,
                                           WAY_FAILS, WAY_LIES,  WAY_LIES,  WAY_REFUSES, WAY_HANGS, WAY_DIES };

    (void)service;
    (void)action;
    *takes = dice_below(&of(w)->dice, of(w)->config.scale);
    return ways[dice_below(&of(w)->dice, 12)];
}

static void worked(struct world *w, size_t service, const char *action)
{
    (void)action;
    if (service < RANDOM_SERVICES)
        of(w)->truth[service] = dice_chance(&of(w)->dice, 85) ? UP : FLAKY;
    see(of(w));
}

/* ---- what happens */

static size_t any(struct history *h)
{
    return dice_below(&h->dice, h->config.n);
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

    for (size_t i = 0; i < h->config.n; i++)
        if (dice_chance(&h->dice, 70))
            h->truth[i] = up ? UP : DOWN;
    see(h);
}

static void reload(struct history *h)
{
    struct random_service *s = &h->config.services[any(h)];

    switch (dice_below(&h->dice, 6)) {
    case 0:
        s->enabled = !s->enabled;
        break;
    case 1:
        s->n_entries = dice_below(&h->dice, RANDOM_ENTRIES + 1);
        for (size_t i = 0; i < s->n_entries; i++)
            if (s->entries[i].fingerprint == 0)
                random_entry(&h->dice, &s->entries[i]);
        break;
    case 2:
        random_entry(&h->dice, &s->entries[dice_below(&h->dice, RANDOM_ENTRIES)]);
        break;
    case 3:
        h->config.concurrent = (unsigned)dice_between(&h->dice, 1, 3);
        break;
    case 4:
        s->critical = !s->critical;
        break;
    default:
        break;
    }
    for (size_t i = 0; i < s->n_entries; i++)
        if (s->entries[i].fingerprint == 0)
            random_entry(&h->dice, &s->entries[i]);
    {
        const struct model *model = random_model(&h->config);

        judge_model(&h->judge, model);
        world_reload(&h->w, model);
    }
    see(h);
}

static void restart(struct history *h)
{
    const bool booted = dice_chance(&h->dice, 25);
    uint64_t away = dice_chance(&h->dice, 70) ? dice_below(&h->dice, h->config.scale) : dice_below(&h->dice, h->config.scale * 100);

    judge_restarts(&h->judge, &h->w);
    if (h->judge.verbose)
        printf("a restart, %s\n", booted ? "of the machine" : "of the process");
    world_restart(&h->w, booted ? away + SECONDS(31) : away, booted);
}

static void say(struct history *h)
{
    const struct engine_command all[] = {
        { .kind = COMMAND_SILENCE, .duration = h->config.scale * 10 }, { .kind = COMMAND_UNSILENCE },
        { .kind = COMMAND_PAUSE, .duration = h->config.scale * 10 },   { .kind = COMMAND_RESUME },
        { .kind = COMMAND_ACK, .duration = h->config.scale * 20 },     { .kind = COMMAND_UNACK },
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
        const bool late = judge_is_late(&h->judge, i); /* another channel had it before, and it may be over */

        if ((!judge_may_deliver(&h->judge, i) && !late) || !dice_chance(&h->dice, late ? 10 : 50))
            continue;
        if (!late)
            judge_delivered(&h->judge, &h->w, i);
        world_heal(&h->w, &(struct heal_event){ .kind = HEAL_DELIVERED, .of.delivered = { i, false } });
    }
}

static void gap(struct history *h)
{
    world_gap(&h->w, dice_below(&h->dice, h->config.scale * 60), dice_chance(&h->dice, 30));
}

static void jump(struct history *h)
{
    const int64_t by = (int64_t)dice_below(&h->dice, h->config.scale * 200) - (int64_t)(h->config.scale * 100);

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

/* Other healers begin and end, say nothing of themselves, take locks; what makes a repair hopeless comes and goes. */
static void turn_others(struct history *h)
{
    static const enum other others[] = { IDLE, IDLE, IDLE, IDLE, HEALING, HEALING, HARD, DARK };

    h->others[any(h)] = others[dice_below(&h->dice, 8)];
    h->young = dice_chance(&h->dice, 30);
    h->held[0] = dice_chance(&h->dice, 10);
    h->held[1] = dice_chance(&h->dice, 10);
    see(h);
}

static bool is_locked(struct world *w, const struct model_runbook *book)
{
    for (size_t i = 0; i < book->limits.n_locks; i++)
        if (of(w)->held[book->limits.locks[i][0] == 'b'])
            return true;
    return false;
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
    else if (dice < 320 && !h->config.old)
        turn_others(h);
    if (!h->w.broken[0])
        world_step(&h->w, h->config.scale * 10);
}

/* ---- all of it */

static void throw_config(struct history *h)
{
    static const uint64_t scales[] = { SECONDS(1), SECONDS(10), SECONDS(60) };
    struct random_config *c = &h->config;

    c->scale = scales[dice_below(&h->dice, 3)];
    c->n = dice_between(&h->dice, 1, RANDOM_SERVICES);
    c->at_most = (unsigned)dice_between(&h->dice, 1, 8);
    c->concurrent = (unsigned)dice_between(&h->dice, 1, 3);
    c->agents = (unsigned)dice_below(&h->dice, MODEL_AGENTS + 1);
    c->sos = dice_chance(&h->dice, 80);
    c->repeat = c->old || h->seed % 2 ? 200 : 30;
    for (size_t i = 0; i < c->n; i++)
        random_service(&h->dice, c->services, i);
}

/* Each step throws its own dice: what one leaves out is left out alone. Old ones threw all of one hand. */
static void take_step(struct history *h, const struct random_history *history, uint64_t step)
{
    if (history->left_out && history->left_out[step])
        return;
    if (!h->config.old)
        h->dice.state = (history->seed * 0x9e3779b97f4a7c15u) ^ (step * 0xd1342543de82ef95u);
    happen(h);
}

static void count(struct random_counts *counts, const struct history *h, uint64_t from)
{
    counts->events += h->w.events;
    counts->starts += h->judge.starts;
    counts->fixed += h->judge.fixed;
    counts->sos += h->judge.sos;
    counts->clears += h->judge.clears;
    counts->refusals += h->judge.refusals;
    counts->ns += h->w.real - from;
}

bool random_history(struct random_history *history)
{
    struct history *h = calloc(1, sizeof *h);
    uint64_t from, step = 0;

    if (!h)
        abort();
    h->dice.state = h->seed = history->seed;
    h->config.old = history->old;
    h->config.wide = !history->old && h->seed % 12 == 7;
    throw_config(h);
    world_begin(&h->w, history->seed, random_model(&h->config));
    h->w.choose = choose;
    h->w.worked = worked;
    h->w.is_locked = is_locked;
    h->w.take_takes = h->config.scale / 50;
    judge_begin(&h->judge, &h->w);
    h->judge.verbose = history->verbose;
    from = h->w.real;
    while (step < history->steps && !h->w.broken[0])
        take_step(h, history, step++);
    history->steps = step;
    count(&history->counts, h, from);
    snprintf(history->broken, sizeof history->broken, "%s", h->w.broken);
    judge_end(&h->judge);
    world_end(&h->w);
    free(h);
    return history->broken[0] == '\0';
}
