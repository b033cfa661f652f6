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

#: The options of `DeconvolveOptions` that control how a PSF from another program is read.
PSF_OPTIONS = ("psf_voxel_um", "psf_background")

_FOREIGN = "PSFs from other programs"


@documented
@dataclass(frozen=True, kw_only=True)
class DeconvolveOptions(OptionRecord):
    """Options of a deconvolution; all have a default.

    Each option is converted and checked; see docs/options.md for the list.

    Raises
    ------
    OptionError
        If a value is invalid or contradicts another.

    Examples
    --------
    >>> DeconvolveOptions(iterations=20).engine
    'auto'
    """

    iterations: int = option(
        Integer(help="maximum number of Richardson-Lucy iterations"), default=50
    )
    # Above this limit the denominator of the total-variation term may approach 0.
    tv: float = option(
        Number(
            label="Total variation",
            help="strength of total-variation regularisation (Dey et al. 2006); 0 for none",
            least=0,
            most=0.1,
            usual="typically 0.002",
        ),
        default=0.0,
    )
    accelerate: bool = option(
        Flag(
            help=(
                "accelerate by extrapolation (Biggs and Andrews 1997), to need fewer iterations; "
                "CPU only"
            )
        ),
        default=False,
    )
    stop: str = option(
        Choice(
            label="When to stop",
            help=(
                "stopping rule: iterations runs them all; discrepancy stops once the residual "
                "has fallen to the image noise"
            ),
            of=STOPS,
        ),
        default="iterations",
    )
    engine: str = option(Choice(help="where Richardson-Lucy runs", of=ENGINES), default="auto")
    device: str | None = option(
        Text(
            label="OpenCL device",
            help="OpenCL device: its number, or part of its name",
        ),
        default=None,
    )
    tile_um: tuple[float, float, float] | None = option(
        ZYX(
            label="Size of the tiles",
            help="tile size; the default is as large as memory allows",
            unit="µm",
            usual="10 50 50",
        ),
        default=None,
    )
    background: str | float = option(
        NumberOrWord(
            label="Background",
            help="background subtracted from the image first, with negative counts set to 0; auto "
            "takes its darkest level",
            unit="counts",
            words_too=("auto", "none"),
        ),
        default="none",
    )
    dtype: str = option(
        Choice(
            label="Voxel type of the result",
            help="voxel type of the result; integer types are rounded",
            of=DTYPES,
        ),
        default="float32",
    )
    overflow: str = option(
        Choice(
            label="Values outside the range",
            only_if={"dtype": ("uint16", "uint8")},
            help="values outside the range of the type: clip them, or scale the image so that its "
            "maximum fits",
            of=OVERFLOWS,
        ),
        default="clip",
    )
    psf_voxel_um: tuple[float, float, float] | None = option(
        ZYX(
            label="Voxel size of the PSF",
            help="voxel size of the PSF; overrides the value in its file",
            group=_FOREIGN,
            unit="µm",
            usual="0.2 0.065 0.065",
        ),
        default=None,
    )
    psf_background: str | float = option(
        NumberOrWord(
            label="Background of the PSF",
            help="background subtracted from a PSF made by another program; auto estimates it",
            group=_FOREIGN,
            words_too=("none", "auto"),
        ),
        default="none",
    )

    def check(self) -> None:
        """Reject values that contradict one another."""
        if self.psf_voxel_um is not None:
            voxel_size(self.psf_voxel_um, "psf_voxel_um")
        if self.device is not None and self.engine == "cpu":
            raise OptionError(
                f"{{device}} is {self.device!r} but {{engine}} is cpu, which has no devices; with "
                "a device, allowed are auto, clij2fft and clij-java.",
                option="engine",
            )
        if self.accelerate and self.engine in ("clij2fft", "clij-java"):
            raise OptionError(
                f"{{accelerate}} is set but {{engine}} is {self.engine}, which cannot accelerate; "
                "allowed are auto and cpu.",
                option="engine",
            )
