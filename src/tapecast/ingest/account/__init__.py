"""The account: positions, figures and orders, kept up to date while somebody listens.

One process does it, under a lease of its own: Alpaca allows 200 calls a minute for the whole account, and the
user's own programs need some of them.

    owner.py       hold the lease; run the parts while somebody listens
      reader.py    read by REST: polls, and reads that order events ask for
        schedule.py, expected.py   pure: when to read next, and whether what was read is new enough
        orders.py    pure: when to read the orders, and what the list becomes by events
      journal.py   the image, and the numbered changes that go to Redis
      health.py    pure: two paths to the venue in one state
    source.py      what a venue is to us; timing.py: every wait with its reason
"""

from tapecast.ingest.account.owner import Account
from tapecast.ingest.account.source import AccountSource

__all__ = ["Account", "AccountSource"]
