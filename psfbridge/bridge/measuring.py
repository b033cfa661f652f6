"""The command ``Measure PSF...``."""

from __future__ import annotations

import psfbridge as pb
from psfbridge.bridge.calls import Call, Command
from psfbridge.bridge.inputs import image_of
from psfbridge.bridge.outcome import Outcome
from psfbridge.bridge.summary import measure_figures, widths

__all__ = ["MEASURE"]


def _measure(call: Call) -> Outcome:
    source = image_of(call.imp, call.texts)
    measures = pb.measure(source.image)
    figures = measure_figures(measures)
    line = f"Measure PSF: {call.imp.getTitle()}: {measures.subject}; {widths(measures)}"
    return Outcome(dict(figures), (line,), measured=figures)


MEASURE = Command(_measure, dict)
