"""The C tools, compiled when they are older than their sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.config import BUILD
from benchmarks.machine import COMPILERS, found, no_compiler
from benchmarks.processes import Failed

NATIVE = Path(__file__).with_name("native")


def sources(name: str) -> list[Path]:
    """A file of this name, or the files of a folder of this name; headers count too."""
    folder = NATIVE / name
    return sorted(folder.glob("*.[ch]")) if folder.is_dir() else [NATIVE / f"{name}.c"]


def tool(name: str) -> str:
    """The path of `load` or `sender`, made if need be. Raises Failed."""
    program, files = BUILD / name, sources(name)
    newest = max(file.stat().st_mtime for file in files)
    if not program.is_file() or program.stat().st_mtime < newest:
        _compile(program, [file for file in files if file.suffix == ".c"])
    return str(program)


def _compile(program: Path, files: list[Path]) -> None:
    compiler = found(*COMPILERS)
    if compiler is None:
        raise Failed(no_compiler())
    BUILD.mkdir(exist_ok=True)
    # Under another name first: a run that is cut short must not leave half a program.
    draft = program.with_suffix(".draft")
    command = [compiler, "-O2", "-o", str(draft), *map(str, files)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        raise Failed(made.stderr[-600:])
    draft.replace(program)
