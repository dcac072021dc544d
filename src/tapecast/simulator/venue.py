"""The running simulator, as tests and the command line see it: what it serves, and what can be done to it.

Faults stand on `faults` and `rest_faults` and may be changed at any time; the methods are what happens once.
Where a path can be named, None is all of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from tapecast.simulator import stream
from tapecast.simulator.bad import Bad
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.desk import Desk
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.exchange import Exchange
from tapecast.simulator.faults import Faults, RestFaults
from tapecast.simulator.gate import Gate
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.endpoint import TradingEndpoint
from tapecast.simulator.paths import CRYPTO_PATH, OPTION_PATH, PATHS, STOCK_PATH, TRADING_PATH
from tapecast.simulator.playback import open_market
from tapecast.simulator.tape import run_tape

CLOSE_CODES: Final = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""Those that may stand in a close frame."""


def environment(base_host: str, port: int, config: SimulatorConfig) -> dict[str, str]:
    """The settings that point a service at a simulator. Nothing needs to run."""
    place = _place(base_host, port)
    return {
        "FEED": "simulated",
        "ALPACA_PAPER_API_KEY": config.key,
        "ALPACA_PAPER_SECRET_KEY": config.secret,
        "ALPACA_STREAM_URL": f"ws://{place}{STOCK_PATH}",
        "ALPACA_CRYPTO_STREAM_URL": f"ws://{place}{CRYPTO_PATH}",
        "ALPACA_OPTIONS_STREAM_URL": f"ws://{place}{OPTION_PATH}",
        "ALPACA_DATA_URL": f"http://{place}",
        "ALPACA_TRADING_URL": f"http://{place}",
        "ALPACA_TRADING_STREAM_URL": f"ws://{place}{TRADING_PATH}",
    }


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Simulator:
    """One local Alpaca."""

    def __init__(self, config: SimulatorConfig, host: str, port: int) -> None:
        self.config = config
        self._host = host
        self._port = port
        self.market: Exchange = open_market(config)
        self._endpoints = {path: Endpoint(path, self._listed(path)) for path in PATHS}
        self._trading = TradingEndpoint()
        self.account = PaperAccount(
            self.market,
            self._trading.deliver,
            config.seed,
            demo_trader=config.demo_trader,
            flat_events=config.flat_events,
        )
        self._gates: dict[str, Endpoint | TradingEndpoint] = {**self._endpoints, TRADING_PATH: self._trading}
        self.faults: dict[str, Faults] = {path: each.faults for path, each in self._gates.items()}
        self.rest_faults = RestFaults()
        # REST calls since the start, by path; what is named in a path is counted as `*`.
        self.calls: Counter[str] = Counter()
        self._desk = Desk(self.market, self._gates, self.account)
        for path, change in config.flags():
            for endpoint in self._desk.at(path):
                change.apply(endpoint.faults)
            change.apply_to_rest(self.rest_faults)

    @property
    def base(self) -> str:
        """Where it is."""
        return f"http://{_place(self._host, self._port)}"

    def environment(self) -> dict[str, str]:
        """The settings that point a service here."""
        return environment(self._host, self._port, self.config)

    @property
    def dials(self) -> dict[str, int]:
        """Upgrades since the start, refused ones too, by path."""
        return {path: endpoint.dials for path, endpoint in self._gates.items()}

    def endpoints(self) -> list[Endpoint]:
        """One for each path of the data stream."""
        return list(self._endpoints.values())

    def subscribed(self, path: str) -> frozenset[str]:
        """The symbols whose trades go to the session that holds this path."""
        endpoint = self._gates[path]
        holder = endpoint.holder if isinstance(endpoint, Endpoint) else None
        return holder.trades if holder is not None else frozenset()

    def endpoint(self, path: str) -> Gate[Any] | None:
        """What serves a path, if anything does."""
        return self._gates.get(path)

    def at(self, path: str | None) -> list[Endpoint | TradingEndpoint]:
        """One path, or all. Raises ValueError with those that there are."""
        return self._desk.at(path)

    def clear_faults(self, path: str | None = None) -> None:
        """Make the path well again, frozen ones too; without a path, REST as well."""
        for endpoint in self._desk.at(path):
            endpoint.faults.clear()
            endpoint.thaw()
        if path is None:
            self.rest_faults.clear()

    def freeze(self, path: str | None = None) -> None:
        """Read and write nothing any more, not even pongs or closes. Sockets stay open, new upgrades hang."""
        for endpoint in self._desk.at(path):
            endpoint.freeze()

    def thaw(self, path: str | None = None) -> None:
        """Go on, with what was held back and what clients sent meanwhile."""
        for endpoint in self._desk.at(path):
            endpoint.thaw()

    async def close_sessions(self, code: int, path: str | None = None) -> None:
        """End every open connection with this close code, and wait until they are gone; frozen ones later."""
        if code not in CLOSE_CODES:
            raise ValueError(f"code must be 1000 to 1003, 1007 to 1014 or 3000 to 4999, was {code}")
        endpoints = self._desk.at(path)
        open_now = [(each, session) for each in endpoints for session in each.sessions]
        for _, session in open_now:
            session.outbox.close(code)
        async with asyncio.timeout(2 * stream.LINGER_S):
            for endpoint, session in open_now:
                if not endpoint.faults.frozen:
                    await session.ended.wait()

    def drop_sessions(self, path: str | None = None) -> None:
        """Cut every socket without a close frame."""
        for endpoint in self._desk.at(path):
            endpoint.drop()

    def send(self, kind: Bad | str, path: str | None = None) -> int:
        """Send one bad frame, or one bad message between two good ones, to who holds a slot; to how many."""
        return self._desk.send(kind, path)

    def error(self, code: int, path: str | None = None) -> int:
        """Send an error in the session, to how many; 407 ends it as the venue does."""
        return self._desk.error(code, path)

    def burst(self, count: int, path: str | None = None) -> int:
        """Let the subscribed symbols print so often in all, at once; how often they did."""
        return self._desk.burst(count, path)

    def trade(
        self,
        symbol: str,
        price: float,
        size: float = 100,
        conditions: Sequence[str] = ("@",),
        ns: int | None = None,
    ) -> int:
        """Let one trade print, now or at `ns`; its number. Raises ValueError if it is not listed."""
        return self._desk.trade(symbol, price, size, conditions, ns)

    def quote(self, symbol: str, bid: float, ask: float, ns: int | None = None) -> None:
        """Let one symbol be quoted, now or at `ns`. Raises ValueError if it is not listed."""
        self._desk.quote(symbol, bid, ask, ns)

    def correct(self, symbol: str, number: int, price: float) -> None:
        """Say that an earlier trade had another price. Raises ValueError if there is none."""
        self._desk.correct(symbol, number, price)

    def cancel(self, symbol: str, number: int) -> None:
        """Say that an earlier trade never was. Raises ValueError if there is none."""
        self._desk.cancel(symbol, number)

    def tell(self, update: dict[str, Any]) -> None:
        """Tell everybody who listens to orders of this, whatever it is, and do nothing else."""
        self._trading.deliver(update)

    async def run_tape(self) -> None:
        """Let the market move, for ever."""
        await run_tape(self.market, self._endpoints.values(), self.account)

    def _listed(self, path: str) -> frozenset[str]:
        return frozenset(each.symbol for each in self.market.listing(PATHS[path]))
