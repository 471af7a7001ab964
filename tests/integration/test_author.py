"""A plugin author's way: docs/plugin-guide.md is followed word for word against an installed tree. Every block of code in it is written, compiled or run.

What a fence says behind its language: `file=NAME` is saved, a plain `sh` is run, `sh background` is started and left running, a `text` is the output of the commands
before it (`...` stands for anything), `c prelude` comes before each later `c piece`, which must compile by itself with all pieces before it.
"""
import os
import pathlib
import re
import signal
import subprocess

import pytest

from conftest import TOP, free_port

GUIDE = TOP / "docs" / "plugin-guide.md"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def prefix(request):
    given = request.config.getoption("--installed")
    if not given:
        pytest.skip("no installed tree: `./bootstrap install --prefix DIR`, then pytest --installed DIR")
    return pathlib.Path(given).resolve()


def blocks():
    """[(line, language, rest of the info string, text)]"""
    text = GUIDE.read_text()
    found = [(text.count("\n", 0, m.start()) + 1, m[1], m[2].strip(), m[3]) for m in FENCE.finditer(text)]
    assert len(found) * 2 == len(re.findall(r"^```", text, re.MULTILINE)), "each fence of the guide must say its language"
    return found


class Reader:
    """A person in a home folder with a shell, who does what the guide says."""

    def __init__(self, home, prefix):
        self.home = home
        (home / "talon").symlink_to(prefix)
        self.environment = {"HOME": str(home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(home)}
        self.port, self.listen = str(free_port()), str(free_port())
        self.output = ""
        self.pieces = ""
        self.running = []

    def own(self, text):
        """The guide's ports may be taken on this machine: others in their place, everywhere."""
        return text.replace("8025", self.port).replace("9998", self.listen)

    def run(self, script):
        kept = self.home / ".exported"
        done = subprocess.run(["sh", "-e", "-c", f"[ ! -f {kept} ] || . {kept}\n{self.own(script)}export -p >{kept}\n"], cwd=self.home, env=self.environment,
                              capture_output=True, text=True, timeout=120, check=False)
        self.output = done.stdout + done.stderr
        assert done.returncode == 0, f"{script}\n{self.output}"

    def start(self, script):
        kept = self.home / ".exported"
        self.running.append(subprocess.Popen(["sh", "-c", f". {kept}\nexec {self.own(script)}"], cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL,
                                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True))

    def compare(self, expected):
        pattern = re.escape(self.own(expected).strip()).replace(r"\.\.\.", ".*")
        assert re.search(pattern, self.output, re.DOTALL), f"expected:\n{expected}\ngot:\n{self.output}"

    def compile(self, piece, prefix):
        self.pieces += piece
        (self.home / "piece.c").write_text(self.pieces)
        for compiler, standard in (("cc", "c99"), ("cc", "c11")):
            done = subprocess.run([compiler, f"-std={standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
                                   "-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-unused-variable", f"-I{prefix}/include", "piece.c"], cwd=self.home, capture_output=True,
                                  text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr

    def end(self):
        for process in self.running:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=10)


def follow(reader, prefix, language, info, text):
    name = re.fullmatch(r"file=([\w.]+)", info)
    if name:
        (reader.home / name[1]).write_text(reader.own(text))
    elif language == "sh" and info == "":
        reader.run(text)
    elif language == "sh" and info == "background":
        reader.start(text)
    elif language == "text" and info == "":
        reader.compare(text)
    elif language == "c" and info in ("prelude", "piece"):
        reader.compile(text, prefix)
    else:
        raise AssertionError(f"nobody knows what to do with a block of `{language} {info}`")


def test_the_guide_word_for_word(prefix, tmp_path):
    reader = Reader(tmp_path, prefix)
    done = []
    try:
        for line, language, info, text in blocks():
            try:
                follow(reader, prefix, language, info, text)
            except (AssertionError, subprocess.TimeoutExpired) as wrong:
                raise AssertionError(f"docs/plugin-guide.md:{line}: {wrong}") from None
            done.append((language, info))
    finally:
        reader.end()
    assert done.count(("c", "piece")) >= 10 and done.count(("sh", "")) >= 6, "the guide has lost its examples"
    assert (tmp_path / "knock.so").exists() and (tmp_path / "lift.so").exists()


# ---- talon plugin new


def test_a_template_is_built_and_tested(prefix, talon):
    environment = talon.environment(PATH=f"{prefix}/bin:{os.environ['PATH']}", PKG_CONFIG_PATH=f"{prefix}/lib/pkgconfig")
    done = talon.command("plugin", "new", "front_door", "made here", config=False)
    assert done.returncode == 0 and "made here/README.md" in done.stdout, done.stdout + done.stderr
    folder = talon.folder / "made here"
    assert sorted(entry.name for entry in folder.iterdir()) == ["Makefile", "README.md", "front_door.c", "test_front_door.c"]
    assert not any("@" in entry.read_text().replace("$@", "") for entry in folder.iterdir())
    for compiler in ("gcc", "clang"):
        done = subprocess.run(["make", "-B", "all", "test", f"CC={compiler}", "CFLAGS=-O2 -std=c11 -Wall -Wextra -Wpedantic -Werror"], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0 and "all as expected" in done.stdout, done.stdout + done.stderr
    talon.write(f"services: {{ a: {{ checks: {{ b: {{ front_door: {{ address: 127.0.0.1:{free_port()} }} }} }} }} }}",
                f"plugins: {{ front_door: {{ path: {folder}/front_door.so }} }}")
    done = talon.command("check")
    assert done.returncode == 2 and "cannot connect: connection refused" in done.stdout, done.stdout + done.stderr
    source = folder / "front_door.c"  # a test that cannot fail proves nothing
    source.write_text(source.read_text().replace("link->connect_ns > conf->warn_after", "0"))
    assert subprocess.run(["make", "test"], cwd=folder, env=environment, capture_output=True, timeout=120, check=False).returncode != 0


def test_a_template_writes_over_nothing(talon):
    (talon.folder / "mine").mkdir()
    (talon.folder / "mine" / "Makefile").write_text("precious")
    done = talon.command("plugin", "new", "mine", config=False)
    assert done.returncode == 3 and "mine/Makefile exists already" in done.stderr, done.stderr
    assert [entry.name for entry in (talon.folder / "mine").iterdir()] == ["Makefile"]
    assert (talon.folder / "mine" / "Makefile").read_text() == "precious"
    (talon.folder / "file").write_text("")
    assert "it is no folder" in talon.command("plugin", "new", "mine", "file", config=False).stderr
    assert "No such file or directory" in talon.command("plugin", "new", "mine", "no/such", config=False).stderr


@pytest.mark.parametrize("name", ["", "9lives", "Mine", "my-check", "a/b", "../x", "a b", "x" * 33, "é"])
def test_names_that_are_none(talon, name):
    done = talon.command("plugin", "new", name, "folder", config=False)
    assert done.returncode == 3 and "is no name for a plugin" in done.stderr and not (talon.folder / "folder").exists(), done.stderr


def test_a_name_that_talon_has(talon):
    done = talon.command("plugin", "new", "http", config=False)
    assert done.returncode == 3 and "Talon has a plugin named http" in done.stderr and not (talon.folder / "http").exists()
    assert "say what to do" in talon.command("plugin", "new", config=False).stderr
    assert "say what to do" in talon.command("plugin", "new", "a", "b", "c", config=False).stderr
