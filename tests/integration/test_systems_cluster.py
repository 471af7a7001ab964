"""What runs in Kubernetes, broken in each way in which it breaks: its service is the root cause, what needs it is caused by it, and mended it is ok again.

As test_systems.py does for what answers by itself; here the API server tells of it, and the breaks are those of tests/world/kube.
"""
import os
import random
import time

import pytest

from conftest import worst

NS = "joelclaw"
NODE = {"name": "node-1"}
KUBELETS = ("apiserver-kubelet-client", "kube-apiserver-kubelet-client")



def pod(name, what, namespace=NS, **more):
    return "pod", {"namespace": namespace, "name": name, "what": what, **more}


def status(path, code, message, **more):
    return "status", {"path": path, "code": code, "message": message, **more}


# What is broken, whose service is to blame, the state of its worst check, words of its summary.
API = [
    ("silent", ("silent", {}), "kubernetes", "fail", "does not answer"),
    ("reset", ("reset", {}), "kubernetes", "fail", "cannot reach"),
    ("garbage", ("garbage", {}), "kubernetes", "fail", "not proper HTTP"),
    ("torn", ("torn", {}), "kubernetes", "fail", "cut short"),
    ("etcd", ("readyz", {"failing": ["etcd"]}), "kubernetes", "fail", "it is not ready: etcd"),
    ("hooks", ("readyz", {"failing": ["poststarthook/rbac/bootstrap-roles"]}), "kubernetes", "starting", "it starts: poststarthook"),
    ("500", status("/readyz", 500, "internal error"), "kubernetes", "fail", "it is not ready: HTTP 500: internal error"),
    ("503", status("/readyz", 503, "apiserver is shutting down"), "kubernetes", "fail", "shutting down"),
    ("429", status("/readyz", 429, "too many requests", headers={"Retry-After": "7"}), "kubernetes", "fail", "to be asked again after 7 s"),
    ("401", ("unauthorized", {}), "kubernetes", "unknown", "refuses our credentials: HTTP 401"),
    ("403", status("/readyz", 403, "forbidden: User cannot get path /readyz"), "kubernetes", "unknown", "refuses our credentials: HTTP 403"),
    ("expired certificate", ("expired", {}), "kubernetes", "fail", "expired"),
]

# The API server answers, and one question cannot be asked: nobody is to blame for it.
QUESTIONS = [
    ("nodes 500", status("/api/v1/nodes", 500, "etcdserver: request timed out"), "kubernetes-node", "etcdserver: request timed out"),
    ("nodes 403", status("/api/v1/nodes", 403, "nodes is forbidden"), "kubernetes-node", "nodes is forbidden"),
    ("nodes 410", status("/api/v1/nodes", 410, "too old resource version"), "kubernetes-node", "too old resource version"),
    ("lists 429", status("/apis/apps/v1/namespaces/kube-system", 429, "too many requests", headers={"Retry-After": "7"}), "flannel", "after 7 s"),
    ("reviews 403", status("/apis/authorization.k8s.io", 403, "reviews are forbidden"), "kubernetes-access", "reviews are forbidden"),
    ("reviews that fail", ("evaluation", {"message": "webhook timed out"}), "kubernetes-access", "webhook timed out"),
]

