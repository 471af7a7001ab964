"""A long time at a high rate: what Talon holds and how often it wakes up stays as it is.

Named so that pytest takes it only when it is asked for: it needs half an hour in `./bootstrap soak`, and a minute and a half elsewhere.
"""
import contextlib
import json
import os
import pathlib
import statistics
import time

from conftest import children_of

SECONDS = float(os.environ.get("SOAK_SECONDS") or (1800 if os.environ.get("SOAK") else 90))
WARM_UP = 20  # s: the first round, pools that fill
WINDOW = 20    # samples

FAST = """services:
  page: {{ checks: {{ new: {{ http: {{ url: 'http://127.0.0.1:{http}/' }}, every: 10ms }}, kept: {{ http: {{ url: 'http://127.0.0.1:{http}/kept', keep: true }}, every: 10ms }} }} }}
  redis: {{ checks: {{ ping: {{ redis: {{ address: 127.0.0.1:{redis} }}, every: 10ms }}, port: {{ tcp: {{ address: 127.0.0.1:{redis} }}, every: 10ms }} }} }}
  closed: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:1 }}, every: 10ms, fail_after: 1 }} }} }}
  slow: {{ checks: {{ c: {{ exec: {{ command: [sh, -c, 'sleep 60 & echo out'] }}, every: 500ms, timeout: 200ms }} }} }}
  file: {{ checks: {{ stamp: {{ file: {{ path: {stamp} }}, every: 200ms }} }} }}
  memory: {{ checks: {{ m: {{ memory: {{}}, every: 10ms }} }} }}
"""


def held(talon):
    """Private memory in KiB and descriptors of guard, core and plugin hosts, all children, the voluntary switches of the former, and the runs that ended."""
    family = [talon.daemon.pid, talon.core_pid(), *talon.host_pids()]
    private = fds = wakes = 0
    for pid in family:
        process = pathlib.Path(f"/proc/{pid}")
        with contextlib.suppress(OSError):
            if "--run" in (process / "cmdline").read_text():
                continue  # lives for one run
            private += sum(int(line.split()[1]) for line in (process / "smaps_rollup").read_text().splitlines() if line.startswith("Private_Dirty:"))
            fds += len(list((process / "fd").iterdir()))
            for task in (process / "task").iterdir():
                wakes += sum(int(line.split()[1]) for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt"))
    runs = sum(check["runs"] for check in json.loads(talon.get("/api/v1/checks")[1])["checks"])
    return private, fds, len(children_of(talon.daemon.pid)), wakes, runs


def slope(times, values):
    """By a minute, of the line that fits best."""
    t, v = statistics.fmean(times), statistics.fmean(values)
    return 60 * sum((x - t) * (y - v) for x, y in zip(times, values)) / sum((x - t) ** 2 for x in times)


def test_nothing_grows(talon, redis, caddy, tmp_path, capsys):
    stamp = tmp_path / "stamp"
    stamp.write_text("beat\n")
    talon.write(FAST.format(http=caddy.port, redis=redis.port, stamp=stamp))
    talon.start()
    time.sleep(WARM_UP)
    times, samples, begun = [], [], time.monotonic()
    while time.monotonic() - begun < SECONDS:
        times.append(time.monotonic() - begun)
        samples.append(held(talon))
        time.sleep(0.5)
    private, fds, children, wakes, runs = (list(column) for column in zip(*samples))
    # by the run, since how many run in a second is the machine's; over ten seconds, since what is published may be one second old
    per_run = [(b - a) / (d - c) for a, b, c, d in zip(wakes, wakes[WINDOW:], runs, runs[WINDOW:])]
    grown = {
        "private_kib": slope(times, private),
        "fds": slope(times, fds),
        "children": slope(times, children),
        "wakeups": slope(times[WINDOW:], per_run),
    }
    with capsys.disabled():
        print("".join(f"\nfigure soak.{name}_per_min {value:.3f} {name}/min" for name, value in grown.items()))
        print(f"figure soak.runs {runs[-1] - runs[0]} count")
        print("soak: medians", statistics.median(private), statistics.median(fds), statistics.median(children), statistics.median(per_run), flush=True)
    verdicts = talon.verdicts()
    assert verdicts["closed"] == "failed" and {verdicts[name] for name in ("page", "redis", "file", "memory")} == {"ok"}, verdicts
    # by less than samples differ by themselves, over the whole time; memory that is given back in between is no growth
    whole = SECONDS / 60
    assert grown["private_kib"] * whole < 512, samples
    assert abs(grown["fds"]) * whole < 8, samples
    assert abs(grown["children"]) * whole < 4, samples
    assert abs(grown["wakeups"]) * whole < 0.3 * statistics.median(per_run), per_run
