"""The plugins that watch this machine's own systems, through a real plugin host: real Caddy, real files, and stand-ins that speak as launchctl, portmappers,
tailscaled, agent-secrets, imsg and the gateway do."""
import contextlib
import http.server
import json
import os
import shutil
import socket
import struct
import threading

import pytest

import servers
from conftest import TOP, Server, answers, free_port, missing
from test_real_servers import run, said

# ---- launchd


@pytest.fixture
def launchd(talon):
    """A folder of tools with the stand-in launchctl, and what it answers: launchd(domain, label, text)."""
    tools = talon.folder / "bin"
    tools.mkdir()
    shutil.copy(TOP / "tests/world/bin/launchctl", tools / "launchctl")

    def put(domain, label, text=None):
        folder = tools / "launchctl.answers" / domain.replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        if text is not None:
            (folder / label).write_text(text)

    put.settings = f"exec_path: [{tools}, /usr/bin, /bin]"
    return put


def test_jobs_of_launchd(talon, launchd):
    launchd("system", "com.example.server", f"state = running\nruns = 3\npid = {os.getpid()}\nlast exit code = (never exited)\n")
    launchd("gui/501", "com.example.agent", "state = not running\nruns = 7\nlast exit code = 78: EX_CONFIG\n")
    launchd("gui/501", "com.example.tidy", "state = not running\nruns = 7\nlast exit code = 0\nrun interval = 120 seconds\n")
    launchd("gui/501", "com.example.old", "state = not running\n")
    launchd("gui/501", "disabled", "com.example.agent\n")
    job = lambda label, kind: f"launchd.job: {{ label: com.example.{label}, kind: {kind}, uid: 501 }}"
    got = run(talon, ("server", job("server", "keepalive")), ("agent", job("agent", "keepalive")), ("again", job("agent", "oneshot")),
              ("tidy", job("tidy", "interval")), ("old", job("old", "retired")), ("gone", job("gone", "watch")), ("never", job("gone", "retired")),
              settings=launchd.settings, timeout="20s")
    assert said(got["server"]) == ("ok", "launchd.ok") and f"runs as process {os.getpid()} for" in got["server"]["summary"]
    assert said(got["agent"]) == ("stopped", "stopped.by_hand")
    assert said(got["again"]) == ("fail", "launchd.exit") and "EX_CONFIG" in got["again"]["summary"]
    assert said(got["tidy"]) == ("ok", "launchd.ok")
    assert said(got["old"]) == ("fail", "launchd.retired")
    assert said(got["gone"]) == ("fail", "launchd.not_loaded")
    assert said(got["never"]) == ("ok", "launchd.ok")


def test_tools_that_are_not_there(talon):
    empty = talon.folder / "empty"
    empty.mkdir()
    got = run(talon, ("launchd", "launchd.job: { label: com.example.x }"), ("systemd", "systemd.unit: { unit: ssh }"), settings=f"exec_path: [{empty}]")
    assert said(got["launchd"]) == ("unknown", "exec.not_found")
    assert said(got["systemd"]) == ("unknown", "exec.not_found")


# ---- mounts and NFS


def rpc(answer):
    """A server of ONC RPC: `answer(program, procedure, arguments)` gives the words behind the accepted head."""
    def serve(connection):
        call = connection.recv(65536)
        xid, _, _, program, _, procedure = struct.unpack(">6I", call[4:28])
        words = answer(program, procedure, call[44:])
        body = struct.pack(f">{5 + len(words)}I", xid, 1, 0, 0, 0, *words)
        connection.sendall(struct.pack(">I", 0x80000000 | len(body)) + body)
    return servers.Peer(serve)


