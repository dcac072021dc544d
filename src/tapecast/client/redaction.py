"""Keeps tickets out of logs.

A ticket is in the query of a stream's URL, and httpx logs each URL at INFO: a program that only sets its log
level would write its tickets down.
"""

from __future__ import annotations

import logging
import re
from typing import Final

import httpx

_TICKET: Final = re.compile(r"([?&]ticket=)[^&#]*")


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_told(each) for each in record.args)
        return True


def _told(value: object) -> object:
    is_url = isinstance(value, httpx.URL) and "ticket" in value.params
    return _TICKET.sub(r"\1…", str(value)) if is_url else value


_REDACTION: Final = _Redaction()


def keep_tickets_out_of_logs() -> None:
    """From now on, in this process. Doing it again changes nothing."""
    logging.getLogger("httpx").addFilter(_REDACTION)
