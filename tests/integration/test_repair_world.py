"""Repair from end to end in the stand-in world: the profile of Panda as it is, a daemon that heals, processes that are real. Each time something is broken in the
world, the right runbook alone runs, what it does is what mends the world (tests/world/repairs.py), the repair is proven, and people hear of it as they should.

The times are those of the profile, so each takes minutes: all of it runs with SOAK=1, and what shows itself at once always.
"""
import json
import os
import re
import sys

import pytest

from conftest import TOP, Shift
from repair import api, incidents, lines, refuses, repaired, runs, story
from test_notify import StandIn, free_port, texts_of

if sys.platform != "linux":
    pytest.skip("the stand-in world is Linux's", allow_module_level=True)

SELDOM = pytest.mark.skipif(not os.environ.get("SOAK"), reason="minutes, since its times are those of the profile: with SOAK=1")
BINDING = {"api_version": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding"}


@pytest.fixture
def phone():
    """Where the messages to people arrive."""
    made = StandIn(free_port())
    yield made
    made.close()


@pytest.fixture
def live(talon, request, phone, sanitized):
    """live(): a daemon that heals and tells watches the stand-in world, or the one that is given; returns it once all is well."""
    if sanitized:
        pytest.skip("what is tried here is the profile, and not memory: in the build without sanitizers")
    watched = []

    def start(here=None, **variables):
        if not here:
            here = request.getfixturevalue("world")
            watched.append(here)
        told = {"alarm_telegram": "true", "alarm_telegram_api": f"http://127.0.0.1:{phone.server_address[1]}", **variables}
        here.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state, variables=told)
        environment = talon.environment
        talon.environment = lambda **more: environment(**here.environment(), **more)
        here.repairs.forget()
        talon.start()
        talon.wait("all is well", lambda: not unwell(talon, here), 120)
        assert runs(talon) == [] and texts_of(phone) == []
        return here
    yield start
    for here in watched:
        for part in here.parts.values():
            part.mend()
        here.repairs.forget()


def unwell(talon, world):
    return {name: verdict for name, verdict in talon.verdicts().items() if name in world.names() and verdict not in ("ok", "warn")}


def writes(world):
    """What was changed through the stand-in API server, such as `PATCH /apis/...`."""
    return [text for text in world.parts["kubernetes"].state()["requests"] if not re.match(r"GET |POST \S+accessreviews", text)]


def counted(talon):
    """What counts as started, by the limits that people see: {(runbook, service): times}."""
    entries = api(talon, "/api/v1/limits")["runbooks"]
    return {(entry["runbook"], entry["service"]): entry["in_window"] for entry in entries if entry["in_window"]}


def mended(talon, world, repairs, scenario, runbook, service, seen, seconds=300):
    """That runbook alone ran, once; it was what mended the world, seen there as `seen`; it held, is told, and all is well."""
    repaired(talon, runbook, service, seconds)
    talon.wait("the incident is closed", lambda: incidents(talon) and all(over for _, _, over in incidents(talon)), 120)
    talon.wait("all is well", lambda: not unwell(talon, world), 120)
    (number, root, _), = incidents(talon)
    talon.wait("its story is whole", lambda: ("fixed", runbook) in story(talon, number), 30)
    told = story(talon, number)
    kinds = [kind for kind, _ in told if kind in ("opened", "repair begun", "fixed")]
    assert root == service and kinds == ["opened", "repair begun", "fixed"] and ("repair begun", runbook) in told, told
    assert world.repairs.count(seen) == 1 or len([text for text in writes(world) if seen in text]) == 1, (world.repairs.seen, writes(world))
    assert runs(talon) == [(runbook, service, "fixed")] and counted(talon) == {(runbook, service): 1}
    assert api(talon, "/api/v1/heal")["running"] == [] and len(incidents(talon)) == 1
    repairs(runbook, scenario, next(text for kind, text in told if kind == "opened"))


def of_others(talon, name):
    """What a service's state is laid to."""
    service = talon.service(name)
    return [service.get("caused_by"), service.get("flags")]


def told_of(phone, service):
    return [text for text in texts_of(phone) if service in text]


# ---- what mends


@SELDOM
def test_redis_alone_is_repaired_though_livekit_fails_as_well(talon, live, phone, repairs):
    world = live()
    world.parts["livekit"].break_as("stale")
    talon.wait("livekit is seen to be bad, before Redis can be repaired", lambda: talon.verdicts()["livekit-server"] == "suspect", 60)
    for part, mode in (("redis", "refuse"), ("colima", "port_closed")):
        world.parts[part].break_as(mode)
    talon.wait("livekit waits for Redis, or is told as its consequence", lambda: "redis" in json.dumps(of_others(talon, "livekit-server")), 120)
    mended(talon, world, repairs, "redis is down", "restart-workload", "redis", "new pod of joelclaw/redis")
    assert not any("livekit" in text for text in writes(world)) and talon.service("livekit-server")["incident"] is None
    assert len(told_of(phone, "Redis")) == len(texts_of(phone)) == 2, texts_of(phone)


