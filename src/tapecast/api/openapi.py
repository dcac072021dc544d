"""`GET /openapi.json`: the HTTP calls for programs, as `docs/http.md` has them for people.

Written by hand, beside this file, and held against the running service by the tests. Anybody may read it, as
they may `/healthz`: it says what every api of this version says, and nothing of this one.
"""

from __future__ import annotations

import json
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from tapecast import __version__
from tapecast.api.asset import Asset


class OpenApi:
    """The endpoint. The file is read once, at start."""

    def __init__(self) -> None:
        # Kept, and asked for again each time: another version may run here tomorrow.
        self._asset = Asset("application/json", json.dumps(document()).encode(), keep="no-cache")

    async def openapi(self, request: Request) -> Response:
        """The document, or that the client has it."""
        return self._asset.answer(request)


def document() -> dict[str, object]:
    """The document, of this version."""
    found: dict[str, object] = json.loads((files("tapecast.api") / "openapi.json").read_text("utf-8"))
    info = found["info"]
    assert isinstance(info, dict)  # noqa: S101 - a file of our own
    info["version"] = __version__
    return found
