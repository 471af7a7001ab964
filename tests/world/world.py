"""The stand-in Panda: what the profile watches, on loopback and in one folder; real parts where they run here, stand-ins with the same answers elsewhere.

A part has a name, `modes` in which it can be broken, break_as(mode), mend() and close(). World writes a configuration that is the profile with its own
addresses in place of Panda's; nothing else of the profile changes.
"""
import importlib.util
import pathlib
import re
import shutil
import tempfile

import apid
import certificates
import engine
import lima
import lines
import mac
import nas
import proxy
import repairs
import services
from ports import free_port
from processes import TOP, Kubernetes, Redis
from stand_in import StandIn

# The services of the profile that cannot be well without a part, by the part that may be missing here.
WITHOUT = {"redis": ["redis"], "caddy": ["caddy", "caddy-inngest", "caddy-worker", "caddy-docs-api", "caddy-livekit"], "talos": ["talos"], "nas-mounts": ["nas"]}


def profile():
    return (TOP / "etc" / "profiles" / "panda.yaml").read_text()


class World:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="talon-world-"))  # the path of a socket is short
        self.tools = self.folder / "bin"
        self.parts, self.skipped, self.settings, self.authorities, self.repairs = {}, {}, {}, None, None
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self):
        self.tools.mkdir()
        self.start_secrets()
        self.parts.update(services.start(self.sockets))
        self.parts.update(lines.start(self.sockets))
        self.add(mac.Launchctl(self.tools), mac.GatewayFiles(self.folder), engine.Engine(self.sockets / "docker.sock"), lima.Colima(self.sockets, self.tools))
        self.add(self.parts["docker"].container)
        labels = dict(re.findall(r"^  (\w+_label): *(\S+)$", profile(), re.M))
        self.parts.update(mac.jobs(self.tools, labels))
        self.parts.update(nas.servers())
        self.start_cluster()
        self.start_nas()
        self.repairs = repairs.Repairs(self)

    def start_secrets(self):
        """The tool that leases them, and what it has: a token of nobody's."""
        shutil.copy(mac.TOOLS / "secrets", self.tools)
        (self.tools / "secrets.answers").mkdir()
        (self.tools / "secrets.answers" / "telegram_bot_token").write_text("123456789:AAfake-token_of_nobody0123456789xyz\n")

    def add(self, *parts):
        for part in parts:
            self.parts[part.name] = part
            if hasattr(part, "variables"):
                self.settings.update(part.variables())

    def start_cluster(self):
        self.add(Kubernetes(self.folder))
        if shutil.which("redis-server"):
            self.add(Redis(self.folder))
        else:
            self.skipped["redis"] = "redis-server is not installed: install the package redis-server"
        if importlib.util.find_spec("grpc"):
            self.add(apid.Talos(self.folder / "talos"))
        else:
            self.skipped["talos"] = "Python has no grpc: install the package python3-grpcio"
        authority, stranger = (certificates.Authority(self.folder / name) for name in ("authority", "stranger"))
        self.authorities = authority.certificate
        self.add(StandIn("aistor", 0, services.minio, ("offline", "busy"), certificates.context(*authority.server("aistor", 89, "IP:127.0.0.1"))))
        if shutil.which("caddy"):
            ports = {name: free_port() for name in proxy.Caddy.PORTS}
            upstreams = {"inngest": "inngest", "worker": "worker", "docs": "docs-api", "livekit": "livekit"}
            self.add(proxy.Caddy(self.folder / "caddy", authority, stranger, ports, {route: self.parts[name].port for route, name in upstreams.items()}))
        else:
            self.skipped["caddy"] = "caddy is not installed: install the package caddy"

    def start_nas(self):
        why = nas.why_no_mounts()
        if why:
            self.skipped["nas-mounts"] = why
        else:
            self.parts.update(nas.mounts(self.sockets))

    def variables(self):
        """The profile's variables as they are here."""
        at = lambda name: f"127.0.0.1:{self.parts[name].port}" if name in self.parts else "127.0.0.1:9"
        mounted = {f"nas_{name}": str(self.parts[f"nas-{name}"].path) for name in nas.EXPORTS if f"nas-{name}" in self.parts}
        return {
            "host_load": "1000",  # this machine has other work as well
            "host_clock": "false",  # and its clock is no part of the world: tests/unit/test_plugin_clock.c
            "inngest_api": at("inngest"), "inngest_connect": at("inngest-connect"), "redis": at("redis"), "typesense": at("typesense"),
            "restate_ingress": at("restate-ingress"), "restate_admin": at("restate-admin"), "livekit": at("livekit"), "pds": at("pds"),
            "docs_api": at("docs-api"), "minio": at("minio"), "aistor": at("aistor"), "worker": at("worker"), "agent_mail": at("agent-mail"),
            "voice_agent": at("voice-agent"), "gateway": at("gateway"), "kubeconfig": str(self.folder / "kube" / "kubeconfig"),
            "kube_context": "admin@cluster", "kube_node": "node-1", "rbac_manifest": str(TOP / "etc" / "manifests" / "kubelet-api-admin.yaml"), "kube_address": at("kubernetes"), "flannel_selector": "app=kube-flannel", "docker_socket": str(self.parts["docker"].path),
            "secrets_socket": str(self.parts["agent-secrets"].path), "imsg_socket": str(self.parts["imsg"].path),
            "tailscale_socket": str(self.parts["tailscale"].path), "nas": "127.0.0.1", "nas_nfs_port": str(self.parts["nas-nfs"].port),
            "nas_portmapper_port": str(self.parts["nas-portmapper"].port), "nas_type": "fuse", **mounted, **self.settings,
        }

    def environment(self):
        """What Talon is run with: the machine's authorities are here the one whose certificates Caddy shows."""
        return {"SSL_CERT_FILE": str(self.authorities)}

    def write_config(self, path, listen="127.0.0.1:0", state=None, more="", variables=None):
        """The profile with this world's variables, and others. Fails where one of them is not in the profile."""
        text = profile()
        for name, value in {**self.variables(), **(variables or {})}.items():
            text, n = re.subn(rf"^(  {name}:) .*$", lambda found, v=value: f'{found[1]} "{v}"', text, flags=re.M)
            if n != 1:
                raise ValueError(f"the profile has no variable {name}")
        text = text.replace("../../checks/", f"{TOP}/checks/")
        text = re.sub(r"^listen: .*$", f"listen: {listen}", text, flags=re.M)
        path.write_text(text + f"exec_path: [{self.tools}, /usr/local/bin, /usr/bin, /bin]\n" + (f"state: {state}\n" if state else "") + more)
        return path

    def names(self):
        """The services of the profile that this world stands for: all of them, unless a part is missing here."""
        left_out = {name for part in self.skipped for name in WITHOUT[part]}
        named = (re.search(r"^service: (\S+)$", path.read_text(), re.M)[1] for path in sorted((TOP / "checks").glob("*.yaml"))
                 if not re.search(r"^enabled: false$", path.read_text(), re.M))
        return [name for name in named if name not in left_out]

    def close(self):
        if self.repairs:
            self.repairs.close()
        for part in reversed(list(self.parts.values())):
            part.close()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
