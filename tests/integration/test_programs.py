"""Supervised programs, with real processes: what keeps them, what takes them away, and what must leave them alone."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from conftest import free_port, wait_until

HERE = pathlib.Path(__file__).resolve().parent
SERVER = HERE / "program_server.py"
LAUNCHCTL = HERE.parent / "world" / "bin" / "launchctl"
SERVICE = "services:\n  worker:\n    checks:\n      port: {{ tcp: {{ address: '127.0.0.1:{port}' }}, every: 200ms, timeout: 150ms, fail_after: 1 }}\n"
SOAK = pytest.mark.skipif(not os.environ.get("SOAK"), reason="what it decides is tried in tests/unit/test_programs_*.c; with real processes with SOAK=1")
FAST = "restart: { first: 200ms, longest: 800ms }"


class Worker:
    """The program `worker` of a Talon, and what it wrote down."""

    def __init__(self, talon, folder):
        self.talon, self.folder, self.port = talon, folder, free_port()
        folder.mkdir()

    def settings(self, *lines, path="/usr/bin:/bin"):
        own = "".join(f"    {line}\n" for line in lines)
        return (f"exec_path: [{path.replace(':', ', ')}]\n"
                f"programs:\n  worker:\n    command: [{sys.executable}, {SERVER}, {self.folder}, '{self.port}']\n    log: {self.folder}/log\n{own}")

    def write(self, *lines, more="", **others):
        self.talon.write(SERVICE.format(port=self.port), more + self.settings(*lines, **others))

    def starts(self):
        lines = (self.folder / "starts").read_text().split("\n") if (self.folder / "starts").exists() else []
        return [(int(line.split()[0]), float(line.split()[1])) for line in lines if line.count(" ") == 1]

    def shown(self):
        return next((p for p in self.talon.status().get("programs", []) if p["name"] == "worker"), {"state": "", "pid": 0, "why": "", "last_end": "", "restarts": -1})

    def is_now(self, state, seconds=10, **fields):
        def same():
            shown = self.shown()
            return shown["state"] == state and all(shown[key] == value for key, value in fields.items()) and shown
        try:
            return self.talon.wait(f"the program is {state} {fields or ''}", same, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n--- shown: {self.shown()}") from None

    def answers(self):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
                return b"200" in connection.recv(100)
        return False

    def runs(self):
        pid = self.is_now("running")["pid"]
        self.talon.wait("the program answers", self.answers)
        return pid

    def text(self, name):
        return (self.folder / name).read_text() if (self.folder / name).exists() else ""


def lives(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def worker(talon, tmp_path):
    made = Worker(talon, tmp_path / "worker")
    yield made
    if talon.daemon:
        talon.stop()
    left = [pid for pid, _ in made.starts() if lives(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"Talon has been stopped, and its program goes on: {left}"


def test_one_that_dies_is_back_after_a_pause_that_doubles(worker, talon):
    worker.write(FAST)
    talon.start()
    for n in range(3):
        pid = worker.runs()
        os.kill(pid, signal.SIGKILL)
        worker.is_now("running", restarts=n + 1)
    worker.runs()
    times = [when for _, when in worker.starts()]
    gaps = [later - earlier for earlier, later in zip(times, times[1:])]
    assert len(times) == 4 and all(gap >= least for gap, least in zip(gaps, (.2, .4, .8))), gaps
    assert worker.shown()["last_end"] == "signal 9 (Killed)"
    assert talon.health()["worker_restarts"] == 3
    metrics = talon.get("/metrics")[1].decode()
    assert "talon_worker_restarts 3" in metrics or "talon_worker_restarts_total 3" in metrics, metrics
    assert 'talon_program_running{program="worker"} 1' in metrics
    assert talon.stop() == 0
    talon.start() # the count outlives all of it
    assert talon.health()["worker_restarts"] == 3


def test_the_core_the_keeper_and_the_guard_die_and_the_program_does_not(worker, talon):
    worker.write(FAST, f"start_call: {{ url: 'http://127.0.0.1:{worker.port}/api', after: 0s }}")
    talon.start()
    pid = worker.runs()
    talon.wait("the start-up call", lambda: "PUT /api" in worker.text("calls"))
    core, keeper = talon.core_pid(), talon.pids_of("talon-keeper")
    assert len(keeper) == 1
    os.kill(core, signal.SIGKILL)
    talon.wait("another core answers", lambda: talon.core_pid() not in (0, core) and talon.get("/readyz")[0] == 200)
    worker.is_now("running", pid=pid, restarts=0)
    assert talon.pids_of("talon-keeper") == keeper

    os.kill(keeper[0], signal.SIGKILL)
    talon.wait("another keeper", lambda: talon.pids_of("talon-keeper") not in ([], keeper))
    worker.is_now("running", pid=pid, restarts=0)
    talon.wait("its trouble is over", lambda: "keeper of programs" not in (talon.status()["self"] or ""))

    left = [core for core in (talon.core_pid(), *talon.pids_of("talon-keeper")) if core]
    talon.daemon.kill()
    talon.daemon.wait()
    talon.daemon = None
    wait_until("core and keeper end with their guard", lambda: not [one for one in left if lives(one)])
    assert lives(pid) and worker.answers()
    talon.start()
    worker.is_now("running", pid=pid, restarts=0)
    assert len(worker.starts()) == 1 and worker.text("calls").count("PUT") == 1

    os.kill(pid, signal.SIGKILL) # nobody here is its parent, and yet its end is seen
    again = worker.is_now("running", restarts=1)
    assert again["pid"] != pid and "nobody could wait" in again["last_end"]
    assert talon.stop() == 0


def test_one_that_ends_while_there_is_no_core_is_started_by_the_next(worker, talon):
    worker.write(FAST)
    talon.start()
    pid, core = worker.runs(), talon.core_pid()
    os.kill(core, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    os.kill(core, signal.SIGKILL)
    shown = worker.is_now("running", restarts=1)
    assert shown["pid"] != pid


def test_a_port_of_somebody_else_is_waited_for(worker, talon):
    other = subprocess.Popen([sys.executable, "-c", "import socket, sys, time\n"
                              f"s = socket.create_server(('127.0.0.1', {worker.port}))\nprint(flush=True)\nc = s.accept()\ntime.sleep(600)"], stdout=subprocess.PIPE)
    other.stdout.readline()
    client = socket.create_connection(("127.0.0.1", worker.port))
    try:
        worker.write(FAST, f"port: {worker.port}")
        talon.start()
        shown = worker.is_now("waiting for its port")
        assert f"port {worker.port} is taken by python3" in shown["why"] and f"(pid {other.pid})" in shown["why"], shown
        said = talon.command("programs")
        assert said.returncode == 1 and "waiting for its port" in said.stdout and "python3" in said.stdout
        assert "worker is waiting for its port" in talon.command("status").stdout
        assert other.poll() is None
        talon.config.write_text(talon.config.read_text().replace(f"port: {worker.port}", f"port: {{ listen: '127.0.0.1:{worker.port}', taken: refuse }}"))
        assert talon.command("reload").returncode == 0
        worker.is_now("refused")
        assert other.poll() is None and not worker.starts()
        client.sendall(b"still connected")
    finally:
        other.kill()
        other.wait()
        client.close()
    assert talon.command("programs", "start", "worker").returncode == 0
    worker.runs()


def test_told_to_stop_it_drains_it_and_all_that_it_started(worker, talon):
    (worker.folder / "child").touch()
    worker.write("drain: 5s")
    talon.start()
    pid = worker.runs()
    child = int(talon.wait("its child", lambda: worker.text("child")))
    assert talon.stop() == 0
    assert worker.text("drained") == str(pid) and not lives(pid)
    wait_until("what it left behind ends", lambda: not lives(child))

    (worker.folder / "stubborn").touch()
    talon.config.write_text(talon.config.read_text().replace("drain: 5s", "drain: { signal: TERM, wait: 500ms }"))
    talon.start()
    again = worker.runs()
    before = time.monotonic()
    assert talon.stop() == 0
    assert time.monotonic() - before >= .5 and not lives(again) and worker.text("drained") == str(again)

    talon.config.write_text(talon.config.read_text().replace("wait: 500ms", "wait: 10m"))
    talon.start()
    patient = worker.runs()
    talon.daemon.send_signal(signal.SIGTERM)
    talon.wait("it is told", lambda: worker.text("drained") == str(patient))
    assert talon.stop() == 0 and not lives(patient) # who asks twice does not want to wait


def test_secrets_are_in_its_environment_and_nowhere_else(worker, talon):
    values = {"TOKEN": "s3cret-of-a-command", "PASSWORD": "s3cret-of-a-file"}
    (worker.folder / "password").write_text(values["PASSWORD"] + "\n")
    (worker.folder / "password").chmod(0o600)
    (worker.folder / "lease").write_text(f"#!/bin/sh\ncat {worker.folder}/token\n")
    (worker.folder / "token").write_text(values["TOKEN"])
    (worker.folder / "lease").chmod(0o755)
    (worker.folder / "env").write_text("# a comment\nexport QUOTED=\"two words\"\nSINGLE='x'\nPLAIN=y # z\n\nnonsense\nWORKER_ROLE=file\n")
    worker.write("secrets: { TOKEN: token, PASSWORD: password, ABSENT: absent }", "env: { WORKER_ROLE: host }", f"env_file: {worker.folder}/env",
                 f"folder: {worker.folder}",
                 more=f"secrets:\n  token: {{ command: [{worker.folder}/lease], ttl: 24h }}\n  password: {{ file: {worker.folder}/password }}\n"
                      f"  absent: {{ file: {worker.folder}/none }}\n")
    talon.start()
    pid = worker.runs()
    environ = dict(entry.split("=", 1) for entry in pathlib.Path(f"/proc/{pid}/environ").read_text().strip("\0").split("\0"))
    assert {key: environ[key] for key in values} == values and "ABSENT" not in environ # one that cannot be had only warns
    assert (environ["QUOTED"], environ["SINGLE"], environ["WORKER_ROLE"], environ["PATH"]) == ("two words", "x", "host", "/usr/bin:/bin")
    assert environ["TALON_PROGRAM"] == "worker" and pathlib.Path(f"/proc/{pid}/cwd").readlink() == worker.folder
    assert "without a secret" in talon.errors.read_text() and "no variables" in talon.errors.read_text()
    talon.command("programs")
    for value in values.values():
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                assert value.encode() not in (process / "cmdline").read_bytes()
            with contextlib.suppress(OSError):
                assert int(process.name) == pid or value.encode() not in (process / "environ").read_bytes(), process
        assert value not in talon.errors.read_text() and value not in talon.command("status", "--json").stdout + talon.command("config", "show").stdout
        for file in talon.state.rglob("*"):
            if file.is_file():
                assert value.encode() not in file.read_bytes(), file


def loaded(folder, domain, label):
    """A stand-in for launchctl by which that label can be loaded and unloaded."""
    (folder / "bin").mkdir()
    shutil.copy(LAUNCHCTL, folder / "bin" / "launchctl")
    (folder / "bin" / "launchctl.answers" / domain).mkdir(parents=True)
    return folder / "bin" / "launchctl.answers" / domain / label


def test_one_that_launchd_has_is_not_run_and_given_up_when_it_takes_it(worker, talon):
    job = loaded(worker.folder, "system", "com.example.worker")
    job.write_text("state = running\n")
    path = f"{worker.folder}/bin:/usr/bin:/bin"
    worker.write(FAST, "unless_loaded: { label: com.example.worker, every: 500ms }", path=path)
    refused = talon.command("--worker-only", config=False, env=talon.environment(TALON_CONFIG=str(talon.config)))
    assert refused.returncode == 1 and refused.stderr == "external supervisor com.example.worker is loaded; unload it before running --worker-only\n"
    talon.start()
    shown = worker.is_now("owned by another")
    assert shown["why"] == "com.example.worker is loaded in system, which runs it", shown
    said = talon.command("programs", "start", "worker")
    assert said.returncode == 3 and "another supervisor owns it" in said.stderr, said
    assert talon.command("programs").returncode == 0
    job.unlink()
    pid = worker.runs()
    job.write_text("state = running\n")
    worker.is_now("owned by another", pid=0)
    assert worker.text("drained") == str(pid) and not lives(pid)
    job.unlink()
    worker.runs()
    assert talon.health()["worker_restarts"] == 0


@SOAK
def test_one_that_systemd_has_is_not_run(worker, talon):
    (worker.folder / "bin").mkdir()
    (worker.folder / "bin" / "systemctl").write_text(f"#!/bin/sh\n[ $1 = --system ] && [ -e {worker.folder}/active ] && echo activating && exit 3\necho inactive\nexit 3\n")
    (worker.folder / "bin" / "systemctl").chmod(0o755)
    (worker.folder / "active").touch()
    worker.write(FAST, "unless_loaded: { label: worker.service, every: 500ms }", path=f"{worker.folder}/bin")
    talon.start()
    assert worker.is_now("owned by another")["why"] == "worker.service is loaded in systemd, which runs it"
    (worker.folder / "active").unlink()
    worker.runs()


def events(worker):
    lines = worker.text("events").splitlines()
    return [json.loads(line) for line in lines if line.endswith("}")]


@SOAK
def test_preflight_and_events(worker, talon):
    (worker.folder / "preflight").write_text(f"#!/bin/sh\n[ -e {worker.folder}/hang ] && exec sleep 600\n[ -e {worker.folder}/good ] || {{ echo cannot import >&2; exit 7; }}\n")
    (worker.folder / "tell").write_text(f"#!/bin/sh\ncat >>{worker.folder}/events\n")
    for name in ("preflight", "tell"):
        (worker.folder / name).chmod(0o755)
    worker.write(FAST, f"folder: {worker.folder}", "preflight: { command: [./preflight], timeout: 1s }",
                 f"events: {{ command: [{worker.folder}/tell], source: worker-supervisor, component: host-worker }}")
    talon.start()
    first = talon.wait("an event", lambda: events(worker))[0]
    assert first == {"action": "worker.supervisor.preflight.failed", "source": "worker-supervisor", "component": "host-worker", "program": "worker", "level": "error",
                     "success": False, "error": "the preflight failed: exit code 7: cannot import"}
    talon.wait("its sentence is shown", lambda: worker.shown()["why"] == first["error"])
    assert not worker.starts()
    (worker.folder / "hang").touch()
    talon.wait("its deadline", lambda: any("did not end within 1s" in e["error"] for e in events(worker)))
    (worker.folder / "hang").unlink()
    (worker.folder / "good").touch()
    pid = worker.runs()
    os.kill(pid, signal.SIGKILL)
    ended = talon.wait("its end is told", lambda: [e for e in events(worker) if e["action"] == "worker.supervisor.worker_exit"])
    assert ended[0]["error"] == "signal 9 (Killed)"
    worker.runs()


@SOAK
def test_one_that_is_not_well_is_started_again(worker, talon):
    worker.write(FAST, "health: { check: worker.port, start: 30s, fail_after: 3 }", "drain: 300ms", f"start_call: {{ url: 'http://localhost:{worker.port}/sync?x=1', "
                 "after: 100ms, every: 300ms, tries: 30 }")
    (worker.folder / "fail-calls").write_text("2")
    talon.start()
    pid = worker.runs()
    talon.wait("the third call goes well", lambda: worker.text("calls").count("PUT /sync?x=1") == 3)
    talon.wait("it was well", lambda: talon.service("worker")["verdict"] == "ok")
    (worker.folder / "stubborn").touch()
    with socket.socket() as full:
        os.kill(pid, signal.SIGSTOP) # connections are still accepted by the kernel: so its queue is filled
        queue = []
        with contextlib.suppress(OSError):
            for _ in range(200):
                connection = socket.socket()
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", worker.port))
                queue.append(connection)
        shown = worker.is_now("running", restarts=1, seconds=20)
        for connection in queue:
            connection.close()
        full.close()
    assert shown["pid"] != pid and not lives(pid)
    assert "its check worker.port was bad 3 times in a row" in talon.errors.read_text()
    assert "GET" in worker.text("calls") and talon.health()["worker_restarts"] == 1


def test_a_person_stops_and_starts_it(worker, talon):
    worker.write("drain: 2s")
    talon.start()
    pid = worker.runs()
    said = talon.command("programs")
    assert said.returncode == 0 and f"pid {pid}" in said.stdout
    assert re.search(rf"^kept running:\nworker +running +\d+ \w+ +pid {pid}\b", talon.command("status").stdout, re.MULTILINE)
    page = talon.get("/")[1]
    page = page.decode() if isinstance(page, bytes) else page
    assert "<h2>worker <small>program</small></h2>" in page and f"pid {pid}" in page
    assert talon.command("programs", "stop", "worker").returncode == 0
    worker.is_now("stopped", pid=0, wanted=False)
    assert "worker is stopped by a person" in talon.command("status").stdout
    assert re.search(r"^kept running:\nworker +stopped ", talon.command("status").stdout, re.MULTILINE)
    assert talon.stop() == 0
    talon.start()
    assert worker.shown()["state"] == "stopped" and len(worker.starts()) == 1 # also across a restart of Talon
    assert talon.command("programs", "start", "worker").returncode == 0
    second = worker.runs()
    assert talon.command("programs", "restart", "worker", "--json").returncode == 0
    talon.wait("another process", lambda: worker.shown()["state"] == "running" and worker.shown()["pid"] not in (0, second))
    assert talon.health()["worker_restarts"] == 0
    wrong = talon.command("programs", "stop", "worke")
    assert wrong.returncode == 3 and "did you mean `worker`?" in wrong.stderr
    assert talon.command("programs", "kill", "worker").returncode == 3


def test_a_reload_touches_only_what_has_changed(worker, talon):
    worker.write(FAST)
    talon.start()
    pid = worker.runs()
    talon.config.write_text(talon.config.read_text().replace("longest: 800ms", "longest: 900ms"))
    assert talon.command("reload").returncode == 0
    assert worker.is_now("running")["pid"] == pid
    talon.config.write_text(talon.config.read_text() + "\n")
    worker.write(FAST, "env: { NEW: '1' }")
    assert talon.command("reload").returncode == 0
    talon.wait("another process", lambda: worker.shown()["state"] == "running" and worker.shown()["pid"] not in (0, pid))
    talon.wait("it has the new variable", lambda: "NEW=1" in worker.text("environ"))
    talon.write(SERVICE.format(port=worker.port))
    assert talon.command("reload").returncode == 0
    talon.wait("it is gone", lambda: talon.status()["programs"] == [])
    assert not worker.answers() and talon.health()["worker_restarts"] == 0


def test_worker_only(worker, talon):
    worker.write(FAST, "health: worker.port")
    talon.config.write_text(talon.config.read_text() + "      other: { tcp: { address: '127.0.0.1:1' } }\n")
    talon.start("--worker-only")
    worker.runs()
    assert [check["name"] for check in talon.service("worker")["checks"]] == ["port"]


@SOAK
def test_logs_are_rotated_and_the_program_writes_on(worker, talon):
    worker.write("log_rotate: 1KiB", f"log_errors: {worker.folder}/errors")
    talon.start()
    worker.runs()
    for _ in range(12):
        assert worker.answers()
    talon.wait("the log is rotated", lambda: (worker.folder / "log.1").exists() and (worker.folder / "log").stat().st_size < 1024, 12)
    assert worker.text("log.1").startswith("started\n") and worker.text("log.1").count("x" * 100) >= 10
    assert worker.answers()
    talon.wait("it writes on, from the beginning", lambda: "x" * 100 in worker.text("log") and "\0" not in worker.text("log"))
    assert not (worker.folder / "errors.1").exists()


def test_a_dry_run_starts_nothing(worker, talon):
    worker.write("preflight: { command: [no-such-program] }")
    assert "the program of a preflight, no-such-program is not found in /usr/bin:/bin" in talon.command("validate").stderr
    talon.start("--dry-run")
    assert talon.status()["programs"] == [] and not talon.pids_of("talon-keeper")
    assert not worker.starts()
