/* Each limit by itself, at its bounds: that it refuses, with which name, until when, and who is exempt from it. */
#include "heal_support.h"

#include <string.h>

static struct model_runbook runbook;
static struct heal_record record;
static struct heal_past past;
static struct heal_question q;
static struct moment now;

static int begin(void **state)
{
    (void)state;
    runbook = book();
    memset(&record, 0, sizeof record);
    memset(&past, 0, sizeof past);
    now = at(0);
    q = question(&runbook, &record, &past);
    return 0;
}

static void assert_allows(void)
{
    const struct heal_answer answer = heal_may_start(&q, &now);

    assert_string_equal(heal_limit_name(answer.limit), "none");
    assert_int_equal(answer.refusing, 0);
}

/* until: ns from now, UINT64_MAX for what is more than time. */
static void assert_refuses(enum heal_limit limit, uint64_t until)
{
    const struct heal_answer answer = heal_may_start(&q, &now);

    assert_string_equal(heal_limit_name(answer.limit), heal_limit_name(limit));
    assert_true(answer.until == (until == UINT64_MAX ? until : now.elapsed + until));
    assert_true(answer.refusing >> limit & 1);
}

/* impact: the least that is refused. forced: a person with a reason goes beyond it. */
static void assert_flag(bool *flag, enum heal_limit limit, enum model_impact impact, bool forced)
{
    *flag = true;
    for (int i = MODEL_OBSERVE; i <= MODEL_DISRUPT; i++) {
        runbook.impact = (enum model_impact)i;
        if (runbook.impact >= impact)
            assert_refuses(limit, UINT64_MAX);
        else
            assert_allows();
    }
    q.force = true; /* nothing by itself */
    assert_refuses(limit, UINT64_MAX);
    q.incident = 0;
    if (forced)
        assert_allows();
    else
        assert_refuses(limit, UINT64_MAX);
    q.force = false; /* by hand alone is within the limits */
    assert_refuses(limit, UINT64_MAX);
    *flag = false;
    q.incident = 1;
    assert_allows();
}

static void nothing_refuses_where_nothing_was(void **state)
{
    (void)state;
    assert_allows();
}

static void flags_refuse(void **state)
{
    (void)state;
    assert_flag(&q.switched_off, LIMIT_SWITCHED_OFF, MODEL_OBSERVE, false);
    assert_flag(&q.safe_mode, LIMIT_SAFE_MODE, MODEL_OBSERVE, true);
    assert_flag(&q.acked, LIMIT_ACKED, MODEL_OBSERVE, true);
    assert_flag(&q.stopped, LIMIT_STOPPED, MODEL_RESTART, true);
    assert_flag(&q.starting, LIMIT_STARTING, MODEL_RESTART, true);
    assert_flag(&q.flapping, LIMIT_FLAPPING, MODEL_RESTART, true);
    assert_flag(&q.observer_sick, LIMIT_OBSERVER, MODEL_RESTART, false);
    assert_flag(&q.storm, LIMIT_STORM, MODEL_RESTART, false);
    assert_flag(&q.dependents_answer, LIMIT_DEPENDENTS, MODEL_DISRUPT, false);
    assert_flag(&record.running, LIMIT_RUNNING, MODEL_OBSERVE, false);
}

static void what_is_stopped_by_hand_may_be_healed_where_the_service_says_so(void **state)
{
    (void)state;
    q.stopped = q.heal_stopped = true;
    assert_allows();
}

static void what_destroys_takes_a_person_with_a_reason(void **state)
{
    (void)state;
    runbook.impact = MODEL_DESTROY;
    assert_refuses(LIMIT_DESTRUCTIVE, UINT64_MAX);
    q.force = true;
    assert_refuses(LIMIT_DESTRUCTIVE, UINT64_MAX);
    q.incident = 0;
    assert_allows();
    q.force = false;
    assert_refuses(LIMIT_DESTRUCTIVE, UINT64_MAX);
}

static void pauses_and_silences_end(void **state)
{
    (void)state;
    q.paused_until = now.elapsed + 1;
    assert_refuses(LIMIT_PAUSED, 1);
    q.paused_until = now.elapsed;
    assert_allows();
    q.silenced_until = now.elapsed + MINUTES(1);
    assert_refuses(LIMIT_SILENCED, MINUTES(1));
    q.silenced_until = UINT64_MAX;
    assert_refuses(LIMIT_SILENCED, UINT64_MAX);
    q.silenced_until = now.elapsed;
    assert_allows();
}

