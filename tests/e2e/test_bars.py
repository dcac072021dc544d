"""Candles of the whole pipe: those of the raw trades, whoever joins when, and whatever is lost on the way."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tapecast.api import bars as book
from tapecast.bars import Interval
from tapecast.bus.bars import decode_bar, read_bars
from tapecast.bus.cache import read_last_ticks
from tapecast.bus.connection import open_bus
from tapecast.ingest.bars import wanted
from tapecast.market import Market, Trade, parse_rfc3339
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.venue import Simulator
from tests.e2e.candles import Chart
from tests.e2e.pipe import pipe
from tests.e2e.processes import serving, streaming
from tests.ingest.bars.raw import Figures, bars_of
from tests.support import PATIENCE_S, eventually
from tests.tapes import trade, written

pytestmark = pytest.mark.e2e

RECORDED = Path(__file__).parents[3] / "shared" / "data" / "btcusd_2021-01-08.jsonl"
S = 10**9
VOLUME = 50_000


def trades_on(path: Path) -> list[Trade]:
    """The raw trades of a tape."""
    messages = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return [
        Trade(m["S"], m["p"], m["s"], parse_rfc3339(m["t"]), 1, m.get("i", 0))
        for m in messages
        if m["T"] == "t"
    ]


def expected(trades: Iterable[Trade], interval: Interval) -> dict[str, Figures]:
    """Their bars, with the volume as it is shown."""
    return {
        start: (*bar[:4], round(bar[4] or 0.0, 9), bar[5]) for start, bar in bars_of(trades, interval).items()
    }


def recorded(tmp_path: Path) -> Path:
    """The recorded tape, or one that is made up: two minutes of trades, some of them late."""
    if RECORDED.is_file():
        return RECORDED
    chance, start, lines = random.Random(1), parse_rfc3339("2021-01-08T15:00:00Z"), []
    for number in range(1, 2000):
        ns = start + number * 60_000_000 - chance.choice([0, 0, 0, 500_000_000])
        price, size = chance.randrange(39000, 41000) / 100, chance.randrange(1, 10**6) / 10**9
        at = f"2021-01-08T15:{(ns - start) // S // 60:02d}:{(ns - start) // S % 60:02d}.{ns % S:09d}Z"
        line = {"T": "t", "S": "BTC/USD", "p": price, "s": size, "t": at, "i": number, "tks": "B"}
        lines.append(json.dumps(line) + "\n")
    path = tmp_path / "tape.jsonl"
    path.write_text("".join(lines), "utf-8")
    return path


async def test_candles_equal_the_tapes(valkey_url: str, tmp_path: Path) -> None:
    """At thirty times, at three lengths; who joins in the middle ends with the same."""
    tape, chance = recorded(tmp_path), random.Random(7)
    trades = trades_on(tape)
    config = SimulatorConfig(tape=tape, speed=30.0)
    lengths = [Interval.SECOND, Interval.FIVE_SECONDS, Interval.MINUTE]
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(pipe(valkey_url, config))
        charts: list[tuple[Interval, Chart]] = []

        async def join(interval: Interval) -> Chart:
            url = f"{running.base}/stream/bars"
            stream = streaming(url, symbols="BTC/USD", interval=interval, limit="1500")
            chart = Chart(await stack.enter_async_context(stream))
            charts.append((interval, chart))
            return chart

        first, all_seconds = await join(Interval.SECOND), len(expected(trades, Interval.SECOND))
        for interval in (*lengths[1:], *lengths):
            # A busy machine may have come to the tape's end by then.
            count = min(len(first.figures("BTC/USD")) + chance.randrange(1, 8), all_seconds)
            await eventually(lambda count=count: len(first.figures("BTC/USD")) >= count)  # type: ignore[misc]
            await join(interval)
        for interval, chart in charts:
            bars = expected(trades, interval)
            await eventually(
                lambda chart=chart, bars=bars: chart.figures("BTC/USD") == bars,  # type: ignore[misc]
                f"{interval}: the tape's candles",
            )
            assert not chart.faults


class Made:
    """Trades made at the venue, and what they should come to."""

    def __init__(self, venue: Simulator, symbol: str) -> None:
        self.venue = venue
        self.symbol = symbol
        # Its market has a first trade of its own, which is of now.
        venue.market.image(symbol, time.time_ns())
        self.trades: dict[int, Trade] = {}

    def trade(self, price: float, size: float, ns: int) -> int:
        """One more."""
        number = self.venue.trade(self.symbol, price, size, ns=ns)
        self.trades[number] = Trade(self.symbol, price, size, ns, 1, number)
        return number

    def correct(self, number: int, price: float) -> None:
        """It was another price."""
        self.venue.correct(self.symbol, number, price)
        self.trades[number] = msgspec.structs.replace(self.trades[number], price=price)

    def cancel(self, number: int) -> None:
        """It never was."""
        self.venue.cancel(self.symbol, number)
        del self.trades[number]

    def bars(self, interval: Interval) -> dict[str, Figures]:
        """What is left of it as bars."""
        return expected(self.trades.values(), interval)


async def test_late_corrected_and_cancelled_trades(valkey_url: str) -> None:
    """Each in the bar where it belongs, and a bar that never was is gone."""
    async with (
        pipe(valkey_url, SimulatorConfig(still=True)) as running,
        streaming(f"{running.base}/stream/bars", symbols="AAPL", interval="1s") as stream,
        streaming(f"{running.base}/stream/bars", symbols="AAPL", interval="5s") as longer,
    ):
        charts = {Interval.SECOND: Chart(stream), Interval.FIVE_SECONDS: Chart(longer)}
        await eventually(
            lambda: (running.worker.status().active_symbols, stream.named("bars"))[0] == ["AAPL"]
        )
        made, chance = Made(running.venue, "AAPL"), random.Random(3)
        now = time.time_ns() // S * S - 100 * S
        for step in range(60):
            ns = now + step * S // 2 - chance.choice([0, 0, 0, 3 * S])
            number = made.trade(chance.randrange(26000, 27000) / 100, chance.choice([1, 100, 0.5]), ns)
            if step % 7 == 3:
                made.correct(number, 250.0 + step)
            elif step % 11 == 5:
                made.cancel(number)
        only = made.trade(300.0, 1.0, now + 50 * S)
        await eventually(
            lambda: len(charts[Interval.SECOND].figures("AAPL")) == len(made.bars(Interval.SECOND))
        )
        made.cancel(only)
        for interval, chart in charts.items():
            await eventually(
                lambda chart=chart, interval=interval: chart.figures("AAPL") == made.bars(interval),  # type: ignore[misc]
                f"{interval}: {made.bars(interval)}",
            )
            assert not chart.faults


async def test_an_outage_is_filled_where_the_venue_can_tell(valkey_url: str) -> None:
    """Trades of the time without a connection come by REST, as minutes; seconds say what they may lack."""
    async with (
        pipe(valkey_url, SimulatorConfig(still=True)) as running,
        streaming(f"{running.base}/stream/bars", symbols="AAPL", interval="1m") as stream,
        streaming(f"{running.base}/stream/bars", symbols="AAPL", interval="5m") as longer,
        streaming(f"{running.base}/stream/bars", symbols="AAPL", interval="1s") as seconds,
    ):
        minutes, fives, fine = Chart(stream), Chart(longer), Chart(seconds)
        await eventually(lambda: running.worker.status().active_symbols == ["AAPL"])
        made = Made(running.venue, "AAPL")
        # Five whole minutes, all over.
        now = time.time_ns() // (300 * S) * (300 * S) - 300 * S
        made.trade(270.0, 100, now + 10 * S)
        made.trade(271.0, 100, now + 70 * S)
        await eventually(lambda: len(fine.figures("AAPL")) == 2)
        running.venue.freeze()
        running.venue.drop_sessions()
        made.trade(290.0, 500, now + 80 * S)
        made.trade(280.0, 300, now + 130 * S)
        running.venue.thaw()
        await eventually(lambda: running.worker.status().reconnects >= 1)
        await eventually(lambda: running.worker.status().active_symbols == ["AAPL"])
        made.trade(272.0, 100, now + 298 * S)
        for chart, interval in ((minutes, Interval.MINUTE), (fives, Interval.FIVE_MINUTES)):
            await eventually(
                lambda chart=chart, interval=interval: (
                    made.bars(interval).items()  # type: ignore[misc]
                    <= chart.figures("AAPL").items()
                ),
                lambda chart=chart, interval=interval: (  # type: ignore[misc]
                    f"{interval}: {made.bars(interval)}, not {chart.figures('AAPL')}"
                ),
            )
            await eventually(
                lambda chart=chart, interval=interval: (
                    not made.bars(interval).keys() & chart.flagged("AAPL", "partial")  # type: ignore[misc]
                ),
                f"{interval}: whole",
            )
            assert not chart.faults
        # Nobody tells of seconds.
        await eventually(lambda: len(fine.figures("AAPL")) == 3, "the last trade's second")
        async with httpx.AsyncClient(base_url=running.base, timeout=PATIENCE_S) as client:
            asked = {"symbols": "AAPL", "interval": "1m", "limit": "1500"}
            answer = await client.get("/bars", params=asked)
        (bars,) = answer.json()["bars"]
        assert {bar["start"] for bar in bars["bars"]} >= made.bars(Interval.MINUTE).keys()
        assert bars["history"] == "venue"


async def test_bars_and_prices_side_by_side(valkey_url: str) -> None:
    """A stream of bars has the symbol's states and no tick; bad requests have their words."""
    async with (
        pipe(valkey_url) as running,
        httpx.AsyncClient(base_url=running.base, timeout=PATIENCE_S) as client,
    ):
        async with streaming(f"{running.base}/stream/bars", symbols="AAPL,???", interval="1s") as stream:
            await eventually(lambda: stream.state("AAPL") == "live")
            await eventually(lambda: len([e for e in stream.named("bar") if e.get("closed")]) >= 2)
            assert not stream.ticks("AAPL")
            assert stream.state("???") == "refused"
        answers: dict[str, Any] = {
            query: (await client.get(f"/bars{query}")).json()["error"]["code"]
            for query in ("", "?symbols=AAPL&interval=1d", "?symbols=AAPL&limit=x")
        }
        assert list(answers.values()) == ["symbols_missing", "interval_invalid", "limit_invalid"]


