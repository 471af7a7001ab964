"""Actions in a real plugin host, spoken to as the core does: notifiers against stand-ins of their services, commands, requests, signals, and Colima's program.

What is secret is looked for in everything that the host says, on both its streams, and in the arguments of every process while a message is on its way."""
import contextlib
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request

import pytest

from conftest import free_port, wait_until
from driven import Host

TOKEN = "4242424242:AAsecretsecretsecret_x-y"
SECRETS = ["AAsecretsecret", "T0SECRET", "B0SECRET", "hooksecret", "s3cr3t"]
TEXT = "redis does not answer since 03:12 \u2014 \U0001f4a5"


@pytest.fixture
def host(build, tmp_path, request):
    if request.config.getoption("--installed"):
        pytest.skip("speaks with the plugin host of a build folder")
    it = Host(build, tmp_path)
    yield it
    it.close()


def arguments():
    """The arguments of all processes that can be seen; those that end meanwhile have none."""
    got = b""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            got += (folder / "cmdline").read_bytes()
    return got.decode(errors="replace")


class Service:
    """Answers every request with what is put into `answer`: status, headers, body. Keeps what it was sent, and all arguments as they were then."""

    def __init__(self):
        service = self
        self.answer, self.asked, self.arguments = (200, {}, b""), [], ""

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.arguments += arguments()
                service.asked.append((self.path, dict(self.headers), body))
                if service.answer is None:  # took it, and said nothing
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                status, headers, answer = service.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_PUT = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


@pytest.fixture
def service():
    it = Service()
    yield it
    it.close()


def metric(done, name):
    return next((value for of, value, *_ in done.get("metrics", []) if of == name), None)


def channel(kind, service):
    note = {"text": TEXT, "title": "Redis", "level": "message", "over": False}
    return {
        "telegram": lambda: dict(note, token=TOKEN, chat="-1001", api=service.url, thread="0"),
        "slack": lambda: dict(note, url=f"{service.url}/services/T0SECRET/B0SECRET/hooksecret"),
        "webhook": lambda: dict(note, url=f"{service.url}/in/hooksecret?key=s3cr3tkey", method="POST", content_type="application/json",
                                headers={"Authorization": "Bearer s3cr3tbearer"}),
        "alertmanager": lambda: dict(note, url=service.url, name="Talon", labels={"service": "redis"}, since="0", lasts=str(3600 * 10**9),
                                     user="talon", password="s3cr3tpassword"),
    }[kind]()


