"""What the workers of one api tell, in any order of events: the sum never falls, and nothing is in it twice.

Workers count, tell, end, are killed and forgotten by a parent whose disk may fail, while scrapes that have
heard some of them are still to read the files. Hypothesis looks for the order that loses a count.
"""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tapecast.api.folder import Folder
from tests.api.file_steps import StepPath
from tests.api.test_folder import WRITES, add, failing

mortal = st.integers(0, 1)
"""The third lives on, and is the one that Prometheus asks."""
fails = st.none() | st.integers(1, WRITES)


@dataclass
class Worker:
    """One process, and what it has counted."""

    name: str
    counted: int = 1
    kept: int = 0
    is_alive: bool = True


@dataclass
class Scrape:
    """One that has asked and is still to read: what it heard, and what it may not fall below."""

    heard: dict[str, bytes]
    least: int


class Counting(RuleBasedStateMachine):
    """Three workers and their parent."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = TemporaryDirectory()
        self._folder = Folder(StepPath(self._temporary.name))
        self._pids = 0
        self._ended = 0
        self._highest = 0
        self._scrapes: list[Scrape] = []
        self._workers = [self._started(number) for number in range(3)]

    def teardown(self) -> None:
        """Nothing is left."""
        self._temporary.cleanup()

    @rule(number=mortal, counted=st.integers(1, 9))
    def tell(self, number: int, counted: int) -> None:
        """To somebody whose scrape comes to nothing."""
        worker = self._workers[number]
        if worker.is_alive:
            worker.counted += counted
            self._tell(worker)
            # Nobody is told of these yet.
            worker.counted += counted

    @rule(number=mortal, is_killed=st.booleans(), is_forgotten=st.booleans(), fails=fails)
    def end(self, number: int, is_killed: bool, is_forgotten: bool, fails: int | None) -> None:
        """With its last words, or with a socket that stays. The parent knows at once, or later."""
        worker = self._workers[number]
        if worker.is_alive and not is_killed:
            self._tell(worker)
            self._folder.socket(worker.name).unlink()
        worker.is_alive = False
        if is_forgotten:
            self._forget(number, fails)

    @precondition(lambda self: not all(worker.is_alive for worker in self._workers))
    @rule(fails=fails)
    def forget(self, fails: int | None) -> None:
        """Those that have ended."""
        for number, worker in enumerate(self._workers):
            if not worker.is_alive:
                self._forget(number, fails)

    @precondition(lambda self: len(self._scrapes) < 3)
    @rule(deaf=st.sets(mortal))
    def ask(self, deaf: set[int]) -> None:
        """The first half of a scrape. Who is deaf does not answer in time."""
        alive = [
            worker for number, worker in enumerate(self._workers) if number not in deaf and worker.is_alive
        ]
        heard = {worker.name: self._tell(worker) for worker in alive}
        self._scrapes.append(Scrape(heard, max(self._highest, self._kept())))

    @precondition(lambda self: self._scrapes)
    @rule(which=st.integers(0, 2))
    def read(self, which: int) -> None:
        """The other half: not less than was told before it began, not more than is kept now."""
        scrape = self._scrapes.pop(which % len(self._scrapes))
        present, past = self._folder.counted(scrape.heard, self._workers[2].name)
        total = int(add([*present, *past]))
        assert scrape.least <= total <= self._kept()
        self._highest = max(self._highest, total)

    @invariant()
    def scrape(self) -> None:
        """At any moment, by one that hears nobody: all that is kept, each once."""
        _, past = self._folder.counted({}, self._workers[2].name)
        assert int(add(past)) == self._kept()

    def _forget(self, number: int, fails: int | None) -> None:
        # The parent's disk may fail; a new one starts in any case.
        StepPath.step = staticmethod(failing(fails or 0, []))
        try:
            self._folder.forget(number, add)
        except OSError:
            assert fails
        finally:
            StepPath.step = staticmethod(lambda _: None)
        self._ended += self._workers[number].kept
        self._workers[number] = self._started(number)

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
        self._folder.socket(worker.name).touch()
        return worker


def test_no_order_of_events_loses_a_count_or_has_it_twice() -> None:
    """Some thousand steps of it, the same in each run."""
    run_state_machine_as_test(
        Counting,
        settings=settings(max_examples=120, stateful_step_count=30, deadline=None, derandomize=True),
    )
