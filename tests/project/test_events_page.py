"""docs/events.md says what the code says: names, fields, words; and its examples are what they say."""

from __future__ import annotations

import re

import msgspec
import pytest

from tapecast.api.account.numbers import ACCOUNT, ORDER, POSITION
from tapecast.api.account.upkeep import AccountFeed
from tapecast.api.board import Report
from tapecast.api.endings import ENDINGS, LEFT
from tapecast.api.tickets import EXPIRED
from tapecast.bars import Bar, Interval
from tapecast.bus.codec import FeedStatus, LeaseStatus, SymbolStatus
from tapecast.market import FeedState, Market, SymbolState, Tick
from tests.project.events_page import PAGE, Reader, is_event, read, words

TEXT = PAGE.read_text("utf-8")
TABLES = read(TEXT)
API = PAGE.parents[1] / "src" / "tapecast" / "api"
SOURCE = {path.name: path.read_text("utf-8") for path in API.rglob("*.py")}
EVENTS = {name for name in TABLES if is_event(name)}
# Numbers of Alpaca's that the simulator never sends; their spelling is that of `numbers.py`.
UNDOCUMENTED = {"swap_rate", "avg_entry_swap_rate", "usd", "ratio_qty", "commission"}


def fields_of(*kinds: type[msgspec.Struct]) -> set[str]:
    """The wire names of these structs."""
    return {each.encode_name for kind in kinds for each in msgspec.structs.fields(kind)}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_the_example_is_what_its_table_says(name: str) -> None:
    """Named so, of the right types, with nothing that the table does not have."""
    reader = Reader(TABLES)
    ((lines, data),) = TABLES[name].examples
    assert lines.get("event", "tick") == name
    assert ("retry" in lines) == (name in {"hello", "bye"})
    reader.hear(name, data)
    assert not reader.faults


def test_a_wrong_event_is_noticed() -> None:
    """Another type, a field too many, one too few, a word that is none of them."""
    reader = Reader(TABLES)
    reader.hear("symbol", {"state": "lively", "reason": 1, "moon": "full"})
    assert set(reader.faults) == {
        "symbol.state is no one of `pending`, `live`, `closed`, `stale`, `refused`: lively",
        "symbol.reason is no string: 1",
        "symbol: moon is not on the page",
        "symbol: symbol is missing",
    }
    assert reader.seen == {"symbol: state", "symbol: reason"}


def test_every_event_that_is_framed_is_on_the_page() -> None:
    """And no other."""
    framed = {"tick"}
    for text in SOURCE.values():
        framed |= set(re.findall(r'(?:frames\.|\b)event\("([a-z]+)"', text))
        framed |= set(re.findall(r'b"event: ([a-z]+)', text))
    assert framed == EVENTS
    summary = TEXT.partition("## How they are written")[0]
    assert set(re.findall(r"\]\(#([a-z]+)\)", summary)) == EVENTS


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("tick", fields_of(Tick)),
        ("symbol", fields_of(SymbolStatus)),
        ("feed", fields_of(FeedStatus, AccountFeed)),
        ("status", fields_of(Report)),
        ("a bar", fields_of(Bar)),
    ],
)
def test_the_fields_are_those_of_the_code(name: str, fields: set[str]) -> None:
    """Each of them, and no other."""
    assert {path.partition(".")[0] for path in TABLES[name].fields} == fields


def test_the_numbers_of_the_account_are_those_of_the_code() -> None:
    """What is made a number is called one."""
    assert fields_of(LeaseStatus) == {"holder", "epoch"}
    numbers = {
        name: {path for path, each in TABLES[name].fields.items() if each.type.startswith("number")}
        for name in ("position", "portfolio", "an order", "order")
    }
    assert numbers["position"] == POSITION - UNDOCUMENTED
    assert numbers["portfolio"] >= ACCOUNT
    assert numbers["an order"] | numbers["order"] == ORDER - UNDOCUMENTED


def test_the_words_are_those_of_the_code() -> None:
    """States, markets, lengths and endings: each of them, and no other."""
    states = {state.value for state in SymbolState}
    assert words(TABLES["symbol"], "state") == words(TABLES["position"], "state") == states
    assert words(TABLES["feed"], "state") == {state.value for state in FeedState}
    assert words(TABLES["feed"], "market") == {market.value for market in Market} | {"account"}
    lengths = {interval.value for interval in Interval}
    assert all(words(TABLES[name], "interval") == lengths for name in ("bars", "bar"))
    assert words(TABLES["hello"], "bars.interval") == lengths
    refusals = {
        code for text in SOURCE.values() for code in re.findall(r'ClientError\(\s*(?:429|503), "(\w+)"', text)
    }
    refusals |= {"too_many_streams"}
    assert words(TABLES["bye"], "code") == set(ENDINGS) - {LEFT} | refusals | {EXPIRED[0]}


@pytest.mark.parametrize("name", ["events.md", "http.md", "bars.md", "settings.md", "runbook.md"])
def test_links_lead_to_headings(name: str) -> None:
    """Each heading that is linked to is there."""
    page = PAGE.with_name(name)
    for target, anchor in re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text("utf-8")):
        text = (page.parent / target if target else page).read_text("utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        assert anchor in anchors, f"{target}#{anchor}"
