"""The old program's configuration in the new form: it validates, and watches what the old one did."""
import pathlib
import shutil

import pytest

OLD = pathlib.Path(__file__).parent / "old"


@pytest.fixture
def old(tmp_path):
    """The two files, in a folder where they may be changed."""
    return shutil.copy(OLD / "config.toml", tmp_path), shutil.copy(OLD / "services.toml", tmp_path)


def migrate(talon, *words):
    done = talon.command("migrate", *words, config=False)
    return done.returncode, done.stdout, done.stderr


def test_the_default_files_validate_and_watch_the_same(talon, old):
    code, text, said = migrate(talon, *old)
    assert code == 0, said
    talon.config.write_text(text)
    done = talon.command("validate")
    assert done.returncode == 0, done.stderr
    shown = talon.command("config", "show").stdout
    for name in ("colima", "docker", "talos-node", "kubernetes", "kubernetes-node", "kubernetes-access", "flannel", "redis", "inngest", "typesense", "host-worker", "gateway", "gateway_slack", "voice_agent", "disk_pressure"):
        assert f"services.{name}." in shown, f"{name} is not watched:\n{text}"
    for line in ("services.gateway.critical = true", "services.voice_agent.checks.job.launchd.job.label = com.example.voice-agent",
                 "services.gateway_slack.checks.http.fail_after = 3", "services.disk_pressure.checks.script.timeout = 5s", "services.gateway.checks.job.every = 1m",
                 "programs.worker.command = bun, run, src/serve.ts", "programs.worker.folder = /opt/example/packages/system-bus", "programs.worker.env.WORKER_ROLE = host",
                 "programs.worker.port = 3111", "programs.worker.unless_loaded = com.example.system-bus-worker", "programs.worker.health.check = worker-health.alive",
                 "programs.worker.health.fail_after = 3", "programs.worker.start_call.url = http://127.0.0.1:3111/api/inngest", "programs.worker.start_call.method = PUT",
                 "programs.worker.start_call.after = 5s", "programs.worker.restart.longest = 30s", "programs.worker.drain.wait = 5s",
                 "services.worker-health.checks.alive.every = 30s"):
        assert line in shown, f"{line} is not in\n{shown}"
    for lost in ("heal_script", "[probes]"):
        assert lost in said, said
    assert "0000000000" in text and "someone@example.com" in text


def test_the_services_are_found_where_the_main_file_says(talon, old):
    place = talon.home / ".example" / "talon"
    place.mkdir(parents=True)
    shutil.copy(old[1], place)
    code, text, said = migrate(talon, old[0])
    assert code == 0 and "gateway_slack" in text, said


def test_a_script_stays_what_it_was(talon, old):
    talon.config.write_text(migrate(talon, *old)[1])
    answers = talon.command("check", "disk_pressure", "--json").stdout
    assert '"status":"ok"' in answers, answers


@pytest.mark.parametrize("change, place, words", [
    (("check_interval_secs = 60", "check_interval_secs = soon"), "config.toml:2:23: error:", "texts stand between quotes"),
    (("port = 3111", "port = \"3111\""), "config.toml:11:1: error:", "`port` must be an integer"),
    (("drain_timeout_secs = 5", "drain_timeout_secs = -5"), "config.toml:17:1: error:", "must not be negative"),
    (("heal_timeout_secs", "heal_time_secs"), "config.toml:4:1: note:", "(`heal_timeout_secs` is)"),
])
def test_mistakes_are_told_with_their_place(talon, old, change, place, words):
    text = pathlib.Path(old[0]).read_text()
    assert change[0] in text
    pathlib.Path(old[0]).write_text(text.replace(*change))
    code, out, said = migrate(talon, *old)
    assert place in said and words in said, said
    assert (code, bool(out)) == ((3, False) if "error" in place else (0, True))


def test_a_service_without_its_target_is_refused(talon, old):
    pathlib.Path(old[1]).write_text("[http.site]\ncritical = true\n[dns.name]\nx = 1\n")
    code, out, said = migrate(talon, *old)
    assert (code, out) == (3, "") and "services.toml:1:1: error: `http.site` has no `url`" in said and "no section `dns.name`" in said


def test_files_that_are_none(talon, old, tmp_path):
    assert migrate(talon)[0] == 3
    code, _, said = migrate(talon, tmp_path / "nowhere.toml")
    assert code == 3 and "cannot be read" in said
    pathlib.Path(old[0]).write_bytes(b"# " + b"x" * 70000)
    code, _, said = migrate(talon, *old)
    assert code == 3 and "cannot be read" in said, said
