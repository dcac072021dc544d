"""Takes the pictures of docs/images anew: `python -m tests.e2e.dashboard_pictures`, in two minutes.

All at the same moment of the same simulated market: dark and light on a desk, and a phone.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, Page, expect

from tests.e2e.chromium import DESK, PHONE, chromium
from tests.e2e.processes import serving

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LOOKED_S = 100.0
"""Until sparklines and candles have a shape."""


async def opened(
    browser: Browser, base: str, scheme: Literal["dark", "light"], *, phone: bool = False
) -> Page:
    """A page that is live."""
    size = PHONE if phone else DESK
    context = await browser.new_context(viewport=size, color_scheme=scheme, is_mobile=phone, has_touch=phone)
    page = await context.new_page()
    await page.goto(base)
    await expect(page.get_by_test_id("badge")).to_have_text("LIVE", timeout=30_000)
    return page


async def main() -> None:
    """The command."""
    IMAGES.mkdir(exist_ok=True)
    async with serving("up") as up, chromium() as browser:
        pages = {
            "dashboard-dark": await opened(browser, up.base, "dark"),
            "dashboard-light": await opened(browser, up.base, "light"),
            "dashboard-phone": await opened(browser, up.base, "dark", phone=True),
        }
        await asyncio.sleep(LOOKED_S)
        for name, page in pages.items():
            await page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
