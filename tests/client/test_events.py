"""The structs have the names of the documented contract."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import tapecast.client
from tapecast.client import Feed, Hello, ServerStatus, SymbolStatus, Tick
from tapecast.client.events import NAMES

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "docs" / "events.md").read_text("utf-8")


@pytest.mark.parametrize("kind", [Tick, ServerStatus, Hello, SymbolStatus, Feed])
def test_fields_are_those_of_the_contract(kind: type[msgspec.Struct]) -> None:
    """Each is named in docs/events.md, in code type."""
    told = CONTRACT.replace('"', "`").replace(", ", "`, `").replace("{", "`").replace("}", "`")
    missing = [name for name in kind.__struct_fields__ if f"`{name}`" not in told]
    assert not missing


def test_every_event_of_the_contract_has_a_type() -> None:
    """By its row in the tables of events."""
    for name in NAMES.keys() - {"message"}:
        assert f"`{name}`" in CONTRACT


def test_every_type_is_public() -> None:
    """Else a program could not match on it."""
    assert {kind.__name__ for kind in NAMES.values()} <= set(tapecast.client.__all__)
