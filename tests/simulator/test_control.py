"""The control by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tapecast.simulator.acts import ACTS
from tapecast.simulator.app import create_app
from tapecast.simulator.faults import RestFaults, Step
from tapecast.simulator.server import Simulator, SimulatorConfig
from tests.simulator.client import dial, latest, subscribed

IEX, SIP = "/v2/iex", "/v2/sip"


@pytest.fixture
async def http(still: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running simulator, without keys."""
    async with httpx.AsyncClient(base_url=still.base) as client:
        yield client


async def post(http: httpx.AsyncClient, act: str, **words: Any) -> dict[str, Any]:
    """One control call; what it answers."""
    answer = await http.post(f"/control/{act}", json=words)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_faults_of_one_path(still: Simulator, http: httpx.AsyncClient) -> None:
    """The others stay well, and the answer says how things are."""
    words = {"silent": ["auth"], "refused": {"TSLA": 400}, "muted": ["AAPL"], "linger_s": 90}
    told = await post(http, "faults", path=IEX, **words)
    faults = still.faults[IEX]
    assert (faults.silent, faults.refused, faults.muted) == ({Step.AUTH}, {"TSLA": 400}, {"AAPL"})
    assert told["paths"][IEX]["faults"] == words
    assert told["paths"][SIP]["faults"] == {}


async def test_faults_of_all_and_of_rest(still: Simulator, http: httpx.AsyncClient) -> None:
    """Without a path; what is shown can be said again."""
    words = {"upgrade": 429, "login": 406, "unconfirmed": ["SPY"]}
    rest = {"rest_status": 503, "rest_delay_s": 0.5, "rest_only": "/v2/clock"}
    told = await post(http, "faults", **words, **rest)
    assert all(each["faults"] == words for each in told["paths"].values())
    assert told["rest"] == rest
    assert still.rest_faults == RestFaults(503, 0.5, "/v2/clock")
    assert await post(http, "faults", **told["rest"]) == told


async def test_the_trading_stream_is_a_path_like_others(still: Simulator, http: httpx.AsyncClient) -> None:
    """Its faults are its own; nothing is subscribed on it."""
    words = {"silent": ["auth"], "upgrade": 503}
    told = await post(http, "faults", path="/stream", **words)
    assert told["paths"]["/stream"]["faults"] == words
    assert (told["paths"]["/stream"]["subscribed"], told["paths"][IEX]["faults"]) == ([], {})
    assert await post(http, "send", kind="garbage", path="/stream") == {"sessions": 0}
    for act in ("drop", "freeze", "thaw"):
        await post(http, act, path="/stream")


async def test_the_account_can_be_made_wrong(still: Simulator, http: httpx.AsyncClient) -> None:
    """What is shown can be said again."""
    words = {"rest_html": True, "rest_positions": {"AAPL": {"qty": None}}, "rest_missing": ["equity"]}
    told = await post(http, "faults", **words)
    assert told["rest"] == words
    assert still.rest_faults.positions == {"AAPL": {"qty": None}}
    await http.delete("/control/faults")
    assert still.rest_faults == RestFaults()


async def test_faults_are_cleared(still: Simulator, http: httpx.AsyncClient) -> None:
    """Of one path, then of all, and frozen ones flow."""
    await post(http, "faults", login=406, rest_status=503)
    await post(http, "freeze")
    one = (await http.delete("/control/faults", params={"path": IEX})).json()
    assert (one["paths"][IEX]["faults"], one["paths"][IEX]["frozen"]) == ({}, False)
    assert (one["paths"][SIP]["faults"], one["paths"][SIP]["frozen"]) == ({"login": 406}, True)
    assert one["rest"] == {"rest_status": 503}
    every = (await http.delete("/control/faults")).json()
    assert not any(each["faults"] or each["frozen"] for each in every["paths"].values())
    assert every["rest"] == {}


async def test_the_state_tells_who_is_there(still: Simulator, http: httpx.AsyncClient) -> None:
    """Dials, sessions and subscriptions by path; and that it is no real venue."""
    async with dial(still) as peer, dial(still):
        await subscribed(peer, "MSFT", "AAPL")
        state = (await http.get("/control")).json()
    assert state["simulated"] is True
    assert state["paths"][IEX] == {
        "dials": 2,
        "sessions": 2,
        "subscribed": ["AAPL", "MSFT"],
        "frozen": False,
        "faults": {},
    }


