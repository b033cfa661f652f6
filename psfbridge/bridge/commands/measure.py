"""The command ``Measure PSF...``."""

from __future__ import annotations

import psfbridge as pb
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.figures import measure_figures, widths
from psfbridge.bridge.commands.inputs import image_of

__all__ = ["MEASURE"]


def _measure(call: Call) -> Outcome:
    source = image_of(call.imp, call.texts)
    measures = pb.measure(source.image)
    figures = measure_figures(measures)
    title = str(call.imp.getTitle())
    subject = measures.subject.replace(title, "").strip()  # once is enough
    line = f"Measure PSF: {title}: {subject}; {widths(measures)}"
    return Outcome(dict(figures), (line,), measured=figures)


MEASURE = Command(_measure, dict)
