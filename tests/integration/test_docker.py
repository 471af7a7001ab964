"""`docker.engine` and `docker.container` against a real Docker engine in a VM, whose socket is forwarded by ssh: each state of a container and of the engine;
and the actions on what runs there, units of its systemd among them."""
import json
import shlex

import pytest

import machine
from conftest import wait_until
from host_wire import Host

# An image of busybox alone, made where the network is not needed.
IMAGE = """set -e
[ -z "$(docker images -q busy)" ] || exit 0
d=$(mktemp -d)
mkdir "$d/bin" && cp /bin/busybox "$d/bin/"
for a in sh sleep true false echo dd; do ln -s busybox "$d/bin/$a"; done
tar -C "$d" -c . | docker import - busy
"""

# name: how it is made, then how it is told. What makes many events comes last: Docker remembers 256 of them, and by those is known who stopped a container.
CONTAINERS = {
    "fine": ("docker run -d --name fine busy sleep 1d", "ok", "docker.ok", "runs for"),
    "paused": ("docker run -d --name paused busy sleep 1d && docker pause paused", "fail", "docker.paused", "is paused"),
    "young": ("docker run -d --name young --health-cmd false --health-interval 1h --health-start-period 1h busy sleep 1d", "starting", "starting",
              "no health check has passed yet"),
    "hungry": ("docker run -d --name hungry --memory 6m busy dd if=/dev/zero of=/dev/null bs=64M", "fail", "docker.oom", "for want of memory"),
    "ended": ("docker run -d --name ended busy false", "fail", "docker.exited", "exit code 1"),
    "done": ("docker run -d --name done busy true", "fail", "docker.exited", "nobody was seen to stop it"),
    "by-hand": ("docker run -d --name by-hand busy sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.1; done' && sleep 0.5 && docker stop -t 5 by-hand", "stopped",
                "stopped.by_hand", "exit code 0"),
    "killed": ("docker run -d --name killed busy sleep 1d && docker kill killed", "stopped", "stopped.by_hand", "SIGKILL"),
    "by-policy": ("docker run -d --name by-policy --restart unless-stopped busy sleep 1d && docker stop -t 0 by-policy", "stopped", "stopped.by_hand", "SIGKILL"),
    "made": ("docker create --name made busy sleep 1d", "fail", "docker.created", "never started"),
    "broken": ("docker run -d --name broken busy nosuchprogram || true", "fail", "docker.start", "executable file not found"),
    "missing": ("true", "fail", "docker.missing", "there is no container missing"),
    "loop": ("docker run -d --name loop --restart always busy sh -c 'exit 3'", "fail", "docker.restarting", "exit code 3"),
    "good": ("docker run -d --name good --health-cmd true --health-interval 1s busy sleep 1d", "ok", "docker.ok", "healthy"),
    "sick": ("docker run -d --name sick --health-cmd 'echo cannot open /data; false' --health-interval 1s --health-retries 1 busy sleep 1d", "fail",
             "docker.unhealthy", "cannot open /data"),
}


@pytest.fixture(scope="module")
def docker():
    vm = machine.of_environment()
    vm.vm("off")
    try:
        vm.up()
        vm.run(IMAGE)
        vm.run("docker rm -f $(docker ps -aq) || true", check=False)
        yield vm
    finally:
        vm.vm("off")


def services(vm, names, settings=""):
    text = "services:\n  docker:\n    checks:\n      engine: { docker.engine: { socket: %s } }\n" % vm.socket
    return text + "".join(f"      {name}: {{ docker.container: {{ socket: {vm.socket}, name: {name}, for: 1s }}{settings} }}\n" for name in names)


def ask(talon, vm, names=()):
    talon.write(services(vm, names), settings="defaults: { timeout: 2s }")
    done = talon.command("check", "--json")
    assert done.stdout, done.stderr
    return {c["name"].split(".")[-1]: c for c in json.loads(done.stdout)["checks"]}


