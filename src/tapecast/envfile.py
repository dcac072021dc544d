"""The lines of a `.env`, read so that none of them is lost in silence, and none shows a secret."""

from __future__ import annotations

from pathlib import Path

from dotenv.parser import parse_stream

from tapecast.errors import SettingsError


def read_dotenv(dotenv: Path) -> dict[str, str]:
    """Names and values, empty ones too. Raises SettingsError naming a line that is not understood."""
    try:
        with dotenv.open(encoding="utf-8") as file:
            # Parsed, not interpolated: a secret may hold `${`, and the environment is not for others to read.
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{dotenv} cannot be read: {error}") from None
    for binding in bindings:
        # Dropping a line that is not understood would open what an unclosed API_TOKEN was to close.
        if binding.error or (binding.key is not None and binding.value is None):
            text = binding.original.string
            line = binding.original.line + len(text) - len(text.lstrip("\n"))
            raise SettingsError(f"{dotenv}, line {line}: not of the form NAME=value")
    return {binding.key: binding.value or "" for binding in bindings if binding.key is not None}
