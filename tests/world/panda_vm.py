"""The part of Panda that lives in the VM, with the real VM in it: Colima (vm/vm-colima) starts and stops it; Docker, the node's container, ssh, NFS and Redis
are real and in it. The cluster's API, Talos and the services are the stand-ins of the world, but the way to them leads through the VM: a forward of the host
agent, the VM's own port (while the node's container runs), and a socket in a folder of its root.
"""
import os
import pathlib
import re
import shutil
import subprocess
import threading
import socket

import apid
import engine
import mac
import services
from ports import free_port
from processes import TOP, Kubernetes
from stand_in import StandIn
from world import World

HERE = pathlib.Path(__file__).resolve().parent
NODE = engine.CONTAINER
MEMORY = 64 << 20
SERVICES = ["host", "colima", "docker", "talos-node", "talos", "kubernetes", "kubernetes-node", "kubernetes-access", "flannel", "redis", "inngest", "typesense"]
# What the node serves, by its port in the VM. Redis is the VM's own.
PORTS = {"kubernetes": 6443, "talos": 50000, "inngest": 8288, "inngest-connect": 8289, "typesense": 8108}
RUN_NODE = (f"docker rm -f {NODE} >/dev/null 2>&1; docker run -d --name {NODE} --restart unless-stopped --memory {MEMORY} --memory-swap {MEMORY} "
            "--stop-timeout 0 busy sleep 1000d")
# While the node's container runs, the ports of what is in it are open.
WATCH = """#!/bin/sh
until [ "$(docker inspect -f '{{{{.State.Running}}}}' {node} 2>/dev/null)" = true ]; do sleep 0.2; done
systemctl start {sockets}
docker wait {node} >/dev/null 2>&1
systemctl stop {sockets}
"""


