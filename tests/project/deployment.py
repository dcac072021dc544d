"""What the tests of `deploy/` share: which names are settings, which commands are ours, how long we take."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from pydantic import AliasChoices

from tapecast.api.audience import SPREAD_S
from tapecast.api.server import GRACE_S
from tapecast.cli import main
from tapecast.settings import Settings, known_names, load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
END_S = GRACE_S + SPREAD_S + 1
"""What the end of an api takes at the most, by its own deadlines."""


def documents(path: Path) -> list[dict[str, Any]]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text("utf-8")))


def secret_names() -> set[str]:
    """Every environment name whose value must not be shown."""
    names: set[str] = set()
    for field, info in Settings.model_fields.items():
        if "SecretStr" in repr(info.annotation):
            alias = info.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [field.upper()]
            names.update(map(str, choices))
    return names


def assert_ours(command: str | list[str]) -> str:
    """Let our own command line read a command; which of ours it is."""
    program, name, *rest = shlex.split(command) if isinstance(command, str) else command
    assert Path(program).name == "tapecast"
    found = main.commands[name]
    found.make_context(name, rest)
    return name


def assert_settings(environment: dict[str, str]) -> Settings:
    """Every name is a setting, every value is taken."""
    assert set(environment) <= known_names()
    return load(environment)


def assert_pinned(image: str) -> None:
    """An image that is tomorrow what it is today, up to patches."""
    assert re.search(r":v?\d+\.\d+[\w.-]*$", image), image
