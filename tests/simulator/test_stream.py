"""The data stream over real sockets."""

from __future__ import annotations

import asyncio
import json
from functools import partialmethod
from unittest.mock import Mock

import msgpack
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tapecast.simulator import stream
from tapecast.simulator.faults import Step
from tapecast.simulator.outbox import POLICY_VIOLATION
from tapecast.simulator.server import Simulator, SimulatorConfig, simulator
from tapecast.simulator.sockets import SimulatorSocket
from tests.simulator.client import HEADERS, KEYS, deaf, dial, stuck, subscribed
from tests.support import eventually, free_socket

IEX, SIP, CRYPTO = "/v2/iex", "/v2/sip", "/v1beta3/crypto/us"
AUTH = {"action": "auth", **KEYS}


async def test_a_trade_comes_first(sim: Simulator) -> None:
    """A symbol that was never asked for prints as soon as it is subscribed, and is quoted around that."""
    async with dial(sim) as peer:
        await peer.enter()
        await peer.say(action="subscribe", trades=["CTAS"], quotes=["CTAS"])
        trade, quote, *_ = await peer.read()
    assert (trade["T"], trade["S"]) == ("t", "CTAS")
    assert quote["bp"] <= trade["p"] <= quote["ap"]


async def test_wrong_keys_are_told_and_closed(sim: Simulator) -> None:
    """402, then the server closes."""
    async with dial(sim) as peer:
        await peer.reply()
        assert (await peer.say(action="auth", key="simulated", secret="wrong"))["code"] == 402
        assert (await peer.end()) is not None


