"""A base URL is taken apart once, and what cannot be meant is refused with what to write instead."""

from __future__ import annotations

import pytest

from tapecast.bench.target import Target, target_of
from tapecast.errors import SettingsError


@pytest.mark.parametrize(
    ("url", "shown", "port"),
    [
        ("http://localhost:8000", "http://localhost:8000", 8000),
        ("http://localhost:8000/", "http://localhost:8000", 8000),
        ("https://Prices.Example.com/live/", "https://prices.example.com/live", 443),
        ("http://[::1]:8000", "http://[::1]:8000", 8000),
        ("http://bücher.example", "http://xn--bcher-kva.example", 80),
    ],
)
def test_a_url_is_shown_as_it_is_asked(url: str, shown: str, port: int) -> None:
    """Without the slash at its end and a port that goes without saying."""
    target = target_of(url)
    assert (str(target), target.port) == (shown, port)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("localhost:8000", "http://"),
        ("ws://localhost:8000", "http://"),
        ("http://", "no host"),
        ("http://localhost:port", "no URL"),
        ("http://localhost:99999", "no URL"),
        ("http://[::1", "no URL"),
        ("http://me:hunter2@localhost", "password"),
        ("http://localhost/?ticket=hunter2", "TAPECAST_TICKET"),
        ("http://localhost/#hunter2", "TAPECAST_TICKET"),
        ("http://localhost/a\x7fb", "escaped"),
        ("http://localhost:8000/api/stream/prices", "without /stream/prices"),
    ],
)
def test_what_is_no_base_url_is_refused(url: str, word: str) -> None:
    """With what is wrong, and without repeating a secret."""
    with pytest.raises(SettingsError) as refused:
        target_of(url)
    assert word in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "here"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.1", False)]
)
def test_this_machine_is_told_from_others(host: str, *, here: bool) -> None:
    """By where its name leads."""
    assert Target("http", host, 8000).is_this_machine() is here


def test_a_name_that_leads_nowhere_is_not_this_machine() -> None:
    """So that the question is asked rather than not."""
    assert not Target("http", "no host has such a name", 8000).is_this_machine()
