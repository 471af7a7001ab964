"""Control by people: each command good and bad, what its JSON holds, 80 columns on a terminal; and a person's hour with a real terminal (tmux)."""
import contextlib
import json
import os
import pathlib
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib

import pytest

from conftest import missing, wait_until

FAST = "every: 1s, fail_after: 1, recover_after: 1"


class Port:
    """Something that listens, or does not."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.server.getsockname()[1]

    def close(self):
        self.server.close()

    def open(self):
        self.server = socket.create_server(("127.0.0.1", self.port), backlog=512)


@pytest.fixture
def ports():
    made = [Port(), Port(), Port()]
    yield made
    for port in made:
        port.close()


@pytest.fixture
def stack(talon, ports):
    """vm <- redis <- worker, each a port; and a job that reports itself."""
    vm, redis, worker = (p.port for p in ports)
    talon.write(f"""services:
  vm:
    title: The VM
    critical: true
    note: |
      start it with `colima start`;
      and wait until it is warm
    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{vm} }}, {FAST} }} }}
  redis:
    needs: [vm]
    checks: {{ ping: {{ tcp: {{ address: 127.0.0.1:{redis} }}, {FAST} }} }}
  worker:
    needs: [redis]
    checks: {{ up: {{ tcp: {{ address: 127.0.0.1:{worker} }}, {FAST} }} }}
  backup:
    checks:
      nightly: {{ push: {{ period: 24h, grace: 1h, max_duration: 2h }}, {FAST} }}
""")
    talon.start()
    return talon


def all_down(stack, ports):
    for port in ports:
        port.close()
    stack.wait("all is failed, and explained", lambda: [s["caused_by"] for s in stack.status()["services"][:3]] == [None, "vm", "vm"] and
               set(stack.verdicts()[name] for name in ("vm", "redis", "worker")) == {"failed"}, 20)


def run(stack, *words):
    done = stack.command(*words)
    return done.returncode, done.stdout, done.stderr


def answer(stack, *words):
    done = stack.command(*words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


SOAK = bool(os.environ.get("SOAK"))


def one_build_is_enough(sanitized, wanted):
    """What takes seconds is tried in one of the two builds, to keep the check within its time; everywhere with SOAK=1."""
    if sanitized != wanted and not SOAK:
        pytest.skip("the other build's run has shown it")


def now(stack):
    """The status of this moment: the endpoint's may be 0.1 s old."""
    return json.loads(stack.command("status", "--json").stdout)


# ---- what is said


def test_silence_pause_and_ack(stack, ports, sanitized):
    one_build_is_enough(sanitized, True)
    all_down(stack, ports)
    code, out, err = run(stack, "silence", "redis", "10m", "we", "know")
    assert (code, err) == (0, "") and re.match(r"redis is silenced until \S+( \S+)* \(10 min from now\); by \S+: we know\n", out) and "talon silence redis --end" in out
    got = answer(stack, "silence", "vm", "--until-ok", "--max", "2h", "mending it")
    assert got["ok"] is True and got["service"] == "vm" and got["until_unix"] > time.time() + 7000 and got["note"].endswith(": mending it")
    status = now(stack)
    assert [(s["service"], s["until_ok"]) for s in status["silences"]] == [("redis", False), ("vm", True)]
    assert answer(stack, "ack", "1", "1h", "on it")["incident"] == "1"
    incident, = now(stack)["incidents"]
    assert incident["service"] == "vm" and incident["acked"] and incident["acked_by"].endswith(": on it") and incident["joined"] == 2
    assert run(stack, "ack", "vm", "--end")[0] == 0 and not now(stack)["incidents"][0]["acked"]
    assert run(stack, "pause", "1h", "lunch")[0] == 0 and now(stack)["paused_until"] > time.time() + 3500
    assert answer(stack, "resume")["ok"] and now(stack)["paused_until"] is None
    assert "is paused" not in run(stack, "status")[1]
    assert run(stack, "silence", "redis", "--end")[0] == 0 and run(stack, "silence", "all", "1m")[0] == 0
    assert [s["service"] for s in now(stack)["silences"]] == ["vm", None]
    stack.wait("the endpoint has it, too", lambda: b"\ntalon_services_silenced 4\n" in stack.get("/metrics")[1])
    assert b"\ntalon_incidents_open 1\n" in stack.get("/metrics")[1]
    for port in ports:
        port.open()
    stack.wait("its silence ends with it", lambda: [s["service"] for s in now(stack)["silences"]] == [None], 20)


