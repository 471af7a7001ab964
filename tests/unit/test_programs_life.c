/*
 * The life of one supervised program: what is promised in programs/life.h, in simulated time. First single cases, each a rule that the old supervisor kept or
 * broke; then random histories against a world that answers as keeper, port, preflight, launchd and people do, with all promises asserted after every event.
 */
#include "programs/life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S ((uint64_t)1000000000u)

enum { HISTORIES = 20000, EVENTS = 250 };

static struct life life;
static uint64_t now;

static struct life_plan plain(void)
{
    return (struct life_plan){ .call_tries = 3, .call_every = 5 * S, .call_after = 5 * S, .first = S, .longest = 30 * S, .good = 60 * S, .health_start = 60 * S, .health_failures = 3 };
}

static void send(enum life_event_kind kind)
{
    life_event(&life, now, &(struct life_event){ .kind = kind });
}

static bool wants(enum life_effect effect)
{
    for (size_t i = 0; i < life.n_effects; i++)
        if (life.effects[i] == effect)
            return true;
    return false;
}

static void begin(struct life_plan plan)
{
    now = 1000 * S;
    life_begin(&life, &plan, true, 0, now);
}

/* Nobody holds it, and it is started. */
static void run(void)
{
    send(LIFE_MISSING);
    assert_true(wants(LIFE_DO_START));
    send(LIFE_STARTED);
    assert_int_equal(life.state, LIFE_RUNNING);
}

/* Time goes on to what it waits for. */
static void pass(void)
{
    assert_true(life.due != LIFE_NEVER && life.due > now);
    now = life.due;
    send(LIFE_TIME);
}

/* ---- single cases */

static void nothing_is_started_before_it_is_known_what_lives(void **state)
{
    (void)state;
    begin(plain());
    assert_int_equal(life.state, LIFE_ASKING);
    send(LIFE_FOUND);
    assert_int_equal(life.state, LIFE_RUNNING);
    assert_int_equal(life.n_effects, 0);
}

static void the_pause_doubles_and_begins_anew_after_a_good_time(void **state)
{
    static const uint64_t pauses[] = { 1, 2, 4, 8, 16, 30, 30 };

    (void)state;
    begin(plain());
    run();
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        send(LIFE_ENDED);
        assert_true(wants(LIFE_TELL_ENDED));
        assert_int_equal(life.due - now, pauses[i] * S);
        now += pauses[i] * S - 1;
        send(LIFE_TIME);
        assert_int_equal(life.state, LIFE_BACKOFF);
        pass();
        assert_true(wants(LIFE_DO_START));
        send(LIFE_STARTED);
        assert_int_equal(life.restarts, i + 1);
    }
    now += 60 * S;
    send(LIFE_ENDED);
    assert_int_equal(life.due - now, S);
}

static void one_good_answer_does_not_make_a_crash_loop_fast(void **state)
{
    (void)state;
    begin(plain());
    run();
    for (int i = 0; i < 3; i++) {
        send(LIFE_WELL);
        send(LIFE_ENDED);
        pass();
        send(LIFE_STARTED);
    }
    send(LIFE_WELL);
    send(LIFE_ENDED);
    assert_int_equal(life.due - now, 8 * S);
}

static void its_port_is_waited_for_and_told_once(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.port = true;
    begin(plan);
    send(LIFE_MISSING);
    assert_true(wants(LIFE_LOOK_AT_PORT));
    send(LIFE_PORT_TAKEN);
    assert_true(wants(LIFE_TELL_PORT));
    pass();
    assert_true(wants(LIFE_LOOK_AT_PORT));
    send(LIFE_PORT_TAKEN);
    assert_false(wants(LIFE_TELL_PORT));
    pass();
    send(LIFE_PORT_FREE);
    assert_true(wants(LIFE_DO_START));
}

static void or_it_is_refused_until_a_person_says_so(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.port = plan.refuses = true;
    begin(plan);
    send(LIFE_MISSING);
    send(LIFE_PORT_TAKEN);
    assert_int_equal(life.state, LIFE_REFUSED);
    assert_true(life.due == LIFE_NEVER);
    send(LIFE_START);
    assert_true(wants(LIFE_LOOK_AT_PORT));
}

static void a_preflight_that_fails_is_tried_again_after_the_pause(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.preflight = true;
    begin(plan);
    send(LIFE_MISSING);
    assert_true(wants(LIFE_DO_PREFLIGHT));
    send(LIFE_NOT_PASSED);
    assert_true(wants(LIFE_TELL_PREFLIGHT));
    assert_int_equal(life.due - now, S);
    pass();
    send(LIFE_PASSED);
    send(LIFE_STARTED);
    assert_int_equal(life.restarts, 0); /* it had never run */
}

