"""Fatal and transient differ by type."""

from __future__ import annotations

import inspect

import tapecast.client
from tapecast.client import StreamError, StreamFatal, StreamTransient, errors
from tapecast.errors import TapecastError


def test_each_error_is_fatal_or_transient_and_public() -> None:
    """And the tree in the docstring names it."""
    found = {name: each for name, each in vars(errors).items() if inspect.isclass(each)}
    leaves = set(found.values()) - {TapecastError, StreamError, StreamFatal, StreamTransient}
    assert leaves
    for each in leaves:
        assert issubclass(each, StreamFatal) != issubclass(each, StreamTransient)
    public = {name for name, each in found.items() if issubclass(each, StreamError)}
    assert public <= set(tapecast.client.__all__)
    assert all(name in (errors.__doc__ or "") for name in public)
