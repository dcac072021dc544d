"""Takes the pictures of docs/watch.md anew: `python -m tests.e2e.watch_pictures`, in half a minute.

What the terminal is shown, drawn by rich as a window, at the widths that the page tells of.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Browser
from rich.console import Console

from tapecast.client import Stream, Tick, connect
from tapecast.clock import Clock
from tapecast.watch.screen import Screen
from tests.e2e.chromium import chromium
from tests.e2e.processes import serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SYMBOLS = ("AAPL", "MSFT", "NVDA", "TSLA", "BTC/USD", "ETH/USD")
LOOKED_S = 6.0
ROWS = 20
NARROW, WIDE = 80, 200


async def looked_at(stream: Stream, screen: Screen) -> None:
    """Until there is something to see."""
    try:
        async with asyncio.timeout(LOOKED_S):
            async for event in stream:
                if isinstance(event, Tick):
                    screen.meter.hear(event, stream)
    except TimeoutError:
        return


def drawn(screen: Screen, width: int) -> str:
    """The picture as SVG, in a window of this width."""
    with Path("/dev/null").open("w") as nowhere:
        console = Console(
            width=width, record=True, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        console.print(screen.picture(width, ROWS))
        return console.export_svg(title="tapecast watch")


async def photographed(browser: Browser, svg: str, width: int) -> None:
    """The SVG as PNG."""
    # A letter is eight pixels wide.
    page = await browser.new_page(viewport={"width": 8 * width, "height": 900})
    # Its font would be fetched from elsewhere.
    await page.context.set_offline(True)
    await page.set_content(f"<body style='margin:0'>{svg}</body>", wait_until="load")
    await page.locator("svg").screenshot(path=IMAGES / f"watch-{width}.png")
    await page.close()


async def main() -> None:
    """The command."""
    IMAGES.mkdir(exist_ok=True)
    async with serving("up") as up, chromium() as browser:
        async with connect(up.base, SYMBOLS, positions=True) as stream:
            screen = Screen(stream, "http://127.0.0.1:8000", Clock())
            await looked_at(stream, screen)
            pictures = {width: drawn(screen, width) for width in (NARROW, WIDE)}
        for width, svg in pictures.items():
            await photographed(browser, svg, width)


if __name__ == "__main__":
    asyncio.run(main())
