"""Maintenance windows: the core's time zones and calendars beside python's, and a daemon that opens and closes them."""
import datetime
import subprocess
import zoneinfo

import pytest

from test_guard import Shift

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC", "Africa/Casablanca", "America/Nuuk", "Pacific/Chatham"]
CALENDARS = ["0 3 * * *", "30 2 * * *", "*/15 1-3 * * sun", "0 0 1,15 * mon", "59 23 28-31 * *", "0 */6 */2 mar,oct *", "15 2 * * 0,6"]
UTC = datetime.timezone.utc
YEAR = datetime.datetime(2026, 1, 1, tzinfo=UTC), datetime.datetime(2027, 1, 1, tzinfo=UTC)
NAMES = {name: i + 1 for i, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())} | {name: i for i, name in enumerate("sun mon tue wed thu fri sat".split())}


def dump(build, *words):
    path = build / "tests" / "unit" / "calendar-dump"
    if not path.exists():
        pytest.skip(f"{path} is missing: `make {path.relative_to(build)}` builds it")
    done = subprocess.run([str(path), *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


@pytest.fixture
def most(sanitized, request):
    """The other build's run has shown most zones."""
    if sanitized and request.node.callspec.params["name"] != "Australia/Lord_Howe":
        pytest.skip("the other build's run has shown it")


def zone_of(name):
    try:
        return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError:
        pytest.skip(f"this system has no time zones ({name}): install tzdata")


@pytest.mark.parametrize("name", ZONES)
def test_a_year_of_minutes_is_as_python_has_it(build, most, name):
    zone, minute = zone_of(name), datetime.timedelta(minutes=1)
    begin, end = (int(t.timestamp()) for t in YEAR)
    expected, before, at = [], None, YEAR[0]
    while at < YEAR[1]:
        offset = at.astimezone(zone).utcoffset()
        if offset != before:
            expected.append((int(at.timestamp()), int(offset.total_seconds())))
        before, at = offset, at + minute
    assert dump(build, name, begin, end) == expected


def field(text, least, most):
    values = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = least if span == "*" else NAMES.get(first, None) if first in NAMES else int(first)
        high = most if span == "*" else (NAMES.get(last) if last in NAMES else int(last)) if last else low
        values |= set(range(low, high + 1, int(step or 1)))
    return values


def beginnings(cron, zone):
    """By brute force over local minutes: a time that there is not is the end of its gap, one that there is twice is the first."""
    texts = cron.split()
    minutes, hours, days, months, weekdays = (field(text, *bounds) for text, bounds in zip(texts, ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))))
    weekdays = {day % 7 for day in weekdays}
    found, day = set(), YEAR[0].date() - datetime.timedelta(days=2)
    while day <= YEAR[1].date() + datetime.timedelta(days=2):
        both = (day.day in days, day.isoweekday() % 7 in weekdays)
        fits = any(both) if texts[2][0] != "*" and texts[4][0] != "*" else all(both)
        for minute in sorted(minutes) if fits and day.month in months else ():
            for hour in sorted(hours):
                local = datetime.datetime(day.year, day.month, day.day, hour, minute)
                time = local.replace(tzinfo=zone).astimezone(UTC)
                if time.astimezone(zone).replace(tzinfo=None) != local:  # left out: the first minute after it
                    after = local
                    while after.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != after:
                        after += datetime.timedelta(minutes=1)
                    time = after.replace(tzinfo=zone).astimezone(UTC)
                found.add(int(time.timestamp()))
        day += datetime.timedelta(days=1)
    return sorted(time for time in found if YEAR[0].timestamp() <= time < YEAR[1].timestamp())


@pytest.mark.parametrize("name", ZONES[:5])
def test_calendars_are_as_brute_force_has_them(build, most, name):
    zone = zone_of(name)
    begin, end = (int(t.timestamp()) for t in YEAR)
    for cron in CALENDARS:
        assert [time for time, in dump(build, name, begin, end, cron)] == beginnings(cron, zone), cron


# ---- the daemon

SERVICES = "services:\n" + "".join(f"  {name}:\n    critical: true\n    checks: {{ bad: {{ exec: {{ command: ['false'] }}, every: 1s, fail_after: 1 }} }}\n" for name in ("a", "b"))


def is_silenced(talon, name):
    return "silenced" in talon.service(name).get("flags", [])


def test_a_window_is_open_at_start_and_goes_with_a_reload(talon):
    talon.write(SERVICES, 'maintenance: { now: { cron: "* * * * *", for: 1h, services: [a] }, never: { cron: "0 0 29 2 *", for: 1m, zone: UTC } }')
    talon.start()
    talon.wait("both have failed", lambda: talon.verdicts() == {"a": "failed", "b": "failed"})
    assert is_silenced(talon, "a") and not is_silenced(talon, "b")
    assert "a maintenance window is open" in talon.errors.read_text() or "window" in (talon.state / "talon.log").read_text()
    talon.write(SERVICES, 'maintenance: { now: { cron: "* * * * *", for: 1h, services: [b] } }')
    assert talon.command("reload").returncode == 0
    talon.wait("the other one is silenced", lambda: is_silenced(talon, "b") and not is_silenced(talon, "a"))
    talon.write(SERVICES)
    assert talon.command("reload").returncode == 0
    talon.wait("none is silenced", lambda: not is_silenced(talon, "a") and not is_silenced(talon, "b"))


def test_a_window_opens_and_closes_while_the_machine_sleeps(talon):
    """It opens in three hours for one: once slept into, once slept over."""
    shift = Shift(talon.folder / "shift", talon)
    opens = datetime.datetime.now(UTC) + datetime.timedelta(hours=3)
    talon.write(SERVICES, f'maintenance: {{ later: {{ cron: "{opens.minute} {opens.hour} * * *", for: 1h, zone: UTC }} }}')
    environment = talon.environment
    talon.environment = lambda **more: environment(**shift.environment, **more)
    talon.start()
    talon.wait("both have failed", lambda: talon.verdicts() == {"a": "failed", "b": "failed"})
    assert not is_silenced(talon, "a")
    shift.sleep(3 * 3600 + 120)
    talon.wait("it is open", lambda: is_silenced(talon, "a") and is_silenced(talon, "b"))
    shift.sleep(3600)
    talon.wait("it is closed", lambda: not is_silenced(talon, "a") and not is_silenced(talon, "b"))
    shift.sleep(86400 - 1800)
    talon.wait("it is open the next day", lambda: is_silenced(talon, "a"))
