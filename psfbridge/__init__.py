"""psfbridge distils a microscope's point spread function from an image of fluorescent beads.

>>> import psfbridge as pb  # doctest: +SKIP
>>> result = pb.distill("beads.tif", bead_diameter_um=0.1)  # doctest: +SKIP
>>> result.psf.save("psf.tif")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from psfbridge._version import __version__

#: Public names and the modules that hold them; imported when first used, so that
#: ``import psfbridge`` stays quick.
_HOMES: dict[str, str] = {
    "PSF": "psf.psf",
    "check": "evaluation.check",
    "deconvolve": "deconvolution.api",
    "distill": "distillation.api",
    "find_beads": "detection.find",
    "Bead": "detection.beads",
    "Beads": "detection.beads",
    "DistillOptions": "options",
    "DeconvolveOptions": "options",
    "ChannelDistillation": "distillation.channels",
    "Distillation": "distillation.result",
    "distill_batch": "batch.run",
    "distill_channels": "distillation.channels",
    "FieldPSF": "psf.field_psf",
    "Image": "imaging.image",
    "Measures": "measurement.measures",
    "measure": "measurement.measures",
    "Optics": "options",
    "read_image": "imaging.read",
    "write_image": "imaging.write",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604 - the names are strings


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'psfbridge' has no attribute {name!r}")
    return getattr(import_module(f"psfbridge.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
