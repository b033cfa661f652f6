"""Settings of the simulation, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["DRAWING", "FIELD", "MODEL", "DrawingSettings", "FieldSettings", "ModelSettings"]


@dataclass(frozen=True)
class ModelSettings:
    """The optics.

    Attributes
    ----------
    stokes : float
        Excitation wavelength over emission wavelength, where none is given: a usual Stokes shift.
    least_pupil_samples, most_pupil_samples : int
        Samples across the pupil: enough for its rim, and few enough for the memory. With these
        the vectorial model agrees with psfmodels to 1 % (tests).
    psfmodels_finer : int
        psfmodels interpolates linearly between radii as far apart as its points: so many times
        finer ones are asked for.
    """

    stokes: float = 0.94
    least_pupil_samples: int = 80
    most_pupil_samples: int = 400
    psfmodels_finer: int = 3


@dataclass(frozen=True)
class DrawingSettings:
    """Settings of the range and smoothness with which PSFs are drawn.

    Attributes
    ----------
    fade : float
        Share of the drawn volume's half width that fades to nothing, so that it has no hard edge.
    reach_um : mapping
        How far a PSF is drawn at least from its peak along z, and along y and x, in µm.
    """

    fade: float = 0.1
    reach_um: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "widefield": (10.0, 5.0),
            "confocal": (4.0, 3.6),
            "lightsheet": (5.0, 5.0),
        }
    )


@dataclass(frozen=True)
class FieldSettings:
    """Settings of the placement of beads.

    Attributes
    ----------
    margin_um : tuple of float
        Beads lie this far inside the border at least, in z, y and x, where the image has room.
    doublet_um : tuple of float
        Least and largest distance of two beads that look like one: from touching to the width
        of the PSF.
    most_misses : int
        After so many tries in a row chance has no room for another bead.
    """

    margin_um: tuple[float, float, float] = (2.4, 1.6, 1.6)
    doublet_um: tuple[float, float] = (0.15, 0.4)
    most_misses: int = 2000


DRAWING = DrawingSettings()
FIELD = FieldSettings()
MODEL = ModelSettings()
