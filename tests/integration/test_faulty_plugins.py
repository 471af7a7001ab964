"""Plugins of strangers, each with one fault, all of them in one daemon beside 20 good checks: each fault has its named verdict and costs nobody else anything."""
import collections
import contextlib
import json
import os
import pathlib
import re
import selectors
import socket
import threading
import time

import pytest

from conftest import TOP, children_of, wait_until

FAULTS = TOP / "tests" / "faulty"
ROOT = os.geteuid() == 0
STRANGER = 61234  # a user that there is not

# Each fault, and what its check must say: (status, reason, pattern of its summary).
REFUSED = {
    "wrong_major": r"was made for version 2 of the plugin ABI",
    "new_minor": r"wants version 1\.7 of the plugin ABI",
    "small_size": r"says that it has 16 bytes",
    "small_stride": r"impossible sizes of its options",
    "no_name": r"has no name",
    "bad_name": r'has the name "Bad-Name',
    "other_name": r"calls itself somebody_else",
    "no_operations": r"has no operations",
    "many_operations": r"has 4000000000 operations",
    "operation_twice": r"two operations of the name",
    "bad_operation_name": r'has the operation "what is this\?"',
    "no_operation_name": r"operation 1 of the plugin no_operation_name has no name",
    "bad_kind": r"is of the kind 7",
    "no_start": r"has no start\(\)",
    "huge_state": r"wants structures of more than 16 MiB",
    "option_outside": r"`path` .* lies outside of its structure",
    "option_crooked": r"`path` .* lies where no member of its type can lie",
    "option_twice": r"`path` .* is there twice",
    "bad_option_name": r"`Big-Option` .* has a bad name",
    "bad_option_type": r"`path` .* has a type that this Talon does not know",
    "bad_default": r'`path` .* has the bad default "soon"',
    "endless_options": r"has more than 500 options",
    "bad_metric": r'has the metric "Queue Length"',
    "empty": r"file too short",
    "text": r"invalid ELF header|file too short",
    "missing": r"No such file",
    "a_folder": r"Is a directory",
    "no_symbol": r"exports no talon_plugin_descriptor",
    "undefined_symbol": r"undefined symbol: pthread_creatX",
    "writable": r"others may write: run chmod go-w",
    "group_writable": r"others may write: run chmod go-w",
    "open_folder": r"folder .* others may write: run chmod go-w",
    "link_folder": r"folder .* others may write: run chmod go-w",
}
OK = ("ok", "faulty.good", "nothing was wrong")
WIRE_OK = ("ok", "wire.good", "nothing was wrong")


def died(how):
    """Its name is in it twice: whose fault it was, and where."""
    return ("unknown", "plugin.died", rf"^plugin ([a-z_]+) died \({how}\) in check faulty\.\1$")


def quarantined(how):
    return ("unknown", "plugin.quarantined", rf"^plugin [a-z_]+ is quarantined: it died 5 times in 10 minutes \({how}\)$")


