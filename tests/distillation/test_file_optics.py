"""The optics that a file names are tried as if they were given, and what is given goes first."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tifffile

import psfbridge as pb
from psfbridge.distillation.file_optics import with_file_optics
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions, half_given

SAID = {"microscope": "widefield", "na": 1.4, "refractive_index": 1.518, "wavelength_um": 0.52}


def image(*told):
    return pb.Image(np.zeros((3, 5, 5)), (0.2, 0.1, 0.1), "a.nd2", optics=told)


def taken(choices, *told):
    options, notes = with_file_optics(
        DistillOptions(**{k: v for k, v in choices.items() if k not in half_given(choices)}),
        [image(*told)], half_given(choices),
    )  # fmt: skip
    return options.optics, " ".join(notes)


def test_whole_optics_of_a_file_are_taken_and_said():
    optics, note = taken({}, SAID)
    assert optics == pb.Optics(**SAID)
    assert "Optics recorded in a.nd2: microscope widefield, na 1.4, refractive_index 1.518" in note


def test_each_that_is_given_goes_before_the_files():
    optics, note = taken({"na": 1.2}, SAID)
    assert optics == pb.Optics(**{**SAID, "na": 1.2})
    assert "na 1" not in note
    given = pb.Optics(na=0.8, wavelength_um=0.6, refractive_index=1.0)
    assert taken({"na": 0.8, "wavelength_um": 0.6, "refractive_index": 1.0}, SAID)[0] == given


@pytest.mark.parametrize(
    "choices", [{"file_optics": False}, {"method": "joint"}, {"method": "average"}]
)
def test_where_they_are_not_wanted_they_are_not_taken(choices):
    assert taken(choices, SAID)[0] is None


@pytest.mark.parametrize(
    "told",
    [
        {**SAID, "microscope": None},  # nobody knows the kind
        {"na": 1.4, "microscope": "widefield"},
        {**SAID, "na": 1.7},  # above the index
        {**SAID, "microscope": "sted"},
        {**SAID, "microscope": "two-photon"},  # without what excites
    ],
)
def test_what_is_not_whole_is_not_taken(told):
    told = {name: value for name, value in told.items() if value is not None}
    optics, note = taken({}, told)
    assert optics is None
    assert "are incomplete" in note
    with pytest.raises(OptionError, match="optics are incomplete"):
        taken({"na": 1.2}, {"microscope": "widefield"})


def test_files_that_differ_tell_what_they_have_in_common():
    other = replace(image(SAID | {"na": 1.2}))
    options, _ = with_file_optics(DistillOptions(), [image(SAID), other], {})
    assert options.optics is None


def test_pinhole_and_excitation_are_for_those_that_have_them():
    optics, _ = taken({}, SAID | {"excitation_um": 0.488, "pinhole_au": 1.1})
    assert (optics.excitation_um, optics.pinhole_au) == (None, None)
    confocal, _ = taken({}, {**SAID, "microscope": "confocal", "pinhole_au": 1.1})
    assert confocal.pinhole_au == 1.1


OME = """<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Instrument
ID="Instrument:0"><Objective ID="Objective:0" LensNA="1.4" Immersion="Oil"/></Instrument><Image
ID="Image:0"><ObjectiveSettings ID="Objective:0" RefractiveIndex="1.518"/><Pixels ID="Pixels:0"
DimensionOrder="XYZCT" Type="uint16" SizeX="7" SizeY="6" SizeZ="4" SizeC="2" SizeT="1"
PhysicalSizeX="0.1" PhysicalSizeY="0.1" PhysicalSizeZ="0.3"><Channel ID="Channel:0" Name="GFP"
EmissionWavelength="520" AcquisitionMode="SpinningDiskConfocal"/><Channel ID="Channel:1" Name="Cy5"
EmissionWavelength="0.67" EmissionWavelengthUnit="µm" ExcitationWavelength="640"
AcquisitionMode="SpinningDiskConfocal"/><TiffData/></Pixels></Image></OME>"""


def test_an_ome_tiff_tells_the_optics_of_each_channel(tmp_path):
    data = np.zeros((8, 6, 7), np.uint16)
    tifffile.imwrite(
        tmp_path / "a.ome.tif", data, description=OME.encode(), metadata=None, contiguous=False,
        photometric="minisblack",
    )  # fmt: skip
    whole = pb.read_image(tmp_path / "a.ome.tif")
    assert whole.channel_names == ("GFP", "Cy5")
    common = {"microscope": "spinning-disk", "na": 1.4, "refractive_index": 1.518}
    assert whole.channel(0).optics == (common | {"wavelength_um": 0.52},)
    red = pb.read_image(tmp_path / "a.ome.tif", channel=1)
    assert red.optics[0] == pytest.approx(
        common | {"wavelength_um": 0.67, "excitation_um": 0.64}, abs=1e-9
    )
    assert red.channel_names == ("Cy5",)
