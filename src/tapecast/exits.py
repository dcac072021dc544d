"""Exit codes of the commands that ask a server, `watch` and `bench`: the same cause has the same code.

Those of the commands that serve are in errors.py.
"""

from __future__ import annotations

from typing import Final

DONE: Final = 0
AMISS: Final = 1
"""What came is not as it should be: streams lost, prices that are not of now. Or it could not be shown."""
WRONG: Final = 2
"""What was asked for cannot be had, by anybody: options, the address, symbols."""
NO_STREAM: Final = 3
"""Nobody answers, or not now, or what answers is no tapecast."""
NOT_ALLOWED: Final = 4
"""No ticket or token, or not one for this."""
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141
TERMINATED: Final = 143
