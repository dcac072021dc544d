"""`GET /`: one self-contained page, under a policy that lets it run its own script and nothing else.

The policy names the hashes of the page's own script and style, taken from the file at start, so that editing
the page needs no second edit here.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


class Page:
    """The dashboard's endpoint."""

    def __init__(self) -> None:
        self._html = files("tapecast.api").joinpath("static/index.html").read_text("utf-8")
        self._headers = {
            "Content-Security-Policy": policy(self._html),
            "Cache-Control": "no-cache",
        }

    async def index(self, request: Request) -> Response:
        """`GET /`."""
        del request
        return Response(self._html, media_type="text/html", headers=self._headers)


def policy(html: str) -> str:
    """The Content-Security-Policy under which exactly this page works."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    own = [f"{kind}-src {' '.join(found)}" for kind, found in hashes.items() if found]
    closed = ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
    return "; ".join(["default-src 'none'", "connect-src 'self'", "img-src data:", *own, *closed])
