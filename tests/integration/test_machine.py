"""A real machine in each way in which it breaks: off, frozen, its ssh, its Docker, a container of it, its NFS server. Each is told apart from the others in one
sentence, and from what somebody stopped by hand; what it takes with it is caused by it."""
import json
import re

import pytest

import machine
from conftest import wait_until, worst
from test_docker import IMAGE

CONTAINER = "docker rm -f node >/dev/null 2>&1; docker run -d --name node --stop-timeout 0 {} busy {}"
SLEEPS = CONTAINER.format("", "sleep 1d")

# Name: how it breaks, who is to blame and how, what the sentence must say, how it is mended.
BREAKS = {
    "sshd stopped": ("systemctl stop ssh.socket ssh", "vm", "fail", "", None),
    "dockerd stopped": ("systemctl stop docker.socket docker", "docker", "fail", "Docker behind it does not", "systemctl start docker && docker start node"),
    "dockerd SIGSTOP": ("pkill -STOP -x dockerd", "docker", "fail", "accepts, but does not answer", "pkill -CONT -x dockerd"),
    "container paused": ("docker pause node", "node", "fail", "is paused", "docker unpause node"),
    "container unhealthy": (CONTAINER.format("--health-cmd 'echo cannot open /data; false' --health-interval 1s --health-retries 1", "sleep 1d"), "node", "fail",
                            "cannot open /data", SLEEPS),
    "container OOM-killed": (CONTAINER.format("--memory 6m", "dd if=/dev/zero of=/dev/null bs=64M"), "node", "fail", "for want of memory", SLEEPS),
    "container crash-looping": (CONTAINER.format("--restart always", "sh -c 'exit 3'"), "node", "fail", "exit code 3", SLEEPS),
    "container stopped by hand": ("docker stop node", "node", "stopped", "by hand", "docker start node"),
    "NFS server stopped": ("systemctl stop nfs-ganesha", "nas", "fail", "", "systemctl start nfs-ganesha"),
}


@pytest.fixture(scope="module")
def vm():
    made = machine.of_environment()
    made.vm("off")
    try:
        made.up()
        made.run(IMAGE)
        made.run(SLEEPS)
        yield made
    finally:
        made.vm("off")


@pytest.fixture
def look(talon, vm):
    talon.write(f"""
services:
  vm:
    checks:
      ssh: {{ tcp: {{ address: 127.0.0.1:{vm.ssh_port}, expect: '^SSH-2.0-' }} }}
  docker:
    needs: [vm]
    checks:
      engine: {{ docker.engine: {{ socket: {vm.socket} }} }}
  node:
    needs: [docker]
    checks:
      container: {{ docker.container: {{ socket: {vm.socket}, name: node, for: 1s }} }}
  nas:
    needs: [vm]
    checks:
      nfs: {{ mount.nfs: {{ host: 127.0.0.1, port: {vm.environment["NFS_PORT"]} }} }}
""", settings="defaults: { timeout: 2s }")

    def once():
        done = talon.command("check", "--json")
        assert done.stdout, done.stderr
        return {c["name"]: {"service": c["service"], **c} for c in json.loads(done.stdout)["checks"]}
    return once


SENTENCES = {}


def blamed(look, rows, name, service, status, words):
    """Waits until it is seen; what else is not well is caused by it. The sentence is like no other's."""
    answers = {}

    def seen():
        answers.update(look())
        one = worst(answers, service)
        return one["status"] == status and words in one["summary"] and "caused_by" not in one
    wait_until(f"{name}: {service} is {status}", seen, 20)
    others = {other: a for other, a in answers.items() if a["service"] != service and a["status"] != "ok"}
    assert all(a.get("caused_by") == service for a in others.values()), others
    summary = worst(answers, service)["summary"]
    SENTENCES[name] = re.sub(r"[0-9.]+", "N", summary)
    assert len(set(SENTENCES.values())) == len(SENTENCES), SENTENCES
    rows(service, name, summary)


def is_well(look):
    return all(a["status"] == "ok" for a in look().values())


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_in_its_own_words(look, vm, rows, name):
    how, service, status, words, mend = BREAKS[name]
    wait_until("all is well", lambda: is_well(look), 30)
    vm.run(how)
    blamed(look, rows, name, service, status, words)
    if mend:
        vm.run(mend)
    else:  # there is no way in but the one that is open
        vm.vm("off")
        vm.up()
        vm.run("docker start node")
    wait_until(f"{name}, mended: all is well", lambda: is_well(look), 30)


def test_frozen_and_powered_off(look, vm, rows):
    wait_until("all is well", lambda: is_well(look), 30)
    assert vm.vm("freeze").returncode == 0
    try:
        blamed(look, rows, "frozen", "vm", "fail", "")
    finally:
        vm.vm("thaw")
    wait_until("thawed: all is well", lambda: is_well(look), 30)
    vm.vm("off")
    blamed(look, rows, "powered off", "vm", "fail", "refused")
    vm.up()
    vm.run("docker start node")
    wait_until("on again: all is well", lambda: is_well(look), 30)
