/* The plugin `kubernetes` on the fake host: workloads, and what it says of their pods. */
#include "plugin_kubernetes_test.h"

#define LIST(items) "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" items "]}"
#define OLD "2025-12-31T12:00:00Z"    /* twelve hours before now */
#define YOUNG "2025-12-31T23:59:00Z"  /* a minute */
#define LATELY "2025-12-31T23:58:00Z" /* two minutes */

/* ---- workloads without trouble */

#define WORKLOAD(spec, status) \
    "{\"metadata\":{\"name\":\"web\",\"generation\":3,\"creationTimestamp\":\"" OLD "\"},\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"web\"}}," spec \
    "},\"status\":{" status "}}"
#define COUNTS(n) "\"observedGeneration\":3,\"replicas\":" n ",\"readyReplicas\":" n ",\"availableReplicas\":" n ",\"updatedReplicas\":" n
#define DAEMONS(wanted, ready) \
    "\"observedGeneration\":3,\"desiredNumberScheduled\":" wanted ",\"numberReady\":" ready ",\"numberAvailable\":" ready ",\"updatedNumberScheduled\":" ready

static struct fake *workload(const char *kind)
{
    struct fake *fake = kube("workload");

    fake_set(fake, "kind", kind);
    fake_set(fake, "namespace", "apps");
    fake_set(fake, "name", "web");
    fake_set(fake, "watch", "false");
    return fake;
}

static void workloads_without_trouble(void **unused)
{
    static const struct {
        const char *kind, *list;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "deployment", LIST("{\"metadata\":{\"name\":\"other\"}}," WORKLOAD("\"replicas\":2", COUNTS("2"))), TALON_OK, "kubernetes.ready", "2 of 2 ready" },
        { "deployment", LIST(WORKLOAD("\"x\":1", COUNTS("1"))), TALON_OK, "kubernetes.ready", "1 of 1 ready" },
        { "deployment", LIST(WORKLOAD("\"replicas\":0", "\"observedGeneration\":3")), TALON_STOPPED, "stopped.by_hand", "it is scaled to 0 replicas" },
        { "deployment", LIST(WORKLOAD("\"paused\":true", COUNTS("1"))), TALON_OK, "kubernetes.ready", "1 of 1 ready" },
        { "deployment", LIST(""), TALON_FAIL, "kubernetes.absent", "there is no deployment web in namespace apps" },
        { "statefulset", LIST(WORKLOAD("\"replicas\":1", COUNTS("1") ",\"updateRevision\":\"a\",\"currentRevision\":\"a\"")), TALON_OK, "kubernetes.ready",
          "1 of 1" },
        { "statefulset",
          LIST(WORKLOAD("\"replicas\":3,\"updateStrategy\":{\"rollingUpdate\":{\"partition\":2}}",
                        "\"observedGeneration\":3,\"readyReplicas\":3,\"updatedReplicas\":1,\"updateRevision\":\"a\",\"currentRevision\":\"b\"")),
          TALON_OK, "kubernetes.ready", "3 of 3" },
        { "statefulset",
          LIST(WORKLOAD("\"replicas\":1,\"updateStrategy\":{\"type\":\"OnDelete\"}",
                        "\"observedGeneration\":3,\"readyReplicas\":1,\"updateRevision\":\"a\",\"currentRevision\":\"b\"")),
          TALON_OK, "kubernetes.ready", "1 of 1" },
        { "statefulset", LIST(WORKLOAD("\"replicas\":0", "\"observedGeneration\":3")), TALON_STOPPED, "stopped.by_hand", "scaled to 0" },
        { "daemonset", LIST(WORKLOAD("\"x\":1", DAEMONS("3", "3"))), TALON_OK, "kubernetes.ready", "3 of 3 ready" },
        { "daemonset", LIST(WORKLOAD("\"x\":1", DAEMONS("0", "0"))), TALON_FAIL, "kubernetes.no_pods", "no node is to run it" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = workload(cases[i].kind);
        char url[160];

        kube_answers(fake, 200, cases[i].list);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        snprintf(url, sizeof url, "https://kube.example:6443/apis/apps/v1/namespaces/apps/%ss?limit=50", cases[i].kind);
        assert_string_equal(fake_asked(fake, 0)->url, url);
        assert_null(fake_asked(fake, 1));
        fake_free(fake);
    }
}

