"""What is going on, for the person who waits: on standard error, so that the table can be piped.

Every trial is a line. What takes longer than two seconds shows dots until its line comes.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Final

from benchmarks.load import Result

DOT_S: Final = 2.0
_began = time.monotonic()
_dots = 0


def say(text: str) -> None:
    """One line, with the minutes and seconds since the begin."""
    global _dots
    end, _dots = "\n" if _dots else "", 0
    spent = int(time.monotonic() - _began)
    print(f"{end}{spent // 60:2}:{spent % 60:02} {text}", file=sys.stderr, flush=True)
    if signal.getsignal(signal.SIGALRM) is _dot:
        signal.setitimer(signal.ITIMER_REAL, DOT_S, DOT_S)


def show_dots() -> None:
    """From now on; a timer, since a thread would be in the way of forking."""
    signal.signal(signal.SIGALRM, _dot)


def _dot(*_: object) -> None:
    global _dots  # noqa: PLW0603
    _dots += 1
    # Not `print`: this may interrupt one.
    os.write(2, b"      ." if _dots == 1 else b".")


def told(subject: str, load: str, result: Result, *, held: bool) -> None:
    """One trial."""
    server, client = (100 * used / result.seconds for used in (result.server_cpu_s, result.load_cpu_s))
    lost = (
        f", {result.clients - result.connected} clients missing" if result.connected < result.clients else ""
    )
    say(
        f"    {subject}, {load}: {result.rate:,.0f} events/s, p99 {result.p99_ms:.0f} ms, "
        f"server {server:.0f} %, load {client:.0f} % of {100 * result.load_core:.0f} %, "
        f"neighbours {100 * result.neighbours:.0f} %{lost}: {'holds' if held else 'fails'}"
    )
