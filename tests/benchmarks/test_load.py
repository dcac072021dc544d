"""One trial's figures: what counts as held, and whose fault it may have been."""

from __future__ import annotations

import pytest

from benchmarks.load import Result


def result(**changed: float) -> Result:
    """100 clients for 2 s, all of 10 events a second delivered."""
    values: dict[str, float] = {
        "clients": 100, "connected": 100, "refused": 0, "lost": 0, "seconds": 2.0, "events": 2000,
        "bytes": 400_000, "server_cpu_s": 1.0, "load_cpu_s": 0.5, "p99_ms": 20.0,
        "client_mean": 20.0,
    }  # fmt: skip
    return Result(**(values | changed))  # type: ignore[arg-type]


def test_rates_and_costs_are_of_the_window() -> None:
    """Events a second over all clients, and processor time for each."""
    found = result()
    assert (found.rate, found.cpu_us, found.arrived(10)) == (1000, 500, 1)


def test_no_event_has_no_cost() -> None:
    """A server that delivered nothing is not a cheap one."""
    assert result(events=0).cpu_us == float("inf")


@pytest.mark.parametrize(
    ("changed", "held"),
    [
        ({}, True),
        ({"client_mean": 19.8}, True),
        ({"client_mean": 19.7}, False),
        ({"p99_ms": 250.0}, False),
        ({"connected": 99}, False),
    ],
)
def test_a_load_is_held_or_it_is_not(changed: dict[str, float], held: bool) -> None:
    """99 in 100 events, 99 of 100 of them in time, to every client."""
    assert result(**changed).held(10) is held


@pytest.mark.parametrize(("busy", "others"), [(0.5, 0.0), (0.8, 0.3), (0.4, 0.0)])
def test_neighbours_are_what_the_server_did_not_use(busy: float, others: float) -> None:
    """Of the server's own core; clock ticks are coarse, so never below nothing."""
    assert result(server_core=busy).neighbours == pytest.approx(others)