static void who_owns_it_is_watched(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.owned = 1;
    begin(plan);
    send(LIFE_MISSING);
    assert_int_equal(life.n_effects, 0);
    send(LIFE_LOADED);
    assert_int_equal(life.state, LIFE_OWNED);
    send(LIFE_NOT_LOADED);
    assert_true(wants(LIFE_DO_START));
    send(LIFE_LOADED); /* while it is being started */
    send(LIFE_STARTED);
    assert_true(wants(LIFE_DO_STOP));
    send(LIFE_ENDED);
    assert_int_equal(life.state, LIFE_OWNED);
    send(LIFE_NOT_ANSWERED);
    assert_int_equal(life.state, LIFE_OWNED);
}

static void no_answer_holds_it_back_for_a_while_only(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.owned = 1;
    begin(plan);
    send(LIFE_MISSING);
    send(LIFE_NOT_ANSWERED);
    send(LIFE_NOT_ANSWERED);
    assert_int_equal(life.state, LIFE_ASKING);
    send(LIFE_NOT_ANSWERED);
    assert_true(wants(LIFE_TELL_UNANSWERED) && wants(LIFE_DO_START));
}

static void bad_health_counts_after_its_time_to_start(void **state)
{
    (void)state;
    begin(plain());
    run();
    for (int i = 0; i < 10; i++)
        send(LIFE_ILL);
    assert_int_equal(life.state, LIFE_RUNNING);
    send(LIFE_WELL);
    send(LIFE_ILL);
    send(LIFE_ILL);
    send(LIFE_WELL);
    send(LIFE_ILL);
    send(LIFE_ILL);
    assert_int_equal(life.state, LIFE_RUNNING);
    send(LIFE_ILL);
    assert_true(wants(LIFE_TELL_ILL) && wants(LIFE_DO_STOP));
    send(LIFE_ENDED);
    assert_false(wants(LIFE_TELL_ENDED));
    assert_int_equal(life.state, LIFE_BACKOFF);
}

static void the_call_is_tried_again_and_then_told(void **state)
{
    struct life_plan plan = plain();

    (void)state;
    plan.call = true;
    begin(plan);
    run();
    for (unsigned i = 0; i < 3; i++) {
        pass();
        assert_true(wants(LIFE_DO_CALL));
        send(LIFE_NOT_CALLED);
    }
    assert_true(wants(LIFE_TELL_CALL));
    assert_true(life.due == LIFE_NEVER);
    assert_int_equal(life.state, LIFE_RUNNING);
}

static void a_person_is_heard_whatever_it_does(void **state)
{
    (void)state;
    begin(plain());
    run();
    send(LIFE_RESTART);
    assert_true(wants(LIFE_DO_STOP));
    send(LIFE_ENDED);
    assert_true(wants(LIFE_DO_START));
    send(LIFE_STOP);
    assert_int_equal(life.n_effects, 0); /* it is on its way */
    send(LIFE_STARTED);
    assert_true(wants(LIFE_DO_STOP));
    send(LIFE_START);
    send(LIFE_ENDED);
    assert_true(wants(LIFE_DO_START));
    assert_int_equal(life.restarts, 0);
}

static void a_keeper_that_goes_takes_nothing_along(void **state)
{
    (void)state;
    begin(plain());
    run();
    send(LIFE_KEEPER_GONE);
    assert_int_equal(life.state, LIFE_RUNNING);
    send(LIFE_FOUND);
    assert_int_equal(life.state, LIFE_RUNNING);
    send(LIFE_KEEPER_GONE);
    send(LIFE_MISSING);
    assert_true(wants(LIFE_TELL_ENDED));
    send(LIFE_KEEPER_GONE);
    pass();
    assert_int_equal(life.state, LIFE_ASKING);
    send(LIFE_MISSING);
    assert_true(wants(LIFE_DO_START));
    send(LIFE_KEEPER_GONE);
    assert_int_equal(life.state, LIFE_ASKING);
}

static void another_configuration_is_another_process(void **state)
{
    const struct life_plan plan = plain();

    (void)state;
    begin(plain());
    run();
    life_event(&life, now, &(struct life_event){ .kind = LIFE_ADJUSTED, .plan = &plan });
    assert_int_equal(life.n_effects, 0);
    life_event(&life, now, &(struct life_event){ .kind = LIFE_CHANGED, .plan = &plan });
    assert_true(wants(LIFE_DO_STOP));
    send(LIFE_ENDED);
    assert_true(wants(LIFE_DO_START));
    assert_int_equal(life.restarts, 0);
}

