"""Options of a distillation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from psfbridge._util.option_kinds import (
    ZYX,
    Choice,
    Flag,
    Integer,
    Number,
    NumberOrWord,
    Text,
    Voxels,
)
from psfbridge._util.option_records import OptionRecord, documented, option, options_of
from psfbridge.errors import OptionError
from psfbridge.options.deconvolution import ENGINES
from psfbridge.options.optics import (
    EXCITATION,
    INDEX,
    MEASURED_ONLY,
    MICROSCOPE,
    NA,
    OPTICS_GROUP,
    PINHOLE,
    TILT,
    WAVELENGTH,
    Optics,
)

__all__ = ["METHODS", "REPEATS", "DistillOptions", "half_given", "without_half_given"]

METHODS = ("auto", "joint", "pupil", "average", "reverse-rl")
REPEATS = ("separate", "mean", "sum", "median")

_FIELD_METHODS = ("auto", "joint", "pupil")
_OPTICS_NEEDED = ("na", "wavelength_um", "refractive_index")
_REVERSE_RL = {"method": ("reverse-rl",)}

_BEADS = "beads"
_METHOD = "method"
_PSF_SIZE = "size of the PSF"
_COST = "resources: memory and time"

_SCHEDULER = Text(
    help="address of a dask scheduler; its workers share the work and must see the same files",
    group=_COST,
    usual="tcp://head:8786",
    imagej=False,
)
_LOCAL_CLUSTER = Integer(
    help="number of local processes that share the work", group=_COST, least=1, imagej=False
)


@documented
@dataclass(frozen=True, kw_only=True)
class DistillOptions(OptionRecord):
    """Options of a distillation; all have a default.

    Each option is converted and checked; see docs/options.md for the list.

    Raises
    ------
    OptionError
        If a value is invalid or contradicts another.

    Examples
    --------
    Strings are converted:

    >>> DistillOptions(bead_diameter_um="0.1").bead_diameter_um
    0.1
    """

    bead_diameter_um: float = option(
        Number(help="diameter of the beads; 0 is a point", group=_BEADS, unit="µm", least=0),
        default=0.0,
    )
    min_separation_um: float | None = option(
        Number(
            label="Least distance between beads",
            help="beads closer together than this are rejected; the default is the extent of the "
            "PSF",
            group=_BEADS,
            unit="µm",
            least=0,
        ),
        default=None,
    )
    background: str | float = option(
        NumberOrWord(
            help=(
                "background: auto leaves it to the method; mean is 1.25 times the mean of the image"
            ),
            group=_BEADS,
            unit="counts",
            words_too=("auto", "mean"),
        ),
        default="auto",
    )
    na: float | None = option(NA, default=None)
    wavelength_um: float | None = option(WAVELENGTH, default=None)
    refractive_index: float | None = option(INDEX, default=None)
    microscope: str | None = option(MICROSCOPE, default=None)
    excitation_um: float | None = option(EXCITATION, default=None)
    pinhole_au: float | None = option(PINHOLE, default=None)
    sheet_tilt_deg: float | None = option(TILT, default=None)
    file_optics: bool = option(
        Flag(
            help="use the optics recorded in the image file, if complete, for options that are "
            "not given",
            group=OPTICS_GROUP,
            imagej=False,  # an image in ImageJ has no file to ask
        ),
        default=True,
    )
    method: str = option(
        Choice(
            help="how the PSF is computed; auto is pupil if optics are given, otherwise joint",
            group=_METHOD,
            of=METHODS,
        ),
        default="auto",
    )
    engine: str = option(
        Choice(
            only_if=_REVERSE_RL,
            help="where Richardson-Lucy runs (reverse-rl only)",
            group=_METHOD,
            of=ENGINES,
        ),
        default="auto",
    )
    iterations: int = option(
        Integer(
            only_if=_REVERSE_RL,
            help="number of Richardson-Lucy iterations (reverse-rl only)",
            group=_METHOD,
        ),
        default=200,
    )
    field: bool = option(
        Flag(
            help="also measure how the PSF varies across the image, as far as the beads show it "
            "(joint and pupil only)",
            group=_METHOD,
            imagej=False,  # ImageJ shows one PSF for an image
        ),
        default=False,
    )
    size_um: tuple[float, float, float] | None = option(
        ZYX(
            label="Size",
            help="size of the PSF",
            group=_PSF_SIZE,
            unit="µm",
            usual="6 3 3",
        ),
        default=None,
    )
    # A macro's key leaves the unit out: there "size" is the length in µm.
    size: tuple[int, int, int] | None = option(
        Voxels(
            help="size of the PSF in voxels; even sizes become odd", group=_PSF_SIZE, imagej=False
        ),
        default=None,
    )

    repeats: str = option(
        Choice(
            help="how several images are used: separate solves them together as different fields; "
            "mean, sum and median first combine them, voxel by voxel, as repeats of one field",
            group=_METHOD,
            of=REPEATS,
            imagej=False,  # a command works on one image
        ),
        default="separate",
    )
    memory_gib: float | None = option(
        Number(
            help="memory limit; an image that does not fit is read in blocks; the default is "
            "1.5, or 4 with thorough",
            group=_COST,
            unit="GiB",
            above=0.5,
        ),
        default=None,
    )
    quick: bool = option(
        Flag(
            label="Quick: only the 32 most informative beads",
            help="use only the 32 most informative beads",
            group=_COST,
        ),
        default=False,
    )
    thorough: bool = option(
        Flag(
            label="Thorough: every bead that fits into memory",
            help="use every bead that fits into memory",
            group=_COST,
        ),
        default=False,
    )
    scheduler: str | None = option(_SCHEDULER, default=None)
    local_cluster: int | None = option(_LOCAL_CLUSTER, default=None)

    def check(self) -> None:
        """Reject values that contradict one another."""
        _check_one_cluster(self)
        if self.quick and self.thorough:
            raise OptionError("{quick} and {thorough} cannot be combined. Give only one.")
        if self.size_um is not None and self.size is not None:
            raise OptionError("{size_um} and {size} cannot be combined. Give only one.")
        if self.field and self.method not in _FIELD_METHODS:
            raise OptionError(
                f"{{field}} is set but {{method}} is {self.method}; allowed with {{field}} are "
                f"{', '.join(_FIELD_METHODS)}.",
                option="method",
                found=self.method,
                allowed=", ".join(_FIELD_METHODS),
            )
        if self.measured_only and self.method in ("joint", "pupil"):
            raise OptionError(
                f"{{method}} is {self.method}, which fits a pupil, but {{microscope}} is "
                f"{self.microscope}, whose PSF cannot be described by a pupil; allowed are auto, "
                "average and reverse-rl.",
                option="method",
                found=self.method,
                allowed="auto, average, reverse-rl",
            )
        if self.measured_only and self.field:
            raise OptionError(
                f"{{field}} is set but {{microscope}} is {self.microscope}, whose PSF cannot be "
                "described by a pupil; {field} needs a pupil.",
                option="field",
                remedy="Omit {field}, or distil parts of the image separately.",
            )
        _ = self.optics

    @property
    def measured_only(self) -> bool:
        """Whether the microscope is one whose PSF cannot be described by a pupil."""
        return self.microscope in MEASURED_ONLY

    @property
    def optics(self) -> Optics | None:
        """The optics, or None if none were given or they do not determine the PSF."""
        given = {name: getattr(self, name) for name in options_of(Optics)}
        given = {name: value for name, value in given.items() if value is not None}
        if not given or self.measured_only:
            return None
        missing = [name for name in _OPTICS_NEEDED if name not in given]
        if missing:
            raise OptionError(
                f"the optics are incomplete: {_listed(given)} given, {_listed(missing)} missing.",
                option=missing[0],
                remedy=f"Give all of {_listed(_OPTICS_NEEDED)}, or none.",
            )
        return Optics(**given)

    def to_json(self) -> str:
        """Return the record as JSON, readable by `from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the record that `to_json` wrote."""
        return cls.of(**json.loads(text))


def half_given(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given optics if they are incomplete; the file may supply the rest.

    Examples
    --------
    >>> half_given({"na": 1.4, "method": "auto"})
    {'na': 1.4}
    """
    optics = {name: choices[name] for name in options_of(Optics) if choices.get(name) is not None}
    return {} if all(name in optics for name in _OPTICS_NEEDED) else optics


def without_half_given(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices without the incomplete optics found by `half_given`."""
    half = half_given(choices)
    return {name: value for name, value in choices.items() if name not in half}


def _listed(names: Iterable[str]) -> str:
    """Return the names as a list for a message, to be spelled by the host."""
    return ", ".join(f"{{{name}}}" for name in names)


def _check_one_cluster(options: DistillOptions) -> None:
    if options.scheduler is not None and options.local_cluster is not None:
        raise OptionError("{scheduler} and {local_cluster} cannot be combined. Give only one.")
