"""Options of the optics: objective, light and kind of microscope."""

from __future__ import annotations

from dataclasses import dataclass, replace

from psfbridge._util.option_kinds import Choice, Number
from psfbridge._util.option_records import OptionRecord, documented, option
from psfbridge.errors import OptionError

__all__ = [
    "EXCITATION",
    "INDEX",
    "MEASURED_ONLY",
    "MICROSCOPE",
    "MICROSCOPES",
    "NA",
    "OPTICS_GROUP",
    "PINHOLE",
    "PUPIL_KINDS",
    "TILT",
    "WAVELENGTH",
    "Optics",
]

#: Kinds whose PSF is that of one pupil, the likeliest first.
PUPIL_KINDS = ("widefield", "confocal", "lightsheet")
#: Kinds whose PSF no pupil has: it is measured, and nothing is assumed of it.
MEASURED_ONLY = ("sted", "sim")
MICROSCOPES = (*PUPIL_KINDS, "two-photon", "spinning-disk", *MEASURED_ONLY)

OPTICS_GROUP = "optics: all of the first three, or none"

_EXCITED = {"microscope": ("confocal", "spinning-disk", "two-photon")}
_PINHOLED = {"microscope": ("confocal", "spinning-disk")}
_SHEETED = {"microscope": ("lightsheet",)}

NA = Number(label="Numerical aperture", help="numerical aperture", group=OPTICS_GROUP, above=0)
WAVELENGTH = Number(
    label="Emission wavelength",
    help="emission wavelength in vacuum",
    group=OPTICS_GROUP,
    unit="µm",
    least=0.1,
    most=3,
    usual="520 nm is 0.52",
)
INDEX = Number(help="refractive index of the immersion medium", group=OPTICS_GROUP, least=1)
MICROSCOPE = Choice(
    help="kind of microscope; of sted and sim the PSF is measured only: no pupil has it",
    group=OPTICS_GROUP,
    of=MICROSCOPES,
)
EXCITATION = Number(
    label="Excitation wavelength",
    only_if=_EXCITED,
    help="excitation wavelength; confocal and spinning disk, and needed for two photons",
    group=OPTICS_GROUP,
    unit="µm",
    above=0,
)
PINHOLE = Number(
    label="Pinhole diameter",
    only_if=_PINHOLED,
    help="pinhole diameter; confocal and spinning disk",
    group=OPTICS_GROUP,
    unit="Airy units",
    above=0,
)
TILT = Number(
    label="Tilt of the light sheet",
    only_if=_SHEETED,
    help="angle between the light sheet and the planes of the image, about x; light sheet only",
    group=OPTICS_GROUP,
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

    na: float = option(NA)
    wavelength_um: float = option(WAVELENGTH)
    refractive_index: float = option(INDEX)
    microscope: str = option(MICROSCOPE, default="widefield")
    excitation_um: float | None = option(EXCITATION, default=None)
    pinhole_au: float | None = option(PINHOLE, default=None)
    sheet_tilt_deg: float | None = option(TILT, default=None)

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
