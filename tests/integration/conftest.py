"""What the integration tests share: a Talon with a folder, a configuration and a port of its own, and servers to watch.

Nothing is written outside pytest's temporary folder, nothing is left running: each fixture ends what it started and says so when that fails.
"""
import contextlib
import json
import mmap
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zlib

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(TOP / "tests" / "world"))
from ports import free_port  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--build", default=str(TOP / "build"), help="the build folder whose programs are tested")
    parser.addoption("--installed", default=None, help="the prefix of an installed tree")
    parser.addoption("--one-in", type=int, default=1, help="of so many tests one is run, chosen by --seed")
    parser.addoption("--seed", default="", help="any word: another one chooses others")


def pytest_configure(config):
    config.addinivalue_line("markers", "this_build_alone: only the build of which one in so many is run can run it, so it always does")


def pytest_collection_modifyitems(config, items):
    """A build that is slow runs a part of what another build runs whole; which part changes with the seed, so that in time all of it is run."""
    one_in, seed = config.getoption("--one-in"), config.getoption("--seed")
    chosen = [item for item in items if item.get_closest_marker("this_build_alone") or zlib.crc32(f"{seed} {item.nodeid}".encode()) % one_in == 0]
    if len(chosen) < len(items):
        print(f"\n{len(chosen)} of {len(items)} tests are run: --one-in={one_in} --seed={seed}; ./bootstrap soak runs all")
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


@pytest.fixture(scope="session")
def build(request):
    return pathlib.Path(request.config.getoption("--build")).resolve()


@pytest.fixture(scope="session")
def sanitized(build):
    options = (build / ".options").read_text() if (build / ".options").exists() else ""
    return "sanitize" in options or "fuzzers" in options


@pytest.fixture(scope="session")
def hooks(build):
    """Was it built with what only tests need (configure --enable-debug-hooks)?"""
    return "debug-hooks" in (build / ".options").read_text() if (build / ".options").exists() else False


@pytest.fixture(scope="session")
def program(build, request):
    prefix = request.config.getoption("--installed")
    path = pathlib.Path(prefix) / "bin" / "talon" if prefix else build / "talon"
    assert path.exists(), f"{path} is not built: ./bootstrap build"
    return path


def wait_until(what, condition, seconds=10.0):
    """Waits with a deadline; returns the first true value of condition()."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def children_of(pid):
    """All descendants of a process, as {pid: state}."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, IndexError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            parents[int(entry.name)] = (int(fields[1]), fields[0])
    found, again = {}, {pid}
    while again:
        again = {child for child, (parent, _) in parents.items() if parent in again and child not in found}
        found.update({child: parents[child][1] for child in again})
    return found


def lasts(pid):
    """Was it started by an action to live on, or is it within a VM that was? A connection of ssh that is shared writes its title over its environment."""
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{pid}/ns/pid") != os.readlink("/proc/self/ns/pid"):
            return True
        return (b"TALON_LASTING=1" in pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") or
                pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"ssh: "))
    return False


def children_that_end(pid):
    """All descendants of a Talon but those that live on, with theirs."""
    every = children_of(pid)
    lasting = {child for child in every if lasts(child)}
    return set(every) - lasting.union(*map(children_of, lasting))


