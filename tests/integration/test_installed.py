"""An installed tree works from where it lies: plugins are found, checks run, the documents are there."""
import json
import pathlib
import socket

import pytest


@pytest.fixture
def prefix(request):
    given = request.config.getoption("--installed")
    if not given:
        pytest.skip("no installed tree: `./bootstrap install --prefix DIR`, then pytest --installed DIR")
    return pathlib.Path(given)


def test_the_tree(prefix):
    for part in ("bin/talon", "libexec/talon/talon-host", "libexec/talon/talon-core", "libexec/talon/talon-keeper", "include/talon/plugin.h", "lib/pkgconfig/talon.pc",
                 "share/man/man1/talon.1", "share/man/man3/talon-plugin.3", "share/man/man5/talon.yaml.5", "share/doc/talon/plugin-guide.md"):
        assert (prefix / part).exists(), part


def test_it_checks_and_watches_from_there(prefix, talon):
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        talon.write(f"services: {{ a: {{ checks: {{ port: {{ tcp: {{ address: 127.0.0.1:{server.getsockname()[1]} }} }} }} }} }}")
        done = talon.command("check", "--json")
        assert done.returncode == 0 and json.loads(done.stdout)["status"] == "ok", done.stdout + done.stderr
        talon.start()
        assert talon.verdicts() == {"a": "ok"}
