"""Label and field selectors: what a list or watch asks for."""
import re


def split(text):
    """By commas that stand outside of parentheses."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(part)
            part = ""
        else:
            part += c
    return [p.strip() for p in [*parts, part] if p.strip()]


def meets_label(labels, rule):
    if found := re.fullmatch(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)", rule):
        key, how, values = found.groups()
        within = labels.get(key) in [v.strip() for v in values.split(",")]
        return within if how == "in" else not within
    if found := re.fullmatch(r"([^=!\s]+)\s*(==|=|!=)\s*(\S*)", rule):
        key, how, value = found.groups()
        return (labels.get(key) != value) if how == "!=" else (labels.get(key) == value)
    return rule[1:].strip() not in labels if rule.startswith("!") else rule in labels


def by_labels(text):
    rules = split(text or "")
    return lambda thing: all(meets_label(thing["metadata"].get("labels") or {}, rule) for rule in rules)


def field(thing, path):
    for name in path.split("."):
        thing = thing.get(name) if isinstance(thing, dict) else None
    return "" if thing is None else {True: "true", False: "false"}.get(thing, str(thing))


def by_fields(text):
    rules = []
    for rule in split(text or ""):
        path, how, value = re.fullmatch(r"([^=!]+)(==|=|!=)(.*)", rule).groups()
        rules.append((path, how != "!=", value))
    return lambda thing: all((field(thing, path) == value) == same for path, same, value in rules)


def by_selector(selector):
    """Of a workload: matchLabels, matchExpressions."""
    def meets(thing):
        labels = thing["metadata"].get("labels") or {}
        for key, value in (selector.get("matchLabels") or {}).items():
            if labels.get(key) != value:
                return False
        for rule in selector.get("matchExpressions") or []:
            values = rule.get("values") or []
            good = {"In": labels.get(rule["key"]) in values, "NotIn": labels.get(rule["key"]) not in values, "Exists": rule["key"] in labels,
                    "DoesNotExist": rule["key"] not in labels}[rule["operator"]]
            if not good:
                return False
        return True
    return meets
