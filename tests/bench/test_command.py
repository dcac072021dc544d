"""The command asks before it loads another machine, refuses what has no bound, and exits as documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tapecast.bench import command, run
from tapecast.bench.answers import Unreachable
from tapecast.bench.plan import Plan
from tests.bench.support import TICKET, result

HERE = "http://127.0.0.1:8000"
THERE = "http://192.0.2.1:8000"


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What would have been run; nothing is."""
    made: list[Plan] = []

    def bench(plan: Plan, say: Callable[[str], None], *, is_terminal: bool) -> Any:
        made.append(plan)
        say("measuring")
        return result()

    monkeypatch.setattr(run, "bench", bench)
    return made


def invoked(*arguments: str, **options: Any) -> Result:
    """What the command did."""
    return CliRunner().invoke(command.bench, arguments, **options)


def test_options_become_a_plan(plans: list[Plan]) -> None:
    """The report goes to standard output, all else to standard error."""
    options = (
        "--symbols",
        "aapl,BTC/USD",
        "--streams",
        "7",
        "--seconds",
        "2",
        "--interval",
        "250",
        "--ramp",
        "5",
    )
    shown = invoked(HERE, *options)
    assert shown.exit_code == 0
    assert shown.stderr == "measuring\n"
    assert shown.stdout.startswith("\nstreams ")
    [plan] = plans
    assert (plan.symbols, plan.streams, plan.seconds) == (("AAPL", "BTC/USD"), 7, 2.0)
    assert (plan.interval_ms, plan.ramp, plan.ticket) == (250, 5.0, None)


@pytest.mark.parametrize("way", [{"env": {"TAPECAST_TICKET": TICKET}}, {"args": ("--ticket", TICKET)}])
def test_a_ticket_is_taken_and_never_shown(plans: list[Plan], way: dict[str, Any]) -> None:
    """From the environment, where `ps` does not show it, or as an option."""
    shown = invoked(HERE, "--json", *way.pop("args", ()), **way)
    assert plans[0].ticket == TICKET
    assert TICKET not in shown.output
    assert TICKET not in invoked("--help", **way).output


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("localhost:8000",),
        (HERE, "--streams", "2001"),
        (HERE, "--streams", "0"),
        (HERE, "--seconds", "301"),
        (HERE, "--seconds", "nan"),
        (HERE, "--ramp", "1001"),
        (HERE, "--interval", "60001"),
        (HERE, "--symbols", ","),
        (THERE,),
    ],
)
def test_wrong_usage_is_two(plans: list[Plan], arguments: tuple[str, ...]) -> None:
    """Whatever it is, nothing is run."""
    shown = invoked(*arguments)
    assert shown.exit_code == 2
    assert "Traceback" not in shown.output
    assert not plans


def test_another_machine_wants_a_yes(plans: list[Plan], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is going to happen to whom; asked only where somebody can answer."""
    shown = invoked(THERE, "--streams", "7")
    assert shown.stderr == (
        "tapecast: this opens 7 streams of 2 symbols at http://192.0.2.1:8000, 200 a second, and holds them "
        "for 20 s: if that is your own deployment, say so with --yes\n"
    )
    assert invoked(THERE, "--yes").exit_code == 0
    assert len(plans) == 1
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    assert invoked(THERE, input="n\n").exit_code == 2
    assert len(plans) == 1
    assert invoked(THERE, input="y\n").exit_code == 0
    assert len(plans) == 2


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (result(), 0),
        (result(streams={"lost": {"reset": 1}}), 1),
        (None, 130),
        (Unreachable("nothing listens"), 3),
        (Unreachable("nothing listens", 4), 4),
    ],
)
def test_exit_codes_are_as_documented(monkeypatch: pytest.MonkeyPatch, outcome: Any, code: int) -> None:
    """One for each kind of outcome."""

    def bench(plan: Plan, say: Callable[[str], None], *, is_terminal: bool) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(run, "bench", bench)
    shown = invoked(HERE, "--json")
    assert shown.exit_code == code
    assert shown.stdout.startswith("{") is (code in {0, 1})
    assert shown.stderr == ("tapecast: nothing listens\n" if code in {3, 4} else "")
