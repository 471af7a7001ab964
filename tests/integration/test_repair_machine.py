"""Repair with a real machine: the profile's own checks, entries of `heal:` and runbooks, against the VM in which Docker, the node's container, ssh, NFS and
Redis are real. What is broken is mended by the runbook alone, step by step as people see it, and is watched until it has held; a core that is killed in any of
its steps leaves nothing behind and starts nothing twice.

With SOAK=1 and TALON_TEST_VM (machine.py) only: each lasts for minutes.
"""
import json
import os
import pathlib
import random
import re
import shutil
import sys

import pytest

import machine
from conftest import TOP, wait_until
from repair import all_is_told, api, incidents, kill_core, limits_of, lines, marked, refuses, repaired, rows, running_step, runs
from test_docker import IMAGE
from test_hardship import tree

yaml = pytest.importorskip("yaml", reason="Python has no yaml: install python3-yaml")

if not os.environ.get("SOAK"):
    pytest.skip("with SOAK=1: each lasts for minutes", allow_module_level=True)

sys.path.insert(0, str(TOP / "tests" / "world"))
import panda_vm


@pytest.fixture(scope="module")
def panda(tmp_path_factory):
    vm = machine.of_environment()
    vm.vm("off")
    with panda_vm.VmWorld(tmp_path_factory.mktemp("panda"), vm) as made:
        vm.run(IMAGE)
        vm.run(panda_vm.RUN_NODE)
        yield made


def well(talon):
    return all(verdict == "ok" for verdict in talon.verdicts().values())


def begin(talon, panda, *words):
    """A daemon that finds everything well."""
    panda.age(600)
    if (panda.instance / "closed").exists():  # a test before this one has left it so
        panda.colima("stop", "--force")
    panda.colima("start")
    panda.vm.run(panda_vm.RUN_NODE)
    panda.parts["kubernetes"].ask("/_mend", {})
    panda.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state)
    talon.start(*words)
    talon.wait("all is well", lambda: well(talon), 120)
    (panda.tools / "calls").write_text("")


def is_well_again(talon, seconds=180):
    talon.wait("all is well again", lambda: well(talon) and running_step(talon) is None and talon.health().get("state") == "Healthy", seconds)


def test_a_lost_forward_is_healed_by_bridge_heal_alone(talon, panda, repairs):
    begin(talon, panda)
    booted = panda.vm.run("cat /proc/sys/kernel/random/boot_id; stat -c %Y /run")
    panda.lose_forward("redis")
    talon.wait("redis has failed", lambda: talon.verdicts()["redis"] == "failed", 120)
    repaired(talon, "bridge-heal", "redis", 480)
    number, told = all_is_told(talon, "bridge-heal", "redis")
    is_well_again(talon)
    assert panda.vm.run("cat /proc/sys/kernel/random/boot_id; stat -c %Y /run") != booted, "the machine was never cycled"
    acts = [line for line in panda.calls() if line.startswith("colima st")]
    assert acts == ["colima stop --force --profile default", "colima start --profile default"], acts
    assert [root for _, root, _ in incidents(talon)] == ["redis"] and [book for book, _, _ in runs(talon)] == ["bridge-heal"]
    talon.stop()
    assert panda.vm.run("echo it lives on") == "it lives on"  # what Talon has started is not Talon's
    repairs("bridge-heal", "split brain", f"incident {number}, redis alone: " + ", ".join(kind for kind, _ in told if kind not in ("told", "repair")))


# ---- the VM is off

BOOK = yaml.safe_load((TOP / "etc" / "runbooks" / "k8s-reboot-heal.yaml").read_text())


class Step:
    """One of the runbook: its place as Talon names it, what it does, and how many actions and calls of a tool come before it where all goes its usual way."""

    def __init__(self, place, step, actions, calls, meanwhile=False):
        self.place, self.actions, self.meanwhile = place, actions, meanwhile
        self.word = "do" if meanwhile else next(word for word in ("collect", "do", "until", "verify", "if") if word in step)
        what, self.when = step[self.word], step.get("when", "")
        self.action = next(iter(what)) if self.word in ("collect", "do") else None
        self.command = what[self.action].get("command") if self.action == "exec.run" else None
        if self.action == "colima.force-cycle":
            self.command = ["colima", "start", "--profile", "${params.profile}"]
        self.nth = calls.count(self.command) + 1
        self.checks = [what] if self.word == "if" else what["checks"] if self.word in ("until", "verify") else []
        tool = f" {os.path.basename(self.command[0])} {' '.join(self.command[1:])[:34]}" if self.command else ""
        self.name = f"{place} {self.word} {self.action or ''}{tool if self.action == 'exec.run' else ''}".strip() + (" meanwhile" if meanwhile else "")


