"""One slip of the finger is recognised, two are not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tapecast.spelling import meant, within_one_edit

WORDS = st.text(alphabet="AB_", max_size=6)


def reference(one: str, other: str) -> bool:
    """Within one edit, found by trying every edit."""
    letters = set(other) | {"_"}
    cuts = [(one[:i], one[i:]) for i in range(len(one) + 1)]
    edits = {one} | {head + tail[1:] for head, tail in cuts} | {h + c + t for h, t in cuts for c in letters}
    edits |= {head + c + tail[1:] for head, tail in cuts if tail for c in letters}
    edits |= {head + tail[1] + tail[0] + tail[2:] for head, tail in cuts if len(tail) > 1}
    return other in edits


@given(WORDS, WORDS)
def test_within_one_edit_is_what_trying_every_edit_finds(one: str, other: str) -> None:
    """An insertion, a deletion, a replacement or a swap of neighbours, in both directions."""
    assert within_one_edit(one, other) == reference(one, other)
    assert within_one_edit(one, other) == within_one_edit(other, one)


def test_the_known_name_is_found_in_any_case() -> None:
    """Environment names are upper case by habit only."""
    assert meant("redis_ulr", ["PORT", "REDIS_URL"]) == "REDIS_URL"


def test_a_name_unlike_any_other_is_left_alone() -> None:
    """Two edits are another name."""
    assert meant("REDIS_HOST", ["HOST", "REDIS_URL"]) is None
