/* core/memory between a simulated engine and a real store: each row is written when it has changed and not else, all of them in time, and comes back. */
#include "engine_support.h"
#include "store_support.h"

#include "memory/memory.h"

static const struct model *many(size_t n)
{
    struct build *b = build_begin(n, n);
    char name[32];

    for (size_t i = 0; i < n; i++) {
        snprintf(name, sizeof name, "s%04zu", i);
        build_service(b, name);
        build_check(b, "c");
    }
    return build_end(b);
}

/* Rows of that kind, when what was given is written. */
static int64_t rows(void **state, struct store *store, const char *kind)
{
    char sql[80];

    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT });
    snprintf(sql, sizeof sql, "SELECT count(*) FROM kept WHERE kind = '%s'", kind);
    return store_count(state, sql);
}

/* How often memory_write() is to be called until nothing is due. */
static unsigned write_all(struct memory *memory, struct sim *sim)
{
    unsigned times = 0;

    while (memory_settle(memory, sim->engine, &sim->now) != UINT64_MAX && times < 20) {
        sim->now.awake += MEMORY_DISTANCE;
        sim->now.elapsed += MEMORY_DISTANCE;
        memory_write(memory, sim->engine, &sim->now);
        times++;
    }
    return times;
}

/* Through all of many checks, a bounded number of rows at a time; then, when one has changed, by one row. */
static void test_many_checks(void **state)
{
    struct store *store = open_store(state);
    struct memory *memory = memory_create(store);
    struct engine_kept *kept;
    struct sim sim;

    begin(&sim, many(300));
    memory_model(memory, sim.engine, &sim.now);
    assert_int_equal(write_all(memory, &sim), 2); /* 600 rows and a few more, 500 at a time */
    assert_int_equal(rows(state, store, "check"), 300);
    assert_int_equal(rows(state, store, "service"), 300);
    hear(&sim, "s0250.c", STATUS_FAIL);
    assert_int_equal(memory_settle(memory, sim.engine, &sim.now), UINT64_MAX); /* nobody has said that anything is due */
    memory_judged(memory, sim.engine, 250, engine_check(sim.engine, 250)->last);
    assert_int_equal(write_all(memory, &sim), 1);
    memory_free(memory);
    memory = memory_create(store);
    kept = memory_recall(memory, &sim.now, 5 * S);
    assert_non_null(kept);
    assert_int_equal(kept->n_checks, 300);
    assert_int_equal(kept->checks[250].bad, 1);
    assert_string_equal(kept->checks[250].name, "s0250.c");
    engine_kept_free(kept);
    memory_free(memory);
    store_close(store, 5 * S);
    sim_end(&sim);
}

static struct engine_kept *recalled(struct store *store, const struct moment *now)
{
    struct memory *memory = memory_create(store);
    struct engine_kept *kept = memory_recall(memory, now, 5 * S);

    memory_free(memory);
    return kept;
}

/* What people say is written with the event, and what they take back is gone with it. */
static void test_silences_at_once(void **state)
{
    struct engine_command silence = { .kind = COMMAND_SILENCE, .service = "s0001", .note = "by ann: planned", .duration = SECONDS(600) };
    struct engine_event event = { .kind = EVENT_COMMAND };
    struct store *store = open_store(state);
    struct memory *memory = memory_create(store);
    struct engine_effect people = { .kind = EFFECT_RECORD, .of.record = { RECORD_PEOPLE, MODEL_NONE, 0, 0 } };
    struct engine_kept *kept;
    struct sim sim;

    begin(&sim, many(3));
    memory_model(memory, sim.engine, &sim.now);
    write_all(memory, &sim);
    event.of.command = silence;
    sim_command(&sim, &silence);
    memory_effect(memory, sim.engine, &sim.now, &people);
    memory_settle(memory, sim.engine, &sim.now);
    kept = recalled(store, &sim.now);
    assert_int_equal(kept->n_silences, 1);
    assert_string_equal(kept->silences[0].service, "s0001");
    assert_string_equal(kept->silences[0].note, "by ann: planned");
    engine_kept_free(kept);
    silence.kind = COMMAND_UNSILENCE;
    sim_command(&sim, &silence);
    memory_effect(memory, sim.engine, &sim.now, &people);
    memory_settle(memory, sim.engine, &sim.now);
    kept = recalled(store, &sim.now);
    assert_int_equal(kept->n_silences, 0);
    engine_kept_free(kept);
    memory_command(memory, &sim.now, &event.of.command, NULL);
    asked(store, (struct store_ask){ .question = STORE_ASK_AUDIT, .now = INT64_MAX / 2 });
    assert_non_null(strstr(buffer_string(&text), "\"who\":\"ann\",\"what\":\"silence\",\"target\":\"s0001\",\"text\":\"planned, for 600 s\""));
    memory_free(memory);
    store_close(store, 5 * S);
    sim_end(&sim);
}

