"""One connection's side of the data stream's protocol: messages in, replies out, no I/O.

    connected -> (auth) -> authenticated -> (subscribe, unsubscribe)* -> closed

| code | when                                             | then the connection                   |
| ---- | ------------------------------------------------ | ------------------------------------- |
| 400  | the message is malformed, or a symbol in it is   | stays, its set unchanged              |
| 401  | subscribe before auth                            | stays                                 |
| 402  | wrong keys                                       | is closed                             |
| 403  | auth again, also after auth by headers           | stays                                 |
| 404  | no authentication in time                        | is closed                             |
| 405  | more symbols than the plan has                   | stays, its set unchanged              |
| 406  | another connection holds the endpoint's slot     | stays a while: auth may be sent again |
| 407  | the client does not read (`outbox.py`)           | is closed                             |
| 410  | a channel that this endpoint does not have       | stays, its set unchanged              |
| 412  | options in JSON                                  | is closed, without a welcome          |
| 413  | `*` in the quotes of options                     | stays, its set unchanged              |

Faults (`faults.py`) leave replies unsaid, refuse what would be right, and mute symbols.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from tapecast.market import Market
from tapecast.simulator import codes
from tapecast.simulator.codec import Encoded
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Faults, Step
from tapecast.simulator.outbox import POLICY_VIOLATION, Outbox
from tapecast.simulator.subscription import Refused, Subscription


class Session:
    """What one client may do, and what it is subscribed to."""

    def __init__(
        self,
        market: Market,
        config: SimulatorConfig,
        outbox: Outbox,
        claim: Callable[[Session], bool],
        faults: Faults,
        listed: frozenset[str] = frozenset(),
    ) -> None:
        self._market = market
        self._config = config
        self._claim = claim
        self._faults = faults
        self.outbox = outbox
        self.authenticated = False
        # Set by the shell when the connection is gone.
        self.ended = asyncio.Event()
        self.subscription = Subscription(market, config.symbol_limit, faults, listed)

    @property
    def trades(self) -> frozenset[str]:
        """The symbols whose trades are sent."""
        return self.subscription.trades

    @property
    def moving(self) -> frozenset[str]:
        """The symbols of which anything is sent."""
        return self.subscription.moving

    @property
    def audible(self) -> frozenset[str]:
        """The symbols whose trades are sent at this moment."""
        return self.subscription.audible

    def welcome(self) -> None:
        """Speak first."""
        if self._market is Market.US_OPTION and not self.outbox.codec.binary:
            self._end(412)
        else:
            self._say(Step.WELCOME, {"T": "success", "msg": "connected"})

    def log_in(self, key: object, secret: object) -> None:
        """Authenticate by the headers of the upgrade."""
        try:
            self._authenticate(key, secret)
        except Refused as refused:
            self._error(refused.code)

    def receive(self, payload: bytes | str) -> None:
        """Take one message of the client and put the reply into the outbox."""
        try:
            self._follow(self.outbox.codec.decode(payload))
        except msgspec.DecodeError:
            self._error(400)
        except Refused as refused:
            self._error(refused.code)

    def deliver(self, encoded: Encoded) -> None:
        """Send one event, if this session is subscribed to it."""
        if self.subscription.wants(encoded.event):
            self.outbox.put(encoded.spelled(self.outbox.codec))

    def expire(self) -> None:
        """No authentication came in time."""
        self._end(404)

    def fail(self, code: int) -> None:
        """Meet an error of the venue's own making."""
        self._error(code)
        if code == codes.SLOW_CLIENT:
            self.outbox.close(POLICY_VIOLATION)

    def _follow(self, message: dict[str, Any]) -> None:
        match message:
            case {"action": "auth"}:
                self._authenticate(message.get("key"), message.get("secret"))
            case {"action": "subscribe" | "unsubscribe" as action, **lists}:
                if not self.authenticated:
                    raise Refused(401)
                self.subscription.change(action, lists)
                self._say(Step.SUBSCRIPTION, self.subscription.message())
                if self._faults.hangs_up:
                    self.outbox.close()
            case _:
                raise Refused(400)

    def _authenticate(self, key: object, secret: object) -> None:
        if self.authenticated:
            raise Refused(403)
        code = self._faults.login or self._objection(key, secret)
        if code in codes.ENDS_LOGIN:
            self._end(code)
        elif code is not None:
            raise Refused(code)
        else:
            self.authenticated = True
            self._say(Step.AUTH, {"T": "success", "msg": "authenticated"})

    def _objection(self, key: object, secret: object) -> int | None:
        if not self._config.accepts(key, secret):
            return 402
        return None if self._claim(self) else 406

    def _say(self, step: Step, reply: dict[str, Any]) -> None:
        if step not in self._faults.silent:
            self.outbox.reply(reply)

    def _error(self, code: int) -> None:
        self.outbox.reply(codes.error(code))

    def _end(self, code: int) -> None:
        self._error(code)
        self.outbox.close()
