"""Attempts at what needs a right: without one, with a wrong one, and with one for something else."""

from __future__ import annotations

from tests.e2e.attempt import BEARER, EVENT_SOURCE, POSITIONS, PRICES, STATUS, carrying, rows, sends
from tests.e2e.forger import OLDER, TOKEN, claimed, headed, joined, swapped, ticket
from tests.e2e.wire import get

CREDENTIALS = rows(
    "Credentials, where `API_TOKEN` holds two",
    "token",
    ("prices with the token, as `Authorization: Bearer`", "200, the stream", sends(get(PRICES, BEARER))),
    (
        "with the older of the two tokens",
        "200, the stream",
        sends(get(PRICES, f"Authorization: Bearer {OLDER}")),
    ),
    ("prices without a credential", "401 `unauthorized`", sends(get(PRICES))),
    ("the same by an `EventSource`", "401 `unauthorized`", sends(get(PRICES, EVENT_SOURCE))),
    ("the same under `/api`", "401 `unauthorized`", sends(get(f"/api{PRICES}"))),
    ("prices once", "401 `unauthorized`", sends(get("/prices?symbols=AAPL"))),
    ("the status", "401 `unauthorized`", sends(get(STATUS))),
    ("positions", "401 `unauthorized`", sends(get(POSITIONS))),
    ("several on one connection", "401 `unauthorized`", sends(get("/stream?prices=AAPL&positions&status"))),
    ("a wrong token", "401 `unauthorized`", sends(get(PRICES, "Authorization: Bearer nope"))),
    ("the token but for its last character", "401 `unauthorized`", sends(get(PRICES, BEARER[:-1]))),
    ("both tokens at once", "401 `unauthorized`", sends(get(PRICES, f"{BEARER},{OLDER}"))),
    ("the token as `Basic`", "401 `unauthorized`", sends(get(PRICES, f"Authorization: Basic {TOKEN}"))),
    (
        "the token in a second `Authorization`",
        "401 `unauthorized`",
        sends(get(PRICES, "Authorization: x", BEARER)),
    ),
    ("the token in a cookie", "401 `unauthorized`", sends(get(PRICES, f"Cookie: token={TOKEN}"))),
    ("the token in the URL", "401 `unauthorized`", sends(get(f"{PRICES}&token={TOKEN}"))),
    ("the token in the URL, as a ticket", "401 `unauthorized`", carrying(TOKEN)),
    ("the token before the host", "401 `unauthorized`", sends(get(f"http://{TOKEN}@localhost{PRICES}"))),
    ("a ticket, without a token", "401 `unauthorized`", sends(get("/tickets", method="POST"))),
    (
        "a ticket, with a ticket",
        "401 `unauthorized`",
        sends(get(f"/tickets?ticket={ticket()}", method="POST")),
    ),
)

NONE_SET = rows(
    "Without `API_TOKEN`",
    "open",
    ("prices", "200, the stream", sends(get(PRICES))),
    ("positions", "403 `forbidden`", sends(get(POSITIONS))),
    ("positions among others", "403 `forbidden`", sends(get("/stream?prices=AAPL&positions"))),
    (
        "positions, by a `Host` and a peer of this machine",
        "403 `forbidden`",
        sends(get(POSITIONS, "Origin: http://localhost")),
    ),
    ("a ticket", "403 `forbidden`", sends(get("/tickets", BEARER, method="POST"))),
)

LAPTOP = rows(
    "Positions from `tapecast up` on a laptop, without `API_TOKEN`",
    "laptop",
    ("from this machine", "200, the stream", sends(get(POSITIONS))),
    (
        "by a foreign name that points here",
        "403 `forbidden`",
        sends(get(POSITIONS).replace(b"localhost", b"evil.example")),
    ),
    ("by a page of another site", "403 `forbidden`", sends(get(POSITIONS, "Origin: https://evil.example"))),
    ("by another site's `<img>`", "403 `forbidden`", sends(get(POSITIONS, "Sec-Fetch-Site: cross-site"))),
    (
        "by a page of another port",
        "403 `forbidden`",
        sends(get(POSITIONS, "Origin: http://localhost:1")),
    ),
    ("by a sandboxed page", "403 `forbidden`", sends(get(POSITIONS, "Origin: null"))),
    (
        "through a proxy",
        "403 `forbidden`",
        sends(get(POSITIONS, "X-Forwarded-For: 127.0.0.1")),
    ),
)

TICKETS = rows(
    "Tickets",
    "token",
    ("one of ours", "200, the stream", carrying(ticket())),
    ("made with the older token", "200, the stream", carrying(ticket(token=1))),
    ("for another stream", "403 `forbidden`", carrying(ticket("status"))),
    (
        "for one of the streams that are asked for",
        "403 `forbidden`",
        carrying(ticket("prices"), "/stream?prices=AAPL&status"),
    ),
    (
        "for another symbol",
        "200, `AAPL` refused: `not_allowed`",
        carrying(ticket(symbols=frozenset({"MSFT"}))),
    ),
    ("expired", "401 `ticket_expired`", carrying(ticket(lasts_s=-1))),
    (
        "expired, by an `EventSource`",
        "200, `bye` `ticket_expired`",
        carrying(ticket(lasts_s=-1), PRICES, EVENT_SOURCE),
    ),
    (
        "forged and expired, by an `EventSource`",
        "401 `unauthorized`",
        carrying(claimed(b"x" * 32, exp=1), PRICES, EVENT_SOURCE),
    ),
    ("beside a wrong token", "401 `unauthorized`", carrying(ticket(), PRICES, "Authorization: Bearer nope")),
    ("as a token", "401 `unauthorized`", sends(get(PRICES, f"Authorization: Bearer {ticket()}"))),
    ("signed with another key", "401 `unauthorized`", carrying(claimed(b"x" * 32))),
    ("signed with the token itself", "401 `unauthorized`", carrying(claimed(TOKEN.encode()))),
    ("`alg: none`, unsigned", "401 `unauthorized`", carrying(headed("none"))),
    ("`alg: none`, signed", "401 `unauthorized`", carrying(headed("none", "sha256"))),
    ("another algorithm, with the right key", "401 `unauthorized`", carrying(headed("HS512", "sha512"))),
    ("for another audience", "401 `unauthorized`", carrying(claimed(aud="other"))),
    ("without an end", "401 `unauthorized`", carrying(claimed(exp=None))),
    ("without streams", "401 `unauthorized`", carrying(claimed(streams=None))),
    ("with a letter of its claims changed", "401 `unauthorized`", carrying(swapped(ticket()))),
    ("with a header of endless nesting", "401 `unauthorized`", carrying(joined(b'{"a":' * 2000, "e30"))),
    ("of 20 KB", "401 `unauthorized`", carrying(claimed(filler="x" * 20_000))),
    ("of nothing", "401 `unauthorized`", carrying("")),
)

RIGHTS = [*CREDENTIALS, *NONE_SET, *LAPTOP, *TICKETS]
