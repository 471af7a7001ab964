"""The stand-in API server (tests/world/kube) for a test: a process of its own, and its control port."""
import json
import os
import shutil
import subprocess
import sys
import urllib.request

from conftest import TOP, wait_until


class Kube:
    def __init__(self, folder, node="node-1"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.errors = folder / "stderr.txt"
        self.node = node
        self.process = None
        self.start()

    def start(self, port=0):
        for name in ("port", "control"):
            (self.folder / name).unlink(missing_ok=True)
        with self.errors.open("a") as errors:
            self.process = subprocess.Popen([sys.executable, str(TOP / "tests/world/kube/server.py"), "--folder", str(self.folder), "--port", str(port), "--node", self.node],
                                            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        wait_until("the stand-in API server is there", lambda: (self.folder / "port").exists() or self.process.poll() is not None, 30)
        assert self.process.poll() is None, self.errors.read_text()
        self.port = int((self.folder / "port").read_text())
        self.control = f"http://127.0.0.1:{(self.folder / 'control').read_text().strip()}"
        self.config = self.folder / "kubeconfig"

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        text = self.errors.read_text()
        assert "Traceback" not in text, text[-4000:]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.control + path, data=data), timeout=10) as answer:
            return json.loads(answer.read())

    def break_it(self, what, /, **how):
        self.ask(f"/_break/{what}", how)

    def mend(self, what=""):
        self.ask(f"/_mend/{what}" if what else "/_mend", {})

    def state(self):
        return self.ask("/_state")

    def settle(self):
        """Until all that it was made with is ready."""
        wait_until("all pods are ready", lambda: self.state()["settled"], 20)


def kubectl():
    """kubectl, in PATH or where KUBECTL says; None: there is none."""
    return os.environ.get("KUBECTL") or shutil.which("kubectl")
