"""Many rounds of the whole Panda profile against the stand-in world: nothing is held that was not held before, here or at the servers.

What is asked natively is asked each 50 ms; what runs a tool, or gets a process of its own, each 2 s. With SOAK=1 until 10,000 rounds are through, elsewhere
until 300, for a minute at most, and for a quarter of one where sanitizers look on; the figure says how many that were.
"""
import contextlib
import json
import os
import pathlib
import re
import time

import pytest

from conftest import TOP

SOAK = bool(os.environ.get("SOAK"))
ROUNDS = 10000 if SOAK else 300
NATIVE = "50ms"
SLOW = ("launchd.job", "mount.point", "exec:", "ssh: login", "colima.inside", "colima.forwarder")


def hurried(text):
    """A file of checks with other intervals: each check's own, whatever its file says."""
    text = re.sub(r"\bevery: [^,}\s]+", f"every: {NATIVE}", text)
    text = re.sub(r"(?m)^heal:\n(?:[ #].*\n|\n)*", "", text)  # nothing is repaired here, and no stability window holds such timeouts
    text = re.sub(r"\btimeout: [^,}\s]+", "timeout: 20s", text)  # the stand-ins, too, are asked for more than they are made for
    head, _, checks = text.partition("\nchecks:\n")
    made = []
    for check in re.split(r"(?m)^(?=  [a-z0-9-]+:$)", checks):
        every = "2s" if any(word in check for word in SLOW) else NATIVE
        check = re.sub(r"(?m)^    every: .*\n", "", check)
        made.append(re.sub(r"(?m)^(  [a-z0-9-]+:\n)", rf"\1    every: {every}\n", check, count=1))
    return head + "\nchecks:\n" + "".join(made)


def runs(talon):
    """Of the check in the middle: more than half of them are asked natively."""
    checks = json.loads(talon.get("/api/v1/checks")[1])["checks"]
    return sorted(c["runs"] for c in checks)[len(checks) // 2]


def descriptors(talon):
    held = {}
    for pid in (talon.daemon.pid, talon.core_pid(), *talon.host_pids()):
        with contextlib.suppress(OSError):
            if "--run" not in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                held[pid] = len(os.listdir(f"/proc/{pid}/fd"))
    return sum(held.values())


@pytest.mark.this_build_alone
def test_rounds_leave_nothing_behind(talon, world, capsys, sanitized):
    folder = talon.folder / "checks"
    folder.mkdir()
    for path in (TOP / "checks").glob("*.yaml"):
        (folder / path.name).write_text(hurried(path.read_text()))
    world.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state)
    talon.config.write_text(talon.config.read_text().replace(f"{TOP}/checks/", f"{folder}/"))
    environment = talon.environment
    talon.environment = lambda **more: environment(**world.environment(), **more)
    talon.start()
    until = time.monotonic() + (7200 if SOAK else 15 if sanitized else 60)
    talon.wait("it is warm", lambda: runs(talon) >= 10, 60)
    first = min(descriptors(talon) for _ in range(20))
    while runs(talon) < ROUNDS and time.monotonic() < until:
        time.sleep(0.2)
    last, rounds = min(descriptors(talon) for _ in range(20)), runs(talon)
    bad = {name: v for name, v in talon.verdicts().items() if v not in ("ok", "warn", "suspect", "recovering", "starting")}
    with capsys.disabled():
        print(f"\nfigure panda.rounds {rounds} count\nfigure panda.fds_grown {last - first} count")
    assert last - first < 32, (first, last)
    talon.stop()
    left = {part.name: part.left_open(2) for part in world.parts.values() if hasattr(part, "left_open")}
    assert {name: n for name, n in left.items() if n} == {}
    assert bad == {}
