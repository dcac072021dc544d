"""scripts/build_dashboard.py: when there is something to do, with which npm, and what is left if it fails."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def script() -> ModuleType:
    """The script, loaded afresh."""
    spec = importlib.util.spec_from_file_location("build_dashboard", ROOT / "scripts" / "build_dashboard.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def dashboard(script: ModuleType, tmp_path: Path) -> Any:
    """A project with the sources of a dashboard, an hour old."""
    for name in ("dashboard/src/main.tsx", "dashboard/package.json", "clients/js/src/index.ts"):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
        os.utime(path, (1_000_000, 1_000_000))
    (tmp_path / "project" / "src" / "tapecast" / "api").mkdir(parents=True)
    return script.Dashboard(tmp_path / "project")


def commands(folder: Path, version: str, npm: str = "exit 0") -> str:
    """A folder with a Node of that version and an npm that does that, as a PATH."""
    folder.mkdir(parents=True)
    for name, body in {"node": f"echo v{version}", "npm": npm}.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n", "utf-8")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def built(dashboard: Any, time: float) -> Path:
    """A page that was built then."""
    index: Path = dashboard.output / "index.html"
    index.parent.mkdir(exist_ok=True)
    index.write_text("before", "utf-8")
    os.utime(index, (time, time))
    return index


def test_a_build_is_fresh_until_a_source_is_newer(dashboard: Any) -> None:
    """The client's sources count as well."""
    assert not dashboard.is_fresh
    built(dashboard, 2_000_000)
    assert dashboard.is_fresh
    os.utime(dashboard.client / "src" / "index.ts", (3_000_000, 3_000_000))
    assert not dashboard.is_fresh


def test_the_sum_is_of_the_content(dashboard: Any) -> None:
    """A date is none."""
    before = dashboard.sum
    os.utime(dashboard.folder / "package.json", (5, 5))
    assert dashboard.sum == before
    (dashboard.folder / "src" / "main.tsx").write_text("{ }", "utf-8")
    assert dashboard.sum != before


def test_an_old_node_is_none(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Debian's is too old for Vite; one further down the PATH may do."""
    monkeypatch.setattr(script.sys, "executable", str(tmp_path / "none" / "python"))
    old = commands(tmp_path / "old", "18.19.0").partition(":")[0]
    monkeypatch.setenv("PATH", old)
    assert script.find_npm() is None
    new = commands(tmp_path / "new", "20.19.1").partition(":")[0]
    monkeypatch.setenv("PATH", f"{old}:{new}")
    assert script.find_npm() == f"{new}/npm"


MAKES = """
case "$1" in
ci) exit 0 ;;
run) mkdir -p "$5" && echo after >"$5/index.html" ;;
esac"""


def test_the_new_page_replaces_the_old_one(
    dashboard: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole, with nothing of the old one left."""
    monkeypatch.setenv("PATH", commands(tmp_path / "bin", "22.0.0", MAKES))
    index = built(dashboard, 1)
    (index.parent / "old.js").touch()
    dashboard.build()
    assert index.read_text("utf-8") == "after\n"
    assert [path.name for path in dashboard.output.iterdir()] == ["index.html"]
    assert [path.name for path in dashboard.output.parent.iterdir()] == ["static"]


@pytest.mark.parametrize("npm", ["exit 1", 'test "$1" = ci', 'test "$1" = ci || { mkdir -p "$5"; false; }'])
def test_a_build_that_fails_leaves_what_there_was(
    dashboard: Any, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, npm: str
) -> None:
    """No registry, an error in the sources, a disk that is full."""
    monkeypatch.setenv("PATH", commands(tmp_path / "bin", "22.0.0", npm))
    index = built(dashboard, 1)
    with pytest.raises(script.NotBuiltError, match="did not succeed"):
        dashboard.build()
    assert index.read_text("utf-8") == "before"
    assert [path.name for path in dashboard.output.parent.iterdir()] == ["static"]


def test_an_npm_that_hangs_is_ended(
    dashboard: Any, script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With all that it started: a network that swallows everything must not hold an installation."""
    monkeypatch.setenv("PATH", commands(tmp_path / "bin", "22.0.0", "sleep 77 & sleep 77"))
    monkeypatch.setattr(script, "PATIENCE_S", 0.3)
    with pytest.raises(script.NotBuiltError, match="more than"):
        dashboard.build()


def test_what_is_installed_is_compared_with_the_lock(dashboard: Any) -> None:
    """A developer's node_modules has more in it, and is left alone."""
    lock = {
        "packages": {
            "": {"dependencies": {"vite": "~8"}},
            "node_modules/vite": {"version": "8.1.0"},
            "../clients/js": {"version": "0.1.0"},
        }
    }
    (dashboard.folder / "package-lock.json").write_text(json.dumps(lock), "utf-8")
    assert not dashboard.is_installed
    package = dashboard.folder / "node_modules" / "vite" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text('{"version": "8.1.0"}', "utf-8")
    assert dashboard.is_installed
    package.write_text('{"version": "8.0.0"}', "utf-8")
    assert not dashboard.is_installed


def test_the_lock_names_no_host() -> None:
    """Whoever has a registry of their own uses that one."""
    text = (ROOT / "dashboard" / "package-lock.json").read_text("utf-8")
    assert re.findall(r'"resolved": "(.*)"', text) == ["../clients/js"]