CLUSTER = [
    ("not ready", ("node", {**NODE, "condition": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "PLEG is not healthy"}),
     "kubernetes-node", "fail", "PLEG is not healthy"),
    ("silent kubelet", ("node", {**NODE, "silent": True}), "kubernetes-node", "fail", "Kubelet stopped posting node status"),
    ("stale lease", ("node", {**NODE, "lease": "2026-01-01T00:00:00.000000Z"}), "kubernetes-node", "fail", "its lease was last renewed"),
    ("no network", ("node", {**NODE, "condition": "NetworkUnavailable", "reason": "NoRoute", "message": "no route"}), "kubernetes-node", "fail", "has no network for pods"),
    ("disk pressure", ("node", {**NODE, "condition": "DiskPressure", "reason": "KubeletHasDiskPressure"}), "kubernetes-node", "warn", "runs out of disk"),
    ("memory pressure", ("node", {**NODE, "condition": "MemoryPressure", "reason": "KubeletHasInsufficientMemory"}), "kubernetes-node", "warn", "runs out of memory"),
    ("pid pressure", ("node", {**NODE, "condition": "PIDPressure", "reason": "KubeletHasInsufficientPID"}), "kubernetes-node", "warn", "runs out of process ids"),
    ("cordoned", ("node", {**NODE, "cordon": True}), "kubernetes-node", "stopped", "is cordoned: it takes no new pods until somebody uncordons it"),
    ("tainted", ("node", {**NODE, "taint": {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}}), "kubernetes-node", "fail",
     "node.kubernetes.io/disk-pressure:NoSchedule"),
    ("taint that evicts", ("node", {**NODE, "taint": {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}}), "kubernetes-node", "fail",
     "node.kubernetes.io/unreachable:NoExecute"),
    ("flannel 0/1", pod("kube-flannel", "crash_loop", "kube-system"), "flannel", "fail", "0 of 1 ready"),
    ("flannel not ready", pod("kube-flannel", "unready", "kube-system"), "flannel", "fail", "is not ready"),
    ("flannel is gone", ("remove", {"api_version": "apps/v1", "kind": "DaemonSet", "namespace": "kube-system", "name": "kube-flannel"}), "flannel", "fail", "there is no daemonset"),
    ("dns crashes", pod("coredns", "crash_loop", "kube-system"), "kubernetes-dns", "fail", "0 of 2 ready"),
    ("dns scaled to 0", ("scale", {"kind": "Deployment", "namespace": "kube-system", "name": "coredns", "replicas": 0}), "kubernetes-dns", "stopped", "scaled to 0"),
    ("dns image", pod("coredns", "image_pull", "kube-system"), "kubernetes-dns", "fail", "cannot be pulled"),
    *[(f"{user} may not {verb}", ("rbac", {"user": user, "verb": verb}), "kubernetes-access", "fail", f"{user} may not get, create nodes/proxy") for user in KUBELETS
      for verb in ("get", "create")],
    *[(f"nobody may {verb}", ("rbac", {"verb": verb}), "kubernetes-access", "fail", f"{KUBELETS[1]} may not {verb} nodes/proxy") for verb in ("get", "create")],
    ("dkron without leader", ("proxy", {"namespace": NS, "service": "dkron-svc:8080", "path": "/v1/leader", "code": 500, "body": "null"}), "dkron", "fail",
     "it has no leader, so no job runs"),
    ("dkron jobs fail", ("proxy", {"namespace": NS, "service": "dkron-svc:8080", "path": "/v1/jobs", "code": 200, "body": [
        {"name": "digest", "success_count": 0, "error_count": 5, "last_success": None, "last_error": "2026-11-24T09:00:00Z", "status": "failed"}]}), "dkron", "fail",
     "digest (5 times)"),
    ("dkron job failed once", ("proxy", {"namespace": NS, "service": "dkron-svc:8080", "path": "/v1/jobs", "code": 200, "body": [
        {"name": "digest", "success_count": 9, "error_count": 1, "last_success": "2026-11-23T09:00:00Z", "last_error": "2026-11-24T09:00:00Z"}]}), "dkron", "warn",
     "failed when they last ran: digest"),
    ("dkron says 404", ("proxy", {"namespace": NS, "service": "dkron-svc:8080", "path": "/v1/jobs", "code": 404, "body": "404 page not found"}), "dkron", "fail", "HTTP 404"),
    ("cluster worker without functions", ("proxy", {"namespace": NS, "service": "system-bus-worker:3111", "path": "/api/inngest", "code": 200,
                                                    "body": {"function_count": 0}}), "system-bus-worker", "fail", "does not match"),
]

UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
# Workloads: kind, name, service. Each is broken in one of these ways, so that all ways and all workloads are there.
WORKLOADS = [("StatefulSet", "inngest", "inngest"), ("StatefulSet", "redis", "redis"), ("StatefulSet", "typesense", "typesense"), ("StatefulSet", "restate", "restate"),
             ("StatefulSet", "dkron", "dkron"), ("StatefulSet", "minio", "minio"), ("Deployment", "restate-worker", "restate-worker"),
             ("Deployment", "system-bus-worker", "system-bus-worker"), ("Deployment", "livekit-server", "livekit-server"),
             ("Deployment", "bluesky-pds", "bluesky-pds"), ("Deployment", "docs-api", "docs-api")]
WAYS = [
    ("crash loop", lambda kind, name: pod(name, "crash_loop"), "fail", "crashes again and again"),
    ("image", lambda kind, name: pod(name, "image_pull"), "fail", "cannot be pulled: ImagePullBackOff"),
    ("config", lambda kind, name: pod(name, "config", message='secret "ghcr-pull" not found'), "fail", 'secret "ghcr-pull" not found'),
    ("pending", lambda kind, name: pod(name, "unschedulable"), "fail", "no node takes it: 0/1 nodes are available"),
    ("volume", lambda kind, name: pod(name, "unschedulable", message=UNBOUND), "fail", "unbound immediate PersistentVolumeClaims"),
    ("memory", lambda kind, name: pod(name, "oom"), "fail", "its memory was used up"),
    ("unready", lambda kind, name: pod(name, "unready"), "fail", "is not ready"),
    ("evicted", lambda kind, name: pod(name, "evicted"), "fail", "low on resource: ephemeral-storage"),
    ("starting", lambda kind, name: pod(name, "creating"), "starting", "is being created"),
    ("terminating", lambda kind, name: pod(name, "stuck"), "fail", "stuck terminating"),
    ("scaled to 0", lambda kind, name: ("scale", {"kind": kind, "namespace": NS, "name": name, "replicas": 0}), "stopped", "scaled to 0"),
    ("deleted", lambda kind, name: ("remove", {"api_version": "apps/v1", "kind": kind, "namespace": NS, "name": name}), "fail", "there is no"),
    ("rollout", lambda kind, name: ("rollout", {"namespace": NS, "name": name, "image": "registry.example.com/new:2"}), "warn", "1 of 1 ready, but its rollout is stuck"),
]