BLOCKED = ("unknown", "plugin.blocked", r"^plugin ([a-z_]+) stood still \(no answer to two pings\) in check faulty\.\1$")
FAULTY = {
    "crash_load": ("unknown", "plugin.died", r"died when it was loaded \(SIGSEGV\)"),
    "exit_load": ("unknown", "plugin.died", r"died when it was loaded \(exit code 0\)"),
    "loop_load": ("unknown", "plugin.died", r"died when it was loaded \(no answer to two pings\)"),
    "truncated": ("unknown", "plugin.died", r"died when it was loaded \(SIGBUS\)"),
    "crash_setup": died("SIGSEGV"),
    "loop_setup": BLOCKED,
    "refuse_setup": ("unknown", "faulty.refused", "it has no mind to"),
    "crash_validate": ("unknown", "plugin.(died|quarantined)", r"^plugin (host )?crash_validate .*\(SIGSEGV\)"),
    "loop_validate": ("unknown", "plugin.(died|blocked|quarantined)", r"\(no answer to two pings\)|did not say in time that the check is set up"),
    "crash_start": quarantined("SIGSEGV"),
    "abort_start": died("SIGABRT"),
    "divide_start": died("SIGFPE"),
    "exit_start": died("exit code 0"),
    "leave_start": died("exit code 7"),
    "kill_self": ("unknown", "plugin.died", r"^the host of plugin kill_self died twice \(SIGKILL\) in check faulty\.kill_self$"),
    "loop_start": BLOCKED,
    "deaf_loop": BLOCKED,
    "block_read": BLOCKED,
    "slow_start": OK,
    "crash_timer": died("SIGSEGV"),
    "loop_timer": BLOCKED,
    "crash_child": died("SIGBUS"),
    "crash_after_done": died("SIGSEGV"),
    "crash_defer": died("SIGSEGV"),
    "crash_shared": ("unknown", "plugin.died", r"^the host of plugin crash_shared died twice \(SIGSEGV\) in check faulty\.crash_shared$"),
    "thread_done": died("exit code [0-9]+"),
    "thread_call": died("exit code [0-9]+"),
    "thread_crash": died("SIGSEGV"),
    "close_all": died("exit code 0|closed its socket"),
    "write_wire": died("desync: a line that is no JSON object with a type"),
    "block_blocking": ("fail", "timeout", r"no answer within"),
    "crash_blocking": died("SIGSEGV"),
    "never_done": ("unknown", "timeout", r"waited for a timer"),
    "never_told": ("fail", "timeout", r"^no answer within"),
    "idle": ("unknown", "plugin.idle", r"neither ended its run nor waits for anything"),
    "idle_later": ("unknown", "plugin.idle", r"neither ended its run nor waits for anything"),
    "done_twice": ("ok", "faulty.first", r"^the first$"),
    "bad_status": ("unknown", "plugin.bad_result", r"status 77, which does not exist"),
    "bad_reason": ("ok", "_ome__eason__b_", r"^said$"),
    "no_words": ("ok", "none", r"^$"),
    "bad_text": ("ok", "faulty.text", "^bell  , tab  , line , escape  \\[31m, \ufffd\ufffd and <script>$"),
    "big_summary": ("ok", "faulty.summary", r"^x{500,512}"),
    "big_details": OK,
    "many_metrics": OK,
    "no_number": OK,
    "log_flood": OK,
    "stderr_flood": OK,
    "progress_flood": OK,
    "nudge_flood": OK,
    "print_stdout": OK,
    "strange_handles": OK,
    "after_done": OK,
    "eight_gigabytes": died("SIGSEGV"),
    "hoard": died("exit code [0-9]+"),
    "alloc_much": died("exit code [0-9]+"),
    "alloc_huge": died("exit code [0-9]+"),
    "leak_fds": ("unknown", "local", r"the limit `fds` of this plugin host \(4096\) is reached"),
    "many_timers": ("unknown", "local", r"the limit `timers` of this plugin host \(10000\) is reached"),
    "many_at_once": ("unknown", "local", r"64 operations already"),
    "big_output": ("ok", "faulty.output", r"^kept 65536 and dropped 1073676288 bytes$"),
    "unread_output": ("fail", "too_big", r"printed more than 65536 bytes that the plugin could not use"),
    "overread_output": ("ok", "faulty.output", r"^kept 0 and dropped 0 bytes$"),
    "setsid_children": OK,
    "ignores_term": ("fail", "exec.timeout", r"did not end within 0\.2\d* s and was killed"),
    "orphans": died("SIGSEGV"),
    "no_command": ("unknown", "exec.not_found", r"no program is named"),
}
if ROOT:
    FAULTY["fork_bomb"] = ("fail", "exec.timeout", r"did not end within [0-9.]+ s and was killed")
    REFUSED["of_a_stranger"] = r"belongs to another user \(uid 61234\)"
