/* The plugin `kubernetes` on the fake host: the API server, and its nodes. */
#include "plugin_kubernetes_test.h"

/* Failures of the API server as such, and what any check but `api` says then. */
static const struct {
    uint32_t status;
    const char *body, *reason, *words;
} refusals[] = {
    { 401, "{\"kind\":\"Status\",\"message\":\"Unauthorized\"}", "auth.rejected", "HTTP 401: Unauthorized" },
    { 403, "{\"kind\":\"Status\",\"message\":\"nodes is forbidden: User \\\"x\\\" cannot list\"}", "auth.forbidden", "nodes is forbidden: User \"x\"" },
    { 404, "404 page not found\n", "kubernetes.absent", "HTTP 404: 404 page not found" },
    { 409, "{\"message\":\"the object has been modified\"}", "kubernetes.conflict", "the object has been modified" },
    { 410, "{\"message\":\"too old resource version\"}", "kubernetes.gone", "too old resource version" },
    { 429, "{\"message\":\"too many requests\"}", "kubernetes.busy", "HTTP 429: too many requests" },
    { 500, "{\"message\":\"etcdserver: request timed out\"}", "kubernetes.error", "HTTP 500: etcdserver: request timed out" },
    { 503, "", "kubernetes.error", "HTTP 503" },
    { 302, "<a href=\"/login\">", "http.status", "HTTP 302" },
};

/* ---- api */

static void a_ready_server(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_answers(fake, 200, "ok");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready in 2.0 ms");
    NEAR(fake_metric(fake, "time"), 0.002);
    fake_free(fake);
}

static void a_server_names_what_fails(void **unused)
{
    static const struct {
        const char *body;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n", TALON_FAIL, "kubernetes.not_ready", "it is not ready: etcd" },
        { "[-]a failed\n[-]b failed\n[-]c failed\n[-]d failed\n[-]e failed\n[-]f failed", TALON_FAIL, "kubernetes.not_ready", "a, b, c, d and 2 more" },
        { "[-]informer-sync failed: x\n[-]poststarthook/rbac/bootstrap-roles failed: y\n", TALON_STARTING, "starting",
          "it starts: informer-sync, poststarthook/" },
        { "[-]poststarthook/x failed: y\n[-]shutdown failed: z\n", TALON_FAIL, "kubernetes.not_ready", "shutdown" },
        { "[-]", TALON_FAIL, "kubernetes.not_ready", "it is not ready" },
        { "[-]\n[-", TALON_FAIL, "kubernetes.not_ready", "it is not ready" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("api");

        kube_answers(fake, 500, cases[i].body);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_null(fake_asked(fake, 1));
        fake_free(fake);
    }
}

static void one_that_says_little_is_asked_for_more(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_answers(fake, 503, "Service Unavailable");
    kube_answers(fake, 500, "[-]etcd failed: reason withheld");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "etcd");
    assert_string_equal(fake_asked(fake, 1)->url, "https://kube.example:6443/readyz?verbose");
    kube_answers(fake, 503, "");
    kube_answers(fake, 503, "{\"message\":\"apiserver is shutting down\"}");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "HTTP 503: apiserver is shutting down");
    kube_answers(fake, 503, "");
    kube_answers(fake, 200, "[+]ping ok");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    fake_free(fake);
}

static void an_old_server(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    kube_answers(fake, 404, "404 page not found");
    kube_answers(fake, 200, "ok");
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    assert_string_equal(fake_asked(fake, 1)->url, "https://kube.example:6443/healthz");
    kube_answers(fake, 404, "");
    kube_answers(fake, 404, "no Kubernetes here");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.absent", "HTTP 404: no Kubernetes here");
    fake_free(fake);
}

