/* The plugin `kubernetes` on the fake host: access reviews, and how lists are asked for, kept and watched. */
#include "plugin_kubernetes_test.h"

/* ---- access */

static struct fake *reviews(void)
{
    struct fake *fake = kube("access");

    fake_add(fake, "verbs", NULL, "get");
    fake_add(fake, "verbs", NULL, "create");
    fake_set(fake, "resource", "nodes");
    fake_set(fake, "subresource", "proxy");
    return fake;
}

static void what_subjects_may(void **unused)
{
    struct fake *fake = reviews();

    (void)unused;
    fake_add(fake, "groups", NULL, "system:authenticated");
    fake_add(fake, "subjects", NULL, "a");
    fake_add(fake, "subjects", NULL, "b");
    for (int i = 0; i < 4; i++)
        kube_answers(fake, 201, "{\"status\":{\"allowed\":true,\"reason\":\"RBAC\"}}");
    CONCLUDES(fake, TALON_OK, "kubernetes.allowed", "all 4 are allowed");
    assert_string_equal(fake_asked(fake, 0)->url, "https://kube.example:6443/apis/authorization.k8s.io/v1/subjectaccessreviews");
    assert_string_equal(fake_asked(fake, 0)->method, "POST");
    assert_string_equal(fake_asked_header(fake, 0, "Content-Type"), "application/json");
    CONTAINS(
        fake_asked(fake, 3)->body,
        "\"user\":\"b\",\"groups\":[\"system:authenticated\"],\"resourceAttributes\":{\"verb\":\"create\",\"resource\":\"nodes\",\"subresource\":\"proxy\"}");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":false}}");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":false}}");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":true}}");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":false,\"denied\":true}}");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.denied", "not allowed: a may not get, create nodes/proxy; b may not create nodes/proxy");
    fake_free(fake);
}

static void what_we_may_ourselves(void **unused)
{
    struct fake *fake = reviews();

    (void)unused;
    fake_set(fake, "as", "other");
    fake_set(fake, "namespace", "apps");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":false}}");
    kube_answers(fake, 201, "{\"status\":{\"allowed\":true}}");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.denied", "other may not get nodes/proxy in namespace apps");
    assert_string_equal(fake_asked(fake, 0)->url, "https://kube.example:6443/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
    assert_string_equal(fake_asked_header(fake, 0, "Impersonate-User"), "other");
    CONTAINS(fake_asked(fake, 0)->body, "\"namespace\":\"apps\"");
    fake_free(fake);
}

