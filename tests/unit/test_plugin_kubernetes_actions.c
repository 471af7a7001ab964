/* The actions of the plugin `kubernetes` on the fake host: what is sent to the API server, what is left alone, and each way of it not being done. */
#include "plugin_kubernetes_test.h"

#define POD(name, uid, more) \
    "{\"metadata\":{\"name\":\"" name "\",\"uid\":\"" uid "\"" more "}," \
    "\"status\":{\"phase\":\"Pending\",\"containerStatuses\":[{\"state\":{\"waiting\":{\"reason\":\"ImagePullBackOff\"}}}]}}"
#define LIST(items) "{\"kind\":\"PodList\",\"metadata\":{},\"items\":[" items "]}"
#define SAYS(words) "{\"kind\":\"Status\",\"message\":\"" words "\"}"
#define SERVER "https://kube.example:6443"

static void asked(struct fake *fake, size_t n, const char *method, const char *path, const char *body)
{
    const struct talon_http *request = fake_asked(fake, n);

    assert_non_null(request);
    assert_string_equal(request->method ? request->method : "GET", method);
    assert_int_equal(strncmp(request->url, SERVER, strlen(SERVER)), 0);
    assert_string_equal(request->url + strlen(SERVER), path);
    if (body)
        assert_string_equal(request->body, body);
}

static struct fake *pod_action(const char *action)
{
    struct fake *fake = kube(action);

    fake_set(fake, "namespace", "prod");
    fake_set(fake, "name", "web-1");
    return fake;
}

static struct fake *pods_action(const char *action, const char *at_most)
{
    struct fake *fake = kube(action);

    fake_set(fake, "namespace", "prod");
    fake_set(fake, "selector", "app=web");
    fake_set(fake, "at_most", at_most);
    return fake;
}

/* ---- delete-pod */

static void deletes_one(void **unused)
{
    struct fake *fake = pod_action("delete-pod");

    (void)unused;
    fake_set(fake, "grace", "5");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "deleted the pod web-1, which was Pending (ImagePullBackOff), in prod");
    asked(fake, 0, "GET", "/api/v1/namespaces/prod/pods/web-1", NULL);
    asked(fake, 1, "DELETE", "/api/v1/namespaces/prod/pods/web-1",
          "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u1\"},\"gracePeriodSeconds\":5}");
    assert_string_equal(fake_asked_header(fake, 1, "Content-Type"), "application/json");
    assert_string_equal(fake_asked_header(fake, 1, "Authorization"), "Bearer t0k");
    CONTAINS(fake_log(fake), "deletes web-1, which is Pending (ImagePullBackOff)");
    fake_free(fake);
}

