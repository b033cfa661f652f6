"""What a simulated bead field shall look like, and the scenes that have names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from psfbridge._util.validate import choice, integer, number, voxel_size
from psfbridge.errors import OptionError
from psfbridge.imaging.image import VoxelUm
from psfbridge.options import Optics
from psfbridge.simulation.microscope import Microscope

__all__ = ["SCENES", "Scene", "demo_scene", "scene"]

_OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
_AIR = Optics(na=0.75, wavelength_um=0.52, refractive_index=1.0)
_CONFOCAL = replace(_OIL, microscope="confocal")


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A bead field to simulate.

    Parameters
    ----------
    beads, doublets, border_beads : int
        How many beads lie apart; how many of them have a partner too near to be told apart, at
        0.15 to 0.4 µm; how many more lie across the border.
    photons : tuple of float
        Least and most photons of a bead, within the volume of the true PSF.
    shape : tuple of int
        Number of voxels in z, y and x.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm; y and x alike.
    bead_diameter_um : float
        Diameter of the beads, filled spheres, in µm; 0 is a point.
    optics : Optics
        The microscope.
    psf : {'vectorial', 'scalar', 'psfmodels'}
        Which model computes the PSF, see `psfbridge.simulation.microscope.Microscope`.
    sample_index, depth_um, coma, astigmatism, spherical, sheet_um
        See `psfbridge.simulation.microscope.Microscope`.
    field_coma, field_astigmatism, field_spherical : float
        By how much coma grows towards the last column, astigmatism towards the last row, and
        spherical aberration towards the last plane, in waves rms; at the first it is as much less.
    field_order : {1, 2}
        Whether they grow linearly from the middle, or with the square of the distance from it.
    psf_um : tuple of float
        Size of the true PSF in z, y and x, in µm.
    background, ramp : float
        Photons a voxel without beads, and the share of them by which it rises and falls from the
        middle to the ends of x.
    offset, gain, read_noise : float
        The camera: counts without light, counts a photon, and standard deviation in counts.
    saturation : int
        The highest count there is; 65535 or less is written as 16-bit integers.
    noise : bool
        False leaves photon and read noise out, and rounds nothing: the image is float32.
    hot_pixels, hot_columns : int
        How many single voxels are bright, and how many camera pixels are bright in all planes.
    min_distance_um : float
        Nearest that two beads may lie, doublets apart, in µm.
    seed : int
        The same seed gives the same image.

    Raises
    ------
    OptionError
        If a value is impossible.

    Examples
    --------
    >>> Scene(beads=10, seed=3).shape
    (48, 256, 256)
    """

    beads: int = 60
    doublets: int = 0
    border_beads: int = 0
    photons: tuple[float, float] = (40e3, 120e3)
    shape: tuple[int, int, int] = (48, 256, 256)
    voxel_um: VoxelUm = (0.2, 0.1, 0.1)
    bead_diameter_um: float = 0.1
    optics: Optics = _OIL
    psf: str = "vectorial"
    sample_index: float | None = None
    depth_um: float = 0.0
    coma: float = 0.0
    astigmatism: float = 0.0
    spherical: float = 0.0
    field_coma: float = 0.0
    field_astigmatism: float = 0.0
    field_spherical: float = 0.0
    field_order: int = 1
    sheet_um: float = 2.0
    psf_um: tuple[float, float, float] = (6.4, 6.4, 6.4)
    background: float = 20.0
    ramp: float = 0.5
    offset: float = 100.0
    gain: float = 1.0
    read_noise: float = 2.0
    saturation: int = 65535
    noise: bool = True
    hot_pixels: int = 0
    hot_columns: int = 0
    min_distance_um: float = 1.5
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))
        if self.voxel_um[1] != self.voxel_um[2]:
            raise OptionError(
                f"voxel_um is {self.voxel_um[1]:g} in y and {self.voxel_um[2]:g} in x; allowed "
                "for a simulation are equal sizes."
            )
        self._check_counts()
        self._check_light()
        for name in ("bead_diameter_um", "min_distance_um"):
            number(name, getattr(self, name), least=0)
        for length in self.psf_um:
            number("psf_um", length, above=0)
        if self.bead_diameter_um > min(self.psf_um):
            raise OptionError(
                f"bead_diameter_um is {self.bead_diameter_um:g}, psf_um is {self.psf_um}: allowed "
                "is a bead that fits into the true PSF. Give the diameter in µm (100 nm is 0.1)."
            )
        if self.doublets > self.beads:
            raise OptionError(
                f"doublets is {self.doublets}, beads is {self.beads}: allowed is a partner for "
                "each bead at most."
            )
        if integer("field_order", self.field_order, least=1) > 2:
            raise OptionError(f"field_order is {self.field_order}; allowed are 1 and 2.")
        _ = self.microscope

    def _check_counts(self) -> None:
        for name in ("beads", "doublets", "border_beads", "hot_pixels", "hot_columns", "seed"):
            integer(name, getattr(self, name), least=0)
        if integer("saturation", self.saturation, least=1) >= 2**32:
            raise OptionError(
                f"saturation is {self.saturation}; allowed is 4294967295 at most (32 bit)."
            )
        shape = tuple(integer("shape", length, least=1) for length in self.shape)
        if len(shape) != 3:
            raise OptionError(f"shape is {self.shape!r}; allowed are three whole numbers z y x.")
        object.__setattr__(self, "shape", shape)

    def _check_light(self) -> None:
        for name in ("background", "offset", "read_noise"):
            number(name, getattr(self, name), least=0)
        number("gain", self.gain, above=0)
        if not 0 <= number("ramp", self.ramp) <= 1:
            raise OptionError(f"ramp is {self.ramp:g}; allowed is 0 to 1.")
        low, high = (number("photons", value, above=0) for value in self.photons)
        if low > high:
            raise OptionError(
                f"photons are {low:g} to {high:g}; allowed are the least, then the most."
            )

    @property
    def microscope(self) -> Microscope:
        """The optics with their aberrations."""
        return Microscope(
            optics=self.optics,
            model=choice("psf", self.psf, ("vectorial", "scalar", "psfmodels")),
            sample_index=self.sample_index,
            depth_um=self.depth_um,
            coma=self.coma,
            astigmatism=self.astigmatism,
            spherical=self.spherical,
            sheet_um=self.sheet_um,
        )

    @property
    def varies(self) -> bool:
        """Whether the PSF changes over the field or with depth."""
        return any((self.field_coma, self.field_astigmatism, self.field_spherical))

    def microscope_at(self, position: Sequence[float]) -> Microscope:
        """Return the optics as they are at a position of the image, in voxels.

        Examples
        --------
        >>> round(Scene(coma=0.1, field_coma=0.05).microscope_at((0, 0, 255)).coma, 3)
        0.15
        """
        if not self.varies:
            return self.microscope
        z, y, x = (
            (2 * at / (length - 1) - 1) ** self.field_order if length > 1 else 0.0
            for at, length in zip(position, self.shape, strict=True)
        )
        return replace(
            self.microscope,
            coma=self.coma + self.field_coma * x,
            astigmatism=self.astigmatism + self.field_astigmatism * y,
            spherical=self.spherical + self.field_spherical * z,
        )


