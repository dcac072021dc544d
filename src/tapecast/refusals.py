"""An answer that is no stream: what a server of ours says in it, and what can be done about it.

For those who ask a server, with whatever HTTP library. It is words of others: nothing in it may steer a
terminal, fill a log, or repeat a ticket, since some servers put the whole request into their error.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

import msgspec

LONGEST: Final = 300
_LATER: Final = frozenset({408, 425, 429})
"""Those of the 4xx that time mends."""


class Said(msgspec.Struct, frozen=True):
    """The `error` of an answer: a stable word, and a sentence."""

    code: str
    message: str = ""


class _Answer(msgspec.Struct):
    error: Said


class Kind(Enum):
    """What can be done."""

    NOT_ALLOWED = auto()  # show another ticket or token
    LATER = auto()  # wait
    WRONG = auto()  # ask for something else
    FOREIGN = auto()  # ask somebody else: that is no tapecast


def clean(text: str, secret: str | None = None) -> str:
    """One line that a terminal may be shown, without this secret."""
    text = text.replace(secret, "…") if secret else text
    return "".join(each if each.isprintable() else " " for each in text[:LONGEST]).strip()


def said_in(body: bytes, secret: str | None = None) -> Said | None:
    """The error that a body is, as one may show it; None if it is none of ours."""
    try:
        said = msgspec.json.decode(body, type=_Answer).error
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return Said(clean(said.code, secret), clean(said.message, secret))


def kind_of(status: int, said: Said | None) -> Kind:
    """By its HTTP status, and whether it is an error of ours."""
    if status in {401, 403}:
        return Kind.NOT_ALLOWED
    if status >= 500 or status in _LATER:
        return Kind.LATER
    is_ours = said is not None and said.code != "not_found"
    return Kind.WRONG if is_ours and status >= 400 else Kind.FOREIGN
