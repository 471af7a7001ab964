"""Hard times: no memory, no descriptor, no program, no room on the disk, no port. None of it ends anything, each is said, and is gone when its cause is."""
import contextlib
import http.client
import http.server
import json
import mmap
import os
import pathlib
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from conftest import Talon, wait_until

if sys.platform != "linux":
    pytest.skip("prlimit and a preloaded allocator are of Linux", allow_module_level=True)

SHORT = "there is not enough memory"
FULL = "no descriptor is left"


class Refusal:
    """What tests/hardship/refuse.c reads: every n-th allocation of a program fails while n is not 0."""

    def __init__(self, path, library, program):
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(library), "TALON_TEST_REFUSE": str(path), "TALON_TEST_REFUSE_IN": program}

    def every(self, n):
        self.map[0:4] = struct.pack("I", n)

    def refused(self):
        return struct.unpack("IIII", self.map[:])[2]


@pytest.fixture
def refusal(build, sanitized, tmp_path):
    """refusal(program): how to refuse memory to it."""
    if sanitized:
        pytest.skip("this build has the sanitizers' allocator, which cannot be made to refuse: a build without --enable-sanitizers is needed")
    library = build / "tests" / "hardship" / ".libs" / "refuse.so"
    if not library.exists():
        pytest.skip(f"{library} is missing: make check_LTLIBRARIES builds it (`make tests/hardship/refuse.la`)")
    return lambda program: Refusal(tmp_path / f"refuse-{program}", library, program)


@pytest.fixture
def web():
    """The port of a server that answers with JSON and keeps connections."""
    class Answer(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b'{"a":1}')

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def tree(build, folder, host=None):
    """A copy of the programs, parts of which may go missing; host: what stands in talon-host's place."""
    folder.mkdir()
    for name in ("talon", "talon-core", "talon-host", "talon-keeper"):
        shutil.copy2(build / name, folder / name)
    (folder / "plugins").symlink_to(build / "plugins")
    if host:
        (folder / "talon-host").unlink()
        (folder / "talon-host").write_text(host)
        (folder / "talon-host").chmod(0o755)
    return folder / "talon"


@contextlib.contextmanager
def another(program, folder, **environment):
    """A Talon of a program (and with an environment) of the test's own, ended with it."""
    folder.mkdir()
    made = Talon(program, folder)
    plain = made.environment
    made.environment = lambda **more: plain(**environment, **more)
    try:
        yield made
        if made.daemon:
            assert made.stop() == 0
    finally:
        if made.daemon and made.daemon.poll() is None:
            made.daemon.kill()
            made.daemon.wait()


def every_type(port, secret):
    """A check of most types, one of them with a secret that is asked for again all the time."""
    often = "every: 100ms, timeout: 90ms"
    secret.write_text("opens it\n")
    secret.chmod(0o600)
    return (f"secrets: {{ key: {{ command: [cat, '{secret}'], ttl: 1s }} }}",
            "services:\n  a:\n    checks:\n"
            f"      tcp: {{ tcp: {{ address: 127.0.0.1:{port} }}, {often} }}\n"
            f"      http: {{ http: {{ url: 'http://127.0.0.1:{port}/', headers: {{ X-Key: '${{secrets.key}}' }}, expect_json: {{ a: 1 }} }}, every: 100ms, timeout: 1s }}\n"
            f"      exec: {{ exec: {{ command: [echo, hi], match: hi }}, every: 100ms, timeout: 1s }}\n"
            f"      file: {{ file: {{ path: /etc/passwd, match: root }}, every: 100ms, timeout: 1s }}\n"
            f"      process: {{ process: {{ name: talon-core }}, {often} }}\n"
            f"      load: {{ load: {{ warn: 4000 }}, {often} }}\n")


def checks(talon):
    status, body = talon.get("/api/v1/checks")
    return {check["name"]: check for check in json.loads(body)["checks"]} if status == 200 else {}


def all_go_on(talon):
    """Every check is ok and is being run: none is stuck."""
    before = checks(talon)

    def better():
        now = checks(talon)
        return before and now and all(now[name]["status"] == "ok" and now[name]["runs"] > before[name]["runs"] for name in before)
    talon.wait("all checks are run, and ok", better, 8)


def self_of(talon):
    return talon.status().get("self") or ""


# ---- memory

