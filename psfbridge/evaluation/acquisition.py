"""Problems of the acquisition, each with its evidence and a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.detection.statuses import Reason
from psfbridge.evaluation.bead_table import BeadRow, BeadTable
from psfbridge.evaluation.field_trends import FieldTrend, focal_plane, width_trends
from psfbridge.evaluation.settings import AcquisitionSettings
from psfbridge.hosts import Host
from psfbridge.imaging.noise import saturation_level
from psfbridge.measurement.settings import SPOTS
from psfbridge.numerics.robust import robust_sd

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation
    from psfbridge.imaging.image import Image
    from psfbridge.measurement.aberrations import Wavefront

__all__ = ["Evidence", "Problem", "acquisition_problems"]

Floats = NDArray[np.float64]
Zyx = tuple[float, float, float]


@dataclass(frozen=True)
class Problem:
    """One problem: its kind, what is wrong, what was measured, and what to do about it."""

    kind: str
    problem: str
    evidence: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Problem, evidence and remedy in one line."""
        return f"{self.problem}: {self.evidence} {self.remedy}"


@dataclass(frozen=True, eq=False)
class Evidence:
    """The data in which problems are sought.

    Parameters
    ----------
    result : Distillation
        Images, beads and PSF.
    table : BeadTable
        The beads one by one.
    nyquist_um : tuple of float
        Largest voxel that samples all that the optics pass, in z, y and x; NaN where unknown.
    lateral_um : float
        Lateral FWHM that the optics would have, or that was measured.
    wavefront : Wavefront or None
        Aberrations, where a pupil was fitted.
    settings : AcquisitionSettings
        From where on to warn.
    """

    result: Distillation
    table: BeadTable
    nyquist_um: Zyx
    lateral_um: float
    wavefront: Wavefront | None
    settings: AcquisitionSettings


def acquisition_problems(evidence: Evidence) -> tuple[Problem, ...]:
    """Return every problem that the evidence shows, the gravest kinds first."""
    return tuple(problem for rule in _RULES for problem in rule(evidence))


def _saturation(evidence: Evidence) -> Iterator[Problem]:
    for image in evidence.result.images:
        level = saturation_level(image.data)
        if not np.isfinite(level):
            continue
        count = int(np.count_nonzero(image.data >= level))
        beads = evidence.result.beads.funnel()["rejected"].get("saturated", 0)
        yield Problem(
            "saturation",
            f"Saturated voxels in {image.name}",
            f"{count} voxels have the maximum value, {level:g}; {beads} beads were rejected.",
            "Lower the exposure or the laser power until the brightest bead stays below 80 % of "
            "the range.",
        )


def _clipping(evidence: Evidence) -> Iterator[Problem]:
    for image in evidence.result.images:
        part = _thinned(image)
        share = float(np.mean(part == part.min()))
        if share > evidence.settings.most_at_lowest:
            yield Problem(
                "clipping",
                f"Clipped background in {image.name}",
                f"{share:.0%} of the voxels have the minimum value ({part.min():g}).",
                "Raise the offset of the camera or detector, record in 16 bit, and do not "
                "subtract the background before measuring.",
            )


def _thinned(image: Image) -> NDArray[Any]:
    step = max(int(np.sqrt(image.data[0].size / 250_000)), 1)
    return image.data[:, ::step, ::step]


def _sampling(evidence: Evidence) -> Iterator[Problem]:
    coarse: dict[tuple[str, float, float], list[str]] = {}
    triples = zip("zyx", evidence.result.psf.voxel_um, evidence.nyquist_um, strict=True)
    for axis, step, limit in triples:
        if np.isfinite(limit) and step > limit:
            name = "z step" if axis == "z" else "pixel size in the sample"
            coarse.setdefault((name, step, limit), []).append(axis)
    for (name, step, limit), axes in coarse.items():
        yield Problem(
            "sampling",
            f"Under-sampled in {' and '.join(axes)}",
            f"the {name} is {step:.3f} µm, {step / limit:.1f} times the Nyquist limit of "
            f"{limit:.3f} µm.",
            f"Use a {name} of {limit:.3f} µm or less.",
        )


