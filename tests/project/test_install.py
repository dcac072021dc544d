"""scripts/install.py: when .venv is made, when it is added to, and when it is left alone."""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


class Installer:
    """The script on a project of its own, with venv and pip replaced by a list of what was asked of them."""

    def __init__(self, module: ModuleType, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.module = module
        self.project = project
        self.asked: list[str] = []
        self.pip_answer: int | type[BaseException] = 0
        monkeypatch.setattr(module, "ROOT", project)
        monkeypatch.setattr(module, "VENV", project / ".venv")
        monkeypatch.setattr(module, "INSTALLED", project / ".venv" / "installed.json")
        monkeypatch.setattr(module, "PYPROJECT", project / "pyproject.toml")
        monkeypatch.setattr(module, "TRIED", project / ".venv" / "dashboard")
        monkeypatch.setattr(module, "create", self.create)
        monkeypatch.setattr(module, "run_pip", self.run_pip)
        self.change_pyproject("one")

    def create(self) -> None:
        """In place of venv: a folder with something that can be executed."""
        self.asked.append("venv")
        python = self.project / ".venv" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch(mode=0o755)

    def run_pip(self, extra: str, lock: int) -> int:
        """In place of pip: succeeds, fails or is interrupted, as the test says."""
        self.asked.append(extra)
        if isinstance(self.pip_answer, int):
            return self.pip_answer
        raise self.pip_answer

    def change_pyproject(self, text: str) -> None:
        """Write another pyproject.toml."""
        (self.project / "pyproject.toml").write_text(text, encoding="utf-8")

    def make(self, extra: str) -> list[str]:
        """What one run asked of venv and pip."""
        self.asked.clear()
        self.module.main(extra)
        return list(self.asked)


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """The script, loaded afresh."""
    spec = importlib.util.spec_from_file_location("install", ROOT / "scripts" / "install.py")
    assert spec is not None
    assert spec.loader is not None
    # As when it is run: its own folder comes first.
    monkeypatch.syspath_prepend(ROOT / "scripts")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Installer(module, tmp_path, monkeypatch)


def test_installs_once(installer: Installer) -> None:
    """The second make has nothing to do."""
    assert installer.make("embedded") == ["venv", "embedded"]
    assert installer.make("embedded") == []


def test_the_extras_share_one_venv(installer: Installer) -> None:
    """`make test` adds to what `make up` installed, and `make up` after it adds nothing."""
    installer.make("embedded")
    assert installer.make("test") == ["test"]
    assert installer.make("embedded") == []


def test_follows_pyproject(installer: Installer) -> None:
    """A change of pyproject.toml is installed; a new date on the same text is not."""
    installer.make("test")
    os.utime(installer.project / "pyproject.toml", (0, 0))
    assert installer.make("test") == []
    installer.change_pyproject("two")
    assert installer.make("test") == ["test"]


def test_another_python_gets_a_new_venv(installer: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A venv belongs to the Python that made it."""
    installer.make("test")
    monkeypatch.setattr(sys, "base_prefix", "/another")
    assert installer.make("test") == ["venv", "test"]


def test_a_removed_python_gets_a_new_venv(installer: Installer) -> None:
    """A link into a Python that was since removed is no venv."""
    installer.make("test")
    (installer.project / ".venv" / "bin" / "python").unlink()
    assert installer.make("test") == ["venv", "test"]


def test_repairs_after_an_interruption(installer: Installer) -> None:
    """What was cut off halfway is made again from the start."""
    installer.make("embedded")
    installer.pip_answer = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        installer.make("test")
    installer.pip_answer = 0
    assert installer.make("embedded") == ["venv", "embedded"]


def test_a_failed_first_install_is_not_taken_for_done(installer: Installer) -> None:
    """A failure of pip stops make, and the next make tries again."""
    installer.pip_answer = 1
    with pytest.raises(SystemExit, match="pip did not succeed"):
        installer.make("test")
    installer.pip_answer = 0
    assert installer.make("test") == ["venv", "test"]


def test_without_a_network_what_worked_goes_on_working(installer: Installer) -> None:
    """`make up` still runs after a `make test` that could download nothing."""
    installer.make("embedded")
    installer.pip_answer = 1
    with pytest.raises(SystemExit):
        installer.make("test")
    assert installer.make("embedded") == []


def test_two_makes_take_turns(installer: Installer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second make waits for the first, and then finds its work done."""
    waits = threading.Event()
    monkeypatch.setattr(installer.module, "say", lambda text: waits.set() if "waiting" in text else None)
    with installer.module.one_at_a_time() as lock:
        second = threading.Thread(target=installer.module.main, args=["test"])
        second.start()
        assert waits.wait(60)
        installer.module.install(installer.module.wanted("test"), lock)
    second.join(60)
    assert not second.is_alive()
    assert installer.asked == ["venv", "test"]


class Sources:
    """A dashboard of which nothing is built."""

    def __init__(self, error: Exception | None = None) -> None:
        self.has_sources, self.is_fresh, self.sum = True, False, "one"
        self.builds = 0
        self.error = error

    def build(self) -> None:
        """Count it."""
        self.builds += 1
        if self.error:
            raise self.error


def test_the_dashboard_is_built_once_for_each_change(installer: Installer) -> None:
    """Not at each make, and not by pip again."""
    installer.make("embedded")
    sources = Sources()
    for text in ("one", "one", "two", "two"):
        sources.sum = text
        installer.module.refresh(sources)
    assert sources.builds == 2


def test_without_npm_make_goes_on(installer: Installer, capsys: pytest.CaptureFixture[str]) -> None:
    """It says why, once, and does not try at each make."""
    installer.make("embedded")
    sources = Sources(OSError("no npm"))
    installer.module.refresh(sources)
    installer.module.refresh(sources)
    assert sources.builds == 1
    assert "no npm. `make dashboard` tries again" in capsys.readouterr().err


def test_what_pip_has_built_is_left_alone(installer: Installer) -> None:
    """The build hook runs with every installation."""
    installer.make("embedded")
    sources = Sources()
    sources.is_fresh = True
    installer.module.refresh(sources)
    assert sources.builds == 0
