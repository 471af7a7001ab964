"""People are told: the channels against stand-in servers that answer with each documented error, a network that is away for an hour, a core that is killed meanwhile."""
import contextlib
import http.server
import json
import os
import pathlib
import signal
import socketserver
import threading

import pytest

from conftest import Shift, children_of, free_port

TOKEN = "123456789:AAfake-token_of_nobody0123456789xyz"
SLACK = "T0FAKE/B0FAKE/abcdefNOBODYshallREADthis"
HEADER = "Bearer header-secret-of-nobody-42"


class StandIn(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Telegram, Slack, a webhook and Alertmanager at one port. What it answers is changed by the test; what arrived well is remembered."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port):
        self.answer = None
        self.answer_of, self.held = {}, {}  # by path: another answer; an event until which there is none
        self.taken, self.asked = [], []
        super().__init__(("127.0.0.1", port), Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.server_close()
        self.thread.join(5)


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.path, body))
        if self.path in self.server.held:
            self.server.held[self.path].wait(60)
        status, headers, text = self.server.answer_of.get(self.path) or self.server.answer or (200, {}, '{"ok":true,"result":{}}' if "/bot" in self.path else "ok")
        if 200 <= status < 300:
            self.server.taken.append((self.path, body))
        with contextlib.suppress(OSError):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text.encode())), "Connection": "close", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

    do_GET = do_HEAD = do_PUT = do_POST


@pytest.fixture
def standin():
    made = StandIn(free_port())
    yield made
    made.close()


def channels(port, **more):
    lines = {
        "telegram": 'notify.telegram: { token: "${secrets.bot}", chat: "-100", api: "http://127.0.0.1:%d" }' % port,
        "slack": 'notify.slack: { url: "${secrets.slack}" }, normal: false',
        "hook": 'notify.webhook: { url: "http://127.0.0.1:%d/hook", headers: { Authorization: "${secrets.header}" } }, normal: false' % port,
        "alerts": 'notify.alertmanager: { url: "http://127.0.0.1:%d" }, normal: false' % port,
    }
    return "notify:\n  channels:\n" + "".join("    %s: { %s }\n" % (name, line) for name, line in {**lines, **more}.items())


def write(talon, port, **more):
    """Two services that stand and fall with a file each, and secrets that must be found nowhere."""
    for name, value in {"bot": TOKEN, "slack": f"http://127.0.0.1:{port}/services/{SLACK}", "header": HEADER}.items():
        path = talon.folder / name
        path.write_text(value + "\n")
        path.chmod(0o600)
    secrets = "secrets:\n" + "".join("  %s: { file: %s }\n" % (name, talon.folder / name) for name in ("bot", "slack", "header"))
    services = "services:\n"
    for name in ("one", "two"):
        (talon.folder / f"{name}.up").write_text("")
        services += ("  %s:\n    title: The %s\n    critical: true\n    checks:\n      there: { file: { path: %s, exists: true }, every: 100ms, fail_after: 1, recover_after: 1 }\n"
                     % (name, name, talon.folder / f"{name}.up"))
    talon.write(services, secrets + channels(port, **more))


def no_secret_in(talon, *texts, pieces=None):
    """Neither in what the daemon wrote nor in anybody's command line."""
    pieces = pieces or [TOKEN.split(":")[1], SLACK.split("/")[2], HEADER.split()[1]]
    found = list(texts) + [talon.errors.read_text()]
    for path in talon.state.rglob("*"):
        if path.is_file():
            found.append(path.read_bytes().decode("utf-8", "replace"))
    for pid in [talon.daemon.pid, *children_of(talon.daemon.pid)]:
        with contextlib.suppress(OSError):
            found.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace"))
    for piece in pieces:
        assert not [text for text in found if piece in text], piece


