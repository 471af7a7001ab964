"""A plugin host that a test speaks to as the core does: what an action does is tried without a daemon that would have to want it."""
import contextlib
import json
import shutil
import socket
import subprocess


class Host:
    """A talon-host with one plugin loaded; `run` gives what an action concluded."""

    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        self.ours, theirs = socket.socketpair()
        self.errors = open(folder / "stderr", "w+b")
        self.process = subprocess.Popen([build / "talon-host"], stdin=theirs, stdout=theirs, stderr=self.errors)
        theirs.close()
        self.ours.settimeout(20)
        self.lines = self.ours.makefile("r", encoding="utf-8")
        self.heard, self.n = [], 0
        self.say(type="hello", protocol=1, version="1", path="/usr/bin:/bin",
                 limits={"memory": str(256 << 20), "fds": 4096, "children": 256, "timers": 10000})
        self.hear("hello")

    def say(self, **message):
        self.ours.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, *types):
        while True:
            line = self.lines.readline()
            assert line, f"the host has ended: {self.stderr()}"
            self.heard.append(line)
            message = json.loads(line)
            if message["type"] in types:
                return message

    def stderr(self):
        self.errors.flush()
        return (self.folder / "stderr").read_text(errors="replace")

    def load(self, plugin):
        folder = self.folder / "plugins"
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.build / "plugins" / ".libs" / f"{plugin}.so", folder)
        self.say(type="load", plugin=plugin, path=str(folder / f"{plugin}.so"))
        return self.hear("described", "refused")["description"]

    def run(self, operation, seconds=10.0, **conf):
        self.n += 1
        instance, run = f"i{self.n}", f"r{self.n}"
        self.say(type="setup", instance=instance, operation=operation, name=f"test.{operation}", conf=conf)
        answer = self.hear("ready", "refused")
        assert answer["type"] == "ready", answer
        self.say(type="start", run=run, instance=instance, left_ns=str(int(seconds * 1e9)), flags=[])
        done = self.hear("done")
        assert done["run"] == run
        self.say(type="teardown", instance=instance)
        return done

    def everything(self):
        return "".join(self.heard) + self.stderr()

    def close(self):
        with contextlib.suppress(OSError):
            self.say(type="quit")
        try:
            assert self.process.wait(10) == 0
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.lines.close()
            self.ours.close()
            self.errors.close()