static void note_incident(struct memory *memory, struct sim *sim)
{
    const struct engine_effect changed = { .kind = EFFECT_RECORD, .of.record = { RECORD_INCIDENT, 0, 0, 0 } };

    memory_effect(memory, sim->engine, &sim->now, &changed);
    memory_settle(memory, sim->engine, &sim->now);
}

/* What closed an incident is written with it: a crash a moment later finds both, and nobody is told again. */
static void test_an_incident_and_its_reason_at_once(void **state)
{
    struct store *store = open_store(state);
    struct memory *memory = memory_create(store);
    struct engine_kept *kept;
    struct sim sim;

    begin(&sim, many(3));
    for (unsigned i = 0; i < 5; i++)
        hear(&sim, "s0001.c", STATUS_FAIL);
    memory_model(memory, sim.engine, &sim.now);
    write_all(memory, &sim);
    for (unsigned i = 0; i < 5; i++)
        hear(&sim, "s0001.c", STATUS_OK);
    assert_int_equal(engine_service(sim.engine, 1)->incident, 0);
    note_incident(memory, &sim);
    kept = recalled(store, &sim.now);
    assert_int_equal(kept->n_incidents, 1);
    assert_int_equal(kept->incidents[0].ending, INCIDENT_RECOVERED);
    assert_int_equal(kept->checks[1].verdict, VERDICT_OK);
    assert_int_equal(kept->services[1].verdict, VERDICT_OK);
    engine_kept_free(kept);
    memory_free(memory);
    store_close(store, 5 * S);
    sim_end(&sim);
}

/* A row that is damaged is left out and the others are not; one of a service that is gone is dropped. */
static void test_damaged_rows(void **state)
{
    struct store *store = open_store(state);
    struct memory *memory = memory_create(store);
    struct engine_kept *kept;
    struct sim sim;
    char trouble[600];

    begin(&sim, many(3));
    memory_model(memory, sim.engine, &sim.now);
    write_all(memory, &sim);
    store_keep(store, "check", "s0001.c", "garbage", 7);
    store_keep(store, "service", "gone", "garbage", 7);
    memory_free(memory);
    memory = memory_create(store);
    kept = memory_recall(memory, &sim.now, 5 * S);
    assert_int_equal(kept->n_checks, 2);
    assert_int_equal(kept->n_services, 3);
    memory_look(memory, &sim.now, trouble, sizeof trouble);
    assert_string_equal(trouble, "2 rows of what was kept before the start could not be read: those checks and services begin anew");
    engine_kept_free(kept);
    memory_model(memory, sim.engine, &sim.now);
    write_all(memory, &sim);
    assert_int_equal(rows(state, store, "service"), 3);
    kept = recalled(store, &sim.now);
    assert_int_equal(kept->n_checks, 3);
    engine_kept_free(kept);
    memory_free(memory);
    store_close(store, 5 * S);
    sim_end(&sim);
}

/* No row is left, but the list of incidents is: no number is used twice. */
static void test_the_number_outlives_the_rows(void **state)
{
    const struct moment now = { .awake = S, .elapsed = S, .wall = NOON, .boot = 1 };
    struct store *store = open_store(state);
    struct engine_kept *kept;

    assert_null(recalled(store, &now));
    store_incident(store, &(struct store_incident){ 12, NOON, NOON, "redis", "recovered", "{}" });
    kept = recalled(store, &now);
    assert_int_equal(kept->last_incident, 12);
    assert_int_equal(kept->n_incidents, 0);
    engine_kept_free(kept);
    store_close(store, 5 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_many_checks, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_silences_at_once, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_an_incident_and_its_reason_at_once, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_damaged_rows, store_begin, store_end),
        cmocka_unit_test_setup_teardown(test_the_number_outlives_the_rows, store_begin, store_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
