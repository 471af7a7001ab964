/* What repair keeps: rows are read back as they were written, damaged ones are left out; an intent without an end is a run that was interrupted. */
#include "store_support.h"

#include "heal/heal.h"
#include "memory/heal_rows.h"
#include "memory/memory.h"

enum { STARTS = 3 };

static const struct moment now = { .awake = 5000 * S, .elapsed = 6000 * S, .wall = INT64_C(1700000000) * NS_PER_S, .boot = UINT64_MAX - 7 };

static struct moment ago(uint64_t ns)
{
    return (struct moment){ .awake = now.awake - ns, .elapsed = now.elapsed - ns, .wall = now.wall - (int64_t)ns, .boot = now.boot };
}

static struct heal_kept *some(void)
{
    struct heal_kept *kept = calloc(1, sizeof *kept);

    kept->at = now;
    kept->records = calloc(2, sizeof *kept->records);
    kept->ladders = calloc(1, sizeof *kept->ladders);
    kept->n_records = 2;
    kept->n_ladders = 1;
    snprintf(kept->records[0].runbook, ENGINE_NAME, "bridge-heal");
    snprintf(kept->records[0].service, ENGINE_NAME, "redis");
    kept->records[0].fingerprint = 77;
    kept->records[0].record = (struct heal_record){ .running = true, .started = true, .last = ago(S), .n = STARTS, .failed = true, .ended_at = ago(2 * S), .incident = 9, .attempts = 2 };
    for (size_t i = 0; i < STARTS; i++)
        kept->records[0].record.starts[i] = ago((STARTS - i) * S);
    snprintf(kept->records[1].runbook, ENGINE_NAME, "restart-workload");
    snprintf(kept->records[1].service, ENGINE_NAME, "redis");
    kept->ladders[0].incident = 9;
    snprintf(kept->ladders[0].service, ENGINE_NAME, "redis");
    kept->ladders[0].told = 5;
    kept->ladders[0].not_ok = 8;
    kept->ladders[0].asked[0] = kept->ladders[0].exhausted = true;
    kept->ladders[0].sos = kept->ladders[0].cleared = true;
    kept->ladders[0].sos_at = ago(3 * S);
    kept->past.n = HEAL_PAST;
    for (size_t i = 0; i < HEAL_PAST; i++)
        kept->past.starts[i] = ago((HEAL_PAST - i) * S);
    return kept;
}

/* Every row of `from`, through its bytes, into a new one. */
static struct heal_kept *through(const struct heal_kept *from)
{
    struct heal_kept *to = calloc(1, sizeof *to);
    struct buffer bytes = buffer_make(STORE_KEPT);
    char name[HEAL_ROW_NAME];

    for (int row = 0; row < HEAL_ROWS; row++)
        for (size_t i = 0; i < heal_rows_n((enum heal_row)row, from); i++) {
            heal_row_name((enum heal_row)row, from, i, name);
            assert_true(heal_row_write((enum heal_row)row, from, i, &bytes));
            assert_true(heal_row_take((enum heal_row)row, to, name, bytes.data, bytes.len));
        }
    buffer_free(&bytes);
    return to;
}

static void rows_come_back(void **state)
{
    struct heal_kept *kept = some(), *back = through(kept);

    (void)state;
    assert_int_equal(back->n_records, 2);
    assert_int_equal(back->n_ladders, 1);
    assert_memory_equal(&back->records[0], &kept->records[0], sizeof kept->records[0]);
    assert_memory_equal(&back->records[1], &kept->records[1], sizeof kept->records[1]);
    assert_memory_equal(&back->ladders[0], &kept->ladders[0], sizeof kept->ladders[0]);
    assert_memory_equal(&back->past, &kept->past, sizeof kept->past);
    heal_kept_free(kept);
    heal_kept_free(back);
}

