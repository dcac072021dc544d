"""Faults in words."""

from __future__ import annotations

import re

import pytest

from tapecast.errors import SettingsError
from tapecast.simulator.changes import change, parse_flags
from tapecast.simulator.faults import Faults, RestFaults, Step


def test_a_change_sets_what_it_names() -> None:
    """The rest stays as it is."""
    faults, rest = Faults(muted={"SPY"}), RestFaults(delay_s=2)
    words = {"silent": ["auth"], "refused": {"TSLA": 400}, "linger_s": 90, "rest_status": 503}
    change(words).apply(faults)
    change(words).apply_to_rest(rest)
    assert (faults.silent, faults.refused, faults.linger_s) == ({Step.AUTH}, {"TSLA": 400}, 90)
    assert (faults.muted, faults.upgrade) == ({"SPY"}, None)
    assert rest == RestFaults(503, 2.0, "")


def test_null_and_empty_turn_off() -> None:
    """Each by its own kind of nothing."""
    faults = Faults({Step.AUTH}, upgrade=429, login=406)
    change({"silent": [], "upgrade": None, "login": None}).apply(faults)
    assert (faults.silent, faults.upgrade, faults.login) == (set(), None, None)


def test_paths_do_not_share_a_collection() -> None:
    """One change may be for all of them; a test changes them in place."""
    words, first, second = change({"muted": ["AAPL"], "refused": {}}), Faults(), Faults()
    words.apply(first)
    words.apply(second)
    first.muted.clear()
    first.refused["TSLA"] = 400
    assert (second.muted, second.refused) == ({"AAPL"}, {})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"sillent": []}, "silent, upgrade, login, refused"),
        ({"silent": ["dance"]}, "welcome, auth, subscription"),
        ({"silent": "auth"}, "Expected `array`"),
        ({"upgrade": 200}, ">= 400"),
        ({"upgrade": 600}, "<= 599"),
        ({"upgrade": "429"}, "Expected `int | null`"),
        ({"login": True}, "Expected `int | null`"),
        ({"refused": ["TSLA"]}, "Expected `object`"),
        ({"refused": {"TSLA": "no"}}, "Expected `int`"),
        ({"hangs_up": 2}, "Expected `bool`"),
        ({"muted": [1]}, "Expected `str`"),
        ({"cure": "tea"}, "subscription, connection, nothing"),
        ({"linger_s": -1}, ">= 0"),
        ({"linger_s": 1e9}, "<= 600"),
        ({"rest_delay_s": float("nan")}, ">= 0"),
        ({"rest_positions": {"AAPL": None}}, "Expected `object`"),
        ([], "Expected `object`"),
    ],
)
def test_a_bad_change_is_told(words: object, told: str) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match=re.escape(told)):
        change(words)


def test_flags_say_the_same() -> None:
    """One or several, for all paths or for one."""
    both, iex = parse_flags(
        (
            "silent=auth",
            "upgrade=429",
            "refused=TSLA:400,BTC/USD:405",
            "/v2/iex:muted=AAPL,MSFT",
            "/v2/iex:muted=SPY",
            "rest_delay_s=2.5",
            "silent=welcome",
            "hangs_up=true",
            "cure=connection",
            "rest_only=/v2/clock",
            "rest_html=true",
            "rest_lag_s=2",
            "rest_missing=qty,equity",
            'rest_positions={"AAPL": {"current_price": null}}',
        )
    )
    assert (both.path, iex.path) == (None, "/v2/iex")
    assert iex.change == change({"muted": ["AAPL", "MSFT", "SPY"]})
    assert both.change == change(
        {
            "silent": ["auth", "welcome"],
            "upgrade": 429,
            "refused": {"TSLA": 400, "BTC/USD": 405},
            "hangs_up": True,
            "cure": "connection",
            "rest_delay_s": 2.5,
            "rest_only": "/v2/clock",
            "rest_html": True,
            "rest_lag_s": 2.0,
            "rest_missing": ["qty", "equity"],
            "rest_positions": {"AAPL": {"current_price": None}},
        }
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("silent", "must be NAME=VALUE"),
        ("silent=", "must be NAME=VALUE"),
        ("=auth", "must be NAME=VALUE"),
        ("/v2/iex:=auth", "must be NAME=VALUE"),
        ("/v3/iex:silent=auth", "no path /v3/iex; paths are: /v2/iex,"),
        ("slient=auth", "faults are: silent,"),
        ("silent=dance", "steps are: welcome,"),
        ("upgrade=often", "Expected `int | null`"),
        ("refused=TSLA", "Expected `int`"),
        ("linger_s=long", "Expected `float`"),
        ("rest_positions=AAPL", "Expected `object`"),
    ],
)
def test_a_bad_flag_is_told(text: str, told: str) -> None:
    """The message repeats the flag and says what is allowed."""
    with pytest.raises(SettingsError, match=re.escape(told)) as caught:
        parse_flags((text,))
    assert str(caught.value).startswith(f"--fault {text}: ")