def steps_of(book):
    """All steps of the runbook, in their order; those of an `else` are left out: nothing of them is run where there is something to repair."""
    found, commands = [], []

    def add(place, step, meanwhile=False):
        made = Step(place, step, sum(1 for s in found if s.action and not s.meanwhile), commands, meanwhile)
        found.append(made)
        if made.command and not meanwhile:
            commands.append(made.command)

    def walk(steps, before):
        for n, step in enumerate(steps, 1):
            add(f"{before}{n}", step)
            for other in step.get("until", {}).get("meanwhile", []):
                add(f"{before}{n}", other, True)
            walk(step.get("then", []), f"{before}{n}.")

    walk(book["steps"], "")
    add("verify", book)
    return found


STEPS = steps_of(BOOK)


def test_a_vm_that_is_off_comes_back_layer_by_layer(talon, panda, repairs):
    """Its container does not come up of itself, as after a force-cycle of Colima."""
    begin(talon, panda)
    panda.age(30)  # the warm-up of two minutes, in which what comes and goes is no failure, takes a minute and a half more
    panda.vm.run(f"docker update --restart no {panda_vm.NODE}")
    panda.power_off()
    seen, verifying = {}, []

    def look():
        """What a person sees on the way."""
        run = running_step(talon)
        if run and run["step"] not in seen:
            seen[run["step"]] = run["doing"]
            shown = talon.command("status").stdout
            assert "k8s-reboot-heal" in shown or not running_step(talon), shown
        if run and run["verifying"]:
            verifying.append(run["doing"])
        return [outcome for _, _, outcome in runs(talon) if outcome]
    talon.wait("the runbook has ended", look, 600)
    assert runs(talon) == [("k8s-reboot-heal", "colima", "fixed")], (runs(talon), [text for text, in rows(talon, "SELECT text FROM audit")][-12:])
    number, told = all_is_told(talon, "k8s-reboot-heal", "colima")
    is_well_again(talon)
    roots = [root for _, root, _ in incidents(talon)]  # Docker's may have opened first, where it was seen before the agent was; it was folded
    assert roots[-1] == "colima" and set(roots) <= {"docker", "colima"}, roots

    audit = [text for text, in rows(talon, "SELECT text FROM audit WHERE what = 'step'")]
    for step in STEPS:
        if step.meanwhile or step.place.startswith("16."):
            continue
        assert any(f"step {step.place}: " in text for text in audit) or step.place == "verify", (step.place, audit)
    shown = talon.command("incidents", number).stdout
    assert "k8s-reboot-heal, step 8.1: done" in shown and "fixed" in shown, shown
    assert verifying, seen
    began, ended = rows(talon, "SELECT at, ended FROM intents")[0]
    stable = rows(talon, "SELECT max(at) FROM audit WHERE what = 'step'")[0][0]
    assert ended - stable >= 50000, (stable, ended)  # six passes, 10 s apart

    inside = panda.vm.run("docker inspect -f '{{.State.Running}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Memory}}' " + panda_vm.NODE)
    assert inside == f"true unless-stopped {panda_vm.MEMORY}", inside
    assert "192.0.2.0/24 via 172.17.0.2 dev docker0" in panda.vm.run("ip route")
    assert [call for call in panda.calls() if call.startswith("colima st")].count("colima start --profile default") == 1
    assert limits_of(talon, "colima", "k8s-reboot-heal")["in_window"] == 1
    repairs.skip("k8s-reboot-heal", "killed in 9, else", "it runs only where a person has stopped the node's container, which Docker forgets when its VM ends")
    took, held = ((ended - since) / 1e3 for since in (began, stable))
    repairs("k8s-reboot-heal", "VM powered off", f"incident {number}: {len(audit)} steps in {took:.0f} s, {held:.0f} s of them stable")


# ---- a container

