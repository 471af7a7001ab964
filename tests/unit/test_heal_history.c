/*
 * Random histories: starts, ends, crashes, reboots, sleep, clocks that jump. A judge keeps the true age of everything by plain addition and says what
 * may start; heal must say the same each time, so no limit is ever exceeded and none refuses longer than it must. The seed is fixed unless
 * HEAL_SEED says another one, and is printed with what went wrong.
 */
#include "heal_support.h"

#include "../sim/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOOKS = 3, LONG = 400, DECISIONS = 100000, DECISIONS_SOAK = 3000000, EACH = 400, ALL_AT_MOST = 6 };

/* What the judge knows of a start. An age counts sleep and the time that a reboot took, by the calendar that was seen then. */
struct start {
    uint64_t age;
    int64_t wall; /* when the calendar would have said that it was */
    bool automatic, above;
};

struct told {
    size_t n;
    struct start starts[LONG]; /* the newest first */
    bool running, failed;
    uint64_t failed_age;
    int64_t failed_wall;
    uint64_t incident;
    unsigned attempts;
};

struct world {
    struct dice dice;
    struct moment now;
    struct model_runbook books[BOOKS];
    struct heal_record records[BOOKS];
    struct heal_past past;
    struct told told[BOOKS];
    uint64_t incident;
    struct heal_question q;
    unsigned decisions, allowed, refused[LIMITS];
};

/* ---- time ---- */

static void pass(struct world *w, uint64_t ns)
{
    w->now.awake += ns;
    w->now.elapsed += ns;
    w->now.wall += (int64_t)ns;
    for (size_t b = 0; b < BOOKS; b++) {
        for (size_t i = 0; i < w->told[b].n; i++)
            w->told[b].starts[i].age += ns;
        w->told[b].failed_age += ns;
    }
}

static void age_over_boot(const struct world *w, uint64_t *age, int64_t *wall)
{
    *age = w->now.wall > *wall ? (uint64_t)(w->now.wall - *wall) : 0;
    if (*age < w->now.elapsed)
        *age = w->now.elapsed;
    *wall = w->now.wall - (int64_t)*age;
}

/* What Talon does when it starts. */
static void take_over(struct world *w)
{
    for (size_t b = 0; b < BOOKS; b++) {
        heal_record_adopt(&w->records[b], &w->now);
        if (!w->told[b].running)
            continue;
        w->told[b].running = false;
        w->told[b].failed = true;
        w->told[b].failed_age = 0;
        w->told[b].failed_wall = w->now.wall;
    }
    heal_past_adopt(&w->past, &w->now);
}

static void reboot(struct world *w)
{
    w->now.wall += (int64_t)SECONDS(dice_between(&w->dice, 5, 3600));
    if (dice_chance(&w->dice, 20)) {
        w->now.wall += (int64_t)MINUTES(dice_below(&w->dice, 2000)) - (int64_t)MINUTES(1000);
    }
    w->now.boot++;
    w->now.awake = w->now.elapsed = SECONDS(dice_between(&w->dice, 1, 60));
    w->q.paused_until = 0; /* of the boot before */
    for (size_t b = 0; b < BOOKS; b++) {
        for (size_t i = 0; i < w->told[b].n; i++)
            age_over_boot(w, &w->told[b].starts[i].age, &w->told[b].starts[i].wall);
        age_over_boot(w, &w->told[b].failed_age, &w->told[b].failed_wall);
    }
    take_over(w);
}

/* ---- the judge ---- */

static unsigned starts_within(const struct told *told, uint64_t window, bool all)
{
    unsigned n = 0;

    for (size_t i = 0; i < told->n; i++)
        n += told->starts[i].automatic && (!all || told->starts[i].above) && told->starts[i].age < window;
    return n;
}

static bool may_by_time(const struct world *w, size_t b)
{
    const struct model_limits *limits = &w->books[b].limits;
    const struct told *told = &w->told[b];
    unsigned all = 0;

    for (size_t k = 0; k < BOOKS; k++)
        all += starts_within(&w->told[k], w->q.all_window, true);
    if (told->incident == w->incident && told->attempts >= limits->attempts)
        return false;
    if (told->failed && told->failed_age < limits->hold_after_failure)
        return false;
    if (told->n > 0 && told->starts[0].age < limits->cooldown)
        return false;
    if (starts_within(told, limits->at_most_window, false) >= limits->at_most)
        return false;
    return w->books[b].impact == MODEL_OBSERVE || all < ALL_AT_MOST;
}

static bool lock_is_free(const struct world *w, size_t b)
{
    for (size_t k = 0; k < BOOKS; k++)
        if (w->told[k].running && w->books[k].limits.n_locks > 0 && w->books[b].limits.n_locks > 0)
            return false; /* there is but one */
    return true;
}