REFUSED = [
    (["silence"], "needs a service"),
    (["silence", "redis"], "needs a duration"),
    (["silence", "redis", "10"], "is no duration"),
    (["silence", "redis", "0s"], "a duration of 0 is none"),
    (["silence", "redis", "9999d"], "longer than a year"),
    (["silence", "redsi", "1h"], "did you mean `redis`?"),
    (["silence", "redis", "1h", "--max", "2h"], "--max goes with --until-ok"),
    (["silence", "redis", "--end", "1h"], "nothing else"),
    (["silence", "redis", "--end"], "not silenced by anybody"),
    (["silence", "redis", "--until-ok"], "the service is ok now"),
    (["silence", "all", "--until-ok"], "needs one service"),
    (["silence", "redis", "1h", "--unitl-ok"], "did you mean --until-ok?"),
    (["pause"], "needs a duration"),
    (["pause", "soon"], "is no duration"),
    (["resume"], "repair is not paused"),
    (["ack"], "needs the number of an incident"),
    (["ack", "7"], "there is no incident of that number"),
    (["ack", "99999999999999999999"], "there is no incident of that number"),
    (["ack", "redis"], "no open incident"),
    (["ack", "../x"], "needs the number"),
    (["ack", "redsi"], "did you mean `redis`?"),
    (["why"], "needs one name"),
    (["why", "redsi"], "did you mean `redis`?"),
    (["why", "redis.pong"], "did you mean `redis.ping`?"),
    (["why", "a b"], "no service, check or incident named a b"),
    (["incidents", "7"], "no incident of that number"),
    (["incidents", "x"], "takes the number"),
    (["incidents", "1", "--since", "1d"], "--since is for the list"),
    (["incidents", "--since", "soon"], "is no duration"),
    (["history"], "needs one check"),
    (["history", "redis.pong"], "did you mean `redis.ping`?"),
    (["history", "redis", "--since", "x"], "is no duration"),
    (["uptime", "redsi"], "did you mean `redis`?"),
    (["log", "x"], "takes no names"),
    (["log", "-n", "many"], "takes a number of lines"),
    (["log", "-f", "--json"], "-f has no end"),
    (["ping"], "needs the name"),
    (["ping", "redis"], "that is no `push` check"),
    (["ping", "backpu"], "did you mean `backup`?"),
    (["ping", "backup", "--status", "fine"], "a status is one of"),
    (["job", "backup"], "after --, the command"),
]


@pytest.mark.parametrize("words, part", REFUSED, ids=[" ".join(words) for words, _ in REFUSED])
def test_what_makes_no_sense_is_refused_with_a_sentence(refusing, words, part, sanitized):
    if sanitized and not SOAK and zlib.crc32(" ".join(words).encode()) % 4:
        pytest.skip("the other build's run has shown it; a quarter of them is tried here, all with SOAK=1")
    done = refusing.command(*words)
    assert done.returncode == 3 and part in done.stderr and done.stdout == "", (done.stdout, done.stderr)


@pytest.fixture(scope="module")
def refusing(program, tmp_path_factory):
    """One daemon for all refusals: none of them changes anything."""
    from conftest import Talon

    made = Talon(program, tmp_path_factory.mktemp("refusing"))
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    made.write(f"""services:
  redis: {{ checks: {{ ping: {{ tcp: {{ address: 127.0.0.1:{listening.getsockname()[1]} }}, {FAST} }} }} }}
  backup: {{ checks: {{ nightly: {{ push: {{ period: 24h }}, {FAST} }} }} }}
""")
    made.start()
    yield made
    listening.close()
    assert made.stop() == 0


def test_nobody_is_there(talon, sanitized):
    one_build_is_enough(sanitized, False)
    talon.write("services: {}\n")
    for words in (["silence", "a", "1h"], ["pause", "1h"], ["resume"], ["ack", "1"], ["why", "a"], ["incidents"], ["incidents", "1"], ["history", "a"], ["uptime"], ["ping", "a"]):
        done = talon.command(*words)
        assert done.returncode == 3 and "daemon" in done.stderr and done.stdout == "", (words, done.stderr)


# ---- what is told


