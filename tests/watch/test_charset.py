"""A terminal of few characters is shown others in their place."""

from __future__ import annotations

import io

import pytest

from tapecast.watch import charset


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", b"~ 3 more - a ?"), ("latin-1", b"~ 3 more \xb7 a ?"), ("utf-8", "… 3 more · a ?".encode())],
)
def test_what_is_lacking_has_a_stand_in(encoding: str, shown: bytes) -> None:
    """As wide, so that tables stand; half a character, too, which no encoding has."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    charset.fit(stream)
    stream.write("… 3 more · a \udcff")
    stream.flush()
    assert raw.getvalue() == shown


def test_a_stream_without_an_encoding_is_left_alone() -> None:
    """One of a program that has taken ours away."""
    stream = io.StringIO()
    charset.fit(stream)
    stream.write("…")
    assert stream.getvalue() == "…"


def test_reading_is_not_its_business() -> None:
    """Nothing is made up for bytes that are no text."""
    charset.fit(io.StringIO())
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", charset.ERRORS)