def test_each_state_of_a_container(talon, docker):
    for made, *_ in CONTAINERS.values():
        docker.run(made)
    docker.wait("sick is unhealthy", "docker inspect -f '{{.State.Health.Status}}' sick | grep -qx unhealthy")
    docker.wait("loop is restarted", "docker inspect -f '{{.State.Status}} {{.RestartCount}}' loop | grep -q 'restarting [3-9]'")
    docker.wait("hungry has ended", "docker inspect -f '{{.State.Status}}' hungry | grep -qx exited")
    docker.wait("made is old enough", "sleep 1")
    for _ in range(5):  # a moment at which `loop` runs is no mistake
        got = ask(talon, docker, CONTAINERS)
        assert got["engine"]["status"] == "ok" and "Docker" in got["engine"]["summary"]
        wrong = {name: got[name] for name, (_, status, reason, words) in CONTAINERS.items()
                 if (got[name]["status"], got[name]["reason"]) != (status, reason) or words not in got[name]["summary"]}
        if list(wrong) != ["loop"]:
            break
    assert not wrong


def test_actions_on_a_container(build, docker):
    docker.run("docker rm -f acted || true && docker run -d --name acted busy sleep 1d && docker stop -t 0 acted")
    place = {"socket": str(docker.socket), "name": "acted"}
    with Host(build, "docker") as host:
        done = host.run("docker.start", **place)
        assert (done["status"], done["reason"]) == ("ok", "docker.done") and "started acted, which was exited (exit code 137" in done["summary"], done
        assert host.run("docker.start", **place)["reason"] == "docker.already"
        began = docker.run("docker inspect -f '{{.State.StartedAt}}' acted")
        done = host.run("docker.restart", **place, grace=1)
        assert (done["status"], done["reason"]) == ("ok", "docker.done") and "which was running" in done["summary"], done
        assert docker.run("docker inspect -f '{{.State.StartedAt}}' acted") != began
        bounds = {"restart_policy": "on-failure", "retries": 2, "memory": 64 << 20, "memory_swap": 128 << 20, "cpus": 0.5}
        done = host.run("docker.update", **place, **bounds)
        assert done["status"] in ("ok", "warn") and "restart policy on-failure, was no" in done["summary"], done
        shown = docker.run("docker inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.HostConfig.Memory}} "
                           "{{.HostConfig.NanoCpus}}' acted")
        assert shown == f"on-failure 2 {64 << 20} 500000000"
        assert host.run("docker.update", **place, **{**bounds, "memory_swap": 0})["reason"] == "docker.already"
        done = host.run("docker.update", **place, memory=1 << 20)  # less than Docker allows
        assert (done["status"], done["reason"]) == ("fail", "docker.error") and "Minimum memory limit" in done["summary"], done
        done = host.run("docker.restart", socket=str(docker.socket), name="nobody")
        assert (done["status"], done["reason"]) == ("unknown", "docker.missing") and "No such container: nobody" in done["summary"], done
        docker.run("docker pause acted")
        done = host.run("docker.start", **place)
        assert (done["status"], done["reason"]) == ("fail", "docker.error") and "paused" in done["summary"], done
        docker.run("docker rm -f acted")


def test_actions_on_a_unit(build, docker, tmp_path):
    """systemctl is that of the VM, asked as root and as a user who may do nothing."""
    def systemctl(user):
        home = tmp_path / user
        home.mkdir()
        given = " ".join(f"{name}={shlex.quote(docker.environment[name])}" for name in ("VM", "SSH_PORT", "NFS_PORT", "HOME", "PATH"))
        asked = f"{shlex.quote(str(machine.VM))} ssh setpriv --reuid={user} --clear-groups env TZ=UTC systemctl"
        (home / "systemctl").write_text(f"#!/bin/sh\nexec env {given} {asked} \"$@\"\n")
        (home / "systemctl").chmod(0o755)
        return f"{home}:/usr/bin:/bin"

    unit = {"unit": "redis-server.service"}
    docker.run("systemctl start redis-server")
    before = docker.run("systemctl show -p MainPID redis-server")
    with Host(build, "systemd", path=systemctl("nobody")) as host:
        done = host.run("systemd.restart", **unit)
        assert (done["status"], done["reason"]) == ("unknown", "refused.rights"), done
        assert "a person runs: sudo systemctl restart redis-server.service (" in done["summary"], done
        assert docker.run("systemctl show -p MainPID redis-server") == before
    with Host(build, "systemd", path=systemctl("root")) as host:
        done = host.run("systemd.restart", **unit)
        assert (done["status"], done["reason"]) == ("ok", "systemd.done") and "it was active (running), it is active (running)" in done["summary"], done
        assert docker.run("systemctl show -p MainPID redis-server") != before
        docker.run("systemctl stop redis-server && systemctl mask --runtime redis-server")
        done = host.run("systemd.restart", **unit)
        assert (done["status"], done["reason"]) == ("unknown", "refused.masked"), done
        docker.run("systemctl unmask --runtime redis-server")
        done = host.run("systemd.restart", **unit)
        assert done["status"] == "ok" and "it was inactive (dead), it is active (running)" in done["summary"], done
        done = host.run("systemd.restart", unit="no-such.service")
        assert (done["status"], done["reason"]) == ("unknown", "systemd.not_found"), done


