"""The command ``Measure PSF...``."""

from __future__ import annotations

import psfbridge as pb
from psfbridge.bridge.calls import Call, Command
from psfbridge.bridge.inputs import image_of
from psfbridge.bridge.status import log
from psfbridge.bridge.summary import Figures, measure_figures, widths
from psfbridge.bridge.tables import add_measures

__all__ = ["MEASURE"]


def _measure(call: Call) -> Figures:
    source = image_of(call.imp, call.texts)
    measures = pb.measure(source.image)
    figures = measure_figures(measures)
    title = str(call.imp.getTitle())
    add_measures(title, figures)
    log(f"Measure PSF: {title}: {measures.subject}; {widths(measures)}")
    return dict(figures)


MEASURE = Command(_measure, dict)
