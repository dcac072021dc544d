"""Every outage of our parts and what is promised about it: for the tests and `docs/reliability.md`."""

from __future__ import annotations

import asyncio
import signal
from typing import Final

from tests.e2e.crowd import Crowd
from tests.e2e.outage_case import Case, operator, order, plain
from tests.e2e.scene import SYMBOLS, Scene
from tests.support import free_port

HOUR_S: Final = 3600
CUT_EVERY_S: Final = 2.0

# Redis itself.


async def _slow(scene: Scene) -> None:
    scene.ingest_link.latency_s = scene.api_link.latency_s = 0.3


async def _links_heal(scene: Scene) -> None:
    for link in (scene.ingest_link, scene.api_link, scene.venue_link):
        link.heal()


# A new owner, or the old one once more; its last beat may have been believed for a moment before.
_BACK: Final = ("live?", "standby redis_restarted?", "idle?", "connecting?", "live")
_LOST: Final = ("reconnecting ingest_lost", *_BACK)
_UNAVAILABLE: Final = (
    "reconnecting ingest_lost?", "reconnecting cache_unavailable", "reconnecting ingest_lost?", *_BACK,
)  # fmt: skip


def _redis() -> list[Case]:
    def killed(lasts_s: float, *symbol: str) -> Case:
        return Case(
            f"Redis killed, back empty after {lasts_s:g} s",
            lambda scene: scene.redis.kill(),
            lambda scene: scene.redis.start(),
            lasts_s,
            _UNAVAILABLE,
            symbol,
        )

    return [
        killed(0.5),
        killed(8.0, "stale", "live"),
        Case(
            "Redis stands still for 5 s",
            plain(lambda scene: scene.redis.pause()),
            plain(lambda scene: scene.redis.resume()),
            5.0,
            _UNAVAILABLE,
            ("stale?", "live?"),
        ),
        Case(
            "Redis is full for 10 s (`maxmemory`)",
            operator("CONFIG", "SET", "maxmemory", "1"),
            operator("CONFIG", "SET", "maxmemory", "0"),
            10.0,
            ("reconnecting cache_full", "reconnecting ingest_lost?", *_BACK),
            ("stale", "live"),
        ),
        Case(
            "Redis is a replica for 10 s (`READONLY`)",
            lambda scene: scene.redis.ask("REPLICAOF", "127.0.0.1", str(free_port())),
            operator("REPLICAOF", "NO", "ONE"),
            10.0,
            ("reconnecting cache_readonly", "reconnecting ingest_lost?", *_BACK),
            ("stale", "live"),
        ),
        Case("Redis is slow for 6 s: 0.3 s each way", _slow, _links_heal, 6.0),
    ]


# The network.


def _links() -> list[Case]:
    def stalled(who: str, lasts_s: float, *feed: str) -> Case:
        return Case(
            f"the network between {who} and Redis is silent for {lasts_s:g} s",
            plain(lambda scene: getattr(scene, f"{who}_link").stall()),
            _links_heal,
            lasts_s,
            feed,
            ("stale", "live"),
        )

    def isolated(who: str, *feed: str) -> Case:
        return Case(
            f"Redis is out of reach of the {who} for 10 s",
            plain(lambda scene: getattr(scene, f"{who}_link").isolate()),
            _links_heal,
            10.0,
            feed,
            ("stale", "live"),
        )

    def reset(who: str, *feed: str) -> Case:
        return Case(
            f"the connections between {who} and Redis are reset",
            plain(lambda scene: getattr(scene, f"{who}_link").reset()),
            feed=feed,
        )

    return [
        reset("api", "reconnecting cache_unavailable", "live"),
        reset("ingest"),
        stalled("api", 10.0, *_UNAVAILABLE),
        stalled("ingest", 10.0, *_LOST),
        isolated("api", *_UNAVAILABLE),
        isolated("ingest", *_LOST),
    ]


# The venue's side.


def _cut(scene: Scene) -> None:
    scene.venue_link.cut()


async def _cut_the_venue(scene: Scene) -> None:
    for n in range(4):
        await asyncio.sleep(CUT_EVERY_S if n else 0.0)
        _cut(scene)