async def test_a_recording_has_bars_of_its_own(valkey_url: str, tmp_path: Path) -> None:
    """Played as the feed itself: no venue tells minutes, and none is asked."""
    lines = [trade("AAPL", at, 100 + at, id=at + 1) for at in (0, 1, 2, 3, 65, 66)]
    tape = written(tmp_path, *lines)
    env = {"FEED": f"replay:{tape}", "REPLAY_SPEED": "20", "REDIS_URL": valkey_url}
    async with (
        serving("up", env=env) as up,
        streaming(f"{up.base}/stream/bars", symbols="AAPL", interval="1s") as stream,
        streaming(f"{up.base}/stream/bars", symbols="AAPL", interval="1m") as minutes,
    ):
        fine, coarse = Chart(stream), Chart(minutes)
        trades = trades_on(tape)
        for chart, interval in ((fine, Interval.SECOND), (coarse, Interval.MINUTE)):
            await eventually(
                lambda chart=chart, interval=interval: chart.figures("AAPL") == expected(trades, interval),  # type: ignore[misc]
                f"{interval}: {expected(trades, interval)}",
            )
            assert not chart.faults
        assert {data["history"] for data in stream.named("bars")} == {"own"}


async def test_a_market_that_is_closed_shows_its_last_bars(valkey_url: str) -> None:
    """No trade comes that could close them: the venue's history is over all the same, and stays in Redis."""
    async with pipe(valkey_url, SimulatorConfig(still=True)) as running:
        made = Made(running.venue, "AAPL")
        now = time.time_ns() // (60 * S) * (60 * S)
        for minute in range(5, 20):
            made.trade(270.0 + minute / 10, 100, now - minute * 60 * S)
        async with httpx.AsyncClient(base_url=running.base) as client:

            async def is_whole() -> bool:
                asked = {"symbols": "AAPL", "interval": "1m", "limit": "1500"}
                found = (await client.get("/bars", params=asked)).json()["bars"]
                bars = found[0]["bars"] if found else []
                over = {bar["start"] for bar in bars if bar.get("closed") and not bar.get("partial")}
                return made.bars(Interval.MINUTE).keys() <= over

            await eventually(is_whole)


