"""Settings of image and noise handling, each with its unit, reason and evidence."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "CLIPPING",
    "FILES",
    "LAZY",
    "NOISE",
    "NO_DATA",
    "VALUES",
    "WARM_PIXELS",
    "Clipping",
    "Files",
    "Lazy",
    "NoData",
    "NoiseEstimate",
    "Values",
    "Warm",
]


@dataclass(frozen=True)
class Values:
    """Settings of the conversion to counts.

    Attributes
    ----------
    range : float
        Counts from the lowest to the highest value of a floating image without a step.
    most_sampled : int
        Voxels looked at for the step between neighbouring values.
    most_values : int
        More different values than this among them, and there is no step: 16 bits have fewer.
    step_tolerance : float
        Differences of values must be whole steps to so much of one: single precision stores a
        value of 1 to 6e-8, 0.004 of the step of 16 bits.
    """

    range: float = 1e4
    most_sampled: int = 1_000_000
    most_values: int = 65_536
    step_tolerance: float = 0.1


@dataclass(frozen=True)
class NoData:
    """When voxels of the lowest value hold no data, and are not just dark.

    Attributes
    ----------
    least_share : float
        Share of all voxels at the lowest value below which nothing is looked for: a few voxels
        are the tail of the noise.
    gap : float
        Counts of a camera reach down to a darkest value; where the lowest value is so many times
        farther from it than it is from the median, it is none of the camera's. Normal noise:
        the darkest thousandth is 3 standard deviations below the median, so the gap is 6.
    patch : int
        Side in voxels of a square within a plane that clipped noise does not fill: with 65 % of
        the voxels clipped one square in 10^15 would be.
    grain : int
        The same for the ragged rim of a region that holds such a square.
    least_solid : float
        Share of the voxels of the lowest value that lie in such squares. 0.01 of the real 8-bit
        fields' do (60 to 73 % of their voxels are at the lowest value), and 0.5 or more where
        zeros stand for no data.
    most_inside : float
        Voxels of another value that a region may enclose, over its own: a trace of noise shows
        that the camera was there.
    sampled : int
        Voxels that are looked at to tell how the values are spread.
    sampled_planes : int
        Planes of which solid regions are looked for first.
    filled_from : float
        Standard deviation in voxels across a plane, by which gaps are filled from around them.
    fill_ends : float
        How far around a gap what fills it is looked for, in such standard deviations: a voxel there
        weighs 3 in 10,000 of one beside it.
    square : int
        Side in voxels of the squares that a few gaps are filled in, each by itself: 2 camera
        pixels of 60 planes of 1024 x 1024 cost 0.1 s so, and 6 s of whole planes.
    level_pixels : int
        Pixels of a plane of which its median is taken: they tell it to a third of a percent of
        their noise, and it fills only what is far from all that is seen.
    """

    least_share: float = 1e-3
    gap: float = 2.0
    patch: int = 9
    grain: int = 3
    least_solid: float = 0.3
    most_inside: float = 1e-3
    sampled: int = 2_000_000
    sampled_planes: int = 3
    filled_from: float = 6.0
    fill_ends: float = 4.0
    square: int = 32
    level_pixels: int = 150_000


@dataclass(frozen=True)
class Warm:
    """When a camera pixel stands out in every plane.

    Attributes
    ----------
    segments : int
        Parts of the stack along z; the pixel must stand out in each of them, which a bead does in
        one or two.
    least_planes : int
        Planes below which a bead may reach through the whole stack.
    planes : int
        Planes of which each part's median is taken.
    limit : float
        Standard deviations of the pattern of all pixels, by which the parts together stand out.
    least_each : float
        The same for each part alone.
    least_excess : float
        Standard deviations of a voxel's noise below which a faulty pixel does no harm: over a
        bead's few planes its light stays below half of what makes a candidate.
    most_change : float
        How much a pixel may differ from part to part, over its mean: a bead is in focus in one.
    most_share : float
        Share of pixels above which they are no faults but the sample's or the camera's texture.
    """

    segments: int = 3
    least_planes: int = 9
    planes: int = 15
    limit: float = 5.0
    least_each: float = 2.0
    least_excess: float = 1.0
    most_change: float = 0.5
    most_share: float = 0.03


@dataclass(frozen=True)
class Clipping:
    """When noise is cut off at the lowest value.

    Attributes
    ----------
    told_share : float
        Share of the voxels that stand at the lowest value, from which it is told.
    least_share : float
        Share of the background's distribution that would lie below the lowest value, from which
        the values there are replaced by what was cut off.
    block : tuple of int
        Voxels of a block in which the background is level.
    between : tuple of float
        Shares of a block's voxels at the lowest value that tell its noise.
    quantile : float
        The quantile of the blocks' noise that is taken. The light within a block is never quite
        level, which adds to the noise: on a widefield scene with noise of 4.6 the median is 5.2 to
        5.6 and this quantile 4.8 to 5.1, whatever the share cut off.
    smooth : tuple of float
        Standard deviations in voxels of the Gaussian by which the local light is told.
    least_blocks : int
        With fewer blocks that tell it, the noise is not known.
    mixing : tuple of int
        Odd numbers that mix the bits of a voxel's place, so that what is drawn for it looks random:
        those of SplitMix64 (Steele, Lea and Flood 2014, OOPSLA).
    """

    told_share: float = 0.2
    least_share: float = 0.05
    block: tuple[int, int, int] = (3, 8, 8)
    between: tuple[float, float] = (0.2, 0.9)
    quantile: float = 0.25
    smooth: tuple[float, float, float] = (1.0, 1.5, 1.5)
    least_blocks: int = 20
    mixing: tuple[int, int, int] = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True)
class NoiseEstimate:
    """Settings of the noise estimate.

    Attributes
    ----------
    most_voxels : int
        Voxels that are looked at, in planes spread over the stack.
    darkest : float
        Share of the voxels, the darkest, that tell the background and its noise.
    faintest : float
        Light fainter than this share of the brightest tells no gain.
    bins, least_in_bin : int
        Bins of the light, of equal ratio, and voxels that each must have.
    low_quantile : float
        Of the bins' slopes: what is left of the beads' own curvature can only add.
    rounding_rules : float
        Below so many times the variance of the rounding itself, rounding is a good part of the
        noise.
    least_rounded_light : float
        Then light must rise above the background by so many of its standard deviations.
    """

    most_voxels: int = 4_000_000
    darkest: float = 0.25
    faintest: float = 0.002
    bins: int = 24
    least_in_bin: int = 60
    low_quantile: float = 0.3
    rounding_rules: float = 3.6
    least_rounded_light: float = 14.0


@dataclass(frozen=True)
class Files:
    """Settings of reading and writing files.

    Attributes
    ----------
    print_um : float
        A pixel in µm as large as this is no camera's in the sample: it is a printer's dots per
        inch.
    most_colour_voxels : int
        Colour images of more voxels than this are not looked through for what they consist of.
    chunk_bytes : int
        Of about this many bytes are the chunks that are written.
    counted_chunks : int
        In arrays of at most this many chunks it is said how many are not there.
    screen : int
        The smaller copies of an OME-Zarr end with one of at most so many rows and columns: a
        viewer shows it whole, on a small screen too. Of 32 x 2048 x 2448 voxels of 16 bit it then
        reads one chunk of 5 MiB (1 MiB with 256, 8 MiB with 1024; without copies 6 chunks, 48
        MiB); the size of the file is the same to 1 %.
    """

    print_um: float = 25.0
    most_colour_voxels: int = 2**30
    chunk_bytes: int = 8 * 2**20
    counted_chunks: int = 1000
    screen: int = 512


@dataclass(frozen=True)
class Lazy:
    """Images that are read part by part.

    Attributes
    ----------
    kept_bytes : int
        Decoded chunks that are kept, in bytes: 32 of 8 MB, those of some beads' surroundings.
    slab_bytes : int
        Planes that are read at once to look through a whole image, in bytes, one plane at least.
    memory_share : float
        Share of the free memory that an image may take where all of it is needed at once.
    per_voxel : float
        Bytes that a search of the whole image at once needs beside it for each voxel: masks of
        voxels at the lowest value and without data, and copies of planes in single precision.
    window_voxels : int
        Voxels of the part that tells noise and bead width of an image that is read by blocks: six
        times what the noise is told from.
    cell : int
        Side in pixels of the squares among which that part is chosen.
    lit : float
        A square holds a bead if it rises above its mean by this share of the 90th percentile of
        all squares.
    near, near_z : int
        Pixels and planes beyond a box that are looked at to tell which of its voxels hold no data,
        and to fill those: four standard deviations of the filling, and a patch; along z four of
        what tells the light where noise was cut off.
    """

    kept_bytes: int = 256 * 2**20
    slab_bytes: int = 128 * 2**20
    memory_share: float = 0.8
    per_voxel: float = 2.0
    window_voxels: int = 24_000_000
    cell: int = 64
    lit: float = 0.5
    near: int = 33
    near_z: int = 5


VALUES, NO_DATA, WARM_PIXELS, CLIPPING = Values(), NoData(), Warm(), Clipping()
NOISE = NoiseEstimate()
FILES = Files()
LAZY = Lazy()
