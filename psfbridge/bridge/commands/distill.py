"""The commands ``Find Beads...`` and ``Distill PSF...``."""

from __future__ import annotations

import inspect
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import psfbridge as pb
from psfbridge._util.atomic_files import check_writable, write_text
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Found, Outcome, Picture
from psfbridge.bridge.commands.figures import (
    bead_figures,
    distill_figures,
    distill_lines,
    profiles_of,
    psf_row,
    shift_figures,
    shift_lines,
)
from psfbridge.bridge.commands.inputs import (
    BEADS_FROM,
    HOST_KEYS,
    Input,
    image_of,
    inputs,
    lender,
)
from psfbridge.bridge.commands.left_out import any_left_out, without_left_out
from psfbridge.bridge.commands.microscope_presets import (
    PRESET,
    SAVE_PRESET,
    about_of,
    assessed,
    saved_preset,
    values_to_save,
)
from psfbridge.bridge.commands.option_strings import Options, keys_of
from psfbridge.bridge.convert.rois import inside, is_area, picked_points
from psfbridge.detection.beads import Beads
from psfbridge.detection.find import need_beads
from psfbridge.detection.statuses import Reason
from psfbridge.distillation.borrowed_beads import bead_places, places_in_table
from psfbridge.distillation.channels import ChannelDistillation, check_for_channels
from psfbridge.distillation.result import Distillation
from psfbridge.errors import NoBeadsError, OptionError
from psfbridge.imaging.image import Image
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF
from psfbridge.report.write import PAGE, check_report_folder, write_report

__all__ = [
    "DISTILL",
    "FIND",
    "beads_in",
    "distilled",
    "last_report",
    "psf_title",
    "remember_report",
]

#: What can be written beside the images, and how each is checked before long work.
_FILES: dict[str, Callable[[str], Path]] = {
    "beads": check_writable,
    "json": check_writable,
    "report": check_report_folder,
}


def psf_title(title: str) -> str:
    """Return what the PSF of an image is called."""
    return f"PSF of {title}"


def _find(call: Call) -> Outcome:
    source = image_of(call.imp, call.texts)
    csv = check_writable(call.texts["csv"]) if "csv" in call.texts else None
    beads = beads_in(source, call)
    if csv:
        beads.save(csv)
    line = f"Find Beads: {call.imp.getTitle()}: {beads.sentence()}"
    return Outcome(bead_figures(beads), (line,), found=[Found(source, beads)])


def beads_in(source: Input, call: Call) -> Beads:
    """Find the beads of one input, within its selection if there is one."""
    points = picked_points(source.imp, source.image)
    beads = pb.find_beads(source.image, positions=points, progress=call.progress, **call.options)
    chosen = _inside(source, beads)
    return chosen if points is not None else without_left_out(source, chosen)


def _distill(call: Call) -> Outcome:
    preset = values_to_save(call)
    sources = inputs(call.imp, call.texts)
    one = len(sources) == 1
    outcome = _distill_one(sources[0], call) if one else _distill_all(sources, call)
    return saved_preset(outcome, call, preset)


def _distill_one(source: Input, call: Call) -> Outcome:
    files = {key: check(call.texts[key]) for key, check in _FILES.items() if key in call.texts}
    result, beads = distilled(source, call)
    _write_files(result, files, call.texts)
    remember_report(result, call.texts)
    title = str(source.imp.getTitle())
    psf = Picture(call.free_title(psf_title(title)), result.psf.image, result.psf.info)
    lines = distill_lines(title, psf.title, result)
    pictures = [psf]
    if "error" in call.texts:
        if result.psf.error is None:
            lines.append(f"Distill PSF: the method {result.method} gives no error volume.")
        else:
            pictures.insert(0, _error_picture(psf.title, result.psf))
    figures = {"psf": psf.title, **distill_figures(result)}
    return Outcome(
        figures,
        lines,
        pictures,
        [Found(source, beads)],
        psf_row(result.psf.image),
        profiles_of(result.psf),
    )


#: The last distillation and its keys, for its report: one, as one window shows one.
_last: list[tuple[Distillation, Mapping[str, str]]] = []


def remember_report(result: Distillation, texts: Mapping[str, str]) -> None:
    """Keep a result and the options of its call, for `last_report`."""
    _last[:] = [(result, texts)]


def _write_report(result: Distillation, texts: Mapping[str, str], folder: Path) -> None:
    write_report(assessed(result, texts), folder, about=about_of(texts))


def last_report() -> Path:
    """Return the page of the report of the last distillation, written now.

    Raises
    ------
    OptionError
        If nothing was distilled since ImageJ was started.
    """
    if not _last:
        raise OptionError("no PSF has been distilled yet: run Distill PSF... before Open Report.")
    folder = Path(tempfile.mkdtemp(prefix="psfbridge-")) / "report"
    _write_report(*_last[0], folder)
    return folder / PAGE


