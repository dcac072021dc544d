"""The last words of a stream that ends in order."""

from __future__ import annotations

import json

import pytest

from tapecast.api.endings import ENDINGS, LEFT, last_words


@pytest.mark.parametrize("code", [code for code in ENDINGS if code != LEFT])
def test_each_end_has_its_words(code: str) -> None:
    """When to come back, and why it is over."""
    retry, _, rest = last_words(code).decode().partition("\n")
    assert int(retry.removeprefix("retry: ")) > 0
    assert json.loads(rest.partition("data: ")[2])["code"] == code