WIRE = {
    "never_hello": ("unknown", "plugin.not_started", r"did not say hello in time"),
    "close_at_once": ("unknown", "plugin.not_started", r"exit code 0 before it said hello"),
    "speaks_first": ("unknown", "plugin.(died|quarantined)", r"desync: it spoke before it said hello"),
    "other_protocol": ("unknown", "plugin.not_started", r"speaks another protocol than version 1"),
    "binary_hello": ("unknown", "plugin.(died|quarantined)", r"desync: a line that is no JSON object with a type"),
    "hello_twice": ("unknown", "plugin.(died|quarantined)", r"desync: it said hello twice"),
    "never_described": ("unknown", "plugin.refused", r"^it did not describe itself in time$"),
    "described_nothing": ("unknown", "plugin.refused", r"its description is wrong"),
    "described_numbers": ("unknown", "plugin.refused", r"its description is wrong"),
    "described_other": ("unknown", "plugin.refused", r"its description is wrong"),
    "described_types": ("unknown", "plugin.refused", r"its description is wrong"),
    "described_list": ("unknown", "plugin.died", r"died when it was loaded \(desync: no description in a message of type `described`\)"),
    "described_without": ("unknown", "plugin.died", r"died when it was loaded \(desync: no description in a message of type `described`\)"),
    "described_stranger": ("unknown", "plugin.died", r"died when it was loaded \(desync: a plugin that it was not told to load in a message of type `described`\)"),
    "never_ready": ("unknown", "plugin.blocked", r"did not say in time that the check is set up"),
    "binary": died("desync: a line that is no JSON object with a type"),
    "no_json": died("desync: a line that is no JSON object with a type"),
    "no_object": died("desync: a line that is no JSON object with a type"),
    "no_type": died("desync: a line that is no JSON object with a type"),
    "type_number": died("desync: a line that is no JSON object with a type"),
    "empty_line": died("desync: a line that is no JSON object with a type"),
    "deep": died("desync: a line that is no JSON object with a type"),
    "bad_text_wire": died("desync: .*"),
    "long_line": died("sent a line of more than 4 MiB"),
    "half_line": BLOCKED,
    "unknown_type": died("desync: nothing like this is known in a message of type `launch_missiles`"),
    "unknown_run": quarantined("desync: an id that was never given out in a message of type `done`"),
    "number_run": died("desync: an id is missing in a message of type `done`"),
    "no_run": died("desync: an id is missing in a message of type `done`"),
    "instance_as_run": died("desync: an id that was never given out in a message of type `done`"),
    "done_twice_wire": WIRE_OK,
    "bad_status_wire": ("unknown", "plugin.bad_result", r"its status is not as the protocol says"),
    "bad_metrics_wire": ("unknown", "plugin.bad_result", r"its metrics is not as the protocol says"),
    "bad_duration_wire": ("unknown", "plugin.bad_result", r"its duration_ns is not as the protocol says"),
    "odd_numbers": WIRE_OK,
    "huge_done": WIRE_OK,
    "exits": died("exit code 5"),
    "closes": died("closed its socket"),
    "never_done_wire": ("unknown", "plugin.blocked", r"^plugin never_done_wire did not end check faulty\.never_done_wire at its deadline$"),
    "bad_save": died("desync: no base64 in a message of type `save`"),
    "foreign_pong": died("desync: a ping that was never sent in a message of type `pong`"),
    "progress_flood_wire": WIRE_OK,
    "no_pong": WIRE_OK,
}


# ---- the plugins' files


def patched(bytes_, old, new):
    assert bytes_.count(old), old
    return bytes_.replace(old, new)