static void a_server_that_cannot_be_reached(void **unused)
{
    static const struct {
        uint32_t code;
        const char *token;
        enum talon_status status;
    } cases[] = {
        { TALON_E_REFUSED, "connect.refused", TALON_FAIL }, { TALON_E_CERT, "tls.expired", TALON_FAIL },
        { TALON_E_NO_NAME, "dns.none", TALON_FAIL },        { TALON_E_PROTOCOL, "protocol.bad", TALON_FAIL },
        { TALON_E_CLOSED, "connect.closed", TALON_FAIL },   { TALON_E_RESOLVER, "dns.unreachable", TALON_UNKNOWN },
        { TALON_E_LOCAL, "local", TALON_UNKNOWN },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("api");

        kube_fails(fake, cases[i].code, cases[i].token, "these words");
        CONCLUDES(fake, cases[i].status, cases[i].token, "cannot reach https://kube.example:6443: these words");
        fake_free(fake);
        fake = kube("node");
        kube_fails(fake, cases[i].code, cases[i].token, "these words");
        CONCLUDES(fake, TALON_UNKNOWN, cases[i].token, "cannot ask the API server for the nodes: these words");
        fake_free(fake);
    }
}

static void a_silent_server(void **unused)
{
    struct fake *fake = kube("api");

    (void)unused;
    CONCLUDES(fake, TALON_FAIL, "timeout", "cannot reach https://kube.example:6443");
    fake_free(fake);
    fake = kube("node");
    fake_http(fake, 10 * FAKE_S, &(struct talon_response){ .error = FAKE_ERROR(TALON_E_TIMEOUT, 0, "timeout", "no answer"), .headers = kube_no_headers });
    CONCLUDES(fake, TALON_UNKNOWN, "timeout", "no answer to GET /api/v1/nodes in time");
    assert_true(fake_asked(fake, 0)->timeout_ns <= 10 * FAKE_S); /* no longer than the run that asked */
    kube_answers(fake, 200, "{\"items\":[]}");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.absent", "the cluster has no nodes");
    fake_free(fake);
    fake = kube("access");
    fake_add(fake, "verbs", NULL, "get");
    fake_set(fake, "resource", "pods");
    CONCLUDES(fake, TALON_UNKNOWN, "timeout", "cannot ask the API server for what is allowed");
    fake_free(fake);
}

static void a_server_that_refuses(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct fake *fake = kube("node");

        kube_answers(fake, refusals[i].status, refusals[i].body);
        CONCLUDES(fake, TALON_UNKNOWN, refusals[i].reason, refusals[i].words);
        fake_free(fake);
    }
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = kube("api");

        kube_answers(fake, refusals[i].status, refusals[i].body);
        CONCLUDES(fake, TALON_UNKNOWN, refusals[i].reason, "refuses our credentials");
        fake_free(fake);
    }
}

static void a_certificate_that_expires(void **unused)
{
    const struct talon_peer peer = {
        .size = sizeof peer, .verify_text = "", .subject = "CN=kube", .issuer = "CN=ca", .protocol = "TLSv1.3", .not_after = 1767225600 + 3 * 86400
    };
    struct fake *fake = kube("api");

    (void)unused;
    fake_http(fake, FAKE_MS, &(struct talon_response){ .status = 200, .headers = kube_no_headers, .body = "ok", .body_len = 2, .peer = &peer });
    CONCLUDES(fake, TALON_WARN, "http.expiry", "the certificate of CN=kube expires in 3 d");
    fake_free(fake);
    fake = kube("api");
    fake_set(fake, "warn_expiry", "1d");
    fake_http(fake, FAKE_MS, &(struct talon_response){ .status = 200, .headers = kube_no_headers, .body = "ok", .body_len = 2, .peer = &peer });
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    fake_free(fake);
}

/* ---- nodes */

