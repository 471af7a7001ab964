/* A new model: what stayed the same goes on, what is new starts, what is gone ends. */
#include "engine_support.h"

/* web.page and web.port; db.port, needed by web. `port`: the fingerprint of web.port. */
static const struct model *site(uint64_t port)
{
    struct build *b = build_begin(2, 3);

    build_service(b, "web");
    build_need(b, "db");
    build_check(b, "page")->fail_after = 2;
    build_check(b, "port")->fingerprint = port;
    build_service(b, "db");
    build_check(b, "port")->fail_after = 1;
    return build_end(b);
}

/* The same in another order, with something before it. */
static const struct model *moved_site(void)
{
    struct build *b = build_begin(3, 4);

    build_service(b, "new");
    build_check(b, "port");
    build_service(b, "db");
    build_check(b, "port")->fail_after = 1;
    build_service(b, "web");
    build_need(b, "db");
    build_check(b, "port");
    build_check(b, "page")->fail_after = 2;
    return build_end(b);
}

static void fail_page(struct sim *sim)
{
    hear(sim, "web.page", STATUS_FAIL);
    hear(sim, "web.page", STATUS_FAIL);
}

/* ---- checks */

static void unchanged_checks_keep_everything(void **state)
{
    struct sim sim;
    struct engine_check before;
    struct engine_service service;

    (void)state;
    begin(&sim, site(1));
    fail_page(&sim);
    before = *sim_shown_check(&sim, "web.page");
    service = *sim_shown(&sim, "web");
    sim_pass(&sim, MS(500));
    sim_reload(&sim, moved_site());
    assert_memory_equal(&before, sim_shown_check(&sim, "web.page"), sizeof before);
    assert_int_equal(verdict_of(&sim, "web.page"), VERDICT_FAILED);
    assert_int_equal(sim_shown(&sim, "web")->since, service.since);
    assert_int_equal(sim_verdict(&sim, "web"), VERDICT_FAILED);
    end(&sim);
}

static void a_run_in_progress_goes_on_and_its_result_finds_its_check(void **state)
{
    struct sim sim;
    uint64_t run;

    (void)state;
    begin(&sim, site(1));
    hang(&sim, "web.page");
    nudge(&sim, "web.page");
    run = sim_check(&sim, "web.page")->run;
    sim_reload(&sim, moved_site());
    assert_int_equal(effects_of(&sim, EFFECT_CANCEL), 0);
    assert_int_equal(sim_check(&sim, "web.page")->run, run);
    answer(&sim, "web.page", STATUS_FAIL);
    assert_int_equal(verdict_of(&sim, "web.page"), VERDICT_SUSPECT);
    end(&sim);
}

static void new_checks_start_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    sim_reload(&sim, moved_site());
    assert_true(is_running(&sim, "new.port"));
    assert_false(is_running(&sim, "web.page"));
    assert_int_equal(verdict_of(&sim, "new.port"), VERDICT_NONE);
    end(&sim);
}

static void a_changed_check_starts_anew_and_its_run_is_cancelled(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    hang(&sim, "web.port");
    nudge(&sim, "web.port");
    sim_reload(&sim, site(2));
    assert_int_equal(effects_of(&sim, EFFECT_CANCEL), 1);
    assert_int_equal(effects_of(&sim, EFFECT_RECORD), 2); /* the check has no verdict any more, nor has its service */
    assert_int_equal(verdict_of(&sim, "web.port"), VERDICT_NONE);
    assert_null(sim_shown_check(&sim, "web.port")->last);
    assert_int_equal(verdict_of(&sim, "web.page"), VERDICT_OK);
    assert_true(is_running(&sim, "web.port"));
    end(&sim);
}

static void removed_and_disabled_checks_are_cancelled(void **state)
{
    struct result *late = result_make(STATUS_FAIL, "late", "late", 0, NULL, 0, NULL, 0);
    struct build *b = build_begin(2, 2);
    struct sim sim;
    uint64_t gone[2];

    (void)state;
    sim_begin(&sim, 1, site(1));
    gone[0] = sim_check(&sim, "web.port")->run;
    gone[1] = sim_check(&sim, "db.port")->run;
    build_service(b, "web");
    build_need(b, "db");
    build_check(b, "page")->fail_after = 2;
    build_service(b, "db")->enabled = false;
    build_check(b, "port")->fail_after = 1;
    sim_reload(&sim, build_end(b));
    assert_int_equal(effects_of(&sim, EFFECT_CANCEL), 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sim_feed(&sim, &(struct engine_event){ .kind = EVENT_RESULT, .of.result = { gone[i], late } }), ENGINE_REFUSED);
    sim_pass(&sim, SECONDS(200));
    assert_int_equal(sim_check(&sim, "db.port")->starts, 0);
    result_drop(late);
    end(&sim);
}