/* ---- pods */

#define POD_OF(labels, made, more, status) \
    "{\"metadata\":{\"name\":\"web-0\",\"creationTimestamp\":\"" made "\",\"labels\":{" labels "}" more "},\"status\":{" status "}}"
#define POD(made, status) POD_OF("\"app\":\"web\"", made, "", status)
#define READINESS(status, since) \
    "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"},{\"type\":\"Ready\",\"status\":\"" status "\",\"lastTransitionTime\":\"" since "\"}]"
#define CONTAINER(more) "\"containerStatuses\":[{\"name\":\"main\",\"image\":\"registry.example.com/web:1\"," more "}]"
#define WAITING(reason, message) CONTAINER("\"ready\":false,\"state\":{\"waiting\":{\"reason\":\"" reason "\",\"message\":\"" message "\"}}")
#define RUNNING(since, more) CONTAINER("\"ready\":false,\"state\":{\"running\":{\"startedAt\":\"" since "\"}}" more)
#define LAST(code, reason, at) ",\"lastState\":{\"terminated\":{\"exitCode\":" code ",\"reason\":\"" reason "\",\"finishedAt\":\"" at "\"}}"
#define NOT_READY "\"phase\":\"Running\"," READINESS("False", OLD) ","

static void enough_may_be_less(void **unused)
{
    struct fake *fake = workload("deployment");

    (void)unused;
    fake_set(fake, "min_ready", "1");
    kube_answers(fake, 200,
                 LIST(WORKLOAD("\"replicas\":2", "\"observedGeneration\":3,\"replicas\":2,\"readyReplicas\":1,\"availableReplicas\":1,\"updatedReplicas\":2")));
    kube_answers(fake, 200, LIST(""));
    CONCLUDES(fake, TALON_OK, "kubernetes.rolling", "1 of 2 ready, and a rollout is on its way: 1 of 2 new replicas are available");
    NEAR(fake_metric(fake, "ready"), 1);
    NEAR(fake_metric(fake, "wanted"), 2);
    NEAR(fake_metric(fake, "updated"), 2);
    fake_free(fake);
    fake = workload("deployment");
    fake_set(fake, "min_ready", "2");
    kube_answers(fake, 200, LIST(WORKLOAD("\"replicas\":3", "\"observedGeneration\":3,\"replicas\":3,\"readyReplicas\":1,\"updatedReplicas\":3")));
    kube_answers(fake, 200, LIST(POD(OLD, NOT_READY WAITING("ImagePullBackOff", ""))));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.image", "1 of 3 ready, expected 2: pod web-0: the image");
    fake_free(fake);
}

static const struct {
    const char *pods;
    enum talon_status status;
    const char *reason, *words;
} troubles[] = {
    { POD(OLD, NOT_READY CONTAINER("\"ready\":false,\"restartCount\":7,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}" LAST("1", "Error", LATELY))),
      TALON_FAIL, "kubernetes.crash_loop", "pod web-0: container main crashes again and again (7 restarts, last: exit code 1, Error, 2 min ago)" },
    { POD(YOUNG,
          NOT_READY CONTAINER("\"ready\":false,\"restartCount\":1,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}" LAST("137", "OOMKilled", YOUNG))),
      TALON_FAIL, "kubernetes.crash_loop", "(1 restart, last: exit code 137, OOMKilled, 60.0 s ago)" },
    { POD(OLD, NOT_READY WAITING("ImagePullBackOff", "Back-off pulling")), TALON_FAIL, "kubernetes.image",
      "the image registry.example.com/web:1 of container main cannot be pulled: ImagePullBackOff: Back-off pulling" },
    { POD(YOUNG, NOT_READY WAITING("ErrImagePull", "")), TALON_FAIL, "kubernetes.image", "cannot be pulled: ErrImagePull" },
    { POD(YOUNG, NOT_READY WAITING("CreateContainerConfigError", "secret \\\"x\\\" not found")), TALON_FAIL, "kubernetes.container",
      "container main cannot be started: CreateContainerConfigError: secret \"x\" not found" },
    { POD(YOUNG, NOT_READY WAITING("ContainerCreating", "")), TALON_STARTING, "starting", "container main is being created" },
    { POD(OLD, NOT_READY WAITING("ContainerCreating", "")), TALON_FAIL, "kubernetes.stuck", "container main is being created since 12 h" },
    { POD(OLD, NOT_READY RUNNING(YOUNG, "")), TALON_STARTING, "starting", "container main started 60.0 s ago" },
    { POD(OLD, NOT_READY RUNNING(YOUNG, ",\"restartCount\":3" LAST("1", "Error", LATELY))), TALON_FAIL, "kubernetes.crash_loop",
      "container main crashes again and again (3 restarts, last: exit code 1, Error, 2 min ago)" },
    { POD(OLD, NOT_READY RUNNING(YOUNG, ",\"restartCount\":3" LAST("1", "Error", OLD))), TALON_STARTING, "starting", "container main started 60.0 s ago" },
    { POD(OLD, NOT_READY RUNNING(YOUNG, ",\"restartCount\":2" LAST("1", "Error", LATELY))), TALON_STARTING, "starting", "container main started 60.0 s ago" },
    { POD(OLD, NOT_READY RUNNING(OLD, "")), TALON_FAIL, "kubernetes.not_ready", "container main runs since 12 h and is not ready" },
    { POD(OLD, NOT_READY RUNNING(OLD, ",\"started\":false")), TALON_STARTING, "starting", "container main is within its startup probe since 12 h" },
    { POD(OLD, NOT_READY RUNNING(YOUNG, ",\"restartCount\":2" LAST("137", "OOMKilled", LATELY))), TALON_FAIL, "kubernetes.oom",
      "container main was killed because its memory was used up (2 restarts, last: exit code 137, OOMKilled, 2 min ago)" },
    { POD(OLD, NOT_READY CONTAINER("\"ready\":false,\"restartCount\":3,\"state\":{\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\"}}")), TALON_FAIL,
      "kubernetes.oom", "container main was killed because its memory was used up (3 restarts)" },
    { POD(OLD, NOT_READY CONTAINER("\"ready\":false,\"state\":{\"terminated\":{\"exitCode\":2,\"reason\":\"Error\"}}")), TALON_FAIL, "kubernetes.exited",
      "container main ended with exit code 2, Error" },
    { POD(OLD,
          "\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\",\"reason\":\"Unschedulable\",\"message\":\"0/1 nodes are available\"}]"),
      TALON_FAIL, "kubernetes.unschedulable", "no node takes it: 0/1 nodes are available" },
    { POD(YOUNG, "\"phase\":\"Pending\""), TALON_STARTING, "starting", "it is waiting for a node since 60.0 s" },
    { POD(OLD, "\"phase\":\"Pending\""), TALON_FAIL, "kubernetes.stuck", "it is waiting for a node since 12 h" },
    { POD(OLD, "\"phase\":\"Failed\",\"reason\":\"Evicted\",\"message\":\"low on disk\""), TALON_FAIL, "kubernetes.failed",
      "it has failed: Evicted: low on disk" },
    { POD(OLD, "\"phase\":\"Unknown\""), TALON_FAIL, "kubernetes.silent", "its node is silent" },
    { POD(OLD, "\"phase\":\"Running\"," READINESS("False", OLD) "," CONTAINER("\"ready\":true,\"state\":{\"running\":{}}")), TALON_FAIL, "kubernetes.not_ready",
      "it is not ready since 12 h" },
    { POD(OLD, "\"phase\":\"Running\"," READINESS("False", YOUNG) "," CONTAINER("\"ready\":true,\"state\":{\"running\":{}}")), TALON_STARTING, "starting",
      "it is not ready since 60.0 s" },
    { POD_OF("\"app\":\"web\"", OLD, ",\"deletionTimestamp\":\"" OLD "\",\"deletionGracePeriodSeconds\":30", "\"phase\":\"Running\"," READINESS("True", OLD)),
      TALON_FAIL, "kubernetes.terminating", "it is stuck terminating: it should have been gone 12 h ago" },
    { POD_OF("\"app\":\"web\"", OLD, ",\"deletionTimestamp\":\"2026-01-01T00:00:10Z\",\"deletionGracePeriodSeconds\":30",
             "\"phase\":\"Running\"," READINESS("True", OLD)),
      TALON_STARTING, "starting", "it is terminating since 20.0 s" },
    { POD_OF("\"app\":\"web\"", OLD, ",\"deletionTimestamp\":\"2026-01-01T04:00:00Z\",\"deletionGracePeriodSeconds\":18000",
             "\"phase\":\"Running\"," READINESS("True", OLD)),
      TALON_FAIL, "kubernetes.terminating", "it is terminating since 60 min" },
    { POD(OLD,
          NOT_READY "\"initContainerStatuses\":[{\"name\":\"prepare\",\"restartCount\":4,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]," WAITING(
              "PodInitializing", "")),
      TALON_FAIL, "kubernetes.crash_loop", "container prepare crashes again and again (4 restarts)" },
    { POD(OLD,
          NOT_READY "\"initContainerStatuses\":[{\"name\":\"prepare\",\"state\":{\"running\":{\"startedAt\":\"" OLD "\"}}}]," WAITING("PodInitializing", "")),
      TALON_FAIL, "kubernetes.stuck", "since 12 h" },
    { POD(OLD, NOT_READY "\"initContainerStatuses\":[{\"name\":\"prepare\",\"ready\":true,\"state\":{\"terminated\":{\"exitCode\":0}}}]," RUNNING(OLD, "")),
      TALON_FAIL, "kubernetes.not_ready", "container main runs since 12 h" },
    { POD_OF("\"app\":\"other\"", OLD, "", NOT_READY WAITING("ImagePullBackOff", "")), TALON_FAIL, "kubernetes.no_pods", "it has no pods" },
    { "", TALON_FAIL, "kubernetes.no_pods", "it has no pods" },
    { POD(OLD, "\"phase\":\"Succeeded\""), TALON_FAIL, "kubernetes.no_pods", "it has no pods" },
    { POD(OLD, "\"phase\":\"Running\"," READINESS("True", OLD)), TALON_FAIL, "kubernetes.not_ready", "0 of 1 ready by its controller's count" },
    { POD(OLD, "\"conditions\":7,\"containerStatuses\":[1,null,{\"state\":3}]"), TALON_FAIL, "kubernetes.stuck", "container ? is being created since" },
    { "1,\"x\",null,{}", TALON_FAIL, "kubernetes.no_pods", "it has no pods" },
};

static void pods_say_why(void **unused)
{
    char body[4096];

    (void)unused;
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        struct fake *fake = workload("deployment");

        kube_answers(fake, 200, LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":1,\"updatedReplicas\":1")));
        snprintf(body, sizeof body, "{\"items\":[%s]}", troubles[i].pods);
        kube_answers(fake, 200, body);
        CONCLUDES(fake, troubles[i].status, troubles[i].reason, "0 of 1 ready");
        CONTAINS(fake_result(fake)->summary, troubles[i].words);
        assert_string_equal(fake_asked(fake, 1)->url, "https://kube.example:6443/api/v1/namespaces/apps/pods?limit=50");
        fake_free(fake);
    }
}

