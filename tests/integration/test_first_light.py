"""The first way through everything: talon init finds real servers, talon run watches them, talon status says what broke."""
import json
import time

import pytest

from conftest import wait_until


@pytest.fixture
def found(talon, redis, caddy):
    """A configuration that `talon init` made with a real Redis and a real Caddy on this machine."""
    done = talon.command("init")
    assert done.returncode == 0, done.stdout + done.stderr
    text = talon.config.read_text()
    assert f"127.0.0.1:{redis.port}" in text and f":{caddy.port}" in text, text
    checked = talon.command("validate")
    assert checked.returncode == 0 and checked.stderr == "", checked.stdout + checked.stderr
    return text


def only(talon, services):
    """Keeps what concerns this test: other servers of this machine come and go as they like."""
    talon.write(services, settings="defaults: { every: 2s, fail_after: 1, recover_after: 1 }")


def test_init_finds_redis_and_caddy_and_does_not_overwrite(talon, found):
    again = talon.command("init")
    assert again.returncode == 3 and str(talon.config) in again.stderr
    assert talon.config.read_text() == found


def test_what_init_wrote_is_healthy_within_five_seconds(talon, found, redis, caddy):
    names = [line.strip() for line in found.splitlines()]
    assert any("redis:" in name for name in names)
    talon.config.write_text(found + f"\nlisten: 127.0.0.1:{talon.port}\nstate: {talon.state}\n" if "\nlisten:" not in found
                            else found.replace("127.0.0.1:9999", f"127.0.0.1:{talon.port}"))
    begun = time.monotonic()
    talon.start(ready=False)
    talon.wait("redis and caddy are ok", lambda: [v for n, v in talon.verdicts().items() if "redis" in n] == ["ok"], 5)
    talon.wait("health is Healthy", lambda: talon.health().get("state") == "Healthy", 5 - (time.monotonic() - begun) + 0.001)
    assert talon.health()["ok"] is True


def test_redis_stops_and_comes_back_and_nothing_else_changes(talon, redis, caddy):
    only(talon, f"""
services:
  redis:
    checks: {{ ping: {{ redis: {{ address: 127.0.0.1:{redis.port} }} }} }}
  caddy:
    checks: {{ page: {{ http: {{ url: 'http://127.0.0.1:{caddy.port}/' }} }} }}
  disk:
    checks: {{ root: {{ disk: {{ path: /, warn: 99, fail: 100 }} }} }}
""")
    talon.start()
    assert talon.verdicts() == {"redis": "ok", "caddy": "ok", "disk": "ok"}
    since = {s["name"]: s["since_unix"] for s in talon.status()["services"]}
    redis.stop()
    stopped = time.monotonic()
    talon.wait("redis is failed", lambda: talon.verdicts()["redis"] == "failed", 3)
    shown = talon.command("status")
    assert time.monotonic() - stopped < 3.5
    assert shown.returncode == 2 and "refused" in shown.stdout and "failed" in shown.stdout, shown.stdout
    health = talon.health()
    assert health["failed_probes"] == ["redis"] and health["ok"] is False and health["state"] == "Degraded"
    redis.start()
    talon.wait("redis is ok", lambda: talon.verdicts()["redis"] == "ok", 5)
    assert talon.verdicts() == {"redis": "ok", "caddy": "ok", "disk": "ok"}
    after = {s["name"]: s["since_unix"] for s in talon.status()["services"]}
    assert {n: after[n] for n in ("caddy", "disk")} == {n: since[n] for n in ("caddy", "disk")}, "nothing else changed state"
    assert talon.command("status").returncode == 0


def test_a_frozen_redis_is_failed_not_unknown(talon, redis):
    only(talon, f"services: {{ redis: {{ checks: {{ ping: {{ timeout: 1s, redis: {{ address: 127.0.0.1:{redis.port} }} }} }} }} }}")
    talon.start()
    redis.freeze()
    try:
        talon.wait("redis is failed", lambda: talon.verdicts()["redis"] == "failed", 8)
        check = talon.service("redis")["checks"][0]
        assert check["status"] == "fail" and "timeout" in check["reason"], check
    finally:
        redis.thaw()
    talon.wait("redis is ok", lambda: talon.verdicts()["redis"] == "ok", 8)


def test_old_flags_keep_their_shapes(talon, redis):
    only(talon, f"services: {{ redis: {{ critical: true, checks: {{ ping: {{ redis: {{ address: 127.0.0.1:{redis.port} }} }} }} }} }}")
    shown = talon.command("--check")
    assert shown.returncode == 0 and isinstance(json.loads(shown.stdout), list), shown.stdout + shown.stderr
    redis.stop()
    assert talon.command("--check").returncode == 0, "the old --check ends with 0 even when probes fail"
    shown = talon.command("--validate")
    assert shown.returncode == 0 and json.loads(shown.stdout)["ok"] is True
    shown = talon.command("--worker-only")
    assert shown.returncode != 0 and shown.stderr.count("\n") == 1
