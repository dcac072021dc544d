"""Every Redis name and every lifetime, with its reason. `redis-cli GET price:AAPL` works.

| key                      | value                            | lifetime          |
| ------------------------ | -------------------------------- | ----------------- |
| `price:<symbol>`         | tick JSON, newest                | PRICE_TTL_S (5 s) |
| `last:<symbol>`          | tick JSON, last known            | LAST_TTL_S        |
| `beat:<market>`          | the owner's pulse                | BEAT_TTL_S        |
| `lease:<market>`         | holder id                        | LEASE_TTL_S       |
| `epoch:<market>`         | highest number given out         | none              |
| `origin:<market>`        | `real` or `simulated`            | as `last:`        |
| `interest`               | sorted set of api replica ids    | none, pruned      |
| `interest:<replica>`     | what one api replica wants       | INTEREST_TTL_S    |
| `status:<role>`          | sorted set of process ids        | none, pruned      |
| `status:<role>:<id>`     | what one process says of itself  | STATUS_TTL_S      |
| `account`                | the account: positions, orders   | ACCOUNT_TTL_S     |
| `account:change`         | the newest change of the account | ACCOUNT_TTL_S     |
| `bars:<length>:<symbol>` | what was told last of its bars   | BARS_TTL_S        |
| … `:index`, … `:<start>` | which buckets there are; a bucket | BARS_TTL_S       |

Each key is also the channel on which its changes are published, with one difference: Redis channels ignore
the database number, so a number other than 0 is written into the channel's name. What is published of the
account is a change, not all of it, and therefore has a key of its own. A symbol whose only trade is
cancelled loses `price:` and `last:`, and what is published is a head without a price (`codec.py`).
"""

from __future__ import annotations

from typing import Final

BEAT_EVERY_S: Final = 1.0
BEAT_TTL_S: Final = 5
REFRESH_EVERY_S: Final = 2.0
"""`price:` is re-written this often on a healthy path, so that a missing key means "not live"."""
LAST_TTL_S: Final = 7 * 24 * 3600
"""Covers the longest closure of the market, so a page opened after it still paints something."""
SIMULATED_LAST_TTL_S: Final = 60
"""Invented prices must not outlive the demo that invented them."""
LAST_EVERY_S: Final = 5.0
"""A second SET for every flush would cost more than half of the flush rate."""
LEASE_TTL_S: Final = 6.0
LEASE_RENEW_S: Final = 2.0
INTEREST_TTL_S: Final = 15
INTEREST_REFRESH_S: Final = 5.0
STATUS_TTL_S: Final = 15
STATUS_REFRESH_S: Final = 2.0
ACCOUNT_TTL_S: Final = 24 * 3600
"""What was known when somebody last looked is shown at once, with its age, while it is read again."""
SIMULATED_ACCOUNT_TTL_S: Final = 60
ACCOUNT_TOUCH_S: Final = 5.0
"""While somebody listens a change is published at least this often, be it an empty one."""
ACCOUNT_SILENT_S: Final = 12.0
"""After so long without one, nobody keeps the account up to date any more."""

BARS_TTL_S: Final = {"1s": 900, "5s": 3600, "1m": 4 * 86_400, "5m": 7 * 86_400, "1h": 30 * 86_400}
"""Since the last write to a bucket. A page opened on a Sunday shows Friday's minutes."""
SIMULATED_BARS_TTL_S: Final = 6 * 3600
"""As long as a demo may be looked at: its history is written once. No other feed goes on from it."""


class Keys:
    """The names, under an optional prefix and for one database number."""

    def __init__(self, prefix: str = "", database: int = 0) -> None:
        self._prefix = prefix
        self._channel_prefix = f"{prefix}db{database}:" if database else prefix

    def price(self, symbol: str) -> str:
        """Newest tick; gone means not live."""
        return f"{self._prefix}price:{symbol}"

    def last(self, symbol: str) -> str:
        """Last known tick, for the first paint when `price:` is gone."""
        return f"{self._prefix}last:{symbol}"

    def beat(self, market: str) -> str:
        """The owner's pulse."""
        return f"{self._prefix}beat:{market}"

    def lease(self, name: str) -> str:
        """Who may hold the venue's one connection; `name` is a market, or `account`."""
        return f"{self._prefix}lease:{name}"

    def epoch(self, name: str) -> str:
        """The highest fence number given out so far; an owner's first is its epoch."""
        return f"{self._prefix}epoch:{name}"

    def origin(self, market: str) -> str:
        """Whether this market's keys came from a real venue or from a simulated one."""
        return f"{self._prefix}origin:{market}"

    def interest_index(self) -> str:
        """The api replicas that want something. Also the channel of nudges."""
        return f"{self._prefix}interest"

    def interest(self, replica: str) -> str:
        """What one api replica wants."""
        return f"{self._prefix}interest:{replica}"

    def status_index(self, role: str) -> str:
        """The processes of one role. Also the channel on which each of them publishes its status."""
        return f"{self._prefix}status:{role}"

    def status(self, role: str, process: str) -> str:
        """What one process says of itself."""
        return f"{self._prefix}status:{role}:{process}"

    def account(self) -> str:
        """All that is known of the account."""
        return f"{self._prefix}account"

    def account_change(self) -> str:
        """The newest change of it; its channel is where all of them are heard."""
        return f"{self._prefix}account:change"

    def bars(self, interval: str, symbol: str, part: str = "") -> str:
        """What was told last of these bars; `part`: `index`, or the start of a bucket in Unix seconds."""
        return f"{self._prefix}bars:{interval}:{symbol}" + (f":{part}" if part else "")

    def channel(self, key: str) -> str:
        """The channel on which changes of `key` are published."""
        return self._channel_prefix + key.removeprefix(self._prefix)
