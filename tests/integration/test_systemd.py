"""Talon under a real systemd, with the unit as it is shipped: in a VM (tests/world/vm), because the machine that tests run on has a systemd of its own, or none.

TALON_TEST_VM names the folder of a VM that `tests/world/vm/vm build` has made; `./bootstrap check` makes one where it can. The build is installed into its root.
"""
import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import TOP, free_port, wait_until

VM = TOP / "tests/world/vm/vm"

# What the hardening could break: to look at others' processes and sockets, to start programs, to become another user, to talk to Docker and to servers.
CONFIGURATION = """
listen: 127.0.0.1:9999
guard: { stall: 5s }
defaults: { every: 200ms, timeout: 5s, fail_after: 1, recover_after: 1 }
services:
  redis:
    checks:
      ping: { redis: { address: 127.0.0.1:6379 } }
      listens: { process: { name: redis-server, listens: 6379 } }
      pid-file: { process: { pid_file: /run/redis/redis-server.pid } }
  docker:
    checks:
      answers: { http: { url: "http://docker/_ping", unix: /run/docker.sock, expect_body: OK } }
      runs: { process: { name: dockerd } }
  ssh:
    checks:
      greets: { tcp: { address: 127.0.0.1:22, expect: "SSH-2.0" } }
  host:
    checks:
      root: { disk: { path: /, warn: 100, fail: 100 } }
      home: { disk: { path: /root, warn: 100, fail: 100 } }
      memory: { memory: { warn: 100, fail: 100 } }
      load: { load: { warn: 10000 } }
      of-others: { file: { path: /etc/redis/redis.conf, max_age: 10000d } }
  programs:
    checks:
      shell: { exec: { command: [sh, -c, "echo well"], match: well } }
      reads-others: { exec: { command: [sh, -c, "readlink /proc/$(pgrep -o dockerd)/exe && ls /proc/$(pgrep -o redis-server)/fd"], match: dockerd } }
      signals: { exec: { command: [sh, -c, "kill -0 $(pgrep -o redis-server) && echo may"], match: may } }
      docker: { exec: { command: [docker, ps], match: CONTAINER } }
      systemctl: { exec: { command: [systemctl, is-active, redis-server], match: active } }
      journal: { exec: { command: [journalctl, -n, "1", -u, redis-server, --no-pager], match: redis } }
      other-user: { exec: { command: [setpriv, --reuid=redis, --regid=redis, --clear-groups, id, -un], match: redis } }
      writes: { exec: { command: [sh, -c, "echo x >/var/lib/talon/written && echo x >/tmp/written && cat /tmp/written"], match: x } }
      takes-notes: { exec: { command: [sh, -c, "echo x >/var/tmp/talon-note && rm /var/tmp/talon-note && echo well"], match: well } }
  units:
    checks:
      redis: { systemd.unit: { unit: redis-server }, every: 1s }
      timer: { systemd.unit: { unit: systemd-tmpfiles-clean.timer }, every: 1s }
      swept: { systemd.unit: { unit: systemd-tmpfiles-clean }, every: 1s }
  nfs:
    checks:
      nfs: { mount.nfs: { host: 127.0.0.1 }, every: 1s }
      portmapper: { mount.nfs: { host: 127.0.0.1, service: portmapper }, every: 1s }
      mountd: { mount.nfs: { host: 127.0.0.1, service: mountd }, every: 1s }
  mounts:
    checks:
      proc: { mount.table: { path: /proc, type: proc }, every: 1s }
      answers: { mount.point: { path: /proc, sentinel: uptime }, every: 1s }
  logs:
    checks:
      of-others: { log.pattern: { path: /var/log/redis/redis-server.log, bad: no such words }, every: 1s }
"""
LATER = "  later: { checks: { disk: { disk: { path: /, warn: 100, fail: 100 } } } }\n"


