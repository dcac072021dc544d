"""What a request may read, and until when: the outcome of looking at its credentials. Pure."""

from __future__ import annotations

import math
from typing import Final, Literal

import msgspec

Subject = Literal["prices", "status", "positions"]

SUBJECTS: Final[tuple[Subject, ...]] = ("prices", "status", "positions")


class Grant(msgspec.Struct, frozen=True):
    """One credential's rights. `expires_s` is Unix time; a stream ends then."""

    subjects: frozenset[Subject] = frozenset(SUBJECTS)
    # None: all.
    symbols: frozenset[str] | None = None
    expires_s: float = math.inf
    # The names under which the client is counted; never the credential itself.
    holders: tuple[str, ...] = ()
    # Whose share of the room for symbols is used; empty: no share.
    bringer: str = ""
    # It is a token's: of a program of ours, not of a page.
    is_trusted: bool = False

    def bars(self, symbol: str) -> bool:
        """Whether this symbol is not for this client."""
        return self.symbols is not None and symbol not in self.symbols


EVERYTHING: Final = Grant()
