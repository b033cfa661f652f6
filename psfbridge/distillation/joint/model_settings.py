"""Settings of the optical model and the blending, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BLENDING",
    "LASER",
    "PUPIL_FIT",
    "PUPIL_PRIOR",
    "VIGNETTING",
    "BlendingSettings",
    "LaserSettings",
    "PupilFitSettings",
    "PupilPriorSettings",
    "VignettingSettings",
]

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class PupilFitSettings:
    """The fit of a pupil to the stack of aligned beads.

    Attributes
    ----------
    second_box, largest_box : tuple of int
        The central part that is fitted with few terms, and in the end, in samples along z, y and x.
    detailed_order : int
        Highest order of phases and amplitudes in the end, when beads are aligned and the
        microscope is known. With the edge of a vignetted pupil the error falls from 0.075 to 0.044,
        with 41 aberrations from 0.027 to 0.023. Order 10 helps neither.
    thick_sheet : float
        A light sheet as thick as this part of the box is none: it would only eat the light far out.
    edge_samples : float
        With an edge of total reflection, the pupil has so many times as many samples.
    most_index_over_na : float
        A sample's index is no more than this over the NA: else no light comes near total
        reflection, and what the sample does is spherical aberration, as the phases have it.
    least_sample_share : float
        The sample's index over the immersion medium's is no less: water under oil has 0.88.
    most_deeper_um : float
        A step changes the depth by so much at most, in µm.
    most_shift : float
        The PSF moves by no more than so many samples from the middle of the stack.
    na_step, sheet_step : tuple of float
        A step changes the NA and the light sheet by no less and no more than these factors: beyond
        them the linearised model says nothing.
    most_index_step : float
        The same for the index, upwards.
    least_index_over_na : float
        The steepest light has a sine of no more than one over this.
    confocal_nyquist : float
        A confocal microscope passes twice the frequencies in principle, in practice hardly more
        than so many times those of a widefield one.
    sheet_decay : float
        A Gaussian sheet's spectrum ends where it has fallen by so many powers of e.
    steep_sine : float
        The sine of the angle from which polarisation counts.
    least_gain : float
        A fit has settled when a step explains so little more of what is left, as a share.
    least_damping : float
        Share of the diagonal: single precision leaves no more of a nearly flat direction.
    """

    second_box: Shape = (25, 33, 33)
    largest_box: Shape = (33, 45, 45)
    detailed_order: int = 8
    thick_sheet: float = 0.8
    edge_samples: float = 1.4
    most_index_over_na: float = 1.1
    least_sample_share: float = 0.86
    most_deeper_um: float = 5.0
    most_shift: float = 2.0
    na_step: tuple[float, float] = (0.6, 1.7)
    most_index_step: float = 3.0
    sheet_step: tuple[float, float] = (0.2, 5.0)
    least_index_over_na: float = 1.005
    confocal_nyquist: float = 1.2
    sheet_decay: float = 2.8
    steep_sine: float = 0.3
    least_gain: float = 1e-4
    least_damping: float = 1e-6


@dataclass(frozen=True)
class PupilPriorSettings:
    """Settings of the prior of the pupil.

    Attributes
    ----------
    phase : float
        Expected size of a phase term of order n, times n, in radians.
    amplitude : float
        Expected size of an amplitude term.
    oval : float
        How much more the blur's variance is along y than along x, in units of 1/NA².
    largest_scale : float
        The beads may show these to be smaller: in its square, by this factor at most.
    least_damping : float
        Share of the diagonal that keeps the covariance finite.
    rescalings : int
        Steps in which sizes and parameters are followed until they agree, to a percent.
    """

    phase: float = 2.0
    amplitude: float = 0.2
    oval: float = 0.1**2
    largest_scale: float = 1e4
    least_damping: float = 1e-9
    rescalings: int = 12


@dataclass(frozen=True)
class BlendingSettings:
    """Settings of the blending of model and data.

    Attributes
    ----------
    cautions, few_cautions : tuple of float
        Standard errors by which a shell's signal must stand out: trial values of which held-out
        beads choose, with the model and without it.
    untested_caution : float
        The same where no bead is held out.
    shell : float
        Width of a shell of like frequencies, in cycles per box.
    out_of_focus : float
        Below so many cycles per box across, at any frequency along z, a residual cannot be told
        from what a whole plane shares: its background, and the light of all the other beads. What
        of it went into the PSF would be subtracted from the neighbours and come back.
    least_transfer : float
        Frequencies of which a bead's size passes less are not restored.
    faint : float
        Frequencies that pass with less than this share of the strongest are noise.
    core : float
        The core is where a bead is brighter than this share of its peak.
    scored : float
        The same of the core of beads that PSFs are held against: wider, for all that they show.
    seen : float
        Voxels that hardly any bead shows, by this share of the highest weight, do not count.
    unseen : float
        An error so many times the least one is that of a voxel which no bead shows.
    clearly, clearly_bare : float
        What is bolder must lower the energy left by this share of it; background and bare data by
        the second. Scores of parts that are in each other's PSFs scatter less than their mean does:
        a few thousandths, however sure they seem, are chance.
    sure : float
        And by so many standard errors.
    """

    cautions: tuple[float, ...] = (3.0, 2.0, 1.0, 0.0)
    few_cautions: tuple[float, ...] = (2.0, 0.0)
    untested_caution: float = 2.0
    shell: float = 3
    out_of_focus: float = 1.5
    least_transfer: float = 0.15
    faint: float = 1e-3
    core: float = 0.03
    scored: float = 0.02
    seen: float = 0.1
    unseen: float = 1e6
    clearly: float = 0.01
    clearly_bare: float = 0.015
    sure: float = 2.0


@dataclass(frozen=True)
class VignettingSettings:
    """Another stop that cuts the pupil.

    Attributes
    ----------
    rim : float
        What is farther out, in radii of the pupil, is its rim.
    sector : float
        Half the part of the rim that is looked at, in radians.
    turns : int
        Directions in which one is looked at.
    dark : float
        A sector that lets pass less than this share of the power of the whole pupil makes a stop
        worth a trial. Amplitudes of 4 % rms leave 0.8 at least, a crescent of a quarter 0.4.
    start_radii, start_depths : tuple of float
        Radii and depths of the cut from which the fit starts, in radii of the pupil.
    start_rounds, rounds : int
        Steps of the fits from all starts, and of the best one's.
    radii : tuple of float
        Least and largest radius of the other stop: smaller, it is the pupil itself; larger, its
        edge is straight.
    least_gain : float
        The χ² must fall by so much for three more parameters; by chance it does so once in
        100,000.
    """

    rim: float = 0.75
    sector: float = 0.5
    turns: int = 72
    dark: float = 0.7
    start_radii: tuple[float, ...] = (1.0, 1.7)
    start_depths: tuple[float, ...] = (0.2, 0.45)
    start_rounds: int = 4
    rounds: int = 8
    radii: tuple[float, float] = (0.5, 5.0)
    least_gain: float = 25.0


@dataclass(frozen=True)
class LaserSettings:
    """The polarisation of a confocal microscope's laser.

    Attributes
    ----------
    least_length : float
        A blur that is longer along one direction by this variance, in units of (λ/NA)², makes it
        worth a trial: a tenth of what a polarised laser does at NA 1.4.
    rounds : int
        Steps of the fits with and without it.
    least_gain : float
        The χ² must fall by so much: one parameter, its direction, and nothing else is new. With a
        polarised laser seen by 25 beads at NA 1.4 it falls by 320.
    """

    least_length: float = 0.001
    rounds: int = 5
    least_gain: float = 20.0


LASER = LaserSettings()
PUPIL_FIT = PupilFitSettings()
PUPIL_PRIOR = PupilPriorSettings()
BLENDING = BlendingSettings()
VIGNETTING = VignettingSettings()
