"""`./bootstrap demo`: brought up, broken as it says, brought down again, and nothing left."""
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from conftest import TOP, children_of, wait_until

DEMO = TOP / "tests" / "world" / "demo"


@pytest.fixture
def demo(program, tmp_path):
    """A folder for it, and how it is called."""
    environment = {**os.environ, "PANDA": str(tmp_path / "panda"), "HOME": str(tmp_path)}

    def call(*words):
        return subprocess.run([sys.executable, *map(str, words)], env=environment, capture_output=True, text=True, timeout=60, check=False)

    output = (tmp_path / "output.txt").open("w")
    running = subprocess.Popen([sys.executable, str(DEMO), str(program)], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    call.process, call.folder, call.said = running, tmp_path / "panda", lambda: (tmp_path / "output.txt").read_text()
    yield call
    if running.poll() is None:
        running.send_signal(signal.SIGTERM)
        running.wait(30)
    output.close()


def verdict(at, service):
    with urllib.request.urlopen(f"http://{at}/api/v1/status", timeout=5) as answer:
        return next(s["verdict"] for s in json.load(answer)["services"] if s["name"] == service)


@pytest.mark.parametrize("end", ["interrupt", "stop"])
def test_from_up_to_down(demo, end, sanitized):
    if sanitized:
        pytest.skip("the other build's run has shown it: what it does with Talon, other tests do here")
    if end == "stop" and not os.environ.get("SOAK"):
        pytest.skip("one way to end it is tried here, both with SOAK=1")
    wait_until("it says what to do", lambda: "Ctrl-C ends it all" in demo.said() or demo.process.poll() is not None, 60)
    assert demo.process.poll() is None, demo.said()
    at = re.search(r"http://(127\.0\.0\.1:\d+)/", demo.said())[1]
    wait_until("all is well", lambda: verdict(at, "gateway") == "ok", 30)
    assert "runs already" in demo(DEMO, sys.executable).stdout
    broken = demo(TOP / "tests" / "world" / "panda", "break", "gateway-files:dead")
    assert broken.returncode == 0, broken.stderr
    left = children_of(demo.process.pid)
    assert left
    if end == "interrupt":
        demo.process.send_signal(signal.SIGINT)
    else:
        assert demo(DEMO, "stop").returncode == 0
    assert demo.process.wait(30) == 0, demo.said()
    assert "nothing is left" in demo.said() and not demo.folder.exists()
    wait_until("its processes have ended", lambda: not [pid for pid in left if os.path.exists(f"/proc/{pid}")], 10)
    assert demo(DEMO, "stop").stdout == "demo: none runs\n"
