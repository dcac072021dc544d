"""The results with machine and date: as JSON, and as docs/performance.md with its picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import machine, table
from benchmarks.processes import ROOT
from benchmarks.progress import say
from benchmarks.row import Row
from benchmarks.scenarios.curves import PREFIX

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.png"
_TEMPLATE = Path(__file__).with_name("performance.md")
_LINK = "![Server CPU per event as clients, list sizes and different lists grow](performance.png)"


@dataclass(frozen=True)
class Facts:
    """Where and when."""

    machine: str
    versions: str
    date: str
    lacks: Sequence[str]
    quick: bool
    only: Sequence[str] = ()

    @classmethod
    def now(cls, *, quick: bool, only: Sequence[str]) -> Facts:
        """Of this run."""
        date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        return cls(machine.description(), machine.versions(), date, machine.missing(), quick, only)

    @property
    def limits(self) -> str:
        """What a reader must not take for a whole run."""
        rough = [" (a quick run: one trial of each, steps of 25 %)"] if self.quick else []
        part = [f" (only {', '.join(self.only)})"] if self.only else []
        return "".join(rough + part)

    def as_dict(self, rows: Sequence[Row]) -> dict[str, object]:
        """As the results file holds it."""
        return {
            "machine": self.machine,
            "versions": self.versions,
            "date": self.date,
            "quick": self.quick,
            "only": list(self.only),
            "missing": list(self.lacks),
            "rows": [row.as_dict() for row in rows],
        }


def page(facts: Facts, rows: Sequence[Row], *, is_drawn: bool) -> str:
    """docs/performance.md. Points of the curves are in the picture only."""
    shown = [row for row in rows if not row.name.startswith(PREFIX)]
    words = {
        "machine": facts.machine,
        "versions": facts.versions,
        "date": facts.date + facts.limits,
        "missing": "".join(f"Missing there: {lack}.\n" for lack in facts.lacks),
        "table": table.markdown(shown),
        "not_reached": not_reached(shown),
        "picture": _LINK
        if is_drawn
        else "Not drawn by this run: that needs matplotlib, and time for `curves`.",
    }
    text = _TEMPLATE.read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def not_reached(rows: Sequence[Row]) -> str:
    """The rows that missed their target, and those that could not be held against one."""
    missed = [
        f"- {row.name}: {row.ratio or table.shown(row)}, target {row.target}."
        for row in rows
        if row.reached is False
    ]
    unsure = [row for row in rows if row.target and row.reached is None]
    open_ = [f"- {row.name}: {_why_open(row)}, target {row.target}." for row in unsure]
    return "\n".join([*missed, *open_]) or "Every target was reached."


def _why_open(row: Row) -> str:
    if row.value is None:
        return f"not measured ({row.note})"
    return f"not judged, since a peer is missing or a search was cut short; {row.ratio or table.shown(row)}"


def write(facts: Facts, rows: Sequence[Row]) -> None:
    """The page, and the picture where matplotlib is there to draw it."""
    PAGE.write_text(page(facts, rows, is_drawn=_draw(facts, rows)), encoding="utf-8")
    say(f"written: {PAGE.relative_to(ROOT)}")


def _draw(facts: Facts, rows: Sequence[Row]) -> bool:
    # A picture of another run would stand beside this one's table.
    PICTURE.unlink(missing_ok=True)
    try:
        from benchmarks.picture import draw  # noqa: PLC0415 - an extra
    except ImportError:
        say(f"{PICTURE.name} is not drawn: matplotlib is not installed (the extra `bench`)")
        return False
    return draw(rows, PICTURE, f"{facts.machine}, {facts.date}")