def workloads():
    for at, (kind, name, service) in enumerate(WORKLOADS):
        for number, (way, how, state, words) in enumerate(WAYS):
            if way == "rollout" and kind != "Deployment" or way == "terminating" and kind == "Deployment": # which has another pod in its place at once
                continue
            if at % 3 == number % 3 or name == "redis":
                yield f"{name} {way}", how(kind, name), service, state, words


BROKEN = CLUSTER + list(workloads())
# What is tried where time is short.
SOME = random.Random(11)
SOME = {name for rows, n in ((API, 1), (QUESTIONS, 1), (CLUSTER, 2), (BROKEN[len(CLUSTER):], 3)) for name, *_ in SOME.sample(rows, n)}


class Cluster:
    def __init__(self, world):
        self.world, self.kube = world, world.parts["kubernetes"]

    def break_it(self, what, how):
        self.kube.ask(f"/_break/{what}", how)

    def mend(self):
        """All of it, and the pods are ready again."""
        self.kube.ask("/_mend", {})
        end = time.monotonic() + 20
        while not self.kube.state()["settled"]:
            assert time.monotonic() < end, "the cluster does not settle"
            time.sleep(0.01)


@pytest.fixture
def cluster(world):
    made = Cluster(world)
    yield made
    made.mend()


def seen(panda, service, state, words):
    """The controllers of the cluster take a moment: asks until it is there."""
    end = time.monotonic() + 10
    while True:
        answers = panda()
        blamed = worst(answers, service)
        if (blamed["status"] == state and words in blamed["summary"]) or time.monotonic() > end:
            return answers, blamed


def skip_most(name):
    if not os.environ.get("SOAK") and name not in SOME:
        pytest.skip("some of them are tried here, all of them with SOAK=1, as in `./bootstrap soak`")


def is_well(panda, service):
    return {name: a["summary"] for name, a in panda(service).items() if a["status"] != "ok"} == {}


@pytest.mark.parametrize("name, how, service, state, words", BROKEN, ids=[name.replace(" ", "-") for name, *_ in BROKEN])
def test_what_breaks_in_the_cluster(panda, cluster, rows, name, how, service, state, words):
    skip_most(name)
    cluster.break_it(*how)
    answers, blamed = seen(panda, service, state, words)
    assert blamed["status"] == state and words in blamed["summary"], blamed
    assert "caused_by" not in blamed, blamed
    others = {other: a for other, a in answers.items() if a["service"] != service and a["status"] != "ok"}
    assert all(a.get("caused_by") == service for a in others.values()), others
    cluster.mend()
    assert is_well(panda, service)
    rows(service, name, blamed["summary"])


@pytest.mark.parametrize("name, how, service, state, words", API, ids=[name.replace(" ", "-") for name, *_ in API])
def test_a_broken_api_server_is_blamed_alone(panda, cluster, rows, name, how, service, state, words):
    """What is in the cluster cannot be asked about: that is unknown, and no failure of theirs; what answers by itself is well."""
    skip_most(name)
    cluster.break_it(*how)
    answers, blamed = seen(panda, service, state, words)
    assert blamed["status"] == state and words in blamed["summary"], blamed
    others = {other: a for other, a in answers.items() if a["service"] != service and a["status"] != "ok"}
    assert {a["status"] for a in others.values()} <= {"unknown"}, others
    assert answers["typesense.health"]["status"] == "ok"
    cluster.mend()
    assert is_well(panda, service)
    rows(service, name, blamed["summary"])


@pytest.mark.parametrize("name, how, service, words", QUESTIONS, ids=[name.replace(" ", "-") for name, *_ in QUESTIONS])
def test_a_question_that_cannot_be_asked_blames_nobody(panda, cluster, rows, name, how, service, words):
    skip_most(name)
    cluster.break_it(*how)
    answers, blamed = seen(panda, service, "unknown", words)
    assert blamed["status"] == "unknown" and words in blamed["summary"], blamed
    assert "fail" not in {a["status"] for a in answers.values()}, answers
    cluster.mend()
    assert is_well(panda, service)
    rows(service, name, blamed["summary"])


