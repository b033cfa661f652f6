"""Simulated scenes: their options, and the predefined ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from psfbridge._util.option_kinds import ZYX, Choice, Flag, Integer, Number, Range, Voxels
from psfbridge._util.option_records import OptionRecord, documented, option
from psfbridge._util.units import zyx_um
from psfbridge._util.validate import choice, voxel_size
from psfbridge.errors import OptionError
from psfbridge.options import Optics
from psfbridge.simulation.microscope import MODELS, Microscope

__all__ = ["SCENES", "Scene", "demo_scene", "scene"]

_OIL = Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518)
_AIR = Optics(na=0.75, wavelength_um=0.52, refractive_index=1.0)
_CONFOCAL = replace(_OIL, microscope="confocal")


def _count(text: str, default: int, least: int = 0) -> Any:
    return option(Integer(help=text, least=least), default=default)


def _amount(text: str, default: float, **limits: Any) -> Any:
    return option(Number(help=text, **limits), default=default)


def _waves(text: str) -> Any:
    return option(Number(help=text, unit="waves rms"), default=0.0)


@documented
@dataclass(frozen=True, kw_only=True)
class Scene(OptionRecord):
    """A bead field to simulate.

    Each option is converted and checked; `optics` is the microscope (`psfbridge.Optics`).

    Raises
    ------
    OptionError
        If a value is invalid.

    Examples
    --------
    >>> Scene(beads=10, seed=3).shape
    (48, 256, 256)
    """

    beads: int = _count("number of separate beads", 60)
    doublets: int = _count(
        "how many of them have a neighbour at 0.15 to 0.4 µm, too close to resolve", 0
    )
    border_beads: int = _count("additional beads that are cut by the border", 0)
    photons: tuple[float, float] = option(
        Range(
            help="minimum and maximum photons per bead, within the volume of the true PSF", above=0
        ),
        default=(40e3, 120e3),
    )
    shape: tuple[int, int, int] = option(
        Voxels(help="number of voxels in z, y and x"), default=(48, 256, 256)
    )
    voxel_um: tuple[float, float, float] = option(
        ZYX(help="voxel size; must be equal in y and x", unit="µm"), default=(0.2, 0.1, 0.1)
    )
    bead_diameter_um: float = _amount(
        "diameter of the beads (solid spheres); 0 for points", 0.1, unit="µm", least=0
    )
    optics: Optics = _OIL
    psf: str = option(Choice(help="model that computes the PSF", of=MODELS), default="vectorial")
    sample_index: float | None = option(
        Number(
            help=("refractive index of the medium around the beads; default that of the immersion"),
            least=1,
        ),
        default=None,
    )
    depth_um: float = _amount("depth of the beads in the sample", 0.0, unit="µm", least=0)
    coma: float = _waves("coma")
    astigmatism: float = _waves("astigmatism")
    spherical: float = _waves("spherical aberration")
    field_coma: float = _waves(
        "coma that increases towards the last column and decreases towards the first"
    )
    field_astigmatism: float = _waves(
        "astigmatism that increases towards the last row and decreases towards the first"
    )
    field_spherical: float = _waves(
        "spherical aberration that increases towards the last plane and decreases towards the first"
    )
    field_order: int = _count("variation over the field: 1 for linear, 2 for quadratic", 1, least=1)
    sheet_um: float = _amount("FWHM of the light sheet", 2.0, unit="µm", above=0)
    psf_um: tuple[float, float, float] = option(
        ZYX(help="size of the true PSF", unit="µm", usual="6.4 6.4 6.4"), default=(6.4, 6.4, 6.4)
    )
    background: float = _amount("background", 20.0, unit="photons per voxel", least=0)
    ramp: float = _amount(
        "fraction by which the background changes from the centre to the ends of x",
        0.5,
        least=0,
        most=1,
    )
    offset: float = _amount("camera offset", 100.0, unit="counts", least=0)
    gain: float = _amount("camera gain", 1.0, unit="counts per photon", above=0)
    read_noise: float = _amount(
        "read noise of the camera (standard deviation)", 2.0, unit="counts", least=0
    )
    saturation: int = _count("saturation level; 65535 or less gives a 16-bit image", 65535, least=1)
    noise: bool = option(
        Flag(help="add photon and read noise; without noise the image is float32 and not rounded"),
        default=True,
    )
    hot_pixels: int = _count("single bright voxels", 0)
    hot_columns: int = _count("camera pixels that are hot in every plane", 0)
    min_distance_um: float = _amount(
        "minimum distance between beads, except doublets", 1.5, unit="µm", least=0
    )
    seed: int = _count("random seed; the same seed gives the same image", 0)

    def check(self) -> None:
        """Refuse values that contradict one another."""
        voxel_size(self.voxel_um)
        if self.voxel_um[1] != self.voxel_um[2]:
            raise OptionError(
                f"{{voxel_um}} is {self.voxel_um[1]:g} in y and {self.voxel_um[2]:g} in x; a "
                "simulation needs equal sizes.",
                option="voxel_um",
            )
        if self.bead_diameter_um > min(self.psf_um):
            raise OptionError(
                f"{{bead_diameter_um}} is {self.bead_diameter_um:g}, {{psf_um}} is "
                f"{zyx_um(self.psf_um)}: the bead must fit inside the true PSF.",
                option="bead_diameter_um",
                remedy="Give the diameter in µm (100 nm is 0.1).",
            )
        if self.doublets > self.beads:
            raise OptionError(
                f"{{doublets}} is {self.doublets}, {{beads}} is {self.beads}: each bead can have "
                "at most one neighbour.",
                option="doublets",
            )
        if self.field_order > 2:
            raise OptionError(option="field_order", found=str(self.field_order), allowed="1, 2")
        if self.saturation >= 2**32:
            raise OptionError(
                option="saturation", found=str(self.saturation), allowed="4294967295 at most"
            )
        _ = self.microscope

    @property
    def microscope(self) -> Microscope:
        """The optics with their aberrations."""
        return Microscope(
            optics=self.optics,
            model=self.psf,
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
