"""The chart of the dashboard, in figures: the candles that it has are those of the raw trades."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tapecast.bars import Interval
from tapecast.market import parse_rfc3339
from tapecast.simulator.config import SimulatorConfig
from tests.e2e.candles import Chart
from tests.e2e.dashboard_screen import MARKS, Screen, screen
from tests.e2e.pipe import pipe
from tests.e2e.processes import streaming
from tests.e2e.test_bars import expected, trades_on
from tests.ingest.bars.raw import Figures
from tests.support import eventually
from tests.tapes import quote, trade, written

pytestmark = MARKS
SYMBOL = "BTC/USD"
LENGTHS = (Interval.SECOND, Interval.FIVE_SECONDS, Interval.MINUTE)


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Three quarters of a minute: several trades a second, a pause, prices of many digits."""
    moments = [at / 4 for at in range(180) if not 60 < at < 70]
    lines = [
        trade(
            SYMBOL,
            at,
            round(39_000 + 17.31 * (number * 7 % 23) - at / 3, 2),
            s=round(0.0123 + at / 1e4, 9),
            i=number + 1,
        )
        for number, at in enumerate(moments)
    ]
    return written(tmp_path, *lines, quote(SYMBOL, 45, 38_999.5, 39_000.5))


def read(shown: dict[str, list[str]]) -> dict[int, tuple[float, ...]]:
    """What a table says: open, high, low, close and volume by start in nanoseconds."""
    return {
        parse_rfc3339(start): tuple(float(figure or "nan") for figure in figures[:5])
        for start, figures in shown.items()
    }


def of_the_tape(bars: dict[str, Figures]) -> dict[int, tuple[float | None, ...]]:
    """The same of the raw trades."""
    return {parse_rfc3339(start): figures[:5] for start, figures in bars.items()}


async def test_the_charts_candles_equal_the_tapes(valkey_url: str, tape: Path) -> None:
    """All of them, at three lengths, of a page that came while it played; a line has their closes."""
    trades = trades_on(tape)
    wanted = {interval: of_the_tape(expected(trades, interval)) for interval in LENGTHS}
    config = SimulatorConfig(tape=tape, speed=8.0)
    async with pipe(valkey_url, config, PUBLIC="positions") as running, screen() as seen:
        bars = f"{running.base}/stream/bars"
        # Bars begin when somebody first asks for them, and the tape when anybody does.
        async with streaming(bars, symbols=SYMBOL, interval="1s") as stream:
            first = Chart(stream)
            await eventually(lambda: first.figures(SYMBOL), "the tape plays")
            await seen.open(running.base, SYMBOL, interval="1s")
            for interval in LENGTHS:
                await seen.page.get_by_role("button", name=interval, exact=True).click()
                await _has(seen, wanted[interval])
            assert len(wanted[Interval.SECOND]) > 40
            await seen.page.get_by_role("button", name="Line", exact=True).click()
            closes = {start: figures[3] for start, figures in wanted[Interval.MINUTE].items()}

            async def has_closes() -> bool:
                lines = read(await seen.bars())
                return {start: figures[3] for start, figures in lines.items()} == closes

            await eventually(has_closes, f"{closes}")


async def _has(seen: Screen, bars: dict[int, tuple[float | None, ...]]) -> None:
    shown: dict[int, tuple[float, ...]] = {}

    async def same() -> bool:
        nonlocal shown
        shown = read(await seen.bars())
        return shown == bars

    await eventually(same, f"{bars}")


def test_the_table_is_read_as_it_is_written() -> None:
    """Its moments are those of the wire, whatever the time zone of who looks."""
    start = datetime.fromisoformat("2021-01-08T15:00:05.000Z")
    shown = {"2021-01-08T15:00:05.000Z": ["1", "2", "0.5", "1.5", "7", ""]}
    assert read(shown) == {int(start.timestamp()) * 10**9: (1, 2, 0.5, 1.5, 7)}
