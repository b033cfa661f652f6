"""Voxel sizes from the private tags, XML, JSON and text of acquisition programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from psfbridge._util.units import positive_length, unit_um
from psfbridge.imaging.formats.stored_image import Index, Lengths, Stored

__all__ = ["frames_per_plane", "voxel_size_of_dialect"]

NOTHING: Lengths = (None, None, None)


def voxel_size_of_dialect(file: Any) -> tuple[Lengths, tuple[str, ...]]:
    """Return what the program that wrote a TIFF says of its voxels, in µm, and what is wrong.

    Parameters
    ----------
    file : tifffile.TiffFile
        The file.

    Returns
    -------
    tuple of float or None
        Voxel size in z, y and x; None where the program does not say.
    tuple of str
        What is wrong with what it says.
    """
    for flag, (name, read) in _DIALECTS.items():
        if getattr(file, flag, False) or getattr(file.pages.first, flag, False):
            try:
                return _lengths(read(file)), ()
            # Private tags are written by many versions of many programs; voxels may be sound.
            except Exception as fault:
                return NOTHING, (f"its {name} metadata cannot be read: {fault!s:.80}",)
    return NOTHING, ()


def _lengths(found: Mapping[str, Any]) -> Lengths:
    z, y, x = (positive_length(found.get(axis)) for axis in "zyx")
    return z, y, x


def _lsm(file: Any) -> dict[str, Any]:
    meta = file.lsm_metadata or {}
    return {axis: meta.get(f"VoxelSize{axis.upper()}", 0) * 1e6 for axis in "zyx"}


def _stk(file: Any) -> dict[str, Any]:
    meta = file.stk_metadata or {}
    factor = unit_um(meta.get("CalibrationUnits")) if meta.get("SpatialCalibration", 1) else None
    found = {axis: positive_length(meta.get(f"{axis.upper()}Calibration"), factor) for axis in "yx"}
    return {**found, "z": _step(meta.get("ZDistance")) or _spacing(meta.get("AbsoluteZ"))}


def _step(distances: Any) -> float | None:
    """Return the distance of planes that each plane states; the last may state none."""
    steps = np.abs(np.atleast_1d(np.asarray(() if distances is None else distances, float)))
    steps = steps[np.isfinite(steps) & (steps > 0)]
    return float(np.median(steps)) if steps.size and np.ptp(steps) <= 0.01 * steps.max() else None


def _spacing(positions: Any) -> float | None:
    """Return the distance of planes at these positions in µm; None where they are not even."""
    places = np.atleast_1d(np.asarray(() if positions is None else positions, float))
    return _step(np.diff(places)) if places.size > 1 else None


def _sis(file: Any) -> dict[str, Any]:
    meta = file.sis_metadata or {}
    return {axis: meta.get(f"pixelsize{axis}", 0) * 1e6 for axis in "yx"}


def _fluoview(file: Any) -> dict[str, Any]:
    found = {}
    for name, _, _, resolution, unit in (file.fluoview_metadata or {}).get("Dimensions", ()):
        axis = str(name).strip().lower()
        found[axis] = positive_length(abs(resolution), unit_um(unit))
    return found


#: Where ScanImage says its z step: measured, or as set.
_SCANIMAGE_STEPS = ("actualStackZStepSize", "stackZStepSize")


def _scanimage(file: Any) -> dict[str, Any]:
    said = (file.scanimage_metadata or {}).get("FrameData") or _software(file)
    steps = [said.get(f"SI.hStackManager.{name}") for name in _SCANIMAGE_STEPS]
    found = {"z": next((step for step in steps if positive_length(step)), None)}
    corners = np.asarray(said.get("SI.hRoiManager.imagingFovUm") or (), float)
    if corners.ndim == 2 and corners.shape[1:] == (2,):
        width, height = np.ptp(corners, axis=0)
        page = file.pages.first
        found |= {"x": width / page.imagewidth, "y": height / page.imagelength}
    return found


def _software(file: Any) -> dict[str, Any]:
    """Return the settings that ScanImage writes as a text into the tag of the software."""
    settings = tifffile.matlabstr2py(file.pages.first.software)
    return settings if isinstance(settings, dict) else {}


def frames_per_plane(stored: Stored, file: Any) -> Stored:
    """Part the pages of a ScanImage file into planes, frames of each plane, and channels.

    Parameters
    ----------
    stored : Stored
        The image, with one axis of pages that the file does not name.
    file : tifffile.TiffFile
        Its file.

    Returns
    -------
    Stored
        With axes z, t, c, y and x where the settings tell them; otherwise as it was.
    """
    if not getattr(file, "is_scanimage", False) or stored.axes not in ("IYX", "QYX"):
        return stored
    try:
        said = _software(file)
        frames = int(said.get("SI.hStackManager.framesPerSlice", 1))
        channels = np.size(said.get("SI.hChannels.channelSave", 1))
    # Settings are written by many versions; frames may be without end.
    except Exception:
        return stored
    pages = stored.shape[0]
    if frames * channels == 1 or frames < 1 or pages % (frames * channels):
        return stored
    lengths = (pages // (frames * channels), frames, int(channels))

    def read(index: Index) -> NDArray[Any]:
        wanted = np.arange(pages).reshape(lengths)[index[:3]]
        planes = [np.asarray(stored.read((int(at), *index[3:]))) for at in np.ravel(wanted)]
        return np.reshape(np.stack(planes), (*wanted.shape, *planes[0].shape))

    shape = (*lengths, *stored.shape[1:])
    return replace(stored, shape=shape, axes="ZTCYX", read=read, mapped=False)


def _micromanager(file: Any) -> dict[str, Any]:
    summary = (file.micromanager_metadata or {}).get("Summary") or {}
    plane = file.pages.first.tags.valueof(51123)
    plane = plane if isinstance(plane, dict) else {}
    pixel = plane.get("PixelSizeUm") or summary.get("PixelSize_um") or summary.get("PixelSizeUm")
    return {"z": summary.get("z-step_um"), "y": pixel, "x": pixel}


def _metaseries(file: Any) -> dict[str, Any]:
    meta = _flat(file.metaseries_metadata or {})
    if not meta.get("spatial-calibration-state", True):
        return {}
    factor = unit_um(meta.get("spatial-calibration-units"))
    positions = [_flat(plane).get("z-position") for plane in _metaseries_planes(file)]
    found = {
        axis: positive_length(meta.get(f"spatial-calibration-{axis}"), factor) for axis in "yx"
    }
    return {**found, "z": _spacing([at for at in positions if at is not None])}


def _metaseries_planes(file: Any) -> Iterator[dict[str, Any]]:
    for page in file.pages[:2]:
        text = str(getattr(page, "description", ""))
        if text.startswith("<MetaData>"):
            yield tifffile.tifffile.metaseries_description_metadata(text)


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of a tree of mappings in one."""
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= _flat(value) if isinstance(value, Mapping) else {name: value}
    return found


