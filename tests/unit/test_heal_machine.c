/* Single behaviours of repair, in virtual time: a service is broken and watched. */
#include "heal_machine_support.h"

static void what_fails_is_repaired_and_held(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    assert_int_equal(seen.begun, 0);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(20));
    assert_int_equal(seen.begun, 1);
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    assert_int_equal(seen.entries[ENTRY_FIXED], 1);
    assert_true(seen.over_at - seen.begun_at >= SECONDS(2 + 5 + 20));
    assert_int_equal(incident(&w), 0);
    world_pass(&w, SECONDS(3600));
    assert_int_equal(seen.begun, 1);
    end(&w);
}

static void one_failure_in_the_window_is_a_regression(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_pass(&w, SECONDS(12)); /* the action, and two passes */
    {
        size_t n;
        const struct heal_running *all = heal_running(w.heal, &n);

        assert_int_equal(n, 1);
        assert_true(all[0].verifying);
        assert_string_equal(all[0].step, "verify");
    }
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(11));
    assert_int_equal(seen.over[HEAL_NOT_FIXED], 1);
    world_pass(&w, SECONDS(1000));
    assert_int_equal(seen.begun, 1); /* held */
    world_pass(&w, SECONDS(1000));
    assert_int_equal(seen.begun, 2);
    end(&w);
}

static void where_it_stands_is_said_of_many_checks_as_well(void **state)
{
    struct parts p = begin_model(4);
    struct world w;
    struct seen seen;
    const struct heal_running *all;
    size_t n;

    (void)state;
    build_check(p.b, "b");
    build_check(p.b, "c");
    build_check(p.b, "d");
    build_check(p.b, "e");
    p.book->verify = world_passes(p.b, 0, 5, 3, SECONDS(10), SECONDS(90));
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    do {
        world_pass(&w, SECONDS(1));
        all = heal_running(w.heal, &n);
        assert_int_equal(n, 1);
    } while (!all[0].verifying);
    assert_string_equal(all[0].doing, "verify web.ping, web.b, web.c and 2 more: pass 2 of 3");
    end(&w);
}

static void a_lying_action_fixes_nothing(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    w.way = WAY_LIES;
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(300));
    assert_int_equal(seen.over[HEAL_FIXED], 0);
    assert_int_equal(seen.over[HEAL_FAILED], 1);
    assert_int_equal(seen.notices[NOTICE_NOT_FIXED], 1);
    assert_int_equal(seen.notices[NOTICE_EXHAUSTED], 1);
    assert_int_equal(engine_overall(w.engine)->state, STATE_CRITICAL);
    end(&w);
}

static void confirm_counts_ticks_of_the_schedule(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    uint64_t failed;

    (void)state;
    p.book->limits.confirm_ticks = 3;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    while (engine_service(w.engine, 0)->verdict != VERDICT_FAILED)
        world_step(&w, SECONDS(60));
    failed = w.now.awake;
    world_pass(&w, SECONDS(60));
    assert_true(was_refused(&seen, "confirm"));
    assert_int_equal(seen.begun, 1);
    assert_true(seen.begun_at - failed > SECONDS(10)); /* the second and the third tick were yet to come */
    end(&w);
}

static void rapid_tries_are_another_way(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    uint64_t failed;

    (void)state;
    p.check->every = SECONDS(300);
    p.book->limits.confirm_ticks = 5;
    p.book->limits.confirm_tries = 6;
    p.book->limits.confirm_every = SECONDS(5);
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    while (engine_service(w.engine, 0)->verdict != VERDICT_FAILED)
        world_step(&w, SECONDS(600));
    failed = w.now.awake;
    world_pass(&w, SECONDS(40));
    assert_int_equal(seen.begun, 1);
    assert_true(seen.begun_at - failed >= SECONDS(25) && seen.begun_at - failed < SECONDS(26));
    end(&w);
}

