"""Faults in words: one vocabulary for `--fault NAME=VALUE` and for the JSON of `POST /control/faults`."""

from __future__ import annotations

from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tapecast.errors import SettingsError
from tapecast.simulator.faults import Cure, Faults, RestFaults, Step
from tapecast.simulator.paths import STREAMS

MOST_S: Final = 600
"""Nothing here lasts longer: a forgotten fault must not look like a hang of the one who tests."""

_Status = Annotated[int, Meta(ge=400, le=599)]
_Code = Annotated[int, Meta(ge=400, le=599)]
_Seconds = Annotated[float, Meta(ge=0, le=MOST_S)]
_REST: Final = "rest_"


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Which switches to set to what; the others stay as they are."""

    silent: set[Step] | UnsetType = UNSET
    upgrade: _Status | UnsetType | None = UNSET
    login: _Code | UnsetType | None = UNSET
    refused: dict[str, _Code] | UnsetType = UNSET
    unconfirmed: set[str] | UnsetType = UNSET
    hangs_up: bool | UnsetType = UNSET
    muted: set[str] | UnsetType = UNSET
    cure: Cure | UnsetType = UNSET
    linger_s: _Seconds | UnsetType = UNSET
    rest_status: _Status | UnsetType | None = UNSET
    rest_delay_s: _Seconds | UnsetType = UNSET
    rest_only: str | UnsetType = UNSET
    rest_html: bool | UnsetType = UNSET
    rest_lag_s: _Seconds | UnsetType = UNSET
    rest_positions: dict[str, dict[str, Any]] | UnsetType = UNSET
    rest_missing: set[str] | UnsetType = UNSET

    def apply(self, faults: Faults) -> None:
        """Set what concerns one path."""
        for name, value in self._given():
            if not name.startswith(_REST):
                setattr(faults, name, value)

    def apply_to_rest(self, faults: RestFaults) -> None:
        """Set what concerns REST."""
        for name, value in self._given():
            if name.startswith(_REST):
                setattr(faults, name.removeprefix(_REST), value)

    def _given(self) -> list[tuple[str, Any]]:
        values = ((name, getattr(self, name)) for name in self.__struct_fields__)
        # Each path has collections of its own, which tests change in place.
        return [
            (name, value.copy() if isinstance(value, (set, dict)) else value)
            for name, value in values
            if value is not UNSET
        ]


NAMES: Final = Change.__struct_fields__


def shown(faults: Faults | RestFaults) -> dict[str, Any]:
    """The switches that are on, in the words that set them."""
    prefix = _REST if isinstance(faults, RestFaults) else ""
    off = type(faults)()
    names = [each.removeprefix(prefix) for each in NAMES if each.startswith(_REST) == bool(prefix)]
    values = {name: getattr(faults, name) for name in names if getattr(faults, name) != getattr(off, name)}
    return {
        prefix + name: sorted(value) if isinstance(value, set) else value for name, value in values.items()
    }


def change(words: object, *, strict: bool = True) -> Change:
    """Words as a change. Raises ValueError with what is allowed; not `strict`: numbers may be text."""
    try:
        return msgspec.convert(words, Change, strict=strict)
    except msgspec.ValidationError as error:
        words_of = {"faults": NAMES, "steps": tuple(Step), "cures": tuple(Cure)}
        told = "; ".join(f"{kind} are: {', '.join(names)}" for kind, names in words_of.items())
        raise ValueError(f"{error}; {told}") from None


class Flag(NamedTuple):
    """One `--fault`. Without a path it is for all."""

    path: str | None
    change: Change


def parse_flags(texts: tuple[str, ...]) -> list[Flag]:
    """`[PATH:]NAME=VALUE` each; lists are comma-separated, and add up. Raises SettingsError."""
    words: dict[str | None, dict[str, Any]] = {}
    for text in texts:
        path, name, value = _split(text)
        _add(words.setdefault(path, {}), name, value)
        _flag(text, path, words[path])
    return [_flag("", path, given) for path, given in words.items()]


def _split(text: str) -> tuple[str | None, str, str]:
    place, separator, value = text.partition("=")
    path, _, name = place.rpartition(":")
    if not (separator and name and value):
        raise SettingsError(
            f"--fault {text}: must be NAME=VALUE or PATH:NAME=VALUE; faults are: {', '.join(NAMES)}"
        )
    if path and path not in STREAMS:
        raise SettingsError(f"--fault {text}: no path {path}; paths are: {', '.join(STREAMS)}")
    return path or None, name, value


def _add(words: dict[str, Any], name: str, value: str) -> None:
    if name == "refused":
        pairs = (each.rpartition(":") for each in value.split(","))
        words.setdefault(name, {}).update({symbol: code for symbol, _, code in pairs})
    elif name == "rest_positions":
        words[name] = _json(value)
    elif name in {"silent", "unconfirmed", "muted", "rest_missing"}:
        words.setdefault(name, []).extend(value.split(","))
    else:
        words[name] = value


def _json(value: str) -> object:
    """A value as JSON; if it is none, as the text that it is, which is then refused."""
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value


def _flag(text: str, path: str | None, words: dict[str, Any]) -> Flag:
    try:
        return Flag(path, change(words, strict=False))
    except ValueError as error:
        raise SettingsError(f"--fault {text}: {error}") from None
