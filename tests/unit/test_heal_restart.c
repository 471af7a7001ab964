/*
 * The process dies in each step of a runbook of the shape of k8s-reboot-heal: evidence, an `if` with steps of its own, a step that may fail, `until` with
 * repairs on the way, the stability window. After it the run is interrupted, its hold is in force, and nothing is begun twice.
 */
#include "heal_machine_support.h"

#include <stdlib.h>

enum { ACTIONS = 6 };

static struct model_step act(const char *name)
{
    return (struct model_step){ .kind = MODEL_STEP_DO, .action = world_action(name, SECONDS(30)) };
}

static struct parts begin_long(void)
{
    struct parts p = begin_model(0);
    struct model_step *steps = world_steps(p.b, p.book, 6), *then = build_alloc(p.b, 2 * sizeof *then);
    struct model_meanwhile *meanwhile = build_alloc(p.b, sizeof *meanwhile);

    then[0] = act("force-cycle");
    then[1] = (struct model_step){ .kind = MODEL_STEP_WAIT, .wait = SECONDS(3) };
    steps[0] = (struct model_step){ .kind = MODEL_STEP_COLLECT, .action = world_action("look", SECONDS(12)), .goes_on = true };
    steps[1] = (struct model_step){ .kind = MODEL_STEP_IF, .condition = world_verdict(p.b, 0, VERDICT_FAILED), .then = then, .n_then = 2 };
    steps[2] = act("start");
    steps[3] = act("may-fail");
    steps[3].goes_on = true;
    *meanwhile = (struct model_meanwhile){ .action = world_action("meanwhile", SECONDS(15)), .every = SECONDS(20) };
    steps[4] = (struct model_step){
        .kind = MODEL_STEP_UNTIL, .passes = world_passes(p.b, 0, 1, 2, SECONDS(5), SECONDS(120)), .meanwhile = meanwhile, .n_meanwhile = 1
    };
    steps[5] = act("last");
    p.book->verify = world_passes(p.b, 0, 1, 6, SECONDS(10), SECONDS(120));
    return p;
}

static void it_goes_through_all_of_it(void **state)
{
    struct parts p = begin_long();
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(300));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    assert_true(seen.acts >= ACTIONS);
    end(&w);
}

/* While the nth action is at work; beyond the last of them in the window. */
static void dies_in(unsigned nth, bool booted)
{
    struct parts p = begin_long();
    struct world w;
    struct seen seen;
    unsigned acts;

    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, nth <= ACTIONS ? nth : ACTIONS);
    world_pass(&w, nth <= ACTIONS ? SECONDS(1) : SECONDS(25));
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.over[HEAL_FIXED], 0);
    acts = seen.acts;
    world_restart(&w, booted ? SECONDS(60) : SECONDS(2), booted);
    assert_int_equal(seen.entries[ENTRY_INTERRUPTED], 1);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(1700));
    assert_int_equal(seen.begun, 1);
    assert_int_equal(seen.acts, acts);
    world_pass(&w, SECONDS(200));
    assert_int_equal(seen.begun, 2);
    end(&w);
}

static void the_process_dies_in_each_step(void **state)
{
    (void)state;
    for (unsigned nth = 1; nth <= ACTIONS + 1; nth++) {
        dies_in(nth, false);
        dies_in(nth, true);
    }
}

/* Between the intent and its word that it is durable nothing has happened. */
static void an_intent_alone_is_no_run(void **state)
{
    struct parts p = begin_long();
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    w.take_takes = SECONDS(5);
    world_set(&w, "web", STATUS_FAIL);
    while (w.n_takes == 0)
        world_step(&w, SECONDS(60));
    world_restart(&w, SECONDS(2), false);
    assert_int_equal(seen.entries[ENTRY_INTERRUPTED], 0);
    world_pass(&w, SECONDS(60));
    assert_int_equal(seen.begun, 1);
    end(&w);
}

