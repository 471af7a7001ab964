/* The plugin `kubernetes` on the fake host: services that are asked through the API server, and Dkron among them. */
#include "plugin_kubernetes_test.h"

#define JOB(name, more) "{\"name\":\"" name "\"," more "}"
#define GOOD "\"success_count\":9,\"error_count\":2,\"last_success\":\"2025-12-31T23:00:00Z\",\"last_error\":\"2025-12-30T23:00:00Z\",\"status\":\"success\""
#define FAILED(successes, failures) \
    "\"success_count\":" successes ",\"error_count\":" failures ",\"last_success\":\"2025-12-30T23:00:00Z\",\"last_error\":\"2025-12-31T23:00:00Z\""
#define LEADER "{\"Name\":\"dkron-0\",\"Addr\":\"192.0.2.9\",\"Port\":8946,\"Status\":1}"

static struct fake *asks(const char *operation)
{
    struct fake *fake = kube(operation);

    fake_set(fake, "namespace", "apps");
    fake_set(fake, "service", "dkron-svc");
    fake_set(fake, "port", "8080");
    return fake;
}

static void a_page_of_a_service(void **unused)
{
    struct fake *fake = asks("proxy");

    (void)unused;
    fake_set(fake, "path", "/v1/leader?x=1");
    fake_add(fake, "expect_json", "Name", "dkron-0");
    kube_answers(fake, 200, LEADER);
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 200 in 2.0 ms");
    assert_string_equal(fake_asked(fake, 0)->url, "https://kube.example:6443/api/v1/namespaces/apps/services/dkron-svc:8080/proxy/v1/leader?x=1");
    NEAR(fake_metric(fake, "status"), 200);
    kube_answers(fake, 200, "{\"Name\":\"other\"}");
    CONCLUDES(fake, TALON_FAIL, "http.json", "HTTP 200, but Name is \"other\", expected dkron-0");
    kube_answers(fake, 200, "");
    CONCLUDES(fake, TALON_FAIL, "http.json", "the body is empty");
    fake_free(fake);
}

static void a_bad_answer_is_the_services_own(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body, *words;
    } cases[] = {
        { 500, "null", "HTTP 500, expected 2xx: \"null\"" }, { 401, "who are you", "HTTP 401, expected 2xx: \"who are you\"" },
        { 404, "{\"message\":\"x\"}", "HTTP 404" },          { 503, "{\"kind\":\"Status\"}", "HTTP 503" },
        { 503, "", "HTTP 503, expected 2xx" },               { 429, "slow down", "HTTP 429" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = asks("proxy");

        kube_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, TALON_FAIL, "http.status", cases[i].words);
        fake_free(fake);
    }
}

#define STATUS(code, message) "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message "\",\"code\":" code "}"

static void what_the_api_server_says_is_told_apart(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body;
        enum talon_status concluded;
        const char *reason, *words;
    } cases[] = {
        { 503, STATUS("503", "no endpoints available for service x"), TALON_FAIL, "kubernetes.no_endpoint", "nobody answers behind the service dkron-svc" },
        { 404, STATUS("404", "services x not found"), TALON_FAIL, "kubernetes.absent", "there is no service dkron-svc in namespace apps" },
        { 403, STATUS("403", "services is forbidden"), TALON_UNKNOWN, "auth.forbidden", "cannot ask the API server for the service dkron-svc" },
        { 401, STATUS("401", "Unauthorized"), TALON_UNKNOWN, "auth.rejected", "Unauthorized" },
        { 429, STATUS("429", "too many requests"), TALON_UNKNOWN, "kubernetes.busy", "too many requests" },
        { 500, STATUS("500", "etcdserver: request timed out"), TALON_UNKNOWN, "kubernetes.error", "etcdserver" },
    };

    (void)unused;
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof *cases); i++) {
        struct fake *fake = asks(i % 2 ? "proxy" : "dkron");

        kube_answers(fake, cases[i / 2].status, cases[i / 2].body);
        CONCLUDES(fake, cases[i / 2].concluded, cases[i / 2].reason, cases[i / 2].words);
        fake_free(fake);
    }
}

#define WORKLOADS(replicas) "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"metadata\":{\"name\":\"dkron\"},\"spec\":{" replicas "}}]}"

