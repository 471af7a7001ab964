"""Actions, asked for over the wire as the core does, against the stand-in API server and a stand-in launchctl: what is done is then seen by the plugins' own
checks."""
import shutil
import ssl
import urllib.request

import pytest

from conftest import TOP, wait_until
from host_wire import Host, Refused
from kube import Kube


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = Kube(tmp_path_factory.mktemp("kube"))
    made.settle()
    yield made
    made.stop()


@pytest.fixture
def kube(world):
    yield world
    world.mend()
    world.settle()


@pytest.fixture(scope="module")
def plugin(build):
    with Host(build, "kubernetes") as host:
        yield host


class Cluster:
    def __init__(self, plugin, kube):
        self.plugin, self.kube = plugin, kube

    def run(self, operation, context="admin@cluster", timeout=20, **options):
        return self.plugin.run(f"kubernetes.{operation}", timeout, kubeconfig=str(self.kube.config), context=context, **options)

    def until_ok(self, operation, **options):
        wait_until(f"{operation} is ok", lambda: self.run(operation, **options)["status"] == "ok", 20)


@pytest.fixture
def cluster(plugin, kube):
    return Cluster(plugin, kube)


def told(done, status, reason, words):
    assert (done["status"], done["reason"]) == (status, reason) and words in done["summary"], done


WEB = {"namespace": "apps", "selector": "app=web"}


def test_pods_are_deleted_and_come_back(cluster):
    told(cluster.run("delete-pod", **WEB), "unknown", "refused.too_many", "more than 1 pods in apps match app=web")
    done = cluster.run("delete-pod", **WEB, at_most=2, grace=1)
    told(done, "ok", "kubernetes.done", "deleted 2 of 2 pods in apps")
    assert len(cluster.plugin.progress) == 2, cluster.plugin.progress
    cluster.until_ok("workload", namespace="apps", name="web")
    told(cluster.run("delete-pod", namespace="apps", name="nobody"), "warn", "kubernetes.absent", "nothing was done: no pod in apps is nobody")


def test_only_the_pod_that_was_seen_is_deleted(cluster):
    told(cluster.run("delete-pod", namespace="apps", name="redis-0", uid="0-0"), "unknown", "kubernetes.conflict", "is another pod by now")
    cluster.kube.break_it("conflict", times=1)
    told(cluster.run("delete-pod", namespace="apps", name="redis-0"), "unknown", "kubernetes.conflict", "nothing was done")
    told(cluster.run("delete-pod", namespace="apps", name="redis-0", grace=1), "ok", "kubernetes.done", "deleted the pod redis-0, which was Running, in apps")
    cluster.until_ok("workload", namespace="apps", kind="statefulset", name="redis")


def test_without_the_right(cluster):
    done = cluster.run("delete-pod", context="viewer@cluster", namespace="apps", name="redis-0")
    told(done, "unknown", "refused.rights", "a person runs: kubectl -n apps delete pod redis-0 (HTTP 403: ")
    cluster.kube.break_it("unauthorized")
    told(cluster.run("uncordon", node="node-1"), "unknown", "refused.rights", "a person runs: kubectl uncordon node-1")


def test_a_disruption_budget_is_kept(cluster):
    cluster.kube.break_it("pdb")
    told(cluster.run("evict", timeout=3, namespace="apps", name="redis-0"), "unknown", "refused.budget", "would violate the pod's disruption budget")
    cluster.kube.mend("pdb")
    told(cluster.run("evict", namespace="apps", name="redis-0", grace=1), "ok", "kubernetes.done", "evicted the pod redis-0")
    cluster.until_ok("workload", namespace="apps", kind="statefulset", name="redis")


def test_a_workload_is_rolled_out_anew(cluster):
    told(cluster.run("rollout-restart", namespace="apps", name="web"), "ok", "kubernetes.done", "the deployment web in apps is being rolled out anew")
    cluster.until_ok("workload", namespace="apps", name="web")
    told(cluster.run("rollout-restart", namespace="kube-system", kind="daemonset", name="kube-flannel"), "ok", "kubernetes.done", "rolled out anew")
    told(cluster.run("rollout-restart", namespace="apps", name="nobody"), "unknown", "kubernetes.absent", "not found")
    cluster.kube.break_it("scale", kind="Deployment", namespace="apps", name="web", replicas=0)
    told(cluster.run("rollout-restart", namespace="apps", name="web"), "unknown", "refused.stopped", "is scaled to nothing")


