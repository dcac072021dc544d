"""The protocol, as a dialogue without sockets."""

from __future__ import annotations

from typing import Any

import pytest

from tapecast.market import Market, parse_rfc3339
from tapecast.simulator.codec import JSON, MSGPACK, Codec, Encoded
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Faults, Step
from tapecast.simulator.market import SimulatedMarket
from tapecast.simulator.outbox import POLICY_VIOLATION, Outbox
from tapecast.simulator.session import Session

NOW = parse_rfc3339("2026-11-20T15:00:00Z")
AUTH = {"action": "auth", "key": "k", "secret": "s"}
AUTHENTICATED = {"T": "success", "msg": "authenticated"}


def error(code: int, text: str) -> dict[str, Any]:
    """An error as the venue writes it."""
    return {"T": "error", "code": code, "msg": text}


class Dialogue:
    """A session and what it said."""

    def __init__(
        self, market: Market = Market.US_EQUITY, *, faults: Faults | None = None, codec: Codec = JSON
    ) -> None:
        self.slot_is_free = True
        self.outbox = Outbox(codec)
        config = SimulatorConfig(key="k", secret="s", symbol_limit=3)
        self.faults = faults or Faults()
        self.session = Session(market, config, self.outbox, lambda _: self.slot_is_free, self.faults)
        self.session.welcome()
        self.welcome = self.replies()

    def replies(self) -> list[dict[str, Any]]:
        """What was said since the last look."""
        waiting = [self.outbox.codec.decode(message) for message, _ in self.outbox._waiting]
        self.outbox._waiting.clear()
        return waiting

    def say(self, message: object) -> dict[str, Any]:
        """Send one message; the one reply."""
        self.session.receive(self.outbox.codec.encode(message))
        (reply,) = self.replies()
        return reply

    def enter(self) -> None:
        """Authenticate."""
        assert self.say(AUTH) == AUTHENTICATED


@pytest.fixture
def entered() -> Dialogue:
    """An authenticated session of the stock stream with room for three symbols."""
    dialogue = Dialogue()
    dialogue.enter()
    return dialogue


def test_the_server_speaks_first() -> None:
    """A welcome comes unasked."""
    assert Dialogue().welcome == [{"T": "success", "msg": "connected"}]


def test_the_right_keys_enter() -> None:
    """And only once."""
    dialogue = Dialogue()
    assert dialogue.say(AUTH) == AUTHENTICATED
    assert dialogue.session.authenticated
    assert dialogue.say(AUTH) == error(403, "already authenticated")


@pytest.mark.parametrize("wrong", [{"key": "x"}, {"secret": "x"}, {"secret": None}])
def test_wrong_keys_end_the_connection(wrong: dict[str, object]) -> None:
    """402, and no second try."""
    dialogue = Dialogue()
    assert dialogue.say(AUTH | wrong) == error(402, "auth failed")
    assert dialogue.outbox.closed.is_set()
    assert not dialogue.session.authenticated


def test_a_taken_slot_may_be_asked_for_again() -> None:
    """406 leaves the connection open, and auth on it works once the slot is free."""
    dialogue = Dialogue()
    dialogue.slot_is_free = False
    assert dialogue.say(AUTH) == error(406, "connection limit exceeded")
    assert not dialogue.outbox.closed.is_set()
    dialogue.slot_is_free = True
    assert dialogue.say(AUTH) == AUTHENTICATED


def test_no_authentication_in_time_ends_the_connection() -> None:
    """404."""
    dialogue = Dialogue()
    dialogue.session.expire()
    assert dialogue.replies() == [error(404, "auth timeout")]
    assert dialogue.outbox.closed.is_set()


@pytest.mark.parametrize("action", ["subscribe", "unsubscribe"])
def test_nothing_is_subscribed_before_authentication(action: str) -> None:
    """401."""
    dialogue = Dialogue()
    assert dialogue.say({"action": action, "trades": ["AAPL"]}) == error(401, "not authenticated")
    assert dialogue.session.moving == set()


def test_a_reply_tells_the_whole_subscription(entered: Dialogue) -> None:
    """Every channel of the stream, in the venue's spelling; corrections and cancels follow the trades."""
    entered.say({"action": "subscribe", "trades": ["AAPL"], "bars": ["AAPL"]})
    assert entered.say({"action": "subscribe", "trades": ["BRK.B"], "quotes": ["AAPL"]}) == {
        "T": "subscription",
        "trades": ["AAPL", "BRK.B"],
        "quotes": ["AAPL"],
        "bars": ["AAPL"],
        "updatedBars": [],
        "dailyBars": [],
        "statuses": [],
        "lulds": [],
        "corrections": ["AAPL", "BRK.B"],
        "cancelErrors": ["AAPL", "BRK.B"],
    }
    assert entered.session.trades == {"AAPL", "BRK.B"}