def test_mountd_is_found_by_the_portmapper(talon):
    with rpc(lambda *_: [0]) as mountd, rpc(lambda program, procedure, _: [0, mountd.port] if (program, procedure) == (100000, 3) else [1]) as portmapper, \
            rpc(lambda *_: [0, 0]) as empty, servers.silent() as silent, servers.garbage() as garbage:
        nfs = lambda more: f"mount.nfs: {{ host: 127.0.0.1, {more} }}"
        got = run(talon, ("mountd", nfs(f"service: mountd, portmapper: {portmapper.port}")), ("unlisted", nfs(f"service: mountd, portmapper: {empty.port}")),
                  ("nfs", nfs(f"port: {mountd.port}")), ("silent", nfs(f"port: {silent.port}")), ("garbage", nfs(f"port: {garbage.port}")),
                  ("refused", nfs(f"port: {free_port()}")))
    assert said(got["mountd"]) == ("ok", "rpc.ok") and f":{mountd.port}" in got["mountd"]["summary"]
    assert said(got["unlisted"]) == ("fail", "rpc.not_registered")
    assert said(got["nfs"]) == ("ok", "rpc.ok")
    assert said(got["silent"]) == ("fail", "timeout")
    assert said(got["garbage"]) == ("fail", "protocol.bad")
    assert said(got["refused"]) == ("fail", "connect.refused")


def test_mounts_of_this_machine(talon):
    got = run(talon, ("root", "mount.point: { path: /, warn: 100, fail: 100 }"), ("proc", "mount.point: { path: /proc, type: proc, sentinel: version }"),
              ("other", "mount.point: { path: /proc, source: '192.0.2.1:/volume' }"), ("lost", "mount.point: { path: /proc, sentinel: none }"),
              ("table", "mount.table: { path: /proc }"), ("none", f"mount.table: {{ path: {talon.folder} }}"))
    assert said(got["root"]) == ("ok", "mount.ok")
    assert said(got["proc"]) == ("ok", "mount.ok")
    assert said(got["other"]) == ("fail", "mount.source")
    assert said(got["lost"]) == ("fail", "mount.sentinel")
    assert said(got["table"]) == ("ok", "mount.ok")
    assert said(got["none"]) == ("fail", "mount.missing")


# ---- logs


def test_a_log_through_a_restart(talon):
    """What came while Talon was not there is read by the next one, once, and in the rotated file as well."""
    log = talon.folder / "app.log"
    log.write_text("ERROR before anybody looked\n")
    talon.write(f"""
services:
  app:
    checks:
      errors: {{ log.pattern: {{ path: {log}, bad: ERROR, within: 1h }}, every: 100ms, fail_after: 1 }}
""")

    def status():
        return json.loads(talon.get("/api/v1/checks")[1])

    def check():
        return next(c for c in status()["checks"] if c["name"].endswith("errors"))

    talon.start()
    talon.wait("it watches", lambda: check()["status"] == "ok")
    with log.open("a") as more:
        more.write("all is well\n")
    talon.wait("it reads", lambda: "1 new line" in check()["summary"] or "0 new lines" in check()["summary"])
    talon.stop()
    with log.open("a") as more:
        more.write("ERROR at night\n")
    log.rename(talon.folder / "app.log.1")
    log.write_text("ERROR in the new one\n")
    talon.start(ready=False)
    talon.wait("both are counted", lambda: talon.get("/readyz")[0] == 200 and "2 bad lines" in check()["summary"])
    talon.stop()


# ---- Caddy


