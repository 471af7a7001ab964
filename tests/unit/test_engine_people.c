/* Silences, windows, pause, acknowledgements, and who is told what of them. */
#include "engine_support.h"

static const struct model *pair(void)
{
    struct build *b = build_begin(2, 2);

    struct model_service *vm = build_service(b, "vm");
    struct model_check *port = build_check(b, "port");

    vm->critical = true;
    port->fail_after = port->recover_after = 1;
    add_quick(b, "redis", "vm");
    return build_end(b);
}

static enum engine_outcome command(struct sim *sim, enum engine_command_kind kind, const char *service, uint64_t duration)
{
    struct engine_command c = { .kind = kind, .service = service, .duration = duration, .note = "jo: upgrade" };

    return sim_command(sim, &c);
}

static unsigned told(const struct sim *sim, enum engine_notice notice)
{
    unsigned n = 0;

    for (size_t i = 0; i < sim->n_notices && i < SIM_NOTICES; i++)
        n += sim->notices[i].notice == notice;
    return n;
}

static const struct engine_incident *incident(const struct sim *sim, uint64_t id)
{
    const struct engine_incident *found = engine_incident(sim->engine, id);

    assert_non_null(found);
    return found;
}

static void break_it(struct sim *sim)
{
    fail_now(sim, "vm.port");
    wait_until(sim, "vm", VERDICT_FAILED);
    sim_pass(sim, SECONDS(2));
}

static void mend(struct sim *sim)
{
    set(sim, "vm.port", STATUS_OK);
    nudge(sim, "vm.port");
    wait_until(sim, "vm", VERDICT_OK);
}

/* ---- refused */

static void what_makes_no_sense_is_refused_with_a_sentence(void **state)
{
    struct engine_command ack = { .kind = COMMAND_ACK, .incident = 7 }, nothing = { .kind = COMMAND_SILENCE, .service = "vm", .until_ok = true, .duration = SECONDS(60) };
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    assert_int_equal(command(&sim, COMMAND_SILENCE, "nobody", SECONDS(60)), ENGINE_REFUSED);
    assert_string_equal(engine_refusal(sim.engine), "there is no service of that name");
    assert_int_equal(command(&sim, COMMAND_SILENCE, "vm", 0), ENGINE_REFUSED);
    assert_int_equal(command(&sim, COMMAND_SILENCE, "vm", SECONDS(400ull * 86400)), ENGINE_REFUSED);
    assert_int_equal(command(&sim, COMMAND_UNSILENCE, "vm", 0), ENGINE_REFUSED);
    assert_int_equal(command(&sim, COMMAND_RESUME, NULL, 0), ENGINE_REFUSED);
    assert_int_equal(sim_command(&sim, &ack), ENGINE_REFUSED);
    assert_string_equal(engine_refusal(sim.engine), "there is no incident of that number");
    assert_int_equal(sim_command(&sim, &nothing), ENGINE_REFUSED);
    assert_int_equal(sim_window(&sim, false, "backup", NULL), ENGINE_REFUSED);
    assert_int_equal(command(&sim, COMMAND_SILENCE, "vm", SECONDS(60)), ENGINE_DONE);
    assert_string_equal(engine_refusal(sim.engine), "");
    end(&sim);
}

static void no_more_silences_than_can_be_kept(void **state)
{
    char name[16];
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    for (int i = 0; i < ENGINE_SILENCES; i++) {
        snprintf(name, sizeof name, "w%d", i);
        assert_int_equal(sim_window(&sim, true, name, "redis"), ENGINE_DONE);
    }
    assert_int_equal(sim_window(&sim, true, "one more", "redis"), ENGINE_REFUSED);
    assert_int_equal(command(&sim, COMMAND_SILENCE, "vm", SECONDS(60)), ENGINE_REFUSED);
    end(&sim);
}

/* ---- silences */

static void what_is_silenced_and_recovers_is_never_told(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_SILENCE, "vm", SECONDS(3600));
    break_it(&sim);
    assert_int_equal(engine_overall(sim.engine)->failed_probe_count, 0);
    assert_int_equal(engine_overall(sim.engine)->state, STATE_HEALTHY);
    assert_int_equal(engine_overall(sim.engine)->silenced, 1);
    mend(&sim);
    sim_pass(&sim, SECONDS(4000));
    assert_int_equal(sim.n_notices, 0);
    assert_int_equal(incident(&sim, 1)->ending, INCIDENT_RECOVERED);
    end(&sim);
}

