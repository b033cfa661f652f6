"""Reading and writing of PSF files in napari."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from psfbridge.errors import PsfBridgeError
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF, load_psfs
from psfbridge.viewer.layers import LayerData, psf_layer

__all__ = ["get_reader", "read_psf", "write_psf"]


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return the reader of a PSF; None where the file is something else, for other readers."""
    if not isinstance(path, str):
        return None
    try:
        load_psfs(path)
    except (PsfBridgeError, OSError):
        return None
    return read_psf


def read_psf(path: str) -> list[LayerData]:
    """Return the PSFs of a file as layers in µm, one for each channel.

    Raises
    ------
    ImageError
        If it cannot be read.
    PSFError
        If it holds no PSF.
    """
    psfs = load_psfs(path)
    name = Path(path).name
    names = [name] if len(psfs) == 1 else [f"{name} channel {k}" for k in range(len(psfs))]
    return [psf_layer(psf, one) for psf, one in zip(psfs, names, strict=True)]


def write_psf(path: str, data: Any, shown: Mapping[str, Any]) -> list[str]:
    """Write a layer as a PSF: odd, centred, its sum 1; return what was written.

    A PSF that psfbridge made is written with its standard error and where it comes from.

    Raises
    ------
    PSFError
        If the layer is no PSF.
    """
    kept = shown.get("metadata", {}).get("psf")
    if isinstance(kept, PSF) and np.array_equal(kept.data, data):
        kept.save(path)
        return [path]
    z, y, x = (1.0, *shown.get("scale", (1.0, 1.0)))[-3:]
    name = str(shown.get("name", "layer"))
    PSF.of(Image(np.asarray(data), (float(z), float(y), float(x)), name)).save(path)
    return [path]
