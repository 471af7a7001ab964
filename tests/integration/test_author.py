"""A plugin author's way: docs/plugin-guide.md is followed word for word against an installed tree. Every block of code in it is written, compiled or run.

What a fence says behind its language: `file=NAME` is saved, a plain `sh` is run, `sh background` is started and left running, a `text` is the output of the commands
before it (`...` stands for anything), `c prelude` comes before each later `c piece`, which must compile by itself with all pieces before it.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest

from conftest import TOP, free_port

GUIDE = TOP / "docs" / "plugin-guide.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def prefix(request):
    given = request.config.getoption("--installed")
    if not given:
        pytest.skip("no installed tree: `./bootstrap install --prefix DIR`, then pytest --installed DIR")
    return pathlib.Path(given).resolve()


def blocks():
    """[(line, language, rest of the info string, text)]"""
    text = GUIDE.read_text()
    found = [(text.count("\n", 0, m.start()) + 1, m[1], m[2].strip(), m[3]) for m in FENCE.finditer(text)]
    assert len(found) * 2 == len(re.findall(r"^```", text, re.MULTILINE)), "each fence of the guide must say its language"
    return found


class Reader:
    """A person in a home folder with a shell, who does what the guide says."""

    def __init__(self, home, prefix):
        self.home = home
        (home / "talon").symlink_to(prefix)
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(home)}
        self.port, self.listen = str(free_port()), str(free_port())
        self.output = ""
        self.pieces = ""
        self.running = []

    def own(self, text):
        """The guide's ports may be taken on this machine: others in their place, everywhere."""
        return text.replace("8025", self.port).replace("9998", self.listen)

    def run(self, script):
        kept = self.home / ".exported"
        done = subprocess.run(["sh", "-e", "-c", f"[ ! -f {kept} ] || . {kept}\n{self.own(script)}export -p >{kept}\n"], cwd=self.home, env=self.environment,
                              capture_output=True, text=True, timeout=120, check=False)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"{script}\n{self.output}"

    def start(self, script):
        kept = self.home / ".exported"
        self.running.append(subprocess.Popen(["sh", "-c", f". {kept}\nexec {self.own(script)}"], cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def compare(self, expected):
        pattern = re.escape(self.own(expected).strip()).replace(r"\.\.\.", ".*")
        assert re.search(pattern, self.output, re.DOTALL), f"expected:\n{expected}\ngot:\n{self.output}"

    def compile(self, piece, prefix):
        self.pieces += piece
        (self.home / "piece.c").write_text(self.pieces)
        for compiler, standard in (("cc", "c99"), ("cc", "c11")):
            done = subprocess.run([compiler, f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
                                   "-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-unused-variable", f"-I{prefix}/include", "piece.c"], cwd=self.home, capture_output=True,
                                  text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr

    def end(self):
        for process in self.running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=10)


def follow(reader, prefix, language, info, text):
    name = re.fullmatch(r"file=([\w.]+)", info)
    if name:
        (reader.home / name[1]).write_text(reader.own(text))
    elif language == "sh" and info == "":
        reader.run(text)
    elif language == "sh" and info == "background":
        reader.start(text)
    elif language == "text" and info == "":
        reader.compare(text)
    elif language == "c" and info in ("prelude", "piece"):
        reader.compile(text, prefix)
    else:
        raise AssertionError(f"nobody knows what to do with a block of `{language} {info}`")


def test_the_guide_word_for_word(prefix, tmp_path):
    reader = Reader(tmp_path, prefix)
    done = []
    try:
        for line, language, info, text in blocks():
            try:
                follow(reader, prefix, language, info, text)
            except (AssertionError, subprocess.TimeoutExpired) as wrong:
                raise AssertionError(f"docs/plugin-guide.md:{line}: {wrong}") from None
            done.append((language, info))
    finally:
        reader.end()
    assert done.count(("c", "piece")) >= 10 and done.count(("sh", "")) >= 6, "the guide has lost its examples"
    assert (tmp_path / "knock.so").exists() and (tmp_path / "lift.so").exists()


def test_the_manual_page(talon):
    """Its plugin compiles and is one; every service and macro of the header is on it."""
    page = (TOP / "docs" / "talon-plugin.3").read_text()
    header = (TOP / "plugins" / "sdk" / "talon" / "plugin.h").read_text()
    (talon.folder / "mine.c").write_text("#include <talon/plugin.h>\n" + re.search(r"^\.Bd -literal\n(.*?)^\.Ed", page, re.MULTILINE | re.DOTALL)[1])
    made = subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{TOP}/plugins/sdk", "-o", "mine.so", "mine.c"], cwd=talon.folder,
                          capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 0, made.stderr
    done = talon.command("plugin", "test", "mine.so", config=False)
    assert done.returncode == 0 and "mine.ok: all is well" in done.stdout, done.stdout + done.stderr
    table = re.search(r"^struct talon_host \{(.*?)^\};", header, re.MULTILINE | re.DOTALL)[1]
    services = re.findall(r"\(\*(\w+)\)\(struct talon_run \*", table)
    assert len(services) > 20
    for name in services:
        assert re.search(rf"^\.It Fn .*\b{name}\b", page, re.MULTILINE) or re.search(rf"^\.Fn {name}\b", page, re.MULTILINE), name
    for name in re.findall(r"^#define (TALON_[A-Z]+_AT)\(", header, re.MULTILINE):
        assert f".It Dv {name} " in page, name


# ---- talon plugin new


def test_a_template_is_built_and_tested(prefix, talon):
    environment = talon.environment(PATH=f"{prefix}/bin:{os.environ['PATH']}", PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig")
    done = talon.command("plugin", "new", "front_door", "made here", config=False)
    assert done.returncode == 0 and "made here/README.md" in done.stdout, done.stdout + done.stderr
    folder = talon.folder / "made here"
    assert sorted(entry.name for entry in folder.iterdir()) == ["Makefile", "README.md", "front_door.c", "test_front_door.c"]
    assert not any("@" in entry.read_text().replace("$@", "") for entry in folder.iterdir())
    for compiler in ("gcc", "clang"):
        done = subprocess.run(["make", "-B", "all", "test", f"CC={compiler}", "CFLAGS=-O2 -std=c11 -Wall -Wextra -Wpedantic -Werror"], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and "all as expected" in done.stdout, done.stdout + done.stderr
    talon.write(f"services: {{ a: {{ checks: {{ b: {{ front_door: {{ address: 127.0.0.1:{free_port()} }} }} }} }} }}",
                f"plugins: {{ front_door: {{ path: {folder}/front_door.so }} }}")
    done = talon.command("check")
    assert done.returncode == 2 and "cannot connect: connection refused" in done.stdout, done.stdout + done.stderr
    source = folder / "front_door.c"  # a test that cannot fail proves nothing
    source.write_text(source.read_text().replace("link->connect_ns > conf->warn_after", "0"))
    assert subprocess.run(["make", "test"], cwd=folder, env=environment, capture_output=True, timeout=120, check=False).returncode != 0


def test_a_template_writes_over_nothing(talon):
    (talon.folder / "mine").mkdir()
    (talon.folder / "mine" / "Makefile").write_text("precious")
    done = talon.command("plugin", "new", "mine", config=False)
    assert done.returncode == 3 and "mine/Makefile exists already" in done.stderr, done.stderr
    assert [entry.name for entry in (talon.folder / "mine").iterdir()] == ["Makefile"]
    assert (talon.folder / "mine" / "Makefile").read_text() == "precious"
    (talon.folder / "file").write_text("")
    assert "it is no folder" in talon.command("plugin", "new", "mine", "file", config=False).stderr
    assert "No such file or directory" in talon.command("plugin", "new", "mine", "no/such", config=False).stderr


@pytest.mark.parametrize("name", ["", "9lives", "Mine", "my-check", "a/b", "../x", "a b", "x" * 33, "é"])
def test_names_that_are_none(talon, name):
    done = talon.command("plugin", "new", name, "folder", config=False)
    assert done.returncode == 3 and "is no name for a plugin" in done.stderr and not (talon.folder / "folder").exists(), done.stderr


def test_a_name_that_talon_has(talon):
    done = talon.command("plugin", "new", "http", config=False)
    assert done.returncode == 3 and "Talon has a plugin named http" in done.stderr and not (talon.folder / "http").exists()
    assert "say what to do" in talon.command("plugin", "new", config=False).stderr
    assert "say what to do" in talon.command("plugin", "new", "a", "b", "c", config=False).stderr


# ---- talon plugin test

FAULTY = """
#include <talon/plugin.h>
#include <fcntl.h>
#include <stdlib.h>
struct conf { int64_t level; const char *word, *token; };
static const struct talon_option options[] = {
    { .name = "level", TALON_INT_AT(struct conf, level), .min = 1, .max = 9, .fallback = "5", .help = "A level." },
    { .name = "word", TALON_STRING_AT(struct conf, word), .help = "A word." },
    { .name = "token", TALON_STRING_AT(struct conf, token), .flags = TALON_SECRET, .help = "A secret." },
    { .name = NULL },
};
static void *volatile kept;
static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    (void)conf, (void)problem;
    VALIDATE;
    return 0;
}
static void later(struct talon_run *run, void *arg)
{
    (void)arg;
    talon_done(run, TALON_OK, "faulty.ok", "later");
}
static void start(struct talon_run *run)
{
    const struct conf *conf = run->conf;
    (void)conf, (void)later, (void)kept;
    START;
}
static const struct talon_operation operations[] = {
    { .kind = TALON_CHECK, .name = "faulty", .summary = "Is faulty.", .options = options, .conf_size = sizeof(struct conf), .validate = validate, .start = start },
};
const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD, .name = "faulty", .version = "1", .license = "MIT", .summary = "Is faulty.", TALON_OPERATIONS(operations),
};
"""
DONE = 'talon_done(run, TALON_OK, "faulty.ok", "done")'


@pytest.fixture
def trial(talon):
    """trial(start, validate, *words): the plugin with that fault, tried."""
    def run(start=DONE, validate="", words=(), source=FAULTY, **more):
        text, source = source, talon.folder / "faulty.c"
        source.write_text(text.replace("VALIDATE", validate).replace("START", start))
        made = subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{TOP}/plugins/sdk", "-o", talon.folder / "faulty.so", source],
                              capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stderr
        temporary = talon.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        done = talon.command("plugin", "test", "./faulty.so", *words, config=False, env=talon.environment(TMPDIR=str(temporary)), timeout=120, **more)
        assert list(temporary.iterdir()) == [], "it leaves files behind"
        assert "Sanitizer" not in done.stderr, done.stderr
        return done
    return run


def test_a_plugin_without_a_fault(trial):
    done = trial(words=("--option", "word=hello"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^level +ok +2 good taken, 3 bad refused$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^first run +ok +ok faulty.ok: done", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^1000 runs +ok ", done.stdout, re.MULTILINE) and done.stdout.endswith("nothing is wrong with faulty\n"), done.stdout


@pytest.mark.parametrize("start, row, says", [
    ("kept = malloc(2000); memset(kept, 1, 2000); " + DONE, "1000 runs", "bytes by each run"),
    ('kept = (void *)(size_t)open("/dev/null", O_RDONLY); ' + DONE, "1000 runs", "descriptors were left open, 1.0 by each run"),
    ("abort()", "first run", "died (SIGABRT)"),
    ("(void)run", "first run", "plugin.idle"),
])
def test_faults_of_runs(trial, sanitized, start, row, says):
    if sanitized and "bytes" in says:
        pytest.skip("AddressSanitizer keeps what was freed, so a host's memory tells nothing")
    done = trial(start)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(rf"^{row} +wrong [^\n]*{re.escape(says)}", done.stdout, re.MULTILINE), done.stdout + done.stderr


def test_faults_of_validation(trial):
    done = trial(validate="if (conf->level == 9) abort()")
    assert done.returncode == 2 and re.search(r"^level +wrong +the plugin died \(SIGABRT\) in its validation", done.stdout, re.MULTILINE), done.stdout
    refusal = 'if (conf->level == 9) { problem->option = "level"; snprintf(problem->text, sizeof problem->text, "is too high today"); return 1; }'
    done = trial(validate=refusal)
    assert done.returncode == 0 and re.search(r"^level +note +1 good taken, 3 bad refused; [^\n]*is too high today", done.stdout, re.MULTILINE), done.stdout
    done = trial(validate=refusal, words=("--option", "level=9"))
    assert done.returncode == 3 and "not tried: it refuses what it was given (`level`: is too high today)" in done.stdout, done.stdout


ACTION = """
#include <talon/plugin.h>
#include <stdlib.h>
struct conf { const char *unit; int64_t times; int32_t impact; };
static const char *const impacts[] = { "observe", "restart", "disruptive", "destructive", NULL };
static const struct talon_option options[] = {
    { .name = "unit", TALON_STRING_AT(struct conf, unit), .flags = TALON_REQUIRED, .help = "What." },
    { .name = "times", TALON_INT_AT(struct conf, times), .min = 1, .max = 3, .fallback = "1", .help = "How often." },
    IMPACT
    { .name = NULL },
};
static int validate(const void *given, struct talon_problem *problem)
{
    const struct conf *conf = given;
    (void)conf, (void)problem, (void)impacts;
    VALIDATE;
    return 0;
}
static void start(struct talon_run *run)
{
    (void)run;
    abort();
}
static const struct talon_operation operations[] = {
    { .kind = TALON_ACTION, .name = "act", .summary = "Acts.", .options = options, .conf_size = sizeof(struct conf), .impact = TALON_LEVEL, .validate = validate, .start = start },
};
const struct talon_plugin talon_plugin_descriptor = {
    TALON_PLUGIN_HEAD, .name = "faulty", .version = "1", .license = "MIT", .summary = "Acts.", TALON_OPERATIONS(operations),
};
"""
OWN_IMPACT = '{ .name = "impact", TALON_ENUM_AT(struct conf, impact), .choices = impacts, .fallback = "destructive", .help = "How much." },'


def test_options_of_actions_are_tried_and_nothing_is_run(trial):
    def act(validate="", impact="", level="DISRUPT", words=()):
        return trial(validate=validate, words=words, source=ACTION.replace("IMPACT", impact, 1).replace("TALON_LEVEL", f"TALON_{level}"))

    done = act()
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^action +note +impact disruptive; not run", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^unit +ok +1 good taken, 2 bad refused$", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^times +ok +2 good taken, 3 bad refused$", done.stdout, re.MULTILINE), done.stdout
    assert done.stdout.endswith("nothing is wrong with faulty\n") and "1000 runs" not in done.stdout
    done = act(impact=OWN_IMPACT, level="DESTROY")  # as exec.run: what it does is for the step to say
    assert done.returncode == 0 and re.search(r"^impact +ok +3 good taken, 2 bad refused$", done.stdout, re.MULTILINE), done.stdout
    done = act(validate="if (conf->times == 3) abort()")
    assert done.returncode == 2 and re.search(r"^times +wrong +the plugin died \(SIGABRT\) in its validation", done.stdout, re.MULTILINE), done.stdout
    done = act(validate='if (strcmp(conf->unit, "stand-in") == 0) { problem->option = "unit"; snprintf(problem->text, sizeof problem->text, "is none"); return 1; }')
    assert done.returncode == 3 and "not tried: it refuses the stand-ins for what is required (`unit`: is none)" in done.stdout, done.stdout


def test_a_secret_stays_one(trial):
    words = ("--option", "token=example-token-1", "--wire")
    done = trial(words=words)
    assert done.returncode == 0 and '"type":"setup"' in done.stderr and '"token":"******"' in done.stderr, done.stderr
    assert "example-token-1" not in done.stdout + done.stderr
    done = trial('talon_done(run, TALON_OK, "faulty.ok", "the token is %s", conf->token)', words=words)
    assert done.returncode == 2 and "a secret option's value stands in its result" in done.stdout, done.stdout
    assert "example-token-1" not in done.stdout + done.stderr


def test_a_debugger_is_waited_for(trial):
    done = trial(words=("--gdb",), input="\n\n")
    pid = re.search(r"gdb -p (\d+) ", done.stdout)
    assert done.returncode == 0 and pid, done.stdout + done.stderr
    assert len(re.findall(r"^run +ok +ok faulty.ok: done", done.stdout, re.MULTILINE)) >= 1, done.stdout
    assert not pathlib.Path(f"/proc/{pid[1]}").exists()


def test_what_cannot_be_tried(talon):
    def refused(*words):
        done = talon.command("plugin", "test", *words, config=False)
        return done.returncode, done.stdout + done.stderr

    assert refused("no-such") == (3, "talon plugin test: no-such is no name of a plugin: small letters, digits and _, as the file's name says it\n")
    code, text = refused("absent")
    assert code == 3 and "there is no plugin named absent" in text
    code, text = refused("./absent.so")
    assert code == 3 and "No such file or directory" in text
    (talon.folder / "garbage.so").write_text("this is no shared object")
    (talon.folder / "garbage.so").chmod(0o644)
    code, text = refused("./garbage.so")
    assert code == 2 and re.search(r"^describe +wrong ", text, re.MULTILINE), text
    code, text = refused("tcp", "--option", "adress=127.0.0.1:1")
    assert code == 3 and "no operation of tcp has an option adress" in text
    code, text = refused("tcp", "--option", "address")
    assert code == 3 and "--option needs NAME=VALUE" in text
    code, text = refused("http")
    assert code == 3 and "not tried: it refuses the stand-ins for what is required (`url`: " in text
    code, text = refused("tcp", "exec")
    assert code == 3 and "say what to do" in text


# ---- the examples: one check, once in C, once in Python


class MailServer:
    """Takes one connection after the other: says something, or nothing, and keeps what it hears. says None: closes at once."""

    def __init__(self, says):
        self.says, self.heard, self.kept = says, [], []
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            if self.says is None:
                connection.close()
                continue
            connection.sendall(self.says)
            connection.settimeout(10)
            self.kept.append(connection)
            try:
                self.heard.append(connection.recv(100))
            except OSError:
                self.heard.append(b"")

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(timeout=15)
        for connection in self.kept:
            connection.close()


@pytest.fixture(scope="module")
def example(request, tmp_path_factory):
    """The example in C, built by its own Makefile from nothing but the installed tree."""
    given = request.config.getoption("--installed")
    if not given:
        return None
    given = pathlib.Path(given).resolve()
    folder = tmp_path_factory.mktemp("example") / "plugin"
    shutil.copytree(TOP / "examples" / "plugin", folder)
    environment = {**os.environ, "PKG_CONFIG_PATH": f"{given}/lib/pkgconfig", "PATH": f"{given}/bin:{os.environ['PATH']}"}
    made = subprocess.run(["make", "CFLAGS=-O2 -std=c11 -Wall -Wextra -Wpedantic -Werror", "all", "test", "plugin-test"], cwd=folder, env=environment, capture_output=True,
                          text=True, timeout=120, check=False)
    assert made.returncode == 0 and "all as expected" in made.stdout and "nothing is wrong with smtp_greeting" in made.stdout, made.stdout + made.stderr
    return folder / "smtp_greeting.so"


@pytest.fixture(params=["c", "python"])
def mail(request, talon, example):
    """mail(options): `talon check --json` of one smtp_greeting. In C it is the one that was built against the installed tree."""
    if request.param == "c" and not example:
        pytest.skip("no installed tree: `./bootstrap install --prefix DIR`, then pytest --installed DIR")
    place = f"path: {example}" if request.param == "c" else f"command: [{sys.executable}, {TOP}/examples/python/smtp_greeting.py]"

    def check(options, timeout="5s"):
        talon.write(f"services: {{ mail: {{ checks: {{ greeting: {{ smtp_greeting: {{ {options} }}, timeout: {timeout} }} }} }} }}", f"plugins: {{ smtp_greeting: {{ {place} }} }}")
        done = talon.command("check", "--json")
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        return json.loads(done.stdout)["checks"][0]

    check.talon = talon
    return check


@pytest.mark.parametrize("says, options, status, reason", [
    (b"220 mail.example.com ESMTP\r\n", "", "ok", "smtp.ok"),
    (b"220-mail.example.com\r\n220 ready\r\n", "", "ok", "smtp.ok"),
    (b"220 mail.example.com ESMTP\r\n", ", host: mail.example.com", "ok", "smtp.ok"),
    (b"220 mail.example.community ESMTP\r\n", ", host: mail.example.com", "fail", "smtp.host"),
    (b"220 mail.example.com ESMTP\r\n", ", warn_after: 0ms", "warn", "smtp.slow"),
    (b"554 no service here\r\n", "", "fail", "smtp.refused"),
    (b"SSH-2.0-Example\r\n", "", "fail", "smtp.greeting"),
    (b"x" * 9000, "", "fail", "too_big"),
    (None, "", "fail", "connect.closed"),
])
def test_what_a_mail_server_says(mail, says, options, status, reason):
    server = MailServer(says)
    try:
        found = mail(f'address: "{server.address}"{options}')
    finally:
        server.close()
    assert (found["status"], found["reason"].replace("answer.", "")) == (status, reason), found
    if status in ("ok", "warn"):
        assert server.heard == [b"QUIT\r\n"] and 0 < found["metrics"]["greeting_time"] < 5, found


def test_a_mail_server_that_is_silent_or_not_there(mail):
    server = MailServer(b"")
    try:
        found = mail(f'address: "{server.address}"', timeout="300ms")
        assert (found["status"], found["reason"]) == ("fail", "smtp.silent") and found["duration_ms"] < 1000, found
    finally:
        server.close()
    found = mail(f'address: "{server.address}"')
    assert (found["status"], found["reason"]) == ("fail", "connect.refused"), found
    found = mail('address: "unix:/no/such/socket"')
    assert (found["status"], found["reason"]) == ("fail", "connect.no_socket"), found


def test_the_examples_pass_the_trial(mail):
    mail("address: 127.0.0.1:1")  # writes the configuration that names the plugin
    done = mail.talon.command("plugin", "test", "smtp_greeting", timeout=120)
    assert done.returncode == 0 and "nothing is wrong with smtp_greeting" in done.stdout, done.stdout + done.stderr
    assert re.search(r"^1000 runs +ok ", done.stdout, re.MULTILINE), done.stdout
