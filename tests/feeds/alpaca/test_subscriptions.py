"""The reconciler, as dialogues with a venue that has rules of its own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapecast.errors import FeedTransient
from tapecast.feeds.alpaca.subscriptions import MAX_BATCH, Request, Subscriptions

ENOUGH_MESSAGES = 2000


class Plan:
    """A venue's side: how many symbols or pairs it has room for, and which symbols it does not know."""

    def __init__(
        self, symbols: int = 10**6, pairs: int = 10**6, bad: frozenset[str] = frozenset(), code: int = 400
    ) -> None:
        self._symbols = symbols
        self._pairs = pairs
        self._bad = bad
        self._code = code
        self.channels: dict[str, set[str]] = {"trades": set(), "quotes": set()}
        self.heard: list[Request] = []

    def receive(self, request: Request, subscriptions: Subscriptions) -> None:
        """Answer as Alpaca does: with the whole set, or with an error and the set unchanged."""
        self.heard.append(request)
        asked, have = set(request.symbols), self.channels[request.channel]
        changed = self.channels | {
            request.channel: have | asked if request.action == "subscribe" else have - asked
        }
        if asked & self._bad:
            assert subscriptions.failed(self._code)
        elif request.action == "subscribe" and not self._has_room(changed):
            assert subscriptions.failed(405)
        else:
            self.channels = changed
            subscriptions.answered({"T": "subscription", **{k: list(v) for k, v in changed.items()}})

    def _has_room(self, channels: dict[str, set[str]]) -> bool:
        pairs = sum(len(symbols) for symbols in channels.values())
        return len(set().union(*channels.values())) <= self._symbols and pairs <= self._pairs


def settle(subscriptions: Subscriptions, plan: Plan) -> int:
    """Let the two talk until nothing is left to ask; how many messages it took."""
    before = len(plan.heard)
    while (request := subscriptions.ask()) is not None:
        plan.receive(request, subscriptions)
        assert len(plan.heard) - before < ENOUGH_MESSAGES, "they never come to an end"
    return len(plan.heard) - before


def wanting(
    *symbols: str, limit: int = 10**6, channels: tuple[str, ...] = ("trades", "quotes")
) -> Subscriptions:
    """A reconciler that wants these."""
    subscriptions = Subscriptions(limit, channels)
    subscriptions.want(symbols)
    return subscriptions


def names(count: int, letter: str = "A") -> list[str]:
    """So many symbols."""
    return [f"{letter}{number:03d}" for number in range(count)]


def test_a_request_is_what_the_venue_reads() -> None:
    """The message names action, channel and symbols."""
    request = Request("subscribe", "trades", ("AAPL", "MSFT"))
    assert request.message() == {"action": "subscribe", "trades": ["AAPL", "MSFT"]}


def test_trades_are_asked_for_before_quotes() -> None:
    """Both channels come, the one with the price first."""
    subscriptions, plan = wanting("AAPL", "MSFT"), Plan()
    settle(subscriptions, plan)
    assert [(each.channel, each.symbols) for each in plan.heard] == [
        ("trades", ("AAPL", "MSFT")),
        ("quotes", ("AAPL", "MSFT")),
    ]
    assert subscriptions.confirmed == {"AAPL", "MSFT"}
    assert subscriptions.refused == {}


def test_trades_alone() -> None:
    """Without the quotes channel no quote is asked for."""
    subscriptions, plan = wanting("AAPL", channels=("trades",)), Plan()
    settle(subscriptions, plan)
    assert {each.channel for each in plan.heard} == {"trades"}


def test_one_request_at_a_time() -> None:
    """Nothing is asked while an answer is due."""
    subscriptions = wanting("AAPL")
    assert subscriptions.ask() is not None
    assert subscriptions.ask() is None


def test_only_the_reply_confirms() -> None:
    """A request in flight confirms nothing."""
    subscriptions = wanting("AAPL")
    subscriptions.ask()
    assert subscriptions.confirmed == frozenset()


def test_big_sets_go_out_in_batches() -> None:
    """No message is longer than a batch."""
    subscriptions, plan = wanting(*names(2 * MAX_BATCH + 1), channels=("trades",)), Plan()
    assert settle(subscriptions, plan) == 3
    assert max(len(each.symbols) for each in plan.heard) == MAX_BATCH


