"""One stream over HTTP: bytes to named events, and why it was none. Coming back is left to the caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from typing import Final, cast

import httpx
from httpx_sse import EventSource, ServerSentEvent, aconnect_sse

from tapecast.client.errors import Malformed, StreamError, TlsFailed, Unreachable, UrlInvalid
from tapecast.client.failures import failure, refusal, shown
from tapecast.client.redaction import keep_tickets_out_of_logs
from tapecast.refusals import clean

CONNECT_S: Final = 10.0
ANSWER_S: Final = 20.0
"""Until the answer's head, redirects included."""
BODY_S: Final = 5.0
BODY_BYTES: Final = 65_536
"""Of an answer that is no stream: enough for an error's JSON."""
EVENT_CHARS: Final = 16 * 1024 * 1024
"""The largest event there is, the bars of a long history, has less than one million."""
REDIRECTS: Final = 5


def new_http() -> httpx.AsyncClient:
    """An HTTP client of our own: proxies and SSL_CERT_FILE of the environment count, as for curl.

    Raises StreamFatal where they cannot be used.
    """
    try:
        return httpx.AsyncClient(max_redirects=REDIRECTS)
    except OSError as error:
        why = clean(error.strerror or str(error))
        raise TlsFailed("authority_invalid", f"SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {why}") from None
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        # Not in full: it may hold a password.
        kind = type(error).__name__
        message = f"the proxy of HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used ({kind})"
        raise UrlInvalid("proxy_invalid", message) from None


@asynccontextmanager
async def opened(
    http: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]
) -> AsyncIterator[AsyncGenerator[ServerSentEvent, None]]:
    """A stream's events, until the block ends. Both raise StreamError."""
    keep_tickets_out_of_logs()
    timeout = httpx.Timeout(CONNECT_S, read=None)
    async with AsyncExitStack() as stack:
        try:
            async with asyncio.timeout(ANSWER_S):
                opening = aconnect_sse(
                    http, "GET", str(url), headers=dict(headers), timeout=timeout, follow_redirects=True
                )
                response = (await stack.enter_async_context(opening)).response
        except TimeoutError:
            raise Unreachable("timeout", f"{shown(url)} does not answer: is the address right?") from None
        except httpx.HTTPError as error:
            raise failure(error, url, is_open=False) from None
        if not _is_stream(response):
            raise await _refused(response)
        events = await stack.enter_async_context(aclosing(_events(response, url)))
        yield events


async def _events(response: httpx.Response, url: httpx.URL) -> AsyncGenerator[ServerSentEvent, None]:
    source = EventSource(cast("httpx.Response", _Bounded(response)))
    try:
        async with aclosing(source.aiter_sse()) as events:
            async for event in events:
                yield event
    except httpx.HTTPError as error:
        raise failure(error, url, is_open=True) from None


class _Bounded:
    """A response as httpx-sse reads it; a body in which no event comes to its end is given up."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.headers = response.headers

    async def aiter_text(self) -> AsyncIterator[str]:
        """The body in pieces."""
        since, last = 0, ""
        async for text in self._response.aiter_text():
            since = 0 if _ends_event(last + text) else since + len(text)
            if since > EVENT_CHARS:
                raise Malformed("too_long", f"{shown(self._response.url)} sent an event without an end")
            last = text[-3:]
            yield text


def _ends_event(text: str) -> bool:
    return "\n\n" in text or "\r\n\r\n" in text or "\r\r" in text


def _is_stream(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.status_code == httpx.codes.OK and kind == "text/event-stream"


async def _refused(response: httpx.Response) -> StreamError:
    body = b""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(BODY_S):
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > BODY_BYTES:
                    break
    return refusal(response, body)