TELEGRAM = [
    (400, '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}', "notify.refused", "chat not found"),
    (400, '{"ok":false,"error_code":400,"description":"group upgraded","parameters":{"migrate_to_chat_id":-1001}}', "notify.refused", "-1001"),
    (401, '{"ok":false,"error_code":401,"description":"Unauthorized"}', "auth.rejected", "token"),
    (403, '{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}', "notify.refused", "bot was blocked"),
    (404, '{"ok":false,"error_code":404,"description":"Not Found"}', "auth.rejected", "token"),
    (409, '{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request"}', "notify.busy", "another program"),
    (429, '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 17","parameters":{"retry_after":17}}', "notify.busy", "17.0 s"),
    (500, '{"ok":false,"error_code":500,"description":"Internal Server Error"}', "http.status", "500"),
    (200, "<html>captive portal</html>", "protocol.bad", "no Bot API"),
]
SLACK_ERRORS = [(400, "invalid_payload", "notify.refused"), (403, "action_prohibited", "notify.refused"), (404, "channel_not_found", "notify.refused"),
                (410, "channel_is_archived", "notify.refused"), (404, "no_service", "auth.rejected"), (403, "invalid_token", "auth.rejected"),
                (500, "rollup_error", "http.status")]


def test_each_channel_says_what_its_service_said(talon, standin):
    port = standin.server_address[1]
    write(talon, port)
    talon.start()

    def tried(channel):
        done = talon.command("notify", "test", channel, "--json")
        assert done.stdout, done.stderr
        answer = json.loads(done.stdout)
        assert (done.returncode == 0) == answer["ok"], done.stdout + done.stderr
        return answer["channels"][0]

    cases = [("telegram", status, text, reason, words, {}) for status, text, reason, words in TELEGRAM]
    cases += [("slack", status, text, reason, text, {}) for status, text, reason in SLACK_ERRORS]
    cases += [("slack", 429, "", "notify.busy", "30.0 s", {"Retry-After": "30"}), ("hook", 503, "busy", "notify.busy", "2 min", {"Retry-After": "120"}),
              ("hook", 413, f"too large: {HEADER}", "notify.refused", "413", {}), ("hook", 302, "", "notify.refused", "elsewhere", {"Location": "http://127.0.0.1:1/"}),
              ("hook", 504, "", "http.status", "504", {}), ("alerts", 400, '{"code":601,"message":"bad start"}', "notify.refused", "400", {})]
    said = []
    for channel, status, text, reason, words, headers in cases if os.environ.get("SOAK") else cases[::2]:
        standin.answer = (status, headers, text)
        got = tried(channel)
        said.append(json.dumps(got))
        assert (got["ok"], got["reason"]) == (False, reason) and words in got["summary"], got
    standin.answer = None
    listed = json.loads(talon.command("notify", "--json").stdout)["channels"]
    assert not any(one["proven"] for one in listed)
    done = talon.command("notify", "test")
    assert done.returncode == 0 and done.stdout.count("sent") >= 4 and "NOT SENT" not in done.stdout, done.stdout + done.stderr
    assert {path.split("/")[1] for path, _ in standin.taken} == {"bot" + TOKEN, "services", "hook", "api"}
    assert all(one["proven"] for one in json.loads(talon.command("notify", "--json").stdout)["channels"])
    wrong = talon.command("notify", "test", "telegrm")
    assert wrong.returncode == 3 and "did you mean `telegram`" in wrong.stderr
    no_secret_in(talon, *said, done.stdout)


def texts_of(standin):
    return [json.loads(body)["text"] for path, body in standin.taken if "/bot" in path]


@pytest.fixture
def shift(talon, sanitized):
    if sanitized:
        pytest.skip("the library that shifts time cannot be loaded before the sanitizers'")
    made = Shift(talon.folder / "shift", talon)
    environment = talon.environment
    talon.environment = lambda **more: environment(**made.environment, **more)
    return made


