"""The tree is the map: tests mirror the source, imports go one way, and files stay small enough to read."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tapecast"
TESTS = ROOT / "tests"
MODULES = sorted(path.relative_to(SOURCE) for path in SOURCE.rglob("*.py"))
# Tests of several modules at once, and of the project's own files, mirror none; those of the benchmarks only
# what is pure in them.
MIRRORS = sorted(
    path.relative_to(TESTS)
    for path in TESTS.rglob("test_*.py")
    if path.relative_to(TESTS).parts[0] not in {"benchmarks", "e2e", "project"}
)
MAX_FILE_LINES = 250
MAX_BODY_LINES = 60


def bodies(path: Path) -> dict[str, int]:
    """The lines of each function's body, without its docstring."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False) is not None
            body = node.body[1:] if documented else node.body
            found[node.name] = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return found


def test_each_module_has_its_test_module() -> None:
    """A module of the source has its tests at the same place under tests/."""
    tested = [module for module in MODULES if module.name not in {"__init__.py", "__main__.py"}]
    assert not [module for module in tested if not (TESTS / module.parent / f"test_{module.name}").is_file()]


def test_each_test_module_has_its_module() -> None:
    """No test module outlives its module; a long one may be in parts (`test_image_amends.py`)."""
    modules = {mirror: mirror.parent / mirror.stem.removeprefix("test_") for mirror in MIRRORS}
    assert not [
        mirror
        for mirror, module in modules.items()
        if module.with_suffix(".py") not in MODULES
        and module.with_name(f"{module.name.partition('_')[0]}.py") not in MODULES
    ]


def test_modules_say_why_they_are_there() -> None:
    """Each module has a docstring."""
    texts = {module: (SOURCE / module).read_text(encoding="utf-8") for module in MODULES}
    assert not [module for module, text in texts.items() if not ast.get_docstring(ast.parse(text))]


def test_modules_are_small() -> None:
    """No file is too long to read in one sitting, no function to hold in mind."""
    lines = {module: len((SOURCE / module).read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert not {module: count for module, count in lines.items() if count > MAX_FILE_LINES}
    longest = {(module, name): count for module in MODULES for name, count in bodies(SOURCE / module).items()}
    assert not {name: count for name, count in longest.items() if count > MAX_BODY_LINES}


def test_each_package_says_what_it_is() -> None:
    """No folder of the source is a namespace by accident."""
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    assert not [folder for folder in folders if not (folder / "__init__.py").is_file()]


def test_imports_go_one_way() -> None:
    """The import contracts of pyproject.toml hold."""
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
