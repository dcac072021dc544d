"""Whether there is room for the symbols that a client asks for: names can be made up faster than memory.

Who has used up its own share is refused the rest in band. Where the whole process is full, all who bring
something new are refused for now: there may be room soon, and what they ask for may well be real.
"""

from __future__ import annotations

from typing import Final

from tapecast.api.symbols import refusal
from tapecast.api.topics import Topics
from tapecast.bus.codec import SymbolStatus
from tapecast.errors import ClientError

RETRY_AFTER_S: Final = 10
_FULL: Final = "this server follows as many different symbols as it may; come back"

Asked = tuple[tuple[str, ...], tuple[SymbolStatus, ...]]
"""Good symbols, and refused ones."""


def admit(asked: Asked, topics: Topics, bringer: str) -> Asked:
    """What of this can be served to a client that is named so. Raises ClientError if the process is full."""
    new = topics.new(asked[0])
    beyond = frozenset(new[max(0, topics.share(bringer)) :])
    if len(new) - len(beyond) > topics.room:
        raise ClientError(503, "too_many_symbols", _FULL, retry_after=RETRY_AFTER_S)
    return without(asked, beyond)


def without(asked: Asked, beyond: frozenset[str]) -> Asked:
    """The same without these symbols, which are refused: there is no room for them."""
    if not beyond:
        return asked
    symbols, refused = asked
    more = tuple(refusal(symbol, "too_many_symbols") for symbol in symbols if symbol in beyond)
    return tuple(symbol for symbol in symbols if symbol not in beyond), refused + more
