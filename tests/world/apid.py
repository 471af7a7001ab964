"""Talos' machine API as a part of the world: the stand-in node (talos/node.py), our talosconfig, and how each can be wrong."""
import pathlib
import sys

from part import Part

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "talos"))


class Talos(Part):
    modes = ("refuse", "hang", "unavailable", "denied", "server_expired", "our_certificate_expired", "our_certificate_expires_soon", "other_cluster", "kubelet_sick",
             "kubelet_down", "etcd_preparing", "etcd_failed", "no_etcd", "no_leader", "no_space", "corrupt")

    def __init__(self, folder):
        import grpc
        import node

        self.grpc, self.stand_in = grpc, node
        folder.mkdir()
        self.folder = folder
        self.node = node.Node(folder)
        self.address = f"127.0.0.1:{self.node.port}"
        super().__init__("talos")
        for name, days in (("old", -1), ("short", 12)):
            node.make_certificate(folder, name, "/O=os:reader", days)
        node.make_certificate(folder, "server-old", "/O=talos", -1, "subjectAltName=IP:127.0.0.1")
        other = folder / "other"
        other.mkdir()
        node.make_authority(other)
        (folder / "other-ca.crt").write_text((other / "ca.crt").read_text())
        self.services, self.etcd = dict(self.node.services), dict(self.node.etcd)
        self.well()

    def configure(self, **how):
        return self.stand_in.talosconfig(self.folder, self.address, **how)

    def well(self):
        self.node.hangs = False
        self.node.release.set()
        self.node.fault, self.node.alarm = None, 0
        self.node.services, self.node.etcd = dict(self.services), dict(self.etcd)
        self.node.front.show("server")
        self.node.front.open()
        self.configure()

    def as_refuse(self):
        self.node.front.close()

    def as_hang(self):
        self.node.release.clear()
        self.node.hangs = True

    def as_unavailable(self):
        self.node.fault = (self.grpc.StatusCode.UNAVAILABLE, "connection error: desc = transport is closing")

    def as_denied(self):
        self.node.fault = (self.grpc.StatusCode.PERMISSION_DENIED, "not authorized")

    def as_server_expired(self):
        self.node.front.show("server-old")

    def as_our_certificate_expired(self):
        self.configure(client="old")

    def as_our_certificate_expires_soon(self):
        self.configure(client="short")

    def as_other_cluster(self):
        self.configure(ca="other-ca")

    def as_kubelet_sick(self):
        self.node.services["kubelet"] = ("Running", False, "Get \"http://127.0.0.1:10248/healthz\": connection refused")

    def as_kubelet_down(self):
        self.node.services["kubelet"] = ("Failed", None, "exit code 1")

    def as_etcd_preparing(self):
        self.node.services["etcd"] = ("Preparing", None, "Running pre state")

    def as_etcd_failed(self):
        self.node.services["etcd"] = ("Failed", None, "exit code 2")

    def as_no_etcd(self):
        del self.node.services["etcd"]

    def as_no_leader(self):
        self.node.etcd["leader"] = 0

    def as_no_space(self):
        self.node.alarm = 1

    def as_corrupt(self):
        self.node.alarm = 2

    def close(self):
        self.node.close()

    def variables(self):
        return {"talosconfig": str(self.folder / "talosconfig")}
