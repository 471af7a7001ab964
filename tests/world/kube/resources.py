"""Which resources there are: their names, groups and verbs, as discovery tells them."""

VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


class Resource:
    def __init__(self, group, version, plural, kind, namespaced, short=(), subresources=()):
        self.group, self.version, self.plural, self.kind, self.namespaced = group, version, plural, kind, namespaced
        self.short, self.subresources = list(short), list(subresources)

    @property
    def api_version(self):
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def base(self):
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


ALL = [
    Resource("", "v1", "namespaces", "Namespace", False, ["ns"], ["status"]),
    Resource("", "v1", "nodes", "Node", False, ["no"], ["status", "proxy"]),
    Resource("", "v1", "pods", "Pod", True, ["po"], ["status", "eviction", "log"]),
    Resource("", "v1", "services", "Service", True, ["svc"], ["status", "proxy"]),
    Resource("", "v1", "configmaps", "ConfigMap", True, ["cm"]),
    Resource("", "v1", "secrets", "Secret", True),
    Resource("", "v1", "serviceaccounts", "ServiceAccount", True, ["sa"]),
    Resource("", "v1", "events", "Event", True, ["ev"]),
    Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", True, ["pvc"], ["status"]),
    Resource("", "v1", "persistentvolumes", "PersistentVolume", False, ["pv"], ["status"]),
    Resource("", "v1", "endpoints", "Endpoints", True, ["ep"]),
    Resource("apps", "v1", "deployments", "Deployment", True, ["deploy"], ["status", "scale"]),
    Resource("apps", "v1", "statefulsets", "StatefulSet", True, ["sts"], ["status", "scale"]),
    Resource("apps", "v1", "daemonsets", "DaemonSet", True, ["ds"], ["status"]),
    Resource("apps", "v1", "replicasets", "ReplicaSet", True, ["rs"], ["status", "scale"]),
    Resource("apps", "v1", "controllerrevisions", "ControllerRevision", True),
    Resource("autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", True, ["hpa"]),
    Resource("batch", "v1", "jobs", "Job", True, [], ["status"]),
    Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", True, ["pdb"], ["status"]),
    Resource("coordination.k8s.io", "v1", "leases", "Lease", True),
    Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", True),
    Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", False),
    Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", False),
    Resource("rbac.authorization.k8s.io", "v1", "roles", "Role", True),
    Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", True),
]
REVIEWS = ["selfsubjectaccessreviews", "subjectaccessreviews", "selfsubjectrulesreviews"]

BY_PLACE = {(r.group, r.version, r.plural): r for r in ALL}
BY_KIND = {(r.api_version, r.kind): r for r in ALL}
GROUPS = {}
for _resource in ALL:
    if _resource.group:
        GROUPS.setdefault(_resource.group, _resource.version)
GROUPS["authorization.k8s.io"] = "v1"


def api_versions():
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group(name):
    version = {"groupVersion": f"{name}/{GROUPS[name]}", "version": GROUPS[name]}
    return {"name": name, "versions": [version], "preferredVersion": version}


def group_list():
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group(name) for name in GROUPS]}


def resource_list(name, version):
    found = []
    for r in ALL:
        if (r.group, r.version) != (name, version):
            continue
        found.append({"name": r.plural, "singularName": r.kind.lower(), "namespaced": r.namespaced, "kind": r.kind, "verbs": VERBS, "shortNames": r.short})
        for sub in r.subresources:
            kind = {"eviction": "Eviction", "scale": "Scale"}.get(sub, r.kind)
            entry = {"name": f"{r.plural}/{sub}", "singularName": "", "namespaced": r.namespaced, "kind": kind,
                     "verbs": {"eviction": ["create"], "log": ["get"], "proxy": ["create", "delete", "get", "patch", "update"]}.get(sub, ["get", "patch", "update"])}
            if kind != r.kind:
                entry.update({"Eviction": {"group": "policy", "version": "v1"}, "Scale": {"group": "autoscaling", "version": "v1"}}[kind])
            found.append(entry)
    if name == "authorization.k8s.io":
        kinds = {"selfsubjectaccessreviews": "SelfSubjectAccessReview", "subjectaccessreviews": "SubjectAccessReview", "selfsubjectrulesreviews": "SelfSubjectRulesReview"}
        found = [{"name": plural, "singularName": kinds[plural].lower(), "namespaced": False, "kind": kinds[plural], "verbs": ["create"]} for plural in REVIEWS]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{name}/{version}" if name else version, "resources": found}
