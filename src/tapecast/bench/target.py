"""Which deployment: the base URL that a person gave, taken apart once."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from tapecast.errors import SettingsError

PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = "such as http://localhost:8000"


@dataclass(frozen=True)
class Target:
    """Where to connect to. `prefix` is the path that a proxy serves it under, without a slash at the end."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def authority(self) -> str:
        """Host and port as in a URL and in a `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.prefix}"

    def is_this_machine(self) -> bool:
        """Whether its name leads to this machine alone. A name that leads nowhere does not."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError:
            return False
        return all(ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def target_of(url: str) -> Target:
    """The target that a base URL names. Raises SettingsError, which never repeats what may be a secret."""
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (
            (parts.hostname or "").encode("idna").decode("ascii") if not _is_ipv6(parts) else parts.hostname
        )
    except ValueError:
        raise SettingsError(f"that is no URL; give the base URL of an api, {_EXAMPLE}") from None
    if parts.scheme not in PORTS:
        raise SettingsError(f"the URL must begin with http:// or https://, {_EXAMPLE}")
    if not host:
        raise SettingsError(f"the URL names no host; give the base URL of an api, {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            "a URL with a name or password in it is not taken: it would show in `ps` and logs"
        )
    if parts.query or parts.fragment:
        raise SettingsError(
            "give the base URL alone, without ? and #; a ticket belongs into TAPECAST_TICKET or --ticket"
        )
    path = parts.path.rstrip("/")
    if any(ord(letter) <= 32 or ord(letter) >= 127 for letter in path):
        raise SettingsError(f"the URL's path has a character that must be escaped; give it {_EXAMPLE}")
    if "/stream" in path:
        raise SettingsError(f"give the base URL alone, without {path[path.index('/stream') :]}")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def _is_ipv6(parts: SplitResult) -> bool:
    return ":" in (parts.hostname or "")
