"""What every process of ours does alike: listen, run a loop, and stop when told to."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from tapecast.errors import StartError

BACKLOG: Final = 2048
"""A reconnect storm arrives faster than one loop accepts."""
UNTAKEN_MS: Final = 45_000
"""A peer that is gone without a word, or takes nothing, is given up by the kernel after so long. Longer than
`audience.STALL_S`: a stream that stalls is the api's to evict, and to count."""


def process_id() -> str:
    """Unique among all processes that share a Redis, and telling where it runs."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"


def is_here(process: str) -> bool:
    """Whether the process with this id runs, or ran, on this host."""
    return process.rsplit("-", 2)[0] == socket.gethostname()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Bound before anything else starts, so that a taken port is the first thing said.

    Raises StartError that names the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # What is accepted from it inherits this.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_MS)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        taken = error.errno == errno.EADDRINUSE and port < 65535
        hint = f"; choose another with --port or PORT, e.g. PORT={port + 1}" if taken else ""
        raise StartError(f"port {port} on {host} cannot be had ({error.strerror}){hint}") from None
    sock.setblocking(False)
    return sock


def allow_files(wanted: int) -> int:
    """Let this process have as many files and sockets open as the system does; returns how many.

    Where that has no end, so many as are `wanted`.
    """
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    # Also whoever is refused needs one, for a moment.
    allowed = max(soft, wanted) if hard == resource.RLIM_INFINITY else hard
    with suppress(ValueError, OSError):  # some systems promise more than they give
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def spare_collections() -> None:
    """Make the garbage collector pass over what stays, and come seldom.

    With thousands of connections a full collection stops the loop for long, and finds next to nothing: our
    objects form no cycles. `make bench` has rows without it ("collector as it comes").
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)


def run(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `main` on the fastest loop there is; SIGTERM and Ctrl-C set the event that it is given.

    A second Ctrl-C ends the process at once, for a person who will not wait for the streams to end.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_stopped(main))


async def _until_stopped(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def on_signal(number: int) -> None:
        stop.set()
        if number == signal.SIGINT:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has no loop signal handlers; Ctrl-C still interrupts
            loop.add_signal_handler(number, on_signal, number)
    await main(stop)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - not on Windows
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
