"""Tests of transports run on each event loop: they differ in what they forgive and in when they tell."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if sys.platform != "win32":
    import uvloop

    LOOPS["uvloop"] = uvloop.new_event_loop


def on_each_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run this test on each event loop that the service may run on."""

    @pytest.mark.parametrize("loop", LOOPS)
    def run(loop: str) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(test())

    run.__name__, run.__module__, run.__doc__ = test.__name__, test.__module__, test.__doc__
    return run