static void what_is_failed_still_is_confirmed_and_then_told(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_SILENCE, "vm", SECONDS(600));
    break_it(&sim);
    hang(&sim, "vm.port");
    while (sim_shown(&sim, "vm")->silenced && sim_step(&sim, SECONDS(600)))
        ;
    assert_int_equal(told(&sim, NOTICE_OPENED), 0);
    hear(&sim, "vm.port", STATUS_FAIL);
    while (told(&sim, NOTICE_OPENED) == 0 && sim.events < 10000)
        hear(&sim, "vm.port", STATUS_FAIL);
    assert_int_equal(told(&sim, NOTICE_OPENED), 1);
    end(&sim);
}

static void one_until_ok_ends_with_recovery(void **state)
{
    struct engine_command until = { .kind = COMMAND_SILENCE, .service = "vm", .until_ok = true, .duration = SECONDS(86400) };
    struct sim sim;
    size_t n;

    (void)state;
    begin(&sim, pair());
    break_it(&sim);
    assert_int_equal(sim_command(&sim, &until), ENGINE_DONE);
    mend(&sim);
    engine_silences(sim.engine, &n);
    assert_int_equal(n, 0);
    assert_int_equal(told(&sim, NOTICE_OPENED), 1);
    assert_int_equal(told(&sim, NOTICE_RECOVERED), 0);
    break_it(&sim);
    assert_int_equal(told(&sim, NOTICE_OPENED), 2);
    end(&sim);
}

static void it_covers_what_is_caused_by_its_subject(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_SILENCE, "vm", SECONDS(3600));
    break_it(&sim);
    fail_now(&sim, "redis.port");
    sim_pass(&sim, SECONDS(5));
    assert_true(sim_shown(&sim, "redis")->silenced);
    assert_int_equal(engine_overall(sim.engine)->silenced, 2);
    end(&sim);
}

static void sleep_counts_for_it_and_a_stepped_clock_does_not(void **state)
{
    struct sim sim;
    size_t n;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_SILENCE, "vm", SECONDS(3600));
    sim.now.wall += (int64_t)SECONDS(365ull * 86400);
    sim_pass(&sim, SECONDS(10));
    engine_silences(sim.engine, &n);
    assert_int_equal(n, 1);
    sim.now.wall -= (int64_t)SECONDS(2 * 365ull * 86400);
    sim_gap(&sim, SECONDS(3600), false);
    engine_silences(sim.engine, &n);
    assert_int_equal(n, 0);
    end(&sim);
}

static void a_forgotten_one_is_told_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_SILENCE, "vm", SECONDS(3 * 86400));
    sim_pass(&sim, SECONDS(86400) - 1);
    assert_int_equal(told(&sim, NOTICE_SILENCED_LONG), 0);
    sim_pass(&sim, SECONDS(86400));
    assert_int_equal(told(&sim, NOTICE_SILENCED_LONG), 1);
    end(&sim);
}

static void a_window_is_a_silence_until_it_is_closed(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    assert_int_equal(sim_window(&sim, true, "backup", NULL), ENGINE_DONE);
    assert_int_equal(sim_window(&sim, true, "backup", NULL), ENGINE_DONE);
    assert_true(sim_shown(&sim, "redis")->silenced);
    assert_int_equal(sim_window(&sim, false, "backup", NULL), ENGINE_DONE);
    assert_false(sim_shown(&sim, "redis")->silenced);
    end(&sim);
}

static void a_pause_ends_by_itself(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    command(&sim, COMMAND_PAUSE, NULL, SECONDS(60));
    sim_pass(&sim, SECONDS(60) - 1);
    assert_true(engine_paused_until(sim.engine) > 0);
    sim_pass(&sim, 1);
    assert_int_equal(engine_paused_until(sim.engine), 0);
    end(&sim);
}

/* ---- incidents */

static void one_is_told_once_reminded_of_and_told_to_be_over(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    break_it(&sim);
    assert_int_equal(told(&sim, NOTICE_OPENED), 1);
    assert_int_equal(sim.notices[0].level, LEVEL_MESSAGE);
    assert_int_equal(sim.n_collected, 1);
    sim_pass(&sim, SECONDS(4 * 3600));
    assert_int_equal(told(&sim, NOTICE_REPEATED), 1);
    mend(&sim);
    assert_int_equal(told(&sim, NOTICE_OPENED), 1);
    assert_int_equal(told(&sim, NOTICE_RECOVERED), 1);
    end(&sim);
}

