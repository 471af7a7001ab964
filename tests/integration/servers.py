"""Servers that misbehave in exactly one way each, on loopback, in threads of the test."""
import socket
import ssl
import struct
import threading
import time


class Peer:
    """Listens on a free port and gives each connection to `serve(connection)` in a thread; counts connections."""

    def __init__(self, serve, backlog=128):
        self.serve = serve
        self.accepted = 0
        self.open = set()
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.accepted += 1
                self.open.add(connection)
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        try:
            self.serve(connection)
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # close() alone would leave the accept() in progress one more connection
        except OSError:
            pass
        self.socket.close()
        with self.lock:
            for connection in list(self.open):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def head(connection):
    """The request's head."""
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            return got
        got += more
    return got


def http(status=200, body=b"ok", delay=0.0, headers=b""):
    """Answers every request after a delay, then closes."""
    def serve(connection):
        head(connection)
        if delay:
            time.sleep(delay)
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n" % (status, len(body), headers) + body)
    return Peer(serve)


def silent():
    """Accepts, and never says a word."""
    return Peer(lambda connection: connection.recv(1 << 20) and threading.Event().wait(60))


def closing():
    """Accepts, and closes at once."""
    return Peer(lambda connection: None)


def resetting():
    """Resets each connection once the request is there."""
    def serve(connection):
        head(connection)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return Peer(serve)


def half_closed():
    """Sends half an answer and then shuts its sending side, keeping the connection."""
    def serve(connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)
    return Peer(serve)


def garbage():
    """Answers with bytes that are no protocol."""
    def serve(connection):
        connection.recv(65536)
        connection.sendall(bytes(range(256)) * 16)
    return Peer(serve)


def huge(size=64 << 20):
    """A body without end (well, almost)."""
    def serve(connection):
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        block = b"x" * 65536
        for _ in range(size // len(block)):
            connection.sendall(block)
    return Peer(serve)


def slow(interval=0.2):
    """An answer byte by byte."""
    def serve(connection):
        head(connection)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(interval)
    return Peer(serve)


def tls(certificate, key):
    """TLS with that certificate; answers HTTP."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            head(secured)
            secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    return Peer(serve)