def make_plugins(shared_object, no_plugin, folder):
    """A file for each faulty plugin, as {name: path}."""
    folder.mkdir()
    original = shared_object.read_bytes()
    made = {}

    def file(name, content=original, place=folder, mode=0o644):
        place.mkdir(exist_ok=True)
        made[name] = place / f"{name}.so"
        made[name].write_bytes(content)
        made[name].chmod(mode)
        return made[name]

    file("truncated", original[:len(original) // 3])
    file("empty", b"")
    file("text", b"#!/bin/sh\nexit 0\n" * 100)
    file("no_symbol", no_plugin.read_bytes())
    file("undefined_symbol", patched(original, b"pthread_create\0", b"pthread_creatX\0"))
    file("writable", mode=0o646)
    file("group_writable", mode=0o664)
    file("open_folder", place=folder / "open").parent.chmod(0o757)
    (folder / "linked").mkdir()
    made["link_folder"] = folder / "linked" / "link_folder.so"
    made["link_folder"].symlink_to(file("closed", place=folder / "closed"))
    (folder / "linked").chmod(0o777)
    made["missing"] = folder / "missing.so"
    made["a_folder"] = folder / "a_folder.so"
    made["a_folder"].mkdir()
    if ROOT:
        os.chown(file("of_a_stranger"), STRANGER, STRANGER)
    del made["closed"]
    for name in {**REFUSED, **FAULTY}.keys() - made.keys():
        made[name] = folder / f"{name}.so"
        made[name].symlink_to(folder / "closed" / "closed.so")
    return made


# ---- the good checks


class Watched:
    """Ten ports that are connected to and one that serves ten pages: remembers when each was asked."""

    def __init__(self):
        self.asked = collections.defaultdict(list)
        self.selector = selectors.DefaultSelector()
        self.ports = [self.listen(f"tcp{i}") for i in range(10)]
        self.http = self.listen(None)
        self.over = False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def listen(self, name):
        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.selector.register(server, selectors.EVENT_READ, ("accept", name))
        return server.getsockname()[1]

    def accept(self, server, name):
        connection = server.accept()[0]
        if name:
            self.asked[name].append(time.monotonic())
            connection.close()
        else:
            self.selector.register(connection, selectors.EVENT_READ, ("answer", None))

    def answer(self, connection):
        text = b""
        with contextlib.suppress(OSError):
            text = connection.recv(65536)
        if text:
            self.asked[text.split()[1].decode().strip("/")].append(time.monotonic())
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        self.selector.unregister(connection)
        connection.close()

    def serve(self):
        while not self.over:
            for key, _ in self.selector.select(0.1):
                what, name = key.data
                if what == "accept":
                    self.accept(key.fileobj, name)
                else:
                    self.answer(key.fileobj)

    def close(self):
        self.over = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def begin(self):
        """From here on it counts."""
        self.asked.clear()
        return time.monotonic()

    def latest(self, seconds):
        """How late the worst slot of each was, in seconds: a slot that is left out makes all that follow it late."""
        late = {}
        assert len(self.asked) == 20, self.asked.keys()
        for name, times in self.asked.items():
            phases = [at - i for i, at in enumerate(times)]
            late[name] = max(phases) - min(phases)
            assert times[-1] - times[0] > seconds, (name, times)
        return late


def good_services(watched):
    lines = [f"      tcp{i}: {{ tcp: {{ address: 127.0.0.1:{port} }}, every: 1s, timeout: 1s }}" for i, port in enumerate(watched.ports)]
    lines += [f"      http{i}: {{ http: {{ url: 'http://127.0.0.1:{watched.http}/http{i}' }}, every: 1s, timeout: 1s }}" for i in range(10)]
    return "  good:\n    checks:\n" + "\n".join(lines) + "\n"


# ---- what is there


def program_of(pid):
    with contextlib.suppress(OSError):
        return os.path.basename(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode())
    return ""


def core_of(talon):
    """The core, whether or not a guard is its parent."""
    cores = [pid for pid in [talon.daemon.pid, *children_of(talon.daemon.pid)] if program_of(pid) == "talon-core"]
    return cores[0] if cores else talon.daemon.pid


def private_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) for n in re.findall(r"^Private_\w+:\s+(\d+) kB", text, re.M))