static void needs_come_first(void **state)
{
    (void)state;
    q.needs = NEEDS_FAILED;
    assert_refuses(LIMIT_NEEDS, UINT64_MAX);
    q.needs = NEEDS_UNKNOWN;
    q.needs_wait_until = now.elapsed + SECONDS(30);
    runbook.impact = MODEL_OBSERVE;
    assert_refuses(LIMIT_NEEDS_WAIT, SECONDS(30));
    now = at(SECONDS(30) - 1);
    assert_refuses(LIMIT_NEEDS_WAIT, 1);
    now = at(SECONDS(30));
    assert_allows();
    runbook.impact = MODEL_RESTART;
    assert_allows();
    runbook.impact = MODEL_DISRUPT;
    assert_refuses(LIMIT_NEEDS_WAIT, UINT64_MAX);
    q.needs = NEEDS_UNKNOWN_LONG;
    assert_refuses(LIMIT_NEEDS_WAIT, UINT64_MAX);
}

/* Who cannot be seen not to heal may be healing; but what is dead cannot say how long it has been up. Where no condition stands, nobody asks. */
static void conditions_refuse(void **state)
{
    (void)state;
    q.owner = q.warmup = LOGIC_TRUE;
    assert_allows();
    runbook.limits.owner.n = 1;
    assert_refuses(LIMIT_OWNER, UINT64_MAX);
    q.owner = LOGIC_UNKNOWN;
    assert_refuses(LIMIT_OWNER, UINT64_MAX);
    q.owner = LOGIC_FALSE;
    assert_allows();
    runbook.limits.warmup.n = 1;
    assert_refuses(LIMIT_WARMUP, UINT64_MAX);
    q.warmup = LOGIC_UNKNOWN;
    assert_allows();
    q.warmup = LOGIC_FALSE;
    assert_allows();
}

static void without_a_store_one_run_may_be(void **state)
{
    (void)state;
    q.store = STORE_LOST;
    assert_allows();
    q.unstored = 1;
    assert_refuses(LIMIT_STORE, UINT64_MAX);
    q.unstored = 0;
    q.running = 1; /* one in progress counts as it */
    q.concurrent = 2;
    assert_refuses(LIMIT_STORE, UINT64_MAX);
    q.running = 0;
    q.store = STORE_NEVER_UP;
    assert_refuses(LIMIT_STORE, UINT64_MAX);
    runbook.impact = MODEL_OBSERVE;
    assert_allows();
}

static void attempts_are_counted_within_the_incident(void **state)
{
    (void)state;
    record.incident = 1;
    record.attempts = 2;
    assert_allows();
    record.attempts = 3;
    assert_refuses(LIMIT_ATTEMPTS, UINT64_MAX);
    q.incident = 2;
    assert_allows();
    q.incident = 0; /* by hand */
    assert_allows();
}

static void a_cooldown_runs_from_start_to_start(void **state)
{
    (void)state;
    heal_record_started(&record, &now, 1);
    record.running = false;
    now = at(MINUTES(15) - MS(1));
    assert_refuses(LIMIT_COOLDOWN, MS(1));
    now = at(MINUTES(15));
    assert_allows();
}

static void a_start_by_hand_begins_the_cooldown_and_uses_no_budget(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        heal_record_started(&record, &now, 0);
    record.running = false;
    assert_refuses(LIMIT_COOLDOWN, MINUTES(15));
    now = at(MINUTES(15));
    assert_allows();
}

static void a_failure_holds_from_its_end(void **state)
{
    (void)state;
    now = at(MINUTES(20));
    heal_record_ended(&record, &now, HEAL_FAILED);
    now = at(MINUTES(50) - 1);
    assert_refuses(LIMIT_HOLD, 1);
    now = at(MINUTES(50));
    assert_allows();
}

static void a_sliding_window_counts_starts(void **state)
{
    (void)state;
    runbook.limits.cooldown = 0;
    for (unsigned i = 0; i < 3; i++) {
        now = at(MINUTES(i));
        assert_allows();
        heal_record_started(&record, &now, 100 + i); /* of other incidents */
        record.running = false;
    }
    assert_refuses(LIMIT_AT_MOST, HOURS(6) - MINUTES(2));
    now = at(HOURS(6) - 1);
    assert_refuses(LIMIT_AT_MOST, 1);
    now = at(HOURS(6));
    assert_allows();
}

static void the_budget_of_all_counts_what_is_above_observe(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        heal_past_started(&past, &now);
    assert_refuses(LIMIT_ALL_AT_MOST, HOURS(1));
    runbook.impact = MODEL_OBSERVE;
    assert_allows();
    runbook.impact = MODEL_RESTART;
    now = at(HOURS(1));
    assert_allows();
    q.all_at_most = 0;
    assert_refuses(LIMIT_ALL_AT_MOST, UINT64_MAX);
}

