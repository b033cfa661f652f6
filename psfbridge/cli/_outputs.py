"""Checks of output files before long work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from psfbridge.errors import OutputError

__all__ = ["check_outputs"]

#: The pictures that are drawn.
_PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg")


def check_outputs(
    inputs: Sequence[str],
    *,
    images: Iterable[str | None] = (),
    pictures: Iterable[str | None] = (),
    files: Iterable[str | None] = (),
    folder: str | None = None,
) -> None:
    """Refuse what could not be written, or would replace an input or another output.

    Parameters
    ----------
    inputs : sequence of str
        What is to be read.
    images, pictures, files : iterable of str or None
        What is to be written; None was not asked for.
    folder : str, optional
        A folder that is to be written as a whole.

    Raises
    ------
    OutputError
        If an ending is unknown, a place cannot be written, or two have one name.
    """
    from psfbridge._util.atomic_files import check_apart, check_writable
    from psfbridge.imaging.write import check_image_output

    stacks, drawings, others = _asked(images), _asked(pictures), _asked(files)
    for path in stacks:
        check_image_output(path)
    for path in drawings:
        _check_picture(path)
    for path in (*drawings, *others):
        check_writable(path)
    check_apart([*stacks, *drawings, *others], inputs, folder)


def _asked(paths: Iterable[str | None]) -> list[str]:
    return [path for path in paths if path is not None]


def _check_picture(path: str) -> None:
    if Path(path).suffix.lower() not in _PICTURES:
        raise OutputError(f"cannot write {path}: allowed endings are {', '.join(_PICTURES)}.")
