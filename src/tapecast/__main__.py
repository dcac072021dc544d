"""`tapecast`, and `python -m tapecast`: the same. Ctrl-C while the imports take their time is no mistake."""

from __future__ import annotations

import sys


def run() -> None:
    """The command line."""
    try:
        from tapecast.cli import main  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        sys.exit(130)
    main()


if __name__ == "__main__":
    run()
