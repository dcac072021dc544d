"""What the workers of one api have counted, each in its own file, and the sum over those that have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import pytest

from tapecast.api import folder as module
from tapecast.api.folder import Folder
from tests.api.file_steps import CHANGES, StepPath, Turns

READS, WRITES = 7, 5
"""Steps of a scrape, some again, and of what the parent changes when a worker has ended."""


def add(texts: Sequence[bytes]) -> bytes:
    """The sum of numbers; a line that is a comment is none. Raises ValueError."""
    lines = [line for text in texts for line in text.splitlines() if not line.startswith(b"#")]
    return str(sum(map(int, lines))).encode()


def total(folder: Folder, heard: dict[str, bytes]) -> int:
    """What the worker 1.60 tells, which has counted 1000 and heard these."""
    present, past = folder.counted({"1.60": b"1000"} | heard, "1.60")
    return int(add([*present, *past]))


@pytest.fixture
def path(tmp_path: Path) -> Iterator[StepPath]:
    """The worker 0.50 has ended with 7 counted, one before it with 100; 1.60 lives."""
    path = StepPath(tmp_path)
    fill(path)
    yield path
    StepPath.step = staticmethod(lambda _: None)


def fill(path: Path) -> None:
    """With the files of that moment."""
    for each in path.glob("*"):
        each.unlink()
    folder = Folder(path)
    folder.keep("0.40", b"100")
    folder.forget(0, add)
    for name, count in {"0.50": b"7", "1.60": b"1000"}.items():
        folder.socket(name).touch()
        folder.keep(name, count)


def during(order: list[bool], path: Path, told: bytes | None) -> int:
    """What a scrape tells while the parent forgets the worker, with their steps in this order."""
    turns = Turns(order)
    StepPath.step = staticmethod(turns.step)

    def forget() -> None:
        try:
            Folder(path).forget(0, add)
        finally:
            turns.done()

    with ThreadPoolExecutor(1) as parent:
        forgetting = parent.submit(forget)
        try:
            found = total(Folder(path), {} if told is None else {"0.50": told})
        finally:
            turns.done()
        forgetting.result()
    StepPath.step = staticmethod(lambda _: None)
    return found


@pytest.mark.parametrize("told", [None, b"5"])
def test_whenever_a_scrape_comes_each_worker_is_in_it_once(path: Path, told: bytes | None) -> None:
    """Between any two steps of the parent, and with any of them between two of the scrape's.

    Also if the scrape has heard the worker before it ended, and then less than its last words.
    """
    for changes in combinations(range(READS + WRITES), WRITES):
        fill(path)
        order = [step in changes for step in range(READS + WRITES)]
        found = during(order, path, told)
        assert found in {1107, 1100 + int(told or b"7")}, changes
        assert total(Folder(path), {}) == 1107
        assert sorted(each.name for each in path.glob("*")) == ["1.60.prom", "1.60.sock", "2.past"]


def failing(at: int, seen: list[str]) -> Callable[[str], None]:
    """A disk that fails at the so-manieth change."""

    def step(name: str) -> None:
        if name in CHANGES:
            seen.append(name)
            if len(seen) == at:
                raise OSError(28, "No space left on device")

    return step


@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_disk_that_fails_loses_nothing(path: Path, at: int) -> None:
    """At any change: each is counted once before the next try, after another's end, and after its own."""
    seen: list[str] = []
    StepPath.step = staticmethod(failing(at, seen))
    folder = Folder(path)
    with pytest.raises(OSError, match="No space"):
        folder.forget(0, add)
    assert len(seen) == at
    StepPath.step = staticmethod(lambda _: None)
    assert total(folder, {}) == 1107
    folder.keep("2.70", b"20")
    folder.forget(2, add)
    assert total(folder, {}) == 1127
    folder.keep("0.80", b"3")
    folder.forget(0, add)
    assert total(folder, {}) == 1130
    assert len(list(path.glob("*.past"))) == 1
    assert not list(path.glob("0.*.prom"))


def test_the_sum_names_no_file_for_ever(path: Path) -> None:
    """Only those that may still be there: a worker that dies all day must not fill the disk."""
    folder = Folder(path)
    for pid in range(80, 100):
        folder.keep(f"0.{pid}", b"1")
        folder.forget(0, add)
    (newest,) = path.glob("*.past")
    assert newest.read_bytes() == b"# of 0.99\n127"


@pytest.mark.parametrize("bad", ["0.50.prom", "1.past"])
def test_a_file_that_makes_no_sense_goes(path: Path, bad: str) -> None:
    """It would fail every scrape from now on. What else was counted stays."""
    (path / bad).write_bytes(b"#\nwhat")
    folder = Folder(path)
    with pytest.raises(ValueError, match="what"):
        folder.forget(0, add)
    left = {"0.50.prom": 1100, "1.past": 1007}[bad]
    assert total(folder, {}) == left
    folder.forget(0, add)
    assert total(folder, {}) == left


def test_a_sum_that_never_rests_is_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scrape that fails is no fall, as one that has missed somebody would be."""
    monkeypatch.setattr(module, "LOOKS", 3)
    looks = 0

    def step(name: str) -> None:
        nonlocal looks
        if name == "read_bytes":
            looks += 1
            path.joinpath(f"{looks + 1}.past").touch()

    StepPath.step = staticmethod(step)
    with pytest.raises(OSError, match="again and again"):
        Folder(path).counted({}, "1.60")


def test_only_its_own_are_forgotten(path: Path) -> None:
    """Worker 1 is not worker 11, and who has told nothing leaves nothing."""
    folder = Folder(path)
    folder.keep("11.5", b"4")
    folder.socket("11.5").touch()
    folder.forget(1, add)
    assert folder.names() == {"0.50", "11.5"}
    folder.forget(7, add)
    assert total(folder, {}) == 1000 + 1111


def test_a_folder_is_used_once_somebody_came(tmp_path: Path) -> None:
    """By a socket, or by what it kept."""
    folder = Folder(tmp_path)
    assert not folder.was_used()
    folder.keep("0.1", b"1")
    assert folder.was_used()


def test_who_may_not_look_does_not_take_the_folder_for_empty(path: Path) -> None:
    """A process without a free file descriptor would tell less than before."""

    def step(name: str) -> None:
        if name == "iterdir":
            raise OSError(24, "Too many open files")

    StepPath.step = staticmethod(step)
    with pytest.raises(OSError, match="Too many"):
        Folder(path).counted({}, "1.60")


def test_what_a_killed_worker_was_writing_goes_with_it(path: Path) -> None:
    """Half of it is of no use."""
    (path / "0.50.new").write_bytes(b"1")
    folder = Folder(path)
    folder.forget(0, add)
    assert total(folder, {}) == 1107
    assert not list(path.glob("*.new"))