def test_why_goes_down_to_the_root(stack, ports, sanitized):
    one_build_is_enough(sanitized, False)
    all_down(stack, ports)
    code, out, _ = run(stack, "why", "worker")
    lines = out.splitlines()
    assert code == 0 and lines[0] == "worker is failed because of vm"
    assert [line.split(":")[0].strip() for line in lines if re.match(r" *(needs )?(vm|redis|worker): failed", line)] == ["worker", "needs redis", "needs vm"]
    assert "next: talon ack 1 1h REASON" in out and "note of vm: start it with `colima start`; and wait until it is warm\n" in out
    why = answer(stack, "why", "worker.up")
    assert [link["service"] for link in why["chain"]] == ["worker", "redis", "vm"] and why["root_cause"] == "vm" and why["incident"]["id"] == 1
    assert why["chain"][2]["check"]["reason"] == "connect.refused" and why["chain"][2]["root_cause"] is True
    assert json.loads(stack.get("/api/v1/why?of=worker.up")[1])["chain"][2]["service"] == "vm"
    assert answer(stack, "why", "1")["service"] == answer(stack, "why", "#1")["service"] == "vm"
    shown = run(stack, "status")[1].splitlines()
    assert shown[0].startswith("Failed: vm: ") and shown[0].endswith("; 2 services with it"), shown[0]
    assert shown[1].startswith("incident 1 of vm, open for ") and shown[1].endswith(", 2 services with it")


def test_incidents_of_now_and_of_then(stack, ports, sanitized):
    one_build_is_enough(sanitized, True)
    assert run(stack, "incidents")[1].startswith("no incidents")
    all_down(stack, ports)
    code, out, _ = run(stack, "incidents")
    assert code == 0 and re.search(r"^1 +\S+ +\d+ \S+ +open +vm +\+2$", out, re.M), out
    for port in ports:
        port.open()
    stack.wait("it is over", lambda: not stack.status()["incidents"], 30)
    listed, = answer(stack, "incidents")["incidents"]
    assert (listed["id"], listed["state"], listed["joined"]) == (1, "recovered", 2) and listed["closed_unix"] >= listed["opened_unix"]
    one = answer(stack, "incidents", "1")
    assert [e["kind"] for e in one["timeline"]][0] == "opened" and "recovered" in [e["kind"] for e in one["timeline"]]
    assert "recovered" in run(stack, "incidents", "1")[1] and answer(stack, "incidents", "--since", "1h")["kept"] is not None
    assert json.loads(stack.get("/api/v1/incidents/1")[1])["state"] == "recovered" and stack.get("/api/v1/incidents/9")[0] == 404
    all_down(stack, ports)
    assert stack.stop() == 0
    done = stack.command("incidents")
    assert done.returncode == 3 and "no daemon runs; these were open when the last one saved its state" in done.stderr and " open " in done.stdout
    assert json.loads(stack.command("incidents", "--json").stdout)["incidents"][0]["state"] == "open"


def test_history_and_uptime(stack, ports, sanitized):
    one_build_is_enough(sanitized, True)
    all_down(stack, ports)
    stack.wait("it is written", lambda: "bad" in run(stack, "history", "vm", "--since", "1h")[1], 20)
    got = answer(stack, "history", "vm.port", "--since", "1h")
    assert got["check"] == "vm.port" and got["each"] == "run" and {r["status"] for r in got["rows"]} == {"ok", "bad"}
    assert answer(stack, "history", "vm")["each"] == "hour" and answer(stack, "history", "vm", "--since", "30d")["each"] == "day"
    out = run(stack, "history", "vm", "--since", "1h")[1]
    assert re.search(r"^  \|[ .X]{60}\|$", out, re.M) and "X|" in out and re.search(r"^  \S+ +bad +\d+ +\S+ ms$", out, re.M), out
    assert run(stack, "uptime", "nobody")[0] == 3
    stack.wait("time is counted", lambda: "vm" in run(stack, "uptime")[1], 90)
    vm, = answer(stack, "uptime", "vm")["services"]
    assert vm["service"] == "vm" and [w["days"] for w in vm["windows"]] == [1, 7, 30, 90, 365]
    assert "SHARE" in run(stack, "uptime", "vm")[1] and "24h" in run(stack, "uptime")[1]
    limits = json.loads(stack.get("/api/v1/limits")[1])
    assert limits["global"]["concurrent"] == 1 and limits["runbooks"] == []


