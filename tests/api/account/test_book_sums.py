"""Whatever happens in whatever order: what a client holds adds up, to the last digit."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.bus.codec import Fields
from tests.api.account.support import FIGURES, Broker, Page
from tests.api.support import Bench, tick

SYMBOLS = ("AAPL", "TSLA", "BTC/USD", "AAPL250117C00150000")
money = st.decimals(min_value="0.01", max_value=5000, places=4)
quantities = st.decimals(min_value=-500, max_value=500, places=9).filter(bool)
STEPS = st.one_of(
    st.tuples(st.just("tick"), st.sampled_from(SYMBOLS), money, st.just(Decimal())),
    st.tuples(st.just("fill"), st.sampled_from(SYMBOLS), money, quantities),
    st.tuples(st.just("close"), st.sampled_from(SYMBOLS), money, st.just(Decimal())),
    st.tuples(st.just("read"), st.sampled_from(SYMBOLS), money, st.just(Decimal())),
)


def held(symbol: str, qty: Decimal, entry: Decimal, price: Decimal) -> Fields:
    """A position, as Alpaca would say it."""
    shares = 100 if symbol == SYMBOLS[3] else 1
    value, cost = qty * price * shares, qty * entry * shares
    return {
        "symbol": symbol, "asset_class": "us_option" if shares > 1 else "us_equity", "qty": str(qty),
        "side": "long" if qty > 0 else "short", "market_value": str(value), "cost_basis": str(cost),
        "unrealized_pl": str(value - cost), "unrealized_intraday_pl": str(value - cost),
        "current_price": str(price),
    }  # fmt: skip


class Client(Page):
    """A page at its end of a stream. Its numbers are exact."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._peer = bench.connect(positions=True)

    def read(self) -> None:
        """Take all that has come."""
        self._bench.flush()
        for block in b"".join(self._peer.writes()).decode().split("\n\n")[:-1]:
            lines = dict(line.split(": ", 1) for line in block.split("\n"))
            self.take(lines["event"], json.loads(lines["data"], parse_float=Decimal, parse_int=Decimal))

    def sum(self, name: str) -> Decimal:
        """Of all positions."""
        return sum((each[name] for each in self.positions.values()), Decimal())


@given(st.lists(STEPS, max_size=40))
@settings(deadline=None, max_examples=60)
def test_the_totals_are_the_sum_of_the_positions(steps: list[tuple[str, str, Decimal, Decimal]]) -> None:
    """And the equity is that of the last read and what they have gained since, at every step."""
    bench = Bench()
    bench.beat()
    broker, page, price, seq = Broker(bench), Client(bench), dict.fromkeys(SYMBOLS, Decimal(100)), 0
    broker.tell()
    for kind, symbol, amount, qty in steps:
        open_now = {str(each["symbol"]): each for each in broker.image.positions}
        if kind == "tick":
            seq += 1
            price[symbol] = amount
            bench.hub.on_tick(symbol, tick(symbol, seq, float(amount)))
        elif kind == "fill":
            broker.change(positions=[held(symbol, qty, amount, price[symbol])])
        elif kind == "close" and symbol in open_now:
            broker.change(closed=[symbol])
        elif kind == "read":
            broker.change(portfolio=FIGURES | {"equity": str(amount)}, positions=[*open_now.values()])
        bench.pass_time(0.25)
        page.read()
        totals, then = page.totals, broker.image.positions
        assert page.positions.keys() == {each["symbol"] for each in then}
        assert totals["unrealized_pl"] == page.sum("unrealized_pl")
        assert totals["unrealized_intraday_pl"] == page.sum("unrealized_intraday_pl")
        gained = page.sum("market_value") - sum(
            (Decimal(str(each["market_value"])) for each in then), Decimal()
        )
        assert totals["equity"] == Decimal(str(broker.image.portfolio["equity"])) + gained
        assert totals["day_pl"] == totals["equity"] - Decimal("9900.00")
        assert totals["count"] == len(page.positions)
