"""
What is broken, by whom asks the control port: POST /_break/WHAT with a JSON object, POST /_mend/WHAT, POST /_mend (all of it), GET /_state. Each break is one
entry in a table: what the API server or the world does then.
"""
import uuid

import controllers
import resources
import seed
from controllers import NODE, POD, condition, set_condition
from store import stamp

# How the API server itself misbehaves: server.py asks for these by name.
SERVER = {
    "silent": "requests are read and never answered",
    "reset": "each connection is reset when its request has come",
    "torn": "answers end in the middle of their body",
    "garbage": "answers are no HTTP",
    "huge": "lists are followed by 64 MiB of blanks",
    "slow": "each answer waits `seconds`",
    "status": "requests whose path begins with `path` get `code`, `reason`, `message`, as often as `times` says (for ever)",
    "readyz": "the parts in `failing` fail",
    "no_readyz": "there is no /readyz",
    "expired": "the server's certificate has expired",
    "unauthorized": "no certificate and no token is known any more",
    "evaluation": "access reviews end with the evaluation error `message`",
    "conflict": "the next `times` writes collide with another's",
    "pdb": "evictions are held back by a disruption budget",
}


class Faults:
    def __init__(self, store, control, more=()):
        self.store, self.control, self.more = store, control, more
        self.on = {}
        self.proxies = {}  # (namespace, service, path): (status, body) of what is behind a service
        self.cut = 0  # watches that were opened before this number was raised are cut off

    def get(self, name):
        fault = self.on.get(name)
        return fault if fault is None or "message" not in fault or name == "status" else fault["message"]

    def took(self, name):
        """Is it on? One of its `times` is used up."""
        fault = self.on.get(name)
        if fault is None:
            return None
        if "times" in fault:
            fault["times"] -= 1
            if fault["times"] <= 0:
                self.on.pop(name, None)
        return fault

    def break_it(self, name, how):
        if name in SERVER:
            self.on[name] = how
        elif hasattr(self, f"break_{name}"):
            getattr(self, f"break_{name}")(how)
        else:
            raise KeyError(name)

    def mend(self, name=None):
        if name in SERVER:
            self.on.pop(name, None)
            return
        if name is None:
            self.on.clear()
            self.proxies.clear()
            seed.fill(self.store, self.store.all(NODE)[0]["metadata"]["name"], self.more)
        self.control.ails.clear()
        self.control.only.clear()
        self.control.frozen.clear()
        self.control.stuck.clear()
        self.control.stale.clear()
        for pod in self.store.all(POD):
            if not controllers.is_ready(pod):
                self.store.remove(POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
        for node in self.store.all(NODE):
            self.store.update(NODE, "", node["metadata"]["name"], self.heal_node)
        self.control.turn()

    @staticmethod
    def heal_node(node):
        node["spec"].pop("unschedulable", None)
        node["spec"]["taints"] = [t for t in node["spec"].get("taints") or [] if t["key"].startswith("node-role.")]
        for found in list(node["status"]["conditions"]):
            good = "True" if found["type"] == "Ready" else "False"
            set_condition(node, condition(found["type"], good, "KubeletReady" if good == "True" else "KubeletHasEnough"))

    # ---- the world

    def break_pod(self, how):
        """`namespace`, `name` (a prefix), `what`: crash_loop, image_pull, oom, unschedulable, config, unready, evicted, stuck. `passing`: pods made later are well."""
        ails = {"crash_loop": controllers.crash_loop(how.get("code", 1), how.get("reason", "Error"), how.get("restarts", 7)), "image_pull": controllers.image_pull,
                "oom": controllers.oom, "unready": controllers.unready(how.get("started", "2026-01-01T00:00:00Z")), "evicted": controllers.evicted,
                "unschedulable": controllers.unschedulable(how.get("message", "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.")),
                "config": controllers.waiting("CreateContainerConfigError", how.get("message", 'secret "web-env" not found')),
                "creating": controllers.waiting("ContainerCreating", "")}
        if how["what"] == "stuck":
            for pod in self.store.all(POD, how["namespace"]):
                if pod["metadata"]["name"].startswith(how["name"]):
                    self.control.stuck.add(pod["metadata"]["uid"])
                    self.control.delete_pod(how["namespace"], pod["metadata"]["name"], 30)
                    self.store.update(POD, how["namespace"], pod["metadata"]["name"], lambda p: p["metadata"].update(deletionTimestamp=how.get("since", "2026-01-01T00:00:00Z")))
        else:
            self.control.ails[how["namespace"], how["name"]] = ails[how["what"]]
            if how.get("passing"):
                self.control.only[how["namespace"], how["name"]] = {pod["metadata"]["uid"] for pod in self.store.all(POD, how["namespace"])}
        self.control.turn()

    def break_node(self, how):
        """`name`, then `condition`, `status`, `reason`, `message`; or `silent`, `cordon`, `taint` {key, value, effect}, `reboot`, `lease` (when it was last renewed)."""
        def change(node):
            if how.get("cordon"):
                node["spec"]["unschedulable"] = True
            if how.get("taint"):
                node["spec"].setdefault("taints", []).append(how["taint"])
            if how.get("reboot"):
                node["status"]["nodeInfo"]["bootID"] = str(uuid.uuid4())
                set_condition(node, condition("Ready", "False", "KubeletNotReady", "container runtime network not ready: cni plugin not initialized"))
            if how.get("silent"):
                for found in node["status"]["conditions"]:
                    set_condition(node, condition(found["type"], "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."))
            if how.get("condition"):
                set_condition(node, condition(how["condition"], how.get("status", "True"), how.get("reason", ""), how.get("message", "")))
        if how.get("silent"):
            self.control.frozen.add(how["name"])
        if how.get("lease"):
            self.control.stale.add(how["name"])
            self.store.update(controllers.LEASE, "kube-node-lease", how["name"], lambda thing: thing["spec"].update(renewTime=how["lease"]))
        self.store.update(NODE, "", how["name"], change)

    def break_scale(self, how):
        """`kind`, `namespace`, `name`, `replicas`."""
        resource = resources.BY_KIND["apps/v1", how["kind"]]
        self.store.update(resource, how["namespace"], how["name"], lambda thing: thing["spec"].update(replicas=how["replicas"]))
        self.control.turn()

    def break_rollout(self, how):
        """`namespace`, `name`: the deployment does not get on; with `image`, to a version whose image cannot be pulled."""
        def change(thing):
            if "image" in how:
                thing["spec"]["template"]["spec"]["containers"][0]["image"] = how["image"]
                self.control.ails[how["namespace"], f"{how['name']}-{controllers.template_hash(thing)}"] = controllers.image_pull
            set_condition(thing, condition("Progressing", "False", "ProgressDeadlineExceeded", f'ReplicaSet "{how["name"]}-0" has timed out progressing.'))
        self.store.update(resources.BY_KIND["apps/v1", "Deployment"], how["namespace"], how["name"], change)

    def break_remove(self, how):
        """`api_version`, `kind`, `namespace`, `name`: an object is gone."""
        gone = self.store.remove(resources.BY_KIND[how["api_version"], how["kind"]], how.get("namespace", ""), how["name"])
        for pod in self.store.all(POD, how.get("namespace", "")):  # as the garbage collector does
            if any(owner["uid"] == gone["metadata"]["uid"] for owner in pod["metadata"].get("ownerReferences") or []):
                self.store.remove(POD, pod["metadata"]["namespace"], pod["metadata"]["name"])

    def break_rbac(self, how):
        """The kubelets' binding loses the subject `user`, or its role the verb `verb` on nodes/proxy."""
        rbac = "rbac.authorization.k8s.io/v1"
        if "user" in how:
            self.store.update(resources.BY_KIND[rbac, "ClusterRoleBinding"], "", "apiserver-kubelet-client",
                              lambda thing: thing.update(subjects=[s for s in thing["subjects"] if s["name"] != how["user"]]))
        if "verb" in how:
            verbs = [verb for verb in ("get", "list", "watch", "create", "update", "patch", "delete") if verb != how["verb"]]
            self.store.update(resources.BY_KIND[rbac, "ClusterRole"], "", "system:kubelet-api-admin", lambda thing: thing["rules"][0].update(verbs=verbs))

    def break_event(self, how):
        """`namespace`, `name` of a pod, `reason`, `message`: something happened to it just now, or at `at`."""
        at = how.get("at", stamp())
        about = {"kind": "Pod", "apiVersion": "v1", "namespace": how["namespace"], "name": how["name"]}
        about.update({"uid": pod["metadata"]["uid"] for pod in self.store.all(POD, how["namespace"]) if pod["metadata"]["name"] == how["name"]})
        self.store.create(resources.BY_KIND["v1", "Event"], how["namespace"], {
            "metadata": {"generateName": f"{how['name']}."}, "involvedObject": about, "reason": how["reason"], "message": how.get("message", ""),
            "type": how.get("type", "Warning"), "count": 1, "firstTimestamp": at, "lastTimestamp": at, "eventTime": None, "source": {"component": "kubelet"}})

    def break_proxy(self, how):
        """`namespace`, `service` (NAME or NAME:PORT), `path`, `code`, `body`: what a service answers through the API server; without `code` it has no endpoints."""
        key = (how["namespace"], how["service"], how.get("path", "/"))
        if "code" in how:
            self.proxies[key] = (how["code"], how.get("body", ""))
        else:
            self.proxies.pop(key, None)

    def break_history(self, how):
        """Versions that others hold are too old."""
        self.store.forget_history()

    def break_watches(self, how):
        """All watches are cut off."""
        with self.store.lock:
            self.cut += 1
            self.store.changed.notify_all()
