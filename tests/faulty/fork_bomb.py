"""Forks without end, each child in a session of its own, as another user with a small limit of processes: started by the check fork_bomb, as root."""
import os
import resource
import time

UID = 61234

resource.setrlimit(resource.RLIMIT_NPROC, (40, 40))
os.setgid(UID)
os.setuid(UID)
while True:
    try:
        if os.fork() == 0:
            os.setsid()
    except OSError:
        time.sleep(0.05)
