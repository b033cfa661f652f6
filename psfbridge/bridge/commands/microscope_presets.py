"""Microscope presets in commands and dialogs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.option_strings import Options
from psfbridge.distillation.result import Distillation
from psfbridge.errors import OptionError
from psfbridge.evaluation.about import About
from psfbridge.evaluation.assessment import Assessment, assess
from psfbridge.evaluation.presets import (
    PRESET_OPTIONS,
    Preset,
    load_preset,
    preset_names,
    preset_values,
    save_preset,
)

__all__ = [
    "PRESET",
    "SAVE_PRESET",
    "about_of",
    "assessed",
    "fills",
    "saved_preset",
    "taken",
    "values_to_save",
]

#: The keys of a command that takes a preset, and of one that saves what it was given as one.
PRESET, SAVE_PRESET = "preset", "save_preset"


def taken(values: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the options of a call, completed from its preset.

    Raises
    ------
    OptionError
        If there is no preset of this name.
    """
    return load_preset(texts[PRESET]).filled(values) if PRESET in texts else dict(values)


def fills(options: Options) -> dict[str, dict[str, str]]:
    """Return what each preset writes into the fields of a dialog, by preset and key."""
    return {name: _fields(load_preset(name), options) for name in preset_names()}


def _fields(preset: Preset, options: Options) -> dict[str, str]:
    return {
        key: _text(preset.options[option.name])
        for key, option in options.items()
        if option.name in preset.options
    }


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def values_to_save(call: Call) -> dict[str, Any]:
    """Return the values to save as a preset; empty if not requested.

    Raises
    ------
    OptionError
        If it gives nothing that a preset holds.
    """
    if SAVE_PRESET not in call.texts:
        return {}
    base = preset_values(call.texts[PRESET]) if PRESET in call.texts else {}
    given = {name: value for name, value in call.options.items() if name in PRESET_OPTIONS}
    values = {**base, **given}
    if not values:
        raise OptionError(
            f"{SAVE_PRESET} is {call.texts[SAVE_PRESET]!r} but there is nothing to save: also "
            "give the optics or the bead diameter."
        )
    Preset.of(call.texts[SAVE_PRESET], values)
    return values


def saved_preset(outcome: Outcome, call: Call, values: Mapping[str, Any]) -> Outcome:
    """Save a preset and add a note to the outcome; without values, do nothing."""
    if not values:
        return outcome
    name = call.texts[SAVE_PRESET]
    path = save_preset(name, values)
    return replace(outcome, log=[*outcome.log, f"  saved preset {name} in {path}"])


def assessed(result: Distillation, texts: Mapping[str, str]) -> Assessment:
    """Assess a result by the tolerances of the preset that was named, or by the usual ones."""
    preset = load_preset(texts[PRESET]) if PRESET in texts else Preset("")
    return assess(result, tolerances=preset.tolerances)


def about_of(texts: Mapping[str, str]) -> About:
    """Return the acquisition details of the preset."""
    return load_preset(texts[PRESET]).about if PRESET in texts else About()
