"""The error of an estimated PSF relative to the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, optimize

from psfbridge.errors import PSFError
from psfbridge.evaluation.settings import PSF_ERROR
from psfbridge.numerics.fourier import crop_or_pad, shift_volume
from psfbridge.psf.psf import PSF

__all__ = ["psf_error", "psf_offset"]

Floats = NDArray[np.float64]


def psf_error(
    estimate: PSF | NDArray[Any],
    truth: PSF | NDArray[Any],
    window: Sequence[int] = PSF_ERROR.window,
) -> float:
    """Return ``‖k·ĥ - h‖ / ‖h‖`` with the best scale k and sub-voxel shift of the estimate ĥ.

    Parameters
    ----------
    estimate, truth : PSF or array
        The arrays have axes (z, y, x) and the same voxel size; the truth's peak is at ``n // 2``.
    window : sequence of int
        Number of central voxels to compare; fewer if the truth is smaller.

    Returns
    -------
    float
        0 for perfect agreement, 1 for no agreement.

    Raises
    ------
    PSFError
        If either is zero everywhere or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> spot = np.zeros((5, 9, 9)); spot[2, 4, 4] = 1
    >>> psf_error(3 * spot, spot) < 1e-6
    True
    """
    return _best(estimate, truth, window).error


def psf_offset(
    estimate: PSF | NDArray[Any],
    truth: PSF | NDArray[Any],
    window: Sequence[int] = PSF_ERROR.window,
) -> float:
    """Return how far from ``n // 2`` the centre of the estimate lies, in voxels.

    The centre is where the truth's centre comes to lie when both agree best, as in `psf_error`.

    Parameters
    ----------
    estimate, truth, window
        As in `psf_error`.

    Raises
    ------
    PSFError
        As in `psf_error`.

    Examples
    --------
    >>> import numpy as np
    >>> spot = np.zeros((5, 9, 9)); spot[2, 4, 4] = 1
    >>> round(psf_offset(np.roll(spot, 2, axis=2), spot), 3)
    2.0
    """
    best = _best(estimate, truth, window)
    shape = (estimate.data if isinstance(estimate, PSF) else np.asarray(estimate)).shape
    middle = [length // 2 for length in shape]
    return float(np.linalg.norm(best.centre - middle))


@dataclass(frozen=True, eq=False)
class _Best:
    """The best agreement: what is left, and where the truth's centre lies in the estimate."""

    error: float
    centre: Floats


def _best(estimate: PSF | NDArray[Any], truth: PSF | NDArray[Any], window: Sequence[int]) -> _Best:
    found, true = _checked(estimate, "estimate"), _checked(truth, "truth")
    shape = [min(most, length) for most, length in zip(window, true.shape, strict=True)]
    true = crop_or_pad(true, shape, [length // 2 for length in true.shape])
    # A margin keeps the shift's wrapping out of the window.
    roomy = [length if length == 1 else length + 2 * PSF_ERROR.margin for length in shape]
    at = _match(found, true)
    error, shift = _least_error(crop_or_pad(found, roomy, at), true)
    return _Best(error, np.array(at) - shift)


def _checked(psf: PSF | NDArray[Any], name: str) -> Floats:
    volume = np.asarray(psf.data if isinstance(psf, PSF) else psf, float)
    if not np.isfinite(volume).all() or not volume.any():
        raise PSFError(f"the {name} is zero everywhere or has voxels that are not finite.")
    return volume


def _match(found: Floats, true: Floats) -> list[int]:
    """Find the voxel of `found` that lies where the centre of `true` fits best."""
    size = [a + b for a, b in zip(found.shape, true.shape, strict=True)]
    product = fft.rfftn(found, s=size) * np.conj(fft.rfftn(true, s=size))
    correlation = fft.irfftn(product, s=size)
    best = np.unravel_index(int(np.argmax(correlation)), correlation.shape)
    # A lag beyond the volume is a negative one.
    lags = [
        int(b) - n if b >= m else int(b) for b, n, m in zip(best, size, found.shape, strict=True)
    ]
    return [lag + length // 2 for lag, length in zip(lags, true.shape, strict=True)]


def _least_error(found: Floats, true: Floats) -> tuple[float, Floats]:
    """The least error over scale and shift, and that shift."""
    axes = [axis for axis, length in enumerate(true.shape) if length > 1]

    def residual(step: Floats) -> Floats:
        shift = np.zeros(3)
        shift[axes] = step
        moved = _core(shift_volume(found, list(shift)), true.shape)
        scale = (moved * true).sum() / max(float((moved**2).sum()), 1e-300)
        return np.asarray((scale * moved - true).ravel() / np.linalg.norm(true), float)

    fit = optimize.least_squares(residual, np.zeros(len(axes)), diff_step=1e-3, xtol=1e-6)
    shift = np.zeros(3)
    shift[axes] = fit.x
    return float(np.linalg.norm(fit.fun)), shift


def _core(volume: Floats, shape: Sequence[int]) -> Floats:
    starts = [length // 2 - size // 2 for length, size in zip(volume.shape, shape, strict=True)]
    z, y, x = (slice(start, start + size) for start, size in zip(starts, shape, strict=True))
    return np.asarray(volume[z, y, x])
