"""docs/architecture.md leads along the pipe that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
STEPS = re.findall(r"^\| (\w+) \| \[`[^`]+`\]\(\.\./(src/[^)]+)\), `(\w+)\.(\w+)` \|", PAGE, re.MULTILINE)


def test_one_tick_is_followed_through_six_files() -> None:
    """Six stations, in the order of the pipe."""
    verbs = [verb for verb, *_ in STEPS]
    assert verbs == ["receives", "conflates", "publishes", "reads", "dispatches", "sends"]


@pytest.mark.parametrize(("path", "noun", "function"), [rest for _, *rest in STEPS])
def test_each_station_is_where_the_page_says(path: str, noun: str, function: str) -> None:
    """The file is there and has the function by which a tick passes."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == noun]
    names = {
        node.name
        for found in classes
        for node in ast.walk(found)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert function in names
