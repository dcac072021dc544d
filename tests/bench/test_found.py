"""What is there is told before the first stream; what cannot be measured is one line."""

from __future__ import annotations

import json

import pytest

from tapecast.bench.answers import Unreachable
from tapecast.bench.found import Found, look
from tapecast.bench.wire import Dialler
from tests.bench.support import READY, STATUS, TELLS, TICKET, answer, deployment, plan_for


async def found(replies: dict[str, bytes]) -> Found:
    """What a deployment of these answers says of itself."""
    async with deployment(replies) as url:
        plan = plan_for(url, ticket=TICKET)
        return await look(Dialler(plan.target), plan)


async def test_a_deployment_says_what_it_is() -> None:
    """Version, replicas, prices, feeds."""
    said = await found({"/readyz": READY, "/stream/status": TELLS})
    assert said.words() == "tapecast 9.9.9, ready, 2 replicas, SIMULATED prices; crypto live"


async def test_real_prices_are_never_called_simulated() -> None:
    """One replica, and no feed yet."""
    told = json.dumps(STATUS | {"feeds": [], "replicas": 1})
    said = await found({"/readyz": READY, "/stream/status": answer("200 OK", told)})
    assert not said.simulated
    assert said.words() == "tapecast 9.9.9, ready, 1 replica, prices not marked as simulated; no feeds"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_status_that_needs_a_right_is_done_without(status: str) -> None:
    """Prices may be open, or the ticket for them alone."""
    said = await found({"/readyz": READY, "/stream/status": answer(status, "{}")})
    assert said.words().startswith("ready; what runs there is not told")


@pytest.mark.parametrize(
    ("replies", "words"),
    [
        (
            {"/readyz": answer("503 Unready", '{"status":"unready","reasons":["cache_unavailable"]}')},
            "is not ready (cache_unavailable): see docs/runbook.md",
        ),
        ({"/readyz": answer("200 OK", "<html>", kind="text/html")}, "a web page"),
        ({"/readyz": answer("503 Unavailable", "<html>", kind="text/html")}, "a proxy answers"),
        ({"/readyz": b"220 smtp ready\r\n"}, "no HTTP"),
        ({}, "base URL of a tapecast api?"),
        ({"/readyz": READY}, "base URL of a tapecast api?"),
        ({"/readyz": READY, "/stream/status": answer("200 OK", "{}")}, "answers otherwise"),
        (
            {"/readyz": answer("301 Moved", "", "Location: https://x.example/")},
            "redirects to https://x.example/",
        ),
    ],
)
async def test_what_cannot_be_measured_is_one_line(replies: dict[str, bytes], words: str) -> None:
    """With what to do next."""
    with pytest.raises(Unreachable) as wrong:
        await found(replies)
    assert words in str(wrong.value)
    assert TICKET not in str(wrong.value)
