/* core/memory/rows: everything comes back as it was, nothing that is damaged does, and rows of several moments and boots are told by one. */
#include "memory/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S ((uint64_t)NS_PER_S)
#define NEVER UINT64_MAX

static const struct moment then = { .awake = 900 * S, .elapsed = 1000 * S, .wall = (int64_t)(1893499200 * S), .boot = 7 };

static struct kept_check a_check(void)
{
    struct kept_check check = { .name = "redis.ping", .fingerprint = 0xfedcba9876543210, .verdict = 7, .base = 8, .broken = true, .heard = true, .bad = 2, .good = 1,
                                .unknown = 3, .since = -5, .last_begun = 6, .last_ended = 7, .since_elapsed = 990 * S, .runs = 12345678901, .skipped = 4,
                                .starting_for = NEVER, .turns = 0xffffffff, .n_turns = 32, .flapping = true };

    check.last = result_make(STATUS_FAIL, "connect.refused", "connection refused: \xc3\xa9", 42, NULL, 0, NULL, 0);
    return check;
}

static struct kept_service a_service(void)
{
    return (struct kept_service){ .name = "redis", .verdict = 8, .since = 9, .since_elapsed = 10 * S, .watched = true, .root = true, .was_down = true, .warn_told = true,
                                  .flap_long_told = true, .graced = true, .warns_for = 5 * S, .flaps_for = NEVER, .bad_for = 3 * S, .graced_by = "colima",
                                  .grace_left = 7 * S, .spare_left = 0, .joined = 99 };
}

static struct engine_silence a_silence(void)
{
    /* its note was cut within a character, as a long one is */
    return (struct engine_silence){ .service = "redis", .note = "by ann: planned \xc3", .since = 77, .begun = 950 * S, .until = 4600 * S, .until_ok = true };
}

static struct row_incident an_incident(void)
{
    struct row_incident row = { .incident = { .id = 41, .service = "redis", .ending = INCIDENT_OPEN, .opened = 1, .closed = 0, .closed_elapsed = 0, .reopened = 2, .joined = 3,
                                              .told = TOLD_OPEN, .collected = true, .acked = true, .acked_until = NEVER, .acked_by = "by ann", .repeat_at = 2000 * S,
                                              .n_entries = 2, .dropped = 5 },
                                .lines = 7, .evidence = true, .why = "ping failed 3 times: connection refused" };

    row.incident.entries[0] = (struct engine_entry){ .at = 1, .kind = ENTRY_OPENED };
    row.incident.entries[1] = (struct engine_entry){ .at = 2, .kind = ENTRY_JOINED, .who = "livekit" };
    return row;
}

static struct engine_kept the_rest(void)
{
    struct engine_kept rest = { .last_incident = 40, .paused_until = 1300 * S, .storm = true, .told_observer = true };

    rest.told_self[SELF_STORE_DOWN] = true;
    return rest;
}

/* ---- one row through bytes */

static struct buffer bytes;

static const char *write_row(enum row_kind kind, union row row, const struct moment *at)
{
    static char name[ROW_NAME];

    bytes = bytes.data ? bytes : buffer_make(0);
    row_name(kind, row, name);
    assert_true(row_write(kind, row, at, &bytes));
    return name;
}

static bool take(struct rows *rows, enum row_kind kind, union row row, const struct moment *at)
{
    const char *name = write_row(kind, row, at);

    return rows_take(rows, kind, name, bytes.data, bytes.len);
}

static struct engine_kept *all_rows(struct rows *rows, const struct moment *at)
{
    struct kept_check check = a_check();
    struct kept_service service = a_service();
    struct engine_silence silence = a_silence();
    struct row_incident incident = an_incident();
    struct engine_kept rest = the_rest();

    assert_true(take(rows, ROW_REST, (union row){ .rest = &rest }, at));
    assert_true(take(rows, ROW_SILENCE, (union row){ .silence = &silence }, at));
    assert_true(take(rows, ROW_INCIDENT, (union row){ .incident = &incident }, at));
    assert_true(take(rows, ROW_SERVICE, (union row){ .service = &service }, at));
    assert_true(take(rows, ROW_CHECK, (union row){ .check = &check }, at));
    result_drop(check.last);
    return rows_end(rows);
}

