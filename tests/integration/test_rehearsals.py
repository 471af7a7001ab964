"""`talon rehearse`: each incident of the past as a scenario, and what happens to a scenario that is wrong."""
import concurrent.futures
import json
import os
import re
import time

import pytest

from conftest import TOP

FOLDER = TOP / "tests" / "rehearsals"
SCENARIOS = sorted(FOLDER.glob("[0-9][0-9]-*.yaml"))
PANDA = TOP / "etc" / "profiles" / "panda.yaml"


def rehearse(talon, *words):
    return talon.command("rehearse", *words, config=False)


def all_of(talon, paths):
    with concurrent.futures.ThreadPoolExecutor(2) as two:
        return list(two.map(lambda path: rehearse(talon, path), paths))


def wrong_of(runs):
    return [done.stdout[-1500:] + done.stderr for done in runs if done.returncode != 0 or "Sanitizer" in done.stderr or "runtime error" in done.stderr]


def test_every_incident_is_rehearsed(talon, sanitized, capsys):
    """Twice: the same scenario gives the same print each time. The sanitized build has a sample: the other build's run has shown all."""
    runs = all_of(talon, SCENARIOS[1::9] if sanitized and not os.environ.get("SOAK") else SCENARIOS)
    wrong = wrong_of(runs)
    assert not wrong, "\n".join(wrong)
    if sanitized:
        return
    assert [done.stdout for done in runs] == [done.stdout for done in all_of(talon, SCENARIOS)]
    assert [path.name[:2] for path in SCENARIOS] == [f"{n:02}" for n in range(1, 31)]
    judged = sum(int(re.search(r"^(\d+) expected: ", done.stdout, re.MULTILINE)[1]) for done in runs)
    assert judged > 600 and "not judged" not in "".join(done.stdout for done in runs)
    with capsys.disabled():
        print(f"\nfigure incidents.rehearsed {len(runs)} count\nfigure incidents.wrong {len(wrong)} count\nfigure incidents.expected {judged} count"
              f"\nfigure incidents.not_judged 0 count")


# A scenario, what is changed in it, the line that then fails, and its words.
BROKEN = [
    ("02-vm-crash-loop.yaml", "root: colima", "root: redis", "root: redis", "the root cause should be redis, and it is colima"),
    ("10-one-outage-one-alarm.yaml", "told: message redis repeated", "told: nothing", None, "1 was told beside it: message redis repeated"),
    ("22-sleep.yaml", "sleep: 8h", "restart: 8h", None, "should be"),
    ("27-typo.yaml", "refused: true", "refused: false", "refused: false", "what was asked for was refused: should be false, and is true"),
    ("30-livekit-needs-redis.yaml", "redis.ping: { is: fail", "redis.ping: { is: warn", "root: redis", "the root cause should be redis, and it is nothing"),
]


def place_of(path, line):
    """Where its value stands, as a compiler says it."""
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if line in text:
            return f"{path}:{number}:{text.index(line) + line.index(': ') + 3}: at "
    raise AssertionError(line)


def copied(talon, name, before, after):
    text = (FOLDER / name).read_text()
    assert before in text
    path = talon.folder / name
    path.write_text(text.replace(before, after, 1).replace("../../etc/profiles/panda.yaml", str(PANDA)).replace("typo/talon.yaml", str(FOLDER / "typo" / "talon.yaml")))
    return path


@pytest.mark.parametrize("name,before,after,line,words", BROKEN)
def test_what_is_not_as_expected_fails(talon, sanitized, name, before, after, line, words):
    if sanitized and line != "root: redis":
        pytest.skip("the other build's run has shown it")
    path = copied(talon, name, before, after)
    done = rehearse(talon, path)
    assert done.returncode == 2 and (place_of(path, line) if line else f"{path}:") in done.stdout and words in done.stdout, done.stdout[-2000:] + done.stderr
    answer = json.loads(rehearse(talon, path, "--json").stdout)
    assert answer["ok"] is False and answer["wrong"] == len(answer["failed"]) > 0 and any(words in failed["message"] for failed in answer["failed"])


def test_a_day_takes_no_time(talon, sanitized):
    if sanitized:
        pytest.skip("it is about time")
    path = talon.folder / "day.yaml"
    path.write_text(f"config: {PANDA}\nfor: 24h\ntimeline:\n  - at: 1h\n    break: {{ redis: fail }}\n  - at: 23h\n    mend: redis\nexpect: {{ verdict: {{ '*': ok }}, opened: 1 }}\n")
    began = time.monotonic()
    done = rehearse(talon, path, "--json")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    assert json.loads(done.stdout)["events"] > 100000 and time.monotonic() - began < 5


