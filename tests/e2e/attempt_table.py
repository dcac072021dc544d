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
which an `EventSource` comes back. "Cut off" is the end of the connection. Times count from its start, in
steps of five seconds: "after 10 s" is 9 to 14, on a machine that has other things to do. All of them are made
at once, beside a client with every right whose prices go on in order; in the end no file and no socket is
left open, and the log holds neither a traceback nor a token. What is tried by chance, and not from a list:
[fuzzing.md](fuzzing.md).
"""

_TAIL: Final = """
## Thousands at once

5,000 connections that say nothing and 500 that send a byte a second, all at one process, beside a client with
one stream and a health check ten times a second: `make drills ARGS="-k thousands"`, two runs on a machine
with two cores that both sides share, and a third beside other programs that took both cores, 2026-11-21.

| | while they were there | beside other programs |
| --- | --- | --- |
| the last of them was gone after | 10.0 s | 10.0 s |
| the stream's ticks, p50 | 1.1 and 1.4 ms | 1.2 ms |
| the stream's ticks, p99 | 7.9 and 20 ms | 49 ms |
| the slowest health check | 98 and 120 ms | 416 ms |

Some two thousand (2,048) may wait for a request at a time. One more, and the oldest is pushed out: so most
of those thousands went long before their ten seconds. Honest connections that are kept alive between two
requests wait there with them and are pushed out likewise, upon which a browser or a proxy dials anew. Streams
are not. With 300 and 50 of them every test run asserts a p99 below 250 ms, a median below three times that of
a calm while and 20 ms, every health check within a second, and that all of them are gone in time.
"""


def render() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group, cases in groupby(CASES, key=lambda case: case.group):
        parts.append(f"\n## {group}\n\n| attempt | answer |\n| --- | --- |\n")
        parts += [f"| {case.title} | {case.answer} |\n" for case in cases]
    return "".join([*parts, _TAIL])


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
