"""Files by their content, compressed once."""

from __future__ import annotations

import gzip

from starlette.requests import Request

from tapecast.api.asset import Asset

SCRIPT = b"go();" * 100


def request(**headers: str) -> Request:
    """A request with these headers."""
    raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "headers": raw, "query_string": b""})


def test_who_has_it_is_not_sent_it_again() -> None:
    """Whatever else it holds, and however a proxy has weakened the tag."""
    asset = Asset("text/javascript", SCRIPT)
    answer = asset.answer(request())
    assert bytes(answer.body) == SCRIPT
    again = asset.answer(request(if_none_match=f'"other", W/{answer.headers["etag"]}'))
    assert (again.status_code, bytes(again.body)) == (304, b"")
    assert asset.answer(request(if_none_match='"other"')).status_code == 200


def test_it_is_compressed_for_who_takes_it() -> None:
    """And the answer says that it depends on who asks."""
    answer = Asset("text/javascript", SCRIPT).answer(request(accept_encoding="gzip, br"))
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(bytes(answer.body)) == SCRIPT


def test_another_content_has_another_tag() -> None:
    """Else a client would keep the old one."""
    tags = {Asset("text/plain", body).answer(request()).headers["etag"] for body in (b"a", b"b")}
    assert len(tags) == 2
