"""Conversion of PSFs to the formats of other programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import OptionError
from psfbridge.imaging.image import Image
from psfbridge.psf.psf import PSF

__all__ = ["Form"]

Floats = NDArray[np.float64]

_SIZES = ("odd", "even")
_TYPES: dict[str, Any] = {"float32": np.float32, "uint16": np.uint16, "uint8": np.uint8}
_SCALES = ("sum", "peak")


@dataclass(frozen=True)
class Form:
    """A form of a PSF.

    Parameters
    ----------
    size : {'odd', 'even'}
        The lengths of its axes. Even ones have the peak at ``n // 2``.
    dtype : {'float32', 'uint16', 'uint8'}
        The type of its voxels; integers are rounded, with the peak at the type's largest value.
    scale : {'sum', 'peak'}
        What is 1 (integers: the largest value): the sum or the peak.

    Raises
    ------
    OptionError
        If integers are to have the sum 1.

    Examples
    --------
    >>> Form.of("even,uint16,peak")
    Form(size='even', dtype='uint16', scale='peak')
    """

    size: str = "odd"
    dtype: str = "float32"
    scale: str = "sum"

    def __post_init__(self) -> None:
        if self.dtype != "float32" and self.scale == "sum":
            raise OptionError(
                f"form asks for {self.dtype} normalised to a sum of 1, which would be zero "
                f"everywhere; with {self.dtype} use peak."
            )

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the form that words with commas between them describe.

        Raises
        ------
        OptionError
            If a word is unknown, or two of one kind are given.
        """
        kinds = {"size": _SIZES, "dtype": tuple(_TYPES), "scale": _SCALES}
        chosen: dict[str, str] = {}
        for word in text.split(","):
            kind = next((name for name, words in kinds.items() if word in words), None)
            if kind is None or kind in chosen:
                every = [word for words in kinds.values() for word in words]
                raise OptionError(
                    option="form",
                    found=repr(text),
                    allowed=f"one of each kind of {', '.join(every)}",
                )
            chosen[kind] = word
        if chosen.get("dtype", "float32") != "float32":
            chosen.setdefault("scale", "peak")
        return cls(**chosen)

    def image(self, psf: PSF) -> Image:
        """Return a PSF in this form.

        Parameters
        ----------
        psf : PSF
            Odd, with its peak at ``n // 2`` and its outermost planes zero.

        Returns
        -------
        Image
            Even sizes lose the last plane of each axis, which is zero: nothing is moved.
        """
        data: Floats = np.asarray(psf.data, float)
        if self.size == "even":
            data = data[tuple(slice(None, -1) if n > 1 else slice(None) for n in data.shape)]
        if self.scale == "peak":
            data = data / data.max()
        return Image(_TYPED[self.dtype](data), psf.voxel_um, "PSF")


def _integers(dtype: Any) -> Callable[[Floats], NDArray[Any]]:
    return lambda data: np.round(data * np.iinfo(dtype).max).astype(dtype)


_TYPED: dict[str, Callable[[Floats], NDArray[Any]]] = {
    "float32": lambda data: data.astype(np.float32),
    "uint16": _integers(np.uint16),
    "uint8": _integers(np.uint8),
}
