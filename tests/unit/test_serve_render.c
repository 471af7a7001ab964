/* What the endpoint says: each representation byte for byte where readers rely on bytes, parsed again where they parse, with texts that try to break out. */
#include "serve_support.h"

#include "base/text.h"
#include "serve/page_style.h"
#include "serve/serve.h"

#include <cjson/cJSON.h>
#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct engine *shop;
static struct snapshot *shot;

static int open_shop(void **state)
{
    (void)state;
    setenv("TZ", "UTC", 1);
    shop = support_shop();
    shot = support_shop_snapshot(shop);
    return shot ? 0 : -1;
}

static int close_shop(void **state)
{
    (void)state;
    snapshot_drop(shot);
    support_free(shop);
    return 0;
}

static cJSON *parse(const struct buffer *text)
{
    cJSON *json;

    assert_false(text->failed);
    assert_int_equal(text_valid_utf8(text->data, text->len), text->len);
    json = cJSON_ParseWithLength(text->data, text->len);
    assert_non_null(json);
    assert_int_equal(text->data[text->len - 1], '\n');
    return json;
}

static const char *string_at(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsString(item));
    return item->valuestring;
}

static double number_at(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_true(cJSON_IsNumber(item));
    return item->valuedouble;
}

static const cJSON *at(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    assert_non_null(item);
    return item;
}

