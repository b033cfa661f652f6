"""Numbers that steer an algorithm stand in frozen records, each with what it means and why."""

from dataclasses import FrozenInstanceError, fields, is_dataclass

import numpydoc.docscrape
import pytest
from settings_records import all_settings, settings_modules

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