def test_what_is_on_a_dead_node_is_caused_by_it(panda, cluster, rows):
    cluster.break_it(*pod("docs-api", "unready"))
    seen(panda, "docs-api", "fail", "is not ready")
    cluster.break_it("node", {**NODE, "silent": True})
    answers, blamed = seen(panda, "kubernetes-node", "fail", "silent")
    assert "caused_by" not in blamed, blamed
    assert worst(answers, "docs-api")["caused_by"] == "kubernetes-node"
    cluster.mend()
    assert is_well(panda, "kubernetes-node")
    rows("kubernetes-node", "with its pods", blamed["summary"])


def test_functions_that_inngest_has_forgotten(panda, world, rows):
    """Inngest and the worker answer well on their own; what one has and the other knows differ."""
    world.parts["inngest"].break_as("forgotten")
    try:
        answers = panda("inngest", "host-worker")
    finally:
        world.parts["inngest"].mend()
    blamed = worst(answers, "host-worker")
    assert (blamed["status"], blamed["reason"]) == ("fail", "inngest.functions"), blamed
    assert "Inngest knows 100 functions of system-bus-host, the worker has 163" in blamed["summary"], blamed
    assert is_well(panda, "host-worker")
    rows("host-worker", "inngest:forgotten", blamed["summary"])


# ---- incidents of the past, as far as they are about seeing

def test_incident_9_the_taint_of_a_control_plane_is_normal(panda, cluster, incidents):
    """`unschedulable` paged for the taint that the only node always has; a cordon is told as somebody's act."""
    assert worst(panda("kubernetes-node"), "kubernetes-node")["status"] == "ok"
    cluster.break_it("node", {**NODE, "cordon": True})
    _, told = seen(panda, "kubernetes-node", "stopped", "is cordoned")
    assert (told["status"], told["reason"]) == ("stopped", "stopped.by_hand"), told
    cluster.break_it("node", {**NODE, "taint": {"key": "example.com/maintenance", "effect": "NoSchedule"}})
    _, told = seen(panda, "kubernetes-node", "fail", "example.com/maintenance:NoSchedule")
    assert told["status"] == "fail", told
    incidents(9)


def test_incident_16_disk_pressure_is_the_cause_of_evictions(panda, cluster, incidents):
    """Pods were evicted and found hours later: the taint and the pressure name the cause, the evicted pod is caused by them."""
    cluster.break_it("node", {**NODE, "condition": "DiskPressure", "reason": "KubeletHasDiskPressure", "message": "kubelet has disk pressure"})
    cluster.break_it("node", {**NODE, "taint": {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}})
    cluster.break_it(*pod("docs-api", "evicted"))
    answers, blamed = seen(panda, "docs-api", "fail", "low on resource")
    assert blamed["caused_by"] == "kubernetes-node", blamed
    root = worst(answers, "kubernetes-node")
    assert root["status"] == "fail" and "node.kubernetes.io/disk-pressure:NoSchedule" in root["summary"], root
    assert "runs out of disk" in answers["kubernetes-node.ready"]["summary"]
    incidents(16)


def test_incident_17_rbac_drift_is_not_redis(panda, cluster, incidents):
    """Logs and exec were forbidden, and Redis, which was asked by exec, seemed down. An API server that cannot be asked says nothing of drift."""
    cluster.break_it("remove", {"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "name": "apiserver-kubelet-client"})
    answers, blamed = seen(panda, "kubernetes-access", "fail", "may not get, create nodes/proxy")
    assert blamed["reason"] == "kubernetes.denied" and "caused_by" not in blamed, blamed
    assert {a["status"] for a in answers.values() if a["service"] == "redis"} == {"ok"}, answers
    cluster.break_it("silent", {})
    answers, blamed = seen(panda, "kubernetes-access", "unknown", "cannot ask the API server")
    assert blamed["status"] == "unknown", blamed
    incidents(17)


def test_incident_30_livekit_is_caused_by_redis_in_the_cluster(panda, world, cluster, incidents):
    """LiveKit answers 406 because Redis is gone; its pod crashes, and the host's port is dead as well: one cause."""
    redis = world.parts.get("redis")
    cluster.break_it(*pod("redis", "crash_loop"))
    world.parts["livekit"].break_as("stale")
    if redis:
        redis.break_as("refuse")
    try:
        answers, blamed = seen(panda, "redis", "fail", "crashes again and again" if not redis else "")
    finally:
        world.parts["livekit"].mend()
        if redis:
            redis.mend()
    assert "caused_by" not in blamed, blamed
    assert answers["redis.pods"]["reason"] == "kubernetes.crash_loop", answers["redis.pods"]
    assert worst(answers, "livekit-server")["caused_by"] == "redis"
    incidents(30)
