#!/usr/bin/env python3
"""What Talon costs: each figure of tests/figures.md, measured in this run, beside its budget of the design.

Every figure is the whole of what an operator pays: all processes, user and system time, from outside. Where a peer exists it is measured in the same run on the
same machine. Ratios are what counts; single times say as much about the machine as about Talon.
"""
import argparse
import contextlib
import http.client
import json
import math
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import nudge

TICK = os.sysconf("SC_CLK_TCK")
LINES = []


def figure(name, value, unit, budget=None, least=False):
    """One figure, and whether it keeps its budget (at most, or at least)."""
    text = f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"
    print(f"figure {name} {text} {unit}", flush=True)
    if budget is not None:
        kept = value >= budget if least else value <= budget
        LINES.append(f"{name:32} {text:>10} {unit:10} budget {'>=' if least else '<='} {budget:g}  {'kept' if kept else 'MISSED'}")
    else:
        LINES.append(f"{name:32} {text:>10} {unit}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException, KeyError, ValueError):
            if value := condition():
                return value
        if time.monotonic() > end:
            raise SystemExit(f"bench: {what}: not within {seconds} s")
        time.sleep(0.002)


def family(pid):
    """A process and all that it started."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    found, again = {pid}, {pid}
    while again:
        again = {child for child, parent in parents.items() if parent in again} - found
        found |= again
    return found


def cpu_seconds(pid, only=None):
    """User and system time of the family, with what its ended children have used."""
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
            if only is None or only in pathlib.Path(f"/proc/{member}/comm").read_text():
                total += sum(int(fields[i]) for i in (11, 12, 13, 14))
    return total / TICK


def memory_mib(pid):
    """PSS and private memory of the family: what is private and written to, since clean pages of programs and libraries are the page cache's."""
    pss = private = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            for line in pathlib.Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    pss += int(line.split()[1])
                if line.startswith("Private_Dirty:"):
                    private += int(line.split()[1])
    return pss / 1024, private / 1024


class Server:
    """The bench's own HTTP server."""

    def __init__(self, build, cpu=None):
        line = [str(build / "tests/bench/bench-server")]
        self.process = subprocess.Popen((["taskset", "-c", str(cpu)] if cpu is not None else []) + line, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path, headers={"Connection": "close"})
        return connection.getresponse().read()

    def count(self):
        return int(self.get("/_count"))

    def close(self):
        self.process.terminate()
        self.process.wait()


class Talon:
    def __init__(self, build, folder, services, settings="", cpu=None):
        self.build, self.folder, self.port = build, pathlib.Path(tempfile.mkdtemp(dir=folder)), free_port()
        self.config = self.folder / "talon.yaml"
        self.config.write_text(f"listen: 127.0.0.1:{self.port}\nstate: {self.folder}/state\n{settings}\nservices:\n{services}")
        self.cpu, self.process = cpu, None

    def line(self, *words):
        return [str(self.build / "talon"), *words, "--config", str(self.config)]

    def start(self, ready=True):
        pinned = ["taskset", "-c", str(self.cpu)] if self.cpu is not None else []
        self.process = subprocess.Popen(pinned + self.line("run"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"))
        self.begun = time.monotonic()
        if ready:
            wait("readyz", self.ready, 60)
        return self

    def ready(self):
        return self.get("/readyz")[0] == 200

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def checks(n, line, every=None, extra=""):
    every = f", every: {every}" if every else ""
    return "".join(f"  s{i}:\n    checks: {{ c: {{ {line.replace('@', str(i))}{every}{extra} }} }}\n" for i in range(n))


def http_line(port, keep=False, path="@"):
    return f"http: {{ url: 'http://127.0.0.1:{port}/{path}'{', keep: true' if keep else ''} }}"


# ---- each group of figures


def oneshot(build, folder, _):
    server = Server(build)
    for name, line, budget in (("oneshot.overhead_ms", http_line(server.port), 20), ("oneshot.plain_overhead_ms", f"tcp: {{ address: 127.0.0.1:{server.port} }}", 8)):
        talon = Talon(build, folder, checks(60, line))
        over = []
        for _ in range(11):
            begun = time.monotonic()
            done = subprocess.run(talon.line("check", "--json"), capture_output=True, check=True)
            took = (time.monotonic() - begun) * 1000
            over.append(took - max(c["duration_ms"] for c in json.loads(done.stdout)["checks"]))
        figure(name, statistics.median(over[1:]), "ms", budget)
    server.close()


def detect(build, folder, _):
    server = Server(build)
    talon = Talon(build, folder, checks(50, http_line(server.port, keep=True, path="n@"), "1s", ", fail_after: 2, confirm_every: 100ms")).start()
    chance = random.Random(1)
    took = []
    connection = http.client.HTTPConnection("127.0.0.1", talon.port, timeout=5)
    for i in range(50):
        time.sleep(chance.uniform(0.05, 0.6))
        begun = time.monotonic()
        server.get(f"/_break/n{i}")

        def failed():
            connection.request("GET", "/api/v1/services")
            got = json.loads(connection.getresponse().read())["services"]
            return next(s for s in got if s["name"] == f"s{i}")["verdict"] == "failed"
        wait(f"s{i} is failed", failed, 10)
        took.append((time.monotonic() - begun) * 1000)
    took.sort()
    figure("detect.p95_ms", took[math.ceil(0.95 * len(took)) - 1], "ms", 1200)
    talon.close()
    server.close()


def nudged(build, folder, _):
    """Nothing is due for five minutes: what is seen is seen by its event."""
    names = [f"s{i}" for i in range(50)]
    docker = nudge.Docker(pathlib.Path(folder) / "docker.sock")
    talon = Talon(build, folder, checks(50, f"docker.container: {{ socket: {docker.path}, name: s@ }}", "5m", ", fail_after: 1")).start()
    wait("Docker's events are heard", lambda: docker.streams)
    took = nudge.measure(talon, wait, names, docker.end, 0.05)
    figure("detect.nudge_p95_ms", took[math.ceil(0.95 * len(took)) - 1], "ms", 50)
    talon.close()
    docker.close()
    names = [f"d{i}" for i in range(10)]  # more of them, and the stand-in's own work would be measured
    kube = nudge.Kube(pathlib.Path(tempfile.mkdtemp(dir=folder)), names)
    wait("the API server is there", kube.is_there, 60)
    workload = f"kubernetes.workload: {{ kubeconfig: {kube.folder}/kubeconfig, namespace: apps, name: d@ }}"
    talon = Talon(build, folder, checks(10, workload, "5m", ", fail_after: 1, recover_after: 1").replace("  s", "  d")).start()
    wait("the workloads are watched", lambda: any("watch=1" in asked for asked in kube.ask("/_state")["requests"]))
    took = []
    for _ in range(5):
        took += nudge.measure(talon, wait, names, kube.end, 1.1)
        kube.mend()
        wait("all is well again", lambda: all(s["verdict"] == "ok" for s in json.loads(talon.get("/api/v1/services")[1])["services"]))
    took.sort()
    figure("detect.nudge_kubernetes_p95_ms", took[math.ceil(0.95 * len(took)) - 1], "ms")
    talon.close()
    kube.close()


def throughput(build, folder, args):
    for name, keep, budget in (("checks.per_core_s", True, 25000), ("checks.per_core_new_s", False, 8000)):
        server = Server(build, cpu=1)
        talon = Talon(build, folder, checks(4000, http_line(server.port, keep), "100ms", ", timeout: 10s, fail_after: 100"), cpu=0).start(ready=False)
        wait("requests", lambda: server.count() > 5000, 60)
        time.sleep(2)
        begun, before = time.monotonic(), server.count()
        time.sleep(3 if args.short else 10)
        figure(name, (server.count() - before) / (time.monotonic() - begun), "checks/s", budget, least=True)
        talon.close()
        server.close()


def monit(folder, port, n, every):
    """Monit, watching the same as Talon does."""
    at = pathlib.Path(tempfile.mkdtemp(dir=folder))
    text = f"set daemon {every}\nset pidfile {at}/pid\nset statefile {at}/state\nset idfile {at}/id\nset log {at}/log\n"
    text += "".join(f'check host s{i} with address 127.0.0.1\n  if failed port {port} protocol http request "/{i}" then alert\n' for i in range(n))
    (at / "monitrc").write_text(text)
    (at / "monitrc").chmod(0o600)
    return subprocess.Popen(["monit", "-I", "-c", str(at / "monitrc")], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def per_request(pid, server, seconds):
    cpu, count = cpu_seconds(pid), server.count()
    time.sleep(seconds)
    return (cpu_seconds(pid) - cpu) / max(1, server.count() - count)


def beside_monit(build, folder, args):
    """1000 checks every 5 s, new connections, then kept ones; Monit at the same time, each with a server of its own."""
    seconds = 20 if args.short else 60
    peer_server, server = Server(build), Server(build)
    peer = monit(folder, peer_server.port, 1000, 5)
    wait("monit's first round", lambda: peer_server.count() >= 1000, 60)
    for name, keep, budget in (("checks.cpu_ratio_to_monit", False, 1.0), ("checks.kept_cpu_ratio_to_monit", True, 0.6)):
        talon = Talon(build, folder, checks(1000, http_line(server.port, keep), "5s")).start()
        time.sleep(6)
        got = {}
        threads = [threading.Thread(target=lambda key=key, pid=pid, at=at: got.__setitem__(key, per_request(pid, at, seconds)))
                   for key, pid, at in (("talon", talon.process.pid, server), ("monit", peer.pid, peer_server))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        figure(name, got["talon"] / got["monit"], "ratio", budget)
        print(f"bench: CPU per check: talon {got['talon'] * 1e6:.0f} us, monit {got['monit'] * 1e6:.0f} us", flush=True)
        if not keep:
            figure("checks.pss_mib", memory_mib(talon.process.pid)[0], "MiB", 18)
        talon.close()
    peer.terminate()
    peer.wait()
    server.close()
    peer_server.close()


def tls(build, folder, _):
    """New TLS connections against the system's authorities. The certificate is the bench's own, so the check accepts any, and still verifies."""
    at = pathlib.Path(tempfile.mkdtemp(dir=folder))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", at / "key", "-out", at / "pem", "-subj",
                    "/CN=localhost", "-days", "30"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(at / "pem", at / "key")
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def one(connection):
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(65536)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")

    def serve():
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    line = f"http: {{ url: 'https://localhost:{listener.getsockname()[1]}/', connect_to: '127.0.0.1:{listener.getsockname()[1]}', warn_expiry: 1m, tls: {{ insecure: true }} }}"
    talon = Talon(build, folder, checks(50, line, "1s", ", timeout: 900ms")).start()

    def rounds():
        return sum(c["runs"] for c in json.loads(talon.get("/api/v1/checks")[1])["checks"])
    before, cpu = rounds(), cpu_seconds(talon.process.pid, "talon-host")
    wait("200 TLS connections", lambda: rounds() - before >= 200, 30)
    figure("tls.new_connection_ms", (cpu_seconds(talon.process.pid, "talon-host") - cpu) / (rounds() - before) * 1000, "ms", 3)
    late = max(p["late_ms"] for p in json.loads(talon.get("/api/v1/status")[1])["plugins"])
    figure("tls.longest_stop_ms", late, "ms", 10)
    talon.close()
    listener.close()


def wrk(port, seconds):
    done = subprocess.run(["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}/health"], capture_output=True, text=True, check=True)
    rate = float(next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("Requests/sec")))
    p99 = next(line.split()[1] for line in done.stdout.splitlines() if line.strip().startswith("99%"))
    unit = {"us": 0.001, "ms": 1.0}.get(p99[-2:])
    return rate, float(p99[:-2]) * unit if unit else float(p99[:-1]) * 1000


def health(build, folder, args):
    server = Server(build)
    rates = {}
    for n in (1, 1000):
        talon = Talon(build, folder, checks(n, http_line(server.port, keep=True), "30s")).start()
        rates[n] = wrk(talon.port, 3 if args.short else 10)
        talon.close()
    figure("health.requests_per_s", rates[1][0], "requests/s", 50000, least=True)
    figure("health.p99_ms", rates[1][1], "ms", 1)
    figure("health.flatness", rates[1000][0] / rates[1][0], "ratio", 0.9, least=True)
    server.close()


def twenty(server, folder):
    """20 checks of all shipped types."""
    stamp = pathlib.Path(folder) / "stamp"
    stamp.write_text("beat\n")
    lines = [f"http: {{ url: 'http://127.0.0.1:{server.port}/{i}' }}" for i in range(6)] + [f"tcp: {{ address: 127.0.0.1:{server.port} }}"] * 4
    lines += [f"file: {{ path: {stamp} }}"] * 2 + ["disk: { path: / }", "memory: {}", "load: {}", "exec: { command: ['true'] }", "exec: { command: [echo, ok], match: ok }",
                                                  "process: { name: bench-server }", "process: { name: python3 }"]
    redis = shutil.which("redis-server")
    port = free_port()
    process = subprocess.Popen([redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL) if redis else None
    lines.append(f"redis: {{ address: 127.0.0.1:{port} }}" if redis else "memory: {}")
    return "".join(f"  s{i}:\n    checks: {{ c: {{ {line} }} }}\n" for i, line in enumerate(lines)), process


def idle(build, folder, args):
    server = Server(build)
    services, redis = twenty(server, folder)
    talon = Talon(build, folder, services)
    took = []
    for _ in range(5):
        talon.start()
        ready = (time.monotonic() - talon.begun) * 1000
        slowest = max(c["duration_ms"] for c in json.loads(talon.get("/api/v1/checks")[1])["checks"])
        took.append(ready - slowest)
        talon.close()
    figure("start.first_round_ms", statistics.median(took), "ms", 60)
    talon.start()
    time.sleep(5)
    cpu = cpu_seconds(talon.process.pid)
    seconds = 20 if args.short else 60
    time.sleep(seconds)
    pss, private = memory_mib(talon.process.pid)
    figure("memory.private_mib", private, "MiB", 5)
    figure("memory.pss_mib", pss, "MiB", 14)
    figure("idle.cpu_percent", (cpu_seconds(talon.process.pid) - cpu) / seconds * 100, "%", 0.2)
    talon.close()
    server.close()
    if redis:
        redis.terminate()
        redis.wait()


def judgement(build, _folder, args):
    """Events of random configurations and of the Panda profile, by the CPU time of the simulator; what judges each of them is in it."""
    events = 200000 if args.short else 2000000
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([build / "tests/sim/test_sim", "--events", str(events)], capture_output=True, text=True, check=True,
                          env={**os.environ, "srcdir": str(pathlib.Path(__file__).resolve().parents[2])})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    judged = int(re.search(r"^figure property.events ([0-9]+)", done.stdout, re.M)[1])
    figure("property.events_per_s", judged / (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime), "events/s")


GROUPS = {"judgement": judgement, "oneshot": oneshot, "detect": detect, "nudge": nudged, "throughput": throughput, "monit": beside_monit, "tls": tls, "health": health, "idle": idle}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--short", action="store_true", help="shorter windows, for trying")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="which; all unless named")
    args = parser.parse_args()
    if not pathlib.Path("/proc/self/smaps_rollup").exists():
        sys.exit("bench: this needs Linux: it reads what processes cost from /proc")
    with tempfile.TemporaryDirectory(prefix="talon-bench-") as folder:
        for name in args.groups or GROUPS:
            print(f"bench: {name}", flush=True)
            GROUPS[name](args.build.resolve(), folder, args)
    print()
    print("\n".join(LINES))


if __name__ == "__main__":
    main()