static void finish(struct rows *rows, struct engine_kept *kept)
{
    engine_kept_free(kept);
    free(rows->incidents);
    buffer_free(&bytes);
}

/* As bytes, since the structs have holes. */
static void expect_same(enum row_kind kind, union row a, union row b)
{
    struct buffer first = buffer_make(0), second = buffer_make(0);

    assert_true(row_write(kind, a, &then, &first) && row_write(kind, b, &then, &second));
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.data, second.data, first.len);
    buffer_free(&first);
    buffer_free(&second);
}

/* A field that is neither written nor read would be the same in both ways: each that matters is named once more. */
static void expect_fields(const struct kept_check *check, const struct kept_service *service, const struct row_incident *row)
{
    assert_true(check->fingerprint == 0xfedcba9876543210 && check->verdict == 7 && check->base == 8 && check->broken && check->heard && check->bad == 2);
    assert_true(check->good == 1 && check->unknown == 3 && check->since == -5 && check->last_begun == 6 && check->last_ended == 7 && check->since_elapsed == 990 * S);
    assert_true(check->runs == 12345678901 && check->skipped == 4 && check->starting_for == NEVER && check->turns == 0xffffffff && check->n_turns == 32 && check->flapping);
    assert_true(service->verdict == 8 && service->since == 9 && service->since_elapsed == 10 * S && service->watched && service->root && !service->silenced);
    assert_true(service->was_down && !service->stop_told && service->warn_told && !service->flap_told && service->flap_long_told && !service->confirming && service->graced);
    assert_true(service->warns_for == 5 * S && service->flaps_for == NEVER && service->bad_for == 3 * S && service->grace_left == 7 * S && service->joined == 99);
    assert_string_equal(service->graced_by, "colima");
    assert_true(row->incident.ending == INCIDENT_OPEN && row->incident.opened == 1 && row->incident.reopened == 2 && row->incident.joined == 3 && row->incident.told == TOLD_OPEN);
    assert_true(row->incident.collected && row->incident.acked && row->incident.acked_until == NEVER && row->incident.repeat_at == 2000 * S && row->incident.dropped == 5);
    assert_true(row->incident.n_entries == 2 && row->incident.entries[1].kind == ENTRY_JOINED && row->incident.entries[1].at == 2 && row->lines == 7 && row->evidence);
    assert_string_equal(row->incident.entries[1].who, "livekit");
    assert_string_equal(row->why, "ping failed 3 times: connection refused");
}

static void test_everything_comes_back(void **state)
{
    struct kept_check check = a_check();
    struct kept_service service = a_service();
    struct engine_silence silence = a_silence();
    struct row_incident incident = an_incident();
    struct engine_kept *kept;
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    kept = all_rows(&rows, &then);
    assert_non_null(kept);
    assert_memory_equal(&kept->at, &then, sizeof then);
    assert_int_equal(kept->n_checks, 1);
    assert_int_equal(kept->n_services, 1);
    assert_int_equal(kept->n_silences, 1);
    assert_int_equal(kept->n_incidents, 1);
    assert_string_equal(kept->checks[0].last->summary, check.last->summary);
    assert_int_equal(kept->checks[0].last->status, STATUS_FAIL);
    expect_same(ROW_CHECK, (union row){ .check = &kept->checks[0] }, (union row){ .check = &check });
    expect_same(ROW_SERVICE, (union row){ .service = &kept->services[0] }, (union row){ .service = &service });
    expect_same(ROW_SILENCE, (union row){ .silence = &kept->silences[0] }, (union row){ .silence = &silence });
    expect_same(ROW_INCIDENT, (union row){ .incident = &rows.incidents[0] }, (union row){ .incident = &incident });
    result_drop(check.last);
    expect_fields(&kept->checks[0], &kept->services[0], &rows.incidents[0]);
    assert_int_equal(kept->incidents[0].id, 41);
    assert_int_equal(kept->last_incident, 41); /* never below one that there was */
    assert_int_equal(kept->paused_until, 1300 * S);
    assert_true(kept->storm && kept->told_observer && kept->told_self[SELF_STORE_DOWN] && !kept->told_storm && !kept->told_self[SELF_SAFE_MODE]);
    finish(&rows, kept);
}

