"""The shipped check types against real servers, and against servers that misbehave in one way each."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

import servers
from conftest import free_port, missing


def run(talon, *checks, settings="", timeout="1s"):
    """One-shot of checks given as (name, YAML); returns {name: answer}."""
    text = "services:\n  s:\n    checks:\n" + "".join(f"      {name}: {{ timeout: {timeout}, {body} }}\n" for name, body in checks)
    talon.write(text, settings=settings)
    done = talon.command("check", "--json")
    assert done.stdout, done.stderr
    return {c["name"].split(".")[-1]: c for c in json.loads(done.stdout)["checks"]}


def said(answer):
    return answer["status"], answer["reason"]


def test_http_against_misbehaving_servers(talon):
    with servers.silent() as silent, servers.closing() as closing, servers.resetting() as resetting, servers.half_closed() as half, \
            servers.garbage() as garbage, servers.huge() as huge, servers.slow() as slow, servers.http(status=503, body=b"busy") as busy:
        url = lambda peer: f"http: {{ url: 'http://127.0.0.1:{peer.port}/' }}"
        got = run(talon, ("silent", url(silent)), ("closing", url(closing)), ("resetting", url(resetting)), ("half", url(half)), ("garbage", url(garbage)),
                  ("huge", url(huge)), ("slow", url(slow)), ("busy", url(busy)), ("refused", f"http: {{ url: 'http://127.0.0.1:{free_port()}/' }}"),
                  ("nowhere", "http: { url: 'http://127.0.0.1/', unix: /nonexistent/socket }"))
    assert said(got["silent"]) == ("fail", "timeout")
    assert said(got["closing"]) == ("fail", "connect.closed")
    assert said(got["resetting"]) == ("fail", "connect.closed")
    assert said(got["half"]) == ("fail", "protocol.short")
    assert said(got["garbage"]) == ("fail", "protocol.bad")
    assert said(got["huge"]) == ("fail", "too_big")
    assert said(got["slow"]) == ("fail", "timeout")
    assert said(got["busy"]) == ("fail", "http.status") and "503" in got["busy"]["summary"]
    assert said(got["refused"]) == ("fail", "connect.refused")
    assert said(got["nowhere"]) == ("fail", "connect.no_socket")


def test_tcp_against_misbehaving_servers(talon):
    with servers.silent() as silent, servers.closing() as closing, servers.garbage() as garbage:
        tcp = lambda peer, more="": f"tcp: {{ address: 127.0.0.1:{peer.port}{more} }}"
        got = run(talon, ("open", tcp(silent)), ("silent", tcp(silent, ", send: 'hello', expect: 'world'")), ("closing", tcp(closing, ", expect: 'world'")),
                  ("garbage", tcp(garbage, ", send: x, expect: 'world'")), ("refused", f"tcp: {{ address: 127.0.0.1:{free_port()} }}"),
                  ("tls", tcp(garbage, ", tls: true")))
    assert got["open"]["status"] == "ok"
    assert got["silent"]["status"] == "fail" and "timeout" in got["silent"]["reason"]
    assert got["closing"]["status"] == "fail"
    assert got["garbage"]["status"] == "fail"
    assert said(got["refused"]) == ("fail", "connect.refused")
    assert said(got["tls"]) == ("fail", "tls.broken")


def test_redis_for_real(talon, redis):
    at = f"address: 127.0.0.1:{redis.port}"
    got = run(talon, ("ping", f"redis: {{ {at} }}"), ("expects", f"redis: {{ {at}, expect: {{ role: master, connected_clients: '> 0' }} }}"),
              ("wrong", f"redis: {{ {at}, expect: {{ role: slave }} }}"), ("nofield", f"redis: {{ {at}, expect: {{ no_such_field: 1 }} }}"))
    assert got["ping"]["status"] == "ok" and got["ping"]["metrics"]
    assert got["expects"]["status"] == "ok"
    assert got["wrong"]["status"] == "fail" and "role" in got["wrong"]["summary"]
    assert got["nofield"]["status"] in ("fail", "unknown")
    subprocess.run(["redis-cli", "-p", str(redis.port), "config", "set", "requirepass", "secret-of-the-test"], check=True, capture_output=True)
    got = run(talon, ("ping", f"redis: {{ {at} }}"))
    assert said(got["ping"]) == ("unknown", "auth.rejected")
    password = talon.folder / "password"
    password.write_text("secret-of-the-test\n")
    password.chmod(0o600)
    got = run(talon, ("ping", f"redis: {{ {at}, password: '${{secrets.pw}}' }}"), settings=f"secrets: {{ pw: {{ file: {password} }} }}")
    assert got["ping"]["status"] == "ok"


def test_redis_that_is_none(talon):
    with servers.garbage() as garbage, servers.silent() as silent, servers.http() as web:
        got = run(talon, *((name, f"redis: {{ address: 127.0.0.1:{peer.port} }}") for name, peer in (("garbage", garbage), ("silent", silent), ("web", web))))
    assert got["garbage"]["status"] == "fail" and got["garbage"]["reason"].startswith("protocol")
    assert got["silent"]["status"] == "fail" and "timeout" in got["silent"]["reason"]
    assert got["web"]["status"] == "fail"


def test_caddy_for_real(talon, caddy):
    got = run(talon, ("page", f"http: {{ url: 'http://127.0.0.1:{caddy.port}/', expect_body: hello }}"),
              ("gone", f"http: {{ url: 'http://127.0.0.1:{caddy.port}/gone', expect_status: [404] }}"),
              ("admin", f"http: {{ url: 'http://127.0.0.1:{caddy.admin_port}/config/' }}"),
              ("secure", f"http: {{ url: 'https://localhost:{caddy.tls_port}/', connect_to: '127.0.0.1:{caddy.tls_port}', warn_expiry: 1m, tls: {{ ca: {caddy.root} }} }}"),
              ("untrusted", f"http: {{ url: 'https://localhost:{caddy.tls_port}/', connect_to: '127.0.0.1:{caddy.tls_port}' }}"),
              ("insecure", f"http: {{ url: 'https://localhost:{caddy.tls_port}/', connect_to: '127.0.0.1:{caddy.tls_port}', warn_expiry: 1m, tls: {{ insecure: true }} }}"))
    assert got["page"]["status"] == "ok"
    assert got["gone"]["status"] == "ok"
    assert got["admin"]["status"] == "ok"
    assert got["secure"]["status"] == "ok", got["secure"]
    assert said(got["untrusted"]) == ("fail", "tls.untrusted")
    assert got["insecure"]["status"] == "ok"


@pytest.fixture
def certificates(tmp_path):
    """An authority of the test's own, and certificates that are good, expired, or of another name."""
    if not shutil.which("openssl"):
        missing("openssl", "openssl")
    folder = tmp_path / "tls"
    folder.mkdir()

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test", "-days", "30")

    def issue(name, host, days):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={host}")
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-days", str(days),
                "-extfile", f"{name}.ext")
    issue("good", "localhost", 30)
    issue("soon", "localhost", 3)
    issue("other", "other.example", 30)
    # A validity in the past cannot be asked of `x509 -days` everywhere; `-days -1` is refused by none of the versions in use.
    issue("expired", "localhost", -1)
    return folder


