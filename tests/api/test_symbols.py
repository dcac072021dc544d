"""What clients may ask for, and how."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tapecast.api.symbols import parse_interval, parse_subjects, parse_symbols, printable
from tapecast.errors import ClientError
from tapecast.market import market_of
from tapecast.settings import Settings, load

SETTINGS = load({})


def asked(query: str, settings: Settings = SETTINGS) -> tuple[list[str], list[tuple[str, str]]]:
    """The good symbols of a query, and the refused ones with their reasons."""
    symbols, refused = parse_symbols(QueryParams(query), settings)
    return list(symbols), [(status.symbol, status.reason) for status in refused]


def refused(query: str, settings: Settings = SETTINGS) -> str:
    """The code with which a query is refused."""
    with pytest.raises(ClientError) as error:
        parse_symbols(QueryParams(query), settings)
    assert error.value.status == 400
    return error.value.code


@pytest.mark.parametrize(
    ("query", "symbols"),
    [
        ("symbols=AAPL,BTC/USD", ["AAPL", "BTC/USD"]),
        ("symbols=BTC%2FUSD", ["BTC/USD"]),
        ("symbols=btc%2fusd,brk.b", ["BTC/USD", "BRK.B"]),
        ("symbols=AAPL,aapl,AAPL", ["AAPL"]),
        ("symbols=%20AAPL%20,+MSFT+", ["AAPL", "MSFT"]),
        ("symbols=AAPL,,MSFT,", ["AAPL", "MSFT"]),
        ("symbols=AAPL&symbols=MSFT", ["AAPL", "MSFT"]),
        ("symbols=AAPL&colour=red", ["AAPL"]),
    ],
)
def test_many_spellings_are_understood(query: str, symbols: list[str]) -> None:
    """Case, spaces, repeats, empty places and percent-encoding do not matter."""
    assert asked(query) == (symbols, [])


@pytest.mark.parametrize("query", ["", "symbols=", "symbols=,%20,", "symbol=AAPL"])
def test_no_symbols_is_an_error(query: str) -> None:
    """There is nothing to stream."""
    assert refused(query) == "symbols_missing"


def test_one_bad_among_good_is_refused_in_band() -> None:
    """A page cannot read a 400."""
    assert asked("symbols=AAPL,a$b") == (["AAPL"], [("A$B", "symbol_invalid")])


def test_only_bad_ones_are_an_error() -> None:
    """There is nothing to stream, and the message names the first."""
    assert refused("symbols=a$b,%00") == "symbol_invalid"


def test_too_many_symbols_is_an_error() -> None:
    """Counted once each, before anything is done for them."""
    assert refused("symbols=" + ",".join(f"A{i}" for i in range(5000))) == "too_many_symbols"
    settings = load({"MAX_SYMBOLS_PER_STREAM": "2"})
    assert refused("symbols=A,B,C", settings) == "too_many_symbols"
    assert asked("symbols=A,B,A", settings) == (["A", "B"], [])


def test_symbols_that_are_not_allowed_are_refused_in_band() -> None:
    """Even when none is left: the symbols are well formed."""
    settings = load({"ALLOWED_SYMBOLS": "AAPL"})
    assert asked("symbols=AAPL,MSFT", settings) == (["AAPL"], [("MSFT", "not_allowed")])
    assert asked("symbols=MSFT", settings) == ([], [("MSFT", "not_allowed")])


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ("prices=AAPL", {"prices"}),
        ("prices=AAPL&positions&status", {"prices", "positions", "status"}),
        ("positions", {"positions"}),
        ("positions=true&status=1", {"positions", "status"}),
        ("prices=,&status=yes", {"status"}),
        ("prices=AAPL&positions=false&status=0", {"prices"}),
        ("prices=AAPL&positions=No&status=OFF", {"prices"}),
        ("status=%20false%20&positions", {"positions"}),
        ("positions=no&colour=red", {"prices"}),
        ("", {"prices"}),
    ],
)
def test_subjects_are_asked_for_by_name(query: str, subjects: set[str]) -> None:
    """A flag needs no value, and says no in several ways."""
    assert parse_subjects(QueryParams(query)) == subjects


def test_a_bad_symbol_beside_another_subject_is_refused_in_band() -> None:
    """There is something to stream, so the bad one does not end it."""
    symbols, refused = parse_symbols(QueryParams("prices=a$b"), SETTINGS, "prices", alone=False)
    assert symbols == ()
    assert [(status.symbol, status.reason) for status in refused] == [("A$B", "symbol_invalid")]
    assert parse_symbols(QueryParams("prices="), SETTINGS, "prices", alone=False) == ((), ())
    with pytest.raises(ClientError, match="not a symbol"):
        parse_symbols(QueryParams("prices=a$b"), SETTINGS, "prices")


@pytest.mark.parametrize("text", ["\x00", "\x1b[31m", "\x7f", "\u2028", "\u202e"])
def test_control_characters_are_never_echoed(text: str) -> None:
    """Neither in an event nor in an error, where a terminal would obey them."""
    _, ((shown, _),) = asked(f"symbols=AAPL,X{text}X")
    assert text not in shown
    with pytest.raises(ClientError) as error:
        parse_symbols(QueryParams({"symbols": f"X{text}X"}), SETTINGS)
    assert error.value.message.isprintable()


def test_long_nonsense_is_cut() -> None:
    """An echo is no amplifier."""
    assert len(printable("x" * 10_000)) == 33


def test_upper_casing_makes_no_symbol_of_what_is_none() -> None:
    """A sharp s would become SS."""
    assert refused("symbols=ma\N{LATIN SMALL LETTER SHARP S}") == "symbol_invalid"


@given(st.text(max_size=60))
def test_whatever_is_sent_the_answer_is_a_symbol_or_a_clear_error(text: str) -> None:
    """No input gets through that has not the form of a symbol."""
    try:
        symbols, _ = parse_symbols(QueryParams({"symbols": text}), SETTINGS)
    except ClientError as error:
        assert error.status == 400  # noqa: PT017 - both outcomes are fine
    else:
        assert all(market_of(symbol) for symbol in symbols)


@pytest.mark.parametrize(
    ("query", "granted"),
    [
        ("", 7),
        ("interval=250", 250),
        ("interval=250.9", 250),
        ("interval=-5", 0),
        ("interval=0", 0),
        ("interval=60001", 60_000),
        ("interval=" + "9" * 5000, 60_000),
        ("interval=%20250%20", 250),
        ("interval=+250", 250),
    ],
)
def test_an_interval_is_clamped(query: str, granted: int) -> None:
    """Negative and huge ones become the nearest that is served."""
    assert parse_interval(QueryParams(query), 7) == granted


@pytest.mark.parametrize("text", ["", "fast", "nan", "inf", "1e3", "1_000", "0x10", "٣", "1 2", "--1"])
def test_an_interval_that_is_no_number_is_an_error(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(ClientError) as error:
        parse_interval(QueryParams({"interval": text}), 0)
    assert (error.value.status, error.value.code) == (400, "interval_invalid")
