"""What the daemon remembers: killed, stopped, reloaded, with a store that cannot be written, and with clocks that jump."""
import contextlib
import json
import mmap
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time

import pytest

import servers
from conftest import Shift, free_port, wait_until

if sys.platform != "linux":
    pytest.skip("namespaces and preloaded libraries are of Linux", allow_module_level=True)

SOAK = bool(os.environ.get("SOAK"))
HELD = threading.Event()  # never set: a server that hangs


@pytest.fixture
def in_one_build(sanitized):
    """What says nothing of memory is tried in one build alone, to keep the check within its time."""
    if sanitized and not SOAK:
        pytest.skip("this is tried in the build without sanitizers, and with SOAK=1 in both")


@pytest.fixture
def shift(talon, sanitized):
    if sanitized:
        pytest.skip("the sanitizers want to be loaded first: nothing can be preloaded into this build")
    made = Shift(talon.folder / "shift", talon)
    plain = talon.environment
    talon.environment = lambda **more: plain(**made.environment, **more)
    return made


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield server.getsockname()[1]


def tcp(name, port, every="200ms", more="fail_after: 1, recover_after: 1", of_service=""):
    return f"  {name}:\n{of_service}    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{port} }}, every: {every}, {more} }} }}\n"


def rows(talon, sql, folder=None):
    """Read beside the daemon, which goes on writing. A copy of the files is read where they lie in another namespace."""
    with contextlib.closing(sqlite3.connect((folder or talon.state) / "talon.db", timeout=5)) as database:
        return database.execute(sql).fetchall()


def check(talon, service, name="port"):
    return next((c for c in talon.service(service)["checks"] if c["name"].endswith(name)), {"bad_in_a_row": -1, "verdict": "", "summary": ""})


def notices(talon):
    return re.findall(r"^.*notice=.*$", talon.errors.read_text(), re.M)


def kill_core(talon):
    core = talon.core_pid()
    os.kill(core, signal.SIGKILL)
    return talon.wait("another core runs", lambda: talon.core_pid() not in (0, core) and talon.core_pid())


def silence(talon, service, duration):
    done = talon.command("silence", service, duration, "planned")
    if "there is no command" in done.stderr:
        pytest.skip("this version has no `talon silence`")
    assert done.returncode == 0, done.stderr
    talon.wait("it is kept: a crash may cost what the last 100 ms brought", lambda: service in kept(talon, "silence"))


def silenced(talon, service):
    return "silenced" in talon.service(service).get("flags", [])


def kept(talon, kind):
    return [name for name, in rows(talon, f"SELECT name FROM kept WHERE kind = '{kind}' ORDER BY name")]


# ---- processes end

def test_killed_it_goes_on_where_it_was(talon, listening):
    """An open incident, what people were told and a streak are there after kill -9, and nothing is told or collected twice."""
    talon.write("services:\n" + tcp("well", listening) + tcp("down", free_port()) + tcp("long", free_port(), more="fail_after: 1000"))
    talon.start()
    talon.wait("it is down", lambda: talon.verdicts()["down"] == "failed")
    talon.wait("a streak of five", lambda: check(talon, "long")["bad_in_a_row"] >= 5)
    since = talon.service("down")["since_unix"]
    talon.wait("the incident is in the store", lambda: rows(talon, "SELECT 1 FROM kept WHERE kind = 'incident'"))
    told = notices(talon)
    for _ in range(2):
        before = check(talon, "long")["bad_in_a_row"]
        time.sleep(0.4)  # what a streak may be behind: it is written four times a second
        kill_core(talon)
        talon.wait("it answers", lambda: talon.service("long")["checks"])
        assert check(talon, "long")["bad_in_a_row"] >= before, "the streak went on"
        assert talon.verdicts()["down"] == "failed" and talon.service("down")["since_unix"] == since
    talon.wait("it is judged anew", lambda: talon.get("/readyz")[0] == 200)
    assert rows(talon, "SELECT id, root, state FROM incidents") == [(1, "down", "open")]
    assert rows(talon, "SELECT count(*) FROM lines WHERE kind = 'opened'") == [(1,)] and notices(talon) == told
    evidence = [json.loads(text) for text, in rows(talon, "SELECT text FROM lines WHERE kind = 'evidence'")]
    assert [e["check"] for e in evidence] == ["down.port"] and evidence[0]["reason"] == "connect.refused", evidence
    assert rows(talon, "SELECT what, target FROM audit") == [("digest: opened", "down")]
    assert rows(talon, "PRAGMA integrity_check") == [("ok",)]