def _bead_size(evidence: Evidence) -> Iterator[Problem]:
    diameter = evidence.result.options.bead_diameter_um
    most = evidence.settings.most_bead_over_fwhm * evidence.lateral_um
    if diameter == 0:
        yield Problem(
            "bead size",
            "Bead size unknown",
            "no bead diameter was given: the beads were treated as points, so their size remains "
            "in the PSF.",
            "Give the bead diameter stated by the manufacturer.",
        )
    elif diameter > most:
        yield Problem(
            "bead size",
            "Beads too large for these optics",
            f"their diameter of {diameter:g} µm is {diameter / evidence.lateral_um:.2f} times the "
            "lateral resolution.",
            f"Use beads of {most:.2f} µm or less: detail that a large bead blurs away cannot be "
            "restored.",
        )


def _few(evidence: Evidence) -> Iterator[Problem]:
    used = len(evidence.table.used)
    if used < evidence.settings.least_beads:
        yield Problem(
            "few beads",
            "Few beads",
            f"{used} {'bead was' if used == 1 else 'beads were'} used.",
            f"Image at least {evidence.settings.least_beads}, preferably 20 or more, in one or "
            "several stacks.",
        )


def _dim(evidence: Evidence) -> Iterator[Problem]:
    snr, _ = evidence.table.used.median_and_mad("snr")
    if snr < evidence.settings.least_peak_snr:
        yield Problem(
            "dim beads",
            "Dim beads",
            f"the median peak is only {snr:.1f} times the local noise.",
            "Expose longer, or use brighter beads.",
        )


def _crowded(evidence: Evidence) -> Iterator[Problem]:
    beads = [row for row in evidence.table if row.reason not in _NO_BEADS]
    near = sum(_with_neighbours(beads, evidence.lateral_um, evidence.result.measures.fwhm_um[0]))
    if near > evidence.settings.most_crowded * len(beads):
        yield Problem(
            "crowded",
            "Beads too close together",
            f"{near} of {len(beads)} beads have a neighbour within the "
            f"{SPOTS.reach_fwhm:g} FWHM in which a bead is measured.",
            "Dilute the beads tenfold, and sonicate them before mounting.",
        )


#: What was rejected for these is hardly a bead.
_NO_BEADS = (Reason.HOT_PIXEL, Reason.TOO_DIM)
_NEAR = (Reason.TOO_CLOSE, Reason.DOUBLET)


def _with_neighbours(
    beads: Sequence[BeadRow], lateral_um: float, axial_um: float
) -> Iterator[bool]:
    """Yield of every bead whether another is in its box, or it was rejected for one."""
    from scipy import spatial

    # A width that cannot be told, as in z of a single plane, keeps no bead apart.
    widths = (axial_um, lateral_um, lateral_um)
    scale = np.array([width if width > 0 else np.inf for width in widths])
    for image in sorted({row.image for row in beads}):
        own = [row for row in beads if row.image == image]
        places = np.array([(row.z_um, row.y_um, row.x_um) for row in own]) / scale
        nearest = spatial.KDTree(places).query(places, k=2, p=np.inf)[0][:, 1]
        for row, distance in zip(own, nearest, strict=True):
            yield bool(distance < SPOTS.reach_fwhm) or row.reason in _NEAR


def _drift(evidence: Evidence) -> Iterator[Problem]:
    used = evidence.table.used
    if evidence.result.psf.data.shape[0] == 1 or len(used) < 3:
        return
    slants = np.array([used.column("slant_y"), used.column("slant_x")])
    slants = slants[:, np.isfinite(slants).all(axis=0)]
    if slants.shape[1] < 3:
        return
    median = np.median(slants, axis=1)
    error = robust_sd(slants, axis=1) / np.sqrt(slants.shape[1])
    depth = evidence.result.measures.fwhm_um[0]
    walk = float(np.hypot(*median) * depth)
    sure = float(np.hypot(*median)) > 3 * float(np.hypot(*error))
    if sure and walk > evidence.settings.most_slant * evidence.lateral_um:
        yield Problem(
            "drift",
            "Slanted PSF",
            f"the beads shift laterally by {walk:.3f} µm within their axial FWHM, "
            f"{walk / evidence.lateral_um:.0%} of their lateral FWHM, all in one direction.",
            _slant_remedy(evidence.wavefront),
        )