/* But where the store says that an intent has no end, it counts, whatever its record knew. */
static void an_intent_without_an_end_counts(void **state)
{
    struct heal_kept *kept = calloc(1, sizeof *kept);
    const struct moment begun = { .awake = SECONDS(10), .elapsed = SECONDS(10), .wall = (int64_t)SECONDS(1000), .boot = 3 };

    (void)state;
    assert_non_null(kept);
    assert_true(heal_kept_intent(kept, "restart", "web", 4, true, &begun));
    assert_int_equal(kept->n_records, 1);
    assert_true(kept->records[0].record.running);
    assert_int_equal(kept->records[0].record.n, 1);
    assert_int_equal(kept->past.n, 1);
    assert_true(heal_kept_intent(kept, "restart", "web", 4, true, &begun));
    assert_int_equal(kept->records[0].record.n, 1); /* it is the same one */
    heal_kept_free(kept);
}

static void the_clock_of_sos_goes_on(void **state)
{
    struct parts p = begin_long();
    struct world w;
    struct seen seen;

    (void)state;
    build_settings(p.b)->sos = (struct model_sos){ true, SECONDS(900), SECONDS(14400) };
    begin(&w, &seen, &p);
    w.way = WAY_FAILS;
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(600));
    world_restart(&w, SECONDS(3600), false);
    world_pass(&w, SECONDS(280));
    assert_int_equal(seen.notices[NOTICE_SOS], 0);
    world_pass(&w, SECONDS(40));
    assert_int_equal(seen.notices[NOTICE_SOS], 1);
    end(&w);
}

/* What reloads leave behind has an end; what is configured keeps its past. */
static void records_of_what_is_gone_are_bounded(void **state)
{
    static char names[600][8];
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    size_t n;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    for (size_t i = 0; i < 600; i++) {
        struct parts q = begin_model(0);
        struct model_runbook *other = world_runbook(q.b, names[i], MODEL_RESTART);

        snprintf(names[i], sizeof names[i], "r%zu", i);
        other->steps = q.book->steps;
        other->n_steps = q.book->n_steps;
        other->verify = q.book->verify;
        world_entry(q.b, q.service, other);
        world_reload(&w, build_end(q.b));
    }
    heal_records(w.heal, &n);
    assert_true(n < 300);
    assert_string_equal(heal_records(w.heal, &n)[0].runbook, "restart");
    assert_int_equal(heal_records(w.heal, &n)[0].record.n, 1);
    end(&w);
}

/* ---- a reboot gives attempts back */

/* One attempt, which does not help; no other limit but those that are meant. */
static struct parts begin_once(enum model_impact impact)
{
    struct parts p = begin_model(0);
    struct model_when *node = build_alloc(p.b, sizeof *node);

    *node = (struct model_when){ .kind = MODEL_WHEN_METRIC, .check = 0, .metric = "uptime", .comparison = MODEL_LESS, .value = 3 };
    p.book->impact = impact;
    p.book->limits.attempts = 1;
    p.book->limits.cooldown = p.book->limits.hold_after_failure = SECONDS(300);
    p.book->limits.at_most = 2;
    p.book->limits.at_most_window = SECONDS(86400);
    p.book->limits.warmup = (struct model_condition){ .text = "web.ping.uptime < 3s", .n = 1, .nodes = node };
    return p;
}

static void fails_once(struct world *w, struct seen *seen, struct parts *p)
{
    begin(w, seen, p);
    w->way = WAY_FAILS;
    world_set(w, "web", STATUS_FAIL);
    world_pass(w, SECONDS(1200));
    assert_int_equal(seen->begun, 1);
    assert_int_equal(seen->entries[ENTRY_REARMED], 0);
}

static void target_boots(struct world *w)
{
    world_check(w, "web.ping")->metric = WORLD_YOUNG;
    world_pass(w, SECONDS(30));
    world_check(w, "web.ping")->metric = WORLD_OLD;
}

