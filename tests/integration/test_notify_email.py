"""The channel `notify.email` against a mail server that takes letters, and one that errs in each way that is documented."""
import base64
import email
import email.policy
import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import missing
from mail_server import PASSWORD, USER, MailServer
from test_notify import no_secret_in

PIECES = [PASSWORD, base64.b64encode(PASSWORD.encode()).decode(), base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()]


@pytest.fixture
def certificates(tmp_path):
    """An authority of the test's own, a certificate of it for localhost, and one for another name."""
    if not shutil.which("openssl"):
        missing("openssl", "openssl")
    folder = tmp_path / "tls"
    folder.mkdir()
    for name, host in (("good", "localhost"), ("other", "other.example")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
                        "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}", "-days", "30"], check=True, capture_output=True, cwd=folder)
    (folder / "ca.pem").write_text((folder / "good.pem").read_text() + (folder / "other.pem").read_text())
    return folder


@pytest.fixture
def mail(certificates):
    with MailServer(certificates) as server:
        yield server


def write(talon, mail, timeout="20s", **more):
    """One service that stands and falls with a file, and a channel by mail."""
    password = talon.folder / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    (talon.folder / "one.up").write_text("")
    options = {"server": "localhost", "port": mail.port, "ca": f"{mail.certificates}/ca.pem", "from": USER, "to": "[someone@example.net, other@example.net]", "user": USER,
               "password": '"${secrets.mail}"', **more}
    channel = ", ".join(f"{name}: {value}" for name, value in options.items() if value is not None)
    talon.write("services:\n  one:\n    title: The Größte\n    critical: true\n    checks:\n      there: { file: { path: %s, exists: true }, every: 100ms, fail_after: 1 }\n"
                % (talon.folder / "one.up"),
                "secrets: { mail: { file: %s } }\nnotify:\n  channels:\n    mail: { notify.email: { %s }, timeout: %s }\n" % (password, channel, timeout))


