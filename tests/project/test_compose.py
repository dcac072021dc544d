"""deploy/compose.yaml starts the whole service, with a store that evicts nothing and time to end."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from tapecast.settings import _fields_by_name
from tests.project.deployment import DEPLOY, END_S, assert_ours, assert_pinned, assert_settings

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]


def seconds(text: str) -> float:
    """A duration as Compose writes it."""
    assert text.endswith("s")
    return float(text[:-1])


def test_three_services() -> None:
    """The api, ingest, and the one thing that they share."""
    assert set(SERVICES) == {"cache", "ingest", "api"}
    assert OURS == ["ingest", "api"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_our_commands_with_our_settings(name: str) -> None:
    """The command is one of ours, every variable is a setting, and both meet at the same store."""
    service = SERVICES[name]
    assert assert_ours(service["command"]) == name
    assert_ours(service.get("healthcheck", {"test": ["CMD", "tapecast", "check"]})["test"][1:])
    settings = assert_settings(service["environment"])
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://cache:6379"
    assert (DEPLOY / service["build"] / "Dockerfile").is_file()


def test_the_store_evicts_nothing_and_is_pinned() -> None:
    """Full, it refuses writes; nobody outside of the network reaches it."""
    cache = SERVICES["cache"]
    assert_pinned(cache["image"])
    words = cache["command"].split()
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"
    assert "ports" not in cache
    assert SERVICES["api"]["depends_on"] == {"cache": {"condition": "service_healthy"}}


def test_there_is_time_to_end() -> None:
    """Compose kills nobody who is still saying farewell."""
    assert seconds(SERVICES["api"]["stop_grace_period"]) > 2 * END_S
    assert seconds(SERVICES["ingest"]["stop_grace_period"]) >= 10


def test_the_api_is_not_given_the_venues_keys() -> None:
    """What .env has of them is blanked for it, its port is this host's, and it may open enough files."""
    api = SERVICES["api"]
    settings = assert_settings(api["environment"])
    assert not settings.has_alpaca_keys
    keys = {name for name, field in _fields_by_name().items() if field in {"alpaca_key", "alpaca_secret"}}
    assert keys <= set(api["environment"])
    assert not any(api["environment"][name] for name in keys)
    assert all(port.startswith("127.0.0.1:") for port in api["ports"])
    assert api["ulimits"]["nofile"] > settings.max_streams
    assert settings.trusted_proxies


def test_the_api_listens_where_its_port_and_its_check_look() -> None:
    """Whatever `.env` has for programs on the host itself."""
    api = SERVICES["api"]
    (port,) = api["ports"]
    settings = assert_settings(api["environment"])
    assert ip_address(settings.host or "").is_unspecified
    assert settings.port == int(port.rpartition(":")[2])
    # Not by a default, which `.env` would win over.
    assert {"HOST", "PORT"} <= set(api["environment"])


def test_ingest_is_not_given_the_apis_tokens() -> None:
    """It serves nobody."""
    ingest = SERVICES["ingest"]
    assert ingest["environment"]["API_TOKEN"] == ""
    assert not assert_settings(ingest["environment"]).api_token


@pytest.mark.parametrize("name", OURS)
def test_ours_run_without_rights(name: str) -> None:
    """Nothing of it is written to, and no right can be gained."""
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