static void nobody_answers_because_somebody_wants_so(void **unused)
{
    static const struct {
        uint32_t status;
        const char *list;
        enum talon_status concluded;
        const char *reason;
    } cases[] = {
        { 200, WORKLOADS("\"replicas\":0"), TALON_STOPPED, "stopped.by_hand" },     { 200, WORKLOADS("\"replicas\":1"), TALON_FAIL, "kubernetes.no_endpoint" },
        { 200, WORKLOADS(""), TALON_FAIL, "kubernetes.no_endpoint" },               { 200, "{\"items\":[]}", TALON_FAIL, "kubernetes.no_endpoint" },
        { 403, STATUS("403", "forbidden"), TALON_FAIL, "kubernetes.no_endpoint" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = asks("dkron");

        fake_set(fake, "kind", "statefulset");
        fake_set(fake, "workload", "dkron");
        kube_answers(fake, 503, STATUS("503", "no endpoints available"));
        kube_answers(fake, cases[i].status, cases[i].list);
        CONCLUDES(fake, cases[i].concluded, cases[i].reason, "nobody answers");
        assert_non_null(strstr(fake_asked(fake, 1)->url, "/apis/apps/v1/namespaces/apps/statefulsets"));
        fake_free(fake);
    }
}

static void a_server_that_is_not_there_says_nothing(void **unused)
{
    struct fake *fake = asks("proxy");

    (void)unused;
    kube_fails(fake, TALON_E_REFUSED, "connect.refused", "these words");
    CONCLUDES(fake, TALON_UNKNOWN, "connect.refused", "these words");
    CONCLUDES(fake, TALON_UNKNOWN, "timeout", "cannot ask the API server");
    fake_free(fake);
}

static void bodies_and_starts(void **unused)
{
    struct fake *fake = asks("proxy");

    (void)unused;
    fake_set(fake, "expect_body", "\"function_count\":[1-9]");
    fake_set(fake, "starting_body", "loading");
    kube_answers(fake, 200, "{\"function_count\":14}");
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 200");
    kube_answers(fake, 200, "{\"function_count\":0}");
    CONCLUDES(fake, TALON_FAIL, "http.body", "does not match");
    kube_answers(fake, 503, "still loading");
    CONCLUDES(fake, TALON_STARTING, "starting", "it is not ready yet: HTTP 503");
    fake_free(fake);
}

static void headers_and_slow_answers(void **unused)
{
    static const struct talon_pair good[] = { { "X-Role", "cluster" }, { NULL, NULL } }, bad[] = { { "x-role", "host" }, { NULL, NULL } };
    struct fake *fake = asks("proxy");

    (void)unused;
    fake_add(fake, "expect_header", "X-Role", "^cluster$");
    fake_set(fake, "warn_after", "1s");
    fake_http(fake, 2 * FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = good, .body = "", .total_ns = 999 * FAKE_MS));
    CONCLUDES(fake, TALON_OK, "http.ok", "HTTP 200 in 999 ms");
    fake_http(fake, 2 * FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = good, .body = "", .total_ns = 1000 * FAKE_MS));
    CONCLUDES(fake, TALON_WARN, "http.slow", "HTTP 200 in 1.0 s, expected within 1.0 s");
    fake_http(fake, 2 * FAKE_MS, TALON_REQUEST(talon_response, .status = 200, .headers = bad, .body = "", .total_ns = FAKE_MS));
    CONCLUDES(fake, TALON_FAIL, "http.header", "HTTP 200, but header X-Role is \"host\", expected /^cluster$/");
    kube_answers(fake, 200, "");
    CONCLUDES(fake, TALON_FAIL, "http.header", "HTTP 200, but header X-Role is missing");
    fake_free(fake);
    fake = asks("proxy");
    fake_add(fake, "expect_header", "X Role", "x");
    REFUSES(fake, "expect_header", "\"X Role\" is no header name");
    fake_free(fake);
    fake = asks("proxy");
    fake_add(fake, "expect_header", "X-Role", "(");
    REFUSES(fake, "expect_header", "X-Role: missing closing parenthesis at character 2");
    fake_free(fake);
}

static void options_that_are_wrong(void **unused)
{
    static const struct {
        const char *option, *value, *words;
    } cases[] = {
        { "namespace", "a/b", "is no name of a namespace" }, { "service", "x:80", "is no name of a service" }, { "service", "../secrets", "is no name" },
        { "port", "8080/x", "is no port" },                  { "port", "", "is no port" },                     { "path", "v1", "must begin with /" },
        { "path", "/a b", "must begin with /" },             { "path", "/a#b", "must begin with /" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("proxy");

        fake_set(fake, "service", strcmp(cases[i].option, "service") == 0 ? cases[i].value : "dkron-svc");
        fake_set(fake, "port", strcmp(cases[i].option, "port") == 0 ? cases[i].value : "8080");
        if (strcmp(cases[i].option, "service") != 0 && strcmp(cases[i].option, "port") != 0)
            fake_set(fake, cases[i].option, cases[i].value);
        REFUSES(fake, cases[i].option, cases[i].words);
        fake_free(fake);
    }
}

/* ---- Dkron */

static struct fake *dkron(const char *jobs)
{
    struct fake *fake = asks("dkron");

    kube_answers(fake, 200, LEADER);
    kube_answers(fake, 200, jobs);
    return fake;
}

static void again(struct fake *fake, const char *jobs)
{
    kube_answers(fake, 200, LEADER);
    kube_answers(fake, 200, jobs);
}

static void a_leader_and_good_jobs(void **unused)
{
    struct fake *fake = dkron("[" JOB("a", GOOD) "," JOB("b", "\"disabled\":true," FAILED("0", "40")) "," JOB("new", "\"success_count\":0") "]");

    (void)unused;
    CONCLUDES(fake, TALON_OK, "dkron.ok", "it has a leader, and none of its 2 jobs fails");
    NEAR(fake_metric(fake, "disabled"), 1);
    assert_string_equal(fake_asked(fake, 1)->url, "https://kube.example:6443/api/v1/namespaces/apps/services/dkron-svc:8080/proxy/v1/jobs");
    again(fake, "[]");
    CONCLUDES(fake, TALON_OK, "dkron.ok", "no jobs");
    again(fake, "null");
    CONCLUDES(fake, TALON_OK, "dkron.ok", "no jobs");
    fake_free(fake);
}

static void no_leader(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body, *reason;
    } cases[] = {
        { 500, "null", "dkron.no_leader" },    { 404, "", "dkron.no_leader" },     { 200, "null", "dkron.no_leader" },
        { 500, "raft: nope", "http.status" },  { 200, "<html>", "protocol.bad" },  { 200, "{\"Name\":7}", "protocol.bad" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = asks("dkron");

        kube_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, TALON_FAIL, cases[i].reason, strcmp(cases[i].reason, "dkron.no_leader") == 0 ? "it has no leader, so no job runs" : "HTTP");
        fake_free(fake);
    }
}

