"""The take-over, under a real uvicorn with real sockets: everything that it relies on in uvicorn's inside.

A failure here after an upgrade means that uvicorn has changed under us: read `api/protocol.py` again.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unittest.mock import patch

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from tapecast.api.line import END, HEARD_BYTES, chunk
from tapecast.api.protocol import ANSWER_S, HEAD_BYTES, HEAD_S, PIPELINED, TOO_LARGE
from tests.api.loops import on_each_loop
from tests.api.stage import ANSWER, PLAIN, TAKE, Caller, Stage, calling, staged
from tests.support import eventually


@on_each_loop
async def test_after_the_take_over_nothing_of_uvicorn_holds_the_connection() -> None:
    """The transport is ours and open, and uvicorn has no connection, no task, no timer, no pipeline of it."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.connected()
        caller.writer.write(TAKE)
        line = await stage.taken()
        assert line.transport.get_protocol() is line
        assert line.transport is old.transport
        assert not line.transport.is_closing()
        assert stage.server.server_state.connections == set()
        assert old.timeout_keep_alive_task is None
        assert old.cycle.disconnected
        assert not old.cycle.response_complete
        assert not old.pipeline
        assert not old.flow.read_paused
        line.write(chunk(b"data: 1\n\n"))
        line.end(chunk(b"data: 2\n\n"))
        assert b"transfer-encoding: chunked" in await caller.head()
        assert await caller.until(END) == chunk(b"data: 1\n\n") + chunk(b"data: 2\n\n") + END
        assert await caller.reader.read() == b""


@on_each_loop
async def test_what_uvicorn_had_for_the_connection_is_freed_at_once() -> None:
    """Not when the collector comes, which is seldom: thousands may connect between two of its visits."""
    with uncollected():
        async with staged() as stage, calling(stage) as caller:
            await stage.connected()
            old = weakref.ref(stage.protocol)
            cycle = weakref.ref(await _cycle_of(stage, caller))
            await eventually(lambda: old() is None and cycle() is None)


@on_each_loop
async def test_a_connection_that_is_not_taken_over_is_freed_at_once_too() -> None:
    """Its offer was made, and nobody took it."""
    with uncollected():
        async with staged() as stage:
            async with calling(stage) as caller:
                await stage.connected()
                old = weakref.ref(stage.protocol)
                caller.writer.write(PLAIN)
                await caller.until(ANSWER)
            await eventually(lambda: old() is None)


@contextmanager
def uncollected() -> Iterator[None]:
    """What is freed in here is freed by its last reference."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _cycle_of(stage: Stage, caller: Caller) -> RequestResponseCycle:
    protocol = await stage.held(caller, TAKE)
    stage.app.gate.set()
    return protocol.cycle


@on_each_loop
async def test_a_connection_that_was_kept_alive_is_taken_over_without_its_timer() -> None:
    """Otherwise uvicorn would close it some seconds after the answer that came before."""
    async with staged() as stage, calling(stage) as caller:
        caller.writer.write(PLAIN)
        await caller.until(ANSWER)
        old = await stage.connected()
        await eventually(lambda: old.timeout_keep_alive_task)
        timer = old.timeout_keep_alive_task
        assert timer is not None
        caller.writer.write(TAKE)
        await stage.taken()
        assert timer.cancelled()
        assert old.timeout_keep_alive_task is None


@on_each_loop
async def test_a_timer_that_is_armed_at_the_take_over_is_gone_after_it() -> None:
    """Whenever uvicorn arms it, the connection is not its to close any more."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, TAKE)
        old.timeout_keep_alive_task = timer = old.loop.call_later(3600, old.timeout_keep_alive_handler)
        stage.app.gate.set()
        await stage.taken()
        assert timer.cancelled()


@on_each_loop
async def test_a_client_that_leaves_is_noticed_by_our_line_alone() -> None:
    """By its goodbye and by a reset; uvicorn's protocol hears neither."""
    async with staged() as stage:
        for leave in (lambda caller: caller.writer.close(), Caller.reset):
            stage.app.lines.clear()
            async with calling(stage) as caller:
                old = await stage.connected()
                heard: list[object] = []
                old.connection_lost = heard.append  # type: ignore[assignment,method-assign]
                caller.writer.write(TAKE)
                line = await stage.taken()
                leave(caller)
                await eventually(lambda line=line: line.is_lost)  # type: ignore[misc]
                assert heard == []


@on_each_loop
async def test_uvicorn_ends_without_closing_what_was_taken() -> None:
    """The last words are ours to say, and may take longer than uvicorn."""
    async with staged() as stage, calling(stage) as caller:
        caller.writer.write(TAKE)
        line = await stage.taken()
        await caller.head()
        # For a connection of its own it would wait for this long.
        stage.server.config.timeout_graceful_shutdown = 3600
        if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            # From Python 3.12 on asyncio's own server waits for all that it has accepted, whoever has it now.
            stage.server.should_exit = True
            await eventually(lambda: not any(server.is_serving() for server in stage.server.servers))
        else:
            await stage.stop()
        assert not line.is_lost
        line.write(chunk(b"still here"))
        assert await caller.until(b"here\r\n") == chunk(b"still here")


