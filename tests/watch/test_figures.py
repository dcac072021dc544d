"""Numbers as people read them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tapecast.watch import figures
from tapecast.watch.figures import Figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (0, "0.00"), (1234.5, "1,234.50"), (0.05, "0.0500"), (0.000012, "0.000012"),
        (Decimal("-6386.40"), "-6,386.40"), (Decimal("1e400"), "inf"),
    ],
)  # fmt: skip
def test_prices_have_the_digits_of_their_size(value: Figure, text: str) -> None:
    """And what is not known has none."""
    assert figures.price(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.2, "+1.20"), (-0.3, "-0.30"), (0.001, "0.00"), (-0.001, "0.00"), (None, "")]
)
def test_a_change_has_a_sign_unless_it_reads_as_none(value: Figure, text: str) -> None:
    """So it has no colour either."""
    assert figures.signed(value) == text
    assert figures.direction(value) == (1 if text[:1] == "+" else -1 if text[:1] == "-" else 0)


def test_percents_and_fractions_are_not_the_same() -> None:
    """Ticks have the one, the account the other."""
    assert figures.percent(0.84) == "+0.84%"
    assert figures.fraction(Decimal("0.0084")) == "+0.84%"
    assert figures.percent(None) == figures.fraction(None) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (950, "950"), (12_400, "12.4k"), (3_210_000, "3.21M"), (-2.5e9, "-2.50B"), (0.235, "0.235"),
        (1668.152449, "1,668.15"), (12.5, "12.5"), (0.0000001, "0"), (None, ""),
    ],
)  # fmt: skip
def test_quantities_are_short(value: Figure, text: str) -> None:
    """Of coins the fraction."""
    assert figures.quantity(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59.9, "59s"), (60, "1m"), (7199, "1h"), (86_400 * 3.5, "3d"), (None, "")],
)
def test_ages_are_two_or_three_characters(seconds: float | None, text: str) -> None:
    """In the largest unit."""
    assert figures.age(seconds) == text