def test_stopped_and_started_it_says_nothing(talon):
    """Status is whole at once, before any check has answered; the next incident has the next number, and what was removed meanwhile is closed and counts no time."""
    hangs = threading.Event()
    refused = free_port()

    def serve(connection):
        if hangs.is_set():
            HELD.wait(20)
        connection.sendall(b"ready")

    with servers.Peer(serve) as peer:
        services = ("services:\n" + tcp("down", refused) + tcp("gone", free_port()) +
                    f"  slow:\n    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{peer.port}, expect: never }}, every: 200ms, timeout: 15s, fail_after: 1 }} }}\n")
        talon.write(services)
        talon.start()
        talon.wait("all are failed", lambda: set(talon.verdicts().values()) == {"failed"})
        before = check(talon, "slow")
        assert talon.stop() == 0
        told, hung = notices(talon), hangs.set()
        assert hung is None and told
        talon.write(services.replace("  gone:", "  newer:"))
        talon.start(ready=False)
        talon.wait("it answers", lambda: talon.service("slow")["checks"])
        after = check(talon, "slow")
        assert (after["verdict"], after["summary"], after["reason"]) == ("failed", before["summary"], before["reason"]), "before its first run has ended"
        talon.wait("the new one is down", lambda: talon.verdicts().get("newer") == "failed")
        talon.wait("all is written", lambda: "newer.port" in kept(talon, "check") and "gone.port" not in kept(talon, "check"))
        assert [n for n in notices(talon)[len(told):] if "newer" not in n] == []
        found = dict(rows(talon, "SELECT root, state FROM incidents"))
        assert found == {"down": "open", "gone": "removed", "slow": "open", "newer": "open"}
        assert rows(talon, "SELECT root FROM incidents ORDER BY id DESC LIMIT 1") == [("newer",)] and rows(talon, "SELECT max(id) FROM incidents") == [(4,)]
        assert rows(talon, "SELECT class FROM spans JOIN names ON id = spans.name WHERE names.name = 'gone'") == [(5,)]


def test_a_silence_outlives_a_kill(talon, listening):
    talon.write("services:\n" + tcp("well", listening) + tcp("down", free_port()))
    talon.start()
    silence(talon, "down", "1h")
    kill_core(talon)
    talon.wait("it is silenced in the next core as well", lambda: silenced(talon, "down"))
    assert not silenced(talon, "well")
    assert rows(talon, "SELECT what, target FROM audit WHERE who != 'talon'") == [("silence", "down")]


# ---- reloads