static void expect_refused(enum row_kind kind, const char *name, const char *data, size_t n)
{
    struct rows rows;

    assert_true(rows_begin(&rows));
    assert_false(rows_take(&rows, kind, name, data, n));
    assert_int_equal(rows.kept->n_checks + rows.kept->n_services + rows.kept->n_silences + rows.kept->n_incidents, 0);
    engine_kept_free(rows.kept);
    free(rows.incidents);
}

/* Cut short anywhere, with a byte more, or with any bit another. */
static void damage_all(enum row_kind kind, union row row)
{
    const char *name = write_row(kind, row, &then);
    char *copy = malloc(bytes.len + 1);

    assert_non_null(copy);
    for (size_t n = 0; n < bytes.len; n++)
        expect_refused(kind, name, bytes.data, n);
    memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = 0;
    expect_refused(kind, name, copy, bytes.len + 1);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        expect_refused(kind, name, copy, bytes.len);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
    }
    if (kind == ROW_CHECK || kind == ROW_SERVICE || kind == ROW_INCIDENT)
        expect_refused(kind, "another", bytes.data, bytes.len);
    expect_refused(kind == ROW_CHECK ? ROW_SERVICE : ROW_CHECK, name, bytes.data, bytes.len);
    free(copy);
}

static void test_what_is_damaged_is_left_out(void **state)
{
    struct kept_check check = a_check();
    struct kept_service service = a_service();
    struct engine_silence silence = a_silence();
    struct row_incident incident = an_incident();
    struct engine_kept rest = the_rest();

    (void)state;
    damage_all(ROW_CHECK, (union row){ .check = &check });
    damage_all(ROW_SERVICE, (union row){ .service = &service });
    damage_all(ROW_SILENCE, (union row){ .silence = &silence });
    damage_all(ROW_INCIDENT, (union row){ .incident = &incident });
    damage_all(ROW_REST, (union row){ .rest = &rest });
    result_drop(check.last);
    buffer_free(&bytes);
}

/* A sound row with a value that the engine has no word for, as a later version may write it. */
static void test_values_beyond_their_bounds(void **state)
{
    struct kept_check check = a_check();
    struct row_incident incident = an_incident();
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    check.verdict = 9;
    assert_false(take(&rows, ROW_CHECK, (union row){ .check = &check }, &then));
    incident.incident.ending = (enum engine_ending)5;
    assert_false(take(&rows, ROW_INCIDENT, (union row){ .incident = &incident }, &then));
    incident = an_incident();
    incident.incident.id = 0;
    assert_false(take(&rows, ROW_INCIDENT, (union row){ .incident = &incident }, &then));
    result_drop(check.last);
    finish(&rows, rows_end(&rows));
}

/* ---- one moment for all */

static void test_rows_of_an_earlier_boot(void **state)
{
    const struct moment now = { .awake = 40 * S, .elapsed = 50 * S, .wall = then.wall + (int64_t)(100 * S), .boot = 8 };
    struct engine_kept *kept;
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    assert_true(take(&rows, ROW_MOMENT, (union row){ .none = NULL }, &now));
    kept = all_rows(&rows, &then);
    assert_int_equal(kept->at.boot, 8);
    assert_int_equal(kept->silences[0].until - kept->at.elapsed, 3500 * S);                                   /* 3600 s were left, 100 s have passed */
    assert_int_equal(kept->at.elapsed - kept->silences[0].begun, 150 * S);                                    /* begun 50 s before; the numbers go round */
    assert_int_equal(kept->at.elapsed - kept->checks[0].since_elapsed, 110 * S);
    assert_int_equal(kept->paused_until - kept->at.elapsed, 200 * S);
    assert_int_equal(kept->incidents[0].acked_until, NEVER);
    assert_int_equal(kept->services[0].warns_for, 5 * S); /* awake: nobody knows more */
    finish(&rows, kept);
}