static void a_good_try_ends_them(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    p.check->every = SECONDS(300);
    p.book->limits.confirm_ticks = 5;
    p.book->limits.confirm_tries = 6;
    p.book->limits.confirm_every = SECONDS(5);
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    while (engine_service(w.engine, 0)->verdict != VERDICT_FAILED)
        world_step(&w, SECONDS(600));
    world_pass(&w, SECONDS(12));
    world_set(&w, "web", STATUS_OK);
    world_pass(&w, SECONDS(200));
    assert_int_equal(seen.begun, 0);
    end(&w);
}

static void limits_are_told_by_name(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    struct heal_place place;

    (void)state;
    begin(&w, &seen, &p);
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = { .kind = COMMAND_PAUSE, .duration = SECONDS(600) } });
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.begun, 0);
    assert_true(was_refused(&seen, "paused"));
    assert_true(heal_place(w.heal, w.engine, incident(&w), &place));
    assert_int_equal(place.limit, LIMIT_PAUSED);
    assert_true(place.until > w.now.elapsed);
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = { .kind = COMMAND_RESUME } });
    world_pass(&w, SECONDS(20));
    assert_int_equal(seen.begun, 1);
    end(&w);
}

static void a_held_lock_is_tried_again(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    static const char *const locks[] = { "lock", NULL };

    (void)state;
    p.book->limits.locks = locks;
    p.book->limits.n_locks = 1;
    begin(&w, &seen, &p);
    w.locked = true;
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.begun, 0);
    assert_true(was_refused(&seen, "locks"));
    w.locked = false;
    world_pass(&w, SECONDS(30));
    assert_int_equal(seen.begun, 1);
    end(&w);
}

static void what_ran_is_interrupted_and_held(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_restart(&w, SECONDS(5), false);
    assert_int_equal(seen.entries[ENTRY_INTERRUPTED], 1);
    world_pass(&w, SECONDS(1700));
    assert_int_equal(seen.begun, 1);
    world_pass(&w, SECONDS(300));
    assert_int_equal(seen.begun, 2);
    end(&w);
}

static void what_we_stopped_nobody_stopped_by_hand(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    w.way = WAY_LIES;
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_set(&w, "web", STATUS_STOPPED);
    world_pass(&w, SECONDS(30));
    assert_int_equal(engine_service(w.engine, 0)->verdict, VERDICT_FAILED);
    world_restart(&w, SECONDS(5), false);
    world_pass(&w, SECONDS(60));
    assert_int_equal(engine_service(w.engine, 0)->verdict, VERDICT_FAILED);
    world_set(&w, "web", STATUS_OK);
    world_pass(&w, SECONDS(30));
    world_set(&w, "web", STATUS_STOPPED);
    world_pass(&w, SECONDS(30));
    assert_int_equal(engine_service(w.engine, 0)->verdict, VERDICT_STOPPED);
    end(&w);
}

static void the_ladder_is_climbed_to_the_sos(void **state)
{
    static const char *const command[] = { "agent", NULL };
    struct parts p = begin_model(0);
    struct model_settings *settings = build_settings(p.b);
    struct world w;
    struct seen seen;
    uint64_t broke, id;

    (void)state;
    settings->agents = (struct model_agents){ .n = 2, .agents = { { .name = "agent", .command = command, .timeout = SECONDS(60), .cooldown = SECONDS(600) },
                                                                  { .name = "fallback", .command = command, .timeout = SECONDS(60), .cooldown = SECONDS(600) } } };
    settings->sos = (struct model_sos){ true, SECONDS(900), SECONDS(14400) };
    begin(&w, &seen, &p);
    w.way = WAY_LIES;
    world_set(&w, "web", STATUS_FAIL);
    broke = w.now.awake;
    while (seen.entries[ENTRY_AGENT] == 0)
        world_step(&w, SECONDS(60));
    assert_int_equal(engine_overall(w.engine)->state, STATE_INVESTIGATING);
    world_pass(&w, SECONDS(60));
    assert_int_equal(seen.entries[ENTRY_AGENT], 2);
    assert_int_equal(engine_overall(w.engine)->state, STATE_CRITICAL);
    world_pass(&w, SECONDS(700));
    assert_int_equal(seen.notices[NOTICE_SOS], 0);
    world_pass(&w, SECONDS(200));
    assert_int_equal(seen.notices[NOTICE_SOS], 1);
    assert_true(seen.sos_at - broke >= SECONDS(900) && seen.sos_at - broke <= SECONDS(912));
    id = incident(&w);
    assert_true(world_heal(&w, &(struct heal_event){ .kind = HEAL_DELIVERED, .of.delivered = { id, false } }));
    assert_int_equal(engine_overall(w.engine)->state, STATE_SOS);
    w.way = WAY_FAILS;
    world_pass(&w, SECONDS(14000));
    assert_int_equal(seen.notices[NOTICE_SOS], 1);
    world_pass(&w, SECONDS(500));
    assert_int_equal(seen.notices[NOTICE_SOS], 2);
    world_set(&w, "web", STATUS_OK);
    world_pass(&w, SECONDS(60));
    assert_int_equal(seen.notices[NOTICE_ALL_CLEAR], 1);
    assert_int_equal(engine_overall(w.engine)->state, STATE_HEALTHY);
    end(&w);
}

