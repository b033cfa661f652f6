"""The field-dependent PSF: PSFs on a grid of positions, with interpolation between them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import PSFError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image, VoxelUm
from psfbridge.imaging.read import read_image, read_info
from psfbridge.imaging.write import Kept, write_volumes
from psfbridge.psf.light_share import LIGHT_INSIDE, light_record, light_share_of
from psfbridge.psf.psf import PSF

__all__ = ["FieldPSF", "Nodes", "field_record"]

Floats = NDArray[np.float64]
Nodes = tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class FieldPSF:
    """PSFs on a grid of positions in the image, blended in between.

    Parameters
    ----------
    psfs : tuple of PSF
        The PSFs, all of one shape and voxel size, each with its peak at its centre; x changes
        fastest, then y, then z.
    nodes_um : tuple
        Where the nodes lie along z, y and x, in µm from the centre of the image's first voxel. An
        axis along which the PSF does not change has one.
    aberrations : tuple of mapping
        Of each node, the main aberrations in waves rms; none where nothing changes.

    Raises
    ------
    PSFError
        If the PSFs do not fill the grid, or differ in shape or voxel size.
    """

    psfs: tuple[PSF, ...]
    nodes_um: Nodes
    aberrations: tuple[Mapping[str, float], ...] = ()

    def __post_init__(self) -> None:
        count = int(np.prod(self.grid))
        if len(self.psfs) != count or not count:
            raise PSFError(f"{len(self.psfs)} PSFs are given for a grid of {count} positions.")
        if len({(psf.data.shape, psf.voxel_um) for psf in self.psfs}) > 1:
            raise PSFError("the PSFs of a field must have the same shape and voxel size.")

    @property
    def grid(self) -> tuple[int, int, int]:
        """The number of nodes along z, y and x."""
        z, y, x = (len(nodes) for nodes in self.nodes_um)
        return z, y, x

    @property
    def voxel_um(self) -> VoxelUm:
        """Voxel size of the PSFs in z, y and x, in µm; that of the beads' image, or resampled."""
        return self.psfs[0].voxel_um

    @property
    def places_um(self) -> list[tuple[float, float, float]]:
        """Position of each PSF: z, y and x in µm from the centre of the first voxel."""
        return list(product(*self.nodes_um))

    @property
    def middle(self) -> PSF:
        """The PSF in the middle of the field."""
        return self._blended([(nodes[0] + nodes[-1]) / 2 for nodes in self.nodes_um])

    def at(self, position: Sequence[float]) -> PSF:
        """Return the PSF at a position of the image of the beads.

        Parameters
        ----------
        position : sequence of float
            z, y and x in voxels of the PSFs' size; beyond the outermost nodes their PSFs go on.

        Raises
        ------
        PSFError
            If the position is not three finite numbers.

        Examples
        --------
        >>> import numpy as np
        >>> one = PSF.from_volume(np.pad(np.ones((1, 1, 1)), 2), (0.2, 0.1, 0.1))
        >>> FieldPSF((one,), ((1.0,), (5.0,), (5.0,))).at((0, 9, 9)).data.shape
        (5, 5, 5)
        """
        place = np.asarray(position, float)
        if place.shape != (3,) or not np.isfinite(place).all():
            raise PSFError(f"position is {position!r}; allowed are three finite numbers z y x.")
        return self._blended((place * self.voxel_um).tolist())

    def _blended(self, place_um: Sequence[float]) -> PSF:
        along = [self.shares_along(axis, np.array([at])) for axis, at in enumerate(place_um)]
        shares = np.einsum("i,j,k->ijk", *(rows[:, 0] for rows in along)).ravel()
        near = np.nonzero(shares)[0]
        if len(near) == 1:
            return self.psfs[int(near[0])]
        volume = np.sum([shares[k] * self.psfs[k].data for k in near], axis=0)
        first = self.psfs[0]
        provenance = {**first.provenance, "place_um": list(place_um)}
        blended = PSF.from_volume(volume, first.voxel_um, provenance=provenance)
        return replace(blended, light_inside=first.light_inside)

    def shares_along(self, axis: int, at_um: Floats) -> Floats:
        """Return how much each node of an axis counts at places along it.

        Parameters
        ----------
        axis : int
            0, 1 or 2 for z, y or x.
        at_um : array
            The places, in µm.

        Returns
        -------
        array
            Linear from node to node; the array has shape (nodes, places) and columns of sum 1.
        """
        nodes = self.nodes_um[axis]
        return np.array([np.interp(at_um, nodes, row) for row in np.eye(len(nodes))])

    def resampled(self, voxel_um: Sequence[float]) -> Self:
        """Return the PSFs at another voxel size, see `PSF.resampled`."""
        return replace(self, psfs=tuple(psf.resampled(voxel_um) for psf in self.psfs))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write one 32-bit hyperstack, a frame for each place, which `load` and Fiji open.

        The places, in µm and in the order of the frames, are in its Info. A field of one place is
        an ordinary PSF file.
        """
        record = {
            "nodes_um": self.nodes_um,
            "places_um": self.places_um,
            "aberrations_waves_rms": [dict(one) for one in self.aberrations],
        }
        known = [light_record(psf.light_inside, psf.data).get(LIGHT_INSIDE) for psf in self.psfs]
        provenance = {**self.psfs[0].provenance, LIGHT_INSIDE: [one for one in known if one]}
        info = json.dumps({**provenance, "field": record}, indent=1)
        stack = np.stack([psf.data for psf in self.psfs])[:, np.newaxis]
        data = stack if len(stack) > 1 else stack[0, 0]
        write_volumes(path, data, self.psfs[0].voxel_um, info=info, kept=Kept("PSF"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        ImageError
            If there is no such image.
        PSFError
            If it is not a PSF of a field.
        """
        record = field_record(path)
        if record is None:
            raise PSFError(
                f"{os.fspath(path)} does not contain the PSFs of a field.",
                remedy={
                    Host.PYTHON: "Load it with PSF.load, or distil one with {field=True}.",
                    Host.COMMAND_LINE: "Distil one with {field=True}.",
                },
            )
        info = read_info(path)
        provenance = json.loads(info)
        del provenance["field"]
        provenance.pop(LIGHT_INSIDE, None)
        places = len(record["places_um"])
        images = [read_image(path, time=k if places > 1 else None) for k in range(places)]
        psfs = tuple(_with_light(one, info, provenance) for one in images)
        z, y, x = (tuple(float(at) for at in nodes) for nodes in record["nodes_um"])
        aberrations = tuple(record["aberrations_waves_rms"])
        return cls(psfs, (z, y, x), aberrations)


def _with_light(image: Image, info: str, provenance: Mapping[str, Any]) -> PSF:
    data = np.asarray(image.data, np.float32)
    share = light_share_of(info, data)
    return PSF(data, image.voxel_um, None, provenance, light_inside=share)


def field_record(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Return what a file says of the places of its PSFs, or None where it is no PSF of a field.

    Raises
    ------
    ImageError
        If there is no such file.
    """
    try:
        info = json.loads(read_info(path) or "{}")
    except ValueError:
        return None
    record = info.get("field") if isinstance(info, dict) else None
    return record if isinstance(record, dict) and "nodes_um" in record else None
