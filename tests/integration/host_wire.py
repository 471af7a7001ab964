"""Speaks docs/plugin-protocol.md to a talon-host: for what no configuration asks for by itself, actions first of all. Everything waits with a deadline."""
import json
import os
import secrets
import select
import socket
import subprocess
import time


class Refused(Exception):
    pass


def nanoseconds(text):
    """`2m`, `1.5s`, or a number of seconds: one unit, as defaults are spelled."""
    for unit, ns in {"ms": 10 ** 6, "s": 10 ** 9, "m": 60 * 10 ** 9, "h": 3600 * 10 ** 9, "d": 86400 * 10 ** 9}.items():
        if text.endswith(unit) and text[:-len(unit)].replace(".", "", 1).isdigit():
            return int(float(text[:-len(unit)]) * ns)
    return int(float(text) * 10 ** 9)


class Host:
    """A plugin in a host of its own."""

    def __init__(self, build, plugin, path=None, environment=None):
        host = build / "talon-host"
        ours, theirs = socket.socketpair()
        self.socket, self.text, self.progress = ours, b"", []
        self.process = subprocess.Popen([str(host)], stdin=theirs, stdout=theirs, env={**os.environ, **(environment or {})})
        theirs.close()
        self.say(type="hello", protocol=1, version="0", path=path or os.environ["PATH"],
                 limits={"memory": str(1 << 30), "fds": 1024, "children": 64, "timers": 1000})
        self.hears("hello")
        self.say(type="load", plugin=plugin, path=str(build / "plugins" / ".libs" / f"{plugin}.so"))
        self.description = self.hears("described")["description"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def say(self, **message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def message(self, until):
        while b"\n" not in self.text:
            left = until - time.monotonic()
            assert left > 0 and select.select([self.socket], [], [], left)[0], "the host is silent"
            more = self.socket.recv(65536)
            assert more, f"the host has ended: {self.process.wait(10)}"
            self.text += more
        line, self.text = self.text.split(b"\n", 1)
        return json.loads(line)

    def hears(self, *types, timeout=30):
        until = time.monotonic() + timeout
        while True:
            message = self.message(until)
            if message["type"] == "progress":
                self.progress.append(message["text"])
            if message["type"] in types:
                return message

    def answer(self, *types, **message):
        self.say(**message)
        answer = self.hears(*types, "refused")
        if answer["type"] == "refused":
            raise Refused(answer.get("problems") or answer.get("text"))
        return answer

    def conf(self, operation, options):
        """As the core fills it in: with the defaults, numbers as texts."""
        name = operation.split(".", 1)[1]
        described = next(o for o in self.description["operations"] if o["name"] == name)
        conf = {}
        for option in described["options"]:
            value = options.pop(option["name"], option.get("default"))
            if value is None:
                continue
            if option["type"] == "duration":
                value = str(nanoseconds(str(value)))
            if option["type"] == "bool":
                value = value in (True, "true")
            if option["type"] == "number":
                value = float(value)
            if option["type"] == "list" and isinstance(value, str):
                value = [part.strip(" '\"") for part in value.strip("[]").split(",") if part.strip()]
            if option["type"] in ("int", "size"):
                value = str(value)
            conf[option["name"]] = value
        assert not options, f"{operation} has no option {options}"
        return conf

    def run(self, operation, timeout=20, **options):
        """One run of an operation to its end: the `done` message. Durations are seconds, sizes bytes."""
        instance, run = secrets.token_hex(8), secrets.token_hex(8)
        conf, self.progress = self.conf(operation, options), []
        self.answer("ready", type="validate", id=secrets.token_hex(8), operation=operation, conf=conf)
        self.answer("ready", type="setup", instance=instance, operation=operation, name=f"test.{operation}", conf=conf)
        self.say(type="start", run=run, instance=instance, left_ns=str(int(timeout * 1e9)), flags=["once"])
        done = self.hears("done", timeout=timeout + 10)
        self.say(type="teardown", instance=instance)
        return done
