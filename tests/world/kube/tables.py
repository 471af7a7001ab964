"""Lists as kubectl shows them: the server makes the columns."""
from store import now
import datetime


def age(thing):
    made = datetime.datetime.strptime(thing["metadata"]["creationTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
    seconds = int((now() - made).total_seconds())
    return f"{seconds}s" if seconds < 120 else f"{seconds // 60}m" if seconds < 7200 else f"{seconds // 3600}h" if seconds < 172800 else f"{seconds // 86400}d"


def pod_words(pod):
    status = pod.get("status") or {}
    words = status.get("reason") or status.get("phase", "")
    for c in status.get("containerStatuses") or []:
        state = c.get("state") or {}
        words = (state.get("waiting") or state.get("terminated") or {}).get("reason") or words
    return "Terminating" if pod["metadata"].get("deletionTimestamp") else words


def pod_row(pod):
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    ready = f"{sum(1 for c in statuses if c['ready'])}/{len(pod['spec']['containers'])}"
    return [pod["metadata"]["name"], ready, pod_words(pod), str(sum(c["restartCount"] for c in statuses)), age(pod)]


def node_row(node):
    ready = next((c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready"), "Unknown")
    words = ("Ready" if ready == "True" else "NotReady") + (",SchedulingDisabled" if node["spec"].get("unschedulable") else "")
    roles = ",".join(label.split("/", 1)[1] for label in node["metadata"].get("labels") or {} if label.startswith("node-role.kubernetes.io/"))
    return [node["metadata"]["name"], words, roles or "<none>", age(node), node["status"]["nodeInfo"]["kubeletVersion"]]


def replicas_row(thing):
    status, spec = thing.get("status") or {}, thing["spec"]
    return [thing["metadata"]["name"], f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 1)}", str(status.get("updatedReplicas", 0)),
            str(status.get("availableReplicas", 0)), age(thing)]


def daemons_row(thing):
    status = thing.get("status") or {}
    return [thing["metadata"]["name"], *[str(status.get(n, 0)) for n in ("desiredNumberScheduled", "currentNumberScheduled", "numberReady")], age(thing)]


KINDS = {
    "Pod": (["Name", "Ready", "Status", "Restarts", "Age"], pod_row),
    "Node": (["Name", "Status", "Roles", "Age", "Version"], node_row),
    "Deployment": (["Name", "Ready", "Up-to-date", "Available", "Age"], replicas_row),
    "StatefulSet": (["Name", "Ready", "Up-to-date", "Available", "Age"], replicas_row),
    "DaemonSet": (["Name", "Desired", "Current", "Ready", "Age"], daemons_row),
}


def table(resource, things, meta):
    names, row = KINDS.get(resource.kind, (["Name", "Age"], lambda thing: [thing["metadata"]["name"], age(thing)]))
    columns = [{"name": name, "type": "string", "format": "name" if name == "Name" else "", "description": name, "priority": 0} for name in names]
    rows = [{"cells": row(thing), "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": thing["metadata"]}} for thing in things]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns, "rows": rows}
