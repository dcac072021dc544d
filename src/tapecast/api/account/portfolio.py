"""The totals: the account's figures as Alpaca read them, moved by what its positions have gained since.

    equity = equity at the last read + sum(value now - value at that same read)

What Alpaca left out, or gave as null, makes no sum: it is left out here too, and never zero. Positions
without a value are named in `unpriced`, those whose price is not current in `stale`.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, localcontext
from typing import Final

from tapecast.api.account.amounts import PROFITS, Amounts, add
from tapecast.api.account.holding import Holding
from tapecast.api.account.numbers import ACCOUNT, EXACT, ratio, with_numbers
from tapecast.bus.codec import Fields

_TEXTS: Final = frozenset({"currency", "status"})
_NOTHING: Final = Decimal()


def portfolio(figures: Fields, holdings: Collection[Holding]) -> Fields:
    """The `portfolio` event but for whose it is and how old. `figures` are those of Alpaca's account."""
    account = with_numbers({k: v for k, v in figures.items() if k in ACCOUNT or k in _TEXTS}, ACCOUNT)
    known = {name: value for name, value in account.items() if value is not None}
    stale = [each.status for each in holdings if not each.is_current]
    unpriced = [each.status.symbol for each in holdings if "market_value" not in each.amounts]
    with localcontext(EXACT):
        classes, sums = _summed(holdings)
        totals = known | _moved(known, sums) | _profits(sums, len(holdings))
    totals |= {"count": len(holdings), "by_asset_class": classes, "stale": stale}
    return totals | ({"unpriced": unpriced} if unpriced else {})


def _summed(holdings: Collection[Holding]) -> tuple[dict[str, Fields], Amounts]:
    counts: dict[str, int] = {}
    by_class: dict[str, Amounts] = {}
    for each in holdings:
        name = str(each.base.get("asset_class") or "unknown")
        counts[name] = counts.get(name, 0) + 1
        add(by_class.setdefault(name, {}), each.amounts)
    total: Amounts = {}
    for sums in by_class.values():
        add(total, sums)
    names = ("market_value", *PROFITS)
    classes: dict[str, Fields] = {
        each: {"count": counts[each]} | {name: sums[name] for name in names if name in sums}
        for each, sums in sorted(by_class.items())
    }
    return classes, total


def _moved(account: Fields, sums: Amounts) -> Fields:
    long, short = sums.get("long", _NOTHING), sums.get("short", _NOTHING)
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


def _profits(sums: Amounts, count: int) -> Fields:
    # No position at all is no gap: the profit is known, and is nothing.
    known = sums if count else dict.fromkeys(PROFITS, _NOTHING)
    profits: Fields = {name: known[name] for name in PROFITS if name in known}
    if cost := sums.get("cost"):
        profits["unrealized_plpc"] = ratio(sums["unrealized_pl"], cost)
    return profits
