"""Validators for option values."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from psfbridge.errors import OptionError

__all__ = [
    "choice",
    "integer",
    "items",
    "known_names",
    "limits",
    "number",
    "shown",
    "voxel_fault",
    "voxel_size",
    "zyx_floats",
]


def number(
    name: str,
    value: Any,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    usual: str = "",
) -> float:
    """Return `value`, which may be a text, as a finite float within the limits."""
    allowed = limits(above, least, most) + (f" ({usual})" if usual else "")
    try:
        result = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise OptionError(option=name, found=repr(value), allowed=allowed) from None
    low = (above is None or result > above) and (least is None or result >= least)
    if not (math.isfinite(result) and low and (most is None or result <= most)):
        found = repr(value) if isinstance(value, bool) else f"{result:g}"
        raise OptionError(option=name, found=found, allowed=allowed)
    return result


def limits(above: float | None, least: float | None, most: float | None) -> str:
    """Return the limits of a number as a phrase.

    Examples
    --------
    >>> limits(0, None, None), limits(None, 0, 0.1), limits(None, None, None)
    ('a number above 0', '0 to 0.1', 'a finite number')
    """
    if most is not None:
        return f"{least:g} to {most:g}" if least is not None else f"a number of at most {most:g}"
    if least is not None:
        return f"a number of at least {least:g}"
    return "a finite number" if above is None else f"a number above {above:g}"


def integer(name: str, value: Any, *, least: int) -> int:
    """Return `value`, which may be a text such as ``"50"``, as an int of at least `least`."""
    value = _whole(value)
    try:
        result = operator.index(value)
    except TypeError:
        result = least - 1
    if result < least or isinstance(value, bool):
        allowed = f"a whole number of at least {least}"
        raise OptionError(option=name, found=repr(value), allowed=allowed)
    return result


def _whole(value: Any) -> Any:
    """Return a text that is a whole number as an int, anything else as it is."""
    if not isinstance(value, str):
        return value
    try:
        said = float(value)
    except ValueError:
        return value
    return int(said) if said.is_integer() else value


def choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`."""
    if isinstance(value, str) and value in allowed:
        return str(value)
    raise OptionError(option=name, found=repr(value), allowed=", ".join(allowed))


def items(value: Any) -> Any:
    """Return a text such as ``"0.2, 0.1, 0.1"`` as a list of its items, anything else as it is."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def shown(value: Any) -> str:
    """Return a list as people write it, ``0.2 0.1``, anything else as Python does."""
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value) or "empty"
    return repr(value)


def zyx_floats(name: str, value: Any, usual: str = "0.2 0.065 0.065") -> tuple[float, float, float]:
    """Return `value`, three items or a text of them, as three positive floats for z, y and x."""
    try:
        lengths = [float(item) for item in items(value)]
    except (TypeError, ValueError):
        lengths = []
    if len(lengths) != 3 or not all(math.isfinite(item) and item > 0 for item in lengths):
        allowed = f"three numbers above 0 for z, y and x, for example {usual}"
        raise OptionError(option=name, found=shown(value), allowed=allowed)
    return lengths[0], lengths[1], lengths[2]


#: Voxels in µm, least and most, of anything that a light microscope images.
_LEAST_UM, _MOST_UM, _MOST_STEP_UM = 0.001, 25.0, 100.0


def voxel_size(value: Any, name: str = "voxel_um") -> tuple[float, float, float]:
    """Return `value` as the voxel size in µm for z, y and x, as a light microscope may have it."""
    size = zyx_floats(name, value)
    fault = voxel_fault(size)
    if fault:
        raise OptionError(f"{{{name}}} is {fault}.", remedy="Give it in µm (65 nm is 0.065).")
    return size


def voxel_fault(size: tuple[float, float, float]) -> str:
    """Return why a voxel size is impossible in light microscopy, or an empty string."""
    most = (_MOST_STEP_UM, _MOST_UM, _MOST_UM)
    if all(_LEAST_UM <= length <= limit for length, limit in zip(size, most, strict=True)):
        return ""
    return (
        f"{' '.join(f'{length:g}' for length in size)} µm in z, y and x; allowed are "
        f"{_LEAST_UM:g} to {_MOST_UM:g} µm, in z {_MOST_STEP_UM:g}"
    )


def known_names(found: Iterable[str], allowed: Iterable[str], what: str = "option") -> None:
    """Refuse a name in `found` that is not in `allowed`, naming the nearest; `what` they are."""
    allowed = sorted(allowed)
    for name in found:
        if name in allowed:
            continue
        near = get_close_matches(name, allowed, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise OptionError(
            f"unknown {what} {name}: {hint}Allowed are {', '.join(allowed)}.",
            found=name,
            allowed=", ".join(allowed),
        )