static void what_is_left_alone(void **unused)
{
    struct fake *fake = pod_action("delete-pod");

    (void)unused;
    kube_answers(fake, 404, SAYS("pods \\\"web-1\\\" not found"));
    CONCLUDES(fake, TALON_WARN, "kubernetes.absent", "nothing was done: no pod in prod is web-1");
    fake_free(fake);

    fake = pod_action("delete-pod");
    fake_set(fake, "uid", "u0");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.conflict", "nothing was done: the pod web-1 in prod is another pod by now (uid u1, not u0)");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);

    fake = pod_action("delete-pod");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    kube_answers(fake, 409, SAYS("the UID in the precondition (u1) does not match"));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.conflict", "is another pod by now (HTTP 409: the UID in the precondition (u1) does not match)");
    fake_free(fake);

    fake = pod_action("delete-pod");
    kube_answers(fake, 200, POD("web-1", "u1", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""));
    CONCLUDES(fake, TALON_OK, "kubernetes.already", "nothing was left to do: of 1 pods 1 already on the way out");
    fake_free(fake);

    fake = pod_action("delete-pod");
    kube_answers(fake, 200, POD("web-1", "u1", ",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}"));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.static", "web-1 mirrors a manifest of its node");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

static void deletes_some(void **unused)
{
    struct fake *fake = pods_action("delete-pod", "4");

    (void)unused;
    kube_answers(fake, 200, LIST(POD("a", "1", "") "," POD("b", "2", ",\"deletionTimestamp\":\"x\"") "," POD("c", "3", "") "," POD("d", "4", "")));
    kube_answers(fake, 200, "{}");
    kube_answers(fake, 404, "{}");
    kube_answers(fake, 409, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done",
              "deleted 1 of 4 pods in prod: 1 already on the way out, 1 gone meanwhile, 1 another pod by now and left alone");
    asked(fake, 0, "GET", "/api/v1/namespaces/prod/pods?labelSelector=app%3Dweb&limit=5", NULL);
    assert_string_equal(fake_detail(fake, "a"), "deleted");
    assert_string_equal(fake_detail(fake, "c"), "gone already");
    fake_free(fake);

    fake = pods_action("delete-pod", "1");
    kube_answers(fake, 200, LIST(POD("a", "1", "") "," POD("b", "2", "")));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.too_many",
              "not done, more than 1 pods in prod match app=web; a person looks at: kubectl -n prod get pods -l 'app=web'");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);

    fake = pods_action("delete-pod", "3");
    kube_answers(fake, 200, LIST(""));
    CONCLUDES(fake, TALON_WARN, "kubernetes.absent", "no pod in prod is app=web");
    fake_free(fake);

    fake = pods_action("delete-pod", "3");
    kube_answers(fake, 200, LIST(POD("a", "1", "") "," POD("../x", "2", "")));
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "lists a pod without a name or uid");
    fake_free(fake);

    fake = pods_action("delete-pod", "3");
    kube_answers(fake, 200, LIST(POD("a", "1", "") "," POD("b", "2", "")));
    kube_answers(fake, 200, "{}");
    kube_answers(fake, 403, SAYS("pods \\\"b\\\" is forbidden"));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights",
              "not done (1 done before), Talon lacks the right; a person runs: kubectl -n prod delete pod b (HTTP 403: pods");
    fake_free(fake);
}

/* A new pod waits for its image while the old one serves: that one is never touched. */
static void those_that_wait(void **unused)
{
    static const char serves[] = "{\"metadata\":{\"name\":\"old\",\"uid\":\"0\"},\"status\":{\"containerStatuses\":[{\"state\":{\"running\":{}}}]}}";
    static const char starts[] = "{\"metadata\":{\"name\":\"init\",\"uid\":\"2\"},\"status\":{\"initContainerStatuses\":[{\"state\":{\"waiting\":{\"reason\":\"ErrImagePull\"}}}]}}";
    struct fake *fake = pods_action("delete-pod", "2");
    char list[2048];

    (void)unused;
    snprintf(list, sizeof list, LIST("%s,%s," POD("new", "1", "")), serves, starts);
    fake_add(fake, "waiting", NULL, "ErrImagePull");
    fake_add(fake, "waiting", NULL, "ImagePullBackOff");
    kube_answers(fake, 200, list);
    kube_answers(fake, 200, "{}");
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "deleted 2 of 2 pods in prod");
    asked(fake, 0, "GET", "/api/v1/namespaces/prod/pods?labelSelector=app%3Dweb&limit=500", NULL);
    asked(fake, 1, "DELETE", "/api/v1/namespaces/prod/pods/init", NULL);
    asked(fake, 2, "DELETE", "/api/v1/namespaces/prod/pods/new", NULL);
    fake_free(fake);

    fake = kube("delete-pod");
    fake_set(fake, "namespace", "prod");
    fake_add(fake, "waiting", NULL, "ImagePullBackOff");
    snprintf(list, sizeof list, LIST("%s"), serves);
    kube_answers(fake, 200, list);
    CONCLUDES(fake, TALON_OK, "kubernetes.absent", "nothing was done: no pod in prod is one that waits by ImagePullBackOff");
    asked(fake, 0, "GET", "/api/v1/namespaces/prod/pods?limit=500", NULL);
    assert_null(fake_asked(fake, 1));
    kube_answers(fake, 200, LIST(POD("a", "1", "") "," POD("b", "2", "")));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.too_many", "not done, more than 1 pods in prod match one that waits by ImagePullBackOff");
    fake_free(fake);
}

/* ---- whatever the action */

