"""Stands in for Docker's engine at its socket, and for the one container that is the node of the cluster: the Engine API's answers, and its stream of events.

The engine and the container are two parts of the world, because they break apart from each other; both are asked at one socket.
"""
import json
import queue
import time

from stand_in import StandIn, answer

CONTAINER = "joelclaw-controlplane-1"
ID = "4f1d6a" + "0" * 58
GIB = 1 << 30
VERSION = {"Platform": {"Name": "Docker Engine - Community"}, "Version": "29.0.1", "ApiVersion": "1.52", "MinAPIVersion": "1.44", "Os": "linux", "Arch": "arm64"}
PING = {"Api-Version": "1.52", "Builder-Version": "2", "Docker-Experimental": "false", "Ostype": "linux", "Swarm": "inactive",
        "Cache-Control": "no-cache, no-store, must-revalidate"}

# How the container is when it is broken so: fields of State, then of the container itself.
STATES = {
    "exited": ({"Status": "exited", "ExitCode": 255}, {}),
    "by_hand": ({"Status": "exited", "ExitCode": 137}, {}),
    "oom": ({"Status": "exited", "ExitCode": 137, "OOMKilled": True}, {}),
    "paused": ({"Status": "paused", "Running": True, "Paused": True}, {}),
    "restarting": ({"Status": "restarting", "Running": True, "Restarting": True, "ExitCode": 1}, {"RestartCount": 7}),
    "dead": ({"Status": "dead", "Dead": True}, {}),
    "too_few_cpus": ({"Status": "exited", "ExitCode": 128, "Error": "range of CPUs is from 0.01 to 4.00, as there are only 4 CPUs available"}, {}),
    "young": ({"Status": "running", "Running": True}, {}),
    "memory": ({"Status": "running", "Running": True}, {}),
    "policy": ({"Status": "running", "Running": True}, {}),
    "port": ({"Status": "running", "Running": True}, {}),
}
EVENTS = {"exited": "die", "by_hand": "die", "oom": "oom", "paused": "pause", "restarting": "die", "dead": "die", "missing": "destroy", "too_few_cpus": "die"}


def moment(seconds_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000000Z", time.gmtime(time.time() - seconds_ago))


class Container:
    """The part; `engine` tells of it."""
    modes = (*STATES, "missing")

    def __init__(self, engine):
        self.name, self.mode, self.engine = "talos-container", None, engine

    def break_as(self, mode):
        if mode not in self.modes:
            raise ValueError(f"{self.name} cannot be broken as {mode}: it knows {', '.join(self.modes)}")
        self.mode = mode
        self.engine.event(EVENTS.get(mode, "update"))

    def mend(self):
        if self.mode:
            self.mode = None
            self.engine.event("start")

    def close(self):
        pass

    def inspected(self):
        mode = self.mode
        state, more = STATES.get(mode, STATES["memory"])
        running = state["Status"] in ("running", "paused")
        state = {"Running": False, "Paused": False, "Restarting": False, "OOMKilled": False, "Dead": False, "Pid": 4242 if running else 0, "ExitCode": 0,
                 "Error": "", "StartedAt": moment(2 if mode == "young" else 86400), "FinishedAt": moment(172800 if running else 60), **state}
        ports = {f"{port}/tcp": [{"HostIp": "", "HostPort": str(port)}] for port in (6379, 8108, 8288, *((3111,) if mode == "port" else ()))}
        memory = 4 * GIB if mode == "memory" else 18 * GIB
        return {"Id": ID, "Created": moment(864000), "Name": f"/{CONTAINER}", "State": state, "RestartCount": 0, "Config": {"Image": "ghcr.io/siderolabs/talos:v1.12.4"},
                "HostConfig": {"RestartPolicy": {"Name": "no" if mode == "policy" else "unless-stopped", "MaximumRetryCount": 0}, "Memory": memory,
                               "MemorySwap": memory, "PortBindings": ports}, **more}


def heard(told):
    """What is put there until None is; b"" now and then, so that one who has gone is not waited for."""
    while True:
        try:
            chunk = told.get(timeout=0.25)
        except queue.Empty:
            chunk = b""
        if chunk is None:
            return
        yield chunk


class Engine(StandIn):
    def __init__(self, path):
        self.listeners = []
        self.container = Container(self)
        super().__init__("docker", path, self.respond, ("info_hangs", "shrunk", "storage"))

    def respond(self, request, mode):
        if request.path == "/_ping":
            return answer(b"OK", kind="text/plain", **PING)
        if mode == "storage":
            return answer({"message": "error creating temporary lease: connection error: containerd is not running: unavailable"}, 500)
        if request.path == "/version":
            return answer(VERSION)
        if request.path == "/info":
            while self.mode == "info_hangs":
                time.sleep(0.02)
            return answer({"Containers": 1, "ContainersRunning": 1, "ContainersPaused": 0, "ContainersStopped": 0, "Driver": "overlayfs", "Name": "colima",
                           "NCPU": 4 if mode == "shrunk" else 8, "MemTotal": (8 if mode == "shrunk" else 24) * GIB, "ServerVersion": VERSION["Version"],
                           "OperatingSystem": "Ubuntu 24.04", "KernelVersion": "6.8.0", "LiveRestoreEnabled": False, "Warnings": None})
        if request.path == "/events":
            return answer(iter([b"\n"]) if "until=" in request.query else self.events())
        if request.path == "/containers/json":
            one = self.container.inspected()
            return answer([] if self.container.mode == "missing" else [{"Id": ID, "Names": [one["Name"]], "State": one["State"]["Status"]}])
        if request.path == f"/containers/{CONTAINER}/json" and self.container.mode != "missing":
            return answer(self.container.inspected())
        return answer({"message": f"No such container: {request.path.split('/')[2]}" if request.path.startswith("/containers/") else "page not found"}, 404)

    # ---- events

    def event(self, action):
        """To everybody who listens."""
        line = {"Type": "container", "Action": action, "Actor": {"ID": ID, "Attributes": {"name": CONTAINER}}, "scope": "local", "time": int(time.time())}
        with self.lock:
            for listener in self.listeners:
                listener.put(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def events(self):
        told = queue.SimpleQueue()
        with self.lock:
            self.listeners.append(told)
        try:
            yield from heard(told)
        finally:
            with self.lock:
                self.listeners = [listener for listener in self.listeners if listener is not told]

    def drop(self):
        with self.lock:
            listeners, self.listeners = self.listeners, []
        for listener in listeners:
            listener.put(None)
        super().drop()
