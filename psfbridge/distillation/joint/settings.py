"""Settings of the joint fit, with the evidence for each.

Where no other evidence is named, tests/bench/sensitivity.py shows what half and twice the value do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "BEAD_FIT",
    "DOUBLETS",
    "ERROR",
    "FIXED_PSF",
    "MEDIUM",
    "NEIGHBOURS",
    "NOISE_REFIT",
    "ROUND",
    "SEARCH",
    "SOLVE",
    "STACK",
    "BeadFitSettings",
    "DoubletSettings",
    "ErrorSettings",
    "FixedPsfSettings",
    "MediumSettings",
    "NeighbourSettings",
    "NoiseRefitSettings",
    "RoundSettings",
    "SearchSettings",
    "SolveSettings",
    "StackSettings",
]

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class BeadFitSettings:
    """One bead fitted to the PSF.

    Attributes
    ----------
    neighbour_error : float
        This share of the light of a bead's neighbours is forgiven as an error of the model.
    model_error : float
        This share of its own, until the beads' residuals tell it.
    clip : float
        Voxels farther off the model, in standard deviations (of the bead's own misfit, if that is
        more than noise), are left out: normal noise comes there once in 500 million.
    bright : float
        Where a bead is above this share of its peak, its misfit is measured.
    left_out_widths : float
        Voxels so near a candidate that is not modelled are not used, in FWHM: there it is above a
        hundredth of its height.
    """

    neighbour_error: float = 0.1
    model_error: float = 0.05
    clip: float = 6.0
    bright: float = 0.1
    left_out_widths: float = 1.3


@dataclass(frozen=True)
class StackSettings:
    """The sum of all beads at one centre.

    Attributes
    ----------
    clip : float
        Voxels farther off the model, in standard deviations, weigh nothing: normal noise comes
        there once in two million.
    most_position_variance : float
        A position that is less certain than this, in samples² and halved, is no small error any
        more; what it blurs is made up for no further.
    parts : int
        Into how many parts the beads are dealt: each is held out in turn, and judges the PSF of
        the others.
    """

    clip: float = 5.0
    most_position_variance: float = 0.1
    parts: int = 4


@dataclass(frozen=True)
class RoundSettings:
    """One round of the solve.

    Attributes
    ----------
    margin : int
        Voxels around the PSF's box in a bead's, for the shift.
    core_widths : tuple of float
        Half the part of a box that tells a bead's place and intensity, in FWHM in z, y and x.
    misfit_limit : float
        A bead is left out if its misfit is this many times the median.
    misfit_noise : float
        Beyond so many times the misfit that its noise alone makes: noise is no fault.
    misfit_floor : float
        And beyond this share of its light, which differs from bead to bead anyway.
    crowded : float
        With so many times its own light around a bead, what is common to all is out-of-focus
        background.
    outshone : float
        In the core of a bead others may have so many times its light: with more, a ring or a
        lobe of theirs passes for a bead.
    least_snr : float
        A bead whose intensity is not this many times its error takes no part.
    """

    margin: int = 2
    core_widths: tuple[float, float, float] = (2.0, 3.0, 3.0)
    misfit_limit: float = 3.0
    misfit_noise: float = 5.0
    misfit_floor: float = 0.02
    crowded: float = 1.5
    outshone: float = 3.0
    least_snr: float = 5.0


@dataclass(frozen=True)
class NeighbourSettings:
    """The light of beads in the boxes of others.

    Attributes
    ----------
    reach : int
        How far a bead is seen, in sizes of its box: farther out its light is hardly more than a
        level.
    most_samples : int
        Across the pupil. Planes that would need more are left out: what left them on one side
        would come in again from the other.
    focus_reach : int
        Light in focus is summed up to so many sizes of the box: at NA 1.4 and a box of 6 µm all
        but 0.3 % of it.
    tile_voxels : int
        Light is laid into tiles of this edge, and the boxes that reach over it: 30 MB where beads
        are 50 voxels wide. The sums of a tile stay near the processor.
    """

    reach: int = 2
    most_samples: int = 224
    focus_reach: int = 4
    tile_voxels: int = 256


@dataclass(frozen=True)
class DoubletSettings:
    """When a bead is two, or a clump.

    Attributes
    ----------
    unlikely : float
        χ² of the four spreads of its light: for normal noise 18 is exceeded once in 800.
    tolerated : float
        Beads' spreads may differ by this share of the PSF's own; optics are not the same
        everywhere.
    least_beads : int
        Fewer cannot tell which of them is unlike the others.
    """

    unlikely: float = 18.0
    tolerated: float = 0.02
    least_beads: int = 5


@dataclass(frozen=True)
class FixedPsfSettings:
    """The fit of beads to a PSF that is held fixed.

    Attributes
    ----------
    rounds : int
        Rounds of fitting the beads while their neighbours are subtracted.
    core_widths : float
        The part of the PSF that tells a bead's place, in FWHM of the beads.
    """

    rounds: int = 3
    core_widths: float = 1.5


@dataclass(frozen=True)
class NoiseRefitSettings:
    """The noise once more, from what the model leaves of the beads.

    Attributes
    ----------
    most_beads : int
        Beads that are looked at, spread over the intensities.
    bins : int
        Bins of a bead's light, of equal ratio, from a thousandth of the brightest on.
    least_in_bin : int
        Voxels that a bin must have: 50 tell a variance to a fifth.
    least_floor : float
        The variance of the darkest voxels is no less than this part of what the image has told.
    model_error : tuple of float
        Least and largest share by which beads are held to differ from the PSF.
    overlap : float
        Voxels where neighbours have more than this share of a bead's peak are not looked at.
    """

    most_beads: int = 12
    bins: int = 20
    least_in_bin: int = 50
    least_floor: float = 0.8
    model_error: tuple[float, float] = (0.01, 0.05)
    overlap: float = 0.05


@dataclass(frozen=True)
class MediumSettings:
    """Settings for a sample medium other than the immersion.

    Attributes
    ----------
    suspect, suspect_high : float
        Spherical aberration of this size makes a sample worth a trial, in radians rms: of fourth
        order, and of higher ones.
    water, gel : float
        The index over the immersion medium's of water, and of a gel, under oil.
    indices : tuple of float
        An index that was fitted without a sample is too high by so much, or right.
    depths : tuple of float
        The depth is at most what the phases ask for: shares of it to start from.
    cut : float
        Where water reflects the steepest light totally, the NA is more than what is seen of it.
    least_gain : float
        The χ² must fall by so much for two more parameters; by chance it does so once in
        300,000.
    least_sample : float
        The least index over the wavelength, per µm: water's, in light of 0.72 µm. Less is air's,
        which no sample has.
    best : int
        So many starts go on.
    steepest : float
        Sine of the steepest light at which a start is made.
    radii : int
        Of the pupil, over which phases are averaged to guess the depth.
    """

    suspect: float = 0.15
    suspect_high: float = 0.05
    water: float = 0.88
    gel: float = 0.95
    indices: tuple[float, ...] = (0.965, 1.0)
    depths: tuple[float, ...] = (0.0, 0.6, 1.0)
    cut: float = 1.04
    least_gain: float = 25.0
    least_sample: float = 1.33 / 0.72
    best: int = 2
    steepest: float = 0.98
    radii: int = 200


@dataclass(frozen=True)
class SearchSettings:
    """Settings of the search for a pupil without a starting point.

    Attributes
    ----------
    first : tuple of int
        The central part that is fitted at first, in samples along z, y and x.
    start_order : int
        Highest radial order of the phases at first.
    least_gain, least_share : float
        By how much another kind of microscope must lower the χ², and by what share of that
        beyond noise.
    known_to : float
        Optics are known to so much of themselves: an objective's NA is a nominal one.
    stokes : float
        Excitation over emission wavelength, where it is not given.
    sheet_um : float
        FWHM of a light sheet in µm, where it is not given: where the search starts.
    start_terms : int
        Phase and amplitude terms of the first fit.
    """

    first: Shape = (21, 25, 25)
    start_order: int = 4
    least_gain: float = 30.0
    least_share: float = 0.03
    known_to: float = 0.015
    stokes: float = 0.94
    sheet_um: float = 2.0
    start_terms: int = 11


@dataclass(frozen=True)
class ErrorSettings:
    """The standard error of the PSF.

    Attributes
    ----------
    draws : int
        How often the beads are drawn again: the error is then known to a sixth.
    model_floor : mapping
        A model is never better than this share of the light and of a width, however many beads
        agree; light sheets and confocal microscopes hide what it misses far out.
    plane_floor : float
        The same of a single plane, which does not tell how steep the light is, nor NA from blur.
    smooth_voxels : float
        Standard deviation of the Gaussian that takes the chance out of the error volume.
    linear : float
        A draw moves NA and index by so much of themselves; what would move farther is answered in
        proportion. Where a light sheet hides the depth of focus, nothing tells the index: the
        error of 0.006 of Gaussian beads was said to be 0.17.
    doubt : float
        So much of its own variance the scatter is wrong by: of 16 draws a third by chance, and on
        scenes without any fault its root was 0.9 to 1.8 times the true error. What the model
        misses is believed as far as it stands out from that.
    """

    draws: int = 16
    model_floor: dict[str, float] = field(
        default_factory=lambda: {"widefield": 0.003, "lightsheet": 0.0015, "confocal": 0.001}
    )
    plane_floor: float = 0.007
    smooth_voxels: float = 1.0
    linear: float = 0.1
    doubt: float = 0.7


@dataclass(frozen=True)
class SolveSettings:
    """The rounds of the solve, and when they end.

    Attributes
    ----------
    usual_rounds, most_rounds : int
        So many rounds are usual. More follow while the PSF changes, or explains beads better that
        differ from it: where voxels are too large, positions and widths hang on each other and
        settle slowly.
    near_rounds : int
        The first rounds see only the surroundings of each bead's core, which is quick. The round
        after them, the first with whole boxes, has a model that is good enough to tell the noise.
    blind_rounds : int
        In so many rounds the microscope is looked for afresh.
    order, fit_rounds : int
        Highest order of the phases in the rounds between, and steps of each pupil's fit.
    settled : float
        A PSF that changes by less than this share of its norm has settled.
    details : float
        A pupil whose details change the PSF by more than this has some: one more round takes a
        tenth of the error of a camera's plain field, and nothing where the pupil is perfect.
    falling, diverging : float
        The χ² falls if it is lower by this share; it diverges if it is so many times as large.
    not_noise_near, not_noise : float
        More χ² per voxel is not noise: of a stack near the cores, and of beads.
    as_good : float
        A round is as good as another that explains the beads so many times better.
    coarse : float
        Beads whose voxels are so many times too large cannot be moved by fractions of a voxel.
    fine : float
        Then the light seems less steep than it is: along z a sample is so much of what Nyquist
        asks for.
    finest : int
        A voxel is divided into so many samples along z at most: beads tell no finer.
    tolerated : float
        The beads contradict the optics if they ask for a NA or index over the wavelength that
        differs by this share: what beads tell of them is right to some ten percent.
    explained : float
        And explain so much of the χ² per voxel by it.
    clearly_better : float
        Optics that are given count, unless the beads are explained so many times better without.
    """

    usual_rounds: int = 6
    most_rounds: int = 12
    near_rounds: int = 3
    blind_rounds: int = 2
    order: int = 6
    fit_rounds: int = 4
    settled: float = 0.02
    details: float = 0.004
    falling: float = 0.01
    diverging: float = 1.3
    not_noise_near: float = 1.2
    not_noise: float = 1.5
    as_good: float = 1.1
    coarse: float = 1.1
    fine: float = 0.55
    finest: int = 3
    tolerated: float = 0.12
    explained: float = 0.005
    clearly_better: float = 1.002

    @property
    def noise_round(self) -> int:
        """The iteration whose model is good enough to re-estimate the noise."""
        return self.near_rounds


BEAD_FIT = BeadFitSettings()
DOUBLETS = DoubletSettings()
ERROR = ErrorSettings()
FIXED_PSF = FixedPsfSettings()
NOISE_REFIT = NoiseRefitSettings()
ROUND = RoundSettings()
MEDIUM = MediumSettings()
NEIGHBOURS = NeighbourSettings()
SEARCH = SearchSettings()
STACK = StackSettings()
SOLVE = SolveSettings()
