"""openapi.json as a test reads it: the calls, and what an answer should be."""

from __future__ import annotations

from typing import Any, Final

import httpx
import jsonschema_rs

from tapecast.api.openapi import document

DOCUMENT: Final[dict[str, Any]] = document()
PREFIX: Final = "#/components/"


def resolved(node: Any) -> Any:
    """What it refers to, or itself."""
    while isinstance(node, dict) and "$ref" in node:
        kind, name = node["$ref"].removeprefix(PREFIX).split("/")
        node = DOCUMENT["components"][kind][name]
    return node


def responses(path: str, method: str = "get") -> dict[int, Any]:
    """The answers of a call by status."""
    found = DOCUMENT["paths"][path][method]["responses"]
    return {int(status): resolved(response) for status, response in found.items()}


def codes(response: dict[str, Any]) -> set[str]:
    """The codes of an answer that is an error."""
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    error = schema.get("properties", {}).get("error", {})
    return set(error.get("properties", {}).get("code", {}).get("enum", []))


def told() -> set[tuple[int, str]]:
    """Each error of the document by status and code."""
    pairs = {
        (status, code)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        for status, response in responses(path, method).items()
        for code in codes(response)
    }
    # Of no call: it is what every other method of a path is answered by.
    wrong = DOCUMENT["components"]["responses"]["MethodNotAllowed"]
    return pairs | {(405, code) for code in codes(wrong)}


def check(answer: httpx.Response, path: str, method: str = "get") -> None:
    """Fails unless the document has this answer to this call, with its headers and this body."""
    known = responses(path, method)
    assert answer.status_code in known, f"{path}: {answer.status_code}"
    response = known[answer.status_code]
    for name, header in response.get("headers", {}).items():
        assert not resolved(header).get("required") or name in answer.headers, f"{path}: {name}"
    kind = answer.headers.get("content-type", "").partition(";")[0]
    assert kind in response["content"], f"{path}: {kind}"
    if kind == "application/json":
        schema = response["content"][kind]["schema"] | {"components": DOCUMENT["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(answer.json())
