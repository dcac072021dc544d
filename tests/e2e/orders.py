"""Orders that a drill gives to a process of ours: what no signal says and no proxy can do.

The process loads this file before anything else (`sitecustomize`) and obeys on SIGUSR1: its wall clock is
set, or the disk with its log is full. The system's own clock and disk are not touched, nor is our code.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

ORDERS = "DRILL_ORDERS"
"""Names the folder in which each process has a file with its order, by its id."""
IN_THE_CHILD = "__drill__"


def obeying(folder: Path) -> dict[str, str]:
    """The environment in which a process takes orders, which come through this folder."""
    script = f"import runpy\nrunpy.run_path({str(Path(__file__))!r}, run_name={IN_THE_CHILD!r})\n"
    (folder / "sitecustomize.py").write_text(script, "utf-8")
    return {"PYTHONPATH": str(folder), ORDERS: str(folder)}


def write(folder: Path, pid: int, order: str) -> None:
    """What is to be done at the next SIGUSR1: `clock SECONDS`, `disk full` or `disk free`."""
    (folder / str(pid)).write_text(order, "utf-8")


def _obey() -> None:
    wall, wall_ns = time.time, time.time_ns
    outputs = [os.dup(1), os.dup(2)]
    ahead_s = 0

    def on_order(*_args: object) -> None:
        nonlocal ahead_s
        word, _, setting = (Path(os.environ[ORDERS]) / str(os.getpid())).read_text("utf-8").partition(" ")
        if word == "clock":
            ahead_s = int(setting)
            return
        full = os.open("/dev/full", os.O_WRONLY)
        for number, before in enumerate(outputs, 1):
            os.dup2(full if setting == "full" else before, number)
        os.close(full)

    time.time = lambda: wall() + ahead_s
    time.time_ns = lambda: wall_ns() + ahead_s * 1_000_000_000
    signal.signal(signal.SIGUSR1, on_order)


if __name__ == IN_THE_CHILD:
    _obey()
