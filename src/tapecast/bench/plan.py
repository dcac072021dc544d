"""What a run does, and its bounds: a tool that opens connections must not be one that floods.

The bounds hold whatever the options say. They suit one machine and one deployment of one's own: whoever needs
more than 2,000 streams runs it on several machines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from tapecast import __version__
from tapecast.bench.target import Target
from tapecast.errors import SettingsError

MOST_STREAMS: Final = 2000
MOST_SECONDS: Final = 300
MOST_RAMP: Final = 1000
MOST_SYMBOLS: Final = 1000
"""As an api takes of one stream by default; with their names escaped a request head stays below 64 KiB."""

FEW: Final = 100
EVERY: Final = 8
"""Of more than FEW streams, one price in EVERY is looked at: it is the share of this process's time that can
be saved, and a hundred thousand ages say no more than ten thousand."""


@dataclass(frozen=True)
class Plan:
    """So many streams of these symbols, opened `ramp` a second, then listened to for so many seconds."""

    target: Target
    symbols: tuple[str, ...]
    streams: int
    seconds: float
    ramp: float
    interval_ms: int | None = None
    # Kept out of whatever prints a plan.
    ticket: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, value, most in (
            ("streams", self.streams, MOST_STREAMS),
            ("seconds", self.seconds, MOST_SECONDS),
            ("ramp", self.ramp, MOST_RAMP),
        ):
            # So written that it is true of what is no number, too.
            if not 0 < value <= most:
                raise SettingsError(f"--{name}: must be above 0 and at most {most:,}, not {value:g}")
        if self.ramp_s > MOST_SECONDS:
            least = math.ceil(self.streams / MOST_SECONDS)
            raise SettingsError(f"--ramp: opening would take {self.ramp_s:,.0f} s; take at least {least}")

    @property
    def every(self) -> int:
        """One price in so many is looked at."""
        return 1 if self.streams <= FEW else EVERY

    @property
    def ramp_s(self) -> float:
        """How long the opening takes."""
        return self.streams / self.ramp

    def words(self) -> str:
        """What is going to happen, in one line."""
        kind = "symbol" if len(self.symbols) == 1 else "symbols"
        return (
            f"opens {self.streams:,} streams of {len(self.symbols)} {kind} at {self.target}, "
            f"{self.ramp:g} a second, and holds them for {self.seconds:g} s"
        )

    def get(self, path: str, *, accept: str, query: str = "", close: bool = False) -> bytes:
        """A GET as bytes. The ticket goes into the query, as for a page."""
        ticket = f"ticket={quote(self.ticket, safe='')}" if self.ticket else ""
        asked = "&".join(filter(None, (query, ticket)))
        lines = [
            f"GET {self.target.prefix}{path}{'?' if asked else ''}{asked} HTTP/1.1",
            f"Host: {self.target.authority}",
            f"Accept: {accept}",
            # What gzip costs is this process's to pay, and is not what is to be measured.
            "Accept-Encoding: identity",
            f"User-Agent: tapecast-bench/{__version__}",
            *(["Connection: close"] if close else []),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def stream_request(self) -> bytes:
        """What each stream asks for: all the same, so that the server's own sharing is measured too."""
        query = f"symbols={quote(','.join(self.symbols), safe='/,')}"
        if self.interval_ms is not None:
            query += f"&interval={self.interval_ms}"
        return self.get("/stream/prices", accept="text/event-stream", query=query)


def symbols_of(text: str) -> tuple[str, ...]:
    """The symbols of a comma-separated list, each once. Raises SettingsError."""
    found = tuple(dict.fromkeys(part.strip().upper() for part in text.split(",") if part.strip()))
    if not found:
        raise SettingsError("--symbols: name at least one, such as AAPL,BTC/USD")
    if len(found) > MOST_SYMBOLS:
        raise SettingsError(f"--symbols: at most {MOST_SYMBOLS:,} of them, not {len(found):,}")
    return found
