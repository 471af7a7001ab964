"""The VM as this machine sees it: the stand-in for a Lima instance (colima/hostagent.py) in a process of its own, and what ssh says of the machine within."""
import os
import shutil
import socket
import subprocess
import sys

from mac import TOOLS
from part import Part

HOSTAGENT = TOOLS.parent / "colima" / "hostagent.py"


class Colima(Part):
    """What of it is broken. `crash_loop`: the VM was booted anew under an agent that goes on."""
    modes = ("agent_dead", "driver_dead", "crashed", "vanished", "stopped", "starting", "degraded", "agent_hangs", "socket_gone", "socket_dead", "frozen",
             "unreachable", "ssh_port_gone", "ssh_refuses", "crash_loop", "wedged", "leaking", "leaked", "usernet", "docker_dead", "port_closed", "stale_mux",
             "no_kvm", "disk_full", "disk_filling")

    def __init__(self, folder, tools):
        self.folder, self.answers = folder / "colima", tools / "ssh.answers"
        self.settings = folder / "colima.yaml"
        super().__init__("colima")
        shutil.copy(TOOLS / "ssh", tools)
        self.answers.mkdir()
        self.process, self.orphans = None, []
        self.well()

    def mend(self):
        if self.mode == "port_closed":  # whoever listens there has come back, which is nothing of the machine's
            self.mode = None
            self.say(closed="")
        super().mend()

    def start(self):
        self.process = subprocess.Popen([sys.executable, str(HOSTAGENT), str(self.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.expect("up")
        (self.folder / "ssh.config").write_text("Host lima-colima\n")

    def expect(self, word):
        line = self.process.stdout.readline()
        if line != f"{word}\n":
            raise RuntimeError(f"the stand-in for Lima's host agent said {line!r} instead of {word}")

    def tell(self, *commands):
        for command in commands:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
            self.expect("done")

    def say(self, **answers):
        for name, text in answers.items():
            (self.answers / name).write_text(f"{text}\n")

    def well(self):
        """A new one: each way of breaking leaves other files behind."""
        self.close()
        for left in self.answers.iterdir():
            left.unlink()
        self.say(uptime="86400.00 172800.00", kvm=1, docker=0, disk="/dev/vda1 102400000 20480000 81920000 20% /", closed="")
        self.settings.write_text("cpu: 8\nmemory: 24\ndisk: 100\nnestedVirtualization: false\n")
        self.start()
        self.tell("start", "running", "aged 600")

    def as_agent_dead(self):
        self.tell("kill-agent")

    def as_driver_dead(self):
        self.tell("kill-driver")

    def as_crashed(self):
        self.tell("crash")

    def as_vanished(self):
        self.tell("kill-agent", "kill-driver")

    def as_stopped(self):
        self.tell("stop")

    def as_starting(self):
        self.tell("stop", "start")

    def as_degraded(self):
        self.tell("degraded cannot mount home")

    def as_agent_hangs(self):
        self.tell("hang")

    def as_socket_gone(self):
        self.tell("close-socket")
        (self.folder / "ha.sock").unlink()

    def as_socket_dead(self):
        self.tell("close-socket")

    def as_frozen(self):
        self.tell("ssh silent")
        self.say(silent="")

    def as_unreachable(self):
        self.tell("ssh close")
        self.say(failure="kex_exchange_identification: Connection closed by remote host")

    def as_ssh_port_gone(self):
        self.tell("ssh off")
        self.say(failure="ssh: connect to host 127.0.0.1 port 22: Connection refused")

    def as_ssh_refuses(self):
        self.say(failure="colima@127.0.0.1: Permission denied (publickey).")

    def as_crash_loop(self):
        self.tell("aged 0")
        self.say(uptime="42.50 80.00")

    def as_wedged(self):
        """As after a cold boot: it runs, and neither ssh nor Docker comes up."""
        self.tell("aged 0", "ssh close")
        self.say(failure="kex_exchange_identification: Connection closed by remote host")

    def as_leaking(self):
        self.tell("leak 1200", "aged 600")

    def as_leaked(self):
        self.tell("leak 1950", "aged 600")

    def as_usernet(self):
        """Processes that crashes have left, by their names: each waits for somebody to write into a pipe of that name."""
        os.mkfifo(self.folder / "usernet")
        self.orphans = [subprocess.Popen(["limactl", "usernet"], executable="/bin/cat", cwd=self.folder, stdin=subprocess.DEVNULL) for _ in range(3)]

    def as_docker_dead(self):
        self.say(docker=7)

    def as_port_closed(self):
        self.say(closed="6379")

    def as_stale_mux(self):
        """What ssh has left of a connection that it shared: nobody listens there."""
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(self.folder / "ssh.sock"))

    def as_no_kvm(self):
        self.settings.write_text(self.settings.read_text().replace("Virtualization: false", "Virtualization: true"))

    def as_disk_full(self):
        self.say(disk="/dev/vda1 102400000 101376000 1024000 99% /")

    def as_disk_filling(self):
        self.say(disk="/dev/vda1 102400000 87040000 15360000 85% /")

    def close(self):
        while self.orphans:
            orphan = self.orphans.pop()
            orphan.kill()
            orphan.wait()
        if self.process:
            self.process.stdin.close()
            self.process.wait(timeout=10)
            self.process.stdout.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def variables(self):
        return {"colima_folder": str(self.folder), "colima_config": str(self.settings)}
