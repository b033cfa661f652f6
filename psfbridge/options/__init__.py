"""Options of distillation and deconvolution, each described once for all hosts.

The command line, macro keys, dialogs, types for editors and the tables in the documentation are
generated from these records: see docs/developer/option.md.
"""

from psfbridge.options.deconvolution import (
    DTYPES,
    ENGINES,
    OVERFLOWS,
    PSF_OPTIONS,
    STOPS,
    DeconvolveOptions,
)
from psfbridge.options.distillation import (
    METHODS,
    REPEATS,
    DistillOptions,
    half_given,
    without_half_given,
)
from psfbridge.options.optics import MEASURED_ONLY, MICROSCOPES, PUPIL_KINDS, Optics

__all__ = [
    "DTYPES",
    "ENGINES",
    "MEASURED_ONLY",
    "METHODS",
    "MICROSCOPES",
    "OVERFLOWS",
    "PSF_OPTIONS",
    "PUPIL_KINDS",
    "REPEATS",
    "STOPS",
    "DeconvolveOptions",
    "DistillOptions",
    "Optics",
    "half_given",
    "without_half_given",
]
