"""The control socket: commands to the running daemon, who may give them, and what clients and a loop that stands still may do to it."""
import contextlib
import grp
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

import pytest

from conftest import wait_until

NOBODY = 65534


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield server.getsockname()[1]


@pytest.fixture
def public():
    """A folder that every user may enter, as /run is."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="talon-control-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def as_root():
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")


def good(port, name="a"):
    return f"  {name}:\n    checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{port} }}, every: 1s, fail_after: 1, recover_after: 1 }} }}\n"


def up(talon, port, settings=""):
    talon.write("services:\n" + good(port), settings)
    talon.start()
    return talon.state / "control.sock"


def ask(path, method, target, body=b"", seconds=20):
    """One request; the status (0: closed without one), the headers and the body."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(seconds)
        client.connect(str(path))
        client.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        return hear(client)


def hear(client):
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(65536):
            answer += part
    head, _, rest = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, head.decode(), rest


# ---- what it can do


def test_reload_answers_when_it_is_done(talon, listening):
    socket_path = up(talon, listening)
    talon.write("services:\n" + good(listening) + good(listening, "b"))
    done = talon.command("reload")
    assert (done.returncode, done.stdout, done.stderr) == (0, "in force: 2 services, 2 checks\n", "")
    assert {s["name"] for s in json.loads(ask(socket_path, "GET", "/v1/status")[2])["services"]} == {"a", "b"}
    answer = json.loads(talon.command("reload", "--json").stdout)
    assert answer == {"ok": True, "services": 2, "checks": 2, "warnings": []}


def test_a_bad_configuration_is_refused_with_the_lines_of_validate(talon, listening):
    socket_path = up(talon, listening)
    talon.write("services:\n" + good(listening) + good(listening, "b").replace("tcp:", "tpc:") + "nonsense: 1\n")
    done, lines = talon.command("reload"), talon.command("validate")
    assert done.returncode == 3 and done.stdout == ""
    problems = [line for line in lines.stderr.splitlines() if ": error: " in line or ": note: " in line]
    assert len(problems) >= 2 and done.stderr.splitlines()[:-1] == problems, done.stderr
    assert done.stderr.splitlines()[-1] == "talon reload: the configuration is refused; the old one goes on"
    assert talon.verdicts() == {"a": "ok"}
    status, _, body = ask(socket_path, "POST", "/v1/reload")
    assert status == 422
    shown = json.loads(talon.command("validate", "--json").stdout)
    assert json.loads(body)["problems"] == shown["problems"] and json.loads(body)["ok"] is False
    done = talon.command("reload", "--json")
    assert done.returncode == 3 and json.loads(done.stdout)["problems"] == shown["problems"]
    talon.write("services:\n" + good(listening))
    assert talon.command("reload").returncode == 0
    talon.wait("the error is gone", lambda: not talon.status()["config"]["error"])


def test_many_reloads_at_once_are_few_loads(talon, listening):
    socket_path = up(talon, listening)
    before = talon.errors.read_text().count("configuration is in force")
    core, clients = talon.core_pid(), []
    os.kill(core, signal.SIGSTOP)
    try:
        for _ in range(20):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(20)
            client.connect(str(socket_path))
            client.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\n\r\n")
            clients.append(client)
        os.kill(core, signal.SIGHUP)
    finally:
        os.kill(core, signal.SIGCONT)
    assert [hear(client)[0] for client in clients] == [200] * 20
    for client in clients:
        client.close()
    assert 1 <= talon.errors.read_text().count("configuration is in force") - before <= 4


def test_status_comes_over_the_socket_and_else_from_the_endpoint(talon, listening):
    socket_path = up(talon, listening)
    status, head, body = ask(socket_path, "GET", "/v1/status")
    assert status == 200 and "application/json" in head
    assert json.loads(body).keys() == talon.status().keys()
    with socket.create_server(("127.0.0.1", 0)) as free:
        other = free.getsockname()[1]
    (talon.state / "endpoint").write_text(f"127.0.0.1:{other}\n")  # nobody answers there
    done = talon.command("status")
    assert done.returncode == 0 and "Healthy" in done.stdout and done.stderr == "", done.stderr
    (talon.state / "endpoint").write_text(f"127.0.0.1:{talon.port}\n")
    (talon.state / "control").write_text(f"{talon.folder}/nobody.sock\n")
    done = talon.command("status")
    assert done.returncode == 0 and "Healthy" in done.stdout and done.stderr == "", done.stderr


