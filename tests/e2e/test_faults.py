"""Each fault of the venue, end to end: what a page sees, what the status says, how often is dialled."""

from __future__ import annotations

from inspect import isawaitable
from pathlib import Path
from typing import Any

import pytest

from tapecast.simulator.paths import STOCK_PATH
from tests.e2e.fault_table import PAGE, render
from tests.e2e.faults import CASES, Act, Case
from tests.e2e.pipe import Pipe, pipe
from tests.e2e.processes import Stream
from tests.support import eventually

pytestmark = pytest.mark.e2e

SYMBOLS = ("AAPL", "MSFT", "BTC/USD")


async def act(deed: Act, running: Pipe) -> None:
    """Do something to the venue."""
    result = deed(running.venue)
    if isawaitable(result):
        await result


def said(event: dict[str, Any]) -> str:
    """State and reason in one."""
    return " ".join(filter(None, (event["state"], event.get("reason"))))


class View:
    """What a page has seen since a moment."""

    def __init__(self, stream: Stream, *, flaps: bool = False) -> None:
        self._stream = stream
        # Each step counts once, however often it comes.
        self._flaps = flaps
        self._feeds, self._symbols = len(stream.named("feed")), len(stream.named("symbol"))

    def feed(self) -> list[str]:
        """The `feed` events of the stock market."""
        found = [said(e) for e in self._stream.named("feed")[self._feeds :] if e["market"] == "us_equity"]
        # Before the first dial a page may or may not have heard that nothing is held yet.
        found = [each for each in found if each not in {"idle", "connecting no_ingest"}]
        return list(dict.fromkeys(found)) if self._flaps else _changes(found)

    def symbol(self, symbol: str) -> list[str]:
        """The states of one symbol; the reason of a state may change meanwhile."""
        events = [e for e in self._stream.named("symbol")[self._symbols :] if e["symbol"] == symbol]
        return _changes([event["state"] for event in events])


def _changes(words: list[str]) -> list[str]:
    return [word for word, before in zip(words, ["", *words], strict=False) if word != before]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
async def test_fault(case: Case, valkey_url: str) -> None:
    """The page sees what is promised, the crypto stream goes on, and in the end prices come again."""
    async with (
        pipe(
            valkey_url, case.config, limits=case.limits, prepare=case.strike if case.early else None
        ) as running,
        running.prices(*SYMBOLS) as stream,
    ):
        if not case.early:
            await eventually(lambda: all(stream.state(symbol) == "live" for symbol in SYMBOLS), "all live")
        else:
            await eventually(lambda: stream.state("BTC/USD") == "live", "crypto live")
        view = View(stream, flaps=case.flaps)
        if case.early:
            view._feeds = view._symbols = 0
        else:
            await act(case.strike, running)
        await meanwhile(case, running, view)
        if case.heal is not None:
            await act(case.heal, running)
        await over(case, running, stream, view)


async def meanwhile(case: Case, running: Pipe, view: View) -> None:
    """The fault shows on the page and in the status."""
    shown = [each for each in case.feed if each not in {"live", "connecting"}]
    if shown:
        await eventually(lambda: shown[-1] in view.feed(), lambda: f"{shown[-1]}, but {view.feed()}")
    if "stale" in case.symbol:
        await eventually(lambda: "stale" in view.symbol("AAPL"), "stale")
    status: dict[str, Any] = {}

    async def agrees() -> bool:
        status.update(await running.status())
        stocks = next(feed for feed in status["feeds"] if feed["market"] == "us_equity")
        fields = {name: status[name] for name in case.fields}
        return said(stocks) == case.status and fields == case.fields

    await eventually(agrees, lambda: f"{case.status} {case.fields}, but {status}")
    assert status["alpaca_connected"] is False, "simulated prices are never Alpaca's"


async def over(case: Case, running: Pipe, stream: Stream, view: View) -> None:
    """The end is as promised, and nothing was seen on the way that is not."""
    expected = list(case.feed)
    await eventually(lambda: view.feed() == expected, lambda: f"{expected}, but {view.feed()}")
    await eventually(
        lambda: view.symbol("AAPL") == list(case.symbol),
        lambda: f"{case.symbol}, but {view.symbol('AAPL')}",
    )
    for symbol in ("AAPL", "BTC/USD"):
        if symbol == "BTC/USD" or case.ends == "live":
            await stream.goes_on(symbol)
        order = [(tick["epoch"], tick["seq"]) for tick in stream.ticks(symbol)]
        assert order == sorted(set(order))
    assert stream.states("BTC/USD")[-1] == "live"
    assert "stale" not in stream.states("BTC/USD")
    assert running.venue.dials[STOCK_PATH] in case.dials
    assert not stream.ended


def test_the_page_in_the_docs_is_made_of_these() -> None:
    """`make fault-table` writes it."""
    assert Path(PAGE).read_text("utf-8") == render()
