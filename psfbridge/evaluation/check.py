"""The check of a PSF against beads: self-prediction and residual of the forward model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge.deconvolution.api import deconvolve
from psfbridge.deconvolution.matching import PSFs, Target, matched_psfs, refuse_swapped
from psfbridge.detection.find import FoundBeads, as_image, check_diameter, find, need_beads
from psfbridge.distillation.joint.bead_fit import background, light, variance
from psfbridge.distillation.joint.bead_state import BeadState
from psfbridge.distillation.joint.fixed_psf import fitted_beads
from psfbridge.engines.problem import Shape
from psfbridge.evaluation.misfit import MeanBead, Misfit, measure_misfit
from psfbridge.evaluation.off_centre import peak_off_centre
from psfbridge.evaluation.settings import CHECK, MISFIT
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.request import accept
from psfbridge.optics.bead_sphere import sphere_transfer
from psfbridge.option_types import DeconvolveArguments
from psfbridge.options import DeconvolveOptions, DistillOptions
from psfbridge.progress import Progress
from psfbridge.psf.field_psf import FieldPSF
from psfbridge.psf.psf import PSF

__all__ = ["BeadCheck", "Check", "check", "misfit_of"]


@dataclass(frozen=True)
class BeadCheck:
    """One bead: what the PSF leaves of it, and what deconvolution gathers of its light.

    `residual` and `noise` are shares of the bead's energy (its squared counts), `core_residual` and
    `core_noise` the same where the model is above a fiftieth of its peak; `gathered` and
    `gathered_before` are the shares of its light within one voxel of its place, in the
    deconvolved image and in the image.
    """

    bead: int
    z: float
    y: float
    x: float
    intensity: float
    residual: float
    noise: float
    chi2: float
    gathered: float
    gathered_before: float
    core_residual: float
    core_noise: float


@dataclass(frozen=True, eq=False, repr=False)
class Check:
    """The result of `check`; the values are medians over the beads.

    Parameters
    ----------
    image, restored : Image
        The beads without background, and the same deconvolved; axes (z, y, x).
    model : array
        The beads as the PSF predicts them; the array has axes (z, y, x). The units are counts.
    beads : tuple of BeadCheck
        Every usable bead.
    reach : tuple of int
        How far a bead's picture reaches from its middle, in voxels of z, y and x.
    misfit : Misfit
        What the PSF leaves beyond noise, and how it differs.
    off_centre : tuple of float
        How far the PSF's peak lies from the centre of its volume in z, y and x, in voxels. It was
        centred first: beads cannot tell, as each is found wherever it is.
    notes : tuple of str
        Notes for the user, one sentence each.
    """

    image: Image
    restored: Image
    model: Volume
    beads: tuple[BeadCheck, ...]
    reach: Shape
    misfit: Misfit
    off_centre: tuple[float, float, float] = (0.0, 0.0, 0.0)
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return "<Check: {}>".format("\n ".join([self.answer(), self.sentences()[-1]]))

    def _repr_html_(self) -> str:
        facts = {"answer": self.answer()}
        facts |= dict(line.split(": ", 1) for line in self.sentences())
        return card("Check", facts, self.image.data, self.image.voxel_um)

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of beads, model and deconvolved beads."""
        return draw("check", self)

    def explains(self, most_error: float = MISFIT.most_error) -> bool:
        """Whether the PSF explains the beads: its error beyond noise is at most `most_error`."""
        return self.misfit.error <= most_error

    def answer(self, most_error: float = MISFIT.most_error) -> str:
        """Return the answer in a sentence: yes or no, by how much, and what differs."""
        error = f"error {self.misfit.error:.1%} ± {self.misfit.error_se:.1%} beyond noise"
        differs = f": {', '.join(self.misfit.kinds)}" if self.misfit.kinds else ""
        answer = (
            f"Yes, this PSF explains these beads ({error}, at most {most_error:.0%})."
            if self.explains(most_error)
            else f"No, this PSF does not explain these beads ({error}, at most {most_error:.0%})"
            f"{differs}."
        )
        return " ".join([answer, *self._shifted()])

    def _shifted(self) -> list[str]:
        if max(map(abs, self.off_centre)) <= CHECK.told_shift:
            return []
        z, y, x = self.off_centre
        return [
            f"It is shifted: its peak lies z {z:+z.1f}, y {y:+z.1f}, x {x:+z.1f} voxels from the "
            "centre of its volume. psfbridge centres it; programs that do not will move the image."
        ]

    def median(self, name: str) -> float:
        """Return the median of a figure of `BeadCheck` over all beads."""
        return float(np.median([getattr(bead, name) for bead in self.beads]))

    def sentences(self) -> list[str]:
        """Return the figures in words."""
        return [
            f"beads checked: {len(self.beads)}",
            f"self-prediction: {self.median('gathered'):.1%} of the light of a bead returns to "
            f"within a voxel of its position ({self.median('gathered_before'):.1%} before)",
            f"forward model: {self.median('residual'):.2%} of the energy of a bead is left "
            f"unexplained, of which {self.median('noise'):.2%} is noise (χ² "
            f"{self.median('chi2'):.2f} per voxel)",
        ]

    def figures(self) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        names = ("gathered", "gathered_before", "residual", "noise", "chi2")
        medians = {name: self.median(name) for name in names}
        answer: dict[str, Any] = {
            "answer": self.answer(),
            "explains": self.explains(),
            "misfit": self.misfit,
        }
        answer |= {"off_centre": self.off_centre}
        return answer | medians | {"beads": self.beads, "notes": self.notes}