class Talon:
    """One configuration, and the commands that use it."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.config = folder / "talon.yaml"
        self.state = folder / "state"
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.port = free_port()
        self.daemon = None
        self.errors = folder / "stderr.txt"

    def environment(self, **more):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TALON_") and key != "NO_COLOR"}
        environment.update(HOME=str(self.home), LC_ALL="C.UTF-8", **more)
        return environment

    def write(self, services, settings=""):
        """The main file: our own port and state folder, then the settings and services as given."""
        self.config.write_text(f"listen: 127.0.0.1:{self.port}\nstate: {self.state}\n{settings}\n{services}")
        return self.config

    def command(self, *words, config=True, timeout=60, check=False, env=None, **more):
        line = [str(self.program), *[str(word) for word in words]]
        if config:
            line += ["--config", str(self.config)]
        return subprocess.run(line, capture_output=True, text=True, timeout=timeout, check=check, env=env or self.environment(), cwd=self.folder, **more)

    def start(self, *words, ready=True):
        errors = self.errors.open("a")
        self.daemon = subprocess.Popen([str(self.program), "run", "--config", str(self.config), *words], stdin=subprocess.DEVNULL,
                                       stdout=errors, stderr=errors, env=self.environment(), cwd=self.folder, start_new_session=True)
        errors.close()
        if ready:
            self.wait("the first round is complete", lambda: self.get("/readyz")[0] == 200, 60)
        return self.daemon

    def wait(self, what, condition, seconds=10.0):
        def alive():
            if self.daemon and self.daemon.poll() is not None:
                raise AssertionError(f"talon run ended with {self.daemon.returncode}:\n{self.errors.read_text()[-4000:]}")
            return condition()
        try:
            return wait_until(what, alive, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n--- its log:\n{self.errors.read_text()[-4000:]}") from None

    def get(self, path, **headers):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""

    def health(self):
        status, body = self.get("/health")
        return json.loads(body) if status == 200 else {}

    def status(self):
        status, body = self.get("/api/v1/status")
        return json.loads(body) if status == 200 else {"services": []}

    def service(self, name):
        return next((s for s in self.status()["services"] if s["name"] == name), {"verdict": "", "why": "", "checks": []})

    def verdicts(self):
        return {s["name"]: s["verdict"] for s in self.status()["services"]}

    def pids_of(self, program):
        pids = []
        for pid in children_of(self.daemon.pid):
            with contextlib.suppress(OSError):
                if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].endswith(program.encode()):
                    pids.append(pid)
        return pids

    def host_pids(self):
        return self.pids_of("talon-host")

    def core_pid(self):
        """The core under its guard, which is what was started; 0: there is none now."""
        return next(iter(self.pids_of("talon-core")), 0)

    def stop(self, how=signal.SIGTERM, seconds=10):
        if not self.daemon:
            return None
        left = children_that_end(self.daemon.pid)
        if self.daemon.poll() is None:
            self.daemon.send_signal(how)
        code = self.daemon.wait(timeout=seconds)
        self.daemon = None
        wait_until(f"children {left} end with talon", lambda: not [pid for pid in left if pathlib.Path(f"/proc/{pid}").exists()], 5)
        return code


@pytest.fixture
def talon(program, tmp_path):
    made = Talon(program, tmp_path)
    yield made
    if made.daemon:
        try:
            code = made.stop()
            assert code == 0, f"talon run ended with {code}:\n{made.errors.read_text()[-4000:]}"
        finally:
            if made.daemon and made.daemon.poll() is None:
                made.daemon.kill()
                made.daemon.wait()
    text = made.errors.read_text() if made.errors.exists() else ""
    assert "Sanitizer" not in text and "runtime error" not in text, text[-6000:]


class Shift:
    """What tests/hardship/shift.c reads: so much time has passed at once, as if the machine had slept; the calendar was set by hand."""

    def __init__(self, path, talon):
        library = talon.program.parent / "tests" / "hardship" / ".libs" / "shift.so"
        if not library.exists():
            pytest.skip(f"{library} is missing, so time cannot be shifted: `make tests/hardship/shift.la` builds it, on Linux")
        path.write_bytes(bytes(16))
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(library), "TALON_TEST_SHIFT": str(path)}

    def add(self, which, seconds):
        shifts = list(struct.unpack("qq", self.map[:]))
        shifts[which] += int(seconds * 10**9)
        self.map[:] = struct.pack("qq", *shifts)

    def sleep(self, seconds):
        self.add(0, seconds)

    def step(self, seconds):
        self.add(1, seconds)


class Server:
    """A real server in a process of its own that can be stopped, frozen and started again on the same port."""

    def __init__(self, line, port, folder, ready):
        self.line, self.port, self.folder, self.ready = line, port, folder, ready
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.line, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(f"{self.line[0]} answers", self.ready, 20)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


def answers(port, ask, expect):
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(ask)
            return expect in connection.recv(65536)
    return False


def missing(name, package):
    pytest.skip(f"{name} is missing: install the package {package}")


@pytest.fixture
def redis(tmp_path):
    if not shutil.which("redis-server"):
        missing("redis-server", "redis-server (Debian), redis (Homebrew)")
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    server = Server(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""], port, folder,
                    lambda: answers(port, b"PING\r\n", b"PONG"))
    yield server
    server.stop()


@pytest.fixture
def caddy(tmp_path):
    """Caddy with its admin interface, a plain port and a TLS port of its internal authority."""
    if not shutil.which("caddy"):
        missing("caddy", "caddy")
    folder = tmp_path / "caddy"
    folder.mkdir()
    port, tls, admin = free_port(), free_port(), free_port()
    (folder / "Caddyfile").write_text(
        "{\n admin 127.0.0.1:%d\n auto_https disable_redirects\n skip_install_trust\n storage file_system %s\n}\n"
        "http://127.0.0.1:%d {\n bind 127.0.0.1\n respond / \"hello\" 200\n respond /gone 404\n}\n"
        "https://localhost:%d {\n bind 127.0.0.1\n tls internal\n respond \"secure\" 200\n}\n" % (admin, folder / "data", port, tls))
    os.environ.setdefault("XDG_DATA_HOME", str(folder))
    server = Server(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], port, folder,
                    lambda: answers(port, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", b"200 OK"))
    server.tls_port, server.admin_port = tls, admin
    server.root = folder / "data" / "pki" / "authorities" / "local" / "root.crt"
    yield server
    server.stop()


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The stand-in Panda, one for all tests: each mends what it breaks."""
    sys.path.insert(0, str(TOP / "tests" / "world"))
    from world import World

    with World(tmp_path_factory.mktemp("world")) as made:
        yield made