def test_certificates(talon, certificates):
    peers = {name: servers.tls(certificates / f"{name}.pem", certificates / f"{name}.key") for name in ("good", "soon", "other", "expired")}
    try:
        line = lambda peer: f"http: {{ url: 'https://localhost:{peer.port}/', connect_to: '127.0.0.1:{peer.port}', tls: {{ ca: {certificates}/ca.pem }} }}"
        got = run(talon, *((name, line(peer)) for name, peer in peers.items()))
    finally:
        for peer in peers.values():
            peer.close()
    assert got["good"]["status"] == "ok", got["good"]
    assert got["soon"]["status"] == "warn", got["soon"]
    assert said(got["other"]) == ("fail", "tls.name")
    assert said(got["expired"]) == ("fail", "tls.expired")


def test_files_and_machine(talon):
    stamp = talon.folder / "stamp"
    stamp.write_text("beat 42\n")
    os.utime(stamp, (1, 1))
    fresh = talon.folder / "fresh"
    fresh.write_text("beat 42\n")
    got = run(talon, ("fresh", f"file: {{ path: {fresh}, max_age: 1h, match: 'beat [0-9]+' }}"), ("old", f"file: {{ path: {stamp}, max_age: 1h }}"),
              ("gone", f"file: {{ path: {talon.folder}/nothing }}"), ("absent", f"file: {{ path: {talon.folder}/nothing, exists: false }}"),
              ("disk", "disk: { path: /, warn: 99, fail: 100 }"), ("memory", "memory: {}"), ("load", "load: { warn: 1000 }"),
              ("process", "process: { name: python3, min: 1 }"), ("nobody", "process: { name: no-such-process-anywhere }"))
    assert got["fresh"]["status"] == "ok", got["fresh"]
    assert got["old"]["status"] == "fail" and got["old"]["reason"].startswith("file.")
    assert got["gone"]["status"] == "fail"
    assert got["absent"]["status"] == "ok"
    for name in ("disk", "load"):
        assert got[name]["status"] == "ok" and got[name]["metrics"], got[name]
    assert got["memory"]["metrics"]
    assert got["nobody"]["status"] == "fail"