static void the_worst_of_several_pods(void **unused)
{
    struct fake *fake = workload("deployment");

    (void)unused;
    kube_answers(fake, 200, LIST(WORKLOAD("\"replicas\":3", "\"observedGeneration\":3,\"replicas\":3,\"readyReplicas\":1,\"updatedReplicas\":3")));
#define RESTLESS POD(OLD, NOT_READY CONTAINER("\"restartCount\":4,\"ready\":false,\"state\":{\"running\":{\"startedAt\":\"" OLD "\"}}"))
#define PULLING POD(OLD, NOT_READY WAITING("ImagePullBackOff", ""))
#define WELL POD(OLD, "\"phase\":\"Running\"," READINESS("True", OLD))
#define CREATING POD(YOUNG, NOT_READY WAITING("ContainerCreating", ""))
    kube_answers(fake, 200, LIST(RESTLESS "," PULLING "," WELL "," CREATING));
    CONCLUDES(fake, TALON_FAIL, "kubernetes.image", "1 of 3 ready: pod web-0: the image");
    NEAR(fake_metric(fake, "restarts"), 4);
    fake_free(fake);
}

static void selectors_by_expressions(void **unused)
{
    static const struct {
        const char *selector;
        int means;
    } cases[] = {
        { "{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\",\"web\"]}", 1 },
        { "{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\"]}", 0 },
        { "{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"x\"]}", 1 },
        { "{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"web\"]}", 0 },
        { "{\"key\":\"app\",\"operator\":\"Exists\"}", 1 },
        { "{\"key\":\"tier\",\"operator\":\"Exists\"}", 0 },
        { "{\"key\":\"tier\",\"operator\":\"DoesNotExist\"}", 1 },
        { "{\"key\":\"app\",\"operator\":\"DoesNotExist\"}", 0 },
        { "{\"key\":\"app\",\"operator\":\"Like\"}", 0 },
        { "1", 0 },
    };
    char body[1024];

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = workload("deployment");

        snprintf(body, sizeof body, "{\"items\":[{\"metadata\":{\"name\":\"web\"},\"spec\":{\"selector\":{\"matchExpressions\":[%s]}}}]}", cases[i].selector);
        kube_answers(fake, 200, body);
        kube_answers(fake, 200, LIST(POD(OLD, NOT_READY WAITING("ImagePullBackOff", ""))));
        CONCLUDES(fake, TALON_FAIL, cases[i].means ? "kubernetes.image" : "kubernetes.no_pods", "0 of 1 ready");
        fake_free(fake);
    }
}

