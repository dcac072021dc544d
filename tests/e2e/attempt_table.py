"""Write `docs/attempts.md` from the attempts that the tests assert: `make attempt-table`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Final

from tests.e2e.attempts import CASES

PAGE: Final = Path(__file__).parents[2] / "docs" / "attempts.md"

_HEAD: Final = """\
# What is answered to whom should not get anything

Made from the attempts of `tests/e2e/attempts.py`, each of which is one end-to-end test, over a raw socket at
a real process; `make attempt-table` writes this page.

"200, the stream" is what a good request gets, and "200, `bye`" a stream of one event and a clean end, after
which an `EventSource` comes back. "Cut off" is the end of the connection, in seconds from its start, rounded
down to five. All of them are made at once, beside a client with every right whose prices go on in order; in
the end no file and no socket is left open, and the log holds neither a traceback nor a token.
"""


def render() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group, cases in groupby(CASES, key=lambda case: case.group):
        parts.append(f"\n## {group}\n\n| attempt | answer |\n| --- | --- |\n")
        parts += [f"| {case.title} | {case.answer} |\n" for case in cases]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
