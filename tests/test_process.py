"""A taken port is named, and a signal ends the process in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from tapecast.errors import StartError
from tapecast.process import UNTAKEN_MS, is_here, listen, process_id
from tests.support import PATIENCE_S

STOPS = """
import asyncio
from tapecast.process import run

async def main(stop):
    print(type(asyncio.get_running_loop()).__module__, flush=True)
    await stop.wait()
    print("stopping", flush=True)
    if LINGERS:
        await asyncio.Event().wait()
    print("closed", flush=True)

run(main)
print("ended", flush=True)
"""


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_listening_accepts_connections(host: str) -> None:
    """On a free port where 0 is asked for."""
    with listen(host, 0) as sock:
        assert not sock.getblocking()
        socket.create_connection(sock.getsockname(), timeout=PATIENCE_S).close()


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no TCP_USER_TIMEOUT")
def test_a_peer_that_takes_nothing_is_given_up_by_the_kernel() -> None:
    """It would otherwise be asked for a quarter of an hour, or, if it answers without reading, for ever."""
    with listen("127.0.0.1", 0) as sock, socket.create_connection(sock.getsockname(), timeout=PATIENCE_S):
        sock.settimeout(PATIENCE_S)
        accepted, _ = sock.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == UNTAKEN_MS


def test_a_host_with_a_colon_is_ipv6() -> None:
    """`::1` and `::` are addresses, too."""
    try:
        sock = listen("::1", 0)
    except StartError:
        pytest.skip("no IPv6 on this machine")
    with closing(sock):
        assert sock.family is socket.AF_INET6


def test_a_taken_port_is_named() -> None:
    """With the next one to try."""
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            StartError, match=rf"port {port} on 127\.0\.0\.1 .*--port or PORT, e\.g\. PORT={port + 1}"
        ):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_named_without_advice_on_ports() -> None:
    """Another port would not help."""
    with pytest.raises(StartError, match=r"192\.0\.2\.1") as caught:
        listen("192.0.2.1", 0)
    assert "PORT=" not in str(caught.value)


def start(*, lingers: bool) -> subprocess.Popen[str]:
    """A process that runs until it is told to stop, and then for ever if it lingers."""
    script = STOPS.replace("LINGERS", str(lingers))
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[str]]:
    """A process inside `run`, waiting for its signal."""
    with start(lingers=False) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == ("asyncio" if os.name == "nt" else "uvloop")
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_in_order(waiting: subprocess.Popen[str], number: signal.Signals) -> None:
    """Everything after the wait still runs, and the exit code is that of success."""
    waiting.send_signal(number)
    out, _ = waiting.communicate(timeout=PATIENCE_S)
    assert out.split() == ["stopping", "closed", "ended"]
    assert waiting.returncode == 0


def test_a_second_interrupt_does_not_wait() -> None:
    """For a person who will not wait for the streams to end."""
    with start(lingers=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == -signal.SIGINT


def test_a_second_termination_changes_nothing() -> None:
    """A platform that repeats itself must not cut the streams off."""
    with start(lingers=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.kill()


def test_an_error_of_the_main_task_reaches_the_caller() -> None:
    """The command line turns it into a line and an exit code."""
    script = "from tapecast.process import run\nasync def main(stop): raise SystemExit(7)\nrun(main)"
    assert subprocess.run([sys.executable, "-c", script], timeout=PATIENCE_S, check=False).returncode == 7


def test_a_process_id_is_unique_and_tells_its_host() -> None:
    """Two replicas of one host never share a key, and a health check finds its own."""
    one, other = process_id(), process_id()
    assert one != other
    assert is_here(one)
    assert not is_here("somewhere-else-1-abcdef")


LIMITS = """
import resource
from tapecast.process import allow_files
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 1000))
print(allow_files(50), resource.getrlimit(resource.RLIMIT_NOFILE)[0], allow_files(5000))
"""

COLLECTIONS = """
import gc
from tapecast.process import spare_collections
spare_collections()
print(gc.get_freeze_count() > 1000, gc.get_threshold()[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(("code", "said"), [(LIMITS, "1000 1000 1000\n"), (COLLECTIONS, "True 50000\n")])
def test_room_is_made_for_many_connections(code: str, said: str) -> None:
    """As many files may be open as the system allows; the collector passes over what stays."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == said
