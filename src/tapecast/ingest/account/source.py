"""What a venue's account is to ingest, and what ingest is to it. No venue is named here."""

from __future__ import annotations

from typing import Never, Protocol

from tapecast.bus.codec import Fields


class AccountListener(Protocol):
    """Ingest's side. Every method returns at once, never raises and never awaits."""

    def on_order(self, event: Fields) -> None:
        """An order event, as the venue sent it, told once."""

    def on_stream(self, *, is_live: bool) -> None:
        """Order events come from now on, or do not any more; some may have been lost before."""

    def on_rejected(self, kind: str) -> None:
        """A message that made no sense was left out."""

    def is_owner(self) -> bool:
        """Whether we may still hold the connection. If not, it is cut off: the next owner may dial now."""


class AccountSource(Protocol):
    """One account, with the venue's names and decimal strings; pairs spelled as on the feed.

    Lists come with the number of entries that made no sense and were left out. All calls raise FeedError.
    """

    simulated: bool

    @property
    def calls(self) -> int:
        """REST calls since the start."""

    @property
    def limited(self) -> int:
        """How many of them the venue refused for their number."""

    @property
    def is_scarce(self) -> bool:
        """Whether few calls are left for now, for this and all other programs."""

    @property
    def scarce_s(self) -> float:
        """How long they will be few, as far as is known; 0 if they are not."""

    @property
    def reconnects(self) -> int:
        """How often the stream of order events was lost since the start."""

    async def positions(self) -> tuple[list[Fields], int]:
        """The open positions."""

    async def figures(self) -> Fields:
        """Equity, cash, buying power and the like."""

    async def orders(self) -> tuple[list[Fields], int]:
        """The recent orders, newest first."""

    async def run(self, listener: AccountListener) -> Never:
        """Hold the stream of order events. Cancelling closes the socket.

        Raises FeedFatal when the venue says no for good; everything else is retried inside.
        """
