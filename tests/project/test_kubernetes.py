"""deploy/kubernetes: what is applied there agrees with our commands, settings, ports and deadlines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tapecast.settings import Settings, known_names
from tests.project.deployment import (
    DEPLOY,
    END_S,
    assert_ours,
    assert_pinned,
    assert_settings,
    documents,
    secret_names,
)

FOLDER = DEPLOY / "kubernetes"
MANIFESTS = [each for path in sorted(FOLDER.glob("*.yaml*")) for each in documents(path)]
DEPLOYMENTS = {m["metadata"]["name"]: m["spec"] for m in MANIFESTS if m["kind"] == "Deployment"}
SECRETS = {m["metadata"]["name"]: m["stringData"] for m in MANIFESTS if m["kind"] == "Secret"}
OURS = ["tapecast-api", "tapecast-ingest"]
KUBECTL = shutil.which("kubectl")
VERSIONS = {
    "Deployment": "apps/v1", "Service": "v1", "Secret": "v1", "PodDisruptionBudget": "policy/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}  # fmt: skip


def pod(name: str) -> dict[str, Any]:
    """The pod of a deployment."""
    found: dict[str, Any] = DEPLOYMENTS[name]["template"]["spec"]
    return found


def container(name: str) -> dict[str, Any]:
    """Its one container."""
    (found,) = pod(name)["containers"]
    return dict(found)


def test_manifests_are_of_known_kinds() -> None:
    """Kind and version belong together, and no name is given twice within a kind."""
    assert all(VERSIONS[each["kind"]] == each["apiVersion"] for each in MANIFESTS)
    names = [(each["kind"], each["metadata"]["name"]) for each in MANIFESTS]
    assert len(names) == len(set(names))


def test_selectors_find_what_they_are_for() -> None:
    """Each deployment, service and budget selects the pods that are there."""
    labels = [spec["template"]["metadata"]["labels"] for spec in DEPLOYMENTS.values()]
    for each in MANIFESTS:
        selector = each.get("spec", {}).get("selector")
        if selector is not None:
            assert selector.get("matchLabels", selector) in labels, each["metadata"]


@pytest.mark.parametrize("name", OURS)
def test_ours_run_our_commands_with_our_settings(name: str) -> None:
    """The command, each variable and each line of the Secret are ones that we read."""
    ours = container(name)
    assert assert_ours(ours["args"]) == name.removeprefix("tapecast-")
    (source,) = ours["envFrom"]
    secret = SECRETS[source["secretRef"]["name"]]
    plain = {each["name"]: each["value"] for each in ours["env"]}
    assert not set(plain) & secret_names()
    settings = assert_settings(secret | plain)
    assert settings.redis_url is not None
    service = settings.redis_url.get_secret_value().removeprefix("redis://").partition(":")[0]
    assert service in [each["metadata"]["name"] for each in MANIFESTS if each["kind"] == "Service"]


def test_secrets_are_empty_and_apart() -> None:
    """The example holds no secret, and the api is not given the venue's keys."""
    for data in SECRETS.values():
        assert set(data) <= known_names()
        assert not any(value for name, value in data.items() if name != "REDIS_URL")
    assert not [name for name in SECRETS["tapecast-api"] if name.startswith("ALPACA")]


