"""Stands in talon-host's place: hands on what the core and the real host say to each other, but a run that the test names is never begun, and so goes on for as
long as the core lives.

The file `hold` beside it: {"name": "docker.start of", "after": 8}. Held is the first run of an action or a check whose name begins so, once so many actions
have been begun; their names are the lines of `acts`, and `held` is written when it is.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import threading

HERE = pathlib.Path(sys.argv[0]).resolve().parent
REAL = HERE / "real" / "talon-host"  # by this name Talon knows its hosts, and whose children are nobody's


def acts():
    return (HERE / "acts").read_text().splitlines() if (HERE / "acts").exists() else []


class Held:
    def __init__(self):
        self.names = {}

    def is_held(self, line):
        """Of the core's lines."""
        message = json.loads(line)
        if message["type"] == "setup":
            self.names[message["instance"]] = message["name"]
        if message["type"] != "start":
            return False
        name = self.names.get(message["instance"], "")
        hold = json.loads((HERE / "hold").read_text()) if (HERE / "hold").exists() else None
        held = hold is not None and name.startswith(hold["name"]) and len(acts()) >= hold["after"]
        if " of " in name:
            with (HERE / "acts").open("a") as file:
                file.write(f"{name}\n")
        if held:
            (HERE / "held").write_text(name)
        return held


def main():
    core = socket.socket(fileno=os.dup(0))
    ours, theirs = socket.socketpair()
    real = subprocess.Popen([REAL, *sys.argv[1:]], stdin=theirs, stdout=theirs)
    theirs.close()

    def answers():
        while data := ours.recv(65536):
            core.sendall(data)
        os._exit(0)

    threading.Thread(target=answers, daemon=True).start()
    held = Held()
    with core.makefile("rb") as lines:
        for line in lines:
            if not held.is_held(line):
                ours.sendall(line)
    ours.shutdown(socket.SHUT_WR)
    sys.exit(real.wait())


if __name__ == "__main__":
    main()
