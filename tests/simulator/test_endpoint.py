"""One path and its slot."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tapecast.market import Market
from tapecast.simulator.codec import JSON
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.endpoint import Endpoint
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.paths import PATHS
from tapecast.simulator.session import Session


class Wire:
    """A socket that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def freeze(self) -> None:
        """Be frozen."""
        self.told.append("freeze")

    def thaw(self) -> None:
        """Be thawed."""
        self.told.append("thaw")

    def abort(self) -> None:
        """Be cut."""
        self.told.append("abort")


def connect(endpoint: Endpoint) -> Session:
    """A new connection to the endpoint."""
    session = Session(endpoint.market, SimulatorConfig(), Outbox(JSON), endpoint.claim, endpoint.faults)
    endpoint.sessions.add(session)
    return session


def test_the_slot_is_for_one() -> None:
    """The first takes it, the second waits until the first has left."""
    endpoint = Endpoint("/v2/iex")
    first, second = connect(endpoint), connect(endpoint)
    assert endpoint.claim(first)
    assert not endpoint.claim(second)
    endpoint.leave(first)
    assert endpoint.claim(second)


def test_one_that_waits_gives_nothing_up() -> None:
    """The holder stays when somebody without the slot leaves."""
    endpoint = Endpoint("/v2/iex")
    first, second = connect(endpoint), connect(endpoint)
    endpoint.claim(first)
    endpoint.leave(second)
    assert endpoint.holder is first
    assert endpoint.sessions == {first}


def _lose(endpoint: Endpoint, *, clean: bool) -> None:
    session = connect(endpoint)
    assert endpoint.claim(session)
    endpoint.leave(session, clean=clean)


def _lingering(now: list[float]) -> Endpoint:
    endpoint = Endpoint("/v2/iex", now=lambda: now[0])
    endpoint.faults.linger_s = 90.0
    return endpoint


def test_a_slot_may_linger() -> None:
    """After an end without a goodbye, for so long and no longer."""
    now = [1000.0]
    endpoint = _lingering(now)
    _lose(endpoint, clean=False)
    waiting = connect(endpoint)
    now[0] += 89.9
    assert not endpoint.claim(waiting)
    now[0] += 0.1
    assert endpoint.claim(waiting)


def test_a_goodbye_frees_the_slot_at_once() -> None:
    """And an older loss is forgotten by then."""
    now = [1000.0]
    endpoint = _lingering(now)
    _lose(endpoint, clean=False)
    now[0] += 90
    _lose(endpoint, clean=True)
    assert endpoint.claim(connect(endpoint))


def test_without_the_fault_nothing_lingers() -> None:
    """Also when it is taken away while a slot lingers."""
    endpoint = _lingering([1000.0])
    _lose(endpoint, clean=False)
    endpoint.faults.linger_s = 0.0
    assert endpoint.claim(connect(endpoint))


def test_only_the_holders_end_lingers() -> None:
    """Somebody who waited in vain leaves nothing behind."""
    endpoint = _lingering([1000.0])
    endpoint.leave(connect(endpoint), clean=False)
    assert endpoint.claim(connect(endpoint))


def test_every_socket_of_the_path_is_frozen_once() -> None:
    """And one that comes later, before it is answered."""
    endpoint, early, late = Endpoint("/v2/iex"), Wire(), Wire()
    with ExitStack() as sockets:
        sockets.enter_context(endpoint.dialled(early))
        endpoint.freeze()
        endpoint.freeze()
        assert early.told == ["freeze"]
        sockets.enter_context(endpoint.dialled(late))
        endpoint.thaw()
        endpoint.thaw()
    assert early.told == late.told == ["freeze", "thaw"]
    assert endpoint.faults.flowing.is_set()
    assert endpoint.dials == 2


def test_every_socket_of_the_path_is_cut() -> None:
    """But those that are gone."""
    endpoint, gone, here = Endpoint("/v2/iex"), Wire(), Wire()
    with endpoint.dialled(gone):
        pass
    with endpoint.dialled(here):
        endpoint.drop()
    assert (gone.told, here.told) == ([], ["abort"])


def test_a_connection_that_ended_was_missed() -> None:
    """The next subscription of a muted symbol, though on another connection, is a new one."""
    endpoint = Endpoint("/v2/iex")
    endpoint.faults.muted = {"AAPL"}
    for heard in (False, True):
        session = connect(endpoint)
        session.subscription.change("subscribe", {"trades": ["AAPL"]})
        assert (session.audible == {"AAPL"}) == heard
        endpoint.leave(session)


@pytest.mark.parametrize(
    ("word", "market"),
    [("crypto", Market.CRYPTO), ("indicative", Market.US_OPTION), ("opra", Market.US_OPTION)],
)
def test_the_path_decides_the_market(word: str, market: Market) -> None:
    """All others are for stocks."""
    assert {Endpoint(path).market for path in PATHS if word in path} == {market}
    words = ("crypto", "indicative", "opra")
    stocks = [path for path in PATHS if not any(each in path for each in words)]
    assert {Endpoint(path).market for path in stocks} == {Market.US_EQUITY}
