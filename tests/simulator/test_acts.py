"""The words of what happens once."""

from __future__ import annotations

import inspect

import msgspec
import pytest

from tapecast.simulator.acts import ACTS, Act


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_words_are_the_methods_arguments(act: Act) -> None:
    """The same names and the same defaults, so that one page documents both."""
    arguments = list(inspect.signature(act.method).parameters.values())[1:]
    fields = {each.name: each for each in msgspec.structs.fields(act.words)}
    assert fields.keys() == {each.name for each in arguments}
    for each in arguments:
        required = each.default is inspect.Parameter.empty
        assert fields[each.name].required == required
        if not required and each.name != "conditions":
            assert fields[each.name].default == each.default


def test_a_result_has_a_name_where_there_is_one() -> None:
    """Else the answer is empty."""
    results = {name for name, act in ACTS.items() if act.result}
    assert results == {
        name for name, act in ACTS.items() if inspect.signature(act.method).return_annotation == "int"
    }