def test_caddy_and_its_upstreams(talon, tmp_path):
    if not shutil.which("caddy"):
        missing("caddy", "caddy")
    folder = tmp_path / "routes"
    folder.mkdir()
    port, good, bad, admin, dead = (free_port() for _ in range(5))
    with servers.http() as alive:
        (folder / "Caddyfile").write_text(
            "{\n admin localhost:%d\n auto_https off\n storage file_system %s\n}\n"
            "http://127.0.0.1:%d {\n bind 127.0.0.1\n respond hello\n}\n"
            "http://127.0.0.1:%d {\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:%d\n}\n"
            "http://127.0.0.1:%d {\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:%d {\n  fail_duration 60s\n }\n}\n"
            % (admin, folder / "data", port, good, alive.port, bad, dead))
        server = Server(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], port, folder,
                        lambda: answers(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"200 OK"))
        try:
            config = lambda more="": f"caddy.config: {{ url: 'http://localhost:{admin}'{more} }}"
            got = run(talon, ("config", config()), ("listens", config(f", listens: ['{port}', '127.0.0.1:{good}']")), ("other", config(", listens: [':1']")),
                      ("good", f"caddy.route: {{ url: 'http://127.0.0.1:{good}/' }}"))
            assert said(got["config"]) == ("ok", "caddy.ok") and said(got["listens"])[0] == "ok", got
            assert said(got["other"]) == ("fail", "caddy.listens")
            assert said(got["good"]) == ("ok", "caddy.ok")
            got = run(talon, ("bad", f"caddy.route: {{ url: 'http://127.0.0.1:{bad}/' }}"))
            assert said(got["bad"]) == ("fail", "caddy.upstream") and "502" in got["bad"]["summary"]
            got = run(talon, ("config", config()))
            assert said(got["config"]) == ("warn", "caddy.upstream") and f"127.0.0.1:{dead}" in got["config"]["summary"]
        finally:
            server.stop()
        got = run(talon, ("config", config()), ("good", f"caddy.route: {{ url: 'http://127.0.0.1:{good}/' }}"))
    assert said(got["config"]) == ("fail", "connect.refused") and said(got["good"]) == ("fail", "connect.refused")


def test_the_admin_socket_of_caddy(talon, tmp_path):
    if not shutil.which("caddy"):
        missing("caddy", "caddy")
    port, folder = free_port(), tmp_path / "socket"
    folder.mkdir()
    (folder / "Caddyfile").write_text("{\n admin unix/%s/admin.sock\n auto_https off\n storage file_system %s\n}\n"
                                      "http://127.0.0.1:%d {\n bind 127.0.0.1\n respond hello\n}\n"
                                      % (folder, folder / "data", port))
    server = Server(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], port, folder,
                    lambda: answers(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"200 OK"))
    try:
        got = run(talon, ("config", f"caddy.config: {{ unix: {folder}/admin.sock }}"))
    finally:
        server.stop()
    assert said(got["config"]) == ("ok", "caddy.ok"), got


def test_a_certificate_of_caddy(talon, caddy):
    """Those of its internal authority live for half a day."""
    route = lambda more: f"caddy.route: {{ url: 'https://localhost:{caddy.tls_port}/', connect_to: '127.0.0.1:{caddy.tls_port}', {more} }}"
    known = f"tls: {{ ca: {caddy.root} }}"
    got = run(talon, ("now", route(f"warn_expiry: 0, fail_expiry: 0, {known}")), ("soon", route(f"warn_expiry: 7d, fail_expiry: 1m, {known}")),
              ("short", route(known)), ("untrusted", route("warn_expiry: 0")))
    assert said(got["now"]) == ("ok", "caddy.ok")
    assert said(got["soon"]) == ("warn", "caddy.expiry")
    assert said(got["short"]) == ("fail", "caddy.expiry") and "must be renewed" in got["short"]["summary"]
    assert said(got["untrusted"]) == ("fail", "tls.untrusted")


# ---- what speaks on a socket of its own


