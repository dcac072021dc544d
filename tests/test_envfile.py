"""A `.env` is read as written, and no line of it is lost in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tapecast.envfile import read_dotenv
from tapecast.errors import SettingsError


def test_lines_are_taken_as_written(tmp_path: Path) -> None:
    """Quotes, comments and `export` are understood, nothing is filled in, and a name may have no value."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("# why\nPORT=1\nHOST='a b' # said\nexport SYMBOLS=AAPL\nTOKEN=a${TAIL}b\nEMPTY=\n")
    assert read_dotenv(dotenv) == {
        "PORT": "1", "HOST": "a b", "SYMBOLS": "AAPL", "TOKEN": "a${TAIL}b", "EMPTY": "",
    }  # fmt: skip


@pytest.mark.parametrize("line", ["API_TOKEN='unclosed", "API_TOKEN"])
def test_a_line_that_is_not_understood_is_named(tmp_path: Path, line: str) -> None:
    """By its number, without what is in it."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"PORT=1\n\n{line}\n")
    with pytest.raises(SettingsError, match="line 3") as caught:
        read_dotenv(dotenv)
    assert "unclosed" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """Without showing its bytes."""
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"API_TOKEN=hunter2\xff\n")
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        read_dotenv(dotenv)
    assert "hunter2" not in str(caught.value)
