"""One line a record, nothing secret in it, and every event of the code in docs/logs.md."""

from __future__ import annotations

import ast
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapecast import logs
from tapecast.logs import JsonFormatter, TextFormatter, configure, without_secrets

ROOT = Path(__file__).parents[1]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
ROW = re.compile(r"\| `(\w+)` \| (\w+) \| ([^|]+) \| ([^|]+) \|")


def record(
    message: str, *args: object, name: str = "tapecast.test", exc_info: object = None
) -> logging.LogRecord:
    """One log record."""
    return logging.getLogger(name).makeRecord(
        name, logging.WARNING, __file__, 1, message, args, exc_info  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """The root logger as it was before the test, and the libraries' levels with it."""
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    yield
    root.handlers, root.level, sys.excepthook = handlers, level, hook
    for name in ("httpx", "httpcore", "websockets", "uvicorn.error", "asyncio", "sse_starlette"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def test_a_json_record_is_one_line_of_json() -> None:
    """Whatever the message holds."""
    line = JsonFormatter().format(record("feed_state: %s\n%s", "live", '"é\x1b'))
    assert "\n" not in line
    said = json.loads(line)
    assert said.pop("ts").endswith("+00:00")
    assert said == {
        "level": "WARNING", "logger": "tapecast.test", "event": "feed_state",
        "message": 'feed_state: live\n"é\x1b',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "name", "event"),
    [
        ("lease_lost: %s", "tapecast.ingest.owner", "lease_lost"),
        ("clock_right_again", "tapecast.bus.offset", "clock_right_again"),
        ("%s", "tapecast.test", logs.OTHER),
        ("A sentence: of ours", "tapecast.test", logs.OTHER),
        ("feed_lost: said by somebody else", "asyncio", logs.OTHER),
    ],
)
def test_the_event_is_the_name_in_front(message: str, name: str, event: str) -> None:
    """Of our own messages, and of the template: what is filled in comes from outside."""
    args = ("lease_lost: not really",) if "%s" in message else ()
    assert json.loads(JsonFormatter().format(record(message, *args, name=name)))["event"] == event


def test_a_json_record_holds_its_exception() -> None:
    """In the same line."""
    try:
        raise RuntimeError("boom at redis://me:secret@host/0")  # noqa: TRY301
    except RuntimeError:
        line = JsonFormatter().format(record("it_failed", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "RuntimeError: boom at redis://***@host/0" in json.loads(line)["exception"]
    assert "secret" not in line


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET /stream?ticket=abc&x=1 failed", "GET /stream failed"),
        ("'https://data.example/v2/quotes?symbols=A' said 429", "'https://data.example/v2/quotes' said 429"),
        ("rediss://user:pa%40ss@host:6379/0: refused", "rediss://***@host:6379/0: refused"),
        ("is it? yes, 1/2? me@example.com", "is it? yes, 1/2 me@example.com"),
        ("lease_lost: us_equity", "lease_lost: us_equity"),
        ("b'authorization: Bearer abc.d-e', 'x'", "b'authorization: Bearer ***', 'x'"),
        ("ticket=abc&symbols=A", "ticket=***&symbols=A"),
        ("{'secret_key': 'abc', 'action': 'x'}", "{'secret_key': '***', 'action': 'x'}"),
        ("APCA-API-SECRET-KEY: abc", "APCA-API-SECRET-KEY: ***"),
        ("set API_TOKEN: a token is needed", "set API_TOKEN: a token is needed"),
    ],
)
def test_urls_lose_their_query_and_their_login(text: str, left: str) -> None:
    """A ticket is in the one, a password in the other."""
    assert without_secrets(text) == left


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.usefixtures("restored_logging")
def test_logs_go_to_standard_error(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Without secrets in either form; standard output is for what a person pipes on."""
    configure("INFO", form)
    logging.getLogger("tapecast.test").info("it_is: /stream?ticket=secret")
    logging.getLogger("tapecast.test").debug("not this")
    said = capsys.readouterr()
    assert said.out == ""
    line = said.err.rstrip()
    assert (json.loads(line)["message"] if form == "json" else line).endswith("it_is: /stream")
    assert "not this" not in said.err


def test_a_traceback_in_text_has_no_secret() -> None:
    """As in JSON."""
    try:
        raise RuntimeError("redis://me:secret@host/0")  # noqa: TRY301
    except RuntimeError:
        text = TextFormatter().format(record("it_failed", exc_info=sys.exc_info()))
    assert "Traceback" in text
    assert "me:secret" not in text


def test_a_crash_is_a_record_as_well() -> None:
    """The interpreter would print it over many lines, and with every URL whole."""
    code = (
        "from tapecast.logs import configure; configure('INFO', 'json'); raise OSError('http://a/b?ticket=t')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = json.loads(ended.stderr)
    assert ended.returncode == 1
    assert (said["level"], said["event"]) == ("CRITICAL", "process_crashed")
    assert said["exception"].endswith("OSError: http://a/b")


@pytest.mark.parametrize(
    ("level", "loudest"), [("DEBUG", "WARNING"), ("INFO", "WARNING"), ("ERROR", "ERROR")]
)
@pytest.mark.usefixtures("restored_logging")
def test_libraries_are_no_louder_than_warnings(level: str, loudest: str) -> None:
    """Httpx tells of every request at INFO, with its URL."""
    configure(level, "text")
    assert logging.getLogger("httpx").getEffectiveLevel() == logging.getLevelName(loudest)


@pytest.mark.usefixtures("restored_logging")
def test_no_client_can_fill_the_log() -> None:
    """With requests that are none, of each of which uvicorn warns."""
    configure("DEBUG", "text")
    assert not logging.getLogger("uvicorn.error").isEnabledFor(logging.WARNING)
    assert logging.getLogger("uvicorn.error").isEnabledFor(logging.ERROR)


def logged() -> dict[str, set[str]]:
    """Every event in the code, with its levels; a message without one is an event of its own, and fails."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "logger"):
                continue
            level, (first, *others) = node.func.attr, node.args
            levels = {{"exception": "error"}.get(level, level)}
            if level == "log":
                levels = {n.attr.lower() for n in ast.walk(first) if isinstance(n, ast.Attribute)}
                first = others[0]
            assert isinstance(first, ast.Constant), f"{path}:{node.lineno}: a template that is no literal"
            event = logs.event(record(str(first.value)))
            found.setdefault(event if event != logs.OTHER else str(first.value), set()).update(levels)
    return found


def test_every_event_is_in_the_table() -> None:
    """With its level, what it means and what to do; and the table has no event that is gone."""
    rows = {match[1]: match[2] for match in ROW.finditer((ROOT / "docs" / "logs.md").read_text("utf-8"))}
    events = logged()
    assert set(rows) == set(events)
    assert not {name: level for name, level in rows.items() if level not in events[name]}
    assert set(rows.values()) <= LEVELS


def test_the_example_in_the_docs_is_a_line_of_ours() -> None:
    """Its fields are those that are written."""
    text = (ROOT / "docs" / "logs.md").read_text("utf-8")
    example = json.loads(text.partition("```json\n")[2].partition("\n")[0])
    line = json.loads(JsonFormatter().format(record("feed_lost: x")))
    assert list(example) == list(line)
    assert example["event"] == logs.event(record(example["message"]))
