"""ImageJ's value calibration, applied as in Fiji."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge.errors import ImageError
from psfbridge.imaging.formats.stored_image import Index, Stored

__all__ = ["calibrated"]

#: The degree of the polynomials among ImageJ's functions, by their numbers.
_DEGREES = {0: 1, 1: 2, 2: 3, 3: 4}

#: What ImageJ subtracts from the stored values of signed 16-bit images.
_SIGNED_OFFSET = -32768.0


@dataclass(frozen=True)
class _Polynomial:
    coefficients: tuple[float, ...]

    @property
    def shift(self) -> int | None:
        """The whole number that is added, if nothing else is done."""
        first, slope, *rest = self.coefficients
        return int(first) if slope == 1 and not any(rest) and first == round(first) else None

    def __call__(self, stored: NDArray[Any]) -> NDArray[Any]:
        if self.shift is not None:
            return np.asarray(stored.astype(np.int32) + self.shift, np.int32)
        values = np.polynomial.polynomial.polyval(stored.astype(float), self.coefficients)
        return np.asarray(values, np.float32)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the values."""
        return np.dtype(np.float32 if self.shift is None else np.int32)


def calibrated(stored: Stored, meta: Mapping[str, Any]) -> Stored:
    """Return an image whose voxels are the values that ImageJ shows.

    Parameters
    ----------
    stored : Stored
        The image as it lies in its file.
    meta : mapping
        ImageJ's description of the file.

    Raises
    ------
    ImageError
        If the values follow a function that is not computed here.
    """
    if "cf" not in meta or stored.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        return stored
    polynomial = _polynomial(stored.name, meta)
    if polynomial is None:
        return stored

    def read(index: Index) -> NDArray[Any]:
        return polynomial(np.asarray(stored.read(index)))

    note = f"{stored.name} has a value calibration, {_words(polynomial, meta)}: it was applied."
    return replace(
        stored,
        read=read,
        fill=None,
        dtype=polynomial.dtype,
        mapped=False,
        notes=(*stored.notes, note),
    )


def _polynomial(name: str, meta: Mapping[str, Any]) -> _Polynomial | None:
    """Return the polynomial of the values; None where values are what is stored."""
    kind = meta["cf"]
    degree = _DEGREES.get(kind)
    if degree is None:
        raise ImageError(
            f"{name} has a value calibration by ImageJ's function number {kind}; only straight "
            "lines and polynomials are supported.",
            remedy="Open it in ImageJ, convert it to 32-bit (Image > Type) and save it.",
        )
    found = [meta.get(f"c{number}", 0.0) for number in range(degree + 1)]
    if not all(isinstance(value, int | float) and np.isfinite(value) for value in found):
        raise ImageError(f"{name} has a value calibration with the coefficients {found}.")
    polynomial = _Polynomial(tuple(float(value) for value in found))
    return None if polynomial.shift == 0 else polynomial


def _words(polynomial: _Polynomial, meta: Mapping[str, Any]) -> str:
    if polynomial.coefficients[:2] == (_SIGNED_OFFSET, 1.0) and polynomial.shift is not None:
        return "signed 16 bit"
    terms = [f"{polynomial.coefficients[0]:g}"]
    for power, value in enumerate(polynomial.coefficients[1:], 1):
        exponent = f"^{power}" if power > 1 else ""
        terms += [f"{value:g} x stored{exponent}"] if value else []
    unit = str(meta.get("vunit", "")).strip()
    return f"value = {' + '.join(terms)}" + (f" ({unit})" if unit else "")