def check(
    psf: PSFs,
    image: Image | NDArray[Any] | str | os.PathLike[str],
    *,
    bead_diameter_um: float = 0.0,
    progress: Progress | Literal[False] | None = None,
    **choices: Unpack[DeconvolveArguments],
) -> Check:
    """Check whether a PSF explains an image of beads.

    Two tests are made. *Self-prediction*: deconvolved with its own PSF, a bead must become a point
    again. *Forward model*: a bead's intensity, position and background fitted to the image, the PSF
    held fixed, must leave no more than noise.

    Parameters
    ----------
    psf : PSF, FieldPSF, Image, array or path
        The PSF, from any program; resampled if its voxel size differs.
    image : Image, array or path
        Beads, not necessarily those used for the PSF; axes (z, y, x). The units are counts.
    bead_diameter_um : float
        Diameter of the beads, for the forward model; 0 is a point. Not 0 is right only where the
        PSF was distilled with it, so that the bead is not in it.
    progress : Progress or False, optional
        May raise `psfbridge.errors.Cancelled`. By default a bar on a terminal or in a notebook;
        False for none.
    **choices
        The fields of `DeconvolveOptions` (by default 20 iterations on the CPU engine, accelerated
        where the engine can), and the reading options: ``voxel_um`` (required for a plain array),
        ``channel``, and for a file ``time`` and ``axes``.

    Raises
    ------
    NoBeadsError
        If no bead is usable; with the counts by reason.
    OptionError
        If an option is invalid.
    PSFError
        If the PSF does not fit the image.
    """
    distilling = DistillOptions(bead_diameter_um=bead_diameter_um)
    told: dict[str, Any] = {"iterations": CHECK.iterations, "engine": "cpu", **choices}
    told = {"accelerate": told["engine"] == "cpu", **told}
    asked = accept(DeconvolveOptions, told, progress=progress)
    options, progress = asked.options, asked.progress
    refuse_swapped(psf, image, "Give the PSF first: check(psf, image).")
    beads = as_image(image, **asked.reading)
    target = Target(beads.name, (1, *beads.data.shape), beads.voxel_um)
    (matched,), notes = matched_psfs(target, psf, options)
    if isinstance(matched, FieldPSF):
        notes.append("The PSF varies across the image; the one at the centre was checked.")
        matched = matched.middle
    found = find(beads, distilling, progress)
    need_beads(found.beads, beads.name)
    check_diameter(found, bead_diameter_um)
    shown = _of_beads(matched, bead_diameter_um)
    states = fitted_beads(found, shown)
    dark = _without_background(found.image, states)
    restored = deconvolve(dark, matched, options=options, progress=progress)
    checked = tuple(_checked(one, shown, found, dark, restored) for one in states)
    model = _model(states, shown, beads.data.shape)
    said = [finding.sentence for finding in found.findings]
    notes = [*beads.notes, *said, *notes, *restored.notes]
    misfit = _misfit(states, shown)
    shift = peak_off_centre(psf, options)
    return Check(dark, restored, model, checked, _reach(found), misfit, shift, tuple(notes))


def misfit_of(found: FoundBeads, psf: PSF, bead_diameter_um: float = 0.0) -> Misfit:
    """Return what a PSF leaves of beads beyond noise, and how it differs from them.

    Parameters
    ----------
    found : FoundBeads
        The beads of an image.
    psf : PSF
        With the image's voxel size.
    bead_diameter_um : float
        Diameter of the beads; 0 is a point.
    """
    shown = _of_beads(psf, bead_diameter_um)
    return _misfit(fitted_beads(found, shown), shown)


