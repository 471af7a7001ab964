"""Real servers and the API server's stand-in, as parts of the stand-in world: each is a process of its own."""
import contextlib
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from ports import free_port

TOP = pathlib.Path(__file__).resolve().parents[2]


class Redis:
    """A real Redis."""
    modes = ("refuse", "hang", "password", "unsaved", "busy", "replica")

    def __init__(self, folder):
        self.name, self.mode, self.folder = "redis", None, folder / "redis"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process = self.script = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--appendonly", "yes", "--save", "3600 1", "--enable-protected-configs", "local"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait("it answers", lambda: "PONG" in self.ask("PING"))

    def wait(self, what, condition):
        end = time.monotonic() + 10
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"redis-server: {what}: not within 10 s")
            time.sleep(0.02)

    def ask(self, *words):
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 2) as link:
            link.sendall(request.encode())
            return link.recv(65536).decode(errors="replace")
        return ""

    def break_as(self, mode):
        if mode not in self.modes:
            raise ValueError(f"redis cannot be broken as {mode}: it knows {', '.join(self.modes)}")
        self.mend()
        self.mode = mode
        if mode == "refuse":
            self.stop()
        elif mode == "hang":
            self.process.send_signal(signal.SIGSTOP)
        elif mode == "password":
            self.ask("CONFIG", "SET", "requirepass", "sesame")
        elif mode == "unsaved":  # its folder is gone, so that what it holds cannot be saved
            gone = self.folder / "gone"
            gone.mkdir(exist_ok=True)
            self.ask("CONFIG", "SET", "dir", str(gone))
            gone.rmdir()
            self.ask("BGSAVE")
            self.wait("the save has failed", lambda: "rdb_last_bgsave_status:err" in self.ask("INFO", "persistence"))

        elif mode == "busy":  # with a script that never ends
            self.ask("CONFIG", "SET", "lua-time-limit", "10")
            self.script = socket.create_connection(("127.0.0.1", self.port), 2)
            self.script.sendall(b"*3\r\n$4\r\nEVAL\r\n$17\r\nwhile true do end\r\n$1\r\n0\r\n")
            self.wait("it is busy", lambda: "BUSY" in self.ask("PING"))
        elif mode == "replica":  # of somebody who is not there
            self.ask("CONFIG", "SET", "replica-serve-stale-data", "no")
            self.ask("REPLICAOF", "127.0.0.1", "1")
            self.wait("it says so", lambda: "MASTERDOWN" in self.ask("PING"))

    def mend(self):
        mode, self.mode = self.mode, None
        if mode:
            self.stop()
            self.start()

    def stop(self):
        if self.script:
            self.script.close()
            self.script = None
        self.process.kill()
        self.process.wait()

    def close(self):
        self.stop()


# What runs in the cluster, as the profile names it.
WORKLOADS = [f"joelclaw/{kind}/{name}" for kind, name in (
    ("StatefulSet", "inngest"), ("StatefulSet", "redis"), ("StatefulSet", "typesense"), ("StatefulSet", "restate"), ("StatefulSet", "dkron"),
    ("StatefulSet", "minio"), ("Deployment", "restate-worker"), ("Deployment", "system-bus-worker"), ("Deployment", "livekit-server"),
    ("Deployment", "bluesky-pds"), ("Deployment", "docs-api"))] + [
    "aistor/StatefulSet/aistor-s3-pool-0", "aistor/Deployment/adminjob-operator", "aistor/Deployment/object-store-operator"]

class Kubernetes:
    """The stand-in API server, in a process of its own. Its modes are the breaks of its control port that end no test by their length."""
    modes = ("refuse", "silent", "readyz", "unauthorized")

    def __init__(self, folder):
        self.name, self.mode, self.folder, self.port = "kubernetes", None, folder / "kube", 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.start()

    def start(self):
        for name in ("port", "control"):
            (self.folder / name).unlink(missing_ok=True)
        words = [word for workload in WORKLOADS for word in ("--workload", workload)]
        with (self.folder / "stderr.txt").open("a") as errors:
            self.process = subprocess.Popen([sys.executable, str(TOP / "tests/world/kube/server.py"), "--folder", str(self.folder), "--port", str(self.port), *words],
                                            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        end = time.monotonic() + 60
        while not (self.folder / "port").exists() or not self.state()["settled"]:
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the stand-in API server does not start:\n" + (self.folder / "stderr.txt").read_text()[-2000:])
            time.sleep(0.05)
        self.port = int((self.folder / "port").read_text())

    def ask(self, path, body=None):
        control = (self.folder / "control").read_text().strip()
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{control}{path}", data=data), timeout=10) as answer:
            return json.loads(answer.read())

    def state(self):
        return self.ask("/_state")

    def pods(self):
        """[{workload: NAMESPACE/NAME, name, uid, ready}] of all that are not on their way out."""
        return self.ask("/_pods")["pods"]

    def break_as(self, mode):
        if mode not in self.modes:
            raise ValueError(f"kubernetes cannot be broken as {mode}: it knows {', '.join(self.modes)}")
        self.mend()
        self.mode = mode
        if mode == "refuse":
            self.close()
        else:
            self.ask(f"/_break/{mode}", {"failing": ["etcd"]} if mode == "readyz" else {})

    def mend(self):
        mode, self.mode = self.mode, None
        if mode == "refuse":
            self.start()
        elif mode:
            self.ask("/_mend", {})

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
