"""Who is given another try, and who is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.again import MOST_TRIES

ROOT = Path(__file__).parents[2]
INNER = """
import time
from collections import Counter

import pytest

from tests.stalls import stalls

tries = Counter()


def stands_still(name):
    tries[name] += 1
    now = time.monotonic()
    stalls._spans.append((now, now + 2))


@pytest.fixture
def fresh():
    return []


def test_once(fresh):
    fresh.append(1)
    stands_still("once")
    assert (tries["once"], fresh) == (2, [1])


def test_always():
    stands_still("always")
    assert False


def test_in_time():
    stalls._spans.clear()
    tries["in time"] += 1
    assert False


def test_tries():
    assert tries == {"once": 2, "always": MOST_TRIES, "in time": 1}
"""


def test_only_a_test_that_lost_seconds_is_run_again(tmp_path: Path) -> None:
    """With fixtures of its own, not for ever, and never one that merely fails."""
    inner = tmp_path / "test_inner.py"
    inner.write_text(INNER.replace("MOST_TRIES", str(MOST_TRIES)), "utf-8")
    plugins = ["-p", "tests.again", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", "-q", *plugins, str(inner)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "2 failed, 2 passed" in done.stdout, done.stdout
