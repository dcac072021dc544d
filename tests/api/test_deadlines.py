"""When streams are due."""

from __future__ import annotations

import math

from tapecast.api.deadlines import Deadlines


def test_each_is_due_once_and_never_early() -> None:
    """At most a second late."""
    deadlines: Deadlines[str] = Deadlines(1000.4)
    for name, at in (("a", 1002.0), ("b", 1002.3), ("c", 1005.0)):
        deadlines.add(name, at)
    assert deadlines.due(1001.9) == []
    assert deadlines.due(1002.1) == ["a"]
    assert deadlines.due(1003.0) == ["b"]
    assert deadlines.due(1004.9) == []
    assert deadlines.due(9999.0) == ["c"]
    assert deadlines.due(99999.0) == []


def test_what_is_over_already_is_due_at_the_next_look() -> None:
    """A ticket that expired while its stream was being opened."""
    deadlines: Deadlines[str] = Deadlines(1000.0)
    deadlines.add("late", 900.0)
    assert deadlines.due(1001.0) == ["late"]


def test_never_is_not_kept_and_who_left_is_forgotten() -> None:
    """Of a thousand visits a second nothing may pile up."""
    deadlines: Deadlines[str] = Deadlines(1000.0)
    deadlines.discard("ever", deadlines.add("ever", math.inf))
    second = deadlines.add("gone", 2000.0)
    deadlines.discard("gone", second)
    assert deadlines._due == {}
    deadlines.discard("gone", second)
    assert deadlines.due(3000.0) == []
