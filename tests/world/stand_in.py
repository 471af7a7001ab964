"""One HTTP server of the stand-in world: answers as a service of systems on the watched host does, and can be broken in the ways in which servers break. It
listens on a port of loopback, or on a unix socket where its place is a path.

Each part has routes of its own, and failure modes of its own beside those that every server has. A mode is a name; `mend` takes back whatever was broken.
"""
import functools
import json
import pathlib
import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator

from loop import LOOP

# What any server may do wrong: nobody listens, nobody answers, bytes that are no protocol, the connection is over before an answer or torn down.
ANY = ("refuse", "hang", "garbage", "eof", "reset")
# What one of HTTP may do wrong as well: half an answer, one byte at a time, another content, a good status with a bad body.
COMMON = ANY + ("half", "drip", "html", "empty", "error")


def answer(body, status=200, kind="application/json", **headers):
    """What a route gives back: `body` as JSON unless it is bytes or text."""
    if not isinstance(body, (bytes, str, Iterator)):
        body = json.dumps(body, separators=(",", ":"))
    return status, {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, body.encode() if isinstance(body, str) else body


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.headers, self.body = method, headers, body
        self.path, _, self.query = path.partition("?")


class Server:
    """Listens on a port of loopback (0: a free one), or at a path. What is spoken there is `whole`'s and `reply`'s. `tls`: an ssl.SSLContext, or a function of
    the mode."""
    any = ANY

    def __init__(self, name, place, modes=(), tls=None):
        self.name, self.tls, self.mode = name, tls, None
        self.path = place if isinstance(place, pathlib.Path) else None
        self.port = 0 if self.path else place
        self.modes = self.any + (("no_socket",) if self.path else ()) + tuple(modes)
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
        if mode in ("refuse", "no_socket"):
            self.deafen()
        if mode == "no_socket":
            self.path.unlink()

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

    def left_open(self, at_most=0):
        """Connections beyond so many that the other side has not closed, once it has had a moment to."""
        end = time.monotonic() + 5
        while len(self.open) > at_most and time.monotonic() < end:
            time.sleep(0.02)
        return max(len(self.open) - at_most, 0)

    # ---- the server

    def listen(self):
        if self.path:
            self.path.unlink(missing_ok=True)
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(self.path))
            self.listener.listen(128)
        else:
            self.listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
            self.port = self.listener.getsockname()[1]
        self.listener.setblocking(False)
        LOOP.watch(self.listener, self.accept)

    def deafen(self):
        listener, self.listener = self.listener, None
        if listener:
            LOOP.forget(listener)
            listener.close()

    def accept(self, listener):
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with self.lock:
            self.accepted += 1
            self.open.add(connection)
        if self.tls or self.mode:
            self.hand_over(connection, self.serve)
            return
        connection.settimeout(5)
        got = bytearray()
        LOOP.watch(connection, lambda readable: self.hear(readable, got))

    def hear(self, connection, got):
        """In the loop: more of a question of a server that is well."""
        if self.mode:
            LOOP.forget(connection)
            self.hand_over(connection, self.serve)
            return
        then = None
        try:
            then = self.hear_more(connection, got)
        except (OSError, ValueError):
            pass
        finally:
            if not then:
                self.part(connection)
        if callable(then):
            LOOP.forget(connection)
            self.hand_over(connection, self.finish, then)

    def hear_more(self, connection, got):
        """What `reply` gives; true, too, while the question is not there as a whole."""
        more = connection.recv(65536)
        got += more
        if not more or len(got) > 1 << 20:
            return False
        if not self.whole(got):
            return True
        question = bytes(got)
        got.clear()
        return self.reply(connection, question)

    def finish(self, connection, then):
        """In a thread of its own: what is left of an answer."""
        try:
            then()
        except OSError:
            pass
        finally:
            self.done(connection, connection)

    def part(self, connection):
        LOOP.forget(connection)
        self.done(connection, connection)

    def hand_over(self, connection, to, *more):
        threading.Thread(target=to, args=(connection, *more), daemon=True).start()

    def serve(self, plain):
        """In a thread of its own."""
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
            self.done(plain, connection)

    def done(self, plain, connection):
        with self.lock:
            self.open.discard(plain)
        connection.close()

    def one(self, connection):
        """One exchange; false: the connection is over."""
        if self.mode == "eof":
            connection.recv(1 << 16)  # to close before would be a reset now and then
            return False
        if self.mode == "hang":
            connection.recv(1 << 16)
            while self.mode == "hang" and connection.recv(1 << 16):
                pass
            return False
        spoil = getattr(self, f"as_{self.mode}", None)
        if not spoil:
            return self.exchange(connection)
        if self.heard(connection):
            spoil(connection)
        return False

    @staticmethod
    def heard(connection):
        """The question, before it is answered wrongly."""
        return connection.recv(65536)

    def question(self, connection):
        """Empty: the connection was over before."""
        got = b""
        while not self.whole(got):
            more = connection.recv(65536)
            if not more or len(got) > 1 << 20:
                return b""
            got += more
        return got

    def exchange(self, connection):
        question = self.question(connection)
        then = self.reply(connection, question) if question else False
        if callable(then):
            then()
            return False
        return then

    def whole(self, got):
        """Is that a question, and not the beginning of one?"""
        raise NotImplementedError

    def reply(self, connection, question):
        """False: the connection is over. A function: it is over once that has returned, which may take long."""
        raise NotImplementedError

    def as_garbage(self, connection):
        connection.sendall(bytes(range(256)) * 16)

    def as_reset(self, connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class StandIn(Server):
    """A server of HTTP. `routes(request, mode)` gives an answer, or None for 404; its body may be an iterator of bytes, which is a stream until it ends;
    one of no bytes says that there is nothing yet."""
    any = COMMON

    def __init__(self, name, place, routes, modes=(), tls=None):
        self.routes = routes
        super().__init__(name, place, modes, tls)

    def heard(self, connection):
        return self.question(connection)

    def whole(self, got):
        head, end, body = got.partition(b"\r\n\r\n")
        return bool(end) and len(body) >= int(read_head(bytes(head))[2].get("content-length", 0))

    def reply(self, connection, question):
        head, _, asked = question.partition(b"\r\n\r\n")
        request = Request(*read_head(head), asked)
        status, headers, body = self.routes(request, self.mode) or answer({"error": "not found"}, 404)
        if not isinstance(body, bytes):
            return functools.partial(stream, connection, status, headers, body)
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

    def as_html(self, connection):
        send(connection, 200, {"Content-Type": "text/html"}, b"<html><head><title>Welcome</title></head><body>It works!</body></html>", False)

    def as_empty(self, connection):
        send(connection, 200, {"Content-Type": "application/json"}, b"", False)

    def as_error(self, connection):
        send(connection, 500, {"Content-Type": "text/plain"}, b"internal error", False)


@functools.lru_cache(maxsize=1024)  # the same questions come again and again
def read_head(head):
    """Method, path and fields."""
    line, *rest = head.decode("latin-1").split("\r\n")
    method, path, _ = line.split(" ", 2)
    return method, path, {name.strip().lower(): value.strip() for name, _, value in (field.partition(":") for field in rest)}


def send(connection, status, headers, body, keep):
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", f"Connection: {'keep-alive' if keep else 'close'}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def stream(connection, status, headers, chunks):
    lines = [f"HTTP/1.1 {status} X", "Transfer-Encoding: chunked", "Connection: close", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
    for chunk in chunks:
        if chunk:
            connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        elif has_gone(connection):
            return
    connection.sendall(b"0\r\n\r\n")


def has_gone(connection):
    """Has the other side closed it? Who has nothing to send would not hear of it otherwise."""
    look = select.poll()
    look.register(connection, select.POLLIN)
    return bool(look.poll(0)) and connection.recv(1, socket.MSG_PEEK) == b""
