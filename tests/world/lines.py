"""Daemons of the stand-in world that speak JSON-RPC on a unix socket, a line for each question: agent-secrets, and the bridge to iMessage."""
import json

from stand_in import Server


class Lines(Server):
    """`respond(asked, mode)` gives what stands beside `jsonrpc` and `id` in the answer."""

    def __init__(self, name, path, respond, modes):
        self.respond = respond
        super().__init__(name, path, ("half", *modes))

    def whole(self, got):
        return got.endswith(b"\n")

    def reply(self, connection, question):
        asked = json.loads(question)
        told = {"jsonrpc": "2.0", "id": asked["id"], **self.respond(asked, self.mode)}
        connection.sendall(json.dumps(told).encode() + b"\n")
        return True

    def as_half(self, connection):
        connection.sendall(b'{"jsonrpc":"2.0","id":')


def secrets(asked, mode):
    if asked["method"] != "secrets.status":
        return {"error": {"code": -32601, "message": "Method not found"}}
    if mode == "unauthorized":
        return {"error": {"code": -32006, "message": "Unauthorized"}}
    if mode == "broken":
        return {"error": {"code": -32603, "message": "cannot decrypt the store"}}
    return {"result": {"running": mode != "locked", "started_at": "2026-11-24T09:00:00Z", "secrets_count": 3, "active_leases": 1}}


class Messages:
    """The bridge, and what it was given to send: (whom, text)."""

    def __init__(self):
        self.sent = []

    def __call__(self, asked, mode):
        if asked["method"] == "send" and mode != "permission":
            self.sent.append((asked["params"]["to"], asked["params"]["text"]))
            return {"result": {"ok": True, "id": len(self.sent), "guid": f"00000000-0000-4000-8000-{len(self.sent):012}"}}
        return imsg(asked, mode)


def imsg(asked, mode):
    if asked["method"] not in ("chats.list", "send"):
        return {"error": {"code": -32601, "message": "Method not found"}}
    if mode == "permission":
        return {"error": {"code": -32603, "message": "permissionDenied: unable to open database"}}
    return {"result": {"chats": [{"id": 1, "name": "", "identifier": "someone@example.com"}]}}


def start(folder):
    return {"agent-secrets": Lines("agent-secrets", folder / "secrets.sock", secrets, ("locked", "unauthorized", "broken")),
            "imsg": Lines("imsg", folder / "imsg.sock", Messages(), ("permission",))}
