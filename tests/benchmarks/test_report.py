"""docs/performance.md: machine and date, every row, and plainly what was not reached."""

from __future__ import annotations

import re
from dataclasses import replace

from benchmarks.report import Facts, not_reached, page
from benchmarks.row import Row
from benchmarks.scenarios.curves import PREFIX

FACTS = Facts("An EPYC, 2 cores", "Python 3.13.0", "2026-01-02 03:04 UTC", ["nginx with nchan"], quick=False)
MISSED = Row("load", "tapecast", 5.0, "events/s", ">= 10x nchan", "8.50x nchan", None, "", False)
OPEN = Row("memory", "tapecast", None, "KB", ">= 1x nchan", note="nchan is absent")
REACHED = replace(MISSED, name="p99", reached=True)
POINT = Row(f"{PREFIX}clients: 1,000", "tapecast", 4.0, "us")


def test_the_page_has_what_a_reader_must_know() -> None:
    """Machine, versions, date, what was missing, and every row but the picture's points."""
    text = page(FACTS, [MISSED, REACHED, POINT], is_drawn=True)
    for words in (FACTS.machine, FACTS.versions, FACTS.date, "Missing there: nginx with nchan.", "| p99 |"):
        assert words in text
    assert PREFIX not in text
    assert not re.search(r"@\w+@", text)


def test_a_rough_or_partial_run_says_so() -> None:
    """Its figures are not to be taken for the real ones."""
    assert "quick run" in page(replace(FACTS, quick=True), [], is_drawn=True)
    assert "(only memory, storm)" in page(replace(FACTS, only=["memory", "storm"]), [], is_drawn=True)
    assert "quick run" not in page(FACTS, [], is_drawn=True)


def test_a_picture_that_is_not_there_is_not_linked() -> None:
    """Without matplotlib the page says so."""
    assert "(performance.png)" in page(FACTS, [], is_drawn=True)
    assert "(performance.png)" not in page(FACTS, [], is_drawn=False)


def test_what_was_missed_is_listed() -> None:
    """With what was measured and the target; a target that nothing stands against is listed too."""
    lines = not_reached([MISSED, OPEN, REACHED, POINT]).splitlines()
    assert lines == [
        "- load: 8.50x nchan, target >= 10x nchan.",
        "- memory: not measured (nchan is absent), target >= 1x nchan.",
    ]


def test_reaching_all_is_said() -> None:
    """An empty list would look like a forgotten one."""
    assert not_reached([REACHED]) == "Every target was reached."


def test_the_results_file_has_the_same() -> None:
    """As JSON, with the rows in full."""
    found = FACTS.as_dict([MISSED])
    assert found["machine"] == FACTS.machine
    assert found["rows"] == [MISSED.as_dict()]
