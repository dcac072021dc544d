"""The README says what is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def test_it_is_read_in_one_sitting() -> None:
    """What is longer belongs into docs/."""
    assert len(README.splitlines()) < 200


STEPS = re.findall(r"^\d\. \[`[^`]+`\]\((src/[^)]+)\) \*\*(\w+)\*\*", README, re.MULTILINE)
# For each station the function by which a tick passes it.
PASSES = {
    "receives": "read", "conflates": "on_trade", "publishes": "publish", "reads": "_deliver",
    "dispatches": "on_tick", "sends": "flush",
}  # fmt: skip


def test_one_tick_is_followed_through_six_files() -> None:
    """Six stations, in the order of the pipe."""
    assert [verb for _, verb in STEPS] == list(PASSES)


@pytest.mark.parametrize(("path", "verb"), STEPS)
def test_each_station_is_where_the_readme_says(path: str, verb: str) -> None:
    """The file is there and has the function by which a tick passes."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert PASSES[verb] in names


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_links_within_the_repository_lead_somewhere(page: str) -> None:
    """No page points at a file that is not there."""
    text = (ROOT / page).read_text("utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    missing = [target for target in targets if not ((ROOT / page).parent / target).exists()]
    assert missing == []
