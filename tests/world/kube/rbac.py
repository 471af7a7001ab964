"""Who is who, and who may do what: client certificates, tokens, and the cluster's own roles and bindings."""
import resources
from status import Failure

ANONYMOUS = ("system:anonymous", ["system:unauthenticated"])
PUBLIC = ("/healthz", "/livez", "/readyz", "/version")
DISCOVERY = ("/api", "/apis", "/openapi")


def of_certificate(certificate):
    """User and groups of a verified client certificate; None: there is none."""
    if not certificate:
        return None
    fields = [pair for rdn in certificate.get("subject", ()) for pair in rdn]
    name = next((value for key, value in fields if key == "commonName"), "")
    return name, [value for key, value in fields if key == "organizationName"] + ["system:authenticated"]


def is_subject(subject, user, groups):
    if subject["kind"] == "User":
        return subject["name"] == user
    if subject["kind"] == "Group":
        return subject["name"] in groups
    return f"system:serviceaccount:{subject.get('namespace', '')}:{subject['name']}" == user


def allows(rule, verb, group, resource, name):
    def has(values, *wanted):
        return any(value in ("*", *wanted) for value in values or [])
    main, _, sub = resource.partition("/")
    return has(rule.get("verbs"), verb) and has(rule.get("apiGroups"), group) and has(rule.get("resources"), resource, *([f"*/{sub}"] if sub else [])) and \
        (not rule.get("resourceNames") or name in rule["resourceNames"])


def why_allowed(store, user, groups, verb, group, resource, namespace="", name=""):
    """The words of the binding that allows it; "": nothing does."""
    if "system:masters" in groups:
        return "system:masters"
    bindings = [(b, "") for b in store.all(resources.BY_KIND["rbac.authorization.k8s.io/v1", "ClusterRoleBinding"])]
    if namespace:
        bindings += [(b, namespace) for b in store.all(resources.BY_KIND["rbac.authorization.k8s.io/v1", "RoleBinding"], namespace)]
    for binding, within in bindings:
        subject = next((s for s in binding.get("subjects") or [] if is_subject(s, user, groups)), None)
        role = binding["roleRef"]
        kind = resources.BY_KIND["rbac.authorization.k8s.io/v1", role["kind"]]
        found = [r for r in store.all(kind, within if role["kind"] == "Role" else None) if r["metadata"]["name"] == role["name"]]
        if subject and found and any(allows(rule, verb, group, resource, name) for rule in found[0].get("rules") or []):
            return f'RBAC: allowed by {binding["kind"]} "{binding["metadata"]["name"]}" of {role["kind"]} "{role["name"]}" to {subject["kind"]} "{subject["name"]}"'
    return ""


def forbidden(user, verb, group, resource, namespace, name):
    scope = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
    plural = resource.partition("/")[0]
    qualified = plural + (f".{group}" if group else "")
    subject = f'{qualified}{f" {chr(34)}{name}{chr(34)}" if name else ""}'
    words = f'{subject} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}"{scope}'
    return Failure(403, words, details={"name": name, "group": group, "kind": plural})


def review(store, body, itself, caller, groups, faults):
    """A SubjectAccessReview, or one of oneself."""
    spec = body.get("spec") or {}
    user, groups = (caller, groups) if itself else (spec.get("user", ""), spec.get("groups") or [])
    about = spec.get("resourceAttributes") or {}
    resource = about.get("resource", "") + (f'/{about["subresource"]}' if about.get("subresource") else "")
    status = {"allowed": False}
    if faults.get("evaluation"):
        status["evaluationError"] = faults.get("evaluation")
    else:
        why = why_allowed(store, user, groups, about.get("verb", ""), about.get("group", ""), resource, about.get("namespace", ""), about.get("name", ""))
        status = {"allowed": bool(why), **({"reason": why} if why else {})}
    kind = "SelfSubjectAccessReview" if itself else "SubjectAccessReview"
    return {**body, "kind": kind, "apiVersion": "authorization.k8s.io/v1", "metadata": {"creationTimestamp": None}, "status": status}
