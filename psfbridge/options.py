"""Frozen records of what a user may choose; units in the names, checked at birth."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from psfbridge._util.validate import choice, integer, known_names, number, zyx_floats
from psfbridge.errors import OptionError

__all__ = ["ENGINES", "METHODS", "MICROSCOPES", "DistillOptions", "Optics"]

METHODS = ("auto", "joint", "pupil", "average", "reverse-rl")
ENGINES = ("auto", "cpu", "clij2fft", "clij-java")
_FIELD_METHODS = ("auto", "joint", "pupil")
MICROSCOPES = ("widefield", "confocal", "lightsheet")


@dataclass(frozen=True, kw_only=True)
class Optics:
    """What is known of the microscope.

    Parameters
    ----------
    na : float
        Numerical aperture; below `refractive_index`.
    wavelength_um : float
        Emission wavelength in vacuum, µm.
    refractive_index : float
        Of the immersion medium.
    microscope : {'widefield', 'confocal', 'lightsheet'}
        How the light is collected.
    excitation_um, pinhole_au : float, optional
        Excitation wavelength in µm and pinhole diameter in Airy units; confocal only.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    >>> Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518).microscope
    'widefield'
    """

    na: float
    wavelength_um: float
    refractive_index: float
    microscope: str = "widefield"
    excitation_um: float | None = None
    pinhole_au: float | None = None

    def __post_init__(self) -> None:
        number("na", self.na, above=0)
        number("wavelength_um", self.wavelength_um, above=0)
        number("refractive_index", self.refractive_index, least=1)
        choice("microscope", self.microscope, MICROSCOPES)
        if not 0.1 <= self.wavelength_um <= 3:
            raise OptionError(
                f"wavelength_um is {self.wavelength_um:g}; allowed is 0.1 to 3 µm (520 nm is 0.52)."
            )
        if self.na >= self.refractive_index:
            raise OptionError(
                f"na is {self.na:g}, refractive_index is {self.refractive_index:g}: the NA must "
                "be below the refractive index of the immersion medium (oil is about 1.518)."
            )
        for name in ("excitation_um", "pinhole_au"):
            self._check_confocal(name, getattr(self, name))

    def _check_confocal(self, name: str, value: float | None) -> None:
        if value is None:
            return
        number(name, value, above=0)
        if self.microscope != "confocal":
            raise OptionError(
                f"{name} is given, microscope is {self.microscope}: {name} is allowed for "
                "a confocal only; set microscope to confocal or leave it out."
            )


_OPTICS_NAMES = tuple(field.name for field in fields(Optics))
_OPTICS_NEEDED = ("na", "wavelength_um", "refractive_index")


@dataclass(frozen=True, kw_only=True)
class DistillOptions:
    """Everything that a user may choose for a distillation; all have a default.

    Parameters
    ----------
    bead_diameter_um : float
        Diameter of the beads in µm; 0 is a point.
    na, wavelength_um, refractive_index, microscope, excitation_um, pinhole_au
        The optics, see `Optics`: all three of the first, or none of them.
    method : {'auto', 'joint', 'pupil', 'average', 'reverse-rl'}
        How the PSF is computed.
    engine : {'auto', 'cpu', 'clij2fft', 'clij-java'}
        Where Richardson-Lucy runs, for ``reverse-rl``.
    iterations : int
        Richardson-Lucy iterations, for ``reverse-rl``.
    background : 'auto', 'mean' or float
        ``auto`` is each method's own; ``mean`` is 1.25 times the mean of the image, as in the
        original pipeline; a number is a background in counts.
    size_um, size : tuple of three
        Size of the PSF in z, y, x: in µm or in voxels (made odd); one of them, or none.
    min_separation_um : float, optional
        Beads nearer to each other than this are rejected; by default as far as the PSF reaches.
    field : bool
        Also find out how the PSF changes over the image, as far as the beads tell; for ``joint``
        and ``pupil``.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    >>> DistillOptions(bead_diameter_um=0.1).method
    'auto'
    """

    bead_diameter_um: float = 0.0
    na: float | None = None
    wavelength_um: float | None = None
    refractive_index: float | None = None
    microscope: str | None = None
    excitation_um: float | None = None
    pinhole_au: float | None = None
    method: str = "auto"
    engine: str = "auto"
    iterations: int = 200
    background: str | float = "auto"
    size_um: tuple[float, float, float] | None = None
    size: tuple[int, int, int] | None = None
    min_separation_um: float | None = None
    field: bool = False

    def __post_init__(self) -> None:
        number("bead_diameter_um", self.bead_diameter_um, least=0)
        choice("method", self.method, METHODS)
        choice("engine", self.engine, ENGINES)
        integer("iterations", self.iterations, least=1)
        self._check_background()
        self._check_size()
        if self.min_separation_um is not None:
            number("min_separation_um", self.min_separation_um, least=0)
        if self.field and self.method not in _FIELD_METHODS:
            raise OptionError(
                f"field is set and method is {self.method}; allowed with field are "
                f"{', '.join(_FIELD_METHODS)}."
            )
        _ = self.optics

    @property
    def optics(self) -> Optics | None:
        """The optics, or None where nothing was said of them."""
        given = {name: getattr(self, name) for name in _OPTICS_NAMES}
        given = {name: value for name, value in given.items() if value is not None}
        if not given:
            return None
        missing = [name for name in _OPTICS_NEEDED if name not in given]
        if missing:
            raise OptionError(
                f"the optics are half given: {', '.join(given)} without {', '.join(missing)}. "
                f"Give all of {', '.join(_OPTICS_NEEDED)}, or none."
            )
        return Optics(**given)

    def _check_background(self) -> None:
        if self.background in ("auto", "mean"):
            return
        try:
            object.__setattr__(self, "background", number("background", self.background))
        except OptionError:
            raise OptionError(
                f"background is {self.background!r}; allowed are auto, mean or a number of counts."
            ) from None

    def _check_size(self) -> None:
        if self.size_um is not None and self.size is not None:
            raise OptionError("size_um and size are both given; allowed is one of them.")
        if self.size_um is not None:
            object.__setattr__(self, "size_um", zyx_floats("size_um", self.size_um))
        if self.size is not None:
            given = self.size if isinstance(self.size, Iterable) else ()
            sizes = tuple(integer("size", n, least=1) for n in given)
            if len(sizes) != 3:
                raise OptionError(f"size is {self.size!r}; allowed are three whole numbers z y x.")
            object.__setattr__(self, "size", sizes)

    @classmethod
    def of(cls, **choices: Any) -> Self:
        """Make the record from keywords; an unknown one is named with the nearest allowed."""
        known_names(choices, (field.name for field in fields(cls)))
        return cls(**choices)

    def to_json(self) -> str:
        """Return the record as JSON, readable by `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the record that `to_json` wrote."""
        values = json.loads(text)
        for name in ("size", "size_um"):
            values[name] = tuple(values[name]) if values.get(name) else None
        return cls.of(**values)
