/* See heal_random_model.h. What an entry does is thrown by a seed of its own, so that it is the same after a reload. */
#include "heal_random_model.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 5 };

void random_entry(struct dice *dice, struct random_entry *e)
{
    static const enum model_impact impacts[] = { MODEL_OBSERVE, MODEL_RESTART, MODEL_RESTART, MODEL_RESTART, MODEL_DISRUPT, MODEL_DISRUPT };

    *e = (struct random_entry){
        .book = dice_below(dice, RANDOM_BOOKS), .fingerprint = dice_next(dice) | 1, .seed = dice_next(dice), .conditional = dice_chance(dice, 30)
    };
    e->impact = impacts[dice_below(dice, 6)];
}

void random_service(struct dice *dice, struct random_service *services, size_t at)
{
    struct random_service *s = &services[at];

    *s = (struct random_service){ .critical = dice_chance(dice, 60),
                           .enabled = true,
                           .heal_stopped = dice_chance(dice, 15),
                           .n_checks = dice_between(dice, 1, RANDOM_CHECKS),
                           .n_entries = dice_below(dice, RANDOM_ENTRIES + 1),
                           .either = dice_chance(dice, 30) };
    for (size_t i = 0; i < 2 && at > 0; i++)
        if (dice_chance(dice, 40))
            s->needs[s->n_needs++] = dice_below(dice, at);
    for (size_t i = 0; i < s->n_entries; i++)
        random_entry(dice, &s->entries[i]);
}

/* ---- the model of it */

static uint64_t some(struct dice *dice, uint64_t scale, uint64_t most)
{
    return scale * dice_below(dice, most + 1) / 2;
}

static struct model_condition is_young(struct build *b)
{
    struct model_when *node = build_alloc(b, sizeof *node);

    *node = (struct model_when){ .kind = MODEL_WHEN_METRIC, .check = 0, .metric = "uptime", .comparison = MODEL_LESS, .value = 60 };
    return (struct model_condition){ .text = "it is young", .n = 1, .nodes = node };
}

static void make_limits(const struct random_config *h, struct build *b, struct dice *dice, struct model_limits *l)
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
    if (dice_chance(dice, 15))
        l->warmup = is_young(b);
}

static void make_step(const struct random_config *h, struct build *b, struct dice *dice, struct model_step *step, size_t check, bool deep)
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

/* Thrown by dice of its own: what an entry did before it knew of this is the same. */
static void add_others(struct build *b, const struct random_entry *e, struct model_runbook *book, struct model_step *steps, size_t witness)
{
    struct dice dice = { e->seed ^ 0x5bd1e9955bd1e995u };

    if (dice_chance(&dice, 30))
        book->limits.owner = world_verdict(b, witness, VERDICT_FAILED);
    for (size_t i = 0; i < book->n_steps; i++) {
        const bool hard = dice_chance(&dice, 50), warms = dice_chance(&dice, 50);

        if (steps[i].kind == MODEL_STEP_UNTIL && hard)
            steps[i].hard = world_verdict(b, witness, VERDICT_WARN);
        if (steps[i].kind == MODEL_STEP_UNTIL && warms)
            steps[i].warmup = is_young(b);
    }
}

/* Of whatever service, before it or after it. The last one of each is its witness. */
static size_t any_check(const struct random_config *h, struct dice *dice)
{
    const size_t service = dice_below(dice, h->n);
    size_t first = 0;

    for (size_t i = 0; i < service; i++)
        first += h->services[i].n_checks + 1;
    return first + dice_below(dice, h->services[service].n_checks);
}

static void look_around(const struct random_config *h, struct build *b, const struct random_entry *e, struct model_runbook *book, struct model_step *steps)
{
    struct dice dice = { e->seed ^ 0x2545f4914f6cdd1du };
    struct model_window_of_passes *v = &book->verify;
    size_t *checks;

    for (size_t i = 0; i < book->n_steps; i++) {
        const size_t check = any_check(h, &dice);

        if ((steps[i].kind == MODEL_STEP_VERIFY || steps[i].kind == MODEL_STEP_UNTIL) && dice_chance(&dice, 50))
            steps[i].passes = world_passes(b, check, 1, steps[i].passes.passes, steps[i].passes.every, steps[i].passes.within);
    }
    if (dice_chance(&dice, 50))
        return;
    checks = build_alloc(b, (v->checks.n + 1) * sizeof *checks);
    memcpy(checks, v->checks.checks, v->checks.n * sizeof *checks);
    checks[v->checks.n] = any_check(h, &dice);
    for (size_t i = 0; i < v->checks.n; i++)
        if (checks[i] == checks[v->checks.n])
            return;
    v->checks = (struct model_checks){ v->checks.n + 1, checks };
}

static void make_entry(const struct random_config *h, struct build *b, struct model_service *s, size_t n_checks, const struct random_entry *e)
{
    static const char *const names[RANDOM_BOOKS] = { "b0", "b1", "b2", "b3" };
    struct dice dice = { e->seed };
    struct model_runbook *book = world_runbook(b, names[e->book], e->impact);
    size_t n = dice_between(&dice, 1, STEPS);
    struct model_step *steps = world_steps(b, book, n);
    struct model_heal *heal;

    make_limits(h, b, &dice, &book->limits);
    for (size_t i = 0; i < n; i++)
        make_step(h, b, &dice, &steps[i], s->first_check, false);
    book->verify = world_passes(b, s->first_check, n_checks, (unsigned)dice_between(&dice, 1, 4), h->scale / 2, h->scale * 10);
    book->deadline = h->scale * dice_between(&dice, 10, 60);
    heal = world_entry(b, s, book);
    heal->fingerprint = e->fingerprint;
    if (!h->old)
        add_others(b, e, book, steps, s->first_check + n_checks);
    if (h->wide)
        look_around(h, b, e, book, steps);
    if (e->conditional)
        heal->when = world_verdict(b, s->first_check, VERDICT_FAILED);
}

static void make_witness(const struct random_config *h, struct build *b)
{
    struct model_check *c = build_check(b, "other");

    c->witness = true;
    c->every = h->scale * 2;
    c->timeout = h->scale / 2;
    c->confirm_every = c->every / 4;
    c->fail_after = c->recover_after = 1;
    c->unknown_after = 1;
}

static void make_service(const struct random_config *h, struct build *b, size_t at)
{
    const struct random_service *s = &h->services[at];
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
    if (!h->old)
        make_witness(h, b);
    for (size_t i = 0; i < s->n_entries; i++)
        make_entry(h, b, made, s->n_checks, &s->entries[i]);
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

const struct model *random_model(const struct random_config *h)
{
    static const char *const command[] = { "agent", NULL };
    struct build *b = build_begin(h->n, h->n * (RANDOM_CHECKS + 1));
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
    settings->sos = (struct model_sos){ h->sos, h->scale * 15, h->scale * h->repeat };
    for (size_t i = 0; i < h->n; i++)
        make_service(h, b, i);
    return build_end(b);
}
