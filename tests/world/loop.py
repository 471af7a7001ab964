"""One thread that takes the connections of all stand-ins and answers what is asked of those that are well, because a thread for each connection costs more than
its answer: thousands of rounds against the whole world are limited by nothing else.

Whatever would keep the others waiting (TLS, a server that is broken, an answer without an end) is handed to a thread of its own.
"""
import selectors
import socket
import threading
import traceback


class Loop:
    def __init__(self):
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.asked, self.thread = [], None
        self.bell, self.rung = None, None

    def watch(self, thing, what):
        """`what(thing)` whenever it is readable, from now on."""
        self.ask(lambda: self.selector.register(thing, selectors.EVENT_READ, what))

    def forget(self, thing):
        """It may be closed once this has returned. From the loop's own thread, too."""
        if threading.current_thread() is self.thread:
            self.unwatch(thing)
            return
        done = threading.Event()
        self.ask(lambda: (self.unwatch(thing), done.set()))
        done.wait(10)

    def unwatch(self, thing):
        try:
            self.selector.unregister(thing)
        except (KeyError, ValueError):
            pass

    def ask(self, do):
        if threading.current_thread() is self.thread:
            do()
            return
        with self.lock:
            self.asked.append(do)
            if not self.thread:
                self.bell, self.rung = socket.socketpair()
                self.selector.register(self.rung, selectors.EVENT_READ, self.hush)
                self.thread = threading.Thread(target=self.turn, daemon=True)
                self.thread.start()
        self.bell.send(b"!")

    def turn(self):
        while True:
            for key, _ in self.selector.select():
                self.attempt(key.data, key.fileobj)
            with self.lock:
                asked, self.asked = self.asked, []
            for do in asked:
                self.attempt(do)

    @staticmethod
    def attempt(do, *of):
        """A mistake of one stand-in is told, and none of the others'."""
        try:
            do(*of)
        except Exception:  # noqa: BLE001
            traceback.print_exc()

    @staticmethod
    def hush(rung):
        rung.recv(4096)


LOOP = Loop()
