"""The commands: each reads the settings once, takes its port, and hands over to `launch.py`.

The only place where the environment is read and where standard output is written.
"""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from tapecast import __version__, launch, logs, process
from tapecast.bench.command import bench
from tapecast.console import told
from tapecast.market import Market
from tapecast.settings import Settings, load
from tapecast.watch.command import watch
from tapecast.workers import Workers

F = TypeVar("F", bound=Callable[..., Any])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tapecast")
def main() -> None:
    """Live market prices for web pages: one Alpaca connection in, any number of browsers out.

    \b
    On a laptop:        tapecast up
    In production:      tapecast ingest     one, or two for standby
                        tapecast api        as many as there are readers
    For development:    tapecast simulate   a local Alpaca
    In a terminal:      tapecast watch      prices of a server that runs
    To measure it:      tapecast bench      streams, latency, losses

    Settings come from the environment or a file .env; see docs/settings.md.
    """


def _listening(default_host: str) -> Callable[[F], F]:
    def add(command: F) -> F:
        port = click.option("--port", type=click.IntRange(0, 65535), help="Port; PORT, else 8000.")
        host = click.option("--host", help=f"Address to listen on; HOST, else {default_host}.")
        return host(port(command))

    return add


@main.command()
@_listening("127.0.0.1")
def up(host: str | None, port: int | None) -> None:
    """Run everything in one process: ingest, api, and what is missing of a Redis and a venue.

    Uses REDIS_URL if it is set, else an embedded Valkey; Alpaca if keys are set, else SIMULATED prices.

    \b
    Examples:
      tapecast up
      tapecast up --port 9000
      ALPACA_PAPER_API_KEY=... ALPACA_PAPER_SECRET_KEY=... tapecast up
    """
    with told():
        settings = _settings()
        with process.listen(host or settings.host or "127.0.0.1", _port(port, settings)) as sock:
            process.run(lambda stop: launch.up(settings, sock, stop, click.echo))


def _markets(context: click.Context, option: click.Parameter, text: str | None) -> tuple[Market, ...]:
    del context, option
    if text is None:
        return tuple(Market)
    names = [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tuple(map(Market, names or [""]))
    except ValueError:
        raise click.BadParameter(f"{text!r} is not one or more of {', '.join(Market)}") from None


@main.command()
@click.option("--markets", callback=_markets, help=f"Only these, comma-separated: {', '.join(Market)}.")
def ingest(markets: tuple[Market, ...]) -> None:
    """Hold the venue's connections and write prices to Redis. A second one stands by.

    \b
    Examples:
      REDIS_URL=redis://localhost:6379 tapecast ingest
      REDIS_URL=redis://localhost:6379 tapecast ingest --markets us_equity
      FEED=simulated REDIS_URL=redis://localhost:6379 tapecast ingest
    """
    with told():
        settings = _settings()
        process.run(lambda stop: launch.ingest(settings, markets, stop, click.echo))


@main.command()
@_listening("0.0.0.0")  # noqa: S104 - behind a platform's proxy, every interface is meant
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on the one port."
)
def api(host: str | None, port: int | None, workers: int) -> None:
    """Serve the streams from Redis. Stateless: run as many as you like.

    A process uses one core; with --workers several share the port, each a replica with its own MAX_STREAMS.

    \b
    Examples:
      REDIS_URL=redis://localhost:6379 tapecast api
      REDIS_URL=redis://localhost:6379 tapecast api --port 8001
      REDIS_URL=redis://localhost:6379 tapecast api --workers 4
    """
    with told():
        settings = _settings()
        launch.redis_url(settings)
        address = host or settings.host or "0.0.0.0"  # noqa: S104 - see above
        with process.listen(address, _port(port, settings)) as sock:
            if workers > 1:
                process.run(lambda stop: Workers(workers, sock, stop).run())
            else:
                process.run(lambda stop: launch.api(settings, sock, stop, click.echo))


