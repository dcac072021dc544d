"""Where a file of ours starts an api whose prices are open, strangers cannot take the plan's symbols.

A free plan streams 30 stocks to whoever asks first, so each of these files names those that may be asked for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from tapecast.settings import Settings, load
from tapecast.venue import DEMO_SYMBOLS
from tests.project.deployment import DEPLOY, ROOT, documents

NAME = "ALLOWED_SYMBOLS"


def render(path: Path) -> dict[str, str]:
    """What a Blueprint's web service is given literally."""
    (web,) = (service for service in documents(path)[0]["services"] if service["type"] == "web")
    return {each["key"]: str(each["value"]) for each in web["envVars"] if "value" in each}


def compose(path: Path) -> dict[str, str]:
    """What Compose gives the api where there is no `.env`: files in their order, then what stands there."""
    api: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))["services"]["api"]
    found: dict[str, str] = {}
    for each in api["env_file"]:
        # The last is the user's own, and need not be there.
        if each.get("required", True):
            found |= {name: value or "" for name, value in dotenv_values(path.parent / each["path"]).items()}
    assert api["env_file"][-1] == {"path": "../.env", "required": False}
    return found | dict(api["environment"])


def kubernetes(path: Path) -> dict[str, str]:
    """What the api's container is given beside its Secret."""
    (spec,) = (each["spec"] for each in documents(path) if each["kind"] == "Deployment")
    return {each["name"]: each["value"] for each in spec["template"]["spec"]["containers"][0]["env"]}


def systemd(path: Path) -> dict[str, str]:
    """What the unit sets; the file of secrets comes after it, and wins."""
    text = path.read_text("utf-8")
    return dict(re.findall(r"^Environment=(\w+)=(.*)$", text.partition("EnvironmentFile=")[0], re.MULTILINE))


READERS = {
    "render.yaml": render,
    "deploy/render-up.yaml": render,
    "deploy/compose.yaml": compose,
    "deploy/kubernetes/api.yaml": kubernetes,
    "deploy/systemd/tapecast-api@.service": systemd,
}


def opened(name: str) -> Settings:
    """The settings that an api starts with by this file."""
    settings = load(READERS[name](ROOT / name))
    assert not settings.api_token or "prices" in settings.public
    return settings


@pytest.mark.parametrize("name", READERS)
def test_strangers_can_ask_for_a_few_symbols_only(name: str) -> None:
    """Those that the api's own page begins with, and they fit into the smallest plan."""
    settings = opened(name)
    assert settings.allowed_symbols == frozenset(DEMO_SYMBOLS.split(","))
    assert len(settings.allowed_symbols) <= Settings().symbol_limit


@pytest.mark.parametrize("name", READERS)
def test_an_empty_list_allows_any(name: str) -> None:
    """As the comments and the docs say of a file that wins over this one."""
    assert load(READERS[name](ROOT / name) | {NAME: ""}).allowed_symbols == frozenset()


@pytest.mark.parametrize("name", [name.replace("compose.yaml", "defaults.env") for name in READERS])
def test_the_file_says_why_and_how_to_widen_it(name: str) -> None:
    """In the comment above the line."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    (at,) = (number for number, line in enumerate(lines) if NAME in line and "#" not in line)
    words = " ".join(line.strip(" #") for line in lines[max(at - 4, 0) : at])
    assert "strangers" in words
    assert "ame your own" in words


def test_no_other_file_starts_an_api() -> None:
    """A new one has to be read above."""
    files = [ROOT / "render.yaml", *(path for path in DEPLOY.rglob("*") if path.suffix != ".md")]
    starts = re.compile(r"(?:command: |Command: |args: \[|bin/)tapecast,? (?:api|up)\b", re.IGNORECASE)
    found = {
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and starts.search(path.read_text("utf-8"))
    }
    assert found == set(READERS)


def test_the_pages_say_so() -> None:
    """Whoever deploys reads why there are six symbols only, and how to have any."""
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    section = text[text.index("## On the open web") :]
    assert f"Set `{NAME}`" in section
    assert "an empty `ALLOWED_SYMBOLS` allows any" in " ".join(section.split())
