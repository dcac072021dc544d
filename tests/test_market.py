"""Symbols have one form per market, times keep their nanoseconds, and a tick says only what is known."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapecast.market import Market, Tick, market_of, number, parse_rfc3339, rfc3339

DESIGN_ORDER = [
    "symbol", "price", "size", "timestamp", "bid", "ask", "bid_size", "ask_size", "quote_timestamp", "open",
    "high", "low", "volume", "previous_close", "change", "change_percent", "crossed", "corrected", "feed",
    "epoch", "seq", "ts_recv",
]  # fmt: skip
FIRST_SECOND = -62_135_596_800  # of the year 1
LAST_SECOND = 253_402_300_799  # of the year 9999


@pytest.mark.parametrize(
    "symbol", ["A", "AAPL", "BRK.B", "BF.B", "FAKEPACA", "GOOGL", "BAC.PRB", "ABC.WS.A", "SPY1"]
)
def test_stocks_are_of_the_equity_market(symbol: str) -> None:
    """Letters, a digit, class and series suffixes, and the venue's test symbol."""
    assert market_of(symbol) is Market.US_EQUITY


@pytest.mark.parametrize("symbol", ["BTC/USD", "ETH/BTC", "USDT/USD", "1INCH/USD", "SHIB/USDC"])
def test_pairs_are_of_the_crypto_market(symbol: str) -> None:
    """A slash makes a pair."""
    assert market_of(symbol) is Market.CRYPTO


@pytest.mark.parametrize("symbol", ["AAPL240119C00100000", "F260116P00012500", "SPXW251219C06000000"])
def test_occ_symbols_are_of_the_option_market(symbol: str) -> None:
    """Root, day, right and strike, without spaces."""
    assert market_of(symbol) is Market.US_OPTION


@pytest.mark.parametrize(
    "symbol",
    [
        "", " ", "aapl", "btc/usd", "AAPL ", " AAPL", "AAPL\n", "BTC/USD\n", "AAPL240119C00100000\n", "AA PL",
        "AAPL\x00", "\x1b[31m", "AAPL,MSFT", "BRK.", ".B", "BRK..B", "BRK/B/C", "/USD", "BTC/", "BTC/usd",
        "1AAPL", "ÄÖÜ",
        "\uff21\uff21\uff30\uff2c", "AAPL\u0661", "price:AAPL", "*", "A" * 10, "AAPL240119X00100000",
        "AAPL240119C0010000", "../AAPL", "BTC%2FUSD", "A" * 5000,
    ],
)  # fmt: skip
def test_anything_else_is_no_symbol(symbol: str) -> None:
    """Lower case is for the edge to lift; blanks, controls, foreign letters, bad shapes have no market."""
    assert market_of(symbol) is None


@given(st.text(alphabet="AB01./CP:\n \u0661", max_size=24))
def test_no_symbol_can_break_out_of_a_redis_name(text: str) -> None:
    """What passes holds only letters, digits, dots and one slash, and is short."""
    if market_of(text) is not None:
        assert len(text) <= 21
        assert text.isascii()
        assert text.replace(".", "").replace("/", "", 1).isalnum()


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_610_064_000_278_000_000, "2021-01-08T00:00:00.278Z"),
        (1_610_064_000_000_000_001, "2021-01-08T00:00:00.000000001Z"),
        (1_610_064_000_100_000_000, "2021-01-08T00:00:00.100Z"),
        (1_610_064_000_000_500_000, "2021-01-08T00:00:00.000500Z"),
        (1_610_064_010_000_000_000, "2021-01-08T00:00:10Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
    ],
)
def test_a_time_is_written_in_groups_of_three_digits(ns: int, text: str) -> None:
    """No group of zeros behind, never a zero of the seconds lost."""
    assert rfc3339(ns) == text