def test_memory_refused_to_the_core(build, refusal, web, tmp_path):
    hard = refusal("talon-core")
    with another(build / "talon", tmp_path / "core", **hard.environment) as talon:
        settings, services = every_type(web, tmp_path / "secret")
        talon.write(services, settings)
        talon.start()
        core, said = talon.core_pid(), set()
        for n in (101, 7, 3):
            before, end = hard.refused(), time.monotonic() + 0.4
            hard.every(n)
            talon.write(services, f"{settings}\n# read again with every {n}th allocation refused")
            talon.daemon.send_signal(signal.SIGHUP)
            while time.monotonic() < end or (hard.refused() == before and time.monotonic() < end + 3):  # a round
                said.add(self_of(talon))
            hard.every(0)
            assert hard.refused() > before, n
            assert talon.core_pid() == core, f"every {n}th allocation refused has ended the core:\n{talon.errors.read_text()[-3000:]}"
            all_go_on(talon)
            said.add(self_of(talon))
        assert [text for text in said if SHORT in text], said
        talon.wait("no word of it is left", lambda: talon.status()["services"] and not self_of(talon), 10)
        assert talon.health()["ok"] is True and not (talon.status()["config"]["error"] or "")
        assert talon.core_pid() == core and not list((talon.state / "crash").glob("*"))


def test_a_start_without_memory_is_tried_again(build, refusal, web, tmp_path):
    hard = refusal("talon-core")
    hard.every(101)  # what the first load of all needs is refused, and what the core itself cannot do without is not
    with another(build / "talon", tmp_path / "start", **hard.environment) as talon:
        settings, services = every_type(web, tmp_path / "secret")
        talon.write(services, settings)
        talon.start(ready=False)
        talon.wait("it says that memory lacks for the configuration", lambda: "not enough memory for the configuration" in talon.errors.read_text(), 5)
        hard.every(0)
        talon.wait("it watches", lambda: talon.get("/readyz")[0] == 200, 10)
        all_go_on(talon)


def test_memory_refused_to_a_host(build, refusal, web, tmp_path):
    hard = refusal("talon-host")
    words = " ".join(f"{name}='{value}'" for name, value in hard.environment.items())
    program = tree(build, tmp_path / "tree", f"#!/bin/sh\n{words} exec '{build}/talon-host' \"$@\"\n")
    with another(program, tmp_path / "host") as talon:
        settings, services = every_type(web, tmp_path / "secret")
        talon.write(services, settings)
        talon.start()
        core, host = talon.core_pid(), min(talon.host_pids())
        seen = set()
        for n in (101, 7, 2):
            before, end = hard.refused(), time.monotonic() + 0.4
            hard.every(n)
            while time.monotonic() < end:  # a round
                seen.update((check["status"], check["reason"]) for check in checks(talon).values())
            hard.every(0)
            assert hard.refused() > before, n
            assert talon.core_pid() == core and host in talon.host_pids(), f"every {n}th allocation refused has ended the host:\n{talon.errors.read_text()[-3000:]}"
            all_go_on(talon)
        assert ("unknown", "local") in seen, seen
        assert not [status for status, _ in seen if status in ("fail", "warn")], f"memory is no evidence against a target: {seen}"


# ---- descriptors

def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


@contextlib.contextmanager
def at_most(pid, which, n):
    """Lowers a limit of a process that runs."""
    soft, most = resource.prlimit(pid, which)
    resource.prlimit(pid, which, (n, most))
    try:
        yield
    finally:
        resource.prlimit(pid, which, (soft, most))


def lets_in(talon):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", talon.port), timeout=1) as client:
        client.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        return b" 200 " in client.recv(4096)
    return False


def test_a_full_table_of_descriptors_in_the_core(talon, web):
    talon.write(f"services: {{ a: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{web} }}, every: 100ms }} }} }} }}")
    talon.start()
    core = talon.core_pid()
    kept = http.client.HTTPConnection("127.0.0.1", talon.port, timeout=5)

    def told():
        kept.request("GET", "/api/v1/status")
        return json.loads(kept.getresponse().read()).get("self") or ""
    assert told() == ""
    with contextlib.ExitStack() as clients:
        with at_most(core, resource.RLIMIT_NOFILE, descriptors(core) + 4):
            for _ in range(12):
                clients.enter_context(socket.create_connection(("127.0.0.1", talon.port)))
            talon.wait("it says so to those who are in", lambda: FULL in told(), 8)
            assert talon.core_pid() == core
        clients.close()
        talon.wait("there is no word of it any more", lambda: told() == "", 5)
        talon.wait("new clients are let in", lambda: lets_in(talon), 12)
    kept.close()
    assert talon.core_pid() == core and talon.verdicts() == {"a": "ok"}


def test_a_full_table_of_descriptors_in_a_host(talon, web):
    talon.write("services: { a: { checks: { port: { tcp: { address: 127.0.0.1:%d }, every: 100ms, timeout: 300ms }, exec: { exec: { command: ['true'] }, every: 100ms, timeout: 300ms } } } }" % web)
    talon.start()
    core, host = talon.core_pid(), min(talon.host_pids())
    with at_most(host, resource.RLIMIT_NOFILE, 3):
        for name in ("a.port", "a.exec"):
            talon.wait(f"{name} could not be asked", lambda name=name: checks(talon)[name]["status"] == "unknown" and checks(talon)[name]["reason"] == "local", 8)
        assert host in talon.host_pids() and talon.core_pid() == core
    all_go_on(talon)
    assert host in talon.host_pids() and talon.core_pid() == core


