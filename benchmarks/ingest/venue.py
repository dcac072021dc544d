"""A venue that only sends: the handshake of Alpaca's data stream, then prepared frames at a rate or flat out.

It writes whole frames to the socket, so that it never is what limits; the simulator is for everything else.
Beside the stream it answers the REST calls that seed an ingest. Each second it prints one JSON line: the
time, the messages sent so far, and how late the sending was at worst.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgpack
from websockets.frames import Frame as Message
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from benchmarks.ingest import frames

TICK_S: Final = 0.001
"""At 100,000 a second two frames each."""


class Peer:
    """The client's side of the conversation, as far as a venue listens to it."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._protocol = ServerProtocol()
        self._subscribed: dict[str, None] = {}

    @property
    def subscribed(self) -> int:
        """How many symbols it has asked for."""
        return len(self._subscribed)

    def listen(self) -> bool:
        """Take what has arrived and answer it; whether the client is still there."""
        data = self._sock.recv(65536)
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
                self._say([{"T": "success", "msg": "connected"}])
            elif isinstance(event, Message) and event.opcode in (Opcode.BINARY, Opcode.TEXT):
                self._answer(msgpack.unpackb(event.data))
        self._flush()
        return bool(data)

    def _answer(self, request: dict[str, Any]) -> None:
        if request["action"] == "auth":
            self._say([{"T": "success", "msg": "authenticated"}])
            return
        self._subscribed.update(dict.fromkeys(request.get("trades", ())))
        self._say([{"T": "subscription", "trades": list(self._subscribed), "quotes": []}])

    def _say(self, messages: list[dict[str, Any]]) -> None:
        self._protocol.send_binary(msgpack.packb(messages))

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            self._sock.sendall(data)


class _Rest(BaseHTTPRequestHandler):
    """Snapshots, so that ticks have all their fields, and a clock that says "open"."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body: dict[str, Any] = {"is_open": True, "timestamp": _at(time.time())}
        body |= {"next_open": _at(time.time() + 86400), "next_close": _at(time.time() + 43200)}
        if "snapshots" in parts.path:
            body = {symbol: _snapshot() for symbol in parse_qs(parts.query)["symbols"][0].split(",")}
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _at(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _snapshot() -> dict[str, Any]:
    now, midnight = time.time(), time.time() // 86400 * 86400
    bar = {"o": 100.0, "h": 101.0, "l": 99.0, "c": 100.5, "v": 1_000_000, "n": 9, "vw": 100.2}
    return {
        "latestTrade": {"t": _at(now - 1), "x": "V", "p": 100.5, "s": 100, "c": ["@"], "i": 1, "z": "C"},
        "dailyBar": bar | {"t": _at(midnight)},
        "prevDailyBar": bar | {"t": _at(midnight - 86400)},
    }


def _send(sock: socket.socket, prepared: Sequence[frames.Frame], rate: float, per_frame: int) -> None:
    """Send at `rate` messages a second, or flat out for 0, until the client is gone."""
    sent, at, late = 0, 0, 0.0
    started = said = time.monotonic()
    while True:
        now = time.monotonic()
        due = int((now - started) * rate / per_frame) - sent if rate else 16
        late = max(late, due * per_frame / rate) if rate else 0.0
        for _ in range(due):
            sock.sendall(prepared[at].stamp(time.time_ns()))
            at = (at + 1) % len(prepared)
        sent += due
        if now - said >= 1.0:
            line = {"at": time.monotonic(), "sent": sent * per_frame, "late_s": round(late, 4)}
            print(json.dumps(line), flush=True)
            said, late = now, 0.0
        if rate:
            time.sleep(max(0.0, TICK_S - (time.monotonic() - now)))


def main() -> None:
    """Serve one client after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.0)
    parser.add_argument("--per-frame", type=int, default=frames.PER_FRAME)
    options = parser.parse_args()
    rest = ThreadingHTTPServer(("127.0.0.1", 0), _Rest)
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    symbols = frames.names(options.symbols)
    prepared = frames.trades(symbols, 100_000 // options.per_frame, options.per_frame)
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"stream": listener.getsockname()[1], "rest": rest.server_port}), flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = Peer(sock)
        try:
            while peer.subscribed < options.symbols and peer.listen():
                pass
            threading.Thread(target=_drain, args=(peer,), daemon=True).start()
            _send(sock, prepared, options.rate, options.per_frame)
        except OSError:
            print(json.dumps({"gone": time.monotonic()}), flush=True)


def _drain(peer: Peer) -> None:
    # Pings are answered: a venue that is silent to them is given up.
    try:
        while peer.listen():
            pass
    except OSError:
        return


if __name__ == "__main__":
    main()
