"""One validator for each kind of value; each is told the name of what it checks."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from psfbridge.errors import OptionError

__all__ = ["choice", "integer", "known_names", "number", "voxel_fault", "voxel_size", "zyx_floats"]


def number(
    name: str, value: Any, *, above: float | None = None, least: float | None = None
) -> float:
    """Return `value` as a finite float above `above` or at least `least`."""
    allowed = "a finite number"
    if above is not None:
        allowed = f"a number above {above:g}"
    if least is not None:
        allowed = f"a number of at least {least:g}"
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise OptionError(f"{name} is {value!r}; allowed is {allowed}.") from None
    fits = (above is None or result > above) and (least is None or result >= least)
    if not (math.isfinite(result) and fits):
        raise OptionError(f"{name} is {result:g}; allowed is {allowed}.")
    return result


def integer(name: str, value: Any, *, least: int) -> int:
    """Return `value` as an int of at least `least`."""
    try:
        result = operator.index(value)
    except TypeError:
        result = least - 1
    if result < least or isinstance(value, bool):
        raise OptionError(f"{name} is {value!r}; allowed is a whole number of at least {least}.")
    return result


def choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    """Return `value` if it is one of `allowed`."""
    if value in allowed:
        return str(value)
    raise OptionError(f"{name} is {value!r}; allowed are {', '.join(allowed)}.")


def zyx_floats(name: str, value: Any) -> tuple[float, float, float]:
    """Return `value` as three positive floats for z, y and x."""
    try:
        items = [float(item) for item in value]
    except (TypeError, ValueError):
        items = []
    if len(items) != 3 or not all(math.isfinite(item) and item > 0 for item in items):
        raise OptionError(
            f"{name} is {value!r}; allowed are three numbers above 0 for z, y and x, "
            "for instance 0.2 0.065 0.065."
        )
    return items[0], items[1], items[2]


#: Voxels in µm, least and most, of anything that a light microscope images.
_LEAST_UM, _MOST_UM, _MOST_STEP_UM = 0.001, 25.0, 100.0


def voxel_size(value: Any) -> tuple[float, float, float]:
    """Return `value` as the voxel size in µm for z, y and x, as a light microscope may have it."""
    size = zyx_floats("voxel_um", value)
    fault = voxel_fault(size)
    if fault:
        raise OptionError(f"voxel_um is {fault}. Give it in µm (65 nm is 0.065).")
    return size


def voxel_fault(size: tuple[float, float, float]) -> str:
    """Say what no light microscope's voxel size can be, and what is allowed, or nothing."""
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
        raise OptionError(f"unknown {what} {name}: {hint}Allowed are {', '.join(allowed)}.")
