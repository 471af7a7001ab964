/* What people have to do with, as it is told: incidents, silences, the pause, the chain of a why; and the queries by which it is asked for. */
#include "serve_support.h"

#include "serve/request.h"
#include "serve/serve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#define SECOND ((int64_t)NS_PER_S)

static const cJSON *at(const cJSON *json, const char *path)
{
    char part[64];

    while (json && *path) {
        const size_t n = strcspn(path, ".");

        snprintf(part, sizeof part, "%.*s", (int)n, path);
        json = part[0] >= '0' && part[0] <= '9' ? cJSON_GetArrayItem(json, part[0] - '0') : cJSON_GetObjectItemCaseSensitive(json, part);
        path += n + (path[n] == '.');
    }
    return json;
}

static const char *text_at(const cJSON *json, const char *path)
{
    const cJSON *item = at(json, path);

    return cJSON_IsString(item) ? item->valuestring : "(none)";
}

static double number_at(const cJSON *json, const char *path)
{
    const cJSON *item = at(json, path);

    return cJSON_IsNumber(item) ? item->valuedouble : -1.;
}

/* The shop with two open incidents (one acknowledged), many closed ones, two silences and a pause. */
static struct engine_incident incidents[44];

static struct engine *broken_shop(void)
{
    struct engine *engine = support_shop();

    memset(incidents, 0, sizeof incidents);
    for (size_t i = 1; i < 42; i++) /* place 0 is free */
        incidents[i] = (struct engine_incident){ .id = i, .service = "web", .index = SHOP_WEB, .ending = INCIDENT_RECOVERED, .opened = SUPPORT_NOW - 900 * SECOND,
                                                 .closed = SUPPORT_NOW - 800 * SECOND };
    incidents[42] = (struct engine_incident){ .id = 42, .service = "gone", .index = MODEL_NONE, .opened = SUPPORT_NOW - 60 * SECOND };
    incidents[43] = (struct engine_incident){ .id = 43, .service = "colima", .index = SHOP_COLIMA, .opened = SUPPORT_NOW - 125 * SECOND, .joined = 2, .told = TOLD_OPEN,
                                              .acked = true, .acked_until = 3600 * (uint64_t)NS_PER_S, .acked_by = "by ada: \"on it\"", .n_entries = 2,
                                              .entries = { { SUPPORT_NOW - 125 * SECOND, ENTRY_OPENED, "" }, { SUPPORT_NOW - 124 * SECOND, ENTRY_JOINED, "redis" } } };
    engine->incidents = incidents;
    engine->n_incidents = 44;
    engine->services[SHOP_COLIMA].incident = 43;
    engine->silences[0] = (struct engine_silence){ .service = "redis", .note = "by ada: <b>", .since = SUPPORT_NOW - SECOND, .until = 600 * (uint64_t)NS_PER_S, .until_ok = true };
    engine->silences[1] = (struct engine_silence){ .service = "", .window = "night", .since = SUPPORT_NOW, .until = UINT64_MAX };
    engine->n_silences = 2;
    engine->paused_until = 60 * (uint64_t)NS_PER_S;
    return engine;
}

/* ---- incidents and silences */

static void the_list_has_open_ones_first_and_is_bounded(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);
    cJSON *json;

    (void)state;
    assert_int_equal(snapshot->n_open, 2);
    assert_int_equal(snapshot->n_incidents, 2 + SNAPSHOT_CLOSED);
    render_incidents(snapshot, &out);
    json = cJSON_Parse(buffer_string(&out));
    assert_int_equal((int)number_at(json, "incidents.0.id"), 43);
    assert_int_equal((int)number_at(json, "incidents.1.id"), 42);
    assert_int_equal((int)number_at(json, "incidents.2.id"), 41);
    assert_string_equal(text_at(json, "incidents.0.state"), "open");
    assert_string_equal(text_at(json, "incidents.0.acked_by"), "by ada: \"on it\"");
    assert_true(cJSON_IsTrue(at(json, "incidents.0.acked")) && cJSON_IsNull(at(json, "incidents.0.closed_unix")));
    assert_int_equal((int)number_at(json, "incidents.0.acked_until_unix"), 1700000000 + 3600);
    assert_int_equal((int)number_at(json, "incidents.2.closed_unix"), 1700000000 - 800);
    assert_null(at(json, "incidents.0.timeline"));
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void one_has_its_timeline(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);
    cJSON *json;

    (void)state;
    assert_false(render_incident(snapshot, 1, &out)); /* closed, and no longer among the last */
    assert_false(render_incident(snapshot, 99, &out) || render_incident(snapshot, 0, &out) || render_incident(NULL, 43, &out));
    assert_int_equal(out.len, 0);
    assert_true(render_incident(snapshot, 43, &out));
    json = cJSON_Parse(buffer_string(&out));
    assert_int_equal(cJSON_GetArraySize(at(json, "timeline")), 2);
    assert_string_equal(text_at(json, "timeline.1.kind"), "joined");
    assert_string_equal(text_at(json, "timeline.1.who"), "redis");
    assert_true(cJSON_IsNull(at(json, "timeline.0.who")));
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void status_has_what_people_said(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);
    cJSON *json;

    (void)state;
    render_status(snapshot, false, &out);
    json = cJSON_Parse(buffer_string(&out));
    assert_int_equal(cJSON_GetArraySize(at(json, "incidents")), 2);
    assert_int_equal(cJSON_GetArraySize(at(json, "silences")), 2);
    assert_int_equal((int)number_at(json, "paused_until"), 1700000060);
    assert_string_equal(text_at(json, "silences.0.service"), "redis");
    assert_int_equal((int)number_at(json, "silences.0.until_unix"), 1700000600);
    assert_true(cJSON_IsTrue(at(json, "silences.0.until_ok")) && cJSON_IsNull(at(json, "silences.1.service")) && cJSON_IsNull(at(json, "silences.1.until_unix")));
    assert_string_equal(text_at(json, "silences.1.window"), "night");
    assert_int_equal((int)number_at(json, "services.0.incident"), 43);
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

