"""One connection's side of the trading stream."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tapecast.simulator.bad import Bad
from tapecast.simulator.codec import JSON, MSGPACK, Codec
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Faults, Step
from tapecast.simulator.outbox import POLICY_VIOLATION, Outbox
from tapecast.simulator.paper import session as sessions
from tapecast.simulator.paper.session import TradingSession

KEYS = {"key_id": "simulated", "secret_key": "simulated"}
AUTHORIZED = {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
UNAUTHORIZED = {"stream": "authorization", "data": {"status": "unauthorized", "action": "authenticate"}}
BUSY = {"action": "error", "data": {"error_message": "connection limit exceeded"}}


class Talk:
    """A dialogue with a session."""

    def __init__(self, codec: Codec = JSON, **config: Any) -> None:
        self.faults = Faults()
        self.codec = codec
        self.session = TradingSession(SimulatorConfig(**config), Outbox(codec), self.faults)

    def say(self, **message: object) -> list[Any]:
        """The replies to one message."""
        self.session.receive(self.codec.encode(message))
        return self.heard()

    def heard(self) -> list[Any]:
        """Everything that was sent since the last time."""
        frames = [self.session.outbox._next() for _ in range(len(self.session.outbox))]
        return [self.codec.decode(frame.payload) for frame in frames]

    def enter(self) -> TradingSession:
        """Authenticate and listen."""
        assert self.say(action="authenticate", data=KEYS) == [AUTHORIZED]
        listening = {"stream": "listening", "data": {"streams": ["trade_updates"]}}
        assert self.say(action="listen", data={"streams": ["trade_updates"]}) == [listening]
        return self.session


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_a_client_enters_and_is_told(codec: Codec) -> None:
    """Of nothing before it listens."""
    talk = Talk(codec)
    talk.session.deliver({"event": "new"})
    assert talk.heard() == []
    talk.enter().deliver({"event": "fill"})
    assert talk.heard() == [{"stream": "trade_updates", "data": {"event": "fill"}}]


def test_the_newer_form_of_authentication() -> None:
    """The same reply."""
    assert Talk().say(action="auth", key="simulated", secret="simulated") == [AUTHORIZED]


@pytest.mark.parametrize("data", [{}, {"key_id": "simulated", "secret_key": "wrong"}, "simulated", None])
def test_wrong_keys_end_it(data: object) -> None:
    """`unauthorized`, and the connection closes."""
    talk = Talk()
    assert talk.say(action="authenticate", data=data) == [UNAUTHORIZED]
    assert talk.session.outbox.closed.is_set()


def test_who_is_not_authorized_cannot_listen() -> None:
    """And may still authenticate."""
    talk = Talk()
    refused = {"stream": "authorization", "data": {"status": "unauthorized", "action": "listen"}}
    assert talk.say(action="listen", data={"streams": ["trade_updates"]}) == [refused]
    talk.enter()


@pytest.mark.parametrize("streams", [[], ["account_updates"], None, "trade_updates"])
def test_listen_replaces_the_set(streams: object) -> None:
    """What there is not is missing from the reply; nothing is told any more."""
    talk = Talk()
    talk.enter()
    assert talk.say(action="listen", data={"streams": streams}) == [
        {"stream": "listening", "data": {"streams": []}}
    ]
    talk.session.deliver({"event": "new"})
    assert talk.heard() == []


@pytest.mark.parametrize("payload", [b"garbage", b"[]", b"{}", b'{"action": "dance"}'])
def test_what_is_no_message_ends_it(payload: bytes) -> None:
    """With an error."""
    talk = Talk()
    talk.session.receive(payload)
    (reply,) = talk.heard()
    assert (reply["action"], list(reply["data"])) == ("error", ["error_message"])
    assert talk.session.outbox.closed.is_set()


def test_faults() -> None:
    """Replies that never come, keys that are refused, and events that are not told."""
    talk = Talk()
    talk.faults.silent = {Step.AUTH, Step.SUBSCRIPTION}
    assert talk.say(action="authenticate", data=KEYS) == []
    assert talk.say(action="listen", data={"streams": ["trade_updates"]}) == []
    talk.faults.muted = {"*"}
    talk.session.deliver({"event": "new"})
    assert talk.heard() == []
    talk.faults.clear()
    talk.session.deliver({"event": "fill"})
    assert len(talk.heard()) == 1
    talk.faults.unconfirmed = {"trade_updates"}
    reply = talk.say(action="listen", data={"streams": ["trade_updates"]})
    assert reply == [{"stream": "listening", "data": {"streams": []}}]


@pytest.mark.parametrize(("code", "reply"), [(402, UNAUTHORIZED), (406, BUSY)])
def test_a_login_can_fail(code: int, reply: dict[str, Any]) -> None:
    """For good, or for now."""
    talk = Talk()
    talk.faults.login = code
    assert talk.say(action="authenticate", data=KEYS) == [reply]
    assert talk.session.outbox.closed.is_set()


def test_it_may_hang_up_once_it_listens() -> None:
    """After the reply."""
    talk = Talk()
    talk.faults.hangs_up = True
    talk.enter()
    assert talk.session.outbox.closed.is_set()


@pytest.mark.parametrize(
    ("text", "codec", "told"), [(False, JSON, False), (True, JSON, True), (True, MSGPACK, False)]
)
def test_frames_are_binary_as_the_paper_hosts(text: bool, codec: Codec, told: bool) -> None:
    """Unless it plays the live one; msgpack always is."""
    talk = Talk(codec, trading_text=text)
    talk.session.receive(codec.encode({"action": "authenticate", "data": KEYS}))
    assert talk.session.outbox._next().text is told


def test_its_own_errors_are_words() -> None:
    """A stream of this kind has no codes."""
    talk = Talk()
    talk.session.fail(500)
    assert talk.heard() == [{"action": "error", "data": {"error_message": "internal error"}}]
    talk = Talk()
    talk.session.expire()
    assert talk.heard()[0]["data"] == {"error_message": "auth timeout"}


def test_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """When so much waits that it never will."""
    monkeypatch.setattr(sessions, "LIMIT", 3)
    talk = Talk()
    session = talk.enter()
    for _ in range(4):
        session.deliver({"event": "new"})
    assert (session.outbox.close_code, len(talk.heard())) == (POLICY_VIOLATION, 3)


def test_bad_frames_are_for_who_listens() -> None:
    """Others have nothing to count."""
    talk = Talk()
    assert not talk.session.spoil(Bad.GARBAGE)
    assert talk.enter().spoil(Bad.GARBAGE)
    with pytest.raises(msgspec.DecodeError):
        talk.heard()


def test_it_does_not_speak_first() -> None:
    """And keys in the upgrade's headers are not looked at."""
    talk = Talk()
    talk.session.welcome()
    talk.session.log_in("simulated", "simulated")
    assert (talk.heard(), talk.session.authenticated) == ([], False)
