/* What the engine's unit tests share: a simulator that ends with the question whether all rules were kept, and small words for what happens. */
#ifndef ENGINE_SUPPORT_H
#define ENGINE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

/* Every test ends with it: whatever else it was about, no rule was broken on the way. */
static inline void end(struct sim *sim)
{
    assert_string_equal(sim->broken, "");
    sim_end(sim);
}

static inline size_t index_of(struct sim *sim, const char *full_name)
{
    return (size_t)(sim_check(sim, full_name) - sim->checks);
}

/* From now on the check answers so, after its usual time. */
static inline void set(struct sim *sim, const char *full_name, enum status status)
{
    sim_check(sim, full_name)->status = status;
}

/* Runs that begin from now on end when the test says so (answer, hear), or never. */
static inline void hang(struct sim *sim, const char *full_name)
{
    sim_check(sim, full_name)->takes = SIM_HANGS;
}

/* The run in progress ends with it. */
static inline void answer(struct sim *sim, const char *full_name, enum status status)
{
    sim_answer(sim, index_of(sim, full_name), status);
}

static inline bool is_running(struct sim *sim, const char *full_name)
{
    return sim_check(sim, full_name)->run != 0;
}

/* Waits until it runs, then answers. Its runs hang. */
static inline void hear(struct sim *sim, const char *full_name, enum status status)
{
    hang(sim, full_name);
    while (!is_running(sim, full_name) && sim_step(sim, SECONDS(86400)))
        ;
    answer(sim, full_name, status);
}

static inline void nudge(struct sim *sim, const char *full_name)
{
    sim_nudge(sim, index_of(sim, full_name));
}

static inline enum engine_verdict verdict_of(struct sim *sim, const char *full_name)
{
    return sim_shown_check(sim, full_name)->verdict;
}

/* Goes on until the service is so. */
static inline void wait_until(struct sim *sim, const char *service, enum engine_verdict verdict)
{
    uint64_t deadline = sim->now.awake + SECONDS(86400);

    while (sim_verdict(sim, service) != verdict) {
        sim_step(sim, SECONDS(60));
        assert_true(sim->now.awake < deadline);
    }
}

/* Effects of that kind in the last event. */
static inline size_t effects_of(struct sim *sim, enum engine_effect_kind kind)
{
    size_t n, found = 0;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        found += effects[i].kind == kind;
    return found;
}

static inline const char *name_of(struct sim *sim, size_t service)
{
    return service == MODEL_NONE ? "nobody" : engine_model(sim->engine)->services[service].name;
}

static inline const char *caused_by(struct sim *sim, const char *service)
{
    return name_of(sim, sim_shown(sim, service)->caused_by);
}

static inline const char *waiting_for(struct sim *sim, const char *service)
{
    return name_of(sim, sim_shown(sim, service)->waiting_for);
}

/* "certain", "uncertain": a root cause; "no". */
static inline const char *root(struct sim *sim, const char *service)
{
    const struct engine_service *shown = sim_shown(sim, service);

    return !shown->root ? "no" : shown->uncertain ? "uncertain" : "certain";
}

/* A service with one check that needs no confirmation: "NAME.port". needs NULL: none. */
static inline struct model_check *add_quick(struct build *b, const char *service, const char *needs)
{
    struct model_check *check;

    build_service(b, service);
    if (needs)
        build_need(b, needs);
    check = build_check(b, "port");
    check->fail_after = 1;
    check->recover_after = 1;
    return check;
}

/* Everything that answers is ok, and a second has passed. */
static inline void begin(struct sim *sim, const struct model *model)
{
    sim_begin(sim, 1, model);
    sim_pass(sim, SECONDS(1));
}

/* It breaks, and is seen at once. */
static inline void fail_now(struct sim *sim, const char *full_name)
{
    set(sim, full_name, STATUS_FAIL);
    nudge(sim, full_name);
    sim_pass(sim, MS(1));
}

#endif