static void failures(void **unused)
{
    static const struct {
        uint32_t status;
        const char *body;
        enum talon_status is;
        const char *reason, *part;
    } cases[] = {
        { 401, "{}", TALON_UNKNOWN, "refused.rights", "a person runs: kubectl -n prod delete pod web-1" },
        { 403, SAYS("no"), TALON_UNKNOWN, "refused.rights", "kubectl -n prod delete pod web-1 (HTTP 403: no)" },
        { 422, SAYS("Invalid value"), TALON_FAIL, "http.status", "the API server refuses the pod web-1 in prod: HTTP 422: Invalid value" },
        { 500, SAYS("etcdserver: request timed out"), TALON_FAIL, "kubernetes.error", "etcdserver: request timed out" },
        { 429, SAYS("too many requests"), TALON_UNKNOWN, "kubernetes.busy", "nothing was done for the pod web-1 in prod: HTTP 429: too many requests" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = pod_action("delete-pod");
        kube_answers(fake, 200, POD("web-1", "u1", ""));
        for (int n = 0; n < 3; n++)
            kube_answers(fake, cases[i].status, cases[i].body);
        CONCLUDES(fake, cases[i].is, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    for (int late = 0; late < 2; late++) {
        fake = pod_action("delete-pod");
        if (late)
            kube_answers(fake, 200, POD("web-1", "u1", ""));
        kube_fails(fake, TALON_E_REFUSED, "connect.refused", "connection refused");
        CONCLUDES(fake, TALON_FAIL, "connect.refused",
                  late ? "and may have done it all the same: connection refused" : "cannot reach the API server for the pod web-1");
        fake_free(fake);
    }
    fake = pod_action("delete-pod");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    CONCLUDES(fake, TALON_FAIL, "timeout", "and may have done it all the same");
    fake_free(fake);

    fake = pod_action("delete-pod");
    kube_fails(fake, TALON_E_RESOLVER, "dns.unreachable", "no answer from the resolver");
    CONCLUDES(fake, TALON_UNKNOWN, "dns.unreachable", "not done, cannot ask the API server for the pod web-1");
    fake_free(fake);

    fake = pod_action("delete-pod");
    fake_set(fake, "context", "other");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.kubeconfig", "nothing was done for the pod web-1 in prod");
    fake_free(fake);

    fake = pod_action("delete-pod");
    kube_answers(fake, 200, "<html>");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "the API server does not speak as one does about the pod web-1");
    fake_free(fake);
}

/* ---- evict */

static void busy(struct fake *fake, const char *retry)
{
    const struct talon_pair headers[] = { { "Retry-After", retry }, { NULL, NULL } };
    static const char body[] = SAYS("Cannot evict pod as it would violate the pod's disruption budget.");

    fake_http(fake, FAKE_MS, TALON_REQUEST(talon_response, .status = 429, .headers = headers, .body = body, .body_len = strlen(body)));
}

static void evicts(void **unused)
{
    struct fake *fake = pod_action("evict");

    (void)unused;
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    busy(fake, "3");
    kube_answers(fake, 201, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "evicted the pod web-1, which was");
    asked(fake, 2, "POST", "/api/v1/namespaces/prod/pods/web-1/eviction",
          "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod\"},"
          "\"deleteOptions\":{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"u1\"}}}");
    CONTAINS(fake_log(fake), "asks again in 3 s: HTTP 429, to be asked again after 3 s: Cannot evict pod");
    fake_free(fake);

    fake = pod_action("evict");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    busy(fake, "30");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.budget",
              "the pod web-1 in prod is held back; a person looks at: kubectl -n prod get poddisruptionbudgets (HTTP 429");
    assert_null(fake_asked(fake, 2));
    fake_free(fake);

    fake = pod_action("evict");
    kube_answers(fake, 200, POD("web-1", "u1", ""));
    for (int i = 0; i < 8; i++)
        busy(fake, i == 0 ? "999999999999" : "4");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.budget", "Cannot evict pod");
    fake_free(fake);
}

/* ---- rollout-restart */

static struct fake *restart(const char *kind)
{
    struct fake *fake = kube("rollout-restart");

    fake_set(fake, "namespace", "prod");
    fake_set(fake, "name", "web");
    fake_set(fake, "kind", kind);
    return fake;
}

static void restarts(void **unused)
{
    static const char *const kinds[] = { "deployment", "statefulset", "daemonset" };
    char path[100];
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < 3; i++) {
        fake = restart(kinds[i]);
        kube_answers(fake, 200, "{\"spec\":{\"replicas\":2},\"status\":{\"readyReplicas\":1,\"numberReady\":1,\"desiredNumberScheduled\":2}}");
        kube_answers(fake, 200, "{}");
        CONCLUDES(fake, TALON_OK, "kubernetes.done", "web in prod is being rolled out anew");
        assert_string_equal(fake_detail(fake, "before"), "1 of 2 ready");
        snprintf(path, sizeof path, "/apis/apps/v1/namespaces/prod/%ss/web?fieldManager=talon", kinds[i]);
        asked(fake, 1, "PATCH", path,
              "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"kubectl.kubernetes.io/restartedAt\":\"2026-01-01T00:00:00Z\"}}}}}");
        assert_string_equal(fake_asked_header(fake, 1, "Content-Type"), "application/strategic-merge-patch+json");
        fake_free(fake);
    }
    fake = restart("deployment");
    kube_answers(fake, 200, "{\"spec\":{\"replicas\":2,\"paused\":true}}");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.paused", "a person runs: kubectl -n prod rollout resume deployment/web");
    fake_free(fake);

    fake = restart("statefulset");
    kube_answers(fake, 200, "{\"spec\":{\"replicas\":0}}");
    CONCLUDES(fake, TALON_UNKNOWN, "refused.stopped", "is scaled to nothing; a person runs: kubectl -n prod scale statefulset/web --replicas=N");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);

    fake = restart("deployment");
    kube_answers(fake, 404, SAYS("deployments.apps \\\"web\\\" not found"));
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.absent", "nothing was done for the deployment web in prod: HTTP 404: deployments.apps");
    fake_free(fake);
}

