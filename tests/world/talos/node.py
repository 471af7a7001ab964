"""Stands in for the machine API of a Talos node: real gRPC behind real TLS that wants a client certificate, with Ed25519 keys, as talosctl makes them.

gRPC's own TLS verifies no Ed25519, so a front of Python's ssl (OpenSSL) ends TLS and hands on to a gRPC server in plain text on loopback. The messages are
written field by field after the machine API's definition; what the node says is in `services`, `etcd`, `alarm` and `fault`.
"""
import base64
import pathlib
import select
import socket
import ssl
import subprocess
import threading
from concurrent import futures

import grpc


# ---- Protobuf

def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def block(field, content):
    content = content.encode() if isinstance(content, str) else content
    return varint(field << 3 | 2) + varint(len(content)) + content if content else b""


# ---- certificates

def openssl(*words):
    subprocess.run(["openssl", *[str(word) for word in words]], check=True, capture_output=True)


def make_authority(folder):
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / "ca.key")
    openssl("req", "-x509", "-key", folder / "ca.key", "-subj", "/O=talos", "-days", "3650", "-out", folder / "ca.crt")


def make_certificate(folder, name, subject, days, extensions=""):
    openssl("genpkey", "-algorithm", "ed25519", "-out", folder / f"{name}.key")
    openssl("req", "-new", "-key", folder / f"{name}.key", "-subj", subject, "-out", folder / f"{name}.csr")
    (folder / f"{name}.ext").write_text(extensions)
    openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", days,
            "-extfile", folder / f"{name}.ext", "-out", folder / f"{name}.crt")


def talosconfig(folder, endpoint, ca="ca", client="client"):
    """As talosctl writes it: base64 of PEM, and a label of the key that OpenSSL does not know."""
    def encoded(name):
        text = (folder / name).read_text().replace("PRIVATE KEY", "ED25519 PRIVATE KEY")
        return base64.b64encode(text.encode()).decode()
    path = folder / "talosconfig"
    path.write_text(f"context: lab\ncontexts:\n    lab:\n        endpoints:\n            - {endpoint}\n        nodes:\n            - 192.0.2.2\n"
                    f"        ca: {encoded(ca + '.crt')}\n        crt: {encoded(client + '.crt')}\n        key: {encoded(client + '.key')}\n")
    return path


# ---- TLS in front of the plain server

class Front:
    """Can be closed and opened again at the same port, and show another certificate."""

    def __init__(self, folder, backend):
        self.folder, self.backend, self.port, self.socket, self.context = folder, backend, 0, None, None
        self.show("server")
        self.open()

    def show(self, name):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        self.context.load_verify_locations(self.folder / "ca.crt")
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.set_alpn_protocols(["h2"])

    def open(self):
        if not self.socket:
            self.socket = socket.create_server(("127.0.0.1", self.port))
            self.port = self.socket.getsockname()[1]
            threading.Thread(target=self.accept, args=(self.socket,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            with self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as outside:
                try:
                    outside.do_handshake()
                except ssl.SSLError:  # the alert is on its way: to close before all was read would take it back
                    outside.shutdown(socket.SHUT_WR)
                    outside.settimeout(1)
                    while outside.recv(65536):
                        pass
                    return
                with socket.create_connection(("127.0.0.1", self.backend)) as inside:
                    while self.moved(outside, inside):
                        pass
        except OSError:
            connection.close()

    @staticmethod
    def moved(outside, inside):
        """One thread reads and writes, since an SSL object is no two threads'. False: one of them is over."""
        readable = [outside] if outside.pending() else select.select([outside, inside], [], [])[0]
        for source in readable:
            outside.settimeout(0)
            try:
                data = source.recv(65536)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue  # of a record not all is there
            outside.settimeout(5)
            (inside if source is outside else outside).sendall(data)
            if not data:
                return False
        return True

    def close(self):
        listener, self.socket = self.socket, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()


# ---- the node

class Node(grpc.GenericRpcHandler):
    """One method for each question; `fault`: (grpc.StatusCode, words), or None; `release` set lets hanging calls go on."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        make_authority(self.folder)
        make_certificate(self.folder, "server", "/O=talos", 365, "subjectAltName=IP:127.0.0.1,IP:192.0.2.2")
        make_certificate(self.folder, "client", "/O=os:reader", 365)
        self.services = {name: ("Running", True, "") for name in ("apid", "containerd", "cri", "etcd", "kubelet", "machined", "trustd")}
        self.etcd = {"leader": 17, "error": "", "learner": 0}
        self.alarm, self.fault, self.asked, self.requests, self.hangs = 0, None, [], [], False
        self.release = threading.Event()
        self.server = grpc.server(futures.ThreadPoolExecutor(8), handlers=[self])
        self.front = Front(self.folder, self.server.add_insecure_port("127.0.0.1:0"))
        self.port = self.front.port
        self.server.start()

    def service(self, details):
        name = details.method.removeprefix("/machine.MachineService/")
        answer = getattr(self, f"answer_{name}", None)
        if not answer:
            return None  # UNIMPLEMENTED

        def call(request, context):
            self.asked.append((name, dict(details.invocation_metadata)))
            self.requests.append(request)
            if self.hangs:
                self.release.wait(30)
            if self.fault:
                context.abort(*self.fault)
            return block(1, answer())
        return grpc.unary_unary_rpc_method_handler(call)

    @staticmethod
    def metadata():
        return block(1, block(1, "controlplane-1"))

    def answer_Version(self):
        return self.metadata() + block(2, block(1, "v1.12.4") + block(5, "linux")) + block(3, block(1, "container") + block(2, "container"))

    def answer_ServiceList(self):
        listed = b""
        for name, (state, healthy, words) in self.services.items():
            health = number(1, 0 if healthy is not None else 1) + number(2, 1 if healthy else 0) + block(3, words)
            listed += block(2, block(1, name) + block(2, state) + block(3, block(1, block(1, words) + block(2, state))) + block(4, health))
        return self.metadata() + listed

    def answer_EtcdStatus(self):
        status = block(1, "3.6.0") + number(2, 20 << 20) + number(3, 10 << 20) + number(4, self.etcd["leader"]) + number(5, 1000) + number(7, 1000)
        return self.metadata() + block(2, status + block(8, self.etcd["error"]) + number(9, self.etcd["learner"]))

    def answer_EtcdAlarmList(self):
        return self.metadata() + (block(2, number(1, 17) + number(2, self.alarm)) if self.alarm else b"")

    def answer_ServiceRestart(self):
        return self.metadata() + block(2, 'Service "kubelet" restarting')

    def close(self):
        self.release.set()
        self.front.close()
        self.server.stop(0)
