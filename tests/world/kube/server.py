#!/usr/bin/env python3
"""
A stand-in for a Kubernetes API server, for tests: TLS with client certificates and bearer tokens, discovery, objects in memory with lists, watches, patches
and conflicts, RBAC, and a control port that breaks things. No part of Kubernetes is in it; kubectl and the Python client judge that it answers as one does.

    server.py --folder DIR [--port N] [--control N] [--node NAME] [--workload NAMESPACE/KIND/NAME]...

In the folder lie then `kubeconfig` (contexts admin@cluster, viewer@cluster, token@cluster), `port`, `control` and the certificates.
"""
import argparse
import collections
import http.server
import json
import pathlib
import re
import signal
import socket
import socketserver
import ssl
import sys
import threading
import time
import urllib.parse

import certs
import protobuf
import rbac
import resources
import seed
import served
import tables
from controllers import POD, Controllers
from faults import Faults
from status import Failure, conflict, success
from store import Store

PATCHES = {"application/merge-patch+json": "merge", "application/json-patch+json": "json", "application/strategic-merge-patch+json": "strategic",
           "application/apply-patch+yaml": "apply", "application/apply-patch+json": "apply"}
VERSION = {"major": "1", "minor": "35", "gitVersion": "v1.35.0", "gitCommit": "0", "gitTreeState": "clean", "buildDate": "2026-01-01T00:00:00Z",
           "goVersion": "go1.25", "compiler": "gc", "platform": "linux/arm64"}
PARTS = ["ping", "log", "etcd", "informer-sync", "poststarthook/start-apiserver-admission-initializer", "poststarthook/rbac/bootstrap-roles", "shutdown"]
TOKENS = {"token-of-reader": ("reader", ["system:masters", "system:authenticated"])}
BOOKMARK_S = 2.0


def served_yaml(data):
    """What apply takes, of which JSON is a part. Times stay texts, as they do there."""
    try:
        return json.loads(data)
    except ValueError:
        import yaml  # what sends YAML needs it here, nothing else does

        try:
            return json.loads(json.dumps(yaml.safe_load(data), default=str))
        except yaml.YAMLError as wrong:
            raise ValueError(str(wrong)) from None


class World:
    def __init__(self, node, more=()):
        self.store = Store()
        seed.fill(self.store, node, more)
        self.control = Controllers(self.store)
        self.faults = Faults(self.store, self.control, more)
        self.requests, self.asked, self.connections, self.open = collections.deque(maxlen=1000), 0, 0, 0
        self.ended = threading.Event()


