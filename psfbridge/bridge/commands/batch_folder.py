"""The command ``Batch Folder...``: a PSF from every image in a folder and a table of widths."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import psfbridge as pb
from psfbridge.bridge.commands.call import Call, Command
from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.microscope_presets import PRESET
from psfbridge.bridge.commands.option_strings import Options, keys_of
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions

__all__ = ["BATCH"]

#: What a row of the table holds.
_COLUMNS = (
    "file", "status", "fwhm_z_um", "fwhm_y_um", "fwhm_x_um", "beads_found", "beads_used", "method",
    "verdict", "error",
)  # fmt: skip
_PATTERN = "*.tif"


def _batch(call: Call) -> Outcome:
    folder = Path(_needed(call, "folder")).expanduser()
    if not folder.is_dir():
        raise OptionError(f"folder is {str(folder)!r}, which is not a folder.")
    output = Path(call.texts.get("output", folder / "PSFs")).expanduser()
    pattern = folder / call.texts.get("files", _PATTERN)
    batch = pb.distill_batch([str(pattern)], output, progress=call.progress, **call.options)
    rows = [{name: asdict(row)[name] for name in _COLUMNS} for row in batch.rows]
    failed = len(batch.failed)
    lines = [
        f"Batch Folder: {len(batch.rows)} files, {failed} failed: {output / 'summary.html'}",
        *(f"  {Path(row.file).name}: {row.error}" for row in batch.failed),
        *(f"  {note}" for note in batch.notes if note),
    ]
    figures: dict[str, float | str] = {
        "folder": str(output),
        "files_done": float(len(batch.rows) - failed),
        "files_failed": float(failed),
    }
    return Outcome(figures, lines, table=(f"PSFs of {folder.name}", rows))


def _needed(call: Call, key: str) -> str:
    if key not in call.texts:
        raise OptionError(f"{key} is missing: give the path of a folder of bead images.")
    return call.texts[key]


def _options() -> Options:
    return keys_of(DistillOptions)


BATCH = Command(
    _batch,
    _options,
    ("folder", "output", "files", PRESET),
    needs_image=False,
    page="batch",
    asks={
        "folder": "Folder of bead images",
        "output": "Output folder (empty: subfolder PSFs)",
        "files": "Files (empty: *.tif)",
    },
)
