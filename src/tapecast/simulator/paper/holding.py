"""One position: how much, what it cost, and how much of it is from before today. No prices of the moment.

Average cost, as the venue counts: adding moves the average entry price, reducing leaves it. A trade through
zero closes the position and opens one on the other side at its price. Today's profit is counted from the last
close for what was held overnight, which is sold first, and from its own price for what was added today.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tapecast.simulator.paper import money
from tapecast.simulator.symbols import Instrument


@dataclass
class Holding:
    """One position. Quantities are negative when short."""

    instrument: Instrument
    quantity: Decimal = Decimal()
    # Average price of all of it.
    entry: Decimal = Decimal()
    # What is left of what was held when the day began.
    overnight: Decimal = Decimal()
    # Average price of the rest.
    today: Decimal = Decimal()
    # The day that `overnight` is of, by its first instant.
    day_ns: int = 0

    def roll(self, day_ns: int) -> None:
        """A day has begun: all of it was held overnight."""
        if day_ns != self.day_ns:
            self.day_ns, self.overnight, self.today = day_ns, self.quantity, Decimal()

    def trade(self, more: Decimal, price: Decimal) -> None:
        """Add to it, take from it, or turn it round."""
        if self.quantity * more >= 0:
            fresh = self.quantity - self.overnight
            self.entry = money.average(self.quantity, self.entry, more, price)
            self.today = money.average(fresh, self.today, more, price)
            self.quantity += more
        elif abs(more) <= abs(self.quantity):
            self.quantity += more
            old = min(abs(more), abs(self.overnight))
            self.overnight -= old.copy_sign(self.overnight)
        else:
            self.quantity += more
            self.entry = self.today = price
            self.overnight = Decimal()

    def day_cost(self, last_day: Decimal) -> Decimal:
        """What today's profit of it is counted from, in shares times price."""
        return self.overnight * last_day + (self.quantity - self.overnight) * self.today
