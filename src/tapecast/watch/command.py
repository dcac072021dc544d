"""The command line of `tapecast watch`: options, one line for each way to fail, and exit codes."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, Final

import click

from tapecast import exits
from tapecast.errors import TapecastError

_NAME: Final = "name symbols, as in: tapecast watch AAPL BTC/USD; or add --positions"


@click.command()
@click.argument("symbols", nargs=-1)
@click.option(
    "--url", envvar="TAPECAST_URL", default="http://127.0.0.1:8000", show_default=True,
    help="Address of the server; else TAPECAST_URL.",
)  # fmt: skip
@click.option("--ticket", envvar="TAPECAST_TICKET", help="For a server with API_TOKEN; else TAPECAST_TICKET.")
@click.option("--positions", is_flag=True, help="Also the account: positions and totals.")
@click.option("--interval", type=click.IntRange(0, 60_000), help="Least milliseconds between two frames.")
@click.option("--json", "json", is_flag=True, help="A line of JSON for each event.")
@click.option("--once", is_flag=True, help="The first price of each symbol, and the account, then the end.")
def watch(symbols: tuple[str, ...], **options: Any) -> None:
    """Watch live prices in the terminal, or in a pipe as lines.

    TAPECAST_TOKEN may hold an API_TOKEN instead of a ticket; no option, since others can read a command line.
    An authority of your own for https is named by SSL_CERT_FILE.

    \b
    Examples:
      tapecast watch AAPL BTC/USD        or with commas: AAPL,BTC/USD
      tapecast watch AAPL --url https://prices.example.com
      tapecast watch --positions
      tapecast watch AAPL MSFT --once
      tapecast watch AAPL --json | jq 'select(.event == "tick" and .state == "live").price'

    \b
    Exit codes:
      0    done
      1    --once: a price or the account is missing, or not to be taken for the present one;
           or what is shown cannot be written
      2    wrong options, address or symbols
      3    no stream: nobody answers, or not now, or what answers is no tapecast
      4    not allowed: no ticket or token, or not one for this
      130  Ctrl-C
    """
    if not symbols and not options["positions"]:
        raise click.UsageError(_NAME)
    sys.exit(_run(symbols, options))


def _run(symbols: tuple[str, ...], options: dict[str, Any]) -> int:
    from rich.console import Console  # noqa: PLC0415 - no other command is to wait for these

    from tapecast.client.wants import symbols_of  # noqa: PLC0415
    from tapecast.watch import charset, session, words  # noqa: PLC0415

    names = symbols_of(symbols)
    if why := _nothing(names, has_more=options["positions"]):
        return _say(why, exits.WRONG)
    charset.fit(sys.stdout)
    token = os.environ.get("TAPECAST_TOKEN") or None
    # Whatever FORCE_COLOR says: a pipe has no cursor.
    console = Console(highlight=False, force_terminal=os.isatty(session.STDOUT))
    asked = session.Options(names, token=token, **options)
    try:
        return exits.DONE if asyncio.run(session.watch(asked, console)) else exits.AMISS
    except TapecastError as error:
        return _say(words.of(error, asked), _code(error))
    except KeyboardInterrupt:
        return _say("interrupted", exits.INTERRUPTED)
    except session.Terminated:
        return exits.TERMINATED
    except OSError as error:
        return _unwritten(error)


def _nothing(names: tuple[str, ...], *, has_more: bool) -> str | None:
    if not names and not has_more:
        # An empty $SYMBOL, most of the time.
        return f"the symbols are empty: {_NAME}"
    return None if all(map(str.isprintable, names)) else "a symbol has characters that cannot be printed"


def _unwritten(error: OSError) -> int:
    """A pipe that nobody reads any more, a full disk behind it, a terminal that is gone."""
    if not isinstance(error, BrokenPipeError):
        return _say(f"what is shown cannot be written: {error.strerror}", exits.AMISS)
    # Nobody is to be told, not even by Python's own flush at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return exits.PIPE_CLOSED


def _code(error: TapecastError) -> int:
    from tapecast.client import Forbidden, Refused, Unauthorized, UrlInvalid  # noqa: PLC0415 - see above

    if isinstance(error, Unauthorized | Forbidden):
        return exits.NOT_ALLOWED
    return exits.WRONG if isinstance(error, UrlInvalid | Refused) else exits.NO_STREAM


def _say(words: str, code: int) -> int:
    click.echo(f"tapecast: {words}", err=True)
    return code