@pytest.mark.usefixtures("in_one_build")
def test_a_reload_keeps_what_did_not_change(talon):
    """One service changes: the others' streaks, counts and connections go on. A mistake changes nothing, and is told."""
    def serve(connection):
        while servers.head(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with servers.Peer(serve) as peer:
        kept_open = f"  kept:\n    checks: {{ port: {{ http: {{ url: 'http://127.0.0.1:{peer.port}/', keep: true }}, every: 200ms }} }}\n"
        others = "services:\n" + kept_open + tcp("down", free_port(), more="fail_after: 1000")
        talon.write(others + tcp("changed", free_port()))
        talon.start()
        talon.wait("a streak", lambda: check(talon, "down")["bad_in_a_row"] >= 3)
        accepted, streak = peer.accepted, check(talon, "down")["bad_in_a_row"]
        talon.write(others + tcp("changed", free_port(), every="300ms"))
        assert talon.command("reload").returncode == 0
        assert check(talon, "down")["bad_in_a_row"] >= streak
        runs = json.loads(talon.get("/api/v1/checks")[1])["checks"]
        wanted = {c["name"]: c["runs"] + 3 for c in runs}
        talon.wait("all are run on", lambda: all(c["runs"] >= wanted[c["name"]] for c in json.loads(talon.get("/api/v1/checks")[1])["checks"]))
        assert peer.accepted == accepted == 1, "its one connection is the same"
        talon.write(others + tcp("changed", free_port()).replace("tcp:", "tpc:"))
        assert talon.command("reload").returncode != 0
        talon.wait("status and /health tell it", lambda: "tpc" in str(talon.status()["config"]["error"]) and "tpc" in str(talon.health()["config_error"]))
        streak = check(talon, "down")["bad_in_a_row"]
        talon.wait("the streak goes on", lambda: check(talon, "down")["bad_in_a_row"] > streak + 1)
        assert peer.accepted == 1 and set(talon.verdicts()) == {"kept", "down", "changed"}


# ---- a store that cannot be written

class Watched:
    """A daemon that checks a server each 100 ms, and whose store gets into trouble: checks and /health keep their schedule all the time."""

    def __init__(self, talon, peer):
        self.talon, self.peer = talon, peer
        talon.write("services:\n" + tcp("well", peer.port, every="100ms") + tcp("down", free_port(), more="fail_after: 1000"))

    def goes_on(self):
        begun, first, slowest = time.monotonic(), self.peer.accepted, 0
        while self.peer.accepted < first + 6:
            asked = time.monotonic()
            assert self.talon.health()["probe_count"] == 2
            slowest = max(slowest, time.monotonic() - asked)
            assert time.monotonic() - begun < 3, "checks keep their schedule"
        assert slowest < 1, "/health answers"

    def says(self, words):
        """Within a second the store tries, the daemon looks at it, and status is made anew."""
        return self.talon.wait(f"status says: {words}", lambda: words in (self.talon.status().get("self") or "") and self.talon.status()["self"], 5)

    def is_well(self):
        self.talon.wait("no word of it is left", lambda: self.talon.status()["services"] and not self.talon.status()["self"], 8)


@pytest.fixture
def watched(talon):
    with servers.Peer(lambda connection: connection.recv(1)) as peer:
        yield Watched(talon, peer)
        if talon.daemon:
            assert talon.stop() == 0


def in_a_namespace(talon, mount, *words):
    """Lets the daemon run with a mount of its own, of which nothing is left when it has ended."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("nsenter"):
        pytest.skip("a mount of one's own needs root, unshare and nsenter")
    if subprocess.run(["unshare", "-m", "sh", "-c", mount, *words], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel refuses a mount of one's own")
    wrapper = talon.folder / "talon-in-a-namespace"
    line = " ".join(f"'{word}'" for word in words)
    wrapper.write_text(f"#!/bin/sh\nexec unshare -m sh -c '{mount} && exec \"$@\"' {line} '{talon.program}' \"$@\"\n")
    wrapper.chmod(0o755)
    real, talon.program = talon.program, wrapper
    talon.start()
    talon.program = real


@pytest.mark.usefixtures("in_one_build")
def test_a_full_disk(talon, watched, tmp_path):
    talon.state.mkdir()
    in_a_namespace(talon, 'mount -t tmpfs -o size=3m none "$0"', talon.state)
    inside = pathlib.Path(f"/proc/{talon.daemon.pid}/root{talon.state}")
    with (inside / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    watched.says("the disk is full")
    talon.wait("people are told", lambda: any("cannot be kept on disk" in notice for notice in notices(talon)))
    watched.goes_on()
    (inside / "ballast").unlink()
    watched.is_well()
    assert "the store is up again" in talon.errors.read_text() and not list(inside.glob("*.broken*"))
    copy = tmp_path / "copy"
    copy.mkdir()
    os.kill(talon.core_pid(), signal.SIGSTOP)  # so that all files are of one moment
    for file in inside.glob("talon.db*"):
        shutil.copy(file, copy / file.name)
    os.kill(talon.core_pid(), signal.SIGCONT)
    assert rows(talon, "PRAGMA integrity_check", copy) == [("ok",)]
    assert rows(talon, "SELECT count(*) FROM runs", copy)[0][0] > 5


@pytest.mark.skipif(not SOAK, reason="test_store.py tries it in short: this is for SOAK=1")
def test_a_disk_that_may_only_be_read(talon, watched):
    """What was kept is read all the same."""
    talon.start()
    talon.wait("a streak of five", lambda: check(talon, "down")["bad_in_a_row"] >= 5)
    talon.stop()
    before = rows(talon, "SELECT count(*) FROM runs")[0][0]
    in_a_namespace(talon, 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0"', talon.state / "talon.db")
    assert check(talon, "down")["bad_in_a_row"] >= 5
    watched.says("it may only be read")
    watched.goes_on()
    subprocess.run(["nsenter", "-t", str(talon.daemon.pid), "-m", "umount", "-l", str(talon.state / "talon.db")], check=True)
    watched.is_well()
    wait_until("it is written again", lambda: rows(talon, "SELECT count(*) FROM runs")[0][0] > before + 5)
    assert rows(talon, "PRAGMA integrity_check") == [("ok",)] and not list(talon.state.glob("*.broken*"))


def test_garbage_while_it_runs(talon, watched):
    talon.start()
    talon.wait("a streak is kept", lambda: check(talon, "down")["bad_in_a_row"] >= 3 and "down.port" in kept(talon, "check"))
    garbage = b"garbage and more garbage " * 2000
    with (talon.state / "talon.db").open("r+b") as file:
        file.write(garbage)
    watched.says("has been set aside")
    watched.goes_on()
    broken = list(talon.state.glob("talon.db.broken*"))
    assert broken and broken[0].read_bytes().startswith(garbage[:1000]), "nothing is deleted"
    wait_until("what is known is kept anew", lambda: kept(talon, "check") == ["down.port", "well.port"], 5)
    wait_until("runs are written again", lambda: rows(talon, "SELECT count(*) FROM runs")[0][0] > 5, 5)
    assert rows(talon, "PRAGMA integrity_check") == [("ok",)]
    streak = check(talon, "down")["bad_in_a_row"]
    time.sleep(0.4)  # what a streak may be behind
    kill_core(talon)
    talon.wait("it answers", lambda: talon.service("down")["checks"])
    assert check(talon, "down")["bad_in_a_row"] >= streak, "the streak is taken up from the new file"


@pytest.fixture
def hang(talon, sanitized):
    """hang(True): from now on every write into the store's log waits."""
    if sanitized:
        pytest.skip("the sanitizers want to be loaded first: nothing can be preloaded into this build")
    library = talon.program.parent / "tests" / "hardship" / ".libs" / "hang.so"
    if not library.exists():
        pytest.skip(f"{library} is missing: `make tests/hardship/hang.la` builds it, on Linux")
    path = talon.folder / "hang"
    path.write_bytes(bytes(8))
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), 8)
    plain = talon.environment
    talon.environment = lambda **more: plain(LD_PRELOAD=str(library), TALON_TEST_HANG=str(path), **more)

    def switch(hangs):
        shared[0:4] = struct.pack("I", hangs)
    yield switch
    switch(False)


