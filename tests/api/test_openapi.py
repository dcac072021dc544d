"""`/openapi.json`: where it is, how it may be kept, and that it says what the code says."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from starlette.routing import Route

from tapecast import __version__
from tapecast.api import app, errors
from tapecast.api.auth import Guard
from tapecast.api.bars_endpoints import BARS_MOST, LIMIT, SYMBOLS_MOST
from tapecast.api.desk import BODY_BYTES, MOST_SYMBOLS
from tapecast.api.door import Door
from tapecast.api.metrics import Metrics
from tapecast.api.symbols import LONGEST_INTERVAL_MS
from tapecast.bars import Interval
from tapecast.bus.bars import BARS_KEPT
from tapecast.settings import Settings, load
from tests.api.support import Bench
from tests.api.test_app import client_of
from tests.project.calls import DOCUMENT, check, resolved, told
from tests.project.events_page import PAGE, read

API = PAGE.parents[1] / "src" / "tapecast" / "api"
PARAMETERS = DOCUMENT["components"]["parameters"]
SCHEMAS = DOCUMENT["components"]["schemas"]


async def test_anybody_may_read_it() -> None:
    """As `/healthz`, at both places, and from a page too. It says which version it is of."""
    async with client_of(Bench(), API_TOKEN="t" * 20) as client:
        for path in ("/openapi.json", "/api/openapi.json"):
            answer = await client.get(path, headers={"Origin": "http://page.example"})
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.json() == DOCUMENT
    assert DOCUMENT["info"]["version"] == __version__


async def test_who_has_it_is_told_so() -> None:
    """It is asked for again each time: another version may answer tomorrow."""
    async with client_of(Bench()) as client:
        answer = await client.get("/openapi.json")
        assert answer.headers["cache-control"] == "no-cache"
        again = await client.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await client.get("/openapi.json", headers={"If-None-Match": '"old"'})).status_code == 200


async def test_what_is_not_to_be_had_now_is_as_it_says() -> None:
    """A replica that has lost Redis, one that drains; a path and a method that there are not."""
    bench = Bench(PUBLIC="positions")
    async with client_of(bench, PUBLIC="positions") as client:
        bench.hub.on_link(False)
        for path in ("/prices", "/bars"):
            check(answer := await client.get(f"{path}?symbols=AAPL"), path)
            assert answer.json()["error"]["code"] == "cache_unavailable"
        check(answer := await client.get("/readyz"), "/readyz")
        assert answer.status_code == 503
        await bench.hub.audience.drain()
        for path in ("/prices", "/bars", "/stream/prices", "/stream/bars", "/stream/positions"):
            check(answer := await client.get(f"{path}?symbols=AAPL"), path)
            assert answer.json()["error"]["code"] == "draining"
        check(await client.get("/assets/none"), "/assets/{name}")
        wrong = await client.post("/prices")
        assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_its_calls_are_the_routes() -> None:
    """Each path with its methods, and no other."""
    bench, settings = Bench(), load({})
    guard, metrics = Guard(settings, laptop=False), Metrics(bench.hub, Door())
    routes = app._routes(settings, bench.hub, bench.seats, guard, metrics)
    served = {route.path: (route.methods or set()) - {"HEAD"} for route in routes if isinstance(route, Route)}
    named = {path: {method.upper() for method in item} for path, item in DOCUMENT["paths"].items()}
    assert named == served


def raised() -> Iterator[tuple[int, str]]:
    """Status and code of every ClientError in the source, wherever its words stand."""
    for path in API.rglob("*.py"):
        name = ".".join(("tapecast.api", *path.relative_to(API).with_suffix("").parts))
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "ClientError"
            ):
                yield tuple(_values(name, node.args))[:2]


def _values(module: str, arguments: list[ast.expr]) -> Iterator[Any]:
    for each in arguments[:2]:
        if isinstance(each, ast.Constant):
            yield each.value
            continue
        name = each.value if isinstance(each, ast.Starred) else each
        assert isinstance(name, ast.Name), f"{module}:{each.lineno}: what code is this?"
        value = getattr(importlib.import_module(module), name.id)
        yield from value if isinstance(each, ast.Starred) else [value]


def test_its_errors_are_those_of_the_code() -> None:
    """Each code with its status, there and on the page for people, and no other."""
    answered = {*raised(), *errors._CODES.items(), (500, errors.INTERNAL)}
    assert len(answered) > 15
    assert told() == answered
    assert set(SCHEMAS["Error"]["properties"]["error"]["properties"]["code"]["enum"]) == {
        c for _, c in answered
    }
    page = PAGE.with_name("http.md").read_text("utf-8").partition("\n## Errors\n")[2].partition("\n## ")[0]
    rows = [row.split("|")[1:3] for row in page.splitlines() if re.match(r"\| \d", row)]
    named = {
        (int(status), code)
        for statuses, told in rows
        for status in statuses.split(",")
        for code in re.findall(r"`([a-z_]+)`", told)
    }
    assert answered <= named


def test_its_limits_are_those_of_the_code() -> None:
    """Numbers and lists, wherever they stand."""
    schemas = {name: parameter["schema"] for name, parameter in PARAMETERS.items()}
    assert schemas["Limit"] == {"type": "integer", "minimum": 1, "maximum": BARS_KEPT, "default": LIMIT}
    assert f"{BARS_MOST:,}" in PARAMETERS["Limit"]["description"]
    assert f"at most {SYMBOLS_MOST}" in PARAMETERS["BarSymbols"]["description"]
    assert schemas["BarSymbols"]["pattern"].endswith(f"{{0,{SYMBOLS_MOST - 1}}}$")
    most = Settings.model_fields["max_symbols_per_stream"].default
    assert f"{most:,}" in PARAMETERS["Symbols"]["description"]
    assert schemas["Symbols"]["pattern"].endswith(f"{{0,{most - 1}}}$")
    assert schemas["Interval"]["maximum"] == schemas["IntervalMs"]["maximum"] == LONGEST_INTERVAL_MS
    lengths = [interval.value for interval in Interval]
    assert schemas["Length"]["enum"] == SCHEMAS["Bars"]["properties"]["interval"]["enum"] == lengths
    assert SCHEMAS["Wish"]["properties"]["symbols"]["maxItems"] == MOST_SYMBOLS
    too_large = DOCUMENT["components"]["responses"]["BodyTooLarge"]["description"]
    assert f"{BODY_BYTES // 1024} KiB" in too_large


@pytest.mark.parametrize(
    ("schema", "table", "more"),
    [
        ("Price", "tick", {"state"}), ("Bar", "a bar", set()), ("Bars", "bars", set()),
        ("Feed", "feed", set()), ("Status", "status", set()),
    ],
)  # fmt: skip
def test_what_is_also_an_event_has_the_same_fields(schema: str, table: str, more: set[str]) -> None:
    """And those that are always there are so in both."""
    fields = read(PAGE.read_text("utf-8"))[table].fields
    tops: dict[str, bool] = {}
    for path, each in fields.items():
        top = path.partition(".")[0]
        tops[top] = tops.get(top, False) or each.is_always_there
    assert set(SCHEMAS[schema]["properties"]) == {*tops, *more}
    assert set(SCHEMAS[schema]["required"]) == {name for name, always in tops.items() if always} | more


def test_it_is_a_sound_document() -> None:
    """All that it refers to is there and used, each schema is one, and each page that it names exists."""
    text = json.dumps(DOCUMENT)
    referred = set(re.findall(r'"#/components/(\w+)/(\w+)"', text))
    there = {
        (kind, name)
        for kind, items in DOCUMENT["components"].items()
        for name in items
        if kind != "securitySchemes"
    }
    assert referred == there - {("responses", "MethodNotAllowed")}
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
    for page in set(re.findall(r'"url": "(docs/[^"]+)"', text)):
        assert (API.parents[2] / page).is_file()
    names = [item["operationId"] for path in DOCUMENT["paths"].values() for item in path.values()]
    assert len(names) == len(set(names))
    assert resolved({"$ref": "#/components/schemas/Error"}) is SCHEMAS["Error"]
