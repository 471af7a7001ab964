"""The observer: while this host is not well, what times out proves nothing; when it is well again, it does. In a network namespace of the test's own."""
import json
import os
import shutil
import subprocess
import sys

import pytest

if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
    pytest.skip("a network namespace of one's own needs Linux, root, unshare and ip (iproute2)", allow_module_level=True)

SERVICES = """
services:
  slow:
    checks:
      answer:
        exec: {{ command: [sh, -c, '[ ! -e {hang} ] || exec sleep 60'] }}
        every: 400ms
        timeout: 200ms
        fail_after: 2
        unknown_after: 1
  away:
    checks:
      port: {{ tcp: {{ address: 192.0.2.1:9 }}, every: 400ms, timeout: 200ms, fail_after: 2 }}
"""


@pytest.fixture
def apart(talon, tmp_path):
    """A daemon in a network namespace that has loopback alone, and the ways to break it."""
    talon.hang = tmp_path / "hang"
    talon.write(SERVICES.format(hang=talon.hang), f"control: {{ path: {tmp_path}/control }}")
    with talon.errors.open("a") as errors:
        talon.daemon = subprocess.Popen(["unshare", "-n", "sh", "-c", 'ip link set lo up && ip route add default dev lo && exec "$@"', "sh",
                                         str(talon.program), "run", "--config", str(talon.config)], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                                        env=talon.environment(), cwd=talon.folder, start_new_session=True)

    def status():
        answer = talon.command("status", "--json")
        return json.loads(answer.stdout) if answer.stdout.startswith("{") else {"services": [], "self": None}

    def check(service):
        return next((s["checks"][0] for s in talon.status()["services"] if s["name"] == service), {"verdict": "", "reason": ""})

    talon.status = status
    talon.check = check
    talon.ip = lambda *words: subprocess.run(["nsenter", "-t", str(talon.daemon.pid), "-n", "ip", *words], check=True)
    talon.wait("it watches", lambda: talon.check("slow")["verdict"] == "ok", 60)
    return talon


def test_what_times_out_on_a_sick_host_is_unknown(apart):
    apart.ip("link", "set", "lo", "down")
    apart.hang.touch()
    apart.wait("the observer excuses the check", lambda: apart.check("slow")["reason"] == "observer", 20)
    apart.wait("nobody takes it for a failure", lambda: apart.check("slow")["verdict"] == "unknown", 20)
    assert "127.0.0.1" in apart.status()["self"]
    apart.ip("link", "set", "lo", "up")
    apart.ip("route", "add", "default", "dev", "lo")  # it went with the link
    apart.wait("it counts as soon as the host is well", lambda: apart.check("slow")["verdict"] == "failed", 20)
    apart.wait("nothing is wrong with the host", lambda: "this host" not in (apart.status()["self"] or ""), 20)
    assert apart.errors.read_text().count("Talon's own host is well again") == 1


def test_a_lost_route_excuses_no_check_of_this_host(apart):
    apart.ip("route", "del", "default")
    apart.hang.touch()
    apart.wait("what has no route is excused", lambda: apart.check("away")["reason"] == "observer", 20)
    apart.wait("what is here is not", lambda: apart.check("slow")["verdict"] == "failed", 20)
    assert "its way to other networks" in apart.status()["self"]
    assert apart.check("away")["verdict"] != "failed"
