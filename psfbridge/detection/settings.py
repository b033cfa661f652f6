"""Settings of bead detection, with the evidence for each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CANDIDATES",
    "GAUSSIAN_FITS",
    "JUDGING",
    "PLANE_LEVELS",
    "POSITIONS",
    "SEARCH",
    "WIDTH",
    "CandidateSettings",
    "GaussianFitSettings",
    "JudgingSettings",
    "PlaneLevelSettings",
    "PositionSettings",
    "SearchSettings",
    "WidthSettings",
]


@dataclass(frozen=True)
class PlaneLevelSettings:
    """Settings of the background level of each plane.

    Parameters
    ----------
    reach_widths : float
        How far from its centre a bead is seen, in FWHM across: as far as half the box of a PSF
        (`psfbridge.distillation.psf_size`).
    far_enough : float
        The share of that reach from which on a pixel holds nothing of the beads that counts: in the
        shared confocal case with a flickering background it leaves a fifth of the plane.
    least_share : float
        The least share of a plane's pixels that must be far from all beads. A twentieth of a small
        field (128 x 128) holds 800 pixels: their mean is known to 4 % of a pixel's noise. Crowded
        fields have fewer; there the PSF's own rule holds, that nothing is added to its model at
        the lateral frequency 0.
    most_pixels : int
        More pixels of a plane are not looked at: 20,000 tell the mean to 0.7 % of a pixel's noise,
        and a whole camera field costs no more than a small one.
    clip : float
        Counts so many standard deviations off the median are no background: a normal variable
        comes there once in 500 million.
    """

    reach_widths: float = 8.0
    far_enough: float = 0.8
    least_share: float = 0.05
    most_pixels: int = 20_000
    clip: float = 6.0


@dataclass(frozen=True)
class WidthSettings:
    """The width of a typical bead, before any is found.

    Attributes
    ----------
    trial_sigmas : tuple of float
        Standard deviations in voxels at which spots are looked for, each half as large again.
    most_spots, few_spots : int
        The strongest maxima that are looked at, and how many of them where none is clear.
    least_share : float
        A spot has at least this share of the strongest one's response.
    clear : float
        And so many standard deviations of the response's noise.
    surround : int
        Pixels of the square whose median is taken as background.
    reach : float
        Profiles reach so many standard deviations from a spot: to its foot and a little more.
    blurred, wide_sigma : float
        Spots wider than `wide_sigma` are looked at through so much of their own width: a
        voxel's noise would end them early.
    stands_out, lone : float
        A hot pixel stands out by so many standard deviations of the noise, and by so many times
        the second brightest of its neighbours: no bead of more than a voxel and a half is so lone.
    most_diameter : float
        A bead's diameter is at most so many FWHM of what is seen. A sphere looks no narrower than
        0.87 of its diameter; the width of a bead is told less well.
    """

    trial_sigmas: tuple[float, ...] = (0.8, 1.2, 1.8, 2.7, 4.0, 6.0, 9.0)
    most_spots: int = 40
    few_spots: int = 3
    least_share: float = 0.05
    clear: float = 7.0
    surround: int = 31
    reach: float = 6.0
    blurred: float = 0.5
    wide_sigma: float = 2.0
    stands_out: float = 6.0
    lone: float = 4.0
    most_diameter: float = 2.0


@dataclass(frozen=True)
class JudgingSettings:
    """Thresholds for the rejection of candidates.

    Attributes
    ----------
    border_z, border_xy : float
        Least margins to the image's edge, in FWHM: with less, the peak is cut.
    most_missing : float
        Share of such surroundings without data: single pixels take less.
    separation_z, separation_xy : float
        Two beads closer than so many FWHM disturb each other.
    faint_neighbour : float
        A neighbour below this share of a bead's height does not count.
    least_snr : float
        Height over its standard error.
    typical_percentile, least_height : float
        Below this share of the typical height (this percentile of all) a candidate is dust or a
        lobe, not a bead like the others.
    hot_sigma_share, hot_sigma : float
        Narrower than this share of the typical standard deviation, and than so many voxels, is
        a hot pixel: no optics can make it.
    doublet_elongated, doublet_wider : float
        Longer than wide by this factor, and wider than the median by that, is a doublet.
    larger : float
        Wider than the median by this share, or by `spread` robust standard deviations if that is
        more, is too large: noise widens and narrows honest beads too.
    larger_z : float
        The same along z, as a factor.
    spread : float
        In robust standard deviations of the widths.
    narrow, narrow_z, elongated : float
        Narrower than these factors of the median, or longer than wide by the last, is no bead's
        shape.
    misfit, misfit_floor : float
        A bead fits poorly if it is off its Gaussian by so many times the median, plus this share
        of its height.
    """

    border_z: float = 1.0
    border_xy: float = 1.5
    most_missing: float = 0.05
    separation_z: float = 3.0
    separation_xy: float = 4.0
    faint_neighbour: float = 0.1
    least_snr: float = 6.0
    typical_percentile: float = 90.0
    least_height: float = 0.05
    hot_sigma_share: float = 0.45
    hot_sigma: float = 0.5
    doublet_elongated: float = 1.3
    doublet_wider: float = 1.05
    larger: float = 0.12
    larger_z: float = 1.5
    spread: float = 5.0
    narrow: float = 0.75
    narrow_z: float = 0.65
    elongated: float = 1.4
    misfit: float = 2.0
    misfit_floor: float = 0.03


@dataclass(frozen=True)
class PositionSettings:
    """Positions that the user chose.

    Attributes
    ----------
    reach_fwhm : float
        A chosen position means the nearest candidate, if that is this near in FWHM; where there
        is none it is a candidate of its own.
    least_snr : float
        As in judging: below it a chosen bead is too dim to be refined.
    """

    reach_fwhm: float = 1.0
    least_snr: float = 6.0


@dataclass(frozen=True)
class CandidateSettings:
    """Settings of the search for candidates.

    Attributes
    ----------
    threshold : float
        A candidate's response exceeds so many standard deviations of the filtered noise: of a
        billion voxels one does by chance.
    sampled : int
        Every so many rows and columns tell how much a tile varies beyond its noise. In real fields
        that is structure: with every fifth, 5 of 129 faint candidates of the 34 x 512 x 512
        stack fall below the threshold.
    background_widths : float
        Size of the surroundings whose mean is taken as background, in FWHM.
    most_workers : int
        Threads at most: more wait for the memory.
    hot_contrast : float
        A hot pixel is so many times as bright as its brightest neighbour; a bead sampled at
        Nyquist's rate, two voxels wide at half maximum, is twice as bright at most.
    same_bead : float
        Maxima within so many FWHM of a stronger one are the same bead.
    lobe_across, lobe_share : float
        Along the axis the lobes of an aberrated PSF have less than this share of its height, and
        are so near to it across, in FWHM.
    ring_share : float
        Elsewhere its rings and lobes stay below this share of its height.
    near : float
        As far as so many FWHM from it.
    pattern : float
        Beyond, below so much over the square of the distance in FWHM. Of 78 and 278 maxima around a
        lone bead of 3 and 30 million photons (psfmodels, NA 1.4) the brightest had 0.35.
    """

    threshold: float = 6.0
    sampled: int = 3
    background_widths: float = 4.0
    most_workers: int = 8
    hot_contrast: float = 6.0
    same_bead: float = 0.75
    lobe_across: float = 1.0
    lobe_share: float = 0.5
    ring_share: float = 0.1
    near: float = 6.0
    pattern: float = 0.5


@dataclass(frozen=True)
class GaussianFitSettings:
    """The Gaussian that is fitted to each candidate.

    Attributes
    ----------
    box_widths : float
        Half the fitted box in FWHM: as far as the bead's light is more than its rings.
    batch_numbers : int
        Numbers of a batch of fits: few enough to stay in the processor's cache, or near it.
    least_sigma : float
        A Gaussian this narrow, in voxels, is a single voxel.
    model_error : float
        The core's true shape is no Gaussian: this share of the model counts as error, so that the
        brightest voxels do not rule the fit.
    steps : int
        At most so many steps of each fit.
    least_gain : float
        A bead is done when a step lowers its χ², of some hundred voxels, by so small a share: that
        moves it by a fiftieth of its position's error.
    trials : int
        So many dampings are tried for one step; where none is better, the fit is at its minimum.
    """

    box_widths: float = 1.2
    batch_numbers: int = 600_000
    least_sigma: float = 0.25
    model_error: float = 0.05
    steps: int = 25
    least_gain: float = 1e-6
    trials: int = 12


@dataclass(frozen=True)
class SearchSettings:
    """Settings of tiles and blocks.

    Attributes
    ----------
    tile_voxels : int
        Voxels of a tile. How the field is cut depends on its shape alone, not on cores and memory:
        how much a tile varies beyond its noise is measured in it, and must not hang on one or two
        aggregates. Tiles of a fifth of that in the real field of 34 x 512 x 512 voxels vary by
        1.0 to 8.3 times their noise, and give other beads.
    least_side : int
        Pixels of the side of a tile at least: the margin, some 15 pixels, must not be nearly all.
    memory_bytes : int
        Image and search together in memory at most, where no more was allowed; larger ones are
        read by blocks.
    block_bytes : int
        Bytes of a block of an image that is read block by block, the margin not counted.
    fitted : int
        Candidates of such an image that are cut out and fitted at once: 16 MB of voxels where a
        box has 1,000.
    """

    tile_voxels: int = 6_000_000
    least_side: int = 64
    memory_bytes: int = 3 * 2**29
    block_bytes: int = 128 * 2**20
    fitted: int = 4096


JUDGING = JudgingSettings()
PLANE_LEVELS = PlaneLevelSettings()
POSITIONS = PositionSettings()
WIDTH = WidthSettings()
CANDIDATES = CandidateSettings()
GAUSSIAN_FITS = GaussianFitSettings()
SEARCH = SearchSettings()
