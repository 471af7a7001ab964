"""Each watched system broken in each way in which it breaks: its service is the root cause, what needs it is caused by it, and mended it is ok again."""
import os
import random
import shutil
import time

import pytest

from breaks import CLUSTER, FAILURES, HARMLESS, NO_ROWS, TOGETHER
from conftest import missing, worst

# What is tried of them where time is short; with sanitizers, the first four.
SOME = [(part, mode) for part, mode, *_ in random.Random(7).sample(FAILURES, 8)]

ONCE = "the other build's run has shown it; of single breaks, some are tried here as well"


def test_all_is_well(panda):
    answers = panda()
    assert {name: a["summary"] for name, a in answers.items() if a["status"] != "ok"} == {}


# Programs that checks of the profile may run: the tools of macOS and ssh, where nothing else tells; and what those stand-ins are made of.
ALLOWED = ("sh", "cat", "grep", "env")


def test_nothing_but_tools_is_run(talon, panda, world, tmp_path):
    """Native checks have no child: with a path that holds the tools alone, all is well, and whoever ran another program would not find it."""
    for name in ALLOWED:
        (tmp_path / name).symlink_to(shutil.which(name))
    text = talon.config.read_text()
    talon.config.write_text(text.replace(", /usr/local/bin, /usr/bin, /bin]", f", {tmp_path}]"))
    assert talon.config.read_text() != text
    assert {name: a["summary"] for name, a in panda().items() if a["status"] != "ok"} == {}


def test_what_a_round_costs(panda, sanitized, capsys):
    """The whole profile in one shot, less its slowest check: all of them are asked at once."""
    def once():
        begun = time.monotonic()
        answers = panda()
        return (time.monotonic() - begun) * 1000 - max(a["duration_ms"] for a in answers.values())

    took = sorted(once() for _ in range(1 if sanitized else 3))
    with capsys.disabled():
        print(f"\nfigure panda.oneshot_overhead_ms {took[len(took) // 2]:.1f} ms")


@pytest.mark.parametrize("part, mode, service, status, words", FAILURES, ids=[f"{part}-{mode}" for part, mode, *_ in FAILURES])
def test_a_break_is_seen_and_named(panda, world, rows, sanitized, part, mode, service, status, words):
    if not os.environ.get("SOAK") and (part, mode) not in (SOME[:4] if sanitized else SOME):
        pytest.skip("some of them are tried here, all of them with SOAK=1, as in `./bootstrap soak`")
    if part not in world.parts:
        why = world.skipped["nas-mounts" if part.startswith("nas-") else part]
        rows.skip(service, f"{part}:{mode}", why)
        pytest.skip(why)
    world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        world.parts[part].mend()
    blamed = worst(answers, service)
    assert blamed["status"] == status and words in blamed["summary"], blamed
    others = {name: a for name, a in answers.items() if a["service"] != service and a["status"] != "ok"}
    # What is asked from within it cannot be known then, and is no failure: that way is what says so.
    assert all(a.get("caused_by") == service or (a["status"] == "unknown" and a["reason"].startswith(f"{service}.")) for a in others.values()), others
    assert {name: a["summary"] for name, a in panda(service).items() if a["status"] != "ok"} == {}
    rows(service, f"{part}:{mode}", blamed["summary"])


@pytest.mark.parametrize("part, mode, service, status, words", CLUSTER, ids=[mode for _, mode, *_ in CLUSTER])
def test_a_broken_cluster_is_blamed_alone(panda, world, rows, part, mode, service, status, words, sanitized):
    """What is in the cluster cannot be asked about: that is unknown, and no failure of theirs; what answers by itself is well."""
    if sanitized:
        pytest.skip(ONCE)
    world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        world.parts[part].mend()
    blamed = worst(answers, service)
    assert blamed["status"] == status and words in blamed["summary"], blamed
    others = {name: a["status"] for name, a in answers.items() if a["service"] != service and a["status"] != "ok"}
    assert set(others.values()) <= {"unknown"}, others
    assert answers["redis.ping"]["status"] == "ok" and answers["typesense.health"]["status"] == "ok"
    assert {name: a["summary"] for name, a in panda().items() if a["status"] != "ok"} == {}
    rows(service, mode, blamed["summary"])


@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_all_servers_at_once(panda, world, rows, mode, sanitized):
    """What every server may do to its client, to all of them in one go: each is failed by its deadline, none of them later."""
    if sanitized:
        pytest.skip(ONCE)
    broken = [part for part in world.parts.values() if mode in part.modes]
    for part in broken:
        part.break_as(mode)
    try:
        answers = panda()
    finally:
        for part in broken:
            part.mend()
    for service in ("inngest", "typesense", "restate", "livekit-server", "bluesky-pds", "docs-api", "minio", "host-worker", "agent-mail", "voice-agent"):
        blamed = worst(answers, service)
        assert (blamed["status"], blamed["reason"]) == ("fail", "timeout"), blamed
        rows(service, mode, blamed["summary"])
    assert {name: a["summary"] for name, a in panda().items() if a["status"] != "ok"} == {}


@pytest.mark.parametrize("part, mode, why", HARMLESS, ids=[f"{part}-{mode}" for part, mode, _ in HARMLESS])
def test_what_is_no_failure(panda, world, part, mode, why):
    world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        world.parts[part].mend()
    assert {name: a["summary"] for name, a in answers.items() if a["status"] != "ok"} == {}, why


# What is gone with the VM.
WITHIN = ("talos", "kubernetes", "inngest", "inngest-connect", "redis", "typesense", "restate-ingress", "restate-admin", "livekit", "pds", "docs-api", "minio", "aistor")