@contextlib.contextmanager
def unix_lines(path, answer):
    """A daemon that answers each line with `answer(request)`, on a unix socket."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(16)

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as lines, contextlib.suppress(OSError, ValueError):
                lines.write(json.dumps({"jsonrpc": "2.0", "id": 1, **answer(json.loads(lines.readline()))}).encode() + b"\n")
                lines.flush()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_secrets_and_imsg(talon):
    secrets, imsg, blind = (talon.folder / name for name in ("secrets.sock", "imsg.sock", "blind.sock"))
    with unix_lines(secrets, lambda asked: {"result": {"running": asked["method"] == "secrets.status", "secrets_count": 3, "active_leases": 1}}), \
            unix_lines(imsg, lambda asked: {"result": {"chats": [{"id": asked["params"]["limit"]}]}}), \
            unix_lines(blind, lambda asked: {"error": {"code": -32603, "message": "permissionDenied"}}):
        got = run(talon, ("secrets", f"secrets.status: {{ socket: {secrets} }}"), ("imsg", f"imsg: {{ socket: {imsg} }}"),
                  ("blind", f"imsg: {{ socket: {blind} }}"), ("gone", f"imsg: {{ socket: {talon.folder}/none.sock }}"))
    assert said(got["secrets"]) == ("ok", "secrets.ok") and "3 secrets, 1 leases" in got["secrets"]["summary"]
    assert said(got["imsg"]) == ("ok", "imsg.ok")
    assert said(got["blind"]) == ("fail", "imsg.permission")
    assert said(got["gone"]) == ("fail", "connect.no_socket")


@contextlib.contextmanager
def web(respond, path=None):
    """A web server that answers with `respond(handler)`: (status, object), on a port, or on a unix socket."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = respond(self)
            body = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def address_string(self):
            return "test"

        def log_message(self, *_):
            pass

    class Unix(http.server.ThreadingHTTPServer):
        address_family = socket.AF_UNIX

        def server_bind(self):
            self.socket.bind(self.server_address)

    server = Unix(str(path), Handler) if path else http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_tailscale_by_socket_and_by_port(talon):
    status = {"BackendState": "Running", "Self": {"DNSName": "here.example.ts.net.", "TailscaleIPs": ["100.64.0.1"], "Online": True}, "Health": None,
              "Peer": {"nodekey:1": {"HostName": "nas", "DNSName": "nas.example.ts.net.", "Online": True}}}

    def respond(handler):
        if handler.headers["Host"] != "local-tailscaled.sock":
            return 403, "invalid localapi request"
        if handler.command == "POST":
            return 200, {"NodeName": "nas", "LatencySeconds": 0.003, "Endpoint": "192.0.2.1:41641"}
        return 200, status

    def with_password(handler):
        return respond(handler) if handler.headers["Authorization"] == "Basic OmMwZmZlZQ==" else (401, "no")

    tokens = talon.folder / "tokens"
    tokens.mkdir()
    with web(respond, talon.folder / "ts.sock"), web(with_password) as port:
        (tokens / f"sameuserproof-{port.server_address[1]}").write_text("c0ffee")
        by_socket = f"socket: {talon.folder}/ts.sock"
        got = run(talon, ("here", f"tailscale: {{ {by_socket}, peers: [nas], ping: 100.64.0.2 }}"), ("lost", f"tailscale: {{ {by_socket}, peers: [gone] }}"),
                  ("port", f"tailscale: {{ token_folder: {tokens} }}"))
        assert said(got["here"]) == ("ok", "tailscale.ok") and "nas answers in 3.0 ms" in got["here"]["summary"]
        assert said(got["lost"]) == ("fail", "tailscale.peer")
        assert said(got["port"]) == ("ok", "tailscale.ok")


def test_the_gateway(talon):
    health = {"/health": (200, {"available": True, "healthy": False, "mode": "redis_degraded", "reason": "gone",
                              "components": {"session": "ok", "slack": "ok"}}),
              "/health/slack": (503, {"ok": False, "channel": "slack", "started": True})}
    pid, beat = talon.folder / "gateway.pid", talon.folder / "last-heartbeat.ts"
    pid.write_text(f"{os.getpid()}\n")
    beat.write_text(f"export const lastHeartbeatTs = {int(pid.stat().st_mtime * 1000)};\n")
    with web(lambda handler: health[handler.path]) as port:
        at = f"http://127.0.0.1:{port.server_address[1]}"
        got = run(talon, ("health", f"gateway.health: {{ url: '{at}/health', channels: [slack] }}"),
                  ("slack", f"gateway.channel: {{ url: '{at}/health/slack' }}"), ("slim", f"gateway.heartbeat: {{ pid_file: {pid}, heartbeat_file: {beat} }}"))
    assert said(got["health"]) == ("warn", "gateway.degraded")
    assert said(got["slack"]) == ("fail", "gateway.channel")
    assert said(got["slim"]) == ("ok", "gateway.ok")