/* Whatever a check prints, and however much, the words end with what a person can do. */
static void the_words_of_an_sos(void **state)
{
    static char title[300], note[900];
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    memset(title, 'T', sizeof title - 1);
    build_settings(p.b)->sos = (struct model_sos){ true, SECONDS(900), SECONDS(14400) };
    p.service->n_heal = 0;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(1000));
    assert_string_equal(seen.sos, "SOS: web is not well, and nothing has helped: as it is. `talon why web` says more");
    end(&w);
    p = begin_model(0);
    build_settings(p.b)->sos = (struct model_sos){ true, SECONDS(900), SECONDS(14400) };
    p.service->n_heal = 0;
    p.service->title = title;
    p.service->note = "Ask Ada\nat once";
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(1000));
    assert_non_null(strstr(seen.sos, "TT... is not well, and nothing has helped: as it is. Ask Ada at once. `talon why web` says more"));
    assert_true(strlen(seen.sos) < 180);
    end(&w);
    p = begin_model(0);
    build_settings(p.b)->sos = (struct model_sos){ true, SECONDS(900), SECONDS(14400) };
    p.service->n_heal = 0;
    memset(note, 'w', sizeof note - 1);
    for (size_t i = 9; i < sizeof note - 1; i += 10)
        note[i] = ' ';
    p.service->note = note;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(1000));
    assert_non_null(strstr(seen.sos, " wwwwwwwww.... `talon why web` says more")); /* whole words, in all the room that there is */
    assert_true(strlen(seen.sos) > ENGINE_TEXT - 20);
    end(&w);
}

static void the_store_lets_one_run_go_without_it(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    p.book->limits.cooldown = p.book->limits.hold_after_failure = 0;
    begin(&w, &seen, &p);
    w.way = WAY_FAILS;
    world_store(&w, STORE_LOST, false);
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(300));
    assert_int_equal(seen.begun, 1);
    assert_true(was_refused(&seen, "store"));
    world_store(&w, STORE_UP, false);
    world_pass(&w, SECONDS(30));
    assert_true(seen.begun > 1);
    end(&w);
}

static void a_run_by_hand_uses_up_nothing(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;
    size_t n;

    (void)state;
    begin(&w, &seen, &p);
    assert_true(world_command(&w, HEAL_ASK_START, "web", "restart", NULL));
    assert_string_equal(heal_refusal(w.heal), "");
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    assert_int_equal(heal_records(w.heal, &n)[0].record.n, 0);
    assert_true(world_command(&w, HEAL_ASK_START, "web", NULL, NULL));
    assert_non_null(strstr(heal_refusal(w.heal), "cooldown"));
    assert_true(world_command(&w, HEAL_ASK_START, "web", NULL, "because"));
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 2);
    assert_false(world_command(&w, HEAL_ASK_START, "nothing", NULL, NULL));
    end(&w);
}

static void a_model_that_comes_in_the_middle_changes_no_run(void **state)
{
    struct parts p = begin_model(0), q = begin_model(1);
    struct world w;
    struct seen seen;

    (void)state;
    q.steps[0].action.name = "another";
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_reload(&w, build_end(q.b));
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    end(&w);
}

