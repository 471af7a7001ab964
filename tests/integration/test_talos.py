"""`talos.*` and `grpc.health` in a real plugin host, against real gRPC servers: TLS with certificates on both sides, Ed25519 keys under the label that talosctl
gives them, and each way in which a node can be unwell."""
import contextlib
import json
import sys
from concurrent import futures

import pytest

from conftest import TOP, free_port
from driven import Host

grpc = pytest.importorskip("grpc", reason="python3-grpcio is missing")
sys.path.insert(0, str(TOP / "tests/world/talos"))
import node as stand_in  # noqa: E402


@pytest.fixture
def node(tmp_path):
    folder = tmp_path / "talos"
    folder.mkdir()
    made = stand_in.Node(folder)
    made.config = stand_in.talosconfig(folder, f"127.0.0.1:{made.port}")
    yield made
    made.close()


def ask(talon, timeout="3s", **checks):
    """One-shot of checks by name; returns (status, reason, summary) of each."""
    text = "services:\n  s:\n    checks:\n" + "".join(f"      {name}: {{ timeout: {timeout}, {body} }}\n" for name, body in checks.items())
    talon.write(text)
    done = talon.command("check", "--json")
    assert done.stdout, done.stderr
    return {c["name"].split(".")[-1]: (c["status"], c["reason"], c["summary"]) for c in json.loads(done.stdout)["checks"]}


def all_of(talon, node, more="", timeout="3s"):
    return ask(talon, timeout, **{kind: f"talos.{kind}: {{ config: {node.config}{more} }}" for kind in ("api", "service", "etcd")})


def test_a_node_that_is_well(talon, node):
    got = all_of(talon, node)
    assert {name: status for name, (status, _, _) in got.items()} == {"api": "ok", "service": "ok", "etcd": "ok"}, got
    assert "Talos v1.12.4 (container)" in got["api"][2] and "7 services are well" in got["service"][2]
    assert {name for name, _ in node.asked} == {"Version", "ServiceList", "EtcdStatus", "EtcdAlarmList"}
    assert not any("node" in metadata for _, metadata in node.asked)
    all_of(talon, node, ", node: 192.0.2.7")
    assert node.asked[-1][1]["node"] == "192.0.2.7"


def test_services_and_etcd_that_are_not(talon, node):
    node.services["etcd"] = ("Running", False, "context deadline exceeded")
    assert all_of(talon, node)["service"] == ("fail", "talos.unhealthy", "etcd runs, but is not healthy: context deadline exceeded")
    node.services["etcd"] = ("Preparing", None, "Running pre state")
    assert all_of(talon, node)["service"][:2] == ("starting", "starting")
    node.services["etcd"] = ("Failed", None, "exit code 1")
    assert all_of(talon, node)["service"][:2] == ("fail", "talos.state")
    del node.services["etcd"]
    got = ask(talon, service=f"talos.service: {{ config: {node.config}, required: [kubelet, etcd] }}", one=f"talos.service: {{ config: {node.config}, service: etcd }}")
    assert got["service"][1] == got["one"][1] == "talos.missing"
    node.etcd["leader"] = 0
    assert all_of(talon, node)["etcd"][:2] == ("fail", "talos.no_leader")
    node.etcd.update(leader=17, error="etcdserver: mvcc: database space exceeded")
    assert all_of(talon, node)["etcd"][:2] == ("fail", "talos.etcd")
    node.etcd["error"] = ""
    node.alarm = 1
    assert all_of(talon, node)["etcd"][:2] == ("fail", "talos.alarm")


@pytest.mark.parametrize("code, expected", [("PERMISSION_DENIED", ("unknown", "auth.rejected")), ("UNIMPLEMENTED", ("unknown", "grpc.unimplemented")),
                                            ("UNAVAILABLE", ("fail", "grpc.unavailable")), ("DEADLINE_EXCEEDED", ("fail", "timeout")),
                                            ("INTERNAL", ("fail", "grpc.error"))])
def test_each_refusal(talon, node, code, expected):
    node.fault = (grpc.StatusCode[code], "nö, 100 %")
    got = all_of(talon, node)
    assert {answer[:2] for answer in got.values()} == {expected}
    assert all("nö, 100 %" in answer[2] for answer in got.values())


def test_a_node_that_hangs_or_is_gone(talon, node):
    node.hangs = True
    assert {answer[:2] for answer in all_of(talon, node, timeout="1s").values()} == {("fail", "timeout")}
    node.hangs = False
    node.release.set()
    node.config = stand_in.talosconfig(node.folder, f"127.0.0.1:{free_port()}")
    assert {answer[:2] for answer in all_of(talon, node).values()} == {("fail", "connect.refused")}