def test_operations_are_shown_and_tried_by_their_whole_names(talon):
    """As a configuration writes them: with the plugin's name, unless it is the same."""
    assert "\nlog.pattern (check): " in talon.command("plugin", "info", "log", config=False).stdout
    assert "\nimsg (check): " in talon.command("plugin", "info", "imsg", config=False).stdout
    for plugin, shown in (("secrets", "secrets.status: "), ("tailscale", "tailscale: ")):
        done = talon.command("plugin", "test", plugin, config=False)
        assert done.returncode == 0 and f"\n{shown}" in done.stdout and f"nothing is wrong with {plugin}" in done.stdout, done.stdout + done.stderr


# ---- the checks that come with Talon

VARIABLES = """
  tailscale_socket: /var/run/tailscaled.socket
  nas: 192.0.2.10
  nas_nfs_port: "2049"
  nas_portmapper_port: "111"
  nas_type: nfs
  nas_nvme: /Volumes/nvme
  nas_nvme_export: /volume2/data
  nas_hdd: /Volumes/hdd
  nas_hdd_export: /volume1/data
  nas_media: /Volumes/media
  caddy_label: com.example.caddy
  caddy_admin: http://localhost:2019
  caddy_webhooks: 127.0.0.1:8443
  caddy_inngest_port: "9443"
  caddy_worker_port: "3443"
  caddy_docs_port: "5443"
  caddy_livekit_port: "7443"
  caddy_host: host.example.com
  caddy_address: 127.0.0.1
  caddy_folder: /tmp
  gateway: 127.0.0.1:3018
  gateway_label: com.example.gateway
  gateway_pid_file: /tmp/gateway.pid
  gateway_heartbeat_file: /tmp/last-heartbeat.ts
  gateway_log: /tmp/gateway.err
  secrets_label: com.example.agent-secrets
  secrets_socket: ~/.agent-secrets/agent-secrets.sock
  imsg_label: com.example.imsg-rpc
  imsg_socket: /tmp/imsg.sock
  janitor_label: com.example.janitor
  tripwire_label: com.example.tripwire
  bus_sync_label: com.example.bus-sync
  content_sync_label: com.example.content-sync
  vault_log_sync_label: com.example.vault-log-sync
  reboot_heal_label: com.example.reboot-heal
  retired_worker_label: com.example.old-worker
  retired_tunnel_label: com.example.old-tunnel
  retired_portforward_label: com.example.old-portforward
  retired_bootstrap_label: com.example.old-bootstrap
"""
OF_THIS_MACHINE = ["agent-secrets", "caddy", "caddy-docs-api", "caddy-inngest", "caddy-livekit", "caddy-worker", "gateway",
                   "imsg", "launchd-jobs", "nas", "tailscale"]
NEEDED = ["docs-api", "host", "host-worker", "inngest", "livekit-server"]


def test_the_checks_of_this_machines_systems_are_good(talon):
    stubs = "".join(f"  {name}: {{ checks: {{ load: {{ load: {{}} }} }} }}\n" for name in NEEDED)
    talon.write(f"services:\n{stubs}", settings=f"include: [{', '.join(str(TOP / 'checks' / (name + '.yaml')) for name in OF_THIS_MACHINE)}]\nvars:{VARIABLES}")
    done = talon.command("validate", str(talon.config), config=False)
    assert done.returncode == 0 and "warning" not in done.stderr + done.stdout, done.stdout + done.stderr
