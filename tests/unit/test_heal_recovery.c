/*
 * When has a service recovered that was repaired? Not when its checks are well, but when the repair held: until then its incident is open and nobody is told, and
 * then each thing is told once (design.md 7, rules.md 3.13).
 */
#include "heal_machine_support.h"

struct told {
    struct seen seen; /* first: what heal says is noted in it */
    unsigned opened, recovered;
};

static void notice(struct world *w, const struct engine_effect *effect)
{
    struct told *told = w->user;

    told->opened += effect->of.notify.notice == NOTICE_OPENED;
    told->recovered += effect->of.notify.notice == NOTICE_RECOVERED;
}

static void begin_told(struct world *w, struct told *told, struct parts *p)
{
    memset(told, 0, sizeof *told);
    begin(w, &told->seen, p);
    w->noticed = notice;
}

static bool verifies(const struct world *w)
{
    size_t n;
    const struct heal_running *all = heal_running(w->heal, &n);

    return n > 0 && all[0].verifying;
}

static void until_verifies(struct world *w)
{
    const uint64_t deadline = w->now.awake + SECONDS(3600);

    while (!verifies(w)) {
        world_step(w, SECONDS(1));
        assert_true(w->now.awake < deadline);
    }
}

static bool is_well(const struct world *w, size_t service)
{
    return engine_service(w->engine, service)->verdict == VERDICT_OK;
}

/* Where that line stands in the timeline; 99: nowhere. */
static unsigned line(const struct world *w, uint64_t id, enum engine_entry_kind kind)
{
    const struct engine_incident *incident = engine_incident(w->engine, id);

    for (unsigned i = 0; i < incident->n_entries; i++)
        if (incident->entries[i].kind == kind)
            return i;
    return 99;
}

static void nobody_has_recovered_before_it_held(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct told told;

    (void)state;
    begin_told(&w, &told, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_verifies(&w);
    world_pass(&w, SECONDS(15)); /* of twenty */
    assert_true(is_well(&w, 0) && verifies(&w));
    assert_int_equal(incident(&w), 1);
    assert_int_equal(told.recovered, 0);
    world_pass(&w, SECONDS(20));
    assert_int_equal(incident(&w), 0);
    assert_int_equal(told.opened, 1);
    assert_int_equal(told.recovered, 1);
    assert_int_equal(told.seen.notices[NOTICE_FIXED], 1);
    assert_true(line(&w, 1, ENTRY_FIXED) < line(&w, 1, ENTRY_RECOVERED) && line(&w, 1, ENTRY_RECOVERED) < 99);
    world_pass(&w, SECONDS(7200));
    assert_int_equal(told.recovered, 1);
    end(&w);
}

static void what_did_not_hold_was_never_a_recovery(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct told told;

    (void)state;
    begin_told(&w, &told, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_verifies(&w);
    world_pass(&w, SECONDS(15));
    world_set(&w, "web", STATUS_FAIL);
    world_pass(&w, SECONDS(30));
    assert_int_equal(told.seen.over[HEAL_NOT_FIXED], 1);
    assert_int_equal(told.opened, 1);
    assert_int_equal(told.recovered, 0);
    assert_int_equal(told.seen.notices[NOTICE_NOT_FIXED], 1);
    assert_int_equal(engine_incident(w.engine, 1)->reopened, 0);
    world_set(&w, "web", STATUS_OK); /* by itself */
    world_pass(&w, SECONDS(30));
    assert_int_equal(incident(&w), 0);
    assert_int_equal(told.recovered, 1);
    end(&w);
}

/* A second service asks for the same runbook: it is repaired by the same run. */
static void who_shares_a_run_waits_for_it_as_well(void **state)
{
    struct parts p = begin_model(1);
    struct model_service *api = build_service(p.b, "api");
    struct model_check *ping = build_check(p.b, "ping");
    struct world w;
    struct told told;

    (void)state;
    ping->every = SECONDS(10);
    ping->fail_after = 2;
    ping->recover_after = 1;
    world_entry(p.b, api, p.book);
    begin_told(&w, &told, &p);
    w.action_takes = SECONDS(20);
    world_set(&w, "web", STATUS_FAIL);
    world_set(&w, "api", STATUS_FAIL);
    until_verifies(&w);
    assert_int_equal(told.seen.entries[ENTRY_HEAL_BEGUN], 2);
    world_set(&w, "api", STATUS_OK);
    world_pass(&w, SECONDS(12));
    assert_true(verifies(&w) && is_well(&w, 1));
    assert_true(engine_service(w.engine, 1)->incident > 0);
    assert_int_equal(told.recovered, 0);
    world_pass(&w, SECONDS(20));
    assert_int_equal(engine_service(w.engine, 1)->incident, 0);
    assert_int_equal(told.seen.over[HEAL_FIXED], 1);
    assert_int_equal(told.recovered, 2);
    end(&w);
}

static void after_a_crash_in_the_window_it_is_looked_at_once_more(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct told told;

    (void)state;
    begin_told(&w, &told, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_verifies(&w);
    world_pass(&w, SECONDS(15));
    assert_true(is_well(&w, 0));
    world_set(&w, "web", STATUS_FAIL);
    world_restart(&w, SECONDS(1), false);
    assert_true(is_well(&w, 0)); /* as it was kept */
    assert_int_equal(incident(&w), 1);
    assert_int_equal(told.recovered, 0);
    world_pass(&w, SECONDS(60));
    assert_int_equal(told.opened, 1);
    assert_int_equal(told.recovered, 0);
    world_set(&w, "web", STATUS_OK);
    world_pass(&w, SECONDS(30));
    assert_int_equal(told.recovered, 1);
    end(&w);
}

static void a_silence_until_it_is_well_lasts_until_it_held(void **state)
{
    struct parts p = begin_model(0);
    struct world w;
    struct told told;
    size_t n;

    (void)state;
    begin_told(&w, &told, &p);
    world_set(&w, "web", STATUS_FAIL);
    until_acts(&w, &told.seen, 1);
    world_feed(&w, &(struct engine_event){ .kind = EVENT_COMMAND,
                                           .of.command = { .kind = COMMAND_SILENCE, .service = "web", .duration = SECONDS(3600), .until_ok = true } });
    until_verifies(&w);
    world_pass(&w, SECONDS(15));
    assert_true(is_well(&w, 0));
    (void)engine_silences(w.engine, &n);
    assert_int_equal(n, 1);
    world_pass(&w, SECONDS(20));
    (void)engine_silences(w.engine, &n);
    assert_int_equal(n, 0);
    assert_int_equal(incident(&w), 0);
    assert_int_equal(told.recovered, 0); /* nobody wanted to know */
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_has_recovered_before_it_held),
        cmocka_unit_test(what_did_not_hold_was_never_a_recovery),
        cmocka_unit_test(who_shares_a_run_waits_for_it_as_well),
        cmocka_unit_test(after_a_crash_in_the_window_it_is_looked_at_once_more),
        cmocka_unit_test(a_silence_until_it_is_well_lasts_until_it_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
