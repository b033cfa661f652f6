"""Options of distilling and deconvolving: one entry for each, from which every host makes its own.

The command line, the keys of macros, the dialogs, the types for editors and the tables in the
documentation are made of these records: see docs/developer/option.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from psfbridge._util.option_kinds import (
    ZYX,
    Choice,
    Flag,
    Integer,
    Number,
    NumberOrWord,
    OptionRecord,
    Text,
    Voxels,
    documented,
    option,
    options_of,
)
from psfbridge._util.validate import voxel_size
from psfbridge.errors import OptionError

__all__ = [
    "DTYPES",
    "ENGINES",
    "MEASURED_ONLY",
    "METHODS",
    "MICROSCOPES",
    "OVERFLOWS",
    "PSF_OPTIONS",
    "PUPIL_KINDS",
    "REPEATS",
    "STOPS",
    "DeconvolveOptions",
    "DistillOptions",
    "Optics",
    "half_given",
    "without_half_given",
]

METHODS = ("auto", "joint", "pupil", "average", "reverse-rl")
ENGINES = ("auto", "cpu", "clij2fft", "clij-java")
#: Kinds whose PSF is that of one pupil, the likeliest first.
PUPIL_KINDS = ("widefield", "confocal", "lightsheet")
#: Kinds whose PSF no pupil has: it is measured, and nothing is assumed of it.
MEASURED_ONLY = ("sted", "sim")
MICROSCOPES = (*PUPIL_KINDS, "two-photon", "spinning-disk", *MEASURED_ONLY)
DTYPES = ("float32", "uint16", "uint8")
OVERFLOWS = ("clip", "scale")
REPEATS = ("separate", "mean", "sum", "median")
STOPS = ("iterations", "discrepancy")

#: The options of `DeconvolveOptions` that say how the PSF of another program is read.
PSF_OPTIONS = ("psf_voxel_um", "psf_background")

_FIELD_METHODS = ("auto", "joint", "pupil")

_BEADS = "beads"
_OPTICS = "optics: all of the first three, or none"
_METHOD = "method"
_PSF_SIZE = "size of the PSF"
_COST = "what it may cost: memory and time"
_FOREIGN = "PSFs of other programs"

_SCHEDULER = Text(
    help="address of a dask scheduler, whose workers share the work and see the same files",
    group=_COST,
    usual="tcp://head:8786",
    imagej=False,
)
_LOCAL_CLUSTER = Integer(
    help="so many processes of this machine share the work", group=_COST, least=1, imagej=False
)

_EXCITED = {"microscope": ("confocal", "spinning-disk", "two-photon")}
_PINHOLED = {"microscope": ("confocal", "spinning-disk")}
_SHEETED = {"microscope": ("lightsheet",)}
_REVERSE_RL = {"method": ("reverse-rl",)}

_NA = Number(label="Numerical aperture", help="numerical aperture", group=_OPTICS, above=0)
_WAVELENGTH = Number(
    label="Emission wavelength",
    help="emission wavelength in vacuum",
    group=_OPTICS,
    unit="µm",
    least=0.1,
    most=3,
    usual="520 nm is 0.52",
)
_INDEX = Number(help="refractive index of the immersion medium", group=_OPTICS, least=1)
_MICROSCOPE = Choice(
    help="kind of microscope; of sted and sim the PSF is measured only: no pupil has it",
    group=_OPTICS,
    of=MICROSCOPES,
)
_EXCITATION = Number(
    label="Excitation wavelength",
    only_if=_EXCITED,
    help="excitation wavelength; confocal and spinning disk, and needed for two photons",
    group=_OPTICS,
    unit="µm",
    above=0,
)
_PINHOLE = Number(
    label="Pinhole diameter",
    only_if=_PINHOLED,
    help="pinhole diameter; confocal and spinning disk",
    group=_OPTICS,
    unit="Airy units",
    above=0,
)
_TILT = Number(
    label="Tilt of the light sheet",
    only_if=_SHEETED,
    help="angle between the light sheet and the planes of the image, about x; light sheet only",
    group=_OPTICS,
    unit="degrees",
    least=-80,
    most=80,
)

#: What each option of the optics is for, besides those that are for all.
_FOR_KINDS = {
    "excitation_um": _EXCITED["microscope"],
    "pinhole_au": _PINHOLED["microscope"],
    "sheet_tilt_deg": _SHEETED["microscope"],
}

#: A pinhole so small, in Airy units, that it is a point.
_POINT_AU = 1e-3


@documented
@dataclass(frozen=True, kw_only=True)
class Optics(OptionRecord):
    """Objective, light and kind of microscope.

    Each option is converted and checked; all are listed in docs/options.md.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    >>> Optics(na=1.4, wavelength_um=0.52, refractive_index=1.518).microscope
    'widefield'
    """

    na: float = option(_NA)
    wavelength_um: float = option(_WAVELENGTH)
    refractive_index: float = option(_INDEX)
    microscope: str = option(_MICROSCOPE, default="widefield")
    excitation_um: float | None = option(_EXCITATION, default=None)
    pinhole_au: float | None = option(_PINHOLE, default=None)
    sheet_tilt_deg: float | None = option(_TILT, default=None)

    def check(self) -> None:
        """Refuse values that contradict one another."""
        if self.na >= self.refractive_index:
            raise OptionError(
                f"{{na}} is {self.na:g}, {{refractive_index}} is {self.refractive_index:g}: the NA "
                "must be below the refractive index of the immersion medium (oil is about 1.518).",
                option="na",
                found=f"{self.na:g}",
                allowed=f"less than {self.refractive_index:g}",
            )
        for name, kinds in _FOR_KINDS.items():
            if getattr(self, name) is not None and self.microscope not in kinds:
                raise OptionError(
                    f"{{{name}}} is given, {{microscope}} is {self.microscope}; allowed is "
                    f"{' or '.join(kinds)}.",
                    option=name,
                    remedy=f"Give {{microscope={kinds[0]}}}, or leave {{{name}}} out.",
                )
        if self.microscope == "two-photon" and self.excitation_um is None:
            raise OptionError(
                "{microscope} is two-photon, whose PSF is that of the excitation, and "
                "{excitation_um} is not given.",
                option="excitation_um",
                remedy="Give it, for instance {excitation_um=0.8}.",
            )

    @property
    def pupil(self) -> Optics:
        """The widefield, confocal or light-sheet microscope that has the same PSF.

        Two photons are absorbed by the square of the excitation's intensity, wherever the light
        that they give goes: as in a confocal microscope with a point for its pinhole whose
        emission has the wavelength of the excitation. A spinning disk is a confocal microscope,
        but for the light that passes neighbouring pinholes.

        Raises
        ------
        OptionError
            If no pupil has the PSF, as in STED and structured illumination.

        Examples
        --------
        >>> water = {"na": 1.0, "wavelength_um": 0.52, "refractive_index": 1.33}
        >>> Optics(**water, microscope="two-photon", excitation_um=0.8).pupil.wavelength_um
        0.8
        """
        if self.microscope in MEASURED_ONLY:
            raise OptionError(
                f"no pupil has the PSF of {{microscope}} {self.microscope}: it is measured only.",
                option="microscope",
                remedy="Leave {method} out, or choose {method=average}.",
            )
        if self.microscope == "two-photon":
            return Optics(
                na=self.na,
                wavelength_um=float(self.excitation_um or 0),
                refractive_index=self.refractive_index,
                microscope="confocal",
                excitation_um=self.excitation_um,
                pinhole_au=_POINT_AU,
            )
        return replace(self, microscope="confocal") if self.microscope == "spinning-disk" else self


_OPTICS_NEEDED = ("na", "wavelength_um", "refractive_index")


@documented
@dataclass(frozen=True, kw_only=True)
class DistillOptions(OptionRecord):
    """Everything that a user may choose for a distillation; all have a default.

    Each option is converted and checked; all are listed in docs/options.md.

    Raises
    ------
    OptionError
        If a value is impossible, or contradicts another.

    Examples
    --------
    Texts are converted:

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
            help="beads closer than this to each other are rejected; by default as far as the "
            "PSF reaches",
            group=_BEADS,
            unit="µm",
            least=0,
        ),
        default=None,
    )
    background: str | float = option(
        NumberOrWord(
            help="background: auto is the method's own; mean is 1.25 times the mean of the image",
            group=_BEADS,
            unit="counts",
            words_too=("auto", "mean"),
        ),
        default="auto",
    )
    na: float | None = option(_NA, default=None)
    wavelength_um: float | None = option(_WAVELENGTH, default=None)
    refractive_index: float | None = option(_INDEX, default=None)
    microscope: str | None = option(_MICROSCOPE, default=None)
    excitation_um: float | None = option(_EXCITATION, default=None)
    pinhole_au: float | None = option(_PINHOLE, default=None)
    sheet_tilt_deg: float | None = option(_TILT, default=None)
    file_optics: bool = option(
        Flag(
            help="take the optics that the image's file names, where they are whole, as those "
            "given; each that is given goes before the file's",
            group=_OPTICS,
            imagej=False,  # an image in ImageJ has no file to ask
        ),
        default=True,
    )
    method: str = option(
        Choice(
            help="how the PSF is computed; auto is pupil with optics, joint without",
            group=_METHOD,
            of=METHODS,
        ),
        default="auto",
    )
    engine: str = option(
        Choice(
            only_if=_REVERSE_RL,
            help="where Richardson-Lucy runs, for reverse-rl",
            group=_METHOD,
            of=ENGINES,
        ),
        default="auto",
    )
    iterations: int = option(
        Integer(
            only_if=_REVERSE_RL, help="Richardson-Lucy iterations, for reverse-rl", group=_METHOD
        ),
        default=200,
    )
    field: bool = option(
        Flag(
            help="also measure how the PSF changes across the image, as far as the beads show it; "
            "for joint and pupil",
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
        Voxels(help="size of the PSF in voxels, made odd", group=_PSF_SIZE, imagej=False),
        default=None,
    )

    repeats: str = option(
        Choice(
            help="several images: each for itself in one solve, or, as images of one scene, one "
            "made of them, voxel by voxel",
            group=_METHOD,
            of=REPEATS,
            imagej=False,  # a command works on one image
        ),
        default="separate",
    )
    memory_gib: float | None = option(
        Number(
            help="memory that may be taken; an image that does not fit is read by blocks; by "
            "default 1.5, with thorough 4",
            group=_COST,
            unit="GiB",
            above=0.5,
        ),
        default=None,
    )
    quick: bool = option(
        Flag(
            label="Quick: the 32 beads that tell most",
            help="use the 32 beads that tell most, and no more",
            group=_COST,
        ),
        default=False,
    )
    thorough: bool = option(
        Flag(
            label="Thorough: every bead that fits into the memory",
            help="use every bead that fits into the memory",
            group=_COST,
        ),
        default=False,
    )
    scheduler: str | None = option(_SCHEDULER, default=None)
    local_cluster: int | None = option(_LOCAL_CLUSTER, default=None)

    def check(self) -> None:
        """Refuse values that contradict one another."""
        _check_one_cluster(self)
        if self.quick and self.thorough:
            raise OptionError("{quick} and {thorough} are both given; allowed is one of them.")
        if self.size_um is not None and self.size is not None:
            raise OptionError("{size_um} and {size} are both given; allowed is one of them.")
        if self.field and self.method not in _FIELD_METHODS:
            raise OptionError(
                f"{{field}} is set and {{method}} is {self.method}; allowed with {{field}} are "
                f"{', '.join(_FIELD_METHODS)}.",
                option="method",
                found=self.method,
                allowed=", ".join(_FIELD_METHODS),
            )
        if self.measured_only and self.method in ("joint", "pupil"):
            raise OptionError(
                f"{{method}} is {self.method}, which fits a pupil, and {{microscope}} is "
                f"{self.microscope}, whose PSF no pupil has; allowed are auto, average and "
                "reverse-rl.",
                option="method",
                found=self.method,
                allowed="auto, average, reverse-rl",
            )
        if self.measured_only and self.field:
            raise OptionError(
                f"{{field}} is set and {{microscope}} is {self.microscope}, whose PSF no pupil "
                "has; a field is measured by pupils.",
                option="field",
                remedy="Leave {field} out, or distil parts of the image one by one.",
            )
        _ = self.optics

    @property
    def measured_only(self) -> bool:
        """Whether the microscope is one whose PSF no pupil has."""
        return self.microscope in MEASURED_ONLY

    @property
    def optics(self) -> Optics | None:
        """The optics, or None where none were given, or none make the PSF."""
        given = {name: getattr(self, name) for name in options_of(Optics)}
        given = {name: value for name, value in given.items() if value is not None}
        if not given or self.measured_only:
            return None
        missing = [name for name in _OPTICS_NEEDED if name not in given]
        if missing:
            raise OptionError(
                f"the optics are half given: {_listed(given)} without {_listed(missing)}.",
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
    """Return the optics among the choices where they are not whole: a file may have the others.

    Examples
    --------
    >>> half_given({"na": 1.4, "method": "auto"})
    {'na': 1.4}
    """
    optics = {name: choices[name] for name in options_of(Optics) if choices.get(name) is not None}
    return {} if all(name in optics for name in _OPTICS_NEEDED) else optics


def without_half_given(choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return the choices without the optics that `half_given` returns."""
    half = half_given(choices)
    return {name: value for name, value in choices.items() if name not in half}


def _listed(names: Iterable[str]) -> str:
    """Return the names as a message lists them, for the host to spell."""
    return ", ".join(f"{{{name}}}" for name in names)


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


def _check_one_cluster(options: DistillOptions) -> None:
    if options.scheduler is not None and options.local_cluster is not None:
        raise OptionError("{scheduler} and {local_cluster} are both given; allowed is one of them.")
