"""Microscope, objective and wavelengths from OME metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import tifffile

from psfbridge._util.units import positive_length, unit_um
from psfbridge.imaging.formats.file_optics import FileOptics

__all__ = ["ome_optics"]


def ome_optics(xml: str | None, number: int = 0) -> FileOptics:
    """Return the optics of one image of an OME document (OME model of June 2016).

    Parameters
    ----------
    xml : str or None
        The document.
    number : int
        Which of its images.

    Examples
    --------
    >>> ome_optics('<OME><Instrument ID="I:0"><Objective ID="O:0" LensNA="1.4"/></Instrument>'
    ...            '<Image><ObjectiveSettings ID="O:0"/></Image></OME>').na
    1.4
    """
    ome = tifffile.xml2dict(xml or "<OME/>").get("OME") or {}
    image = (_every(ome, "Image") or [{}])[min(number, max(len(_every(ome, "Image")) - 1, 0))]
    instruments = _every(ome, "Instrument")
    settings = (_every(image, "ObjectiveSettings") or [{}])[0]
    objectives = [one for place in instruments for one in _every(place, "Objective")]
    meant = [one for one in objectives if one.get("ID") == settings.get("ID")]
    objective = (meant or (objectives if len(objectives) == 1 else []) or [{}])[0]
    stands = [one for place in instruments for one in _every(place, "Microscope")]
    facts = {
        "stand": (stands or [{}])[0].get("Model"),
        "name": objective.get("Model"),
        "na": objective.get("LensNA"),
        "index": settings.get("RefractiveIndex"),
    }
    pixels = (_every(image, "Pixels") or [{}])[0]
    return FileOptics.of(facts, [dict(_light(one)) for one in _every(pixels, "Channel")])


def _light(channel: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "name", str(channel.get("Name", ""))
    yield "mode", channel.get("AcquisitionMode")
    for key, name in (("emission_um", "Emission"), ("excitation_um", "Excitation")):
        unit = channel.get(f"{name}WavelengthUnit", "nm")
        yield key, positive_length(channel.get(f"{name}Wavelength"), unit_um(unit))


def _every(parent: Any, name: str) -> list[dict[str, Any]]:
    """Return the children of a name: tifffile gives one as itself, several as a list."""
    found = parent.get(name, []) if isinstance(parent, dict) else []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