def told(talon, vm, name="engine"):
    answer = ask(talon, vm, ["fine"])[name]
    return answer["status"], answer["reason"], answer["summary"]


def test_an_engine_that_hangs_or_is_gone(talon, docker):
    docker.run("docker inspect fine >/dev/null || docker run -d --name fine busy sleep 1d")
    docker.run("pkill -STOP -x dockerd")
    for name in ("engine", "fine"):
        status, reason, summary = told(talon, docker, name)
        assert (status, reason) == ("fail", "timeout") and "accepts, but does not answer" in summary
    docker.run("pkill -CONT -x dockerd && pkill -STOP -x containerd")
    status, reason, summary = told(talon, docker)
    assert (status, reason) == ("fail", "timeout") and "answers its ping, but not /version" in summary
    docker.run("pkill -CONT -x containerd && systemctl stop docker.socket docker")
    status, reason, summary = told(talon, docker)
    assert (status, reason) == ("fail", "connect.closed") and "Docker behind it does not" in summary
    docker.run("systemctl start docker")
    wait_until("Docker is back", lambda: told(talon, docker)[0] == "ok", 30)


def test_events_bring_a_check_forward(talon, docker):
    """With a check a day, only an event can tell within seconds."""
    docker.run("docker rm -f watched; docker run -d --name watched busy sleep 1d")
    talon.write(services(docker, ["watched"]), settings="defaults: { every: 1d, timeout: 2s, fail_after: 1, recover_after: 1 }")
    talon.start()

    def verdict(name):
        return next((c["verdict"] for c in talon.service("docker")["checks"] if c["name"] == name), None)

    talon.wait("both are ok", lambda: verdict("watched") == "ok" and verdict("engine") == "ok", 20)
    docker.run("docker pause watched")
    talon.wait("it is seen paused", lambda: verdict("watched") == "failed", 10)
    docker.run("docker unpause watched")
    talon.wait("it is seen well", lambda: verdict("watched") == "ok", 10)
    docker.run("docker kill watched")
    talon.wait("it is seen stopped", lambda: verdict("watched") == "stopped", 10)
    docker.run("systemctl stop docker.socket docker")
    talon.wait("the engine is seen gone", lambda: verdict("engine") == "failed", 10)
    docker.run("systemctl start docker")


def test_a_machine_that_freezes_and_is_switched_off(talon, docker):
    assert docker.vm("freeze").returncode == 0
    try:
        status, reason, _ = told(talon, docker)
        assert (status, reason) == ("fail", "timeout")
    finally:
        docker.vm("thaw")
    wait_until("Docker answers again", lambda: told(talon, docker)[0] == "ok", 30)
    docker.run("docker start fine || docker run -d --name fine busy sleep 1d")
    docker.vm("off")
    status, reason, summary = told(talon, docker)
    assert (status, reason) == ("fail", "connect.no_socket") and "what forwards its socket, does not run" in summary
    docker.up()
    assert told(talon, docker)[0] == "ok"
    status, reason, summary = told(talon, docker, "fine")  # its machine ended under it, which was nobody's wish
    assert (status, reason) == ("fail", "docker.exited") and "255" in summary
