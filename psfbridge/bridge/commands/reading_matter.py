"""The commands ``Open Report`` and ``PSF Bridge Help``: pages for the browser."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from psfbridge._util.atomic_files import write_text
from psfbridge._version import __version__
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.dialog_fields import manual
from psfbridge.bridge.commands.distill import last_report

__all__ = ["ABOUT", "OPEN_REPORT", "help_command"]


def _open_report(call: Call) -> Outcome:  # noqa: ARG001 - one signature for all commands
    path = last_report()
    return Outcome({"report": str(path)}, (f"Open Report: {path}",), opens=path.as_uri())


def help_command(commands: Mapping[str, Command]) -> Command:
    """Return the command that shows what every field of every command means."""

    def show(call: Call) -> Outcome:  # noqa: ARG001
        parts = [f"<h2>{name}</h2>{manual(command)}" for name, command in commands.items()]
        page = Path(tempfile.mkdtemp(prefix="psfbridge-")) / "help.html"
        write_text(page, f"<meta charset='utf-8'><title>PSF Bridge</title>{''.join(parts)}")
        return Outcome({"page": str(page)}, opens=page.as_uri())

    return Command(show, dict, (), needs_image=False)


def _about(call: Call) -> Outcome:  # noqa: ARG001
    line = f"PSF Bridge: psfbridge {__version__} in the Python at {sys.executable}"
    return Outcome({"version": __version__, "python": sys.executable}, (line,))


OPEN_REPORT = Command(_open_report, dict, (), needs_image=False)
ABOUT = Command(_about, dict, (), needs_image=False)