def test_the_log(stack, sanitized):
    one_build_is_enough(sanitized, False)
    stack.wait("it is written", lambda: stack.command("log").returncode == 0)
    everything = stack.command("log", "-n", "10000").stdout.splitlines()
    stack.wait("it rests", lambda: len(everything) > 3)
    assert stack.command("log", "-n", "2").stdout.splitlines()[0] in everything
    assert len(stack.command("log", "-n", "2").stdout.splitlines()) == 2 and stack.command("log", "-n", "0").stdout == ""
    got = json.loads(stack.command("log", "-n", "3", "--json").stdout)
    assert len(got["lines"]) == 3 and pathlib.Path(got["file"]).exists()
    following = subprocess.Popen([str(stack.program), "log", "-f", "-n", "0", "--config", str(stack.config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 env=stack.environment(), cwd=stack.folder)
    try:
        os.set_blocking(following.stdout.fileno(), False)
        heard = []

        def hears(word):
            stack.command("silence", "redis", "1h", word)
            with contextlib.suppress(TypeError):
                heard.append(following.stdout.read() or "")
            return word in "".join(heard)
        stack.wait("a line comes", lambda: hears("first"), 20)
        pathlib.Path(got["file"]).rename(got["file"] + ".old")
        stack.daemon.send_signal(signal.SIGHUP)
        stack.wait("it follows into the next file", lambda: hears("second"), 20)
        following.send_signal(signal.SIGINT)
        assert following.wait(10) == 0
    finally:
        following.kill()
        following.wait()
        following.stdout.close()
        following.stderr.close()


# ---- jobs


def nightly(stack):
    return stack.service("backup")["checks"][0]


def test_a_job_reports_itself(stack, sanitized):
    one_build_is_enough(sanitized, True)
    assert nightly(stack)["reason"] == "push.waiting"
    assert run(stack, "ping", "backup") == (0, "", "")
    stack.wait("the report is there", lambda: nightly(stack)["reason"] == "push.ok")
    assert answer(stack, "ping", "backup.nightly", "--status", "warn", "--message", "disk nearly full")["check"] == "backup.nightly"
    stack.wait("it warns", lambda: "disk nearly full" in nightly(stack)["summary"])
    line = [str(stack.program), "job", "backup", "--config", str(stack.config), "--"]
    more = {"env": stack.environment(), "cwd": stack.folder, "capture_output": True, "text": True, "timeout": 60, "check": False}
    done = subprocess.run([*line, "sh", "-c", "cat; echo on error >&2; echo the last words; exit 7"], input="given\n", **more)
    assert (done.returncode, done.stdout, done.stderr) == (7, "given\nthe last words\n", "on error\n")
    stack.wait("it failed", lambda: nightly(stack)["reason"] == "push.failed")
    assert "with exit code 7: " in nightly(stack)["summary"] and stack.verdicts()["backup"] == "failed"
    details = next(c for c in json.loads(stack.get("/api/v1/checks")[1])["checks"] if c["name"] == "backup.nightly")
    assert "the last words" in details["details"]["tail"] and details["metrics"]["exit"] == 7
    binary = {key: value for key, value in more.items() if key != "text"}
    done = subprocess.run([*line, sys.executable, "-c", "import os; os.write(1, bytes([255, 34, 92, 10, 27]) * 2000); raise SystemExit(9)"], **binary)
    assert done.stdout == bytes([255, 34, 92, 10, 27]) * 2000 and done.returncode == 9 and done.stderr == b""  # what makes a report largest fits as well
    stack.wait("it failed with that", lambda: "with exit code 9" in nightly(stack)["summary"])
    done = subprocess.run([*line, "sh", "-c", "kill -9 $$"], **more)
    assert done.returncode == 137
    stack.wait("what ended it is told", lambda: "ended by signal 9" in nightly(stack)["summary"])
    done = subprocess.run([*line, "/nowhere/to/be/found"], **more)
    assert done.returncode == 127 and "cannot be run: No such file or directory" in done.stderr
    done = subprocess.run([*line, "sh", "-c", "yes | head -c 3000000; sleep 300 & exit 0"], **more)  # what it leaves behind keeps its output open
    assert done.returncode == 0 and len(done.stdout) == 3000000
    stack.wait("it is well again", lambda: stack.verdicts()["backup"] == "ok")
    before = nightly(stack)["reason"]
    assert stack.stop() == 0
    assert subprocess.run([*line, "true"], **more).returncode == 0  # nobody is there to be told: it runs all the same
    stack.start()
    assert before == "push.ok" and nightly(stack)["reason"] == "push.ok"  # of the report before the restart


def test_a_job_that_runs_is_seen_and_can_be_ended(stack, sanitized):
    one_build_is_enough(sanitized, True)
    line = [str(stack.program), "job", "backup", "--config", str(stack.config), "--"]
    job = subprocess.Popen([*line, sys.executable, "-c", "import signal; signal.pause()"], env=stack.environment(), cwd=stack.folder)
    try:
        stack.wait("it runs", lambda: nightly(stack)["reason"] == "push.running")
        job.terminate()
        assert job.wait(10) == 128 + signal.SIGTERM
        stack.wait("it was ended", lambda: "ended by signal 15" in nightly(stack)["summary"])
    finally:
        job.kill()
        job.wait()


# ---- on a terminal


def on_terminal(stack, *words, columns=80):
    """What a command shows on a terminal so wide: the lines without colours."""
    primary, secondary = pty.openpty()
    environment = stack.environment(TERM="xterm", COLUMNS=str(columns))
    running = subprocess.Popen([str(stack.program), *map(str, words), "--config", str(stack.config)], stdin=secondary, stdout=secondary, stderr=secondary, env=environment,
                               cwd=stack.folder)
    os.close(secondary)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(primary, 65536):
            shown += part
    os.close(primary)
    running.wait(30)
    assert shown
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in shown.decode().replace("\r\n", "\n").splitlines()]


def test_every_screen_fits(stack, ports, sanitized):
    one_build_is_enough(sanitized, False)
    all_down(stack, ports)
    run(stack, "silence", "redis", "1h", "a reason that is so long that it will not fit into one line of a terminal at all, whatever it begins with")
    run(stack, "ack", "1", "1h", "somebody with very much to say about what is done now, and what will be done after that, and by whom, and why")
    run(stack, "pause", "1h")
    stack.wait("it is written", lambda: "bad" in run(stack, "history", "vm", "--since", "1h")[1], 20)
    screens = [["status"], ["why", "worker"], ["why", "1"], ["incidents"], ["incidents", "1"], ["history", "vm", "--since", "1h"], ["history", "vm"], ["uptime"], ["silence", "vm", "1h", "x" * 50],
               ["why", "redsi" * 3]]
    for columns in (80, 60):
        for words in screens:
            if columns == 60 and words[0] == "history":
                continue  # its row of states is what it is
            lines = on_terminal(stack, *words, columns=columns)
            too_long = [line for line in lines if len(line) > columns and not line.startswith("talon ")]
            assert not too_long, (words, columns, too_long)
    assert "\x1b[" not in stack.command("status").stdout + stack.command("why", "vm").stdout + stack.command("incidents").stdout


# ---- the person's hour


class Terminal:
    """A real terminal of 80 columns, in tmux with a server of its own."""

    def __init__(self, folder, environment):
        self.socket = folder / "tmux"
        self.environment = {**environment, "TERM": "xterm-256color", "PS1": "$ ", "HISTFILE": "/dev/null"}
        self.call("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "40", "sh")
        self.call("set", "-g", "history-limit", "5000")

    def call(self, *words):
        done = subprocess.run(["tmux", "-S", str(self.socket), *words], env=self.environment, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def screen(self):
        return self.call("capture-pane", "-p").rstrip("\n").splitlines()

    def type(self, text):
        self.call("send-keys", "-l", text)
        self.call("send-keys", "Enter")

    def run(self, command):
        """The screen when the command has ended: what it printed, each line within 80 columns by the terminal's own nature, none broken by it."""
        self.type(f"printf '\\033[H\\033[2J'; {command}; echo END-$?")
        wait_until(f"{command} ends", lambda: any(re.match(r"END-\d+$", line) for line in self.screen()), 30)
        lines = self.screen()
        return lines[:next(i for i, line in enumerate(lines) if re.match(r"END-\d+$", line))]

    def close(self):
        with contextlib.suppress(AssertionError, subprocess.TimeoutExpired):
            self.call("kill-server")


@pytest.fixture
def terminal(stack):
    if not shutil.which("tmux"):
        missing("tmux", "tmux")
    made = Terminal(stack.folder, stack.environment(PATH=f"{stack.program.parent}:{os.environ['PATH']}", TALON_CONFIG=str(stack.config)))
    yield made
    made.close()


def test_a_persons_hour(stack, ports, terminal, sanitized):
    """Something breaks; a person looks, asks why, silences, takes it on; it is mended; the person looks back. Each screen says what to do next."""
    one_build_is_enough(sanitized, False)
    screen = terminal.run("talon status")
    assert screen[0] == "Healthy: 4 services are ok", screen
    terminal.type("talon status --watch")
    wait_until("it is shown in place", lambda: terminal.screen() and terminal.screen()[0].startswith("Healthy"), 10)
    all_down(stack, ports)
    wait_until("the screen turns", lambda: terminal.screen()[0].startswith("Failed: vm: "), 10)
    watched = terminal.screen()
    assert any(line.startswith("incident 1 of vm, open for") for line in watched) and all(len(line) <= 80 for line in watched)
    assert sum(line.startswith("vm ") for line in watched) == 1  # drawn over, not below
    terminal.call("send-keys", "C-c")
    wait_until("the screen is as it was", lambda: not any("Failed" in line for line in terminal.screen()), 10)

    def says(command, *parts):
        shown = terminal.run(command)
        text = " ".join(line.strip() for line in shown)
        assert all(part in text for part in parts), (command, shown)
        assert any(line.startswith("next: ") for line in shown), (command, shown)
        assert all(len(line) <= 80 for line in shown)
        return shown

    shown = says("talon status", "talon why 1", "incident 1 of vm", "2 services with it")
    assert shown[0].startswith("Failed: vm: port has been failed")
    says("talon why worker", "worker is failed because of vm", "needs redis", "needs vm", "the root cause", "talon ack 1 1h REASON", "note of vm: start it with `colima start`")
    says("talon ack 1 30m I am on it", "incident 1 is acknowledged until", "(30 min from now)", "talon ack 1 --end")
    says("talon silence worker 1h noise", "worker is silenced until", "talon silence worker --end")
    says("talon incidents", "open", "acknowledged by")
    for port in ports:
        port.open()
    stack.wait("it is mended", lambda: stack.health().get("state") == "Healthy" and not stack.status()["incidents"], 30)
    assert terminal.run("talon status")[0].startswith("Healthy")
    says("talon incidents", "recovered", "nothing is open")
    says("talon incidents 1", "opened", "joined: redis", "acknowledged: ", "recovered", "talon uptime vm")
    says("talon history vm --since 1h", "bad", "ok", "X")
    stack.wait("time is counted", lambda: "vm" in stack.command("uptime").stdout, 60)
    says("talon uptime", "SERVICE", "24h", "365d", "vm")
    says("talon uptime vm", "SHARE", "caused", "silenced")


# ---- the demo world's VM


WITHIN = ("docker", "talos", "kubernetes", "inngest", "inngest-connect", "redis", "typesense", "restate-ingress", "restate-admin", "livekit", "pds", "docs-api", "minio", "aistor")


def test_a_broken_vm_is_the_cause_on_the_first_line(talon, request, sanitized):
    one_build_is_enough(sanitized, False)
    world = request.getfixturevalue("world")  # made only where it is needed
    folder = talon.folder / "checks"
    folder.mkdir()
    from conftest import TOP

    for path in (TOP / "checks").glob("*.yaml"):
        text = re.sub(r"\bevery: [^,}\s]+", "every: 2s", path.read_text())
        (folder / path.name).write_text(re.sub(r"\bfail_after: \d+", "fail_after: 1", text))
    world.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state)
    talon.config.write_text(talon.config.read_text().replace(f"{TOP}/checks/", f"{folder}/"))
    environment = talon.environment
    talon.environment = lambda **more: environment(**world.environment(), **more)
    talon.start()
    talon.wait("all is well", lambda: talon.health().get("state") == "Healthy", 60)
    broken = [world.parts["colima"], *(world.parts[part] for part in WITHIN if part in world.parts)]
    broken[0].break_as("crashed")
    for part in broken[1:]:
        part.break_as("refuse")
    try:
        talon.wait("the cause is known", lambda: talon.service("redis").get("caused_by") == "colima" and len(talon.status()["incidents"]) == 1, 60)
        shown = talon.command("status").stdout.splitlines()
        assert re.match(r"\w+: colima: .* \d+ services with it", shown[0]), shown[0]
        incident, = talon.status()["incidents"]
        assert incident["service"] == "colima" and sum(line.startswith("incident ") for line in shown) == 1
        why = json.loads(talon.command("why", "redis", "--json").stdout)
        assert why["root_cause"] == "colima" and why["chain"][0]["service"] == "redis" and why["chain"][-1]["service"] == "colima" and len(why["chain"]) >= 3
    finally:
        for part in broken:
            part.mend()
