"""What the trading stream is told of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tapecast.market import parse_rfc3339, rfc3339
from tapecast.simulator.paper.order import Status
from tests.simulator.paper.pit import START_NS, Pit


def test_a_fill_says_what_it_did(pit: Pit) -> None:
    """Price and quantity of this fill, the position after it, and the order as it is then."""
    order = pit.place(qty=150)
    pit.pass_time()
    _, part, fill = pit.told
    assert (part["event"], part["price"], part["qty"], part["position_qty"]) == (
        "partial_fill",
        "271.01",
        "100",
        "140",
    )
    assert (part["order"]["status"], part["order"]["filled_qty"]) == ("partially_filled", "100")
    assert (fill["event"], fill["qty"], fill["position_qty"]) == ("fill", "50", "190")
    assert (fill["order"]["filled_avg_price"], fill["order"]["filled_at"]) == ("271.01", rfc3339(pit.now))
    assert order.updated_ns == pit.now


def test_every_event_has_a_name_and_a_time(pit: Pit) -> None:
    """Names differ, and sort as the events came."""
    pit.place(qty=150)
    pit.pass_time()
    assert len({each["execution_id"] for each in pit.told}) == len(pit.told)
    ids = [each["event_id"] for each in pit.told]
    assert ids == sorted(set(ids))
    assert all(each["timestamp"] == each["at"] for each in pit.told)
    assert all(parse_rfc3339(each["at"]) >= START_NS for each in pit.told)


def test_other_events_have_no_figures(pit: Pit) -> None:
    """Nothing was bought."""
    pit.cancel(pit.place(type="limit", limit_price="250"))
    assert [each.keys() & {"price", "qty", "position_qty"} for each in pit.told] == [set(), set()]
    assert pit.told[-1]["order"]["canceled_at"] == rfc3339(pit.now)


def test_a_replaced_order_says_by_which(pit: Pit) -> None:
    """And the new one which it replaces."""
    old = pit.place(type="limit", limit_price="250")
    new = pit.replace(old, limit_price="251", qty=12)
    pit.pass_time()
    assert (old.status, pit.events(old), pit.events(new)) == (Status.REPLACED, ["new", "replaced"], ["new"])
    assert pit.told[-2]["order"]["replaced_by"] == new.id
    assert pit.told[-1]["order"]["replaces"] == old.id
    assert (new.qty, new.limit) == (Decimal(12), Decimal(251))


def test_legs_may_have_nothing_but_events_of_their_own() -> None:
    """Then none shows them within their order, and the first says that they are held."""
    pit = Pit(flat=True)
    exits: Any = {"take_profit": {"limit_price": "275"}, "stop_loss": {"stop_price": "265"}}
    entry = pit.place(order_class="bracket", **exits)
    profit, loss = entry.legs
    told = [(each["event"], each["order"]["id"], each["order"]["legs"]) for each in pit.told]
    assert told == [
        ("new", entry.id, None), ("held", profit.id, None), ("held", loss.id, None),
        ("fill", entry.id, None), ("new", profit.id, None),
    ]  # fmt: skip


def test_events_of_a_bracket_show_its_legs(pit: Pit) -> None:
    """Those of its entry; a leg has none."""
    exits: Any = {"take_profit": {"limit_price": "275"}, "stop_loss": {"stop_price": "265"}}
    pit.place(order_class="bracket", **exits)
    new, fill, leg = pit.told
    assert [each["status"] for each in new["order"]["legs"]] == ["held", "held"]
    assert (fill["event"], leg["order"]["type"], leg["order"]["legs"]) == ("fill", "limit", None)
