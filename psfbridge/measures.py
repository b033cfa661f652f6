"""What a PSF or a bead looks like in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.cutouts import Spot, spot_in_psf, spots_in_image
from psfbridge.errors import ImageError, NoBeadsError, OptionError
from psfbridge.gaussian import GaussianFit, fit_gaussian
from psfbridge.image import Image
from psfbridge.plain import plain
from psfbridge.profiles import profiles_through
from psfbridge.psf import PSF
from psfbridge.zone import asymmetry, zone_energy

__all__ = ["Measures", "measure", "measure_beads", "median_of"]

Zyx = tuple[float, float, float]
NAN = float("nan")
NO_ZYX: Zyx = (NAN, NAN, NAN)


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Widths, shape and quality of a PSF, of a bead, or the median over several beads.

    What cannot be told is NaN, null in JSON: z of an image of one plane, a width whose half
    maximum lies outside of the image, a fit that failed.

    Parameters
    ----------
    subject : str
        What was measured, in words.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    fwhm_um : tuple of float
        Full width at half maximum in z, y, x of the profiles through the sub-voxel peak, in µm;
        half of the peak above the background, no model.
    profile_fit_fwhm_um : tuple of float
        The same from a one-dimensional Gaussian with a level fitted to each of these profiles,
        within two FWHM of the peak.
    gaussian_fwhm_um : tuple of float
        FWHM along z, y, x of a three-dimensional Gaussian of any orientation, fitted within two
        FWHM of the peak.
    gaussian_r2 : float
        Share of the variance in that box that the Gaussian explains.
    principal_fwhm_um : tuple of float
        FWHM of that Gaussian along its own axes, the longest first.
    principal_axes : tuple of tuple of float
        The directions of these axes, as unit vectors in µm along z, y, x.
    tilt_deg : float
        Angle between the longest axis and z, in degrees; NaN for an image of one plane.
    asymmetry : tuple of float
        For z, y and x: the energy of the part that is odd under reflection at the peak along
        this axis, as a share of the whole energy (sum of squares) within four FWHM of the peak;
        0 is symmetric, 1/2 the most there is. The noise's own share is taken off.
    zone_energy : float
        Light in the focal plane within the first Airy-like zone, as a share of that plane's
        light. The zone is the ellipse with half axes of 1.186 FWHM in y and x: an Airy disc of
        this FWHM has its first dark ring there, and 0.838 of its light within.
    zone_energy_volume : float
        Light in the ellipsoid with half axes of 1.13 FWHM in z (where the axial profile of an
        ideal lens has its first zero) and 1.186 FWHM in y and x, as a share of all light in the
        volume; it falls with the depth of a widefield stack.
    peak : float
        Height of the peak above the background, in counts.
    background : float
        Level at the lateral borders, in counts. For a PSF, whose background should be 0, this is
        what was left.
    background_share : float
        The background as a share of the peak (of the peak above it, for beads).
    noise : float
        Standard deviation of the noise at the lateral borders, in counts.
    snr : float
        Peak over noise; NaN where there is no noise to see.
    peak_zyx : tuple of float
        Position of the peak in voxels, index 0 at the first voxel's centre; NaN for several beads.
    beads : int
        How many beads the figures are the median of.
    notes : tuple of str
        What a reader should know, one sentence each.
    """

    subject: str
    voxel_um: Zyx
    fwhm_um: Zyx = NO_ZYX
    profile_fit_fwhm_um: Zyx = NO_ZYX
    gaussian_fwhm_um: Zyx = NO_ZYX
    gaussian_r2: float = NAN
    principal_fwhm_um: Zyx = NO_ZYX
    principal_axes: tuple[Zyx, Zyx, Zyx] = (NO_ZYX, NO_ZYX, NO_ZYX)
    tilt_deg: float = NAN
    asymmetry: Zyx = NO_ZYX
    zone_energy: float = NAN
    zone_energy_volume: float = NAN
    peak: float = NAN
    background: float = NAN
    background_share: float = NAN
    noise: float = NAN
    snr: float = NAN
    peak_zyx: Zyx = NO_ZYX
    beads: int = 1
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the measures as JSON can hold them; what cannot be told is None."""
        values: dict[str, Any] = plain(self)
        return values


def measure(
    subject: PSF | Image | NDArray[Any],
    *,
    voxel_um: Sequence[float] | None = None,
    channel: int | None = None,
) -> Measures:
    """Measure a PSF, an image of one, or an image of beads.

    In an image of one bead, background and noise are estimated from the borders. In an image of
    several, each isolated bead is measured in a cut-out of its own and the median is returned;
    `Measures.subject` says which it was.

    Parameters
    ----------
    subject : PSF, Image or array
        The array has axes (z, y, x), or (y, x). The units are counts.
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; needed for an array.
    channel : int, optional
        Which channel of an image; needed if it has several.

    Raises
    ------
    NoBeadsError
        If nothing stands out from the background.
    ImageError
        If a voxel is not finite, or all are equal.

    Examples
    --------
    >>> import numpy as np
    >>> z, y, x = np.ogrid[-12:13, -12:13, -12:13]
    >>> spot = 100 + 900 * np.exp(-0.5 * (z**2 / 9.0 + (y**2 + x**2) / 4.0))
    >>> found = measure(spot, voxel_um=(0.2, 0.1, 0.1))
    >>> [round(width, 2) for width in found.fwhm_um]
    [1.41, 0.47, 0.47]
    """
    if isinstance(subject, PSF):
        return _measured(spot_in_psf(subject.data), subject.voxel_um, "the PSF")
    image = _as_image(subject, voxel_um).channel(channel)
    found = spots_in_image(image)
    every = [_measured(spot, image.voxel_um, spot.words) for spot in found.spots]
    return every[0] if len(every) == 1 else median_of(every, found.words)
