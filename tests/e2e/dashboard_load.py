"""The dashboard under load: 500 symbols at 10 updates a second, in Chromium.

`python -m tests.e2e.dashboard_load` takes five minutes and prints what it found as JSON; `--seconds 15` is a
short form, as the tests run it. It fills the store that `--redis` names, or an embedded Valkey of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from itertools import islice, product
from string import ascii_uppercase
from typing import Any

from playwright.async_api import CDPSession, Page, expect

from tapecast.bus.connection import open_bus
from tapecast.bus.embedded import embedded_valkey
from tests.api.support import beating
from tests.e2e.chromium import DESK, chromium
from tests.e2e.processes import serving
from tests.e2e.ticker import Ticker

SLICES = 20
"""Updates are spread over time, as a market's are."""
TRACED_S = 4.0
WARM_S = 8.0
"""Loading, compiling and the first drawing of all rows are not what is measured."""
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const { startTime, duration } of list.getEntries()) window.longTasks.push([startTime, duration]);
}).observe({ type: "longtask", buffered: true });
"""


@dataclass
class Found:
    """What one run cost."""

    symbols: int
    updates_per_second: float
    seconds: float
    # Tasks of more than 50 ms: after the start, and while the page was loaded.
    long_tasks: int
    longest_task_ms: float
    # The same without the time in which others had the CPU, of five looks of some seconds each.
    longest_task_cpu_ms: float
    long_tasks_at_start: int
    # Shares of one core.
    scripting: float
    layout: float
    all_tasks: float
    # After a collection, once the page has warmed up and at the end.
    heap_mb: list[float]
    rows_drawn: int
    # What came to the page, by its own count: the server holds prices back to the page's five a second.
    prices_here: str


def symbols(count: int) -> list[str]:
    """As many as that, none of which exists."""
    return ["Q" + "".join(letters) for letters in islice(product(ascii_uppercase, repeat=3), count)]


async def market(tickers: Sequence[Ticker], rate: float) -> int:
    """Publish every symbol's next update so many times a second, until it is cancelled."""
    loop = asyncio.get_running_loop()
    start, count = loop.time(), 0
    while True:
        await tickers[count % SLICES].publish()
        count += 1
        await asyncio.sleep(start + count / (rate * SLICES) - loop.time())


def dearest_ms(trace: bytes) -> float:
    """The CPU time of the page's dearest task in a trace."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [e for e in events if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in mains]
    return max((event.get("tdur", 0) / 1000 for event in tasks), default=math.nan)


async def metrics(session: CDPSession) -> dict[str, float]:
    """Chromium's own sums, in seconds and bytes, after a collection."""
    await session.send("HeapProfiler.collectGarbage")
    told = await session.send("Performance.getMetrics")
    return {each["name"]: each["value"] for each in told["metrics"]}


async def measure(page: Page, base: str, names: Sequence[str], rate: float, seconds: float) -> Found:
    """Look at a page for so long."""
    await page.add_init_script(LONG_TASKS)
    await page.add_init_script(f"localStorage.setItem('tapecast.symbols', {json.dumps(json.dumps(names))})")
    session = await page.context.new_cdp_session(page)
    await session.send("Performance.enable")
    await session.send("HeapProfiler.enable")
    await page.goto(base)
    await expect(page.get_by_test_id("badge")).to_have_text("LIVE", timeout=30_000)
    await asyncio.sleep(WARM_S)
    before, from_ms = await metrics(session), await page.evaluate("performance.now()")
    heaps = [before["JSHeapUsedSize"]]
    browser = page.context.browser
    assert browser is not None
    costs: list[float] = []
    for _ in range(5):
        await asyncio.sleep(max(0.0, seconds / 5 - TRACED_S))
        await browser.start_tracing(page=page, categories=["toplevel"])
        await asyncio.sleep(min(seconds / 5, TRACED_S))
        costs.append(dearest_ms(await browser.stop_tracing()))
        after = await metrics(session)
        heaps.append(after["JSHeapUsedSize"])
    await expect(page.get_by_test_id("badge")).to_have_text("LIVE")
    tasks: list[list[float]] = await page.evaluate("window.longTasks")
    later = [duration for start, duration in tasks if start >= from_ms]
    took = after["Timestamp"] - before["Timestamp"]
    share = {name: round((after[name] - before[name]) / took, 3) for name in before if "Duration" in name}
    return Found(
        symbols=len(names),
        updates_per_second=rate,
        seconds=round(took, 1),
        long_tasks=len(later),
        longest_task_ms=max(later, default=0.0),
        longest_task_cpu_ms=max(costs),
        long_tasks_at_start=len(tasks) - len(later),
        scripting=share["ScriptDuration"],
        layout=round(share["LayoutDuration"] + share["RecalcStyleDuration"], 3),
        all_tasks=share["TaskDuration"],
        heap_mb=[round(heap / 1e6, 2) for heap in heaps],
        rows_drawn=await page.locator("tr[data-symbol]").count(),
        prices_here=await page.locator("dt:text-is('Prices here') + dd").inner_text(),
    )


@contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """What is started in the block has these cores, where the system can say so."""
    if not (cores and hasattr(os, "sched_setaffinity")):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores() -> tuple[set[int], set[int]]:
    """One for the browser and the others for what it looks at: a page's tasks are to be its own."""
    found = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (set(found[-1:]), set(found[:-1])) if len(found) > 1 else (set(), set())


async def run(redis: str, *, count: int, rate: float, seconds: float) -> Found:
    """An api on this store, a market of its own, and a page."""
    names = symbols(count)
    its, ours = cores()
    async with AsyncExitStack() as stack:
        with on(its):
            browser = await stack.enter_async_context(chromium())
        stack.enter_context(on(ours))
        bus = await stack.enter_async_context(open_bus(redis))
        await stack.enter_async_context(beating(bus))
        tickers = [Ticker(bus, names[each::SLICES]) for each in range(SLICES)]
        for ticker in tickers:
            await ticker.publish()
        api = await stack.enter_async_context(serving("api", env={"REDIS_URL": redis}))
        trading = asyncio.create_task(market(tickers, rate))
        try:
            return await measure(await browser.new_page(viewport=DESK), api.base, names, rate, seconds)
        finally:
            trading.cancel()


async def main(arguments: argparse.Namespace) -> None:
    """The command."""
    async with AsyncExitStack() as stack:
        with on(cores()[1]):
            redis = arguments.redis or (await stack.enter_async_context(embedded_valkey())).url
        found = await run(redis, count=arguments.symbols, rate=arguments.rate, seconds=arguments.seconds)
    print(json.dumps(asdict(found), indent=1))  # noqa: T201
    good: dict[str, Any] = {
        "no task of more than 50 ms of CPU": found.longest_task_cpu_ms < 50,
        "scripting under 30 %": found.scripting < 0.3,
        "memory flat": found.heap_mb[-1] < 1.1 * found.heap_mb[0] + 1,
    }
    print("\n".join(f"{'yes' if is_so else 'NO '}  {name}" for name, is_so in good.items()))  # noqa: T201
    sys.exit(0 if all(good.values()) else 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--symbols", type=int, default=500)
    parser.add_argument("--rate", type=float, default=10, help="updates a second of each symbol")
    parser.add_argument("--redis", help="URL of a store that may be filled with this market")
    asyncio.run(main(parser.parse_args()))