async def test_bars_that_nobody_followed_for_a_while(
    valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was forming is not told as fact: it lacks a trade that nobody heard."""
    monkeypatch.setattr(book, "HOLD_S", 0.1)
    monkeypatch.setattr(wanted, "GRACE_S", 0.1)
    async with (
        pipe(valkey_url, SimulatorConfig(still=True)) as running,
        httpx.AsyncClient(base_url=running.base, timeout=PATIENCE_S) as client,
        open_bus(valkey_url) as bus,
    ):
        made, counts = Made(running.venue, "AAPL"), running.worker.owners[Market.US_EQUITY].bars.counts
        length = Interval.FIVE_SECONDS
        asked = {"symbols": "AAPL", "interval": length}

        async def form() -> tuple[int, str]:
            """A bar that is forming and whole, and is not over soon."""
            async with streaming(f"{running.base}/stream/bars", **asked) as stream:
                chart = Chart(stream)
                await eventually(lambda: running.worker.status().active_symbols == ["AAPL"])
                await eventually(lambda: "partial" not in (stream.named("bars") or [{"partial": True}])[-1])
                # As far ahead as a venue's clock may be: it is not over before it is left.
                ns = length.start(time.time_ns() + 9 * S)
                start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ns // S))
                made.trade(270.0, 100, ns)
                await eventually(lambda: start in chart.figures("AAPL"))
                assert start not in chart.flagged("AAPL", "partial")
                return ns, start

        async def is_unheard() -> bool:
            return [tick.price for tick in await read_last_ticks(bus, ["AAPL"])] == [271.0]

        async def is_left() -> bool:
            """Nobody follows it, and the cache says so."""
            told = (await read_bars(bus, "AAPL", length)).last
            return not counts.symbols and told is not None and not told.whole

        async def left_forming() -> str:
            """The start of a bar that was forming as its following ended, and lacks a trade."""
            while True:
                ns, start = await form()
                await eventually(is_left, "it is followed no more")
                stored = [decode_bar(bytes(bar)) for bar in (await read_bars(bus, "AAPL", length)).bars]
                if not any(bar.closed for bar in stored if bar.start == start):
                    made.trade(271.0, VOLUME, ns + 1)
                    await eventually(is_unheard)
                    return start

        def is_fact(bars: dict[str, Any], start: str) -> bool:
            (bar,) = [bar for bar in bars["bars"] if bar["start"] == start]
            return not bar.get("partial")

        start = await left_forming()
        (bars,) = (await client.get("/bars", params=asked)).json()["bars"]
        assert not is_fact(bars, start), bars
        await eventually(is_left, "it is followed no more")
        start = await left_forming()
        async with streaming(f"{running.base}/stream/bars", **asked) as stream:
            await eventually(lambda: stream.named("bars"))
            assert not is_fact(stream.named("bars")[0], start), stream.named("bars")
