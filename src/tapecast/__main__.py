"""`tapecast`, and `python -m tapecast`: the same. Ctrl-C while the imports take their time is no mistake."""

from __future__ import annotations

import sys
from typing import NoReturn

INTERRUPTED = 130


def run() -> None:
    """The command line. Ctrl-C at any moment is 130, where click would say 1, which means a failure here."""
    try:
        from click import Abort, ClickException  # noqa: PLC0415 - see above

        from tapecast.cli import main  # noqa: PLC0415
    except KeyboardInterrupt:
        _interrupted()
    try:
        code = main(standalone_mode=False)
    except ClickException as error:
        error.show()
        code = error.exit_code
    except (KeyboardInterrupt, Abort):
        _interrupted()
    sys.exit(code)


def _interrupted() -> NoReturn:
    sys.stderr.write("tapecast: interrupted\n")
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
