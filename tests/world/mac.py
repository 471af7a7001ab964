"""What the profile looks at on the Mac itself: the jobs of launchd, as its command-line tool tells of them, the tools, and the gateway's files."""
import os
import pathlib
import shutil
import subprocess
import threading
import time

from part import Part

TOOLS = pathlib.Path(__file__).resolve().parent / "bin"

# Jobs of the profile, by the variable with their label.
KEPT = ("worker", "agent_mail", "voice_agent", "kube_access", "talon", "secrets", "imsg", "gateway", "caddy", "colima")
AT_INTERVALS = {"janitor": 1800, "tripwire": 300, "reboot_heal": 180}
WATCHING = ("bus_sync", "content_sync", "vault_log_sync")
RETIRED = ("retired_worker", "retired_tunnel", "retired_portforward", "retired_bootstrap")


class Job(Part):
    """A job in the domain `system`, unless it is broken otherwise: a file that the stand-in for launchctl prints."""

    def __init__(self, name, label, answers):
        self.label, self.answers = label, answers
        super().__init__(f"job-{name.replace('_', '-')}")
        self.well()

    def tell(self, *lines, domain="system"):
        (self.answers / domain).mkdir(parents=True, exist_ok=True)
        told = self.answers / f"{self.label}.told"
        told.write_text("".join(f"{line}\n" for line in lines))
        told.rename(self.answers / domain / self.label)  # never half of it

    def forget(self):
        for domain in ("system", f"gui_{os.getuid()}"):
            (self.answers / domain / self.label).unlink(missing_ok=True)
        disabled = self.answers / "system" / "disabled"
        if disabled.exists():
            disabled.write_text("".join(line for line in disabled.read_text().splitlines(True) if line.strip() != self.label))

    def as_gone(self):
        self.forget()

    def as_disabled(self):
        self.forget()
        with (self.answers / "system" / "disabled").open("a") as disabled:
            disabled.write(f"{self.label}\n")


class Kept(Job):
    modes = ("gone", "disabled", "not_running", "crashing", "no_program", "code_signature", "of_user")

    def running(self, domain="system"):
        self.tell("state = running", "runs = 1", f"pid = {os.getpid()}", "last exit code = (never exited)", domain=domain)

    def well(self):
        self.forget()
        self.running()

    def as_not_running(self):
        self.tell("state = not running", "runs = 3", "last exit code = 1")

    def as_crashing(self):
        self.tell("state = spawn scheduled", "runs = 812", "last exit code = 78: EX_CONFIG")

    def as_no_program(self):
        self.tell("state = spawn failed", "runs = 0", "last exit code = 78: EX_CONFIG")

    def as_code_signature(self):
        self.tell("state = spawn failed", "runs = 4", "last exit reason = OS_REASON_CODESIGNING")

    def as_of_user(self):
        """No failure: it lives in another domain than it did."""
        self.forget()
        self.running(f"gui_{os.getuid()}")


class AtIntervals(Job):
    """Runs again whenever its time has come, unless it is broken: else it would be overdue in a world that is up for long."""
    modes = ("gone", "failed", "no_program")

    def __init__(self, name, label, answers, seconds):
        self.seconds, self.runs = seconds, 89
        self.lock, self.closed = threading.RLock(), threading.Event()
        super().__init__(name, label, answers)
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while not self.closed.wait(self.seconds):
            with self.lock:
                if not self.mode:
                    self.again()

    def break_as(self, mode):
        with self.lock:
            super().break_as(mode)

    def mend(self):
        with self.lock:
            super().mend()

    def close(self):
        self.closed.set()

    def ended(self, code):
        self.tell("state = not running", f"runs = {self.runs}", f"last exit code = {code}", f"run interval = {self.seconds} seconds")

    def at_work(self):
        """No failure, unless it goes on for too long."""
        self.runs += 1
        self.tell("state = running", f"runs = {self.runs}", f"pid = {os.getpid()}", "last exit code = 0", f"run interval = {self.seconds} seconds")

    def again(self):
        self.runs += 1
        self.well()

    def well(self):
        self.ended("0")

    def as_failed(self):
        self.ended("1")

    def as_no_program(self):
        self.ended("127")


