"""`make up`, `make test` and CI on machines that are not like ours: which Python they take, what they bring.

The machines are folders of fake commands; no test here needs a network or takes root's rights.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIND_PYTHON = ROOT / "scripts" / "find-python"

BROKEN_SHIM = "echo 'pyenv: python3.13: command not found' >&2; exit 127"
REAL = f'exec "{sys.executable}" "$@"'
OLD = "echo 3.9.2 nothing"
TOO_NEW = "echo 3.15.0 nothing"
WITHOUT_SSL = "echo 3.13.1 ssl"

Fake = Callable[[str, str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Puts a command into a folder of its own PATH: `fake("one/python3.13", body)`."""

    def put(name: str, body: str) -> Path:
        path = tmp_path / "a path" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def without_venv(tmp_path: Path) -> str:
    """The body of a Python that is Debian's without python3-venv: ensurepip cannot be imported."""
    folder = tmp_path / "hides"
    folder.mkdir()
    (folder / "ensurepip.py").write_text("raise ImportError", encoding="utf-8")
    return f'PYTHONPATH="{folder}" {REAL}'


def find_python(*folders: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs the script with nothing but `folders` on the PATH."""
    env = {"PATH": ":".join(map(str, folders))} | environ
    return subprocess.run(
        [FIND_PYTHON],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_takes_the_newest(fake: Fake) -> None:
    """Of several that work, the newest is taken and named."""
    older = fake("bin/python3.11", REAL)
    fake("bin/python3", REAL)
    newest = fake("bin/python3.14", "echo 3.14.1 nothing")
    result = find_python(older.parent)
    assert result.stdout.strip() == str(newest)
    assert "3.14.1" in result.stderr
    assert str(newest) in result.stderr


def test_passes_over_a_broken_shim(fake: Fake) -> None:
    """A shim that fails hides neither the same name later on the PATH nor an older Python."""
    shim = fake("shims/python3.13", BROKEN_SHIM)
    working = fake("bin/python3.13", REAL)
    assert find_python(shim.parent, working.parent).stdout.strip() == str(working)
    working.unlink()
    older = fake("bin/python3.12", REAL)
    assert find_python(shim.parent, older.parent).stdout.strip() == str(older)


def test_takes_a_plain_python3(fake: Fake) -> None:
    """A machine may know its Python by the name python3 only."""
    python = fake("bin/python3", REAL)
    assert find_python(python.parent).stdout.strip() == str(python)


@pytest.mark.parametrize(("body", "version"), [(OLD, "3.9.2"), (TOO_NEW, "3.15.0")])
def test_says_which_versions_will_do(fake: Fake, body: str, version: str) -> None:
    """A Python outside of the range is refused by its version, and the range is said."""
    python = fake("bin/python3", body)
    result = find_python(python.parent)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{python} is Python {version}; tapecast needs 3.11 to 3.14" in result.stderr


def test_says_how_to_get_venv(fake: Fake, without_venv: str) -> None:
    """Where only the venv module is missing, the package that brings it is named."""
    python = fake("bin/python3.13", without_venv)
    result = find_python(python.parent)
    assert (result.returncode, result.stdout) == (1, "")
    assert f"{python} (Python " in result.stderr
    assert "apt-get install python3-venv" in result.stderr


def test_prefers_an_older_python_that_has_venv(fake: Fake, without_venv: str) -> None:
    """A newest Python that cannot make a venv does not stop one that can."""
    fake("bin/python3.13", without_venv)
    older = fake("bin/python3.11", REAL)
    assert find_python(older.parent).stdout.strip() == str(older)


def test_names_a_python_without_ssl(fake: Fake) -> None:
    """A Python with which pip could download nothing is refused before pip fails in its own words."""
    python = fake("bin/python3.13", WITHOUT_SSL)
    assert "built without ssl" in find_python(python.parent).stderr


def test_says_that_there_is_no_python(tmp_path: Path) -> None:
    """No Python at all is said, with the packages to install."""
    result = find_python(tmp_path)
    assert result.returncode == 1
    assert "apt-get install python3 python3-venv" in result.stderr


def test_the_override_wins(fake: Fake) -> None:
    """PYTHON= is taken as it is, and is never replaced by another when it will not do."""
    found = fake("bin/python3.14", "echo 3.14.1 nothing")
    named = fake("elsewhere/my-python", REAL)
    assert find_python(found.parent, PYTHON=str(named)).stdout.strip() == str(named)
    named = fake("elsewhere/my-python", OLD)
    result = find_python(found.parent, PYTHON=str(named))
    assert (result.returncode, result.stdout) == (1, "")
    assert f"PYTHON={named} is Python 3.9.2" in result.stderr


def make(*arguments: str) -> str:
    """What make says, without the variables of a make that runs these tests."""
    command = ["make", *arguments]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return result.stdout


def test_make_lists_its_targets() -> None:
    """`make` alone explains itself and starts nothing."""
    assert {"make up", "make test", "make lint", "make types", "make drills"} <= {
        " ".join(line.split()[:2]) for line in make().splitlines()
    }


def test_make_up_passes_its_arguments_on() -> None:
    """`make up` installs what `up` needs and no more, and hands ARGS over."""
    lines = make("-n", "up", "ARGS=--port 9000").splitlines()
    assert lines[0].endswith("scripts/install.py embedded")
    assert lines[-1].split() == [".venv/bin/tapecast", "up", "--port", "9000"]


def test_make_test_checks_everything() -> None:
    """`make test` is every check and every test but the drills."""
    said = make("-n", "test")
    for command in ["ruff check", "ruff format --check", "mypy", "lint-imports", "pytest -m 'not long'"]:
        assert f".venv/bin/{command}" in said
    assert "apt" not in said


def ci_run(tmp_path: Path, fake: Fake, *, user: int) -> tuple[int, list[str]]:
    """Runs .ci/run in a bare Debian of fakes; its exit status, and the commands in order."""
    script = tmp_path / ".ci" / "run"
    script.parent.mkdir()
    script.write_bytes((ROOT / ".ci" / "run").read_bytes())
    log = tmp_path / "log"
    for name in ["apt-get", "make"]:
        fake(f"bin/{name}", f'echo "{name} $*" >> "{log}"; [ {name} = apt-get ] || exit 7')
    fake("bin/id", f"echo {user}")
    path = fake("bin/dirname", 'exec /usr/bin/dirname "$@"').parent
    result = subprocess.run(
        ["/bin/bash", script],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return result.returncode, log.read_text(encoding="utf-8").splitlines()


def test_ci_brings_what_is_missing(tmp_path: Path, fake: Fake) -> None:
    """CI installs the missing system packages from fresh lists, and fails when the tests fail."""
    status, commands = ci_run(tmp_path, fake, user=0)
    assert status == 7
    assert commands[0].split()[-1] == "update"
    brought = {"chromium", "redis-server", "openssl", "prometheus", "systemd", "python3-venv"}
    assert brought <= set(commands[1].split())
    assert commands[2:] == ["make test"]


@pytest.mark.parametrize("is_there", [True, False])
def test_ci_brings_kubectl_where_there_is_one(tmp_path: Path, fake: Fake, is_there: bool) -> None:
    """A release without the package must not keep the others from being installed."""
    fake("bin/apt-cache", f"exit {0 if is_there else 100}")
    _, commands = ci_run(tmp_path, fake, user=0)
    assert ("kubernetes-client" in commands[1].split()) == is_there
    assert "chromium" in commands[1].split()


def test_ci_goes_on_where_it_may_not_install(tmp_path: Path, fake: Fake) -> None:
    """Without root and sudo the tests still run; the browser tests say themselves that they were skipped."""
    assert ci_run(tmp_path, fake, user=1000) == (7, ["make test"])


@pytest.mark.parametrize("script", [".ci/run", "scripts/find-python"])
def test_scripts_can_be_executed(script: str) -> None:
    """A script that lost its mode in a commit would fail on every fresh clone."""
    assert os.access(ROOT / script, os.X_OK)
