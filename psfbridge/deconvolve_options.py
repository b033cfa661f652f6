"""What a user may choose for a deconvolution."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

from psfbridge._util.validate import choice, integer, known_names, number, zyx_floats
from psfbridge.errors import OptionError
from psfbridge.options import ENGINES

__all__ = ["STOPS", "DeconvolveOptions"]

STOPS = ("iterations", "discrepancy")

#: Above this the total variation's denominator may come near to 0.
MOST_TV = 0.1


@dataclass(frozen=True, kw_only=True)
class DeconvolveOptions:
    """Everything that a user may choose for a deconvolution; all have a default.

    Parameters
    ----------
    iterations : int
        Richardson-Lucy iterations; with ``stop='discrepancy'`` at most so many.
    tv : float
        Strength of the total variation regularisation (Dey et al. 2006), 0 to 0.1; 0 is none,
        0.002 a usual one.
    engine : {'auto', 'cpu', 'clij2fft', 'clij-java'}
        Where it runs, see `psfbridge.engines.open_engine`.
    device : str, optional
        Number or part of the name of the OpenCL device; not for ``cpu``.
    accelerate : bool
        Extrapolate the steps (Biggs and Andrews 1997): as far in fewer iterations. CPU only.
    stop : {'iterations', 'discrepancy'}
        ``discrepancy`` ends where the residual is as small as the noise estimated from the image.
    tile_um : tuple of float, optional
        Size of the tiles in z, y and x, in µm; by default the whole image, or as much of it as
        the memory holds.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    >>> DeconvolveOptions(iterations=20).engine
    'auto'
    """

    iterations: int = 50
    tv: float = 0.0
    engine: str = "auto"
    device: str | None = None
    accelerate: bool = False
    stop: str = "iterations"
    tile_um: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        integer("iterations", self.iterations, least=1)
        choice("engine", self.engine, ENGINES)
        choice("stop", self.stop, STOPS)
        if number("tv", self.tv, least=0) > MOST_TV:
            raise OptionError(f"tv is {self.tv:g}; allowed is 0 to {MOST_TV:g} (0.002 is usual).")
        if self.tile_um is not None:
            object.__setattr__(self, "tile_um", zyx_floats("tile_um", self.tile_um))
        if self.device is not None:
            object.__setattr__(self, "device", str(self.device))
        if self.device is not None and self.engine == "cpu":
            raise OptionError(
                f"device is {self.device!r} and engine is cpu, which has none to choose; allowed "
                "are auto, clij2fft and clij-java."
            )
        if self.accelerate and self.engine in ("clij2fft", "clij-java"):
            raise OptionError(
                f"accelerate is set and engine is {self.engine}, which cannot accelerate; allowed "
                "are auto and cpu."
            )

    @classmethod
    def of(cls, **choices: Any) -> Self:
        """Make the record from keywords; an unknown one is named with the nearest allowed."""
        known_names(choices, (field.name for field in fields(cls)))
        return cls(**choices)
