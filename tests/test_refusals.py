"""What an answer says, and what can be done about it; statuses are also in tests/client/test_failures.py."""

from __future__ import annotations

import pytest

from tapecast.refusals import Kind, Said, clean, kind_of, said_in


def test_words_of_others_cannot_steer_a_terminal() -> None:
    """Escapes, new lines, and whole books."""
    assert clean("a\x1b[2Jb\nc\x07") == "a [2Jb c"
    assert len(clean("x" * 10_000)) == 300


def test_a_secret_is_not_repeated() -> None:
    """Wherever it is, and though it is cut in the middle."""
    assert clean("ticket=hunter2&hunter2", "hunter2") == "ticket=…&…"
    assert "hunter" not in clean("x" * 294 + "hunter2", "hunter2")
    assert clean("all of it", "") == "all of it"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error":{"code":"draining","message":"come\\nback"}}', Said("draining", "come back")),
        (b'{"error":{"code":"bad/hunter2"}}', Said("bad/…")),
        (b'{"error":"no"}', None),
        (b"[1]", None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_an_error_of_ours_is_read(body: bytes, said: Said | None) -> None:
    """And nothing else."""
    assert said_in(body, "hunter2") == said


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, None, Kind.NOT_ALLOWED),
        (403, "forbidden", Kind.NOT_ALLOWED),
        (429, "too_many_streams", Kind.LATER),
        (503, None, Kind.LATER),
        (400, "symbol_invalid", Kind.WRONG),
        (400, None, Kind.FOREIGN),
        (404, "not_found", Kind.FOREIGN),
        (200, "symbol_invalid", Kind.FOREIGN),
    ],
)
def test_a_status_says_what_can_be_done(status: int, code: str | None, kind: Kind) -> None:
    """With the word of ours, where there is one."""
    assert kind_of(status, None if code is None else Said(code)) is kind
