"""Incidents of the past, as far as they were about seeing: what broke then is broken in the stand-in world, and Talon says what it was."""
import pytest

from conftest import missing, worst


@pytest.fixture
def broken(panda, world, sanitized):
    """broken("part:mode", ...): what a round says while they are so."""
    if sanitized:
        pytest.skip("the other build's run has shown it")

    def look(*breaks):
        parts = []
        for text in breaks:
            name, mode = text.split(":")
            if name not in world.parts:
                missing(world.skipped.get(name, name), "the profile's parts need")
            parts.append(world.parts[name])
            parts[-1].break_as(mode)
        try:
            return panda()
        finally:
            for part in parts:
                part.mend()
    return look


def test_incident_1_a_tool_that_is_not_found_is_no_failure(broken, world, incidents):
    answers = broken("launchctl:missing")
    bad = {name: a for name, a in answers.items() if a["status"] != "ok"}
    assert bad and {(a["status"], a["reason"]) for a in bad.values()} == {("unknown", "exec.not_found")}
    assert all("launchctl is not found in" in a["summary"] and str(world.tools) in a["summary"] for a in bad.values())
    incidents(1)


def test_incident_2_a_machine_that_restarts_is_the_cause(broken, incidents):
    answers = broken("colima:crash_loop", "talos-container:exited", "redis:refuse")
    vm = worst(answers, "colima")
    assert vm["status"] == "starting" and "only" in vm["summary"]
    assert answers["colima.uptime"]["metrics"]["uptime"] < 120
    for service in ("talos-node", "redis"):
        assert worst(answers, service)["caused_by"] == "colima", worst(answers, service)
    incidents(2)


def test_incident_3_a_lost_forward_is_not_a_dead_service(broken, incidents):
    """The pod is ready, and its port dead on this host."""
    answers = broken("redis:refuse", "typesense:refuse")
    for service, check in (("redis", "ping"), ("typesense", "health")):
        assert answers[f"{service}.pods"]["status"] == "ok" and answers[f"{service}.{check}"]["reason"] == "connect.refused"
    assert answers["colima.guest"]["status"] == answers["colima.uptime"]["status"] == answers["docker.engine"]["status"] == "ok"
    incidents(3)


def test_incident_4_a_machine_that_is_called_running_and_answers_nothing(broken, incidents):
    answers = broken("docker:eof", "colima:unreachable")
    assert answers["colima.vm"]["status"] == "ok"
    assert answers["docker.engine"]["status"] == "fail" and "caused_by" not in answers["docker.engine"]
    assert answers["colima.guest"]["reason"] == answers["colima.uptime"]["reason"] == "colima.unreachable"
    incidents(4)


def test_incident_11_an_idle_voice_agent_is_well(broken, incidents):
    assert worst(broken("voice-agent:idle"), "voice-agent")["status"] == "ok"
    incidents(11)


def test_incident_12_a_job_is_found_in_each_domain(broken, incidents):
    """It was a daemon of the system, and was looked for in the user's domain alone."""
    answers = broken("job-agent-mail:of_user")
    assert answers["gateway.job"]["status"] == answers["agent-mail.job"]["status"] == "ok"
    assert answers["gateway.job"]["details"]["domain"] == "system" and answers["agent-mail.job"]["details"]["domain"].startswith("gui/")
    incidents(12)


def test_incident_14_a_second_poller_is_read_in_the_log(talon, world, incidents):
    log = world.parts["gateway-files"].log
    talon.write(f"services:\n  gateway:\n    checks:\n      telegram-conflict: {{ log.pattern: {{ path: {log}, bad: '409: Conflict', tolerate: 5, within: 10m }}, "
                "every: 100ms, fail_after: 3 }\n")

    def verdict():
        return talon.service("gateway")["verdict"]

    talon.start()
    with log.open("a") as more:
        more.write("GrammyError: 409: Conflict: terminated by other getUpdates request\n" * 5)
    talon.wait("five are read", lambda: "5" in talon.service("gateway")["checks"][0]["summary"])
    assert verdict() == "ok"
    with log.open("a") as more:
        more.write("GrammyError: 409: Conflict: terminated by other getUpdates request\n")
    talon.wait("the sixth is one too many", lambda: verdict() == "failed")
    assert "409: Conflict" in talon.service("gateway")["checks"][0]["summary"]
    incidents(14)


def test_incident_21_a_mount_that_hangs_keeps_nobody_waiting(broken, incidents):
    answers = broken("nas-nvme:hangs")
    assert answers["nas.nvme"]["status"] == "fail" and answers["nas.nvme"]["duration_ms"] < 5000, answers["nas.nvme"]
    assert answers["nas.nvme-mounted"]["status"] == answers["nas.nfs"]["status"] == answers["nas.hdd"]["status"] == "ok"
    incidents(21)


def test_incident_25_a_check_that_prints_much_is_read_to_its_end(talon, incidents):
    talon.write("services:\n  loud:\n    checks:\n      loud: { exec: { command: [sh, -c, 'head -c 1000000 /dev/zero | tr \"\\\\0\" x; echo; echo the end'], "
                "match: 'the end' }, timeout: 10s }\n")
    done = talon.command("check", "--json")
    assert '"status":"ok"' in done.stdout.replace(" ", ""), done.stdout + done.stderr
    incidents(25)


# Caddy keeps a connection to what is behind it, and that alone.
KEPT = {"inngest", "worker", "docs-api", "livekit"}


def test_incident_26_asking_leaves_no_connection_behind(panda, world, incidents):
    asked = [part for part in world.parts.values() if hasattr(part, "accepted")]
    before = {part.name: part.accepted for part in asked}
    for _ in range(3):
        panda()
    used = [part for part in asked if part.accepted > before[part.name]]
    left = {part.name: part.left_open(at_most=2 if part.name in KEPT else 0) for part in used}
    assert len(used) > 15 and {name: n for name, n in left.items() if n} == {}
    incidents(26)
