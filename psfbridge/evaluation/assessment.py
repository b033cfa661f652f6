"""The assessment of an objective: comparison with theory, tolerances and problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psfbridge._util.jsonable import plain
from psfbridge._util.notebook import card
from psfbridge.evaluation.acquisition import Evidence, Problem, acquisition_problems
from psfbridge.evaluation.bead_table import BeadTable, measure_every_bead
from psfbridge.evaluation.field_trends import FocalPlane, focal_plane
from psfbridge.evaluation.settings import ACQUISITION, AcquisitionSettings
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.measurement.aberrations import Wavefront, wavefront_of
from psfbridge.measurement.theory import PupilOptics, TheoreticalWidths, theoretical_widths

if TYPE_CHECKING:
    from psfbridge.distillation.result import Distillation

__all__ = ["Assessment", "Criterion", "Width", "assess"]

NAN = float("nan")
Zyx = tuple[float, float, float]


@dataclass(frozen=True)
class Width:
    """A width along one axis compared with theory; all in µm.

    `error` is the standard error of `measured_um`; `bead_median_um` and `bead_mad_um` are of the
    single beads, their own size not removed.
    """

    axis: str
    measured_um: float
    error_um: float
    ideal_um: float
    textbook_um: float
    bead_median_um: float
    bead_mad_um: float

    @property
    def ratio(self) -> float:
        """Measured over ideal width."""
        return self.measured_um / self.ideal_um

    @property
    def ratio_error(self) -> float:
        """Standard error of `ratio`."""
        return self.error_um / self.ideal_um


@dataclass(frozen=True)
class Criterion:
    """One figure against its limit.

    `key` is its short name; `limit` is None where the figure is reported and not judged; with
    `at_most` the figure must not exceed it, else not fall below it.
    """

    key: str
    name: str
    value: float
    error: float
    limit: float | None
    at_most: bool
    meaning: str

    @property
    def passed(self) -> bool | None:
        """Whether it is within the limit; None where it is not judged or cannot be told."""
        if self.limit is None or not math.isfinite(self.value):
            return None
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    @property
    def word(self) -> str:
        """The outcome: ``pass``, ``fail`` or ``not judged``."""
        return {True: "pass", False: "fail", None: "not judged"}[self.passed]


@dataclass(frozen=True, eq=False, repr=False)
class Assessment:
    """The assessment of an objective.

    Parameters
    ----------
    result : Distillation
        The PSF and its beads.
    tolerances : Tolerances
        The limits.
    optics : PupilOptics or None
        The optics assumed for theory; None if unknown.
    optics_given : bool
        Whether they were given rather than inferred from the beads.
    wavelength_um : float or None
        Emission wavelength, where it was given.
    theory : TheoreticalWidths or None
        Theoretical widths for these optics.
    wavefront : Wavefront or None
        Aberrations and Strehl ratio, where a pupil was fitted.
    beads : BeadTable
        All candidates, measured individually.
    plane : FocalPlane or None
        The plane in which the beads lie.
    problems : tuple of Problem
        Problems of the acquisition or the optics.
    """

    result: Distillation
    tolerances: Tolerances
    optics: PupilOptics | None
    optics_given: bool
    wavelength_um: float | None
    theory: TheoreticalWidths | None
    wavefront: Wavefront | None
    beads: BeadTable
    plane: FocalPlane | None
    problems: tuple[Problem, ...]

    def __repr__(self) -> str:
        facts = [f"{name}: {value}" for name, value in self._facts().items()]
        return "<Assessment: {}>".format("\n ".join(facts))

    def _repr_html_(self) -> str:
        return card("Assessment", self._facts())

    def _facts(self) -> dict[str, str]:
        facts = {"answer": self.headline}
        for width in self.widths:
            facts[f"FWHM {width.axis}"] = (
                f"{width.measured_um:.3f} µm, {width.ratio:.2f} times that of the ideal pupil"
                if math.isfinite(width.ratio)
                else f"{width.measured_um:.3f} µm"
            )
        told = [one.sentence for one in self.problems]
        return facts | {f"warning {number}": text for number, text in enumerate(told, 1)}

    @property
    def grade(self) -> str:
        """The verdict on the PSF, ``good``, ``usable`` or ``poor``; empty if not judged."""
        return self.result.verdict.grade if self.result.verdict else ""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reasons and advice of the verdict on the PSF."""
        verdict = self.result.verdict
        return (*verdict.reasons, *verdict.advice) if verdict else ()

    @cached_property
    def widths(self) -> tuple[Width, ...]:
        """The measured widths beside theory, z, y and x; z is left out for one plane."""
        errors = self.result.diagnostics.get("fwhm_se_um") or (NAN, NAN, NAN)
        flat = self.result.psf.data.shape[0] == 1
        return tuple(self._width(k, float(errors[k] or NAN)) for k in range(3) if k or not flat)

    def _width(self, axis: int, error: float) -> Width:
        name = "zyx"[axis]
        ideal, textbook = (
            (self.theory.ideal_um[axis], self.theory.textbook_um[axis])
            if self.theory
            else (NAN, NAN)
        )
        spread = self.beads.used.median_and_mad(f"fwhm_{name}_um")
        measured = self.result.measures.fwhm_um[axis]
        return Width(name, measured, error, ideal, textbook, *spread)

    @property
    def na(self) -> tuple[float, float]:
        """NA inferred from the beads at the given wavelength, and its standard error or NaN."""
        inferred = self._inferred
        if not inferred or self.wavelength_um is None:
            return NAN, NAN
        error = inferred.get("na_per_wavelength_se_per_um")
        return (
            self.wavelength_um * float(inferred["na_per_wavelength_per_um"]),
            self.wavelength_um * (NAN if error is None else float(error)),
        )

    @property
    def _inferred(self) -> Mapping[str, Any]:
        inferred: Mapping[str, Any] = self.result.diagnostics.get("inferred") or {}
        return inferred

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Every figure that may be judged, with its limit."""
        return (*self._ratios(), *self._asymmetry(), *self._strehl())

    def _ratios(self) -> list[Criterion]:
        limits = {"z": self.tolerances.max_axial_ratio}
        return [
            Criterion(
                f"fwhm_{width.axis}",
                f"FWHM {width.axis} over theory",
                width.ratio,
                width.ratio_error,
                limits.get(width.axis, self.tolerances.max_lateral_ratio),
                True,
                "Measured width divided by that of the ideal pupil; 1 is perfect, larger is worse.",
            )
            for width in self.widths
            if math.isfinite(width.ratio)
        ]

    def _asymmetry(self) -> list[Criterion]:
        y, x = self.widths[-2:]
        narrow, wide = sorted((y.measured_um, x.measured_um))
        error = math.hypot(y.error_um / y.measured_um, x.error_um / x.measured_um) * narrow / wide
        return [
            Criterion(
                "roundness",
                "lateral FWHM, narrow over wide",
                narrow / wide,
                error,
                self.tolerances.min_roundness,
                False,
                "Narrower divided by wider lateral width; 1 is a round PSF.",
            )
        ]

    def _strehl(self) -> list[Criterion]:
        if self.wavefront is None:
            return []
        return [
            Criterion(
                "strehl",
                "Strehl ratio",
                self.wavefront.strehl,
                self.wavefront.strehl_error,
                self.tolerances.min_strehl,
                False,
                "Peak intensity relative to that without aberrations; 0.8 or more counts as "
                "diffraction-limited.",
            )
        ]

    @property
    def passed(self) -> bool | None:
        """Whether every judged figure is within its tolerance; None where none is judged."""
        judged = [one.passed for one in self.criteria if one.passed is not None]
        return all(judged) if judged else None

    @property
    def headline(self) -> str:
        """The conclusion in a sentence."""
        words = f"The PSF is {self.grade}." if self.grade else "The PSF was not graded."
        if self.passed is None:
            return f"{words} It was not compared with theory."
        if self.passed:
            return f"{words} The objective is within tolerance."
        failed = ", ".join(one.name for one in self.criteria if one.passed is False)
        return f"{words} The objective is out of tolerance: {failed}."

    def optics_sentence(self) -> str:
        """Return the optics assumed for theory and the NA inferred from the beads."""
        if self.optics is None and self.result.options.measured_only:
            return (
                f"The PSF of {self.result.options.microscope} cannot be described by a pupil, so "
                "there is no theory to compare it with."
            )
        if self.optics is None:
            return "No optics were given or inferred, so there is no theory to compare with."
        kind = self.optics.microscope
        na, error = self.na
        if math.isfinite(na) and self.wavelength_um is not None:
            digits = 2 if not error < 0.005 else 3
            spread = f" ± {max(error, 0.001):.{digits}f}" if math.isfinite(error) else ""
            shown = (
                f"The beads indicate NA {na:.{digits}f}{spread} at "
                f"{1000 * self.wavelength_um:.0f} nm{self._given_na()}."
            )
        elif self._inferred:
            ratio = float(self._inferred["na_per_wavelength_per_um"])
            shown = (
                f"NA over wavelength is {ratio:.2f} per µm: NA {0.52 * ratio:.2f} if the emission "
                "is at 520 nm."
            )
        else:
            shown = ""
        if self.optics_given:
            return f"Theory: the given optics ({kind}). {shown}".strip()
        return (
            f"Theory: the optics inferred from these beads ({kind}); to test the objective "
            f"against its specification, give NA, wavelength and refractive index. {shown}"
        )

    def _given_na(self) -> str:
        na = self.result.options.na
        return "" if na is None else f", where NA {na:g} was given"

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the single beads in JSON-compatible form."""
        record: dict[str, Any] = plain(
            {
                "headline": self.headline,
                "grade": self.grade,
                "passed": self.passed,
                "widths": self.widths,
                "criteria": [
                    {"key": one.key, "name": one.name, "value": one.value, "error": one.error,
                     "limit": one.limit, "outcome": one.word}
                    for one in self.criteria
                ],
                "optics": self.optics,
                "optics_given": self.optics_given,
                "na": self.na[0],
                "na_error": self.na[1],
                "wavefront": self.wavefront,
                "plane": self.plane,
                "problems": self.problems,
                "tolerances": self.tolerances,
            }
        )  # fmt: skip
        return record