def test_what_leaves_makes_room_first() -> None:
    """The unsubscribe goes before the subscribe, else a full plan would refuse it."""
    subscriptions, plan = wanting("AAPL"), Plan(symbols=1)
    settle(subscriptions, plan)
    subscriptions.want(["MSFT"])
    settle(subscriptions, plan)
    assert [(each.action, each.channel) for each in plan.heard[2:]] == [
        ("unsubscribe", "quotes"),
        ("unsubscribe", "trades"),
        ("subscribe", "trades"),
        ("subscribe", "quotes"),
    ]
    assert subscriptions.confirmed == {"MSFT"}
    assert not subscriptions.refused


def test_the_setting_caps_without_asking() -> None:
    """What is over the cap of the settings is refused before the venue hears of it."""
    subscriptions, plan = wanting("A", "B", "C", limit=2), Plan()
    settle(subscriptions, plan)
    assert subscriptions.confirmed == {"A", "B"}
    assert subscriptions.refused == {"C": "symbol_limit"}
    assert not [each for each in plan.heard if "C" in each.symbols]


def test_the_plan_caps_by_symbols() -> None:
    """A 405 is bisected; the most important that fit are kept, with their quotes."""
    subscriptions, plan = wanting("A", "B", "C", "D", "E"), Plan(symbols=3)
    settle(subscriptions, plan)
    assert subscriptions.confirmed == {"A", "B", "C"}
    assert subscriptions.refused == {"D": "symbol_limit", "E": "symbol_limit"}
    assert plan.channels["quotes"] == {"A", "B", "C"}


def test_the_plan_caps_by_pairs() -> None:
    """Where pairs count, quotes are given up before a symbol is."""
    subscriptions, plan = wanting(*names(20)), Plan(pairs=30)
    settle(subscriptions, plan)
    assert (len(subscriptions.confirmed), len(plan.channels["quotes"])) == (20, 10)
    subscriptions.want(names(25))
    settle(subscriptions, plan)
    assert (len(subscriptions.confirmed), len(plan.channels["quotes"])) == (25, 5)
    assert subscriptions.refused == {}


def test_which_of_the_two_counts_is_learnt() -> None:
    """A full plan of symbols gets its quotes back after they were given up in vain."""
    subscriptions, plan = wanting("A", "B"), Plan(symbols=2)
    settle(subscriptions, plan)
    subscriptions.want(["A", "B", "C"])
    settle(subscriptions, plan)
    assert plan.channels == {"trades": {"A", "B"}, "quotes": {"A", "B"}}
    assert subscriptions.refused == {"C": "symbol_limit"}
    subscriptions.want(["A", "B", "C", "D"])
    assert settle(subscriptions, plan) == 0


def test_giving_quotes_up_makes_room_where_pairs_count() -> None:
    """The other outcome: the newcomer is in, and as many quotes as still fit."""
    subscriptions, plan = wanting("A", "B"), Plan(pairs=4)
    settle(subscriptions, plan)
    subscriptions.want(["A", "B", "C"])
    settle(subscriptions, plan)
    assert plan.channels["trades"] == {"A", "B", "C"}
    assert len(plan.channels["quotes"]) == 1


def test_room_is_filled() -> None:
    """A refused symbol is taken in when one that was in leaves."""
    subscriptions, plan = wanting("A", "B", "C"), Plan(symbols=2)
    settle(subscriptions, plan)
    assert subscriptions.refused == {"C": "symbol_limit"}
    subscriptions.want(["B", "C"])
    settle(subscriptions, plan)
    assert subscriptions.confirmed == {"B", "C"}
    assert not subscriptions.refused


def test_one_bad_symbol_costs_itself_alone() -> None:
    """A 400 is bisected to the symbol that it is about, in few messages."""
    good = names(99)
    subscriptions = wanting(*good[:50], "BAD", *good[50:], channels=("trades",))
    assert settle(subscriptions, Plan(bad=frozenset({"BAD"}))) < 30
    assert subscriptions.confirmed == set(good)
    assert subscriptions.refused == {"BAD": "symbol_invalid"}


