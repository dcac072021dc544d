"""deploy/prometheus: each alert fires for its trouble and for no other, by Prometheus' own promtool."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.project.deployment import DEPLOY, ROOT

FOLDER = DEPLOY / "prometheus"
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="no promtool here (Debian: apt-get install prometheus)"
)
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
API = 'job="tapecast", instance="a"'

# A service of one api, one worker and one feed in which nothing is wrong: twenty minutes, a value each 15 s.
WELL = {
    f"up{{{API}}}": "1x80",
    f"tapecast_redis_up{{{API}}}": "1x80",
    f'tapecast_feed_state{{{API}, market="us_equity", state="live"}}': "1x80",
    f'tapecast_feed_state{{{API}, market="us_equity", state="reconnecting"}}': "0x80",
    f'tapecast_feed_state{{{API}, market="us_equity", state="failed"}}': "0x80",
    f'tapecast_lease_held{{{API}, market="us_equity", process="w1"}}': "1x80",
    f'tapecast_ingest_reconnects_total{{{API}, process="w1"}}': "3x80",
    f'tapecast_ingest_rejected_total{{{API}, process="w1", reason="time"}}': "5x80",
    f'tapecast_streams{{{API}, kind="prices"}}': "100x80",
    f'tapecast_streams_refused_total{{{API}, reason="process"}}': "7x80",
    f'tapecast_streams_evicted_total{{{API}, reason="stalled"}}': "0+0.01x80",
    f'tapecast_requests_refused_total{{{API}, code="unauthorized"}}': "0+30x80",
    f'tapecast_requests_refused_total{{{API}, code="internal"}}': "0x80",
    f'tapecast_symbols{{{API}, state="live"}}': "20x80",
    f'tapecast_symbols{{{API}, state="stale"}}': "0x80",
    f'tapecast_symbols_refused{{{API}, reason="symbol_invalid"}}': "1x80",
    f'tapecast_tick_age_seconds_bucket{{{API}, le="0.5"}}': "0+500x80",
    f'tapecast_tick_age_seconds_bucket{{{API}, le="5.0"}}': "0+500x80",
    f'tapecast_tick_age_seconds_bucket{{{API}, le="+Inf"}}': "0+500x80",
    f"tapecast_redis_lag_seconds{{{API}}}": "0.002x80",
    f'tapecast_clock_offset_seconds{{{API}, process="w1"}}': "0x80",
    f'tapecast_build_info{{{API}, version="1"}}': "1x80",
    f"process_resident_memory_bytes{{{API}}}": "80000000x80",
}
LOST = {'us_equity", state="live"': "1x40 0x40", 'state="reconnecting"': "0x40 1x40"}
# What is wrong: the series that are not as above, by a part of their names ("" and none: not there), a new
# one by its whole name; and what fires after twenty minutes.
CASES: dict[str, tuple[dict[str, str], set[str]]] = {
    "all is well": ({}, set()),
    "the api does not answer": ({f"up{{{API}}}": "0x80"}, {"ApiDown"}),
    "no api is known": ({f"up{{{API}}}": ""}, {"ApiDown"}),
    "an api has lost Redis, which is no fault of the feed": (
        LOST | {"redis_up": "1x40 0x40"}, {"RedisUnreachable"},
    ),
    "Redis is full": ({f'tapecast_redis_refuses{{{API}, reason="cache_full"}}': "1x80"}, {"RedisRefuses"}),
    "the keys are wrong": ({'us_equity", state="live"': "0x80", 'state="failed"': "1x80"}, {"FeedFailed"}),
    "the venue is away for long": (LOST, {"FeedDown"}),
    "the venue is away for half a minute": (
        {'us_equity", state="live"': "1x78 0x2", 'state="reconnecting"': "0x78 1x2"}, set(),
    ),
    "the only worker is gone": (
        LOST | {"lease_held": "1x40 _x40", "reconnects": "3x40 stale"},
        {"FeedDown", "IngestLost", "NoLeaseHolder"},
    ),
    "a worker reports, but nobody owns the market": ({"lease_held": ""}, {"NoLeaseHolder"}),
    "another program takes the connection again and again": ({"reconnects": "3+0.6x80"}, {"FeedUnsteady"}),
    "symbols are stale while the feed is live": ({'state="stale"': "0x40 5x40"}, {"SymbolsStale"}),
    "symbols are stale since the feed is away": (LOST | {'state="stale"': "0x40 20x40"}, {"FeedDown"}),
    "prices come late": ({'le="0.5"': "0+400x80"}, {"TicksOld"}),
    "Redis is slow": ({"lag": "0.8x80"}, {"RedisSlow"}),
    "all seats are taken": ({"streams_refused": "7+3x80"}, {"StreamsRefused"}),
    "a network loses its clients": ({"evicted": "0+1.5x80"}, {"StreamsEvicted"}),
    "a request meets a mistake of ours": ({'code="internal"': "0x60 1x20"}, {"InternalErrors"}),
    "a clock is behind": ({"clock": "-30x80"}, {"ClockOff"}),
    "all trades are refused as ones of the future": ({"rejected": "5+100x80"}, {"MessagesRejected"}),
    "the plan is full": (
        {f'tapecast_symbols_refused{{{API}, reason="symbol_limit"}}': "4x80"}, {"SymbolsRefused"},
    ),
    "memory grows": ({"resident": "900000000x80"}, {"Memory"}),
    "ten workers take ten times as much": (
        {f"tapecast_workers{{{API}}}": "10x80", "resident": "900000000x80"}, set(),
    ),
    "the memory of ten workers grows": (
        {f"tapecast_workers{{{API}}}": "10x80", "resident": "5500000000x80"}, {"Memory"},
    ),
}  # fmt: skip


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    assert PROMTOOL is not None
    return subprocess.run(
        [PROMTOOL, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def series(changes: dict[str, str]) -> dict[str, str]:
    """The series of a service in which this is wrong."""
    found = dict(WELL)
    for name, values in changes.items():
        matches = [name] if name in WELL else [each for each in WELL if name in each]
        assert len(matches) <= 1, matches
        assert matches or "{" in name, name
        found[(matches or [name])[0]] = values
    return {name: values for name, values in found.items() if values}


@needs_promtool
@pytest.mark.parametrize("trouble", CASES)
def test_each_trouble_fires_its_alerts_and_no_other(trouble: str, tmp_path: Path) -> None:
    """Twenty minutes of it, and what fires at the end."""
    changes, fires = CASES[trouble]
    case = {
        "interval": "15s",
        "input_series": [{"series": name, "values": values} for name, values in series(changes).items()],
        "promql_expr_test": [
            {
                "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
                "eval_time": "20m",
                "exp_samples": [
                    {"labels": f'{{alertname="Tapecast{each}"}}', "value": 1} for each in sorted(fires)
                ],
            }
        ],
    }
    tests = {"rule_files": [str(FOLDER / "alerts.yaml")], "evaluation_interval": "15s", "tests": [case]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    result = promtool("test", "rules", tmp_path / "test.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_each_alert_has_a_case() -> None:
    """No alert is there that was never seen to fire."""
    assert {f"Tapecast{each}" for _, fires in CASES.values() for each in fires} == {
        rule["alert"] for rule in RULES
    }


@needs_promtool
def test_the_files_are_valid() -> None:
    """Prometheus takes the configuration and the rules that it names."""
    result = promtool("check", "config", FOLDER / "prometheus.yaml")
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(RULES)} rules found" in result.stdout


def anchor(heading: str) -> str:
    """How GitHub names a heading in a link."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_each_alert_leads_into_the_runbook() -> None:
    """The section that an alert names is there, and its severity is one of two."""
    text = (ROOT / "docs" / "runbook.md").read_text("utf-8")
    headings = {anchor(each) for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for rule in RULES:
        file, _, name = rule["annotations"]["runbook"].partition("#")
        assert file == "docs/runbook.md"
        assert name in headings, rule["alert"]
        assert rule["labels"] == {"severity": rule["labels"]["severity"]}
        assert rule["labels"]["severity"] in {"page", "ticket"}