static size_t occurrences(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

/* ---- /health */

static void health_is_the_old_contract_and_more(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_health(shot, false, &out);
    assert_string_equal(buffer_string(&out),
                        "{\"ok\":false,\"state\":\"Failed\",\"consecutive_failures\":4,\"probe_count\":11,\"failed_probe_count\":2,"
                        "\"failed_probes\":[\"colima.c\",\"redis\"],\"worker_restarts\":3,\"updated_at_unix\":1700000000,"
                        "\"witnesses_failed\":1,\"silenced\":0,\"stopped\":1,\"stalled\":false,"
                        "\"config_error\":\"/etc/talon/checks/web.yaml:3:5: unknown key `<tpc>`\",\"version\":\"" TALON_VERSION "\"}\n");
    buffer_free(&out);
}

static void health_before_the_first_snapshot(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_health(NULL, false, &out);
    assert_string_equal(buffer_string(&out), "{\"ok\":false,\"state\":\"Starting\",\"consecutive_failures\":0,\"probe_count\":0,\"failed_probe_count\":0,\"failed_probes\":[],"
                                             "\"worker_restarts\":0,\"updated_at_unix\":0,\"witnesses_failed\":0,\"silenced\":0,\"stopped\":0,\"stalled\":false,"
                                             "\"config_error\":null,\"version\":\"" TALON_VERSION "\"}\n");
    buffer_free(&out);
}

static void health_is_never_ok_while_stalled(void **state)
{
    struct engine *engine = support_engine(2, 1);
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);

    (void)state;
    render_health(snapshot, false, &out);
    assert_memory_equal(out.data, "{\"ok\":true,\"state\":\"Healthy\",", 29);
    buffer_clear(&out);
    render_health(snapshot, true, &out);
    assert_memory_equal(out.data, "{\"ok\":false,\"state\":\"Healthy\",", 30);
    assert_non_null(strstr(out.data, "\"stalled\":true"));
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

/* ---- status and the API */

static void status_of_one_service_byte_for_byte(void **state)
{
    struct engine *engine = support_engine(1, 1);
    struct snapshot *snapshot = support_snapshot(engine);
    struct buffer out = buffer_make(0);

    (void)state;
    render_status(snapshot, false, &out);
    assert_string_equal(buffer_string(&out),
                        "{\"ok\":true,\"state\":\"Healthy\",\"why\":\"1 service is ok\",\"updated_at_unix\":1700000000,\"stalled\":false,\"paused_until\":null,"
                        "\"config\":{\"file\":\"/etc/talon/talon.yaml\",\"loaded_at_unix\":1699992800,\"error\":null},\"services\":[\n"
                        " {\"name\":\"s0\",\"title\":\"a service\",\"verdict\":\"ok\",\"caused_by\":null,\"flags\":[],\"why\":\"all checks are ok\",\"since_unix\":1699996400,\"checks\":[\n"
                        "  {\"name\":\"c\",\"verdict\":\"ok\",\"status\":\"ok\",\"reason\":\"ok\",\"summary\":\"PONG in 0.2 ms\",\"since_unix\":1699996400,"
                        "\"last_run_unix\":1699999997,\"next_run_unix\":1700000011,\"bad_in_a_row\":0,\"witness\":false,\"stale\":false}],"
                        "\"critical\":false,\"root_cause\":false,\"waiting_for\":null,\"incident\":null,\"repair\":null,\"decided_by\":null}\n"
                        "],\"incidents\":[],\"repairing\":[],\"silences\":[],\"plugins\":[],\"programs\":[],\"disabled\":[],\"self\":null,\"started_at_unix\":1699992800,\"version\":\"" TALON_VERSION "\"}\n");
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void status_says_all_that_is_known(void **state)
{
    struct buffer out = buffer_make(0);
    const cJSON *services, *service, *check, *plugins;
    cJSON *json;

    (void)state;
    render_status(shot, true, &out);
    json = parse(&out);
    assert_string_equal(string_at(json, "why"), "colima: c failed 4 times for 2 min: connection to /var/run/colima.sock refused; 1 service with it; 1 more service is not ok");
    assert_true(cJSON_IsTrue(at(json, "stalled")));
    assert_string_equal(string_at(at(json, "config"), "error"), "/etc/talon/checks/web.yaml:3:5: unknown key `<tpc>`");
    services = at(json, "services");
    assert_int_equal(cJSON_GetArraySize(services), SHOP_SERVICES - 1); /* without the disabled one */
    assert_string_equal(cJSON_GetArrayItem(at(json, "disabled"), 0)->valuestring, "old");
    service = cJSON_GetArrayItem(services, SHOP_REDIS);
    assert_string_equal(string_at(service, "caused_by"), "colima");
    assert_string_equal(cJSON_GetArrayItem(at(service, "flags"), 0)->valuestring, "caused by colima");
    check = cJSON_GetArrayItem(at(service, "checks"), 1);
    assert_true(cJSON_IsTrue(at(check, "witness")));
    assert_string_equal(string_at(check, "summary"), "exit 1: \"nothing\" <on> 6379 & 'co' \\  "); /* cleaned when the result was made */
    service = cJSON_GetArrayItem(services, SHOP_WORKER);
    assert_string_equal(cJSON_GetArrayItem(at(service, "flags"), 0)->valuestring, "waiting for colima");
    service = cJSON_GetArrayItem(services, SHOP_WEB);
    assert_string_equal(string_at(service, "title"), "Web <b>shop</b> & \"more\"");
    assert_string_equal(cJSON_GetArrayItem(at(service, "flags"), 0)->valuestring, "stale");
    plugins = at(json, "plugins");
    assert_int_equal(cJSON_GetArraySize(plugins), 3);
    assert_string_equal(string_at(cJSON_GetArrayItem(plugins, 1), "last_end"), "SIGSEGV in \"vm\"");
    assert_int_equal(cJSON_GetArraySize(at(json, "programs")), 2);
    assert_string_equal(string_at(cJSON_GetArrayItem(at(json, "programs"), 1), "why"), "port 81 is taken by <x> (pid 4)");
    assert_true(cJSON_IsNull(at(cJSON_GetArrayItem(at(json, "programs"), 0), "why")));
    assert_string_equal(string_at(json, "self"), "the state folder cannot be written: No space left on device");
    cJSON_Delete(json);
    buffer_free(&out);
}

static void a_check_not_heard_has_nulls(void **state)
{
    struct engine *engine = support_engine(1, 1);
    struct snapshot *snapshot;
    struct buffer out = buffer_make(0);
    const cJSON *check;
    cJSON *json;

    (void)state;
    result_drop(engine->checks[0].last);
    engine->checks[0] = (struct engine_check){ .verdict = VERDICT_NONE };
    engine->overall = (struct engine_overall){ .state = STATE_STARTING, .probe_count = 1 };
    snapshot = support_snapshot(engine);
    render_status(snapshot, false, &out);
    json = parse(&out);
    assert_string_equal(string_at(json, "why"), "1 of 1 checks have not been heard yet");
    check = cJSON_GetArrayItem(at(cJSON_GetArrayItem(at(json, "services"), 0), "checks"), 0);
    assert_string_equal(string_at(check, "verdict"), "starting");
    assert_true(cJSON_IsNull(at(check, "status")) && cJSON_IsNull(at(check, "reason")) && cJSON_IsNull(at(check, "summary")));
    assert_true(cJSON_IsNull(at(check, "last_run_unix")) && cJSON_IsNull(at(check, "since_unix")));
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void what_nobody_watches_has_no_conclusion(void **state)
{
    struct engine *engine = support_engine(2, 2);
    struct snapshot *snapshot;
    struct buffer out = buffer_make(0);
    cJSON *json;

    (void)state;
    support_check(engine, 2)->enabled = false;
    support_check(engine, 3)->witness = true; /* enabled, but it decides nothing */
    engine->services[1].verdict = VERDICT_NONE;
    snapshot = support_snapshot(engine);
    render_status(snapshot, false, &out);
    json = parse(&out);
    assert_string_equal(string_at(json, "why"), "1 service is ok");
    assert_int_equal(cJSON_GetArraySize(at(json, "services")), 1);
    assert_string_equal(cJSON_GetArrayItem(at(json, "disabled"), 0)->valuestring, "s1");
    cJSON_Delete(json);
    buffer_free(&out);
    snapshot_drop(snapshot);
    support_free(engine);
}

static void the_api_lists_services(void **state)
{
    struct buffer out = buffer_make(0);
    const cJSON *services, *redis;
    cJSON *json;

    (void)state;
    render_services(shot, &out);
    json = parse(&out);
    services = at(json, "services");
    assert_int_equal(cJSON_GetArraySize(services), SHOP_SERVICES);
    redis = cJSON_GetArrayItem(services, SHOP_REDIS);
    assert_string_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(at(redis, "needs"), 0), 0)->valuestring, "colima");
    assert_string_equal(cJSON_GetArrayItem(at(redis, "checks"), 1)->valuestring, "redis.c1");
    assert_string_equal(string_at(cJSON_GetArrayItem(services, SHOP_COLIMA), "decided_by"), "c");
    assert_string_equal(string_at(cJSON_GetArrayItem(services, SHOP_COLIMA), "note"), "start it with `colima start`; see \"the VM\" & <its> disk");
    assert_true(cJSON_IsFalse(at(cJSON_GetArrayItem(services, SHOP_OLD), "enabled")));
    cJSON_Delete(json);
    buffer_free(&out);
}

static void the_api_lists_checks_with_their_last_run(void **state)
{
    struct buffer out = buffer_make(0);
    const cJSON *checks, *check;
    cJSON *json;

    (void)state;
    render_checks(shot, &out);
    json = parse(&out);
    checks = at(json, "checks");
    assert_int_equal(cJSON_GetArraySize(checks), 2 * SHOP_SERVICES);
    check = cJSON_GetArrayItem(checks, 2 * SHOP_WEB);
    assert_string_equal(string_at(check, "name"), "web.c");
    assert_string_equal(string_at(check, "service"), "web");
    assert_string_equal(string_at(check, "type"), "redis");
    assert_true(number_at(at(check, "metrics"), "usage") == 1e300 && number_at(at(check, "metrics"), "q") == -0.1);
    assert_string_equal(string_at(at(check, "units"), "usage"), "%");
    assert_string_equal(string_at(at(check, "details"), "body"), "<script>alert(1)</script>\nline two");
    assert_true(number_at(check, "duration_ms") == 2100. && number_at(check, "every_ms") == 15000. && number_at(check, "timeout_ms") == 2500.);
    assert_true(number_at(check, "runs") == 12.);
    assert_string_equal(string_at(cJSON_GetArrayItem(checks, 2 * SHOP_REDIS + 1), "through"), "lima");
    assert_true(cJSON_IsNull(at(cJSON_GetArrayItem(checks, 2 * SHOP_OLD), "duration_ms")));
    cJSON_Delete(json);
    buffer_free(&out);
}

/* ---- the old files */

static void the_old_files_are_as_their_readers_know_them(void **state)
{
    static const char start[] = "[\n{\"name\":\"colima.c\",\"passed\":false,\"output\":\"connection to /var/run/colima.sock refused\",\"duration_ms\":1},\n"
                                "{\"name\":\"colima.c1\",\"passed\":true,\"output\":\"PONG in 0.2 ms\",\"duration_ms\":1},\n"
                                "{\"name\":\"redis\",\"passed\":false,";
    struct buffer out = buffer_make(0);
    static const char *const names[] = { "current_state", "consecutive_failures", "last_heal_time", "last_agent_time", "last_sos_time", "last_probe_results", "worker_restarts" };
    const cJSON *item;
    cJSON *json;
    int n = 0;

    (void)state;
    render_old_probes(shot, &out);
    assert_memory_equal(out.data, start, sizeof start - 1);
    json = parse(&out);
    assert_int_equal(cJSON_GetArraySize(json), 11); /* neither the witness nor what is disabled */
    cJSON_Delete(json);
    buffer_clear(&out);
    render_old_state(shot, &out);
    json = parse(&out);
    cJSON_ArrayForEach(item, json) assert_string_equal(item->string, names[n++]);
    assert_int_equal(n, 7);
    assert_string_equal(string_at(json, "current_state"), "Failed");
    assert_true(cJSON_IsNull(at(json, "last_sos_time")) && number_at(json, "worker_restarts") == 3.);
    cJSON_Delete(json);
    buffer_clear(&out);
    render_old_state(NULL, &out);
    assert_string_equal(buffer_string(&out), "{\"current_state\":\"Starting\",\"consecutive_failures\":0,\"last_heal_time\":null,\"last_agent_time\":null,\"last_sos_time\":null,"
                                             "\"last_probe_results\":[],\"worker_restarts\":0}\n");
    buffer_free(&out);
}

/* ---- the page */

static void the_page_escapes_everything(void **state)
{
    struct buffer out = buffer_make(0);
    const char *body;

    (void)state;
    render_page(shot, false, &out);
    assert_false(out.failed);
    body = strstr(out.data, "</style>");
    assert_null(strstr(body, "<script"));
    assert_null(strstr(body, "<img"));
    assert_null(strstr(body, "<b>shop"));
    assert_null(strstr(body, "<tpc>"));
    assert_null(strstr(body, "<its>"));
    assert_null(strstr(body, "http:"));
    assert_null(strstr(body, "https:"));
    assert_non_null(strstr(body, "Web &lt;b&gt;shop&lt;/b&gt; &amp; &quot;more&quot;"));
    assert_non_null(strstr(body, "&lt;img src=x onerror=alert(1)&gt; took 2.1 s"));
    assert_int_equal(occurrences(out.data, " style="), 0); /* the policy would drop them */
    buffer_free(&out);
}

static void the_page_has_the_worst_first(void **state)
{
    static const char *const order[] = { "<h1>Failed</h1>", "The configuration was refused", "Talon itself:", "<h2>Colima (the VM)", "<h2>Redis", "<h2>worker", "<h2>mail", "<h2>Web",
                                         "<h2>Nightly", "<h2>mailer <small>program", "<h2>port81", "Not watched, since disabled: old." };
    struct buffer out = buffer_make(0);
    const char *place;

    (void)state;
    render_page(shot, false, &out);
    place = out.data;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        place = strstr(place, order[i]);
        if (!place)
            fail_msg("missing, or not in its place: %s", order[i]);
    }
    assert_non_null(strstr(out.data, "as of 2023-11-14 22:13:20 UTC"));
    assert_non_null(strstr(out.data, "<li class=\"failed\"><details open>"));
    assert_non_null(strstr(out.data, "<li class=\"ok\"><details>"));
    assert_non_null(strstr(out.data, "<meta http-equiv=\"refresh\""));
    assert_int_equal(occurrences(out.data, "<li "), SHOP_SERVICES - 1 + 2); /* two programs */
    buffer_free(&out);
}