def test_a_network_that_is_away_for_an_hour(talon, shift):
    """What has passed meanwhile is one line, what lasts is told, each once; a core that was killed goes on with what it owed."""
    port = free_port()
    write(talon, port)
    talon.start()
    for name in ("one", "two"):
        (talon.folder / f"{name}.up").unlink()
    talon.wait("both have failed", lambda: set(talon.verdicts().values()) == {"failed"})
    talon.wait("both wait", lambda: json.loads(talon.command("notify", "--json").stdout)["waiting"] == 2)
    # what checks have concluded is written at most 250 ms later than incidents are
    talon.wait("it is on disk", lambda: all(check["bad_in_a_row"] > 8 for service in talon.status()["services"] for check in service["checks"]))
    core = talon.core_pid()
    os.kill(core, signal.SIGKILL)
    talon.wait("another core is there", lambda: talon.core_pid() not in (0, core) and talon.get("/readyz")[0] == 200, 20)
    assert json.loads(talon.command("notify", "--json").stdout)["waiting"] == 2
    shift.sleep(1800)
    (talon.folder / "one.up").write_text("")
    talon.wait("one has recovered", lambda: talon.verdicts().get("one") == "ok")
    shift.sleep(1800)
    standin = StandIn(port)
    try:
        talon.wait("the messages have come", lambda: any("The two has failed" in text for text in texts_of(standin)), 20)
        shift.sleep(3600)  # whatever would be sent again has been by then
        talon.wait("nothing waits", lambda: json.loads(talon.command("notify", "--json").stdout)["waiting"] == 0)
        said = "\n".join(texts_of(standin))
        assert said.count("The one was down ") == 1 and said.count("The two has failed") == 1, said
        assert "could not be sent: The one has failed" in said and said.count("The one has") == 1, said
        no_secret_in(talon)
    finally:
        standin.close()


def test_a_service_that_is_busy_gets_its_time(talon, shift, standin):
    write(talon, standin.server_address[1])
    talon.start()
    standin.answer = (429, {}, '{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":600}}')
    (talon.folder / "one.up").unlink()
    talon.wait("it was asked", lambda: standin.asked)
    standin.answer = None
    talon.wait("it waits", lambda: json.loads(talon.command("notify", "--json").stdout)["channels"][0]["again_ms"] > 500_000)
    assert len(standin.asked) == 1
    shift.sleep(601)
    talon.wait("it has come", lambda: len(texts_of(standin)) == 1)
    assert "The one has failed" in texts_of(standin)[0] and len(standin.asked) == 2


def test_a_broken_channel_is_told_on_another(talon, standin):
    port = standin.server_address[1]
    write(talon, port, other='notify.webhook: { url: "http://127.0.0.1:%d/other" }' % port, telegram='notify.webhook: { url: "http://127.0.0.1:%d/gone" }' % port)
    standin.answer = (404, {}, "no such hook")
    talon.start()
    (talon.folder / "one.up").unlink()
    talon.wait("both were asked", lambda: {path for path, _ in standin.asked} == {"/gone", "/other"})
    standin.answer = None
    assert talon.command("notify", "test", "other").returncode == 0
    talon.wait("it is told", lambda: any(path == "/other" and "channel for messages is broken: telegram" in body for path, body in standin.taken))
    assert "notify test" not in talon.command("notify").stdout and "broken" in talon.command("notify").stdout


def test_the_heartbeat_beats_after_rounds(talon, standin):
    write(talon, standin.server_address[1])
    with talon.config.open("a") as config:
        config.write("heartbeat: { url: 'http://127.0.0.1:%d/alive', every: 1s }\n" % standin.server_address[1])
    talon.start()
    talon.wait("it beats again and again", lambda: len([path for path, _ in standin.taken if path == "/alive"]) >= 2)


def heartbeat(talon, standin, more=""):
    """A heartbeat to /alive, and messages to the webhook alone."""
    port = standin.server_address[1]
    write(talon, port, telegram='notify.webhook: { url: "http://127.0.0.1:%d/other" }, normal: false' % port, hook='notify.webhook: { url: "http://127.0.0.1:%d/hook" }' % port)
    with talon.config.open("a") as config:
        config.write("heartbeat: { url: 'http://127.0.0.1:%d/alive', every: 1s%s }\n" % (port, more))
    talon.start()


