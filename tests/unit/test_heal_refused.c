/* What keeps a repair from starting: each limit that hangs on more than the runbook's own past, told by its name, and gone when its reason is. */
#include "heal_machine_support.h"

static struct model_condition always(struct build *b)
{
    struct model_when *node = build_alloc(b, sizeof *node);

    *node = (struct model_when){ .kind = MODEL_WHEN_METRIC, .check = 0, .metric = "uptime", .comparison = MODEL_LESS, .value = 60 };
    return (struct model_condition){ .text = "web.ping.uptime < 60s", .n = 1, .nodes = node };
}

/* It fails, is refused by that limit and none starts; afterwards one does. */
static void is_refused(struct world *w, struct seen *seen, const char *limit)
{
    world_set(w, "web", STATUS_FAIL);
    world_pass(w, SECONDS(60));
    assert_int_equal(seen->begun, 0);
    assert_true(was_refused(seen, limit));
}

static void is_allowed(struct world *w, struct seen *seen)
{
    world_pass(w, SECONDS(60));
    assert_int_equal(seen->begun, 1);
    end(w);
}

static void the_switches_refuse(void **state)
{
    for (int safe = 0; safe < 2; safe++) {
        struct parts p = begin_model(0);
        struct world w;
        struct seen seen;

        (void)state;
        begin(&w, &seen, &p);
        world_heal(&w, &(struct heal_event){ .kind = HEAL_ONLY_LOOK, .of.only_look = { !safe, safe } });
        is_refused(&w, &seen, safe ? "safe_mode" : "switched_off");
        world_heal(&w, &(struct heal_event){ .kind = HEAL_ONLY_LOOK });
        is_allowed(&w, &seen);
    }
}

static void a_silence_refuses(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = { .kind = COMMAND_SILENCE, .service = "web", .duration = SECONDS(600) } });
    is_refused(&w, &seen, "silenced");
    assert_int_equal(seen.notices[NOTICE_REFUSED], 0);
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = { .kind = COMMAND_UNSILENCE, .service = "web" } });
    is_allowed(&w, &seen);
}

static void an_acknowledgement_refuses(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    p.book->limits.confirm_ticks = 3;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    while (incident(&w) == 0)
        world_step(&w, SECONDS(60));
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND, .of.command = { .kind = COMMAND_ACK, .incident = incident(&w), .duration = SECONDS(300) } });
    is_refused(&w, &seen, "acked");
    world_pass(&w, SECONDS(250));
    is_allowed(&w, &seen);
}

static void a_sick_observer_refuses(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    w.sickness = SICKNESS_ROUTE;
    world_feed(&w, &(struct engine_event){ .kind = EVENT_OBSERVED, .of.observed = { 0, SICKNESS_ROUTE, "there is no route" } });
    is_refused(&w, &seen, "observer");
    w.sickness = SICKNESS_NONE;
    world_feed(&w, &(struct engine_event){ .kind = EVENT_OBSERVED, .of.observed = { 0, SICKNESS_NONE, NULL } });
    is_allowed(&w, &seen);
}

static void warming_up_refuses_and_so_does_another_healer(void **state)
{
    for (int owner = 0; owner < 2; owner++) {
        struct parts p = begin_model(0);
        struct world w;
        struct seen seen;

        (void)state;
        *(owner ? &p.book->limits.owner : &p.book->limits.warmup) = always(p.b);
        begin(&w, &seen, &p);
        world_check(&w, "web.ping")->metric = 10;
        is_refused(&w, &seen, owner ? "owner" : "warmup");
        world_check(&w, "web.ping")->metric = 100;
        is_allowed(&w, &seen);
    }
}

static void who_cannot_be_seen_not_to_heal_may_be_healing(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    p.book->limits.owner = always(p.b);
    begin(&w, &seen, &p);
    w.hardly = true;
    is_refused(&w, &seen, "owner");
    end(&w);
}

static void what_destroys_takes_a_person_and_a_reason(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct seen seen;

    (void)state;
    p.book->impact = MODEL_DESTROY;
    begin(&w, &seen, &p);
    is_refused(&w, &seen, "destructive");
    world_command(&w, HEAL_ASK_START, "web", "restart", NULL);
    assert_non_null(strstr(heal_refusal(w.heal), "destructive"));
    world_command(&w, HEAL_ASK_START, "web", "restart", "nothing is lost");
    is_allowed(&w, &seen);
}

/* ---- others */

static struct parts with_dependent(enum model_impact impact)
{
    struct parts p = begin_model(1);
    struct model_service *dependent;
    struct model_check *check;

    p.book->impact = impact;
    dependent = build_service(p.b, "front");
    dependent->critical = true;
    check = build_check(p.b, "get");
    check->every = SECONDS(10);
    check->fail_after = 2;
    build_need(p.b, "web");
    return p;
}

static void nothing_disrupts_who_still_answers(void **state)
{
    struct parts p = with_dependent(MODEL_DISRUPT);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    is_refused(&w, &seen, "dependents");
    world_set(&w, "front", STATUS_FAIL);
    is_allowed(&w, &seen);
}

static void a_restart_of_one_service_may(void **state)
{
    struct parts p = with_dependent(MODEL_RESTART);
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    is_allowed(&w, &seen);
}

