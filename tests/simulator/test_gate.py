"""What all paths of WebSockets have in common."""

from __future__ import annotations

from tapecast.simulator.codec import JSON
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.outbox import Outbox
from tapecast.simulator.paper.endpoint import TradingEndpoint


class FakeLink:
    """A socket that remembers what was done to it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def freeze(self) -> None:
        self.done.append("freeze")

    def thaw(self) -> None:
        self.done.append("thaw")

    def abort(self) -> None:
        self.done.append("abort")


def test_every_socket_of_a_path_is_frozen_thawed_and_cut() -> None:
    """Also one that comes while it is frozen; what is gone is left alone."""
    gate, early, late, gone = TradingEndpoint(), FakeLink(), FakeLink(), FakeLink()
    with gate.dialled(gone):
        pass
    with gate.dialled(early):
        gate.freeze()
        gate.freeze()
        with gate.dialled(late):
            gate.thaw()
            gate.drop()
    assert early.done == late.done == ["freeze", "thaw", "abort"]
    assert (gone.done, gate.dials) == ([], 3)


def test_a_session_that_leaves_is_forgotten() -> None:
    """However it left."""
    gate = TradingEndpoint()
    session = gate.session(Outbox(JSON), SimulatorConfig())
    gate.sessions.add(session)
    gate.leave(session, clean=False)
    assert not gate.sessions