CASES = [
    # kind, answer, status, reason, words, retry_after
    ("telegram", (200, {}, b'{"ok":true,"result":{"message_id":1}}'), "ok", "notify.sent", "has taken", None),
    ("telegram", (400, {}, b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'), "fail", "notify.refused", "chat not found", None),
    ("telegram", (401, {}, b'{"ok":false,"error_code":401,"description":"Unauthorized"}'), "unknown", "auth.rejected", "Unauthorized", None),
    ("telegram", (403, {}, b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}'), "fail", "notify.refused", "blocked", None),
    ("telegram", (404, {}, f'{{"ok":false,"description":"Not Found {TOKEN}"}}'.encode()), "unknown", "auth.rejected", "Not Found", None),
    ("telegram", (409, {}, b'{"ok":false,"error_code":409,"description":"Conflict"}'), "fail", "notify.busy", "Conflict", None),
    ("telegram", (429, {}, b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 15","parameters":{"retry_after":15}}'),
     "fail", "notify.busy", "15.0 s", 15),
    ("telegram", (502, {}, b"<html>"), "fail", "http.status", "HTTP 502", None),
    ("slack", (200, {}, b"ok"), "ok", "notify.sent", "has taken", None),
    ("slack", (403, {}, b"invalid_token"), "unknown", "auth.rejected", "make a new one", None),
    ("slack", (404, {}, b"channel_not_found"), "fail", "notify.refused", "does not exist", None),
    ("slack", (404, {}, b"no hook T0SECRET/B0SECRET/hooksecret"), "fail", "notify.refused", "no hook", None),
    ("slack", (429, {"Retry-After": "30"}, b""), "fail", "notify.busy", "30.0 s", 30),
    ("webhook", (204, {}, b""), "ok", "notify.sent", "has taken", None),
    ("webhook", (401, {}, b"s3cr3tbearer is unknown"), "unknown", "auth.rejected", "is unknown", None),
    ("webhook", (302, {"Location": "http://127.0.0.1:1/"}, b""), "fail", "notify.refused", "elsewhere", None),
    ("webhook", (503, {"Retry-After": "5"}, b""), "fail", "notify.busy", "5.0 s", 5),
    ("alertmanager", (200, {}, b""), "ok", "notify.sent", "has taken", None),
    ("alertmanager", (400, {}, b'"start time must be before end time"'), "fail", "notify.refused", "start time", None),
    ("alertmanager", (401, {}, b"s3cr3tpassword"), "unknown", "auth.rejected", "HTTP 401", None),
]


def test_every_documented_answer(host, service):
    host.load("notify")
    for kind, answer, status, reason, words, retry_after in CASES:
        service.answer = answer
        done = host.run(f"notify.{kind}", **channel(kind, service))
        assert (done["status"], done["reason"]) == (status, reason), done
        assert words in done["summary"], done
        assert metric(done, "retry_after") == retry_after, done
    assert len(service.asked) == len(CASES)
    for secret in SECRETS:
        assert secret not in host.everything()
        assert secret not in service.arguments


def test_what_the_services_are_sent(host, service):
    host.load("notify")
    for kind, answer in (("telegram", b'{"ok":true}'), ("slack", b"ok"), ("webhook", b""), ("alertmanager", b"")):
        service.answer = (200, {}, answer)
        assert host.run(f"notify.{kind}", **channel(kind, service))["status"] == "ok"
    telegram, slack, webhook, alertmanager = ((path, headers, json.loads(body)) for path, headers, body in service.asked)
    assert telegram[0] == f"/bot{TOKEN}/sendMessage" and telegram[1]["Content-Type"] == "application/json"
    assert telegram[2]["chat_id"] == "-1001" and telegram[2]["text"] == f"Redis\n{TEXT}" and telegram[2]["disable_notification"] is False
    assert slack[0] == "/services/T0SECRET/B0SECRET/hooksecret" and slack[2] == {"text": f"Redis\n{TEXT}"}
    assert webhook[1]["Authorization"] == "Bearer s3cr3tbearer" and webhook[2]["text"] == TEXT and webhook[2]["over"] is False
    alert, = alertmanager[2]
    assert alertmanager[0] == "/api/v2/alerts" and alert["labels"] == {"alertname": "Talon", "service": "redis"}
    assert alert["startsAt"] < alert["endsAt"]


def test_a_service_that_does_not_answer(host, service):
    host.load("notify")
    service.answer = None
    done = host.run("notify.telegram", **channel("telegram", service))
    assert (done["status"], done["reason"], metric(done, "perhaps_sent")) == ("fail", "connect.closed", 1), done
    gone = dict(channel("telegram", service), api=f"http://127.0.0.1:{free_port()}")
    done = host.run("notify.telegram", **gone)
    assert (done["status"], done["reason"], metric(done, "perhaps_sent")) == ("fail", "connect.refused", None), done
    assert not any(secret in host.everything() for secret in SECRETS)


@pytest.fixture
def alertmanager(tmp_path):
    """The real one."""
    program = shutil.which("prometheus-alertmanager")
    if not program:
        pytest.skip("prometheus-alertmanager is missing")
    (tmp_path / "am.yml").write_text("route: { receiver: none }\nreceivers: [{ name: none }]\n")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with open(tmp_path / "am.log", "wb") as log, subprocess.Popen(
            [program, f"--config.file={tmp_path}/am.yml", f"--storage.path={tmp_path}/am", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
            stdout=log, stderr=log) as running:

        def is_ready():
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"{url}/-/ready", timeout=2).status == 200
            return False

        try:
            wait_until("Alertmanager is ready", is_ready, 20)
            yield url
        finally:
            running.terminate()
            try:
                running.wait(10)
            finally:
                running.kill()


def test_the_real_alertmanager(host, alertmanager):
    def alerts():
        with urllib.request.urlopen(f"{alertmanager}/api/v2/alerts", timeout=5) as answer:
            return json.load(answer)

    host.load("notify")
    conf = {"text": TEXT, "title": "Redis", "level": "page", "over": False, "url": alertmanager, "name": "Talon", "labels": {"service": "redis"}, "since": "0",
            "lasts": str(3600 * 10**9)}
    assert host.run("notify.alertmanager", **conf)["reason"] == "notify.sent"
    wait_until("Alertmanager shows it", alerts)
    alert, = alerts()
    assert alert["labels"] == {"alertname": "Talon", "service": "redis"} and alert["annotations"] == {"summary": "Redis", "description": TEXT, "level": "page"}
    assert host.run("notify.alertmanager", **dict(conf, text="it answers again", level="message", over=True))["reason"] == "notify.sent"
    wait_until("it is over", lambda: alerts() == [])
    done = host.run("notify.alertmanager", **dict(conf, url=f"{alertmanager}/elsewhere"))
    assert done["reason"] == "notify.refused", done


def test_imsg_by_socket_and_command(host, tmp_path):
    host.load("notify")
    note = {"text": TEXT, "level": "message", "over": False, "to": "+15550100"}
    command, seen = tmp_path / "imsg", tmp_path / "seen"
    command.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{seen}'\n")
    command.chmod(0o755)
    assert host.run("notify.imessage", command=str(command), **note)["reason"] == "notify.sent"
    assert seen.read_text() == f"send\n--to\n+15550100\n--text\n{TEXT}\n"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        server.settimeout(20)
        asked = []

        def serve():
            connection, _ = server.accept()
            with connection, connection.makefile("rw") as lines:
                asked.append(json.loads(lines.readline()))
                lines.write('{"jsonrpc":"2.0","id":1,"result":{"ok":true}}\n')
                lines.flush()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        done = host.run("notify.imessage", socket=str(tmp_path / "s"), command="imsg", **note)
        thread.join(20)
    assert done["reason"] == "notify.sent" and asked[0]["params"] == {"to": "+15550100", "text": TEXT}


def test_a_command_and_a_request(host, service, tmp_path):
    host.load("exec")
    done = host.run("exec.run", command=["/bin/sh", "-c", "echo mended; touch \"$0\"", str(tmp_path / "touched")], dir="/", expect_exit="0", max_output="65536",
                    impact="restart")
    assert (done["status"], done["summary"]) == ("ok", "mended") and (tmp_path / "touched").exists()
    host.load("http")
    service.answer = (200, {}, b'{"ok":true}')
    done = host.run("http.request", url=f"{service.url}/register", method="PUT", body="{}", bearer="s3cr3tbearer", expect_json={"ok": "true"}, follow="0",
                    max_body="65536", http2="auto", impact="restart")
    assert done["reason"] == "http.ok" and service.asked[0][0] == "/register" and service.asked[0][2] == b"{}"
    assert "s3cr3t" not in host.everything() + service.arguments


def test_a_signal(host, tmp_path):
    host.load("process")
    pid_file = tmp_path / "pid"
    with subprocess.Popen(["/bin/sleep", "600"]) as sleeper:
        try:
            pid_file.write_text(f"{sleeper.pid}\n")
            conf = {"pid_file": str(pid_file), "signal": "TERM", "gone_within": str(5 * 10**9)}
            done = host.run("process.signal", name="cat", **conf)
            assert (done["status"], done["reason"]) == ("unknown", "refused.other") and sleeper.poll() is None, done
            os.utime(pid_file, (1, 1))
            done = host.run("process.signal", name="sleep", **conf)
            assert (done["status"], done["reason"]) == ("unknown", "refused.other") and sleeper.poll() is None, done
            os.utime(pid_file)
            done = host.run("process.signal", name="sleep", **conf)
            assert (done["status"], done["reason"]) == ("ok", "process.gone"), done
            assert sleeper.wait(10) == -signal.SIGTERM
        finally:
            sleeper.kill()
    pid_file.write_text(f"{host.process.pid}\n")
    done = host.run("process.signal", name="talon-host", **conf)
    assert (done["status"], done["reason"]) == ("unknown", "refused.ours"), done


def test_colima_is_cycled(host, tmp_path):
    host.load("colima")
    program, seen = tmp_path / "colima", tmp_path / "seen"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{seen}'\necho \"$PATH\" > '{tmp_path}/path'\n[ ! -e '{tmp_path}/broken' ] || {{\n"
                       "echo 'time=\"x\" level=fatal msg=\"no space left on device\"' >&2; exit 1; }\n")
    program.chmod(0o755)
    conf = {"profile": "default", "command": str(program), "path": f"{tmp_path}:/usr/bin:/bin"}
    done = host.run("colima.force-cycle", seconds=30, stop_within=str(10**10), **conf)
    assert (done["status"], done["reason"]) == ("ok", "colima.ok"), done
    assert seen.read_text().splitlines() == ["stop --force --profile default", "start --profile default"]
    assert (tmp_path / "path").read_text().strip() == conf["path"]
    assert [json.loads(line)["text"] for line in host.heard if '"progress"' in line] == [f"{program} stop --force --profile default", f"{program} start --profile default"]
    (tmp_path / "broken").touch()
    done = host.run("colima.start", **conf)
    assert (done["status"], done["reason"]) == ("fail", "disk.full"), done