def test_a_bad_symbol_that_comes_back_is_asked_for_again() -> None:
    """A refusal is forgotten with the wish."""
    subscriptions, plan = wanting("BAD"), Plan(bad=frozenset({"BAD"}))
    settle(subscriptions, plan)
    subscriptions.want([])
    assert subscriptions.refused == {}
    subscriptions.want(["BAD"])
    assert settle(subscriptions, plan) == 1


def test_an_action_that_the_feed_does_not_know_is_not_repeated() -> None:
    """A 410 refuses the batch at once."""
    subscriptions = wanting("A", "B", channels=("trades",))
    assert settle(subscriptions, Plan(bad=frozenset({"A"}), code=410)) == 1
    assert subscriptions.refused == {"A": "not_supported", "B": "not_supported"}


def test_refused_quotes_do_not_refuse_the_symbol() -> None:
    """A symbol without quotes is still a symbol with a price."""
    subscriptions = wanting("A")
    subscriptions.ask()
    subscriptions.answered({"trades": ["A"]})
    assert subscriptions.ask() == Request("subscribe", "quotes", ("A",))
    assert subscriptions.failed(400)
    assert subscriptions.ask() is None
    assert subscriptions.confirmed == {"A"}
    assert not subscriptions.refused


def test_what_is_accepted_and_not_there_is_refused() -> None:
    """A reply that leaves a symbol out ends the asking, instead of beginning it again."""
    subscriptions = wanting("A", "B", channels=("trades",))
    subscriptions.ask()
    subscriptions.answered({"trades": ["A"]})
    assert subscriptions.ask() is None
    assert subscriptions.refused == {"B": "not_confirmed"}


@pytest.mark.parametrize("refuses", [True, False])
def test_what_the_venue_will_not_let_go_is_asked_once(refuses: bool) -> None:
    """A symbol that stays subscribed after an unsubscribe is left alone."""
    subscriptions = wanting("A", channels=("trades",))
    settle(subscriptions, Plan())
    subscriptions.want([])
    assert subscriptions.ask() == Request("unsubscribe", "trades", ("A",))
    if refuses:
        subscriptions.failed(500)
    else:
        subscriptions.answered({"trades": ["A"]})
    assert subscriptions.ask() is None


def test_a_symbol_that_the_venue_dropped_is_asked_for_again() -> None:
    """A reply out of turn is believed too."""
    subscriptions = wanting("A", channels=("trades",))
    settle(subscriptions, Plan())
    subscriptions.answered({"trades": []})
    assert subscriptions.ask() == Request("subscribe", "trades", ("A",))


def test_a_silent_symbol_is_dropped_and_asked_for_again() -> None:
    """On both channels, while the others stay as they are."""
    subscriptions, plan = wanting("AAPL", "MSFT"), Plan()
    settle(subscriptions, plan)
    before = len(plan.heard)
    subscriptions.renew(["AAPL", "TSLA"])
    settle(subscriptions, plan)
    said = [(each.action, each.channel, each.symbols) for each in plan.heard[before:]]
    assert sorted(said[:2]) == [("unsubscribe", "quotes", ("AAPL",)), ("unsubscribe", "trades", ("AAPL",))]
    assert said[2:] == [("subscribe", "trades", ("AAPL",)), ("subscribe", "quotes", ("AAPL",))]
    assert subscriptions.confirmed == {"AAPL", "MSFT"}
    assert subscriptions.refused == {}


def test_a_symbol_that_cannot_be_dropped_is_not_renewed_for_ever() -> None:
    """The venue keeps what it was asked to let go: it stays subscribed."""
    subscriptions = wanting("AAPL", channels=("trades",))
    subscriptions.ask()
    subscriptions.answered({"trades": ["AAPL"]})
    subscriptions.renew(["AAPL"])
    assert subscriptions.ask() == Request("unsubscribe", "trades", ("AAPL",))
    subscriptions.answered({"trades": ["AAPL"]})
    assert subscriptions.ask() is None
    assert subscriptions.confirmed == {"AAPL"}


