"""Every fault of the venue and what is promised about it: for the tests, and for `docs/faults.md`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tapecast.feeds.alpaca.limits import Limits
from tapecast.simulator.config import SimulatorConfig
from tapecast.simulator.faults import Cure, Step
from tapecast.simulator.paths import STOCK_PATH
from tapecast.simulator.server import Simulator
from tests.e2e.pipe import BRIEF
from tests.support import eventually

Act = Callable[[Simulator], object]


@dataclass(frozen=True)
class Case:
    """One fault on the stock stream, while a page listens to AAPL, MSFT and BTC/USD."""

    title: str
    strike: Act
    # What the page gets after it: `feed` events of the stock market as "state reason", then those of AAPL.
    feed: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    # What `/stream/status` says meanwhile: the stock feed's state and reason, and other fields.
    status: str = "live"
    fields: dict[str, Any] = field(default_factory=dict)
    # How often the stock stream was dialled in all, when it is over.
    dials: tuple[int, ...] = (1,)
    # The fault is there before the first dial.
    early: bool = False
    # How it ends; None: by itself, or not at all.
    heal: Act | None = None
    ends: str = "live"
    limits: Limits = BRIEF
    config: SimulatorConfig | None = None
    # Whether it comes and goes: a page may see each step once or again and again.
    flaps: bool = False

    @property
    def key(self) -> str:
        """A name for the test."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def faults(**switches: Any) -> Act:
    """Turn switches of the stock stream."""

    def turn(venue: Simulator) -> None:
        for name, value in switches.items():
            setattr(venue.faults[STOCK_PATH], name, value)

    return turn


def clear(venue: Simulator) -> None:
    """All switches off."""
    venue.faults[STOCK_PATH].clear()
    venue.rest_faults.clear()


def rest(status: int | None = None, delay_s: float = 0.0) -> Act:
    """Turn the switches of REST."""

    def turn(venue: Simulator) -> None:
        venue.rest_faults.status, venue.rest_faults.delay_s = status, delay_s

    return turn


def _reconnects(
    reason: str, *, early: bool = False, dials: tuple[int, ...] = (2,), **more: Any
) -> dict[str, Any]:
    lost = f"reconnecting {reason}"
    begun = ("connecting",) if early else ()
    # A short break stales nothing: a price lives for five seconds from the venue's last sign of life.
    shown = ("pending", "live") if early else ()
    return {
        "feed": (*begun, lost, "live"),
        "symbol": shown,
        "status": lost,
        "dials": dials,
        "early": early,
        **more,
    }


def _closes() -> list[Case]:
    def close(code: int) -> Act:
        return lambda venue: venue.close_sessions(code, STOCK_PATH)

    return [
        *(
            Case(f"closes the connection with {code}", close(code), **_reconnects("connection_closed"))
            for code in (1000, 1001, 1008, 1011, 1012)
        ),
        Case(
            "drops the connection without a close frame",
            lambda venue: venue.drop_sessions(STOCK_PATH),
            **_reconnects("connection_closed"),
        ),
        Case(
            "confirms the subscription and hangs up, again and again",
            _hang_up_four_times,
            heal=clear,
            limits=replace(BRIEF, backoff_first_s=1.0, backoff_cap_s=60.0),
            flaps=True,
            # None of these sessions has said anything of a price.
            **_reconnects("connection_closed", dials=(5, 6, 7), symbol=("stale", "live")),
        ),
    ]


async def _hang_up_four_times(venue: Simulator) -> None:
    """Three waits of a second at most, if they did not grow; as they do, they are four seconds at least."""
    venue.faults[STOCK_PATH].hangs_up = True
    venue.drop_sessions(STOCK_PATH)
    await eventually(lambda: venue.dials[STOCK_PATH] == 2, "the first dial after the drop")
    first = time.monotonic()
    await eventually(lambda: venue.dials[STOCK_PATH] == 5, "three more")
    assert time.monotonic() - first > 4.0, "it is hammered"


def _freezes() -> list[Case]:
    return [
        Case(
            "freezes: nothing is read or written, the socket stays open",
            lambda venue: venue.freeze(STOCK_PATH),
            feed=("reconnecting silent", "live"),
            symbol=("stale", "live"),
            status="reconnecting silent",
            dials=(1, 2),
            heal=lambda venue: venue.thaw(STOCK_PATH),
        )
    ]


def _silences() -> list[Case]:
    def keep_silent(step: Step, reason: str) -> Case:
        return Case(
            f"never sends its {step.value}" + (" reply" if step is not Step.WELCOME else ""),
            faults(silent={step}),
            heal=clear,
            **_reconnects(reason, early=True),
        )

    return [
        keep_silent(Step.WELCOME, "connect_timeout"),
        keep_silent(Step.AUTH, "auth_timeout"),
        keep_silent(Step.SUBSCRIPTION, "subscribe_timeout"),
    ]


def _upgrades() -> list[Case]:
    reasons = {429: "too_many_dials"}
    return [
        Case(
            f"refuses the upgrade with HTTP {status}",
            faults(upgrade=status),
            heal=clear,
            **_reconnects(reasons.get(status, f"http_{status}"), early=True),
        )
        for status in (403, 404, 429, 500, 503)
    ]


def _drop_and_linger(venue: Simulator) -> None:
    venue.faults[STOCK_PATH].linger_s = 3.0
    venue.drop_sessions(STOCK_PATH)


