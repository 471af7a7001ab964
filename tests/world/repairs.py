"""What an action of Talon's mends in the stand-in world, as it would on the real host: the action is seen where it arrives - at the stand-in for the API server, for
launchctl, for the worker, for Restate - and what was broken is well again because of that, never because somebody who tests said so.

`World` has one of these. `seen` is what arrived, in order. `relapses` makes a mend not hold: {part: seconds after which it is broken again as it was}.
"""
import threading
import time

# The pod whose new life mends parts, and which of them: what is broken otherwise than by such a mode needs something else.
PODS = {
    "joelclaw/redis": {"redis": ("refuse", "hang", "busy"), "colima": ("port_closed",), "livekit": ("stale",)},
    "joelclaw/inngest": {"inngest": ("errors", "hang", "refuse"), "inngest-connect": ("draining", "hang", "refuse")},
    "joelclaw/typesense": {"typesense": ("lagging", "hang", "refuse")},
    "joelclaw/livekit-server": {"livekit": ("stale", "hang", "refuse")},
    "joelclaw/docs-api": {"docs-api": ("dependency", "hang", "refuse")},
    "joelclaw/bluesky-pds": {"pds": ("database", "hang", "refuse")},
}
# The job of launchd whose new process mends a part.
JOBS = {"job-gateway": "gateway", "job-worker": "worker", "job-agent-mail": "agent-mail", "job-voice-agent": "voice-agent"}
PROCESS = ("refuse", "hang", "eof", "error", "stuck", "dead", "not_ready")
OFTEN = 0.2  # seconds between two looks at what is broken


class Repairs:
    def __init__(self, world):
        self.world, self.seen, self.relapses = world, [], {}
        self.lock = threading.Lock()
        self.pods = {}   # those of a part that is broken, as they were when that was seen: {workload: uids}
        self.later = []  # (when, part, mode)
        self.kickstarts = world.tools / "launchctl.answers" / "kickstarted"
        self.read = 0
        self.hear("worker", "PUT", "/api/inngest", {"inngest": ("forgotten", "no_functions")})
        self.hear("restate-admin", "POST", "/deployments", {"restate-admin": ("no_deployments", "other_worker"), "restate-ingress": ("unregistered",)})
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    # ---- what mends

    def mend(self, why, parts, asked=None):
        """Those that are broken in a way for which that helps. `asked`: it still has to answer, so none of its connections is cut."""
        with self.lock:
            self.seen.append(why)
            for name, modes in parts.items():
                part = self.world.parts.get(name)
                if not part or part.mode not in modes:
                    continue
                if name in self.relapses:
                    self.later.append((time.monotonic() + self.relapses[name], part, part.mode))
                if part is asked:
                    part.mode = None
                else:
                    part.mend()

    def count(self, word):
        """How often what arrived had that word."""
        return len([why for why in self.seen if word in why])

    # ---- where it arrives

    def hear(self, name, method, path, parts):
        """A request that the part gets, and answers well."""
        part = self.world.parts[name]
        answer = part.routes

        def heard(request, mode):
            if (request.method, request.path) != (method, path):
                return answer(request, mode)
            self.mend(f"{method} {path} of {name}", parts, part)
            return 200, {"Content-Type": "application/json"}, b'{"message":"Successfully registered","modified":true}'
        part.routes = heard

    def see_kickstarts(self):
        """A line for each job that the stand-in for launchctl has started."""
        lines = self.kickstarts.read_text().splitlines() if self.kickstarts.exists() else []
        fresh, self.read = lines[self.read:], len(lines)
        for line in fresh:
            job = next((part for part in self.world.parts.values() if getattr(part, "label", None) == line.split("/")[-1]), None)
            if job:
                job.mode = None  # launchctl has written already how it is now
            self.mend(f"kickstart {line}", {JOBS[job.name]: PROCESS} if job and job.name in JOBS else {})

    def see_pods(self):
        """A workload of which none of the pods that it had is left, and a new one is ready, began anew."""
        broken = [name for name, parts in PODS.items() if any(self.is_so(part, modes) for part, modes in parts.items())]
        self.pods = {name: uids for name, uids in self.pods.items() if name in broken}
        if not broken or self.world.parts["kubernetes"].mode:
            return
        found = self.world.parts["kubernetes"].pods()
        for name in broken:
            now = {pod["uid"] for pod in found if pod["workload"] == name}
            if not self.pods.setdefault(name, now) & now and any(pod["ready"] for pod in found if pod["workload"] == name):
                self.pods[name] = now
                self.mend(f"new pod of {name}", PODS[name])

    def is_so(self, name, modes):
        return name in self.world.parts and self.world.parts[name].mode in modes

    def break_again(self):
        with self.lock:
            due = [entry for entry in self.later if entry[0] <= time.monotonic()]
            self.later = [entry for entry in self.later if entry not in due]
            for _, part, mode in due:
                if not part.mode:
                    part.break_as(mode)

    def work(self):
        while not self.ended.wait(OFTEN):
            try:
                self.see_kickstarts()
                self.see_pods()
            except OSError:
                continue  # the API server, which may be broken as well
            self.break_again()

    # ---- between two tests

    def forget(self):
        with self.lock:
            self.seen, self.relapses, self.later, self.pods = [], {}, [], {}

    def close(self):
        self.ended.set()
        self.thread.join(10)