/* ---- nodes */

#define TAINTED \
    "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"unschedulable\":true,\"taints\":[{\"key\":\"a\",\"effect\":\"NoSchedule\"}," \
    "{\"key\":\"a\",\"effect\":\"NoExecute\"},{\"key\":\"b\",\"value\":\"x\",\"effect\":\"NoSchedule\"},{\"key\":\"ab\",\"effect\":\"NoSchedule\"}]}}"

static struct fake *node(const char *action)
{
    struct fake *fake = kube(action);

    fake_set(fake, "node", "cp-1");
    return fake;
}

static void uncordons(void **unused)
{
    struct fake *fake = node("uncordon");

    (void)unused;
    kube_answers(fake, 200, TAINTED);
    kube_answers(fake, 409, SAYS("the object has been modified"));
    kube_answers(fake, 200, TAINTED);
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "uncordoned the node cp-1");
    asked(fake, 3, "PATCH", "/api/v1/nodes/cp-1?fieldManager=talon", "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"unschedulable\":null}}");
    assert_string_equal(fake_asked_header(fake, 3, "Content-Type"), "application/merge-patch+json");
    fake_free(fake);

    fake = node("uncordon");
    kube_answers(fake, 200, "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{}}");
    CONCLUDES(fake, TALON_OK, "kubernetes.already", "the node cp-1 is not cordoned: nothing was done");
    fake_free(fake);

    fake = node("uncordon");
    kube_answers(fake, 200, "{\"spec\":{\"unschedulable\":true}}");
    CONCLUDES(fake, TALON_FAIL, "protocol.bad", "without a version");
    fake_free(fake);

    fake = node("uncordon");
    for (int i = 0; i < 10; i++)
        kube_answers(fake, i % 2 ? 409 : 200, i % 2 ? SAYS("the object has been modified") : TAINTED);
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.conflict", "nothing was done for the node cp-1: HTTP 409: the object has been modified");
    fake_free(fake);

    fake = node("uncordon");
    kube_answers(fake, 200, TAINTED);
    kube_answers(fake, 403, SAYS("nodes is forbidden"));
    CONCLUDES(fake, TALON_UNKNOWN, "refused.rights", "a person runs: kubectl uncordon cp-1 (HTTP 403: nodes is forbidden)");
    fake_free(fake);
}

