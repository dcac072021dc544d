"""The page, its files and its policy."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tapecast.api.auth import Guard
from tapecast.api.page import Page, policy
from tapecast.settings import load

INDEX = """<!doctype html>
<meta name="tapecast-symbols" content="" /><meta name="tapecast-rights" content="" />
<script src="./assets/a-1.js"></script>"""
SCRIPT = b"go();" * 100
TOKEN = "a-token-long-enough"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in which a dashboard was built."""
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text(INDEX, "utf-8")
    (tmp_path / "static" / "assets" / "a-1.js").write_bytes(SCRIPT)
    (tmp_path / "static" / "assets" / "a-1.js.map").write_bytes(b"{}")
    (tmp_path / "unbuilt.html").write_text("<script>go()</script>not built", "utf-8")
    return tmp_path


def request(name: str = "", **headers: str) -> Request:
    """A request for a file of that name."""
    raw = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
    return Request({"type": "http", "headers": raw, "query_string": b"", "path_params": {"name": name}})


def page_of(package: Path, env: dict[str, str] | None = None) -> Page:
    """The page of a server with these settings."""
    settings = load(env or {})
    return Page(settings, Guard(settings, laptop=False), package)


def text(answer: Response) -> str:
    """Its body."""
    return bytes(answer.body).decode()


async def test_the_built_page_may_run_files_from_here_and_nothing_else(package: Path) -> None:
    """Nothing inline and nothing remote, and it is never stored: it names the files of this build."""
    answer = await page_of(package).index(request())
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.headers["content-security-policy"].split("; ")) == {
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "font-src 'self'", "img-src 'self' data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    }  # fmt: skip


async def test_a_file_is_kept_for_ever_and_the_licences_are_asked_for_again(package: Path) -> None:
    """The name of the one changes with its content, that of the other does not."""
    (package / "static" / "assets" / "licenses.md").write_text("MIT", "utf-8")
    page = page_of(package)
    answer = await page.asset(request("a-1.js"))
    assert bytes(answer.body) == SCRIPT
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    answer = await page.asset(request("licenses.md"))
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["", "b.js", "a-1.js.map", "../index.html", "..%2findex.html", "/etc/passwd", "a-1.js\0"]
)
async def test_there_are_no_other_files(package: Path, name: str) -> None:
    """Names are looked up among those that were there at the start; none is a path."""
    with pytest.raises(HTTPException) as caught:
        await page_of(package).asset(request(name))
    assert caught.value.status_code == 404


async def test_files_are_read_at_the_start_alone(package: Path) -> None:
    """What becomes of the folder later does not matter."""
    page = page_of(package)
    (package / "static" / "assets" / "a-1.js").unlink()
    assert (await page.asset(request("a-1.js"))).status_code == 200


@pytest.mark.parametrize(
    ("env", "symbols"),
    [
        ({}, ""),
        ({"SYMBOLS": "AAPL,BTC/USD"}, "AAPL,BTC/USD"),
        ({"ALLOWED_SYMBOLS": "TSLA,AAPL"}, "AAPL,TSLA"),
        ({"SYMBOLS": "AAPL", "API_TOKEN": TOKEN}, ""),
        ({"SYMBOLS": "AAPL", "API_TOKEN": TOKEN, "PUBLIC": "prices"}, "AAPL"),
    ],
)
async def test_the_page_begins_with_the_servers_symbols(
    package: Path, env: dict[str, str], symbols: str
) -> None:
    """Unless prices are private: then what is watched here is nobody's business."""
    answer = await page_of(package, env).index(request())
    assert f'<meta name="tapecast-symbols" content="{symbols}" />' in text(answer)


@pytest.mark.parametrize(
    ("env", "rights"),
    [
        ({}, "prices:open status:open positions:forbidden"),
        ({"PUBLIC": "positions"}, "prices:open status:open positions:open"),
        ({"API_TOKEN": TOKEN}, "prices:unauthorized status:unauthorized positions:unauthorized"),
        ({"API_TOKEN": TOKEN, "PUBLIC": "prices"}, "prices:open status:unauthorized positions:unauthorized"),
    ],
)
async def test_the_page_knows_what_it_may_ask_for(package: Path, env: dict[str, str], rights: str) -> None:
    """It need not ask and be refused, which every browser would write into its console."""
    answer = await page_of(package, env).index(request())
    assert f'<meta name="tapecast-rights" content="{rights}" />' in text(answer)


@pytest.mark.parametrize("missing", ["static/index.html", "static/assets/a-1.js"])
async def test_without_a_build_the_plain_page_says_so(package: Path, missing: str) -> None:
    """Half a build is none."""
    (package / missing).unlink()
    page = page_of(package)
    assert "not built" in text(await page.index(request()))
    with pytest.raises(HTTPException):
        await page.asset(request("a-1.js"))


async def test_the_plain_page_is_self_contained(tmp_path: Path) -> None:
    """It loads nothing from anywhere, works under its own policy, and says how to build the other one."""
    own = Path(__file__).parents[2] / "src" / "tapecast" / "api" / "unbuilt.html"
    (tmp_path / "unbuilt.html").write_bytes(own.read_bytes())
    html = text(await page_of(tmp_path).index(request()))
    assert len(re.findall(r"<script>|<style>", html)) == 2
    assert not re.search(r"""(src|href)\s*=|https?://|@import|url\(|\son\w+\s*=\s*["']|\sstyle=""", html)
    assert "make dashboard" in html


def test_the_plain_pages_policy_names_its_own_parts_and_nothing_else() -> None:
    """Whatever is injected into the page does not run."""
    digest = base64.b64encode(hashlib.sha256(b"go()").digest()).decode()
    named = policy("<script>go()</script>")
    assert f"script-src 'sha256-{digest}'" in named
    assert named.startswith("default-src 'none'; connect-src 'self'")
    assert "unsafe" not in named
    assert "style-src" not in named
