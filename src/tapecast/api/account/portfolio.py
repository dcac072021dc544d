"""The totals: the account's figures as Alpaca read them, moved by what its positions have gained since.

    equity = equity at the last read + sum(value now - value at that same read)

What Alpaca left out, or gave as null, makes no sum: it is left out here too, and never zero. Positions
without a value are named in `unpriced`, those whose price is not current in `stale`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal, localcontext
from typing import Final

from tapecast.api.account.holding import Holding
from tapecast.api.account.numbers import ACCOUNT, EXACT, ratio, with_numbers
from tapecast.api.account.repricing import is_short, worth
from tapecast.bus.codec import Fields

_TEXTS: Final = frozenset({"currency", "status"})
_SUMS: Final = ("market_value", "unrealized_pl", "unrealized_intraday_pl")

Amount = Callable[[Holding], Decimal | None]


def portfolio(figures: Fields, holdings: Collection[Holding]) -> Fields:
    """The `portfolio` event but for whose it is and how old. `figures` are those of Alpaca's account."""
    with localcontext(EXACT):
        account = with_numbers({k: v for k, v in figures.items() if k in ACCOUNT or k in _TEXTS}, ACCOUNT)
        known = {name: value for name, value in account.items() if value is not None}
        sums = _moved(known, holdings) | _totals(holdings) | _classes(holdings)
    return known | sums | {"stale": [each.sight.status for each in holdings if not each.is_current]}


def _moved(account: Fields, holdings: Collection[Holding]) -> Fields:
    long = _sum(_gained, [each for each in holdings if not is_short(each.base)]) or Decimal()
    short = _sum(_gained, [each for each in holdings if is_short(each.base)]) or Decimal()
    gains = {
        "equity": long + short,
        "long_market_value": long,
        "short_market_value": short,
        # Alpaca adds what is held short to what is held long.
        "position_market_value": long - short,
    }
    moved: Fields = {
        name: value + gain for name, gain in gains.items() if isinstance(value := account.get(name), Decimal)
    }
    equity, last = moved.get("equity"), account.get("last_equity")
    if isinstance(equity, Decimal) and isinstance(last, Decimal):
        moved["day_pl"] = equity - last
        if last:
            moved["day_plpc"] = ratio(equity - last, abs(last))
    return moved


def _totals(holdings: Collection[Holding]) -> Fields:
    names = _SUMS[1:]
    totals: Fields = {name: total for name in names if (total := _sum(_field(name), holdings)) is not None}
    profit = totals.get("unrealized_pl")
    cost = _sum(_cost, holdings)
    if isinstance(profit, Decimal) and cost:
        totals["unrealized_plpc"] = ratio(profit, cost)
    return totals | {"count": len(holdings)}


def _classes(holdings: Collection[Holding]) -> Fields:
    classes: dict[str, list[Holding]] = {}
    for each in holdings:
        classes.setdefault(str(each.base.get("asset_class") or "unknown"), []).append(each)
    by_class: dict[str, Fields] = {}
    for name, members in sorted(classes.items()):
        by_class[name] = {"count": len(members)}
        amounts: dict[str, Amount] = {"market_value": _value} | {each: _field(each) for each in _SUMS[1:]}
        sums = {each: _sum(amount, members) for each, amount in amounts.items()}
        by_class[name] |= {each: total for each, total in sums.items() if total is not None}
    unpriced = [each.sight.status.symbol for each in holdings if _value(each) is None]
    return {"by_asset_class": by_class} | ({"unpriced": unpriced} if unpriced else {})


def _sum(amount: Amount, holdings: Collection[Holding]) -> Decimal | None:
    """Of those that have one; of none at all it is nothing, and of none that has one it is not known."""
    held = [amount(each) for each in holdings]
    known = [each for each in held if each is not None]
    return sum(known, Decimal()) if known or not held else None


def _field(name: str) -> Amount:
    def amount(holding: Holding) -> Decimal | None:
        value = holding.fields.get(name)
        return value if isinstance(value, Decimal) else None

    return amount


def _value(holding: Holding) -> Decimal | None:
    return worth(holding.fields)


def _gained(holding: Holding) -> Decimal | None:
    now, then = worth(holding.fields), worth(holding.base)
    return None if now is None or then is None else now - then


def _cost(holding: Holding) -> Decimal | None:
    # Of those whose profit is in the sum that it divides.
    cost = holding.fields.get("cost_basis")
    has_profit = isinstance(holding.fields.get("unrealized_pl"), Decimal)
    return abs(cost) if has_profit and isinstance(cost, Decimal) else None
