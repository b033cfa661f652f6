"""Distillation of a microscope's point spread function from images of fluorescent beads.

>>> import psfbridge as pb
>>> pb.DistillOptions(bead_diameter_um=0.1).method
'auto'

The whole job, with a file of yours::

    result = pb.distill("beads.tif", bead_diameter_um=0.1)
    result.psf.save("psf.tif")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psfbridge import errors
    from psfbridge._version import __version__
    from psfbridge.batch.run import Batch, distill_batch
    from psfbridge.deconvolution.api import deconvolve
    from psfbridge.detection.beads import Bead, Beads
    from psfbridge.detection.find import find_beads
    from psfbridge.detection.statuses import Reason, Status
    from psfbridge.distillation.api import distill
    from psfbridge.distillation.channels import ChannelDistillation, distill_channels
    from psfbridge.distillation.chromatic_shift import ChromaticShift
    from psfbridge.distillation.fitted_optics import FittedOptics
    from psfbridge.distillation.result import Distillation
    from psfbridge.evaluation.about import About
    from psfbridge.evaluation.assessment import Assessment, assess
    from psfbridge.evaluation.check import BeadCheck, Check, check
    from psfbridge.evaluation.presets import Preset, load_preset
    from psfbridge.evaluation.psf_error import psf_error
    from psfbridge.evaluation.tolerances import Tolerances
    from psfbridge.imaging.image import Image
    from psfbridge.imaging.read import Reading, read_image
    from psfbridge.imaging.write import write_image
    from psfbridge.measurement.measures import Measures, measure
    from psfbridge.measurement.verdict import Verdict
    from psfbridge.options import DeconvolveOptions, DistillOptions, Optics
    from psfbridge.progress import Progress
    from psfbridge.psf.field_psf import FieldPSF
    from psfbridge.psf.psf import PSF
    from psfbridge.report.write import write_pdf, write_report
    from psfbridge.simulation.scene import Scene
    from psfbridge.simulation.simulate import Simulation, simulate

#: Public names and the modules that hold them; imported when first used, so that
#: ``import psfbridge`` stays quick.
_HOMES: dict[str, str] = {
    "About": "evaluation.about",
    "Assessment": "evaluation.assessment",
    "Batch": "batch.run",
    "Bead": "detection.beads",
    "BeadCheck": "evaluation.check",
    "Beads": "detection.beads",
    "ChannelDistillation": "distillation.channels",
    "Check": "evaluation.check",
    "ChromaticShift": "distillation.chromatic_shift",
    "DeconvolveOptions": "options",
    "DistillOptions": "options",
    "Distillation": "distillation.result",
    "FieldPSF": "psf.field_psf",
    "FittedOptics": "distillation.fitted_optics",
    "Image": "imaging.image",
    "Measures": "measurement.measures",
    "Optics": "options",
    "PSF": "psf.psf",
    "Preset": "evaluation.presets",
    "Progress": "progress",
    "Reading": "imaging.read",
    "Reason": "detection.statuses",
    "Scene": "simulation.scene",
    "Simulation": "simulation.simulate",
    "Status": "detection.statuses",
    "Tolerances": "evaluation.tolerances",
    "Verdict": "measurement.verdict",
    "__version__": "_version",
    "assess": "evaluation.assessment",
    "check": "evaluation.check",
    "deconvolve": "deconvolution.api",
    "distill": "distillation.api",
    "distill_batch": "batch.run",
    "distill_channels": "distillation.channels",
    "find_beads": "detection.find",
    "load_preset": "evaluation.presets",
    "measure": "measurement.measures",
    "psf_error": "evaluation.psf_error",
    "read_image": "imaging.read",
    "simulate": "simulation.simulate",
    "write_image": "imaging.write",
    "write_pdf": "report.write",
    "write_report": "report.write",
}

__all__ = [
    "PSF",
    "About",
    "Assessment",
    "Batch",
    "Bead",
    "BeadCheck",
    "Beads",
    "ChannelDistillation",
    "Check",
    "ChromaticShift",
    "DeconvolveOptions",
    "DistillOptions",
    "Distillation",
    "FieldPSF",
    "FittedOptics",
    "Image",
    "Measures",
    "Optics",
    "Preset",
    "Progress",
    "Reading",
    "Reason",
    "Scene",
    "Simulation",
    "Status",
    "Tolerances",
    "Verdict",
    "__version__",
    "assess",
    "check",
    "deconvolve",
    "distill",
    "distill_batch",
    "distill_channels",
    "errors",
    "find_beads",
    "load_preset",
    "measure",
    "psf_error",
    "read_image",
    "simulate",
    "write_image",
    "write_pdf",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("psfbridge.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'psfbridge' has no attribute {name!r}")
    return getattr(import_module(f"psfbridge.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
