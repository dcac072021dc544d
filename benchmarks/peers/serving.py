"""How both peers are served: uvicorn at its fastest, with nothing logged."""

from __future__ import annotations

import uvicorn
from starlette.applications import Starlette

from benchmarks.machine import raise_open_files


def serve(app: Starlette, port: int) -> None:
    """Serve until a signal comes."""
    raise_open_files()
    uvicorn.run(
        app, host="127.0.0.1", port=port, loop="uvloop", http="httptools", access_log=False,
        log_level="warning", backlog=4096, timeout_graceful_shutdown=1,
    )  # fmt: skip