#: Scenes with names; the first nine are those of the benchmark.
SCENES: dict[str, Scene] = {
    "bright": Scene(),
    "dim": Scene(photons=(4e3, 12e3)),
    "sparse": Scene(beads=12),
    "crowded": Scene(beads=200, photons=(20e3, 60e3), min_distance_um=0.6),
    "confocal-dim": Scene(photons=(4e3, 12e3), optics=_CONFOCAL),
    "large-beads": Scene(bead_diameter_um=0.3),
    "dirty": Scene(doublets=15, hot_pixels=80, saturation=600),
    "index-mismatch": Scene(photons=(80e3, 200e3), sample_index=1.33, depth_um=3.0),
    "air": Scene(optics=_AIR),
    "aberrated": Scene(coma=0.06, astigmatism=0.08, spherical=0.05),
    "lightsheet": Scene(optics=replace(_AIR, microscope="lightsheet")),
    "field": Scene(field_coma=0.1, field_astigmatism=0.08),
}


def scene(name: str, *, seed: int = 0, psf: str = "vectorial") -> Scene:
    """Return the scene of that name.

    Parameters
    ----------
    name : str
        One of `SCENES`.
    seed : int
        The same seed gives the same image.
    psf : {'vectorial', 'scalar', 'psfmodels'}
        Which model computes the PSF; not for ``aberrated``, which ``psfmodels`` cannot do.

    Raises
    ------
    OptionError
        If there is no such scene, or the model cannot do it.

    Examples
    --------
    >>> scene("sparse", seed=4).beads
    12
    """
    return replace(SCENES[choice("scene", name, tuple(SCENES))], seed=seed, psf=psf)


def demo_scene(seed: int = 0) -> Scene:
    """Return a small scene with all that makes bead fields hard, quick to simulate."""
    return Scene(
        beads=40,
        doublets=4,
        border_beads=3,
        shape=(41, 192, 192),
        photons=(20e3, 100e3),
        coma=0.05,
        astigmatism=0.06,
        spherical=0.04,
        hot_pixels=20,
        min_distance_um=1.2,
        seed=seed,
    )