@on_each_loop
async def test_uvicorn_says_nothing_about_a_response_that_it_did_not_complete() -> None:
    """A task that ends while its request counts as disconnected is left alone."""
    async with staged() as stage, calling(stage) as caller:
        complaints: list[str] = []
        old = await stage.connected()
        old.logger.addFilter(lambda record: complaints.append(record.getMessage()) or True)  # type: ignore[func-returns-value]
        try:
            caller.writer.write(TAKE)
            await stage.taken()
        finally:
            old.logger.filters.clear()
        assert complaints == []


@on_each_loop
async def test_requests_behind_a_stream_are_dropped() -> None:
    """Its connection serves nothing after it: all that wait behind it are dropped, and reading goes on."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, TAKE + PLAIN * PIPELINED)
        await eventually(lambda: len(old.pipeline) == PIPELINED)
        assert old.flow.read_paused
        stage.app.gate.set()
        line = await stage.taken()
        assert not old.pipeline
        caller.writer.write(TAKE)
        # From here on a request is but noise.
        await eventually(lambda: line.heard == TAKE)
        assert stage.app.calls == ["/take"]
        line.end(b"")
        assert (await caller.reader.read()).count(b"HTTP/1.1 200 OK") == 1


@on_each_loop
async def test_requests_before_a_stream_are_answered() -> None:
    """Pipelined in one write, in their order, and the connection is taken over only then."""
    async with staged() as stage, calling(stage) as caller:
        caller.writer.write(PLAIN * 2 + TAKE)
        line = await stage.taken()
        line.end(chunk(b"tick"))
        got = await caller.reader.read()
        assert stage.app.calls == ["/plain", "/plain", "/take"]
        assert got.count(ANSWER) == 2
        assert got.endswith(b"\r\n\r\n" + chunk(b"tick") + END)


@on_each_loop
async def test_each_request_offers_its_own_response() -> None:
    """The one that runs is marked, though another has been parsed behind it."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, TAKE + PLAIN)
        await eventually(lambda: old.pipeline)
        behind: RequestResponseCycle = old.cycle
        assert behind.scope["path"] == "/plain"
        stage.app.gate.set()
        await stage.taken()
        assert not behind.disconnected


@on_each_loop
async def test_a_body_that_comes_before_the_take_over_is_dropped() -> None:
    """More than uvicorn keeps stops its reading; afterwards the line reads the rest, and bounds it."""
    size = HIGH_WATER_LIMIT + 1
    head = b"GET /take HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (size + 10)
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, head + b"x" * size)
        await eventually(lambda: old.flow.read_paused)
        stage.app.gate.set()
        line = await stage.taken()
        caller.writer.write(b"y" * 10)
        await eventually(lambda: line.heard == b"y" * 10)
        line.write(chunk(b"tick"))
        await caller.head()
        assert await caller.until(b"tick\r\n") == chunk(b"tick")
        with suppress(ConnectionError):
            caller.writer.write(b"z" * HEARD_BYTES)
            await caller.writer.drain()
        await eventually(lambda: line.is_lost)
        assert line.reason == "talks"


@on_each_loop
async def test_a_client_that_is_gone_is_not_taken_over() -> None:
    """It left between its request and the answer: nothing is seated for it, and nothing stays behind."""
    async with staged() as stage:
        for leave in (lambda caller: caller.writer.close(), Caller.reset):
            stage.app.refused.clear()
            stage.app.calls.clear()
            async with calling(stage) as caller:
                await stage.held(caller, TAKE)
                leave(caller)
                await eventually(lambda: not stage.server.server_state.connections)
                stage.app.gate.set()
                await eventually(lambda: stage.app.refused)
                assert stage.app.lines == []


