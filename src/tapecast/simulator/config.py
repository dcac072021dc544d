"""What can be chosen about a simulated Alpaca."""

from __future__ import annotations

from dataclasses import dataclass, field

from tapecast.errors import SettingsError


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

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1000:
            raise SettingsError(f"the simulator's rate must be above 0 and at most 1000, was {self.rate}")
        if self.symbol_limit < 1:
            raise SettingsError(f"the simulator's symbol limit must be at least 1, was {self.symbol_limit}")

    def accepts(self, key: object, secret: object) -> bool:
        """Whether these are the right keys."""
        return (key, secret) == (self.key, self.secret)
