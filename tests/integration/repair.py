"""What the tests of repair share: what a daemon has repaired, with what, step by step and how it ended, and how it is killed in the middle of it.

What was repaired is read where it is kept (the store), what goes on where people see it (the API).
"""
import contextlib
import json
import os
import pathlib
import signal
import sqlite3

from conftest import wait_until


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def api(talon, path):
    return json.loads(talon.get(path)[1])


def limits_of(talon, name, runbook=None):
    """Of a service's first entry of `heal:`, or of that runbook's."""
    return next(r for r in api(talon, "/api/v1/limits")["runbooks"] if r["service"] == name and runbook in (None, r["runbook"]))


def refuses(talon, name, runbook=None):
    return [r["limit"] for r in limits_of(talon, name, runbook)["refuses"]]


def repair_text(talon, name):
    return ((talon.service(name).get("repair") or {}).get("text")) or ""


def rows(talon, sql, *given):
    with contextlib.closing(sqlite3.connect(talon.state / "talon.db", timeout=5)) as database:
        return database.execute(sql, given).fetchall()


def runs(talon):
    """Each run of a runbook, oldest first: (runbook, service, outcome). Without an outcome it goes on."""
    return rows(talon, "SELECT runbook, service, outcome FROM intents ORDER BY id")


def incidents(talon):
    """(number, service at its root, is it over), oldest first."""
    return [(number, root, closed is not None) for number, root, closed in rows(talon, "SELECT id, root, closed FROM incidents ORDER BY id")]


def story(talon, incident):
    """The lines of an incident, as they are kept: (kind, text)."""
    return rows(talon, "SELECT kind, text FROM lines WHERE incident = ? ORDER BY rowid", incident)


def running_step(talon):
    """The first run in progress, with its `runbook`, `service`, `step` and what it is `doing`."""
    return next((r for r in api(talon, "/api/v1/heal")["running"]), None)


def repaired(talon, runbook, service, seconds, outcome="fixed"):
    """Waits until that runbook has ended so for that service; nothing else may ever have been started."""
    def is_over():
        seen = runs(talon) if (talon.state / "talon.db").exists() else []
        assert {(book, of) for book, of, _ in seen} <= {(runbook, service)}, f"something else was repaired as well: {seen}"
        return seen and seen[-1][2]
    how = talon.wait(f"{runbook} for {service} has ended", is_over, seconds)
    assert how == outcome, f"{runbook} for {service}: {how}\n" + "\n".join(f"{kind}: {text}" for n, _, _ in incidents(talon) for kind, text in story(talon, n))


def all_is_told(talon, runbook, service, seconds=120):
    """The incident is closed, and its story has the runbook's begin and its end. Its number, and the story without its evidence."""
    talon.wait("the incident is closed", lambda: all(over for _, _, over in incidents(talon)), seconds)
    number = next(number for number, root, _ in incidents(talon) if root == service)
    told = [(kind, text) for kind, text in story(talon, number) if kind != "evidence"]
    assert ("repair begun", runbook) in told and ("fixed", runbook) in told, told
    return number, told


# ---- in the middle of it

def marked(word):
    """Processes whose arguments hold that word."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word in (entry / "cmdline").read_bytes().decode(errors="replace"):
                found.append(int(entry.name))
    return found


def kill_core(talon, seconds=15):
    core = talon.core_pid()
    os.kill(core, signal.SIGKILL)
    talon.wait("another core answers", lambda: talon.core_pid() not in (0, core) and talon.get("/readyz")[0] == 200, seconds)


def kill_guard(talon):
    """The core ends with its guard, by itself; whoever has started both starts them again."""
    left = [talon.core_pid(), *talon.host_pids()]
    talon.daemon.kill()
    talon.daemon.wait(timeout=10)
    talon.daemon = None
    wait_until("the core ends with it", lambda: not [pid for pid in left if pathlib.Path(f"/proc/{pid}").exists()], 20)
    talon.start()