/* Another process of the same boot gives nothing back; another boot does, once, and the other limits hold. */
static void a_reboot_of_the_machine(void **state)
{
    struct parts p = begin_once(MODEL_RESTART);
    struct world w;
    struct seen seen;

    (void)state;
    fails_once(&w, &seen, &p);
    world_restart(&w, SECONDS(60), false);
    world_pass(&w, SECONDS(1200));
    assert_int_equal(seen.begun, 1);
    world_restart(&w, SECONDS(60), true);
    assert_int_equal(seen.entries[ENTRY_REARMED], 1);
    world_pass(&w, SECONDS(1200));
    assert_int_equal(seen.begun, 2);
    world_restart(&w, SECONDS(60), true);
    assert_int_equal(seen.entries[ENTRY_REARMED], 2);
    world_pass(&w, SECONDS(7200));
    assert_int_equal(seen.begun, 2); /* at_most */
    end(&w);
}

/* What ran when the machine went down may have been why it did. */
static void a_machine_that_went_down_within_a_run(void **state)
{
    struct parts p = begin_once(MODEL_RESTART);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_restart(&w, SECONDS(60), true);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(3600));
    assert_int_equal(seen.entries[ENTRY_INTERRUPTED], 1);
    assert_int_equal(seen.entries[ENTRY_REARMED], 0);
    assert_int_equal(seen.begun, 1);
    end(&w);
}

static void a_reboot_of_the_target(void **state)
{
    struct parts p = begin_once(MODEL_DISRUPT);
    struct world w;
    struct seen seen;

    (void)state;
    fails_once(&w, &seen, &p);
    target_boots(&w);
    assert_int_equal(seen.entries[ENTRY_REARMED], 1);
    world_pass(&w, SECONDS(600));
    assert_int_equal(seen.begun, 2);
    end(&w);
}

/* By the run itself, or so soon after it that nobody can tell. */
static void a_reboot_of_ours_gives_nothing_back(void **state)
{
    struct parts p = begin_once(MODEL_DISRUPT);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    w.way = WAY_FAILS;
    world_set(&w, "web", STATUS_FAIL);
    while (seen.begun == 0)
        world_step(&w, SECONDS(60));
    while (seen.over[HEAL_FAILED] == 0)
        world_step(&w, SECONDS(60));
    world_check(&w, "web.ping")->metric = WORLD_YOUNG + 60;
    world_pass(&w, SECONDS(60));
    world_check(&w, "web.ping")->metric = WORLD_OLD;
    world_pass(&w, SECONDS(3600));
    assert_int_equal(seen.entries[ENTRY_REARMED], 0);
    assert_int_equal(seen.begun, 1);
    end(&w);
}

/* An uptime of which no warm-up speaks may be that of a program. */
static void an_uptime_that_is_not_the_targets(void **state)
{
    struct parts p = begin_once(MODEL_DISRUPT);
    struct world w;
    struct seen seen;

    (void)state;
    p.book->limits.warmup = (struct model_condition){ .n = 0 };
    fails_once(&w, &seen, &p);
    target_boots(&w);
    world_pass(&w, SECONDS(600));
    assert_int_equal(seen.entries[ENTRY_REARMED], 0);
    assert_int_equal(seen.begun, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_through_all_of_it), cmocka_unit_test(the_process_dies_in_each_step),
        cmocka_unit_test(an_intent_alone_is_no_run), cmocka_unit_test(an_intent_without_an_end_counts),
        cmocka_unit_test(a_reboot_of_the_machine), cmocka_unit_test(a_machine_that_went_down_within_a_run),
        cmocka_unit_test(a_reboot_of_the_target), cmocka_unit_test(a_reboot_of_ours_gives_nothing_back),
        cmocka_unit_test(an_uptime_that_is_not_the_targets),
        cmocka_unit_test(the_clock_of_sos_goes_on),  cmocka_unit_test(records_of_what_is_gone_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
