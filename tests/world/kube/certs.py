"""Certificates of a cluster, made by the program `openssl`: an authority, the API server's, and one for each user."""
import base64
import json
import pathlib
import subprocess


def openssl(*words, **more):
    subprocess.run(["openssl", *[str(word) for word in words]], check=True, capture_output=True, **more)


class Authority:
    """An authority in a folder; a file that is there already is kept."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key, self.cert = self.folder / "ca.key", self.folder / "ca.crt"
        if not self.cert.exists():
            self.new_key(self.key)
            openssl("req", "-x509", "-new", "-key", self.key, "-days", 3650, "-subj", "/CN=kubernetes", "-out", self.cert,
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    @staticmethod
    def new_key(path):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
        path.chmod(0o600)

    def issue(self, name, subject, usage, names="", days=365):
        """The paths of a new certificate and its key."""
        key, request, cert = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "crt"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"extendedKeyUsage={usage}\n" + (f"subjectAltName={names}\n" if names else ""))
        self.new_key(key)
        openssl("req", "-new", "-key", key, "-subj", subject, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", cert)
        return cert, key

    def server(self, days=365):
        """Of -1 day: one that has expired."""
        names = "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1"
        return self.issue("apiserver" if days > 0 else "expired", "/CN=kube-apiserver", "serverAuth", names, days)

    def user(self, name, *groups):
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={name}"
        return self.issue(name.replace(":", "-"), subject, "clientAuth")


def text(path):
    return base64.b64encode(pathlib.Path(path).read_bytes()).decode()


def kubeconfig(server, ca, users, current, namespace="default"):
    """A kubeconfig as kubectl writes one, in JSON, which is YAML as well. users: {name: its entry}; a context for each, NAME@cluster."""
    return json.dumps({
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": f"{current}@cluster",
        "clusters": [{"name": "cluster", "cluster": {"server": server, "certificate-authority-data": text(ca)}}],
        "users": [{"name": name, "user": user} for name, user in users.items()],
        "contexts": [{"name": f"{name}@cluster", "context": {"cluster": "cluster", "user": name, "namespace": namespace}} for name in users],
    }, indent=1)
