"""Write the table of outages in `docs/reliability.md` from three runs of each: `make outage-table`.

It stands between two marks in the page. What is outside of them is left as it is.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from statistics import median
from typing import Final

from tests.e2e.outage import Run, run_all
from tests.e2e.outage_case import Case
from tests.e2e.outages import CASES, CROWD

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN: Final = "<!-- outages: begin -->\n"
END: Final = "<!-- outages: end -->\n"
ROUNDS: Final = 3

_HEAD: Final = f"""\
A page listens to two stocks and BTC/USD. "Feed" and "symbol" are the events that it gets, of the stock feed
and of its first symbol: where there is nothing, it notices nothing. "Live again" counts from the moment at
which the outage is over (Redis is started, the network passes again), or from its strike where it is over at
once, until every symbol is live with a trade of after that moment; up to half a second of it is the market's,
which does not trade all the time. "No price" is the longest time without any price, the outage included.
"Lost" counts symbols whose newest price did not come, "wrong" prices older than the one before, or shown as
live though their trade was more than eight seconds ago, in all {ROUNDS} runs of each together.

| outage | feed | symbol | live again, s (median, worst) | no price, s (worst) | lost | wrong |
| --- | --- | --- | --- | --- | --- | --- |
"""


def render(rounds: list[list[Run]]) -> str:
    """The table and what it means."""
    runs = [run for each in rounds for run in each]
    return _HEAD + "".join(_row([run for run in runs if run.case is case]) for case in _ALL)


_ALL: Final[list[Case]] = [*CASES, CROWD]


def _row(runs: list[Run]) -> str:
    times = [run.recovered_s for run in runs]
    # The last run's: what may be left out differs from run to run.
    last = runs[-1]
    cells = [
        last.case.title,
        " → ".join(last.feed),
        " → ".join(last.symbol) if not last.ends else "the stream ends; " + " → ".join(last.symbol),
        f"{median(times):.1f}, {max(times):.1f}",
        f"{max(run.silence_s for run in runs):.1f}",
        str(sum(len(run.lost) for run in runs)),
        str(sum(len(run.violations) for run in runs)),
    ]
    return f"| {' | '.join(cells)} |\n"


def put(text: str, table: str) -> str:
    """The page with this table between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + table + "\n" + END + after


def main() -> None:
    """Run, and write; nothing is written of a run that failed."""
    rounds = []
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}, a minute and a quarter each ...", file=sys.stderr)  # noqa: T201
        rounds.append(asyncio.run(run_all(_ALL)))
    failed = [f"{run.case.title}: {run.failure}" for runs in rounds for run in runs if run.failure]
    if failed:
        sys.exit("\n".join(failed))
    PAGE.write_text(put(PAGE.read_text("utf-8"), render(rounds)), encoding="utf-8")


if __name__ == "__main__":
    main()