def _misfit(states: Sequence[BeadState], psf: PSF) -> Misfit:
    shares = [_core_shares(one, light(one, psf.data)) for one in states]
    residual, noise = np.array(shares).T
    return measure_misfit(
        residual, noise, MeanBead.of(_light_and_model(one, psf) for one in states)
    )


def _core_shares(one: BeadState, own: Volume) -> tuple[float, float]:
    """Return which shares of a bead's energy are left and are noise, in its core."""
    usable, data, expected = _compared(one, own)
    core = own[usable] > MISFIT.core * own.max()
    energy = float((data[usable] ** 2).sum(dtype=float))
    left = (data - own)[usable][core] ** 2
    noise = expected[usable][core]
    return float(left.sum(dtype=float)) / energy, float(noise.sum()) / energy


def _compared(one: BeadState, own: Volume) -> tuple[NDArray[np.bool_], Volume, Volume]:
    """Return which voxels of a bead count, its light there, and the variance of its noise."""
    seen = one.seen
    data = np.asarray(seen.counts - one.others - background(one))
    expected = variance(replace(one, others=np.zeros_like(own)), own, forgiving=False)
    return seen.usable, data, np.asarray(expected)


def _light_and_model(one: BeadState, psf: PSF) -> tuple[Volume, Volume]:
    """Return the normalised light and model of a bead; the model where there are no data."""
    own, seen = light(one, psf.data), one.seen
    data = np.where(seen.usable, seen.counts - one.others - background(one), own)
    scale = np.float32(1 / one.fit.intensity)
    return np.asarray(data * scale, np.float32), np.asarray(own * scale, np.float32)


def _of_beads(psf: PSF, diameter_um: float) -> PSF:
    """Return what a bead of this size looks like instead of a point."""
    if diameter_um == 0:
        return psf
    spectrum = fft.rfftn(psf.data)
    spectrum *= sphere_transfer(psf.data.shape, psf.voxel_um, diameter_um)
    return PSF.from_volume(fft.irfftn(spectrum, psf.data.shape), psf.voxel_um)


def _without_background(image: Image, states: Sequence[BeadState]) -> Image:
    """Return the image less the median background that the fits found; noise below becomes 0."""
    level = np.float32(np.median([background(one).mean() for one in states]))
    dark = np.maximum(np.asarray(image.data, np.float32) - level, 0)
    return Image(dark, image.voxel_um, image.name, image.source)


def _reach(found: FoundBeads) -> Shape:
    planes = found.image.data.shape[0]
    along, across = (found.scale.half_extent(widths, planes) for widths in CHECK.picture_widths)
    return along[0], across[1], across[2]


def _checked(
    one: BeadState, psf: PSF, found: FoundBeads, dark: Image, restored: Image
) -> BeadCheck:
    own, seen = light(one, psf.data), one.seen
    usable, data, expected = _compared(one, own)
    left = (data - own)[usable] ** 2
    energy = float((data[usable] ** 2).sum(dtype=float))
    core_residual, core_noise = _core_shares(one, own)
    z, y, x = (float(value) for value in one.fit.position)
    return BeadCheck(
        bead=found.beads[seen.bead].bead,
        z=z,
        y=y,
        x=x,
        intensity=one.fit.intensity / found.values.factor,
        residual=float(left.sum(dtype=float)) / energy,
        noise=float(expected[usable].sum()) / energy,
        chi2=float(np.mean(left / expected[usable])),
        gathered=_gathered(restored.data, one),
        gathered_before=_gathered(dark.data, one),
        core_residual=core_residual,
        core_noise=core_noise,
    )


def _gathered(volume: NDArray[Any], one: BeadState) -> float:
    """Return the share of a bead's light within a voxel of its place, above what is around it."""
    middle = np.round(one.fit.position).astype(int)
    z, y, x = (
        slice(max(at - 1, 0), at + 2) for at, length in zip(middle, volume.shape, strict=True)
    )
    near = volume[z, y, x]
    corner, shape = one.seen.corner, one.seen.counts.shape
    box = volume[tuple(slice(max(c, 0), c + n) for c, n in zip(corner, shape, strict=True))]
    return float((near - np.median(box)).sum(dtype=float)) / one.fit.intensity


def _model(states: Sequence[BeadState], psf: PSF, shape: tuple[int, ...]) -> Volume:
    model = np.zeros(shape, np.float32)
    for one in states:
        corner = one.seen.corner
        low = np.maximum(corner, 0)
        high = np.minimum(corner + one.seen.counts.shape, shape)
        image = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        box = tuple(slice(a, b) for a, b in zip(low - corner, high - corner, strict=True))
        model[image] += light(one, psf.data)[box]
    return model