static void nodes_by_their_conditions(void **unused)
{
    static const struct {
        const char *list;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)), TALON_OK, "kubernetes.ready", "the node is ready" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY) "," NODE("m", NODE_OLD, "b", "", NODE_READY)), TALON_OK, "kubernetes.ready",
          "all 2 nodes are ready" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", CONDITION("Ready", "False"))), TALON_FAIL, "kubernetes.not_ready", "n is not ready since 14 min: R: M" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", CONDITION("Ready", "Unknown"))), TALON_FAIL, "kubernetes.silent",
          "n has a kubelet that is silent since 14 min: R: M" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY) "," NODE("m", NODE_OLD, "b", "", CONDITION("Ready", "False"))), TALON_FAIL, "kubernetes.not_ready",
          "1 of 2 nodes are ready: m is not ready" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY "," CONDITION("NetworkUnavailable", "True"))), TALON_FAIL, "kubernetes.network",
          "n has no network for pods" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY "," CONDITION("DiskPressure", "True"))), TALON_WARN, "kubernetes.pressure",
          "n runs out of disk since 14 min" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY "," CONDITION("MemoryPressure", "True"))), TALON_WARN, "kubernetes.pressure",
          "n runs out of memory" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY "," CONDITION("PIDPressure", "True"))), TALON_WARN, "kubernetes.pressure",
          "n runs out of process ids" },
        { NODE_LIST(NODE("n", "2025-12-31T23:59:00Z", "b", "", CONDITION("Ready", "False"))), TALON_STARTING, "starting", "n is not ready" },
        { NODE_LIST(NODE("n", "2025-12-31T23:59:00Z", "b", "", CONDITION("Ready", "Unknown"))), TALON_FAIL, "kubernetes.silent", "silent" },
        { NODE_LIST(NODE("n", NODE_OLD, "b", "", "")), TALON_FAIL, "kubernetes.not_ready", "n says nothing of its readiness" },
        { NODE_LIST(""), TALON_FAIL, "kubernetes.absent", "the cluster has no nodes" },
        { "{\"items\":null}", TALON_FAIL, "kubernetes.absent", "the cluster has no nodes" },
        { NODE_LIST("{}"), TALON_FAIL, "kubernetes.not_ready", "? says nothing" },
        { NODE_LIST("1,\"x\",null,[]"), TALON_FAIL, "kubernetes.not_ready", "0 of 4" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("node");

        kube_answers(fake, 200, cases[i].list);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

#define LEASES(at) "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"metadata\":{\"name\":\"n\"},\"spec\":{\"renewTime\":\"" at "\"}}]}"

static void leases_of_nodes(void **unused)
{
    static const struct {
        uint32_t status;
        const char *leases;
        enum talon_status concluded;
        const char *reason, *words;
    } cases[] = {
        { 200, LEASES("2025-12-31T23:59:50.123456Z"), TALON_OK, "kubernetes.ready", "the node is ready" },
        { 200, LEASES("2025-12-31T23:46:00.000000Z"), TALON_FAIL, "kubernetes.silent", "n has a kubelet that is silent: its lease was last renewed 14 min ago" },
        { 200, LEASES("2026-01-01T01:00:00.000000Z"), TALON_OK, "kubernetes.ready", "ready" }, /* its clock is ahead of ours */
        { 200, LEASES("yesterday"), TALON_OK, "kubernetes.ready", "ready" },
        { 200, "{\"items\":[]}", TALON_OK, "kubernetes.ready", "ready" },
        { 403, "{\"message\":\"leases is forbidden\"}", TALON_OK, "kubernetes.ready", "ready" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("node");

        fake_set(fake, "lease_within", "2m");
        fake_set(fake, "watch", "false"); /* no request of its between the two */
        kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
        kube_answers(fake, cases[i].status, cases[i].leases);
        CONCLUDES(fake, cases[i].concluded, cases[i].reason, cases[i].words);
        CONTAINS(fake_asked(fake, 1)->url, "/namespaces/kube-node-lease/leases");
        if (cases[i].status == 403)
            CONTAINS(fake_detail(fake, "leases"), "leases is forbidden");
        fake_free(fake);
    }
}

static void a_node_by_name(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    fake_set(fake, "node", "m");
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", CONDITION("Ready", "False")) "," NODE("m", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "the node is ready");
    fake_advance(fake, 30 * FAKE_S);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.absent", "the cluster has no node m");
    fake_free(fake);
    fake = kube("node");
    fake_set(fake, "node", "a/b");
    REFUSES(fake, "node", "\"a/b\" is no name of a node");
    fake_free(fake);
}

static void a_boot_that_was_seen(void **unused)
{
    struct fake *fake = kube("node");

    (void)unused;
    fake_set(fake, "watch", "false");
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "one", "", NODE_READY)));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "ready");
    fake_advance(fake, 30 * FAKE_S);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "two", "", CONDITION("Ready", "False"))));
    CONCLUDES(fake, TALON_STARTING, "starting", "n is not ready");
    fake_advance(fake, 130 * FAKE_S);
    kube_answers(fake, 200, NODE_LIST(NODE("n", NODE_OLD, "two", "", CONDITION("Ready", "False"))));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "n is not ready");
    fake_free(fake);
}

