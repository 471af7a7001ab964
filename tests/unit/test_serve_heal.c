/* What is answered about repair: limits and what refuses, where an incident stands, what runs; without any of it, the same fields without a value. */
#include "serve_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "serve/serve.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND ((int64_t)NS_PER_S)
#define SECONDS(n) ((n) * (uint64_t)NS_PER_S)

static const char *const locks[] = { "colima", NULL };
static const struct model_runbook runbook = { .name = "bridge-heal", .title = "Restart", .impact = MODEL_DISRUPT,
                                              .limits = { .attempts = 2, .cooldown = SECONDS(900), .at_most = 3, .at_most_window = SECONDS(21600),
                                                          .hold_after_failure = SECONDS(1800), .confirm_ticks = 2, .locks = locks, .n_locks = 1 } };
static const struct model_heal entry = { .when = { .text = "ping failed", .n = 1 }, .bound = &runbook };

/* colima is failed, has an incident and one runbook. */
static struct engine *broken(void)
{
    static struct engine_incident incident;
    struct engine *engine = support_shop();

    incident = (struct engine_incident){ .id = 7, .index = SHOP_COLIMA, .opened = SUPPORT_NOW - 60 * SECOND };
    snprintf(incident.service, sizeof incident.service, "colima");
    engine->incidents = &incident;
    engine->n_incidents = 1;
    engine->services[SHOP_COLIMA].incident = 7;
    support_service(engine, SHOP_COLIMA)->heal = &entry;
    support_service(engine, SHOP_COLIMA)->n_heal = 1;
    return engine;
}

static struct heal cooling(void)
{
    struct heal heal = { .answer = { .limit = LIMIT_COOLDOWN, .until = SECONDS(720), .refusing = UINT64_C(1) << LIMIT_COOLDOWN | UINT64_C(1) << LIMIT_LOCKS, .holder = "old healer, pid 12" },
                         .incident = 7, .place = { .tier = TIER_RUNBOOKS, .attempts = 1, .limit = LIMIT_COOLDOWN, .until = SECONDS(720), .sos_due = SUPPORT_NOW + 600 * SECOND } };
    struct heal_kept_record *record = &heal.records[heal.n_records++];

    heal.answer.untils[LIMIT_COOLDOWN] = SECONDS(720);
    heal.answer.untils[LIMIT_LOCKS] = UINT64_MAX;
    snprintf(record->runbook, sizeof record->runbook, "bridge-heal");
    snprintf(record->service, sizeof record->service, "colima");
    record->record = (struct heal_record){ .started = true, .last = { .awake = 1, .wall = SUPPORT_NOW }, .n = 1, .starts = { { .awake = 1, .wall = SUPPORT_NOW } }, .incident = 7, .attempts = 1 };
    return heal;
}

static cJSON *rendered(void (*render)(const struct snapshot *, struct buffer *), const struct snapshot *snapshot)
{
    struct buffer out = buffer_make(0);
    cJSON *json;

    render(snapshot, &out);
    json = cJSON_Parse(buffer_string(&out));
    assert_non_null(json);
    buffer_free(&out);
    return json;
}

static const cJSON *at(const cJSON *json, const char *name)
{
    return cJSON_IsArray(json) ? cJSON_GetArrayItem(json, name[0] - '0') : cJSON_GetObjectItemCaseSensitive(json, name);
}

static void assert_text(const cJSON *json, const char *name, const char *expected)
{
    assert_string_equal(cJSON_GetStringValue(at(json, name)), expected);
}

static void assert_number(const cJSON *json, const char *name, double expected)
{
    assert_true(cJSON_IsNumber(at(json, name)));
    assert_true(at(json, name)->valuedouble == expected);
}

