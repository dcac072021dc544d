"""The forms of REDIS_URL, taken apart: one server, a primary that sentinels name, or a cluster.

redis-py reads one host from a URL. The other forms name several, of which any one may be down, so they are
turned here into hosts to ask and the URL that redis-py would read for a single one of them.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

Kind = Literal["single", "sentinel", "cluster"]

_PORTS: Final[dict[Kind, int]] = {"single": 6379, "sentinel": 26379, "cluster": 6379}
CLUSTER_PREFIX: Final = "tapecast"


class Place(NamedTuple):
    """Where Redis is, and how to find it."""

    kind: Kind
    # As redis-py reads it, with user, password and options; of several hosts the first.
    url: str
    # For people: without password and options.
    name: str
    hosts: tuple[tuple[str, int], ...] = ()
    # What the sentinels call the primary.
    service: str = ""
    sentinel_password: str = ""

    def prefix(self, prefix: str) -> str:
        """The prefix to use: in a cluster all our keys must be in one slot, or no script could span them."""
        if self.kind != "cluster" or _has_tag(prefix):
            return prefix
        return "{%s}" % (prefix or CLUSTER_PREFIX)


def place_of(url: str) -> Place:
    """What `url` means. Raises ValueError, without a secret in it."""
    parts = urlsplit(url)
    scheme, _, form = parts.scheme.partition("+")
    path = parts.path.strip("/")
    if not form:
        name = f"{parts.hostname}:{parts.port or 6379}" + (f"/{path}" if path else "")
        return Place("single", url, name if parts.hostname else parts.path or "?")
    if scheme not in ("redis", "rediss") or form not in ("sentinel", "cluster"):
        raise ValueError("its scheme is none of redis, rediss, unix, and their +sentinel and +cluster")
    # A password with a bare / ? @ or # cuts the URL in two, and the second half would be shown as a place.
    if parts.fragment or "@" in parts.path + parts.query:
        raise ValueError("a / ? @ or # in a password is written as %2F %3F %40 or %23")
    kind: Kind = "sentinel" if form == "sentinel" else "cluster"
    user, _, names = parts.netloc.rpartition("@")
    hosts = tuple(_host(name, _PORTS[kind]) for name in names.split(",") if name)
    if not hosts:
        raise ValueError("it names no host")
    service, database = _path(kind, path)
    query = dict(parse_qsl(parts.query))
    password = query.pop("sentinel_password", "")
    host, port = hosts[0]
    server = f"{user}{'@' if user else ''}{_bracketed(host)}:{port}"
    one = f"{scheme}://{server}/{quote(database)}?{urlencode(query)}"
    name = ",".join(f"{_bracketed(host)}:{port}" for host, port in hosts) + (f"/{path}" if path else "")
    return Place(kind, one, name, hosts, service, password)


def _path(kind: Kind, path: str) -> tuple[str, str]:
    """The service's name and the database."""
    service, _, database = path.partition("/")
    if kind == "sentinel" and not service:
        raise ValueError("it lacks the service's name: redis+sentinel://host:26379/SERVICE")
    if kind == "cluster" and service not in ("", "0"):
        raise ValueError("a cluster has no databases")
    return service, database


def _host(text: str, port: int) -> tuple[str, int]:
    try:
        one = urlsplit(f"//{text}")
        number = one.port
    except ValueError:
        # Its own text quotes what it took for the port, which may be half of a password.
        raise ValueError("one of its hosts has a port that is no number") from None
    if not one.hostname:
        raise ValueError("one of its hosts is empty")
    return one.hostname, number or port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _has_tag(prefix: str) -> bool:
    _, opened, rest = prefix.partition("{")
    tag, closed, _ = rest.partition("}")
    return bool(opened and closed and tag)
