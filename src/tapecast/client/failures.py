"""What httpx met, and what a server answered that is no stream, as errors that say what next."""

from __future__ import annotations

import os
import ssl
from typing import Final
from urllib.request import getproxies, proxy_bypass

import httpx

from tapecast.client.errors import (
    Forbidden,
    Lost,
    Malformed,
    NotTapecast,
    Refused,
    StreamError,
    TlsFailed,
    Unauthorized,
    Unavailable,
    Unreachable,
    UrlInvalid,
)
from tapecast.refusals import Kind, clean, kind_of, said_in

NOT_HERE: Final = "not_a_stream"
_TRY: Final = "is it the address of tapecast, or of another program?"
_OURS: Final = ("/stream", "/stream/bars")
_NEXT: Final = {
    "cache_unavailable": "its Redis is away; /readyz there tells when it is back",
    "internal": "its log says why",
}
"""Of our server's own words those that do not say it."""
_BEHIND: Final = frozenset({502, 503, 504})
"""What a proxy says when nobody is there."""


def shown(address: httpx.URL | str) -> str:
    """An address for people: without a password, a path's query and so a ticket."""
    url = httpx.URL(address)
    return clean(f"{url.scheme}://{url.netloc.decode('ascii', 'replace').rpartition('@')[2]}")


def asked(url: httpx.URL) -> str:
    """The same with its path: what is to be right is all of it."""
    return clean(shown(url) + url.path)


def told(code: str, message: str) -> str:
    """A server's words, and what next where they do not say it."""
    words = clean(message) or clean(code)
    return f"{words}: {_NEXT[code]}" if code in _NEXT else words


def refusal(response: httpx.Response, body: bytes) -> StreamError:
    """What an answer that is no stream means."""
    status, where = response.status_code, shown(response.url)
    said = said_in(body, response.url.params.get("ticket"))
    code = said.code if said else ""
    words = f"{where}: {told(code, said.message)}" if said else _answered(response)
    match kind_of(status, said):
        case Kind.NOT_ALLOWED if status == 401:
            hint = "" if said else ": it wants a ticket or a token"
            return Unauthorized(code or "unauthorized", words + hint, status=status)
        case Kind.NOT_ALLOWED:
            hint = "" if said else ": a proxy or a firewall before tapecast does not let this through"
            return Forbidden(code or NOT_HERE, words + hint, status=status)
        case Kind.LATER:
            after = _retry_after(response)
            hint = "" if said else _until(status)
            return Unavailable(code or "unavailable", words + hint, status=status, retry_after_s=after)
        case Kind.WRONG:
            return Refused(code, words, status=status)
    return NotTapecast(NOT_HERE, _foreign(response), status=status)


def failure(error: httpx.HTTPError, url: httpx.URL, *, is_open: bool) -> StreamError:
    """What went wrong on the way, before or after the answer began."""
    where = shown(url)
    match error:
        case httpx.TooManyRedirects():
            return NotTapecast("too_many_redirects", f"{where} redirects without end: {_TRY}")
        case httpx.DecodingError():
            return Malformed("bad_encoding", f"{where} sent what cannot be decompressed")
        case httpx.UnsupportedProtocol():
            return UrlInvalid("url_invalid", f"{where}: {clean(str(error))}")
        case httpx.LocalProtocolError():
            # Its own words hold the header that is wrong, which may be a token's.
            return UrlInvalid("url_invalid", f"{where} cannot be asked: a header is not as HTTP wants it")
    return Lost("connection_lost", f"the connection to {where} broke") if is_open else _unanswered(error, url)


def _unanswered(error: httpx.HTTPError, url: httpx.URL) -> StreamError:
    where = shown(url)
    # Behind a timeout there is one too: that more was to be read.
    if isinstance(error, httpx.ConnectError) and (cause := _tls(error)) is not None:
        return _tls_failed(where, cause)
    match error:
        case httpx.RemoteProtocolError():
            hint = "" if url.scheme == "https" else ", or is it https://"
            why = clean(str(error))
            return Unreachable("no_answer", f"{where} gave no answer ({why}): is it starting{hint}?")
        case httpx.TimeoutException():
            return Unreachable("timeout", f"{where} does not answer: is the address right?{_proxied(url)}")
    words = f"nobody answers at {where} ({_words(error)}): is tapecast running there?"
    return Unreachable("unreachable", words + _proxied(url))


def _proxied(url: httpx.URL) -> str:
    """A hint: who has a proxy in their environment seldom thinks of it."""
    proxies = getproxies()
    if not proxies.keys() & {url.scheme, "all"} or proxy_bypass(url.host):
        return ""
    return " (through the proxy of the environment; NO_PROXY names hosts to reach without it)"


def _answered(response: httpx.Response) -> str:
    return f"{asked(response.url)} answered HTTP {response.status_code}{_proxied(response.url)}"


def _until(status: int) -> str:
    """What time, or a person, has to mend where it is not tapecast that says so."""
    if status < 500:
        return ": it has too much to do; try again later"
    if status in _BEHIND:
        return ": is tapecast running behind it, or still starting?"
    return ": something failed there, and its log says what"


def _foreign(response: httpx.Response) -> str:
    kind = clean(response.headers.get("content-type", "").partition(";")[0])
    by = " after a redirect" if response.history else ""
    what = f"HTTP {response.status_code}{f' with {kind}' if kind else ''}{by}"
    return f"{asked(response.url)} answered {what}, not a stream: {_where_else(response)}"


def _where_else(response: httpx.Response) -> str:
    url = response.url
    if response.history or url.path in _OURS:
        return _TRY + _proxied(url)
    return f"is the path right, or is tapecast at {shown(url)}?{_proxied(url)}"


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    # Seconds; the other form, a date, is not what tapecast sends.
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else None


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found


def _tls(error: BaseException) -> ssl.SSLError | None:
    return next((each for each in _causes(error) if isinstance(each, ssl.SSLError)), None)


def _tls_failed(where: str, error: ssl.SSLError) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = clean(error.verify_message)
        hint = "name its authority with SSL_CERT_FILE=/path/to/ca.pem"
        return TlsFailed(
            "certificate_invalid", f"the certificate of {where} is not valid here ({why}): {hint}"
        )
    why = clean(error.reason or str(error))
    return TlsFailed("tls_failed", f"{where} speaks no TLS that we understand ({why}): is it http://?")


def _words(error: BaseException) -> str:
    for each in _causes(error):
        if isinstance(each, OSError) and each.errno and each.strerror:
            # asyncio puts the address in the place of the reason.
            return clean(each.strerror if each.errno < 0 else os.strerror(each.errno)).lower()
    return clean(str(error)) or type(error).__name__
