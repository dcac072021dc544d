"""Where errors become a line and an exit code, for every command alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from tapecast.errors import SettingsError, StartError, Stopped


@contextmanager
def told() -> Iterator[None]:
    """Our own errors become one line and an exit code: 2 for a setting, 1 for the rest."""
    try:
        yield
    except (SettingsError, StartError) as error:
        _exit(error)
    except Stopped:
        return
    except KeyboardInterrupt:
        # Before the loop has its own handler; after that, Ctrl-C ends the streams politely.
        sys.exit(130)
    except BaseExceptionGroup as group:
        # Tasks fail in groups; a StartError in one is still for a person to read.
        ours = group.subgroup((SettingsError, StartError))
        if ours is None:
            raise
        _exit(_first(ours))


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _exit(error: BaseException) -> None:
    click.echo(f"tapecast: {error}", err=True)
    sys.exit(2 if isinstance(error, SettingsError) else 1)