def test_a_symbol_that_left_meanwhile_is_not_asked_for_again() -> None:
    """Nobody wants it any more."""
    subscriptions, plan = wanting("AAPL", "MSFT"), Plan()
    settle(subscriptions, plan)
    subscriptions.renew(["AAPL"])
    subscriptions.want(["MSFT"])
    settle(subscriptions, plan)
    assert plan.channels == {"trades": {"MSFT"}, "quotes": {"MSFT"}}


def test_an_error_out_of_turn_answers_nothing() -> None:
    """An error without a request is no answer."""
    assert not wanting("A").failed(405)


def test_no_room_at_all_ends_the_session() -> None:
    """A plan that takes not one symbol is full of somebody else's: wait, do not sit there mute."""
    subscriptions = wanting("A")
    with pytest.raises(FeedTransient, match="no symbol at all") as caught:
        settle(subscriptions, Plan(symbols=0))
    assert (caught.value.reason, caught.value.retry_after) == ("symbol_limit", 15)


@pytest.mark.parametrize("reply", [{}, {"trades": None}, {"trades": "A"}, {"trades": [1, None]}])
def test_a_reply_without_sense_confirms_nothing(reply: dict[object, object]) -> None:
    """A malformed reply is an empty one."""
    subscriptions = wanting("A")
    subscriptions.ask()
    subscriptions.answered(reply)
    assert subscriptions.confirmed == frozenset()


def test_a_new_session_asks_first_for_what_was_served() -> None:
    """After a drop, the first message holds just what was in; the venue cannot refuse that for the others."""
    subscriptions = wanting("A", "B", "C", "D", channels=("trades",))
    settle(subscriptions, Plan(symbols=2))
    subscriptions.reset()
    assert subscriptions.confirmed == frozenset()
    after = Plan(symbols=2)
    settle(subscriptions, after)
    assert after.heard[0] == Request("subscribe", "trades", ("A", "B"))
    assert subscriptions.confirmed == {"A", "B"}
    assert subscriptions.refused == {"C": "symbol_limit", "D": "symbol_limit"}


def test_a_new_session_may_have_more_room() -> None:
    """What was learnt of the plan is forgotten with the session."""
    subscriptions = wanting("A", "B", "C")
    settle(subscriptions, Plan(symbols=2))
    subscriptions.reset()
    settle(subscriptions, Plan())
    assert (len(subscriptions.confirmed), subscriptions.refused) == (3, {})


@given(
    wishes=st.lists(st.lists(st.sampled_from(names(12)), unique=True), min_size=1, max_size=5),
    limit=st.integers(1, 14),
    symbols=st.integers(1, 14),
    pairs=st.integers(1, 30),
    bad=st.frozensets(st.sampled_from(names(12)), max_size=3),
)
@settings(deadline=None)
def test_any_plan_and_any_wishes_come_to_rest(
    wishes: list[list[str]], limit: int, symbols: int, pairs: int, bad: frozenset[str]
) -> None:
    """It always ends, every wish is either confirmed or refused, and nothing unwanted stays."""
    subscriptions, plan = Subscriptions(limit, ("trades", "quotes")), Plan(symbols, pairs, bad)
    for wish in wishes:
        subscriptions.want(wish)
        settle(subscriptions, plan)
        assert subscriptions.confirmed == plan.channels["trades"]
        assert subscriptions.confirmed | subscriptions.refused.keys() == set(wish)
        assert not subscriptions.confirmed & subscriptions.refused.keys()
        room = min(limit, symbols, pairs, len(set(wish) - bad))
        assert subscriptions.confirmed or room == 0
        if pairs >= 28:
            most_important = [symbol for symbol in wish if symbol not in bad][: min(limit, symbols)]
            assert subscriptions.confirmed == set(most_important)


def test_no_message_of_a_new_session_is_too_long() -> None:
    """However many were served before: beyond some 1,400 symbols in one message data come in parts."""
    subscriptions, plan = wanting(*(f"S{number}" for number in range(3 * MAX_BATCH))), Plan()
    settle(subscriptions, plan)
    subscriptions.reset()
    again = Plan()
    settle(subscriptions, again)
    assert max(len(request.symbols) for request in again.heard) == MAX_BATCH
    assert len(subscriptions.confirmed) == 3 * MAX_BATCH
