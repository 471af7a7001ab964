"""`talon validate`: every mistake at once, each at its place, and hostile files in bounded time and memory."""
import json
import pathlib
import re
import subprocess
import sys

import pytest

MISTAKES = """\
lisen: 127.0.0.1:1
services:
  a:
    checks:
      one:
        tpc: { address: 127.0.0.1:1 }
      two:
        tcp: { adress: 127.0.0.1:1 }
      three:
        tcp: { address: 127.0.0.1:1 }
        evry: 5s
      four:
        tcp: { address: 127.0.0.1:1 }
        every: 5
      five:
        http: { url: 'http://127.0.0.1/', follow: 0x1F }
      six:
        http: { url: 'http://127.0.0.1/', http2: perhaps }
  b:
    needs: [aa]
    critical: yes
    checks:
      one:
        tcp: { address: 127.0.0.1 }
    heal:
      - when: won failed
        run: nothing-such
"""


def test_ten_mistakes_ten_errors(talon):
    talon.config.write_text(MISTAKES)
    done = talon.command("validate", talon.config, config=False)
    assert done.returncode == 3
    errors = [line for line in done.stderr.splitlines() if ": error: " in line]
    assert len(errors) >= 10, done.stderr
    places = [tuple(map(int, re.search(r":(\d+):(\d+): error: ", line).groups())) for line in errors]
    assert places == sorted(places) and len(set(places)) == len(places), done.stderr
    for place in ((1, 1), (6, 9), (8, 16), (11, 9), (14, 16), (16, 51), (18, 50), (20, 13), (21, 15), (24, 25)):
        assert place in places, (place, done.stderr)
    for right in ("listen", "tcp", "address", "every", "write true", "did you mean"):
        assert right in done.stderr, right
    machine = talon.command("validate", talon.config, "--json", config=False)
    answer = json.loads(machine.stdout)
    assert machine.returncode == 3 and answer["ok"] is False and len(answer["problems"]) >= 10


HOSTILE = {
    "utf-16": "services: {}\n".encode("utf-16"),
    "nul": b"services: {a\x00: 1}\n",
    "bad utf-8": b"services: {\xff\xfe: 1}\n",
    "bare cr": b"services: {}\rlisten: 1\r",
    "too large": b"# " + b"x" * (1 << 20) + b"\nservices: {}\n",
    "too deep": b"services: " + b"[" * 65 + b"]" * 65 + b"\n",
    "billion laughs": b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 10)) for i in range(9)),
    "merge bomb": b"a0: &a0 {k0: 1}\n" + b"".join(b"a%d: &a%d {<<: [*a%d, *a%d], k%d: 1}\n" % (i, i, i - 1, i - 1, i) for i in range(1, 40)),
    "many nodes": b"services: [" + b"1," * 100001 + b"1]\n",
    "two documents": b"services: {}\n---\nservices: {}\n",
    "own tag": b"services: !ruby/object:Gem {}\n",
    "duplicate key": b"services: {}\nservices: {}\n",
    "open quote": b'services: "' + b"x" * 900000,
    "a million brackets": b"[" * 1000000,
    "an alias to itself": b"a: &a [*a]\n",
    "empty": b"",
}