async def test_silence_is_closed(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """404 for a client that does not authenticate in time."""
    monkeypatch.setattr(stream, "AUTH_TIMEOUT_S", 0.05)
    async with dial(sim) as peer:
        await peer.reply()
        assert (await peer.reply())["code"] == 404
        assert (await peer.end()) is not None


async def test_an_authenticated_client_may_be_silent(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time limit is for authentication only."""
    monkeypatch.setattr(stream, "AUTH_TIMEOUT_S", 2.0)
    async with dial(sim) as peer:
        await peer.enter()
        await peer.say(action="subscribe", trades=["AAPL"])
        deadline = asyncio.get_running_loop().time() + 2.2
        while asyncio.get_running_loop().time() < deadline:
            assert (await peer.read())[0]["T"] == "t"


async def test_the_slot_is_free_as_soon_as_its_holder_is_gone(sim: Simulator) -> None:
    """406 while somebody holds it, on a connection that stays open; then auth on that connection works."""
    async with dial(sim) as second:
        await second.reply()
        async with dial(sim) as first:
            await first.enter()
            assert (await second.say(action="auth", **KEYS))["code"] == 406
        assert await second.say(action="auth", **KEYS) == {"T": "success", "msg": "authenticated"}
    assert sim.dials[IEX] == 2


async def test_a_holder_that_vanishes_gives_the_slot_back(sim: Simulator) -> None:
    """Without a closing handshake too."""
    async with dial(sim) as first:
        await first.enter()
        first.socket.transport.abort()
        await eventually(lambda: not sim._endpoints[IEX].sessions)
    async with dial(sim) as second:
        await second.enter()


async def test_endpoints_do_not_share_a_slot(sim: Simulator) -> None:
    """Stocks and crypto are two connections."""
    async with dial(sim) as stocks, dial(sim, "/v1beta3/crypto/us") as crypto:
        await stocks.enter()
        await crypto.enter()
        await crypto.say(action="subscribe", quotes=["BTC/USD"])
        assert (await crypto.read())[0]["S"] == "BTC/USD"


async def test_a_client_that_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full outbox ends in 407, and the slot comes back though the socket takes nothing."""
    abort = Mock(side_effect=SimulatorSocket.abort)
    monkeypatch.setattr(SimulatorSocket, "abort", partialmethod(abort))
    monkeypatch.setattr(stream, "LINGER_S", 0.1)
    async with simulator(SimulatorConfig(rate=100), free_socket()) as sim, deaf(sim):
        (session,) = sim._endpoints[IEX].sessions
        await eventually(stuck(sim), "the client's socket is full")
        session.outbox._limit = 0
        await eventually(session.ended.is_set, "the deaf client is cut off")
        assert session.outbox.close_code == POLICY_VIOLATION
        assert sim.subscribed(IEX) == frozenset()
    assert abort.called, "a transport that is only closed would wait for its reader"


async def test_json_is_spoken_in_text_frames(sim: Simulator) -> None:
    """For a client that does not ask for msgpack."""
    async with connect(sim.base.replace("http", "ws") + IEX) as plain:
        assert json.loads(await plain.recv()) == [{"T": "success", "msg": "connected"}]
        await plain.send(json.dumps({"action": "auth", **KEYS}))
        await plain.send(json.dumps({"action": "subscribe", "trades": ["AAPL"]}))
        frames = [json.loads(await plain.recv()) for _ in range(3)]
    assert frames[2][0]["T"] == "t"
    assert frames[2][0]["t"].endswith("Z")


async def test_headers_authenticate(still: Simulator) -> None:
    """Both greetings come unasked."""
    url, headers = still.base.replace("http", "ws") + IEX, HEADERS
    async with connect(url, additional_headers=headers) as socket:
        assert [json.loads(await socket.recv())[0]["msg"] for _ in range(2)] == ["connected", "authenticated"]
        await socket.send(json.dumps(AUTH))
        assert json.loads(await socket.recv())[0]["code"] == 403


@pytest.mark.parametrize("wrong", [{"APCA-API-SECRET-KEY": "wrong"}, {"APCA-API-SECRET-KEY": ""}])
async def test_wrong_headers_are_told_and_closed(still: Simulator, wrong: dict[str, str]) -> None:
    """402, then the server closes."""
    url = still.base.replace("http", "ws") + IEX
    async with connect(url, additional_headers=HEADERS | wrong) as socket:
        assert json.loads(await socket.recv())[0]["msg"] == "connected"
        assert json.loads(await socket.recv())[0]["code"] == 402
        with pytest.raises(ConnectionClosed):
            await socket.recv()


async def test_star_gets_everything(still: Simulator) -> None:
    """Where the plan has room for all that are listed; else 405."""
    async with simulator(SimulatorConfig(symbol_limit=1000, still=True), free_socket()) as roomy:
        async with dial(roomy) as peer:
            await peer.enter()
            assert (await peer.say(action="subscribe", trades=["*"]))["trades"] == ["*"]
            roomy.trade("TSLA", 424)
            assert (await peer.read())[0]["S"] == "TSLA"
            assert roomy.subscribed(IEX) == {"*"}
    async with dial(still) as peer:
        await peer.enter()
        assert (await peer.say(action="subscribe", trades=["*"]))["code"] == 405


async def test_star_moves_with_the_market(sim: Simulator) -> None:
    """In a walking market too, every listed symbol prints."""
    async with simulator(SimulatorConfig(symbol_limit=1000), free_socket()) as roomy:
        async with dial(roomy, CRYPTO) as peer:
            await peer.enter()
            await peer.say(action="subscribe", trades=["*"])
            seen = {each["S"] for each in await peer.read()}
    assert len(seen) > 10


async def test_silence_at_a_step(still: Simulator) -> None:
    """The socket answers pings, the protocol says nothing."""
    still.faults[IEX].silent = {Step.WELCOME, Step.SUBSCRIPTION}
    async with dial(still) as peer:
        await (await peer.socket.ping())
        assert (await peer.say(**AUTH))["msg"] == "authenticated"
        await peer.socket.send(msgpack.packb({"action": "subscribe", "trades": ["AAPL"]}))
        await eventually(lambda: still.subscribed(IEX) == {"AAPL"})
        still.trade("AAPL", 270)
        assert (await peer.read())[0]["p"] == 270


async def test_a_muted_symbol(still: Simulator) -> None:
    """Silent on this path alone, until it is subscribed anew."""
    still.faults[IEX].muted.add("AAPL")
    async with dial(still) as peer, dial(still, SIP) as other:
        await subscribed(peer, "AAPL", "MSFT")
        await subscribed(other, "AAPL")
        still.trade("AAPL", 270)
        still.trade("MSFT", 500)
        assert (await peer.read())[0]["S"] == "MSFT"
        assert (await other.read())[0]["p"] == 270
        await peer.say(action="unsubscribe", trades=["AAPL"], quotes=["AAPL"])
        await peer.say(action="subscribe", trades=["AAPL"])
        still.trade("AAPL", 271)
        assert (await peer.read())[0]["p"] == 271
