"""From an event of the wire to one of ours."""

from __future__ import annotations

from typing import Any

import msgspec

from tapecast.client.errors import Malformed
from tapecast.client.events import NAMES, Event
from tapecast.refusals import clean

_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(kind) for name, kind in NAMES.items()
}


def decode(name: str, data: str) -> Event | None:
    """The event; None if it has a name that this client does not know. Raises Malformed.

    To leave an event out that cannot be read would leave what it takes back standing, a live state, say. So
    the stream is given up, and the next one tells everything anew.
    """
    decoder = _DECODERS.get(name)
    if decoder is None:
        return None
    try:
        event: Event = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        why = f"the server's `{name}` event makes no sense here ({clean(str(error))})"
        hint = "is it tapecast? Then update the older of the two"
        raise Malformed("bad_event", f"{why}: {hint}") from None
    return event