#: NIH Image's units: their number in the header, beginning with 5.
_NIH_UM = {5: 1e-3, 6: 1.0, 7: 1e3, 8: 1e4, 9: 1e6}


def _nih(file: Any) -> dict[str, Any]:
    meta = file.nih_metadata or {}
    factor = _NIH_UM.get(int(meta.get("UnitsID", 0)))
    pixels = positive_length(meta.get("XScale"))
    aspect = positive_length(meta.get("PixelAspectRatio")) or 1.0
    x = positive_length(1 / pixels, factor) if pixels else None
    z = positive_length(meta.get("SliceSpacing"), x) if x else None
    return {"z": z, "y": x and x * aspect, "x": x}


#: How tifffile calls each dialect, its program, and its reader; the first that fits is taken.
_DIALECTS: dict[str, tuple[str, Callable[[Any], Mapping[str, Any]]]] = {
    "is_lsm": ("Zeiss LSM", _lsm),
    "is_stk": ("MetaMorph STK", _stk),
    "is_fluoview": ("Olympus FluoView", _fluoview),
    "is_scanimage": ("ScanImage", _scanimage),
    "is_sis": ("Olympus SIS", _sis),
    "is_metaseries": ("MetaMorph", _metaseries),
    "is_micromanager": ("Micro-Manager", _micromanager),
    "is_nih": ("NIH Image", _nih),
}