class Machine:
    """The VM: booted for these tests and switched off after them."""

    def __init__(self, folder):
        self.folder = folder
        self.root = folder / "root"
        self.environment = {**os.environ, "VM": str(folder), "SSH_PORT": str(free_port()), "NFS_PORT": str(free_port())}

    def vm(self, *words, timeout=120):
        return subprocess.run([str(VM), *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)

    def run(self, command, check=True, timeout=60):
        done = self.vm("ssh", command, timeout=timeout)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}\n{self.log()}"
        return done.stdout.strip()

    def log(self):
        return self.vm("ssh", "systemctl status talon --no-pager -l | head -n 30; journalctl -u talon --no-pager -n 40").stdout[-6000:]

    def wait(self, what, condition, seconds=30.0):
        try:
            return wait_until(what, condition, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log()}") from None

    def shown(self, *names):
        """What systemd says of the unit, by name."""
        return dict(line.split("=", 1) for line in self.run("systemctl show talon " + " ".join(f"-p {name}" for name in names)).splitlines())

    def get(self, path):
        return self.run(f"busybox wget -q -O - http://127.0.0.1:9999{path} 2>&1", check=False)

    def services(self):
        answer = self.get("/api/v1/status")
        return json.loads(answer)["services"] if answer.startswith("{") else []

    def bad(self):
        """Each check that is not ok, with its reason; None: no answer."""
        services = self.services()
        if not services:
            return None
        return {f"{s['name']}.{c['name']}": c.get("why") or c.get("summary") for s in services for c in s["checks"] if c["verdict"] != "ok"}

    def pid(self, program):
        """Of the only process of that name, 0: there is none."""
        return int((self.run(f"pgrep -x {program}", check=False).split() or ["0"])[0])

    def watches(self):
        self.wait("every check is ok", lambda: self.bad() == {} or self.not_yet(), 60)

    def not_yet(self):
        self.last = self.bad()
        return False


def of_make(build, name):
    """What a folder's name is in the build's Makefile, with what it is made of."""
    value = re.search(rf"^{name} = (.*)$", (build / "Makefile").read_text(), re.M)[1]
    return re.sub(r"\$[{(](\w+)[)}]", lambda inner: of_make(build, inner[1]), value)