def be_patient(talon):
    """What gets a process of its own for each run starts several times slower with sanitizers: its time is none of Talon's bounds."""
    folder = talon.folder / "checks"
    shutil.copytree(TOP / "checks", folder)
    nas = folder / "nas.yaml"
    nas.write_text(nas.read_text().replace("timeout: 3s", "timeout: 12s"))
    talon.config.write_text(talon.config.read_text().replace(f"{TOP}/checks/", f"{folder}/"))


@pytest.fixture
def panda(talon, world, sanitized):
    """One-shot of the profile against the world: {check: answer}."""
    world.write_config(talon.config, listen=f"127.0.0.1:{talon.port}", state=talon.state)
    if sanitized:
        be_patient(talon)

    def check(*names):
        done = talon.command("check", "--json", *(names or world.names()), timeout=90, env=talon.environment(**world.environment()))
        assert done.stdout, done.stderr
        return {c["name"]: c for c in json.loads(done.stdout)["checks"]}
    return check


def worst(answers, service):
    order = ("fail", "unknown", "warn", "starting", "stopped", "ok")
    return min((a for a in answers.values() if a["service"] == service), key=lambda a: order.index(a["status"]))


class Rows:
    """rows(system, failure, summary): one way in which a watched system was broken, seen and mended; .skip(system, failure, why) where it could not be."""

    def __init__(self):
        self.seen, self.skipped, self.failed = [], [], 0

    def __call__(self, system, failure, summary):
        self.seen.append((system, failure, summary))

    def skip(self, system, failure, why):
        self.skipped.append((system, failure, why))


    def print(self, request, name):
        """The table, with its figures."""
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print("\n")
            for system, failure, summary in sorted(self.seen):
                print(f"row {system:<18}{failure:<20}{summary[:120]}")
            for system, failure, why in sorted(self.skipped):
                print(f"row {system:<18}{failure:<20}skipped: {why}")
            print(f"figure {name}.rows {len(self.seen)} count")
            print(f"figure {name}.failed {self.failed} count")
            print(f"figure {name}.skipped {len(self.skipped)} count")


TABLES = {"rows": Rows(), "repairs": Rows()}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    told = yield
    for fixture, table in TABLES.items():
        if told.get_result().failed and fixture in item.fixturenames:
            table.failed += 1


@pytest.fixture(scope="session")
def rows(request):
    """The table of what was seen, printed at the end."""
    yield TABLES["rows"]
    TABLES["rows"].print(request, "systems")


@pytest.fixture(scope="session")
def repairs(request):
    """The table of what was repaired: repairs(runbook, scenario, what was seen)."""
    yield TABLES["repairs"]
    TABLES["repairs"].print(request, "repair")


@pytest.fixture(scope="session")
def incidents(request):
    """incidents(number): that incident of the past is seen now for what it was. Its figure counts each once."""
    seen = set()
    yield seen.add
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nfigure incidents.detected {len(seen)} count")
