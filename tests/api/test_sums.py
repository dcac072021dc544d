"""Several workers' metrics as one api's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tapecast.api.sums import add_up


def worker(count: int, *times: float, up: int = 1, label: str = 'odd "\\\n') -> bytes:
    """What one worker says."""
    registry = CollectorRegistry()
    Counter("writes", "Writes.", registry=registry).inc(count)
    Gauge("streams", "Streams.", ["kind"], registry=registry).labels(label).set(count)
    Gauge("redis_up", "Up.", registry=registry).set(up)
    Counter("messages", "Of ingest, which all tell alike.", registry=registry).inc(100)
    histogram = Histogram("age_seconds", "Ages.", registry=registry, buckets=(0.1, 1.0))
    for time in times:
        histogram.observe(time)
    return generate_latest(registry)


RULES = {"redis_up": min, "messages": max}


def values(text: bytes) -> dict[tuple[str, ...], float]:
    """Every sample that is no time of creation, by its name and its labels' values."""
    families = text_string_to_metric_families(text.decode())
    samples = [sample for family in families for sample in family.samples]
    return {(s.name, *s.labels.values()): s.value for s in samples if not s.name.endswith("_created")}


def test_one_alone_is_itself() -> None:
    """Also after a second time. What is no multiple of a microsecond is cut down to one."""
    text = worker(3, 0.0625, 0.5)
    once = add_up([text], [], RULES)
    assert values(once) == values(text)
    assert values(add_up([once], [], RULES)) == values(text)
    assert "# HELP writes_total Writes." in once.decode()
    assert "# TYPE age_seconds histogram" in once.decode()


def test_counts_are_added_and_what_all_tell_alike_is_not() -> None:
    """Labels that need escaping survive."""
    found = values(add_up([worker(3, 0.05, 0.5), worker(4, 0.5, 7.0, up=0)], [], RULES))
    assert found["writes_total",] == 7
    assert found["streams", 'odd "\\\n'] == 7
    assert found["redis_up",] == 0
    assert found["messages_total",] == 100
    assert [found["age_seconds_bucket", le] for le in ("0.1", "1.0", "+Inf")] == [1, 3, 4]
    assert found["age_seconds_count",] == 4
    assert round(found["age_seconds_sum",], 5) == 8.05


def test_a_label_that_only_one_has_is_kept() -> None:
    """With its own value."""
    found = values(add_up([worker(3, label="a"), worker(4, label="b")], [], RULES))
    assert (found["streams", "a"], found["streams", "b"]) == (3, 4)


def test_who_has_ended_still_counts_but_is_not_there() -> None:
    """Its counts stay, its streams are gone; of what all tell alike it is no witness."""
    found = values(add_up([worker(3, 0.5)], [worker(10, 0.5, up=0)], RULES))
    assert found["writes_total",] == 13
    assert found["age_seconds_count",] == 2
    assert found["streams", 'odd "\\\n'] == 3
    assert found["redis_up",] == 1


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=6), st.data())
def test_in_whichever_order_it_is_the_same_sum(times: list[float], data: st.DataObject) -> None:
    """To the last bit: one that is less is taken for a start at nothing."""
    texts = [f"# TYPE s_total counter\ns_total {time!r}\n".encode() for time in times]
    other = data.draw(st.permutations(texts))
    cut = data.draw(st.integers(0, len(texts)))
    folded = add_up([], other[:cut], {})
    assert values(add_up(other[cut:], [folded], {})) == values(add_up(texts, [], {}))


@pytest.mark.parametrize("text", [b"a_total{b= 1\n", b'a_total{ ="b"} 1\n', b"a_total{", b"\xff"])
def test_what_is_no_exposition_is_refused(text: bytes) -> None:
    """It is never added as if it were."""
    with pytest.raises(ValueError, match=r"."):
        add_up([text], [], RULES)
