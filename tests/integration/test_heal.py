"""Repair by the real daemon, with real processes: what breaks is repaired within its limits, what does not hold is held, others' locks are respected; what a crash
interrupts is known afterwards, and nothing of it goes on."""
import contextlib
import fcntl
import json
import os
import random
import sqlite3
import sys

import pytest

from repair import api, kill_core, kill_guard, limits_of, lines, marked, refuses, repair_text, rows, running_step

if sys.platform != "linux":
    pytest.skip("processes are looked for in /proc", allow_module_level=True)

SOAK = bool(os.environ.get("SOAK"))


@pytest.fixture
def in_one_build(sanitized):
    """What says nothing of memory is tried in one build alone, to keep the check within its time."""
    if sanitized and not SOAK:
        pytest.skip("this is tried in the build without sanitizers, and with SOAK=1 in both")


LIMITS = "attempts: 2, cooldown: 1h, at_most: 3 per 6h, hold_after_failure: 30m, confirm: { ticks: 2 }"


def runbook(talon, name, steps, limits=LIMITS, verify="{ checks: [subject], passes: 2, every: 100ms, within: 10s }", more=""):
    path = talon.folder / f"{name}.yaml"
    path.write_text(f"runbook: {name}\ntitle: Mend what {name} is for\nimpact: restart\n{more}limits: {{ {limits} }}\nsteps:\n{steps}verify: {verify}\n")
    return path.name


def do(command, timeout="10s", more=""):
    return f"  - do: {{ exec.run: {{ command: [sh, -c, {json.dumps(command)}], impact: restart{more} }} }}\n    timeout: {timeout}\n"


def service(talon, name, heal, every="100ms", more=""):
    """Well while the file of its name is there."""
    (talon.folder / name).touch()
    check = f"{{ file: {{ path: {talon.folder}/{name} }}, every: {every}, timeout: 2s, fail_after: 2, recover_after: 1 }}"
    return f"  {name}:\n{more}    checks: {{ flag: {check} }}\n    heal:\n      - run: {heal}\n"


def start(talon, books, services, *words, settings=""):
    talon.write("services:\n" + "".join(services), f"{settings}\nrunbooks: [{', '.join(books)}]")
    return talon.start(*words)


def well(talon, name):
    return lambda: talon.verdicts().get(name) == "ok" and talon.service(name)["incident"] is None


# ---- within its limits


def test_what_breaks_is_repaired_once_and_then_cools_down(talon):
    ran, flag = talon.folder / "ran", talon.folder / "web"
    books = [runbook(talon, "mend", "  - collect: { exec.run: { command: [echo, seen before] } }\n" + do(f"echo ran >> {ran}; touch {flag}"))]
    start(talon, books, [service(talon, "web", "mend", more="    critical: true\n")])
    assert limits_of(talon, "web")["attempts"] == 0
    flag.unlink()
    talon.wait("it is repaired", lambda: lines(ran) == ["ran"] and well(talon, "web")(), 20)
    intents = "SELECT runbook, service, outcome FROM intents"
    talon.wait("it held", lambda: rows(talon, intents) == [("mend", "web", "fixed")])
    kinds = [kind for kind, in rows(talon, "SELECT kind FROM lines WHERE incident = 1 ORDER BY rowid")]
    assert "evidence" in kinds and any("seen before" in text for text, in rows(talon, "SELECT text FROM lines WHERE kind = 'evidence'"))
    steps = "SELECT count(*) FROM audit WHERE who = 'talon' AND target = 'web' AND what = 'step'"
    talon.wait("each step is in the audit", lambda: rows(talon, steps)[0][0] >= 2)
    shown = talon.command("incidents", "1").stdout
    told = [shown.index(words) for words in ("opened", "repair begun: mend", "mend, step 1: done", "mend, step 2: done", "fixed: mend")]
    assert told == sorted(told), shown

    flag.unlink()  # a relapse: the cooldown of an hour is its limit now
    talon.wait("the cooldown refuses", lambda: "cooldown" in refuses(talon, "web") and talon.verdicts()["web"] == "failed", 20)
    assert talon.health()["state"] == "Failed"
    talon.wait("that is said where people look", lambda: "cooldown" in repair_text(talon, "web"))
    assert "cooldown" in talon.command("status").stdout and "cooldown" in talon.command("why", "web").stdout
    shown = talon.command("limits", "web").stdout
    assert "attempts 1 of 2" in shown and "refuses: cooldown" in shown, shown
    asked = talon.command("heal", "web")
    assert asked.returncode == 3 and "cooldown" in asked.stderr, asked
    plan = talon.command("heal", "web", "--dry-run")
    assert plan.returncode == 1 and "refuses: cooldown" in plan.stdout and f"touch {flag}" in plan.stdout, plan.stdout
    assert lines(ran) == ["ran"] and not flag.exists()

    forced = talon.command("heal", "mend", "--force", "I know better")
    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert "fixed" in forced.stdout and "exec.run" in forced.stdout, forced.stdout
    assert lines(ran) == ["ran", "ran"]
    assert limits_of(talon, "web")["in_window"] == 1  # by hand uses up nothing
    talon.wait("who, and why", lambda: rows(talon, "SELECT text FROM audit WHERE what = 'heal --force'") == [("mend: I know better",)])
    assert talon.command("limits", "web", "--rearm").returncode == 0
    talon.stop()
    assert json.loads((talon.state / "state.json").read_text())["last_heal_time"] > 0  # what the old readers know it by


