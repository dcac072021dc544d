"""A test that failed while this machine stood still is run again: it has proven nothing.

Prices, beats and leases live for seconds. A virtual machine that stands still for that long ends them, and
what is then said is right, and not what the test has asked for. Only where seconds were lost in this very
test, once, and said at the end of the run.
"""

from __future__ import annotations

import time
from typing import Final

import pytest

# Not public; what pytest-rerunfailures stands on, which cannot be told when a failure counts.
from _pytest.runner import runtestprotocol

from tests.stalls import stalls

LOST_S: Final = 1.0
MOST_TRIES: Final = 2
STOOD_STILL: Final = "stood_still_s"
"""A property of the report: it reaches the summary also from a worker of xdist."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run one test. True: that is done."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in _reports(item, nextitem):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _reports(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.TestReport]:
    """Of the last try."""
    for tries in range(1, MOST_TRIES + 1):
        began = time.monotonic()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        lost_s = stalls.lost_s(began)
        if tries == MOST_TRIES or lost_s < LOST_S or not any(report.failed for report in reports):
            break
        item.user_properties.append((STOOD_STILL, round(lost_s, 1)))
    return reports


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Which tests were run again, and for how many seconds: a run that needs many proves little."""
    lost_s = {
        report.nodeid: value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for name, value in report.user_properties
        if name == STOOD_STILL
    }
    if lost_s:
        tests = "1 test" if len(lost_s) == 1 else f"{len(lost_s)} tests"
        each = ", ".join(f"{nodeid} ({value} s)" for nodeid, value in sorted(lost_s.items()))
        terminalreporter.write_line(f"run again: {tests}, for the machine stood still: {each}")
