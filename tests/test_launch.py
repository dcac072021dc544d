"""How the parts are put together. Whole processes are in `tests/e2e`."""

from __future__ import annotations

import asyncio

import pytest

from tapecast import launch
from tapecast.errors import SettingsError, StartError, Stopped
from tapecast.settings import load
from tests.support import free_port

KEYS = {"ALPACA_API_KEY": "k", "ALPACA_SECRET_KEY": "s"}


async def test_without_keys_up_simulates_and_says_so_in_every_setting() -> None:
    """The same feed, pointed at a local Alpaca in this process, with symbols to look at."""
    async with launch._venue(load({}), demo=True) as settings:
        assert settings.feed == "simulated"
        assert settings.has_alpaca_keys
        assert settings.alpaca_stream_url is not None
        assert settings.alpaca_stream_url.startswith("ws://127.0.0.1:")
        assert "AAPL" in settings.symbols


async def test_symbols_of_ones_own_are_kept() -> None:
    """The demo's symbols are only for those who named none."""
    async with launch._venue(load({"SYMBOLS": "TSLA"}), demo=True) as settings:
        assert settings.symbols == ("TSLA",)


async def test_with_keys_it_is_alpaca() -> None:
    """Nothing is pointed anywhere else."""
    async with launch._venue(load(KEYS), demo=True) as settings:
        assert (settings.feed, settings.alpaca_stream_url, settings.symbols) == ("alpaca", None, ())


async def test_simulated_at_a_given_url_starts_no_venue() -> None:
    """`simulate --print-env` points a service at a simulator that runs elsewhere."""
    url = "ws://127.0.0.1:8100/v2/iex"
    async with launch._venue(
        load(KEYS | {"FEED": "simulated", "ALPACA_STREAM_URL": url}), demo=False
    ) as settings:
        assert settings.alpaca_stream_url == url


@pytest.mark.parametrize("env", [{}, {"FEED": "alpaca"}])
async def test_ingest_without_keys_is_refused(env: dict[str, str]) -> None:
    """Prices are never invented unasked."""
    with pytest.raises(SettingsError, match="ALPACA_PAPER_API_KEY"):
        async with launch._venue(load(env), demo=False):
            pass


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


@pytest.mark.parametrize(
    ("env", "laptop", "expected"),
    [
        ({}, False, "prices: open, status: open, positions: closed: set API_TOKEN"),
        ({}, True, "prices: open, status: open, positions: this machine only"),
        ({"API_TOKEN": "t"}, True, "prices: token, status: token, positions: token"),
        ({"API_TOKEN": "t", "PUBLIC": "status"}, False, "prices: token, status: open, positions: token"),
    ],
)
def test_the_banner_says_who_may_read(env: dict[str, str], expected: str, *, laptop: bool) -> None:
    """A token that was lost on the way shows at the start."""
    assert launch._access(load(env), laptop=laptop) == expected