# Runs its arguments and prints how long they took and how much memory they had, in a small process of its own: what a child has at most is never less
# than what its parent had when it was made.
MEASURE = """
import resource, subprocess, sys, time
begun = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_errors_in_a_second_and_64_mib(talon, name, sanitized):
    talon.config.write_bytes(HOSTILE[name])
    line = [sys.executable, "-c", MEASURE, str(talon.program), "validate", str(talon.config)]
    done = subprocess.run(line, capture_output=True, timeout=60, check=False, env=talon.environment())
    errors = done.stderr
    assert done.returncode == 3 and b"error: " in errors, errors[:500]
    assert errors.startswith(str(talon.config).encode()) or b"talon.yaml" in errors.split(b"\n")[0]
    assert all(31 < byte or byte == 10 for byte in errors), "control characters are shown, not sent"
    if not sanitized:
        took, peak = done.stdout.split()
        assert float(took) < 1.0
        assert int(peak) < 64 * 1024 or int(peak) == 0, f"{peak.decode()} KiB"


def test_special_files_are_refused_without_being_opened(talon):
    import os
    os.mkfifo(talon.folder / "fifo.yaml")
    talon.write("include: [fifo.yaml, /dev/zero]\nservices: {}\n")
    done = talon.command("validate", timeout=10)
    assert done.returncode == 3 and "fifo.yaml" in done.stderr and "/dev/zero" in done.stderr


def test_a_good_file_says_so(talon):
    talon.write("services: { a: { checks: { b: { tcp: { address: 127.0.0.1:1 } } } } }")
    done = talon.command("validate")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    shown = talon.command("config", "show")
    assert shown.returncode == 0 and "talon.yaml:" in shown.stdout and "services.a.checks.b" in shown.stdout


RUNBOOK = """\
runbook: look
params: { pause: { default: 5s } }
limits: { attempts: 2, cooldown: 10m, locks: [vm] }
steps: [{ wait: "${params.pause}" }, { until: { checks: [subject], within: 30s } }]
"""


def test_what_may_be_repaired_is_said_with_its_limits(talon):
    (talon.folder / "look.yaml").write_text(RUNBOOK)
    talon.write("runbooks: [look.yaml]\n"
                "services: { a: { checks: { b: { tcp: { address: 127.0.0.1:1 } } }, heal: [{ when: b failed, run: look, with: { pause: 7s } }] } }")
    done = talon.command("validate")
    limits = "attempts 2, cooldown 10m, at_most 3 per 6h, hold_after_failure 30m, confirm 2 ticks, locks vm"
    assert done.returncode == 0 and f"a: when b failed: look (observe), {limits}\n" in done.stdout, done.stdout + done.stderr
    answer = json.loads(talon.command("validate", "--json").stdout)
    assert answer["ok"] is True and len(answer["heal"]) == 1
    entry = answer["heal"][0]
    assert (entry["service"], entry["runbook"], entry["impact"], entry["when"]) == ("a", "look", "observe", "b failed")
    assert entry["limits"]["cooldown_ms"] == 600000 and entry["limits"]["locks"] == ["vm"]
    assert entry["deadline_ms"] == 7000 + 30000 + 20000
    assert "services.a.heal.1.impact = observe" in talon.command("config", "show", "a").stdout


def test_runbooks_that_come_with_talon_are_well_formed_and_ask_for_nothing_unused(talon):
    folder = pathlib.Path(__file__).resolve().parents[2] / "etc" / "runbooks"
    names = sorted(path.stem for path in folder.glob("*.yaml"))
    assert "bridge-heal" in names and "k8s-reboot-heal" in names
    talon.write(f"runbooks: ['{folder}/*.yaml']\nservices: {{ a: {{ checks: {{ b: {{ tcp: {{ address: 127.0.0.1:1 }} }} }} }} }}")
    done = talon.command("validate")
    assert done.returncode == 0 and done.stderr == "" and "repair" not in done.stdout, done.stdout + done.stderr


def test_a_runbook_alone_is_judged_by_the_plugins_it_names(talon):
    alone = talon.folder / "alone.yaml"
    alone.write_text("runbook: alone\nsteps: [{ do: { tcp: { address: 127.0.0.1:1 } } }, { wait: soon }, { do: { nobody.knows: {} } }]\n")
    done = talon.command("validate", alone, config=False)
    assert done.returncode == 3 and "alone.yaml:2:17: error: `tcp` is a check type" in done.stderr and ":2:60: error: `wait`" in done.stderr, done.stderr
    assert "alone.yaml:2:76: warning: the action `nobody.knows` is not checked without the main file" in done.stderr, done.stderr
    alone.write_text(RUNBOOK)
    done = talon.command("validate", alone, config=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr


def test_secrets_never_show(talon):
    talon.write("secrets: { token: { env: TALON_TEST_TOKEN } }\n"
                "services: { a: { checks: { b: { http: { url: 'http://127.0.0.1:1/', bearer: '${secrets.token}' } } } } }")
    env = talon.environment(TALON_TEST_TOKEN="hunter2hunter2")
    for words in (("validate",), ("config", "show"), ("check", "--json"), ("check", "--trace")):
        done = talon.command(*words, env=env)
        assert "hunter2" not in done.stdout + done.stderr, words
