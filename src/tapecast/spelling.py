"""Which known name an unknown one was meant to be.

A misspelt setting is the worst kind of wrong: nothing fails, the default is used, and nobody looks there.
"""

from __future__ import annotations

from collections.abc import Iterable


def meant(name: str, known: Iterable[str]) -> str | None:
    """The known name that is one edit away from `name` in whatever case, if there is one."""
    return next((each for each in sorted(known) if within_one_edit(name.upper(), each)), None)


def within_one_edit(one: str, other: str) -> bool:
    """Whether one insertion, deletion, replacement or swap of neighbours makes the two names equal."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest_one, rest_other = one[start:], other[start:]
    swapped = rest_one[1:2] + rest_one[:1] + rest_one[2:]
    return (
        rest_one[1:] == rest_other[1:]
        or rest_one[1:] == rest_other
        or rest_one == rest_other[1:]
        or (swapped == rest_other)
    )