/* ---- random histories */

static uint64_t seed;

static unsigned dice(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % n);
}

/* What is true, beside what the machine believes. */
static struct {
    bool process, starting, stopping, keeper, preflight, port, call; /* the last three: an answer is owed */
    bool stopped, removed;
    uint64_t ended, restarts, pause, started;
    bool again;
    unsigned long starts, events;
} world;

static struct life_plan random_plan(void)
{
    struct life_plan plan = plain();

    plan.owned = dice(3) == 0 ? 1 + dice(2) : 0;
    plan.preflight = dice(3) == 0;
    plan.port = dice(2) == 0;
    plan.refuses = dice(4) == 0;
    plan.call = dice(2) == 0;
    plan.health_start = dice(2) * 60 * S;
    return plan;
}

static void take_effect(enum life_effect effect)
{
    switch (effect) {
    case LIFE_DO_START:
        assert_false(world.process || world.starting); /* never two */
        assert_true(world.keeper);
        assert_false(world.stopped || world.removed || life.owner == OWNER_OTHER);
        assert_false(life.plan.owned && life.owner == OWNER_UNKNOWN);
        world.starting = true;
        world.starts++;
        break;
    case LIFE_DO_STOP:
        assert_true(world.process || !world.keeper); /* with no keeper nobody hears it, and none could tell that it has ended */
        world.stopping = world.process && world.keeper;
        break;
    case LIFE_DO_PREFLIGHT:
        assert_false(world.preflight);
        world.preflight = true;
        break;
    case LIFE_END_PREFLIGHT:
        assert_true(world.preflight);
        world.preflight = false;
        break;
    case LIFE_LOOK_AT_PORT:
        assert_true(life.plan.port);
        world.port = true;
        break;
    case LIFE_DO_CALL:
        assert_true((world.process || !world.keeper) && !world.call);
        world.call = true;
        break;
    case LIFE_END_CALL:
        world.call = false;
        break;
    default:
        break;
    }
}

static void look_at_state(enum life_state before)
{
    assert_true(life.n_effects < LIFE_EFFECTS);
    assert_true(life.due == LIFE_NEVER || life.due > now); /* no busy loop */
    assert_true(life.pause >= life.plan.first && life.pause <= life.plan.longest);
    if (life.state == LIFE_RUNNING || life.state == LIFE_DRAINING)
        assert_true(world.process || !world.keeper);
    if (life.state == LIFE_STARTING)
        assert_true(world.starting);
    if (life.state == LIFE_BACKOFF && before != LIFE_BACKOFF)
        assert_true(life.due - now >= life.plan.first && life.due - now <= life.plan.longest);
    if (life.state == LIFE_STOPPED)
        assert_true(world.stopped || world.removed);
    if (life.state == LIFE_OWNED)
        assert_true(life.owner == OWNER_OTHER);
    if (world.process && !world.stopping && world.keeper)
        assert_false(world.stopped && life.state == LIFE_RUNNING); /* a person's stop is carried out */
}

static void tell(enum life_event_kind kind)
{
    const struct life_plan plan = random_plan();
    const enum life_state before = life.state;
    const uint64_t restarts = life.restarts;

    life_event(&life, now, &(struct life_event){ .kind = kind, .plan = &plan });
    world.events++;
    for (size_t i = 0; i < life.n_effects; i++)
        take_effect(life.effects[i]);
    assert_true(life.restarts == restarts || (kind == LIFE_STARTED && life.restarts == restarts + 1));
    look_at_state(before);
}

static void end_process(void)
{
    world.process = world.stopping = world.call = false;
    if (world.keeper)
        tell(LIFE_ENDED);
}

static void move_time(void)
{
    if (life.due != LIFE_NEVER && dice(4) > 0)
        now = life.due;
    else
        now += dice(20) * S + dice(1000000);
    if (now >= life.due)
        tell(LIFE_TIME);
}

static void answer_something(void)
{
    if (world.starting && world.keeper && dice(2) == 0) {
        world.starting = false;
        world.process = dice(8) > 0;
        tell(world.process ? LIFE_STARTED : LIFE_NOT_STARTED);
    } else if (world.preflight) {
        world.preflight = false;
        tell(dice(3) > 0 ? LIFE_PASSED : LIFE_NOT_PASSED);
    } else if (world.port) {
        world.port = false;
        tell(dice(3) > 0 ? LIFE_PORT_FREE : LIFE_PORT_TAKEN);
    } else if (world.call && dice(2) == 0) {
        world.call = false;
        tell(dice(2) == 0 ? LIFE_CALLED : LIFE_NOT_CALLED);
    } else if (world.stopping && dice(2) == 0) {
        end_process();
    }
}