def _logins() -> list[Case]:
    fatal = {
        402: "auth_failed",
        408: "feed_not_enabled",
        409: "insufficient_subscription",
        411: "insufficient_scope",
    }
    passing = {404: "auth_timeout", 406: "connection_limit", 412: "venue_error", 500: "venue_error"}
    taken = replace(BRIEF, slow_s=(60.0, 60.0), takeover_s=60.0, takeover_retry_s=1.0)
    return [
        *(
            Case(
                f"answers the log-in with {code}",
                faults(login=code),
                feed=("connecting", f"failed {reason}"),
                symbol=("pending",),
                status=f"failed {reason}",
                early=True,
                ends="failed",
            )
            for code, reason in fatal.items()
        ),
        *(
            Case(
                f"answers the log-in with {code}",
                faults(login=code),
                heal=clear,
                **_reconnects(reason, early=True),
            )
            for code, reason in passing.items()
        ),
        Case(
            "answers with 406 just after a takeover",
            faults(login=406),
            heal=clear,
            limits=taken,
            **_reconnects("connection_limit", early=True),
        ),
        Case(
            "keeps the slot taken for a while after a drop (406)",
            _drop_and_linger,
            feed=("reconnecting connection_closed", "reconnecting connection_limit", "live"),
            status="reconnecting connection_limit",
            dials=(3, 4),
        ),
    ]


def _session_errors() -> list[Case]:
    def say(code: int) -> Act:
        return lambda venue: venue.error(code, STOCK_PATH)

    counted = {"rejected": {"control": 1}}
    return [
        Case("reports 400 out of turn", say(400), fields=counted),
        Case("reports 405 out of turn", say(405), fields=counted),
        Case("reports 403, already authenticated", say(403)),
        Case("reports 406 in the session", say(406), **_reconnects("connection_limit")),
        Case("reports 407, slow client", say(407), **_reconnects("slow_client")),
        Case("reports 500 in the session", say(500), **_reconnects("venue_error")),
        Case(
            "reports 402 in the session",
            say(402),
            feed=("failed auth_failed",),
            symbol=("stale",),
            status="failed auth_failed",
            ends="failed",
        ),
    ]


def _bad_frames() -> list[Case]:
    kinds = {
        "garbage": "frame",
        "truncated": "frame",
        "text": "frame",
        "not_a_list": "frame",
        "not_a_map": "shape",
        "unknown_type": "type",
        "missing_fields": "price",
        "nan": "price",
        "negative": "price",
        "zero": "price",
        "wrong_types": "price",
    }

    def send(kind: str) -> Act:
        return lambda venue: venue.send(kind, STOCK_PATH)

    return [
        *(
            Case(
                f"sends a bad message: {kind.replace('_', ' ')}",
                send(kind),
                fields={"rejected": {counted: 1}},
            )
            for kind, counted in kinds.items()
        ),
        Case("sends a frame of 10 MB", send("huge")),
        Case("sends a burst of 20,000 trades", lambda venue: venue.burst(20_000, STOCK_PATH)),
    ]


def _refusals() -> list[Case]:
    def refused(title: str, strike: Act, reason: str) -> Case:
        return Case(
            title,
            strike,
            feed=("connecting", "live"),
            symbol=("pending", "live"),
            fields={"refused": {"MSFT": reason}},
            early=True,
        )

    return [
        refused("refuses one symbol of a batch with 400", faults(refused={"MSFT": 400}), "symbol_invalid"),
        refused("refuses one symbol of a batch with 405", faults(refused={"MSFT": 405}), "symbol_limit"),
        refused("leaves one symbol out of its confirmation", faults(unconfirmed={"MSFT"}), "not_confirmed"),
        *(
            Case(
                f"answers a subscription with {code}",
                faults(refused={"AAPL": code, "MSFT": code}),
                feed=("connecting", "live"),
                symbol=("pending", "refused"),
                fields={"refused": dict.fromkeys(("AAPL", "MSFT"), "not_supported")},
                early=True,
                ends="refused",
            )
            for code in (410, 412, 413)
        ),
    ]


def holidays_now() -> frozenset[date]:
    """Today, wherever today is: New York may be a day behind."""
    today = datetime.now(UTC).date()
    return frozenset(today + timedelta(days=days) for days in (-1, 0, 1))


def _hours() -> list[Case]:
    closed: dict[str, Any] = {
        "feed": ("connecting", "closed"),
        "symbol": ("pending", "closed"),
        "status": "closed",
        "ends": "closed",
        "early": True,
    }
    return [
        Case("is closed", lambda _: None, config=SimulatorConfig(market_open=False), **closed),
        Case("has a holiday", lambda _: None, config=SimulatorConfig(holidays=holidays_now()), **closed),
    ]


def _rest() -> list[Case]:
    live: dict[str, Any] = {"feed": ("connecting", "live"), "symbol": ("pending", "live"), "early": True}
    return [
        Case("answers REST with 503", rest(503), **live),
        Case("answers REST with 429", rest(429), **live),
        Case("answers REST after a minute", rest(delay_s=60.0), **live),
    ]


def _mutes() -> list[Case]:
    looking = replace(BRIEF, compare_every_s=1.0, compare_quiet_s=0.5, lag_s=1.5, compare_grace_s=0.2)

    def mute(title: str, symbols: set[str], count: int) -> Case:
        return Case(title, faults(muted=symbols), fields={"resubscribed": count}, limits=looking)

    return [
        mute("goes silent for one symbol", {"AAPL"}, 1),
        mute("goes silent for all symbols, and answers pings", {"*"}, 2),
        Case(
            "goes silent for all symbols, and subscribing anew does not help",
            faults(muted={"*"}, cure=Cure.CONNECTION),
            limits=looking,
            **_reconnects("mute"),
        ),
    ]


CASES = [
    *_closes(), *_freezes(), *_silences(), *_upgrades(), *_logins(), *_session_errors(), *_bad_frames(),
    *_refusals(), *_hours(), *_rest(), *_mutes(),
]  # fmt: skip
