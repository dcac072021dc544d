"""Log lines: one a record, to standard error, as text or as JSON, with a stable name for each event.

The name is the word before the colon of a message; docs/logs.md lists them all, and a test compares it with
the code. Standard output is for banners and for what a person pipes on.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

OTHER: Final = "other"
"""The event of what libraries log."""

_EVENT: Final = re.compile(r"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?::|$)")
# Errors of libraries hold URLs: what follows a question mark may be a ticket, what precedes an @ a password.
_QUERY: Final = re.compile(r"((?:\b\w+://|/)[^\s?'\"<>]*)\?[^\s'\"<>]*")
_LOGIN: Final = re.compile(r"(\b\w+://)[^\s/@'\"]+@")
# As a program would print a header or a part of a query.
_WORD: Final = re.compile(
    r"(\bBearer +|\b(?:ticket|token|secret|password|secret_key|APCA-API-SECRET-KEY)[\"']?[=:] ?[\"']?)"
    r"[^\s&'\",;]+",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


def without_secrets(text: str) -> str:
    """The text without queries and logins of its URLs, and without what follows the name of a secret."""
    return _WORD.sub(r"\1***", _LOGIN.sub(r"\1***@", _QUERY.sub(r"\1", text)))


class TextFormatter(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, and the traceback where there is one."""
        return without_secrets(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for platforms that index logs."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON: ts, level, logger, event, message, and the exception where there is one."""
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": event(record),
            "message": without_secrets(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = without_secrets(self.formatException(record.exc_info))
        return json.dumps(line)


def event(record: logging.LogRecord) -> str:
    """The stable name of what happened."""
    # Of the template: what is filled in comes from outside.
    found = _EVENT.match(str(record.msg)) if record.name.startswith("tapecast") else None
    return found[1] if found else OTHER


def configure(level: str, form: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These tell of every request at INFO and of every frame, accounts included, at DEBUG.
    for name in ("httpx", "httpcore", "websockets", "asyncio", "sse_starlette"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    # It warns of each request that is none, so any client could fill the log.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    sys.excepthook = _crashed


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    # The interpreter would print it over many lines, with whatever URL is in it.
    logger.critical("process_crashed: %s", kind.__name__, exc_info=(kind, error, trace))