def tried(talon):
    done = talon.command("notify", "test", "mail", "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["channels"][0]


def test_a_failure_comes_by_mail(talon, mail):
    write(talon, mail)
    talon.start()
    (talon.folder / "one.up").unlink()
    talon.wait("a letter has come", lambda: mail.letters, 20)
    sender, recipients, raw = mail.letters[0]
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    assert (sender, recipients) == (USER, ["someone@example.net", "other@example.net"])
    assert "The Größte has failed" in letter["Subject"] + letter.get_content(), raw
    assert letter["To"] == "someone@example.net, other@example.net" and letter["From"] == USER and letter["Auto-Submitted"] == "auto-generated"
    assert "Größte" in letter.get_content() and not letter.defects and all(not part.defects for part in letter.values()), raw
    assert mail.secure == ["TLSv1.3"]
    plain = mail.said[:mail.said.index("STARTTLS") + 1]
    assert plain == ["EHLO localhost", "STARTTLS"], plain
    no_secret_in(talon, raw.decode(), pieces=PIECES)


SILENCE = None
# what is answered instead: reason, and words of the summary
ERRORS = [
    ({"connect": "421 4.3.2 Too many connections"}, "notify.busy", "421 4.3.2 Too many connections"),
    ({"connect": "554 5.7.1 Go away"}, "notify.refused", "554 5.7.1 Go away"),
    ({"connect": b"SSH-2.0-OpenSSH_9.2\r\n"}, "protocol.bad", "does not speak SMTP"),
    ({"connect": b"\0\xff\xfe\r\n"}, "protocol.bad", "does not speak SMTP"),
    ({"connect": b"220 half"}, "connect.closed", "closed"),
    ({"connect": b"x" * 40000}, "too_big", "of no use"),
    ({"EHLO": "250 mail.example.com"}, "tls.missing", "does not offer STARTTLS"),
    ({"STARTTLS": "454 4.7.0 TLS not available"}, "notify.busy", "454"),
    ({"STARTTLS": b"220 go\r\n250 mail.example.com\r\n"}, "protocol.bad", "said more in plain text"),
    ({"STARTTLS": b"220 go\r\n\x15\x03\x01\x00\x02\x02\x28"}, "protocol.bad", "said more in plain text"),
    ({"AUTH": f"535 5.7.8 Not {PASSWORD}"}, "auth.rejected", "535 5.7.8 Not ***"),
    ({"AUTH": "454 4.7.0 Temporary failure"}, "notify.busy", "454"),
    ({"MAIL": "530 5.7.0 Must log in"}, "auth.rejected", "530"),
    ({"RCPT": "450 4.2.0 Greylisted"}, "notify.busy", "450 4.2.0 Greylisted"),
    ({"RCPT": "550 5.1.1 No such user"}, "notify.refused", "550 5.1.1 No such user"),
    ({"DATA": "451 4.3.0 Error in processing"}, "notify.busy", "451"),
    ({"letter": "554 5.7.1 Spam"}, "notify.refused", "554 5.7.1 Spam"),
    ({"letter": "452 4.3.1 Out of space"}, "notify.busy", "452"),
    ({"letter": b"25"}, "timeout", "did not say whether it has taken the message"),
    ({"RCPT": SILENCE}, "notify.unanswered", "did not answer to RCPT TO in time"),
    ({"STARTTLS": SILENCE}, "notify.unanswered", "did not answer to STARTTLS in time"),
    ({"EHLO tls": "250 AUTH GSSAPI"}, "auth.rejected", "no way to log in that we know"),
]


def test_each_error_is_told_in_its_words(talon, mail):
    write(talon, mail, timeout="1s")
    talon.start()
    said = []
    for answers, reason, words in ERRORS if os.environ.get("SOAK") else ERRORS[::4]:
        mail.answers = answers
        got = tried(talon)
        said.append(json.dumps(got))
        assert (got["ok"], got["reason"]) == (False, reason) and words in got["summary"], (answers, got)
    mail.answers = {"EHLO tls": "250 AUTH LOGIN", "QUIT": SILENCE}
    assert tried(talon)["ok"] and [line for line in mail.said if line.startswith("AUTH LOGIN")]
    mail.certificate = "other"
    got = tried(talon)
    assert (got["ok"], got["reason"]) == (False, "tls.name") and "no TLS with the mail server localhost" in got["summary"], got
    assert not [line for line in mail.said if re.search("password", line)]
    no_secret_in(talon, *said, pieces=PIECES)


@pytest.mark.skipif(not os.environ.get("SOAK"), reason="ten seconds, which the outbox waits before it tries again: with SOAK=1")
def test_a_server_that_is_busy_is_asked_again(talon, mail):
    """What passes by itself is tried again, and comes once."""
    write(talon, mail)
    mail.answers = {"RCPT": "450 4.2.0 Greylisted, come again"}
    talon.start()
    (talon.folder / "one.up").unlink()
    talon.wait("it was turned away", lambda: [line for line in mail.said if line.startswith("RCPT")], 20)
    mail.answers = {}
    talon.wait("it has come", lambda: mail.letters, 40)
    talon.wait("nothing waits", lambda: json.loads(talon.command("notify", "--json").stdout)["waiting"] == 0)
    assert len(mail.letters) == 1


def test_what_would_go_in_plain_text_is_refused(talon, mail):
    write(talon, mail, server="mail.example.com", tls="none")
    done = talon.command("validate", str(talon.config))
    assert done.returncode == 3 and "only for a server on this computer" in done.stdout + done.stderr, done.stdout + done.stderr
    write(talon, mail, **{"from": '"a@b.example\\r\\nBcc: thief@example.org"'})
    done = talon.command("validate", str(talon.config))
    assert done.returncode == 3 and "must be an address" in done.stdout + done.stderr, done.stdout + done.stderr