static void acknowledged_it_is_not_repeated(void **state)
{
    struct engine_command ack = { .kind = COMMAND_ACK, .incident = 1, .duration = SECONDS(5 * 3600), .note = "jo: on it" };
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    break_it(&sim);
    assert_int_equal(sim_command(&sim, &ack), ENGINE_DONE);
    sim_pass(&sim, SECONDS(5 * 3600) - 1);
    assert_int_equal(told(&sim, NOTICE_REPEATED), 0);
    sim_pass(&sim, 1);
    assert_int_equal(told(&sim, NOTICE_REPEATED), 1);
    end(&sim);
}

static void a_relapse_within_reopen_is_the_same_one_and_at_it_a_new_one(void **state)
{
    uint64_t closed;
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    break_it(&sim);
    mend(&sim);
    break_it(&sim);
    assert_int_equal(sim_shown(&sim, "vm")->incident, 1);
    assert_int_equal(incident(&sim, 1)->reopened, 1);
    assert_int_equal(sim.n_collected, 1);
    mend(&sim);
    closed = incident(&sim, 1)->closed_elapsed;
    sim_pass(&sim, closed + SECONDS(1800) - sim.now.elapsed);
    break_it(&sim);
    assert_int_equal(sim_shown(&sim, "vm")->incident, 2);
    end(&sim);
}

static void a_need_that_turns_out_to_be_to_blame_takes_it(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    fail_now(&sim, "redis.port");
    wait_until(&sim, "redis", VERDICT_FAILED);
    sim_pass(&sim, SECONDS(2));
    assert_int_equal(sim_shown(&sim, "redis")->incident, 1);
    break_it(&sim);
    assert_int_equal(sim_shown(&sim, "vm")->incident, 2);
    assert_int_equal(incident(&sim, 1)->ending, INCIDENT_FOLDED);
    assert_int_equal(incident(&sim, 1)->folded_into, 2);
    assert_int_equal(incident(&sim, 2)->joined, 1);
    end(&sim);
}

static void stopped_by_hand_is_told_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    set(&sim, "vm.port", STATUS_STOPPED);
    sim_pass(&sim, SECONDS(300));
    assert_int_equal(told(&sim, NOTICE_STOPPED), 1);
    assert_int_equal(sim.notices[0].level, LEVEL_MESSAGE);
    end(&sim);
}

static void a_long_warning_is_told_once(void **state)
{
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    set(&sim, "redis.port", STATUS_WARN);
    wait_until(&sim, "redis", VERDICT_WARN);
    sim_pass(&sim, SECONDS(3600) - 1);
    assert_int_equal(told(&sim, NOTICE_WARNS_LONG), 0);
    sim_pass(&sim, SECONDS(3600));
    assert_int_equal(told(&sim, NOTICE_WARNS_LONG), 1);
    end(&sim);
}

static void talons_own_troubles_are_told_once(void **state)
{
    struct engine_event down = { .kind = EVENT_STORE_DOWN }, up = { .kind = EVENT_STORE_UP };
    struct sim sim;

    (void)state;
    begin(&sim, pair());
    sim_feed(&sim, &down);
    sim_feed(&sim, &down);
    assert_int_equal(told(&sim, NOTICE_SELF), 1);
    sim_feed(&sim, &up);
    assert_int_equal(told(&sim, NOTICE_SELF), 2);
    assert_true(sim.notices[1].over);
    end(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_makes_no_sense_is_refused_with_a_sentence),
        cmocka_unit_test(no_more_silences_than_can_be_kept),
        cmocka_unit_test(what_is_silenced_and_recovers_is_never_told),
        cmocka_unit_test(what_is_failed_still_is_confirmed_and_then_told),
        cmocka_unit_test(one_until_ok_ends_with_recovery),
        cmocka_unit_test(it_covers_what_is_caused_by_its_subject),
        cmocka_unit_test(sleep_counts_for_it_and_a_stepped_clock_does_not),
        cmocka_unit_test(a_forgotten_one_is_told_once),
        cmocka_unit_test(a_window_is_a_silence_until_it_is_closed),
        cmocka_unit_test(a_pause_ends_by_itself),
        cmocka_unit_test(one_is_told_once_reminded_of_and_told_to_be_over),
        cmocka_unit_test(acknowledged_it_is_not_repeated),
        cmocka_unit_test(a_relapse_within_reopen_is_the_same_one_and_at_it_a_new_one),
        cmocka_unit_test(a_need_that_turns_out_to_be_to_blame_takes_it),
        cmocka_unit_test(stopped_by_hand_is_told_once),
        cmocka_unit_test(a_long_warning_is_told_once),
        cmocka_unit_test(talons_own_troubles_are_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