static void a_failure_is_confirmed_by_ticks_or_by_tries(void **state)
{
    const struct moment ticks[] = { at(0), at(SECONDS(60)), at(SECONDS(120)) };

    (void)state;
    runbook.limits.confirm_ticks = 2;
    assert_refuses(LIMIT_CONFIRM, UINT64_MAX);
    q.evidence = (struct heal_evidence){ .n_ticks = 1, .ticks = ticks };
    assert_refuses(LIMIT_CONFIRM, UINT64_MAX);
    q.evidence.n_ticks = 3;
    now = at(HOURS(2)); /* however long ago */
    assert_allows();
    runbook.limits.confirm_within = SECONDS(420);
    now = at(SECONDS(480) - 1);
    assert_allows();
    now = at(SECONDS(480)); /* the last but one is as old as that */
    assert_refuses(LIMIT_CONFIRM, UINT64_MAX);
    q.evidence.tries = 5;
    runbook.limits.confirm_tries = 6;
    assert_refuses(LIMIT_CONFIRM, UINT64_MAX);
    q.evidence.tries = 6;
    assert_allows();
    runbook.limits.confirm_tries = 0; /* there is no such way */
    assert_refuses(LIMIT_CONFIRM, UINT64_MAX);
}

static void one_common_lock_is_enough(void **state)
{
    static const char *const wanted[] = { "colima", "redis", NULL };
    const struct heal_lock held[] = { { "caddy", "x" }, { "redis", "restart-workload for redis" } };
    struct heal_answer answer;

    (void)state;
    runbook.limits.locks = wanted;
    runbook.limits.n_locks = 2;
    q.locks = held;
    q.n_locks = 1;
    assert_allows();
    q.n_locks = 2;
    answer = heal_may_start(&q, &now);
    assert_int_equal(answer.limit, LIMIT_LOCKS);
    assert_string_equal(answer.holder, "restart-workload for redis");
    runbook.impact = MODEL_OBSERVE;
    assert_refuses(LIMIT_LOCKS, UINT64_MAX);
}

static void so_many_run_at_once(void **state)
{
    (void)state;
    q.running = 1;
    assert_refuses(LIMIT_CONCURRENT, UINT64_MAX);
    q.concurrent = 2;
    assert_allows();
    q.running = 2;
    assert_refuses(LIMIT_CONCURRENT, UINT64_MAX);
    runbook.impact = MODEL_OBSERVE;
    assert_allows();
}

static void all_that_refuse_are_told_and_the_first_is_named(void **state)
{
    struct heal_answer answer;

    (void)state;
    q.storm = q.flapping = true;
    heal_record_started(&record, &now, 1);
    answer = heal_may_start(&q, &now);
    assert_int_equal(answer.limit, LIMIT_FLAPPING);
    assert_true(answer.refusing == ((uint64_t)1 << LIMIT_FLAPPING | (uint64_t)1 << LIMIT_STORM | (uint64_t)1 << LIMIT_COOLDOWN | (uint64_t)1 << LIMIT_RUNNING));
}

static void force_goes_beyond_the_budget_and_not_beyond_a_lock(void **state)
{
    static const char *const wanted[] = { "colima", NULL };
    const struct heal_lock held[] = { { "colima", "x" } };

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        heal_record_started(&record, &now, 1);
    heal_record_ended(&record, &now, HEAL_FAILED);
    runbook.limits.confirm_ticks = 2;
    q.needs = NEEDS_FAILED;
    q.incident = 0;
    q.force = true;
    assert_allows();
    runbook.limits.locks = wanted;
    runbook.limits.n_locks = 1;
    q.locks = held;
    q.n_locks = 1;
    assert_refuses(LIMIT_LOCKS, UINT64_MAX);
}

int main(void)
{
#define ONE(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        ONE(nothing_refuses_where_nothing_was),
        ONE(flags_refuse),
        ONE(what_is_stopped_by_hand_may_be_healed_where_the_service_says_so),
        ONE(what_destroys_takes_a_person_with_a_reason),
        ONE(pauses_and_silences_end),
        ONE(needs_come_first),
        ONE(conditions_refuse),
        ONE(without_a_store_one_run_may_be),
        ONE(attempts_are_counted_within_the_incident),
        ONE(a_cooldown_runs_from_start_to_start),
        ONE(a_start_by_hand_begins_the_cooldown_and_uses_no_budget),
        ONE(a_failure_holds_from_its_end),
        ONE(a_sliding_window_counts_starts),
        ONE(the_budget_of_all_counts_what_is_above_observe),
        ONE(a_failure_is_confirmed_by_ticks_or_by_tries),
        ONE(one_common_lock_is_enough),
        ONE(so_many_run_at_once),
        ONE(all_that_refuse_are_told_and_the_first_is_named),
        ONE(force_goes_beyond_the_budget_and_not_beyond_a_lock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