static void limits_say_what_refuses_until_when(void **state)
{
    struct engine *engine = broken();
    const struct heal heal = cooling();
    struct snapshot *snapshot = support_snapshot_with(engine, &heal);
    cJSON *json = rendered(render_limits, snapshot);
    const cJSON *one = at(at(json, "runbooks"), "0"), *refuses = at(one, "refuses");

    (void)state;
    assert_int_equal(cJSON_GetArraySize(at(json, "runbooks")), 1);
    assert_text(one, "service", "colima");
    assert_text(one, "runbook", "bridge-heal");
    assert_text(one, "when", "ping failed");
    assert_text(one, "impact", "disruptive");
    assert_number(one, "attempts", 1);
    assert_number(one, "attempts_most", 2);
    assert_number(one, "in_window", 1);
    assert_number(one, "cooldown_ms", 900000);
    assert_number(one, "last_begun_unix", 1700000000);
    assert_true(cJSON_IsNull(at(one, "failed_at_unix")));
    assert_text(one, "limit", "cooldown");
    assert_number(one, "allows_at_unix", 1700000720);
    assert_int_equal(cJSON_GetArraySize(refuses), 2);
    assert_text(at(refuses, "0"), "limit", "cooldown");
    assert_number(at(refuses, "0"), "until_unix", 1700000720);
    assert_text(at(refuses, "1"), "limit", "locks");
    assert_true(cJSON_IsNull(at(at(refuses, "1"), "until_unix")));
    cJSON_Delete(json);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void an_incident_says_what_it_waits_for(void **state)
{
    struct engine *engine = broken();
    const struct heal heal = cooling();
    struct snapshot *snapshot = support_snapshot_with(engine, &heal);
    cJSON *json = rendered(render_heal, snapshot);
    const cJSON *one = at(at(json, "incidents"), "0");
    struct buffer out = buffer_make(0);

    (void)state;
    assert_number(one, "incident", 7);
    assert_text(one, "tier", "runbooks");
    assert_text(one, "runbook", "bridge-heal");
    assert_text(one, "limit", "cooldown");
    assert_number(one, "until_unix", 1700000720);
    assert_number(one, "sos_due_unix", 1700000600);
    assert_text(one, "text", "bridge-heal waits: the limit cooldown says no; SOS in 10 min");
    cJSON_Delete(json);
    render_status(snapshot, false, &out);
    assert_non_null(strstr(buffer_string(&out), "\"repair\":{\"incident\":7,"));
    buffer_clear(&out);
    render_page(snapshot, false, &out);
    assert_non_null(strstr(buffer_string(&out), "<b>Repair:</b> bridge-heal waits: the limit cooldown"));
    buffer_clear(&out);
    assert_true(render_why(snapshot, "colima", &out));
    assert_non_null(strstr(buffer_string(&out), "\"repair\":{\"incident\":7,"));
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void what_runs_is_told_with_its_step(void **state)
{
    struct engine *engine = broken();
    struct heal heal = cooling();
    struct buffer out = buffer_make(0);
    struct snapshot *snapshot;
    cJSON *json;

    (void)state;
    heal.running[heal.n_running++] = (struct heal_running){ .run = 3, .incident = 7, .runbook = "bridge-heal", .service = "colima", .doing = "colima.stop", .step = "2", .begun = 1,
                                                            .deadline = SECONDS(60) + 1 };
    heal.place.running = true;
    heal.place.limit = LIMIT_NONE;
    heal.place.sos_out = true;
    snapshot = support_snapshot_with(engine, &heal);
    json = rendered(render_heal, snapshot);
    assert_text(at(at(json, "running"), "0"), "step", "2");
    assert_text(at(at(json, "running"), "0"), "doing", "colima.stop");
    assert_number(at(at(json, "running"), "0"), "deadline_unix", 1700000060);
    assert_text(at(at(json, "incidents"), "0"), "text", "bridge-heal runs, step 2: colima.stop; an SOS is out");
    cJSON_Delete(json);
    render_status(snapshot, false, &out);
    json = cJSON_Parse(buffer_string(&out));
    assert_text(at(at(json, "repairing"), "0"), "runbook", "bridge-heal");
    assert_text(at(at(json, "repairing"), "0"), "step", "2");
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void the_old_state_knows_when_each_tier_was_at_work(void **state)
{
    struct engine *engine = broken();
    struct heal heal = cooling();
    struct snapshot *snapshot;
    cJSON *json;

    (void)state;
    heal.ladder = (struct heal_kept_ladder){ .incident = 7, .sos = true, .sos_at = { .awake = 1, .wall = SUPPORT_NOW } };
    snapshot = support_snapshot_with(engine, &heal);
    json = rendered(render_old_state, snapshot);
    assert_number(json, "last_heal_time", 1700000000);
    assert_number(json, "last_agent_time", 1700000000);
    assert_number(json, "last_sos_time", 1700000000);
    cJSON_Delete(json);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void without_repair_there_is_none(void **state)
{
    struct engine *engine = broken();
    struct snapshot *snapshot = support_snapshot(engine);
    cJSON *json = rendered(render_limits, snapshot);

    (void)state;
    assert_int_equal(cJSON_GetArraySize(at(json, "runbooks")), 0);
    cJSON_Delete(json);
    json = rendered(render_heal, snapshot);
    assert_int_equal(cJSON_GetArraySize(at(json, "running")), 0);
    cJSON_Delete(json);
    cJSON_Delete(rendered(render_limits, NULL));
    cJSON_Delete(rendered(render_heal, NULL));
    snapshot_drop(snapshot);
    support_free(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_say_what_refuses_until_when),
        cmocka_unit_test(an_incident_says_what_it_waits_for),
        cmocka_unit_test(what_runs_is_told_with_its_step),
        cmocka_unit_test(the_old_state_knows_when_each_tier_was_at_work),
        cmocka_unit_test(without_repair_there_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