class Watching(Job):
    modes = ("gone", "failed")

    def well(self):
        self.tell("state = not running", "runs = 12", "last exit code = 0")

    def as_failed(self):
        self.tell("state = not running", "runs = 13", "last exit code = 65")


class Retired(Job):
    modes = ("loaded", "runs")

    def well(self):
        self.forget()

    def as_loaded(self):
        self.tell("state = not running", "runs = 0", "last exit code = (never exited)")

    def as_runs(self):
        self.tell("state = running", "runs = 1", f"pid = {os.getpid()}", "last exit code = (never exited)")


class Launchctl(Part):
    """The tool that tells of them."""
    modes = ("missing", "silent")

    def __init__(self, tools):
        self.tools = tools
        super().__init__("launchctl")
        (tools / "launchctl.answers" / "system").mkdir(parents=True)
        self.well()

    def well(self):
        shutil.copy(TOOLS / "launchctl", self.tools)
        (self.tools / "launchctl.answers" / "silent").unlink(missing_ok=True)

    def as_missing(self):
        (self.tools / "launchctl").unlink()

    def as_silent(self):
        (self.tools / "launchctl.answers" / "silent").write_text("")


def jobs(tools, labels):
    """{part: Job} of those whose variable is in `labels`."""
    answers = tools / "launchctl.answers"
    made = [Kept(name, labels[f"{name}_label"], answers) for name in KEPT if f"{name}_label" in labels]
    made += [AtIntervals(name, labels[f"{name}_label"], answers, seconds) for name, seconds in AT_INTERVALS.items() if f"{name}_label" in labels]
    made += [Watching(name, labels[f"{name}_label"], answers) for name in WATCHING if f"{name}_label" in labels]
    made += [Retired(name, labels[f"{name}_label"], answers) for name in RETIRED if f"{name}_label" in labels]
    return {job.name: job for job in made}


def ended_process():
    """The number of a process that has just ended."""
    child = subprocess.Popen(["true"], stdin=subprocess.DEVNULL)
    child.wait()
    return child.pid


class GatewayFiles(Part):
    """What the gateway writes: its process, its heartbeat, its log."""
    modes = ("no_pid_file", "no_pid", "dead", "no_heartbeat_file", "no_heartbeat", "stale", "future")

    def __init__(self, folder):
        self.pid, self.heartbeat, self.log = folder / "gateway.pid", folder / "last-heartbeat.ts", folder / "gateway.err"
        super().__init__("gateway-files")
        self.log.write_text("")
        self.well()

    def write(self, pid, seconds_ago):
        self.pid.write_text(f"{pid}\n")
        os.utime(self.pid, (time.time() - 86400,) * 2)
        self.heartbeat.write_text(f"export const lastHeartbeatTs = {int((time.time() - seconds_ago) * 1000)};\n")

    def well(self):
        self.write(os.getpid(), 60)

    def as_no_pid_file(self):
        self.pid.unlink()

    def as_no_pid(self):
        self.pid.write_text("\n")

    def as_dead(self):
        self.write(ended_process(), 60)

    def as_no_heartbeat_file(self):
        self.heartbeat.unlink()

    def as_no_heartbeat(self):
        self.heartbeat.write_text("export const lastHeartbeatTs = undefined;\n")

    def as_stale(self):
        self.write(os.getpid(), 7200)

    def as_future(self):
        self.write(os.getpid(), -3600)

    def variables(self):
        return {"gateway_pid_file": str(self.pid), "gateway_heartbeat_file": str(self.heartbeat), "gateway_log": str(self.log)}
