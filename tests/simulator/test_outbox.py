"""What waits to be sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tapecast.simulator.codec import JSON, MSGPACK, Codec
from tapecast.simulator.outbox import BATCH, POLICY_VIOLATION, SLOW_CLIENT, Frame, Outbox


async def sent(outbox: Outbox) -> list[list[Any]]:
    """Every frame until the outbox is closed and empty."""
    return [json.loads(frame.payload) async for frame in outbox.frames()]


async def test_data_shares_a_frame_and_control_goes_alone() -> None:
    """In the order in which they were put."""
    outbox = Outbox(JSON)
    for message in (b"1", b"2"):
        outbox.put(message)
    outbox.reply({"T": "success"})
    outbox.reply({"T": "error"})
    outbox.put(b"3")
    outbox.close()
    assert await sent(outbox) == [[1, 2], [{"T": "success"}], [{"T": "error"}], [3]]


async def test_a_frame_has_a_limit() -> None:
    """A client that was slow for a while gets several frames, none too big."""
    outbox = Outbox(JSON)
    for _ in range(BATCH + 1):
        outbox.put(b"0")
    outbox.close()
    assert [len(frame) for frame in await sent(outbox)] == [BATCH, 1]


async def test_a_full_outbox_tells_the_client_and_ends() -> None:
    """Policy of the bound: 407 and out, never a silent gap."""
    outbox = Outbox(JSON, limit=2)
    for message in (b"1", b"2", b"3", b"4"):
        outbox.put(message)
    assert outbox.close_code == POLICY_VIOLATION
    assert await sent(outbox) == [[SLOW_CLIENT]]


async def test_the_first_close_code_stands() -> None:
    """What is put after it is not sent."""
    outbox = Outbox(JSON)
    outbox.close(1012)
    outbox.close(1000)
    outbox.put(b"1")
    outbox.reply({"T": "success"})
    assert outbox.close_code == 1012
    assert await sent(outbox) == []


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
async def test_a_raw_frame_is_sent_as_it_is(codec: Codec) -> None:
    """In its place between the others, as text or not, whatever the codec."""
    outbox = Outbox(codec)
    outbox.put(b"1")
    outbox.raw(b"\xc1", text=False)
    outbox.raw(b"]", text=True)
    outbox.put(b"2")
    outbox.close()
    text = not codec.binary
    assert [frame async for frame in outbox.frames()] == [
        Frame(codec.frame([b"1"]), text),
        Frame(b"\xc1", text=False),
        Frame(b"]", text=True),
        Frame(codec.frame([b"2"]), text),
    ]