class Bridge:
    """A socket in the VM's root that leads to a port of this machine."""

    def __init__(self, path, port):
        self.port = port
        path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(64)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                inner, _ = self.listener.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection(("127.0.0.1", self.port()), 5)
                outer.settimeout(None)
            except OSError:
                inner.close()
                continue
            for one, other in ((inner, outer), (outer, inner)):
                threading.Thread(target=self.carry, args=(one, other), daemon=True).start()

    @staticmethod
    def carry(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        finally:
            for end in (one, other):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


class VmWorld(World):
    """`vm`: machine.Vm. Its variables are the profile's; `names()` are the services that it stands for."""

    def __init__(self, folder, vm):
        self.vm, self.bridges = vm, []
        self.forwards = {name: free_port() for name in ("redis", *PORTS)}
        self.root = vm.folder / "root"
        super().__init__(folder)

    # ---- up

    def start(self):
        self.tools.mkdir()
        self.instance = self.folder / "colima"
        self.instance.mkdir()
        (self.instance / "ssh.config").symlink_to(self.vm.folder / "ssh" / "config")
        (self.folder / "colima.yaml").write_text("nestedVirtualization: false\n")
        self.add(mac.Launchctl(self.tools))
        labels = dict(re.findall(r"^  ((?:colima|reboot_heal)_label): *(\S+)$", self.profile(), re.M))
        self.parts.update(mac.jobs(self.tools, labels))
        for name, routes, modes in services.SERVICES:
            if name in PORTS:
                self.add(StandIn(name, 0, routes, modes))
        self.add(Kubernetes(self.folder), apid.Talos(self.folder / "talos"))
        self.lead_through()
        self.install_tools()
        self.install_node()
        self.boot()

    @staticmethod
    def profile():
        return (TOP / "etc" / "profiles" / "panda.yaml").read_text()

    def lead_through(self):
        """Clients know the forwarded ports alone."""
        config = self.folder / "kube" / "kubeconfig"
        config.write_text(config.read_text().replace(f"127.0.0.1:{self.parts['kubernetes'].port}", f"127.0.0.1:{self.forwards['kubernetes']}"))
        talos = self.parts["talos"]
        talos.address = f"127.0.0.1:{self.forwards['talos']}"
        talos.configure()
        self.doors = self.root / "srv" / "panda"
        shutil.rmtree(self.doors, ignore_errors=True)
        self.doors.mkdir(parents=True)
        for name in PORTS:
            part = self.parts[name]
            behind = (lambda: talos.node.port) if name == "talos" else (lambda p=part: p.port)
            self.bridges.append(Bridge(self.doors / f"{name}.sock", behind))

    def install_tools(self):
        for name in ("vm-tool", "vm-colima"):
            shutil.copy(HERE / "vm" / name, self.tools)
        (self.tools / "vm-agent").symlink_to(HERE / "vm" / "vm-agent")
        for name in ("colima", "limactl", "ps", "tail", "ls"):
            (self.tools / name).symlink_to("vm-tool")
        self.age(600)

    def age(self, seconds):
        """How long ago the VM will have been booted when it is started next."""
        here = self.vm.environment
        forwards = " ".join(f"{port}:{PORTS.get(name, 6379)}" for name, port in self.forwards.items())
        (self.tools / "vm.env").write_text(
            f"VM={self.vm.folder}\nSSH_PORT={here['SSH_PORT']}\nNFS_PORT={here['NFS_PORT']}\nFOLDER={self.instance}\nFORWARDS='{forwards}'\n"
            f"TOOL={HERE}/vm/vm\nWORLD={HERE}\nAGE={seconds}\nexport WORLD\n")

    def install_node(self):
        """Its units in the VM's root: gone with close()."""
        self.units = [self.root / "etc/systemd/system" / f"panda-{name}.{kind}" for name in PORTS for kind in ("socket", "service")]
        for name, port in PORTS.items():
            base = self.root / "etc/systemd/system" / f"panda-{name}"
            base.with_suffix(".socket").write_text(f"[Socket]\nListenStream=127.0.0.1:{port}\n")
            base.with_suffix(".service").write_text(f"[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd /srv/panda/{name}.sock\n")
        script = self.root / "usr/local/sbin/panda-node"
        script.write_text(WATCH.format(node=NODE, sockets=" ".join(f"panda-{name}.socket" for name in PORTS)))
        script.chmod(0o755)
        unit, wants = (self.root / "etc/systemd/system" / place / "panda-node.service" for place in (".", "multi-user.target.wants"))
        unit.write_text("[Unit]\nAfter=docker.service\nStartLimitIntervalSec=0\n[Service]\nExecStart=/usr/local/sbin/panda-node\nRestart=always\n"
                        "RestartSec=100ms\n")
        wants.unlink(missing_ok=True)
        wants.symlink_to("../panda-node.service")
        self.units += [script, unit, wants]

    def boot(self):
        self.colima("start")

    def colima(self, *words):
        """By hand, and beside the list of calls."""
        done = subprocess.run([self.tools / "vm-colima", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"colima {words}: {done.stdout}{done.stderr}")

    # ---- broken

    def power_off(self):
        self.vm.vm("off")

    def lose_forward(self, name):
        """Alive in the VM, dead outside."""
        (self.instance / "closed").write_text(f"{PORTS.get(name, 6379)}\n")
        os.kill(int((self.instance / "ha.pid").read_text()), 10)

    def calls(self):
        path = self.tools / "calls"
        return path.read_text().splitlines() if path.exists() else []

    # ---- what Talon is told

    def variables(self):
        at = {name: f"127.0.0.1:{port}" for name, port in self.forwards.items()}
        return {
            "host_load": "1000", "host_clock": "false", "colima_folder": str(self.instance), "colima_config": str(self.folder / "colima.yaml"),
            "docker_socket": str(self.vm.socket), "vm_cpus": "1", "vm_memory": "256MiB", "talos_container": NODE, "talos_memory": f"{MEMORY >> 20}MiB",
            "talosconfig": str(self.folder / "talos" / "talosconfig"), "kubeconfig": str(self.folder / "kube" / "kubeconfig"), "kube_context": "admin@cluster",
            "kube_node": "node-1", "kube_address": at["kubernetes"], "flannel_selector": "app=kube-flannel",
            "rbac_manifest": str(TOP / "etc" / "manifests" / "kubelet-api-admin.yaml"), "inngest_api": at["inngest"], "inngest_connect": at["inngest-connect"],
            "redis": at["redis"], "typesense": at["typesense"], "nas": "127.0.0.1", "nas_nfs_port": self.vm.environment["NFS_PORT"],
            "nas_gateway": "172.17.0.2", "nas_device": "docker0",
        }

    def environment(self):
        return {}

    def names(self):
        return SERVICES

    def write_config(self, path, listen="127.0.0.1:0", state=None, more="", folder=None):
        """`folder`: other checks than those that come with Talon."""
        super().write_config(path, listen, state, f"runbooks: [{TOP}/etc/runbooks/*.yaml]\n{more}")
        checks = ", ".join(f"{folder or TOP / 'checks'}/{name}.yaml" for name in SERVICES)
        text, n = re.subn(r"^include: .*$", f"include: [{checks}]", path.read_text(), flags=re.M)
        text = re.sub(r"^programs:\n(?:  .*\n|\n)*", "", text, count=1, flags=re.M)  # the profile's
        if n != 1:
            raise ValueError("the profile does not include its checks in one line")
        path.write_text(text)
        return path

    def close(self):
        if (self.tools / "vm.env").exists():
            self.colima("stop", "--force")
        for bridge in self.bridges:
            bridge.close()
        for unit in getattr(self, "units", []):
            unit.unlink(missing_ok=True)
        if hasattr(self, "doors"):
            shutil.rmtree(self.doors, ignore_errors=True)
        super().close()
