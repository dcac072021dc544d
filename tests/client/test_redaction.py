"""A log at INFO has no ticket and no password."""

from __future__ import annotations

import logging

import pytest

from tapecast.client import Hello, connect
from tests.client.support import HELLO, Answer, serving, until


async def test_a_program_that_logs_its_requests(caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the address stays, and so does what is no address of ours."""
    caplog.set_level(logging.DEBUG, logger="httpx")
    moved = Answer(status="307 Moved", more="Location: /there?ticket=hunter2&x=1\r\n")
    async with serving(moved, Answer(HELLO, holds=True)) as server:
        url = server.url.replace("//", "//me:hunter2@")
        async with connect(url, ["AAPL"], ticket="hunter2") as stream:
            await until(stream, Hello)
    told = [record.getMessage() for record in caplog.records]
    assert any(
        "http://…@127.0.0.1" in message and "/stream?prices=AAPL&ticket=…" in message for message in told
    )
    assert not any("hunter2" in message for message in told if "HTTP Request" in message)
