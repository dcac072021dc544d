"""What the workers of one api tell, in any order of events: the sum never falls, and nothing is in it twice.

Workers count, tell, end, are killed and forgotten by a parent whose disk may fail, while scrapes that have
heard some of them are still to read the files. Hypothesis looks for the order that loses a count.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tapecast.api.folder import Folder
from tests.api.file_steps import StepPath
from tests.api.test_folder import WRITES, add, failing

NUMBERS: Final = 3
numbers = st.integers(0, NUMBERS - 1)


@dataclass
class Worker:
    """One process, and what it has counted."""

    name: str
    counted: int = 0
    kept: int = 0
    is_alive: bool = True


@dataclass
class Scrape:
    """One that has asked and is still to read."""

    own: str
    least: int
    heard: dict[str, bytes] = field(default_factory=dict)


class Counting(RuleBasedStateMachine):
    """Three workers and their parent."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = TemporaryDirectory()
        self._path = StepPath(self._temporary.name)
        self._folder = Folder(self._path)
        self._pids = 0
        self._ended = 0
        self._highest = 0
        self._scrapes: list[Scrape] = []
        self._workers = [self._started(number) for number in range(NUMBERS)]

    def teardown(self) -> None:
        """Nothing is left."""
        self._temporary.cleanup()

    @rule(number=numbers, by=st.integers(1, 9))
    def count(self, number: int, by: int) -> None:
        worker = self._workers[number]
        worker.counted += by * worker.is_alive

    @rule(number=numbers)
    def tell(self, number: int) -> None:
        """To somebody whose scrape comes to nothing."""
        if self._workers[number].is_alive:
            self._tell(self._workers[number])

    @rule(number=numbers)
    def end(self, number: int) -> None:
        """In order, with its last words."""
        worker = self._workers[number]
        if worker.is_alive:
            self._tell(worker)
            self._folder.socket(worker.name).unlink()
            worker.is_alive = False

    @rule(number=numbers)
    def kill(self, number: int) -> None:
        """Its socket stays."""
        self._workers[number].is_alive = False

    @rule(number=numbers, fails=st.none() | st.integers(1, WRITES))
    def forget(self, number: int, fails: int | None) -> None:
        """By the parent, whose disk may fail; a new one starts in any case."""
        worker = self._workers[number]
        if worker.is_alive:
            return
        StepPath.step = staticmethod(failing(fails or 0, []))
        try:
            self._folder.forget(number, add)
        except OSError:
            assert fails
        finally:
            StepPath.step = staticmethod(lambda _: None)
        self._ended += worker.kept
        self._workers[number] = self._started(number)

    @rule(number=numbers, deaf=st.sets(numbers))
    def ask(self, number: int, deaf: set[int]) -> None:
        """The first half of a scrape. Who is deaf does not answer in time."""
        asker = self._workers[number]
        if not asker.is_alive or len(self._scrapes) > 2:
            return
        scrape = Scrape(asker.name, self._highest)
        for each, worker in enumerate(self._workers):
            if worker.is_alive and (each == number or each not in deaf):
                scrape.heard[worker.name] = self._tell(worker)
        scrape.least = max(scrape.least, self._kept())
        self._scrapes.append(scrape)

    @precondition(lambda self: self._scrapes)
    @rule(which=st.integers(0, 2))
    def read(self, which: int) -> None:
        """The other half: not less than was told before it began, not more than is kept now."""
        scrape = self._scrapes.pop(which % len(self._scrapes))
        if scrape.own not in {worker.name for worker in self._workers if worker.is_alive}:
            # It has gone with its worker.
            return
        present, past = self._folder.counted(scrape.heard, scrape.own)
        total = int(add([*present, *past]))
        assert scrape.least <= total <= self._kept()
        self._highest = max(self._highest, total)

    def _kept(self) -> int:
        return self._ended + sum(worker.kept for worker in self._workers)

    def _tell(self, worker: Worker) -> bytes:
        text = str(worker.counted).encode()
        self._folder.keep(worker.name, text)
        worker.kept = worker.counted
        return text

    def _started(self, number: int) -> Worker:
        self._pids += 1
        worker = Worker(f"{number}.{self._pids}")
        Path(self._folder.socket(worker.name)).touch()
        return worker


def test_no_order_of_events_loses_a_count_or_has_it_twice() -> None:
    """Some thousand steps of it, the same in each run."""
    run_state_machine_as_test(
        Counting,
        settings=settings(max_examples=80, stateful_step_count=40, deadline=None, derandomize=True),
    )
