"""Characters that the terminal's encoding lacks: a stand-in of the same width, and never a failure."""

from __future__ import annotations

import codecs
import io
from typing import Final, TextIO

ERRORS: Final = "tapecast"
_STAND_INS: Final = str.maketrans("…·", "~-")
"""For those that we write ourselves."""


def fit(stream: TextIO) -> None:
    """From now on this stream takes every text, whatever its encoding is."""
    codecs.register_error(ERRORS, _stand_in)
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=ERRORS)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_STAND_INS)
    return "".join(each if each.isascii() else "?" for each in lacking), error.end