def test_a_plugin_is_let_out_of_quarantine(talon, listening, sanitized):
    if sanitized:
        pytest.skip("the other build's run has shown it; a third of a minute it waits for hosts that have died")
    up(talon, listening, "plugins: { tcp: { host: own } }")
    done = talon.command("plugin", "clear", "tcp")
    assert (done.returncode, done.stdout) == (0, "plugin tcp was in no quarantine\n"), done.stderr

    def host():
        return next((p for p in talon.status()["plugins"] if p["name"] == "tcp"), {"state": "", "pid": None})

    for deaths in range(1, 6):
        pid = talon.wait("its host runs", lambda: host()["state"] == "running" and host()["pid"], 20)
        os.kill(pid, signal.SIGILL)  # a crash that a sanitizer does not take for its own
        talon.wait("it has died", lambda: host()["deaths"] == deaths, 10)
    talon.wait("it is quarantined", lambda: host()["state"] == "quarantined")
    talon.wait("its check knows nothing", lambda: talon.verdicts()["a"] == "unknown", 20)
    done = talon.command("plugin", "clear", "tcp")
    assert (done.returncode, done.stdout) == (0, "plugin tcp is out of quarantine and is started again\n"), done.stderr
    talon.wait("its check is well", lambda: talon.verdicts()["a"] == "ok", 20)
    assert host()["state"] == "running"


def test_an_unknown_plugin_has_a_nearest_name(talon, listening):
    socket_path = up(talon, listening)
    status, _, body = ask(socket_path, "POST", "/v1/plugins/tpc/clear")
    assert status == 404 and "did you mean `tcp`?" in json.loads(body)["message"]
    done = talon.command("plugin", "clear", "tpc")
    assert done.returncode == 3 and done.stderr == "talon plugin clear: no plugin named tpc is in use; did you mean `tcp`?\n"
    assert talon.command("plugin", "clear", "../reload").returncode == 3
    assert talon.command("plugin", "clear").returncode == 3


def test_paths_and_methods(talon, listening):
    socket_path = up(talon, listening)
    status, _, body = ask(socket_path, "GET", "/v1/nothing")
    assert status == 404 and "POST /v1/reload" in json.loads(body)["message"]
    for method, target, allow in (("GET", "/v1/reload", "POST"), ("POST", "/v1/status", "GET"), ("DELETE", "/v1/plugins/tcp/clear", "POST")):
        status, head, _ = ask(socket_path, method, target)
        assert status == 405 and f"Allow: {allow}" in head


# ---- who may


def test_without_a_daemon_it_says_what_to_do(talon, listening):
    talon.write("services:\n" + good(listening))
    done = talon.command("reload")
    assert done.returncode == 3 and "no daemon runs" in done.stderr and "`talon run` starts one" in done.stderr
    assert str(talon.state / "control.sock") in done.stderr
    assert talon.command("reload", "redis").returncode == 3


ASK = """import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
client.sendall(b"GET /v1/status HTTP/1.0\\r\\n\\r\\n")
print(client.makefile("rb").read().decode())
"""


def as_another(path, group=NOBODY, groups=()):
    return subprocess.run([sys.executable, "-I", "-c", ASK, str(path)], user=NOBODY, group=group, extra_groups=list(groups), capture_output=True, text=True, timeout=20,
                          check=False, cwd="/")


def test_other_users_are_kept_out(talon, listening, public, as_root):
    path = public / "talon.sock"
    up(talon, listening, f"control: {{ path: {path} }}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and path.is_socket()
    assert "PermissionError" in as_another(path).stderr
    path.chmod(0o666)  # somebody has opened it: the kernel still knows who asks
    answer = as_another(path).stdout
    assert answer.startswith("HTTP/1.1 403") and "only the user that it runs as and root may" in answer, answer
    path.chmod(0o600)
    config = public / "talon.yaml"
    config.write_text(talon.config.read_text())
    config.chmod(0o644)
    command = [str(talon.program), "reload", "--config", str(config)]
    try:
        done = subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True, text=True, timeout=20, check=False, cwd="/", env=talon.environment())
    except PermissionError:
        pytest.skip("other users may not start programs of this build folder, so what they would be told cannot be tried")
    if "Permission denied" in done.stderr:
        pytest.skip("other users may not read this build folder, so what they would be told cannot be tried")
    assert done.returncode == 3 and "may not use the control socket" in done.stderr and "only user root" in done.stderr, done.stderr
    assert talon.command("reload").returncode == 0


