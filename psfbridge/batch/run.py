"""The batch: one PSF per file, a joint PSF and a summary over time."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, Unpack

from psfbridge._util.atomic_files import made_folder, whole_file, write_text
from psfbridge._util.cluster import Cluster, opened_cluster
from psfbridge.batch.joint import JOINT, joint_psf
from psfbridge.batch.one_file import FileResult, Task, work
from psfbridge.batch.options import BatchKeywords, BatchOptions
from psfbridge.batch.parquet import check_parquet, write_parquet
from psfbridge.batch.processes import side_by_side
from psfbridge.batch.summary import Row, rows_of, to_csv, to_key_values
from psfbridge.errors import ImageError, OptionError, PsfBridgeError
from psfbridge.hosts import Host
from psfbridge.imaging.formats import join_planes
from psfbridge.imaging.read import Reading
from psfbridge.imaging.request import accept
from psfbridge.options import DistillOptions
from psfbridge.progress import Progress

__all__ = ["Batch", "distill_batch", "expanded"]

_ENDINGS = (".ome.tif", ".ome.tiff", ".ome.zarr", ".tif", ".tiff", ".zarr", ".npy")
_SAVED_PSF = "_psf.tif"


@dataclass(frozen=True, eq=False)
class Batch:
    """The results of a batch.

    Parameters
    ----------
    rows : tuple of Row
        The summary, with one row per file, oldest image first.
    folder : Path
        Output folder.
    joint : Row or None
        The PSF of all files together.
    notes : tuple of str
        Notes for the user, one sentence each.
    """

    rows: tuple[Row, ...]
    folder: Path
    joint: Row | None
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[Row, ...]:
        """The files that gave no PSF."""
        return tuple(row for row in self.rows if row.status == "failed")

    @property
    def kept(self) -> tuple[Row, ...]:
        """The files with existing outputs."""
        return tuple(row for row in self.rows if row.status == "kept")


def distill_batch(
    images: Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    *,
    options: DistillOptions | None = None,
    progress: Progress | Literal[False] | None = None,
    told: Callable[[Row], None] | None = None,
    **choices: Unpack[BatchKeywords],
) -> Batch:
    """Distil one PSF from each file, one from all, and a summary over time.

    The folder receives ``<name>_psf.tif``, ``<name>_beads.csv`` and ``<name>.json`` for each file,
    ``joint_psf.tif`` and its companions, ``summary.csv``, ``summary.png``, ``summary.html`` and
    ``key_values.csv``, from which OMERO makes key-value pairs. Existing outputs from the same,
    unchanged file and the same options are kept.

    Parameters
    ----------
    images : sequence of path
        Files; patterns such as ``*.tif`` are expanded.
    folder : path
        Output folder; created if necessary.
    options : DistillOptions, optional
        Options as a record; keywords take precedence.
    progress : Progress or False, optional
        Called frequently; may raise `psfbridge.errors.Cancelled`. By default a bar on a terminal or
        in a notebook; False for none. Finished outputs and their ``summary.csv`` are kept, and the
        same call continues from there.
    told : callable, optional
        Called with the row of each file as soon as it is finished.
    **choices
        The fields of `DistillOptions`, checked before any work; how the files are read:
        ``voxel_um``, ``channel``, ``time`` and ``axes``; and ``jobs``, files processed in parallel,
        each in its own process; ``reports``, to write the report of each file too; ``parquet``, to
        write ``summary.parquet``, which needs pyarrow; ``about``, who imaged what with which
        microscope and objective: files that differ in it are not compared; and ``tolerances``,
        limits between pass and fail.

    Returns
    -------
    Batch
        The summary; a file that fails is a row in it and does not stop the others.

    Raises
    ------
    OptionError
        If an option is unknown or invalid.
    ImageError
        If no file was named, or a pattern matches none.
    MissingPartError
        If Parquet is asked for, and pyarrow is not installed.
    OutputError
        If the folder cannot be written.
    """
    every: dict[str, Any] = {**choices}
    mine = {one.name for one in fields(BatchOptions)} & every.keys()
    running = BatchOptions(**{name: every.pop(name) for name in mine})
    asked = accept(DistillOptions, every, options, progress)
    chosen, progress = asked.options, asked.progress
    if chosen.field:
        raise OptionError(
            "{field} does not work in a batch, only with a single image.",
            option="field",
            remedy="Distil that image separately.",
        )
    if running.parquet:
        check_parquet()
    named = expanded(images)
    folder = made_folder(folder)
    paths, notes = _without_own(named, folder)
    if chosen.repeats != "separate":
        raise OptionError(
            f"{{repeats}} is {chosen.repeats}, but a batch distils each file separately; only "
            "separate is allowed.",
            option="repeats",
        )
    tasks = [
        Task(
            path=path,
            stem=stem + suffix,
            folder=str(folder),
            reading=how,
            options=replace(chosen, scheduler=None, local_cluster=None),
            host=Host.current(),
            reports=running.reports,
            about=running.about,
            tolerances=running.tolerances,
        )
        for path, stem in zip(paths, _stems(paths), strict=True)
        for how, suffix in _each_series(path, Reading.of(**asked.reading))
    ]
    done: dict[str, FileResult] = {}
    try:
        with opened_cluster(chosen.scheduler, chosen.local_cluster) as cluster:
            run = _results(tasks, running.jobs, cluster, progress)
            _work_through(run, len(tasks), done, progress, told)
    except BaseException:
        # Ended before its time, the batch still says what it has done.
        finished = [done[task.stem] for task in tasks if task.stem in done]
        write_text(folder / "summary.csv", to_csv(tuple(rows_of(finished))))
        raise
    outcomes = [done[task.stem] for task in tasks]
    joint, said = joint_psf(outcomes, progress)
    batch = Batch(
        tuple(rows_of(outcomes)), folder, Row.of(joint) if joint else None, (*notes, said)
    )
    _save_summary(batch)
    if running.parquet:
        write_parquet(folder / "summary.parquet", batch.rows)
    return batch


def expanded(images: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the files that paths and patterns name, each once, in their order.

    Files of one plane each, numbered by z, become the pattern of their stack. Shells of Windows
    leave patterns to programs.

    Raises
    ------
    ImageError
        If there is none, or a pattern matches none.
    """
    paths: dict[str, None] = {}
    for one in [images] if isinstance(images, str | os.PathLike) else images or ():
        image = os.fspath(one)
        if Path(image).exists() or not glob.has_magic(image):
            paths[image] = None
            continue
        matches = sorted(glob.glob(image, recursive=True))  # noqa: PTH207 - patterns may be absolute
        if not matches:
            raise ImageError(f"no file matches {image}. Check the folder and the file extension.")
        paths |= dict.fromkeys(matches)
    if not paths:
        raise ImageError("no image was given. Give at least one.")
    return join_planes(list(paths))


