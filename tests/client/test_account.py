"""Money of the account, exact. That every field has a name is in tests/e2e/test_client.py."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tapecast.client.account import Order, OrderUpdate, Portfolio, Position

AMOUNTS = ("qty", "price", "value", "pl", "plpc", "cash", "equity", "power", "margin", "fees", "notional")


@pytest.mark.parametrize("kind", [Position, Portfolio, Order, OrderUpdate])
def test_no_amount_is_a_double(kind: type[msgspec.Struct]) -> None:
    """Sums of doubles are off by a cent some day; an unknown amount is None."""
    amounts = [each for each in msgspec.structs.fields(kind) if each.name.endswith(AMOUNTS)]
    assert amounts
    for each in amounts:
        assert each.type == Decimal | None, each.name
        assert each.default is None
