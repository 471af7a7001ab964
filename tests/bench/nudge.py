"""How long an event takes to become a verdict: Docker's and those of a Kubernetes watch, from stand-ins, each of which breaks fifty things once."""
import http.server
import json
import pathlib
import random
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request

KUBE = pathlib.Path(__file__).resolve().parents[1] / "world" / "kube" / "server.py"


class Docker(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """The engine's socket: an inspection for each container, and a stream of events."""
    daemon_threads, request_queue_size = True, 128

    def __init__(self, path):
        self.ended, self.streams, self.lock = set(), [], threading.Condition()
        super().__init__(str(path), DockerHandler)
        self.path = path
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def end(self, name):
        """The container ends with exit code 1, and everybody hears of it."""
        event = {"Type": "container", "Action": "die", "Actor": {"ID": "0", "Attributes": {"exitCode": "1", "name": name}}, "time": int(time.time())}
        line = json.dumps(event, separators=(",", ":")).encode() + b"\n"
        with self.lock:
            self.ended.add(name)
            for stream in self.streams:
                stream.write(b"%x\r\n%s\r\n" % (len(line), line))
                stream.flush()

    def close(self):
        self.shutdown()
        self.server_close()


class DockerHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "unix"

    def do_GET(self):
        if self.path.startswith("/events") and "until=" not in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.flush()
            with self.server.lock:
                self.server.streams.append(self.wfile)
            self.rfile.read(1)  # until Talon goes
            with self.server.lock:
                self.server.streams.remove(self.wfile)
            self.close_connection = True
            return
        self.answer(self.inspected(self.path.split("/")[2]) if self.path.startswith("/containers/") else None)

    def inspected(self, name):
        ended = name in self.server.ended
        state = {"Status": "exited" if ended else "running", "Running": not ended, "ExitCode": int(ended), "StartedAt": "2026-01-02T03:04:05Z",
                 "FinishedAt": "2026-01-03T03:04:05Z" if ended else "0001-01-01T00:00:00Z"}
        return {"Id": "0", "Name": f"/{name}", "RestartCount": 0, "State": state, "HostConfig": {"RestartPolicy": {"Name": "no"}, "Memory": 0}, "NetworkSettings": {"Ports": {}}}

    def answer(self, body):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Kube:
    """The stand-in API server with a deployment for each name."""

    def __init__(self, folder, names):
        self.folder = folder
        words = [word for name in names for word in ("--workload", f"apps/Deployment/{name}")]
        self.process = subprocess.Popen([sys.executable, str(KUBE), "--folder", str(folder), *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def is_there(self):
        return (self.folder / "port").exists() and self.ask("/_state")["settled"]

    def ask(self, path, body=None):
        control = (self.folder / "control").read_text().strip()
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{control}{path}", data=data), timeout=10) as answer:
            return json.loads(answer.read())

    def end(self, name):
        self.ask("/_break/pod", {"namespace": "apps", "name": name, "what": "crash_loop"})

    def mend(self):
        self.ask("/_mend", {})

    def close(self):
        self.process.terminate()
        self.process.wait()


def measure(talon, wait, names, end, pause):
    """Milliseconds from each break to `failed` in /api/v1/services."""
    chance, took = random.Random(1), []
    for name in names:
        time.sleep(chance.uniform(pause, pause + 0.3))  # a check takes one nudge a second
        begun = time.monotonic()
        end(name)
        wait(f"{name} is failed", lambda: next(s for s in json.loads(talon.get("/api/v1/services")[1])["services"] if s["name"] == name)["verdict"] == "failed", 10)
        took.append((time.monotonic() - begun) * 1000)
    return sorted(took)
