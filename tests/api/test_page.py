"""The page and its policy."""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.requests import Request

from tapecast.api.page import Page, policy


def test_the_policy_names_the_pages_own_parts_and_nothing_else() -> None:
    """Whatever is injected into the page does not run."""
    digest = base64.b64encode(hashlib.sha256(b"go()").digest()).decode()
    text = policy("<script>go()</script>")
    assert f"script-src 'sha256-{digest}'" in text
    assert text.startswith("default-src 'none'; connect-src 'self'")
    assert "unsafe" not in text
    assert "style-src" not in text


async def test_the_page_is_self_contained() -> None:
    """It loads nothing from anywhere, so it works without the internet and under its own policy."""
    answer = await Page().index(Request({"type": "http", "headers": []}))
    html = bytes(answer.body).decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert len(re.findall(r"<script>|<style>", html)) == 2
    assert not re.search(r"""(src|href)\s*=|https?://|@import|url\(|\son\w+\s*=\s*["']|\sstyle=""", html)
