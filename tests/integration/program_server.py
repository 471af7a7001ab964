"""A program to be supervised: answers on a port, writes down what happened to it, ends as it is told. Run by test_programs.py."""
import http.server
import os
import pathlib
import signal
import sys
import time

folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2])
(folder / "environ").write_text("\n".join(f"{key}={value}" for key, value in sorted(os.environ.items())))
with (folder / "starts").open("a") as starts:
    starts.write(f"{os.getpid()} {time.monotonic()}\n")


class Answer(http.server.BaseHTTPRequestHandler):
    def answer(self):
        with (folder / "calls").open("a") as calls:
            calls.write(f"{self.command} {self.path}\n")
        fails = folder / "fail-calls"
        status = 200
        if self.command == "PUT" and fails.exists():
            left = int(fails.read_text())
            if left > 0:
                fails.write_text(str(left - 1))
                status = 503
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_PUT = answer

    def log_message(self, *_):
        print("x" * 100, flush=True)


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True


def drain(*_):
    (folder / "drained").write_text(str(os.getpid()))
    if not (folder / "stubborn").exists():
        os._exit(0)


signal.signal(signal.SIGTERM, drain)
if (folder / "child").exists() and os.fork() == 0: # one that leaves the group, and outlives its parent
    os.setsid()
    (folder / "child").write_text(str(os.getpid()))
    while True:
        time.sleep(1)
print("started", flush=True)
Server(("127.0.0.1", port), Answer).serve_forever()