def beats(standin):
    return [path for path, _ in standin.asked if path == "/alive"]


def said_on(standin, words):
    return [body for path, body in standin.taken if path == "/hook" and words in body]


def test_a_heartbeat_that_is_not_taken_is_told_once(talon, standin):
    """Whoever waits for it will take Talon for dead: people know why, once, and once more when it is over. It goes on beating all the while."""
    standin.answer_of["/alive"] = (503, {}, "out of order")
    heartbeat(talon, standin)
    talon.wait("it was told", lambda: said_on(standin, "the heartbeat is not taken"), 20)
    assert "503" in said_on(standin, "the heartbeat is not taken")[0]
    n = len(beats(standin))
    talon.wait("it beats on", lambda: len(beats(standin)) >= n + 2, 20)
    assert len(said_on(standin, "the heartbeat is not taken")) == 1
    standin.answer_of.clear()
    talon.wait("it is taken again", lambda: "the heartbeat is taken again" in talon.errors.read_text(), 20)
    assert talon.errors.read_text().count("the heartbeat is not taken") == 1 and talon.health()["state"] == "Healthy"


def test_a_heartbeat_whose_receiver_stalls(talon, standin):
    """It holds up nothing, is asked one at a time, and given up after its own time."""
    held = threading.Event()
    standin.held["/alive"] = held
    try:
        heartbeat(talon, standin, ", timeout: 2s")
        talon.wait("it was asked", lambda: beats(standin), 20)
        (talon.folder / "one.up").unlink()
        talon.wait("checks go on", lambda: talon.verdicts()["one"] == "failed")
        talon.wait("and so do messages", lambda: said_on(standin, "The one has failed"))
        n = len(beats(standin))
        assert n == 1 or "the heartbeat is not taken" in talon.errors.read_text(), "it is asked again while it has not answered"
        talon.wait("it is given up", lambda: said_on(standin, "the heartbeat is not taken"), 20)
    finally:
        held.set()
    standin.held.clear()
    talon.wait("it is taken again", lambda: "the heartbeat is taken again" in talon.errors.read_text(), 20)


def test_an_agent_is_asked_and_then_people(talon, standin):
    """The upper tiers: a command with the diagnosis on its standard input, an SOS on every channel of it, and one all-clear where it went."""
    port = standin.server_address[1]
    write(talon, port)
    agent = talon.folder / "agent"
    agent.write_text('#!/bin/sh\ncat > "$0.asked.new" && mv "$0.asked.new" "$0.asked"\necho "I could not repair it"\nexit 1\n')
    agent.chmod(0o755)
    with talon.config.open("a") as config:
        config.write('ladder: { agents: [{ command: [%s], about: a stand-in, constraints: [Never reboot it.], cooldown: 0 }], sos: { after: 0, channels: [hook, alerts] } }\n' % agent)
    talon.start()
    (talon.folder / "one.up").unlink()
    talon.wait("the agent was asked", (talon.folder / "agent.asked").exists, 20)
    asked = (talon.folder / "agent.asked").read_text()
    assert "- one.there: failed" in asked and "| " + str(talon.folder / "one.up") in asked and "- Never reboot it." in asked and "The host: a stand-in" in asked
    talon.wait("the SOS is out", lambda: {path.split("/")[1] for path, body in standin.taken if "page" in body} == {"hook", "api"}, 20)
    talon.wait("it is known to be delivered", lambda: talon.health()["state"] == "SOS")
    (talon.folder / "one.up").write_text("")
    talon.wait("the all-clear went there as well", lambda: [json.loads(body) for path, body in standin.taken if path == "/hook"][-1]["over"] is True, 20)
    assert len([body for path, body in standin.taken if path == "/hook"]) == 2
    no_secret_in(talon, asked)


