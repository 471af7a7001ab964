"""The objects of a cluster, in memory: versions, what changed since one of them, and those who watch."""
import base64
import collections
import datetime
import json
import marshal
import threading
import uuid

import choosing
import patches
from status import Failure, conflict, exists, invalid, not_found

HISTORY = 2000
SPEC_LESS = ("Event", "ConfigMap", "Secret", "Lease")  # kinds without a generation


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(moment=None):
    return (moment or now()).strftime("%Y-%m-%dT%H:%M:%SZ")


def copied(thing):
    """Of what JSON can say; copy.deepcopy takes ten times as long."""
    return marshal.loads(marshal.dumps(thing))


class Store:
    def __init__(self):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = 1000
        self.oldest = 1000                     # what a watch may begin at
        self.objects = collections.OrderedDict()  # (resource, namespace, name)
        self.history = collections.deque(maxlen=HISTORY)  # (version, type, resource, object)
        self.owners = {}                       # fields of applied objects

    # ---- changes

    def note(self, kind, resource, thing):
        self.version += 1
        thing["metadata"]["resourceVersion"] = str(self.version)
        if len(self.history) == HISTORY:
            self.oldest = self.history[0][0]
        self.history.append((self.version, kind, resource, copied(thing)))
        self.changed.notify_all()

    def forget_history(self):
        """Every version that somebody holds is too old now."""
        with self.lock:
            self.version += 1
            self.oldest = self.version
            self.history.clear()
            self.changed.notify_all()

    def create(self, resource, namespace, thing):
        with self.lock:
            thing = copied(thing)
            meta = thing.setdefault("metadata", {})
            if not meta.get("name") and meta.get("generateName"):
                meta["name"] = meta["generateName"] + uuid.uuid4().hex[:5]
            if not meta.get("name"):
                raise Failure(422, f"{resource.kind} is invalid: metadata.name: Required value: name or generateName is required", "Invalid")
            key = (resource, namespace, meta["name"])
            if key in self.objects:
                raise exists(resource, meta["name"])
            if resource.namespaced:
                meta["namespace"] = namespace
            meta["uid"] = str(uuid.uuid4())
            meta.setdefault("creationTimestamp", stamp())
            if resource.kind not in SPEC_LESS:
                meta["generation"] = 1
            thing["apiVersion"], thing["kind"] = resource.api_version, resource.kind
            self.objects[key] = thing
            self.note("ADDED", resource, thing)
            return copied(thing)

    def get(self, resource, namespace, name):
        with self.lock:
            thing = self.objects.get((resource, namespace, name))
            if thing is None:
                raise not_found(resource, name)
            return copied(thing)

    def replace(self, resource, namespace, name, thing, subresource=""):
        """A status is changed through its subresource alone, the rest without it. No change: no new version."""
        with self.lock:
            old = self.objects.get((resource, namespace, name))
            if old is None:
                raise not_found(resource, name)
            new, asked = copied(thing), (thing.get("metadata") or {}).get("resourceVersion")
            if asked and asked != old["metadata"]["resourceVersion"]:
                raise conflict(resource, name)
            if resource.kind.endswith("RoleBinding") and new.get("roleRef") != old.get("roleRef"):
                raise invalid(resource, name, "roleRef", f'Invalid value: {json.dumps(new.get("roleRef"))}: cannot change roleRef')
            for field in ("uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"):
                if field in old["metadata"]:
                    new.setdefault("metadata", {})[field] = old["metadata"][field]
            if subresource == "status":
                new = {**copied(old), "status": new.get("status") or {}}
            elif "status" in resource.subresources:
                new.pop("status", None)
                if "status" in old:
                    new["status"] = copied(old["status"])
            new["apiVersion"], new["kind"] = resource.api_version, resource.kind
            if new.get("spec") != old.get("spec") and "generation" in old["metadata"]:
                new["metadata"]["generation"] += 1
            if new != old:
                self.objects[(resource, namespace, name)] = new
                self.note("MODIFIED", resource, new)
            return copied(new)

    def update(self, resource, namespace, name, change):
        """For the world's own hands: change(object) in place, status and all."""
        with self.lock:
            key = (resource, namespace, name)
            if key not in self.objects:
                raise not_found(resource, name)
            thing = copied(self.objects[key])
            change(thing)
            if thing.get("spec") != self.objects[key].get("spec") and "generation" in thing["metadata"]:
                thing["metadata"]["generation"] += 1
            if thing != self.objects[key]:
                self.objects[key] = thing
                self.note("MODIFIED", resource, thing)

    def remove(self, resource, namespace, name):
        with self.lock:
            thing = self.objects.pop((resource, namespace, name), None)
            self.owners.pop((resource, namespace, name), None)
            if thing is not None:
                self.note("DELETED", resource, thing)
            return thing

    # ---- patches

    def patch(self, resource, namespace, name, kind, patch, manager="unknown", force=False, subresource=""):
        with self.lock:
            key = (resource, namespace, name)
            old = copied(self.objects.get(key))
            if kind == "apply":
                return self.apply(key, old, patch, manager, force)
            if old is None:
                raise not_found(resource, name)
            change = {"merge": patches.merge, "json": patches.json_patch, "strategic": patches.strategic}[kind]
            new = change(old, patch)
            if not (isinstance(patch, dict) and (patch.get("metadata") or {}).get("resourceVersion")):
                new["metadata"].pop("resourceVersion", None)
            return self.replace(resource, namespace, name, new, subresource), 200

    def apply(self, key, old, manifest, manager, force):
        resource, namespace, name = key
        owners = copied(self.owners.get(key, {}))
        try:
            new = patches.apply(old, manifest, manager, force, owners)
        except Failure as failure:
            failure.details = {"name": name, "kind": resource.plural}
            raise
        new["metadata"].pop("resourceVersion", None)
        if old is None:
            new["metadata"]["name"] = name
            made, code = self.create(resource, namespace, new), 201
        else:
            made, code = self.replace(resource, namespace, name, new), 200
        self.owners[key] = owners
        return made, code

    # ---- lists and watches

    def all(self, resource, namespace=None, labels=None, fields=None):
        meets_labels, meets_fields = choosing.by_labels(labels), choosing.by_fields(fields)
        with self.lock:
            return [copied(thing) for (r, ns, _), thing in self.objects.items()
                    if r is resource and (not namespace or ns == namespace) and meets_labels(thing) and meets_fields(thing)]

    def list(self, resource, namespace, labels, fields, limit, mark):
        with self.lock:
            start, version = 0, self.version
            if mark:
                try:
                    version, start = json.loads(base64.b64decode(mark))
                except ValueError:
                    raise Failure(400, "continue key is not valid: illegal base64 data") from None
                if version < self.oldest:
                    raise Failure(410, "The provided continue parameter is too old to display a consistent list result. "
                                  "You can start a new list without the continue parameter.", "Expired")
            found = self.all(resource, namespace, labels, fields)
            meta = {"resourceVersion": str(version)}
            page = found[start:start + limit] if limit else found[start:]
            if start + len(page) < len(found):
                meta["continue"] = base64.b64encode(json.dumps([version, start + len(page)]).encode()).decode()
                meta["remainingItemCount"] = len(found) - start - len(page)
            for thing in page:
                thing.pop("kind", None), thing.pop("apiVersion", None)
            return {"kind": resource.kind + "List", "apiVersion": resource.api_version, "metadata": meta, "items": page}

    def since(self, version, resource, namespace, labels, fields):
        """The events behind that version, and the newest version. A member that leaves the selection is DELETED for its watcher."""
        meets_labels, meets_fields = choosing.by_labels(labels), choosing.by_fields(fields)
        with self.lock:
            if version < self.oldest:
                raise Failure(410, f"too old resource version: {version} ({self.version})", "Expired")
            events = [(kind, copied(thing)) for at, kind, r, thing in self.history
                      if at > version and r is resource and (not namespace or thing["metadata"].get("namespace") == namespace)
                      and meets_labels(thing) and meets_fields(thing)]
            return events, self.version
