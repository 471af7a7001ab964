"""Ports of loopback that nobody listens on."""
import socket

given = set()


def free_port(family=socket.AF_INET):
    """Another one each time: whoever is given one does not listen on it at once, and the system would give it out again."""
    while True:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
            port = probe.getsockname()[1]
        if port not in given:
            given.add(port)
            return port
