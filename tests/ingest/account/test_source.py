"""The source protocol, checked against the source that there is."""

from __future__ import annotations

from tapecast.feeds.alpaca import AlpacaAccount
from tapecast.ingest.account.source import AccountListener, AccountSource
from tests.feeds.alpaca.test_trading import Recorder


def test_alpacas_account_is_a_source() -> None:
    """Whatever ingest may ask of one, Alpaca's has; mypy checks the types (in tests/feeds/alpaca)."""
    members = {name for name in vars(AccountSource) if not name.startswith("_")}
    assert members >= {"positions", "figures", "orders", "run", "is_scarce", "scarce_s"}
    assert not [name for name in members if not hasattr(AlpacaAccount, name)]


def test_a_listener_that_records_is_one() -> None:
    """What the tests hear by is what ingest hears by."""
    listener: AccountListener = Recorder()
    assert listener.is_owner()
