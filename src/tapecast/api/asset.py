"""A file that is served as it was when we started: compressed once, known by an ETag."""

from __future__ import annotations

import gzip
import hashlib
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from tapecast.api.encoding import accepts_gzip

FOR_EVER: Final = "public, max-age=31536000, immutable"


class Asset:
    """A file that does not change while we run. By default for ever: its name changes with its content."""

    def __init__(self, media_type: str, body: bytes, keep: str = FOR_EVER) -> None:
        self._body, self._zipped = body, gzip.compress(body, mtime=0)
        self._etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
        self._type = media_type
        self._keep = keep

    def answer(self, request: Request) -> Response:
        """The file, or that the client has it."""
        headers = {
            "ETag": self._etag,
            "Cache-Control": self._keep,
            "Vary": "Accept-Encoding",
        }
        held = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if held & {self._etag, "*"}:
            return Response(status_code=304, headers=headers)
        if accepts_gzip(request.headers):
            return Response(
                self._zipped, media_type=self._type, headers=headers | {"Content-Encoding": "gzip"}
            )
        return Response(self._body, media_type=self._type, headers=headers)
