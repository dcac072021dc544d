"""One path and its slot."""

from __future__ import annotations

from tapecast.market import Market
from tapecast.simulator.codec import JSON
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.endpoint import PATHS, Endpoint
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.session import Session


def connect(endpoint: Endpoint) -> Session:
    """A new connection to the endpoint."""
    session = Session(endpoint.market, SimulatorConfig(), Outbox(JSON), endpoint.claim)
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


def test_the_path_decides_the_market() -> None:
    """Crypto's paths say so."""
    assert {path for path, market in PATHS.items() if market is Market.CRYPTO} == {
        path for path in PATHS if "crypto" in path
    }
