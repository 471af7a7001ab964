/* What the tests of repair share: a service with one check and a runbook of two steps, to be changed as one likes, and what was told of it. */
#ifndef HEAL_MACHINE_SUPPORT_H
#define HEAL_MACHINE_SUPPORT_H

#include "sim/heal_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

/* ---- what was told */

struct seen {
    unsigned begun, acts, over[6], notices[NOTICES], entries[ENTRY_KINDS];
    char refused[32][ENGINE_NAME];
    size_t n_refused;
    uint64_t begun_at, over_at, sos_at;
    char last_step[32], sos[ENGINE_TEXT];
};

static inline void note(struct world *w, const struct heal_effect *e)
{
    struct seen *seen = w->user;

    if (e->kind == HEAL_ACT)
        seen->acts++, snprintf(seen->last_step, sizeof seen->last_step, "%s", e->of.act.step);
    if (e->kind == HEAL_OVER)
        seen->over[e->of.over.outcome]++, seen->over_at = w->now.awake;
    if (e->kind == HEAL_NOTIFY)
        seen->notices[e->of.notify.notice]++;
    if (e->kind == HEAL_NOTIFY && e->of.notify.notice == NOTICE_SOS)
        seen->sos_at = w->now.awake, snprintf(seen->sos, sizeof seen->sos, "%s", e->of.notify.text);
    if (e->kind == HEAL_TELL && e->of.tell.healing.entry != ENTRY_KINDS)
        seen->entries[e->of.tell.healing.entry]++;
    if (e->kind == HEAL_TELL && e->of.tell.healing.entry == ENTRY_HEAL_BEGUN)
        seen->begun++, seen->begun_at = w->now.awake;
    if (e->kind == HEAL_TELL && e->of.tell.healing.entry == ENTRY_REFUSED && seen->n_refused < 32)
        snprintf(seen->refused[seen->n_refused++], ENGINE_NAME, "%s", e->of.tell.who);
}

static inline bool was_refused(const struct seen *seen, const char *limit)
{
    for (size_t i = 0; i < seen->n_refused; i++)
        if (strcmp(seen->refused[i], limit) == 0)
            return true;
    return false;
}

/* ---- a model */

struct parts {
    struct build *b;
    struct model_service *service;
    struct model_check *check;
    struct model_runbook *book;
    struct model_step *steps;
};

static inline struct parts begin_model(size_t more)
{
    struct parts p = { .b = build_begin(1 + more, 4 + more) };

    build_settings(p.b)->remediation_at_most = 10;
    build_settings(p.b)->remediation_window = SECONDS(3600);
    build_settings(p.b)->remediation_concurrent = 1;
    build_settings(p.b)->storm_percent = 100;
    p.service = build_service(p.b, "web");
    p.service->critical = true;
    p.check = build_check(p.b, "ping");
    p.check->every = SECONDS(10);
    p.check->fail_after = 2;
    p.check->recover_after = 1;
    p.check->confirm_every = SECONDS(2);
    p.book = world_runbook(p.b, "restart", MODEL_RESTART);
    p.steps = world_steps(p.b, p.book, 2);
    p.steps[0] = (struct model_step){ .kind = MODEL_STEP_DO, .action = world_action("exec.run", SECONDS(30)) };
    p.steps[1] = (struct model_step){ .kind = MODEL_STEP_UNTIL, .passes = world_passes(p.b, 0, 1, 2, SECONDS(5), SECONDS(60)) };
    p.book->verify = world_passes(p.b, 0, 1, 3, SECONDS(10), SECONDS(90));
    world_entry(p.b, p.service, p.book);
    return p;
}

static inline void begin(struct world *w, struct seen *seen, struct parts *p)
{
    memset(seen, 0, sizeof *seen);
    world_begin(w, 1, build_end(p->b));
    w->user = seen;
    w->tell = note;
    world_pass(w, SECONDS(60));
}

static inline void end(struct world *w)
{
    assert_string_equal(w->broken, "");
    world_end(w);
}

static inline uint64_t incident(struct world *w)
{
    return engine_service(w->engine, 0)->incident;
}

/* Goes on until something was done. */
static inline void until_acts(struct world *w, struct seen *seen, unsigned n)
{
    uint64_t deadline = w->now.awake + SECONDS(86400);

    while (seen->acts < n) {
        world_step(w, SECONDS(60));
        assert_true(w->now.awake < deadline);
    }
}

#endif