static void a_streak_of_failures(void **unused)
{
    struct fake *fake = dkron("[" JOB("a", FAILED("5", "10")) "]");

    (void)unused;
    CONCLUDES(fake, TALON_WARN, "dkron.failed", "1 of 1 jobs failed when they last ran: a");
    again(fake, "[" JOB("a", FAILED("5", "11")) "]");
    CONCLUDES(fake, TALON_WARN, "dkron.failed", "a");
    again(fake, "[" JOB("a", FAILED("6", "12")) "]"); /* it has succeeded in between */
    CONCLUDES(fake, TALON_WARN, "dkron.failed", "a");
    again(fake, "[" JOB("a", FAILED("6", "14")) "]");
    CONCLUDES(fake, TALON_FAIL, "dkron.failing", "1 of 1 jobs fail again and again: a (3 times)");
    again(fake, "[" JOB("a", GOOD) "]");
    CONCLUDES(fake, TALON_OK, "dkron.ok", "none of its 1 jobs fails");
    fake_free(fake);
    fake = dkron("[" JOB("never", "\"success_count\":0,\"error_count\":7,\"last_success\":null,\"last_error\":\"2025-12-31T23:00:00Z\"") "]");
    CONCLUDES(fake, TALON_FAIL, "dkron.failing", "never (7 times)");
    fake_free(fake);
    fake = dkron("[" JOB("a", FAILED("0", "9")) "]");
    fake_add(fake, "ignore", NULL, "a");
    CONCLUDES(fake, TALON_OK, "dkron.ok", "none");
    fake_free(fake);
}

static void many_jobs_and_no_jobs_at_all(void **unused)
{
    static const char *const odd[] = { "{}", "7", "<html>", "" };
    static char list[200000];
    struct fake *fake;
    size_t n = 1;

    (void)unused;
    list[0] = '[';
    for (int i = 0; i < 1200; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s{\"name\":\"j%d\",\"success_count\":0,\"error_count\":3,\"last_error\":\"2025-12-31T23:00:00Z\"}", i ? "," : "", i);
    snprintf(list + n, sizeof list - n, "]");
    fake = dkron(list);
    CONCLUDES(fake, TALON_FAIL, "dkron.failing", "1000 of 1200 jobs fail again and again: j0 (3 times), j1 (3 times), j2 (3 times), j3 (3 times) and others");
    fake_free(fake);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        fake = dkron(odd[i]);
        CONCLUDES(fake, TALON_FAIL, "protocol.bad", "it does not list its jobs");
        fake_free(fake);
    }
    fake = asks("dkron");
    kube_answers(fake, 200, LEADER);
    kube_answers(fake, 500, "x");
    CONCLUDES(fake, TALON_FAIL, "http.status", "it does not list its jobs: HTTP 500");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_of_a_service),
        cmocka_unit_test(a_bad_answer_is_the_services_own),
        cmocka_unit_test(what_the_api_server_says_is_told_apart),
        cmocka_unit_test(nobody_answers_because_somebody_wants_so),
        cmocka_unit_test(a_server_that_is_not_there_says_nothing),
        cmocka_unit_test(bodies_and_starts),
        cmocka_unit_test(headers_and_slow_answers),
        cmocka_unit_test(options_that_are_wrong),
        cmocka_unit_test(a_leader_and_good_jobs),
        cmocka_unit_test(no_leader),
        cmocka_unit_test(a_streak_of_failures),
        cmocka_unit_test(many_jobs_and_no_jobs_at_all),
    };

    return cmocka_run_group_tests(tests, kube_make_folder, kube_remove_folder);
}