/* ---- causes */

static void who_is_to_blame_moves_with_its_name(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    fail_now(&sim, "db.port");
    fail_page(&sim);
    assert_string_equal(caused_by(&sim, "web"), "db");
    sim_reload(&sim, moved_site());
    assert_string_equal(caused_by(&sim, "web"), "db");
    assert_string_equal(root(&sim, "db"), "certain");
    end(&sim);
}

static void when_the_need_to_blame_is_gone_it_is_judged_by_those_it_has(void **state)
{
    struct build *b = build_begin(1, 2);
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    fail_now(&sim, "db.port");
    fail_page(&sim);
    build_service(b, "web");
    build_check(b, "page")->fail_after = 2;
    build_check(b, "port");
    sim_reload(&sim, build_end(b));
    assert_string_equal(caused_by(&sim, "web"), "nobody");
    assert_string_equal(root(&sim, "web"), "certain");
    end(&sim);
}

static const struct model *site_on_vm(bool needed)
{
    struct build *b = build_begin(3, 4);

    build_service(b, "vm");
    build_check(b, "ssh");
    build_service(b, "web");
    build_need(b, "db");
    if (needed)
        build_need(b, "vm");
    build_check(b, "page")->fail_after = 2;
    build_check(b, "port");
    build_service(b, "db");
    build_check(b, "port")->fail_after = 1;
    return build_end(b);
}

static void new_needs_of_a_failed_service_are_asked_at_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site_on_vm(false));
    fail_page(&sim);
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "web"), "certain");
    sim_reload(&sim, site_on_vm(true));
    assert_true(is_running(&sim, "vm.ssh"));
    sim_pass(&sim, SECONDS(1));
    assert_string_equal(root(&sim, "web"), "certain");
    end(&sim);
}

static void new_needs_that_were_heard_since_are_not_asked_again(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site_on_vm(false));
    fail_page(&sim);
    sim_pass(&sim, SECONDS(1));
    nudge(&sim, "vm.ssh");
    sim_pass(&sim, SECONDS(1));
    sim_reload(&sim, site_on_vm(true));
    assert_string_equal(root(&sim, "web"), "certain");
    assert_false(is_running(&sim, "vm.ssh"));
    end(&sim);
}

static void a_grace_ends_with_the_need_that_it_was_given_for(void **state)
{
    struct build *b = build_begin(2, 3);
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    fail_now(&sim, "db.port");
    fail_page(&sim);
    hang(&sim, "db.port");
    hear(&sim, "db.port", STATUS_OK);
    hear(&sim, "db.port", STATUS_OK);
    hear(&sim, "web.page", STATUS_FAIL);
    assert_string_equal(waiting_for(&sim, "web"), "db");
    build_service(b, "db");
    build_check(b, "port")->fail_after = 1;
    build_service(b, "web"); /* does not need it any more */
    build_check(b, "page")->fail_after = 2;
    build_check(b, "port");
    sim_reload(&sim, build_end(b));
    assert_string_equal(root(&sim, "web"), "certain");
    end(&sim);
}

/* ---- times */

static void the_same_model_again_changes_nothing(void **state)
{
    struct sim sim;
    struct engine_check before;

    (void)state;
    begin(&sim, site(1));
    sim_pass(&sim, SECONDS(90));
    before = *sim_shown_check(&sim, "web.page");
    sim_reload(&sim, site(1));
    assert_int_equal(effects_of(&sim, EFFECT_START_CHECK) + effects_of(&sim, EFFECT_CANCEL) + effects_of(&sim, EFFECT_RECORD) + effects_of(&sim, EFFECT_LOG), 0);
    assert_memory_equal(&before, sim_shown_check(&sim, "web.page"), sizeof before);
    end(&sim);
}

static void no_row_of_reloads_delays_a_run(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    for (uint64_t i = 0; i < 50; i++) {
        sim_reload(&sim, i % 2 == 0 ? moved_site() : site(1));
        sim_pass(&sim, SECONDS(7));
        assert_true(sim.now.awake - sim_check(&sim, "web.page")->last_start <= SECONDS(60));
    }
    end(&sim);
}

/* ---- paths */

/* Three checks through one path, or through none; `other`: with another service before them. */
static const struct model *queue_of_three(bool bounded, bool other)
{
    struct build *b = build_begin(2, 4);
    size_t path = bounded ? build_path(b, "lima", 1) : MODEL_NONE;

    if (other) {
        build_service(b, "b");
        build_check(b, "other");
    }
    build_service(b, "a");
    build_check(b, "c0")->path = path;
    build_check(b, "c1")->path = path;
    build_check(b, "c2")->path = path;
    return build_end(b);
}

