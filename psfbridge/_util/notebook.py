"""Representations for notebooks: tables of facts and projections of volumes."""

from __future__ import annotations

import base64
import html
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["card", "png", "projections"]

#: A picture is no larger than this, in pixels; a volume is thinned out for it, not read whole.
_MOST_PIXELS = 256
_MOST_PLANES = 64
#: The longer side of the plane is so many pixels of the page.
_SHOWN_PIXELS = 128

#: Brightness is drawn as its square root, so that the dim parts of a PSF are seen.
_GAMMA = 0.5


def card(
    title: str,
    facts: Mapping[str, str],
    volume: NDArray[Any] | None = None,
    voxel_um: Sequence[float] = (1, 1, 1),
) -> str:
    """Return an HTML card: a title, rows of facts, and the projections of a volume.

    Parameters
    ----------
    title : str
        Its heading.
    facts : mapping
        Name and value of each row.
    volume : array, optional
        The array has axes (z, y, x), or (c, z, y, x), of which the first channel is shown.
    voxel_um : sequence of float
        Its voxel size in z, y and x, so that projections have the true aspect ratio.
    """
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th>"
        f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
        for name, value in facts.items()
    )
    pictures = ""
    if volume is not None:
        sizes = _sizes(volume.shape[-3:], voxel_um)
        pictures = "".join(_figure(*pair, sizes[pair[0]]) for pair in projections(volume))
    return f"<div><b>{html.escape(title)}</b><table>{rows}</table><div>{pictures}</div></div>"


def _sizes(shape: Sequence[int], voxel_um: Sequence[float]) -> dict[str, tuple[int, int]]:
    """Return height and width of each projection on the page, in pixels of one scale."""
    lengths = [count * step for count, step in zip(shape, voxel_um, strict=True)]
    scale = _SHOWN_PIXELS / max(lengths[1:])
    z, y, x = (max(1, round(length * scale)) for length in lengths)
    return {"xy": (y, x), "xz": (z, x), "zy": (y, z)}


def _figure(name: str, picture: NDArray[np.uint8], size: tuple[int, int]) -> str:
    data = base64.b64encode(png(picture)).decode()
    height, width = size
    return (
        "<figure style='display:inline-block;vertical-align:top;margin:4px'>"
        f"<img alt='{name}' style='image-rendering:pixelated;height:{height}px;width:{width}px' "
        f"src='data:image/png;base64,{data}'/>"
        f"<figcaption>{name}</figcaption></figure>"
    )


def projections(volume: NDArray[Any]) -> list[tuple[str, NDArray[np.uint8]]]:
    """Return the greatest values along z, y and x as pictures with a name; one for a plane.

    Parameters
    ----------
    volume : array
        The array has axes (z, y, x) or (c, z, y, x); a large one is thinned out.
    """
    volume = volume if volume.ndim == 3 else volume[0]
    limits = (_MOST_PLANES, _MOST_PIXELS, _MOST_PIXELS)
    steps = (max(1, -(-n // most)) for n, most in zip(volume.shape, limits, strict=True))
    thin = np.nan_to_num(np.asarray(volume[tuple(slice(None, None, k) for k in steps)], float))
    names = ("xy", "xz", "zy") if thin.shape[0] > 1 else ("xy",)
    flat = (thin.max(axis=0), thin.max(axis=1), thin.max(axis=2).T)
    return [(name, _grey(picture)) for name, picture in zip(names, flat, strict=False)]


def _grey(picture: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = float(picture.min()), float(picture.max())
    share = (picture - low) / (high - low) if high > low else np.zeros_like(picture)
    return np.asarray(np.round(255 * share**_GAMMA), np.uint8)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return a grey picture as a PNG file (W3C PNG specification, 8-bit greyscale).

    Parameters
    ----------
    picture : array of uint8
        The array has axes (y, x).
    """
    height, width = picture.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = picture
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
