"""Write `docs/faults.md` from the cases that the tests assert: `make fault-table`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.e2e.faults import CASES, Case
from tests.e2e.prints import PRINTS, PrintCase

PAGE: Final = Path(__file__).parents[2] / "docs" / "faults.md"

_HEAD: Final = """\
# What happens when the venue fails

Made from the cases of `tests/e2e/faults.py` and `prints.py`, each of which is one end-to-end test; `make
fault-table` writes this page.

## Faults

A page listens to AAPL, MSFT and BTC/USD, and the fault strikes the stock stream alone: in every
case BTC/USD goes on, no stream ends, and no older price follows a newer one.

"feed" and "symbol" are the events that the page gets from the fault on (of the stock feed, and of AAPL):
where there is nothing, it notices nothing. "status" is what `/stream/status` says of the stock feed
meanwhile. "Dials" counts the venue's connections from the start to the end of the case.

| the venue … | feed | symbol | status | dials |
| --- | --- | --- | --- | --- |
"""

_PRINTS: Final = """
## Prints and quotes that are more than they seem

AAPL stands still after a trade at 100. "Ticks" is what the page gets for what the venue sends: where there is
nothing, it gets none, and the price stands. The stream is dialled once in every case, the feed stays `live`.

| the venue … | ticks |
| --- | --- |
"""

_END: Final = """
## More

| what | test |
| --- | --- |
| a plan of three symbols with five asked for, room that appears, a reconnect | `tests/e2e/test_caps.py` |
| a frozen venue, in seconds, with the waits of production | `tests/e2e/test_frozen.py` |
| one silent symbol among thirty | `tests/e2e/test_silent_symbol.py` |
| a symbol whose only trade is cancelled | `tests/e2e/test_cancelled.py` |
| bad messages between good ones, seeds older than the stream | `tests/e2e/test_prints.py` |
| a recorded tape at fifty times its speed | `tests/e2e/test_tape.py` |
| random faults and amendments for one minute and for ten, every event looked at | `tests/e2e/test_drill.py` |
"""


def render() -> str:
    """The whole page."""
    rows = "".join(_row(case) for case in CASES)
    return _HEAD + rows + _PRINTS + "".join(_print(case) for case in PRINTS) + _END


def _row(case: Case) -> str:
    others = [f"`{name}`: {_shown(value)}" for name, value in case.fields.items()]
    status = "; ".join([case.status, *others])
    dials = " or ".join(map(str, case.dials)) + ("" if case.ends != "failed" else ", and never again")
    return f"| {case.title} | {_steps(case.feed)} | {_steps(case.symbol)} | {status} | {dials} |\n"


def _print(case: PrintCase) -> str:
    return f"| {case.title} | {' → '.join(map(_tick, case.sees))} |\n"


def _tick(fields: dict[str, object]) -> str:
    return ", ".join(f"{name} {_word(value)}" for name, value in fields.items() if value is not None)


def _word(value: object) -> str:
    return "yes" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def _steps(events: tuple[str, ...]) -> str:
    return " → ".join(events)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
