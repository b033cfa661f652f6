"""Microscope, objective and wavelengths from file metadata, as option values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psfbridge._util.units import positive_length

__all__ = ["FileOptics"]

#: Facts of a channel, and the options that they are values of.
_OF_CHANNEL = {
    "emission_um": "wavelength_um",
    "excitation_um": "excitation_um",
    "pinhole_au": "pinhole_au",
}


#: Names of modes of acquisition, of OME (and so of Zeiss) and of Nikon, without case.
_KINDS = {
    "widefield": "widefield",
    "laserscanningconfocalmicroscopy": "confocal",
    "laserscanconfocal": "confocal",
    "spinningdiskconfocal": "spinning-disk",
    "multiphotonmicroscopy": "two-photon",
    "multiphoton": "two-photon",
    "spim": "lightsheet",
    "sted": "sted",
    "structuredillumination": "sim",
    "sim": "sim",
    "isim": "sim",
}


@dataclass(frozen=True)
class FileOptics:
    """Optics that a file names: what distilling tries where they are whole and none were given.

    Parameters
    ----------
    stand, objective : str
        Names of the microscope and its objective; empty where the file has none.
    na, index : float or None
        Numerical aperture, and refractive index of the immersion.
    channels : sequence of mapping
        Of each channel, may hold ``name``, ``mode`` (of acquisition, as OME, Zeiss and Nikon name
        it), ``emission_um``, ``excitation_um``, ``pinhole_au``.
    """

    stand: str = ""
    objective: str = ""
    na: float | None = None
    index: float | None = None
    channels: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @classmethod
    def of(
        cls, objective: Mapping[str, Any], channels: Sequence[Mapping[str, Any]] = ()
    ) -> FileOptics:
        """Return what a reader found; impossible numbers are left out.

        Parameters
        ----------
        objective : mapping
            May hold ``stand``, ``name``, ``na`` and ``index``.
        channels : sequence of mapping
            One for each channel.
        """
        return cls(
            str(objective.get("stand") or ""),
            str(objective.get("name") or ""),
            positive_length(objective.get("na")),
            positive_length(objective.get("index")),
            tuple(channels),
        )

    def options(self, channel: int | None = None) -> dict[str, Any]:
        """Return what is known as values of options, by their names.

        Parameters
        ----------
        channel : int, optional
            Whose light; by default that of the only one.

        Examples
        --------
        >>> FileOptics(na=1.4, index=1.518, channels=[{"emission_um": 0.52}]).options()
        {'na': 1.4, 'refractive_index': 1.518, 'wavelength_um': 0.52}
        """
        known: dict[str, Any] = {"na": self.na, "refractive_index": self.index}
        known |= self._light(channel)
        if known.get("pinhole_au") is not None:
            known["microscope"] = "confocal"
        else:
            known.pop("excitation_um", None)
        known |= {"stand": self.stand or None, "objective": self.objective or None}
        return {name: value for name, value in known.items() if value is not None}

    def each(self) -> tuple[dict[str, Any], ...]:
        """Return the optics of each channel, or once for all, as values of options by their names.

        Examples
        --------
        >>> FileOptics(na=1.4, channels=[{"mode": "SpinningDiskConfocal"}]).each()
        ({'microscope': 'spinning-disk', 'na': 1.4},)
        """
        told = []
        for number in range(max(len(self.channels), 1)):
            mode = self.channels[number].get("mode") if self.channels else None
            kind = _KINDS.get(str(mode or "").casefold())
            known = {"microscope": kind, "na": self.na, "refractive_index": self.index}
            known |= self._light(number)
            told.append({name: value for name, value in known.items() if value is not None})
        return tuple(told) if any(told) else ()

    def _light(self, channel: int | None) -> dict[str, float | None]:
        number = 0 if channel is None and len(self.channels) == 1 else channel
        if number is None or not 0 <= number < len(self.channels):
            return {}
        one = self.channels[number]
        return {name: positive_length(one.get(key)) for key, name in _OF_CHANNEL.items()}
