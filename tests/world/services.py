"""The HTTP services of the stand-in world, each with the bodies of the real one and the failures that it really has.

A route gets the request and the mode in which its part is broken (None: it is well).
"""
import base64
import hashlib
import json
import time

from stand_in import StandIn, answer


def inngest(request, mode):
    if request.path == "/health":
        return answer('{"status":200,"message":"OK"}\n')
    if request.path == "/v0/gql" and request.method == "POST":
        if mode == "errors":
            return answer({"errors": [{"message": "database is locked"}], "data": None})
        functions = [] if mode == "no_functions" else [{"id": f"00000000-0000-4000-8000-{i:012}"} for i in range(163)]
        if mode == "forgotten":  # a registration that has failed: both answer well on their own
            functions = functions[:100]
        return answer({"data": {"apps": [{"name": "system-bus-host", "functions": functions}, {"name": "system-bus-cluster", "functions": functions[:14]}]}})
    return None


def inngest_connect(request, mode):
    if request.path == "/ready":
        return answer(b"", 503 if mode == "draining" else 200, "text/plain")
    return answer(b".", kind="text/plain") if request.path == "/v0/" else None


def typesense(request, mode):
    if request.path != "/health":
        return answer({"message": "Forbidden - a valid `x-typesense-api-key` header must be sent."}, 401)
    if mode == "lagging":
        return answer({"ok": False}, 503)
    if mode in ("out_of_disk", "out_of_memory"):
        return answer({"ok": True, "resource_error": mode.upper()})
    return answer({"ok": True})


def restate_ingress(request, mode):
    if request.path != "/restate/health":
        return answer({"message": "service 'X' not found, make sure to register the service before calling it."}, 404)
    return answer({"services": [] if mode == "unregistered" else ["dagOrchestrator", "dagWorker", "deployGate"]})


def restate_admin(request, mode):
    if request.path == "/health":
        return answer(b"", kind="text/plain")
    if request.path == "/version":
        return answer({"version": "1.6.2", "min_admin_api_version": 1, "max_admin_api_version": 3})
    if request.path == "/deployments":
        uri = "http://old-worker:9080/" if mode == "other_worker" else "http://restate-worker:9080/"
        return answer({"deployments": [] if mode == "no_deployments" else [
            {"id": "dp_1", "uri": uri, "protocol_type": "BidiStream", "http_version": "HTTP/2.0", "services": [{"name": "dagWorker", "revision": 1}]}]})
    return None


def livekit(request, mode):
    if request.path != "/":
        return answer(b"404 page not found", 404, "text/plain")
    if mode == "stale":  # it could not tell Redis of itself for four seconds
        return answer(b"Not Ready\nNode Updated At 2026-11-24 10:00:00 +0000 UTC", 406, "text/plain")
    return answer(b"OK", kind="text/plain")


def pds(request, mode):
    if request.path == "/xrpc/_health":
        return answer({"version": "0.4.204", "error": "Service Unavailable"}, 503) if mode == "database" else answer({"version": "0.4.204"})
    if request.path == "/xrpc/com.atproto.repo.describeRepo":
        if mode == "no_account":
            return answer({"error": "RepoNotFound", "message": "Could not find user"}, 400)
        return answer({"handle": "someone.example.com", "did": "did:plc:example", "handleIsCorrect": True})
    return answer(b"This is an AT Protocol Personal Data Server", kind="text/plain")


def docs_api(request, mode):
    if request.path != "/health":
        return answer({"ok": False, "error": {"code": "NOT_FOUND"}}, 404)
    base = {"command": "GET /health", "protocolVersion": 1}
    if mode == "dependency":
        return answer({"ok": False, **base, "error": {"code": "DEPENDENCY_UNAVAILABLE", "message": "Docs search dependency is unavailable",
                                                      "details": {"status": "degraded", "typesense": {"ok": False, "error": "fetch failed"}}}}, 503)
    state = "degraded" if mode == "degraded" else "ok"  # what an older image says, with 200
    return answer({"ok": True, **base, "result": {"service": "docs-api", "status": state, "port": 3838, "typesense": {"status": 200, "ok": state == "ok"}}})


def minio(request, mode):
    if request.path == "/minio/health/live":
        return answer(b"", kind="text/plain", **({"x-minio-server-status": "offline"} if mode == "offline" else {}))
    if request.path == "/minio/health/cluster":
        if mode in ("offline", "bucket_metadata", "iam"):
            status = {"offline": "offline", "bucket_metadata": "bucket-metadata-offline", "iam": "iam-offline"}[mode]
            return answer(b"", 503, "text/plain", **{"x-minio-server-status": status})
        if mode == "busy":
            return answer(b"", 429, "text/plain")
        return answer(b"", kind="text/plain", **{"x-minio-write-quorum": "1"})
    return None


def worker(request, mode):
    if request.path == "/":
        return answer({"service": "system-bus", "status": "running", "functions": [], "count": 163,
                       "worker": {"role": "host", "startedAt": "2026-11-24T09:00:00Z", "lastRegistrationAt": None, "roleCounts": {"host": 163, "cluster": 14},
                                  "duplicateFunctionIds": ["a"] if mode == "duplicates" else [], "hasDuplicateFunctionIds": mode == "duplicates"}})
    if request.path == "/api/inngest":
        count = 0 if mode == "no_functions" else 163
        return answer({"extra": {"native_crypto": True}, "has_event_key": True, "has_signing_key": True, "function_count": count, "mode": "cloud",
                       "schema_version": "2024-05-24"})
    return None


