"""
What a kubelet, a scheduler and the controllers do, as far as a watcher sees it: workloads get pods, pods become ready, deleted ones go when their time is
over, nodes say that they live. What is broken by hand (`ails`) stays broken until it is mended.
"""
import datetime
import hashlib
import json
import threading
import time
import uuid

import resources
from store import now, stamp

POD, NODE = resources.BY_KIND["v1", "Pod"], resources.BY_KIND["v1", "Node"]
WORKLOADS = [resources.BY_KIND["apps/v1", kind] for kind in ("Deployment", "StatefulSet", "DaemonSet")]
LEASE = resources.BY_KIND["coordination.k8s.io/v1", "Lease"]
CORDON = "node.kubernetes.io/unschedulable"
GRACE = 0.2     # seconds that a pod takes to go, where its grace period is longer
PULL = 0.1      # and to become ready
REST = 40       # twentieths of a second after which there is a turn even where nothing has changed


def micro_stamp(at=None):
    return stamp(at)[:-1] + ".000000Z"


def template_hash(workload):
    return hashlib.sha1(json.dumps(workload["spec"]["template"], sort_keys=True).encode()).hexdigest()[:10]


def condition(kind, status, reason="", message="", since=None):
    found = {"type": kind, "status": status, "lastProbeTime": None, "lastTransitionTime": since or stamp()}
    return {**found, **({"reason": reason} if reason else {}), **({"message": message} if message else {})}


def set_condition(thing, new):
    """Keeps the time of the transition where there is none."""
    known = thing.setdefault("status", {}).setdefault("conditions", [])
    old = next((c for c in known if c["type"] == new["type"]), None)
    if old is None:
        known.append(new)
    elif old["status"] != new["status"]:
        old.clear(), old.update(new)
    else:
        old.update({k: v for k, v in new.items() if k not in ("lastTransitionTime", "lastProbeTime")})