MISTAKES = f"""\
config: {PANDA}
titel: a word too few
timeline:
  - at: 10m
    brake: {{ redis: fail }}
  - at: 5m
    break: {{ rediss: fail, redis.ping: fial, docker: {{ is: silent, flap: 5 }}, colima.uptime: {{ is: ok, metrics: {{ uptme: 5s }} }} }}
    clock: 1h
  - at: 20m
    silence: {{ service: redis }}
    expect: {{ verdict: {{ redis: fine }}, told: massage redis, would_heal: {{ redis: some-runbook }}, healed: {{ redis: it }}, escalated: {{ redis: sso }} }}
runbooks: {{ no-such: {{}} }}
for: 1m
"""


def test_all_mistakes_are_told_in_one_go(talon):
    path = talon.folder / "mistakes.yaml"
    path.write_text(MISTAKES)
    done = rehearse(talon, path)
    assert done.returncode == 3 and done.stdout == ""
    places = [tuple(map(int, found)) for found in re.findall(r"mistakes\.yaml:(\d+):(\d+): error: ", done.stderr)]
    assert places == sorted(places), done.stderr
    assert {line for line, _ in places} == {2, 5, 6, 7, 8, 10, 11, 12, 13}, done.stderr
    for words in ("did you mean `title`?", "did you mean `break`?", "`at` goes back", "there is no service, check or group `rediss`", "did you mean `fail`?",
                  "did you mean `uptime`?", "`clock` must be by how much it jumps", "`silence` needs `for: DURATION`", "did you mean `message`?",
                  "there is no runbook `some-runbook`", "there is no runbook `it`", "did you mean `sos`?", "there is no runbook `no-such`", "`for` ends before the last entry"):
        assert words in done.stderr, (words, done.stderr)
    answer = json.loads(rehearse(talon, path, "--json").stdout)
    assert answer["ok"] is False and len(answer["problems"]) == len(places)


@pytest.mark.parametrize("text,words", [("", "a map with `timeline:`, not nothing"), ("- 1\n", "not a list"), ("timeline: [", "error"), (None, "cannot be read"),
                                        ("timeline: []\nconfig: nowhere.yaml\n", "this file cannot be read")])
def test_what_is_no_scenario_is_refused(talon, text, words):
    path = talon.folder / "none.yaml"
    if text is not None:
        path.write_text(text)
    done = rehearse(talon, path)
    assert done.returncode == 3 and words in done.stderr, done.stderr


RUNBOOK = """\
runbook: mend-it
limits: { attempts: 2, cooldown: 1m, hold_after_failure: 5m, confirm: { ticks: 1 } }
steps: [{ collect: { exec.run: { command: [look] } } }, { do: { exec.run: { command: [mend], impact: restart } }, timeout: 1m }]
verify: { checks: [subject], passes: 2, every: 10s, within: 1m }
"""
HEALS = """\
services:
  vm:
    critical: true
    checks: { up: { exec: { command: [none] }, fail_after: 1, every: 10s }, inside: { exec: { command: [none] }, witness: true, every: 10s } }
    heal:
      - when: up failed and inside ok
        run: mend-it
"""
FALLS = "timeline:\n  - at: 5m\n    break: { vm.up: fail }\n"


def heals(talon, way, then):
    """A rehearsal of that runbook, which does what `way` says."""
    (talon.folder / "mend-it.yaml").write_text(RUNBOOK)
    talon.write(HEALS, "runbooks: [mend-it.yaml]")
    path = talon.folder / "heal.yaml"
    path.write_text(f"runbooks: {{ mend-it: {way} }}\n{FALLS}{then}")
    return rehearse(talon, path, "--config", talon.config)


def test_variables_have_other_values(talon):
    """What is off in a configuration is on in its rehearsal; a variable that it does not have is told with a place, and nothing is played."""
    settings = """vars: { alarm: "false", note: short }
secrets: { bot: { env: TALON_TEST_NOBODY } }
notify: { channels: { chat: { enabled: "${vars.alarm}", notify.telegram: { token: "${secrets.bot}", chat: "1" } } } }
ladder: { sos: { after: 1m } }
"""
    talon.write('services: { vm: { critical: true, note: "First.\\nThen.", checks: { up: { exec: { command: [none] }, every: 10s, fail_after: 1 } } } }\n', settings)
    path = talon.folder / "vars.yaml"
    rest = "timeline:\n  - at: 5m\n    break: { vm: fail }\n  - at: 7m\n    expect: { told: [message vm opened%s] }\n"
    path.write_text('vars: { alarm: "true" }\n' + rest % ", page vm sos")
    done = rehearse(talon, path, "--config", talon.config)
    assert done.returncode == 0 and "First. Then." in done.stdout, done.stdout + done.stderr
    path.write_text(rest % "")
    assert rehearse(talon, path, "--config", talon.config).returncode == 0
    assert "nobody is told" in talon.command("validate").stdout
    path.write_text('vars: { alrm: "true" }\n' + rest % "")
    done = rehearse(talon, path, "--config", talon.config)
    assert done.returncode == 3 and "`alrm`" in done.stderr and "not defined under `vars:`" in done.stderr, done.stderr