async def test_what_happens_once(still: Simulator, http: httpx.AsyncClient) -> None:
    """Each by its name, as the method does it."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        number = (await post(http, "trade", symbol="AAPL", price=271.5, conditions=["@", "I"], size=7))["id"]
        trade = await peer.until("t", "AAPL")
        assert (trade["i"], trade["p"], trade["c"], trade["s"]) == (number, 271.5, ["@", "I"], 7)
        assert await post(http, "correct", symbol="AAPL", number=number, price=272) == {}
        amended = (await peer.until("c", "AAPL"))["ci"]
        assert await post(http, "cancel", symbol="AAPL", number=amended) == {}
        assert (await peer.until("x", "AAPL"))["i"] == amended
        assert await post(http, "quote", symbol="AAPL", bid=271, ask=0) == {}
        assert (await peer.until("q", "AAPL"))["bp"] == 271
        assert await post(http, "burst", count=3, path=IEX) == {"trades": 3}
        assert await post(http, "send", kind="unknown_type", path=IEX) == {"sessions": 1}
        assert await post(http, "error", code=500, path=IEX) == {"sessions": 1}
        assert (await peer.reply())["code"] == 500


async def test_ends(still: Simulator, http: httpx.AsyncClient) -> None:
    """With a code, or without a word."""
    async with dial(still) as first:
        await first.enter()
        assert await post(http, "close", code=1012, path=IEX) == {}
        assert (await first.end()).code == 1012  # type: ignore[union-attr]
    async with dial(still) as second:
        await second.enter()
        assert await post(http, "drop") == {}
        assert await second.end() is None


async def test_freeze_and_thaw(still: Simulator, http: httpx.AsyncClient) -> None:
    """The control itself never freezes."""
    async with dial(still) as peer:
        await subscribed(peer, "AAPL")
        assert await post(http, "freeze", path=IEX) == {}
        await post(http, "trade", symbol="AAPL", price=271.5)
        assert (await latest(still, "AAPL"))["p"] == 271.5
        assert (await http.get("/control")).json()["paths"][IEX]["frozen"] is True
        assert await post(http, "thaw") == {}
        assert (await peer.until("t", "AAPL"))["p"] == 271.5


@pytest.mark.parametrize(
    ("act", "body", "told"),
    [
        ("faults", '{"slient": ["auth"]}', "faults are: silent, upgrade"),
        ("faults", '{"silent": ["hello"]}', "steps are: welcome, auth, subscription"),
        ("faults", '{"upgrade": 200}', ">= 400"),
        ("faults", '{"path": "/v3/iex", "upgrade": 429}', "paths are: /v2/iex"),
        ("faults", '{"path": 3}', "paths are: /v2/iex"),
        ("faults", "[]", "Expected `object`"),
        ("faults", "silent=auth", "not a JSON object"),
        ("close", "{}", "missing required field `code`; fields are: path, code"),
        ("close", '{"code": 1006}', "1000 to 1003"),
        ("close", '{"code": 1012, "path": "/v3"}', "paths are: /v2/iex"),
        ("drop", '{"code": 1012}', "fields are: path"),
        ("freeze", '{"path": "/v3"}', "paths are: /v2/iex"),
        ("thaw", "null", "Expected `object`"),
        ("send", '{"kind": "noise"}', "kinds are: garbage, truncated, huge"),
        ("error", '{"code": 1}', ">= 400"),
        ("burst", '{"count": 0}', "from 1 to 50000"),
        ("burst", '{"count": "many"}', "Expected `int`"),
        ("burst", '{"count": 1000000}', "from 1 to 50000"),
        ("trade", '{"symbol": "ZZZZ", "price": 1}', "ZZZZ is not listed"),
        ("trade", '{"symbol": "AAPL", "price": 0}', "> 0"),
        ("trade", '{"symbol": "AAPL", "price": NaN}', "not a JSON object"),
        ("trade", '{"symbol": "AAPL", "price": 1, "ns": -1}', ">= 0"),
        ("trade", '{"symbol": "AAPL", "price": 1, "ns": 99999999999999999999}', "<= 4102444799999999999"),
        ("trade", '{"price": 1}', "fields are: symbol, price, size, conditions, ns"),
        ("quote", '{"symbol": "AAPL", "bid": 1}', "missing required field `ask`"),
        ("correct", '{"symbol": "AAPL", "number": 424242, "price": 1}', "no trade 424242"),
        ("cancel", '{"symbol": "AAPL", "number": 424242}', "no trade 424242"),
        ("cancel", '{"symbol": "AAPL", "number": "last"}', "Expected `int`"),
        ("cancel", "\xff", "not a JSON object"),
    ],
)
async def test_bad_input_is_told(http: httpx.AsyncClient, act: str, body: str, told: str) -> None:
    """400, with what is allowed; and nothing has happened."""
    before = (await http.get("/control")).json()
    answer = await http.post(f"/control/{act}", content=body.encode("latin-1"))
    assert answer.status_code == 400
    assert told in answer.json()["message"]
    assert (await http.get("/control")).json() == before


async def test_an_unknown_path_cannot_be_cleared(http: httpx.AsyncClient) -> None:
    """400 with those that there are."""
    answer = await http.delete("/control/faults", params={"path": "/v3"})
    assert (answer.status_code, "paths are: /v2/iex" in answer.json()["message"]) == (400, True)


async def test_an_unknown_control_names_the_others(http: httpx.AsyncClient) -> None:
    """All of them."""
    answer = await http.post("/control/explode")
    assert answer.status_code == 404
    assert all(act in answer.json()["message"] for act in ("faults", *ACTS))


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/faults"), ("DELETE", "/faults"), ("POST", "/drop"), ("POST", "/nothing")],
)
@pytest.mark.parametrize("host", ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7", "somewhere", ""])
async def test_other_machines_are_refused(method: str, path: str, host: str) -> None:
    """403, whatever they want."""
    app = create_app(Simulator(SimulatorConfig(), "127.0.0.1", 1))
    transport = httpx.ASGITransport(app, client=(host, 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://venue") as stranger:
        answer = await stranger.request(method, f"/control{path}", json={})
    assert answer.status_code == 403
    assert "own machine" in answer.json()["message"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_has_several_names(host: str) -> None:
    """All of its loopback addresses."""
    app = create_app(Simulator(SimulatorConfig(), "127.0.0.1", 1))
    transport = httpx.ASGITransport(app, client=(host, 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://venue") as own:
        assert (await own.get("/control")).status_code == 200


async def test_a_page_in_a_browser_is_refused(http: httpx.AsyncClient) -> None:
    """It may have been loaded from anywhere."""
    answer = await http.post("/control/drop", headers={"Origin": "https://example.com"})
    assert answer.status_code == 403
