"""The guard: whatever ends or stops the core, its plugin hosts or the guard itself, Talon watches again soon, and nothing is left behind."""
import contextlib
import itertools
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

import pytest

import servers
from conftest import Shift, children_of, wait_until

# A check whose program leaves two processes behind, one of which has left its group.
ESCAPES = "a: { checks: { c: { exec: { command: [sh, -c, 'setsid sleep 997 & sleep 998 & wait'] }, every: 1s, timeout: 900ms } } }"


@pytest.fixture
def ports():
    """ports(n): n of them, on which somebody takes connections until the test is over."""
    with contextlib.ExitStack() as stack:
        yield lambda n: [stack.enter_context(servers.closing()).port for _ in range(n)]


def good(ports, every="200ms"):
    return "".join(f"  g{i}: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{port} }}, every: {every} }} }} }}\n" for i, port in enumerate(ports))


def sleepers():
    """Our stray processes anywhere: nobody else sleeps that long."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes() in (b"sleep\x00997\x00", b"sleep\x00998\x00"):
                found.append(int(entry.name))
    return found


def runs(talon):
    """Ended runs of all checks, as the endpoint tells them; -1: it does not answer."""
    status, body = talon.get("/api/v1/checks")
    return sum(check["runs"] for check in json.loads(body)["checks"]) if status == 200 else -1


def reports(talon):
    return sorted((talon.state / "crash").glob("core-*.txt"))


def test_a_core_that_crashes_is_started_again(talon, ports):
    talon.write("services:\n" + good(ports(1)) + "  " + ESCAPES, "guard: { stall: 5s }")
    talon.start()
    wait_until("the strays run", lambda: len(sleepers()) >= 2)
    before, guard = talon.core_pid(), talon.daemon.pid
    os.kill(before, signal.SIGABRT)  # which sanitizers leave alone
    talon.wait("another core answers", lambda: talon.core_pid() not in (0, before) and talon.get("/readyz")[0] == 200, 10)
    assert talon.daemon.pid == guard and talon.daemon.poll() is None
    report = reports(talon)[-1].read_text()
    assert "signal 6" in report and "SIGABRT in:" in report and "talon-core" in report and "answering" in report, report
    assert "the core had to be started again: signal 6" in talon.status()["self"] and str(reports(talon)[-1]) in talon.status()["self"]
    assert (reports(talon)[-1].stat().st_mode & 0o777) == 0o600
    assert talon.stop() == 0
    wait_until("nothing is left behind", lambda: not sleepers(), 5)


def test_one_that_stands_still_is_ended_and_started_again(talon, ports):
    talon.write("services:\n" + good(ports(1)), "guard: { stall: 2s }")
    talon.start()
    before = talon.core_pid()
    os.kill(before, signal.SIGSTOP)
    talon.wait("another core answers", lambda: talon.core_pid() not in (0, before) and talon.get("/readyz")[0] == 200, 12)
    assert "stood still for 2 s, since it was stopped" in reports(talon)[-1].read_text()


@pytest.mark.this_build_alone
def test_a_blocked_loop_is_said_then_ended(talon, ports, hooks):
    if not hooks:
        pytest.skip("this build has no debug hooks: configure with --enable-debug-hooks")
    talon.write("services:\n" + good(ports(1)), "guard: { stall: 6s }")
    talon.start()
    before = talon.core_pid()
    os.kill(before, signal.SIGUSR2)
    talon.wait("it says that it is stalled", lambda: talon.health().get("stalled"), 5)
    assert talon.health()["ok"] is False
    talon.wait("another core answers", lambda: talon.core_pid() not in (0, before) and talon.health().get("stalled") is False, 12)
    report = reports(talon)[-1].read_text()
    assert "stood still for 6 s, then signal 6" in report and "SIGABRT in:" in report and "ev_run" in report, report


def test_crash_after_crash_ends_in_safe_mode(talon, ports):
    talon.write("services:\n" + good(ports(1)))
    talon.start()
    for _ in range(3):
        before = talon.core_pid()
        os.kill(before, signal.SIGKILL)
        talon.wait("another core answers", lambda: talon.core_pid() not in (0, before) and talon.get("/readyz")[0] == 200, 15)
    assert talon.status()["self"].startswith("safe mode, since the core has crashed three times within ten minutes"), talon.status()["self"]
    assert talon.verdicts() == {"g0": "ok"}
    assert len(reports(talon)) == 3


def test_signals_pass_through(talon, ports):
    talon.write("services:\n" + good(ports(1)))
    talon.start()
    loaded = talon.status()["config"]["loaded_at_unix"]
    core = talon.core_pid()
    talon.write("services:\n" + good(ports(2)))
    talon.daemon.send_signal(signal.SIGHUP)
    talon.wait("it has reloaded", lambda: set(talon.verdicts()) == {"g0", "g1"}, 5)
    assert talon.status()["config"]["loaded_at_unix"] >= loaded and talon.core_pid() == core
    assert talon.stop(signal.SIGINT) == 0


def test_a_stop_of_the_core_alone_is_a_stop(talon, ports):
    talon.write("services:\n" + good(ports(1)))
    talon.start()
    os.kill(talon.core_pid(), signal.SIGTERM)
    assert talon.daemon.wait(timeout=10) == 0
    talon.daemon = None


def test_without_a_guard_nothing_goes_on(talon, ports):
    talon.write("services:\n" + good(ports(1)) + "  " + ESCAPES)
    talon.start()
    wait_until("the strays run", lambda: len(sleepers()) >= 2)
    family = children_of(talon.daemon.pid)
    talon.daemon.kill()
    talon.daemon.wait()
    alive = [pid for pid in family if pid not in sleepers()]
    wait_until("core and hosts have ended with it", lambda: not [p for p in alive if pathlib.Path(f"/proc/{p}").exists() and p not in sleepers()], 5)
    talon.start() # lock and port are free, and what nobody could adopt is found by its mark
    talon.wait("the strays of the one before are ended", lambda: not set(sleepers()) & set(family), 6)
    assert talon.stop() == 0
    wait_until("nothing is left behind", lambda: not sleepers(), 5)


class Systemd:
    """A stand-in for systemd with Type=notify, Restart=always and a watchdog: it starts `talon run` again when that has ended or fallen silent."""

    WATCHDOG = 2.0

    def __init__(self, talon, folder):
        self.talon = talon
        self.shift = Shift(folder / "shift", talon)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = str(folder / "notify")
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.ready = False
        self.heard = 0.0
        self.start()

    def start(self):
        with self.talon.errors.open("a") as errors:
            self.talon.daemon = subprocess.Popen(
                [str(self.talon.program), "run", "--config", str(self.talon.config)], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=self.talon.folder,
                start_new_session=True, env=self.talon.environment(NOTIFY_SOCKET=self.path, WATCHDOG_USEC=str(int(self.WATCHDOG * 1e6)), **self.shift.environment))
        self.heard = time.monotonic()
        self.ready = False

    def hear(self):
        while True:
            try:
                said = self.socket.recv(4096)
            except BlockingIOError:
                return
            self.heard = time.monotonic()
            self.ready = self.ready or said == b"READY=1"

    def turn(self):
        self.hear()
        if self.talon.daemon.poll() is not None:
            self.start()
        elif self.ready and time.monotonic() - self.heard > self.WATCHDOG:
            self.talon.daemon.kill()
            self.talon.daemon.wait()
            self.start()

    def until(self, what, condition, seconds):
        def turn():
            self.turn()
            return condition()
        began = time.monotonic()
        wait_until(what, turn, seconds)
        return time.monotonic() - began


def parent_of(pid):
    with contextlib.suppress(OSError):
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    return 0


def hosts_of(talon):
    """The core's own: one that a dead core has left may still be dying under the guard."""
    core = talon.core_pid()
    return [pid for pid in talon.host_pids() if core and parent_of(pid) == core]