@SELDOM
def test_lost_rights_are_applied_again(talon, live, phone, repairs):
    world = live()
    kube = world.parts["kubernetes"]
    kube.ask("/_break/remove", {**BINDING, "name": "apiserver-kubelet-client"})
    try:
        mended(talon, world, repairs, "the binding is gone", "rbac-restore", "kubernetes-access", "PATCH /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/")
        assert texts_of(phone) == []  # not critical: it waits for the digest
    finally:
        kube.ask("/_mend", {})
        kube.ask("/_break/remove", {**BINDING, "name": "apiserver-kubelet-client-kubelet-api-admin"})  # the manifest's own, which was made beside


@SELDOM
def test_pods_that_cannot_pull_are_made_anew(talon, live, phone, repairs):
    world = live()
    kube = world.parts["kubernetes"]
    before = {pod["uid"] for pod in kube.pods() if pod["workload"] == "joelclaw/system-bus-worker"}
    kube.ask("/_break/pod", {"namespace": "joelclaw", "name": "system-bus-worker", "what": "image_pull", "passing": True})
    try:
        mended(talon, world, repairs, "ImagePullBackOff", "image-pull-reset", "system-bus-worker", "DELETE /api/v1/namespaces/joelclaw/pods/system-bus-worker")
        after = {pod["uid"] for pod in kube.pods() if pod["workload"] == "joelclaw/system-bus-worker" and pod["ready"]}
        assert before and after and not before & after and texts_of(phone) == []
    finally:
        kube.ask("/_mend", {})


@SELDOM
def test_a_worker_that_inngest_has_forgotten_is_registered(talon, live, phone, repairs):
    world = live()
    world.parts["inngest"].break_as("forgotten")
    mended(talon, world, repairs, "inngest has forgotten it", "worker-register", "host-worker", "PUT /api/inngest of worker", 420)
    assert world.parts["inngest"].mode is None and texts_of(phone) == []


@SELDOM
def test_a_worker_that_restate_does_not_know_is_registered_there(talon, live, phone, repairs):
    world = live()
    world.parts["restate-admin"].break_as("no_deployments")
    mended(talon, world, repairs, "restate knows no worker", "restate-register", "restate", "POST /deployments of restate-admin")
    assert world.parts["restate-admin"].mode is None and texts_of(phone) == []


@SELDOM
def test_the_gateway_is_kickstarted_in_the_domain_of_the_system(talon, live, phone, repairs):
    world = live()
    world.parts["job-gateway"].break_as("not_running")
    world.parts["gateway"].break_as("refuse")
    mended(talon, world, repairs, "its job does not run", "service-heal", "gateway", "kickstart system/com.joel.gateway")
    assert world.parts["gateway"].mode is None and len(told_of(phone, "Gateway")) == len(texts_of(phone)) == 2, texts_of(phone)


# ---- what does not


COMMAND = "sudo launchctl kickstart -k system/com.joel.gateway"


@pytest.fixture
def forbidden(world):
    """Nothing may be done in the domain of the system, as for whoever is not root."""
    mark = world.tools / "launchctl.answers" / "system" / "not-ours"
    mark.write_text("")
    yield mark
    mark.unlink()


def test_by_hand_the_command_is_told_as_well(talon, live, forbidden):
    world = live()
    plan = talon.command("heal", "gateway", "service-heal", "--dry-run")
    assert "launchd.kickstart" in plan.stdout and "com.joel.gateway" in plan.stdout, plan
    asked = talon.command("heal", "gateway", "service-heal")
    assert asked.returncode == 3 and "confirm" in asked.stderr, asked  # it is well
    done = talon.command("heal", "gateway", "service-heal", "--force", "the rights are tried")
    assert done.returncode != 0 and COMMAND in done.stdout + done.stderr, done
    assert world.repairs.seen == [] and counted(talon) == {}  # it uses up nothing
    talon.wait("its end is kept", lambda: runs(talon) == [("service-heal", "gateway", "failed")])


@SELDOM
def test_without_the_right_a_person_gets_the_command(talon, live, forbidden, phone, repairs):
    world = live()
    world.parts["job-gateway"].break_as("not_running")
    world.parts["gateway"].break_as("refuse")
    repaired(talon, "service-heal", "gateway", 240, "failed")
    talon.wait("people get the command", lambda: any(COMMAND in text for text in texts_of(phone)), 60)
    talon.wait("it counts", lambda: counted(talon) == {("service-heal", "gateway"): 1}, 30)
    assert world.repairs.seen == []
    number = incidents(talon)[-1][0]
    assert COMMAND in talon.command("incidents", number, "--json").stdout
    talon.wait("it is held", lambda: "hold_after_failure" in refuses(talon, "gateway", "service-heal"), 30)
    world.parts["job-gateway"].mend()  # that person
    world.parts["gateway"].mend()
    talon.wait("the incident is closed", lambda: incidents(talon)[-1][2], 180)
    repairs("service-heal", "no right to kickstart", COMMAND)


