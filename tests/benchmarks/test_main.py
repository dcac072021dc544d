"""The command: what can be asked of it without measuring."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.suite import PARTS

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "benchmarks" / "scenarios"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a person runs it."""
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_list_names_every_part() -> None:
    """Each with what it measures."""
    result = run("--list")
    assert result.returncode == 0, result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(PARTS)


def test_help_has_examples() -> None:
    """And says how long it takes."""
    result = run("--help")
    assert result.returncode == 0, result.stderr
    for words in ("examples:", "--quick", "--only", "--runs", "--write-docs", "--list", "55 minutes"):
        assert words in result.stdout


@pytest.mark.parametrize("words", [["--only", "nonsense"], ["--runs", "0"], ["--fast"]])
def test_nonsense_is_refused(words: list[str]) -> None:
    """Before anything is measured."""
    assert run(*words).returncode == 2


def test_every_scenario_is_a_part() -> None:
    """A file that the suite does not name would never be measured."""
    assert {path.stem for path in SCENARIOS.glob("[!_]*.py")} == set(PARTS)