static void those_that_wait_for_a_path_go_on_waiting_in_their_order(void **state)
{
    static const char *const order[] = { "a.c0", "a.c2", "a.c1" };
    struct sim sim;

    (void)state;
    begin(&sim, queue_of_three(true, false));
    for (size_t i = 0; i < 3; i++) {
        hang(&sim, order[i]);
        nudge(&sim, order[i]);
    }
    sim_reload(&sim, queue_of_three(true, true));
    for (size_t i = 0; i < 3; i++) {
        assert_true(is_running(&sim, order[i]));
        answer(&sim, order[i], STATUS_OK);
    }
    end(&sim);
}

static void a_path_that_is_gone_holds_nobody(void **state)
{
    struct sim sim;

    (void)state;
    sim_begin(&sim, 1, queue_of_three(true, false));
    sim_reload(&sim, queue_of_three(false, false));
    assert_true(is_running(&sim, "a.c0") && is_running(&sim, "a.c1") && is_running(&sim, "a.c2"));
    end(&sim);
}

/* ---- what people see of it */

static void how_long_it_has_been_so_outlives_a_reload(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    sim_pass(&sim, SECONDS(120));
    sim_reload(&sim, moved_site());
    assert_string_equal(sim_why(&sim, "web"), "all 2 checks have been ok for 2 min");
    end(&sim);
}

static size_t records_of(struct sim *sim, enum engine_record kind, enum engine_verdict from, enum engine_verdict to)
{
    size_t n, found = 0;
    const struct engine_effect *effects = engine_effects(sim->engine, &n);

    for (size_t i = 0; i < n; i++)
        found += effects[i].kind == EFFECT_RECORD && effects[i].of.record.kind == kind && effects[i].of.record.from == (int)from && effects[i].of.record.to == (int)to;
    return found;
}

static void what_is_not_watched_any_more_is_recorded_so(void **state)
{
    struct build *b = build_begin(2, 3);
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    build_service(b, "web");
    build_check(b, "page")->fail_after = 2;
    build_check(b, "port");
    build_service(b, "db")->enabled = false;
    build_check(b, "port")->fail_after = 1;
    sim_reload(&sim, build_end(b));
    assert_int_equal(records_of(&sim, RECORD_SERVICE_CHANGED, VERDICT_OK, VERDICT_NONE), 1);
    assert_int_equal(records_of(&sim, RECORD_CHECK_CHANGED, VERDICT_OK, VERDICT_NONE), 1);
    end(&sim);
}

/* It is asked three times in the new interval, and so it is stale after three of these. */
static void another_interval_is_another_time_to_be_stale(void **state)
{
    struct build *b = build_begin(2, 3);
    struct model_check *check;
    struct sim sim;

    (void)state;
    begin(&sim, site(1));
    build_service(b, "web");
    build_need(b, "db");
    check = build_check(b, "page");
    check->fail_after = 2;
    check->every = SECONDS(10);
    build_check(b, "port");
    build_service(b, "db");
    build_check(b, "port")->fail_after = 1;
    hang(&sim, "web.page");
    sim_reload(&sim, build_end(b));
    sim_pass(&sim, SECONDS(40) - 1);
    assert_false(sim_shown_check(&sim, "web.page")->stale);
    sim_pass(&sim, 1);
    assert_true(sim_shown_check(&sim, "web.page")->stale);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged_checks_keep_everything),
        cmocka_unit_test(a_run_in_progress_goes_on_and_its_result_finds_its_check),
        cmocka_unit_test(new_checks_start_at_once),
        cmocka_unit_test(a_changed_check_starts_anew_and_its_run_is_cancelled),
        cmocka_unit_test(removed_and_disabled_checks_are_cancelled),
        cmocka_unit_test(who_is_to_blame_moves_with_its_name),
        cmocka_unit_test(when_the_need_to_blame_is_gone_it_is_judged_by_those_it_has),
        cmocka_unit_test(new_needs_of_a_failed_service_are_asked_at_once),
        cmocka_unit_test(new_needs_that_were_heard_since_are_not_asked_again),
        cmocka_unit_test(a_grace_ends_with_the_need_that_it_was_given_for),
        cmocka_unit_test(the_same_model_again_changes_nothing),
        cmocka_unit_test(no_row_of_reloads_delays_a_run),
        cmocka_unit_test(those_that_wait_for_a_path_go_on_waiting_in_their_order),
        cmocka_unit_test(a_path_that_is_gone_holds_nobody),
        cmocka_unit_test(how_long_it_has_been_so_outlives_a_reload),
        cmocka_unit_test(what_is_not_watched_any_more_is_recorded_so),
        cmocka_unit_test(another_interval_is_another_time_to_be_stale),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
