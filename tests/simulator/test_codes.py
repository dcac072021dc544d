"""Error messages."""

from __future__ import annotations

import pytest

from tapecast.simulator import codes


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (402, "auth failed"),
        (406, "connection limit exceeded"),
        (412, "option messages are only available in MsgPack format"),
        (413, "star subscription is not allowed for option quotes"),
        (599, "unknown error"),
    ],
)
def test_a_code_has_the_venues_words(code: int, text: str) -> None:
    """Type first, as in every message; a code that nobody knows has words too."""
    assert list(codes.error(code).items()) == [("T", "error"), ("code", code), ("msg", text)]