RESTART = """runbook: restart-container
title: Restart the container web
impact: restart
limits: { attempts: 2, cooldown: 15m, at_most: 3 per 6h, hold_after_failure: 30m, confirm: { ticks: 2 } }
steps:
  - do: { docker.restart: { socket: %s, name: web, grace: 1s } }
    timeout: 30s
verify: { checks: [subject], passes: 2, every: 1s, within: 60s }
"""
HEALTHY = ("docker rm -f web >/dev/null 2>&1; docker run -d --name web --health-cmd 'test ! -e /sick' --health-interval 1s --health-retries 1 "
           "busy sh -c '/bin/busybox rm -f /sick; exec sleep 1d'")


def test_an_unhealthy_container_is_restarted_and_one_that_a_person_stopped_is_left_alone(talon, panda, repairs):
    panda.colima("start")
    panda.vm.run(HEALTHY)
    (talon.folder / "restart.yaml").write_text(RESTART % panda.vm.socket)
    check = f"{{ docker.container: {{ socket: {panda.vm.socket}, name: web, for: 1s }}, every: 2s, timeout: 1900ms, fail_after: 2, recover_after: 2 }}"
    talon.write(f"services:\n  web:\n    critical: true\n    checks: {{ container: {check} }}\n    heal: [ {{ run: restart-container }} ]\n",
                "runbooks: [restart.yaml]")
    talon.start()
    talon.wait("it is well", lambda: well(talon), 60)
    began = panda.vm.run("docker inspect -f '{{.State.StartedAt}}' web")
    panda.vm.run("docker exec web sh -c 'echo > /sick'")
    repaired(talon, "restart-container", "web", 180)
    all_is_told(talon, "restart-container", "web")
    is_well_again(talon)
    again = panda.vm.run("docker inspect -f '{{.State.StartedAt}}' web")
    assert again != began
    repairs("docker.restart", "unhealthy", f"restarted once: {runs(talon)[0][2]}")

    panda.vm.run("docker stop -t 0 web")
    talon.wait("it is stopped", lambda: talon.verdicts()["web"] == "stopped", 60)
    ran = api(talon, "/api/v1/checks")["checks"][0]["runs"]
    talon.wait("it is looked at again and again", lambda: api(talon, "/api/v1/checks")["checks"][0]["runs"] >= ran + 6, 120)
    assert talon.verdicts()["web"] == "stopped" and len(runs(talon)) == 1
    assert panda.vm.run("docker inspect -f '{{.State.Running}} {{.State.StartedAt}}' web") == f"false {again}"
    why = talon.command("why", "web").stdout
    assert "by hand" in why, why
    repairs("docker.restart", "stopped by hand", "left alone: " + talon.service("web")["checks"][0]["summary"])
    panda.vm.run("docker rm -f web")


# ---- the core is killed

HOST = (TOP / "tests" / "integration" / "held_host.py").read_text()
SETTINGS = "programs:\n  worker: { command: [sleep, '1000000'] }\n"


class Held:
    """A Talon whose repair stays in one step: a tool that does not end, a run that never begins, or a check that is not answered."""

    def __init__(self, talon, panda, build):
        self.talon, self.panda, self.folder = talon, panda, talon.folder / "programs"
        talon.program = tree(build, self.folder, f"#!{sys.executable}\n{HOST}")
        (self.folder / "real").mkdir()
        shutil.copy2(build / "talon-host", self.folder / "real")
        (self.folder / "real" / "plugins").symlink_to(build / "plugins")
        self.stays = 100000 + random.SystemRandom().randrange(100000)  # a word by which its processes are known
        (panda.tools / "calls").write_text("")
        (panda.tools / "stays").write_text(str(self.stays))
        (panda.tools / "hold").unlink(missing_ok=True)

    def params(self):
        """Of the entry of `heal:`, as the profile has them."""
        entry = next(e for e in yaml.safe_load((TOP / "checks" / "colima.yaml").read_text())["heal"] if e["run"] == "k8s-reboot-heal")
        variables = {**yaml.safe_load(panda_vm.VmWorld.profile())["vars"], **self.panda.variables()}
        return {name: re.sub(r"\$\{vars\.(\w+)\}", lambda m: variables[m[1]], value) for name, value in entry["with"].items()}

    def hold(self, step):
        if step.command:
            params = self.params()
            line = " ".join(re.sub(r"\$\{params\.(\w+)\}", lambda m: params[m[1]], word) for word in step.command)
            (self.panda.tools / "hold").write_text(f"{step.nth} {line}\n")
            return
        if step.action:
            name = f"{step.action} of "
        else:  # the first check of a condition, the last service of a list: what comes last there is asked as well
            name = re.match(r"(?:not )?(\S+)", step.checks[0])[1] if step.word == "if" else [c for c in step.checks if c != "subject"][-1]
            name += "" if "." in name else "."
        after = {"do": 0, "collect": 0}.get(step.word, step.actions)
        (self.folder / "hold").write_text(json.dumps({"name": name, "after": after}))

    def is_in(self, step):
        if step.command:
            return marked(f"sleep\0{self.stays}")
        run = running_step(self.talon)
        return (self.folder / "held").exists() and run and run["step"] == step.place

    def calls(self):
        """Of the runbook: a check of launchd asks for the age of its process."""
        return [call for call in self.panda.calls() if not call.startswith("ps -o ")]

    def acts(self):
        return lines(self.folder / "acts")


