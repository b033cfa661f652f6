"""Presets of microscopes and objectives, stored as TOML."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psfbridge._util.atomic_files import write_text
from psfbridge._util.option_records import options_of
from psfbridge._util.validate import known_names
from psfbridge.errors import OptionError
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.options import DistillOptions, Optics

__all__ = [
    "PRESET_OPTIONS",
    "Preset",
    "file_values",
    "load_preset",
    "preset_names",
    "preset_values",
    "presets_file",
    "save_preset",
]

#: Options of a distillation that a preset may hold.
PRESET_OPTIONS = (*options_of(Optics), "bead_diameter_um")


@dataclass(frozen=True)
class Preset:
    """Options common to all stacks of one microscope, objective and channel.

    Parameters
    ----------
    name : str
        As it is chosen.
    options : mapping
        Optics and bead diameter, by the names of `DistillOptions`: ``distill(image,
        **preset.options)``.
    tolerances : Tolerances
        Limits between pass and fail.
    about : About
        Who and where, for reports.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    tolerances: Tolerances = field(default_factory=Tolerances)
    about: About = field(default_factory=About)

    @classmethod
    def of(cls, name: str, values: Mapping[str, Any]) -> Preset:
        """Make a preset of plain values, checked as options are.

        Raises
        ------
        OptionError
            If a value is impossible, or its name unknown.
        """
        limits, facts = options_of(Tolerances), options_of(About)
        known_names(values, (*PRESET_OPTIONS, *limits, *facts))
        options = {key: value for key, value in values.items() if key in PRESET_OPTIONS}
        DistillOptions.of(**options)
        return cls(
            name,
            options,
            Tolerances.of(**{key: value for key, value in values.items() if key in limits}),
            About.of(**{key: value for key, value in values.items() if key in facts}),
        )

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return given options of a distillation, and this preset's where none is given.

        What means nothing beside the given ones, as a pinhole in a widefield, is left out.

        Examples
        --------
        >>> Preset.of("small beads", {"bead_diameter_um": 0.1}).filled({"method": "joint"})
        {'bead_diameter_um': 0.1, 'method': 'joint'}
        """
        known = options_of(DistillOptions)
        every = {**self.options, **given}
        return {
            name: value
            for name, value in every.items()
            if name in given or all(every.get(of) in v for of, v in known[name].only_if.items())
        }


def presets_file() -> Path:
    """Return the file of presets: the variable ``PSFBRIDGE_PRESETS``, or one in the home folder."""
    named = os.environ.get("PSFBRIDGE_PRESETS")
    return Path(named) if named else Path.home() / ".config" / "psfbridge" / "presets.toml"


def preset_names() -> list[str]:
    """Return the names of all presets, in the order of the file."""
    return list(_read())


def load_preset(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    OptionError
        If no preset has this name, or the file is damaged.
    """
    every = _read()
    if name not in every:
        known = ", ".join(every) or "none yet"
        raise OptionError(
            option="preset", found=repr(name), allowed=f"one of {presets_file()}: {known}"
        )
    return Preset.of(name, every[name])


def file_values(
    path: str | os.PathLike[str], *, channel: int | str | None = None, series: str | None = None
) -> dict[str, Any]:
    """Return what an image file says of microscope, objective and light, as values of a preset.

    Files of Nikon, Zeiss and Leica, and OME-TIFF are asked; others name nothing.

    Parameters
    ----------
    path : path
        The file; none of its voxels is read.
    channel : int or str, optional
        Whose wavelengths; needed where the file has several channels.
    series : str, optional
        Which image of several.

    Raises
    ------
    ImageError
        If it cannot be read, or names no such channel.
    OptionError
        If it names nothing of its optics.

    Examples
    --------
    >>> file_values("beads.nd2", channel="GFP")  # doctest: +SKIP
    {'na': 1.4, 'refractive_index': 1.518, 'wavelength_um': 0.52, 'objective': 'Plan Apo 60x'}
    """
    from psfbridge.imaging.formats import open_stored
    from psfbridge.imaging.read import channel_number

    stored = open_stored(path, series)
    values = stored.optics.options(channel_number(stored, channel))
    if not values:
        raise OptionError(
            f"{stored.name} records neither objective nor wavelength.",
            remedy="Give them as options: {na}, {wavelength_um} and {refractive_index}.",
        )
    return values


def preset_values(name: str) -> Mapping[str, Any]:
    """Return the plain values of a preset, as they stand in the file and checked."""
    load_preset(name)
    return _read()[name]


def save_preset(name: str, values: Mapping[str, Any]) -> Path:
    """Save a preset, in place of one of the same name; return the file.

    Raises
    ------
    OptionError
        If a value is invalid.
    OutputError
        If the file cannot be written.
    """
    Preset.of(name, values)
    path = presets_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    every = _read() | {name: dict(values)}
    write_text(path, "\n".join(_toml(one, kept) for one, kept in every.items()))
    return path


def _read() -> dict[str, dict[str, Any]]:
    path = presets_file()
    if not path.is_file():
        return {}
    try:
        every = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise OptionError(f"the preset file {path} is damaged: {fault}.") from fault
    return {name: value for name, value in every.items() if isinstance(value, dict)}


def _toml(name: str, values: Mapping[str, Any]) -> str:
    """Return a table; JSON writes texts and numbers as TOML has them."""
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[{json.dumps(name, ensure_ascii=False)}]", *lines, ""])