@main.command(hidden=True)
@click.argument("shared", type=int)
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("number", type=int)
@click.option("--banner", is_flag=True)
def worker(shared: int, folder: Path, number: int, *, banner: bool) -> None:
    """One of the processes of `api --workers`, which starts it."""
    with told():
        settings = _settings()
        with socket.socket(fileno=shared) as sock:
            say = click.echo if banner else _quiet
            process.run(lambda stop: launch.worker(settings, sock, folder, number, stop, say))


main.add_command(bench)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8100, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same market.")
@click.option("--symbol-limit", type=click.IntRange(1), default=30, show_default=True, help="Alpaca's cap.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), default=1.0, help="Multiplies print rates.")
@click.option("--closed", is_flag=True, help="Close the stock and options market; crypto never is.")
@click.option(
    "--holiday", "holidays", type=click.DateTime(["%Y-%m-%d"]), multiple=True, help="No session; repeatable."
)
@click.option("--still", is_flag=True, help="Nothing prints by itself, only by control calls.")
@click.option("--demo-trader", is_flag=True, help="Small orders come and go on the paper account.")
@click.option(
    "--tape", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play a recorded tape."
)
@click.option("--speed", type=click.FloatRange(0, min_open=True), default=1.0, help="Of the tape.")
@click.option(
    "--fault", "faults", metavar="[PATH:]NAME=VALUE", multiple=True, help="Begin with it; repeatable."
)
@click.option(
    "--print-env", is_flag=True, help="Start nothing; print the settings that point a service here."
)
def simulate(
    host: str,
    port: int,
    *,
    print_env: bool,
    closed: bool,
    holidays: tuple[datetime, ...],
    **options: Any,
) -> None:
    """Run a local Alpaca with SIMULATED prices: data streams and REST on one port.

    Its faults are switched by `POST /control/...` while it runs, and by --fault from the start, without PATH
    for all streams: silent, upgrade, login, refused, unconfirmed, muted, linger_s, rest_status, rest_delay_s,
    rest_only. All about them is in docs/simulator.md.

    \b
    Examples:
      tapecast simulate --port 8100
      export $(tapecast simulate --port 8100 --print-env)
      tapecast simulate --fault silent=auth
      tapecast simulate --fault /v2/iex:upgrade=429 --fault rest_delay_s=3
      tapecast simulate --fault refused=TSLA:400 --fault muted=AAPL,MSFT
      tapecast simulate --fault login=406 --fault linger_s=90
      tapecast simulate --closed --holiday 2026-11-26
      tapecast simulate --tape tape.jsonl --speed 50
      tapecast simulate --still
      curl localhost:8100/control/trade -d '{"symbol": "AAPL", "price": 271.5}'
    """
    from tapecast.simulator.server import SimulatorConfig, environment  # noqa: PLC0415

    with told():
        days = frozenset(each.date() for each in holidays)
        config = SimulatorConfig(market_open=not closed, holidays=days, **options)
        if print_env:
            for name, value in environment(host, port, config).items():
                click.echo(f"{name}={shlex.quote(value)}")
            return
        _settings()
        with process.listen(host, port) as sock:
            process.run(lambda stop: launch.simulate(config, sock, stop, click.echo))


@main.command()
@click.option(
    "--role", type=click.Choice(["api", "ingest"]), help="Default: api if something listens on HOST, PORT."
)
def check(role: str | None) -> None:
    """Exit 0 if this host's api or ingest is well, 1 with the reason if not: a container's health check.

    An ingest whose keys were refused is told, and counts as well: restarting it would only dial again.

    \b
    Examples:
      tapecast check
      tapecast check --role ingest
    """
    from tapecast.check import health  # noqa: PLC0415 - not needed to serve

    with told():
        settings = _settings()
        if role == "ingest":
            launch.redis_url(settings)
        click.echo(health(settings, role))


main.add_command(watch)


def _settings() -> Settings:
    settings = load(os.environ, Path(".env"))
    logs.configure(settings.log_level, settings.log_format)
    return settings


def _quiet(line: str) -> None:
    del line


def _port(option: int | None, settings: Settings) -> int:
    return settings.port if option is None else option


if __name__ == "__main__":
    main()
