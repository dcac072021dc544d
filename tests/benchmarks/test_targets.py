"""Targets: ratios within a run, and honest where a peer is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.row import Row
from benchmarks.targets import OURS, Bar, judged, limited

AT_LEAST = Bar("nchan", 10)
AT_MOST = Bar("nchan", 1.5, is_most=True)


def rows(ours: float | None, nchan: float | None) -> list[Row]:
    """One measurement."""
    return [Row("load", OURS, ours, "events/s"), Row("load", "nchan", nchan, "events/s")]


@pytest.mark.parametrize(
    ("bar", "ours", "reached"),
    [(AT_LEAST, 100.0, True), (AT_LEAST, 99.0, False), (AT_MOST, 15.0, True), (AT_MOST, 16.0, False)],
)
def test_a_target_is_reached_or_it_is_not(bar: Bar, ours: float, reached: bool) -> None:
    """The bar itself is enough; a little less is not."""
    row, peer = judged(rows(ours, 10.0), [bar])
    assert row.reached is reached
    assert row.target == bar.text
    assert row.ratio == f"{ours / 10:.2f}x nchan"
    assert peer.target == ""


def test_nothing_is_reached_beside_a_missing_peer() -> None:
    """Where one of two peers has no figure, the other alone does not make it reached."""
    (row, _) = judged(rows(100.0, 10.0), [AT_LEAST, Bar("poll per client", 2)])
    assert row.reached is None
    assert "poll per client" in row.target


def test_one_miss_is_enough() -> None:
    """A target of two halves is missed with either, whether or not the other can be told."""
    (row, _) = judged(rows(50.0, 10.0), [AT_LEAST, Bar("poll per client", 2)])
    assert row.reached is False


@pytest.mark.parametrize(("ours", "nchan"), [(None, 10.0), (100.0, None)])
def test_what_was_not_measured_is_not_judged(ours: float | None, nchan: float | None) -> None:
    """The target is shown, with nothing beside it."""
    (row, _) = judged(rows(ours, nchan), [AT_LEAST])
    assert (row.reached, row.ratio, row.target) == (None, "", ">= 10x nchan")


def test_a_search_that_was_cut_short_judges_nothing() -> None:
    """Its figure may be too low: too low for ours to miss, or for a peer to be beaten."""
    ours, peer = rows(100.0, 10.0)
    for pair in ([replace(ours, is_cut=True), peer], [ours, replace(peer, is_cut=True)]):
        row, _ = judged(pair, [AT_LEAST])
        assert (row.reached, row.ratio) == (None, "10.00x nchan")


def test_ours_comes_first() -> None:
    """Whichever was measured first."""
    assert [row.subject for row in judged(rows(1, 2)[::-1], [AT_LEAST])] == [OURS, "nchan"]


@pytest.mark.parametrize(("value", "reached"), [(64.0, True), (64.5, False), (None, None)])
def test_a_figure_has_its_limit(value: float | None, reached: bool | None) -> None:
    """A target without a peer is a figure of its own."""
    row = limited(Row("held", OURS, value, "KiB"), 64)
    assert (row.target, row.reached) == ("<= 64 KiB", reached)