/* ---- each kind of step */

static void steps_go_as_they_are_written(void **state)
{
    struct parts p = begin_model(0);
    struct model_step *inner = build_alloc(p.b, 2 * sizeof *inner), *steps = world_steps(p.b, p.book, 4);
    struct world w;
    struct seen seen;

    (void)state;
    inner[0] = (struct model_step){ .kind = MODEL_STEP_DO, .action = world_action("inner", SECONDS(30)) };
    inner[1] = (struct model_step){ .kind = MODEL_STEP_WAIT, .wait = SECONDS(7) };
    steps[0] = (struct model_step){ .kind = MODEL_STEP_COLLECT, .action = world_action("look", SECONDS(12)), .goes_on = true };
    steps[1] = (struct model_step){ .kind = MODEL_STEP_IF, .condition = world_verdict(p.b, 0, VERDICT_FAILED), .then = inner, .n_then = 2 };
    steps[2] = (struct model_step){ .kind = MODEL_STEP_VERIFY, .passes = world_passes(p.b, 0, 1, 1, SECONDS(5), SECONDS(60)) };
    steps[3] = (struct model_step){ .kind = MODEL_STEP_DO, .action = world_action("last", SECONDS(30)) };
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &seen, 2);
    assert_string_equal(seen.last_step, "2.1");
    world_pass(&w, SECONDS(12));
    assert_string_equal(seen.last_step, "4");
    world_pass(&w, SECONDS(60));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    end(&w);
}

static void a_step_that_fails_ends_the_run_unless_it_may(void **state)
{
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        struct parts p = begin_model(0);
        struct world w;
        struct seen seen;

        (void)state;
        p.steps[0].goes_on = goes_on;
        begin(&w, &seen, &p);
        w.way = WAY_FAILS;
        world_set(&w, "web", STATUS_FAIL);
        until_acts(&w, &seen, 1);
        world_pass(&w, SECONDS(1));
        if (goes_on)
            world_set(&w, "web", STATUS_OK);
        world_pass(&w, SECONDS(100));
        assert_int_equal(seen.over[goes_on ? HEAL_FIXED : HEAL_FAILED], 1);
        end(&w);
    }
}

static void an_action_that_hangs_or_dies_ends_it(void **state)
{
    for (int dies = 0; dies < 2; dies++) {
        struct parts p = begin_model(0);
        struct world w;
        struct seen seen;

        (void)state;
        begin(&w, &seen, &p);
        w.way = dies ? WAY_DIES : WAY_HANGS;
        world_set(&w, "web", STATUS_FAIL);
        world_pass(&w, SECONDS(120));
        assert_int_equal(seen.over[dies ? HEAL_INTERRUPTED : HEAL_FAILED], 1);
        end(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_is_repaired_and_held),
        cmocka_unit_test(one_failure_in_the_window_is_a_regression),
        cmocka_unit_test(where_it_stands_is_said_of_many_checks_as_well),
        cmocka_unit_test(a_lying_action_fixes_nothing),
        cmocka_unit_test(confirm_counts_ticks_of_the_schedule),
        cmocka_unit_test(rapid_tries_are_another_way),
        cmocka_unit_test(a_good_try_ends_them),
        cmocka_unit_test(limits_are_told_by_name),
        cmocka_unit_test(a_held_lock_is_tried_again),
        cmocka_unit_test(what_ran_is_interrupted_and_held),
        cmocka_unit_test(what_we_stopped_nobody_stopped_by_hand),
        cmocka_unit_test(the_ladder_is_climbed_to_the_sos), cmocka_unit_test(the_words_of_an_sos),
        cmocka_unit_test(the_store_lets_one_run_go_without_it),
        cmocka_unit_test(a_run_by_hand_uses_up_nothing),
        cmocka_unit_test(a_model_that_comes_in_the_middle_changes_no_run),
        cmocka_unit_test(steps_go_as_they_are_written),
        cmocka_unit_test(a_step_that_fails_ends_the_run_unless_it_may),
        cmocka_unit_test(an_action_that_hangs_or_dies_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