def test_what_does_not_hold_is_held_and_a_lock_of_others_is_waited_for(talon):
    """Two services in one daemon: a repair whose verification fails; one whose lock somebody else has."""
    lied, ran = talon.folder / "lied", talon.folder / "ran"
    books = [runbook(talon, "lie", do(f"echo lied >> {lied}"), limits="attempts: 5, cooldown: 0, at_most: 9 per 6h, hold_after_failure: 30m, confirm: { ticks: 2 }",
                     verify="{ checks: [subject], passes: 2, every: 100ms, within: 8s }"),
             runbook(talon, "shared", do(f"echo ran >> {ran}; touch {talon.folder}/locked"), limits=LIMITS + ", locks: [bridge]")]
    locks = talon.state / "locks"
    locks.mkdir(parents=True)
    talon.state.chmod(0o700)
    with (locks / "bridge.lock").open("w") as lock:
        lock.write(f"{os.getpid()} 1 kubectl-script\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        start(talon, books, [service(talon, "broken", "lie"), service(talon, "locked", "shared")], settings="remediation: { at_most: 20 per 1h, concurrent: 4 }")
        (talon.folder / "broken").unlink()
        (talon.folder / "locked").unlink()
        talon.wait("it did not help, and is held", lambda: "hold_after_failure" in refuses(talon, "broken"), 30)
        assert lines(lied) == ["lied"]
        talon.wait("that is kept", lambda: rows(talon, "SELECT outcome FROM intents WHERE runbook = 'lie'") == [("not fixed",)])
        talon.wait("the lock's holder is told", lambda: "kubectl-script" in repair_text(talon, "locked"), 20)
        assert lines(ran) == [] and limits_of(talon, "locked")["attempts"] == 0
    if not SOAK:
        return  # a lock of others is looked at again 10 s later
    talon.wait("the lock is free: it is repaired", lambda: lines(ran) == ["ran"] and well(talon, "locked")(), 30)
    assert lines(lied) == ["lied"]  # held all the while
    assert (locks / "bridge.lock").read_text() == ""


@pytest.mark.parametrize("how", ["--no-heal", "--dry-run"])
def test_a_talon_that_only_looks_does_nothing(talon, how, in_one_build):
    if how == "--dry-run" and not SOAK:
        pytest.skip("one of them is tried here, both with SOAK=1")
    ran, flag = talon.folder / "ran", talon.folder / "web"
    start(talon, [runbook(talon, "mend", do(f"echo ran >> {ran}; touch {flag}"))], [service(talon, "web", "mend")], how)
    flag.unlink()
    talon.wait("it is switched off", lambda: talon.service("web")["incident"] and "switched_off" in refuses(talon, "web"))
    asked = talon.command("heal", "web", "--force", "now")
    assert asked.returncode == 3 and how in asked.stderr, asked
    seen = talon.service("web")["checks"][0]["bad_in_a_row"]
    talon.wait("it goes on looking", lambda: talon.service("web")["checks"][0]["bad_in_a_row"] > seen + 5)
    assert lines(ran) == [] and not flag.exists()


# ---- what ends in the middle


def test_a_host_that_dies_with_its_action_interrupts_it(talon, in_one_build):
    ran = talon.folder / "ran"
    start(talon, [runbook(talon, "deadly", do(f"echo ran >> {ran}; kill -9 $PPID; sleep 60"))], [service(talon, "web", "deadly")])
    (talon.folder / "web").unlink()
    talon.wait("it is held", lambda: "hold_after_failure" in refuses(talon, "web"), 20)
    assert lines(ran) == ["ran"]
    talon.wait("that is kept", lambda: rows(talon, "SELECT outcome FROM intents") == [("interrupted",)])


STEPS = ["collect", "do", "until", "branch", "wait", "verify"]


def long_runbook(talon, at, stays):
    """The shape of k8s-reboot-heal: evidence, a cycle, a window with repairs on the way, a branch, a pause, the stability window. It stays in the step that is named."""
    log, flag = talon.folder / "log", talon.folder / "vm"

    def step(name):
        return f"echo {name} >> {log}" + (f"; exec sleep {stays}" if name == at else "")

    late = 3600 if at == "until" else 0
    return runbook(talon, "cycle", f"  - collect: {{ exec.run: {{ command: [sh, -c, {json.dumps(step('collect'))}] }} }}\n    timeout: 300s\n" +
                   do(step("do") + (f"; touch {flag}" if at not in ("until", "do") else ""), "300s") +
                   "  - until: { checks: [vm.flag], within: 200s, every: 100ms, passes: 2,\n      meanwhile: [ { do: { exec.run: { command: [sh, -c, " +
                   json.dumps(f"echo until >> {log}; sleep {late and stays or 0}") + "], impact: restart } }, every: 150s, timeout: 100s } ] }\n" +
                   "  - if: vm.flag ok\n    then:\n    - do: { exec.run: { command: [sh, -c, " + json.dumps(step("branch")) + "], impact: restart } }\n      timeout: 300s\n" +
                   f"  - wait: {'200s' if at == 'wait' else '100ms'}\n",
                   verify="{ checks: [subject], passes: 100, every: 1s, within: 400s }" if at == "verify" else "{ checks: [subject], passes: 2, every: 100ms, within: 10s }")


def is_in(talon, at):
    run = running_step(talon)
    if not run:
        return False
    if at in ("wait", "verify"):
        return at in run["doing"] or at in run["step"]
    return at in lines(talon.folder / "log")


@pytest.mark.parametrize("at", STEPS if SOAK else [random.Random(os.environ.get("SEED", "7")).choice(STEPS)])
def test_a_core_that_is_killed_in_a_step(talon, at, in_one_build):
    killed_in_a_step(talon, at, kill_core)


@pytest.mark.skipif(not SOAK, reason="with SOAK=1: as when the core is killed, in one step")
def test_a_guard_that_is_killed_in_a_step(talon):
    killed_in_a_step(talon, "branch", kill_guard)


def killed_in_a_step(talon, at, kill):
    stays = 100000 + random.SystemRandom().randrange(100000)  # a word by which its processes are known
    book = long_runbook(talon, at, stays)
    start(talon, [book], [service(talon, "vm", "cycle"), service(talon, "other", "cycle", every="200ms")], settings="guard: { stall: 10s }")
    (talon.folder / "vm").unlink()
    talon.wait(f"it is in {at}", lambda: is_in(talon, at), 20)
    if at in ("collect", "do", "until", "branch"):
        talon.wait("the step's process runs", lambda: marked(f"sleep {stays}") or marked(f"sleep\0{stays}"))
    before = lines(talon.folder / "log")
    runs = api(talon, "/api/v1/checks")["checks"][1]["runs"]
    talon.wait("other checks go on meanwhile", lambda: api(talon, "/api/v1/checks")["checks"][1]["runs"] >= runs + 3)
    kill(talon)
    talon.wait("nothing of it runs", lambda: not marked(f"sleep\0{stays}"), 10)
    talon.wait("that is kept", lambda: rows(talon, "SELECT runbook, service, outcome FROM intents") == [("cycle", "vm", "interrupted")])
    entry = limits_of(talon, "vm")
    assert entry["failed_at_unix"] and not entry["running"] and entry["in_window"] == 1, entry
    held = [r["limit"] for r in entry["refuses"]]
    assert "hold_after_failure" in held and "cooldown" in held, held
    seen = api(talon, "/api/v1/checks")["checks"][0]["runs"]
    talon.wait("it is looked at again and again", lambda: api(talon, "/api/v1/checks")["checks"][0]["runs"] >= seen + 5)
    assert lines(talon.folder / "log") == before, "something of it was started again"
    assert rows(talon, "SELECT count(*) FROM intents") == [(1,)]


def test_one_alone_repairs_while_the_store_is_down(talon, in_one_build):
    ran = talon.folder / "ran"
    books = [runbook(talon, name, do(f"echo {name} >> {ran}")) for name in ("first", "second")]
    start(talon, books, [service(talon, "a", "first"), service(talon, "b", "second")], settings="remediation: { at_most: 20 per 1h, concurrent: 4 }")
    with contextlib.closing(sqlite3.connect(talon.state / "talon.db", timeout=10, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")  # nobody else can write
        talon.wait("the store is down", lambda: "store" in (api(talon, "/api/v1/status")["self"] or ""), 20)
        (talon.folder / "a").unlink()
        (talon.folder / "b").unlink()
        talon.wait("one of them was repaired", lambda: len(lines(ran)) == 1, 20)
        other = "b" if lines(ran) == ["first"] else "a"
        talon.wait("the other is refused for the store", lambda: "store" in refuses(talon, other), 20)
        assert len(lines(ran)) == 1
        database.execute("ROLLBACK")
    talon.wait("then the other is repaired as well", lambda: len(lines(ran)) == 2, 30)
