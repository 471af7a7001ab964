"""Kubernetes checks against the stand-in API server: each break is seen, named and seen to be mended; what is asked is counted."""
import json
import os
import time

import pytest

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


SERVICES = """
services:
  api: {{ checks: {{ ready: {{ kubernetes.api: {{ {login} }} }} }} }}
  node: {{ checks: {{ ready: {{ kubernetes.node: {{ {login} }} }}, schedulable: {{ kubernetes.schedulable: {{ {login} }} }} }} }}
  rbac:
    checks:
      proxy:
        kubernetes.access:
          {{ {login}, subjects: [apiserver-kubelet-client, kube-apiserver-kubelet-client], verbs: [get, create], resource: nodes, subresource: proxy }}
  flannel:
    checks:
      agents: {{ kubernetes.workload: {{ {login}, namespace: kube-system, kind: daemonset, name: kube-flannel }} }}
      pods: {{ kubernetes.pods: {{ {login}, namespace: kube-system, selector: app=kube-flannel }} }}
  redis: {{ checks: {{ rollout: {{ kubernetes.workload: {{ {login}, namespace: apps, kind: statefulset, name: redis }} }} }} }}
  web: {{ checks: {{ rollout: {{ kubernetes.workload: {{ {login}, namespace: apps, name: web }} }} }} }}
"""


def configure(talon, config, settings="", **more):
    login = ", ".join([f"kubeconfig: {config}", *[f"{key}: {value}" for key, value in more.items()]])
    talon.write(SERVICES.format(login=login), settings)


def check(talon, *names):
    done = talon.command("check", "--json", *names)
    return {found["name"]: found for found in json.loads(done.stdout)["checks"]}


def test_a_healthy_cluster(talon, kube):
    configure(talon, kube.config)
    before = kube.state()
    found = check(talon)
    assert {name: result["status"] for name, result in found.items()} == dict.fromkeys(found, "ok"), found
    after = kube.state()
    asked = after["requests"][-(after["asked"] - before["asked"]):]
    assert len([r for r in asked if "/nodes?" in r]) == 1, asked          # two checks
    assert after["connections"] - before["connections"] <= 3, asked       # eight checks, eleven requests
    assert not [r for r in asked if "watch" in r], asked                  # nothing listens to a single shot


