"""What is there, before the first stream: nobody should load what is not ready, or not theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tapecast.bench.answers import Unreachable, failure, hopeless, json_of, refusal
from tapecast.bench.plan import Plan
from tapecast.bench.wire import Connection, Dialler, NotHttp, ask
from tapecast.refusals import clean


@dataclass(frozen=True)
class Found:
    """What an api says of itself. Without the right to read its status, next to nothing."""

    version: str = ""
    replicas: int = 0
    # Market and state of each feed.
    feeds: tuple[tuple[str, str], ...] = ()
    simulated: bool = False
    note: str = ""

    def words(self) -> str:
        """In one line."""
        if self.note:
            return f"ready; {self.note}"
        prices = "SIMULATED prices" if self.simulated else "prices not marked as simulated"
        replicas = f"{self.replicas} replica{'' if self.replicas == 1 else 's'}"
        feeds = ", ".join(f"{market} {state}" for market, state in self.feeds) or "no feeds"
        return f"tapecast {self.version}, ready, {replicas}, {prices}; {feeds}"


async def look(dialler: Dialler, plan: Plan) -> Found:
    """Ask `/readyz` and `/stream/status`. Raises Unreachable."""
    ready = await _get(dialler, plan, "/readyz")
    said = json_of(ready)
    match said:
        case {"status": "ready"} if ready.status == 200:
            pass
        case {"status": "unready", "reasons": [*reasons]}:
            why = clean(", ".join(map(str, reasons)), plan.ticket)
            raise Unreachable(f"{plan.target} is not ready ({why}): see docs/runbook.md")
        case _:
            raise hopeless(ready, *refusal(ready, plan))
    status = await _get(dialler, plan, "/stream/status")
    if status.status in {401, 403}:
        return Found(note=f"what runs there is not told: its status needs a right (answered {status.status})")
    if status.status != 200 or "version" not in (told := json_of(status)):
        raise hopeless(status, *refusal(status, plan))
    return _found(told, plan)


async def _get(dialler: Dialler, plan: Plan, path: str) -> Connection:
    try:
        return await ask(dialler, plan, path)
    except (OSError, NotHttp) as error:
        raise Unreachable(failure(error, plan)[1]) from None


def _found(told: dict[str, Any], plan: Plan) -> Found:
    feeds = [feed for feed in told.get("feeds") or [] if isinstance(feed, dict)]
    replicas = told.get("replicas")
    return Found(
        version=clean(str(told["version"]), plan.ticket),
        replicas=replicas if isinstance(replicas, int) else 0,
        feeds=tuple(
            (clean(str(each.get("market")), plan.ticket), clean(str(each.get("state")), plan.ticket))
            for each in feeds
        ),
        simulated=any(each.get("simulated") is True for each in feeds),
    )
