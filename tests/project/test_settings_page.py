"""docs/settings.md and the README's extract of it say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tapecast.settings import Settings, known_names

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", PAGE, re.MULTILINE))
README = (ROOT / "README.md").read_text("utf-8")
EXTRACT = README[README.index("## Settings") : README.index("## Develop")]


def test_every_setting_is_on_the_page_and_nothing_else() -> None:
    """A setting without a row, or a row without a setting, fails. Further names of a key stand in its row."""
    assert known_names() <= set(re.findall(r"`([A-Z][A-Z_]{3,})`", PAGE))
    assert set(ROWS) <= known_names()


@pytest.mark.parametrize(
    "name",
    ["PORT", "SYMBOL_LIMIT", "PRICE_TTL_S", "MAX_SYMBOLS_PER_STREAM", "STREAM_INTERVAL_MS", "KEEPALIVE_S",
     "MAX_STREAMS", "MAX_STREAMS_PER_CLIENT", "ACCEPT_RATE", "TICKET_TTL_S", "MAX_STREAM_AGE_S",
     "REPLAY_SPEED"],
)  # fmt: skip
def test_defaults_are_those_of_the_code(name: str) -> None:
    """The page's default is the one that is used."""
    default = Settings.model_fields[name.lower()].default
    assert float(ROWS[name].strip("` ")) == float(default)


def test_the_readme_says_no_other_default() -> None:
    """Its rows are some of the page's, with their defaults."""
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \| ([^|]*) \|", EXTRACT, re.MULTILINE)
    assert rows
    for names, told in rows:
        listed = [name.strip("` ") for name in names.split(",")]
        defaults = [each.strip() for each in told.split(",")]
        if len(set(defaults)) == 1:
            defaults = defaults * len(listed)
        assert [ROWS[name].strip() for name in listed] == defaults
