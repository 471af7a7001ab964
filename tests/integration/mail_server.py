"""A mail server on loopback that takes letters, and errs where a test tells it to: in an answer, in TLS, in silence, in the middle of a line."""
import base64
import socket
import ssl

from servers import Peer

USER, PASSWORD = "talon@example.com", "mail-password-of-nobody-77"


class Gone(Exception):
    """The connection is over, as it is meant."""


class MailServer(Peer):
    """`answers`: command to what is said instead of the usual (bytes: as they are, None: nothing at all; then, in both cases, nothing more).
    `letters`: (sender, recipients, text) of what was taken. `said`: each line of a client. `secure`: how it went over TLS."""

    def __init__(self, certificates=None):
        self.certificates, self.certificate = certificates, "good"
        self.answers, self.letters, self.said, self.secure = {}, [], [], []
        super().__init__(self.talk)

    def talk(self, connection):
        try:
            Dialogue(self, connection).go()
        except Gone:
            pass


class Dialogue:
    def __init__(self, server, connection):
        self.server, self.connection, self.tls = server, connection, False
        self.file = connection.makefile("rb")
        self.sender, self.recipients = None, []

    def say(self, key, usual):
        answer = self.server.answers.get(key, usual)
        if isinstance(answer, str):
            self.connection.sendall(answer.encode() + b"\r\n")
            if answer.startswith("421"):
                raise Gone
        else:
            if answer:
                self.connection.sendall(answer)
            if b"half" in (answer or b""):
                self.connection.shutdown(socket.SHUT_WR)
            self.file.read()  # until the client has enough
            raise Gone

    def line(self):
        line = self.file.readline(4096)
        if not line:
            raise Gone
        self.server.said.append(line.decode().rstrip("\r\n"))
        return self.server.said[-1]

    def go(self):
        self.say("connect", "220 mail.example.com ESMTP stand-in")
        while True:
            line = self.line()
            word = line.split(" ")[0].split(":")[0].upper()
            getattr(self, "on_" + word.lower(), self.on_other)(line)

    def on_other(self, line):
        self.say("other", "500 5.5.2 unknown command")

    def on_ehlo(self, line):
        more = "250-AUTH LOGIN PLAIN\r\n" if self.tls else "250-STARTTLS\r\n" if self.server.certificates else ""
        self.say("EHLO tls" if self.tls else "EHLO", "250-mail.example.com\r\n" + more + "250 8BITMIME")

    def on_starttls(self, line):
        self.say("STARTTLS", "220 2.0.0 Ready to start TLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        name = self.server.certificate
        context.load_cert_chain(self.server.certificates / f"{name}.pem", self.server.certificates / f"{name}.key")
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file = self.connection.makefile("rb")
        self.tls = True
        self.server.secure.append(self.connection.version())

    def on_auth(self, line):
        words = line.split(" ")
        if words[1] == "LOGIN":
            self.say("AUTH LOGIN", "334 VXNlcm5hbWU6")
            user = self.line()
            self.say("AUTH user", "334 UGFzc3dvcmQ6")
            given = [base64.b64decode(user), base64.b64decode(self.line())]
        else:
            given = base64.b64decode(words[2]).split(b"\0")[1:]
        right = given == [USER.encode(), PASSWORD.encode()]
        self.say("AUTH", "235 2.7.0 Authentication successful" if right else "535 5.7.8 Authentication credentials invalid")

    def on_mail(self, line):
        self.sender, self.recipients = line[10:].strip("<>"), []
        self.say("MAIL", "250 2.1.0 Ok")

    def on_rcpt(self, line):
        self.recipients.append(line[8:].strip("<>"))
        self.say("RCPT", "250 2.1.5 Ok")

    def on_data(self, line):
        self.say("DATA", "354 End data with <CR><LF>.<CR><LF>")
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            piece = self.file.readline(4096)
            if not piece:
                raise Gone
            assert piece.endswith(b"\r\n") and len(piece) <= 1000 and piece.isascii(), piece
            text += piece
        lines = text[:-5].split(b"\r\n")
        self.server.letters.append((self.sender, self.recipients, b"\r\n".join(one[1:] if one.startswith(b".") else one for one in lines)))
        self.say("letter", "250 2.0.0 Ok: queued as 4F1")

    def on_quit(self, line):
        self.say("QUIT", "221 2.0.0 Bye")
        raise Gone
