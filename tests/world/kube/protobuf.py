"""
The bodies that kubectl sends as protobuf whatever it is told (access reviews, evictions, options of deletions), read into what they are as JSON. A message is
described by a table: number of a field, then its name, and a table where it is a message itself, or `list`.
"""
MAGIC = b"k8s\0"

META = {1: ("name", str), 2: ("generateName", str), 3: ("namespace", str)}
ABOUT = {1: ("namespace", str), 2: ("verb", str), 3: ("group", str), 4: ("version", str), 5: ("resource", str), 6: ("subresource", str), 7: ("name", str)}
OPTIONS = {1: ("gracePeriodSeconds", int), 2: ("preconditions", {1: ("uid", str), 2: ("resourceVersion", str)}), 4: ("propagationPolicy", str)}
KINDS = {
    "SelfSubjectAccessReview": {1: ("metadata", META), 2: ("spec", {1: ("resourceAttributes", ABOUT)})},
    "SubjectAccessReview": {1: ("metadata", META), 2: ("spec", {1: ("resourceAttributes", ABOUT), 3: ("user", str), 4: ("groups", list)})},
    "Eviction": {1: ("metadata", META), 2: ("deleteOptions", OPTIONS)},
    "DeleteOptions": OPTIONS,
}
UNKNOWN = {1: ("type", {1: ("apiVersion", str), 2: ("kind", str)}), 2: ("raw", bytes)}


def number(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = number(data, at)
        if tag & 7 == 0:
            value, at = number(data, at)
        elif tag & 7 == 2:
            length, at = number(data, at)
            value, at = data[at:at + length], at + length
        else:
            width = 8 if tag & 7 == 1 else 4
            value, at = data[at:at + width], at + width
        yield tag >> 3, value


def message(data, table):
    read = {}
    for index, value in fields(data):
        if index not in table:
            continue
        name, kind = table[index]
        if kind is list:
            read.setdefault(name, []).append(value.decode())
        elif isinstance(kind, dict):
            read[name] = message(value, kind)
        elif value != b"":
            read[name] = value.decode() if kind is str else value
    return read


def read(data):
    """The object; ValueError: its kind is none of those above."""
    outer = message(data[len(MAGIC):], UNKNOWN)
    kind = outer.get("type", {}).get("kind", "")
    if kind not in KINDS:
        raise ValueError(f"protobuf of kind {kind}")
    return {"kind": kind, "apiVersion": outer["type"]["apiVersion"], **message(outer.get("raw", b""), KINDS[kind])}