# ---- programs

def test_programs_that_are_missing(build, web, tmp_path, sanitized):
    if sanitized:
        pytest.skip("the other build's run has shown it")
    program = tree(build, tmp_path / "tree")
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho fine\n")
    tool.chmod(0o755)
    with another(program, tmp_path / "missing") as talon:
        talon.write("services: { a: { checks: { port: { tcp: { address: 127.0.0.1:%d }, every: 100ms }, tool: { exec: { command: ['%s'] }, every: 100ms } } } }" % (web, tool))
        talon.start()
        tool.rename(tmp_path / "away")
        talon.wait("the tool is said to be missing", lambda: checks(talon)["a.tool"]["reason"] == "exec.not_found", 5)
        assert checks(talon)["a.tool"]["status"] == "unknown"
        (tmp_path / "away").rename(tool)
        all_go_on(talon)

        host, away = tmp_path / "tree" / "talon-host", tmp_path / "tree" / "away"
        host.rename(away)
        os.kill(min(talon.host_pids()), signal.SIGKILL)
        talon.wait("the host is said to be missing", lambda: checks(talon)["a.port"]["reason"] == "plugin.not_started", 5)
        assert f"{host} does not exist" in checks(talon)["a.port"]["summary"], checks(talon)
        away.rename(host)
        all_go_on(talon)

        core, pid = tmp_path / "tree" / "talon-core", talon.core_pid()
        core.rename(away)
        os.kill(pid, signal.SIGKILL)
        talon.wait("the core is said to be missing", lambda: f"{core} does not exist" in talon.errors.read_text(), 5)
        assert talon.daemon.poll() is None
        away.rename(core)
        talon.wait("there is a core again", lambda: talon.core_pid() not in (0, pid) and talon.get("/readyz")[0] == 200, 8)
        all_go_on(talon)


# ---- disks

@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB: room for the database and what it writes before that."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted: run this as root where mount is allowed")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
    return filler


def test_a_full_disk(talon, web, small_disk):
    """The log and the state folder on one that has no room: both are said, then both are written again."""
    talon.state, log = small_disk / "state", small_disk / "log" / "talon.log"
    services = f"services: {{ a: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{web} }}, every: 100ms }} }} }} }}"
    talon.write(services, f"log: {{ file: '{log}' }}")
    talon.start()
    core = talon.core_pid()
    talon.wait("the log is written", lambda: log.exists() and "in force" in log.read_text(), 5)
    filler = fill(small_disk)
    talon.write(services + "\n# read again", f"log: {{ file: '{log}' }}")

    def lost():
        talon.daemon.send_signal(signal.SIGHUP)  # each reload is a line of log, until one has found no room
        return "could not be written to" in self_of(talon)
    talon.wait("the log is said to be full", lost, 8)
    assert str(log) in self_of(talon) and "No space left on device" in self_of(talon), self_of(talon)
    talon.wait("the state folder is said to be full", lambda: str(talon.state) in self_of(talon), 8)
    filler.unlink()
    talon.wait("no word of it is left", lambda: not self_of(talon), 12)
    assert "could not be written" in log.read_text() and talon.core_pid() == core
    assert "# read again" in (talon.state / "last-good.conf").read_text()


def test_files_that_may_not_grow(talon, web):
    """A limit on file sizes comes as a signal that ends who does not ignore it."""
    talon.write(f"services: {{ a: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{web} }}, every: 100ms }} }} }} }}")
    talon.start()
    core = talon.core_pid()
    with at_most(core, resource.RLIMIT_FSIZE, 0):
        talon.daemon.send_signal(signal.SIGHUP)
        talon.wait("it is said", lambda: "File too large" in self_of(talon), 8)
    talon.wait("no word of it is left", lambda: not self_of(talon), 12)
    assert talon.core_pid() == core


# ---- the port

def test_a_taken_port_is_said_where_it_can_be(talon, web):
    talon.write(f"services: {{ a: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{web} }}, every: 100ms }} }} }} }}")
    with socket.create_server(("127.0.0.1", talon.port)):
        talon.start(ready=False)
        talon.wait("the control socket says it", lambda: "taken" in str(talon.command("status", "--json").stdout), 8)
        core = talon.core_pid()
    talon.wait("it answers, and there is no word of it", lambda: talon.health().get("ok") and not self_of(talon), 5)
    assert talon.core_pid() == core