def _without_own(paths: Sequence[str], folder: Path) -> tuple[list[str], list[str]]:
    """Leave out the PSFs that an earlier batch wrote among the images."""
    home = folder.resolve()
    own = {p for p in paths if p.endswith(_SAVED_PSF) and Path(p).resolve().parent == home}
    rest = [path for path in paths if path not in own]
    if not own:
        return rest, []
    if not rest:
        raise ImageError(f"all {len(own)} files are PSFs in {folder}. Give images of beads.")
    return rest, [f"{len(own)} PSFs in {folder} were ignored."]


def _each_series(path: str, reading: Reading) -> Iterator[tuple[Reading, str]]:
    """Yield how each image of a file is read, and what is added to the names of its outputs."""
    try:
        every = reading.each_series(path)
    # A file that cannot be opened is a row of its own, which says why.
    except PsfBridgeError:
        every = [reading]
    for one in every:
        yield one, f"_series_{one.series}" if len(every) > 1 else ""


def _stems(paths: Sequence[str]) -> list[str]:
    """Return the base name of each output; equal names are prefixed by folder or numbered."""
    plain = [_stem(path) for path in paths]
    # Files whose names differ in case only are one on some systems.
    counts = Counter(name.casefold() for name in plain)
    wanted = [
        f"{Path(path).resolve().parent.name}_{name}" if counts[name.casefold()] > 1 else name
        for path, name in zip(paths, plain, strict=True)
    ]
    used = {JOINT, "summary", "key_values"}
    stems = []
    for name in wanted:
        own, number = name, 2
        while own.casefold() in used:
            own, number = f"{name}_{number}", number + 1
        used.add(own.casefold())
        stems.append(own)
    return stems


def _stem(path: str) -> str:
    # Of a stack in many files, the part before the number of the plane.
    name = re.sub(r"[_ -]*[A-Za-z]*\*", "", Path(path).name)
    name = name if _without_ending(name) else Path(path).resolve().parent.name
    return _without_ending(name)


def _without_ending(name: str) -> str:
    ending = next((one for one in _ENDINGS if name.lower().endswith(one)), "")
    return name[: len(name) - len(ending)] or name


def _results(
    tasks: Sequence[Task], jobs: int, cluster: Cluster | None, progress: Progress
) -> Iterator[FileResult]:
    """Work on the files one by one, in processes side by side, or on a cluster."""
    if cluster is not None:
        return (result for _, result in cluster.map(work, tasks))
    return _one_by_one(tasks, progress) if jobs == 1 else side_by_side(tasks, jobs)


def _work_through(
    run: Iterator[FileResult],
    total: int,
    done: dict[str, FileResult],
    progress: Progress,
    told: Callable[[Row], None] | None,
) -> None:
    """Work on every file, and keep what came of it in `done`."""
    for result in run:
        done[result.task.stem] = result
        if told is not None:
            told(Row.of(result))
        progress("distilling files", len(done), total)


def _one_by_one(tasks: Sequence[Task], progress: Progress) -> Iterator[FileResult]:
    for number, task in enumerate(tasks):
        # A file's own stages only serve to cancel; the bar counts files.
        yield work(task, lambda *_, at=number: progress("distilling files", at, len(tasks)))


def _save_summary(batch: Batch) -> None:
    from psfbridge.batch.figure import plot_widths
    from psfbridge.batch.page import page

    write_text(batch.folder / "summary.csv", to_csv(batch.rows))
    write_text(batch.folder / "key_values.csv", to_key_values(batch.rows))
    figure = plot_widths(batch.rows)
    picture = batch.folder / "summary.png"
    with whole_file(picture) as temporary:
        figure.savefig(temporary, facecolor=figure.get_facecolor())
    write_text(batch.folder / "summary.html", page(batch.rows, batch.joint, batch.notes, picture))