def quicker(folder):
    """The checks look more often than every half minute: what is tried here is the runbook."""
    folder.mkdir()
    for name in panda_vm.SERVICES:
        text = (TOP / "checks" / f"{name}.yaml").read_text()
        (folder / f"{name}.yaml").write_text(re.sub(r"every: (?:15|30|60)s|every: 1m", "every: 10s", text))
    return folder


def reaches(step):
    """What must be so that the runbook comes to that step: ways of breaking the cluster, and how long ago the VM will have been booted."""
    binding = {"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "name": "apiserver-kubelet-client"}
    drift = step.place.startswith("16.") and ("remove", binding)
    crash = step.meanwhile and "flannel" in step.when and ("pod", {"namespace": "kube-system", "name": "kube-flannel", "what": "crash_loop"})
    return [way for way in (drift, crash) if way], 30 if crash else 600


@pytest.mark.parametrize("step", STEPS, ids=[f"{step.place}-{step.word}{'-meanwhile' if step.meanwhile else ''}" for step in STEPS])
def test_a_core_that_is_killed_in_a_step(talon, panda, build, repairs, step):
    held = Held(talon, panda, build)
    ways, age = reaches(step)
    panda.colima("stop", "--force")
    panda.age(age)
    panda.parts["kubernetes"].ask("/_mend", {})
    for way, how in ways:
        panda.parts["kubernetes"].ask(f"/_break/{way}", how)
    panda.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state, more=SETTINGS, folder=quicker(talon.folder / "checks"))
    held.hold(step)
    talon.start()
    worker = talon.wait("the worker runs", lambda: talon.status()["programs"][0]["pid"], 60)
    talon.wait(f"it is in step {step.name}", lambda: held.is_in(step), 400)
    assert runs(talon) == [("k8s-reboot-heal", "colima", None)], runs(talon)
    calls, acts = held.calls(), held.acts()
    kill_core(talon, 90)
    wait_until("nothing of it runs", lambda: not marked(f"sleep\0{held.stays}"), 30)
    talon.wait("that is kept", lambda: runs(talon) == [("k8s-reboot-heal", "colima", "interrupted")], 30)
    entry = limits_of(talon, "colima", "k8s-reboot-heal")
    assert entry["failed_at_unix"] and not entry["running"] and entry["in_window"] == 1, entry
    limits = refuses(talon, "colima", "k8s-reboot-heal")
    assert "hold_after_failure" in limits and "cooldown" in limits, limits
    (panda.tools / "hold").unlink(missing_ok=True)
    (held.folder / "hold").unlink(missing_ok=True)
    seen = {c["name"]: c["runs"] for c in api(talon, "/api/v1/checks")["checks"]}
    talon.wait("it is looked at again and again", lambda: all(c["runs"] >= seen[c["name"]] + 2 for c in api(talon, "/api/v1/checks")["checks"]
                                                           if c["name"] in ("colima.vm", "docker.engine")), 120)
    assert held.calls() == calls and held.acts() == acts, "something of it was started again"
    assert len(runs(talon)) == 1 and running_step(talon) is None
    program = talon.status()["programs"][0]
    assert (program["pid"], program["restarts"]) == (worker, 0) and pathlib.Path(f"/proc/{worker}").exists(), program
    repairs("k8s-reboot-heal", "killed in " + step.place, f"{step.name}: interrupted, {', '.join(sorted(limits))}; the worker keeps process {worker}")