static void reviews_that_say_nothing(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body, *reason, *words;
    } cases[] = {
        { 403, "{\"message\":\"subjectaccessreviews is forbidden\"}", "auth.forbidden", "subjectaccessreviews is forbidden" },
        { 500, "{\"message\":\"no\"}", "kubernetes.error", "HTTP 500: no" },
        { 201, "{\"status\":{\"allowed\":false,\"evaluationError\":\"webhook gone\"}}", "kubernetes.review",
          "could not find out who may get nodes/proxy: webhook gone" },
        { 201, "{\"status\":{}}", "protocol.bad", "the answer is no access review" },
        { 201, "{", "protocol.bad", "the body is not JSON" },
        { 200, "", "protocol.bad", "the body is empty" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = reviews();

        kube_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, TALON_UNKNOWN, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void reviews_that_are_none(void **unused)
{
    struct fake *fake = reviews();

    (void)unused;
    fake_set(fake, "as", "x");
    fake_add(fake, "subjects", NULL, "a");
    REFUSES(fake, "as", "no meaning beside `subjects`");
    fake_free(fake);
    fake = reviews();
    for (int i = 0; i < 17; i++)
        fake_add(fake, "subjects", NULL, "a");
    REFUSES(fake, "verbs", "34 questions: at most 32");
    fake_free(fake);
    fake = reviews();
    fake_set(fake, "namespace", "../x");
    REFUSES(fake, "namespace", "is no name of a namespace");
    fake_free(fake);
}

/* ---- lists */

static void lists_in_pages(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    kube_answers(fake, 200, "{\"metadata\":{\"continue\":\"a+b\"},\"items\":[" NODE("n", NODE_OLD, "b", "", NODE_READY) "]}");
    kube_answers(fake, 200, NODE_LIST(NODE("m", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "all 2 nodes are ready");
    assert_string_equal(fake_asked(fake, 0)->url, "https://kube.example:6443/api/v1/nodes?limit=50");
    assert_int_equal(fake_asked(fake, 0)->flags, TALON_HTTP_KEEP);
    assert_string_equal(fake_asked(fake, 1)->url, "https://kube.example:6443/api/v1/nodes?limit=50&continue=a%2Bb");
    assert_int_equal(fake_asked(fake, 1)->flags, 0);
    fake_free(fake);
}

static void a_list_that_changes_under_us(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    kube_answers(fake, 200, "{\"metadata\":{\"continue\":\"x\"},\"items\":[" NODE("n", NODE_OLD, "b", "", NODE_READY) "]}");
    kube_answers(fake, 410, "{\"message\":\"expired\"}");
    kube_answers(fake, 200, NODE_LIST(NODE("m", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "the node is ready");
    fake_advance(fake, 30 * FAKE_S);
    kube_answers(fake, 200, "{\"metadata\":{\"continue\":\"x\"},\"items\":[]}");
    kube_answers(fake, 410, "");
    kube_answers(fake, 200, "{\"metadata\":{\"continue\":\"x\"},\"items\":[]}");
    kube_answers(fake, 410, "{\"message\":\"expired\"}");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.gone", "HTTP 410: expired");
    fake_free(fake);
}

static void lists_without_end(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    for (int i = 0; i < 40; i++)
        kube_answers(fake, 200, "{\"metadata\":{\"continue\":\"x\"},\"items\":[{}]}");
    CONCLUDES(fake, TALON_UNKNOWN, "too_big", "more than 2000");
    assert_non_null(fake_asked(fake, 39));
    assert_null(fake_asked(fake, 40));
    fake_free(fake);
}

static void answers_that_are_no_list(void **unused)
{
    static const char *const cases[] = { "", "<html>", "{}", "[]", "{\"items\":1}", "{\"items\":[}", "null", "{\"items\":{}}" };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("node");

        kube_answers(fake, 200, cases[i]);
        CONCLUDES(fake, TALON_UNKNOWN, "protocol.bad", "cannot ask the API server for the nodes: the ");
        fake_free(fake);
    }
}

static void a_list_serves_for_a_moment(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    fake_set(fake, "watch", "false");
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_null(fake_asked(fake, 0));
    fake_advance(fake, 3 * FAKE_S);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", CONDITION("Ready", "False"))));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "not ready");
    assert_non_null(fake_asked(fake, 0));
    fake_free(fake);
}

/* ---- watches */

static void a_change_is_told_at_once(void **unused)
{
    static const char change[] = "{\"type\":\"MODIFIED\",\"object\":{}}\n", mark[] = "{\"type\":\"BOOKMARK\",\"object\":{}}\n";
    struct fake *fake = kube("node");

    (void)unused;
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_string_equal(fake_asked(fake, 1)->url,
                        "https://kube.example:6443/api/v1/nodes?watch=1&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=7");
    assert_string_equal(fake_asked_header(fake, 1, "Authorization"), "Bearer t0k");
    fake_http_piece(fake, mark, sizeof mark - 1);
    fake_http_piece(fake, change, 10);
    assert_int_equal(fake_nudges(fake), 0);
    fake_http_piece(fake, change + 10, sizeof change - 11);
    assert_int_equal(fake_nudges(fake), 1);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", CONDITION("Ready", "False"))));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "not ready"); /* what was known is old, however young */
    fake_free(fake);
}

static void no_watch_where_none_is_wanted(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    fake_set(fake, "watch", "false");
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
    fake = kube("node");
    kube_answers(fake, 200, "{\"items\":[" NODE("n", NODE_OLD, "b", "", NODE_READY) "]}"); /* no version to begin at */
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

static unsigned watches(const struct fake *fake)
{
    unsigned n = 0;

    for (size_t i = 0; fake_asked(fake, i); i++)
        n += strstr(fake_asked(fake, i)->url, "watch=1") != NULL;
    return n;
}

static void a_watch_that_ends_begins_again(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    kube_fails(fake, TALON_E_CLOSED, "connect.closed", "closed");
    kube_fails(fake, TALON_E_CLOSED, "connect.closed", "closed");
    kube_answers(fake, 200, "");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_int_equal(watches(fake), 1);
    fake_advance(fake, 1100 * FAKE_MS);
    assert_int_equal(watches(fake), 2);
    fake_advance(fake, 1100 * FAKE_MS);
    assert_int_equal(watches(fake), 2); /* it waits longer each time */
    fake_advance(fake, 1100 * FAKE_MS);
    assert_int_equal(watches(fake), 3);
    assert_string_equal(fake_log(fake), "the watch of /api/v1/nodes ended: closed\n");
    fake_advance(fake, 1100 * FAKE_MS); /* a good end: at once, so to speak */
    assert_int_equal(watches(fake), 4);
    fake_free(fake);
}

static void a_watch_that_is_too_old_waits_for_a_list(void **unused)
{
    static const char gone[] = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n";
    struct fake *fake = kube("node");

    (void)unused;
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    kube_answers(fake, 410, "");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    fake_advance(fake, 60 * FAKE_S);
    assert_int_equal(watches(fake), 1);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    fake_http(fake, 5 * FAKE_S, &(struct talon_response){ .status = 200, .headers = kube_no_headers, .body = "" });
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_int_equal(watches(fake), 1);
    fake_http_piece(fake, gone, sizeof gone - 1);
    assert_int_equal(fake_nudges(fake), 0);
    fake_advance(fake, 60 * FAKE_S);
    assert_int_equal(watches(fake), 1);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_int_equal(watches(fake), 1);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_subjects_may),
        cmocka_unit_test(what_we_may_ourselves),
        cmocka_unit_test(reviews_that_say_nothing),
        cmocka_unit_test(reviews_that_are_none),
        cmocka_unit_test(lists_in_pages),
        cmocka_unit_test(a_list_that_changes_under_us),
        cmocka_unit_test(lists_without_end),
        cmocka_unit_test(answers_that_are_no_list),
        cmocka_unit_test(a_list_serves_for_a_moment),
        cmocka_unit_test(a_change_is_told_at_once),
        cmocka_unit_test(no_watch_where_none_is_wanted),
        cmocka_unit_test(a_watch_that_ends_begins_again),
        cmocka_unit_test(a_watch_that_is_too_old_waits_for_a_list),
    };

    return cmocka_run_group_tests_name("plugin kubernetes, its lists and reviews", tests, kube_make_folder, kube_remove_folder);
}