def agent_mail(request, mode):
    if request.path == "/health/liveness":
        return answer({"status": "alive"})
    if request.path == "/health/readiness":
        return answer({"detail": "database is locked"}, 503) if mode == "not_ready" else answer({"status": "ready"})
    return answer({"detail": "Unauthorized"}, 401)


def voice_agent(request, mode):
    if request.path == "/":
        if mode == "idle":  # no failure: nobody calls
            return answer(b"failed to connect to livekit", 503, "text/plain")
        return answer(b"OK", kind="text/plain")
    if request.path == "/worker":
        return answer({"agent_name": "", "worker_type": "JT_ROOM", "active_jobs": 0, "sdk_version": "1.2.0", "worker_load": 0.0})
    return None


def dkron(request, mode):
    if request.path == "/health":
        return answer({"status": "healthy"})
    if request.path == "/v1/leader":
        if mode == "no_leader":
            return answer(b"null", 500)
        return answer({"Name": "dkron-0", "Addr": "192.0.2.9", "Port": 8946, "Tags": {"rpc_addr": "192.0.2.9:6868"}, "Status": 1})
    return None


def gateway(request, mode):
    if request.headers.get("upgrade") == "websocket":
        key = base64.b64encode(hashlib.sha1(request.headers["sec-websocket-key"].encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        if mode == "no_websocket":
            return answer(b"internal error", 500, "text/plain")
        return 101, {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": key}, b""
    if request.path == "/health/slack":
        return answer({"ok": mode != "slack", "channel": "slack", "started": mode != "slack", "checkedAt": "2026-11-24T09:00:00.000Z"}, 503 if mode == "slack" else 200)
    if request.path != "/health":
        return answer(b"WebSocket upgrade required", 426, "text/plain")
    components = {"redis": "ok", "telegram": "ok", "discord": "disabled", "imessage": "ok", "slack": "ok", "ws": "ok (1 clients)", "session": "ok",
                  "consecutivePromptFailures": 0}
    body = {"ok": True, "available": True, "healthy": True, "checkedAt": "2026-11-24T09:00:00.000Z", "mode": "normal", "degradedCapabilities": [],
            "reason": None, "components": components, "status": {"pid": 4242, "uptimeMs": 86400000}}
    if mode == "redis_degraded":
        components["redis"] = "degraded"
        body.update(healthy=False, mode="redis_degraded", reason="redis unavailable", degradedCapabilities=[{"key": "queue", "reason": "redis"}])
    if mode in ("stuck", "dead", "recovering"):
        components["session"] = {"stuck": "stuck (95s)", "dead": "dead (3 consecutive failures)", "recovering": "recovering (12s)"}[mode]
        body.update(ok=False, available=mode == "recovering", healthy=False, reason=components["session"])
    return answer(body, 200 if body["available"] else 503)


# States of tailscaled's backend in which it is not connected, as modes.
BACKENDS = {"needs_login": "NeedsLogin", "needs_approval": "NeedsMachineAuth", "stopped": "Stopped", "starting": "Starting", "no_state": "NoState", "other_user": "InUseOtherUser"}


def tailscale(request, mode):
    if request.headers.get("host") != "local-tailscaled.sock" or mode == "forbidden":
        return answer(b"invalid localapi request", 403, "text/plain")
    if request.path != "/localapi/v0/status":
        return None
    expiry = time.time() + {"expires_soon": 3 * 86400, "expired": -3600}.get(mode, 90 * 86400)
    me = {"ID": "n1", "HostName": "panda", "DNSName": "panda.example.ts.net.", "OS": "macOS", "TailscaleIPs": ["100.64.0.1"], "Online": mode != "offline",
          "KeyExpiry": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expiry)), **({"Expired": True} if mode == "expired" else {})}
    return answer({"Version": "1.92.1", "TUN": True, "BackendState": BACKENDS.get(mode, "Running"), "HaveNodeKey": True, "AuthURL": "", "Self": me, "Peer": None,
                   "Health": ["Some peers are advertising routes but --accept-routes is false"] if mode == "warning" else None, "MagicDNSSuffix": "example.ts.net"})


# Name, routes, and the failures that are the service's own.
SERVICES = (
    ("inngest", inngest, ("errors", "forgotten", "no_functions")),
    ("inngest-connect", inngest_connect, ("draining",)),
    ("typesense", typesense, ("lagging", "out_of_disk", "out_of_memory")),
    ("restate-ingress", restate_ingress, ("unregistered",)),
    ("restate-admin", restate_admin, ("no_deployments", "other_worker")),
    ("livekit", livekit, ("stale",)),
    ("pds", pds, ("database", "no_account")),
    ("docs-api", docs_api, ("dependency", "degraded")),
    ("minio", minio, ("offline", "bucket_metadata", "iam", "busy")),
    ("worker", worker, ("no_functions", "duplicates")),
    ("agent-mail", agent_mail, ("not_ready",)),
    ("voice-agent", voice_agent, ("idle",)),
    ("dkron", dkron, ("no_leader",)),
    ("gateway", gateway, ("redis_degraded", "stuck", "dead", "recovering", "slack", "no_websocket")),
)


def start(folder):
    """All of them on free ports, and what listens on a socket in the folder: {name: StandIn}."""
    made = {name: StandIn(name, 0, routes, modes) for name, routes, modes in SERVICES}
    made["tailscale"] = StandIn("tailscale", folder / "tailscaled.sock", tailscale,
                                (*BACKENDS, "offline", "expires_soon", "expired", "warning", "forbidden"))
    return made
