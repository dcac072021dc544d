"""What a program uses: events one by one, and beside them what is known by now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import httpx

from tapecast.bars import Bar
from tapecast.client.account import Order, Orders, Portfolio, Position, Positions
from tapecast.client.errors import StreamError, UrlInvalid
from tapecast.client.events import Bars, BarUpdate, Event, Hello, ServerStatus
from tapecast.client.link import Link
from tapecast.client.mailbox import Mailbox
from tapecast.client.servertime import ServerTime
from tapecast.client.states import Connection, ConnectionState, Feed, SymbolStatus, connection_of
from tapecast.client.store import CURRENT, Store
from tapecast.client.tickets import Tickets, TicketSource, sendable
from tapecast.client.transport import new_http
from tapecast.client.wants import Wants
from tapecast.clock import Clock
from tapecast.market import Tick, parse_rfc3339


class Stream:
    """A stream that comes back by itself. Use it in `async with`, and iterate over it: each event once.

    It reads whether the program iterates or not. The snapshots (`ticks`, `states`, …) are of what was read;
    an event that waits for the program is replaced by a newer one of the same kind (see mailbox.py). Where
    time alone does not mend a failure, the iteration raises a StreamError.
    """

    def __init__(
        self,
        url: str,
        wants: Wants,
        *,
        ticket: TicketSource | None = None,
        token: str | None = None,
        patience_s: float | None = 10.0,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._base = base_of(url)
        self._wants = wants
        self._tickets = ticket
        self._headers = {} if token is None else {"Authorization": f"Bearer {sendable(token)}"}
        self._patience_s = patience_s
        self._given = http
        self._clock = clock or Clock()
        self._store = Store(ServerTime(self._clock), wants.symbols)
        self._mailbox = Mailbox(self._recall)
        self._task: asyncio.Task[None] | None = None
        self.connection = Connection(ConnectionState.CONNECTING)

    async def __aenter__(self) -> Self:
        if self._task is not None:
            raise RuntimeError("a stream is opened once: make another")
        self._task = asyncio.create_task(self._run(), name="tapecast stream")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """The end. What was known can still be read, as stale; an iteration ends."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._task is None:
            raise RuntimeError("open the stream first: async with connect(...) as stream")
        event = await self._mailbox.get()
        if event is None:
            raise StopAsyncIteration
        return event

    @property
    def ticks(self) -> Mapping[str, Tick]:
        """The newest image of each symbol, of those too that are not live: see `states`."""
        return self._store.ticks

    @property
    def states(self) -> Mapping[str, SymbolStatus]:
        """What may be believed of each symbol."""
        return self._store.states

    @property
    def feeds(self) -> Mapping[str, Feed]:
        """By market."""
        return self._store.feeds

    @property
    def positions(self) -> Mapping[str, Position]:
        """By symbol. Empty too before the first list: see `account`."""
        return self._store.positions

    @property
    def account(self) -> Positions | None:
        """Whose positions, and as of when; None until they are known. Its list is that of then."""
        return self._store.account

    @property
    def portfolio(self) -> Portfolio | None:
        """The account's totals."""
        return self._store.portfolio

    @property
    def orders(self) -> Sequence[Order] | None:
        """Newest first; None until they are known."""
        return self._store.orders

    @property
    def bars(self) -> Mapping[str, Mapping[str, Bar]]:
        """By symbol, then by start, oldest first."""
        return self._store.bars

    @property
    def status(self) -> ServerStatus | None:
        """Of the server."""
        return self._store.status

    @property
    def hello(self) -> Hello | None:
        """The last one; None before the first."""
        return self._store.hello

    def server_now(self) -> float:
        """The server's clock, seconds since the epoch."""
        return self._store.time.now()

    def age_s(self, symbol: str) -> float | None:
        """How long ago the newest trade of a symbol was, by the server's clock; None if nothing tells."""
        tick = self._store.ticks.get(symbol)
        if tick is None:
            return None
        try:
            born = parse_rfc3339(tick.timestamp or "") / 1e9
        except ValueError:
            born = tick.ts_recv / 1e6
        return max(0.0, self.server_now() - born) if born else None

    def is_current(self, symbol: str) -> bool:
        """Whether the symbol's price may be taken for the present one: its state is `live` or `closed`."""
        status = self._store.states.get(symbol)
        return status is not None and status.state in CURRENT and symbol in self._store.ticks

    def event(self, event: Event) -> None:
        """The link heard this."""
        if self._store.apply(event):
            if isinstance(event, Hello):
                # Before the event: who hears `hello` may look at the connection.
                self._connect(Connection(ConnectionState.OPEN))
            self._mailbox.put(event)

    def lost(self, error: StreamError, retry_in_s: float) -> None:
        """The link has no stream."""
        # Who hears of the loss finds nothing that still reads as live.
        for changed in self._store.lose():
            self._mailbox.put(changed)
        self._connect(connection_of(error, retry_in_s))

    async def _run(self) -> None:
        http = self._given
        failure: BaseException | None = None
        try:
            http = http or new_http()
            link = Link(
                self._base, self._wants.target, self, http=http, headers=self._headers, clock=self._clock,
                tickets=Tickets(self._tickets, self._clock), patience_s=self._patience_s,
            )  # fmt: skip
            await link.run()
        except Exception as error:  # noqa: BLE001 - whoever iterates is to meet it, whatever it is
            failure = error
        finally:
            self._end()
            self._mailbox.end(failure)
            if self._given is None and http is not None:
                await http.aclose()

    def _end(self) -> None:
        lost = self._store.lose()
        self.connection = Connection(ConnectionState.CLOSED)
        # Who was told nothing has nothing to take back.
        if self._store.hello is not None:
            for event in (*lost, self.connection):
                self._mailbox.put(event)

    def _connect(self, connection: Connection) -> None:
        self.connection = connection
        self._mailbox.put(connection)

    def _recall(self, event: Event) -> Event:
        if isinstance(event, BarUpdate):
            held = self._store.bars.get(event.symbol, {})
            return Bars(event.symbol, event.interval, "own", list(held.values()))
        return Orders(list(self._store.orders or ()))


def base_of(url: str) -> str:
    """The address of a server, without a slash at its end. Raises UrlInvalid that says what is wrong."""
    hint = "write it as http://127.0.0.1:8000"
    # Where a password or a ticket may be in it, it is not repeated.
    given = "the address given" if set("@?#") & set(str(url)) else repr(url)
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, UnicodeError):
        raise UrlInvalid("url_invalid", f"{given} is no URL: {hint}") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise UrlInvalid("url_invalid", f"{given} does not begin with http:// or https://: {hint}")
    if parsed.query or parsed.fragment:
        raise UrlInvalid("url_invalid", f"give the server's address without a path's query: {hint}")
    return str(parsed).rstrip("/")
