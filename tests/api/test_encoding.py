"""A body is compressed once for all, and each client decodes its own part of it, at every frame."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers

from tapecast.api.encoding import SMALLEST, Gzip, Plain, accepts_gzip
from tests.support import PATIENCE_S, tcp_server

TICK = (
    b'data: {"symbol": "AAPL", "price": 187.25, "size": 100, "timestamp": "2026-01-05T14:30:00.123456Z"}\n\n'
)
FRAMES = [TICK * ticks for ticks in (1, 50, 3, 8, 1, 700)]
NOISE = Random(4).randbytes(200_000)


def gunzip() -> zlib._Decompress:
    """What browsers, curl and httpx decode with."""
    return zlib.decompressobj(31)


def test_plain_is_as_it_is() -> None:
    """The bytes that ingest encoded are those that reach the client."""
    plain = Plain()
    assert plain.encode(TICK, is_cheap=True) is TICK
    assert plain.head == plain.tail == b""


def test_every_frame_is_complete_when_it_arrives() -> None:
    """No event waits in a decoder for the next one."""
    encoding, client = Gzip(), gunzip()
    assert client.decompress(encoding.head) == b""
    for frame in FRAMES:
        assert client.decompress(encoding.encode(frame, is_cheap=True)) == frame


@pytest.mark.parametrize("join", range(len(FRAMES)))
def test_a_client_can_join_at_any_frame(join: int) -> None:
    """A shared frame refers to nothing before it."""
    encoding, client = Gzip(), gunzip()
    blocks = [encoding.encode(frame, is_cheap=True) for frame in FRAMES]
    text = client.decompress(encoding.head + b"".join(blocks[join:]) + encoding.tail)
    assert text == b"".join(FRAMES[join:])


@given(st.lists(st.tuples(st.integers(0, 120_000), st.booleans(), st.booleans()), max_size=8))
@settings(deadline=None)
def test_frames_of_any_size_decode_for_any_mix_of_clients(frames: list[tuple[int, bool, bool]]) -> None:
    """Also with noise that does not shrink, with stored blocks, and with frames that only one of them got."""
    encoding, client, other = Gzip(), gunzip(), gunzip()
    client.decompress(encoding.head)
    other.decompress(encoding.head)
    for size, is_cheap, is_shared in frames:
        frame = NOISE[:size]
        block = encoding.encode(frame, is_cheap=is_cheap)
        assert client.decompress(block) == frame
        if is_shared:
            assert other.decompress(block) == frame


def test_a_frame_decodes_however_the_network_cuts_it() -> None:
    """A decoder gets bytes, not frames."""
    encoding, client = Gzip(), gunzip()
    body = encoding.head + b"".join(encoding.encode(frame, is_cheap=True) for frame in FRAMES[:4])
    text = b"".join(client.decompress(body[at : at + 1]) for at in range(len(body)))
    assert text == b"".join(FRAMES[:4])


def test_small_frames_are_stored() -> None:
    """Where compressing gains nothing it is not done: five bytes more, and the frame as it is."""
    frame = NOISE[: SMALLEST - 1]
    block = Gzip().encode(frame, is_cheap=True)
    assert block[5:] == frame
    assert len(Gzip().encode(TICK * 8, is_cheap=True)) < len(TICK * 8) / 3


def test_a_frame_that_is_not_worth_the_work_is_stored() -> None:
    """Under load compressing has to be shared, or it is left out; also what takes several blocks."""
    encoding = Gzip()
    block = encoding.encode(NOISE, is_cheap=False)
    assert len(block) == len(NOISE) + 5 * 4
    assert gunzip().decompress(encoding.head + block) == NOISE


def body(encoding: Gzip) -> list[bytes]:
    """A whole compressed stream, as it is written."""
    return [encoding.head, *(encoding.encode(frame, is_cheap=True) for frame in FRAMES), encoding.tail]


@asynccontextmanager
async def served(pieces: list[bytes]) -> AsyncIterator[str]:
    """A server that answers with these pieces, a chunk each, and ends the response."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        for piece in [*pieces, b""]:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()

    async with tcp_server(handle) as port:
        yield f"http://127.0.0.1:{port}/"


async def test_httpx_reads_a_stream_to_its_end() -> None:
    """The checksum that does not come is no error there."""
    async with served(body(Gzip())) as url, httpx.AsyncClient(timeout=PATIENCE_S) as client:
        async with client.stream("GET", url) as response:
            assert b"".join([part async for part in response.aiter_bytes()]) == b"".join(FRAMES)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_reads_a_stream_to_its_end() -> None:
    """It ends with success, as a stream that is not compressed does."""
    async with served(body(Gzip())) as url, asyncio.timeout(PATIENCE_S):
        curl = await asyncio.create_subprocess_exec(
            *("curl", "--silent", "--show-error", "--no-buffer", "--compressed", url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await curl.communicate()
    assert (curl.returncode, err) == (0, b"")
    assert out == b"".join(FRAMES)


async def test_a_wrong_checksum_would_be_worse_than_none() -> None:
    """What is sent there is checked, and what is not sent is not: so the end has none."""
    async with served([*body(Gzip()), bytes(8)]) as url, httpx.AsyncClient(timeout=PATIENCE_S) as client:
        with pytest.raises(httpx.DecodingError):
            await client.get(url)


def test_only_a_reader_of_whole_files_misses_the_checksum() -> None:
    """It has every byte by then. With the checksum, of all that this one client got, it is content."""
    whole, text = b"".join(body(Gzip())), b"".join(FRAMES)
    with pytest.raises(EOFError):
        gzip.decompress(whole)
    checks = zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    assert gzip.decompress(whole + checks) == text


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("br, zstd", False),
        ("gzip", True),
        ("GZIP", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip ; q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=often", False),
        ("xgzip", False),
    ],
)
def test_whether_a_client_takes_gzip(header: str | None, accepted: bool) -> None:
    """By its own word alone, its refusals included."""
    assert accepts_gzip(Headers({} if header is None else {"accept-encoding": header})) is accepted


def test_a_header_may_come_in_several_lines() -> None:
    """They count as one list."""
    lines = [(b"accept-encoding", b"br"), (b"accept-encoding", b"gzip")]
    assert accepts_gzip(Headers(raw=lines))
