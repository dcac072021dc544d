"""The account as an api knows it, by changes on a real Valkey: none missed, none taken twice."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tapecast.bus import codec
from tapecast.bus.account import after
from tapecast.bus.codec import AccountChange, AccountImage, Fields
from tapecast.bus.connection import Bus, open_bus
from tapecast.bus.follower import WAITING, AccountFollower
from tapecast.bus.keys import ACCOUNT_TTL_S, SIMULATED_ACCOUNT_TTL_S
from tapecast.errors import BusUnavailable

AAPL: Fields = {"symbol": "AAPL", "qty": "1"}
IMAGE = AccountImage(3, 7, simulated=False, account="PA1", positions=[AAPL], as_of="x")


class Api:
    """A follower, and what it said."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.told: list[tuple[AccountImage, AccountChange | None]] = []
        self.age_s = 0.0
        self.asked = 0
        self.follower = AccountFollower(bus, self._on_account, self._on_behind)

    def _on_account(self, image: AccountImage, change: AccountChange | None, age_s: float) -> None:
        self.told.append((image, change))
        self.age_s = age_s

    def _on_behind(self) -> None:
        self.asked += 1

    async def keep(self, image: AccountImage, ttl_s: float = ACCOUNT_TTL_S) -> None:
        """Redis holds this image."""
        await self.bus.redis.set("account", codec.encode(image), px=round(1000 * ttl_s))

    @property
    def seqs(self) -> list[tuple[int, bool]]:
        """What was told: each image's number, and whether it was read as a whole."""
        return [(image.seq, change is None) for image, change in self.told]


@pytest.fixture
def api(bus: Bus) -> Api:
    """One that has heard nothing."""
    return Api(bus)


async def test_the_image_is_read_and_changes_are_applied(api: Api) -> None:
    """Each step is told with the image that it led to."""
    await api.keep(IMAGE)
    await api.follower.read()
    change = AccountChange(3, 8, closed=["AAPL"])
    api.follower.on_change(change)
    assert api.told == [(IMAGE, None), (after(IMAGE, change), change)]
    assert api.told[1][0].positions == []
    assert not api.asked


async def test_a_missing_change_is_noticed(api: Api) -> None:
    """The image that is read then has it; an old change is left out."""
    await api.keep(IMAGE)
    await api.follower.read()
    api.follower.on_change(AccountChange(3, 7))
    assert not api.follower.is_behind
    api.follower.on_change(AccountChange(3, 9))
    assert (api.follower.is_behind, api.asked) == (True, 1)
    await api.keep(msgspec.structs.replace(IMAGE, seq=9))
    await api.follower.read()
    assert not api.follower.is_behind
    assert api.seqs == [(7, True), (9, True)]


@pytest.mark.parametrize("epoch", [2, 4])
async def test_a_new_owner_is_read_as_a_whole(api: Api, epoch: int) -> None:
    """Also one with a lower number, as after a Redis whose clock was ahead."""
    await api.keep(IMAGE)
    await api.follower.read()
    api.follower.on_change(AccountChange(epoch, 1))
    assert api.follower.is_behind
    await api.keep(msgspec.structs.replace(IMAGE, epoch=epoch, seq=1))
    await api.follower.read()
    api.follower.on_change(AccountChange(epoch, 2))
    assert [image.epoch for image, _ in api.told] == [3, epoch, epoch]


async def test_what_comes_while_the_image_is_read_waits_for_it(api: Api) -> None:
    """Some of it is in the image, the rest is applied to it."""
    await api.keep(IMAGE)
    reading = asyncio.create_task(api.follower.read())
    await asyncio.sleep(0)
    for seq in (6, 7, 8, 9):
        api.follower.on_change(AccountChange(3, seq))
    assert not api.told
    await reading
    assert api.seqs == [(7, True), (8, False), (9, False)]
    assert not api.follower.is_behind


async def test_too_many_of_them_make_it_read_again(api: Api) -> None:
    """What waits is bounded; the gap is noticed."""
    await api.keep(IMAGE)
    reading = asyncio.create_task(api.follower.read())
    await asyncio.sleep(0)
    for seq in range(8, 8 + WAITING + 1):
        api.follower.on_change(AccountChange(3, seq))
    await reading
    assert api.seqs == [(7, True)]
    assert api.follower.is_behind


async def test_a_redis_that_is_behind_takes_nothing_back(api: Api) -> None:
    """A replica that has become the primary may lack the last changes; they come again, or the whole."""
    await api.keep(IMAGE)
    await api.follower.read()
    api.follower.on_change(AccountChange(3, 8))
    await api.follower.read()
    api.follower.on_change(AccountChange(3, 9))
    assert api.seqs == [(7, True), (8, False), (8, True), (9, False)]


async def test_an_empty_redis_takes_nothing_back(api: Api) -> None:
    """The last known figures stay, and each change asks once for the image."""
    api.follower.on_change(AccountChange(3, 8))
    await api.follower.read()
    assert (api.told, api.asked, api.follower.is_behind) == ([], 1, False)
    await api.keep(IMAGE)
    await api.follower.read()
    await api.bus.redis.delete("account")
    await api.follower.read()
    assert api.seqs == [(7, True)]


@pytest.mark.parametrize(
    ("simulated", "ttl_s"),
    [(False, ACCOUNT_TTL_S), (True, SIMULATED_ACCOUNT_TTL_S)],
    ids=["real", "simulated"],
)
async def test_the_image_says_how_old_it_is(api: Api, simulated: bool, ttl_s: int) -> None:
    """By how long it still lives: it was written anew with each change."""
    await api.keep(msgspec.structs.replace(IMAGE, simulated=simulated), ttl_s - 30)
    await api.follower.read()
    assert 30 <= api.age_s < 40


async def test_a_value_that_makes_no_sense_ends_nothing(api: Api) -> None:
    """A foreign program writes under our name; the next change asks again."""
    await api.bus.redis.set("account", b"[")
    await api.follower.read()
    assert api.told == []


@pytest.mark.parametrize("what", [{"positions": [{"symbol": []}]}], ids=str)
async def test_a_change_that_makes_no_sense_ends_nothing(api: Api, what: dict[str, list[Fields]]) -> None:
    """It is not applied, and the image is read."""
    await api.keep(IMAGE)
    await api.follower.read()
    api.follower.on_change(AccountChange(3, 8, **what))  # type: ignore[arg-type]
    assert (api.seqs, api.follower.is_behind) == ([(7, True)], True)


async def test_a_read_that_fails_leaves_nothing_waiting() -> None:
    """It is to be read again, and until then changes are looked at one by one."""
    async with open_bus("redis://127.0.0.1:1") as nowhere:
        api = Api(nowhere)
        api.follower.on_change(AccountChange(3, 9))
        with pytest.raises(BusUnavailable):
            await api.follower.read()
        assert api.follower.is_behind
        api.follower.on_change(AccountChange(3, 10))
        assert api.asked == 2