@pytest.mark.parametrize("way,then", [
    ("{ takes: 20s, mend: vm.up }", "  - at: 7m\n    expect: { healed: { vm: mend-it }, outcome: { vm: fixed }, told: [message vm opened, message vm recovered, digest vm fixed] }\n"),
    ("{ takes: 20s, lies: true, mend: vm.up }", "  - at: 7m\n    expect: { outcome: { vm: not_fixed }, escalated: { vm: exhausted }, incident: { vm: open } }\n"
     "  - at: 10m\n    expect: { healed: { vm: mend-it } }\n  - at: 12m\n    expect: { healed: { vm: mend-it } }\n  - at: 30m\n    expect: { healed: { vm: nothing } }\n"),
    ("{ works: false, says: the disk is full }", "  - at: 6m\n    expect: { outcome: { vm: failed }, refused_heal: { vm: the disk is full } }\n"),
    ("{ refused: true, says: 'a person runs: sudo mend' }", "  - at: 6m\n    expect: { outcome: { vm: failed }, refused_heal: { vm: sudo mend } }\n"),
    ("{ takes: 2m, mend: vm.up }", "  - at: 7m\n    expect: { outcome: { vm: failed } }\n"),
    ("{ takes: 40s, mend: vm.up }", "  - at: 5m20s\n    restart: 1s\n    expect: { outcome: { vm: interrupted } }\n  - at: 9m\n    expect: { healed: { vm: mend-it } }\n"
     "  - at: 9m10s\n    expect: { healed: { vm: nothing } }\n"),
], ids=["works", "lies", "fails", "refused", "late", "interrupted"])
def test_a_runbook_does_what_the_scenario_says(talon, way, then):
    done = heals(talon, way, then)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"heals +vm: mend-it\n.*step +vm: evidence, 1: exec.run\n", done.stdout) and "step       vm: 2: exec.run" in done.stdout, done.stdout


def test_what_keeps_a_repair_from_starting_is_told(talon):
    done = heals(talon, "{ mend: vm.up }", "  - at: 5m\n    pause: 1h\n  - at: 7m\n    expect: { healed: { vm: nothing }, refused_heal: { vm: paused }, would_heal: { vm: nothing } }\n"
                 "  - at: 8m\n    resume: true\n  - at: 10m\n    expect: { healed: { vm: mend-it }, outcome: { vm: fixed } }\n")
    assert done.returncode == 0, done.stdout + done.stderr
    done = heals(talon, "{ mend: vm.up }", "  - at: 7m\n    expect: { healed: { vm: nothing } }\n")
    assert done.returncode == 2 and "vm should be healed with nothing, and it is mend-it" in done.stdout


def test_a_witness_of_before_chooses_nothing(talon):
    """It was well before the failure and is looked at seldom: it is heard anew before it chooses a repair, or that there is none."""
    (talon.folder / "mend-it.yaml").write_text(RUNBOOK)
    talon.write(HEALS.replace("witness: true, every: 10s", "witness: true, every: 1h, fail_after: 1"), "runbooks: [mend-it.yaml]")
    path = talon.folder / "heal.yaml"
    path.write_text("timeline:\n  - at: 5m\n    break: { vm.up: fail, vm.inside: fail }\n  - at: 20m\n    expect: { healed: { vm: nothing }, escalated: { vm: exhausted } }\n")
    done = rehearse(talon, path, "--config", talon.config)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("opted", [False, True])
def test_what_a_person_stopped_is_repaired_only_where_that_is_configured(talon, opted):
    """The profile's own entry for a cordon: with `heal_cordon` it is undone, and a taint beside it selects nothing."""
    config = talon.folder / "panda.yaml"
    config.write_text(PANDA.read_text().replace("../../checks/", f"{TOP}/checks/").replace('heal_cordon: "false"', f'heal_cordon: "{str(opted).lower()}"'))
    path = talon.folder / "cordon.yaml"
    path.write_text("runbooks: { node-uncordon: { mend: kubernetes-node } }\ntimeline:\n  - at: 10m\n    break: { kubernetes-node.schedulable: stopped stopped.by_hand }\n"
                    f"  - at: 20m\n    expect: {{ healed: {{ kubernetes-node: {'node-uncordon' if opted else 'nothing'} }}, verdict: {{ kubernetes-node: {'ok' if opted else 'stopped'} }} }}\n"
                    "  - at: 1h\n    break: { kubernetes-node.schedulable: fail kubernetes.taint }\n  - at: 2h\n    expect: { healed: { kubernetes-node: nothing } }\n")
    done = rehearse(talon, path, "--config", config)
    assert done.returncode == 0, done.stdout + done.stderr