def marked(folder):
    """Processes that the daemon, its hosts or their children have started: all of them have its folder or its mark in their environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes()
                if b"TALON_RUN=" in environment or str(folder).encode() in environment:
                    found.append((int(entry.name), program_of(entry.name)))
    return found


# ---- the test

# How often they run, in seconds, and after how many good runs the fault comes: what holds a processor or must be seen to die five times has its own time.
SCHEDULE = {name: (20, 1) for name in ("loop_start", "deaf_loop", "loop_timer", "big_output", "unread_output", "stderr_flood", "log_flood", "progress_flood")}
SCHEDULE.update({name: (600, 0) for name in ("loop_setup", "loop_validate", "crash_validate", "crash_setup", "never_ready", "fork_bomb", "block_blocking", "crash_blocking")})
SCHEDULE.update(crash_start=(1, 0), unknown_run=(1, 0), leak_fds=(3, 0), crash_shared=(5, 0), kill_self=(5, 0))


def schedule(name, i):
    return SCHEDULE.get(name, (5, i % 4))


def faulty_services(paths, build):
    lines = []
    for i, name in enumerate({**REFUSED, **FAULTY, **WIRE}):
        every, after = schedule(name, i)
        options = f"after: {after}" if name in FAULTY else ""
        options += f", path: {FAULTS / 'fork_bomb.py'}" if name == "fork_bomb" else ""
        lines.append(f"      {name}: {{ {name}: {{ {options} }}, every: {every}s, timeout: {min(4 * every, 12)}s, fail_after: 1, recover_after: 1, unknown_after: 1 }}")
    settings = [f"  {name}: {{ path: {path} }}" for name, path in paths.items()]
    settings += [f"  {name}: {{ command: [{build / 'tests' / 'faulty' / 'faulty-host'}, {name}, '{schedule(name, i)[1]}'] }}"
                 for i, name in enumerate({**REFUSED, **FAULTY, **WIRE}) if name in WIRE]
    return "  faulty:\n    checks:\n" + "\n".join(lines) + "\n", "plugins:\n" + "\n".join(settings) + "\n"


# Suspect: a timeout proves nothing while the machine itself is out of breath.
VERDICTS = {"ok": ["ok"], "fail": ["failed", "suspect"], "unknown": ["unknown"]}


class Expected:
    """What each faulty check must say once, and what it has said."""

    def __init__(self):
        self.cases = {**{name: ("unknown", "plugin.refused", pattern) for name, pattern in REFUSED.items()}, **FAULTY, **WIRE}
        self.said = collections.defaultdict(list)
        self.open = set(self.cases)

    def hear(self, check):
        name, said = check["name"].removeprefix("faulty."), (check["status"], check["reason"], check["summary"], check["verdict"])
        if name not in self.cases or not check["status"]:
            return
        if said not in self.said[name]:
            self.said[name].append(said)
        status, reason, pattern = self.cases[name]
        if said[0] == status and re.fullmatch(reason, said[1]) and re.search(pattern, said[2]) and check["verdict"] in VERDICTS[status] and self.is_clean(name, check):
            self.open.discard(name)

    @staticmethod
    def is_clean(name, check):
        """Results are cleaned: bounded, and with nothing in them that cannot be shown."""
        assert len(check["summary"].encode()) <= 512 and len(check["metrics"]) <= 64 and len(check["details"]) <= 32, check
        assert all(len(value.encode()) <= 4096 for value in check["details"].values()), name
        assert not re.search(r"[\x00-\x1f\x7f]", check["summary"]), check
        return {"many_metrics": lambda: len(check["metrics"]) == 64, "no_number": lambda: list(check["metrics"]) == ["good"],
                "huge_done": lambda: len(check["metrics"]) == 64 and check["details"], "big_details": lambda: check["details"],
                "odd_numbers": lambda: list(check["metrics"]) == ["c"]}.get(name, lambda: True)()


def checks(talon):
    status, body = talon.get("/api/v1/checks")
    return json.loads(body)["checks"] if status == 200 else []


def test_faulty_plugins(talon, build, sanitized, capsys):
    if sanitized:
        pytest.skip("a sanitizer takes the signals of a crash for itself and bounds no memory; what the faults meet in Talon is in the unit tests of both builds")
    shared_object = build / "tests" / "faulty" / ".libs" / "faulty.so"
    assert shared_object.exists(), f"{shared_object} is not built: make check builds it"
    expected, watched = Expected(), Watched()
    paths = make_plugins(shared_object, build / "plugins" / "host" / ".libs" / "talon-host-tls.so", talon.folder / "plugins")
    services, settings = faulty_services(paths, build)
    talon.write("services:\n" + good_services(watched) + services, settings=settings)
    try:
        talon.start(ready=False)
        talon.wait("the configuration is in force", lambda: checks(talon), 30)
        core, memory, settled, end = core_of(talon), [], 0, time.monotonic() + 75
        while time.monotonic() < end and (expected.open or not settled or time.monotonic() < settled + 20):
            for check in checks(talon):
                expected.hear(check)
            if settled:
                memory.append(private_kib(core))
            elif talon.get("/readyz")[0] == 200:
                settled = watched.begin()
            time.sleep(0.2)
        late = watched.latest(15)
        with capsys.disabled():
            print(f"\nfigure plugins.faulty {len(expected.cases)} count\nfigure plugins.faulty_wrong {len(expected.open)} count")
        assert not expected.open, {name: expected.said[name] for name in sorted(expected.open)}
        assert core_of(talon) == core
        log = talon.errors.read_text()
        for name in "loop_start", "deaf_loop", "loop_timer", "block_read":
            assert re.search(rf"keeps its host busy in one call.* plugin={name} check=faulty\.{name} ", log), f"the log does not say that {name} stands still"
        assert max(late.values()) < 1, late
        assert memory[-1] - memory[len(memory) // 4] < 1024, memory
        talon.stop()
        wait_until("all that the plugins have started ends", lambda: not marked(talon.folder), 5)
    finally:
        watched.close()
