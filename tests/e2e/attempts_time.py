"""Attempts to hold a connection without saying what it is for."""

from __future__ import annotations

from tests.e2e.attempt import BEARER, PRICES, Caller, drips, rows, sends, waits
from tests.e2e.wire import get

_UNENDED = get("/tickets", BEARER, "Content-Length: 100", method="POST")

TIME = rows(
    "Time",
    "token",
    ("nothing is said", "cut off after 10 s", waits()),
    ("half of a head, and no more", "cut off after 10 s", waits(get(PRICES)[:-2])),
    ("a head, a byte a second", "cut off after 10 s", drips(get(PRICES)[:-2], b"X")),
    ("a head, a line a second", "cut off after 10 s", drips(get(PRICES)[:-2], b"X: y\r\n")),
    ("nothing more is said after an answer", "200, then cut off after 10 s", waits(get("/healthz"))),
    ("half of a second head", "200, then cut off after 10 s", waits(get("/healthz"), get(PRICES)[:-2])),
    (
        "a refused body, a byte a second",
        "401 `unauthorized`, then cut off after 10 s",
        drips(get("/tickets", "Content-Length: 100", method="POST"), b"x"),
    ),
    ("a body that does not come", "400 `body_invalid` after 10 s", sends(_UNENDED)),
    ("a body, a byte a second", "400 `body_invalid` after 10 s", drips(_UNENDED, b" ", Caller.settle)),
)
