"""Finding the server that holds our keys. Over real ones: `tests/e2e/test_topologies.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio.connection import Connection
from redis.exceptions import ConnectionError  # noqa: A004 - redis-py's

from tapecast.bus.discovery import KNOWN, Nodes
from tests.support import free_port


def nodes(*seeds: tuple[str, int], slot: int = 100) -> Nodes:
    """A cluster of which so much is known."""
    return Nodes(seeds, slot, Connection, {"protocol": 2})


def slots(*ranges: tuple[int, int, Sequence[tuple[bytes | None, int]]]) -> list[Any]:
    """An answer to CLUSTER SLOTS."""
    return [[first, last, *[[host, port, b"id"] for host, port in there]] for first, last, there in ranges]


def test_the_holder_of_our_slot_is_found() -> None:
    """And not its replica, nor the holder of another."""
    answer = slots((0, 99, [(b"a", 1)]), (100, 200, [(b"b", 2), (b"c", 3)]))
    assert nodes()._learn("seed", 9, answer) == ("b", 2)


@pytest.mark.parametrize("name", [b"", b"?", None])
def test_a_node_without_a_name_is_the_one_that_was_asked(name: bytes | None) -> None:
    """As one tells of itself that was given no address, or no name where names are wanted."""
    assert nodes()._learn("seed", 9, slots((0, 200, [(name, 7)]))) == ("seed", 7)


def test_a_slot_without_a_holder_is_no_answer() -> None:
    """Another node may know more."""
    with pytest.raises(LookupError):
        nodes()._learn("seed", 9, slots((0, 99, [(b"a", 1)])))


def test_so_many_nodes_are_remembered() -> None:
    """The holder first; however large the cluster is."""
    known = nodes()
    known._learn("seed", 9, slots(*((n, n, [(b"node", n)]) for n in range(50, 150))))
    assert known._known[0] == ("node", 100)
    assert len(known._known) == KNOWN


async def test_when_nobody_answers_it_is_an_error_of_the_connection() -> None:
    """Which the bus takes for a Redis that is not there: it tries again."""
    ports = free_port(), free_port()
    with pytest.raises(ConnectionError, match=f"slot 100: 127.0.0.1:{ports[0]}: .*; 127.0.0.1:{ports[1]}: "):
        await nodes(*(("127.0.0.1", port) for port in ports)).primary()
