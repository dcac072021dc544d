"""The commands, as far as they go without starting anything. What they start is in `tests/e2e`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from tapecast import __version__, cli, launch
from tapecast.errors import SettingsError, StartError
from tapecast.settings import known_names
from tapecast.simulator.config import SimulatorConfig

COMMANDS = ["up", "ingest", "api", "simulate", "check", "watch", "bench"]


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> CliRunner:
    """Runs commands in an empty folder, without settings of the machine."""
    for name in known_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    return CliRunner()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(runner: CliRunner, command: str) -> None:
    """Examples stand on lines of their own."""
    shown = runner.invoke(cli.main, [command, "--help"])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[lines.index("  Examples:") + 1].startswith("    ")
    assert "\\b" not in shown.output


def test_the_front_page_names_every_command(runner: CliRunner) -> None:
    """And the version is told."""
    shown = runner.invoke(cli.main, ["--help"])
    assert all(command in shown.output for command in COMMANDS)
    assert __version__ in runner.invoke(cli.main, ["--version"]).output


def test_print_env_prints_settings_and_nothing_else(runner: CliRunner) -> None:
    """Each line is a shell-quoted `NAME=value` of a known setting, keys included."""
    shown = runner.invoke(cli.main, ["simulate", "--port", "8199", "--print-env"])
    assert shown.exit_code == 0
    pairs = dict(shlex.split(line)[0].split("=", 1) for line in shown.output.splitlines())
    assert set(pairs) <= known_names()
    assert {"ALPACA_PAPER_API_KEY", "ALPACA_PAPER_SECRET_KEY", "FEED"} <= set(pairs)
    assert pairs["ALPACA_STREAM_URL"] == "ws://127.0.0.1:8199/v2/iex"


def test_simulate_hands_its_options_over(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours, tape and faults, each where it belongs."""
    started: list[SimulatorConfig] = []

    async def start(config: SimulatorConfig, *_: object) -> None:
        started.append(config)

    monkeypatch.setattr(launch, "simulate", start)
    Path("tape.jsonl").write_text("", "utf-8")
    options = ["--closed", "--holiday", "2026-11-26", "--holiday", "2026-12-25", "--speed", "50"]
    faults = ["--fault", "silent=auth", "--fault", "/v2/iex:upgrade=429"]
    shown = runner.invoke(cli.main, ["simulate", "--port", "0", "--tape", "tape.jsonl", *options, *faults])
    assert shown.exit_code == 0, shown.output
    assert started == [
        SimulatorConfig(
            market_open=False,
            holidays=frozenset({date(2026, 11, 26), date(2026, 12, 25)}),
            tape=Path("tape.jsonl"),
            speed=50,
            faults=("silent=auth", "/v2/iex:upgrade=429"),
        )
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--fault", "slient=auth"], "faults are: silent"),
        (["--fault", "/v3:upgrade=429"], "paths are: /v2/iex"),
        (["--fault", "upgrade"], "NAME=VALUE"),
        (["--holiday", "tomorrow"], "tomorrow"),
        (["--tape", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--speed", "0"], "x>0"),
        (["--still", "--tape", "."], "is a directory"),
    ],
)
def test_a_bad_option_of_simulate_is_named(runner: CliRunner, options: list[str], told: str) -> None:
    """Exit code 2, and what it may be."""
    shown = runner.invoke(cli.main, ["simulate", *options])
    assert shown.exit_code == 2
    assert told in shown.output


@pytest.mark.parametrize("command", ["api", "ingest"])
def test_without_a_redis_the_setting_is_named(runner: CliRunner, command: str) -> None:
    """Exit code 2 and one line."""
    shown = runner.invoke(
        cli.main, [command], env={"FEED": "alpaca", "ALPACA_API_KEY": "k", "ALPACA_SECRET_KEY": "s"}
    )
    assert shown.exit_code == 2
    assert shown.output.startswith("tapecast: REDIS_URL is missing")


@pytest.mark.parametrize("env", [{}, {"FEED": "alpaca"}])
def test_ingest_without_keys_names_them(runner: CliRunner, env: dict[str, str]) -> None:
    """No keys, no venue: both names are told."""
    shown = runner.invoke(cli.main, ["ingest"], env=env | {"REDIS_URL": "redis://127.0.0.1:1"})
    assert shown.exit_code == 2
    assert "ALPACA_PAPER_API_KEY" in shown.output


@pytest.mark.parametrize(("error", "code"), [(SettingsError("PORT: bad"), 2), (StartError("no Redis"), 1)])
def test_errors_from_inside_a_task_group_are_told_too(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int
) -> None:
    """A group of errors is no traceback for a person."""

    async def fail(*_: object) -> None:
        raise ExceptionGroup("tasks", [ExceptionGroup("more", [error])])

    monkeypatch.setattr(launch, "api", fail)
    shown = runner.invoke(
        cli.main, ["api", "--port", "0", "--host", "127.0.0.1"], env={"REDIS_URL": "redis://h"}
    )
    assert shown.exit_code == code
    assert shown.output == f"tapecast: {error}\n"


def test_a_dotenv_file_is_read(runner: CliRunner) -> None:
    """Settings of a `.env` in the folder count, and a mistake in one is named."""
    Path(".env").write_text("SYMBOL=AAPL\n", "utf-8")
    shown = runner.invoke(cli.main, ["api"])
    assert shown.exit_code == 2
    assert "did you mean SYMBOLS?" in shown.output


def test_the_api_never_loads_alpaca_or_pandas() -> None:
    """They cost memory and half a second that a replica has no use for."""
    code = "import sys, tapecast.cli, tapecast.api.server; print({'alpaca', 'pandas'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.strip() == "set()"
