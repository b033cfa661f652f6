"""Selection among the images (series, scenes, positions) in a file."""

from __future__ import annotations

from collections.abc import Sequence

from psfbridge.errors import ImageError

__all__ = ["chosen_series"]

#: So many series are named in a message.
_NAMED = 8


def chosen_series(
    file: str, names: Sequence[str], wanted: int | str | None
) -> tuple[int, tuple[str, ...]]:
    """Return the number of the series to read, and what to say of the others.

    Parameters
    ----------
    file : str
        What messages call the file.
    names : sequence of str
        The names of its series, in their order.
    wanted : int or str, optional
        A number, counted from 0, or a name; by default the first, and that is said.

    Raises
    ------
    ImageError
        If there is no such series.

    Examples
    --------
    >>> chosen_series("a.lif", ["overview", "beads"], "beads")
    (1, ())
    """
    if wanted is None:
        if len(names) == 1:
            return 0, ()
        note = f"{file} holds {len(names)} images: {_listed(names)}; the first was used."
        return 0, (note,)
    if wanted in names:
        return list(names).index(str(wanted)), ()
    number = int(wanted) if str(wanted).isdecimal() else -1
    if 0 <= number < len(names):
        return number, ()
    raise ImageError(
        f"{file} has no series {wanted!r}; it has {_listed(names)}.",
        option="series",
        found=str(wanted),
        remedy="Give its number or name: {series=0}.",
    )


def _listed(names: Sequence[str]) -> str:
    shown = [
        f"{number} ({name})" if name not in ("", str(number)) else str(number)
        for number, name in enumerate(names)
    ]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
