"""What CI runs, and .env.example, agree with the project's versions and settings."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml

from tapecast.api.protocol import KEEP_ALIVE_S
from tapecast.settings import Settings, known_names, load
from tests.project.deployment import ROOT, secret_names

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_ci_runs_the_supported_pythons() -> None:
    """CI's matrix is the list of versions that the project claims, and it runs what people run."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    claimed = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d", c)]
    assert job["strategy"]["matrix"]["python"] == claimed
    assert any("run" in step and step["run"].split()[0] == ".ci/run" for step in job["steps"])


def test_a_filled_in_secret_is_read_by_nobody_else() -> None:
    """What the docs have a person type makes it for its owner alone, and takes it away."""
    text = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    section = text[text.index("## Kubernetes") : text.index("## A host with systemd")]
    made, applied = section.index("umask 077; f=$(mktemp)"), section.index('kubectl apply -f "$f"; rm "$f"')
    assert made < section.index('secret.yaml.example "$f"') < applied


def test_nginx_lets_go_of_a_connection_before_the_api_does() -> None:
    """Else it would send a request on one that is just being closed, and its client would get a 502."""
    conf = (ROOT / "deploy" / "nginx" / "tapecast.conf").read_text(encoding="utf-8")
    (kept_s,) = re.findall(r"^ *keepalive_timeout (\d+)s;", conf, re.MULTILINE)
    assert int(kept_s) < KEEP_ALIVE_S


def env_example() -> tuple[str, dict[str, str]]:
    """The text of .env.example, and its settings as if each had been switched on."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return text, dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", text, flags=re.MULTILINE))


def test_the_example_names_every_setting() -> None:
    """Every name that is read is in .env.example, and no other."""
    text, settings = env_example()
    assert set(settings) <= known_names()
    assert {name for name in known_names() if not re.search(rf"\b{name}\b", text)} == set()


def test_the_example_shows_the_defaults() -> None:
    """With every line of .env.example switched on, nothing changes; and it holds no secret."""
    _, settings = env_example()
    assert load(settings) == Settings()
    assert not [name for name in secret_names() & set(settings) if settings[name]]


def test_the_example_switches_nothing_on() -> None:
    """A copy of .env.example is a valid .env that sets nothing."""
    text, _ = env_example()
    assert not [line for line in text.splitlines() if line and not line.startswith("#")]