def test_a_group_is_let_in(talon, listening, public, as_root):
    path, group = public / "talon.sock", grp.getgrgid(1)
    up(talon, listening, f"control: {{ path: {path}, group: {group.gr_name} }}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660 and path.stat().st_gid == group.gr_gid
    assert as_another(path, groups=[group.gr_gid]).stdout.startswith("HTTP/1.1 200")
    assert as_another(path, group=group.gr_gid).stdout.startswith("HTTP/1.1 200")
    assert "PermissionError" in as_another(path).stderr
    path.chmod(0o666)
    answer = as_another(path).stdout
    assert answer.startswith("HTTP/1.1 403") and f"members of the group {group.gr_name}" in answer


def test_a_group_that_is_not_there_is_said_and_ends_nothing(talon, listening):
    up(talon, listening, f"control: {{ path: {talon.folder}/t.sock, group: no-such-group }}")
    assert "there is no group no-such-group" in talon.status()["self"]
    assert talon.verdicts() == {"a": "ok"}
    talon.write("services:\n" + good(listening))
    talon.daemon.send_signal(signal.SIGHUP)
    talon.wait("the socket is there", (talon.state / "control.sock").is_socket)
    talon.wait("it is said no more", lambda: not talon.status()["self"])


# ---- its file


def test_what_a_killed_daemon_left_is_replaced(talon, listening):
    path = up(talon, listening)
    before = path.stat().st_ino, path.stat().st_ctime_ns
    os.killpg(talon.daemon.pid, signal.SIGKILL)
    talon.stop()
    assert path.is_socket()
    done = talon.command("reload")
    assert done.returncode == 3 and "no daemon runs" in done.stderr
    talon.start()
    assert (path.stat().st_ino, path.stat().st_ctime_ns) != before
    assert talon.command("reload").returncode == 0
    assert talon.stop() == 0
    assert not path.exists(), "it goes with the daemon"


def test_a_socket_that_has_moved_or_gone_is_found_again(talon, listening, public, sanitized):
    if sanitized:
        pytest.skip("the other build's run has shown it")
    path = up(talon, listening)
    talon.write("services:\n" + good(listening), f"control: {{ path: {public}/moved.sock }}")
    done = talon.command("reload")  # by the old one, of which the state folder knows
    assert done.returncode == 0, done.stderr
    wait_until("the new one is there", (public / "moved.sock").is_socket)
    assert not path.exists()
    assert talon.command("reload").returncode == 0
    (public / "moved.sock").unlink()  # as those who tidy up /tmp do
    talon.wait("it is made again", (public / "moved.sock").is_socket, 10)
    assert talon.command("reload").returncode == 0


# ---- what clients may do to it


def test_silent_slow_and_huge_clients_disturb_nobody(talon, listening):
    path = up(talon, listening)
    crowd = []
    for i in range(32):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(str(path))
        client.sendall((b"", b"POST /v1/re", b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow")[i % 3])
        crowd.append(client)
    begun = time.monotonic()
    done = talon.command("reload")  # the 33rd waits until the others have had their 5 s
    assert done.returncode == 0 and time.monotonic() - begun < 9, done.stderr
    assert all(hear(client)[0] == 0 for client in crowd)
    for client in crowd:
        client.close()
    status, _, _ = ask(path, "POST", "/v1/reload", b"x" * (64 << 10))
    assert status == 200
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        client.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert hear(client)[0] == 413
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(path))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(b"GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (1 << 20))
        assert hear(client)[0] in (0, 413, 431)
    assert talon.command("reload").returncode == 0
    assert talon.verdicts() == {"a": "ok"}


@pytest.mark.this_build_alone
def test_a_loop_that_stands_still_is_said_after_ten_seconds(talon, listening, hooks):
    if not hooks:
        pytest.skip("this build has no debug hooks: configure with --enable-debug-hooks")
    up(talon, listening)
    before = talon.core_pid()
    os.kill(before, signal.SIGUSR2)
    begun = time.monotonic()
    done = talon.command("reload")
    assert done.returncode == 3 and "the loop does not turn" in done.stderr and time.monotonic() - begun >= 9, done.stderr
    assert talon.command("status").stdout.startswith("Healthy"), "the endpoint answers instead"
    os.kill(before, signal.SIGKILL)
    talon.wait("another core takes commands", lambda: talon.core_pid() not in (0, before) and talon.command("reload").returncode == 0, 20)
