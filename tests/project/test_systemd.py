"""deploy/systemd: units that systemd itself understands, with time to end, files to open and no rights."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tapecast.launch import OTHER_FILES
from tapecast.settings import Settings
from tests.project.deployment import DEPLOY, END_S, assert_ours, assert_settings

FOLDER = DEPLOY / "systemd"
UNITS = sorted(path.name for path in FOLDER.glob("*.service"))
SET = re.compile(r"^Environment=(\w+)=(.*)$", re.MULTILINE)
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 20
"""Of a hundred, by systemd's own measure; a unit without any of the hardening has 96."""

needs_systemd = pytest.mark.skipif(
    ANALYZE is None, reason="no systemd-analyze here (Debian: apt-get install systemd)"
)


def unit(name: str) -> configparser.SectionProxy:
    """The service section of a unit."""
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(FOLDER / name, encoding="utf-8")
    return parser["Service"]


def test_there_are_both_sides() -> None:
    """The api, one for each port, and ingest."""
    assert UNITS == ["tapecast-api@.service", "tapecast-ingest.service"]


@pytest.mark.parametrize("name", UNITS)
def test_units_run_our_commands(name: str) -> None:
    """The command line is one that we read, and what the unit itself sets is a setting."""
    assert assert_ours(unit(name)["ExecStart"].replace("%i", "8000")) in name
    assert_settings(dict(SET.findall((FOLDER / name).read_text("utf-8"))))


def test_clients_of_an_nginx_on_the_same_host_are_told_apart() -> None:
    """All peers of the api are of this machine: they count for whom a named proxy says they are."""
    name = "tapecast-api@.service"
    environment = dict(SET.findall((FOLDER / name).read_text("utf-8")))
    assert "--host 127.0.0.1 " in unit(name)["ExecStart"]
    assert [str(each) for each in assert_settings(environment).trusted_proxies] == ["127.0.0.1/32"]


@pytest.mark.parametrize("name", UNITS)
def test_units_give_time_to_end(name: str) -> None:
    """SIGTERM, and longer than the end takes; a wrong setting is not tried again and again."""
    service = unit(name)
    assert service["KillSignal"] == "SIGTERM"
    assert int(service["TimeoutStopSec"]) > (2 * END_S if "api" in name else 10)
    assert (service["Restart"], service["RestartPreventExitStatus"]) == ("always", "2")


def test_the_api_may_open_enough_files() -> None:
    """With the defaults the api never says few_open_files."""
    assert int(unit("tapecast-api@.service")["LimitNOFILE"]) > Settings().max_streams + OTHER_FILES


def test_each_side_has_secrets_of_its_own() -> None:
    """The api's file and ingest's are two: only one has the venue's keys."""
    files = [unit(name)["EnvironmentFile"] for name in UNITS]
    assert files == ["/etc/tapecast/api.env", "/etc/tapecast/ingest.env"]
    assert "mode 600" in (FOLDER / UNITS[0]).read_text("utf-8")


@pytest.fixture
def copies(tmp_path: Path) -> list[Path]:
    """The units, with a program that is there."""
    program = tmp_path / "tapecast"
    program.write_text(f"#!{sys.executable}\n", encoding="utf-8")
    program.chmod(0o755)
    for name in UNITS:
        text = (FOLDER / name).read_text("utf-8")
        assert "/opt/tapecast/bin/tapecast " in text
        (tmp_path / name).write_text(text.replace("/opt/tapecast/bin/tapecast", str(program)), "utf-8")
    return [tmp_path / name for name in UNITS]


@needs_systemd
def test_systemd_understands_every_line(copies: list[Path]) -> None:
    """systemd-analyze has nothing to say: it warns of a misspelt line, and goes on without it."""
    assert ANALYZE is not None
    result = subprocess.run(
        [ANALYZE, "verify", "--man=no", *copies], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


@needs_systemd
def test_systemd_finds_little_exposed(copies: list[Path]) -> None:
    """By systemd's own measure of what a service could do to its host."""
    assert ANALYZE is not None
    for copy in copies:
        result = subprocess.run(
            [ANALYZE, "security", "--offline=true", f"--threshold={MOST_EXPOSED}", copy],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stdout.splitlines()[-1:]