class Place:
    """What a path means: a resource, maybe a namespace, a name, a subresource, and the rest behind a proxy."""

    def __init__(self, path):
        found = re.fullmatch(r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))/(?P<rest>.+)", path)
        if not found:
            raise Failure(404, "the server could not find the requested resource", details={})
        steps = found["rest"].strip("/").split("/")
        self.namespace = ""
        if steps[0] == "namespaces" and len(steps) > 2:
            self.namespace, steps = steps[1], steps[2:]
        self.name = steps[1] if len(steps) > 1 else ""
        self.subresource = steps[2] if len(steps) > 2 else ""
        self.rest = "/" + "/".join(steps[3:])
        self.resource = resources.BY_PLACE.get((found["group"] or "", found["core"] or found["version"], steps[0]))
        if self.resource is None:
            raise Failure(404, "the server could not find the requested resource", details={})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "stand-in", ""
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    # ---- the connection

    def setup(self):
        super().setup()
        self.world.connections += 1
        self.world.open += 1

    def finish(self):
        self.world.open -= 1
        try:
            super().finish()
        except OSError:
            pass

    @property
    def world(self):
        return self.server.world

    # ---- answers

    def answer(self, code, body, content_type="application/json", headers=None):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        if self.world.faults.get("huge") is not None and self.command == "GET" and content_type == "application/json":
            data += b" " * (64 << 20)
        self.send_response(code)
        for name, value in {"Content-Type": content_type, "Audit-Id": "0", "Cache-Control": "no-cache, private", "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.world.faults.get("torn") is not None:
            self.wfile.write(data[:len(data) // 2])
            self.hang_up()
            return
        self.wfile.write(data)

    def hang_up(self, reset=False):
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        try:
            self.wfile.flush()
            if reset:
                socket.socket(fileno=self.connection.detach()).close()
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def body(self):
        data = self.data
        if not data:
            return {}
        try:
            if data.startswith(protobuf.MAGIC):
                return protobuf.read(data)
            return served_yaml(data) if (self.headers.get("Content-Type") or "").startswith("application/apply-patch+yaml") else json.loads(data)
        except ValueError:
            raise Failure(400, "the object provided is unrecognized (must be of type JSON)") from None

    # ---- the way of a request

    def handle_any(self):
        parsed = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parsed.query, keep_blank_values=True))
        self.where = urllib.parse.unquote(parsed.path)
        self.data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.world.asked += 1
        self.world.requests.append(f"{self.command} {self.path}")
        if self.misbehaves():
            return
        try:
            self.user, self.groups = self.identify()
            self.route()
        except Failure as failure:
            self.answer(failure.code, failure.body(), headers=failure.headers)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def misbehaves(self):
        faults = self.world.faults
        if faults.get("silent") is not None:
            while faults.get("silent") is not None and not self.world.ended.wait(0.05):
                pass
            self.hang_up()
        elif faults.get("reset") is not None:
            self.hang_up(reset=True)
        elif faults.get("garbage") is not None:
            self.wfile.write(b"220 mail.example.com ESMTP\r\n")
            self.hang_up()
        elif faults.get("slow") is not None:
            self.world.ended.wait(faults.get("slow").get("seconds", 1))
            return False
        elif faults.get("status") is not None and self.where.startswith(faults.get("status").get("path", "/")):
            fault = faults.took("status")
            failure = Failure(fault["code"], fault.get("message", "it was told to fail"), fault.get("reason"), headers=fault.get("headers"))
            self.answer(failure.code, failure.body(), headers=failure.headers)
        else:
            return False
        return True

    def identify(self):
        known = rbac.of_certificate(self.connection.getpeercert())
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if self.world.faults.get("unauthorized") is not None and (known or bearer):
            raise Failure(401, "Unauthorized")
        if bearer and not known:
            known = self.server.tokens.get(bearer)
            if not known:
                raise Failure(401, "Unauthorized")
        user, groups = known or rbac.ANONYMOUS
        other = self.headers.get("Impersonate-User")
        if other:
            if not rbac.why_allowed(self.world.store, user, groups, "impersonate", "", "users", "", other):
                raise rbac.forbidden(user, "impersonate", "", "users", "", other)
            user, groups = other, [*(self.headers.get_all("Impersonate-Group") or []), "system:authenticated"]
        return user, groups

    def route(self):
        where = self.where
        if where.split("/")[1] in ("readyz", "livez", "healthz"):
            self.health(where)
        elif where == "/version":
            self.answer(200, VERSION)
        elif self.user == rbac.ANONYMOUS[0] and where.strip("/") in ("api", "apis"):
            raise Failure(403, f'forbidden: User "{self.user}" cannot get path "{where}"', details={})
        elif where == "/api":
            self.answer(200, resources.api_versions())
        elif where == "/apis":
            self.answer(200, resources.group_list())
        elif where == "/api/v1":
            self.answer(200, resources.resource_list("", "v1"))
        elif found := re.fullmatch(r"/apis/([^/]+)", where):
            if found[1] not in resources.GROUPS:
                raise Failure(404, "the server could not find the requested resource", details={})
            self.answer(200, {"kind": "APIGroup", "apiVersion": "v1", **resources.group(found[1])})
        elif (found := re.fullmatch(r"/apis/([^/]+)/([^/]+)", where)) and resources.GROUPS.get(found[1]) == found[2]:
            self.answer(200, resources.resource_list(found[1], found[2]))
        elif re.fullmatch(r"/apis/authorization\.k8s\.io/v1/(self)?subjectaccessreviews", where) and self.command == "POST":
            self.review()
        else:
            self.objects(Place(where))

    def health(self, where):
        what, _, part = where[1:].partition("/")
        if what == "readyz" and self.world.faults.get("no_readyz") is not None:
            raise Failure(404, "the server could not find the requested resource", details={})
        failing = (self.world.faults.get("readyz") or {}).get("failing", [])
        parts = [p for p in PARTS if (not part or p == part) and p != self.query.get("exclude")] + [p for p in failing if p not in PARTS]
        lines = [f"[-]{p} failed: reason withheld" if p in failing else f"[+]{p} ok" for p in parts]
        if any(p in failing for p in parts):
            self.answer(500, "\n".join([*lines, f"{what} check failed", ""]), "text/plain; charset=utf-8", {"X-Content-Type-Options": "nosniff"})
        elif "verbose" in self.query:
            self.answer(200, "\n".join([*lines, f"{what} check passed", ""]), "text/plain; charset=utf-8")
        else:
            self.answer(200, "ok", "text/plain; charset=utf-8")

    def may(self, verb, group, resource, namespace="", name=""):
        if not rbac.why_allowed(self.world.store, self.user, self.groups, verb, group, resource, namespace, name):
            raise rbac.forbidden(self.user, verb, group, resource, namespace, name)

    def review(self):
        body = self.body()
        if not self.where.endswith("/selfsubjectaccessreviews"):
            self.may("create", "authorization.k8s.io", "subjectaccessreviews")
        itself = self.where.rsplit("/", 1)[1].startswith("self")
        self.answer(201, rbac.review(self.world.store, body, itself, self.user, self.groups, self.world.faults))

    # ---- objects

    def is_true(self, name):
        return self.query.get(name) in ("1", "t", "T", "true", "True", "TRUE")

    def objects(self, place):
        verbs = {"GET": "get" if place.name else "watch" if self.is_true("watch") else "list", "POST": "create", "PUT": "update",
                 "PATCH": "patch", "DELETE": "delete" if place.name else "deletecollection"}
        whole = place.resource.plural + (f"/{place.subresource}" if place.subresource else "")
        self.may(verbs[self.command], place.resource.group, whole, place.namespace, place.name)
        if self.command != "GET" and self.world.faults.took("conflict") is not None:
            raise conflict(place.resource, place.name)
        if place.subresource == "eviction" and self.command == "POST":
            self.evict(place)
        elif place.subresource == "proxy":
            self.proxy(place)
        elif place.subresource == "log":
            self.answer(200, "a line\n", "text/plain")
        elif place.subresource == "scale":
            self.scale(place)
        else:
            getattr(self, f"{self.command.lower()}_object")(place)

    def get_object(self, place):
        as_table = "as=Table" in (self.headers.get("Accept") or "")
        if self.is_true("watch"):
            self.watch(place, as_table)
        elif place.name:
            thing = self.world.store.get(place.resource, place.namespace, place.name)
            self.answer(200, tables.table(place.resource, [thing], {}) if as_table else thing)
        else:
            found = self.world.store.list(place.resource, place.namespace, self.query.get("labelSelector"), self.query.get("fieldSelector"),
                                          int(self.query.get("limit") or 0), self.query.get("continue"))
            self.answer(200, tables.table(place.resource, found["items"], found["metadata"]) if as_table else found)

    def post_object(self, place):
        body = self.body()
        if place.resource.namespaced:
            self.world.store.get(resources.BY_PLACE["", "v1", "namespaces"], "", place.namespace)
        if (body.get("metadata") or {}).get("namespace", place.namespace) != place.namespace:
            raise Failure(400, "the namespace of the provided object does not match the namespace sent on the request")
        self.answer(201, self.world.store.create(place.resource, place.namespace, body))

    def put_object(self, place):
        self.answer(200, self.world.store.replace(place.resource, place.namespace, place.name, self.body(), place.subresource))

    def patch_object(self, place):
        kind = PATCHES.get((self.headers.get("Content-Type") or "").partition(";")[0].strip())
        if not kind:
            raise Failure(415, "the body of the request was in an unknown format - accepted media types include: " + ", ".join(PATCHES))
        if kind == "apply" and not self.query.get("fieldManager"):
            raise Failure(400, "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch")
        thing, code = self.world.store.patch(place.resource, place.namespace, place.name, kind, self.body(), self.query.get("fieldManager", "unknown"),
                                             self.is_true("force"), place.subresource)
        self.answer(code, thing)

    def delete_object(self, place):
        options = self.body()
        if not place.name:
            for thing in self.world.store.all(place.resource, place.namespace, self.query.get("labelSelector"), self.query.get("fieldSelector")):
                self.remove(place, thing["metadata"]["name"], options)
            self.answer(200, success())
            return
        thing = self.world.store.get(place.resource, place.namespace, place.name)
        self.same_uid(place, thing, options)
        left = self.remove(place, place.name, options)
        details = {"name": place.name, "kind": place.resource.plural, "uid": thing["metadata"]["uid"]}
        self.answer(200, left if place.resource is POD and left else success(details))

    @staticmethod
    def same_uid(place, thing, options):
        uid, found = (options.get("preconditions") or {}).get("uid"), thing["metadata"]["uid"]
        if uid and uid != found:
            raise conflict(place.resource, place.name, f"the UID in the precondition ({uid}) does not match the UID in record ({found}). "
                           "The object might have been deleted and then recreated")

    def remove(self, place, name, options):
        if place.resource is POD:
            grace = options.get("gracePeriodSeconds", self.query.get("gracePeriodSeconds"))
            return self.world.control.delete_pod(place.namespace, name, 30 if grace is None else int(grace))
        thing = self.world.store.remove(place.resource, place.namespace, name)
        if options.get("propagationPolicy") != "Orphan":
            for pod in self.world.store.all(POD, place.namespace):
                if any(o["uid"] == thing["metadata"]["uid"] for o in pod["metadata"].get("ownerReferences") or []):
                    self.world.control.delete_pod(place.namespace, pod["metadata"]["name"], 30)
        return thing

    def proxy(self, place):
        found = self.world.faults.proxies.get((place.namespace, place.name, place.rest)) or served.answer(self.world.store, place.namespace, place.name, place.rest)
        if not found:
            raise Failure(503, f'no endpoints available for service "{place.name}"')
        code, body = found
        self.answer(code, body if isinstance(body, str) else json.dumps(body), "text/plain" if isinstance(body, str) else "application/json")

    def evict(self, place):
        body = self.body()
        if self.world.faults.get("pdb") is not None:
            raise Failure(429, "Cannot evict pod as it would violate the pod's disruption budget.", details={"causes": [
                {"reason": "DisruptionBudget", "message": "The disruption budget needs 1 healthy pods and has 1 currently"}]})
        options = body.get("deleteOptions") or {}
        grace = options.get("gracePeriodSeconds", 30)
        self.same_uid(place, self.world.store.get(place.resource, place.namespace, place.name), options)
        self.world.control.delete_pod(place.namespace, place.name, grace)
        self.answer(201, success())

    def scale(self, place):
        store = self.world.store
        if self.command in ("PATCH", "PUT"):
            replicas = (self.body().get("spec") or {}).get("replicas", 0)
            store.update(place.resource, place.namespace, place.name, lambda thing: thing["spec"].update(replicas=replicas))
        thing = store.get(place.resource, place.namespace, place.name)
        labels = ",".join(f"{k}={v}" for k, v in thing["spec"]["selector"].get("matchLabels", {}).items())
        meta = {key: thing["metadata"][key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
        self.answer(200, {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": {"replicas": thing["spec"].get("replicas", 1)},
                          "status": {"replicas": (thing.get("status") or {}).get("replicas", 0), "selector": labels}})

    # ---- watches

    def piece(self, place, kind, thing, as_table):
        if as_table and kind not in ("ERROR",):
            thing = tables.table(place.resource, [] if kind == "BOOKMARK" else [thing], {"resourceVersion": thing["metadata"]["resourceVersion"]})
        line = json.dumps({"type": kind, "object": thing}, separators=(",", ":")).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def bookmark(self, place, version, as_table, initial=False):
        meta = {"resourceVersion": str(version), "creationTimestamp": None}
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        self.piece(place, "BOOKMARK", {"kind": place.resource.kind, "apiVersion": place.resource.api_version, "metadata": meta}, as_table)

    def watch(self, place, as_table):
        store, faults = self.world.store, self.world.faults
        labels, fields = self.query.get("labelSelector"), self.query.get("fieldSelector")
        ends = time.monotonic() + float(self.query.get("timeoutSeconds") or 1800)
        asked, initial, cut = self.query.get("resourceVersion") or "0", self.is_true("sendInitialEvents"), faults.cut
        bookmarks, marked = self.is_true("allowWatchBookmarks"), time.monotonic()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        try:
            with store.lock:
                version = int(asked)
                if initial or version == 0:
                    things, version = store.all(place.resource, place.namespace, labels, fields), store.version
                    for thing in things:
                        self.piece(place, "ADDED", thing, as_table)
            if initial:
                self.bookmark(place, version, as_table, initial=True)
            while time.monotonic() < ends and faults.cut == cut and not self.world.ended.is_set():
                events, version = store.since(version, place.resource, place.namespace, labels, fields)
                for kind, thing in events:
                    self.piece(place, kind, thing, as_table)
                if bookmarks and time.monotonic() - marked > BOOKMARK_S:
                    self.bookmark(place, version, as_table)
                    marked = time.monotonic()
                with store.lock:
                    store.changed.wait_for(lambda: store.version > version or store.oldest > version or faults.cut != cut, 0.25)
        except Failure as failure:
            self.piece(place, "ERROR", failure.body(), as_table)
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
        self.close_connection = faults.cut != cut


class Control(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body):
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        world = self.server.world
        if self.path == "/_pods":
            self.answer(200, {"pods": world.control.pods()})
            return
        self.answer(200, {"requests": list(world.requests), "asked": world.asked, "connections": world.connections, "open": world.open, "broken": list(world.faults.on),
                          "settled": world.control.is_settled()})

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, what, name = (self.path + "/").split("/")[:3]
        try:
            if what == "_break":
                self.server.world.faults.break_it(name, json.loads(data or b"{}"))
            elif what == "_mend":
                self.server.world.faults.mend(name or None)
            else:
                raise KeyError(what)
        except Failure as failure:
            self.answer(failure.code, failure.body())
        except (KeyError, TypeError, ValueError) as error:
            self.answer(400, {"error": f"{type(error).__name__}: {error}"})
        else:
            self.answer(200, {})


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128
    context, expired = None, None

    def get_request(self):
        connection, address = super().get_request()
        if self.context:  # the handshake is the thread's matter
            context = self.context if self.world.faults.get("expired") is None else self.expired
            connection = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):  # a client that went away
            super().handle_error(request, client_address)


def tls(authority, days):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server(days))
    context.load_verify_locations(authority.cert)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def serve(folder, port=0, control_port=0, node="node-1", more=()):
    """Starts both; returns (world, API server, control server). All of its files are in the folder."""
    folder = pathlib.Path(folder)
    authority = certs.Authority(folder)
    world = World(node, more)
    api, control = Server(("127.0.0.1", port), Handler), Server(("127.0.0.1", control_port), Control)
    api.world = control.world = world
    api.tokens = dict(TOKENS)
    api.context, api.expired = tls(authority, 365), tls(authority, -1)
    users = {}
    for name, group in (("admin", "system:masters"), ("viewer", "viewers")):
        user_cert, user_key = authority.user(name, group)
        users[name] = {"client-certificate-data": certs.text(user_cert), "client-key-data": certs.text(user_key)}
    users["token"] = {"token": next(iter(TOKENS))}
    config = folder / "kubeconfig"
    config.write_text(certs.kubeconfig(f"https://127.0.0.1:{api.server_address[1]}", authority.cert, users, "admin"))
    config.chmod(0o600)
    world.control.start()
    for server in (api, control):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    (folder / "control").write_text(f"{control.server_address[1]}\n")
    (folder / "port").write_text(f"{api.server_address[1]}\n")
    return world, api, control


def main():
    parser = argparse.ArgumentParser(description="A stand-in for a Kubernetes API server.")
    parser.add_argument("--folder", required=True, help="where certificates, kubeconfig and ports are written")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
    parser.add_argument("--node", default="node-1")
    parser.add_argument("--workload", action="append", default=[], metavar="NAMESPACE/KIND/NAME", help="one more, of one pod")
    options = parser.parse_args()
    world, *servers = serve(options.folder, options.port, options.control, options.node, [text.split("/") for text in options.workload])
    print(f"https://127.0.0.1:{servers[0].server_address[1]}, broken at http://127.0.0.1:{servers[1].server_address[1]}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: world.ended.set())
    signal.signal(signal.SIGINT, lambda *_: world.ended.set())
    world.ended.wait()
    for server in servers:
        server.shutdown()


if __name__ == "__main__":
    main()
