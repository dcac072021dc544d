"""render.yaml and deploy/render-up.yaml: no field that Render does not document, and nothing that we lack."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
import yaml

from tapecast.settings import known_names, load
from tests.project.deployment import END_S, ROOT, assert_ours, secret_names

BLUEPRINTS = ["render.yaml", "deploy/render-up.yaml"]

# What https://render.com/docs/blueprint-spec documents (read in November 2026), of the kinds of service that
# we use. A misspelt or misplaced field may go unnoticed there until it is missed.
COMMON = {"type", "name", "plan", "region"}
RUN = COMMON | {
    "runtime", "previews", "preDeployCommand", "repo", "branch", "autoDeployTrigger",
    "maxShutdownDelaySeconds", "dockerCommand", "dockerfilePath", "dockerContext", "registryCredential",
    "numInstances", "scaling", "buildFilter", "rootDir", "disk", "envVars",
}  # fmt: skip
FIELDS = {
    "web": RUN | {"domains", "healthCheckPath"},
    "worker": RUN,
    "keyvalue": COMMON | {"previewPlan", "ipAllowList", "maxmemoryPolicy"},
}
REQUIRED = {
    "web": {"type", "name", "runtime"},
    "worker": {"type", "name", "runtime"},
    "keyvalue": {"type", "name", "ipAllowList"},
}
VALUES: dict[str, set[str]] = {
    "runtime": {"node", "python", "elixir", "go", "ruby", "rust", "docker", "image", "static"},
    "region": {"oregon", "ohio", "virginia", "frankfurt", "singapore"},
    "plan": {"free", "starter", "standard", "pro", "pro plus", "pro max", "pro ultra"},
    "maxmemoryPolicy": {
        "allkeys-lru", "volatile-lru", "allkeys-random", "volatile-random", "volatile-ttl", "noeviction",
    },
}  # fmt: skip
SCALING = {"minInstances", "maxInstances", "targetMemoryPercent", "targetCPUPercent"}
# Each form of a variable, by what it has beside its key.
VARIABLES = [{"value"}, {"generateValue"}, {"sync"}, {"fromService"}, {"fromDatabase"}]
FROM_SERVICE = {"name", "type", "property", "envVarKey"}
PROPERTIES = {
    "web": {"host", "port", "hostport"},
    "worker": set[str](),
    "keyvalue": {"host", "port", "connectionString"},
}


def services(blueprint: str) -> list[dict[str, Any]]:
    """The services of a Blueprint."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / blueprint).read_text(encoding="utf-8"))["services"]
    return found


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_use_documented_fields(blueprint: str) -> None:
    """Each service has fields of its type with values that they may have, and those that it must have."""
    assert set(yaml.safe_load((ROOT / blueprint).read_text("utf-8"))) == {"services"}
    found = services(blueprint)
    for service in found:
        assert REQUIRED[service["type"]] <= set(service) <= FIELDS[service["type"]]
        for field, allowed in VALUES.items():
            assert service.get(field, next(iter(allowed))) in allowed
        assert set(service.get("scaling", {})) <= SCALING
        # Background workers have no free plan.
        assert (service["type"], service["plan"]) != ("worker", "free")
    assert len({service["name"] for service in found}) == len(found)
    # Their private network ends at its region's border.
    assert len({service["region"] for service in found}) == 1


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_blueprints_wire_what_is_there(blueprint: str) -> None:
    """Each variable has a documented form; a reference names a service of this file and its property."""
    types = {service["name"]: service["type"] for service in services(blueprint)}
    for service in services(blueprint):
        for variable in service.get("envVars", []):
            assert set(variable) - {"key"} in VARIABLES
            source = variable.get("fromService")
            if source is not None:
                assert set(source) <= FROM_SERVICE
                assert types[source["name"]] == source["type"]
                assert source["property"] in PROPERTIES[source["type"]]


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
        assert_ours(service["dockerCommand"])
        assert END_S < service["maxShutdownDelaySeconds"] <= 300
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


@pytest.mark.parametrize("blueprint", BLUEPRINTS)
def test_clients_behind_renders_edge_are_told_apart(blueprint: str) -> None:
    """Render's own proxy and Cloudflare in front of it are passed over, a client's address is not."""
    for service in services(blueprint):
        if service["type"] != "web":
            continue
        literal = {v["key"]: str(v["value"]) for v in service["envVars"] if "value" in v}
        trusted = load(literal).trusted_proxies

        def is_trusted(address: str, trusted: Any = trusted) -> bool:
            parsed = ipaddress.ip_address(address)
            return any(parsed in network for network in trusted if network.version == parsed.version)

        assert is_trusted("10.21.157.68")
        assert is_trusted("104.22.17.40")
        assert is_trusted("2606:4700::1")
        assert not is_trusted("203.0.113.7")
        assert not is_trusted("2001:db8::1")
