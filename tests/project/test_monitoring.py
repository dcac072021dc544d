"""Dashboard, alerts and runbook name nothing that is not there: metrics, log events, reasons, files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tapecast.api.audience import EVICTIONS
from tapecast.api.limits import REASONS
from tapecast.api.siblings import Siblings
from tapecast.api.waiting import CUTS
from tapecast.bus.connection import Bus
from tapecast.settings import known_names
from tests.api.support import beating, joined, publish, replica, stream, tick
from tests.project.deployment import DEPLOY, ROOT, assert_ours
from tests.project.test_alerts import anchor, needs_promtool, promtool
from tests.support import eventually

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana" / "tapecast.json").read_text("utf-8"))
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
ALERTS = (DEPLOY / "prometheus" / "alerts.yaml").read_text("utf-8")
DOCS = ROOT / "docs"
RUNBOOK = (DOCS / "runbook.md").read_text("utf-8")
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "src").rglob("*.py")))


def expressions() -> Iterator[str]:
    """Everything that is asked of Prometheus."""
    for panel in PANELS:
        for target in panel.get("targets", []):
            yield target["expr"]
    for group in yaml.safe_load(ALERTS)["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]


def metrics(text: str) -> set[str]:
    """The metrics that a text names, without what names a part of a histogram."""
    found = re.findall(r"\b(?:tapecast|process)_[a-z_]+[a-z]\b", text)
    return {re.sub(r"_(bucket|count|sum)$", "", name) for name in found}


async def test_each_metric_that_is_asked_for_is_exported(bus: Bus, tmp_path: Path) -> None:
    """To Prometheus a misspelt metric is no error: a panel stays empty, an alert silent."""
    asked = metrics("\n".join(expressions())) | metrics(RUNBOOK)
    assert len(asked) > 20
    async with (
        beating(bus),
        replica(bus) as client,
        stream(client, "/stream/prices?symbols=AAPL") as reader,
    ):
        await joined(bus, "AAPL")
        await publish(bus, "AAPL", tick("AAPL", 1, ts_recv=1))
        await reader.until("message")
        # How long Redis takes is known once something has come back from it.
        await eventually(lambda: _is_exported(client, "tapecast_redis_lag_seconds"), "the lag")
        found = set(re.findall(r"^# TYPE (\S+) ", (await client.get("/metrics")).text, re.MULTILINE))
        # Of one of several workers.
        found |= {
            f"{each.name}_total" if each.type == "counter" else each.name
            for each in Siblings(tmp_path, 0).collect()
        }
        assert asked - found == set()


async def _is_exported(client: httpx.AsyncClient, name: str) -> bool:
    return f"# TYPE {name} " in (await client.get("/metrics")).text


@needs_promtool
def test_prometheus_understands_the_dashboard(tmp_path: Path) -> None:
    """Each expression of a panel, with Grafana's own words filled in."""
    rules = []
    for number, expression in enumerate(expressions()):
        filled = expression.replace("$__rate_interval", "1m").replace("$instance", ".*")
        assert "$" not in filled
        rules.append({"record": f"panel:{number}", "expr": filled})
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    result = promtool("check", "rules", file)
    assert (result.returncode, f"{len(rules)} rules found" in result.stdout) == (0, True), result.stderr


def test_the_dashboard_is_laid_out() -> None:
    """Each panel has a number, a place in the 24 columns that no other takes, and a source."""
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    cells = []
    for panel in PANELS:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        cells.append(
            {(x, y) for x in range(place["x"], place["x"] + place["w"])
             for y in range(place["y"], place["y"] + place["h"])}
        )  # fmt: skip
    assert not any(one & other for one, other in combinations(cells, 2))
    known = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(PANELS)))
    assert used == known
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in PANELS if panel["type"] != "row")


def test_the_runbook_names_events_that_are_logged() -> None:
    """What it says to look for in the log is what the code writes there."""
    events = set(re.findall(r"[Ll]ogs? `([a-z_]+)`", RUNBOOK))
    assert len(events) > 8
    assert {event for event in events if not re.search(rf'"{event}\b', SOURCE)} == set()


def test_the_runbook_names_reasons_that_pages_get() -> None:
    """The words under which it can be searched are those of the contract."""
    pages = [DOCS / name for name in ("http.md", "events.md", "reliability.md")]
    contract = "".join(page.read_text("utf-8") for page in pages)
    for table in re.findall(r"^\| (?:reason|`reason`) \|.*\n\|[- |]+\n((?:\|.*\n)+)", RUNBOOK, re.MULTILINE):
        for row in table.splitlines():
            for word in re.findall(r"`([a-z_0-9]+)`", row.split("|")[1]):
                assert f"`{word}`" in contract or f'"{word}"' in SOURCE, word


@pytest.mark.parametrize(
    ("heading", "reasons"),
    [("Many evictions", EVICTIONS), ("Connections are cut off", CUTS), ("too_many_streams", REASONS)],
)
def test_the_runbook_explains_each_reason_of_a_counter(heading: str, reasons: tuple[str, ...]) -> None:
    """Whoever sees it grow finds the word."""
    section = RUNBOOK[RUNBOOK.index(f"\n## {heading}\n") + 4 :].partition("\n## ")[0]
    assert [reason for reason in reasons if f"`{reason}`" not in section] == []


@pytest.mark.parametrize("name", ["docs/runbook.md", "docs/deploy.md", "deploy/README.md"])
def test_links_lead_somewhere(name: str) -> None:
    """Each file and each heading that is linked to is there."""
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if link.startswith("http"):
            continue
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if heading:
            text = target.read_text("utf-8")
            assert heading in {anchor(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}, link


@pytest.mark.parametrize("name", ["runbook.md", "deploy.md"])
def test_the_pages_name_commands_and_settings_that_we_have(name: str) -> None:
    """What a person types at night is read by our command line, and set by a name that we know."""
    text = (DOCS / name).read_text("utf-8")
    commands = re.findall(r"`(tapecast [a-z][^`]*)`", text)
    assert commands
    for command in commands:
        # An option that is only named has no value.
        assert_ours(command.removesuffix(" --markets"))
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", text))
    assert len(named) >= 5
    # Render's own.
    assert named - {"RENDER_DISCOVERY_SERVICE"} <= known_names()
