"""One connection's side of the trading stream: messages in, replies and order events out, no I/O.

    connected -> (authenticate) -> authorized -> (listen)* -> closed

The server does not speak first. Each message is one JSON object (msgpack if the upgrade said so), in a binary
frame as the paper host sends it. `listen` replaces the set of streams. What the server cannot take it answers
with an error, and closes. Faults leave replies unsaid, refuse the keys, and mute events.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import msgspec

from tapecast.simulator import codes
from tapecast.simulator.bad import Bad
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Faults, Step
from tapecast.simulator.outbox import LIMIT, POLICY_VIOLATION, Outbox
from tapecast.simulator.paper import bad

TRADE_UPDATES: Final = "trade_updates"
_REFUSED: Final = 402
"""The fault that refuses the keys; other codes are errors that pass."""


class TradingSession:
    """What one client may do, and whether it is told of orders."""

    def __init__(self, config: SimulatorConfig, outbox: Outbox, faults: Faults) -> None:
        self._config = config
        self._faults = faults
        self._text = config.trading_text and not outbox.codec.binary
        self.outbox = outbox
        self.authenticated = False
        self.listens = False
        # Set by the shell when the connection is gone.
        self.ended = asyncio.Event()

    def welcome(self) -> None:
        """Say nothing: the client speaks first."""

    def log_in(self, key: object, secret: object) -> None:
        """Keys in the upgrade's headers mean nothing here."""

    def receive(self, payload: bytes | str) -> None:
        """Take one message of the client and put the reply into the outbox."""
        try:
            message = self.outbox.codec.decode(payload)
        except msgspec.DecodeError:
            self._end("invalid message")
        else:
            self._follow(message)

    def deliver(self, update: dict[str, Any]) -> None:
        """Tell of one order event, if this session listens."""
        if self.listens and not self._faults.mutes(TRADE_UPDATES):
            self._say(TRADE_UPDATES, update)

    def spoil(self, kind: Bad) -> bool:
        """Send a bad frame, if this session listens; whether it does."""
        if self.listens:
            payload, text = bad.frame(kind, self.outbox.codec, text=self._text)
            self.outbox.raw(payload, text=text)
        return self.listens

    def expire(self) -> None:
        """No authentication came in time."""
        self._end("auth timeout")

    def fail(self, code: int) -> None:
        """Meet an error of the venue's own making: the stream has words for them, no codes."""
        self._end(codes.TEXTS.get(code, "internal error"))

    def _follow(self, message: dict[str, Any]) -> None:
        data = message.get("data")
        words: dict[str, Any] = data if isinstance(data, dict) else {}
        match message.get("action"):
            case "authenticate":
                self._authenticate(words.get("key_id"), words.get("secret_key"))
            case "auth":
                self._authenticate(message.get("key"), message.get("secret"))
            case "listen" if not self.authenticated:
                self._say("authorization", {"status": "unauthorized", "action": "listen"})
            case "listen":
                self._listen(words.get("streams"))
            case _:
                self._end("invalid action")

    def _authenticate(self, key: object, secret: object) -> None:
        if self._faults.login not in (None, _REFUSED):
            self.fail(self._faults.login)
            return
        self.authenticated = self._faults.login is None and self._config.accepts(key, secret)
        status = "authorized" if self.authenticated else "unauthorized"
        if Step.AUTH not in self._faults.silent:
            self._say("authorization", {"status": status, "action": "authenticate"})
        if not self.authenticated:
            self.outbox.close()

    def _listen(self, streams: object) -> None:
        wanted = isinstance(streams, list) and TRADE_UPDATES in streams
        self.listens = wanted and TRADE_UPDATES not in self._faults.unconfirmed
        if Step.SUBSCRIPTION not in self._faults.silent:
            self._say("listening", {"streams": [TRADE_UPDATES] if self.listens else []})
        if self._faults.hangs_up:
            self.outbox.close()

    def _say(self, stream: str, data: dict[str, Any]) -> None:
        self._send({"stream": stream, "data": data})

    def _end(self, words: str) -> None:
        self._send({"action": "error", "data": {"error_message": words}})
        self.outbox.close()

    def _send(self, message: dict[str, Any]) -> None:
        if len(self.outbox) >= LIMIT:
            # It does not read.
            self.outbox.close(POLICY_VIOLATION)
            return
        self.outbox.raw(self.outbox.codec.encode(message), text=self._text)
