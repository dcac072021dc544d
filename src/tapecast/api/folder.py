"""The folder in which the workers of one api meet: where each answers, and what each has counted.

    <number>.<pid>.sock   its worker answers here
    <number>.<pid>.prom   what it had counted when it told it last; none but it writes this
    <n>.past              the sum over workers that have ended; none but the parent writes it

Each file is replaced whole. A worker keeps its counts before it tells them, so nobody was ever told more than
is kept. The newest sum names the files that are in it, as they go only after it has come. So whenever a
scrape comes, each worker is in it once: no sum falls, which Prometheus would take for a start at nothing.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOKS: Final = 20
"""A look takes a fraction of a millisecond, a change of the sum some: two in vain are rare."""

Together = Callable[[Sequence[bytes]], bytes]


@dataclass(frozen=True)
class _Past:
    """The sum over ended workers, and whose files may still be there though they are in it."""

    number: int
    names: frozenset[str]
    text: bytes

    @classmethod
    def parse(cls, number: int, written: bytes) -> _Past:
        head, _, text = written.partition(b"\n")
        return cls(number, frozenset(head.decode(errors="replace").split()[2:]), text)

    def written(self) -> bytes:
        # A comment, for whoever reads it as an exposition.
        return " ".join(["# of", *sorted(self.names)]).encode() + b"\n" + self.text


class Folder:
    """The parent makes it and takes it away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def socket(self, name: str) -> Path:
        """Where this worker answers."""
        return self._path / f"{name}.sock"

    def names(self) -> set[str]:
        """Those that answer, or did when they ended. Raises OSError."""
        return set(self._files(".sock"))

    def was_used(self) -> bool:
        """Whether a worker is here, or one ended that is not forgotten. Raises OSError."""
        return any(path.suffix in {".sock", ".prom"} for path in self._path.iterdir())

    def keep(self, name: str, text: bytes) -> None:
        """By this worker alone: what it has counted until now. Raises OSError."""
        _replace(self._kept(name), text)

    def counted(self, heard: Mapping[str, bytes], own: str) -> tuple[list[bytes], list[bytes]]:
        """What the present have just said, and what all others had kept. Raises OSError."""
        past, kept = self._read()
        # After that look: whose socket is there even now was not in the sum that was read. The others that
        # were heard have ended since, and what they kept, which is not less, is in what was read.
        here = self.names() | {own}
        present = {name: text for name, text in heard.items() if name in here}
        rest = [text for name, text in kept.items() if name not in present]
        return list(present.values()), [past.text, *rest]

    def forget(self, number: int, together: Together) -> None:
        """By the parent alone: the worker of this number has ended. What it had counted goes into the sum.

        Raises OSError, after which all is still counted once, and ValueError if a file makes no sense: that
        one is taken away, or every scrape from now on would fail by it.
        """
        # Also what it was about to write when it was killed.
        for path in [*self._files(".sock", number).values(), *self._files(".new", number).values()]:
            path.unlink(missing_ok=True)
        ended = self._files(".prom", number)
        if not ended:
            return
        old = self._past(self._newest())
        fresh = [path for name, path in ended.items() if name not in old.names]
        try:
            text = together([old.text, *(path.read_bytes() for path in fresh)])
        except ValueError:
            _discard([self._sum(old.number), *fresh], together)
            raise
        left = {name for name in old.names if self._kept(name).exists()}
        new = _Past(old.number + 1, frozenset(left | set(ended)), text)
        _replace(self._sum(new.number), new.written())
        for path in ended.values():
            path.unlink()
        for name, path in self._files(".past").items():
            if int(name) < new.number:
                path.unlink()

    def _read(self) -> tuple[_Past, dict[str, bytes]]:
        for _ in range(LOOKS):
            # What goes between two steps of ours is in a newer sum.
            with suppress(FileNotFoundError):
                number = self._newest()
                past = self._past(number)
                files = self._files(".prom")
                kept = {name: files[name].read_bytes() for name in files.keys() - past.names}
                if self._newest() == number:
                    return past, kept
        raise OSError(errno.EBUSY, "the sum over ended workers changes again and again")

    def _newest(self) -> int:
        return max(map(int, self._files(".past")), default=0)

    def _past(self, number: int) -> _Past:
        return _Past.parse(number, self._sum(number).read_bytes()) if number else _Past(0, frozenset(), b"")

    def _files(self, suffix: str, number: int | None = None) -> dict[str, Path]:
        # Not by `glob`: where it may not look, as without a free file descriptor, it finds nothing.
        prefix = "" if number is None else f"{number}."
        paths = [path for path in self._path.iterdir() if path.name.startswith(prefix)]
        return {path.stem: path for path in paths if path.suffix == suffix}

    def _kept(self, name: str) -> Path:
        return self._path / f"{name}.prom"

    def _sum(self, number: int) -> Path:
        return self._path / f"{number}.past"


def _replace(path: Path, text: bytes) -> None:
    # Read by any other at any moment: it is whole, or it is the one before.
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text)
    fresh.replace(path)


def _discard(paths: Iterable[Path], together: Together) -> None:
    for path in paths:
        with suppress(FileNotFoundError):
            try:
                together([path.read_bytes()])
            except ValueError:
                path.unlink()