static void untaints(void **unused)
{
    struct fake *fake = node("untaint");

    (void)unused;
    fake_add(fake, "taints", NULL, "a:NoSchedule");
    fake_add(fake, "taints", NULL, "b=y:NoSchedule");
    kube_answers(fake, 200, TAINTED);
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "removed from the node cp-1: a:NoSchedule");
    asked(fake, 1, "PATCH", "/api/v1/nodes/cp-1?fieldManager=talon",
          "{\"metadata\":{\"resourceVersion\":\"7\"},\"spec\":{\"taints\":[{\"key\":\"a\",\"effect\":\"NoExecute\"},{\"key\":\"b\",\"value\":\"x\","
          "\"effect\":\"NoSchedule\"},{\"key\":\"ab\",\"effect\":\"NoSchedule\"}]}}");
    fake_free(fake);

    fake = node("untaint");
    fake_add(fake, "taints", NULL, "a");
    fake_add(fake, "taints", NULL, "b=x:NoSchedule");
    kube_answers(fake, 200, TAINTED);
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "a:NoSchedule, a:NoExecute, b:NoSchedule");
    fake_free(fake);

    fake = node("untaint");
    fake_add(fake, "taints", NULL, "c");
    kube_answers(fake, 200, TAINTED);
    CONCLUDES(fake, TALON_OK, "kubernetes.already", "has none of these taints: nothing was done");
    assert_null(fake_asked(fake, 1));
    fake_free(fake);
}

/* ---- apply */

#define ROLE "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: 'system:reader' }\n"
#define CONFIG "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: site, namespace: prod }\ndata: { a: \"1\" }\n"
#define RBAC "{\"resources\":[{\"name\":\"clusterroles\",\"namespaced\":false,\"kind\":\"ClusterRole\"}]}"
#define CORE "{\"resources\":[{\"name\":\"configmaps/x\",\"namespaced\":true,\"kind\":\"ConfigMap\"}," \
    "{\"name\":\"configmaps\",\"namespaced\":true,\"kind\":\"ConfigMap\"}]}"

static struct fake *apply(const char *manifest)
{
    struct fake *fake = kube("apply");

    fake_set(fake, "manifest", manifest);
    return fake;
}

static void applies(void **unused)
{
    struct fake *fake = apply("# two\n---\n" ROLE "--- # next\n" CONFIG);

    (void)unused;
    kube_answers(fake, 200, RBAC);
    kube_answers(fake, 201, "{}");
    kube_answers(fake, 200, CORE);
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "applied ClusterRole system:reader, ConfigMap site");
    asked(fake, 0, "GET", "/apis/rbac.authorization.k8s.io/v1", NULL);
    asked(fake, 1, "PATCH", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Areader?fieldManager=talon", ROLE);
    assert_string_equal(fake_asked_header(fake, 1, "Content-Type"), "application/apply-patch+yaml");
    asked(fake, 2, "GET", "/api/v1", NULL);
    asked(fake, 3, "PATCH", "/api/v1/namespaces/prod/configmaps/site?fieldManager=talon", CONFIG);
    assert_string_equal(fake_detail(fake, "ClusterRole system:reader"), "made");
    fake_free(fake);

    fake = kube("apply");
    fake_set(fake, "file", kube_write("second", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: site }\n"));
    fake_set(fake, "namespace", "test");
    fake_set(fake, "force", "true");
    kube_answers(fake, 200, CORE);
    kube_answers(fake, 200, "{}");
    CONCLUDES(fake, TALON_OK, "kubernetes.done", "applied ConfigMap site");
    asked(fake, 1, "PATCH", "/api/v1/namespaces/test/configmaps/site?fieldManager=talon&force=true", NULL);
    fake_free(fake);
}

static void what_is_not_applied(void **unused)
{
    static const struct {
        uint32_t first, second;
        const char *first_body, *second_body;
        enum talon_status status;
        const char *reason, *part;
    } cases[] = {
        { 200, 409, CORE, SAYS("Apply failed with 1 conflict: conflict with \\\"kubectl\\\": .data.a"), TALON_UNKNOWN, "refused.conflict",
          "another manager has set fields of ConfigMap site; `force` takes them, or a person runs: kubectl apply --server-side -f MANIFEST "
          "(HTTP 409: Apply failed" },
        { 404, 0, "404 page not found", NULL, TALON_FAIL, "kubernetes.absent", "the API server knows no v1" },
        { 200, 0, "{\"resources\":[]}", NULL, TALON_FAIL, "kubernetes.absent", "has no ConfigMap in v1" },
        { 200, 422, CORE, SAYS("data: Invalid value"), TALON_FAIL, "http.status", "refuses ConfigMap site: HTTP 422: data: Invalid value" },
        { 200, 404, CORE, SAYS("namespaces \\\"prod\\\" not found"), TALON_UNKNOWN, "kubernetes.absent", "namespaces" },
        { 200, 403, CORE, SAYS("no"), TALON_UNKNOWN, "refused.rights", "kubectl apply --server-side -f MANIFEST (HTTP 403: no)" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fake = apply(CONFIG);
        kube_answers(fake, cases[i].first, cases[i].first_body);
        if (cases[i].second_body)
            kube_answers(fake, cases[i].second, cases[i].second_body);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].part);
        fake_free(fake);
    }
    fake = kube("apply");
    fake_set(fake, "file", kube_path("third"));
    CONCLUDES(fake, TALON_UNKNOWN, "file.unreadable", "nothing was done: ");
    fake_free(fake);
    fake = kube("apply");
    fake_set(fake, "file", kube_write("second", CONFIG "---\nkind: X\n"));
    CONCLUDES(fake, TALON_UNKNOWN, "file.bad", "object 2 has no good apiVersion");
    assert_null(fake_asked(fake, 0));
    fake_free(fake);
}

