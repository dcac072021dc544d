"""Makes .venv what the project needs, and does nothing when it already is.

`make` calls it before each target, with the Python that scripts/find-python chose and the extra that the
target needs. What was installed is written in .venv/installed.json, and only after all went well: that the
file says the same is the whole check, so the second `make up` is instant. pip builds the dashboard too; where
its sources have changed since, it is built anew, or goes without: once for each change, not at each make.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import venv
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from build_dashboard import Dashboard, NotBuiltError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
INSTALLED = VENV / "installed.json"
PYPROJECT = ROOT / "pyproject.toml"
TRIED = VENV / "dashboard"
"""Of which sources a build was tried last."""
EVERYTHING = "test"
"""The extra that contains the others."""

Facts = dict[str, str]


def wanted(extra: str) -> Facts:
    """What .venv must have been made from."""
    return {
        # The installation behind the interpreter: the same from a shell in which a venv is active.
        "python": f"{sys.base_prefix} {sys.version_info.major}.{sys.version_info.minor}",
        # Scripts in .venv/bin name it in their first line, so a moved project needs a new one.
        "root": str(ROOT),
        # Its content, not its time: a checkout touches files that did not change.
        "pyproject": f"{zlib.crc32(PYPROJECT.read_bytes()):08x}",
        "extra": extra,
    }


def installed() -> Facts:
    """What it was made from; empty where it was not finished, or another tool made it."""
    try:
        facts: Facts = json.loads(INSTALLED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    # The link into a Python that was since removed dangles.
    return facts if os.access(VENV / "bin" / "python", os.X_OK) else {}


def suffices(have: Facts, want: Facts) -> bool:
    """Whether there is nothing to do: `make up` after `make test` finds more than it asks for."""
    return have in (want, want | {"extra": EVERYTHING})


@contextmanager
def one_at_a_time() -> Iterator[int]:
    """Two makes at once would write the same files. The lock ends with its holders, so none is left over."""
    with PYPROJECT.open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another make is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def install(want: Facts, lock: int) -> None:
    """Brings .venv to `want`; whatever interrupts it, the next run sees that it was not finished."""
    have = installed()
    if (have.get("python"), have.get("root")) != (want["python"], want["root"]):
        # Also after an interruption: pip believes in a package whose files were copied only in part.
        create()
        have = {}
    say(f"installing tapecast[{want['extra']}]; the first time may take a minute")
    INSTALLED.unlink(missing_ok=True)
    if run_pip(want["extra"], lock) != 0:
        if have:
            # pip downloads before it changes anything: without a network, what worked goes on working.
            write(have)
        raise SystemExit("tapecast: pip did not succeed (see above); run the same make again to continue")
    write(want)


def create() -> None:
    """A new .venv in the place of whatever is there."""
    say("making .venv")
    try:
        venv.EnvBuilder(clear=True, symlinks=True, with_pip=True).create(VENV)
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"tapecast: {VENV} could not be made: {error}") from None


def run_pip(extra: str, lock: int) -> int:
    """Installs the project, editable, and returns pip's exit status."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--editable", f".[{extra}]"]
    defaults = {"PIP_DEFAULT_TIMEOUT": "60", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # Some shared machines say PIP_USER=1, which pip refuses inside a venv.
    environ = defaults | os.environ | {"PIP_USER": "0"}
    # pip holds the lock too: if we are killed, it still installs for a moment.
    return subprocess.run(command, cwd=ROOT, env=environ, pass_fds=[lock], check=False).returncode


def refresh(dashboard: Dashboard) -> None:
    """Builds the dashboard if its sources are others than at the last try. Its absence stops nothing."""
    if not dashboard.has_sources:
        return
    want = dashboard.sum
    if TRIED.is_file() and TRIED.read_text("utf-8") == want:
        return
    try:
        if not dashboard.is_fresh:
            dashboard.build()
    except (NotBuiltError, OSError) as error:
        say(f"going on with the plain page: {error}. `make dashboard` tries again")
    TRIED.write_text(want, "utf-8")


def write(facts: Facts) -> None:
    """Whole or not at all."""
    draft = INSTALLED.with_suffix(".draft")
    draft.write_text(json.dumps(facts, indent=1), encoding="utf-8")
    draft.replace(INSTALLED)


def say(text: str) -> None:
    """One line for the person who waits."""
    print(f"tapecast: {text}", file=sys.stderr, flush=True)


def main(extra: str) -> None:
    """The command: make .venv hold `extra`."""
    want = wanted(extra)
    if not suffices(installed(), want):
        with one_at_a_time() as lock:
            if not suffices(installed(), want):
                install(want, lock)
    refresh(Dashboard(ROOT))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        raise SystemExit(130) from None
