"""Who has not come in: connections that wait for a request, and requests that were answered by an error."""

from __future__ import annotations

from collections import Counter
from typing import Final

from tapecast.api.waiting import Waiting

KNOWN: Final = ("unauthorized", "forbidden", "ticket_expired", "too_many_streams", "internal")
"""Told from the first scrape on, since somebody may watch for them: a count that begins at one is no rise."""


class Door:
    """One process's."""

    def __init__(self) -> None:
        self.waiting = Waiting()
        # By the error's code.
        self.refused: Counter[str] = Counter()