/* State, process, restarts and what is waited for; what comes from outside is escaped. */
static void the_page_shows_programs(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_page(shot, false, &out);
    assert_non_null(strstr(out.data, "<li class=\"ok\"><details>\n<summary><h2>mailer <small>program</small></h2> <span class=\"verdict ok\">running</span> <span class=\"age\">1 min</span>\n"
                                     "<span class=\"why\">pid 4713, restarted 2 times</span></summary>\n<p class=\"note\">Its last end: none was seen</p>\n"));
    assert_non_null(strstr(out.data, "<li class=\"warn\"><details>\n<summary><h2>port81 <small>program</small></h2> <span class=\"verdict warn\">waiting for its port</span>"));
    assert_non_null(strstr(out.data, "<span class=\"why\">restarted 1 time, again in 5 s: port 81 is taken by &lt;x&gt; (pid 4)</span></summary>\n<p class=\"note\">Its last end: exit code 3"));
    buffer_free(&out);
}

static void the_page_says_that_talon_stands_still(void **state)
{
    struct buffer out = buffer_make(0);

    (void)state;
    render_page(shot, true, &out);
    assert_non_null(strstr(out.data, "Talon stands still."));
    buffer_clear(&out);
    render_page(NULL, false, &out);
    assert_non_null(strstr(out.data, "<h1>Starting</h1>"));
    assert_non_null(strstr(out.data, "</html>\n"));
    buffer_free(&out);
}

