"""A cancellation that must not get lost."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Raise CancelledError if this task was asked to end and something has swallowed that.

    On Python 3.11 and 3.12 a TaskGroup that is cancelled in the very moment in which a child of it fails
    raises the failure and forgets the cancellation. A loop that catches the failure would then go on for
    ever, and SIGTERM would hang. Call this wherever the failure of a group is caught.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
