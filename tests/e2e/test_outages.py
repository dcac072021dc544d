"""Each outage end to end: what a page sees, how soon it is live again, that nothing was wrong meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from tests.e2e.kernel import needs_proc
from tests.e2e.outage import Run, run_all
from tests.e2e.outage_case import Case, is_told
from tests.e2e.outage_table import BEGIN, END, PAGE
from tests.e2e.outages import CASES, CROWD

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400), needs_proc]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> dict[str, Run]:
    """Those that were asked for, side by side: one after the other they would wait for minutes."""
    chosen = {
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_outage.__name__
    }
    found = asyncio.run(run_all([case for case in (*CASES, CROWD) if case in chosen]))
    return {run.case.key: run for run in found}


@pytest.mark.parametrize("case", [*CASES, CROWD], ids=lambda case: case.key)
def test_outage(case: Case, runs: dict[str, Run]) -> None:
    """The page is told what is promised, all comes back by itself, nothing is lost, and nothing was wrong."""
    assert runs[case.key].wrongs == []


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (["a", "c"], True),
        (["a", "b", "c"], True),
        (["a", "b"], False),
        (["c", "a"], False),
        (["a", "c", "c"], False),
    ],
)
def test_steps_that_may_be_left_out(seen: list[str], told: bool) -> None:
    """The others must be there, in order, and no more."""
    assert is_told(seen, ("a", "b?", "c")) is told


def test_the_table_in_the_docs_has_every_case() -> None:
    """`make outage-table` writes it. Its figures differ from run to run, its rows do not."""
    table = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    titles = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    assert titles[2:] == [case.title for case in (*CASES, CROWD)]
