/* The plugin `inngest` on the fake host: the worker's count, what Inngest knows, and whatever else the two may answer. */
#include "plugin_test.h"

#define APPS(functions) "{\"data\":{\"apps\":[{\"name\":\"other\",\"functions\":[{\"id\":\"x\"}]},{\"name\":\"bus\",\"functions\":[" functions "]}]}}"

static struct fake *functions(void)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "functions");

    fake_set(fake, "url", "http://inngest.example:8288");
    fake_set(fake, "app", "bus");
    fake_set(fake, "worker", "http://worker.example:3111/api/inngest");
    return fake;
}

static void what_both_answer(void **unused)
{
    static const struct {
        unsigned worker, inngest; /* statuses; inngest 0: it is not asked */
        const char *count, *apps;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { 200, 200, "{\"function_count\":2}", APPS("{\"id\":\"a\"},{\"id\":\"b\"}"), TALON_OK, "inngest.ok", "all 2 functions of bus are registered" },
        { 200, 200, "{\"function_count\":3}", APPS("{\"id\":\"a\"}"), TALON_FAIL, "inngest.functions", "Inngest knows 1 functions of bus, the worker has 3" },
        { 200, 200, "{\"function_count\":1}", APPS("{\"id\":\"a\"},{\"id\":\"b\"}"), TALON_FAIL, "inngest.functions", "knows 2 functions" },
        { 200, 200, "{\"function_count\":3}", APPS(""), TALON_FAIL, "inngest.functions", "knows 0 functions" },
        { 200, 200, "{\"function_count\":3}", "{\"data\":{\"apps\":[]}}", TALON_FAIL, "inngest.unregistered", "the worker is not registered" },
        { 200, 200, "{\"function_count\":3}", "{\"errors\":[{\"message\":\"database is locked\"}],\"data\":null}", TALON_FAIL, "inngest.error", "database is locked" },
        { 200, 200, "{\"function_count\":3}", "{}", TALON_FAIL, "protocol.bad", "the answer holds no apps" },
        { 200, 200, "{\"function_count\":3}", "hello", TALON_FAIL, "protocol.bad", "not JSON" },
        { 200, 500, "{\"function_count\":3}", "", TALON_FAIL, "http.status", "HTTP 500" },
        { 200, 401, "{\"function_count\":3}", "", TALON_UNKNOWN, "auth.rejected", "HTTP 401" },
        { 200, 0, "{\"function_count\":0}", NULL, TALON_FAIL, "inngest.empty", "the worker has no functions" },
        { 200, 0, "{\"function_count\":\"9\"}", NULL, TALON_UNKNOWN, "http.json", "there is no number at function_count" },
        { 200, 0, "<html>", NULL, TALON_UNKNOWN, "http.json", "not JSON" },
        { 503, 0, "", NULL, TALON_UNKNOWN, "http.status", "the worker does not say how many functions it has: HTTP 503" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = functions();

        web_answers(fake, cases[i].worker, cases[i].count);
        if (cases[i].inngest)
            web_answers(fake, cases[i].inngest, cases[i].apps);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        if (cases[i].inngest) {
            assert_string_equal(fake_asked(fake, 1)->url, "http://inngest.example:8288/v0/gql");
            assert_string_equal(fake_asked(fake, 1)->method, "POST");
        } else {
            assert_null(fake_asked(fake, 1));
        }
        fake_free(fake);
    }
}

static void a_count_that_stands_elsewhere(void **unused)
{
    struct fake *fake = functions();

    (void)unused;
    fake_set(fake, "count", "worker.roleCounts.cluster");
    web_answers(fake, 200, "{\"worker\":{\"roleCounts\":{\"host\":163,\"cluster\":1}}}");
    web_answers(fake, 200, APPS("{\"id\":\"a\"}"));
    CONCLUDES(fake, TALON_OK, "inngest.ok", "all 1 functions");
    NEAR(fake_metric(fake, "registered"), 1);
    NEAR(fake_metric(fake, "expected"), 1);
    fake_free(fake);
}

static void no_worker_to_ask(void **unused)
{
    struct fake *fake = fake_new(&talon_plugin_descriptor, "functions");

    (void)unused;
    fake_set(fake, "url", "http://inngest.example:8288");
    fake_set(fake, "app", "bus");
    fake_set(fake, "min", "2");
    web_answers(fake, 200, APPS("{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}"));
    CONCLUDES(fake, TALON_OK, "inngest.ok", "all 3 functions");
    web_answers(fake, 200, APPS("{\"id\":\"a\"}"));
    CONCLUDES(fake, TALON_FAIL, "inngest.functions", "knows 1 functions of bus, expected at least 2");
    web_answers(fake, 200, "{\"data\":{\"apps\":[]}}");
    CONCLUDES(fake, TALON_FAIL, "inngest.unregistered", "no app bus");
    fake_free(fake);
}

static void those_that_do_not_answer(void **unused)
{
    struct fake *fake = functions();

    (void)unused;
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "nobody listens")));
    CONCLUDES(fake, TALON_UNKNOWN, "connect.refused", "cannot ask the worker how many functions it has: nobody listens");
    web_answers(fake, 200, "{\"function_count\":2}");
    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .error = FAKE_ERROR(TALON_E_REFUSED, 111, "connect.refused", "nobody listens")));
    CONCLUDES(fake, TALON_FAIL, "connect.refused", "cannot ask Inngest for its functions");
    web_answers(fake, 200, "{\"function_count\":2}");
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot ask Inngest");
    fake_free(fake);
}

static void options_that_are_wrong(void **unused)
{
    static const char *const cases[][3] = { { "url", "127.0.0.1:8288", "http://" }, { "worker", "x", "http://" }, { "app", "", "is empty" } };

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        struct fake *fake = fake_new(&talon_plugin_descriptor, "functions");

        fake_set(fake, "url", i == 0 ? cases[i][1] : "http://a");
        fake_set(fake, "worker", i == 1 ? cases[i][1] : "http://b");
        fake_set(fake, "app", i == 2 ? cases[i][1] : "bus");
        REFUSES(fake, cases[i][0], cases[i][2]);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_both_answer),
        cmocka_unit_test(a_count_that_stands_elsewhere),
        cmocka_unit_test(no_worker_to_ask),
        cmocka_unit_test(those_that_do_not_answer),
        cmocka_unit_test(options_that_are_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