static void test_rows_of_earlier_in_this_boot(void **state)
{
    const struct moment now = { .awake = 905 * S, .elapsed = 1100 * S, .wall = 1, .boot = 7 };
    struct engine_kept *kept;
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    assert_true(take(&rows, ROW_MOMENT, (union row){ .none = NULL }, &now));
    kept = all_rows(&rows, &then);
    assert_int_equal(kept->silences[0].until, 4600 * S);
    assert_int_equal(kept->checks[0].since_elapsed, 990 * S);
    assert_int_equal(kept->services[0].warns_for, 10 * S);
    assert_int_equal(kept->services[0].grace_left, 2 * S);
    assert_int_equal(kept->services[0].flaps_for, NEVER);
    finish(&rows, kept);
}

/* A calendar that was set back makes nothing longer than it was. */
static void test_a_clock_in_the_past(void **state)
{
    const struct moment now = { .awake = 40 * S, .elapsed = 50 * S, .wall = then.wall - (int64_t)(86400 * S), .boot = 8 };
    struct engine_kept *kept;
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    assert_true(take(&rows, ROW_MOMENT, (union row){ .none = NULL }, &now));
    kept = all_rows(&rows, &then);
    assert_int_equal(kept->silences[0].until - kept->at.elapsed, 3600 * S);
    finish(&rows, kept);
}

/* ---- sums */

static unsigned long long sum_later(uint64_t passed, void (*change)(struct kept_check *))
{
    struct moment at = then;
    struct kept_check check = a_check();
    unsigned long long sum;

    check.broken = false;
    check.starting_for = 3 * S + passed;
    at.awake += passed;
    at.elapsed += passed;
    if (change)
        change(&check);
    sum = row_sum(ROW_CHECK, (union row){ .check = &check }, &at);
    result_drop(check.last);
    return sum;
}

static void runs_on(struct kept_check *check)
{
    check->runs++;
    check->last_ended += 5;
    check->good++;
}

static void is_worse(struct kept_check *check)
{
    check->bad++;
}

static void recovers(struct kept_check *check)
{
    check->broken = true;
    check->good++;
}

static void test_time_alone_is_no_change(void **state)
{
    struct kept_service service = a_service();
    struct moment later = then;
    unsigned long long sum = row_sum(ROW_SERVICE, (union row){ .service = &service }, &then);

    (void)state;
    assert_true(sum_later(0, NULL) == sum_later(9 * S, NULL));
    assert_true(sum_later(0, NULL) == sum_later(9 * S, runs_on));
    assert_true(sum_later(0, NULL) != sum_later(0, is_worse));
    assert_true(sum_later(0, recovers) != sum_later(0, NULL));
    later.awake += S;
    service.warns_for += S;
    service.bad_for += S;
    service.grace_left -= S;
    assert_true(sum == row_sum(ROW_SERVICE, (union row){ .service = &service }, &later));
    service.joined++;
    assert_true(sum != row_sum(ROW_SERVICE, (union row){ .service = &service }, &later));
}

static void test_open_incidents_come_first(void **state)
{
    struct row_incident row = an_incident();
    struct engine_kept *kept;
    struct rows rows;

    (void)state;
    assert_true(rows_begin(&rows));
    for (uint64_t id = 1; id <= 40; id++) {
        row.incident.id = id;
        row.incident.ending = id % 10 == 0 ? INCIDENT_OPEN : INCIDENT_RECOVERED;
        assert_true(take(&rows, ROW_INCIDENT, (union row){ .incident = &row }, &then));
    }
    kept = rows_end(&rows);
    assert_int_equal(kept->n_incidents, 40);
    assert_int_equal(kept->incidents[0].id, 40);
    assert_int_equal(kept->incidents[3].id, 10);
    assert_int_equal(kept->incidents[4].id, 39);
    assert_int_equal(kept->incidents[39].id, 1);
    assert_int_equal(kept->last_incident, 40);
    finish(&rows, kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_what_is_damaged_is_left_out),
        cmocka_unit_test(test_values_beyond_their_bounds),
        cmocka_unit_test(test_rows_of_an_earlier_boot),
        cmocka_unit_test(test_rows_of_earlier_in_this_boot),
        cmocka_unit_test(test_a_clock_in_the_past),
        cmocka_unit_test(test_time_alone_is_no_change),
        cmocka_unit_test(test_open_incidents_come_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