def verdicts_of_good(talon):
    """None of them may be blamed for what happens to Talon: at most it has not run yet."""
    verdicts = {talon.verdicts()[f"g{i}"] for i in range(20)}
    assert verdicts <= {"ok", "starting"}, talon.status()
    return verdicts


def rounds(sanitized):
    """Every combination of who is hit and how; a few of them where each start takes long."""
    who = [hit for n in (1, 2, 3) for hit in itertools.combinations(("guard", "core", "host"), n)]
    every = [(hit, how) for hit in who for how in (signal.SIGKILL, signal.SIGSTOP)]
    if os.environ.get("SOAK"):
        return every * 8
    return random.Random(7).sample(every, 4) if sanitized else every


def test_killed_or_stopped_in_every_combination(talon, ports, tmp_path, sanitized, capsys):
    talon.write("services:\n" + good(ports(20)) + "  " + ESCAPES, "guard: { stall: 2s }")
    systemd = Systemd(talon, tmp_path)
    slack = 3.0 if sanitized else 1.0
    systemd.until("it watches", lambda: systemd.ready and runs(talon) > 20, 30)
    longest = {signal.SIGKILL: 0.0, signal.SIGSTOP: 0.0}  # beside what the stand-in's watchdog takes
    for hit, how in rounds(sanitized):
        systemd.shift.sleep(11 * 60)  # what was, is forgotten: no pause before a restart, no safe mode
        pids = {"guard": [talon.daemon.pid], "core": [talon.core_pid()], "host": hosts_of(talon)[:1]}
        family = children_of(talon.daemon.pid)
        for name in reversed(hit):  # children first: they may die with their parents
            os.kill(pids[name][0], how)
        gone = [pids[name][0] for name in hit if name != "host"]
        seen = runs(talon)

        def watches_again():
            if [pid for pid in gone if pid in (talon.daemon.pid, talon.core_pid())]:
                return False
            now = runs(talon)
            return now >= 21 and (gone or now > seen + 20)
        took = systemd.until(f"{how.name} of {' and '.join(hit)}: it watches again", watches_again, 20)
        took -= Systemd.WATCHDOG if "guard" in hit and how == signal.SIGSTOP else 0
        longest[how] = max(longest[how], took)
        assert took < (2.0 if how == signal.SIGKILL else 4.0) * slack, f"{how.name} of {hit} took {took:.1f} s"
        family = {pid for pid in family if pid in gone}
        wait_until("the old ones are gone", lambda: not [pid for pid in family if pathlib.Path(f"/proc/{pid}").exists()], 5)
        systemd.until("the next round may begin", lambda: systemd.ready and hosts_of(talon), 10)
        systemd.until("every check is ok", lambda: verdicts_of_good(talon) == {"ok"}, 10)
        assert "safe mode" not in (talon.status()["self"] or ""), talon.status()
    systemd.until("what the last ones left is ended", lambda: not set(sleepers()) - set(children_of(talon.daemon.pid)), 8)
    assert talon.stop(seconds=20) == 0
    wait_until("nothing is left behind", lambda: not sleepers(), 5)
    if not sanitized:
        with capsys.disabled():
            print(f"\nfigure guard.rounds {len(rounds(sanitized))} count")
            print(f"figure guard.killed_s {longest[signal.SIGKILL]:.2f} s\nfigure guard.stopped_s {longest[signal.SIGSTOP]:.2f} s")
