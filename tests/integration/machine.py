"""A real virtual machine's behaviour for tests (tests/world/vm): its folder is named by TALON_TEST_VM; without that its tests are skipped."""
import os
import pathlib
import subprocess

import pytest

from conftest import TOP, free_port, wait_until

VM = TOP / "tests/world/vm/vm"


class Vm:
    """The VM: booted for the tests of one file and switched off after them."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.ssh_port = free_port()
        self.environment = {**os.environ, "VM": str(folder), "SSH_PORT": str(self.ssh_port), "NFS_PORT": str(free_port())}

    def vm(self, *words, timeout=120):
        return subprocess.run([str(VM), *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)

    def up(self):
        done = self.vm("up")
        assert done.returncode == 0, done.stdout + done.stderr

    def run(self, command, check=True, timeout=60):
        done = self.vm("ssh", command, timeout=timeout)
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout.strip()

    def wait(self, what, command, seconds=20.0):
        """Until the command, run in the VM, ends well."""
        return wait_until(what, lambda: self.vm("ssh", command).returncode == 0, seconds)


def of_environment():
    given = os.environ.get("TALON_TEST_VM")
    if not given:
        pytest.skip("no VM: TALON_TEST_VM=FOLDER, made by `VM=FOLDER tests/world/vm/vm build` (as root, package mmdebstrap)")
    return Vm(pathlib.Path(given))
