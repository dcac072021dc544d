"""Certificates of one test, made with the `openssl` command, which is wherever a server with TLS is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
# Python 3.13 is strict: it wants both of an authority.
_SIGNS = ("-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
_LOOPBACK = "IP:127.0.0.1,DNS:localhost"


class Certificates:
    """An authority, and a server that it vouches for, by these names; `expired`: no longer."""

    def __init__(self, folder: Path, *, names: str = _LOOPBACK, expired: bool = False) -> None:
        if not shutil.which("openssl"):
            pytest.skip("certificates are made with the `openssl` command, which is not here")
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self.ca = folder / "ca.pem"
        self.key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        (folder / "names").write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
        self._openssl(f"req -x509 -keyout ca.key -out {self.ca} -subj /CN=tests -days 2", *_KEY, *_SIGNS)
        self._openssl(f"req -keyout {self.key} -out request -subj /CN=localhost", *_KEY)
        # No days: it ends as it begins.
        self._openssl(
            f"x509 -req -in request -CA {self.ca} -CAkey ca.key -CAcreateserial -extfile names "
            f"-out {self.certificate} -days {0 if expired else 2}"
        )

    def _openssl(self, arguments: str, *more: str) -> None:
        command = ["openssl", *arguments.split(), *more]
        subprocess.run(command, cwd=self._folder, check=True, capture_output=True, timeout=30)

    def options(self, port: int) -> list[str]:
        """What a server is told, so that it speaks TLS at `port`, to its peers as well, and nothing else."""
        named = {"cert": self.certificate, "key": self.key, "ca-cert": self.ca}
        files = [part for name, path in named.items() for part in (f"--tls-{name}-file", str(path))]
        peers = ["--tls-auth-clients", "no", "--tls-replication", "yes", "--tls-cluster", "yes"]
        return ["--port", "0", "--tls-port", str(port), *files, *peers]
