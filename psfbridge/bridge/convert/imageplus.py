"""Conversion between ImagePlus and NumPy, with a single copy.

An ImagePlus holds its planes as XYCZT; psfbridge's arrays have axes (z, y, x) or (c, z, y, x).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.validate import voxel_size
from psfbridge.bridge.convert.calibration import calibrate, voxel_um_of
from psfbridge.bridge.convert.datasets import need_imageplus
from psfbridge.bridge.java.find import java_class
from psfbridge.errors import ImageError
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF

__all__ = ["HyperstackPart", "from_imageplus", "part_of", "to_imageplus"]

Array = NDArray[Any]

# ImagePlus.getType(): GRAY8, GRAY16 and GRAY32 hold counts, the colour types do not.
_DTYPES: dict[int, np.dtype[Any]] = {
    0: np.dtype("uint8"),
    1: np.dtype("uint16"),
    2: np.dtype("float32"),
}
_COLOURS = {3: "8-bit Color", 4: "RGB"}
# ImageJ's signed 16-bit images are unsigned ones with this offset in their calibration.
_SIGNED_OFFSET = 32768
# Whole numbers up to here survive in a 32-bit float.
_EXACT_FLOAT32 = 2**24


def from_imageplus(
    imp: Any,
    *,
    channel: int | None = None,
    frame: int | None = None,
    voxel_um: Any = None,
) -> Image:
    """Return an ImagePlus as an image; its pixels are copied and stay as they are.

    Parameters
    ----------
    imp : ij.ImagePlus, or ImageJ2's Dataset or ImgPlus
        8, 16 or 32 bit; a plane, stack or hyperstack, virtual or not.
    channel : int, optional
        Which channel, counted from 1 as everywhere in ImageJ; by default all of them.
    frame : int, optional
        Which time point, counted from 1; by default the one that is shown.
    voxel_um : sequence of float, optional
        Voxel size in z, y and x, in µm; by default the image's own.

    Returns
    -------
    Image
        The array has axes (z, y, x), or (c, z, y, x) where there are more channels than one.

    Raises
    ------
    ImageError
        If it is no image of ImageJ, is RGB or 8-bit colour, has no voxel size, or has no such
        channel or frame.
    """
    imp = need_imageplus(imp)
    part = part_of(imp, channel=channel, frame=frame, voxel_um=voxel_um)
    data = _copied(imp, _DTYPES[int(imp.getType())], part.channels, part.frame)
    data = _as_counts(imp.getCalibration(), data)
    data = data[0] if len(part.channels) == 1 else data
    return Image(data, part.voxel_um, str(imp.getTitle()), _path(imp), info=_info(imp))


class HyperstackPart(NamedTuple):
    """A part of an ImagePlus: channels and frame from 1, and its voxel size in z, y and x."""

    channels: list[int]
    frame: int
    voxel_um: Any


def part_of(
    imp: Any, *, channel: int | None = None, frame: int | None = None, voxel_um: Any = None
) -> HyperstackPart:
    """Return what `from_imageplus` would copy, without reading pixels.

    Raises
    ------
    ImageError
        As `from_imageplus` does.
    """
    title = str(imp.getTitle())
    kind = int(imp.getType())
    if kind not in _DTYPES:
        raise ImageError(
            f"{title} is {_COLOURS[kind]}; 8-, 16- or 32-bit greyscale is needed. Split the "
            "channels first: Image > Color > Split Channels."
        )
    voxel = voxel_um_of(imp) if voxel_um is None else voxel_size(voxel_um)
    frame = int(imp.getT()) if frame is None else _within(title, "frame", frame, imp.getNFrames())
    if channel is not None:
        channels = [_within(title, "channel", channel, imp.getNChannels())]
    else:
        channels = list(range(1, int(imp.getNChannels()) + 1))
    return HyperstackPart(channels, frame, voxel)


def _within(title: str, name: str, number: int, count: int) -> int:
    if not 1 <= number <= int(count):
        raise ImageError(f"{title} has no {name} {number}; allowed are 1 to {int(count)}.")
    return number


def _copied(imp: Any, dtype: np.dtype[Any], channels: list[int], frame: int) -> Array:
    stack = imp.getStack()
    slices, height, width = int(imp.getNSlices()), int(imp.getHeight()), int(imp.getWidth())
    data = np.empty((len(channels), slices, height * width), dtype)
    for i, channel in enumerate(channels):
        for z in range(slices):
            pixels = stack.getPixels(imp.getStackIndex(channel, z + 1, frame))
            if pixels is None:
                raise ImageError(f"{imp.getTitle()} was closed while its pixels were being read.")
            # JPype gives Java's signed types; the bits are those of the unsigned ones.
            data[i, z] = np.asarray(pixels).view(dtype)
    return data.reshape(len(channels), slices, height, width)


def _as_counts(calibration: Any, data: Array) -> Array:
    """Apply what ImageJ applies when it shows a value: signed 16 bit, or a value function."""
    if data.dtype == np.float32 or not calibration.calibrated():
        return data
    if calibration.isSigned16Bit():
        return (data.astype(np.int32) - _SIGNED_OFFSET).astype(np.int16)
    table = np.asarray(calibration.getCTable(), np.float32)
    return np.asarray(table[data])


def _info(imp: Any) -> str:
    info = imp.getProperty("Info")
    return "" if info is None else str(info)


def _path(imp: Any) -> str:
    info = imp.getOriginalFileInfo()
    if info is None or info.fileName is None:
        return ""
    return f"{info.directory or ''}{info.fileName}"


def to_imageplus(image: Image | PSF, *, title: str | None = None) -> Any:
    """Return an image or a PSF as a calibrated ImagePlus, not shown; its pixels are copied.

    Parameters
    ----------
    image : Image or PSF
        The array has axes (z, y, x) or (c, z, y, x). uint8, uint16 and float32 keep their type,
        int16 becomes ImageJ's signed 16 bit, other types become 32 bit.
    title : str, optional
        By default the image's name.

    Raises
    ------
    ImageError
        If whole numbers above 16777216 would not survive in 32 bit.
    """
    picture = image.image if isinstance(image, PSF) else image
    data, signed = _storable(picture)
    data = data if data.ndim == 4 else data[np.newaxis]
    channels, slices, height, width = data.shape
    stack = java_class("ij.ImageStack")(width, height)
    fill = _filler(data)
    for z in range(slices):
        for channel in range(channels):
            stack.addSlice(None, fill(channel * slices + z))
    imp = java_class("ij.ImagePlus")(title or picture.name, stack)
    imp.setDimensions(channels, slices, 1)
    calibrate(imp, picture.voxel_um)
    if signed:
        imp.getCalibration().setSigned16BitCalibration()
    if channels > 1:
        imp = java_class("ij.CompositeImage")(imp, 1)
        imp.setOpenAsHyperStack(True)
    _show_whole_range(imp, data)
    return imp


def _storable(image: Image) -> tuple[Array, bool]:
    """Return the array in a type that ImageJ has, and whether it is its signed 16 bit."""
    data = image.data
    if data.dtype in _DTYPES.values():
        return data, False
    if data.dtype == np.int16:
        return (data.astype(np.int32) + _SIGNED_OFFSET).astype(np.uint16), True
    if data.dtype.kind in "ui" and max(abs(int(data.min())), abs(int(data.max()))) > _EXACT_FLOAT32:
        raise ImageError(
            f"{image.name} contains integers up to {int(data.max())} ({data.dtype}); 32-bit "
            f"images in ImageJ are exact only up to {_EXACT_FLOAT32}. Divide them first."
        )
    return data.astype(np.float32), False


def _filler(data: Array) -> Callable[[int], Any]:
    """Return a function that gives one plane as a new Java array.

    A plane goes through a direct buffer over its memory, from which Java copies at memory speed;
    JPype's own array constructor visits the elements through Python's buffer protocol.
    """
    import jpype

    planes = np.ascontiguousarray(data).reshape(-1, data.shape[-2] * data.shape[-1])
    if not planes.flags.writeable:
        planes = planes.copy()  # JPype takes writable memory only, though it is only read here
    java_type, view = {
        "uint8": (jpype.JByte, "slice"),
        "uint16": (jpype.JShort, "asShortBuffer"),
        "float32": (jpype.JFloat, "asFloatBuffer"),
    }[data.dtype.name]
    native = java_class("java.nio.ByteOrder").nativeOrder()

    def fill(index: int) -> Any:
        pixels = jpype.JArray(java_type)(planes.shape[1])
        buffer = jpype.nio.convertToDirectBuffer(planes[index].view(np.int8))
        getattr(buffer.order(native), view)().get(pixels)
        return pixels

    return fill


def _show_whole_range(imp: Any, data: Array) -> None:
    for channel in range(data.shape[0]):
        low, high = float(np.nanmin(data[channel])), float(np.nanmax(data[channel]))
        if data.shape[0] > 1:
            imp.setPositionWithoutUpdate(channel + 1, 1, 1)
        imp.setDisplayRange(low, high)
    # A new window's slider stands at the first slice, whatever slice is shown.
    imp.setPosition(1, 1, 1)