static unsigned running(const struct world *w)
{
    unsigned n = 0;

    for (size_t k = 0; k < BOOKS; k++)
        n += w->told[k].running && w->books[k].impact > MODEL_OBSERVE;
    return n;
}

static bool may(const struct world *w, size_t b)
{
    const struct heal_question *q = &w->q;
    const bool above = w->books[b].impact > MODEL_OBSERVE, disrupts = w->books[b].impact == MODEL_DISRUPT;

    if (q->paused_until > w->now.elapsed || q->acked || q->needs == NEEDS_FAILED || w->told[b].running)
        return false;
    if (above && (q->stopped || q->flapping || q->starting || q->observer_sick || q->storm))
        return false;
    if (disrupts && (q->dependents_answer || q->needs == NEEDS_UNKNOWN_LONG))
        return false;
    if (above && q->store == STORE_LOST && running(w) > 0)
        return false;
    if (above && running(w) >= q->concurrent)
        return false;
    return lock_is_free(w, b) && may_by_time(w, b);
}

/* ---- what happens ---- */

static void begin(struct world *w, size_t b, bool by_hand)
{
    struct told *told = &w->told[b];

    heal_record_started(&w->records[b], &w->now, by_hand ? 0 : w->incident);
    if (!by_hand && w->books[b].impact > MODEL_OBSERVE)
        heal_past_started(&w->past, &w->now);
    memmove(told->starts + 1, told->starts, (LONG - 1) * sizeof *told->starts);
    told->starts[0] = (struct start){ .wall = w->now.wall, .automatic = !by_hand, .above = w->books[b].impact > MODEL_OBSERVE };
    told->n += told->n < LONG;
    told->running = true;
    if (by_hand)
        return;
    told->attempts = told->incident == w->incident ? told->attempts + 1 : 1;
    told->incident = w->incident;
}

static void end(struct world *w, size_t b)
{
    const bool fixed = dice_chance(&w->dice, 60);

    heal_record_ended(&w->records[b], &w->now, fixed ? HEAL_FIXED : HEAL_NOT_FIXED);
    w->told[b].running = false;
    w->told[b].failed = !fixed;
    w->told[b].failed_age = 0;
    w->told[b].failed_wall = w->now.wall;
}

static void change_facts(struct world *w)
{
    struct heal_question *q = &w->q;

    q->acked = dice_chance(&w->dice, 5);
    q->stopped = dice_chance(&w->dice, 5);
    q->starting = dice_chance(&w->dice, 5);
    q->flapping = dice_chance(&w->dice, 5);
    q->observer_sick = dice_chance(&w->dice, 5);
    q->storm = dice_chance(&w->dice, 5);
    q->dependents_answer = dice_chance(&w->dice, 10);
    q->needs = dice_chance(&w->dice, 90) ? NEEDS_KNOWN : dice_chance(&w->dice, 50) ? NEEDS_FAILED : NEEDS_UNKNOWN_LONG;
    q->store = dice_chance(&w->dice, 85) ? STORE_UP : STORE_LOST;
    q->paused_until = dice_chance(&w->dice, 90) ? 0 : w->now.elapsed + SECONDS(dice_below(&w->dice, 600));
}

static void happen(struct world *w)
{
    const size_t b = dice_below(&w->dice, BOOKS);

    switch (dice_below(&w->dice, 12)) {
    case 0:
        if (dice_chance(&w->dice, 30))
            reboot(w);
        break;
    case 1:
        take_over(w); /* only the process died */
        break;
    case 2:
        w->now.wall += (int64_t)MINUTES(dice_below(&w->dice, 4000)) - (int64_t)MINUTES(2000);
        break;
    case 3:
        w->now.awake -= w->now.awake / 2; /* it slept */
        break;
    case 4:
        w->incident++;
        break;
    case 5:
        if (!w->told[b].running && dice_chance(&w->dice, 20))
            begin(w, b, true);
        break;
    case 6:
    case 7:
        change_facts(w);
        break;
    default:
        if (w->told[b].running)
            end(w, b);
    }
}

/* ---- what heal says ---- */

static uint64_t length_of(const struct world *w, size_t b, enum heal_limit limit)
{
    const struct model_limits *limits = &w->books[b].limits;

    return limit == LIMIT_HOLD ? limits->hold_after_failure : limit == LIMIT_COOLDOWN ? limits->cooldown : limit == LIMIT_AT_MOST ? limits->at_most_window
           : limit == LIMIT_ALL_AT_MOST ? w->q.all_window : limit == LIMIT_PAUSED ? SECONDS(600) : UINT64_MAX;
}