class Controllers:
    def __init__(self, store):
        self.store = store
        self.born = {}   # uid of a pod: when it was made
        self.ails = {}   # (namespace, prefix of a pod's name): function(pod), makes its status
        self.only = {}   # the same key: uids of the pods that ail so, where those that come after them do not
        self.frozen = set()  # names of nodes whose kubelet is silent
        self.stuck = set()   # uids of pods that never go
        self.stale = set()   # names of nodes whose lease is not renewed
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def start(self):
        self.turn()
        self.thread.start()

    def work(self):
        """A turn costs more than all that is asked in its time, so there is one where something has changed or is on its way, and now and then, since leases are
        to be renewed."""
        seen, rested = None, 0
        while not self.ended.wait(0.05):
            rested += 1
            if seen == self.store.version and rested < REST:
                continue
            with self.store.lock:
                self.turn()
                seen, rested = self.store.version if self.is_settled() else None, 0

    def turn(self):
        with self.store.lock:
            for node in self.store.all(NODE):
                self.store.update(NODE, "", node["metadata"]["name"], taint_cordon)
                self.renew(node["metadata"]["name"])
            for pod in self.store.all(POD):
                self.tend(pod)
            for resource in WORKLOADS:
                for workload in self.store.all(resource):
                    self.reconcile(resource, workload)

    def is_settled(self):
        """Is every workload rolled out, and no pod on its way?"""
        with self.store.lock:
            ready = all(is_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in self.store.all(POD))
            return ready and all(is_rolled_out(thing) for resource in WORKLOADS for thing in self.store.all(resource))

    def renew(self, node):
        """As a kubelet does each ten seconds."""
        for lease in self.store.all(LEASE, "kube-node-lease", fields=f"metadata.name={node}"):
            due = lease["spec"]["renewTime"] < stamp(now() - datetime.timedelta(seconds=10))
            if due and node not in self.stale | self.frozen:
                self.store.update(LEASE, "kube-node-lease", node, lambda thing: thing["spec"].update(renewTime=micro_stamp()))

    # ---- pods

    def pods(self):
        """Those that are not on their way out, each with its workload."""
        with self.store.lock:
            return [{"workload": f"{pod['metadata']['namespace']}/{pod['metadata']['labels'].get('app', '')}", "name": pod["metadata"]["name"],
                     "uid": pod["metadata"]["uid"], "ready": is_ready(pod)} for pod in self.store.all(POD) if not pod["metadata"].get("deletionTimestamp")]

    def ail_of(self, pod):
        meta = pod["metadata"]
        return next((ail for (namespace, prefix), ail in self.ails.items() if namespace == meta["namespace"] and meta["name"].startswith(prefix) and
                     meta["uid"] in self.only.get((namespace, prefix), (meta["uid"],))), None)

    def tend(self, pod):
        meta, status = pod["metadata"], pod.get("status") or {}
        if meta.get("deletionTimestamp"):
            due = datetime.datetime.strptime(meta["deletionTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
            asked = due - datetime.timedelta(seconds=meta.get("deletionGracePeriodSeconds", 0))
            if meta["uid"] not in self.stuck and (now() - asked).total_seconds() > GRACE:
                self.store.remove(POD, meta["namespace"], meta["name"])
            return
        if pod["spec"].get("nodeName") in self.frozen:
            return
        ail = self.ail_of(pod)
        if not ail and not pod["spec"].get("nodeName"):
            ail = self.schedule(pod)
        old_enough = time.monotonic() - self.born.setdefault(meta["uid"], time.monotonic()) >= PULL
        if ail:
            change = ail
        elif old_enough and not all(c.get("ready") for c in status.get("containerStatuses") or [{}]):
            change = make_ready
        elif not status.get("conditions"):
            change = make_pending
        else:
            return
        self.store.update(POD, meta["namespace"], meta["name"], change)

    def schedule(self, pod):
        """How its status changes: it gets a node, or is told why it gets none."""
        nodes = self.store.all(NODE)
        daemon = pod["metadata"]["ownerReferences"][0]["kind"] == "DaemonSet"
        fit = [n["metadata"]["name"] for n in nodes if daemon or not keeps_away(n)]
        if fit:
            return lambda thing: (thing["spec"].update(nodeName=fit[0]), make_pending(thing))
        taint = next((t["key"] for n in nodes for t in [keeps_away(n)] if t), "none")
        return unschedulable(f"0/{len(nodes)} nodes are available: {len(nodes)} node(s) had untolerated taint {{{taint}: }}. preemption: 0/{len(nodes)} nodes are available.")

    def delete_pod(self, namespace, name, grace):
        if grace == 0:
            return self.store.remove(POD, namespace, name)
        def mark(pod):
            pod["metadata"]["deletionGracePeriodSeconds"] = grace
            pod["metadata"]["deletionTimestamp"] = stamp(now() + datetime.timedelta(seconds=grace))
        self.store.update(POD, namespace, name, mark)
        return self.store.get(POD, namespace, name)

    # ---- workloads

    def reconcile(self, resource, workload):
        meta, spec = workload["metadata"], workload["spec"]
        template = template_hash(workload)
        mine = [p for p in self.store.all(POD, meta["namespace"]) if any(o["uid"] == meta["uid"] for o in p["metadata"].get("ownerReferences") or [])]
        nodes = self.store.all(NODE)
        wanted = len(nodes) if resource.kind == "DaemonSet" else spec.get("replicas", 1)
        old = [p for p in mine if p["metadata"]["labels"].get("pod-template-hash") != template and not p["metadata"].get("deletionTimestamp")]
        fresh = [p for p in mine if p["metadata"]["labels"].get("pod-template-hash") == template and not p["metadata"].get("deletionTimestamp")]
        if old and len(fresh) == len([p for p in fresh if is_ready(p)]):
            if resource.kind == "Deployment" and len(fresh) < wanted:  # it may not have fewer than it wants, so one more comes first
                self.make_pod(resource, workload, template, {p["metadata"]["name"] for p in mine})
            else:
                self.delete_pod(meta["namespace"], old[0]["metadata"]["name"], 30)
        for pod in fresh[wanted:]:
            self.delete_pod(meta["namespace"], pod["metadata"]["name"], 30)
        taken = {p["metadata"]["name"] for p in mine}
        for _ in range(max(0, wanted - len(fresh) - len(old))):
            self.make_pod(resource, workload, template, taken)
        self.store.update(resource, meta["namespace"], meta["name"], lambda thing: self.count(resource, thing, template, wanted))

    def make_pod(self, resource, workload, template, taken):
        meta = workload["metadata"]
        if resource.kind == "StatefulSet":
            free = [n for n in (f"{meta['name']}-{i}" for i in range(workload["spec"].get("replicas", 1))) if n not in taken]
            if not free:
                return  # the old one of that name is still going
            name = free[0]
        else:
            middle = f"-{template}" if resource.kind == "Deployment" else ""
            name = f"{meta['name']}{middle}-{uuid.uuid4().hex[:5]}"
        taken.add(name)
        labels = {**(workload["spec"]["template"]["metadata"].get("labels") or {}), "pod-template-hash": template}
        pod = {"metadata": {"name": name, "labels": labels, "annotations": workload["spec"]["template"]["metadata"].get("annotations") or {},
                            "ownerReferences": [{"apiVersion": "apps/v1", "kind": resource.kind, "name": meta["name"], "uid": meta["uid"], "controller": True}]},
               "spec": dict(workload["spec"]["template"]["spec"]), "status": {"phase": "Pending"}}
        self.store.create(POD, meta["namespace"], pod)

    def count(self, resource, thing, template, wanted):
        mine = [p for p in self.store.all(POD, thing["metadata"]["namespace"])
                if any(o["uid"] == thing["metadata"]["uid"] for o in p["metadata"].get("ownerReferences") or []) and not p["metadata"].get("deletionTimestamp")]
        ready = len([p for p in mine if is_ready(p)])
        updated = len([p for p in mine if p["metadata"]["labels"].get("pod-template-hash") == template])
        status = thing.setdefault("status", {})
        if resource.kind == "DaemonSet":
            counts = {"desiredNumberScheduled": wanted, "currentNumberScheduled": len(mine), "numberReady": ready, "numberAvailable": ready,
                      "updatedNumberScheduled": updated, "numberMisscheduled": 0}
            always = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberMisscheduled")
        else:
            counts = {"replicas": len(mine), "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated}
            always = ("replicas",) if resource.kind == "StatefulSet" else ()
        for name, n in counts.items():  # 0 is left out, but for those that a real one writes always
            if n or name in always:
                status[name] = n
            else:
                status.pop(name, None)
        status["observedGeneration"] = thing["metadata"]["generation"]
        if resource.kind == "StatefulSet":
            status["updateRevision"] = f"{thing['metadata']['name']}-{template}"
            done = updated >= wanted and updated == len(mine) and ready >= wanted
            status["currentRevision"] = status["updateRevision"] if done else status.get("currentRevision", status["updateRevision"])
        if resource.kind == "Deployment":
            good = ready >= wanted
            set_condition(thing, condition("Available", "True" if good else "False", "MinimumReplicasAvailable" if good else "MinimumReplicasUnavailable"))
            if not any(c.get("reason") == "ProgressDeadlineExceeded" for c in status["conditions"]):
                set_condition(thing, condition("Progressing", "True", "NewReplicaSetAvailable"))


# ---- nodes

def taint_cordon(node):
    """As the node controller does."""
    taints = [t for t in node["spec"].get("taints") or [] if t["key"] != CORDON]
    if node["spec"].get("unschedulable"):
        known = next((t for t in node["spec"].get("taints") or [] if t["key"] == CORDON), None)
        taints.append(known or {"key": CORDON, "effect": "NoSchedule", "timeAdded": stamp()})
    if taints != (node["spec"].get("taints") or []):
        node["spec"]["taints"] = taints


def keeps_away(node):
    """The first taint that an ordinary pod does not tolerate, but for a control plane's, which is this cluster's only node; None: it takes pods."""
    return next((t for t in node["spec"].get("taints") or [] if t["effect"] in ("NoSchedule", "NoExecute") and not t["key"].startswith("node-role.")), None)


# ---- what the status of a pod looks like

def is_rolled_out(thing):
    status = thing.get("status") or {}
    wanted = status.get("desiredNumberScheduled", thing["spec"].get("replicas", 1))
    ready, updated = status.get("numberReady", status.get("readyReplicas", 0)), status.get("updatedNumberScheduled", status.get("updatedReplicas", 0))
    return status.get("observedGeneration") == thing["metadata"]["generation"] and ready == updated == wanted


def is_ready(pod):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in (pod.get("status") or {}).get("conditions") or [])


def containers(pod, state, ready=False, restarts=None, last=None, **more):
    known = {c["name"]: c for c in (pod.get("status") or {}).get("containerStatuses") or []}
    return [{"name": c["name"], "image": c["image"], "imageID": "", "ready": ready, "lastState": last if last is not None else known.get(c["name"], {}).get("lastState", {}),
             "restartCount": known.get(c["name"], {}).get("restartCount", 0) if restarts is None else restarts, "state": state, **more} for c in pod["spec"]["containers"]]


def set_status(pod, phase, ready, statuses, reason="", message=""):
    pod.setdefault("status", {}).update({"phase": phase, "qosClass": "BestEffort", "containerStatuses": statuses, "hostIP": "192.0.2.10", "podIP": "192.0.2.20"})
    pod["status"].setdefault("startTime", stamp())
    set_condition(pod, condition("PodScheduled", "True"))
    set_condition(pod, condition("Initialized", "True"))
    set_condition(pod, condition("ContainersReady", "True" if ready else "False", reason, message))
    set_condition(pod, condition("Ready", "True" if ready else "False", reason, message))


def not_ready_words(pod):
    return "ContainersNotReady", f"containers with unready status: [{' '.join(c['name'] for c in pod['spec']['containers'])}]"


def make_pending(pod):
    set_status(pod, "Pending", False, containers(pod, {"waiting": {"reason": "ContainerCreating"}}, started=False), *not_ready_words(pod))


def make_ready(pod):
    set_status(pod, "Running", True, containers(pod, {"running": {"startedAt": stamp()}}, ready=True, started=True))
    for c in pod["status"]["conditions"]:
        if c["type"] in ("Ready", "ContainersReady"):
            c.pop("reason", None), c.pop("message", None)


def ended(pod, code, reason):
    known = (pod.get("status") or {}).get("containerStatuses") or [{}]
    before = (known[0].get("lastState") or {}).get("terminated")
    return before or {"exitCode": code, "reason": reason, "startedAt": stamp(), "finishedAt": stamp(), "containerID": "containerd://0"}


def crash_loop(code=1, reason="Error", restarts=7):
    def ail(pod):
        state = {"waiting": {"reason": "CrashLoopBackOff", "message": f"back-off 5m0s restarting failed container={pod['spec']['containers'][0]['name']} pod={pod['metadata']['name']}"}}
        set_status(pod, "Running", False, containers(pod, state, restarts=restarts, last={"terminated": ended(pod, code, reason)}, started=False), *not_ready_words(pod))
    return ail


def waiting(reason, message):
    def ail(pod):
        set_status(pod, "Pending", False, containers(pod, {"waiting": {"reason": reason, "message": message}}, started=False), *not_ready_words(pod))
    return ail


def image_pull(pod):
    image = pod["spec"]["containers"][0]["image"]
    waiting("ImagePullBackOff", f'Back-off pulling image "{image}"')(pod)


def oom(pod):
    state = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": stamp(), "finishedAt": stamp()}}
    known = (pod.get("status") or {}).get("containerStatuses") or [{}]
    if "terminated" not in (known[0].get("state") or {}):
        set_status(pod, "Running", False, containers(pod, state, restarts=3, started=False), *not_ready_words(pod))


def unschedulable(message):
    def ail(pod):
        pod["spec"].pop("nodeName", None)
        pod.setdefault("status", {}).update({"phase": "Pending"})
        pod["status"].pop("containerStatuses", None)
        pod["status"]["conditions"] = [c for c in pod["status"].get("conditions") or [] if c["type"] == "PodScheduled"]
        set_condition(pod, condition("PodScheduled", "False", "Unschedulable", message))
    return ail


def unready(started="2026-01-01T00:00:00Z"):
    def ail(pod):
        set_status(pod, "Running", False, containers(pod, {"running": {"startedAt": started}}, started=True), *not_ready_words(pod))
    return ail


def evicted(pod):
    pod["status"] = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: ephemeral-storage.", "startTime": stamp()}
