"""Several workers' metrics as those of one api: counts are added, and what all tell alike is told once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

COUNTED: Final = frozenset({"counter", "histogram"})
STEP: Final = 2.0**-20
"""Multiples of it add up exactly, in any order, to 2^33 seconds or 2^53 bytes. Else a sum in another order
than before, as when a worker has ended, could be less by its last bit: a fall like any other."""

Rules = Mapping[str, Callable[[Iterable[float]], float]]
_Key = tuple[str, tuple[tuple[str, str], ...]]


def add_up(present: Sequence[bytes], past: Sequence[bytes], rules: Rules) -> bytes:
    """One text of many: `present` ones whole, of `past` ones what they had counted. Raises ValueError.

    What a worker had counted stays in the sum after its end: a sum that falls is taken by Prometheus for one
    that began again at nothing, and all that the others have ever counted would show as new.
    """
    sums = _Sums(rules)
    for text in present:
        sums.take(text)
    for text in past:
        sums.take(text, is_past=True)
    return generate_latest(sums)


class _Sums(Collector):
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._families: dict[str, Metric] = {}
        self._values: dict[str, dict[_Key, list[float]]] = {}

    def take(self, text: bytes, *, is_past: bool = False) -> None:
        for family in _parsed(text):
            if is_past and (family.name in self._rules or family.type not in COUNTED):
                continue
            self._families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            values = self._values.setdefault(family.name, {})
            for sample in family.samples:
                value = _exact(sample.value) if family.type in COUNTED else sample.value
                values.setdefault((sample.name, tuple(sample.labels.items())), []).append(value)

    def collect(self) -> Iterator[Metric]:
        for name, family in self._families.items():
            together = self._rules.get(name, sum)
            for (sample, labels), values in self._values[name].items():
                family.add_sample(sample, dict(labels), together(values))
            yield family


def _parsed(text: bytes) -> list[Metric]:
    try:
        return list(text_string_to_metric_families(text.decode()))
    except IndexError as error:
        # The library's, of a label without a name.
        raise ValueError("no exposition") from error


def _exact(value: float) -> float:
    return value // STEP * STEP
