#!/usr/bin/env python3
"""Stands in for a Lima instance: the folder with its pid files and logs, the host agent's socket, and the port that leads to the VM's ssh.

    hostagent.py FOLDER     prints a line when it is up, then obeys lines on standard input:

    start | running | degraded WORDS | stop | crash | kill-agent | kill-driver | close-socket | hang | answer
    aged SECONDS    it was started so long ago, as its pid files tell, but not before this machine was
    leak N          the agent holds so many connections that their peers have closed
    ssh greet | ssh silent | ssh close | ssh off

The pid files name children of it that do nothing but live. It writes what Lima 2 writes, in the same shapes.
"""
import datetime
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time


# The agent that leaks: connects so often to a port, says so when all of it is closed there, and lives on.
LEAKING = """
import resource, socket, sys
port, n = int(sys.argv[1]), int(sys.argv[2])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (n + 64 if hard == resource.RLIM_INFINITY else min(n + 64, hard), hard))
held = [socket.create_connection(("127.0.0.1", port)) for _ in range(n)]
for one in held:
    one.recv(1)
print("held", flush=True)
sys.stdin.read()
"""


class Instance:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lima.yaml").write_text("vmType: vz\ncpus: 2\n")
        self.children = {}
        self.hangs = False
        self.ssh = "greet"
        self.greeter = socket.create_server(("127.0.0.1", 0))
        self.greeter_port = self.greeter.getsockname()[1]
        threading.Thread(target=self.greet, args=(self.greeter,), daemon=True).start()
        self.listener = None

    # ---- files

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc).isoformat().replace("+00:00", "Z")

    def event(self, **status):
        with (self.folder / "ha.stdout.log").open("a") as log:
            log.write(json.dumps({"time": self.now(), "status": {"sshLocalPort": self.greeter_port, **status}}) + "\n")

    def log(self, text):
        with (self.folder / "ha.stderr.log").open("a") as log:
            log.write(json.dumps({"level": "info", "msg": text, "time": self.now()}) + "\n")

    def live(self, name):
        self.children[name] = subprocess.Popen(["sleep", "1000000"], stdin=subprocess.DEVNULL)
        (self.folder / f"{name}.pid").write_text(f"{self.children[name].pid}\n")

    def leak(self, n):
        """Another agent takes its place."""
        self.die("ha")
        with socket.create_server(("127.0.0.1", 0), backlog=128) as peer:
            line = [sys.executable, "-c", LEAKING, str(peer.getsockname()[1]), str(n)]
            agent = self.children["ha"] = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(n):
                peer.accept()[0].close()
            if agent.stdout.readline() != b"held\n":
                raise RuntimeError("the agent does not hold its connections")
        (self.folder / "ha.pid").write_text(f"{agent.pid}\n")

    def die(self, name, leave_file=False):
        child = self.children.pop(name, None)
        if child:
            child.kill()
            child.wait()
        if not leave_file:
            (self.folder / f"{name}.pid").unlink(missing_ok=True)

    # ---- the agent's socket

    def listen(self):
        path = self.folder / "ha.sock"
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(16)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            asked = connection.recv(65536)
            while self.hangs:
                time.sleep(0.05)
            found = asked.startswith(b"GET /v1/info ")
            body = json.dumps({"sshLocalPort": self.greeter_port} if found else {"message": "not found"}).encode()
            connection.sendall(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                               % (b"200 OK" if found else b"404 Not Found", len(body), body))

    def deafen(self, leave_file):
        if self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None
        if not leave_file:
            (self.folder / "ha.sock").unlink(missing_ok=True)

    # ---- the VM's ssh

    def greet(self, listener):
        held = []
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if self.ssh == "greet":
                connection.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
            if self.ssh == "close":
                connection.close()
            held.append(connection)

    # ---- commands

    def start(self):
        for name in ("ha.stdout.log", "ha.stderr.log"):
            (self.folder / name).write_text("")
        self.live("ha")
        self.event()
        self.log("Starting VZ (hint: to watch the boot progress, see the serial logs)")
        self.live("vz")
        self.listen()
        self.log('Waiting for the essential requirement 1 of 3: "ssh"')

    def stop(self):
        self.log("Received SIGINT, shutting down the host agent")
        self.event(exiting=True)
        self.deafen(False)
        self.die("vz")
        self.die("ha")

    def crash(self):
        self.log('Driver stopped due to error: "virtual machine stopped unexpectedly"')
        self.event(exiting=True)
        self.deafen(False)
        self.die("vz")
        self.die("ha")

    def obey(self, command, words):
        if command == "running":
            self.event(running=True)
        elif command == "degraded":
            self.event(running=True, degraded=True, errors=[words])
        elif command == "kill-agent":
            self.die("ha", leave_file=True)
            self.deafen(True)
        elif command == "kill-driver":
            self.die("vz")
        elif command == "aged":
            uptime = pathlib.Path("/proc/uptime")  # where there is none, the machine is taken to be old enough
            seconds = min(float(words), max(float(uptime.read_text().split()[0]) - 5, 0)) if uptime.exists() else float(words)
            for name in self.children:
                os.utime(self.folder / f"{name}.pid", (time.time() - seconds,) * 2)
        elif command == "leak":
            self.leak(int(words))
        elif command == "close-socket":
            self.deafen(True)
        elif command in ("hang", "answer"):
            self.hangs = command == "hang"
        elif command == "ssh" and words == "off":
            self.greeter.shutdown(socket.SHUT_RDWR)
            self.greeter.close()
        elif command == "ssh":
            self.ssh = words
        else:
            getattr(self, command)()

    def end(self):
        self.deafen(False)
        for name in list(self.children):
            self.die(name)


def main():
    instance = Instance(pathlib.Path(sys.argv[1]))
    print("up", flush=True)
    try:
        for line in sys.stdin:
            command, _, words = line.strip().partition(" ")
            instance.obey(command, words)
            print("done", flush=True)
    finally:
        instance.end()
        os._exit(0)


if __name__ == "__main__":
    main()
