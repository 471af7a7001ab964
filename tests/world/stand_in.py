"""One HTTP server of the stand-in world: answers as a service of systems on the watched host does, and can be broken in the ways in which servers break.

Each part has routes of its own, and failure modes of its own beside those that every server has. A mode is a name; `mend` takes back whatever was broken.
"""
import json
import socket
import ssl
import struct
import threading
import time

# What any server may do wrong: nobody listens, nobody answers, half an answer, one byte at a time, no HTTP at all, another content, a good status with a bad body.
COMMON = ("refuse", "hang", "half", "drip", "garbage", "html", "empty", "error", "reset")


def answer(body, status=200, kind="application/json", **headers):
    """What a route gives back: `body` as JSON unless it is bytes or text."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body, separators=(",", ":"))
    return status, {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, body.encode() if isinstance(body, str) else body


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = path.partition("?")


class StandIn:
    """`routes(request, mode)` gives an answer, or None for 404. `tls`: an ssl.SSLContext, or a function of the mode that gives one."""

    def __init__(self, name, port, routes, modes=(), tls=None):
        self.name, self.port, self.routes, self.tls = name, port, routes, tls
        self.modes = tuple(COMMON) + tuple(modes)
        self.mode = None
        self.lock = threading.Lock()
        self.open = set()
        self.accepted = 0
        self.listener = None
        self.listen()

    # ---- what breaks and mends

    def break_as(self, mode):
        if mode not in self.modes:
            raise ValueError(f"{self.name} cannot be broken as {mode}: it knows {', '.join(self.modes)}")
        self.mend()
        self.mode = mode
        if mode == "refuse":
            self.deafen()

    def mend(self):
        self.mode = None
        self.drop()
        if not self.listener:
            self.listen()

    def close(self):
        self.deafen()
        self.drop()

    def drop(self):
        with self.lock:
            for connection in list(self.open):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def close_wait(self):
        """Connections that the other side has closed and this one has not."""
        with self.lock:
            return len(self.open)

    # ---- the server

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def deafen(self):
        listener, self.listener = self.listener, None
        if listener:
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                self.open.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, plain):
        connection = plain
        try:
            plain.settimeout(60)
            context = self.tls(self.mode) if callable(self.tls) else self.tls
            if context:
                connection = context.wrap_socket(plain, server_side=True)
            while self.one(connection):
                pass
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(plain)
            connection.close()

    def one(self, connection):
        """One exchange; False: the connection is over."""
        if self.mode == "hang":
            connection.recv(1 << 16)
            while self.mode == "hang" and connection.recv(1 << 16):
                pass
            return False
        request = read_request(connection)
        if not request:
            return False
        spoil = getattr(self, f"as_{self.mode}", None)
        if spoil:
            spoil(connection)
            return False
        status, headers, body = self.routes(request, self.mode) or answer({"error": "not found"}, 404)
        keep = request.headers.get("connection", "").lower() != "close"
        send(connection, status, headers, b"" if request.method == "HEAD" else body, keep)
        return keep

    # ---- what any server may do wrong, once the request is there

    def as_half(self, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"ok\":")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)

    def as_drip(self, connection):
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
            if self.mode != "drip":
                return
            connection.sendall(bytes([byte]))
            time.sleep(0.2)

    def as_garbage(self, connection):
        connection.sendall(bytes(range(256)) * 16)

    def as_html(self, connection):
        send(connection, 200, {"Content-Type": "text/html"}, b"<html><head><title>Welcome</title></head><body>It works!</body></html>", False)

    def as_empty(self, connection):
        send(connection, 200, {"Content-Type": "application/json"}, b"", False)

    def as_error(self, connection):
        send(connection, 500, {"Content-Type": "text/plain"}, b"internal error", False)

    def as_reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def read_request(connection):
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more or len(got) > 1 << 20:
            return None
        got += more
    head, _, body = got.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}
    while len(body) < int(headers.get("content-length", 0)):
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return Request(method, path, headers, body)


def send(connection, status, headers, body, keep):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", f"Connection: {'keep-alive' if keep else 'close'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
