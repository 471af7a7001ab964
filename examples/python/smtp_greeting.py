"""The check type `smtp_greeting` as a program: what ../plugin does in C, over the lines of plugin-protocol.md. Python 3.9 and its own library are enough.

    plugins: { smtp_greeting: { command: [python3, /path/to/smtp_greeting.py] } }

One task for each run, cancelled with it. Standard input and output are the same socket, so nothing here may print; what goes to standard error comes to Talon's log.
"""
import asyncio
import errno
import json
import os
import socket
import time

DESCRIPTION = {
    "name": "smtp_greeting", "version": "1.0.0", "license": "MIT", "summary": "Greetings of mail servers.", "abi": "1.0",
    "operations": [{
        "kind": "check", "name": "smtp_greeting", "summary": "Waits for the greeting of a mail server.",
        "blocking": False, "repeatable": False, "impact": "observe", "validates": False,
        "options": [
            {"name": "address", "type": "address", "required": True, "help": "Where the mail server listens."},
            {"name": "host", "type": "string", "help": "The name that it must call itself; any unless given."},
            {"name": "warn_after", "type": "duration", "default": "3s", "help": "A greeting that takes longer is a warning."},
        ],
        "metrics": [{"name": "greeting_time", "unit": "s", "help": "From the start until the greeting was whole."}],
    }],
}
GREETING = 4096  # bytes


class Verdict(Exception):
    """What a run concludes: status, reason, summary."""


async def connect(address):
    try:
        if "unix" in address:
            return await asyncio.open_unix_connection(address["unix"], limit=GREETING)
        return await asyncio.open_connection(address["host"], address["port"], limit=GREETING)
    except socket.gaierror as trouble:
        if trouble.errno == socket.EAI_NONAME:
            raise Verdict("fail", "dns.none", f"cannot connect: {trouble.strerror}") from None
        raise Verdict("unknown", "dns.unreachable", f"cannot connect: {trouble.strerror}") from None
    except ConnectionRefusedError:
        raise Verdict("fail", "connect.refused", "cannot connect: connection refused") from None
    except FileNotFoundError:
        raise Verdict("fail", "connect.no_socket", "cannot connect: there is no such socket") from None
    except OSError as trouble:
        ours = trouble.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.EPERM)
        raise Verdict("unknown" if ours else "fail", "local" if ours else "connect.unreachable", f"cannot connect: {trouble.strerror or trouble}") from None


async def greeting(reader):
    """Its last line: "220-" has more behind it, "220 " has not; and "SSH-2.0" is no code."""
    while True:
        try:
            line = await reader.readline()
        except ValueError:  # more than fits
            raise Verdict("fail", "too_big", f"it says more than {GREETING} bytes without a line's end") from None
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise Verdict("fail", "connect.closed", "it hung up before it had greeted")
        if line[3:4] != b"-" or line[:1] not in b"2345":
            return line.decode("utf-8", "replace").strip()


def judge(conf, said, took):
    shown = "".join(c if c.isprintable() else " " for c in said)[:120]
    if said[:3] in ("421", "554"):
        return "fail", "smtp.refused", f"it will not serve us: {shown}"
    if said[:3] != "220":
        return "fail", "smtp.greeting", f"this is no greeting of a mail server: {shown}"
    if "host" in conf and said[4:].split(" ")[0] != conf["host"]:
        return "fail", "smtp.host", f"expected {conf['host']}, but it says: {shown}"
    if took > int(conf["warn_after"]):
        return "warn", "smtp.slow", f"greeted in {took / 1e6:.1f} ms: {shown}"
    return "ok", "smtp.ok", f"greeted in {took / 1e6:.1f} ms: {shown}"


async def look(conf, metrics, stage):
    began = time.monotonic_ns()
    reader, writer = await connect(conf["address"])
    try:
        stage.append("connected")
        said = await greeting(reader)
        took = time.monotonic_ns() - began
        metrics.append(["greeting_time", took / 1e9, "s"])
        writer.write(b"QUIT\r\n")
        return judge(conf, said, took)
    finally:
        writer.close()


class Plugin:
    def __init__(self, writer):
        self.writer = writer
        self.instances = {}  # id: conf
        self.runs = {}       # id: (task, instance)
        self.greeted = False

    def say(self, kind, **fields):
        self.writer.write(json.dumps({"type": kind, **fields}, ensure_ascii=False).encode() + b"\n")

    def start(self, run, instance, left):
        began, metrics = time.monotonic_ns(), []
        task = asyncio.ensure_future(self.run(self.instances[instance], metrics, left))
        self.runs[run] = (task, instance)
        task.add_done_callback(lambda ended: self.ended(run, began, metrics, ended))

    async def run(self, conf, metrics, left):
        stage = []
        try:
            return await asyncio.wait_for(look(conf, metrics, stage), left - min(left * 0.05, 0.1))
        except Verdict as verdict:
            return verdict.args
        except asyncio.TimeoutError:
            return ("fail", "smtp.silent", "connected, but it did not greet") if stage else ("fail", "connect.timeout", "cannot connect: no answer in time")

    def ended(self, run, began, metrics, task):
        """Exactly one `done` for each run. Here and not in run(): a task that is cancelled before it began never comes to its own end."""
        if task.cancelled():
            status, reason, summary = "unknown", "cancelled", "it was cancelled"
        elif task.exception():
            status, reason, summary = "unknown", "local", f"a mistake in the plugin: {task.exception()!r}"
        else:
            status, reason, summary = task.result()
        self.runs.pop(run, None)
        self.say("done", run=run, status=status, reason=reason, summary=summary, duration_ns=str(time.monotonic_ns() - began), late_ms=0, metrics=metrics, details=[])

    def hear(self, message):
        kind = message["type"]
        if kind == "hello":
            self.hello()
        elif kind == "load":
            self.say("described", plugin=message["plugin"], description=DESCRIPTION)
        elif kind == "setup":
            self.instances[message["instance"]] = message["conf"]
            self.say("ready", instance=message["instance"])
        elif kind == "start":
            self.start(message["run"], message["instance"], int(message["left_ns"]) / 1e9)
        elif kind == "cancel" and message["run"] in self.runs:
            self.runs[message["run"]][0].cancel()
        elif kind == "teardown":
            for task, instance in list(self.runs.values()):
                if instance == message["instance"]:
                    task.cancel()
            self.instances.pop(message["instance"], None)
        elif kind == "ping":
            self.say("pong", sequence=message["sequence"])
        elif kind == "validate":
            self.say("ready", id=message["id"])

    def hello(self):
        """A second hello only says that the configuration has changed: it wants no answer."""
        if not self.greeted:
            self.greeted = True
            self.say("hello", protocol=1, name="smtp_greeting.py", version=DESCRIPTION["version"], pid=os.getpid())


async def main():
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=0), limit=4 << 20)
    plugin = Plugin(writer)
    while True:
        line = await reader.readline()
        if not line:
            break  # Talon is gone
        message = json.loads(line)
        if message["type"] == "quit":
            break
        plugin.hear(message)
    os._exit(0)  # at once: whatever still runs is nobody's any more


asyncio.run(main())