def _slant_remedy(wavefront: Wavefront | None) -> str:
    """Return how to tell the causes of a slant apart, which one stack cannot.

    Coma alone bends a PSF, and astigmatism alone leaves it upright: only both together slant it.
    """
    shown = {
        one.name: one.waves
        for one in (wavefront.aberrations if wavefront else ())
        if one.name in ("coma", "astigmatism") and one.significant
    }
    known = (
        f" (these beads show {shown['coma']:.3f} and {shown['astigmatism']:.3f} waves)"
        if len(shown) == 2
        else ""
    )
    return (
        "Take a second stack in the other direction: if the slant changes its sign, the stage "
        "drifts (let it settle, image faster); if it stays, slide or objective is tilted, or the "
        f"objective has coma together with astigmatism{known}."
    )


def _bleaching(evidence: Evidence) -> Iterator[Problem]:
    from scipy import stats

    settings = evidence.settings
    for image in evidence.result.images:
        if len(image.data) < 8:
            continue
        levels = np.median(_thinned(image), axis=(1, 2)).astype(float)
        order = (
            float(stats.spearmanr(np.arange(len(levels)), levels).statistic)
            if (np.ptp(levels) > 0)
            else 0.0
        )
        change = float(levels[-2:].mean() - levels[:2].mean()) / max(float(levels.mean()), 1e-9)
        if abs(order) > settings.least_order and abs(change) > settings.most_trend:
            word = "falls" if change < 0 else "rises"
            yield Problem(
                "bleaching",
                f"Brightness {word} through {image.name}",
                f"the background {word} by {abs(change):.0%} from the first to the last plane.",
                "The beads bleach or the lamp is unstable: lower the excitation, let the lamp "
                "warm up, and use photostable beads.",
            )


def _field(evidence: Evidence) -> Iterator[Problem]:
    for trend in width_trends(evidence.table.used, evidence.settings):
        yield Problem(
            "field",
            "PSF varies across the field",
            _trend_words(trend),
            (
                f"Distil with {Host.current().set('field', 'True')} for a PSF at every position; "
                "check the correction collar, the tube lens and the tilt of the slide."
            ),
        )
    plane = focal_plane(evidence.table.used, evidence.settings)
    if plane and plane.significant and plane.tilt_mrad > evidence.settings.most_plane_tilt_mrad:
        yield Problem(
            "tilt",
            "Slide or stage tilted",
            f"the plane of the beads is tilted by {plane.tilt_mrad:.1f} mrad: the focus varies by "
            f"{plane.range_um:.2f} µm across the field.",
            "Level the slide and the stage insert.",
        )


def _trend_words(trend: FieldTrend) -> str:
    return (
        f"the FWHM {trend.axis} changes by {trend.change:+.0%} (± {trend.change_error:.0%}) from "
        f"the lowest to the highest {trend.along}."
    )


#: What usually causes an aberration, and what to do.
_CURES = {
    "spherical aberration": "Adjust the correction collar, use 0.17 mm coverslips (No. 1.5H) and "
    "the correct immersion medium, and image beads on the coverslip.",
    "coma": "Check that the slide lies flat and that objective and tube lens are aligned; if the "
    "coma rotates with the objective, the objective is decentred.",
    "astigmatism": "Check for mechanical stress on the objective or the dichroic mirror, and for "
    "a tilted plate in the light path.",
    "trefoil": "Check for a pinched optical element, such as an over-tightened mirror.",
}


def _aberrations(evidence: Evidence) -> Iterator[Problem]:
    if evidence.wavefront is None:
        return
    for one in evidence.wavefront.aberrations:
        kind = one.name.removeprefix("secondary ")
        large = abs(one.waves) > evidence.settings.most_aberration_waves
        sign = "+" if one.m == 0 else ""
        if large and one.significant and kind in _CURES:
            yield Problem(
                "aberration",
                one.name.capitalize(),
                f"{one.waves:{sign}.3f} ± {max(one.error, 0.001):.3f} waves rms.",
                _CURES[kind],
            )


_RULES: Sequence[Callable[[Evidence], Iterator[Problem]]] = (
    _saturation,
    _clipping,
    _sampling,
    _bead_size,
    _few,
    _dim,
    _crowded,
    _drift,
    _bleaching,
    _field,
    _aberrations,
)
