"""What the server is asked for."""

from __future__ import annotations

import pytest

from tapecast.bars import Interval
from tapecast.client.wants import Live, LiveBars, symbols_of


def test_symbols_are_taken_as_the_server_takes_them() -> None:
    """Upper-cased, once, in order; one text is no list of letters."""
    assert symbols_of(["btc/usd", " AAPL ", "aapl", ""]) == ("BTC/USD", "AAPL")
    assert symbols_of("aapl,btc/usd") == ("AAPL", "BTC/USD")
    assert symbols_of(["AAPL,msft", "MSFT,,", " , "]) == ("AAPL", "MSFT")


@pytest.mark.parametrize(
    ("wants", "target"),
    [
        (Live(("AAPL", "BTC/USD")), "/stream?prices=AAPL,BTC/USD"),
        (Live(("A&B",), interval=250), "/stream?prices=A%26B&interval=250"),
        (Live(positions=True, status=True), "/stream?positions&status"),
        (LiveBars(("AAPL",), Interval.HOUR), "/stream/bars?symbols=AAPL&interval=1h"),
        (LiveBars(("AAPL",), Interval("5s"), 10), "/stream/bars?symbols=AAPL&interval=5s&limit=10"),
    ],
)
def test_wants_are_a_path_and_a_query(wants: Live | LiveBars, target: str) -> None:
    """A symbol cannot add a parameter of its own."""
    assert wants.target == target


def test_nothing_is_no_want() -> None:
    """The server would answer 400; a program's mistake is told where it was made."""
    with pytest.raises(ValueError, match="name symbols"):
        Live()
    with pytest.raises(ValueError, match="name symbols"):
        LiveBars((), Interval.MINUTE)