/* The dependent has a runbook as well: its need is to blame, and only that is repaired. */
static void a_failed_need_is_repaired_and_nobody_else(void **state)
{
    struct parts p = with_dependent(MODEL_RESTART);
    struct world w;
    struct seen seen;

    (void)state;
    {
        struct model_service *front = p.service + 1;
        struct model_runbook *book = world_runbook(p.b, "other", MODEL_RESTART);

        *world_steps(p.b, book, 1) = p.steps[0];
        book->verify = p.book->verify;
        world_entry(p.b, front, book);
    }
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_set(&w, "front", STATUS_FAIL);
    w.way = WAY_LIES;
    world_pass(&w, SECONDS(300));
    assert_int_equal(seen.begun, 1);
    assert_int_equal(engine_service(w.engine, 1)->caused_by, 0);
    assert_false(world_command(&w, HEAL_ASK_START, "front", "none", NULL));
    assert_true(world_command(&w, HEAL_ASK_START, "front", "other", NULL));
    assert_non_null(strstr(heal_refusal(w.heal), "needs"));
    end(&w);
}

/* Front's runbook takes down what it needs, and waits for both. */
static void take_down(struct world *w, struct seen *seen, enum model_impact impact)
{
    struct parts p = with_dependent(MODEL_RESTART);
    struct model_service *front = p.service + 1;
    struct model_runbook *book = world_runbook(p.b, "cycle", impact);
    struct model_step *steps = world_steps(p.b, book, 2);

    steps[0] = p.steps[0];
    steps[1] = (struct model_step){ .kind = MODEL_STEP_UNTIL, .passes = world_passes(p.b, 0, 2, 2, SECONDS(5), SECONDS(60)) };
    book->verify = world_passes(p.b, 0, 2, 2, SECONDS(5), SECONDS(60));
    world_entry(p.b, front, book);
    begin(w, seen, &p);
    world_set(w, "front", STATUS_FAIL);
    until_acts(w, seen, 1);
    world_set(w, "web", STATUS_FAIL);
    world_pass(w, SECONDS(16));
    assert_int_equal(engine_service(w->engine, 0)->verdict, VERDICT_FAILED);
    assert_true(engine_service(w->engine, 0)->root);
}

/* It is down because of us: that is no news, and nothing is repaired of it by others. */
static void what_a_run_takes_down_opens_no_incident(void **state)
{
    struct world w;
    struct seen seen;

    (void)state;
    take_down(&w, &seen, MODEL_DISRUPT);
    assert_int_equal(engine_service(w.engine, 0)->incident, 0);
    world_set(&w, "web", STATUS_OK);
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.over[HEAL_FIXED], 1);
    assert_int_equal(seen.begun, 1);
    assert_int_equal(engine_service(w.engine, 0)->incident + engine_service(w.engine, 1)->incident, 0);
    assert_null(engine_incident(w.engine, 2));
    end(&w);
}

static void what_stays_down_does_when_the_run_has_ended(void **state)
{
    struct world w;
    struct seen seen;

    (void)state;
    take_down(&w, &seen, MODEL_DISRUPT);
    world_pass(&w, SECONDS(90));
    assert_int_equal(seen.over[HEAL_FAILED], 1);
    assert_non_null(engine_incident(w.engine, 2));
    assert_string_equal(engine_incident(w.engine, 2)->service, "web");
    assert_int_equal(seen.begun, 2); /* and is repaired itself */
    end(&w);
}

static void what_fails_beside_a_small_run_opens_its_own(void **state)
{
    struct world w;
    struct seen seen;

    (void)state;
    take_down(&w, &seen, MODEL_RESTART);
    assert_true(engine_service(w.engine, 0)->incident > 0);
    end(&w);
}

static struct parts two_with_one_runbook(void)
{
    struct parts p = begin_model(1);
    struct model_service *other;
    struct model_check *check;

    other = build_service(p.b, "other");
    check = build_check(p.b, "ping");
    check->every = SECONDS(10);
    check->fail_after = 2;
    check->recover_after = 1;
    world_entry(p.b, other, p.book);
    return p;
}

/* rules.md 4.3: it runs once, and each incident shows it. */
static void one_runbook_for_two_runs_once(void **state)
{
    struct parts p = two_with_one_runbook();
    struct world w;
    struct seen seen;

    (void)state;
    begin(&w, &seen, &p);
    world_set(&w, "web", STATUS_FAIL);
    world_set(&w, "other", STATUS_FAIL);
    until_acts(&w, &seen, 1);
    world_pass(&w, SECONDS(12));
    assert_int_equal(seen.entries[ENTRY_HEAL_BEGUN], 2);
    assert_int_equal(seen.acts, 1);
    world_set(&w, "other", STATUS_OK); /* it was the same thing */
    world_pass(&w, SECONDS(120));
    assert_int_equal(seen.entries[ENTRY_FIXED], 2); /* the other one was well before, but its incident waited for what the run came to */
    assert_int_equal(seen.acts, 1);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_switches_refuse),
        cmocka_unit_test(a_silence_refuses),
        cmocka_unit_test(an_acknowledgement_refuses),
        cmocka_unit_test(a_sick_observer_refuses),
        cmocka_unit_test(warming_up_refuses_and_so_does_another_healer),
        cmocka_unit_test(who_cannot_be_seen_not_to_heal_may_be_healing),
        cmocka_unit_test(what_destroys_takes_a_person_and_a_reason),
        cmocka_unit_test(nothing_disrupts_who_still_answers),
        cmocka_unit_test(a_restart_of_one_service_may),
        cmocka_unit_test(a_failed_need_is_repaired_and_nobody_else),
        cmocka_unit_test(what_a_run_takes_down_opens_no_incident),
        cmocka_unit_test(what_stays_down_does_when_the_run_has_ended),
        cmocka_unit_test(what_fails_beside_a_small_run_opens_its_own),
        cmocka_unit_test(one_runbook_for_two_runs_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
