"""nchan, the bar: nginx with its module, subscribers over EventSource, many channels on one connection."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cores, found, nchan_module, no_nchan
from benchmarks.processes import Child, answers, free_port, running
from benchmarks.subjects.base import Feed, Watchlist


@dataclass
class NchanStage:
    """A running nginx."""

    child: Child
    port: int
    publish_port: int
    views: tuple[Watchlist, ...] = ()

    def pids(self) -> list[int]:
        """Master and worker."""
        return self.child.pids()

    def paths(self, lists: Sequence[Watchlist]) -> list[str]:
        """The channel of the view, or those of the symbols."""
        if self.views:
            return [f"/sub/view{self.views.index(symbols)}" for symbols in lists]
        return [f"/sub/{','.join(symbols)}" for symbols in lists]

    @contextmanager
    def fed(self, feed: Feed) -> Iterator[None]:
        """A message for each tick; with views, one for each view and turn."""
        self.views = feed.views
        channels = {f"view{n}": view for n, view in enumerate(feed.views)} or {s: (s,) for s in feed.symbols}
        command = [sys.executable, "-m", "benchmarks.publishers.http", str(self.publish_port), str(feed.rate)]
        command += [f"{name}={','.join(symbols)}" for name, symbols in channels.items()]
        with running(command, cores()[1], stdout=subprocess.PIPE) as publisher:
            publisher.line()
            yield


class Nchan:
    """The subject."""

    name = "nchan"

    def missing(self) -> str:
        """It needs nginx and the module."""
        return no_nchan()

    @contextmanager
    def serving(self) -> Iterator[NchanStage]:
        """Nginx on a configuration of its own."""
        subscribe, publish = free_port(), free_port()
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "nginx.conf"
            config.write_text(_config(folder, subscribe, publish), encoding="utf-8")
            nginx = found("nginx") or "nginx"
            with running([nginx, "-p", folder, "-c", str(config)], cores()[0]) as child:
                child.wait_for(lambda: answers(subscribe) and answers(publish))
                yield NchanStage(child, subscribe, publish)


def _config(folder: str, subscribe: int, publish: int) -> str:
    words = {
        "module": nchan_module(),
        # A worker of nobody's could not write into our folder.
        "user": "user root;" if os.geteuid() == 0 else "",
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "folder": folder,
        "subscribe": subscribe,
        "publish": publish,
    }
    text = Path(__file__).with_suffix(".conf").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text


NCHAN = Nchan()
