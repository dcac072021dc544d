"""The command: options to a plan, a word before another machine is loaded, figures and an exit code.

Apart from the options everything is imported when it is run: servers start without it.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from tapecast import exits
from tapecast.bench.plan import MOST_RAMP, MOST_SECONDS, MOST_STREAMS, Plan, symbols_of
from tapecast.bench.target import target_of
from tapecast.console import told
from tapecast.errors import SettingsError


@click.command()
@click.argument("url")
@click.option("--symbols", default="AAPL,BTC/USD", show_default=True, help="Comma-separated.")
@click.option(
    "--streams",
    type=click.IntRange(1, MOST_STREAMS),
    default=100,
    show_default=True,
    help="How many to open.",
)
@click.option(
    "--seconds", type=click.FloatRange(1, MOST_SECONDS), default=20.0, show_default=True, help="To measure."
)
@click.option(
    "--ramp", type=click.FloatRange(1, MOST_RAMP), default=200.0, show_default=True, help="Opened a second."
)
@click.option(
    "--interval", "interval_ms", type=click.IntRange(0, 60_000), help="Least ms between prices of a stream."
)
@click.option("--ticket", envvar="TAPECAST_TICKET", help="Where one is needed; better as TAPECAST_TICKET.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@click.option("--yes", is_flag=True, help="Do not ask before another machine is loaded.")
def bench(url: str, *, symbols: str, as_json: bool, yes: bool, **options: Any) -> None:
    """Load one's OWN deployment with streams; measure latency, gaps, and what is refused.

    It opens no more than 2,000 streams for no longer than 300 seconds. What the figures mean is in
    docs/bench.md.

    \b
    Examples:
      tapecast bench http://localhost:8000
      tapecast bench http://localhost:8000 --symbols AAPL,BTC/USD --streams 200 --seconds 20
      tapecast bench https://prices.example.com --streams 50 --yes --json

    \b
    Exit codes:
      0    nothing was lost or refused
      1    something was, or there were no prices: the verdict says what
      2    wrong options, address or symbols; another machine without --yes
      3    no stream: nobody answers, or not now, or what answers is no tapecast
      4    not allowed: no ticket, or not one for this
      130  Ctrl-C before the first stream
    """
    with told():
        plan = Plan(target_of(url), symbols_of(symbols), **options)
        if not (plan.target.is_this_machine() or yes or _agreed(plan)):
            raise SettingsError(f"this {plan.words()}: if that is your own deployment, say so with --yes")
        sys.exit(_run(plan, as_json=as_json))


def _run(plan: Plan, *, as_json: bool) -> int:
    from tapecast.bench.answers import Unreachable  # noqa: PLC0415 - see above
    from tapecast.bench.report import as_text, to_json  # noqa: PLC0415
    from tapecast.bench.run import bench as measure  # noqa: PLC0415
    from tapecast.bench.verdict import judge  # noqa: PLC0415

    # What is no result goes to standard error.
    say = partial(click.echo, err=True)
    try:
        result = measure(plan, say, is_terminal=sys.stderr.isatty())
    except Unreachable as error:
        say(f"tapecast: {error}")
        return error.exit_code
    if result is None:
        return exits.INTERRUPTED
    verdict = judge(result)
    click.echo(to_json(result, verdict) if as_json else as_text(result, verdict))
    return exits.DONE if verdict.is_well else exits.AMISS


def _agreed(plan: Plan) -> bool:
    if not _is_terminal():
        return False
    return click.confirm(f"This {plan.words()}. Is that your own deployment?", err=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