static void pods_that_cannot_be_asked_for(void **unused)
{
    struct fake *fake = workload("deployment");

    (void)unused;
    kube_answers(fake, 200, LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":1,\"updatedReplicas\":1")));
    kube_answers(fake, 403, "{\"message\":\"pods is forbidden\"}");
    CONCLUDES(fake, TALON_FAIL, "kubernetes.not_ready", "0 of 1 ready");
    CONTAINS(fake_detail(fake, "pods"), "pods is forbidden");
    fake_free(fake);
    fake = workload("deployment");
    kube_answers(fake, 403, "{\"message\":\"deployments.apps is forbidden\"}");
    CONCLUDES(fake, TALON_UNKNOWN, "auth.forbidden", "cannot ask the API server for the deployment web of namespace apps: HTTP 403");
    fake_free(fake);
}

/* ---- rollouts */

#define PROGRESS(status, reason, at) \
    "\"conditions\":[{\"type\":\"Progressing\",\"status\":\"" status "\",\"reason\":\"" reason "\",\"lastUpdateTime\":\"" at "\",\"message\":\"told so\"}]"

static void rollouts_that_are_on_their_way(void **unused)
{
    static const struct {
        const char *kind, *list, *pods;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { "deployment",
          LIST(WORKLOAD("\"replicas\":2", "\"observedGeneration\":2,\"replicas\":2,\"readyReplicas\":2,\"availableReplicas\":2,\"updatedReplicas\":2")), "",
          TALON_OK, "kubernetes.rolling", "2 of 2 ready, and a rollout is on its way: its controller has not seen" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":2", "\"observedGeneration\":3,\"replicas\":3,\"readyReplicas\":2,\"availableReplicas\":2,\"updatedReplicas\":1")), "",
          TALON_OK, "kubernetes.rolling", "1 of 2 replicas are of the new template" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":2", "\"observedGeneration\":3,\"replicas\":3,\"readyReplicas\":3,\"availableReplicas\":2,\"updatedReplicas\":2")), "",
          TALON_OK, "kubernetes.rolling", "1 old replicas are still to go" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":2,\"readyReplicas\":1,\"availableReplicas\":1,\"updatedReplicas\":1")),
          POD(OLD, NOT_READY WAITING("ImagePullBackOff", "")), TALON_WARN, "kubernetes.rollout",
          "1 of 1 ready, but its rollout is stuck: pod web-0: the image" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":2,\"readyReplicas\":1,\"availableReplicas\":1,\"updatedReplicas\":1," PROGRESS(
                                              "False", "ProgressDeadlineExceeded", OLD))),
          "", TALON_WARN, "kubernetes.rollout", "but its rollout does not get on: told so" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":1,\"updatedReplicas\":1," PROGRESS("False", "ProgressDeadlineExceeded", OLD))),
          POD(YOUNG, NOT_READY WAITING("ContainerCreating", "")), TALON_FAIL, "kubernetes.rollout", "0 of 1 ready: its rollout does not get on: told so" },
        { "deployment",
          LIST(WORKLOAD("\"replicas\":1",
                        "\"observedGeneration\":3,\"conditions\":[{\"type\":\"ReplicaFailure\",\"status\":\"True\",\"message\":\"exceeded quota\"}]")),
          "", TALON_FAIL, "kubernetes.rollout", "its pods cannot be made: exceeded quota" },
        { "deployment", LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3," PROGRESS("True", "NewReplicaSetCreated", YOUNG))), "", TALON_STARTING,
          "starting", "0 of 1 ready: its pods are being made" },
        { "statefulset", LIST(WORKLOAD("\"replicas\":1", COUNTS("1") ",\"updateRevision\":\"a\",\"currentRevision\":\"b\"")), "", TALON_OK,
          "kubernetes.rolling", "1 of 1" },
        { "statefulset",
          LIST(WORKLOAD("\"replicas\":3,\"updateStrategy\":{\"rollingUpdate\":{\"partition\":1}}",
                        "\"observedGeneration\":3,\"readyReplicas\":3,\"updatedReplicas\":1")),
          "", TALON_OK, "kubernetes.rolling", "1 of 2 pods of the new partition" },
        { "statefulset", LIST(WORKLOAD("\"replicas\":1", "\"replicas\":1")), "", TALON_FAIL, "kubernetes.no_pods", "0 of 1 ready" },
        { "daemonset", LIST(WORKLOAD("\"x\":1", DAEMONS("3", "2"))), POD(OLD, NOT_READY WAITING("ErrImagePull", "")), TALON_FAIL, "kubernetes.image",
          "2 of 3 ready" },
        { "daemonset", LIST(WORKLOAD("\"x\":1", "\"observedGeneration\":3,\"desiredNumberScheduled\":1,\"numberReady\":1,\"updatedNumberScheduled\":1")), "",
          TALON_OK, "kubernetes.rolling", "0 of 1 pods are available" },
    };
    char body[4096];

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = workload(cases[i].kind);

        kube_answers(fake, 200, cases[i].list);
        snprintf(body, sizeof body, "{\"items\":[%s]}", cases[i].pods);
        kube_answers(fake, 200, body);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        fake_free(fake);
    }
}