def installed_into(root, build):
    """make install, as a person would; a VM that was here before has nothing of it left."""
    for old in ("usr/local", "var/lib/talon"):
        shutil.rmtree(root / old, ignore_errors=True)
    done = subprocess.run(["make", "-s", "-C", str(build), "install", f"DESTDIR={root}"], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert (root / of_make(build, "prefix").lstrip("/") / "lib/systemd/system/talon.service").exists()
    objects = f"{of_make(build, 'hostdir')}/* {of_make(build, 'plugindir')}/*.so {of_make(build, 'bindir')}/talon"
    loaded = subprocess.run(["chroot", str(root), "sh", "-c", f"ldd {objects}"], capture_output=True, text=True, timeout=60, check=False).stdout
    lacking = sorted({line.strip() for line in loaded.splitlines() if "not found" in line})
    assert "libc.so" in loaded and not lacking, f"the VM's root lacks what Talon is linked with ({lacking}): build it anew with `vm build`"
    configuration = root / of_make(build, "sysconfdir").lstrip("/") / "talon/talon.yaml"
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(CONFIGURATION)
    return configuration


@pytest.fixture(scope="module")
def machine(build, sanitized):
    given = os.environ.get("TALON_TEST_VM")
    if not given:
        pytest.skip("no VM: TALON_TEST_VM=FOLDER, made by `VM=FOLDER tests/world/vm/vm build` (as root, package mmdebstrap)")
    if sanitized:
        pytest.skip("the VM has no libraries of sanitizers: another build is tried in it")
    made = Machine(pathlib.Path(given).resolve())
    lacks = made.vm("missing")
    if lacks.returncode != 0:
        pytest.skip("the VM cannot run here: " + lacks.stderr.strip().replace("\n", "; "))
    if not (made.folder / "built").exists():
        pytest.skip(f"there is no VM in {given}: `VM={given} tests/world/vm/vm build`")
    with (made.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made.vm("off")  # what an interrupted run has left
        made.configuration = installed_into(made.root, build)
        try:
            up = made.vm("up")
            assert up.returncode == 0, up.stderr
            yield made
        finally:
            off = made.vm("off")
        assert off.returncode == 0 and "left" not in off.stderr, off.stderr


@pytest.fixture
def watching(machine):
    """Talon was started by systemd and all is well; that it is stopped is a test of its own."""
    machine.run("systemctl reset-failed talon; systemctl start talon")
    machine.watches()
    return machine


def test_it_is_started_and_nothing_that_it_needs_is_taken_from_it(watching):
    shown = watching.shown("ActiveState", "SubState", "Type", "NRestarts", "StatusText", "WatchdogUSec", "MainPID")
    assert (shown["ActiveState"], shown["SubState"], shown["Type"], shown["NRestarts"]) == ("active", "running", "notify", "0"), shown
    assert shown["WatchdogUSec"] == "1min" and int(shown["MainPID"]) == watching.pid("talon")
    assert watching.bad() == {}
    assert "ok" in watching.run("talon status"), "the control socket and the endpoint are reached from outside of the unit"


def test_the_exposure_of_the_running_unit(watching):
    said = watching.run("systemd-analyze security talon.service --no-pager")
    level = float(re.search(r"Overall exposure level for talon.service: ([0-9.]+)", said)[1])
    assert level < 4.0
    print(f"figure unit.exposure {level} level")


def test_what_breaks_is_seen(watching):
    watching.run("systemctl stop redis-server")
    watching.wait("the redis is gone", lambda: "redis.ping" in (watching.bad() or {}))
    watching.run("systemctl start redis-server")
    watching.watches()


def test_who_ended_a_unit_is_told(watching):
    """One that was stopped is stopped, one that was killed has failed: systemd's own words, not a stand-in's."""
    def redis():
        return next((c for s in watching.services() if s["name"] == "units" for c in s["checks"] if c["name"] == "redis"), {})

    watching.run("systemctl stop redis-server")
    watching.wait("it is stopped by hand", lambda: redis().get("verdict") == "stopped")
    watching.run("systemctl start redis-server")
    watching.watches()
    watching.run("mkdir -p /run/systemd/system/redis-server.service.d && printf '[Service]\\nRestart=no\\n' >/run/systemd/system/redis-server.service.d/once.conf"
                 " && systemctl daemon-reload && systemctl kill --signal=KILL --kill-who=main redis-server")
    watching.wait("it has failed", lambda: redis().get("verdict") == "failed" and "signal 9" in json.dumps(redis()))
    watching.run("rm -r /run/systemd/system/redis-server.service.d && systemctl daemon-reload && systemctl start redis-server")
    watching.watches()


def test_reload(watching):
    before = watching.pid("talon-core")
    watching.configuration.write_text(CONFIGURATION + LATER)
    watching.run("systemctl reload talon")
    watching.wait("what is new is watched", lambda: "later" in [s["name"] for s in watching.services()])
    watching.configuration.write_text(CONFIGURATION)
    watching.run("systemctl reload talon")
    watching.wait("what is gone is not", lambda: "later" not in [s["name"] for s in watching.services()])
    assert watching.pid("talon-core") == before and watching.shown("NRestarts")["NRestarts"] == "0"


def test_a_killed_core_is_the_guards(watching):
    guard, core = watching.pid("talon"), watching.pid("talon-core")
    watching.run(f"kill -9 {core}")
    watching.wait("another core", lambda: watching.pid("talon-core") not in (0, core))
    watching.watches()
    assert watching.pid("talon") == guard and watching.shown("NRestarts", "ActiveState") == {"NRestarts": "0", "ActiveState": "active"}


@pytest.mark.parametrize("how", ["9", "6"])
def test_a_killed_guard_is_systemds(watching, how):
    guard, core = watching.pid("talon"), watching.pid("talon-core")
    restarts = int(watching.shown("NRestarts")["NRestarts"])
    watching.run(f"kill -{how} {guard}")
    watching.wait("another guard", lambda: watching.pid("talon") not in (0, guard))
    watching.watches()
    assert watching.pid("talon-core") != core and int(watching.shown("NRestarts")["NRestarts"]) == restarts + 1
    assert watching.run("pgrep -xc talon-core") == "1" and watching.run("pgrep -xc talon") == "1"


def test_a_stopped_guard_is_ended_by_the_watchdog(watching):
    """The shipped unit gives it a minute; here 3 s, by what `systemctl edit` would write. Before that a working one is let live for longer."""
    watching.run("mkdir -p /run/systemd/system/talon.service.d && printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/talon.service.d/test.conf && "
                 "systemctl daemon-reload && systemctl restart talon")
    try:
        watching.watches()
        guard = watching.pid("talon")
        watching.run("sleep 7")  # more than two of its times: what is measured is that nothing happens
        assert watching.pid("talon") == guard, watching.log()
        watching.run(f"kill -STOP {guard}")
        watching.wait("systemd has started another", lambda: watching.pid("talon") not in (0, guard), 40)
        watching.watches()
        assert "watchdog" in watching.run("journalctl -u talon --no-pager -g watchdog", check=False).lower(), watching.log()
        assert watching.run("pgrep -xc talon-core") == "1"
    finally:
        watching.run("rm -r /run/systemd/system/talon.service.d && systemctl daemon-reload && systemctl restart talon")


def test_stop_leaves_nothing(watching):
    took = float(watching.run("a=$(cut -d' ' -f1 /proc/uptime); systemctl stop talon; b=$(cut -d' ' -f1 /proc/uptime); echo $a $b | awk '{ print $2 - $1 }'"))
    assert took < 10, took
    shown = watching.shown("ActiveState", "Result", "ExecMainStatus")
    assert shown == {"ActiveState": "inactive", "Result": "success", "ExecMainStatus": "0"}, watching.log()
    assert watching.run("pgrep -l talon || true") == ""
    assert watching.run("ss -Hltn 'sport = :9999'") == "" and watching.run("cat /sys/fs/cgroup/systemd/system.slice/talon.service/cgroup.procs 2>/dev/null || true") == ""
    print(f"figure unit.stop {took:.2f} s")