@pytest.fixture
def shifted(talon, tmp_path_factory, sanitized):
    """A world of its own whose cluster goes by the clock that the daemon goes by, and that clock."""
    if sanitized:
        pytest.skip("the library that shifts time cannot be loaded before the sanitizers'")
    sys.path.insert(0, str(TOP / "tests" / "world"))
    from world import World

    clock = Shift(talon.folder / "shift", talon)
    environment = talon.environment
    talon.environment = lambda **more: environment(**clock.environment, **more)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in clock.environment.items():
            patch.setenv(name, value)
        made = World(tmp_path_factory.mktemp("shifted"))
    with made:
        yield made, clock


AGENT = """#!/bin/sh
# It reads what it is told, and mends nothing.
cat >"$0.$1.new" && mv "$0.$1.new" "$0.$1"
echo asked >>"$0.$1.times"
echo "$1 has found nothing"
exit 1
"""


def pages(world, phone):
    """(by Telegram, by iMessage) of alarms about Redis."""
    return ([text for text in texts_of(phone) if "SOS" in text and "Redis" in text], [text for _, text in world.parts["imsg"].respond.sent if "SOS" in text])


def seen_again(talon):
    """Several fresh results after a jump of the clock, so that what would follow from it has."""
    def bad():
        return next(check["bad_in_a_row"] for check in talon.service("redis")["checks"] if check["name"].endswith("ping"))
    before = bad()
    talon.wait("it is seen again and again", lambda: talon.verdicts()["redis"] == "failed" and bad() >= before + 3, 120)


@SELDOM
def test_a_repair_that_does_not_hold_is_held_then_agents_are_asked_then_people(talon, live, shifted, phone, repairs):
    world, clock = shifted
    agent = talon.folder / "agent"
    agent.write_text(AGENT)
    agent.chmod(0o755)
    asked = {name: talon.folder / f"agent.{name}.times" for name in ("first", "second")}
    live(world, alarm_imessage="true", alarm_after="3m", agent="true", agent_command=f"exec {agent} first", agent_fallback="true", agent_fallback_command=f"exec {agent} second")
    world.repairs.relapses = {"redis": 15, "colima": 15}  # a new pod is well, and a quarter of a minute later as its predecessor was
    world.parts["redis"].break_as("refuse")
    world.parts["colima"].break_as("port_closed")

    repaired(talon, "restart-workload", "redis", 300, "not fixed")
    talon.wait("it is broken again", lambda: world.parts["redis"].mode and world.parts["colima"].mode, 30)
    talon.wait("it is held", lambda: "hold_after_failure" in refuses(talon, "redis", "restart-workload"), 30)
    talon.wait("the first agent is asked, then the other", lambda: lines(asked["second"]), 120)
    assert lines(asked["first"]) == lines(asked["second"]) == ["asked"] and pages(world, phone) == ([], [])
    prompt = (talon.folder / "agent.first").read_text()
    assert "redis.ping" in prompt and "restart-workload" in prompt and "Never delete a VM" in prompt and "Colima" in prompt, prompt
    talon.wait("the alarm is out, on every channel", lambda: all(pages(world, phone)), 300)
    talon.wait("it is known to be delivered", lambda: talon.health()["state"] == "SOS", 30)
    assert all("nothing has helped" in told[0] and "redis-check-aof" in told[0] for told in pages(world, phone)), pages(world, phone)  # what a person can do

    clock.sleep(1620)
    seen_again(talon)
    assert len(runs(talon)) == 1 and "hold_after_failure" in refuses(talon, "redis", "restart-workload")
    clock.sleep(300)  # half an hour is over
    talon.wait("the second try did not hold either", lambda: [outcome for _, _, outcome in runs(talon)] == ["not fixed", "not fixed"], 300)
    talon.wait("its attempts are used up", lambda: "attempts" in refuses(talon, "redis", "restart-workload"), 30)

    clock.sleep(4 * 3600 - 1920 - 600)
    seen_again(talon)
    assert [len(told) for told in pages(world, phone)] == [1, 1]
    clock.sleep(600)
    talon.wait("the alarm is repeated after four hours", lambda: [len(told) for told in pages(world, phone)] == [2, 2], 120)
    assert lines(asked["first"]) == lines(asked["second"]) == ["asked"]
    assert len(runs(talon)) == 2 and counted(talon).keys() <= {("restart-workload", "redis")} and world.repairs.count("new pod of joelclaw/redis") == 2

    world.repairs.relapses = {}
    world.parts["redis"].mend()  # a person has found out
    world.parts["colima"].mend()
    talon.wait("the incident is closed", lambda: incidents(talon)[-1][2], 180)
    talon.wait("the all-clear went where the alarm went", lambda: len(world.parts["imsg"].respond.sent) == 3 and "Redis" in world.parts["imsg"].respond.sent[-1][1], 60)
    repairs("restart-workload", "it does not hold", f"held, agents, alarm twice, all-clear: {world.parts['imsg'].respond.sent[-1][1]}")
