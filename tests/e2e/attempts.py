"""Every attempt that we know of and its answer: for the tests, and for `docs/attempts.md`.

Another one is another row in one of the lists below, or in one of its own. What it is answered is asserted by
`test_attempts.py`; `make attempt-table` then writes the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.e2e.attempts_input import INPUT
from tests.e2e.attempts_limits import FULL, HURRIED, LIMITED, LIMITS
from tests.e2e.attempts_rights import RIGHTS
from tests.e2e.attempts_time import TIME
from tests.e2e.forger import OLDER, TOKEN


@dataclass(frozen=True)
class Server:
    """A process that attempts are made at, all at once: what fills a limit of it needs one of its own."""

    command: str = "api"
    env: Mapping[str, str] = field(default_factory=dict)


SERVERS: Final[Mapping[str, Server]] = {
    "open": Server(),
    "token": Server(env={"API_TOKEN": f"{TOKEN},{OLDER}"}),
    "limited": Server(env=LIMITED),
    "hurried": Server(env=HURRIED),
    "full": Server(env=FULL),
    # On a prefix of its own: simulated prices refuse to start over others.
    "laptop": Server("up", {"FEED": "simulated", "REDIS_PREFIX": "laptop:", "SYMBOLS": "AAPL"}),
}
CASES: Final = [*RIGHTS, *LIMITS, *INPUT, *TIME]
