"""`GET /` and its files: the dashboard as it was built into the package, or the plain page where it was not.

Files are read once, at start, and served by the names they had then: no path of a URL ever reaches the disk.
The built page has no script or style of its own, so its policy lets files from here run and nothing else. The
plain page has nothing else: its policy names the hashes of just these, taken from the file at start.
"""

from __future__ import annotations

import base64
import hashlib
import html
import logging
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api.asset import Asset
from tapecast.api.auth import Guard
from tapecast.api.grant import SUBJECTS, Subject
from tapecast.errors import ClientError
from tapecast.settings import Settings

_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_META: Final = '<meta name="tapecast-{}" content="'
# What a build of ours consists of. A file of another kind is none of it.
_TYPES: Final = {
    "js": "text/javascript",
    "css": "text/css",
    "svg": "image/svg+xml",
    "png": "image/png",
    "woff2": "font/woff2",
    "md": "text/markdown",
}
_CLOSED: Final = ["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"]
_POLICY: Final = "; ".join(
    [
        "default-src 'none'",
        *(f"{kind}-src 'self'" for kind in ("script", "style", "connect", "font")),
        "img-src 'self' data:",
        *_CLOSED,
    ]
)

logger = logging.getLogger(__name__)


class Page:
    """The dashboard's endpoints."""

    def __init__(self, settings: Settings, guard: Guard, package: Traversable | None = None) -> None:
        self._guard = guard
        package = package or files("tapecast.api")
        built = package / "static"
        self._assets = _assets(built / "assets")
        if self._assets and (built / "index.html").is_file():
            bare = (built / "index.html").read_text("utf-8")
            self._html = _told(bare, "symbols", _symbols(settings))
            self._policy = _POLICY
        else:
            logger.info("page_not_built: `/` shows the plain page, which says how to build the dashboard")
            self._assets = {}
            self._html = (package / "unbuilt.html").read_text("utf-8")
            self._policy = policy(self._html)

    async def index(self, request: Request) -> Response:
        """`GET /`. Not to be stored: it names the files of this very build, and what this client may read."""
        headers = {"Content-Security-Policy": self._policy, "Cache-Control": "no-store"}
        rights = " ".join(f"{subject}:{self._right(request, subject)}" for subject in SUBJECTS)
        return Response(_told(self._html, "rights", rights), media_type="text/html", headers=headers)

    def _right(self, request: Request, subject: Subject) -> str:
        # Else the page would have to ask for each, and leave an error in the browser's console for each no.
        try:
            self._guard.require(request, [subject])
        except ClientError as error:
            return error.code
        return "open"

    async def asset(self, request: Request) -> Response:
        """`GET /assets/…`."""
        asset = self._assets.get(request.path_params["name"])
        if asset is None:
            # Of an earlier build, say: the page that names it is older than this server.
            raise HTTPException(404, "no such file")
        return asset.answer(request)


def policy(page: str) -> str:
    """The Content-Security-Policy under which exactly this page, whose parts all stand in it, works."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[kind].append(f"'sha256-{digest}'")
    own = [f"{kind}-src {' '.join(found)}" for kind, found in hashes.items() if found]
    return "; ".join(["default-src 'none'", "connect-src 'self'", "img-src data:", *own, *_CLOSED])


def _assets(folder: Traversable) -> dict[str, Asset]:
    if not folder.is_dir():
        return {}
    found = ((each, _TYPES.get(each.name.rpartition(".")[2])) for each in folder.iterdir() if each.is_file())
    return {each.name: _asset(each.name, kind, each.read_bytes()) for each, kind in found if kind is not None}


def _asset(name: str, kind: str, body: bytes) -> Asset:
    # The licences of what is bundled are the one file whose name stays while its content changes.
    return Asset(kind, body, keep="no-cache") if name.endswith(".md") else Asset(kind, body)


def _symbols(settings: Settings) -> str:
    """The server's own symbols, for a watchlist to begin with."""
    # Where prices want a ticket, so do the names of those that somebody watches.
    is_open = not settings.api_token or "prices" in settings.public
    return ",".join(settings.symbols or sorted(settings.allowed_symbols)) if is_open else ""


def _told(page: str, name: str, value: str) -> str:
    """The page with something that it is told."""
    start = _META.format(name)
    return page.replace(start, start + html.escape(value), 1)
