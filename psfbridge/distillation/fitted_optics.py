"""The optics that were given or inferred from the beads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from psfbridge.options import Optics

__all__ = ["ABERRATIONS", "FittedOptics"]

#: Radial order and azimuthal frequency of the aberrations that have names.
ABERRATIONS = {
    "2,2": "astigmatism 0°",
    "2,-2": "astigmatism 45°",
    "3,1": "coma x",
    "3,-1": "coma y",
    "3,3": "trefoil x",
    "3,-3": "trefoil y",
    "4,0": "spherical",
    "6,0": "second spherical",
}


@dataclass(frozen=True)
class FittedOptics:
    """The optics of the microscope according to the pupil fit.

    Parameters
    ----------
    microscope : str
        ``widefield``, ``confocal`` or ``lightsheet``.
    na, refractive_index : float
        As fitted, at the wavelength that was given; without one NaN, as beads show only the
        quotients `na_per_wavelength` and `index_per_wavelength`.
    wavelength_um : float
        The wavelength that was given; NaN without one.
    na_per_wavelength, index_per_wavelength : float
        In 1/µm.
    na_per_wavelength_se : float
        Standard error of the former, in 1/µm; NaN where it is not known.
    aberrations : mapping
        By name, in waves rms: ``coma x``, ``spherical``, ...; other terms as ``Z n,m`` by radial
        order and azimuthal frequency.
    aberrations_se : mapping
        Their standard errors, in waves rms.
    """

    microscope: str
    na: float
    refractive_index: float
    wavelength_um: float
    na_per_wavelength: float
    index_per_wavelength: float
    na_per_wavelength_se: float = math.nan
    aberrations: Mapping[str, float] = field(default_factory=dict)
    aberrations_se: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, inferred: Mapping[str, Any], given: Optics | None) -> Self:
        """Return the record of what a solve inferred, with the optics that were given, if any."""
        wavelength = given.pupil.wavelength_um if given else math.nan
        na, index = (inferred[f"{name}_per_wavelength_per_um"] for name in ("na", "index"))
        return cls(
            microscope=inferred["microscope"],
            na=na * wavelength,
            refractive_index=index * wavelength,
            wavelength_um=wavelength,
            na_per_wavelength=na,
            index_per_wavelength=index,
            na_per_wavelength_se=inferred.get("na_per_wavelength_se_per_um", math.nan),
            aberrations=_in_waves(inferred["phases_rad"]),
            aberrations_se=_in_waves(inferred.get("phases_se_rad", {})),
        )

    @property
    def sentence(self) -> str:
        """The optics in a line."""
        known = f"NA {self.na:.2f}" if math.isfinite(self.na) else ""
        quotient = f"NA/wavelength {self.na_per_wavelength:.2f} per µm"
        largest = sorted(self.aberrations.items(), key=lambda pair: -abs(pair[1]))[:2]
        terms = ", ".join(f"{name} {waves:+.3f}" for name, waves in largest)
        aberrated = f"; {terms} waves rms" if terms else ""
        return f"{self.microscope}, {known or quotient}{aberrated}"


def _in_waves(phases_rad: Mapping[str, float]) -> dict[str, float]:
    return {
        ABERRATIONS.get(mode, f"Z {mode}"): value / (2 * math.pi)
        for mode, value in phases_rad.items()
    }
