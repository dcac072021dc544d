"""Each attempt at what should not be had: its answer, and that nobody else takes any harm."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
import pytest_asyncio

from tapecast.api.protocol import HEAD_BYTES
from tapecast.bus.connection import open_bus
from tests.e2e.attempt import BEARER, Attempt, Caller, attempted
from tests.e2e.attempt_table import PAGE, render
from tests.e2e.attempts import CASES, SERVERS
from tests.e2e.forger import OLDER, TOKEN
from tests.e2e.kernel import files_of, needs_proc
from tests.e2e.processes import Child, serving
from tests.e2e.ticker import Ticker, ticking
from tests.e2e.wire import get, healthy
from tests.support import eventually

pytestmark = [pytest.mark.e2e, needs_proc, pytest.mark.asyncio(loop_scope="module")]

SYMBOLS = ("AAPL",)
Answers = dict[str, asyncio.Task[set[str]]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(valkey_server: str) -> AsyncIterator[dict[str, Child]]:
    """The processes, with a live price."""
    async with open_bus(valkey_server) as bus, AsyncExitStack() as stack:
        await bus.redis.flushall()
        ticker = await stack.enter_async_context(ticking(bus, SYMBOLS))
        await stack.enter_async_context(_fed(ticker))
        started = await asyncio.gather(
            *(
                stack.enter_async_context(
                    serving(server.command, env={"REDIS_URL": valkey_server, **server.env})
                )
                for server in SERVERS.values()
            )
        )
        children = dict(zip(SERVERS, started, strict=True))
        # Beside all that follows is somebody with every right.
        witness = await stack.enter_async_context(healthy(children["token"].base, ticker.path, BEARER))
        # `up` has files of its own, which come and go.
        before = {
            child: files_of(child.pid, valkey_server) for name, child in children.items() if name != "laptop"
        }
        yield children
        heard = len(witness.events)
        await eventually(lambda: len(witness.events) > heard, "it goes on")
        assert witness.disorder == []
        for each, most in before.items():
            await eventually(
                lambda each=each, most=most: files_of(each.pid, valkey_server) <= most,  # type: ignore[misc]
                "its sockets are closed",
            )
        for child in children.values():
            assert "Traceback" not in child.output
            assert TOKEN not in child.output
            assert OLDER not in child.output


@asynccontextmanager
async def _fed(ticker: Ticker) -> AsyncIterator[None]:
    """A price that stays live."""

    async def feed() -> None:
        while True:
            await ticker.publish()
            await asyncio.sleep(0.2)

    task = asyncio.create_task(feed())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(servers: dict[str, Child]) -> AsyncIterator[Answers]:
    """All attempts at once: those that are about time would take minutes one by one."""
    tasks = {
        case.key: asyncio.create_task(attempted(case, servers[case.server].base), name=case.key)
        for case in CASES
    }
    try:
        yield tasks
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
async def test_it_is_answered_as_the_page_says(case: Attempt, answers: Answers) -> None:
    """No more and no less."""
    assert case.answer in await answers[case.key]


@pytest.mark.parametrize(("method", "path"), [("GET", "/healthz"), ("POST", "/tickets")])
async def test_the_rest_of_a_body_gets_no_answer_of_its_own(
    method: str, path: str, servers: dict[str, Child]
) -> None:
    """Behind a proxy, that keeps connections for whoever is next, it would be taken for theirs."""
    head = get(path, BEARER, f"Content-Length: {2**20}", method=method)
    caller = await Caller.dial(servers["token"].base)
    try:
        await caller.send(head + b"x" * 32 * 1024)
        await caller.settle()
        with suppress(ConnectionError):
            await caller.send(b"x" * (HEAD_BYTES - 1024))
            await caller.send(b"x" * 2048)
        await caller.end()
        assert caller.statuses == [200 if method == "GET" else 413]
    finally:
        caller.close()


async def test_no_two_are_alike() -> None:
    """Each has a name of its own."""
    assert [key for key, count in Counter(case.key for case in CASES).items() if count > 1] == []


async def test_the_page_in_the_docs_is_made_of_these() -> None:
    """`make attempt-table` writes it."""
    assert PAGE.read_text("utf-8") == render()
