"""Who is given another try, and who is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.again import MOST_TRIES

ROOT = Path(__file__).parents[2]
INNER = """
from collections import Counter

import pytest

from tests import again

tries = Counter()


class Stalls:
    said_s = 0.0

    def lost_s(self, since):
        return self.said_s


again.stalls = Stalls()


def tried(name, lost_s):
    tries[name] += 1
    again.stalls.said_s = lost_s


@pytest.fixture
def fresh():
    return []


def test_once(fresh):
    fresh.append(1)
    tried("once", 2.04)
    assert (tries["once"], fresh) == (2, [1])


def test_always():
    tried("always", 3.0)
    assert False


def test_in_time():
    tried("in time", 0.9)
    assert False


def test_well():
    tried("well", 5.0)


def test_tries():
    assert tries == {"once": 2, "always": MOST_TRIES, "in time": 1, "well": 1}
"""


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["here", "in a worker"])
def test_only_a_test_that_lost_seconds_is_run_again(tmp_path: Path, workers: list[str]) -> None:
    """With fixtures of its own, once, never one that merely fails; and the summary names it."""
    inner = tmp_path / "test_inner.py"
    inner.write_text(INNER.replace("MOST_TRIES", str(MOST_TRIES)), "utf-8")
    plugins = ["-p", "tests.again", "-p", "no:cacheprovider", "-c", "/dev/null", *workers]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, str(inner)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "2 failed, 3 passed" in done.stdout, done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("run again: ")]
    assert len(told) == 1, done.stdout
    assert told[0].startswith("run again: 2 tests, for the machine stood still: ")
    assert "test_inner.py::test_always (3.0 s), " in told[0]
    assert told[0].endswith("test_inner.py::test_once (2.0 s)")