static void names_that_are_none(void **unused)
{
    struct fake *fake = kube("workload");

    (void)unused;
    fake_set(fake, "name", "a/b");
    REFUSES(fake, "name", "\"a/b\" is no name of a workload");
    fake_free(fake);
    fake = kube("workload");
    fake_set(fake, "name", "a");
    fake_set(fake, "namespace", "..");
    REFUSES(fake, "namespace", "is no name of a namespace");
    fake_free(fake);
}

/* ---- pods of a selector */

static struct fake *pods(void)
{
    struct fake *fake = kube("pods");

    fake_set(fake, "namespace", "kube-system");
    fake_set(fake, "selector", "app in (flannel),!old");
    fake_set(fake, "watch", "false");
    return fake;
}

#define GOOD(restarts, more) \
    POD(OLD, "\"phase\":\"Running\"," READINESS("True", OLD) "," CONTAINER("\"ready\":true,\"restartCount\":" restarts ",\"state\":{\"running\":{}}" more))

static void pods_of_a_selector(void **unused)
{
    static const struct {
        const char *list;
        enum talon_status status;
        const char *reason, *words;
    } cases[] = {
        { LIST(GOOD("0", "")), TALON_OK, "kubernetes.ready", "the pod is ready" },
        { LIST(GOOD("0", "") "," GOOD("0", "") "," POD(OLD, "\"phase\":\"Succeeded\"")), TALON_OK, "kubernetes.ready", "all 2 pods are ready" },
        { LIST(""), TALON_FAIL, "kubernetes.no_pods", "0 pods are there, expected at least 1" },
        { LIST(GOOD("0", "") "," POD(OLD, NOT_READY WAITING("ImagePullBackOff", ""))), TALON_FAIL, "kubernetes.image",
          "1 of 2 pods are ready: web-0: the image" },
        { LIST(POD(YOUNG, NOT_READY WAITING("ContainerCreating", ""))), TALON_STARTING, "starting",
          "0 of 1 pods are ready: web-0: container main is being created" },
        { LIST(GOOD("5", LAST("1", "Error", LATELY))), TALON_WARN, "kubernetes.restarts",
          "1 of 1 pods are ready, but web-0 has restarted 5 times, last 2 min ago" },
        { LIST(GOOD("4", LAST("1", "Error", LATELY))), TALON_OK, "kubernetes.ready", "ready" },
        { LIST(GOOD("9", LAST("1", "Error", OLD))), TALON_OK, "kubernetes.ready", "ready" },
    };

    (void)unused;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = pods();

        fake_set(fake, "warn_restarts", "5");
        kube_answers(fake, 200, cases[i].list);
        CONCLUDES(fake, cases[i].status, cases[i].reason, cases[i].words);
        assert_string_equal(fake_asked(fake, 0)->url,
                            "https://kube.example:6443/api/v1/namespaces/kube-system/pods?limit=50&labelSelector=app%20in%20%28flannel%29%2C%21old");
        fake_free(fake);
    }
}

