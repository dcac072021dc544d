"""Many windows of the dashboard in one browser, which has six connections to a server for all of them."""

from __future__ import annotations

from tests.e2e.dashboard_screen import MARKS, PATIENT_MS, Screen, screen
from tests.e2e.processes import serving
from tests.support import eventually

pytestmark = MARKS
WINDOWS, STREAMS = 6, 3


async def test_a_sixth_window_has_its_prices_and_its_chart() -> None:
    """Three stream their bars, the others ask for them and say so; one takes over when another closes."""
    async with serving("up") as up, screen() as first:
        seen = [first, *[Screen(await first.context.new_page()) for _ in range(WINDOWS - 1)]]
        for each in seen:
            await each.open(up.base, "AAPL")
            await each.is_current("AAPL")
            await eventually(each.bars, "its chart has bars")
        streaming = [each for each in seen if _streams(each)]
        asking = [each for each in seen if not _streams(each)]
        assert len(streaming) == STREAMS
        for each in asking:
            words = each.page.get_by_text("as three other windows have the streams")
            await words.wait_for(timeout=PATIENT_MS)
        await streaming[-1].page.close()
        await eventually(lambda: sum(map(_streams, asking)) == 1, "one of the others streams")


def _streams(seen: Screen) -> bool:
    return any("/stream/bars?" in url for url in seen.watched.asked)
