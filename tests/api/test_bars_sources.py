"""What a view of bars takes from the topics of its symbols."""

from __future__ import annotations

from unittest.mock import Mock

from tapecast.api.bars_sources import States
from tapecast.api.view import View


def test_a_view_of_bars_has_the_states_and_no_price() -> None:
    """A price that changes rings nothing."""
    view = Mock(spec=View)
    states = States(view)
    states.ring("AAPL")
    assert not view.mock_calls
    states.put_state("AAPL", b"frame")
    view.put_state.assert_called_once_with("AAPL", b"frame")