def _venue() -> list[Case]:
    return [
        Case(
            f"the venue's connections are cut every {CUT_EVERY_S:g} s, five times",
            _cut_the_venue,
            plain(_cut),
            CUT_EVERY_S,
            feed=("reconnecting connection_closed", "live") * 5,
        ),
        Case(
            "the venue's network is silent for 10 s",
            plain(lambda scene: scene.venue_link.stall()),
            _links_heal,
            10.0,
            ("reconnecting silent", "reconnecting connect_timeout?", "live"),
            ("stale", "live"),
        ),
    ]


# Our processes.


async def _kill_owner(scene: Scene) -> None:
    await scene.kill("ingest")
    scene.promote()


async def _stand_by(scene: Scene) -> None:
    await scene.start("standby")
    await scene.children["standby"].said("standby")


async def _wake_owner(scene: Scene) -> None:
    scene.children["ingest"].send(signal.SIGCONT)
    await scene.children["ingest"].said("lease_lost: us_equity")
    await scene.kill("ingest")
    scene.promote()


def _processes() -> list[Case]:
    return [
        Case(
            "the api is killed, and started again after 1 s",
            lambda scene: scene.kill("api"),
            lambda scene: scene.start("api"),
            1.0,
            ("connecting no_ingest?", "reconnecting ingest_lost?", *_BACK),
            ("pending?", "stale?", "live"),
            ends=1,
        ),
        Case(
            "ingest is killed, and started again after 1 s",
            lambda scene: scene.kill("ingest"),
            lambda scene: scene.start("ingest"),
            1.0,
            _LOST,
            # What is left of the lease is four to six seconds, and a price lives for five.
            ("stale?", "live?"),
        ),
        Case(
            "ingest is killed, with a standby beside it",
            _kill_owner,
            feed=_LOST,
            symbol=("stale?", "live?"),
            prepare=_stand_by,
        ),
        Case(
            "ingest stands still for 10 s (SIGSTOP), with a standby beside it",
            plain(lambda scene: scene.children["ingest"].send(signal.SIGSTOP)),
            _wake_owner,
            10.0,
            # The standby has the lease, and the sleeper's socket is still open at the venue.
            ("reconnecting ingest_lost", "idle?", "connecting?", "reconnecting connection_limit", "live"),
            ("stale", "live"),
            fights=True,
            prepare=_stand_by,
        ),
    ]


# The machine.


async def _fill_disk(scene: Scene) -> None:
    for name in ("ingest", "api"):
        scene.order(name, "disk full")
    # Something to be said.
    scene.venue_link.cut()
    scene.api_link.reset()


async def _free_disk(scene: Scene) -> None:
    for name in ("ingest", "api"):
        scene.order(name, "disk free")


def _machine() -> list[Case]:
    def clock(name: str, ahead_s: int) -> Case:
        word = "forward" if ahead_s > 0 else "back"
        return Case(
            f"the wall clock of {name} is set {word} by an hour, and right again after 12 s",
            order(name, f"clock {ahead_s}"),
            order(name, "clock 0"),
            12.0,
        )

    return [
        *(clock(name, ahead_s) for name in ("ingest", "api") for ahead_s in (HOUR_S, -HOUR_S)),
        Case(
            "the disk with the logs is full for 5 s, and connections are cut",
            _fill_disk,
            _free_disk,
            5.0,
            ("reconnecting cache_unavailable", "reconnecting connection_closed?", "live"),
        ),
    ]


# Everybody at once.


async def _gather(scene: Scene) -> None:
    scene.crowd = Crowd(scene.port, SYMBOLS)
    await scene.crowd.come()


async def _come_again(scene: Scene) -> None:
    assert scene.crowd is not None
    scene.crowd.leave()
    await scene.crowd.come()


CROWD = Case("1,000 clients are cut off and come back at once", _come_again, prepare=_gather)
"""In a scene of its own: it needs both of a small machine's cores."""

CASES = [*_redis(), *_links(), *_venue(), *_processes(), *_machine()]
