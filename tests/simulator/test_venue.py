"""What can be done to a running simulator, as clients on real sockets meet it."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tests.simulator.client import KEYS, dial, latest
from tests.support import free_socket

IEX, SIP, CRYPTO, OPTIONS = "/v2/iex", "/v2/sip", "/v1beta3/crypto/us", "/v1beta1/indicative"
AUTH = {"action": "auth", **KEYS}


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
async def test_an_upgrade_is_refused(still: Simulator, status: int) -> None:
    """With that status, and it counts as a dial; another path is not concerned."""
    still.faults[IEX].upgrade = status
    with pytest.raises(InvalidStatus) as refused:
        await dial(still).__aenter__()
    assert refused.value.response.status_code == status
    assert b"SIMULATED" in (refused.value.response.body or b"")
    async with dial(still, SIP) as peer:
        await peer.enter()
    still.faults[IEX].upgrade = None
    async with dial(still) as peer:
        await peer.enter()
    assert (still.dials[IEX], still.dials[SIP]) == (2, 1)


async def test_a_cut_without_a_goodbye(still: Simulator) -> None:
    """Only on the path that is named."""
    async with dial(still) as iex, dial(still, SIP) as sip:
        await iex.enter()
        await sip.enter()
        still.drop_sessions(IEX)
        assert await iex.end() is None
        await sip.say(action="subscribe", trades=["AAPL"])
        still.drop_sessions()
        assert await sip.end() is None


async def test_a_slot_lingers_after_a_cut(still: Simulator) -> None:
    """406 until the time is over, or the fault; not after a proper close."""
    faults = still.faults[IEX]
    faults.linger_s = 500
    async with dial(still) as first:
        await first.enter()
    async with dial(still) as second:
        await second.enter()
        still.drop_sessions(IEX)
        assert await second.end() is None
    async with dial(still) as third:
        await third.reply()
        assert (await third.say(**AUTH))["code"] == 406
        faults.linger_s = 0
        assert (await third.say(**AUTH))["msg"] == "authenticated"


async def test_a_close_of_ours_is_a_goodbye(still: Simulator) -> None:
    """The slot does not linger after it, and other paths are left alone."""
    still.faults[IEX].linger_s = 500
    async with dial(still) as first, dial(still, SIP) as other:
        await first.enter()
        await other.enter()
        await still.close_sessions(1001, IEX)
        assert (await first.end()).code == 1001  # type: ignore[union-attr]
        async with dial(still) as again:
            await again.enter()
        await other.say(action="subscribe", trades=["AAPL"])


@pytest.mark.parametrize("code", [0, 999, 1005, 1006, 1015, 5000])
async def test_a_code_that_cannot_be_sent_is_refused(still: Simulator, code: int) -> None:
    """Before anything is closed."""
    async with dial(still) as peer:
        await peer.enter()
        with pytest.raises(ValueError, match="code"):
            await still.close_sessions(code)
        await peer.say(action="subscribe", trades=["AAPL"])


async def test_all_faults_go_at_once(still: Simulator) -> None:
    """On every path, frozen ones too, and REST's."""
    still.faults[IEX].upgrade, still.faults[CRYPTO].login = 429, 402
    still.rest_faults.status = 503
    still.freeze(SIP)
    still.clear_faults()
    for path in (IEX, SIP, CRYPTO):
        async with dial(still, path) as peer:
            await peer.enter()
    assert (await latest(still, "AAPL"))["p"] > 0


async def test_one_path_is_made_well(still: Simulator) -> None:
    """The others stay as they are."""
    still.faults[IEX].login = still.faults[SIP].login = 406
    still.rest_faults.status = 503
    still.clear_faults(IEX)
    assert (still.faults[IEX].login, still.faults[SIP].login, still.rest_faults.status) == (None, 406, 503)


async def test_faults_can_be_there_from_the_start() -> None:
    """As flags spell them, for one path or all."""
    flags = ("/v2/iex:login=406", "upgrade=429", "rest_status=503")
    async with simulator(SimulatorConfig(faults=flags), free_socket()) as sim:
        assert (sim.faults[IEX].login, sim.faults[SIP].login) == (406, None)
        assert {each.upgrade for each in sim.faults.values()} == {429}
        assert sim.rest_faults.status == 503
