"""Certificates of the stand-in world, made by openssl: an authority of its own, and servers' certificates for so many days (fewer than none: expired)."""
import ssl
import subprocess


def openssl(*words):
    subprocess.run(["openssl", *[str(word) for word in words]], check=True, capture_output=True)


class Authority:
    def __init__(self, folder):
        self.folder = folder
        self.certificate = folder / "ca.crt"
        folder.mkdir(parents=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "ca.key", "-subj", "/O=stand-in",
                "-days", 3650, "-out", self.certificate)

    def server(self, name, days, *names):
        """The paths of certificate and key."""
        key, asked, made, more = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt", "ext"))
        more.write_text("subjectAltName=" + ",".join(names))
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj", f"/CN={name}", "-out", asked)
        openssl("x509", "-req", "-in", asked, "-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", days, "-extfile", more, "-out", made)
        return made, key


def context(certificate, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate, key)
    return made