static void none_may_be_enough(void **unused)
{
    struct fake *fake = pods();

    (void)unused;
    fake_set(fake, "min", "0");
    kube_answers(fake, 200, LIST(""));
    CONCLUDES(fake, TALON_OK, "kubernetes.ready", "there are no pods");
    fake_free(fake);
    fake = pods();
    kube_answers(fake, 500, "{\"message\":\"no\"}");
    CONCLUDES(fake, TALON_UNKNOWN, "kubernetes.error", "cannot ask the API server for the pods of namespace kube-system: HTTP 500: no");
    fake_free(fake);
}

/* ---- ends */

static void cancelled_at_each_step(void **unused)
{
    struct fake *fake = workload("deployment");

    (void)unused;
    fake_start(fake);
    fake_advance(fake, FAKE_MS);
    fake_cancel(fake);
    kube_answers(fake, 200, LIST(""));
    fake_free(fake);
    fake = workload("deployment");
    kube_answers(fake, 200, LIST(WORKLOAD("\"replicas\":1", "\"observedGeneration\":3,\"replicas\":1")));
    fake_start(fake);
    fake_advance(fake, 3 * FAKE_MS);
    fake_cancel(fake);
    assert_int_equal(fake_result(fake)->end, FAKE_CANCELLED);
    fake_free(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workloads_without_trouble),
        cmocka_unit_test(enough_may_be_less),
        cmocka_unit_test(pods_say_why),
        cmocka_unit_test(the_worst_of_several_pods),
        cmocka_unit_test(selectors_by_expressions),
        cmocka_unit_test(pods_that_cannot_be_asked_for),
        cmocka_unit_test(rollouts_that_are_on_their_way),
        cmocka_unit_test(names_that_are_none),
        cmocka_unit_test(pods_of_a_selector),
        cmocka_unit_test(none_may_be_enough),
        cmocka_unit_test(cancelled_at_each_step),
    };

    return cmocka_run_group_tests_name("plugin kubernetes, its pods", tests, kube_make_folder, kube_remove_folder);
}