@on_each_loop
async def test_a_transport_that_is_closing_is_not_taken_over() -> None:
    """Its loss is not told yet, and would be told to a line that nobody has seated."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, TAKE)
        stage.app.gate.set()
        old.transport.abort()
        await eventually(lambda: stage.app.refused)
        assert stage.app.lines == []
        await eventually(lambda: not stage.server.server_state.connections)


@on_each_loop
async def test_the_loss_is_told_to_the_response_that_is_under_way() -> None:
    """And not only to the last request that was pipelined behind it: it would be written on."""
    async with staged() as stage, calling(stage) as caller:
        old = await stage.held(caller, PLAIN)
        running: RequestResponseCycle = old.cycle
        caller.writer.write(PLAIN)
        await eventually(lambda: old.pipeline)
        old.transport.abort()
        await eventually(lambda: not stage.server.server_state.connections)
        assert running is not old.cycle
        assert running.disconnected


@on_each_loop
async def test_a_head_without_an_end_is_cut_off() -> None:
    """Parsing takes longer the longer it gets, and everybody waits meanwhile. A trailer is one, too."""
    body = b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    for head in (b"GET /plain HTTP/1.1\r\nX: ", b"GET /", b"POST /plain HTTP/1.1\r\n" + body + b"X: "):
        async with staged() as stage, calling(stage) as caller:
            stage.app.gate.clear()
            await stage.connected()
            caller.writer.write(head + b"a" * (4 * HEAD_BYTES))
            await _cut(stage)
            stage.app.gate.set()
            assert stage.cut == {"large": 1}


@on_each_loop
async def test_a_body_without_an_end_is_cut_off() -> None:
    """Nobody reads it; byte by byte it would take the loop for as long as it likes."""
    for head in (b"Transfer-Encoding: chunked", b"Content-Length: 1000000000"):
        async with staged() as stage, calling(stage) as caller:
            await stage.connected()
            caller.writer.write(b"POST /plain HTTP/1.1\r\n" + head + b"\r\n\r\n")
            await caller.until(ANSWER)
            caller.writer.write(b"1\r\na\r\n" * HEAD_BYTES)
            await _cut(stage)
            assert stage.cut == {"large": 1}


@on_each_loop
async def test_a_head_that_is_too_long_is_told_so() -> None:
    """However its bytes come in; also behind an answer on the same connection."""
    async with staged() as stage, calling(stage) as caller:
        await stage.connected()
        caller.writer.write(PLAIN)
        await caller.until(ANSWER)
        caller.writer.write(b"GET /plain?symbols=")
        for _ in range(HEAD_BYTES // 1024):
            caller.writer.write(b"a" * 1024)
            await caller.writer.drain()
        assert await caller.head() == TOO_LARGE
        await _cut(stage)
        assert stage.cut == {"large": 1}


@on_each_loop
@patch("tapecast.api.protocol.HEAD_S", 0.01)
@patch("tapecast.api.protocol.KEEP_ALIVE_S", -1 + 0.01)
async def test_a_connection_that_asks_for_nothing_is_closed() -> None:
    """From its first silence on, in the middle of a head, and behind an answer that its bytes do not end."""
    post = PLAIN.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 9\r\n\r\n")
    async with staged() as stage:
        for said in (b"", PLAIN[:-2], PLAIN + PLAIN[:-2], post):
            async with calling(stage) as caller:
                caller.writer.write(said)
                with suppress(ConnectionError):
                    await caller.read_all()
                await _cut(stage)
        assert stage.cut == {"late": 4}


@on_each_loop
async def test_a_request_that_has_come_in_may_take_its_time() -> None:
    """The limit is for what a client says, and not for what we answer."""
    async with staged() as stage, calling(stage) as caller:
        patience = (await stage.held(caller, PLAIN + PLAIN))._patience
        assert patience is not None
        assert HEAD_S < patience.when() - asyncio.get_running_loop().time() <= ANSWER_S
        stage.app.gate.set()
        await caller.until(ANSWER)
        await caller.until(ANSWER)
        assert not stage.cut


@on_each_loop
@patch("tapecast.api.protocol.ANSWER_S", 0.01)
async def test_an_answer_that_is_not_taken_is_cut_off() -> None:
    """Or not made: nobody would ever notice. More requests behind it give it no more time."""
    async with staged() as stage, calling(stage) as caller:
        await stage.held(caller, PLAIN + PLAIN)
        await _cut(stage)
        assert stage.cut == {"unread": 1}


@on_each_loop
async def test_an_answered_request_whose_body_comes_to_its_end_is_not_answered_again() -> None:
    """The last part of a long body comes with the end of the message."""
    size = HEAD_BYTES * 3 // 4
    async with staged() as stage, calling(stage) as caller:
        await stage.connected()
        caller.writer.write(b"POST /plain HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size)
        await caller.until(ANSWER)
        caller.writer.write(b"a" * size + PLAIN)
        await caller.until(ANSWER)
        assert not stage.cut


@on_each_loop
async def test_too_many_requests_in_a_row_are_cut_off() -> None:
    """Those behind the first would wait in memory, without bound."""
    async with staged() as stage, calling(stage) as caller:
        stage.app.gate.clear()
        old = await stage.connected()
        caller.writer.write(PLAIN * (PIPELINED + 1))
        await eventually(lambda: len(old.pipeline) == PIPELINED)
        caller.writer.write(PLAIN * 2000)
        stage.app.gate.set()
        await eventually(lambda: not stage.server.server_state.connections)
        assert len(stage.app.calls) <= 2 * PIPELINED + 2
        assert stage.cut == {"pipelined": 1}


async def _cut(stage: Stage) -> None:
    await eventually(lambda: not stage.server.server_state.connections)
