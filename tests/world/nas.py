"""The NAS: its portmapper, NFS and mountd, which answer calls that do nothing; and its mounts on this machine, real ones where root may make them.

This kernel mounts no NFS, so a mount is one of FUSE whose server is here: with the NAS's name as its source, and able to hang, to be stale and to be full.
"""
import ctypes
import errno
import os
import stat
import struct
import subprocess
import threading

from part import Part
from stand_in import Server

PORTMAPPER, NFS, MOUNTD = 100000, 100003, 100005


class Rpc(Server):
    """A server of ONC RPC. `words(program, version, procedure)` gives the accepted state and what follows it."""

    def __init__(self, name, words, modes):
        self.words = words
        super().__init__(name, 0, ("half", *modes))

    def whole(self, got):
        return len(got) >= 28 and len(got) >= 4 + (struct.unpack(">I", got[:4])[0] & 0x7FFFFFFF)

    def reply(self, connection, call):
        xid, _, _, program, version, procedure = struct.unpack(">6I", call[4:28])
        if self.mode == "denied":
            body = struct.pack(">5I", xid, 1, 1, 1, 5)
        else:
            told = self.words(program, version, procedure)
            body = struct.pack(f">{5 + len(told)}I", xid, 1, 0, 0, 0, *told)
        connection.sendall(struct.pack(">I", 0x80000000 | len(body)) + body)
        return True

    def as_half(self, connection):
        connection.sendall(struct.pack(">2I", 0x80000000 | 24, 1))


class Nfs(Rpc):
    def __init__(self):
        super().__init__("nas-nfs", self.answer, ("denied", "no_program", "no_version", "no_memory"))

    def answer(self, *_):
        return {"no_program": [1], "no_version": [2, 4, 4], "no_memory": [5]}.get(self.mode, [0])


class Portmapper(Rpc):
    """Knows where mountd listens, unless that is not registered."""

    def __init__(self, mountd):
        self.mountd = mountd
        super().__init__("nas-portmapper", self.answer, ("unregistered",))

    def answer(self, _, __, procedure):
        return [0] if procedure == 0 else [0, 0 if self.mode == "unregistered" else self.mountd.port]


# ---- mounts

LIBC = ctypes.CDLL(None, use_errno=True)
INIT, LOOKUP, FORGET, GETATTR, STATFS, OPENDIR, READDIR, RELEASEDIR, DESTROY, INTERRUPT = 26, 1, 2, 3, 17, 27, 28, 29, 38, 36


class Mounted(Part):
    """One file system that holds nothing."""
    modes = ("missing", "other_source", "hangs", "stale", "failing", "filling", "full")

    def __init__(self, name, path, source):
        self.path, self.source, self.device = path, source, -1
        super().__init__(name)
        path.mkdir(parents=True)
        self.mount(source)

    def mount(self, source):
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode={stat.S_IFDIR:o},user_id={os.getuid()},group_id={os.getgid()},allow_other"
        if LIBC.mount(source.encode(), str(self.path).encode(), b"fuse", 0, options.encode()):
            code = ctypes.get_errno()
            os.close(self.device)
            raise OSError(code, os.strerror(code))
        threading.Thread(target=self.serve, args=(self.device,), daemon=True).start()

    def unmount(self):
        LIBC.umount2(str(self.path).encode(), 2)  # MNT_DETACH: whoever hangs in it goes on to an error when the device is closed
        if self.device >= 0:
            os.close(self.device)
            self.device = -1

    def serve(self, device):
        while True:
            try:
                asked = os.read(device, 1 << 17)
            except InterruptedError:
                continue
            except OSError:
                return
            _, opcode, unique, _, _, _, _, _ = struct.unpack("=IIQQIIII", asked[:40])
            if opcode in (FORGET, INTERRUPT) or (self.mode == "hangs" and opcode != INIT):
                continue
            code, body = self.answer(opcode)
            try:
                os.write(device, struct.pack("=IiQ", 16 + len(body), -code, unique) + body)
            except OSError:
                if self.device != device:
                    return

    def answer(self, opcode):
        if opcode == INIT:
            return 0, struct.pack("=IIIIHHIIHHI28x", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0)
        if self.mode in ("stale", "failing"):
            return (errno.ESTALE if self.mode == "stale" else errno.EIO), b""
        if opcode == GETATTR:
            return 0, struct.pack("=QII6Q10I", 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, stat.S_IFDIR | 0o755, 2, 0, 0, 0, 4096, 0)
        if opcode == STATFS:
            free = {"filling": 100, "full": 10}.get(self.mode, 800)
            return 0, struct.pack("=QQQQQIIII24x", 1000 << 10, free << 10, free << 10, 1000, 900, 4096, 255, 4096, 0)
        if opcode == OPENDIR:
            return 0, struct.pack("=QII", 0, 0, 0)
        if opcode in (READDIR, RELEASEDIR, DESTROY):
            return 0, b""
        return (errno.ENOENT if opcode == LOOKUP else errno.ENOSYS), b""

    def well(self):
        self.unmount()
        self.mount(self.source)

    def as_missing(self):
        self.unmount()

    def as_other_source(self):
        self.unmount()
        self.mount("192.0.2.1:/elsewhere")

    def as_hangs(self):
        """Its server says nothing more."""

    as_stale = as_failing = as_filling = as_full = as_hangs

    def close(self):
        self.unmount()


EXPORTS = {"nvme": "/volume2/data", "hdd": "/volume1/joelclaw", "media": "/volume1/media"}


def why_no_mounts():
    """A sentence; empty: they can be made."""
    if os.getuid() != 0:
        return "mounts need root"
    if not os.path.exists("/dev/fuse"):
        return "there is no /dev/fuse on this system"
    return "" if subprocess.run(["grep", "-qw", "fuse", "/proc/filesystems"], check=False).returncode == 0 else "this kernel has no FUSE"


def mounts(folder):
    return {f"nas-{name}": Mounted(f"nas-{name}", folder / name, f"127.0.0.1:{export}") for name, export in EXPORTS.items()}


def servers():
    mountd = Rpc("nas-mountd", lambda *_: [0], ())
    return {"nas-nfs": Nfs(), "nas-mountd": mountd, "nas-portmapper": Portmapper(mountd)}
