"""`python -m benchmarks`: measure, print one table, and keep the figures."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import machine, report, suite, table
from benchmarks.config import FULL_S, QUICK_S, Config
from benchmarks.progress import say, show_dots
from benchmarks.row import Row

RESULTS = Path(__file__).parent / "results" / "latest.json"
EXAMPLES = """examples:
  python -m benchmarks --list                     which rows there are
  python -m benchmarks --quick                    all, roughly, in four minutes
  python -m benchmarks --only memory --only storm two of them, in full
  python -m benchmarks --write-docs               all, and docs/performance.md with its picture
  make bench ARGS="--quick"                       the same, with all that it needs installed first

The table goes to standard output, progress to standard error, the figures to benchmarks/results/latest.json.
"""


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(words)
    if options.list:
        print(suite.listing())
        return
    if not sys.platform.startswith("linux"):
        raise SystemExit("the benchmarks need Linux: cores are pinned, and figures are read from /proc")
    # So that what was started is ended when we are told to end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # What servers say of themselves would stand between the lines of progress.
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    show_dots()
    rows = _measured(options)
    facts = report.Facts.now(quick=options.quick, only=options.only)
    print(f"{facts.machine}\n{facts.versions}\n{table.text(rows)}\n{table.verdict(rows)}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(facts.as_dict(rows), indent=1), encoding="utf-8")
    if options.write_docs:
        report.write(facts, rows)


def _measured(options: argparse.Namespace) -> list[Row]:
    files = machine.raise_open_files()
    say(f"{machine.description()}; {files} open files; load {os.getloadavg()[0]:.1f}")
    for lack in machine.missing():
        say(f"missing: {lack}")
    rows = suite.run(Config.made(quick=options.quick, runs=options.runs), options.only)
    signal.setitimer(signal.ITIMER_REAL, 0)
    say("measured")
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="tapecast beside its peers and the limits of C, in one run on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"rough: at most {QUICK_S / 60:.0f} minutes, one run each"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ROW", choices=list(suite.PARTS),
        help="one of --list; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=_runs, default=3, help=f"of each; 3 take at most {FULL_S / 60:.0f} minutes"
    )
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md and its picture")
    parser.add_argument("--list", action="store_true", help="say which rows there are, and measure nothing")
    return parser


def _runs(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
