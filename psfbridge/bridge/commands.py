"""The commands: what each does with the active image and its options.

A command is a function of one `Call`. It shows its results in ImageJ, and returns the figures that
``Ext.psfGet`` gives to macros.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psfbridge as pb
from psfbridge.beads import Beads
from psfbridge.bridge.inputs import HOST_KEYS, Input, image_of, inputs, open_image
from psfbridge.bridge.keys import Options, options_of, parse, read
from psfbridge.bridge.outputs import mark, psf_title, show_error, show_psfs
from psfbridge.bridge.selection import inside, is_area, picked_points
from psfbridge.bridge.status import log
from psfbridge.bridge.summary import (
    Figures,
    bead_figures,
    distill_figures,
    distill_line,
    measure_figures,
    widths,
)
from psfbridge.bridge.tables import add_measures, show_beads
from psfbridge.errors import OptionError
from psfbridge.files import check_writable, write_text
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress, no_progress
from psfbridge.report import check_report_folder
from psfbridge.result import Distillation

__all__ = ["COMMANDS", "Call", "Command", "beads_in", "called", "distilled"]


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a command.

    Parameters
    ----------
    options : mapping
        Options as the Python function of the command takes them.
    texts : mapping
        The texts of the host's keys: part of the image, files to write.
    imp : ij.ImagePlus, optional
        What to work on; by default the active image.
    progress : Progress
        Where to report.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    imp: Any = None
    progress: Progress = no_progress

    def on_open_image(self) -> Call:
        """Return the call with its image found."""
        return replace(self, imp=open_image(self.imp))


@dataclass(frozen=True)
class Command:
    """A command: its work, the keys that it takes, and whether its dialog shows the beads."""

    run: Callable[[Call], Figures]
    options: Callable[[], Options]
    keys: tuple[str, ...] = HOST_KEYS
    flags: tuple[str, ...] = ()
    previews: bool = False


def called(
    name: str, text: str | None, progress: Progress = no_progress, imp: Any = None
) -> Figures:
    """Run a command with an option string and return its figures.

    Raises
    ------
    PsfBridgeError
        If an option, the image or the work fails; before anything was shown.
    """
    command = COMMANDS[name]
    options, texts = read(parse(text), command.options(), command.keys, command.flags)
    return command.run(Call(options, texts, imp, progress).on_open_image())


def _find(call: Call) -> Figures:
    source = image_of(call.imp, call.texts)
    csv = check_writable(call.texts["csv"]) if "csv" in call.texts else None
    beads = beads_in(source, call)
    mark([source], [beads])
    title = str(call.imp.getTitle())
    show_beads(f"Beads of {title}", [(source.channel, beads)])
    if csv:
        beads.save(csv)
    log(f"Find Beads: {title}: {beads.sentence()}")
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
    results = [distilled(source, call) for source in sources]
    _write_files(results[0], files)
    _show(sources, results, with_error="error" in call.texts)
    title = psf_title(str(call.imp.getTitle()))
    return {"psf": title, **distill_figures(results[0])}


def _show(sources: Sequence[Input], results: Sequence[Distillation], with_error: bool) -> None:
    """Show beads, error and PSF, the PSF last: it is the active image afterwards."""
    title = str(sources[0].imp.getTitle())
    mark(sources, [result.beads for result in results])
    tables = [(s.channel, r.beads) for s, r in zip(sources, results, strict=True)]
    show_beads(f"Beads of {title}", tables)
    if with_error and not show_error(title, results[0].psf):
        log(f"Distill PSF: the method {results[0].method} gives no error volume.")
    show_psfs(title, [result.psf for result in results])
    for source, result in zip(sources, results, strict=True):
        channel = f", channel {source.channel}" if len(sources) > 1 else ""
        log(f"Distill PSF: {title}{channel} → {psf_title(title)}: {distill_line(result)}")
        for note in result.notes:
            log(f"  {note}")


def distilled(source: Input, call: Call) -> Distillation:
    """Distil one input: from the beads in its selection, or from all."""
    extra = {}
    roi = source.imp.getRoi()
    points = picked_points(source.imp, source.image)
    if points is not None:
        extra["positions"] = points
    elif is_area(roi):
        found = pb.find_beads(source.image, progress=call.progress)
        extra["positions"] = inside(roi, found, source.image.name).positions
    result: Distillation = pb.distill(source.image, progress=call.progress, **extra, **call.options)
    return result


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


def _measure(call: Call) -> Figures:
    source = image_of(call.imp, call.texts)
    measures = pb.measure(source.image)
    figures = measure_figures(measures)
    title = str(call.imp.getTitle())
    add_measures(title, figures)
    log(f"Measure PSF: {title}: {measures.subject}; {widths(measures)}")
    return dict(figures)


def _find_options() -> Options:
    taken = inspect.signature(pb.find_beads).parameters
    return options_of(DistillOptions, taken)


def _distill_options() -> Options:
    return options_of(DistillOptions)


def _no_options() -> Options:
    return {}


#: What can be written beside the images, and how each is checked before long work.
_FILES: dict[str, Callable[[str], Path]] = {
    "beads": check_writable,
    "json": check_writable,
    "report": check_report_folder,
}

#: Every command by the name that macros and menus call it.
COMMANDS: dict[str, Command] = {
    "Find Beads...": Command(_find, _find_options, (*HOST_KEYS, "csv"), previews=True),
    "Distill PSF...": Command(
        _distill, _distill_options, (*HOST_KEYS, *_FILES), ("error",), previews=True
    ),
    "Measure PSF...": Command(_measure, _no_options),
}
