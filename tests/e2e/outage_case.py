"""What a drill of an outage does to a scene, and what a page must be told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.e2e.scene import Scene

Act = Callable[[Scene], Awaitable[object]]


@dataclass(frozen=True)
class Case:
    """One outage, while a page listens to `SYMBOLS`."""

    title: str
    strike: Act
    # How it ends, after so many seconds; None: at once, by itself.
    heal: Act | None = None
    lasts_s: float = 0.0
    # What the page is told of the stock feed and of its first symbol. A step with "?" may be left out: how
    # far things got when the outage began or ended is not the case's to say.
    feed: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    # How often its stream ended.
    ends: int = 0
    # Whether somebody came to the venue while another's connection was open.
    fights: bool = False
    # How soon all is live again, on a busy machine.
    within_s: float = 20.0
    prepare: Act | None = None

    @property
    def key(self) -> str:
        """A name for the test."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def is_told(seen: list[str], steps: tuple[str, ...]) -> bool:
    """Whether these are the steps, but for those that may be left out."""
    if not steps:
        return not seen
    step, rest = steps[0], steps[1:]
    if seen[:1] == [step.rstrip("?")] and is_told(seen[1:], rest):
        return True
    return step.endswith("?") and is_told(seen, rest)


def plain(act: Callable[[Scene], object]) -> Act:
    """A deed that takes no time."""

    async def done(scene: Scene) -> None:
        act(scene)

    return done


def order(name: str, text: str) -> Act:
    """See `orders.py`."""
    return plain(lambda scene: scene.order(name, text))


def operator(*command: str) -> Act:
    """What somebody did to Redis."""
    return lambda scene: scene.redis.ask(*command)