def _distill_all(sources: Sequence[Input], call: Call) -> Outcome:
    """Distil every channel; the composite of their PSFs has one common origin."""
    check_for_channels(DistillOptions.of(**call.options))
    _refuse_files(call.texts, len(sources))
    results, tables = zip(*(distilled(source, call) for source in sources), strict=True)
    together = ChannelDistillation.of(results)
    title = str(sources[0].imp.getTitle())
    image, origin = _composite(together)
    psf = Picture(
        call.free_title(psf_title(title)), image, together.to_info(registered=origin == "common")
    )
    lines = []
    for source, result in zip(sources, results, strict=True):
        lines += distill_lines(f"{title}, channel {source.channel}", psf.title, result)
    lines += [f"Distill PSF: {title}, {line}" for line in shift_lines(together, origin)]
    figures = {"psf": psf.title, **distill_figures(results[0]), **shift_figures(together, origin)}
    found = [Found(source, beads) for source, beads in zip(sources, tables, strict=True)]
    return Outcome(figures, lines, [psf], found)


def _composite(together: ChannelDistillation) -> tuple[Image, str]:
    """Return the PSFs with a common origin, or individually centred if the shift is unknown."""
    try:
        return together.registered(), "common"
    except NoBeadsError:
        return together.centred(), "each its own"


def _error_picture(title: str, psf: PSF) -> Picture:
    return Picture(f"Error of {title}", psf.error_image)


def distilled(source: Input, call: Call) -> tuple[Distillation, Beads]:
    """Distil one input; return the result, and the beads to show.

    Points, or the beads that another channel or a table lends, are the beads; of an area, the
    usable beads inside; without a selection, all but those that a person took out of the Overlay.
    """
    points = picked_points(source.imp, source.image)
    roi = source.imp.getRoi()
    if _borrows(source, call):
        if roi is not None:
            raise OptionError(
                f"{BEADS_FROM} is given and {source.image.name} has a selection: take one of both."
            )
        points = _lent(source, call)
    if points is not None:
        result = _distil(source, call, positions=points)
        return result, result.beads
    if not is_area(roi) and not any_left_out(source):
        result = _distil(source, call)
        return result, result.beads
    found = _found(source, call)
    chosen = without_left_out(source, _inside(source, found))
    result = _distil(source, call, positions=need_beads(chosen, _within(source)).positions)
    return result, _as_judged(chosen, _inside(source, result.beads))


def _borrows(source: Input, call: Call) -> bool:
    """Return whether another channel or a table lends the beads; a channel has its own."""
    return BEADS_FROM in call.texts and lender(call.texts) != str(source.channel)


def _lent(source: Input, call: Call) -> NDArray[np.float64]:
    """Return the places of the beads that another channel or a table lends, in voxels z, y, x."""
    channel = lender(call.texts)
    if channel is None:
        return places_in_table(Path(call.texts[BEADS_FROM]).expanduser())
    return bead_places(image_of(source.imp, {**call.texts, "channel": channel}).image)


def _inside(source: Input, beads: Beads) -> Beads:
    roi = source.imp.getRoi()
    return inside(roi, beads, source.image.name) if is_area(roi) else beads


def _distil(source: Input, call: Call, **choice: Any) -> Distillation:
    result: Distillation = pb.distill(
        source.image, progress=call.progress, **choice, **call.options
    )
    return result


def _found(source: Input, call: Call) -> Beads:
    known = {field.name for field in _find_options().values()}
    options = {name: value for name, value in call.options.items() if name in known}
    beads: Beads = pb.find_beads(source.image, progress=call.progress, **options)
    return beads


def _within(source: Input) -> str:
    name = source.image.name
    return f"the selection of {name}" if is_area(source.imp.getRoi()) else f"the marks of {name}"


def _as_judged(before: Beads, after: Beads) -> Beads:
    """Return the beads after the distillation; who was not chosen keeps the reason before it."""
    reasons = {bead.bead: bead for bead in before}
    return Beads(
        reasons.get(bead.bead, bead) if bead.reason == Reason.NOT_CHOSEN else bead for bead in after
    )


def _refuse_files(texts: Mapping[str, str], channels: int) -> None:
    """Refuse what there is once, for several channels."""
    for key in ("error", *_FILES):
        if key in texts:
            raise OptionError(
                f"{key} works with one channel, but {channels} were requested: choose one with "
                "channel=N."
            )


def _write_files(result: Distillation, files: Mapping[str, Path], texts: Mapping[str, str]) -> None:
    if "beads" in files:
        result.beads.save(files["beads"])
    if "json" in files:
        write_text(files["json"], result.to_json())
    if "report" in files:
        _write_report(result, texts, files["report"])


def _find_options() -> Options:
    return keys_of(DistillOptions, inspect.signature(pb.find_beads).parameters)


def _distill_options() -> Options:
    return keys_of(DistillOptions)


FIND = Command(_find, _find_options, (*HOST_KEYS, "csv"), previews=True)
DISTILL = Command(
    _distill,
    _distill_options,
    (*HOST_KEYS, *_FILES, BEADS_FROM, PRESET, SAVE_PRESET),
    ("error",),
    previews=True,
    asks={
        SAVE_PRESET: "Save optics and bead diameter as a preset (name)",
        "report": "Folder for the report (empty: no report)",
        "error": "Also show the standard error of the PSF",
    },
)
