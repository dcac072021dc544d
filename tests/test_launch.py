"""How the parts are put together. Whole processes are in `tests/e2e`."""

from __future__ import annotations

import asyncio

import pytest

from tapecast import launch, process
from tapecast.errors import StartError, Stopped
from tapecast.settings import load
from tests.support import free_port


async def test_a_redis_that_is_late_is_waited_for_and_one_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After the wait, the place and the setting are told."""
    monkeypatch.setattr(launch, "REDIS_WAIT_S", 0.0)
    port = free_port()
    with pytest.raises(StartError, match=f"127.0.0.1:{port}.*REDIS_URL"):
        async with launch._open(f"redis://127.0.0.1:{port}", load({}), asyncio.Event()):
            pass


async def test_being_told_to_stop_ends_the_wait_for_a_redis() -> None:
    """SIGTERM need not wait for a Redis that is not there."""
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped):
        async with launch._open(f"redis://127.0.0.1:{free_port()}", load({}), stop):
            pass


async def test_either_leaves_nothing_running() -> None:
    """Whichever ends first, the other is cancelled; so are both when the time is over."""
    ended: list[str] = []

    async def wait(name: str, event: asyncio.Event) -> None:
        try:
            await event.wait()
        finally:
            ended.append(name)

    done, never = asyncio.Event(), asyncio.Event()
    done.set()
    await launch._either(wait("one", done), wait("other", never), 30)
    assert sorted(ended) == ["one", "other"]
    await launch._either(wait("third", never), wait("fourth", never), 0.01)
    assert len(ended) == 4


def test_a_limit_too_low_for_the_streams_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With what to do about it, and never where there is room."""
    monkeypatch.setattr(process, "allow_files", lambda wanted: min(wanted, 4000))
    monkeypatch.setattr(process, "spare_collections", lambda: None)
    launch._make_room(load({"MAX_STREAMS": "500"}))
    assert not caplog.records
    launch._make_room(load({"MAX_STREAMS": "5000"}))
    assert "few_open_files" in caplog.text
    assert "MAX_STREAMS=5000" in caplog.text
