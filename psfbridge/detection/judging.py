"""The rules by which bead candidates are accepted or rejected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from psfbridge.detection.bead_width import BeadScale
from psfbridge.detection.beads import REJECTED, USED, Bead, Beads
from psfbridge.detection.candidates import Candidates
from psfbridge.detection.gaussian_fits import GaussianFits
from psfbridge.detection.settings import JUDGING
from psfbridge.detection.statuses import Reason
from psfbridge.imaging.image import Image
from psfbridge.numerics.cutouts import cut_out
from psfbridge.numerics.robust import robust_sd

__all__ = ["CandidateMeasures", "judge"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class CandidateMeasures:
    """All that is known of the candidates when they are judged.

    Parameters
    ----------
    image : Image
        The array has axes (z, y, x).
    candidates : Candidates
        Where they are.
    fits : GaussianFits
        A Gaussian for each.
    saturated : array of bool
        Whether the box that was fitted holds a voxel that is clipped.
    scale : BeadScale
        The width of a bead.
    min_separation_um : float, optional
        What the user chose as the least distance of two beads.
    """

    image: Image
    candidates: Candidates
    fits: GaussianFits
    saturated: Mask
    scale: BeadScale
    min_separation_um: float | None = None

    @property
    def widths(self) -> Floats:
        """FWHM in voxels, at least one, safe to divide by."""
        return np.maximum(self.scale.fwhm, 1.0)

    @property
    def snr(self) -> Floats:
        """Height over its standard error: the lesser of the fit's and the matched filter's."""
        fitted = self.fits.height / np.maximum(self.fits.height_error, 1e-12)
        return np.asarray(np.minimum(fitted, self.candidates.snr))


def judge(measures: CandidateMeasures) -> Beads:
    """Assign every candidate a status and, if rejected, the first reason that applies.

    Parameters
    ----------
    measures : CandidateMeasures
        What was found and fitted.

    Returns
    -------
    Beads
        One for each candidate, in their order.
    """
    reasons = np.full(len(measures.candidates), "", dtype=object)
    for reason, rule in _RULES:
        applies = rule(measures) & (reasons == "")
        reasons[applies] = reason
    reasons = _unlike_the_others(measures, reasons)
    return Beads(_bead(measures, index, str(reason)) for index, reason in enumerate(reasons))


def _bead(measures: CandidateMeasures, index: int, reason: str) -> Bead:
    fits = measures.fits
    z, y, x = _position(measures, index)
    return Bead(
        image=measures.image.name,
        bead=index,
        z=z,
        y=y,
        x=x,
        intensity=float(fits.intensity[index]),
        background=float(fits.background[index]),
        snr=float(measures.snr[index]),
        status=REJECTED if reason else USED,
        reason=reason,
    )


def _position(measures: CandidateMeasures, index: int) -> tuple[float, float, float]:
    """The fitted position, or the voxel itself if the fit diverged."""
    voxel = measures.candidates.voxel[index].astype(float)
    fitted = measures.fits.position[index]
    near = bool((np.abs(fitted - voxel) <= measures.widths).all())
    last = np.array(measures.image.data.shape) - 1
    inside = bool(((fitted >= 0) & (fitted <= last)).all())
    z, y, x = fitted if near and inside else voxel
    return float(z), float(y), float(x)


def _hot(measures: CandidateMeasures) -> Mask:
    """One voxel towers, or the fitted width is far below what optics can make."""
    sigma = measures.fits.sigma
    narrow = sigma[:, 1:] < JUDGING.hot_sigma_share * np.array(measures.scale.sigma[1:])
    tiny = (narrow & (sigma[:, 1:] < JUDGING.hot_sigma)).all(axis=1)
    return np.asarray(measures.candidates.hot | (tiny & (measures.snr > JUDGING.least_snr)))


def _saturated(measures: CandidateMeasures) -> Mask:
    return measures.saturated


def _border(measures: CandidateMeasures) -> Mask:
    shape = np.array(measures.image.data.shape)
    margin = np.array([JUDGING.border_z, JUDGING.border_xy, JUDGING.border_xy]) * measures.widths
    margin[shape == 1] = 0
    at = measures.candidates.voxel
    outside = ((at < margin) | (at > shape - 1 - margin)).any(axis=1)
    return np.asarray(outside | _beside_no_data(measures, margin))


def _beside_no_data(measures: CandidateMeasures, margin: Floats) -> Mask:
    """Whether part of the image is missing as near as its edge may not be; a pixel may be."""
    valid = measures.image.valid
    if valid is None:
        return np.zeros(len(measures.candidates), bool)
    z, y, x = (int(n) for n in np.ceil(margin))
    inside = cut_out(valid, measures.candidates.voxel, (z, y, x)).counts
    return np.asarray(1 - inside.mean(axis=(1, 2, 3)) > JUDGING.most_missing)


def _too_close(measures: CandidateMeasures) -> Mask:
    """A bead with another, not much fainter, within the least separation."""
    candidates = measures.candidates
    metric = measures.widths * (JUDGING.separation_z, JUDGING.separation_xy, JUDGING.separation_xy)
    if measures.min_separation_um is not None:
        metric = max(measures.min_separation_um, 1e-9) / np.array(measures.image.voxel_um)
    spots = candidates.voxel / metric
    close = np.zeros(len(spots), bool)
    if len(spots) < 2:
        return close
    for i, j in cKDTree(spots).query_pairs(1.0):
        for one, other in ((i, j), (j, i)):
            share = candidates.response[other] / candidates.response[one]
            close[one] |= bool(share > JUDGING.faint_neighbour and not candidates.hot[other])
    return close


def _too_dim(measures: CandidateMeasures) -> Mask:
    response = measures.candidates.response
    typical = np.percentile(response, JUDGING.typical_percentile) if len(response) else 0.0
    dim: Mask = (measures.snr < JUDGING.least_snr) | (response < JUDGING.least_height * typical)
    return dim


_RULES: tuple[tuple[str, Callable[[CandidateMeasures], Mask]], ...] = (
    (Reason.HOT_PIXEL, _hot),
    (Reason.SATURATED, _saturated),
    (Reason.BORDER, _border),
    (Reason.TOO_DIM, _too_dim),
    (Reason.TOO_CLOSE, _too_close),
)


def _unlike_the_others(measures: CandidateMeasures, reasons: NDArray[Any]) -> NDArray[Any]:
    """Reject beads whose width or misfit departs from the median of those that remain.

    A single bead is like itself; two cannot outvote each other.
    """
    usable = reasons == ""
    # Crowding spoils a bead for use, not as an example of a width, if few others are left.
    sample = usable if usable.sum() >= 3 else usable | (reasons == Reason.TOO_CLOSE)
    if sample.sum() < 3:
        return reasons
    fits = measures.fits
    sigma = np.where(fits.sigma > 0, fits.sigma, 1.0)
    relative = sigma / np.median(sigma[sample], axis=0)
    across = np.sqrt(relative[:, 1] * relative[:, 2])
    elongated = np.maximum(relative[:, 1], relative[:, 2]) / np.minimum(
        relative[:, 1], relative[:, 2]
    )
    rule = JUDGING
    odd = fits.misfit > rule.misfit * np.median(fits.misfit[sample]) + rule.misfit_floor
    larger = max(rule.larger, rule.spread * float(robust_sd(across[sample])))
    narrow = (across < rule.narrow) | (relative[:, 0] < rule.narrow_z)
    verdicts = (
        (Reason.DOUBLET, (elongated > rule.doublet_elongated) & (across > rule.doublet_wider)),
        (Reason.TOO_LARGE, (across > 1 + larger) | (relative[:, 0] > rule.larger_z)),
        (Reason.SHAPE, narrow | (elongated > rule.elongated)),
        (Reason.POOR_FIT, odd),
    )
    for reason, applies in verdicts:
        reasons[applies & (reasons == "")] = reason
    return reasons
