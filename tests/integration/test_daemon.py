"""The daemon's own life: reload, the last good configuration, its lock, its port, its hosts."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

import pytest

import servers
from conftest import Talon, children_of, free_port, wait_until


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield server.getsockname()[1]


def one(port, name="one", every="1s", more=""):
    return f"  {name}:\n    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{port} }}, every: {every}, fail_after: 1, recover_after: 1{more} }} }}\n"


def checks(talon):
    return {c["name"]: c for c in json.loads(talon.get("/api/v1/checks")[1])["checks"]}


def test_reload_keeps_what_did_not_change(talon, listening):
    talon.write("services:\n" + one(listening, "a") + one(listening, "b"))
    talon.start()
    since = talon.service("a")["since_unix"]
    talon.wait("a few runs", lambda: all(c["runs"] >= 2 for c in checks(talon).values()))
    runs = checks(talon)["a.port"]["runs"] if "a.port" in checks(talon) else checks(talon)["a"]["runs"]
    talon.write("services:\n" + one(listening, "a") + one(listening, "b", every="2s") + one(listening, "c"))
    talon.daemon.send_signal(signal.SIGHUP)
    talon.wait("c is watched", lambda: talon.verdicts().get("c") == "ok")
    assert talon.service("a")["since_unix"] == since
    now = checks(talon)
    assert now[next(n for n in now if n.startswith("a"))]["runs"] >= runs, "its counters went on"


def test_changed_files_are_seen_after_two_quiet_seconds(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    talon.write("services:\n" + one(listening, "a") + one(listening, "b"))
    talon.wait("b is watched", lambda: talon.verdicts().get("b") == "ok", 8)


def test_a_bad_reload_is_refused_whole_and_shown(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    talon.write("services:\n" + one(listening, "a") + one(listening, "b").replace("tcp:", "tpc:"))
    talon.daemon.send_signal(signal.SIGHUP)
    error = talon.wait("the refusal is shown", lambda: talon.status()["config"]["error"])
    assert "talon.yaml:" in error and "tpc" in error
    assert talon.verdicts() == {"a": "ok"} and talon.health()["config_error"]
    assert "tpc" in talon.command("status").stdout
    talon.write("services:\n" + one(listening, "a"))
    talon.daemon.send_signal(signal.SIGHUP)
    talon.wait("the error is gone", lambda: not talon.status()["config"]["error"])


def test_bad_files_at_start_run_the_last_good_ones(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    assert talon.stop() == 0
    talon.write("services:\n" + one(listening, "a") + "nonsense: 1\n")
    talon.start()
    assert talon.verdicts() == {"a": "ok"}
    assert "nonsense" in talon.status()["config"]["error"]


def test_bad_files_and_none_that_were_good_end_with_three(talon):
    talon.write("nonsense: 1\n")
    daemon = talon.start(ready=False)
    assert daemon.wait(timeout=10) == 3
    talon.daemon = None
    assert "nonsense" in talon.errors.read_text() and ":4:1: error:" in talon.errors.read_text()


def test_a_broken_last_good_configuration_is_set_aside_and_kept(talon):
    talon.state.mkdir(parents=True, exist_ok=True)
    (talon.state / "last-good.conf").write_bytes(b"no configuration \x00\xff at all")
    talon.write("nonsense: 1\n")
    daemon = talon.start(ready=False)
    assert daemon.wait(timeout=10) == 3
    talon.daemon = None
    said = talon.errors.read_text()
    assert "there is no usable configuration, and none that was good before" in said, said
    assert "last-good.conf" in said and "set aside" in said, said
    assert not (talon.state / "last-good.conf").exists()
    assert (talon.state / "last-good.conf.broken").read_bytes() == b"no configuration \x00\xff at all"


def test_a_second_daemon_names_the_first(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    second = talon.command("run")
    assert second.returncode == 3 and str(talon.core_pid()) in second.stderr, second.stderr


def test_a_taken_port_is_reported_and_tried_again(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    with socket.create_server(("127.0.0.1", talon.port)):
        talon.start(ready=False)
        talon.wait("it says so", lambda: "taken" in talon.errors.read_text())
    talon.wait("it answers when the port is free", lambda: talon.health().get("state") == "Healthy")


def test_it_ends_quietly_and_leaves_nothing(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    begun = time.monotonic()
    assert talon.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < 3
    assert json.loads((talon.state / "state.json").read_text())


def test_when_the_core_is_killed_its_hosts_end(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    assert talon.host_pids()
    talon.stop(signal.SIGKILL)


def test_status_without_a_daemon_shows_what_was_saved(talon, listening):
    talon.write("services:\n" + one(listening, "a"))
    talon.start()
    talon.stop()
    shown = talon.command("status")
    assert "not running" in shown.stderr + shown.stdout or "saved" in shown.stderr + shown.stdout, shown.stdout + shown.stderr


def test_a_killed_host_costs_no_check(talon):
    """Kills the shared host in the middle of 100 running checks: those are run again, none fails, none is lost."""
    gate = threading.Event()
    waiting = []

    def serve(connection):
        servers.head(connection)
        waiting.append(connection)
        gate.wait(20)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    with servers.Peer(serve, backlog=512) as peer:
        lines = "".join(f"      c{i}: {{ http: {{ url: 'http://127.0.0.1:{peer.port}/' }}, every: 30s, timeout: 20s, fail_after: 1, unknown_after: 1 }}\n" for i in range(100))
        talon.write("services:\n  many:\n    checks:\n" + lines)
        talon.start(ready=False)
        talon.wait("100 checks are running", lambda: len(waiting) >= 100, 20)
        (host,) = talon.host_pids()
        os.kill(host, signal.SIGKILL)
        talon.wait("they are run again", lambda: len(waiting) >= 200, 15)
        gate.set()
        talon.wait("all are ok", lambda: talon.get("/readyz")[0] == 200, 20)
        states = checks(talon).values()
        assert len(states) == 100
        assert {(c["verdict"], c["status"]) for c in states} == {("ok", "ok")}
        assert talon.health()["ok"] is True
        assert "failed" not in talon.errors.read_text().replace("0 failed", "")


def test_a_chain_has_one_root(talon, sanitized):
    """Three services in a chain whose last fails first by a shorter interval: the first is the only root cause, always."""
    for turn in range(5 if sanitized else 20):
        peers = [servers.Peer(lambda connection: connection.recv(1)) for _ in range(3)]
        names = ["first", "second", "third"]
        text = ""
        for i, name in enumerate(names):
            needs = f"    needs: [{names[i - 1]}]\n" if i else ""
            every = ["700ms", "400ms", "100ms"][i]
            text += f"  {name}:\n{needs}    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{peers[i].port} }}, every: {every}, timeout: 2s, fail_after: 2 }} }}\n"
        talon.write("services:\n" + text)
        talon.errors.write_text("")
        talon.start()
        roots = set()
        time.sleep(0.037 * (turn % 11))  # another phase of the schedule in each turn: the moment of the break, not a wait
        for peer in peers:
            peer.close()

        def settled():
            now = {s["name"]: s for s in talon.status()["services"]}
            for name, s in now.items():
                if s["verdict"] == "failed" and not s["caused_by"] and "waiting" not in " ".join(s["flags"]) and "waiting" not in s["why"]:
                    roots.add(name)
            return len(now) == 3 and all(s["verdict"] == "failed" for s in now.values()) and now["third"]["caused_by"] and now["second"]["caused_by"]
        talon.wait("the chain is judged", settled, 30)
        now = {s["name"]: s for s in talon.status()["services"]}
        assert roots == {"first"}, (turn, roots)
        assert now["second"]["caused_by"] == "first" and now["third"]["caused_by"] == "first", now
        talon.stop()


def test_children_see_only_the_stated_path(talon):
    talon.write("services:\n  env:\n    checks: { path: { exec: { command: [sh, -c, 'echo \"$PATH\"; ls /proc/self/fd | wc -l'], match: '^/usr/bin:/bin\\n[0-4]\\n' } } }\n",
                settings="exec_path: [/usr/bin, /bin]")
    done = talon.command("check", "--json")
    assert done.returncode == 0, done.stdout
