"""Frames of the trading stream as events of ours. Pure: bytes in, fields out, nothing raised.

An event is passed on as the venue sent it: unknown events and fields, missing ones and nulls are the
reader's to judge. The paper host sends its JSON in binary frames, the live host in text.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from tapecast.feeds.alpaca.account_pairs import Fields, Pairs
from tapecast.feeds.alpaca.rest_client import BAD_JSON, decode_exact

UPDATES: Final = "trade_updates"
IDS_KEPT: Final = 2000
"""Of events that were told: more than the venue would repeat after any reconnect."""


def unpack(frame: object) -> list[Fields] | None:
    """The messages of one frame, or None if it is nothing of the kind."""
    if not isinstance(frame, str | bytes):
        return None
    decode: Callable[[Any], Any] = decode_exact
    try:
        messages = decode(frame)
    except BAD_JSON:
        return None
    messages = messages if isinstance(messages, list) else [messages]
    return messages if all(isinstance(message, dict) for message in messages) else None


def is_listening(message: Fields) -> bool:
    """Whether order events come from now on: whatever is not granted is missing from the reply."""
    data = message.get("data")
    streams = data.get("streams") if isinstance(data, dict) else None
    return isinstance(streams, list) and UPDATES in streams


def error_of(message: Fields) -> str | None:
    """What the venue complains of, if it does."""
    if message.get("action") != "error" and message.get("stream") != "error":
        return None
    data = message.get("data")
    text = data.get("error_message") if isinstance(data, dict) else None
    return text[:80] if isinstance(text, str) else "error"


def translate(event: Fields, pairs: Pairs) -> Fields:
    """An event with symbols spelled as on the feed."""
    order = event.get("order")
    if isinstance(order, dict):
        pairs.translate(order)
        quantities = event.get("position_qtys")
        if isinstance(quantities, dict):
            crypto = order.get("asset_class")
            event["position_qtys"] = {pairs.spell(name, crypto): qty for name, qty in quantities.items()}
    return event


class Told:
    """Which events were told already, so that one that is repeated is told once."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[object, str], None] = OrderedDict()

    def is_new(self, event: Fields) -> bool:
        """Whether this one was not here before; one without an id always is new."""
        name = event.get("event_id") or event.get("execution_id")
        if not isinstance(name, str):
            return True
        # A correction may carry the number of the execution that it corrects.
        kind = event.get("event")
        key = (kind if isinstance(kind, str) else "", name)
        if key in self._ids:
            return False
        self._ids[key] = None
        if len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)
        return True