/* What was being started when it went is started or not: the next one knows. */
static void change_keeper(void)
{
    if (world.keeper) {
        world.keeper = false;
        world.process = world.process || (world.starting && dice(2) == 0);
        world.starting = false;
        tell(LIFE_KEEPER_GONE);
        return;
    }
    world.keeper = true;
    world.stopping = false;
    tell(world.process ? LIFE_FOUND : LIFE_MISSING);
}

static void ask(void)
{
    static const enum life_event_kind asks[] = { LIFE_START, LIFE_STOP, LIFE_RESTART };
    const unsigned which = dice(3);

    world.stopped = which == 1;
    tell(asks[which]);
}

static void one_event(void)
{
    static const enum life_event_kind owner[] = { LIFE_LOADED, LIFE_NOT_LOADED, LIFE_NOT_LOADED, LIFE_NOT_ANSWERED };

    switch (dice(12)) {
    case 0:
        if (world.process)
            end_process();
        break;
    case 1:
        change_keeper();
        break;
    case 2:
        if (life.plan.owned)
            tell(owner[dice(4)]);
        break;
    case 3:
        ask();
        break;
    case 4:
        tell(dice(3) == 0 ? LIFE_WELL : LIFE_ILL);
        break;
    case 5:
        if (dice(10) == 0)
            tell(dice(2) == 0 ? LIFE_CHANGED : LIFE_ADJUSTED);
        break;
    case 6:
    case 7:
    case 8:
        move_time();
        break;
    default:
        answer_something();
        break;
    }
}

/* All that hinders it is gone: then it runs, in bounded time, or a person has stopped it. */
static void settle(void)
{
    if (!world.keeper)
        change_keeper();
    for (int i = 0; i < 200 && life.state != LIFE_RUNNING && life.state != LIFE_STOPPED; i++) {
        if (life.plan.owned)
            tell(LIFE_NOT_LOADED);
        if (life.state == LIFE_REFUSED)
            tell(LIFE_START);
        if (world.starting) {
            world.starting = false;
            world.process = true;
            tell(LIFE_STARTED);
        }
        if (world.preflight) {
            world.preflight = false;
            tell(LIFE_PASSED);
        }
        if (world.port) {
            world.port = false;
            tell(LIFE_PORT_FREE);
        }
        if (world.stopping)
            end_process();
        if (life.due != LIFE_NEVER) {
            now = life.due;
            tell(LIFE_TIME);
        }
    }
    assert_true(life.state == (world.stopped ? LIFE_STOPPED : LIFE_RUNNING));
}

static void in_all_histories_the_promises_hold(void **state)
{
    unsigned long events = 0, starts = 0;

    (void)state;
    for (unsigned h = 0; h < HISTORIES; h++) {
        seed = 88172645463325252u + h * 2654435761u;
        memset(&world, 0, sizeof world);
        begin(random_plan());
        if (dice(3) == 0)
            world.process = true; /* an earlier core has left it */
        for (unsigned i = 0; i < EVENTS; i++)
            one_event();
        settle();
        events += world.events;
        starts += world.starts;
    }
    printf("%lu events, %lu starts\n", events, starts);
    assert_true(events > 1500000 && starts > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_started_before_it_is_known_what_lives),
        cmocka_unit_test(the_pause_doubles_and_begins_anew_after_a_good_time),
        cmocka_unit_test(one_good_answer_does_not_make_a_crash_loop_fast),
        cmocka_unit_test(its_port_is_waited_for_and_told_once),
        cmocka_unit_test(or_it_is_refused_until_a_person_says_so),
        cmocka_unit_test(a_preflight_that_fails_is_tried_again_after_the_pause),
        cmocka_unit_test(who_owns_it_is_watched),
        cmocka_unit_test(no_answer_holds_it_back_for_a_while_only),
        cmocka_unit_test(bad_health_counts_after_its_time_to_start),
        cmocka_unit_test(the_call_is_tried_again_and_then_told),
        cmocka_unit_test(a_person_is_heard_whatever_it_does),
        cmocka_unit_test(a_keeper_that_goes_takes_nothing_along),
        cmocka_unit_test(another_configuration_is_another_process),
        cmocka_unit_test(in_all_histories_the_promises_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