static void decide(struct world *w, uint64_t seed)
{
    static const char *const one[] = { "lock", NULL };
    const struct heal_lock held = { "lock", "x" };
    const size_t b = dice_below(&w->dice, BOOKS);
    struct heal_answer answer;

    w->q.runbook = &w->books[b];
    w->q.record = &w->records[b];
    w->q.past = &w->past;
    w->q.incident = w->incident;
    w->q.running = running(w);
    w->q.locks = &held;
    w->q.n_locks = 0;
    for (size_t k = 0; k < BOOKS; k++)
        if (w->told[k].running && w->books[k].limits.locks[0] && strcmp(w->books[k].limits.locks[0], one[0]) == 0)
            w->q.n_locks = 1;
    answer = heal_may_start(&w->q, &w->now);
    w->decisions++;
    w->refused[answer.limit]++;
    if ((answer.limit == LIMIT_NONE) != may(w, b))
        fail_msg("seed %" PRIu64 ", decision %u: heal says %s, the judge %s", seed, w->decisions, heal_limit_name(answer.limit), may(w, b) ? "yes" : "no");
    if (answer.limit != LIMIT_NONE && answer.until != UINT64_MAX && answer.until - w->now.elapsed > length_of(w, b, answer.limit))
        fail_msg("seed %" PRIu64 ", decision %u: %s would last longer than itself", seed, w->decisions, heal_limit_name(answer.limit));
    if (answer.limit == LIMIT_NONE) {
        w->allowed++;
        begin(w, b, false);
    }
}

static void make_books(struct world *w)
{
    static const char *const one[] = { "lock", NULL }, *const none[] = { NULL };

    for (size_t b = 0; b < BOOKS; b++) {
        const bool locked = dice_chance(&w->dice, 40);

        w->books[b] = book();
        w->books[b].impact = (enum model_impact)dice_below(&w->dice, MODEL_DESTROY);
        w->books[b].limits = (struct model_limits){
            .attempts = (unsigned)dice_between(&w->dice, 1, 4), .cooldown = MINUTES(dice_below(&w->dice, 30)), .at_most = (unsigned)dice_between(&w->dice, 1, 6),
            .at_most_window = MINUTES(dice_between(&w->dice, 1, 400)), .hold_after_failure = MINUTES(dice_below(&w->dice, 60)),
            .locks = locked ? one : none, .n_locks = locked,
        };
    }
}

static struct world *run(uint64_t seed, struct world *w)
{
    memset(w, 0, sizeof *w);
    w->dice.state = seed;
    w->now = at(0);
    w->incident = 1;
    make_books(w);
    w->q = (struct heal_question){ .all_at_most = ALL_AT_MOST, .all_window = MINUTES(dice_between(&w->dice, 10, 120)), .concurrent = (unsigned)dice_between(&w->dice, 1, 2) };
    while (w->decisions < EACH) {
        /* now and then to the very end of a limit, or one nanosecond before it */
        const struct model_limits *limits = &w->books[dice_below(&w->dice, BOOKS)].limits;
        const uint64_t lengths[] = { limits->cooldown, limits->hold_after_failure, limits->at_most_window, w->q.all_window };
        const uint64_t length = lengths[dice_below(&w->dice, 4)];

        pass(w, dice_chance(&w->dice, 80) || length == 0 ? SECONDS(dice_below(&w->dice, 400)) : length - dice_below(&w->dice, 2));
        happen(w);
        decide(w, seed);
    }
    return w;
}

static void no_limit_is_exceeded_and_none_refuses_too_long(void **state)
{
    const char *given = getenv("HEAL_SEED"), *soak = getenv("SOAK");
    const unsigned wanted = soak && strcmp(soak, "1") == 0 ? DECISIONS_SOAK : DECISIONS;
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    struct world *w = malloc(sizeof *w);
    unsigned decisions = 0, allowed = 0, refused[LIMITS] = { 0 };

    (void)state;
    assert_non_null(w);
    for (; decisions < wanted; seed++) {
        run(seed, w);
        decisions += w->decisions;
        allowed += w->allowed;
        for (size_t i = 0; i < LIMITS; i++)
            refused[i] += w->refused[i];
        if (given)
            break;
    }
    printf("figure heal.decisions %u decisions\nfigure heal.allowed %u decisions\n", decisions, allowed);
    if (!given) { /* a limit that never refused was not tried */
        assert_true(allowed > decisions / 20);
        for (int i = LIMIT_ATTEMPTS; i <= LIMIT_ALL_AT_MOST; i++)
            assert_true(refused[i] > 100);
        assert_true(refused[LIMIT_RUNNING] > 100 && refused[LIMIT_LOCKS] > 100 && refused[LIMIT_CONCURRENT] > 100 && refused[LIMIT_STORE] > 100);
    }
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_limit_is_exceeded_and_none_refuses_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