def test_writes_that_hang(talon, watched, hang):
    """Also at a start: the daemon goes on without what was kept, says so, and harms nothing of the incidents of before."""
    talon.write("services:\n" + tcp("well", watched.peer.port, every="100ms") + tcp("down", free_port()))
    talon.start()
    wait_until("an incident is in it", lambda: rows(talon, "SELECT id, state FROM incidents") == [(1, "open")])
    hang(True)
    watched.says("the store has been writing for")
    first = watched.peer.accepted
    talon.wait("checks keep their schedule", lambda: watched.peer.accepted > first + 5, 2)
    kill_core(talon)
    watched.says("the store has been writing for")
    assert "what was kept before the start could not be read (the store has not answered within " in talon.errors.read_text()
    talon.wait("it watches without", lambda: talon.verdicts()["down"] == "failed", 5)
    hang(False)
    watched.says("could not be read")
    found = wait_until("the new incident is written", lambda: len(rows(talon, "SELECT id FROM incidents")) == 2 and rows(talon, "SELECT id, state FROM incidents ORDER BY id"))
    assert found[0] == (1, "lost") and found[1][0] > 10**9 and found[1][1] == "open"


# ---- clocks that jump

def test_clocks_that_jump(talon, shift):
    """The calendar set back by a day and on by a year, and ten minutes of sleep: nothing fails, nothing runs in a burst, and streaks of sleep are not taken for failures."""
    with servers.Peer(lambda connection: connection.recv(1)) as peer:
        talon.write("services:\n" + tcp("well", peer.port) + tcp("other", peer.port, every="500ms"))
        talon.start()

        def calm(seconds=0.7):
            """Of seven runs a second, and a fresh one of each beside."""
            begun, first = time.monotonic(), peer.accepted
            while time.monotonic() - begun < seconds:
                assert set(talon.verdicts().values()) <= {"ok"}, talon.verdicts()
            took = time.monotonic() - begun
            assert 3 * took - 2 <= peer.accepted - first <= 7 * took + 4, (peer.accepted - first, took)

        calm()
        shift.step(-86400)
        calm()
        shift.step(86400 + 365 * 86400)
        calm()
        kill_core(talon)
        talon.wait("it answers", lambda: talon.get("/readyz")[0] == 200)
        calm()
        shift.step(-365 * 86400)
        shift.sleep(600)
        calm()
    assert not notices(talon)
    assert rows(talon, "SELECT count(*) FROM incidents") == [(0,)]


def test_a_silence_under_clocks_that_jump(talon, listening, shift):
    talon.write("services:\n" + tcp("well", listening) + tcp("other", listening))
    talon.start()
    silence(talon, "well", "5m")
    silence(talon, "other", "1h")
    for step in (-86400, 365 * 86400):
        shift.step(step)
        kill_core(talon)
        talon.wait("both are silenced", lambda: silenced(talon, "well") and silenced(talon, "other"))
    shift.sleep(600)
    talon.wait("five minutes are over", lambda: not silenced(talon, "well") and silenced(talon, "other"))
    shift.step(-365 * 86400)
    kill_core(talon)
    talon.wait("and stay so", lambda: talon.get("/readyz")[0] == 200 and silenced(talon, "other"))
    assert not silenced(talon, "well")
