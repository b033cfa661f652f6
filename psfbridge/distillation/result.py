"""The result of a distillation: the PSF and everything needed to judge it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psfbridge._util.jsonable import json_text, plain
from psfbridge._util.notebook import card
from psfbridge._util.units import zyx_um
from psfbridge.detection.beads import Beads
from psfbridge.distillation.fitted_optics import FittedOptics
from psfbridge.imaging.image import Image
from psfbridge.measurement.table import fwhm_text
from psfbridge.measurement.verdict import Verdict
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF

if TYPE_CHECKING:
    from psfbridge.evaluation.about import About
    from psfbridge.measurement.measures import Measures
    from psfbridge.psf.field_psf import FieldPSF

__all__ = ["Distillation"]


@dataclass(frozen=True, eq=False, repr=False)
class Distillation:
    """A PSF with its diagnostics.

    Parameters
    ----------
    psf : PSF
        The PSF.
    beads : Beads
        All candidates with status and reason.
    measures : Measures
        FWHM and other properties of the PSF.
    method : str
        The method used; with ``auto``, the one chosen.
    options : DistillOptions
        Every option, defaults included.
    images : tuple of Image
        The input images, each with axes (z, y, x).
    notes : tuple of str
        What a user should know: assumptions made, choices taken; one sentence each.
    timings_s : mapping
        Time of each stage, in s.
    peak_memory_mib : mapping
        The most memory that the process had taken at the end of each stage, in MiB.
    diagnostics : mapping
        Diagnostics of the fit, in JSON-compatible form.
    field : FieldPSF, optional
        With the option ``field``: the PSF at every position in the image; a single position if the
        beads do not support a variation.
    """

    psf: PSF
    beads: Beads
    measures: Measures
    method: str
    options: DistillOptions
    images: tuple[Image, ...]
    notes: tuple[str, ...] = ()
    timings_s: Mapping[str, float] = dataclass_field(default_factory=dict)
    peak_memory_mib: Mapping[str, float] = dataclass_field(default_factory=dict)
    diagnostics: Mapping[str, Any] = dataclass_field(default_factory=dict)
    field: FieldPSF | None = None

    @property
    def verdict(self) -> Verdict | None:
        """Verdict on the PSF with reason and advice; None if the method gives no error."""
        said = self.diagnostics.get("verdict")
        if said is None:
            return None
        return Verdict(said["grade"], tuple(said["reasons"]), tuple(said["advice"]))

    @property
    def optics(self) -> FittedOptics | None:
        """The optics as fitted to the beads, aberrations in waves; None without a fitted pupil."""
        inferred = self.diagnostics.get("inferred")
        return None if inferred is None else FittedOptics.of(inferred, self.options.optics)

    def __repr__(self) -> str:
        grade = f", {self.verdict.grade}" if self.verdict else ""
        shape = " x ".join(map(str, self.psf.data.shape))
        return (
            f"<Distillation by {self.method}: PSF of {shape} voxels, "
            f"{fwhm_text(self.measures.fwhm_um)}{grade}\n beads: {self.beads.sentence()}>"
        )

    def _repr_html_(self) -> str:
        facts = {
            "method": self.method,
            "PSF": f"{' x '.join(map(str, self.psf.data.shape))} voxels of "
            f"{zyx_um(self.psf.voxel_um)} (z, y, x)",
            "widths": fwhm_text(self.measures.fwhm_um),
            "beads": self.beads.sentence(),
        }
        facts |= {"optics": self.optics.sentence} if self.optics else {}
        facts |= {"verdict": self.verdict.sentence} if self.verdict else {}
        return card("Distillation", facts, self.psf.data, self.psf.voxel_um)

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the PSF."""
        return self.psf.plot()

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the voxels in JSON-compatible form; unknown values are None."""
        record: dict[str, Any] = plain(
            {
                "measures": self.measures,
                "beads": self.beads.funnel() | {"median_snr": self.beads.median_snr},
                "method": self.method,
                "options": self.options,
                "psf": {"shape": self.psf.data.shape, "voxel_um": self.psf.voxel_um},
                "notes": self.notes,
                "timings_s": self.timings_s,
                "peak_memory_mib": self.peak_memory_mib,
                "diagnostics": self.diagnostics,
                "versions": self.psf.provenance.get("versions", {}),
                "provenance": self.psf.provenance,
            }
        )
        return record

    def to_json(self) -> str:
        """Return the record as text: measures, bead funnel, every option, versions, timings."""
        return json_text(self.to_dict())

    def report(self, folder: str | os.PathLike[str], *, about: About | None = None) -> Path:
        """Write the report as a self-contained page with figures; return its path.

        See `psfbridge.report.write.write_report`; for other tolerances, pass it the `Assessment`
        that `psfbridge.assess` returns.
        """
        from psfbridge.report.write import write_report

        return write_report(self, folder, about=about)
