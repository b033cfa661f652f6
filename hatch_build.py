"""Build hook: the documentation's pages, and the ImageJ plug-in where a Java compiler is there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PluginBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the pages and the plug-in's jar into the package, from where every wheel takes them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build both; without a compiler or a network the rest of the package is complete."""
        sys.path.insert(0, self.root)
        from psfbridge._util.help_pages import PAGES, build_pages
        from psfbridge.bridge.fiji.plugin_jar import JAR, build_jar
        from psfbridge.errors import BridgeError

        build_pages()
        build_data["artifacts"].append(f"/{PAGES.relative_to(Path(self.root)).as_posix()}/**")
        try:
            build_jar(JAR, self.metadata.version)
        except BridgeError as fault:
            self.app.display_warning(str(fault))
        if JAR.is_file():
            build_data["artifacts"].append(f"/{JAR.relative_to(Path(self.root)).as_posix()}")