/* ---- why */

static cJSON *why(const struct snapshot *snapshot, const char *name)
{
    struct buffer out = buffer_make(0);
    cJSON *json = render_why(snapshot, name, &out) ? cJSON_Parse(buffer_string(&out)) : NULL;

    buffer_free(&out);
    return json;
}

static bool holds(const cJSON *list, const char *text)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strstr(item->valuestring, text))
            return true;
    }
    return false;
}

static void the_chain_goes_down_to_the_root(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    cJSON *json = why(snapshot, "redis");

    (void)state;
    assert_string_equal(text_at(json, "root_cause"), "colima");
    assert_int_equal(cJSON_GetArraySize(at(json, "chain")), 2);
    assert_string_equal(text_at(json, "chain.0.service"), "redis");
    assert_string_equal(text_at(json, "chain.1.service"), "colima");
    assert_string_equal(text_at(json, "chain.1.check.reason"), "connect.refused");
    assert_int_equal((int)number_at(json, "chain.1.check.bad_in_a_row"), 4);
    assert_int_equal(cJSON_GetArraySize(at(json, "silences")), 2); /* its own, and that of everything */
    assert_int_equal((int)number_at(json, "incident.id"), 43);
    assert_true(holds(at(json, "next"), "note of colima: start it with"));
    assert_true(holds(at(json, "next"), "talon silence colima"));
    assert_false(holds(at(json, "next"), "talon ack")); /* somebody has */
    cJSON_Delete(json);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void a_need_between_is_a_link(void **state)
{
    static const size_t redis[] = { SHOP_REDIS };
    static const struct model_need need = { 1, redis };
    struct engine *engine = broken_shop();
    struct snapshot *snapshot;
    cJSON *json;

    (void)state;
    support_service(engine, SHOP_BACKUP)->needs = &need;
    support_service(engine, SHOP_BACKUP)->n_needs = 1;
    engine->services[SHOP_BACKUP].verdict = VERDICT_FAILED;
    engine->services[SHOP_BACKUP].caused_by = SHOP_COLIMA;
    snapshot = support_snapshot(engine);
    json = why(snapshot, "backup");
    assert_int_equal(cJSON_GetArraySize(at(json, "chain")), 3);
    assert_string_equal(text_at(json, "chain.1.service"), "redis");
    assert_string_equal(text_at(json, "chain.2.service"), "colima");
    cJSON_Delete(json);
    snapshot_drop(snapshot);
    support_free(engine);
}

/* Service 0 needs 1, which needs 2 ... down to the last, which is to blame: a chain of more than is shown. */
static void a_very_long_chain_is_cut_in_its_middle(void **state)
{
    enum { LONG = 40 };
    static size_t next[LONG];
    static struct model_need needs[LONG];
    struct engine *engine = support_engine(LONG, 1);
    struct snapshot *snapshot;
    cJSON *json;

    (void)state;
    for (size_t i = 0; i < LONG; i++) {
        next[i] = i + 1;
        needs[i] = (struct model_need){ 1, &next[i] };
        support_service(engine, i)->n_needs = i + 1 < LONG;
        support_service(engine, i)->needs = &needs[i];
        engine->services[i].verdict = i % 3 == 1 && i + 1 < LONG ? VERDICT_OK : VERDICT_FAILED; /* some have not been heard since */
        engine->services[i].caused_by = i + 1 < LONG ? LONG - 1 : MODEL_NONE;
    }
    snapshot = support_snapshot(engine);
    json = why(snapshot, "s30");
    assert_int_equal(cJSON_GetArraySize(at(json, "chain")), 10);
    assert_string_equal(cJSON_GetArrayItem(at(json, "chain"), 9)->child->valuestring, "s39");
    cJSON_Delete(json);
    json = why(snapshot, "s0");
    assert_int_equal(cJSON_GetArraySize(at(json, "chain")), 16);
    assert_string_equal(cJSON_GetArrayItem(at(json, "chain"), 14)->child->valuestring, "s14");
    assert_string_equal(cJSON_GetArrayItem(at(json, "chain"), 15)->child->valuestring, "s39");
    cJSON_Delete(json);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void a_why_is_asked_by_check_incident_and_service(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    cJSON *json = why(snapshot, "web.c1");

    (void)state;
    assert_string_equal(text_at(json, "chain.0.check.name"), "c1");
    assert_true(cJSON_IsNull(at(json, "root_cause")) && holds(at(json, "next"), "talon history web.c1"));
    cJSON_Delete(json);
    json = why(snapshot, "43");
    assert_string_equal(text_at(json, "service"), "colima");
    cJSON_Delete(json);
    json = why(snapshot, "42"); /* its service is gone */
    assert_string_equal(text_at(json, "service"), "gone");
    assert_int_equal(cJSON_GetArraySize(at(json, "chain")), 0);
    cJSON_Delete(json);
    assert_null(why(snapshot, "nobody"));
    assert_null(why(snapshot, "99"));
    assert_null(why(snapshot, ""));
    assert_null(why(snapshot, "redis."));
    assert_null(why(NULL, "redis"));
    assert_string_equal(render_nearest(snapshot, "rediss"), "redis");
    assert_string_equal(render_nearest(snapshot, "rediss.c"), "redis.c");
    assert_null(render_nearest(snapshot, "something-else"));
    snapshot_drop(snapshot);
    support_free(engine);
}

/* ---- metrics and limits */

static void figures_of_people(void **state)
{
    struct engine *engine = broken_shop();
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);

    (void)state;
    render_metrics(snapshot, false, false, &out);
    assert_non_null(strstr(buffer_string(&out), "\ntalon_incidents_open 2\n"));
    assert_non_null(strstr(buffer_string(&out), "\ntalon_incidents_unacknowledged 1\n"));
    assert_non_null(strstr(buffer_string(&out), "\ntalon_repair_paused_until_timestamp_seconds 1700000060\n"));
    buffer_clear(&out);
    render_limits(snapshot, &out);
    assert_non_null(strstr(buffer_string(&out), "\"paused_until_unix\":1700000060,\"global\":{\"at_most\":0,"));
    buffer_clear(&out);
    render_limits(NULL, &out);
    assert_non_null(strstr(buffer_string(&out), "\"global\":{},\"runbooks\":[]"));
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

/* ---- queries */

static bool query(const char *target, const char *name, char *value, size_t n)
{
    struct request request;

    request_begin(&request, target, NULL);
    return request_query(&request, name, value, n);
}

static void queries_are_read_strictly(void **state)
{
    char value[16], longest[REQUEST_QUERY + 64];

    (void)state;
    assert_true(query("/api/v1/history?check=a.b&since=1h", "since", value, sizeof value));
    assert_string_equal(value, "1h");
    assert_true(query("/x?a=%41+b%2fc&b", "a", value, sizeof value));
    assert_string_equal(value, "A b/c");
    assert_true(query("/x", "a", value, sizeof value) && query("/x?", "a", value, sizeof value) && query("/x?aa=1&=2&&b", "a", value, sizeof value));
    assert_string_equal(value, "");
    assert_false(query("/x?a=%4", "a", value, sizeof value));
    assert_false(query("/x?a=%zz", "a", value, sizeof value));
    assert_false(query("/x?a=%00", "a", value, sizeof value));
    assert_false(query("/x?a=1&a=2", "a", value, sizeof value));
    assert_false(query("/x?a=1234567890123456", "a", value, sizeof value));
    memset(longest, 'b', sizeof longest);
    memcpy(longest, "/x?a=1&", 7);
    longest[sizeof longest - 1] = '\0';
    assert_false(query(longest, "a", value, sizeof value));
}

static void incidents_are_paths(void **state)
{
    static const char *const bad[] = { "/api/v1/incidents/", "/api/v1/incidents/x", "/api/v1/incidents/7x", "/api/v1/incidents/7/8", "/api/v1/incidents/1234567890123456789" };
    struct request request;

    (void)state;
    request_begin(&request, "/api/v1/incidents/7?x=y", NULL);
    assert_int_equal(request.route, ROUTE_INCIDENT);
    assert_string_equal(request.name, "7");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request_begin(&request, bad[i], NULL);
        assert_int_equal(request.route, ROUTE_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_has_open_ones_first_and_is_bounded),
        cmocka_unit_test(one_has_its_timeline),
        cmocka_unit_test(status_has_what_people_said),
        cmocka_unit_test(the_chain_goes_down_to_the_root),
        cmocka_unit_test(a_need_between_is_a_link),
        cmocka_unit_test(a_very_long_chain_is_cut_in_its_middle),
        cmocka_unit_test(a_why_is_asked_by_check_incident_and_service),
        cmocka_unit_test(figures_of_people),
        cmocka_unit_test(queries_are_read_strictly),
        cmocka_unit_test(incidents_are_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
