"""Voxel sizes of TIFF files: from OME, ImageJ, standard tags and vendor metadata."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import tifffile

from psfbridge._util.units import positive_length, unit_um
from psfbridge._util.validate import voxel_fault
from psfbridge.imaging.formats.stored_image import Lengths
from psfbridge.imaging.formats.tiff_dialects import voxel_size_of_dialect
from psfbridge.imaging.settings import FILES

__all__ = [
    "ome_channel_names",
    "ome_image",
    "ome_pixels",
    "time_step_of",
    "voxel_size_of",
]

#: TIFF's own units of resolution (tag 296), in µm: 2 is the inch, 3 the centimetre.
_TAG_UM = {2: 25400.0, 3: 10000.0}


def voxel_size_of(file: Any, number: int = 0) -> tuple[Lengths, tuple[str, ...]]:
    """Return the voxel size in z, y and x in µm, and what is wrong with what the file says."""
    own, unread = voxel_size_of_dialect(file)
    if all(own):
        return own, ()
    (z, y, x), faults = _of_ome(file, number) if file.is_ome else _of_tags(file)
    return (own[0] or z, own[1] or y, own[2] or x), (*unread, *faults)


def ome_image(file: Any, number: int = 0) -> dict[str, Any]:
    """Return what the OME metadata of a TIFF say of one of its images."""
    ome = tifffile.xml2dict(file.ome_metadata or "<OME/>").get("OME")
    images = _children(ome, "Image")
    return images[number] if number < len(images) else {}


def ome_pixels(file: Any, number: int = 0) -> dict[str, Any]:
    """Return what the OME metadata of a TIFF say of the voxels of one of its images."""
    return next(iter(_children(ome_image(file, number), "Pixels")), {})


def ome_channel_names(file: Any, number: int = 0) -> tuple[str, ...]:
    """Return the names of the channels of an image, or nothing where it has none."""
    names = [str(one.get("Name", "")) for one in _children(ome_pixels(file, number), "Channel")]
    return tuple(names) if any(names) else ()


def time_step_of(file: Any, number: int = 0) -> float | None:
    """Return the seconds between time points, as OME or ImageJ say them."""
    if not file.is_ome:
        return positive_length((file.imagej_metadata or {}).get("finterval"))
    pixels = ome_pixels(file, number)
    unit = _SECONDS.get(str(pixels.get("TimeIncrementUnit", "s")))
    return positive_length(pixels.get("TimeIncrement"), unit)


#: OME's units of time that microscopes use, in seconds.
_SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def _children(parent: Any, name: str) -> list[dict[str, Any]]:
    """Return the children of that name; a file may have none, one or a list of them."""
    found = parent.get(name, ()) if isinstance(parent, dict) else ()
    children = found if isinstance(found, list | tuple) else [found]
    return [child for child in children if isinstance(child, dict)]


def _of_ome(file: Any, number: int) -> tuple[Lengths, tuple[str, ...]]:
    own = _of_pyme(file)
    if own[1] and own[2]:
        return own, ()
    pixels = ome_pixels(file, number)
    faults: list[str] = []
    found = []
    for axis in "ZYX":
        value = pixels.get(f"PhysicalSize{axis}")
        unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
        length = _length(f"PhysicalSize{axis}", value, unit_um(unit), unit, faults)
        if str(unit).strip() == "m" and _fits(positive_length(value)) and not _fits(length):
            faults.append(f"its PhysicalSize{axis} is {value} m, probably intended as µm")
            length = None
        found.append(length)
    return (found[0], found[1], found[2]), tuple(faults)


def _of_pyme(file: Any) -> Lengths:
    """Return what PYME says beside the OME pixels, which round to 0.1 nm and lack the z step."""
    root = ElementTree.fromstring(file.ome_metadata or "<OME/>")
    annotations = root.iterfind("{*}StructuredAnnotations/{*}XMLAnnotation[@ID='PYME']")
    found: dict[str, float | None] = {}
    for annotation in annotations:
        for axis in "zyx":
            place = annotation.find(f"{{*}}Value/{{*}}MetaData/{{*}}voxelsize/{{*}}{axis}")
            found[axis] = None if place is None else positive_length(place.get("value"))
    return found.get("z"), found.get("y"), found.get("x")


def _of_tags(file: Any) -> tuple[Lengths, tuple[str, ...]]:
    """ImageJ's way: pixels per unit in the tags, unit and spacing in the description."""
    meta: dict[str, Any] = file.imagej_metadata or (file.shaped_metadata or ({},))[0]
    tags = file.pages.first.tags
    named = str(meta.get("unit", ""))
    units = {
        "x": named,
        "y": str(meta.get("yunit", named)),
        "z": str(meta.get("zunit", named)),
    }
    faults: list[str] = []
    tag_um = _TAG_UM.get(int(tags.valueof("ResolutionUnit", default=2)))
    factors = {axis: unit_um(unit) if unit else tag_um for axis, unit in units.items()}
    pixels = {axis: tags.valueof(f"{axis.upper()}Resolution") for axis in "yx"}
    y, x = (
        _pixel(axis, pixels[axis], factors[axis], faults)
        if not _contradicted(axis, pixels[axis], factors[axis], tag_um, faults)
        else None
        for axis in "yx"
    )
    z = _length("z step", meta.get("spacing"), factors["z"], units["z"], faults)
    return (z, y, x), tuple(faults)


def _contradicted(
    axis: str, resolution: Any, factor: float | None, tag_um: float | None, faults: list[str]
) -> bool:
    """Return where the pixel size is plausible only with the unit of the resolution tag."""
    if factor is None or tag_um is None or factor == tag_um:
        return False
    silent: list[str] = []
    named, tagged = (_pixel(axis, resolution, unit, silent) for unit in (factor, tag_um))
    if _fits(named) or not _fits(tagged):
        return False
    faults.append(
        f"its {axis} pixel is {named or 0:.3g} µm by the unit named, {tagged:.3g} µm by the unit "
        "of its resolution tag"
    )
    return True


def _fits(length_um: float | None) -> bool:
    """Return whether a pixel size is plausible for a light microscope."""
    return length_um is not None and not voxel_fault((length_um,) * 3)


def _pixel(axis: str, resolution: Any, factor: float | None, faults: list[str]) -> float | None:
    """Pixel size from a resolution, which is a fraction of pixels per unit."""
    if resolution is None or factor is None:
        return None
    try:
        pixels, units = resolution
        size = positive_length(units / pixels, factor)
    except (TypeError, ValueError, ZeroDivisionError):
        size = None
    if size is None:
        faults.append(f"its {axis} resolution is {resolution}")
    elif size > FILES.print_um and factor >= min(_TAG_UM.values()):
        faults.append(f"its {axis} resolution, {size:.4g} µm per pixel, is that of a printer")
        size = None
    return size


def _length(
    what: str, value: Any, factor: float | None, unit: str, faults: list[str]
) -> float | None:
    if value is None:
        return None
    size = positive_length(value, factor)
    if size is None and unit_um(unit) is not None:
        faults.append(f"its {what} is {value} {unit}".rstrip())
    return size
