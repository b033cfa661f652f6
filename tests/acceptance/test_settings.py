"""Numbers that steer an algorithm stand in frozen records, each with what it means and why."""

import ast
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path

import numpydoc.docscrape
import pytest
from settings_records import all_settings, settings_modules

import psfbridge

MODULES = list(settings_modules())


def records(module):
    return [one for name, one in vars(module).items() if name.isupper() and is_dataclass(one)]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_records_are_frozen_and_every_number_is_explained(module):
    assert records(module)
    for record in records(module):
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, 0)
        text = numpydoc.docscrape.ClassDoc(type(record))
        documented = {
            name.strip(): " ".join(entry.desc)
            for section in ("Attributes", "Parameters")
            for entry in text[section]
            for name in entry.name.split(",")
        }
        for field in fields(record):
            assert documented.get(field.name), f"{type(record).__name__}.{field.name}"


def test_a_setting_can_be_tried_at_another_value_and_is_itself_again():
    setting = next(one for one in all_settings() if one.label == "optics.PROPAGATION.room")
    before = setting.value
    with setting.set_to(setting.times(2)):
        assert setting.record.room == 2 * before
    assert setting.record.room == before


def test_whole_numbers_stay_whole_and_tuples_are_scaled_one_by_one():
    found = {one.label: one for one in all_settings()}
    samples = found["optics.PROPAGATION.most_samples"]
    assert samples.times(0.5) == samples.value // 2
    half = found["distillation.PSF_SIZE.half_widths"]
    assert half.times(2) == tuple(2 * one for one in half.value)


#: Numbers outside the records, by what they are: nothing that is found depends on a choice of them.
FACTS = {
    "physics and mathematics": """
        _util.units._UM _util.validate._LEAST_UM _util.validate._MOST_UM
        _util.validate._MOST_STEP_UM
        distillation.joint.checks.physics._DEPTH_OF_FOCUS distillation.joint.pupil_search._POWERS
        evaluation.misfit._MEDIAN_OVER_MEAN imaging.noise._SECOND_DIFFERENCE_POWER
        measurement.aberrations._TWO_PI measurement.local_background._ROUNDING
        measurement.symmetry_and_energy.AIRY_ZERO_FWHM
        measurement.symmetry_and_energy.AXIAL_ZERO_FWHM numerics.robust.FWHM_PER_SIGMA
        numerics.robust.MEDIAN_SQUARE numerics.robust._SD_PER_MAD numerics.robust._LIMIT
        numerics.least_squares._LEAST_SHARE
        numerics.robust._KEPT_SQUARE numerics.robust._KEPT_SIZE optics.polarisation.WEIGHTS
        imaging.clipping._LEVELS distillation.chromatic_shift.NAN
        distillation.joint.checks.unlike_beads._SPHERE
    """,
    "places and terms of a model": """
        detection.gaussian_fits._PARAMETERS detection.gaussian_kernel._PARAMETERS
        detection.gaussian_kernel._KIND distillation.field.fit._VARYING_SPHERICAL
        distillation.field.fit._TILTS distillation.field.grid._ABERRATIONS
        distillation.field.polynomials._X distillation.field.polynomials._Y
        distillation.field.polynomials._Z distillation.field.polynomials._SQUARES
        distillation.joint.checks.field_change._UNKNOWNS distillation.joint.doublets._SPREADS
        distillation.joint.checks.plane_changes._TOLD
        distillation.joint.checks.field_change._NAMES measurement.aberrations._NAMES
        optics.pupil._DETAILS engines.total_variation._IN numerics.background_plane._TERMS
        optics.pupil.NA
        optics.pupil.INDEX optics.pupil.BLUR_Y optics.pupil.BLUR_X optics.pupil.BLUR_YX
        optics.pupil.SHEET optics.pupil.Z optics.pupil.Y optics.pupil.X optics.pupil.SAMPLE
        optics.pupil.EDGE optics.pupil.EDGE_Y optics.pupil.EDGE_X
        optics.pupil.DEPTH optics.pupil.FIRST_MODE optics.pupil._FIRST optics.pupil.LIKELIEST
        optics.pupil.FINE_ORDER
    """,
    "what file formats, Java and ImageJ lay down": """
        bridge.clij_engine.MOST_BYTES bridge.convert.imageplus._SIGNED_OFFSET
        bridge.convert.imageplus._EXACT_FLOAT32 bridge.convert.rois._POINT
        bridge.convert.imageplus._COLOURS bridge.convert.imageplus._DTYPES
        bridge.fiji.remote_image._POINTS bridge.fiji.remote_image._AREA
        bridge.imagej.ext_functions._STRING bridge.imagej.ext_functions._NUMBER
        bridge.imagej.ext_functions._OUTPUT bridge.imagej.ext_functions._OPTIONAL
        bridge.java.find.LEAST_JAVA imaging.formats.tiff_dialects._NIH_UM
        imaging.formats.tiff_scale._TAG_UM imaging.formats.tiff_scale._SECONDS
        imaging.formats.tiff_write.ATTACHMENT_TAG
        imaging.formats.tiff_write._FOUR_GIB imaging.formats.value_calibration._DEGREES
        imaging.formats.value_calibration._SIGNED_OFFSET
        imaging.formats.vendors.czi_file._PLANE_BYTES
    """,
    "how something looks": """
        _util.notebook._MOST_PIXELS _util.notebook._MOST_PLANES _util.notebook._GAMMA
        _util.notebook._SHOWN_PIXELS batch.figure._LINE_INCH
        bridge.commands.bead_marks.COLOURS bridge.commands.bead_marks.RADIUS
        bridge.imagej.bead_clicks._RADIUS bridge.imagej.bead_clicks._WIDTH
        bridge.commands.left_out._EACH
        bridge.commands.bead_marks.LETTERS bridge.convert.rois._REACH bridge.imagej.dialogs._COLUMNS
        bridge.imagej.errors._DIALOG_COLUMNS bridge.imagej.profile_plot.PROFILE_COLOURS
        imaging.formats.sequence._NAMED imaging.formats.series._NAMED
        viewer.panel._GAP viewer.panel._LOOK_MS viewer.show._FILLED_PX
    """,
}


def numeric(node):
    """Whether an expression is built of numbers written out."""
    constants = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return any(isinstance(one, int | float) and not isinstance(one, bool) for one in constants)


def numbers_of(path):
    """The names to which a module binds numbers."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign(targets=[target], value=value):
                pass
            case ast.AnnAssign(target=target, value=value) if value is not None:
                pass
            case _:
                continue
        if numeric(value):
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (ast.unparse(name) for name in names)


def test_no_number_stands_outside_the_records_but_facts():
    """Pages of the report look as they look; options and scenes are descriptions themselves."""
    package = Path(psfbridge.__file__).parent
    found = set()
    for path in package.rglob("*.py"):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] in ("report", "options") or parts[-1] == "scene":
            continue
        if parts[-1].endswith("settings"):
            continue
        found |= {".".join((*parts, name)) for name in numbers_of(path)}
    known = {name for names in FACTS.values() for name in names.split()}
    assert sorted(found - known) == []
    assert sorted(known - found) == []  # facts that are gone leave the list
