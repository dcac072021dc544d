"""Alpaca's market data, through alpaca-py's handshake and inside a loop of our own.

    client.py         the feed: supervise, dial, wait, dial again          (I/O)
      connection.py   one socket: every wait limited, every error typed    (I/O)
      live.py         one session: read, reconcile, ping                   (I/O)
      seeder.py       first values by REST; rest.py, pace.py, hours.py     (I/O)
      comparer.py     symbols that have gone silent, found by REST         (I/O)
    endpoint.py       which socket serves which market
    wire.py, prints.py, conditions.py, snapshots.py, codes.py    pure: what was said
    subscriptions.py, seen.py                                    pure: what to ask next
    path.py, limits.py, together.py                              small parts of the supervisor

and the account, which is another side of the venue:

    account.py        REST and order events as one source
      account_rest.py      positions, figures, orders by REST          (I/O)
      trading.py           the stream of order events: supervise, dial, wait, dial again   (I/O)
        trading_connection.py   one socket of it                       (I/O)
    trading_wire.py, account_pairs.py    pure: what was said, and of which symbol
    rest_client.py, rest_limit.py        both sides' REST: limits, errors, what is left of the budget

Importing this package imports alpaca-py and with it pandas: only ingest does.
"""

from tapecast.feeds.alpaca.account import AlpacaAccount
from tapecast.feeds.alpaca.client import AlpacaFeed
from tapecast.feeds.alpaca.endpoint import endpoints
from tapecast.feeds.alpaca.limits import Limits
from tapecast.feeds.alpaca.rest import AlpacaRest, seed_pace
from tapecast.feeds.alpaca.subscriptions import Subscriptions
from tapecast.settings import Settings

__all__ = ["AlpacaAccount", "AlpacaFeed", "AlpacaRest", "alpaca_feeds"]


def alpaca_feeds(settings: Settings, limits: Limits | None = None) -> list[AlpacaFeed]:
    """One feed for each endpoint, sharing the account's REST budget. Raises SettingsError without keys."""
    pace = seed_pace()
    return [
        AlpacaFeed(
            endpoint,
            Subscriptions(settings.symbol_limit, settings.alpaca_channels),
            lambda: AlpacaRest.from_settings(settings, pace),
            limits or Limits(),
        )
        for endpoint in endpoints(settings)
    ]