static void the_policy_allows_the_style_and_nothing_else(void **state)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];
    struct buffer want = buffer_make(0), out = buffer_make(0);
    const char *start, *end;

    (void)state;
    render_page(shot, false, &out);
    start = strstr(out.data, "<style>") + 7;
    end = strstr(start, "</style>");
    SHA256((const unsigned char *)start, (size_t)(end - start), hash);
    buffer_text(&want, "default-src 'none'; style-src 'sha256-");
    text_base64(&want, hash, sizeof hash);
    buffer_text(&want, "'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    assert_string_equal(page_policy, buffer_string(&want));
    buffer_free(&want);
    buffer_free(&out);
}

/* ---- all of them, without memory */

static void what_does_not_fit_has_failed(void **state)
{
    struct buffer out = buffer_make(200);

    (void)state;
    render_status(shot, false, &out);
    assert_true(out.failed && out.len <= 200);
    buffer_clear(&out);
    render_metrics(shot, false, false, &out);
    assert_true(out.failed);
    buffer_clear(&out);
    render_page(shot, false, &out);
    assert_true(out.failed);
    buffer_clear(&out);
    render_checks(shot, &out);
    assert_true(out.failed);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_is_the_old_contract_and_more),
        cmocka_unit_test(health_before_the_first_snapshot),
        cmocka_unit_test(health_is_never_ok_while_stalled),
        cmocka_unit_test(status_of_one_service_byte_for_byte),
        cmocka_unit_test(status_says_all_that_is_known),
        cmocka_unit_test(a_check_not_heard_has_nulls),
        cmocka_unit_test(what_nobody_watches_has_no_conclusion),
        cmocka_unit_test(the_api_lists_services),
        cmocka_unit_test(the_api_lists_checks_with_their_last_run),
        cmocka_unit_test(the_old_files_are_as_their_readers_know_them),
        cmocka_unit_test(the_page_escapes_everything),
        cmocka_unit_test(the_page_has_the_worst_first),
        cmocka_unit_test(the_page_shows_programs),
        cmocka_unit_test(the_page_says_that_talon_stands_still),
        cmocka_unit_test(the_policy_allows_the_style_and_nothing_else),
        cmocka_unit_test(what_does_not_fit_has_failed),
    };

    return cmocka_run_group_tests(tests, open_shop, close_shop);
}
