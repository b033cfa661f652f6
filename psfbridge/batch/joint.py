"""The joint PSF of a batch, from as many files as fit into memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from psfbridge._util.memory import free_bytes
from psfbridge._util.units import zyx_um
from psfbridge.batch.one_file import FileResult, Task, earlier, file_state, save
from psfbridge.batch.settings import JOINT_MEMORY
from psfbridge.batch.summary import group_of
from psfbridge.errors import Cancelled, PsfBridgeError
from psfbridge.imaging.image import Image
from psfbridge.progress import Progress

__all__ = ["JOINT", "joint_psf"]

#: What the outputs of the joint solve are called.
JOINT = "joint"


def joint_psf(outcomes: Sequence[FileResult], progress: Progress) -> tuple[FileResult | None, str]:
    """Distil a joint PSF from all files that yielded a PSF, and write it.

    Where the beads of all files are more than the memory holds, the files with the most beads
    are taken, and that is said.

    Parameters
    ----------
    outcomes : sequence of FileResult
        Of every file of the batch.
    progress : Progress
        Called frequently; may raise `psfbridge.errors.Cancelled`.

    Returns
    -------
    FileResult or None
        None where there is no joint PSF.
    str
        A sentence that says what it was made of, or why there is none.
    """
    able = [one for one in outcomes if one.status != "failed"]
    if len(able) < 2:
        return None, "No joint PSF: at least two files with a PSF are needed."
    alike = _largest_group(able)
    if len(alike) < 2:
        return None, f"No joint PSF: {_unlike(able)}"
    chosen = _within_memory(alike)
    task = replace(able[0].task, path="", stem=JOINT)
    try:
        outcome = _outcome(task, chosen, progress)
    except Cancelled:
        raise
    except PsfBridgeError as fault:
        return None, f"No joint PSF: {fault}"
    beads = outcome.record["beads"]["used"]
    of = (
        f"{len(chosen)} of {len(alike)} files (those with the most beads)"
        if len(chosen) < len(alike)
        else ""
    )
    if len(alike) < len(able):
        group = group_of(alike[0])
        of = of or f"the {len(alike)} of {len(able)} files of {group}"
    kept = ", from an earlier run" if outcome.status == "kept" else ""
    return outcome, f"Joint PSF of {of or f'all {len(able)} files'}: {beads} beads{kept}."


def _largest_group(outcomes: Sequence[FileResult]) -> list[FileResult]:
    """Return the largest group of comparable files."""
    groups: dict[tuple[str, bool], list[FileResult]] = {}
    for one in outcomes:
        key = group_of(one), one.record["psf"]["shape"][0] == 1
        groups.setdefault(key, []).append(one)
    return max(groups.values(), key=len)


def _unlike(outcomes: Sequence[FileResult]) -> str:
    """Return which file differs from the first in a way that prevents a joint PSF, if any."""
    first = outcomes[0].record["psf"]
    for one in outcomes[1:]:
        psf = one.record["psf"]
        if not np.allclose(psf["voxel_um"], first["voxel_um"], rtol=1e-3):
            return (
                f"{one.task.path} has voxels of {zyx_um(psf['voxel_um'])}, "
                f"{outcomes[0].task.path} of {zyx_um(first['voxel_um'])}. Run the batch on files "
                "of one voxel size."
            )
        if group_of(one) != group_of(outcomes[0]):
            return (
                f"{one.task.path} is of {group_of(one)}, {outcomes[0].task.path} of "
                f"{group_of(outcomes[0])}."
            )
        if (psf["shape"][0] == 1) != (first["shape"][0] == 1):
            return f"{one.task.path} and {outcomes[0].task.path} are a single plane and a stack."
    return ""


def _within_memory(outcomes: Sequence[FileResult]) -> list[FileResult]:
    """Choose the files with the most beads for their PSF until the memory is full."""
    room = JOINT_MEMORY.share * free_bytes()
    most_first = sorted(outcomes, key=lambda one: -one.record["beads"]["used"])
    chosen: list[FileResult] = []
    for one in most_first:
        room -= _bytes(one)
        if room < 0 and len(chosen) >= 2:
            break
        chosen.append(one)
    numbers = {id(one) for one in chosen}
    return [one for one in outcomes if id(one) in numbers]


def _bytes(outcome: FileResult) -> float:
    box = math.prod(outcome.record["psf"]["shape"])
    # A compressed file unfolds in memory; three times its size is usual at most.
    read = 3 * outcome.record["batch"]["inputs"][0]["bytes"]
    return float(outcome.record["beads"]["found"] * box * JOINT_MEMORY.voxel_bytes + read)


def _outcome(task: Task, chosen: Sequence[FileResult], progress: Progress) -> FileResult:
    states = [file_state(one.task.path) for one in chosen]
    record = earlier(task)
    if record is not None and record["batch"]["inputs"] == states:
        return FileResult(task=task, status="kept", record=record)
    from psfbridge.distillation.api import distill

    images = [_image(one.task) for one in chosen]
    result = distill(images, options=task.options, progress=progress)
    return FileResult(task=task, status="done", record=save(task, result, states))


def _image(task: Task) -> Image:
    return task.reading.one_channel(task.path)
