"""Aberrations of a pupil by name, and the resulting Strehl ratio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from psfbridge.measurement.settings import STREHL
from psfbridge.optics.zernike import zernike

__all__ = ["Aberration", "Wavefront", "wavefront_of"]

Floats = NDArray[np.float64]

_TWO_PI = 2 * np.pi
_NAMES = {
    (2, 2): "astigmatism",
    (3, 1): "coma",
    (3, 3): "trefoil",
    (4, 0): "spherical aberration",
    (4, 2): "secondary astigmatism",
    (4, 4): "tetrafoil",
    (5, 1): "secondary coma",
    (5, 3): "secondary trefoil",
    (5, 5): "pentafoil",
    (6, 0): "secondary spherical aberration",
    (8, 0): "tertiary spherical aberration",
    (10, 0): "quaternary spherical aberration",
}


@dataclass(frozen=True)
class Aberration:
    """One kind of aberration, its two orientations taken together.

    Parameters
    ----------
    name : str
        As microscopists call it; of radial order n and azimuthal frequency m.
    n, m : int
        Radial order and azimuthal frequency, Noll's normalisation.
    waves : float
        Wavefront error in waves rms at the emission wavelength: signed where m is 0, else the
        length of the cosine and sine terms together.
    error : float
        Its standard error, NaN where it is not known.
    angle_deg : float
        Direction of its maximum in the image plane from x towards y, in degrees; NaN where m is 0.
    """

    name: str
    n: int
    m: int
    waves: float
    error: float
    angle_deg: float

    @property
    def significant(self) -> bool:
        """Whether it is larger than three times its standard error."""
        return bool(abs(self.waves) > 3 * self.error)


@dataclass(frozen=True)
class Wavefront:
    """The wavefront error from the phases of a pupil.

    Parameters
    ----------
    aberrations : tuple of Aberration
        All kinds, the largest first.
    rms_waves, rms_error : float
        The whole wavefront error, in waves rms, and its standard error.
    strehl, strehl_error : float
        Strehl ratio: the height of the PSF over that without these aberrations, at best focus
        (Born & Wolf, Principles of Optics, ch. 9.1), and its standard error.
    """

    aberrations: tuple[Aberration, ...]
    rms_waves: float
    rms_error: float
    strehl: float
    strehl_error: float


def wavefront_of(
    phases_rad: Mapping[str, float], errors_rad: Mapping[str, float | None] | None = None
) -> Wavefront:
    """Name the aberrations of a pupil and compute its Strehl ratio.

    Parameters
    ----------
    phases_rad : mapping
        Zernike coefficients in radians rms by ``"n,m"`` (Noll's normalisation; cosine for m >= 0,
        sine below), without piston, tilts and defocus.
    errors_rad : mapping, optional
        Their standard errors.

    Examples
    --------
    >>> wavefront = wavefront_of({"3,1": 0.3, "3,-1": 0.4})
    >>> wavefront.aberrations[0].name, round(wavefront.aberrations[0].waves, 3)
    ('coma', 0.08)
    >>> round(wavefront.strehl, 2)
    0.78
    """
    terms = {_mode(key): float(value) for key, value in phases_rad.items()}
    told = {_mode(key): value for key, value in (errors_rad or {}).items()}
    errors = {mode: _or_nan(told.get(mode)) for mode in terms}
    kinds = sorted({(n, abs(m)) for n, m in terms})
    found = [_aberration(kind, terms, errors) for kind in kinds]
    found.sort(key=lambda one: -abs(one.waves))
    values, spreads = np.array(list(terms.values())), np.array(list(errors.values()))
    rms = float(np.sqrt((values**2).sum()))
    rms_error = float(np.sqrt(((values * spreads) ** 2).sum()) / rms) if rms else float("nan")
    strehl = _strehl(terms)
    # To first order S = exp(-rms²) (Maréchal; Mahajan 1983), so dS = 2 S rms d(rms).
    return Wavefront(
        tuple(found), rms / _TWO_PI, rms_error / _TWO_PI, strehl, 2 * strehl * rms * rms_error
    )


def _mode(key: str) -> tuple[int, int]:
    n, m = (int(part) for part in key.split(","))
    return n, m


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _aberration(
    kind: tuple[int, int],
    terms: Mapping[tuple[int, int], float],
    errors: Mapping[tuple[int, int], float],
) -> Aberration:
    n, m = kind
    name = _NAMES.get(kind, f"Zernike n {n}, m {m}")
    if m == 0:
        waves, error = terms[kind] / _TWO_PI, errors[kind] / _TWO_PI
        return Aberration(name, n, m, waves, error, float("nan"))
    pair = np.array([terms.get((n, m), 0.0), terms.get((n, -m), 0.0)])
    # An orientation that was not fitted is 0 without an error.
    spread = np.array([errors.get((n, m), 0.0), errors.get((n, -m), 0.0)])
    length = float(np.hypot(*pair))
    # Along the found direction; the plain mean where there is none.
    along = pair / length if length else np.full(2, np.sqrt(0.5))
    error = float(np.sqrt(((along * spread) ** 2).sum()))
    angle = float(np.degrees(np.arctan2(pair[1], pair[0])) / m)
    return Aberration(name, n, m, length / _TWO_PI, error / _TWO_PI, angle)


def _strehl(terms: Mapping[tuple[int, int], float]) -> float:
    """Return ``|<exp(i phase)>|²`` over the pupil at the focus where it is largest."""
    radius, angle = _disc()
    phase = np.sum([value * zernike(n, m, radius, angle) for (n, m), value in terms.items()], 0)
    defocus = zernike(2, 0, radius, angle)

    def lost(focus: float) -> float:
        return -float(np.abs(np.exp(1j * (phase + focus * defocus)).mean()) ** 2)

    best = minimize_scalar(
        lost, bounds=(-STREHL.most_defocus, STREHL.most_defocus), method="bounded"
    )
    return -float(best.fun)


def _disc() -> tuple[Floats, Floats]:
    across = (np.arange(STREHL.samples) + 0.5) / STREHL.samples * 2 - 1
    y, x = np.meshgrid(across, across, indexing="ij")
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    inside = radius <= 1
    return radius[inside], angle[inside]
