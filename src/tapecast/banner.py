"""What a command says of itself at its start: whose prices these are, where it listens, and who may read.

A mistake in a setting, such as a token lost on the way, has to be seen here and not at the first request.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from tapecast import __version__
from tapecast.settings import Settings

if TYPE_CHECKING:
    from tapecast.ingest.worker import Worker

Say = Callable[[str], None]
"""Prints one line of a banner."""

EXAMPLES: Final = ("AAPL", "BTC/USD")
_EVERYWHERE: Final = {"127.0.0.1", "0.0.0.0", "::1", "::"}  # noqa: S104


def title(say: Say) -> None:
    """The first line."""
    say(f"tapecast {__version__}")


def feeds(say: Say, words: str, worker: Worker) -> None:
    """Where the prices come from."""
    say(f"  feed    {words}")
    for owner in worker.owners.values():
        status = owner.pulse.status()
        say(f"          {status.market}: {status.state} {status.reason}".rstrip())


def service(
    say: Say,
    settings: Settings,
    cache: str,
    sock: socket.socket | None = None,
    examples: tuple[str, ...] = (),
    *,
    laptop: bool = False,
) -> None:
    """The cache, and the address if there is one."""
    say(f"  redis   {cache}" + (f", prefix {settings.redis_prefix}" if settings.redis_prefix else ""))
    if sock is None:
        return
    host, port = sock.getsockname()[:2]
    base = f"http://{'localhost' if host in _EVERYWHERE else host}:{port}"
    say(f"  listen  {base}")
    say(f"  access  {access(settings, laptop=laptop)}")
    path = f"/stream/prices?symbols={','.join(examples or EXAMPLES)}"
    say(f"\n  curl -N{_token(settings, 'prices')} '{base}{path}'")
    say(f"  curl{_token(settings, 'status')} {base}/stream/status\n")


def access(settings: Settings, *, laptop: bool) -> str:
    """Who may read what, in one line."""
    if settings.api_token:
        rules = dict.fromkeys(("prices", "status", "positions"), "token or ticket")
    else:
        own = "this machine only" if laptop else "closed: set API_TOKEN"
        rules = {"prices": "open", "status": "open", "positions": own}
    rules |= dict.fromkeys(settings.public, "open")
    return ", ".join(f"{what}: {rule}" for what, rule in rules.items())


def _token(settings: Settings, subject: Literal["prices", "status"]) -> str:
    needs_one = settings.api_token and subject not in settings.public
    return " -H 'Authorization: Bearer <token>'" if needs_one else ""
