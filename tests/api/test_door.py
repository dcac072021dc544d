"""Who has not come in is counted, by kinds that are there from the start."""

from __future__ import annotations

from tapecast.api.door import KNOWN, Door
from tapecast.api.exposition import Fanout
from tests.api.support import Bench


def test_what_never_happened_is_told_as_none() -> None:
    """Prometheus sees a rise only from a number that was there before."""
    door = Door()
    door.refused["body_invalid"] += 1
    (family,) = [f for f in Fanout(Bench().hub, door).collect() if f.name == "tapecast_requests_refused"]
    told = {sample.labels["code"]: sample.value for sample in family.samples}
    assert told == dict.fromkeys(KNOWN, 0.0) | {"body_invalid": 1.0}
