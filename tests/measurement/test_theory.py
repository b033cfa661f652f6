"""Theoretical widths: limits that can be worked out by hand, and a model written by others."""

from __future__ import annotations

import numpy as np
import pytest

from psfbridge.measurement.profiles import profiles_through
from psfbridge.measurement.theory import PupilOptics, theoretical_widths
from psfbridge.options import Optics

OIL = PupilOptics(na_per_um=1.4 / 0.52, index_per_um=1.518 / 0.52)


def test_at_low_na_the_ideal_pupil_gives_the_airy_disc():
    # (2 J1(v)/v)² is half at v = 1.6163, and sinc²(u/4) at u/4 = 1.3916 (Born & Wolf, ch. 8.8).
    air = PupilOptics(na_per_um=0.1 / 0.5, index_per_um=1 / 0.5)
    z, y, x = theoretical_widths(air).ideal_um
    assert x == pytest.approx(2 * 1.6163 / (2 * np.pi * 0.2), rel=0.003)
    assert y == pytest.approx(x, rel=1e-4)
    assert z == pytest.approx(8 * 1.3916 / (2 * np.pi * 0.5 * 0.1**2 / 0.25), rel=0.01)


def test_at_high_na_the_ideal_pupil_agrees_with_another_vectorial_model():
    psfmodels = pytest.importorskip("psfmodels")
    step = 0.025
    volume = psfmodels.make_psf(
        81, 65, dxy=step, dz=step, NA=1.4, wvl=0.52, ns=1.518, ni=1.518, ni0=1.518,
        tg=170, tg0=170, ng=1.515, ng0=1.515, pz=0, model="vectorial", normalize=True,
    )  # fmt: skip
    lines = profiles_through(volume.astype(float), (step,) * 3, np.array([40, 32, 32]))
    others = [line.fwhm_um for line in lines]
    assert theoretical_widths(OIL).ideal_um == pytest.approx(others, rel=0.02)


def test_a_confocal_point_detector_is_narrower_by_about_the_root_of_two():
    confocal = PupilOptics(
        na_per_um=OIL.na_per_um, index_per_um=OIL.index_per_um, microscope="confocal"
    )
    wide, narrow = theoretical_widths(OIL), theoretical_widths(confocal)
    ratios = np.array(wide.ideal_um) / narrow.ideal_um
    assert ratios == pytest.approx([np.sqrt(2)] * 3, rel=0.05)


def test_an_open_pinhole_leaves_the_width_of_the_excitation():
    def confocal(pinhole_au):
        optics = Optics(
            na=1.0, wavelength_um=0.52, refractive_index=1.33, microscope="confocal",
            excitation_um=0.488, pinhole_au=pinhole_au,
        )  # fmt: skip
        return theoretical_widths(PupilOptics.of(optics)).ideal_um[2]

    excitation = PupilOptics(na_per_um=1.0 / 0.488, index_per_um=1.33 / 0.488)
    wide = theoretical_widths(excitation).ideal_um[2]
    assert confocal(0.1) < confocal(1.0) < confocal(1.5) < wide
    assert confocal(2.0) == pytest.approx(wide, rel=0.01)


def test_a_light_sheet_selects_planes():
    sheet = PupilOptics(
        na_per_um=0.5, index_per_um=1.33 / 0.52, microscope="lightsheet", sheet_um=2.0
    )
    without = PupilOptics(na_per_um=0.5, index_per_um=1.33 / 0.52)
    wide, thin = theoretical_widths(without).ideal_um[0], theoretical_widths(sheet).ideal_um[0]
    assert thin == pytest.approx((wide**-2 + 2.0**-2) ** -0.5, rel=0.03)


def test_the_textbook_formulas_are_those_of_metroloj_qc():
    z, y, x = theoretical_widths(OIL).textbook_um
    assert (y, x) == pytest.approx((0.51 * 0.52 / 1.4,) * 2)
    assert z == pytest.approx(0.88 * 0.52 / (1.518 - np.sqrt(1.518**2 - 1.4**2)))