def test_a_dead_machine_explains_all_that_was_in_it(panda, world, rows):
    broken = [world.parts[part] for part in ("docker", *WITHIN) if part in world.parts]
    world.parts["colima"].break_as("crashed")
    for part in broken:
        part.break_as("refuse")
    try:
        answers = panda()
    finally:
        for part in (world.parts["colima"], *broken):
            part.mend()
    blamed = worst(answers, "colima")
    assert blamed["status"] == "fail" and "caused_by" not in blamed, blamed
    unexplained = {name: a["summary"] for name, a in answers.items() if a["status"] != "ok" and a["service"] != "colima" and a.get("caused_by") != "colima"}
    assert unexplained == {}
    assert {a["service"] for a in answers.values() if a["status"] != "ok"} > {"docker", "talos-node", "kubernetes", "redis", "caddy-inngest"}
    assert {name: a["summary"] for name, a in panda().items() if a["status"] != "ok"} == {}
    rows("colima", "with all in it", blamed["summary"])


def test_livekit_is_caused_by_redis(panda, world, rows):
    """LiveKit answers 406 when Redis is gone: Redis is to blame, and LiveKit is not to be touched."""
    if "redis" in world.skipped:
        missing(world.skipped["redis"])
    world.parts["redis"].break_as("refuse")
    world.parts["livekit"].break_as("stale")
    try:
        answers = panda()
    finally:
        world.parts["redis"].mend()
        world.parts["livekit"].mend()
    assert "caused_by" not in worst(answers, "redis")
    assert worst(answers, "livekit-server")["caused_by"] == "redis"
    rows("redis", "livekit says 406", worst(answers, "livekit-server")["summary"])


def test_services_that_answer_through_a_machine_that_does_not(panda, world, rows):
    """The inverse of a lost forward: Docker's socket and the VM's ssh are dead, what runs there answers. Docker is told, with the witness beside it; nothing that answers is called bad."""
    for part, mode in (("colima", "unreachable"), ("docker", "no_socket")):
        if part not in world.parts:
            rows.skip("docker", "inverse", world.skipped[part])
            pytest.skip(world.skipped[part])
        world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        for part in ("docker", "colima"):
            world.parts[part].mend()
    blamed = worst(answers, "docker")
    assert blamed["status"] == "fail" and "there is no socket" in blamed["summary"], blamed
    assert answers["colima.guest"]["status"] == "fail" and answers["colima.vm"]["status"] == "ok", answers
    assert {answers[name]["status"] for name in ("typesense.health", "inngest.api", "kubernetes.api")} == {"ok"}, answers
    assert {name: a["summary"] for name, a in panda("colima", "docker").items() if a["status"] != "ok"} == {}
    rows("docker", "inverse", blamed["summary"])


@pytest.mark.parametrize("name, breaks, service, status, words", TOGETHER, ids=[name.replace(" ", "-") for name, *_ in TOGETHER])
def test_what_breaks_together(panda, world, rows, sanitized, name, breaks, service, status, words):
    """Each is one failure with several faces; a witness within the VM tells what is dead there from what is only not forwarded."""
    if sanitized:
        pytest.skip(ONCE)
    for part, mode in breaks:
        world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        for part, _ in breaks:
            world.parts[part].mend()
    blamed = worst(answers, service)
    assert blamed["status"] == status and words in blamed["summary"], blamed
    within = {"docker dead within": ("colima.inside-docker", "fail"), "forward lost": ("colima.inside-8108", "ok")}.get(name)
    assert within is None or answers[within[0]]["status"] == within[1], answers[within[0]]
    assert {a["service"] for a in answers.values() if a["status"] == "fail" and "caused_by" not in a} <= {"colima", "docker", service}, answers
    assert {name: a["summary"] for name, a in panda("colima", "docker", service).items() if a["status"] != "ok"} == {}
    rows(service, name, blamed["summary"])


JOB = """exec_path: [{tools}, /usr/bin, /bin]
services:
  launchd-jobs: {{ checks: {{ janitor: {{ launchd.job: {{ label: {label}, kind: interval, interval: 500ms, grace: 200ms }}, every: 100ms, timeout: 10s, fail_after: 1 }} }} }}
"""


@pytest.mark.parametrize("mode, reason, words", [("well", "launchd.overdue", "has not run for"), ("at_work", "launchd.stuck", "has gone on for")])
def test_a_job_that_is_overdue(talon, world, rows, mode, reason, words):
    """It is loaded, its last run was good, and no other has come since Talon looks; or one has come that does not end."""
    job = world.parts["job-janitor"]
    talon.write(JOB.format(tools=world.tools, label=job.label))

    def check():
        return talon.service("launchd-jobs")["checks"][0]

    try:
        getattr(job, mode)()
        talon.start()
        talon.wait("it is overdue", lambda: check()["reason"] == reason, 20)
        summary = check()["summary"]
        assert words in summary and talon.service("launchd-jobs")["verdict"] == "failed", summary
        job.again()
        talon.wait("it has run", lambda: check()["status"] == "ok", 20)
    finally:
        job.well()
    rows("launchd-jobs", f"job-janitor:{reason.split('.')[1]}", summary)


@pytest.mark.parametrize("service, failure, why", NO_ROWS, ids=[f"{service}-{failure}".replace(" ", "-") for service, failure, _ in NO_ROWS])
def test_what_cannot_be_tried(rows, service, failure, why):
    rows.skip(service, failure, why)
    pytest.skip(why)
