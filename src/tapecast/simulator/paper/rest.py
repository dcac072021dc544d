"""The trading host's calls about the account: orders, positions, assets and the account itself."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tapecast.market import Market
from tapecast.simulator import rest
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import RestFaults
from tapecast.simulator.hours import SECOND
from tapecast.simulator.paper import request as bodies
from tapecast.simulator.paper import wire
from tapecast.simulator.paper.account import PaperAccount
from tapecast.simulator.paper.figures import positions
from tapecast.simulator.paper.ids import asset_id
from tapecast.simulator.paper.order import Order
from tapecast.simulator.paper.portfolio import Portfolio
from tapecast.simulator.paper.query import OrderQuery, is_true
from tapecast.simulator.paper.refusal import Refusal, malformed, not_found
from tapecast.simulator.paper.spoil import spoilt, without

Handler = Callable[[Request], Awaitable[Response]]

_ASSETS: Final = (Market.US_EQUITY, Market.CRYPTO)
"""What is listed one by one; contracts are not."""


async def on_refusal(_: Request, error: Exception) -> Response:
    """The answer to every Refusal."""
    refusal = cast("Refusal", error)
    return rest.json(refusal.body, refusal.status)


class PaperRest:
    """One account's calls."""

    def __init__(self, account: PaperAccount, config: SimulatorConfig, faults: RestFaults) -> None:
        self._account = account
        self._config = config
        self._faults = faults

    def routes(self) -> list[Route]:
        """What to serve where."""
        calls: list[tuple[str, str, Handler]] = [
            ("/v2/account", "GET", self._show_account),
            ("/v2/positions", "GET", self._show_positions),
            ("/v2/positions", "DELETE", self._close_all),
            ("/v2/positions/{symbol}", "GET", self._show_position),
            ("/v2/positions/{symbol}", "DELETE", self._close),
            ("/v2/orders", "GET", self._show_orders),
            ("/v2/orders", "POST", self._submit),
            ("/v2/orders", "DELETE", self._cancel_all),
            ("/v2/orders:by_client_order_id", "GET", self._show_by_client),
            ("/v2/orders/{order_id}", "GET", self._show_order),
            ("/v2/orders/{order_id}", "PATCH", self._replace),
            ("/v2/orders/{order_id}", "DELETE", self._cancel),
            ("/v2/assets", "GET", self._show_assets),
            ("/v2/assets/{symbol:path}", "GET", self._show_asset),
        ]
        return [Route(path, self._guarded(call), methods=[method]) for path, method, call in calls]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            rest.check_keys(request, self._config, rest.UNAUTHORIZED)
            return await handler(request)

        return guarded

    async def _show_account(self, _: Request) -> Response:
        now = time.time_ns()
        told = wire.account(self._account.funds.figures(now, owned=self._owned(now)))
        return rest.json(without(told, self._faults))

    async def _show_positions(self, _: Request) -> Response:
        return rest.json(spoilt(list(self._positions().values()), self._faults))

    async def _show_position(self, request: Request) -> Response:
        found = self._positions().get(self._held(request.path_params["symbol"]))
        if found is None:
            raise not_found("position does not exist")
        return rest.json(found)

    async def _close_all(self, request: Request) -> Response:
        now = time.time_ns()
        if is_true(request.query_params.get("cancel_orders")):
            self._cancel_open(now)
        return rest.json(
            [self._try_close(symbol, now) for symbol in list(self._account.portfolio.holdings)], 207
        )

    async def _close(self, request: Request) -> Response:
        symbol = self._held(request.path_params["symbol"])
        qty = _part(request, self._account.portfolio.quantity(symbol))
        return rest.json(wire.order(self._account.broker.close(symbol, qty, time.time_ns())))

    async def _show_orders(self, request: Request) -> Response:
        return rest.json(OrderQuery.of(request.query_params).answer(self._account.orders))

    async def _submit(self, request: Request) -> Response:
        asked = bodies.new_order(await request.body())
        return rest.json(wire.order(self._account.broker.submit(asked, time.time_ns()), nested=True))

    async def _cancel_all(self, _: Request) -> Response:
        gone = self._cancel_open(time.time_ns())
        return rest.json([{"id": order.id, "status": 200} for order in gone], 207)

    async def _show_by_client(self, request: Request) -> Response:
        name = request.query_params.get("client_order_id", "")
        return rest.json(wire.order(self._account.orders.find_client(name)))

    async def _show_order(self, request: Request) -> Response:
        nested = is_true(request.query_params.get("nested"))
        return rest.json(wire.order(self._order(request), nested=nested))

    async def _replace(self, request: Request) -> Response:
        asked = bodies.change(await request.body())
        new = self._account.broker.replace(self._order(request), asked, time.time_ns())
        return rest.json(wire.order(new, nested=True))

    async def _cancel(self, request: Request) -> Response:
        self._account.broker.cancel(self._order(request), time.time_ns())
        return Response(status_code=204)

    async def _show_assets(self, request: Request) -> Response:
        wanted = request.query_params.get("asset_class")
        classes = [each for each in _ASSETS if wanted in (None, str(each))]
        return rest.json(
            [wire.asset(each) for market in classes for each in self._account.market.listing(market)]
        )

    async def _show_asset(self, request: Request) -> Response:
        name = request.path_params["symbol"]
        for market in _ASSETS:
            for each in self._account.market.listing(market):
                if name in (each.symbol, each.symbol.replace("/", ""), asset_id(each.symbol)):
                    return rest.json(wire.asset(each))
        raise not_found(f"asset not found for {name}")

    def _positions(self) -> dict[str, dict[str, Any]]:
        """Every position, by its symbol."""
        account, now = self._account, time.time_ns()
        found = positions(self._owned(now), account.market, now)
        symbols = [each.holding.instrument.symbol for each in found]
        return {
            symbol: wire.position(each, account.funds.available(symbol))
            for symbol, each in zip(symbols, found, strict=True)
        }

    def _owned(self, now_ns: int) -> Portfolio:
        """What REST says is owned: some time ago, if it lags behind."""
        return self._account.portfolio.as_of(now_ns - int(self._faults.lag_s * SECOND))

    def _held(self, name: str) -> str:
        """The symbol of a position that is named by its own spelling or by its id."""
        for symbol in self._account.portfolio.holdings:
            bare = symbol.replace("/", "")
            if name in (bare, asset_id(bare)):
                return symbol
        return name

    def _order(self, request: Request) -> Order:
        return self._account.orders.find(request.path_params["order_id"])

    def _cancel_open(self, now_ns: int) -> list[Order]:
        gone = []
        for order in self._account.orders.open():
            # One leg goes with another.
            if order.is_open:
                self._account.broker.cancel(order, now_ns)
                gone.append(order)
        return gone

    def _try_close(self, symbol: str, now_ns: int) -> dict[str, Any]:
        try:
            body = wire.order(self._account.broker.close(symbol, None, now_ns))
        except Refusal as refusal:
            return {"symbol": symbol.replace("/", ""), "status": refusal.status, "body": refusal.body}
        return {"symbol": symbol.replace("/", ""), "status": 200, "body": body}


def _part(request: Request, held: Decimal) -> Decimal | None:
    """How much of a position is to be closed, or None for all. Raises Refusal."""
    qty, percentage = (request.query_params.get(name) for name in ("qty", "percentage"))
    if qty is None and percentage is None:
        return None
    try:
        part = Decimal(qty) if qty is not None else round(abs(held) * Decimal(percentage or "") / 100, 9)
    except ArithmeticError:
        part = Decimal()
    if not part.is_finite() or part <= 0:
        raise malformed("qty or percentage must be a number above 0")
    return part
