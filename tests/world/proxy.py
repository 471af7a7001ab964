"""A real Caddy in front of the world's services, as the Mac has it: a port with TLS for each of them, one without for webhooks, and its admin API."""
import contextlib
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

from part import Part

HOST = "panda.example.com"
ROUTES = ("inngest", "worker", "docs", "livekit")


class Caddy(Part):
    """`upstreams`: {route: port of the service behind it}. `ports`: free ones, as many as `PORTS` names."""
    PORTS = ("admin", "webhooks", *ROUTES)
    modes = ("refuse", "hang", "admin_dead", "lost_upstream", "no_upstream", "silent_upstream", "no_webhooks", "expires_soon", "must_be_renewed", "expired", "other_name", "untrusted")

    def __init__(self, folder, authority, stranger, ports, upstreams):
        self.folder, self.ports, self.upstreams = folder, ports, upstreams
        folder.mkdir()
        named = f"DNS:{HOST}"
        self.pairs = {"well": authority.server("caddy", 89, named), "expires_soon": authority.server("soon", 14, named),
                      "must_be_renewed": authority.server("renew", 3, named), "expired": authority.server("expired", -1, named),
                      "other_name": authority.server("other", 89, "DNS:other.example.com"), "untrusted": stranger.server("untrusted", 89, named)}
        self.authority = authority
        self.silent = socket.create_server(("127.0.0.1", 0))  # takes connections, and says nothing
        super().__init__("caddy")
        self.process = None
        self.start()

    def configuration(self, pair="well", admin=True, webhooks=True, behind=None):
        """`behind`: {route: what its reverse_proxy says}, of those that are not as they should be."""
        certificate, key = self.pairs[pair]
        text = "{\n admin %s\n auto_https off\n storage file_system %s\n}\n" % (f"127.0.0.1:{self.ports['admin']}" if admin else "off", self.folder / "data")
        for route in ROUTES:
            upstream = (behind or {}).get(route, f"127.0.0.1:{self.upstreams[route]}")
            text += "https://%s:%d {\n bind 127.0.0.1\n tls %s %s\n reverse_proxy %s\n}\n" % (HOST, self.ports[route], certificate, key, upstream)
        if webhooks:
            text += "http://127.0.0.1:%d {\n bind 127.0.0.1\n reverse_proxy 127.0.0.1:%d\n}\n" % (self.ports["webhooks"], self.upstreams["inngest"])
        return text

    def start(self, **how):
        (self.folder / "Caddyfile").write_text(self.configuration(**how))
        self.process = subprocess.Popen(["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"], cwd=self.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=(self.folder / "stderr.txt").open("a"))
        end = time.monotonic() + 30
        while not self.listens("inngest") or (how.get("admin", True) and not self.listens("admin")):
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("caddy does not start:\n" + (self.folder / "stderr.txt").read_text()[-2000:])
            time.sleep(0.02)

    def listens(self, name):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ports[name]), 2):
            return True
        return False

    def load(self, **how):
        """A new configuration, as `caddy reload` hands it over."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['admin']}/load", data=self.configuration(**how).encode(),
                                         headers={"Content-Type": "text/caddyfile", "Host": f"127.0.0.1:{self.ports['admin']}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            answer.read()

    def well(self):
        self.stop()
        self.start()

    def as_refuse(self):
        self.stop()

    def as_hang(self):
        self.process.send_signal(signal.SIGSTOP)

    def as_admin_dead(self):
        self.stop()
        self.start(admin=False)

    def as_lost_upstream(self):
        self.load(behind={"worker": "127.0.0.1:1"})

    def as_no_upstream(self):
        """Its only upstream has failed, and Caddy asks it no more for a while."""
        self.load(behind={"worker": "127.0.0.1:1 {\n  fail_duration 10m\n }"})
        end = time.monotonic() + 10
        while self.says("worker") != 503:
            if time.monotonic() > end:
                raise RuntimeError("caddy goes on asking an upstream that has failed")

    def as_silent_upstream(self):
        self.load(behind={"worker": "127.0.0.1:%d {\n  transport http {\n   response_header_timeout 500ms\n  }\n }" % self.silent.getsockname()[1]})

    def says(self, route):
        """The status of an answer at that port."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        with socket.create_connection(("127.0.0.1", self.ports[route]), 5) as plain, context.wrap_socket(plain, server_hostname=HOST) as link:
            link.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            return int(link.recv(65536).split()[1])

    def as_no_webhooks(self):
        self.load(webhooks=False)

    def as_expires_soon(self):
        self.load(pair=self.mode)

    as_must_be_renewed = as_expired = as_other_name = as_untrusted = as_expires_soon

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def close(self):
        self.silent.close()
        self.stop()

    def variables(self):
        return {"caddy_admin": f"http://localhost:{self.ports['admin']}", "caddy_host": HOST, "caddy_webhooks": f"127.0.0.1:{self.ports['webhooks']}",
                **{f"caddy_{route}_port": str(self.ports[route]) for route in ROUTES}}
