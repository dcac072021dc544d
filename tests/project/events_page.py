"""docs/events.md as a test reads it: of each event its fields with their types, and its example.

A type is a word, `list of` or `map of` one, `one of` some words, or the name of another table; `or null` may
stand behind it. A field with dots lies deeper, `*` is any name; a field that is nothing but `*` stands for
all fields of another table.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tapecast.market import parse_rfc3339

PAGE: Final = Path(__file__).parents[2] / "docs" / "events.md"
HEADING: Final = re.compile(r"^### (.+)$", re.MULTILINE)
ROW: Final = re.compile(r"^\| (`[^|]+`) \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
EXAMPLE: Final = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LARGEST: Final = 2**53
"""Of whole numbers that a JavaScript number holds."""


@dataclass(frozen=True)
class Field:
    """One field of a table."""

    type: str
    there: str

    @property
    def is_always_there(self) -> bool:
        """Whether a client may rely on it."""
        return self.there == "yes"


@dataclass(frozen=True)
class Table:
    """One section: what it shows, and what it says of each field."""

    name: str
    fields: dict[str, Field]
    # Of its examples the named parts, and the data.
    examples: list[tuple[dict[str, str], Any]] = field(default_factory=list)


def read(text: str) -> dict[str, Table]:
    """The tables of the page, by the name of their sections in lower case."""
    parts = HEADING.split(text)[1:]
    sections = zip(parts[::2], (part.partition("\n## ")[0] for part in parts[1::2]), strict=True)
    tables = (_table(name.lower(), section) for name, section in sections)
    return {table.name: table for table in tables if table.fields}


def _table(name: str, section: str) -> Table:
    fields = {
        each: Field(re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", kind).strip().lower(), there.strip())
        for names, kind, there in ROW.findall(section)
        for each in re.findall(r"`([^`]+)`", names)
    }
    return Table(name, fields, [_example(text) for text in EXAMPLE.findall(section)])


def _example(text: str) -> tuple[dict[str, str], Any]:
    head, _, data = text.partition("data: ")
    lines = dict(line.split(": ", 1) for line in head.splitlines())
    return lines, json.loads("".join(map(str.strip, data.splitlines())))


class Reader:
    """Holds what was sent against the page, and remembers which fields came with a value."""

    def __init__(self, tables: dict[str, Table]) -> None:
        self._tables = tables
        self.faults: Counter[str] = Counter()
        self.seen: set[str] = set()

    def hear(self, name: str, data: Any) -> None:
        """One event."""
        if name in self._tables and is_event(name):
            self._look(self._tables[name], data, name)
        else:
            self.faults[f"no event {name}"] += 1

    def unseen(self) -> set[str]:
        """What is on the page and never came with a value."""
        named = {
            f"{table.name}: {path}" for table in self._tables.values() for path in table.fields if path != "*"
        }
        return named - self.seen

    def _look(self, table: Table, data: Any, where: str) -> None:
        if not isinstance(data, dict):
            self.faults[f"{where}: no object"] += 1
            return
        fields = dict(table.fields)
        common = fields.pop("*", None)
        if common is not None:
            inner = self._tables[common.type]
            rest = {name: value for name, value in data.items() if name not in fields}
            data = {name: value for name, value in data.items() if name in fields}
            self._look(inner, rest, where)
        tree = _tree(fields)
        self._branch(table.name, tree, data, where, "")

    def _branch(self, table: str, tree: dict[str, Any], data: Any, where: str, path: str) -> None:
        if not isinstance(data, dict):
            self.faults[f"{where}: {path} is no object"] += 1
            return
        for name, value in data.items():
            key = name if name in tree else "*"
            below = tree.get(key)
            at = f"{path}.{key}".lstrip(".")
            if below is None:
                self.faults[f"{where}: {path} {name} is not on the page".replace("  ", " ")] += 1
            elif isinstance(below, Field):
                if value is not None:
                    self.seen.add(f"{table}: {at}")
                if not self._is(below.type, value, f"{where}.{at}"):
                    self.faults[f"{where}.{at} is no {below.type}: {str(value)[:80]}"] += 1
            else:
                self._branch(table, below, value, where, at)
        for name, below in tree.items():
            if isinstance(below, Field) and below.is_always_there and name not in data and name != "*":
                self.faults[f"{where}: {path} {name} is missing".replace("  ", " ")] += 1

    def _is(self, kind: str, value: Any, where: str) -> bool:
        if kind.endswith(" or null"):
            return value is None or self._is(kind.removesuffix(" or null"), value, where)
        if kind.startswith("list of "):
            inner = kind.removeprefix("list of ")
            return isinstance(value, list) and all(self._is(inner, each, where) for each in value)
        if kind.startswith("map of "):
            inner = kind.removeprefix("map of ")
            return isinstance(value, dict) and all(self._is(inner, each, where) for each in value.values())
        if kind.startswith("one of "):
            return f"`{value}`" in kind
        if kind in self._tables:
            self._look(self._tables[kind], value, where)
            return True
        return KINDS[kind](value)


def is_event(name: str) -> bool:
    """Whether a table is of an event, and not of a part of some."""
    return not name.startswith(("a ", "an "))


def _tree(fields: dict[str, Field]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, each in fields.items():
        *above, last = path.split(".")
        at = tree
        for part in above:
            at = at.setdefault(part, {})
        at[last] = each
    return tree


def _is_time(value: Any) -> bool:
    try:
        return isinstance(value, str) and value.endswith("Z") and parse_rfc3339(value) > 0
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


KINDS: Final[dict[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST,
    "boolean": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "time": _is_time,
}


def words(table: Table, path: str) -> set[str]:
    """What a field that is one of some words may be."""
    return set(re.findall(r"`([^`]+)`", table.fields[path].type))