def test_a_crypto_reply_has_the_channels_of_crypto() -> None:
    """Orderbooks, and nothing of the stock tape."""
    dialogue = Dialogue(Market.CRYPTO)
    dialogue.enter()
    assert dialogue.say({"action": "subscribe", "trades": ["BTC/USD"], "quotes": ["BTC/USD"]}) == {
        "T": "subscription",
        "trades": ["BTC/USD"],
        "quotes": ["BTC/USD"],
        "orderbooks": [],
        "bars": [],
        "updatedBars": [],
        "dailyBars": [],
    }


def test_unsubscribe_takes_away_what_it_names(entered: Dialogue) -> None:
    """One channel at a time; a symbol that was not there does no harm."""
    entered.say({"action": "subscribe", "trades": ["AAPL", "MSFT"], "quotes": ["AAPL"]})
    reply = entered.say({"action": "unsubscribe", "trades": ["AAPL", "ZZZZ"]})
    assert (reply["trades"], reply["quotes"], reply["corrections"]) == (["MSFT"], ["AAPL"], ["MSFT"])


def test_a_symbol_too_many_changes_nothing(entered: Dialogue) -> None:
    """405, and the set is as it was, also for the symbols of that message that would have fitted."""
    entered.say({"action": "subscribe", "trades": ["AAPL", "MSFT"]})
    too_many = {"action": "subscribe", "trades": ["NVDA", "SPY"]}
    assert entered.say(too_many) == error(405, "symbol limit exceeded")
    assert entered.session.trades == {"AAPL", "MSFT"}


def test_a_symbol_counts_once(entered: Dialogue) -> None:
    """In trades and quotes it is one of the plan's symbols."""
    symbols = ["AAPL", "MSFT", "NVDA"]
    assert entered.say({"action": "subscribe", "trades": symbols, "quotes": symbols})["T"] == "subscription"


def test_room_that_was_made_can_be_used(entered: Dialogue) -> None:
    """After an unsubscribe another symbol fits."""
    entered.say({"action": "subscribe", "trades": ["AAPL", "MSFT", "NVDA"]})
    entered.say({"action": "unsubscribe", "trades": ["AAPL"]})
    assert entered.say({"action": "subscribe", "trades": ["SPY"]})["trades"] == ["MSFT", "NVDA", "SPY"]


@pytest.mark.parametrize(
    "message",
    [
        {"action": "subscribe", "trades": ["MSFT", "not a symbol"]},
        {"action": "subscribe", "trades": ["BTC/USD"]},
        {"action": "subscribe", "trades": ["aapl"]},
        {"action": "subscribe", "trades": [7]},
        {"action": "subscribe", "trades": "MSFT"},
        {"action": "subscribe"},
        {"action": "subscribe", "trades": []},
        {"action": "dance"},
        {},
        [],
    ],
)
def test_a_malformed_message_changes_nothing(entered: Dialogue, message: object) -> None:
    """400, whatever is wrong with it, and the connection goes on."""
    entered.say({"action": "subscribe", "trades": ["AAPL"]})
    assert entered.say(message) == error(400, "invalid syntax")
    assert entered.session.trades == {"AAPL"}
    assert entered.say({"action": "subscribe", "trades": ["SPY"]})["trades"] == ["AAPL", "SPY"]


def test_a_payload_that_is_not_json_is_malformed(entered: Dialogue) -> None:
    """400 too."""
    entered.session.receive(b"\xff\x00")
    assert entered.replies() == [error(400, "invalid syntax")]


def test_a_channel_of_another_stream_is_refused(entered: Dialogue) -> None:
    """410."""
    message = {"action": "subscribe", "orderbooks": ["AAPL"]}
    assert entered.say(message) == error(410, "invalid subscribe action for this feed")


def test_only_what_is_subscribed_is_sent(entered: Dialogue) -> None:
    """By symbol and by channel."""
    entered.say({"action": "subscribe", "trades": ["AAPL"], "quotes": ["MSFT"]})
    for event in SimulatedMarket().advance(["AAPL", "MSFT", "SPY"], NOW):
        entered.session.deliver(Encoded(event))
    assert [(each["T"], each["S"]) for each in entered.replies()] == [("t", "AAPL"), ("q", "MSFT")]


