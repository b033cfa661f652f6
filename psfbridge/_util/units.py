"""Units of length, in every spelling that microscopy files use."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["positive_length", "unit_um", "zyx_um"]

#: One unit in µm. Keys are lower case and singular, with "u" for either of Unicode's two mu.
_UM: dict[str, float] = {
    "pm": 1e-6,
    "picometer": 1e-6,
    "å": 1e-4,
    "angstrom": 1e-4,
    "ångström": 1e-4,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "u": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "micrometer": 1.0,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "dm": 1e5,
    "m": 1e6,
    "meter": 1e6,
    "in": 25400.0,
    "inch": 25400.0,
    '"': 25400.0,
}


def unit_um(unit: Any) -> float | None:
    r"""Return one `unit` in µm, or None if it is not a length (pixels, empty, unknown).

    Examples
    --------
    >>> [unit_um(name) for name in ("micron", "\\u00B5m", "nm", "pixel")]
    [1.0, 1.0, 0.001, None]
    """
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), str(unit or ""))
    # UTF-8 that was read as Latin-1 shows a mu as two characters.
    text = text.replace("Âµ", "u").replace("Î¼", "u").replace("µ", "u").replace("μ", "u")
    text = text.strip().lower().replace("metre", "meter")
    singular = text[:-1] if text.endswith("s") else text
    return _UM.get(text, _UM.get(singular))


def positive_length(value: Any, factor: float | None = 1.0) -> float | None:
    """Return `value` times `factor` if that is finite and above 0, otherwise None."""
    try:
        length = float(value) * float(factor if factor is not None else "nan")
    except (TypeError, ValueError):
        return None
    return length if math.isfinite(length) and length > 0 else None


def zyx_um(lengths: Iterable[float]) -> str:
    """Return three lengths as people write them.

    Examples
    --------
    >>> zyx_um((0.2, 0.065, 0.065))
    '0.2 x 0.065 x 0.065 µm'
    """
    return " x ".join(f"{length:.4g}" for length in lengths) + " µm"