/* Each byte damaged, each length cut: left out, and what else there is stays. */
static void damaged_rows_are_left_out(void **state)
{
    struct heal_kept *kept = some(), *back = calloc(1, sizeof *back);
    struct buffer bytes = buffer_make(STORE_KEPT);

    (void)state;
    assert_true(heal_row_write(HEAL_ROW_RECORD, kept, 0, &bytes));
    for (size_t i = 0; i < bytes.len; i++) {
        bytes.data[i] ^= 1;
        assert_false(heal_row_take(HEAL_ROW_RECORD, back, "bridge-heal redis", bytes.data, bytes.len));
        bytes.data[i] ^= 1;
        assert_false(heal_row_take(HEAL_ROW_RECORD, back, "bridge-heal redis", bytes.data, i));
    }
    assert_false(heal_row_take(HEAL_ROW_RECORD, back, "bridge-heal other", bytes.data, bytes.len)); /* another's */
    assert_false(heal_row_take(HEAL_ROW_LADDER, back, "9", bytes.data, bytes.len));
    assert_int_equal(back->n_records, 0);
    assert_int_equal(back->n_ladders, 0);
    assert_true(heal_row_take(HEAL_ROW_RECORD, back, "bridge-heal redis", bytes.data, bytes.len));
    buffer_free(&bytes);
    heal_kept_free(kept);
    heal_kept_free(back);
}

static void a_row_is_due_when_it_has_changed(void **state)
{
    struct heal_kept *kept = some();
    const unsigned long long sum = heal_row_sum(HEAL_ROW_RECORD, kept, 0), ladder = heal_row_sum(HEAL_ROW_LADDER, kept, 0);

    (void)state;
    kept->at.awake += S;
    kept->at.elapsed += S;
    kept->at.wall += NS_PER_S;
    assert_int_equal(heal_row_sum(HEAL_ROW_RECORD, kept, 0), sum); /* time that passes is no reason */
    kept->records[0].record.attempts++;
    assert_int_not_equal(heal_row_sum(HEAL_ROW_RECORD, kept, 0), sum);
    kept->ladders[0].delivered = true;
    assert_int_not_equal(heal_row_sum(HEAL_ROW_LADDER, kept, 0), ladder);
    heal_kept_free(kept);
}

/* ---- intents */

static const struct heal_kept_record *record_of(const struct heal_kept *kept, const char *runbook)
{
    for (size_t i = 0; i < kept->n_records; i++)
        if (strcmp(kept->records[i].runbook, runbook) == 0)
            return &kept->records[i];
    return NULL;
}

static void an_intent_without_an_end_was_interrupted(void **state)
{
    struct store *store = open_store(state);
    struct memory *memory = memory_create(store);
    struct memory_intent intent = { .runbook = "bridge-heal", .service = "redis", .incident = 9, .counts = true, .who = "", .reason = "" };
    const struct heal_kept_record *record;
    struct heal_kept *kept;
    uint64_t first, second;
    bool lost;

    wait_for_store(store, store_is_up);
    first = memory_intent(memory, &now, &intent);
    intent.runbook = "over";
    second = memory_intent(memory, &now, &intent);
    assert_true(first > 0 && second > first);
    memory_intent_ended(memory, &now, second, "fixed");
    memory_free(memory);
    memory = memory_create(store);
    kept = memory_heal_recall(memory, &now, 5 * S, &lost);
    assert_false(lost);
    assert_non_null(kept);
    assert_int_equal(kept->n_records, 1);
    record = record_of(kept, "bridge-heal");
    assert_non_null(record);
    assert_string_equal(record->service, "redis");
    assert_true(record->record.running);
    assert_true(record->record.started);
    assert_int_equal(record->record.incident, 9);
    assert_int_equal(record->record.attempts, 1);
    assert_int_equal(record->record.n, 1);
    assert_memory_equal(&record->record.last, &now, sizeof now); /* to the nanosecond, and the boot whole */
    assert_int_equal(kept->past.n, 1);
    heal_kept_free(kept);
    kept = memory_heal_recall(memory, &now, 5 * S, &lost); /* it was ended by the first */
    assert_int_equal(kept->n_records, 0);
    heal_kept_free(kept);
    assert_int_equal(store_count(state, "SELECT count(*) FROM intents WHERE outcome = 'interrupted'"), 1);
    memory_free(memory);
    store_close(store, 5 * S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(damaged_rows_are_left_out),
        cmocka_unit_test(a_row_is_due_when_it_has_changed),
        cmocka_unit_test_setup_teardown(an_intent_without_an_end_was_interrupted, store_begin, store_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
