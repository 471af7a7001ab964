"""`colima.vm` in a real plugin host, against a stand-in for a Lima instance: each way in which a VM can be up, down and in between."""
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import pytest

from conftest import TOP
from driven import Host


class Instance:
    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen([sys.executable, str(TOP / "tests/world/colima/hostagent.py"), str(folder)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "up\n"

    def tell(self, *commands):
        for command in commands:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n", command

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)
        self.process.stdout.close()


@pytest.fixture
def vm(tmp_path):
    folder = pathlib.Path("/tmp") / f"lima-{tmp_path.name[-20:]}"  # a unix socket's path is short
    shutil.rmtree(folder, ignore_errors=True)
    made = Instance(folder / "colima")
    yield made
    made.end()
    shutil.rmtree(folder, ignore_errors=True)


def ask(talon, vm, options="", timeout="1s"):
    talon.write(f"services:\n  colima:\n    checks:\n      vm: {{ colima.vm: {{ folder: {vm.folder}{options} }}, timeout: {timeout} }}\n")
    done = talon.command("check", "--json")
    assert done.stdout, done.stderr
    check = json.loads(done.stdout)["checks"][0]
    return check["status"], check["reason"], check["summary"]


def test_from_start_to_stop(talon, vm):
    assert ask(talon, vm)[:2] == ("fail", "colima.down")
    vm.tell("start")
    status, _, summary = ask(talon, vm)
    assert status == "starting" and "waits for the essential requirement 1 of 3" in summary
    vm.tell("running")
    assert ask(talon, vm)[:2] == ("ok", "colima.ok")
    assert ask(talon, vm, ", ssh: banner")[:2] == ("ok", "colima.ok")
    assert ask(talon, vm, ", warm_up: 1h")[0] == "starting"
    vm.tell("degraded cannot mount home")
    status, reason, summary = ask(talon, vm)
    assert (status, reason) == ("warn", "colima.degraded") and "cannot mount home" in summary
    vm.tell("stop")
    assert ask(talon, vm)[:2] == ("stopped", "stopped.by_hand")


def test_each_way_to_fail(talon, vm):
    vm.tell("start", "running", "crash")
    status, reason, summary = ask(talon, vm)
    assert (status, reason) == ("fail", "colima.crashed") and "stopped unexpectedly" in summary
    vm.tell("start", "running", "kill-driver")
    assert ask(talon, vm)[:2] == ("fail", "colima.no_driver")
    vm.tell("stop", "start", "running", "kill-agent")
    assert ask(talon, vm)[:2] == ("fail", "colima.no_agent")
    vm.tell("kill-driver")
    status, reason, summary = ask(talon, vm)
    assert (status, reason) == ("fail", "colima.crashed") and "ended without a word" in summary
    vm.tell("start", "running", "hang")
    assert ask(talon, vm)[:2] == ("fail", "timeout")
    vm.tell("answer", "close-socket")
    assert ask(talon, vm)[:2] == ("fail", "connect.refused")
    (vm.folder / "ha.sock").unlink()
    assert ask(talon, vm)[:2] == ("fail", "connect.no_socket")


def test_a_vm_behind_an_agent_that_calls_it_running(talon, vm):
    vm.tell("start", "running", "ssh silent")
    assert ask(talon, vm, ", ssh: banner")[:2] == ("fail", "colima.frozen")
    vm.tell("ssh close")
    assert ask(talon, vm, ", ssh: banner")[:2] == ("fail", "colima.unreachable")
    vm.tell("ssh off")
    status, reason, summary = ask(talon, vm, ", ssh: banner")
    assert (status, reason) == ("fail", "colima.unreachable") and "nobody forwards" in summary
    assert ask(talon, vm)[0] == "ok"


def test_a_login_that_is_asked_for_as_ssh_is(talon, vm, tmp_path):
    """The ssh that is run is the one on the path: here one that records its arguments and answers as the VM would."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/args\necho 42.50 80.00\n")
    (tools / "ssh").chmod(0o755)
    (vm.folder / "ssh.config").write_text("Host lima-colima\n")
    vm.tell("start", "running")
    talon.write(f"services:\n  colima:\n    checks:\n      vm: {{ colima.vm: {{ folder: {vm.folder}, ssh: login }}, timeout: 5s }}\n",
                settings=f"exec_path: [{tools}, /usr/bin, /bin]")
    check = json.loads(talon.command("check", "--json").stdout)["checks"][0]
    assert check["status"] == "ok", check
    asked = (tmp_path / "args").read_text().splitlines()
    assert asked[:2] == ["-F", str(vm.folder / "ssh.config")] and asked[-2:] == ["lima-colima", "cat /proc/uptime"] and "ControlPath=none" in asked
    (tools / "ssh").write_text("#!/bin/sh\necho 'kex_exchange_identification: Connection closed by remote host' >&2\nexit 255\n")
    check = json.loads(talon.command("check", "--json").stdout)["checks"][0]
    assert (check["status"], check["reason"]) == ("fail", "colima.unreachable") and "Connection closed by remote host" in check["summary"]


def test_what_forwarding_leaves_behind(talon, vm, tmp_path):
    """Three processes of `limactl usernet` where two belong: each is another program that bears its name."""
    (tmp_path / "usernet").write_text("import sys\nprint(flush=True)\nsys.stdin.read()\n")
    vm.tell("start", "running")
    talon.write(f"services:\n  colima:\n    checks:\n      forwarder: {{ colima.forwarder: {{ folder: {vm.folder} }}, timeout: 5s }}\n")
    children = [subprocess.Popen(["limactl", "usernet"], executable=sys.executable, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(3)]
    try:
        for child in children:
            assert child.stdout.readline() == b"\n"
        check = json.loads(talon.command("check", "--json").stdout)["checks"][0]
        assert (check["status"], check["reason"]) == ("fail", "colima.usernet") and "3 processes" in check["summary"], check
    finally:
        for child in children:
            child.communicate()
    check = json.loads(talon.command("check", "--json").stdout)["checks"][0]
    assert (check["status"], check["reason"]) == ("ok", "colima.ok"), check


def test_what_crashes_left_is_ended_and_nothing_else(vm, build, tmp_path):
    """Only those with a path below the networks of this Lima, and not while a VM of it lives."""
    networks = vm.folder.parent / "_networks" / "user-v2"
    networks.mkdir(parents=True)
    (tmp_path / "usernet").write_text("import sys\nprint(flush=True)\nsys.stdin.read()\n")
    sockets = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for name, one in zip(("ep", "fd"), sockets):
        one.bind(str(networks / f"user-v2_{name}.sock"))
        one.close()
    (networks / "usernet_user-v2.pid").write_text("4711\n")
    (networks / "usernet.user-v2.stderr.log").write_text("panic\n")
    words = [["-p", str(networks / "usernet_user-v2.pid")], ["-p", "/elsewhere/_networks/user-v2/x"], ["-e", str(networks / "user-v2_ep.sock")]]
    children = [subprocess.Popen(["limactl", "usernet", *more], executable=sys.executable, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for more in words]
    try:
        for child in children:
            assert child.stdout.readline() == b"\n"
        with contextlib.closing(Host(build, tmp_path)) as host:
            host.load("colima")
            vm.tell("start", "running")
            said = host.run("colima.usernet-clean", folder=str(vm.folder))
            assert (said["status"], said["reason"]) == ("unknown", "refused.running") and all(child.poll() is None for child in children), said
            vm.tell("kill-agent", "kill-driver")
            reaper = threading.Thread(target=lambda: [children[i].wait(20) for i in (0, 2)])
            reaper.start()  # a zombie has no arguments, but is waited for anyway
            said = host.run("colima.usernet-clean", seconds=20, folder=str(vm.folder))
            reaper.join(20)
            assert (said["status"], said["reason"]) == ("ok", "colima.done") and "ended 2 processes" in said["summary"] and "removed 3 sockets" in said["summary"], said
            assert children[1].poll() is None and sorted(path.name for path in networks.iterdir()) == ["usernet.user-v2.stderr.log"]
            said = host.run("colima.usernet-clean", folder=str(vm.folder))
            assert (said["status"], said["reason"]) == ("ok", "colima.already"), said
    finally:
        for child in children:
            with contextlib.suppress(OSError, ValueError):
                child.communicate()
