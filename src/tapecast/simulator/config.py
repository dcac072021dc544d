"""What can be chosen about a simulated Alpaca."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tapecast.errors import SettingsError
from tapecast.simulator.changes import Flag, parse_flags


@dataclass(frozen=True)
class SimulatorConfig:
    """Same seed, same market. The keys are not secrets: they open nothing but this."""

    seed: int = 1
    # Symbols that one connection may be subscribed to; 30 is Alpaca's free plan.
    symbol_limit: int = 30
    key: str = "simulated"
    secret: str = field(default="simulated", repr=False)
    # Multiplies how often everything prints.
    rate: float = 1.0
    # Whether the stock market is open, at any hour of any day. False: it stands at its last close.
    market_open: bool = True
    # Days without a session, weekends aside.
    holidays: frozenset[date] = frozenset()
    # Nothing prints by itself, only what `Simulator.trade` and `quote` are told to.
    still: bool = False
    # A recorded tape to play instead of the walk, and how many times faster than it was recorded.
    tape: Path | None = None
    speed: float = 1.0
    # Calls a minute that the trading host takes; 200 is Alpaca's limit.
    calls_per_minute: int = 200
    # Whether somebody trades on the paper account by himself, so that a demo lives.
    demo_trader: bool = False
    # Whether the trading stream sends text frames, as the live host does, or binary ones, as the paper host.
    trading_text: bool = False
    # Whether no order event shows the order's legs: each leg is told of by events of its own, `held` first.
    # By the venue's docs legs are shown to who asks for them by REST; what its stream does is not known.
    flat_events: bool = False
    # Faults that are on from the start, as `--fault` spells them (`changes.py`).
    faults: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1000:
            raise SettingsError(f"the simulator's rate must be above 0 and at most 1000, was {self.rate}")
        if self.symbol_limit < 1:
            raise SettingsError(f"the simulator's symbol limit must be at least 1, was {self.symbol_limit}")
        if not 0 < self.speed <= 1_000_000:
            raise SettingsError(f"the tape's speed must be above 0 and at most 1000000, was {self.speed}")
        if self.calls_per_minute < 1:
            raise SettingsError(
                f"the simulator's calls a minute must be at least 1, was {self.calls_per_minute}"
            )
        if self.still and self.tape is not None:
            raise SettingsError("a tape moves: still and tape exclude each other")
        # A mistake is told before anything starts.
        self.flags()

    def flags(self) -> list[Flag]:
        """The faults to begin with. Raises SettingsError."""
        return parse_flags(self.faults)

    def accepts(self, key: object, secret: object) -> bool:
        """Whether these are the right keys."""
        return (key, secret) == (self.key, self.secret)