def test_a_node_takes_pods_again(cluster):
    taint = {"key": "node.example/sick", "value": "yes", "effect": "NoSchedule"}
    cluster.kube.break_it("node", name="node-1", cordon=True, taint=taint)
    assert cluster.run("schedulable")["status"] != "ok"
    cluster.kube.break_it("conflict", times=1)
    told(cluster.run("uncordon", node="node-1"), "ok", "kubernetes.done", "uncordoned the node node-1")
    told(cluster.run("uncordon", node="node-1"), "ok", "kubernetes.already", "is not cordoned")
    told(cluster.run("untaint", node="node-1", taints=["node.example/sick=no:NoSchedule"]), "ok", "kubernetes.already", "none of these taints")
    told(cluster.run("untaint", node="node-1", taints=["node.example/sick"]), "ok", "kubernetes.done",
         "removed from the node node-1: node.example/sick:NoSchedule")
    told(cluster.run("schedulable"), "ok", "kubernetes.schedulable", "")
    # The taint of the control plane was there before, and was not named.
    told(cluster.run("untaint", node="node-1", taints=["node-role.kubernetes.io/control-plane:NoExecute"]), "ok", "kubernetes.already", "none of these taints")


BINDING = """apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: apiserver-kubelet-client }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:kubelet-api-admin" }
subjects:
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: apiserver-kubelet-client }
- { apiGroup: rbac.authorization.k8s.io, kind: User, name: kube-apiserver-kubelet-client }
"""
ACCESS = {"subjects": ["apiserver-kubelet-client"], "verbs": ["get"], "resource": "nodes", "subresource": "proxy"}


def test_rights_are_restored_by_a_manifest(cluster, tmp_path):
    pytest.importorskip("yaml", reason="the stand-in API server reads YAML by it")
    cluster.kube.break_it("rbac", user="apiserver-kubelet-client")
    told(cluster.run("access", **ACCESS), "fail", "kubernetes.denied", "apiserver-kubelet-client")
    file = tmp_path / "rbac.yaml"
    file.write_text("# the kubelets' clients\n---\n" + BINDING)
    told(cluster.run("apply", file=str(file), force=True), "ok", "kubernetes.done", "applied ClusterRoleBinding apiserver-kubelet-client")
    cluster.until_ok("access", **ACCESS)


def apply_as_a_person(kube, path, manifest):
    request = urllib.request.Request(f"https://127.0.0.1:{kube.port}{path}?fieldManager=person", data=manifest.encode(), method="PATCH",
                                     headers={"Content-Type": "application/apply-patch+yaml", "Authorization": "Bearer token-of-reader"})
    with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as answer:
        assert answer.status == 200


def test_another_manager_s_fields_are_not_taken(cluster):
    pytest.importorskip("yaml", reason="the stand-in API server reads YAML by it")
    manifest = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web, namespace: apps }\nspec: { replicas: 3 }\n"
    apply_as_a_person(cluster.kube, "/apis/apps/v1/namespaces/apps/deployments/web", manifest.replace("3", "2"))
    told(cluster.run("apply", manifest=manifest), "unknown", "refused.conflict", "`force` takes them")
    told(cluster.run("apply", manifest=manifest, force=True), "ok", "kubernetes.done", "applied Deployment web")
    cluster.until_ok("workload", namespace="apps", name="web")
    told(cluster.run("apply", manifest="apiVersion: example.com/v1\nkind: Thing\nmetadata: { name: a }\n"), "fail", "kubernetes.absent",
         "knows no example.com/v1")
    with pytest.raises(Refused, match="has no good apiVersion"):
        cluster.run("apply", manifest=manifest + "---\nkind: X\n")


@pytest.mark.parametrize("how", ["silent", "reset", "torn", "garbage"])
def test_a_server_that_does_not_answer(cluster, how):
    cluster.kube.break_it(how)
    done = cluster.run("uncordon", timeout=2, node="node-1")
    assert done["status"] == "fail" and "API server" in done["summary"], done


# ---- launchd

def test_a_job_is_acted_on_in_its_domain(build, tmp_path):
    """The stand-in of launchctl finds its answers beside itself."""
    shutil.copy(TOP / "tests/world/bin/launchctl", tmp_path)
    domain = tmp_path / "launchctl.answers" / "system"
    domain.mkdir(parents=True)
    (domain / "com.example.server").write_text("state = not running\nruns = 3\n")
    options = {"label": "com.example.server", "uid": 501}
    with Host(build, "launchd", path=f"{tmp_path}:/usr/bin:/bin") as host:
        told(host.run("launchd.kickstart", **options), "ok", "launchd.done", "started system/com.example.server: it was not running, it is running as process")
        told(host.run("launchd.job", **options), "ok", "launchd.ok", "runs")
        told(host.run("launchd.kickstart", **options), "ok", "launchd.already", "nothing was done")
        told(host.run("launchd.kickstart", **options, kill=True), "ok", "launchd.done", "it is running as process")
        (domain / "not-ours").touch()
        told(host.run("launchd.kickstart", **options, kill=True), "unknown", "refused.rights",
             "a person runs: sudo launchctl kickstart -k system/com.example.server (")
        told(host.run("launchd.bootout", **options), "unknown", "refused.rights", "a person runs: sudo launchctl bootout system/com.example.server (")
        (domain / "not-ours").unlink()
        told(host.run("launchd.bootout", **options), "ok", "launchd.done", "system/com.example.server is unloaded; it was running as process")
        told(host.run("launchd.bootout", **options), "ok", "launchd.already", "is not loaded: nothing was done")