BREAKS = [
    ("readyz", {"failing": ["etcd"]}, "api.ready", "fail", "kubernetes.not_ready", "it is not ready: etcd"),
    ("readyz", {"failing": ["poststarthook/rbac/bootstrap-roles"]}, "api.ready", "starting", "starting", "it starts: poststarthook/rbac/bootstrap-roles"),
    ("status", {"path": "/readyz", "code": 503, "message": "apiserver is shutting down"}, "api.ready", "fail", "kubernetes.not_ready", "apiserver is shutting down"),
    ("no_readyz", {}, "api.ready", "ok", "kubernetes.ready", "ready in"),
    ("reset", {}, "api.ready", "fail", "connect.closed", "cannot reach https://127.0.0.1"),
    ("torn", {}, "api.ready", "fail", "protocol.short", "cut short"),
    ("garbage", {}, "api.ready", "fail", "protocol.bad", "not proper HTTP"),
    ("unauthorized", {}, "api.ready", "unknown", "auth.rejected", "refuses our credentials: HTTP 401: Unauthorized"),
    ("unauthorized", {}, "redis.rollout", "unknown", "auth.rejected", "cannot ask the API server for the statefulset redis of namespace apps"),
    ("reset", {}, "redis.rollout", "unknown", "connect.closed", "cannot ask the API server"),
    ("torn", {}, "web.rollout", "unknown", "protocol.short", "cut short"),
    ("huge", {}, "web.rollout", "unknown", "too_big", "larger than"),
    ("status", {"path": "/apis/apps", "code": 429, "message": "too many requests", "headers": {"Retry-After": "7"}}, "web.rollout", "unknown", "kubernetes.busy", "after 7 s"),
    ("status", {"path": "/apis/apps", "code": 500, "message": "etcdserver: request timed out"}, "web.rollout", "unknown", "kubernetes.error", "etcdserver"),
    ("status", {"path": "/apis/authorization.k8s.io", "code": 403, "message": "reviews are forbidden"}, "rbac.proxy", "unknown", "auth.forbidden", "reviews are forbidden"),
    ("evaluation", {"message": "webhook timed out"}, "rbac.proxy", "unknown", "kubernetes.review", "webhook timed out"),
    ("remove", {"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "name": "apiserver-kubelet-client"}, "rbac.proxy", "fail", "kubernetes.denied",
     "apiserver-kubelet-client may not get, create nodes/proxy"),
    ("node", {"name": "node-1", "silent": True}, "node.ready", "fail", "kubernetes.silent", "Kubelet stopped posting node status"),
    ("node", {"name": "node-1", "reboot": True}, "node.ready", "fail", "kubernetes.not_ready", "cni plugin not initialized"),
    ("node", {"name": "node-1", "condition": "NetworkUnavailable", "message": "no route"}, "node.ready", "fail", "kubernetes.network", "no route"),
    ("node", {"name": "node-1", "condition": "DiskPressure", "reason": "KubeletHasDiskPressure"}, "node.ready", "warn", "kubernetes.pressure", "runs out of disk"),
    ("node", {"name": "node-1", "cordon": True}, "node.schedulable", "stopped", "stopped.by_hand", "node-1 is cordoned"),
    ("node", {"name": "node-1", "taint": {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}}, "node.schedulable", "fail", "kubernetes.tainted",
     "node.kubernetes.io/disk-pressure:NoSchedule"),
    ("pod", {"namespace": "apps", "name": "redis", "what": "crash_loop", "code": 137, "reason": "OOMKilled"}, "redis.rollout", "fail", "kubernetes.crash_loop",
     "exit code 137, OOMKilled"),
    ("pod", {"namespace": "apps", "name": "web", "what": "image_pull"}, "web.rollout", "fail", "kubernetes.image", "registry.example.com/web:1"),
    ("pod", {"namespace": "apps", "name": "web", "what": "config"}, "web.rollout", "fail", "kubernetes.container", 'secret "web-env" not found'),
    ("pod", {"namespace": "apps", "name": "redis", "what": "oom"}, "redis.rollout", "fail", "kubernetes.oom", "its memory was used up"),
    ("pod", {"namespace": "apps", "name": "redis", "what": "unschedulable"}, "redis.rollout", "fail", "kubernetes.unschedulable", "untolerated taint"),
    ("pod", {"namespace": "apps", "name": "redis", "what": "unready"}, "redis.rollout", "fail", "kubernetes.not_ready", "is not ready"),
    ("pod", {"namespace": "apps", "name": "redis", "what": "evicted"}, "redis.rollout", "fail", "kubernetes.failed", "low on resource"),
    ("pod", {"namespace": "apps", "name": "redis", "what": "creating"}, "redis.rollout", "starting", "starting", "is being created"),
    ("pod", {"namespace": "apps", "name": "redis-0", "what": "stuck"}, "redis.rollout", "fail", "kubernetes.terminating", "stuck terminating"),
    ("pod", {"namespace": "kube-system", "name": "kube-flannel", "what": "crash_loop"}, "flannel.pods", "fail", "kubernetes.crash_loop", "0 of 1 pods are ready"),
    ("pod", {"namespace": "kube-system", "name": "kube-flannel", "what": "crash_loop"}, "flannel.agents", "fail", "kubernetes.crash_loop", "0 of 1 ready"),
    ("scale", {"kind": "StatefulSet", "namespace": "apps", "name": "redis", "replicas": 0}, "redis.rollout", "stopped", "stopped.by_hand", "scaled to 0"),
    ("remove", {"api_version": "apps/v1", "kind": "Deployment", "namespace": "apps", "name": "web"}, "web.rollout", "fail", "kubernetes.absent", "there is no deployment web"),
]


@pytest.mark.parametrize("what, how, name, status, reason, words", BREAKS, ids=[f"{row[2]}-{row[0]}-{index}" for index, row in enumerate(BREAKS)])
def test_what_breaks_is_named(talon, kube, what, how, name, status, reason, words):
    configure(talon, kube.config)
    kube.break_it(what, **how)
    service = name.partition(".")[0]

    def seen():
        found = check(talon, service)[name]
        return found if (found["status"], found["reason"]) == (status, reason) else None
    found = talon.wait(f"{name} is {status}: {reason}", seen, 10)
    assert words in found["summary"], found
    kube.mend()
    kube.settle()
    assert check(talon, service)[name]["status"] == "ok"


def test_a_server_that_is_gone_is_no_fault_of_the_workloads(talon, tmp_path):
    kube = Kube(tmp_path / "kube")
    configure(talon, kube.config)
    kube.stop()
    found = check(talon)
    assert found["api.ready"]["status"] == "fail" and found["api.ready"]["reason"] == "connect.refused", found
    assert {result["status"] for name, result in found.items() if name != "api.ready"} == {"unknown"}, found


def test_a_silent_server_ends_no_later_than_the_timeout(talon, kube):
    configure(talon, kube.config, settings="defaults: { timeout: 1s }")
    kube.break_it("silent")
    began = time.monotonic()
    found = check(talon)
    assert time.monotonic() - began < 3
    assert (found["api.ready"]["status"], found["api.ready"]["reason"]) == ("fail", "timeout"), found
    assert {result["status"] for name, result in found.items() if name != "api.ready"} == {"unknown"}, found


def test_a_certificate_of_another_authority(talon, kube, tmp_path):
    other = Kube(tmp_path / "other")
    config = json.loads(kube.config.read_text())
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{other.port}"
    path = tmp_path / "mixed"
    path.write_text(json.dumps(config))
    configure(talon, path)
    found = check(talon, "api")["api.ready"]
    other.stop()
    assert found["status"] == "fail" and found["reason"].startswith("tls."), found


def test_ways_to_log_in(talon, kube, tmp_path):
    for context in ("admin@cluster", "token@cluster"):
        configure(talon, kube.config, context=context)
        assert check(talon, "node")["node.ready"]["status"] == "ok"
    configure(talon, kube.config, context="viewer@cluster")
    found = check(talon)
    assert found["web.rollout"]["status"] == "ok", found  # its role allows that much
    assert (found["node.ready"]["status"], found["node.ready"]["reason"]) == ("unknown", "auth.forbidden"), found
    assert 'User "viewer" cannot list resource "nodes"' in found["node.ready"]["summary"], found
    configure(talon, kube.config, context="nobody@cluster")
    assert "the context nobody@cluster is in no kubeconfig file" in check(talon, "node")["node.ready"]["summary"]


def write_exec(kube, tmp_path, script):
    plugin = tmp_path / "give.sh"
    plugin.write_text("#!/bin/sh\n" + script)
    plugin.chmod(0o755)
    config = json.loads(kube.config.read_text())
    config["users"] = [{"name": "admin", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./give.sh", "interactiveMode": "Never"}}}]
    path = tmp_path / "exec"
    path.write_text(json.dumps(config))
    return path


def test_a_credential_plugin(talon, kube, tmp_path):
    path = write_exec(kube, tmp_path, f"""echo x >> {tmp_path}/calls
case $KUBERNETES_EXEC_INFO in *ExecCredential*) ;; *) exit 1 ;; esac
echo '{{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{{"token":"token-of-reader"}}}}'
""")
    configure(talon, path)
    found = check(talon)
    assert {result["status"] for result in found.values()} == {"ok"}, found
    assert (tmp_path / "calls").read_text() == "x\n"  # once for all
    write_exec(kube, tmp_path, "echo 'please log in: hunter2' >&2; exit 4\n")
    found = check(talon)
    assert {result["status"] for result in found.values()} == {"unknown"}, found
    assert "failed with exit code 4" in found["node.ready"]["summary"]
    assert "hunter2" not in json.dumps(found)


def test_a_credential_plugin_that_hangs(talon, kube, tmp_path):
    path = write_exec(kube, tmp_path, "exec sleep 60\n")
    configure(talon, path, settings="defaults: { timeout: 1s }")
    found = check(talon)
    assert {result["status"] for result in found.values()} == {"unknown"}, found
    assert "has not ended yet" in found["api.ready"]["summary"], found


# ---- the daemon

def test_a_change_is_seen_by_the_watch(talon, kube):
    configure(talon, kube.config, settings="defaults: { every: 5m, fail_after: 1 }")
    talon.start()
    talon.wait("all is well", lambda: set(talon.verdicts().values()) == {"ok"}, 20)
    kube.break_it("pod", namespace="apps", name="redis", what="crash_loop")
    talon.wait("redis is failed", lambda: talon.verdicts()["redis"] == "failed", 10)
    assert talon.verdicts()["api"] == "ok"
    kube.mend()
    talon.wait("redis is back", lambda: talon.verdicts()["redis"] in ("ok", "recovering"), 10)
    kube.break_it("node", name="node-1", cordon=True)
    talon.wait("the cordon is told", lambda: any(c["verdict"] == "stopped" for c in talon.service("node")["checks"]), 10)
    kube.break_it("history")  # the watches end with 410 and begin again with the next list
    kube.break_it("watches")
    kube.mend()


def test_pods_are_no_older_than_the_workload_that_they_explain(talon, kube):
    """The list of pods that explained one failure a moment ago says of the next one's pods that they are well."""
    configure(talon, kube.config, settings="defaults: { every: 5m, fail_after: 1 }")
    talon.start()
    talon.wait("all is well", lambda: set(talon.verdicts().values()) == {"ok"}, 20)
    kube.break_it("pod", namespace="apps", name="redis", what="crash_loop")
    talon.wait("redis is failed", lambda: talon.verdicts()["redis"] == "failed", 10)
    kube.break_it("pod", namespace="apps", name="web", what="crash_loop")
    talon.wait("web is failed", lambda: talon.verdicts()["web"] == "failed", 5)  # by the next change of anything it is seen as well


def test_connections_do_not_accumulate(talon, kube, sanitized):
    if sanitized:
        pytest.skip("the other build's run has shown it")
    configure(talon, kube.config, settings="defaults: { every: 100ms }")
    before = kube.state()
    talon.start()
    talon.wait("all is well", lambda: set(talon.verdicts().values()) == {"ok"}, 20)
    talon.wait("300 requests", lambda: kube.state()["asked"] >= before["asked"] + 300, 30)
    state = kube.state()
    assert state["open"] <= 3 + 5, state["open"]  # two for requests, one for /readyz, and one for each watched list
    assert state["connections"] - before["connections"] <= 16, state["connections"]


def test_a_rewritten_kubeconfig_is_taken_at_once(talon, kube, tmp_path):
    good = kube.config.read_text()
    path = tmp_path / "config"
    path.write_text(good)
    configure(talon, path, settings="defaults: { every: 200ms, fail_after: 1 }")
    talon.start()
    talon.wait("all is well", lambda: set(talon.verdicts().values()) == {"ok"}, 20)
    path.write_text(good[:len(good) // 2])  # somebody writes, and is slow
    time.sleep(0.5)
    assert set(talon.verdicts().values()) == {"ok"}
    path.write_text(good.replace(f":{kube.port}", ":1"))
    talon.wait("the other server is asked", lambda: talon.verdicts()["api"] == "failed", 10)
    replaced = tmp_path / "new"
    replaced.write_text(good)
    os.replace(replaced, path)
    talon.wait("the first one again", lambda: talon.verdicts()["api"] in ("ok", "recovering"), 10)