def test_certificates_that_do_not_fit(talon, node, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    stand_in.make_authority(other)
    stand_in.make_certificate(other, "client", "/O=os:reader", 365)
    for name in ("ca.crt", "client.crt", "client.key"):
        (node.folder / f"other-{name}").write_text((other / name).read_text())
    endpoint = f"127.0.0.1:{node.port}"
    node.config = stand_in.talosconfig(node.folder, endpoint, client="other-client")
    assert all_of(talon, node)["api"][:2] == ("unknown", "auth.rejected")
    node.config = stand_in.talosconfig(node.folder, endpoint, ca="other-ca")
    assert all_of(talon, node)["api"][:2] == ("fail", "tls.untrusted")
    node.config = stand_in.talosconfig(node.folder, endpoint)
    assert all_of(talon, node, ", server_name: talos.example")["api"][:2] == ("fail", "tls.name")
    stand_in.make_certificate(node.folder, "short", "/O=os:reader", 12)
    node.config = stand_in.talosconfig(node.folder, endpoint, client="short")
    status, reason, summary = all_of(talon, node)["api"]
    assert (status, reason) == ("warn", "talos.expiry") and "expires in 12 d" in summary
    stand_in.make_certificate(node.folder, "old", "/O=os:reader", -1)
    node.config = stand_in.talosconfig(node.folder, endpoint, client="old")
    assert {answer[:2] for answer in all_of(talon, node).values()} == {("unknown", "auth.expired")}


def test_a_service_is_restarted(build, node, tmp_path, request):
    if request.config.getoption("--installed"):
        pytest.skip("speaks with the plugin host of a build folder")
    with contextlib.closing(Host(build, tmp_path)) as host:
        host.load("talos")
        done = host.run("talos.service-restart", config=str(node.config), service="kubelet")
        assert (done["status"], done["summary"]) == ("ok", 'restarts kubelet: Service "kubelet" restarting'), done
        assert node.asked[-1][0] == "ServiceRestart" and node.requests == [b"\x0a\x07kubelet"]
        node.fault = (grpc.StatusCode.PERMISSION_DENIED, "not authorized")
        done = host.run("talos.service-restart", config=str(node.config), service="kubelet")
        assert (done["status"], done["reason"]) == ("unknown", "refused.rights") and "talosctl service kubelet restart" in done["summary"], done
        assert len(node.requests) == 2


class Health(grpc.GenericRpcHandler):
    """grpc.health.v1: services by name, and their status by its number."""
    services = {"": 1, "shop.Cart": 2, "shop.Odd": 0}

    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None

        def call(request, context):
            name = request[2:].decode()
            if name not in self.services:
                context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return stand_in.number(1, self.services[name])
        return grpc.unary_unary_rpc_method_handler(call)


def test_health_over_plain_text_and_a_unix_socket(talon, tmp_path):
    server, bare = grpc.server(futures.ThreadPoolExecutor(4), handlers=[Health()]), grpc.server(futures.ThreadPoolExecutor(1))
    port, none, path = server.add_insecure_port("127.0.0.1:0"), bare.add_insecure_port("127.0.0.1:0"), f"/tmp/health-{free_port()}.sock"
    server.add_insecure_port(f"unix:{path}")
    server.start()
    bare.start()
    try:
        got = ask(talon, whole=f"grpc.health: {{ address: 127.0.0.1:{port} }}", cart=f"grpc.health: {{ address: 127.0.0.1:{port}, service: shop.Cart }}",
                  odd=f"grpc.health: {{ address: 127.0.0.1:{port}, service: shop.Odd }}", none=f"grpc.health: {{ address: 127.0.0.1:{port}, service: x }}",
                  socket=f"grpc.health: {{ address: 'unix:{path}' }}", bare=f"grpc.health: {{ address: 127.0.0.1:{none} }}",
                  tls=f"grpc.health: {{ address: 127.0.0.1:{port}, tls: true }}", gone=f"grpc.health: {{ address: 127.0.0.1:{free_port()} }}")
    finally:
        server.stop(0)
        bare.stop(0)
    assert {name: answer[:2] for name, answer in got.items()} == {
        "whole": ("ok", "grpc.ok"), "cart": ("fail", "grpc.not_serving"), "odd": ("unknown", "grpc.unknown"), "none": ("fail", "grpc.no_service"),
        "socket": ("ok", "grpc.ok"), "bare": ("unknown", "grpc.unimplemented"), "tls": ("fail", "tls.broken"), "gone": ("fail", "connect.refused")}


def test_health_of_a_server_that_speaks_http_1(talon, caddy):
    got = ask(talon, http=f"grpc.health: {{ address: 127.0.0.1:{caddy.port} }}")["http"]
    assert got[:2] == ("fail", "connect.closed") and "does not speak HTTP/2" in got[2]
