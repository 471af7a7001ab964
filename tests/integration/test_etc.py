"""What is installed for service managers and shells says what Talon is, and is what they understand."""
import plistlib
import re
import shutil
import subprocess

import pytest

from conftest import TOP


@pytest.fixture(scope="module")
def made(build, tmp_path_factory):
    """The files of etc/ as they are installed under /usr."""
    at = tmp_path_factory.mktemp("etc")
    for path in (TOP / "etc").rglob("*.in"):
        text = path.read_text().replace("@bindir@", "/usr/bin").replace("@sysconfdir@", "/etc")
        assert "@" not in re.sub(r"@system-service", "", text), path
        (at / path.name.removesuffix(".in")).write_text(text)
    return at


def needs(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is missing: install the package that has it")


def test_the_unit_is_hardened(made):
    needs("systemd-analyze")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=40", str(made / "talon.service")], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    level = re.search(r"Overall exposure level for talon.service: ([0-9.]+)", done.stdout)
    assert float(level[1]) < 4.0
    print(f"figure unit.exposure {level[1]} level")


def test_the_unit_is_understood(made, tmp_path):
    needs("systemd-analyze")
    unit = tmp_path / "talon.service"
    unit.write_text((made / "talon.service").read_text().replace("/usr/bin/talon", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(unit)], capture_output=True, text=True, timeout=60, check=False)
    ours = [line for line in done.stderr.splitlines() if "talon.service" in line]
    assert not ours, ours


@pytest.mark.parametrize("kind", ["agent", "daemon"])
def test_the_property_lists_are_understood(made, kind):
    job = plistlib.loads((made / f"local.talon.{kind}.plist").read_bytes())
    assert job["ProgramArguments"] == ["/usr/bin/talon", "run"] and job["KeepAlive"] is True and job["RunAtLoad"] is True
    assert job["ProcessType"] == "Interactive" and job["LegacyTimers"] is True # else launchd puts timers off
    assert "/opt/homebrew/bin" in job["EnvironmentVariables"]["PATH"] and job["SoftResourceLimits"]["NumberOfFiles"] >= 8192


# Homebrew's own style where it differs from Ruby's: double quotes, `prefix/"path"`, and no words on top of a formula that say that it is one.
BREW_STYLE = """
AllCops: { NewCops: disable, SuggestExtensions: false }
Layout/LineLength: { Max: 118 }
Layout/SpaceAroundOperators: { Enabled: false }
Metrics: { Enabled: false }
Naming/HeredocDelimiterNaming: { Enabled: false }
Style/Documentation: { Enabled: false }
Style/FrozenStringLiteralComment: { Enabled: false }
Style/StringLiterals: { EnforcedStyle: double_quotes }
"""


def test_the_formula_is_in_homebrews_style(tmp_path):
    needs("rubocop")
    (tmp_path / "style.yml").write_text(BREW_STYLE)
    done = subprocess.run(["rubocop", "--cache", "false", "--format", "emacs", "--config", str(tmp_path / "style.yml"), str(TOP / "etc/homebrew/talon.rb")],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_formula_needs_what_the_build_needs():
    formula = (TOP / "etc/homebrew/talon.rb").read_text()
    installs = re.search(r"^brew_build='([^']*)'", (TOP / "bootstrap").read_text(), re.M)[1].split()
    asked = re.findall(r'^  depends_on "([^"]+)"( => :build)?$', formula, re.M)
    assert sorted(name for name, _ in asked) == sorted(installs)
    assert {name for name, only in asked if only} == {"autoconf", "automake", "libtool", "pkgconf"}
    assert [name for name, _ in asked] == sorted((name for name, _ in asked), key=lambda name: ((name, " => :build") not in asked, name)) # as `brew audit` wants them
    assert 'run [opt_bin/"talon", "run"]' in formula and "keep_alive true" in formula


def commands_of(program):
    said = subprocess.run([str(program), "--help"], capture_output=True, text=True, timeout=20, check=True).stdout
    return set(re.findall(r"^  ([a-z]+) ", said, re.M))


def test_shells_complete_what_there_is(program):
    bash = (TOP / "etc/completion/talon").read_text()
    listed = set(re.search(r"commands='([^']*)'", bash)[1].split()) - {"help"}
    assert listed == commands_of(program)
    zsh = set(re.findall(r"^    '([a-z]+):", (TOP / "etc/completion/_talon").read_text(), re.M)) - {"help"}
    fish = set(re.search(r"set -l commands (.*)", (TOP / "etc/completion/talon.fish").read_text())[1].split()) - {"help"}
    assert zsh == listed and fish == listed
    for command in sorted(listed):
        said = subprocess.run([str(program), command, "--help"], capture_output=True, text=True, timeout=20, check=False)
        options = set(re.findall(r"--[a-z-]+", said.stdout + said.stderr)) - {"--help"}
        for option in options:
            assert option in bash, f"{command} {option}"


def test_bash_completes(program, tmp_path):
    line = f"source {TOP}/etc/completion/talon; COMP_WORDS=(talon check --tr) COMP_CWORD=2; _talon; printf '%s ' \"${{COMPREPLY[@]}}\"; " \
           "COMP_WORDS=(talon st) COMP_CWORD=1; _talon; printf '%s' \"${COMPREPLY[@]}\""
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "--trace status"
