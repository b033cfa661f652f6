"""Every spelling of a unit that ImageJ, OME and OME-NGFF use."""

from __future__ import annotations

import pytest

from psfbridge._util.units import positive_length, unit_um


@pytest.mark.parametrize(
    ("spelling", "um"),
    [
        *[(text, 1.0) for text in ("micron", "microns", "um", "µm", "μm", "\\u00B5m", "\\u00b5m")],
        *[(text, 1.0) for text in ("Âµm", "micrometer", "micrometre", "Micrometers", "u", "µ")],
        *[(text, 1e-3) for text in ("nm", "nanometer", "nanometres", " NM ")],
        *[(text, 1e3) for text in ("mm", "millimeter", "millimetres")],
        *[(text, 1e4) for text in ("cm", "centimeter")],
        *[(text, 1e6) for text in ("m", "meter", "metres")],
        *[(text, 25400.0) for text in ("inch", "in", '"')],
        *[(text, 1e-4) for text in ("Å", "angstrom", "Angstroms")],
        *[(text, 1e-6) for text in ("pm", "picometer")],
        *[(text, None) for text in ("", "pixel", "pixels", "reference frame", "sec", None, 3)],
    ],
)
def test_a_unit_is_so_many_micrometres(spelling, um):
    assert unit_um(spelling) == um


@pytest.mark.parametrize("value", [0, -0.1, float("nan"), float("inf"), "wide", None])
def test_impossible_lengths_are_none(value):
    assert positive_length(value) is None


def test_a_length_has_its_factor():
    assert positive_length("65", 1e-3) == pytest.approx(0.065)
    assert positive_length(65, None) is None
