"""How a stream ends in order: why, and its last words. Those that are cut off are in `audience.py`."""

from __future__ import annotations

from typing import Final

from tapecast.api import frames
from tapecast.api.tickets import EXPIRED

LEFT: Final = "left"
"""The client closed it, or its host is gone."""

DRAINING: Final = ("draining", "the server is restarting; come back")
AGED: Final = ("max_age", "this stream has been open for long; come back")

ENDINGS: Final = (LEFT, DRAINING[0], AGED[0], EXPIRED[0])
"""Every one of them."""


def last_words(code: str) -> bytes:
    """What the client hears."""
    if code == EXPIRED[0]:
        return frames.bye_expired(*EXPIRED)
    return frames.bye(*(DRAINING if code == DRAINING[0] else AGED))
