"""Keeps tickets and passwords out of logs.

A ticket is in the query of a stream's URL, a proxy's password may be before its host, and httpx logs each URL
at INFO: a program that only sets its log level would write them down.
"""

from __future__ import annotations

import logging
import re
from typing import Final

import httpx

_TICKET: Final = re.compile(r"([?&]ticket=)[^&#]*")
_LOGIN: Final = re.compile(r"//[^/?#]*@")


class _Redaction(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_told(each) for each in record.args)
        return True


def _told(value: object) -> object:
    if not isinstance(value, httpx.URL) or not (value.userinfo or "ticket" in value.params):
        return value
    return _LOGIN.sub("//…@", _TICKET.sub(r"\1…", str(value)))


_REDACTION: Final = _Redaction()


def keep_tickets_out_of_logs() -> None:
    """From now on, in this process. Doing it again changes nothing."""
    logging.getLogger("httpx").addFilter(_REDACTION)
