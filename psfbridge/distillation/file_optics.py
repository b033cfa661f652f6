"""Optics from the metadata of an image file, used if none are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psfbridge._util.option_records import options_of
from psfbridge.errors import OptionError
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image
from psfbridge.options import MEASURED_ONLY, DistillOptions, Optics

__all__ = ["with_file_optics"]

#: Methods that look at the optics.
_LOOKING = ("auto", "pupil")


def with_file_optics(
    options: DistillOptions, images: Sequence[Image], half: Mapping[str, Any]
) -> tuple[DistillOptions, tuple[str, ...]]:
    """Complete the optics by those that the images' files name.

    They are a suggestion: they are tried on beads that took no part, and used where these are
    explained better.

    Parameters
    ----------
    options : DistillOptions
        What was chosen, with whole optics or none.
    images : sequence of Image
        With one channel each.
    half : mapping
        Optics that were given and are not whole; each goes before the file's.

    Returns
    -------
    DistillOptions
        With the optics to use.
    tuple of str
        What was taken from the file, a sentence or none.

    Raises
    ------
    OptionError
        If the optics given are half, and no file has the others.
    """
    if options.optics is not None or options.measured_only:
        return options, ()
    said = _common(images) if options.file_optics and options.method in _LOOKING else {}
    whole = _whole({**said, **half})
    if whole is None:
        # Half given and not completed: the record says what is missing.
        return DistillOptions.of(options, **half), _incomplete(images, said)
    taken = {name: value for name, value in whole.items() if name not in half}
    host = Host.current()
    listed = ", ".join(f"{host.spelled(name)} {_shown(value)}" for name, value in taken.items())
    without = "--no-file-optics" if host is Host.COMMAND_LINE else "file_optics=False"
    note = (
        f"Optics recorded in {images[0].name}: {listed} (options you give take precedence; "
        f"{without} ignores the file)."
    )
    return DistillOptions.of(options, **whole), (note,) if taken else ()


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _common(images: Sequence[Image]) -> dict[str, Any]:
    """Return what the files of all images say alike."""
    told = [dict(image.optics[0]) if len(image.optics) == 1 else {} for image in images]
    return {
        name: value
        for name, value in told[0].items()
        if all(one.get(name) == value for one in told)
    }


def _whole(optics: dict[str, Any]) -> dict[str, Any] | None:
    """Return optics that define a pupil; None if they are incomplete."""
    kind = optics.get("microscope")
    if kind is None or kind in MEASURED_ONLY:
        return None
    known = {name: value for name, value in optics.items() if name in options_of(Optics)}
    if kind not in ("confocal", "spinning-disk"):
        known.pop("pinhole_au", None)
    if kind in ("widefield", "lightsheet"):
        known.pop("excitation_um", None)
    try:
        Optics.of(**known)
    # What the file says is incomplete, or contradicts itself.
    except (OptionError, TypeError):
        return None
    return known


def _incomplete(images: Sequence[Image], said: Mapping[str, Any]) -> tuple[str, ...]:
    if not said:
        return ()
    return (
        f"The optics recorded in {images[0].name} are incomplete (NA, emission wavelength, "
        "refractive index and kind of microscope are needed) and were not used.",
    )