def test_headers_authenticate_too() -> None:
    """`authenticated` comes unasked, and a message after it is 403."""
    dialogue = Dialogue()
    dialogue.session.log_in("k", "s")
    assert dialogue.replies() == [AUTHENTICATED]
    assert dialogue.say(AUTH) == error(403, "already authenticated")


@pytest.mark.parametrize("wrong", [("k", None), (None, "s"), ("s", "k")])
def test_wrong_headers_end_the_connection(wrong: tuple[str | None, str | None]) -> None:
    """402, half a pair too."""
    dialogue = Dialogue()
    dialogue.session.log_in(*wrong)
    assert dialogue.replies() == [error(402, "auth failed")]
    assert dialogue.outbox.closed.is_set()


def test_headers_may_find_the_slot_taken() -> None:
    """406, and the message is not too late."""
    dialogue = Dialogue()
    dialogue.slot_is_free = False
    dialogue.session.log_in("k", "s")
    assert dialogue.replies() == [error(406, "connection limit exceeded")]
    dialogue.slot_is_free = True
    assert dialogue.say(AUTH) == AUTHENTICATED


def test_options_are_not_for_json() -> None:
    """412 in place of the welcome."""
    dialogue = Dialogue(Market.US_OPTION)
    assert dialogue.welcome == [error(412, "option messages are only available in MsgPack format")]
    assert dialogue.outbox.closed.is_set()
    assert Dialogue(Market.US_OPTION, codec=MSGPACK).welcome == [{"T": "success", "msg": "connected"}]


def test_a_silent_welcome_leaves_the_rest() -> None:
    """Only that reply never comes."""
    dialogue = Dialogue(faults=Faults(silent={Step.WELCOME}))
    assert dialogue.welcome == []
    assert dialogue.say(AUTH) == AUTHENTICATED


def test_a_silent_auth_has_taken_the_slot() -> None:
    """What the reply would have confirmed has happened."""
    dialogue = Dialogue(faults=Faults(silent={Step.AUTH}))
    dialogue.session.receive(dialogue.outbox.codec.encode(AUTH))
    assert dialogue.replies() == []
    assert dialogue.session.authenticated
    assert dialogue.say({"action": "subscribe", "trades": ["AAPL"]})["trades"] == ["AAPL"]


def test_a_silent_subscription_counts(entered: Dialogue) -> None:
    """Data comes, the confirmation does not; a refusal does."""
    entered.faults.silent.add(Step.SUBSCRIPTION)
    entered.session.receive(b'{"action":"subscribe","trades":["AAPL"]}')
    assert entered.replies() == []
    assert entered.session.trades == {"AAPL"}
    assert entered.say({"action": "subscribe"}) == error(400, "invalid syntax")


@pytest.mark.parametrize(("code", "ends"), [(402, True), (404, True), (406, False), (409, True), (411, True)])
def test_every_log_in_can_be_refused(code: int, ends: bool) -> None:
    """Some refusals end the connection, 406 waits for another try."""
    dialogue = Dialogue(faults=Faults(login=code))
    assert dialogue.say(AUTH)["code"] == code
    assert dialogue.outbox.closed.is_set() == ends
    assert not dialogue.session.authenticated


def test_a_refusal_that_is_over_lets_in() -> None:
    """On the same connection."""
    dialogue = Dialogue(faults=Faults(login=406))
    dialogue.say(AUTH)
    dialogue.faults.login = None
    assert dialogue.say(AUTH) == AUTHENTICATED


def test_an_error_of_the_venue_leaves_the_session(entered: Dialogue) -> None:
    """A code that nobody knows comes as any other."""
    entered.session.fail(500)
    entered.session.fail(499)
    assert entered.replies() == [error(500, "internal error"), error(499, "unknown error")]
    assert not entered.outbox.closed.is_set()


def test_a_slow_client_is_ended(entered: Dialogue) -> None:
    """407, then 1008."""
    entered.session.fail(407)
    assert entered.replies() == [error(407, "slow client")]
    assert entered.outbox.closed.is_set()
    assert entered.outbox.close_code == POLICY_VIOLATION


def test_a_venue_that_hangs_up_confirms_first(entered: Dialogue) -> None:
    """An error is not what it waits for."""
    entered.faults.hangs_up = True
    assert entered.say({"action": "subscribe", "trades": ["no symbol"]})["code"] == 400
    assert not entered.outbox.closed.is_set()
    assert entered.say({"action": "subscribe", "trades": ["AAPL"]})["trades"] == ["AAPL"]
    assert entered.outbox.closed.is_set()
