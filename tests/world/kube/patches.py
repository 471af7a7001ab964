"""The four kinds of patches: merge (RFC 7386), JSON (RFC 6902), strategic merge, and server-side apply with its owners of fields."""
import copy
import datetime

from status import Failure

# Lists that a strategic merge merges, and the field by which it knows their members; all other lists are replaced.
MERGE_KEYS = {"containers": "name", "initContainers": "name", "volumes": "name", "env": "name", "volumeMounts": "mountPath", "conditions": "type",
              "imagePullSecrets": "name", "ownerReferences": "uid", "ports": "containerPort", "hostAliases": "ip", "secrets": "name"}


def merge(old, patch):
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    new = copy.deepcopy(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = merge(new.get(key), value)
    return new


# ---- JSON patch

def steps(path):
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def walk(thing, path):
    for step in path:
        try:
            thing = thing[int(step)] if isinstance(thing, list) else thing[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise Failure(422, f"the server rejected our request due to an error in our request: nothing is at /{'/'.join(path)}", "Invalid") from None
    return thing


def put(thing, path, value):
    parent, last = walk(thing, path[:-1]), path[-1]
    if isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else int(last), value)
    else:
        parent[last] = value


def take(thing, path):
    parent, last = walk(thing, path[:-1]), path[-1]
    value = walk(thing, path)
    if isinstance(parent, list):
        parent.pop(int(last))
    else:
        parent.pop(last)
    return value


def json_patch(old, operations):
    new = copy.deepcopy(old)
    for operation in operations:
        what, path = operation["op"], steps(operation["path"])
        if what == "test":
            if walk(new, path) != operation.get("value"):
                raise Failure(422, f"the server rejected our request due to an error in our request: testing value {operation['path']} failed", "Invalid")
        elif what == "remove":
            take(new, path)
        elif what == "add":
            put(new, path, copy.deepcopy(operation["value"]))
        elif what == "replace":
            walk(new, path)
            parent = walk(new, path[:-1])
            parent[int(path[-1]) if isinstance(parent, list) else path[-1]] = copy.deepcopy(operation["value"])
        elif what in ("move", "copy"):
            source = steps(operation["from"])
            put(new, path, take(new, source) if what == "move" else copy.deepcopy(walk(new, source)))
        else:
            raise Failure(400, f"unknown operation {what} in a JSON patch")
    return new


# ---- strategic merge

def merge_list(old, patch, key):
    new = [copy.deepcopy(item) for item in old or []]
    for item in patch:
        at = next((i for i, known in enumerate(new) if known.get(key) == item.get(key)), None)
        if item.get("$patch") == "delete":
            if at is not None:
                new.pop(at)
        elif at is None:
            new.append(strategic(None, item))
        else:
            new[at] = strategic(new[at], item)
    return new


def strategic(old, patch, name=""):
    if isinstance(patch, list):
        key = MERGE_KEYS.get(name)
        members = all(isinstance(item, dict) for item in patch)
        if key and members and all(key in item or "$patch" in item for item in patch) and not any(item.get("$patch") == "replace" for item in patch):
            return merge_list(old, patch, key)
        return [copy.deepcopy(item) for item in patch if not (isinstance(item, dict) and "$patch" in item)]
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {k: copy.deepcopy(v) for k, v in patch.items() if k != "$patch"}
    new = copy.deepcopy(old) if isinstance(old, dict) else {}
    for field, value in patch.items():
        if field.startswith("$deleteFromPrimitiveList/"):
            of = field.split("/", 1)[1]
            new[of] = [item for item in new.get(of) or [] if item not in value]
        elif field.startswith("$"):
            continue  # the order of a list, which fields to keep: nothing here depends on it
        elif value is None or (isinstance(value, dict) and value.get("$patch") == "delete"):
            new.pop(field, None)
        else:
            new[field] = strategic(new.get(field), value, field)
    return new


# ---- apply

def leaves(thing, path=()):
    """Each value that an applied manifest sets; a list of members with keys has a step `k:NAME` for each, any other list is one value."""
    if isinstance(thing, dict) and thing:
        for key, value in thing.items():
            yield from leaves(value, (*path, f"f:{key}"))
    elif isinstance(thing, list) and path and path[-1][2:] in MERGE_KEYS and all(isinstance(item, dict) for item in thing):
        key = MERGE_KEYS[path[-1][2:]]
        for item in thing:
            yield from leaves(item, (*path, f"k:{item.get(key)}"))
    else:
        yield path, thing


def owned_fields(paths):
    tree = {}
    for path in paths:
        at = tree
        for step in path:
            at = at.setdefault(step, {})
    return tree


IDENTITY = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name"), ("f:metadata", "f:namespace")}


def apply(old, manifest, manager, force, owners):
    """The new object. owners: {manager: {path: value}}, changed in place; another's value is a conflict unless forced."""
    wanted = {path: value for path, value in leaves(manifest) if path not in IDENTITY}
    clashes = [(other, path) for other, theirs in owners.items() if other != manager
               for path, value in wanted.items() if path in theirs and theirs[path] != value]
    if clashes and not force:
        other, path = clashes[0]
        words = f"Apply failed with {len(clashes)} conflict{'s' if len(clashes) > 1 else ''}: conflict with \"{other}\": .{'.'.join(s[2:] for s in path)}"
        raise Failure(409, words)
    for other, path in clashes:
        owners[other].pop(path, None)
    new = strategic(old, manifest) if old else copy.deepcopy(manifest)
    for path in owners.get(manager, {}):
        others = any(path in theirs for other, theirs in owners.items() if other != manager)
        if path not in wanted and not others and not any(step.startswith("k:") for step in path):
            forget(new, [step[2:] for step in path])
    owners[manager] = wanted
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    new["metadata"]["managedFields"] = [
        {"manager": name, "operation": "Apply", "apiVersion": new.get("apiVersion"), "time": now, "fieldsType": "FieldsV1", "fieldsV1": owned_fields(paths)}
        for name, paths in owners.items() if paths]
    return new


def forget(thing, path):
    for step in path[:-1]:
        thing = thing.get(step) if isinstance(thing, dict) else None
    if isinstance(thing, dict):
        thing.pop(path[-1], None)
