"""Options of a deconvolution."""

from __future__ import annotations

from dataclasses import dataclass

from psfbridge._util.option_kinds import ZYX, Choice, Flag, Integer, Number, NumberOrWord, Text
from psfbridge._util.option_records import OptionRecord, documented, option
from psfbridge._util.validate import voxel_size
from psfbridge.errors import OptionError

__all__ = ["DTYPES", "ENGINES", "OVERFLOWS", "PSF_OPTIONS", "STOPS", "DeconvolveOptions"]

ENGINES = ("auto", "cpu", "clij2fft", "clij-java")
DTYPES = ("float32", "uint16", "uint8")
OVERFLOWS = ("clip", "scale")
STOPS = ("iterations", "discrepancy")

#: The options of `DeconvolveOptions` that say how the PSF of another program is read.
PSF_OPTIONS = ("psf_voxel_um", "psf_background")

_FOREIGN = "PSFs of other programs"


@documented
@dataclass(frozen=True, kw_only=True)
class DeconvolveOptions(OptionRecord):
    """Everything that a user may choose for a deconvolution; all have a default.

    Each option is converted and checked; all are listed in docs/options.md.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    >>> DeconvolveOptions(iterations=20).engine
    'auto'
    """

    iterations: int = option(Integer(help="Richardson-Lucy iterations, at most"), default=50)
    # Above the limit the total variation's denominator may come near to 0.
    tv: float = option(
        Number(
            label="Total variation",
            help="strength of the total variation regularisation (Dey et al. 2006); 0 is none",
            least=0,
            most=0.1,
            usual="0.002 is usual",
        ),
        default=0.0,
    )
    accelerate: bool = option(
        Flag(help="extrapolate the steps (Biggs and Andrews 1997): fewer iterations; CPU only"),
        default=False,
    )
    stop: str = option(
        Choice(
            label="When to stop",
            help="when to stop; discrepancy: where the residual is down to the noise of the image",
            of=STOPS,
        ),
        default="iterations",
    )
    engine: str = option(Choice(help="where Richardson-Lucy runs", of=ENGINES), default="auto")
    device: str | None = option(
        Text(
            label="OpenCL device",
            help="number or part of the name of an OpenCL device",
        ),
        default=None,
    )
    tile_um: tuple[float, float, float] | None = option(
        ZYX(
            label="Size of the tiles",
            help="size of the tiles; by default as large as memory allows",
            unit="µm",
            usual="10 50 50",
        ),
        default=None,
    )
    background: str | float = option(
        NumberOrWord(
            label="Background",
            help="what is subtracted from the image first, negative counts becoming 0; auto is "
            "its darkest level",
            unit="counts",
            words_too=("auto", "none"),
        ),
        default="none",
    )
    dtype: str = option(
        Choice(
            label="Type of the result",
            help="type of the voxels of the result; whole numbers are rounded",
            of=DTYPES,
        ),
        default="float32",
    )
    overflow: str = option(
        Choice(
            label="Values beyond the type",
            only_if={"dtype": ("uint16", "uint8")},
            help="what becomes of values that the type cannot hold: they are clipped, or all are "
            "scaled so that the largest is the type's",
            of=OVERFLOWS,
        ),
        default="clip",
    )
    psf_voxel_um: tuple[float, float, float] | None = option(
        ZYX(
            label="Voxel size of the PSF",
            help="voxel size of the PSF; overrides its file's",
            group=_FOREIGN,
            unit="µm",
            usual="0.2 0.065 0.065",
        ),
        default=None,
    )
    psf_background: str | float = option(
        NumberOrWord(
            label="Background of the PSF",
            help="what is subtracted from a PSF of another program; auto is the level on which "
            "it stands",
            group=_FOREIGN,
            words_too=("none", "auto"),
        ),
        default="none",
    )

    def check(self) -> None:
        """Refuse values that contradict one another."""
        if self.psf_voxel_um is not None:
            voxel_size(self.psf_voxel_um, "psf_voxel_um")
        if self.device is not None and self.engine == "cpu":
            raise OptionError(
                f"{{device}} is {self.device!r} and {{engine}} is cpu, which has no device to "
                "choose; allowed are auto, clij2fft and clij-java.",
                option="engine",
            )
        if self.accelerate and self.engine in ("clij2fft", "clij-java"):
            raise OptionError(
                f"{{accelerate}} is set and {{engine}} is {self.engine}, which cannot accelerate; "
                "allowed are auto and cpu.",
                option="engine",
            )
