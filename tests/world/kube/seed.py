"""A small cluster: one node, the agents of the system, and two workloads in the namespace `apps`."""
import uuid

import resources
from controllers import condition
from store import stamp


def workload(kind, name, image, replicas=None, container=None):
    spec = {"selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": container or name, "image": image}], "terminationGracePeriodSeconds": 30}}}
    if replicas is not None:
        spec["replicas"] = replicas
    if kind == "StatefulSet":
        spec.update(serviceName=name, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
    elif kind == "DaemonSet":
        spec["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    else:
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": {"app": name}}, "spec": spec}


def node(name, taints=()):
    conditions = [condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                  condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                  condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                  condition("NetworkUnavailable", "False", "FlannelIsUp", "Flannel is running on this node"),
                  condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")]
    for found in conditions:
        found["lastHeartbeatTime"] = stamp()
        found.pop("lastProbeTime")
    return {"metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z",
                         "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "node-role.kubernetes.io/control-plane": ""}},
            "spec": {"podCIDR": "192.0.2.0/24", **({"taints": list(taints)} if taints else {})},
            "status": {"conditions": conditions, "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}, {"type": "Hostname", "address": name}],
                       "allocatable": {"cpu": "4", "memory": "8388608Ki", "pods": "110", "ephemeral-storage": "100Gi"},
                       "capacity": {"cpu": "4", "memory": "8388608Ki", "pods": "110", "ephemeral-storage": "100Gi"}, "images": [],
                       "nodeInfo": {"kubeletVersion": "v1.35.0", "bootID": str(uuid.uuid4()), "machineID": "0", "systemUUID": "0", "kernelVersion": "6.12.0",
                                    "osImage": "Linux", "containerRuntimeVersion": "containerd://2.1.0", "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": "arm64"}}}


def kubelet_rbac(users):
    return {"metadata": {"name": "apiserver-kubelet-client"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:kubelet-api-admin"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user} for user in users]}


def fill(store, node_name="node-1", more=()):
    """Makes all of it, and `more` workloads as (namespace, kind, name); what is there already gets the spec that it should have."""
    def make(api_version, kind, thing, namespace=""):
        resource, name = resources.BY_KIND[api_version, kind], thing["metadata"]["name"]
        if not store.all(resource, namespace, fields=f"metadata.name={name}"):
            store.create(resource, namespace, thing)
        elif kind in ("ClusterRole", "ClusterRoleBinding", "Lease"):
            store.update(resource, namespace, name, lambda known: known.update({key: thing[key] for key in thing if key != "metadata"}))
        elif kind in ("Deployment", "StatefulSet", "DaemonSet"):
            store.update(resource, namespace, name, lambda known: (known["spec"].update(thing["spec"]), (known.get("status") or {}).pop("conditions", None)))

    for namespace in ("default", "kube-system", "kube-node-lease", "apps"):
        make("v1", "Namespace", {"metadata": {"name": namespace}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
    make("v1", "Node", node(node_name, [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]))
    lease = {"metadata": {"name": node_name}, "spec": {"holderIdentity": node_name, "leaseDurationSeconds": 40, "renewTime": stamp()[:-1] + ".000000Z"}}
    make("coordination.k8s.io/v1", "Lease", lease, "kube-node-lease")
    rbac = "rbac.authorization.k8s.io/v1"
    admin = [{"apiGroups": [""], "resources": ["nodes/proxy", "nodes/stats", "nodes/log", "nodes/metrics"], "verbs": ["*"]},
             {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch", "proxy"]}]
    make(rbac, "ClusterRole", {"metadata": {"name": "system:kubelet-api-admin"}, "rules": admin})
    make(rbac, "ClusterRole", {"metadata": {"name": "view"}, "rules": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments", "statefulsets"], "verbs": ["get", "list", "watch"]}]})
    make(rbac, "ClusterRoleBinding", kubelet_rbac(["apiserver-kubelet-client", "kube-apiserver-kubelet-client"]))
    make(rbac, "RoleBinding", {"metadata": {"name": "viewers"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                               "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"}]}, "apps")
    make("apps/v1", "DaemonSet", workload("DaemonSet", "kube-flannel", "registry.example.com/flannel:0.26"), "kube-system")
    make("apps/v1", "Deployment", workload("Deployment", "coredns", "registry.example.com/coredns:1.12", 2), "kube-system")
    make("apps/v1", "StatefulSet", workload("StatefulSet", "redis", "registry.example.com/redis:7", 1), "apps")
    make("apps/v1", "Deployment", workload("Deployment", "web", "registry.example.com/web:1", 2), "apps")
    for namespace, kind, name in more:
        make("v1", "Namespace", {"metadata": {"name": namespace}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})
        make("apps/v1", kind, workload(kind, name, f"registry.example.com/{name}:1", 1), namespace)
