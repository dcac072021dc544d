"""Whatever is sent to it, the api answers by the book or hangs up; it tells no secret, and goes on as before.

Hypothesis makes the requests, some at a time on connections of their own, at a real process with a client
beside them. The short run begins with the same seed every time; the long one says which it had.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tapecast.bus.connection import Bus
from tests.e2e.forger import OLDER, TOKEN
from tests.e2e.kernel import files_of, needs_proc
from tests.e2e.processes import Child, serving
from tests.e2e.ticker import Ticker
from tests.e2e.wire import Wire, healthy
from tests.fuzz.answers import PASSWORD, check, check_silence, is_enough
from tests.fuzz.requests import CANARY, LIVE, Request, broken, requests
from tests.support import PATIENCE_S, eventually

pytestmark = [pytest.mark.e2e, needs_proc]

SYMBOLS = LIVE
SHORT_S = 5.0
LONG_S = 300.0
ROUND = 40
WAIT_S = 0.1
"""For what may well be no request: it is waited for by the server, too."""

batches = st.lists(requests() | requests() | requests() | broken(), min_size=8, max_size=16)
unhurried = settings(
    deadline=None, max_examples=ROUND, database=None, print_blob=False,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
)  # fmt: skip


@pytest.fixture
async def api(valkey_url: str, bus: Bus) -> AsyncIterator[Child]:
    """A process with secrets of every kind, of which prices alone are public."""
    acl = ["ACL", "SETUSER", "fuzzed", "reset", "on", f">{PASSWORD}", "~*", "&*", "+@all"]
    await bus.redis.execute_command(*acl)  # type: ignore[no-untyped-call]
    env = {
        "REDIS_URL": valkey_url.replace("://", f"://fuzzed:{PASSWORD}@"),
        "API_TOKEN": f"{TOKEN},{OLDER}", "PUBLIC": "prices", "LOG_LEVEL": "DEBUG", "MAX_STREAM_AGE_S": "0",
    }  # fmt: skip
    async with serving("api", env=env) as child:
        yield child
        assert await child.end() == 0
        check_silence(child.output.encode())
    await bus.redis.execute_command("ACL", "DELUSER", "fuzzed")  # type: ignore[no-untyped-call]


@dataclass
class Fuzzer:
    """One run."""

    api: Child
    seen: Counter[str] = field(default_factory=Counter)
    # So much of its output has been looked at.
    _read: int = 0

    async def run(self, seconds: float, first: int) -> None:
        """Rounds of requests until the time is over, from this seed on."""
        loop, ends = asyncio.get_running_loop(), time.monotonic() + seconds

        def rounds() -> None:
            for number in range(first, first + 1_000_000):
                if time.monotonic() > ends:
                    return
                seed(number)(unhurried(given(batches)(ask)))()

        def ask(batch: list[Request]) -> None:
            asyncio.run_coroutine_threadsafe(self._batch(batch), loop).result(2 * PATIENCE_S)

        # Hypothesis calls and is called: beside the loop, in which its requests are made.
        await asyncio.to_thread(rounds)

    async def _batch(self, batch: list[Request]) -> None:
        results = await asyncio.gather(*map(self._one, batch), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        # Only what is new: else the first complaint would be held against all that is tried after it.
        output = self.api.output.encode()
        said, self._read = output[self._read :], len(output)
        check_silence(said)

    async def _one(self, request: Request) -> None:
        data = await self._heard(request)
        check_silence(data)
        if is_enough(data, request.method):
            self.seen[check(data, request.method)] += 1
            return
        assert not request.is_whole, f"no answer to {request.data!r}, but {data!r}"
        self.seen["cut off or waited for"] += 1

    async def _heard(self, request: Request) -> bytes:
        data, parts = b"", urlsplit(self.api.base)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            writer.write(request.data)
            async with asyncio.timeout(PATIENCE_S if request.is_whole else WAIT_S):
                while not is_enough(data, request.method) and (more := await reader.read(65536)):
                    data += more
        except (ConnectionError, TimeoutError):
            # Its right, unless there has to be an answer.
            pass
        finally:
            writer.transport.abort()
        return data


async def _fuzz(api: Child, ticker: Ticker, redis: str, seconds: float, first: int) -> Counter[str]:
    async with healthy(api.base, ticker.path) as witness:
        await ticker.publish()
        await ticker.reaches(witness)
        before, fuzzer = files_of(api.pid, redis), Fuzzer(api)
        feeding = asyncio.create_task(_feed(ticker, witness))
        try:
            await fuzzer.run(seconds, first)
        finally:
            feeding.cancel()
            await asyncio.wait([feeding])
        await eventually(lambda: files_of(api.pid, redis) <= before, "all sockets are closed")
        async with healthy(api.base, ticker.path) as late:
            await ticker.publish()
            await ticker.reaches(late)
            await ticker.reaches(witness)
        assert witness.disorder == []
    return fuzzer.seen


async def _feed(ticker: Ticker, witness: Wire) -> None:
    while True:
        await ticker.publish()
        await ticker.reaches(witness)
        await asyncio.sleep(0.1)


GOOD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
NOT_FOUND = GOOD.replace(b"200 OK", b"404 Not Found").replace(
    b"\r\n\r\n", b"\r\ncontent-type: application/json\r\n\r\n"
)


@pytest.mark.parametrize(
    "data",
    [
        GOOD.replace(b"200 OK", b"500 Internal Server Error"),
        GOOD.replace(b"length: 2", b"length: 3"),
        GOOD.replace(b"content-length: 2", b"content-length: 2\r\ncontent-length: 2"),
        GOOD.replace(b"content-length: 2", b"content-length: 2\nset-cookie: a"),
        GOOD.replace(b"content-length: 2", f"content-length: 2\r\nvary: {CANARY}".encode()),
        GOOD + TOKEN.encode(),
        GOOD + b"Traceback (most recent call last)",
        NOT_FOUND,
    ],
)
async def test_a_bad_answer_is_noticed(data: bytes) -> None:
    """Else the others would prove nothing."""
    assert check(GOOD, "GET") == "200"
    with pytest.raises(AssertionError):
        check(data, "GET")


async def test_requests_of_every_kind(
    api: Child, ticker: Ticker, valkey_url: str, say: Callable[[str], None]
) -> None:
    """Some thousand of them, always the first of the same row."""
    seen = await _fuzz(api, ticker, valkey_url, SHORT_S, 0)
    say(f"\n{seen.total()} requests: {dict(seen.most_common())}")
    # A fuzzer that gets nowhere would find nothing.
    assert {"200 stream", "401 unauthorized", "400 body_invalid", "404 not_found", "400"} <= set(seen)


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_requests_of_every_kind_for_minutes(
    api: Child, ticker: Ticker, valkey_url: str, say: Callable[[str], None]
) -> None:
    """Others each time."""
    first = random.randrange(2**32)
    say(f"\nseed {first}")
    seen = await _fuzz(api, ticker, valkey_url, LONG_S, first)
    say(f"{seen.total()} requests: {dict(seen.most_common())}")
