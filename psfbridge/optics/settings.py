"""Settings of optical calculations, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "INTERFACE",
    "PROPAGATION",
    "PUPIL",
    "SPHERE",
    "InterfaceSettings",
    "PropagationSettings",
    "PupilSettings",
    "SphereSettings",
]


@dataclass(frozen=True)
class PropagationSettings:
    """Settings of the sampling of a pupil.

    Attributes
    ----------
    least_samples, most_samples : int
        Samples across the pupil: enough for the highest Zernike terms, and few enough for the
        time that a fit may take.
    steepest : float
        Sine of the steepest light that is given room: beyond, the cone of a box has no end.
    room : float
        Half-widths of the defocused cone that lie between a box and its next replica. With 1 the
        diffracted rim of the cone would come in again.
    much_work : int
        Values of pupils times planes below which starting threads takes longer than they save.
    """

    least_samples: int = 24
    most_samples: int = 128
    steepest: float = 0.95
    room: float = 1.5
    much_work: int = 1_000_000


@dataclass(frozen=True)
class PupilSettings:
    """The pupil model and its derivatives.

    Attributes
    ----------
    index_step : float
        Step of NA and indices over the wavelength, in 1/µm, from which their derivatives are
        taken: 0.1 to 0.4 % of them, far above the rounding of single precision.
    depth_step_um : float
        The same of the depth in the sample.
    edge_step : float
        The same of the edge of another stop, in radii of the pupil: a third of a sample, whose
        share inside falls linearly, so that the difference is exact but for rounding.
    least_cosine : float
        Of the angle to the axis: at grazing light the aplanatic factor has no end.
    rough_samples : int
        Samples across the pupil of the derivatives by phases and amplitudes: half of the model's,
        and so many at least.
    """

    index_step: float = 4e-3
    depth_step_um: float = 0.02
    edge_step: float = 0.01
    least_cosine: float = 0.01
    rough_samples: int = 32


@dataclass(frozen=True)
class InterfaceSettings:
    """The interface between the sample and an immersion medium of another index.

    Attributes
    ----------
    radii : int
        At which light is followed, before samples of the pupil average over it: near total
        reflection it changes within less than a sample.
    least_cosine : float
        As a share of the index, for waves along the axis at the edge of total reflection.
    focusable : float
        Light is focused up to this share of the sample's index: closer to total reflection its
        path bends so much that no focus could follow.
    focus_per_depth : float
        Light is brightest within this share of the depth from the mean focus. For NA 1.0 to 1.45
        and depths of 1 to 10 µm in water or a gel of 1.40 under oil it is 0.11 at most.
    axis_radii : int
        Radii with which light on the axis is looked for.
    axis_um, axis_step_um : float
        How far beyond that share, and in what steps: finer than a tenth of a plane.
    """

    radii: int = 4096
    least_cosine: float = 0.01
    focusable: float = 0.97
    focus_per_depth: float = 0.2
    axis_radii: int = 256
    axis_um: float = 0.2
    axis_step_um: float = 0.005


@dataclass(frozen=True)
class SphereSettings:
    """The transform of a bead.

    Attributes
    ----------
    series_below : float
        Below this argument the closed form loses digits; the next term of its series is under 1e-8.
    """

    series_below: float = 0.2


INTERFACE = InterfaceSettings()
PROPAGATION = PropagationSettings()
PUPIL = PupilSettings()
SPHERE = SphereSettings()
