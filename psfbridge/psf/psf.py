"""The PSF: a volume in standard form, with voxel size and provenance."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge._util.units import zyx_um
from psfbridge._util.validate import voxel_size
from psfbridge.errors import PSFError
from psfbridge.imaging.image import Image, Volume, VoxelUm
from psfbridge.imaging.read import Reading, read_attachment, read_info
from psfbridge.imaging.write import write_image
from psfbridge.numerics.cutouts import central
from psfbridge.numerics.resample import resample_volume
from psfbridge.psf.error_volume import packed, unpacked
from psfbridge.psf.foreign import in_form
from psfbridge.psf.form import check_form, conformed, odd_shape
from psfbridge.psf.light_share import LIGHT_INSIDE, light_record, light_share_of, lit_planes
from psfbridge.psf.settings import FORM

__all__ = ["PSF", "load_psfs", "read_psf_image"]


@dataclass(frozen=True, eq=False, repr=False)
class PSF:
    """A point spread function.

    The array has axes (z, y, x) and float32 voxels: odd in every axis, peak at ``n // 2``, sum 1,
    non-negative, zero in its outermost planes (an axis of one plane has none). The constructor
    accepts nothing else; `PSF.from_volume` converts any volume.

    Parameters
    ----------
    data : array
        The PSF.
    voxel_um : tuple of float
        Voxel size in z, y and x, in µm.
    error : array, optional
        Standard error of every voxel, in the units of `data`.
    provenance : mapping
        Provenance: options, versions, inputs, bead counts; saved with the PSF.
    notes : tuple of str
        Notes on the conversion to this form, one sentence each.
    light_inside : float, optional
        How much of a point's light that reaches the box's planes falls into the box: a widefield
        microscope's cone of light is cut by it. None where that is not known; saved with the PSF.

    Raises
    ------
    PSFError
        If the array is not in this form, or `light_inside` is not a fraction.
    """

    data: Volume
    voxel_um: VoxelUm
    error: Volume | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    light_inside: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "voxel_um", voxel_size(self.voxel_um))
        object.__setattr__(self, "data", np.asarray(self.data))
        check_form(self.data)
        if self.light_inside is not None and not 0 < self.light_inside <= 1:
            raise PSFError(
                f"light_inside is {self.light_inside:g}; it must be a fraction above 0 and at "
                "most 1."
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Return the voxels, for NumPy."""
        return np.array(self.data, dtype, copy=copy)

    def __repr__(self) -> str:
        facts = self._facts()
        return f"<PSF: {facts['voxels']}\n {facts['from']}>"

    def _repr_html_(self) -> str:
        return card("PSF", self._facts(), self.data, self.voxel_um)

    def _facts(self) -> dict[str, str]:
        shape = " x ".join(map(str, self.data.shape))
        beads = self.provenance.get("beads", {})
        method = self.provenance.get("method")
        origin = f"by {method} from {beads.get('used', '?')} beads" if method else "of a volume"
        known = "with" if self.error is not None else "without"
        return {
            "voxels": f"{shape} of {zyx_um(self.voxel_um)} (z, y, x)",
            "from": f"{origin}, {known} standard error",
        }

    def plot(self) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the PSF from three sides."""
        return draw("psf", self)

    @classmethod
    def from_volume(
        cls,
        volume: NDArray[Any],
        voxel_um: Sequence[float],
        *,
        shape: Sequence[int] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> Self:
        """Centre, crop, clip and normalise a volume into a PSF.

        Parameters
        ----------
        volume : array
            The array has axes (z, y, x), or (y, x); background already removed.
        voxel_um : sequence of float
            Voxel size in z, y and x, in µm.
        shape : sequence of int, optional
            Size of the result; made odd. By default the volume's own.
        provenance : mapping, optional
            Provenance.

        Raises
        ------
        PSFError
            If nothing positive is left of the volume.

        Examples
        --------
        >>> import numpy as np
        >>> spot = np.zeros((6, 6, 6)); spot[2:4, 2:4, 2:4] = 1
        >>> PSF.from_volume(spot, (0.2, 0.1, 0.1)).data.shape
        (7, 7, 7)
        """
        volume = _floats(volume)
        if volume.ndim == 2:
            volume = volume[np.newaxis]
        if volume.ndim != 3 or not volume.size:
            raise PSFError(
                f"a volume of {volume.ndim} axes {volume.shape} is not a PSF; the axes must be "
                "(y, x) or (z, y, x)."
            )
        size = odd_shape(volume.shape if shape is None else shape)
        data, length_um = conformed(volume, size), voxel_size(voxel_um)
        try:
            return cls(data, length_um, None, dict(provenance or {}))
        except PSFError as fault:
            remedy = "The volume has no single peak to centre on. Is it a PSF?"
            raise PSFError(fault.failed, remedy=remedy) from None

    @property
    def image(self) -> Image:
        """The PSF as an image."""
        return Image(self.data, self.voxel_um, "PSF")

    @property
    def error_image(self) -> Image:
        """The standard error of every voxel as an image.

        Raises
        ------
        PSFError
            If the PSF has none.
        """
        if self.error is None:
            raise PSFError("the PSF has no error volume; only joint and pupil make one.")
        return Image(np.asarray(self.error, np.float32), self.voxel_um, "error of the PSF")

    def cropped(self, shape: Sequence[int]) -> Self:
        """Return the PSF cropped or padded to `shape` (made odd), with sum 1 again."""
        data = conformed(np.asarray(self.data, float), odd_shape(shape))
        return replace(self, data=data, error=None, light_inside=self._light_inside(data.shape))

    @property
    def light_by_plane(self) -> float | None:
        """The light of a point in each plane, inside and outside of the box, in units of `data`.

        None where `light_inside` is not known.
        """
        if self.light_inside is None:
            return None
        return 1 / (self.light_inside * lit_planes(self.data.shape[0]))

    @property
    def in_focus(self) -> Self:
        """The PSF of a single plane: that in focus."""
        plane = self.from_volume(
            self.data[self.data.shape[0] // 2], self.voxel_um, provenance=self.provenance
        )
        return replace(plane, light_inside=self._light_inside(plane.data.shape))

    def _light_inside(self, shape: Sequence[int]) -> float | None:
        """The share of the light in a box's planes that it would hold of what this one does."""
        light = self.light_by_plane
        if light is None:
            return None
        planes = lit_planes(shape[0])
        inner = [min(n, lit_planes(m)) for n, m in zip(self.data.shape, shape, strict=True)]
        held = float(self.data[central(self.data.shape, inner)].sum(dtype=float))
        return min(held / (light * planes), 1.0)

    @property
    def info(self) -> str:
        """Metadata stored with the voxels, as text: provenance and `light_inside`."""
        known = light_record(self.light_inside, self.data)
        return json.dumps({**self.provenance, **known}, indent=1)

    def resampled(self, voxel_um: Sequence[float]) -> Self:
        """Return the PSF at another voxel size, band-limited, with sum 1 again.

        Parameters
        ----------
        voxel_um : sequence of float
            The new voxel size in z, y and x, in µm.

        Raises
        ------
        PSFError
            If the result would have too many voxels.
        """
        target = voxel_size(voxel_um)
        ratios = (old / new for old, new in zip(self.voxel_um, target, strict=True))
        voxels = self.data.size * math.prod(ratios)
        if voxels > FORM.most_voxels:
            raise PSFError(
                f"a PSF with voxels of {zyx_um(self.voxel_um)} would have {voxels:.2g} voxels at "
                f"{zyx_um(target)}; at most {FORM.most_voxels:.2g} are allowed. Check both voxel "
                "sizes."
            )
        other = self.from_volume(
            resample_volume(self.data, self.voxel_um, target), target, provenance=self.provenance
        )
        return replace(other, light_inside=self.light_inside)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a 32-bit ImageJ TIFF with voxel size and provenance, whole or not at all.

        The standard error is stored in the same file; other programs ignore it.
        """
        write_image(
            path,
            self.image,
            info=self.info,
            attachment=packed(self.error, self.data),
        )

    @classmethod
    def of(cls, image: Image, *, background: str | float = "none") -> Self:
        """Convert a PSF from any program, with notes on what was changed.

        Parameters
        ----------
        image : Image
            The PSF; axes (z, y, x), any size, position, sum and scale.
        background : 'none', 'auto' or float
            The background to subtract first, see `psfbridge.psf.foreign.in_form`.

        Raises
        ------
        PSFError
            If it is not a PSF.
        """
        volume = image.channel()
        data, notes = in_form(volume.data, volume.name, background)
        share = light_share_of(volume.info, volume.data)
        return cls(data, volume.voxel_um, None, {}, (*volume.notes, *notes), share)

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        channel: int | None = None,
        *,
        conform: bool = False,
        voxel_um: Sequence[float] | None = None,
        background: str | float = "none",
    ) -> Self:
        """Read a PSF written by `save` or by another program.

        Parameters
        ----------
        path : path
            The file.
        channel : int, optional
            Which PSF of a multi-channel file, counted from 0.
        conform : bool
            Convert any volume: centre it, make its size odd, normalise its sum to 1; the notes say
            what was changed. By default only standard PSFs are accepted.
        voxel_um : sequence of float, optional
            Voxel size in z, y and x, in µm; overrides the value in the file.
        background : 'none', 'auto' or float
            With `conform`: the background to subtract first, see `psfbridge.psf.foreign.in_form`.

        Raises
        ------
        ImageError
            If there is no such image or channel, or it has several and none was chosen.
        PSFError
            If it is not a standard PSF or, with `conform`, not a PSF at all.
        """
        image = read_psf_image(path, voxel_um).channel(channel)
        provenance = _provenance(path)
        if conform:
            return replace(cls.of(image, background=background), provenance=provenance)
        try:
            data = np.asarray(image.data, np.float32)
            error = unpacked(read_attachment(path), data)
            share = light_share_of(image.info, data)
            return cls(data, image.voxel_um, error, provenance, light_inside=share)
        except PSFError as fault:
            raise fault.of(image.name) from None


def load_psfs(
    path: str | os.PathLike[str],
    *,
    conform: bool = False,
    voxel_um: Sequence[float] | None = None,
    background: str | float = "none",
) -> list[PSF]:
    """Read the PSFs of a file: one, or one for each channel of a hyperstack.

    Parameters
    ----------
    path, conform, voxel_um, background
        As for `PSF.load`.

    Raises
    ------
    ImageError
        If there is no such image.
    PSFError
        If one is not in the form of a PSF.
    """
    channels = read_psf_image(path, voxel_um).channels
    return [
        PSF.load(path, number, conform=conform, voxel_um=voxel_um, background=background)
        for number in range(channels)
    ]


def read_psf_image(path: str | os.PathLike[str], voxel_um: Sequence[float] | None = None) -> Image:
    """Read the file of one PSF or several as an image; `voxel_um` overrides the file's size."""
    size = None if voxel_um is None else voxel_size(voxel_um, "psf_voxel_um")
    reading = Reading(voxel_um=size, frames_as_planes=True, voxel_option="psf_voxel_um")
    return replace(reading.image(path), info=read_info(path))


def _floats(volume: Any) -> NDArray[np.float64]:
    try:
        return np.asarray(volume, float)
    except (TypeError, ValueError):
        raise PSFError(
            f"volume is {type(volume).__name__}; allowed is an array of numbers.", option="volume"
        ) from None


def _provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what `save` kept with a PSF; of another program's file, its Info text."""
    info = read_info(path)
    try:
        provenance = json.loads(info or "{}")
    except ValueError:
        provenance = None
    if not isinstance(provenance, dict):
        return {"info": info}
    provenance.pop(LIGHT_INSIDE, None)
    return provenance