def assess(
    result: Distillation,
    *,
    tolerances: Tolerances | None = None,
    settings: AcquisitionSettings | None = None,
) -> Assessment:
    """Assess an objective from a distillation: theory, tolerances, aberrations and problems.

    Parameters
    ----------
    result : Distillation
        The distillation of beads imaged with this objective.
    tolerances : Tolerances, optional
        The limits between pass and fail.
    settings : AcquisitionSettings, optional
        Thresholds for warnings.

    Raises
    ------
    ImageError
        If an image exceeds the free memory.

    Examples
    --------
    >>> import psfbridge as pb
    >>> from psfbridge.simulation.scene import demo_scene
    >>> from psfbridge.simulation.simulate import simulate
    >>> field = simulate(demo_scene(0))  # doctest: +SKIP
    >>> assess(pb.distill(field.image, bead_diameter_um=0.1)).passed  # doctest: +SKIP
    True
    """
    settings = settings or ACQUISITION
    result = replace(result, images=tuple(image.in_memory() for image in result.images))
    given = result.options.optics
    inferred = result.diagnostics.get("inferred") or {}
    optics = PupilOptics.of(given) if given else _inferred_optics(inferred)
    theory = theoretical_widths(optics) if optics else None
    phases = inferred.get("phases_rad")
    wavefront = wavefront_of(phases, inferred.get("phases_se_rad")) if phases else None
    beads = measure_every_bead(result, settings)
    evidence = Evidence(
        result, beads, _nyquist_um(optics), _lateral_um(result, theory), wavefront, settings
    )
    return Assessment(
        result=result,
        tolerances=tolerances or Tolerances(),
        optics=optics,
        optics_given=given is not None,
        wavelength_um=given.pupil.wavelength_um if given else None,
        theory=theory,
        wavefront=wavefront,
        beads=beads,
        plane=focal_plane(beads.used, settings),
        problems=acquisition_problems(evidence),
    )


def _inferred_optics(inferred: Mapping[str, Any]) -> PupilOptics | None:
    if not inferred:
        return None
    return PupilOptics(
        na_per_um=float(inferred["na_per_wavelength_per_um"]),
        index_per_um=float(inferred["index_per_wavelength_per_um"]),
        microscope=str(inferred["microscope"]),
    )


def _nyquist_um(optics: PupilOptics | None) -> Zyx:
    if optics is None:
        return NAN, NAN, NAN
    na, index = optics.na_per_um, optics.index_per_um
    # A confocal microscope passes twice as much in principle, hardly more in practice.
    more = 1.2 if optics.microscope == "confocal" else 1.0
    lateral = 0.25 / (na * more)
    axial = 0.5 / ((index - math.sqrt(max(index**2 - na**2, 0))) * more)
    return axial, lateral, lateral


def _lateral_um(result: Distillation, theory: TheoreticalWidths | None) -> float:
    if theory:
        return theory.ideal_um[2]
    widths: Sequence[float] = result.measures.fwhm_um[1:]
    return min(widths)