def test_two_runs_of_a_runbook_are_one_only_where_they_do_the_same(talon):
    """Rules.md 4.4: one runbook that several want runs once; a restart of another thing is another repair."""
    (talon.folder / "mend-it.yaml").write_text(RUNBOOK.replace("limits:", "params: { what: { required: true } }\nlimits:").replace("[mend]", '[mend, "${params.what}"]'))
    service = HEALS.split("services:\n")[1]
    talon.write("services:\n" + "".join(service.replace("  vm:", f"  {name}:").replace("run: mend-it", f"run: mend-it\n        with: {{ what: {what} }}")
                                        for name, what in (("a", "one"), ("b", "two"), ("c", "one"))), "runbooks: [mend-it.yaml]")
    path = talon.folder / "heal.yaml"
    path.write_text("runbooks: { mend-it: { takes: 50s, mend: '*' } }\ntimeline:\n  - at: 5m\n    break: { a.up: fail, b.up: fail, c.up: fail }\n"
                    "  - at: 5m30s\n    expect: { healed: { b: nothing }, refused_heal: { b: running } }\n")
    done = rehearse(talon, path, "--config", talon.config)
    begun = {found[1] for found in re.finditer(r"incident   \d of (\w): repair begun", done.stdout)}
    assert done.returncode == 0 and begun == {"a", "c"}, done.stdout + done.stderr


def test_windows_open_by_the_configurations_calendar(talon):
    """In the night when clocks skip the hour in which it would begin; over a sleep and a restart as well."""
    talon.write("services:\n  vm:\n    critical: true\n    checks: { up: { exec: { command: [none] }, every: 10s, fail_after: 1 } }\n",
                'maintenance: { nights: { cron: "30 2 * * *", for: 1h, zone: Europe/Berlin } }')
    path = talon.folder / "night.yaml"
    path.write_text("date: 2026-03-29 00:00\ntimeline:\n  - at: 59m\n    expect: { silenced: nothing }\n  - at: 1h\n    expect: { silenced: vm }\n"
                    "  - at: 1h10m\n    break: { vm: fail }\n  - at: 1h20m\n    restart: 10s\n    expect: { silenced: vm, told: nothing }\n  - at: 1h59m59s\n    expect: { silenced: vm }\n"
                    "  - at: 2h5m\n    expect: { silenced: nothing, told: message vm opened }\n  - at: 3h\n    sleep: 22h\n    expect: { silenced: vm }\n"
                    "  - at: 26h\n    clock: -12h\n    expect: { silenced: nothing }\n")
    done = rehearse(talon, path, "--config", talon.config)
    if "zone" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1:00:00.0  -          window opens: nights of everything" in done.stdout
    path.write_text("date: 2026-02-30 00:00\ntimeline: []\n")
    assert "`date` must be a time such as" in rehearse(talon, path, "--config", talon.config).stderr


PEOPLE = f"""\
config: {PANDA}
groups: {{ data: [redis, typesense] }}
start: {{ minio: {{ is: fail http.status, summary: 503 }} }}
timeline:
  - at: 1s
    pause: 31m
  - at: 5m
    expect: {{ root: minio, told: digest minio opened }}
    silence: {{ service: redis, for: 1h }}
  - at: 10m
    break: {{ redis: fail connect.refused }}
    nudge: redis
  - at: 12m
    expect: {{ verdict: {{ redis.ping: failed }}, silenced: redis, told: nothing, incident: {{ redis: open }} }}
  - at: 13m
    unsilence: redis
  - at: 14m
    expect: {{ silenced: nothing, told: message redis opened }}
  - at: 15m
    unsilence: redis
    expect: {{ refused: true }}
  - at: 20m
    mend: data
    window: {{ open: patching, services: [typesense, docs-api] }}
    break: {{ typesense: fail }}
  - at: 30m
    expect: {{ silenced: [typesense, docs-api], refused: false, told: message redis recovered, verdict: {{ redis: ok, typesense: failed }} }}
  - at: 31m
    window: {{ close: patching }}
    pause: 1h
  - at: 35m
    expect: {{ silenced: nothing, told: digest typesense opened, paused: true }}
    ack: {{ service: typesense, for: 1h }}
  - at: 36m
    resume: true
    restart: 5s
  - at: 40m
    expect: {{ paused: false, incidents: 2, opened: 3, incident: {{ typesense: open }}, told: nothing }}
"""


def test_people_and_windows_are_rehearsed(talon):
    path = talon.folder / "people.yaml"
    path.write_text(PEOPLE)
    done = rehearse(talon, path)
    assert done.returncode == 0, done.stdout[-2500:] + done.stderr
    assert "refused: it is not silenced by anybody" in done.stdout
