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

#: Kinds whose PSF is that of a single pupil, the most likely first.
PUPIL_KINDS = ("widefield", "confocal", "lightsheet")
#: Kinds whose PSF cannot be described by a pupil: it is measured without a model.
MEASURED_ONLY = ("sted", "sim")
MICROSCOPES = (*PUPIL_KINDS, "two-photon", "spinning-disk", *MEASURED_ONLY)

OPTICS_GROUP = "optics: give the first three together, or none"

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
    usual="0.52 for 520 nm",
)
INDEX = Number(help="refractive index of the immersion medium", group=OPTICS_GROUP, least=1)
MICROSCOPE = Choice(
    help="kind of microscope; for sted and sim the PSF is measured without a pupil model",
    group=OPTICS_GROUP,
    of=MICROSCOPES,
)
EXCITATION = Number(
    label="Excitation wavelength",
    only_if=_EXCITED,
    help=(
        "excitation wavelength; for confocal and spinning-disk microscopes, required for two-photon"
    ),
    group=OPTICS_GROUP,
    unit="µm",
    above=0,
)
PINHOLE = Number(
    label="Pinhole diameter",
    only_if=_PINHOLED,
    help="pinhole diameter; for confocal and spinning-disk microscopes",
    group=OPTICS_GROUP,
    unit="Airy units",
    above=0,
)
TILT = Number(
    label="Tilt of the light sheet",
    only_if=_SHEETED,
    help="angle between the light sheet and the image planes, about x; light sheet only",
    group=OPTICS_GROUP,
    unit="degrees",
    least=-80,
    most=80,
)

#: The kinds of microscope to which an option is restricted.
_FOR_KINDS = {
    "excitation_um": _EXCITED["microscope"],
    "pinhole_au": _PINHOLED["microscope"],
    "sheet_tilt_deg": _SHEETED["microscope"],
}

#: A pinhole small enough, in Airy units, to count as a point.
_POINT_AU = 1e-3


@documented
@dataclass(frozen=True, kw_only=True)
class Optics(OptionRecord):
    """Objective, light and kind of microscope.

    Each option is converted and checked; see docs/options.md for the list.

    Raises
    ------
    OptionError
        If a value is invalid or contradicts another.

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
        """Reject values that contradict one another."""
        if self.na >= self.refractive_index:
            raise OptionError(
                f"{{na}} is {self.na:g} and {{refractive_index}} is {self.refractive_index:g}: "
                "the NA must be smaller than the refractive index of the immersion medium (oil "
                "is about 1.518).",
                option="na",
                found=f"{self.na:g}",
                allowed=f"less than {self.refractive_index:g}",
            )
        for name, kinds in _FOR_KINDS.items():
            if getattr(self, name) is not None and self.microscope not in kinds:
                raise OptionError(
                    f"{{{name}}} is given but {{microscope}} is {self.microscope}; it applies "
                    f"only to {' or '.join(kinds)}.",
                    option=name,
                    remedy=f"Give {{microscope={kinds[0]}}}, or omit {{{name}}}.",
                )
        if self.microscope == "two-photon" and self.excitation_um is None:
            raise OptionError(
                "{microscope} is two-photon, whose PSF depends on the excitation, but "
                "{excitation_um} is missing.",
                option="excitation_um",
                remedy="Give it, for example {excitation_um=0.8}.",
            )

    @property
    def pupil(self) -> Optics:
        """The widefield, confocal or light-sheet microscope that has the same PSF.

        Two-photon absorption follows the square of the excitation intensity, and all the emission
        is collected: equivalent to a confocal microscope with a point pinhole whose emission has
        the excitation wavelength. A spinning disk is treated as a confocal microscope; light
        that passes through neighbouring pinholes is neglected.

        Raises
        ------
        OptionError
            If the PSF cannot be described by a pupil, as in STED and structured illumination.

        Examples
        --------
        >>> water = {"na": 1.0, "wavelength_um": 0.52, "refractive_index": 1.33}
        >>> Optics(**water, microscope="two-photon", excitation_um=0.8).pupil.wavelength_um
        0.8
        """
        if self.microscope in MEASURED_ONLY:
            raise OptionError(
                f"the PSF of {{microscope}} {self.microscope} cannot be described by a pupil; it "
                "can only be measured.",
                option="microscope",
                remedy="Omit {method}, or choose {method=average}.",
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