/* ---- options */

static void manifests(void **unused)
{
    static const char *const bad[][2] = {
        { "", "it holds no object" },
        { "# nothing\n---\n---\n", "it holds no object" },
        { "a: [", "object 1: line" },
        { "kind: X\n", "object 1 has no good apiVersion" },
        { "apiVersion: a/b/c\nkind: X\n", "object 1 has no good apiVersion" },
        { "apiVersion: ../v1\nkind: X\n", "object 1 has no good apiVersion" },
        { "apiVersion: .\nkind: X\n", "object 1 has no good apiVersion" },
        { "apiVersion: v1/\nkind: X\n", "object 1 has no good apiVersion" },
        { "apiVersion: v1\nmetadata: {}\n", "object 1 has no good kind" },
        { "apiVersion: v1\nkind: X\nmetadata: { name: a/b }\n", "object 1, a X, has no good metadata.name" },
        { "apiVersion: v1\nkind: X\nmetadata: { name: a, namespace: ../b }\n", "X a has no good metadata.namespace" },
        { CONFIG "--- {}\n", "object 1:" },
        { "[]", "object 1 has no good apiVersion" },
    };
    struct fake *fake;

    (void)unused;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake = apply(bad[i][0]);
        REFUSES(fake, "manifest", bad[i][1]);
        fake_free(fake);
    }
    fake = kube("apply");
    REFUSES(fake, "manifest", "give either this or `file`");
    fake_free(fake);
}

static void options(void **unused)
{
    static const char *const taints[] = { "", ":NoSchedule", "a:Never", "a=b" };
    struct fake *fake = kube("delete-pod");

    (void)unused;
    fake_set(fake, "namespace", "prod");
    REFUSES(fake, "name", "give either this or `selector`");
    fake_set(fake, "selector", "");
    REFUSES(fake, "selector", "an empty one would mean each pod");
    fake_free(fake);

    fake = pod_action("evict");
    fake_set(fake, "grace", "0");
    REFUSES(fake, "grace", "0 would force it");
    fake_free(fake);

    fake = pods_action("evict", "2");
    fake_set(fake, "uid", "u1");
    REFUSES(fake, "uid", "has no effect without `name`");
    fake_free(fake);

    for (size_t i = 0; i < sizeof taints / sizeof *taints; i++) {
        fake = node("untaint");
        fake_add(fake, "taints", NULL, taints[i]);
        REFUSES(fake, "taints", "is no taint: write KEY");
        fake_free(fake);
    }
    fake = kube("uncordon");
    fake_set(fake, "node", "a/b");
    REFUSES(fake, "node", "is no name of a node");
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deletes_one), cmocka_unit_test(what_is_left_alone), cmocka_unit_test(deletes_some), cmocka_unit_test(those_that_wait),
        cmocka_unit_test(failures),
        cmocka_unit_test(evicts),      cmocka_unit_test(restarts),           cmocka_unit_test(uncordons),    cmocka_unit_test(untaints),
        cmocka_unit_test(applies),     cmocka_unit_test(what_is_not_applied), cmocka_unit_test(manifests),   cmocka_unit_test(options),
    };

    return cmocka_run_group_tests(tests, kube_make_folder, kube_remove_folder);
}
