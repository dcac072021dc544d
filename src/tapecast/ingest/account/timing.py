"""Every wait of the account, in one place with its reason, so that tests can shorten all of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timing:
    """Seconds, unless the name says otherwise."""

    # Two calls each: six a minute of the account's 200; nine while a trailing stop is open, of whose moves no
    # event tells. Between polls the apis re-price by the ticks.
    poll_s: float = 20.0
    # Without order events the poll is all there is.
    poll_lost_s: float = 10.0
    # From an order event that moves a position to the read: the venue's two sides agree a moment later, and
    # events come in groups.
    soon_s: float = 0.1
    # Between two reads while events go on; after `burst` of them no more than one every `sustained_s`: each
    # fill still shows within a second, the answer's time included. That is 150 calls a minute: a quarter is
    # left to the user's own programs, and with the burst we never get to the few that we would leave alone.
    apart_s: float = 0.4
    sustained_s: float = 0.8
    burst: int = 5
    # An order that moves no position yet changes what can be bought and sold.
    later_s: float = 1.0
    later_apart_s: float = 5.0
    # How long REST's list of orders may lack one that an event told of.
    lag_s: float = 5.0
    # While positions do not have the quantities that order events told.
    pauses_s: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6, 3.2)
    # From a fill on, whatever positions say then is the truth: the first poll after it.
    decided_s: float = 20.0
    # How long a list with odd entries, which may be positions, keeps those that it lacks: three polls.
    odd_s: float = 60.0
    # How long the first read waits for the stream: what it reads before that must be read again.
    stream_first_s: float = 1.0
    # After a failed read, growing to the poll's.
    retry_first_s: float = 2.0
    # Keys that were refused may work again, if it was a proxy that refused; each try is one call.
    failed_s: float = 300.0
    # A page that is reloaded must not cost the stream, and with it another read of everything.
    linger_s: float = 30.0
    # Between two ownerships: one that fails at once would else be taken and lost all the time.
    again_s: float = 0.5
    # Between two tries to write to a Redis that does not answer.
    rewrite_s: float = 0.25