def test_the_api_is_ready_and_alive_by_different_paths() -> None:
    """A lost Redis keeps clients away and restarts nothing."""
    api = container("tapecast-api")
    assert api["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert api["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert [port["containerPort"] for port in api["ports"]] == [Settings().port]
    scraped = DEPLOYMENTS["tapecast-api"]["template"]["metadata"]["annotations"]
    assert scraped["prometheus.io/port"] == str(Settings().port)


def test_ingest_stands_by_and_is_never_restarted_for_redis() -> None:
    """Two workers; the check of ours holds a rollout and ends nobody."""
    assert DEPLOYMENTS["tapecast-ingest"]["replicas"] == 2
    ingest = container("tapecast-ingest")
    assert assert_ours(ingest["readinessProbe"]["exec"]["command"]) == "check"
    assert "livenessProbe" not in ingest


def test_there_is_time_to_end() -> None:
    """The pause before the signal, the farewell and some more fit into the grace."""
    ((program, pause),) = [container("tapecast-api")["lifecycle"]["preStop"]["exec"]["command"]]
    assert program == "sleep"
    assert pod("tapecast-api")["terminationGracePeriodSeconds"] > int(pause) + 2 * END_S
    assert pod("tapecast-ingest")["terminationGracePeriodSeconds"] >= 10


def test_a_rollout_never_takes_a_replica_away_first() -> None:
    """The api keeps all of its replicas; of the store there are never two."""
    strategy = DEPLOYMENTS["tapecast-api"]["strategy"]["rollingUpdate"]
    assert strategy == {"maxUnavailable": 0, "maxSurge": 1}
    assert DEPLOYMENTS["tapecast-cache"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_pods_run_without_rights(name: str) -> None:
    """Not root, no token of the cluster, no variables that Kubernetes makes of services' names."""
    spec, inner = pod(name), container(name)
    assert spec["securityContext"]["runAsNonRoot"]
    assert not spec["automountServiceAccountToken"]
    assert not spec["enableServiceLinks"]
    assert not inner["securityContext"]["allowPrivilegeEscalation"]
    assert inner["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert inner["resources"]["limits"]["memory"]
    assert_pinned(inner["image"])


def test_only_ours_may_reach_the_store() -> None:
    """It has no password."""
    (policy,) = [each["spec"] for each in MANIFESTS if each["kind"] == "NetworkPolicy"]
    labels = {name: spec["template"]["metadata"]["labels"] for name, spec in DEPLOYMENTS.items()}
    assert policy["podSelector"]["matchLabels"] == labels["tapecast-cache"]
    ((rule,),) = [policy["ingress"]]
    ((peers,),) = [rule["from"]]
    (expression,) = peers["podSelector"]["matchExpressions"]
    assert expression == {"key": "app", "operator": "In", "values": [labels[name]["app"] for name in OURS]}
    assert rule["ports"] == [
        {"protocol": "TCP", "port": container("tapecast-cache")["ports"][0]["containerPort"]}
    ]


def test_the_secret_is_not_applied_with_the_folder() -> None:
    """Empty as it is, it would take the place of the real one."""
    assert not [
        each for path in FOLDER.glob("*.yaml") for each in documents(path) if each["kind"] == "Secret"
    ]


def test_the_store_evicts_nothing() -> None:
    """Full, it refuses writes."""
    words = container("tapecast-cache")["args"]
    assert words[words.index("--maxmemory-policy") + 1] == "noeviction"


def lost(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """What is in ours and not in theirs."""
    if isinstance(ours, dict):
        return [
            word
            for key, value in ours.items()
            for word in (lost(value, theirs[key], f"{path}.{key}") if key in theirs else [f"{path}.{key}"])
        ]
    if isinstance(ours, list):
        assert len(theirs) >= len(ours)
        return [word for one, other in zip(ours, theirs, strict=False) for word in lost(one, other, path)]
    return [] if ours == theirs else [f"{path}: {ours!r}, {theirs!r}"]


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl here (Debian: apt-get install kubernetes-client)")
@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_kubernetes_knows_every_field(name: str, tmp_path: Path) -> None:
    """What kubectl reads into its own types and writes again is all there: it drops what it does not know."""
    assert KUBECTL is not None
    (manifest,) = [m for m in MANIFESTS if (m["kind"], m["metadata"]["name"]) == ("Deployment", name)]
    file = tmp_path / "deployment.yaml"
    file.write_text(yaml.safe_dump(manifest), encoding="utf-8")
    result = subprocess.run(
        [KUBECTL, "set", "env", "--local", "-f", file, "SOME=thing", "-o", "yaml"],
        capture_output=True, text=True, timeout=60, check=False, env={"HOME": str(tmp_path)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert lost(manifest, yaml.safe_load(result.stdout)) == []