@given(st.integers(FIRST_SECOND * 10**9, LAST_SECOND * 10**9 + 999_999_999))
def test_a_time_survives_the_round_trip(ns: int) -> None:
    """Not one nanosecond is lost, in any year that the format can name."""
    assert parse_rfc3339(rfc3339(ns)) == ns


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001
def test_times_sort_like_their_instants_and_agree_with_datetime(moment: datetime) -> None:
    """The library reads back the same instant, as far as its microseconds go."""
    aware = moment.replace(tzinfo=UTC)
    ns = (int(aware.timestamp()) * 10**6 + aware.microsecond) * 1000
    assert datetime.fromisoformat(rfc3339(ns)) == aware


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2021-01-08T00:00:00.123456789Z", 1_610_064_000_123_456_789),
        ("2021-01-08T00:00:00Z", 1_610_064_000_000_000_000),
        ("2021-01-07T19:00:00-05:00", 1_610_064_000_000_000_000),
        ("2021-01-08T05:30:00.5+05:30", 1_610_064_000_500_000_000),
    ],
)
def test_a_time_of_any_zone_is_read(text: str, ns: int) -> None:
    """Any number of digits up to nine, any offset."""
    assert parse_rfc3339(text) == ns


@pytest.mark.parametrize(
    "text",
    [
        "", "2021-01-08", "2021-01-08T00:00:00", "2021-01-08 00:00:00Z", "2021-13-08T00:00:00Z",
        "2021-01-08T00:00:00.Z", "2021-01-08T00:00:00.1234567890Z", "2021-01-08T00:00:00Z\n", "now",
        "\u0662\u0660\u0662\u0661-01-08T00:00:00Z", "2021-01-08T00:00:00.\u0661Z",
        "2021-01-08T00:00:00+99:00",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    """A wrong time is an error, never a guess."""
    with pytest.raises(ValueError, match=r".+"):
        parse_rfc3339(text)


@pytest.mark.parametrize("value", [1, 0.0001, 1e300, sys.float_info.max, 2**63])
def test_positive_finite_numbers_are_prices(value: float) -> None:
    """Whole or not."""
    assert number(value)


@pytest.mark.parametrize(
    "value", [0, -1, -0.0, float("nan"), float("inf"), 10**400, True, None, "1", [1], {}], ids=str
)
def test_nothing_else_is_a_price(value: object) -> None:
    """Zero is no price, and a number too big for a float must not raise in the venue's reader."""
    assert not number(value)


def test_a_tick_names_its_fields_in_the_order_of_the_contract() -> None:
    """With the three that change on each write at the end."""
    assert list(Tick.__struct_fields__) == DESIGN_ORDER


def test_a_tick_leaves_out_what_is_unknown() -> None:
    """No null, no zero for unknown, no flag that is not raised."""
    data = msgspec.json.encode(Tick("AAPL", 187.5, feed="iex", epoch=1, seq=2, ts_recv=3))
    assert data == b'{"symbol":"AAPL","price":187.5,"feed":"iex","epoch":1,"seq":2,"ts_recv":3}'


def test_a_tick_shows_a_zero_that_is_known() -> None:
    """An unchanged price has a change, and it is zero."""
    data = msgspec.json.encode(Tick("AAPL", 187.5, volume=0.0, change=0.0, change_percent=0.0))
    assert data == b'{"symbol":"AAPL","price":187.5,"volume":0.0,"change":0.0,"change_percent":0.0}'


@given(st.sets(st.sampled_from(DESIGN_ORDER[2:-6])))
def test_any_part_of_a_tick_keeps_the_order_and_holds_no_null(known: set[str]) -> None:
    """Whatever is known, the JSON is a subsequence of the contract's order."""
    values: dict[str, str | float] = {
        name: "2021-01-08T00:00:00Z" if name.endswith("timestamp") else 1.5 for name in known
    }
    tick = msgspec.convert(
        {"symbol": "AAPL", "price": 1.5, "feed": "iex", "epoch": 1, "seq": 2, "ts_recv": 3} | values, Tick
    )
    data = msgspec.json.encode(tick)
    expected = [name for name in DESIGN_ORDER if name in known | {"symbol", "price", *DESIGN_ORDER[-4:]}]
    assert list(msgspec.json.decode(data)) == expected
    assert b"null" not in data
    assert msgspec.json.decode(data, type=Tick) == tick


def test_a_tick_cannot_be_changed() -> None:
    """What one station hands on, no other station alters."""
    tick = Tick("AAPL", 1.0)
    with pytest.raises(AttributeError):
        tick.price = 2.0  # type: ignore[misc]