/* ---- schedulable */

#define TAINT(key, effect) "\"taints\":[{\"key\":\"" key "\",\"effect\":\"" effect "\"}]"
#define CORDON "\"unschedulable\":true," TAINT("node.kubernetes.io/unschedulable", "NoSchedule")

static void taints_and_cordons(void **unused)
{
    static const struct {
        const char *toleration, *list;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", "", NODE_READY)), TALON_OK, "kubernetes.schedulable", "the node takes new pods" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("node-role.kubernetes.io/control-plane", "NoSchedule"), NODE_READY)), TALON_OK,
          "kubernetes.schedulable", "takes new pods" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", CORDON, NODE_READY)), TALON_STOPPED, "stopped.by_hand", "n is cordoned" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", CORDON, NODE_READY) "," NODE("m", NODE_OLD, "b", "", NODE_READY)), TALON_WARN, "kubernetes.cordoned",
          "1 of 2 nodes take new pods: n is cordoned" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("node.kubernetes.io/disk-pressure", "NoSchedule"), NODE_READY)), TALON_FAIL, "kubernetes.tainted",
          "n takes no new pods: node.kubernetes.io/disk-pressure:NoSchedule" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", "\"unschedulable\":true," TAINT("x", "NoExecute"), NODE_READY)), TALON_FAIL, "kubernetes.tainted",
          "x:NoExecute" },
        { NULL, NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("x", "PreferNoSchedule"), NODE_READY)), TALON_OK, "kubernetes.schedulable", "" },
        { "x", NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("x", "NoExecute"), NODE_READY)), TALON_OK, "kubernetes.schedulable", "" },
        { "x:NoSchedule", NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("x", "NoExecute"), NODE_READY)), TALON_FAIL, "kubernetes.tainted", "x:NoExecute" },
        { "x=y", NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("x", "NoExecute"), NODE_READY)), TALON_FAIL, "kubernetes.tainted", "x:NoExecute" },
        { "x=y:NoExecute", NODE_LIST(NODE("n", NODE_OLD, "b", "\"taints\":[{\"key\":\"x\",\"value\":\"y\",\"effect\":\"NoExecute\"}]", NODE_READY)), TALON_OK,
          "kubernetes.schedulable", "" },
        { "x", NODE_LIST(NODE("n", NODE_OLD, "b", TAINT("xy", "NoExecute"), NODE_READY)), TALON_FAIL, "kubernetes.tainted", "xy" },
        { NULL, NODE_LIST(""), TALON_FAIL, "kubernetes.absent", "the cluster has no nodes" },
        { NULL, NODE_LIST("{\"spec\":{\"taints\":[1,{}]}}"), TALON_OK, "kubernetes.schedulable", "" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("schedulable");

        fake_add(fake, "tolerations", NULL, cases[i].toleration ? cases[i].toleration : "node-role.kubernetes.io/control-plane");
        kube_answers(fake, 200, cases[i].list);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void tolerations_that_are_none(void **unused)
{
    static const char *const cases[][2] = { { "", "names no key" }, { "=x", "names no key" }, { "x:Never", "an effect is NoSchedule or NoExecute" } };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = kube("schedulable");

        fake_add(fake, "tolerations", NULL, cases[i][0]);
        REFUSES(fake, "tolerations", cases[i][1]);
        fake_free(fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ready_server),
        cmocka_unit_test(a_server_names_what_fails),
        cmocka_unit_test(one_that_says_little_is_asked_for_more),
        cmocka_unit_test(an_old_server),
        cmocka_unit_test(a_server_that_cannot_be_reached),
        cmocka_unit_test(a_silent_server),
        cmocka_unit_test(a_server_that_refuses),
        cmocka_unit_test(a_certificate_that_expires),
        cmocka_unit_test(nodes_by_their_conditions),
        cmocka_unit_test(leases_of_nodes),
        cmocka_unit_test(a_node_by_name),
        cmocka_unit_test(a_boot_that_was_seen),
        cmocka_unit_test(taints_and_cordons),
        cmocka_unit_test(tolerations_that_are_none),
    };

    return cmocka_run_group_tests_name("plugin kubernetes", tests, kube_make_folder, kube_remove_folder);
}
