"""The files that start tapecast elsewhere agree with the settings, with each other, and hold no secret."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices

from tapecast.cli import main
from tapecast.settings import Settings, known_names, load

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BLUEPRINTS = ["render.yaml", "deploy/render-up.yaml"]
COMMANDS = {f"tapecast {name}" for name in main.commands}

# The fields that we use, as https://render.com/docs/blueprint-spec has them; a misspelt one may go unnoticed.
STORE_FIELDS = {"type", "name", "plan", "region", "maxmemoryPolicy", "ipAllowList"}
SERVICE_FIELDS = {
    "type", "name", "runtime", "plan", "region", "dockerCommand", "numInstances", "maxShutdownDelaySeconds",
    "envVars",
}  # fmt: skip
WEB_FIELDS = SERVICE_FIELDS | {"healthCheckPath", "scaling"}
FIELDS = {"keyvalue": STORE_FIELDS, "worker": SERVICE_FIELDS, "web": WEB_FIELDS}


def secret_names() -> set[str]:
    """Every environment name whose value must not be shown."""
    names: set[str] = set()
    for field, info in Settings.model_fields.items():
        if "SecretStr" in repr(info.annotation):
            alias = info.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [field.upper()]
            names.update(map(str, choices))
    return names


def services(blueprint: str) -> list[dict[str, Any]]:
    """The services of a Blueprint."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / blueprint).read_text(encoding="utf-8"))["services"]
    return found


def dockerfile() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", "")
    pairs = (line.split(maxsplit=1) for line in text.splitlines() if line.strip())
    return [(word, rest) for word, rest in pairs]


def of(instruction: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile."""
    return [rest for word, rest in dockerfile() if word == instruction]


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_use_known_fields(blueprint: str) -> None:
    """Each service has the fields of its type, a name of its own, and the region of the others."""
    found = services(blueprint)
    for service in found:
        assert set(service) <= FIELDS[service["type"]]
    assert len({service["name"] for service in found}) == len(found)
    assert len({service["region"] for service in found}) == 1


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_set_known_settings(blueprint: str) -> None:
    """Every variable is a setting, and secrets are generated, wired or asked for, never written down."""
    for service in services(blueprint):
        for variable in service.get("envVars", []):
            assert variable["key"] in known_names()
            if variable["key"] in secret_names():
                assert "value" not in variable
                assert variable.get("sync") is False or variable.keys() & {"generateValue", "fromService"}


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_set_values_that_settings_accept(blueprint: str) -> None:
    """The literal values start the service: no typing error waits for the first deploy."""
    for service in services(blueprint):
        literal = {v["key"]: str(v["value"]) for v in service.get("envVars", []) if "value" in v}
        load(literal)


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_run_our_commands(blueprint: str) -> None:
    """Each process runs one command of ours, has time to end, and a web service a liveness path."""
    for service in services(blueprint):
        if service["type"] == "keyvalue":
            continue
        assert service["runtime"] == "docker"
        assert service["dockerCommand"] in COMMANDS
        assert 1 <= service["maxShutdownDelaySeconds"] <= 300
        # Liveness: a readiness path would keep out a new instance that waits for the old one's connection.
        assert service.get("healthCheckPath") == ("/healthz" if service["type"] == "web" else None)


def test_the_blueprint_wires_both_sides_to_one_store() -> None:
    """The api and ingest share one private store that never evicts, and only ingest holds the keys."""
    store, api, ingest = services("render.yaml")
    assert (store["type"], store["maxmemoryPolicy"], store["ipAllowList"]) == ("keyvalue", "noeviction", [])
    source = {"type": "keyvalue", "name": store["name"], "property": "connectionString"}
    for service in (api, ingest):
        assert {"key": "REDIS_URL", "fromService": source} in service["envVars"]
    assert [service["dockerCommand"] for service in (api, ingest)] == ["tapecast api", "tapecast ingest"]
    assert api["scaling"]["minInstances"] < api["scaling"]["maxInstances"]
    assert {"key": "ALPACA_PAPER_API_KEY", "sync": False} in ingest["envVars"]
    assert not any(variable["key"].startswith("ALPACA") for variable in api["envVars"])


def test_the_small_blueprint_is_one_instance() -> None:
    """Two instances with a store each would open two connections to the venue."""
    (service,) = services("deploy/render-up.yaml")
    assert (service["dockerCommand"], service["numInstances"]) == ("tapecast up", 1)
    assert "scaling" not in service


def test_the_image_is_built_and_run_on_one_pinned_python() -> None:
    """Both stages are the same slim Python, of a minor version that the project supports."""
    (argument,) = of("ARG")
    version = re.fullmatch(r"PYTHON=python:(3\.\d+)-slim-[a-z]+", argument)
    assert version
    assert f"Programming Language :: Python :: {version[1]}" in PROJECT["classifiers"]
    assert [stage.split()[0] for stage in of("FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_the_image_runs_as_a_user_and_ends_on_sigterm() -> None:
    """The process is not root, gets the platform's signal itself, and answers a health check."""
    assert of("USER")[-1] != "root"
    assert of("STOPSIGNAL") == ["SIGTERM"]
    # The exec form: a shell between would be sent the signal, and not pass it on.
    assert " ".join(json.loads(of("CMD")[-1])) in COMMANDS
    assert of("ENTRYPOINT") == []
    health_check = of("HEALTHCHECK")[0].partition("CMD ")[2]
    assert " ".join(json.loads(health_check)) == "tapecast check"
    assert "tapecast check" in COMMANDS
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


def test_ci_runs_the_supported_pythons() -> None:
    """CI's matrix is the list of versions that the project claims, and it runs what people run."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["test"]
    claimed = [c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d", c)]
    assert job["strategy"]["matrix"]["python"] == claimed
    assert any("run" in step and step["run"].split()[0] == ".ci/run" for step in job["steps"])


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