def with_agents(talon, port, *scripts, more="", sos=""):
    """The ladder with these shell scripts as agents."""
    write(talon, port)
    agents = []
    for n, script in enumerate(scripts):
        path = talon.folder / f"agent{n}"
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)
        agents.append("{ command: [%s], cooldown: 0%s }" % (path, more))
    with talon.config.open("a") as config:
        config.write("ladder: { agents: [%s]%s }\n" % (", ".join(agents), sos))
    talon.start()


def timeline(talon):
    """Of the first incident, open or not; while it is on its way from the one to the other there may be no answer."""
    shown = talon.wait("the incident is shown", lambda: talon.command("incidents", "1", "--json").stdout)
    return [(entry["kind"], entry.get("who", "")) for entry in json.loads(shown)["timeline"]]


def test_an_agent_ends_at_its_time_with_all_that_it_began(talon, standin):
    """It ignores TERM, floods its output, and leaves a child that holds the pipe: at its deadline all of it is gone, and the next one is asked."""
    with_agents(talon, standin.server_address[1],
                'trap "" TERM\ncat >/dev/null\n(trap "" TERM; echo $$ >"$0.began"; exec sleep 600) &\necho $! >"$0.pid.new"; mv "$0.pid.new" "$0.pid"\n'
                'dd if=/dev/zero bs=65536 count=64 2>/dev/null | tr "\\0" x\nwhile :; do sleep 600; done\n',
                'cat >/dev/null\ntouch "$0.asked"\n', more=", timeout: 1s")
    (talon.folder / "one.up").unlink()
    talon.wait("the next agent was asked", (talon.folder / "agent1.asked").exists, 40)
    child = int((talon.folder / "agent0.pid").read_text())
    talon.wait("its child is gone", lambda: not pathlib.Path(f"/proc/{child}").exists())
    talon.wait("both have ended", lambda: len([what for what, _ in timeline(talon) if what == "agent ended"]) == 2, 20)
    assert talon.verdicts()["one"] == "failed"


def test_an_agents_exit_code_is_no_success(talon, standin):
    """One that says that all is well has helped nobody: its service is looked at, the next one is asked. That one fails, and has repaired it."""
    with_agents(talon, standin.server_address[1], 'cat >/dev/null\necho "all is well, I promise"\nexit 0\n', f'cat >/dev/null\ntouch "$0.asked" {talon.folder}/one.up\nexit 7\n')
    (talon.folder / "one.up").unlink()
    talon.wait("the next one was asked", (talon.folder / "agent1.asked").exists, 40)
    talon.wait("it is well again", lambda: talon.verdicts().get("one") == "ok" and talon.health()["state"] == "Healthy", 40)
    said = timeline(talon)
    assert [who for what, who in said if what == "agent asked"] == ["agent", "agent-fallback"], said
    assert not [what for what, _ in said if what == "fixed"], said


def test_an_sos_names_the_root_cause_and_what_to_do(talon, standin):
    port = standin.server_address[1]
    write(talon, port)
    with talon.config.open("a") as config:
        config.write("ladder: { sos: { after: 0 } }\n")
    text = talon.config.read_text()
    talon.config.write_text(text.replace("    title: The one\n", "    title: The one\n    note: Ask Ada.\n").replace("    title: The two\n", "    title: The two\n    needs: [one]\n"))
    talon.start()
    for name in ("one", "two"):
        (talon.folder / f"{name}.up").unlink()
    talon.wait("the SOS is out on each channel", lambda: {path.split("/")[1] for path, body in standin.taken if "SOS" in body} == {"bot" + TOKEN, "services", "hook", "api"}, 20)
    words = [text for text in texts_of(standin) if "SOS: " in text]
    assert len(words) == 1 and "SOS: The one is not well, and nothing has helped: " in words[0], words
    assert f"has helped: {talon.folder}"[:100] in words[0], words
    assert words[0].endswith("Ask Ada. `talon why one` says more"), words
