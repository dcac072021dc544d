"""Connections without a request, in bounded number."""

from __future__ import annotations

from tapecast.api.waiting import Waiting


class Connection:
    """Notes that it was cut off."""

    is_open = True

    def cut_off(self) -> None:
        """Note it."""
        self.is_open = False


def test_the_oldest_makes_room() -> None:
    """Whoever means it has sent a request by then."""
    waiting, connections = Waiting(3), [Connection() for _ in range(5)]
    for connection in connections[:3]:
        waiting.add(connection)
    waiting.discard(connections[0])
    for connection in connections[3:]:
        waiting.add(connection)
    assert [connection.is_open for connection in connections] == [True, False, True, True, True]
    assert (len(waiting), waiting.cut["crowded"]) == (3, 1)


def test_who_is_gone_is_not_kept() -> None:
    """However often it is said."""
    waiting, connection = Waiting(3), Connection()
    waiting.add(connection)
    waiting.add(connection)
    waiting.discard(connection)
    waiting.discard(connection)
    assert len(waiting) == 0
