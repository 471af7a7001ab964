"""Each watched system broken in each way in which it breaks: its service is the root cause, what needs it is caused by it, and mended it is ok again."""
import json
import os
import random
import sys

import pytest

from conftest import TOP, missing

sys.path.insert(0, str(TOP / "tests" / "world"))

# The cluster itself; what is in it is then unknown, and caused by it.
CLUSTER = [
    ("kubernetes", "refuse", "kubernetes", "fail", "refused"),
    ("kubernetes", "silent", "kubernetes", "fail", "does not answer"),
    ("kubernetes", "readyz", "kubernetes", "fail", "etcd"),
    ("kubernetes", "unauthorized", "kubernetes", "unknown", "credentials"),
]

# Part and mode, the service that is to blame, the state of its worst check, words of its summary.
FAILURES = [
    ("inngest", "refuse", "inngest", "fail", "refused"),
    ("inngest", "errors", "inngest", "fail", "does not match"),
    ("inngest", "no_functions", "inngest", "fail", "does not match"),
    ("inngest", "garbage", "inngest", "fail", "HTTP"),
    ("inngest", "half", "inngest", "fail", "short"),
    ("inngest-connect", "draining", "inngest", "fail", "HTTP 503"),
    ("redis", "refuse", "redis", "fail", "refused"),
    ("redis", "password", "redis", "unknown", "NOAUTH"),
    ("redis", "unsaved", "redis", "fail", "MISCONF"),
    ("typesense", "refuse", "typesense", "fail", "refused"),
    ("typesense", "lagging", "typesense", "starting", "not ready yet"),
    ("typesense", "out_of_disk", "typesense", "fail", "OUT_OF_DISK"),
    ("typesense", "out_of_memory", "typesense", "fail", "OUT_OF_MEMORY"),
    ("typesense", "html", "typesense", "fail", "not JSON"),
    ("restate-ingress", "refuse", "restate", "fail", "refused"),
    ("restate-ingress", "unregistered", "restate", "fail", "does not match"),
    ("restate-admin", "error", "restate", "fail", "HTTP 500"),
    ("restate-admin", "no_deployments", "restate", "fail", "does not match"),
    ("restate-admin", "other_worker", "restate", "fail", "does not match"),
    ("livekit", "stale", "livekit-server", "fail", "HTTP 406"),
    ("livekit", "html", "livekit-server", "fail", "does not match"),
    ("pds", "database", "bluesky-pds", "fail", "HTTP 503"),
    ("pds", "no_account", "bluesky-pds", "fail", "RepoNotFound"),
    ("docs-api", "dependency", "docs-api", "fail", "HTTP 503"),
    ("docs-api", "degraded", "docs-api", "fail", "degraded"),
    ("docs-api", "empty", "docs-api", "fail", "empty"),
    ("minio", "offline", "minio", "fail", "x-minio-server-status"),
    ("minio", "bucket_metadata", "minio", "fail", "HTTP 503"),
    ("minio", "iam", "minio", "fail", "HTTP 503"),
    ("minio", "busy", "minio", "fail", "HTTP 429"),
    ("minio", "html", "minio", "fail", "x-minio-write-quorum"),
    ("worker", "no_functions", "host-worker", "fail", "does not match"),
    ("worker", "duplicates", "host-worker", "fail", "hasDuplicateFunctionIds"),
    ("worker", "reset", "host-worker", "fail", "closed"),
    ("agent-mail", "not_ready", "agent-mail", "fail", "database is locked"),
    ("voice-agent", "refuse", "voice-agent", "fail", "refused"),
]

# What is tried of them where time is short; with sanitizers, the first eight.
SOME = [(part, mode) for part, mode, *_ in random.Random(7).sample(FAILURES, 16)]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from world import World

    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def panda(talon, world):
    """One-shot of the profile against the world: {check: answer}."""
    world.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state)

    def check(*names):
        done = talon.command("check", "--json", *(names or world.names()), timeout=90, env=talon.environment(**world.environment()))
        assert done.stdout, done.stderr
        return {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    return check


def worst(answers, service):
    order = ("fail", "unknown", "warn", "starting", "stopped", "ok")
    return min((a for a in answers.values() if a["service"] == service), key=lambda a: order.index(a["status"]))


def test_all_is_well(panda):
    answers = panda()
    assert {name: a["summary"] for name, a in answers.items() if a["status"] != "ok"} == {}


@pytest.mark.parametrize("part, mode, service, status, words", FAILURES, ids=[f"{part}-{mode}" for part, mode, *_ in FAILURES])
def test_a_break_is_seen_and_named(panda, world, rows, sanitized, part, mode, service, status, words):
    if not os.environ.get("SOAK") and (part, mode) not in (SOME[:8] if sanitized else SOME):
        pytest.skip("some of them are tried here, all of them with SOAK=1, as in `./bootstrap soak`")
    if part in world.skipped:
        missing(world.skipped[part])
    world.parts[part].break_as(mode)
    try:
        answers = panda()
    finally:
        world.parts[part].mend()
    blamed = worst(answers, service)
    assert blamed["status"] == status and words in blamed["summary"], blamed
    others = {name: a for name, a in answers.items() if a["service"] != service and a["status"] not in ("ok",)}
    assert all(a.get("caused_by") == service for a in others.values()), others
    assert {name: a["summary"] for name, a in panda(service).items() if a["status"] != "ok"} == {}
    rows(service, f"{part}:{mode}", blamed["summary"])


@pytest.mark.parametrize("part, mode, service, status, words", CLUSTER, ids=[mode for _, mode, *_ in CLUSTER])
def test_a_broken_cluster_is_blamed_alone(panda, world, rows, part, mode, service, status, words):
    """What is in the cluster cannot be asked about: that is unknown, and no failure of theirs; what answers by itself is well."""
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
def test_all_servers_at_once(panda, world, rows, mode):
    """What every server may do to its client, to all of them in one go: each is failed by its deadline, none of them later."""
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


def test_an_idle_voice_agent_is_well(panda, world):
    """It answers 503 while nobody calls; that paged once."""
    world.parts["voice-agent"].break_as("idle")
    try:
        assert worst(panda(), "voice-agent")["status"] == "ok"
    finally:
        world.parts["voice-agent"].mend()


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
