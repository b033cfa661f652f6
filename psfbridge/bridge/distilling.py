"""The commands ``Find Beads...`` and ``Distill PSF...``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import psfbridge as pb
from psfbridge.beads import Beads
from psfbridge.bridge.calls import Call, Command
from psfbridge.bridge.inputs import HOST_KEYS, Input, image_of, inputs
from psfbridge.bridge.keys import Options, options_of
from psfbridge.bridge.outputs import mark, psf_title, show_error, show_psfs
from psfbridge.bridge.selection import inside, is_area, picked_points
from psfbridge.bridge.status import log
from psfbridge.bridge.summary import Figures, bead_figures, distill_figures, distill_line
from psfbridge.bridge.tables import show_beads
from psfbridge.errors import OptionError
from psfbridge.files import check_writable, write_text
from psfbridge.finding import need_beads
from psfbridge.options import DistillOptions
from psfbridge.report import check_report_folder
from psfbridge.result import Distillation

__all__ = ["DISTILL", "FIND", "beads_in", "distilled"]

#: What can be written beside the images, and how each is checked before long work.
_FILES: dict[str, Callable[[str], Path]] = {
    "beads": check_writable,
    "json": check_writable,
    "report": check_report_folder,
}


def _find(call: Call) -> Figures:
    source = image_of(call.imp, call.texts)
    csv = check_writable(call.texts["csv"]) if "csv" in call.texts else None
    beads = beads_in(source, call)
    if csv:
        beads.save(csv)
    _show_beads([source], [beads])
    log(f"Find Beads: {call.imp.getTitle()}: {beads.sentence()}")
    return bead_figures(beads)


def beads_in(source: Input, call: Call) -> Beads:
    """Find the beads of one input, within its selection if there is one."""
    points = picked_points(source.imp, source.image)
    extra = {} if points is None else {"positions": points}
    beads = pb.find_beads(source.image, progress=call.progress, **extra, **call.options)
    roi = source.imp.getRoi()
    return inside(roi, beads, source.image.name) if is_area(roi) else beads


def _distill(call: Call) -> Figures:
    sources = inputs(call.imp, call.texts)
    _check_one_channel(call.texts, len(sources))
    files = _files(call.texts)
    results, tables = zip(*(distilled(source, call) for source in sources), strict=True)
    _write_files(results[0], files)
    _show_beads(sources, tables)
    _show(sources, results, with_error="error" in call.texts)
    title = psf_title(str(call.imp.getTitle()))
    return {"psf": title, **distill_figures(results[0])}


def _show_beads(sources: Sequence[Input], tables: Sequence[Beads]) -> None:
    mark(sources, tables)
    channels = [source.channel for source in sources]
    title = f"Beads of {sources[0].imp.getTitle()}"
    show_beads(title, zip(channels, tables, strict=True))


def _show(sources: Sequence[Input], results: Sequence[Distillation], with_error: bool) -> None:
    """Show error and PSF, the PSF last: it is the active image afterwards."""
    title = str(sources[0].imp.getTitle())
    if with_error and not show_error(title, results[0].psf):
        log(f"Distill PSF: the method {results[0].method} gives no error volume.")
    show_psfs(title, [result.psf for result in results])
    for source, result in zip(sources, results, strict=True):
        channel = f", channel {source.channel}" if len(sources) > 1 else ""
        log(f"Distill PSF: {title}{channel} → {psf_title(title)}: {distill_line(result)}")
        for note in result.notes:
            log(f"  {note}")


def distilled(source: Input, call: Call) -> tuple[Distillation, Beads]:
    """Distil one input; return the result, and the beads to show.

    Points are the beads; of an area, the usable beads inside; without a selection, all.
    """
    points = picked_points(source.imp, source.image)
    roi = source.imp.getRoi()
    if points is None and is_area(roi):
        found = inside(roi, _found(source, call), source.image.name)
        result = _distil(source, call, positions=need_beads(found, _within(source)).positions)
        return result, _as_judged(found, inside(roi, result.beads, source.image.name))
    result = _distil(source, call) if points is None else _distil(source, call, positions=points)
    return result, result.beads


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
    return f"the selection of {source.image.name}"


def _as_judged(before: Beads, after: Beads) -> Beads:
    """Return the beads after the distillation; who was not chosen keeps the reason before it."""
    reasons = {bead.bead: bead for bead in before}
    return Beads(
        reasons.get(bead.bead, bead) if bead.reason == "not chosen" else bead for bead in after
    )


def _check_one_channel(texts: Mapping[str, str], channels: int) -> None:
    """Refuse what there is once, for several channels."""
    for key in ("error", *_FILES):
        if key in texts and channels > 1:
            raise OptionError(f"{key} is for one channel and {channels} are asked for: channel=N.")


def _files(texts: Mapping[str, str]) -> dict[str, Path]:
    """Return the files to write; ask before long work whether they can be."""
    return {key: check(texts[key]) for key, check in _FILES.items() if key in texts}


def _write_files(result: Distillation, files: Mapping[str, Path]) -> None:
    if "beads" in files:
        result.beads.save(files["beads"])
    if "json" in files:
        write_text(files["json"], result.to_json())
    if "report" in files:
        result.report(files["report"])


def _find_options() -> Options:
    return options_of(DistillOptions, inspect.signature(pb.find_beads).parameters)


def _distill_options() -> Options:
    """The options of a distillation that gives one PSF to an image."""
    names = [field.name for field in fields(DistillOptions) if field.name != "field"]
    return options_of(DistillOptions, names)


FIND = Command(_find, _find_options, (*HOST_KEYS, "csv"), previews=True)
DISTILL = Command(
    _distill,
    _distill_options,
    (*HOST_KEYS, *_FILES),
    ("error",),
    previews=True,
)
