"""The distillation: choice of method, solving, and assembly of the result."""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any, Literal, Unpack

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from psfbridge._util.memory import peak_bytes
from psfbridge._version import __version__
from psfbridge.detection.beads import Beads
from psfbridge.detection.find import FoundBeads
from psfbridge.distillation.average import average
from psfbridge.distillation.field.grid import gridded
from psfbridge.distillation.field.solver import solve_field
from psfbridge.distillation.file_optics import with_file_optics
from psfbridge.distillation.fitted_optics import FittedOptics
from psfbridge.distillation.inputs import Search, prepare, search
from psfbridge.distillation.methods import Solution
from psfbridge.distillation.psf_size import support_shape
from psfbridge.distillation.result import Distillation
from psfbridge.imaging.image import Image, Volume
from psfbridge.imaging.lazy_volume import digest
from psfbridge.imaging.request import accept
from psfbridge.measurement.measures import measure
from psfbridge.numerics.fourier import crop_or_pad
from psfbridge.option_types import DistillArguments
from psfbridge.options import DistillOptions, half_given, without_half_given
from psfbridge.progress import Progress
from psfbridge.psf.psf import PSF

__all__ = ["distill"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Job:
    """The input of a method."""

    images: tuple[Image, ...]
    found: Sequence[FoundBeads]
    shape: tuple[int, int, int]
    options: DistillOptions
    progress: Progress


def distill(
    *images: Image | NDArray[Any] | str | os.PathLike[str] | Sequence[Image],
    positions: Any = None,
    options: DistillOptions | None = None,
    progress: Progress | Literal[False] | None = None,
    **choices: Unpack[DistillArguments],
) -> Distillation:
    """Distil the PSF from one image of beads, or one PSF from several.

    Parameters
    ----------
    *images : Image, array, path, or a list of them
        The array has axes (z, y, x), or (y, x). The units are counts. All with one voxel size.
    positions : array-like, optional
        The beads to use, to within about a voxel, see `psfbridge.find_beads`; for one image only.
        Not for ``reverse-rl``, which uses everything bright.
    options : DistillOptions, optional
        Options as a record; keywords take precedence.
    progress : Progress or False, optional
        Called frequently; may raise `psfbridge.errors.Cancelled`. By default a bar on a terminal or
        in a notebook; False for none.
    **choices
        The fields of `DistillOptions`, checked before any work, and how images are read:
        ``voxel_um`` (required for plain arrays), ``channel``, and for files ``time`` and ``axes``.

    Returns
    -------
    Distillation
        The PSF, all bead candidates, the measures and their provenance.

    Raises
    ------
    OptionError
        If an option is unknown or invalid.
    ImageError
        If an image cannot be used.
    NoBeadsError
        If no bead is usable; with the counts by reason.

    Examples
    --------
    >>> from psfbridge.simulation.simulate import simulate
    >>> from psfbridge.simulation.scene import demo_scene
    >>> result = distill(simulate(demo_scene(seed=1)).image, method="average")
    >>> result.psf.data.ndim
    3
    """
    half = half_given(choices)
    asked = accept(DistillOptions, without_half_given(choices), options, progress)
    inputs = prepare(images, asked.reading, asked.options, positions)
    chosen, said = with_file_optics(asked.options, inputs, half)
    result = _distilled(inputs, positions, chosen, asked.progress)
    return replace(result, notes=(*said, *result.notes)) if said else result


def _distilled(
    images: tuple[Image, ...], positions: Any, options: DistillOptions, progress: Progress
) -> Distillation:
    log = _Log()
    _LOG.info("options: %s", dict(options.chosen()) or "defaults")
    with log.stage("find"):
        seen = search(images, options, positions, progress)
    job = _Job(images, seen.found, support_shape(seen.found, options), options, progress)
    method = _method(options)
    # The methods share the cores among beads; threads below that only wait for each other.
    with log.stage(method), threadpool_limits(1):
        solution = _METHODS[method](job)
    method = solution.method or method
    beads = seen.table(solution.beads)
    with log.stage("measure"):
        psf = _psf(solution, job.shape, images, _provenance(images, options, method, beads))
        measures = measure(psf)
    field, told = None, None
    if options.field:
        with log.stage("field"), threadpool_limits(1):
            told = solve_field(solution, progress)
            field = gridded(told.model, psf, images[0], progress)
    read = (note for image in images for note in image.notes)
    notes = [
        *read,
        *_said_of_images(seen, solution),
        *seen.notes,
        *solution.notes,
        _chosen(options, method, solution),
        _unused(options, method),
    ]
    notes += [told.note] if told else []
    for note in filter(None, notes):
        _LOG.info("%s", note)
    _LOG.info("beads: %s", beads.sentence())
    return Distillation(
        psf=psf,
        beads=beads,
        measures=measures,
        method=method,
        options=options,
        images=images,
        notes=tuple(note for note in notes if note),
        timings_s=log.seconds,
        peak_memory_mib=log.peak_mib,
        diagnostics={**solution.diagnostics, **({"field": told.diagnostics} if told else {})},
        field=field,
    )


def _said_of_images(seen: Search, solution: Solution) -> Iterator[str]:
    """Return the faults of the images, except those already in the verdict."""
    judged = "verdict" in solution.diagnostics
    for one in seen.found:
        for finding in one.findings:
            if finding.at_best == "good" or not judged:
                yield finding.sentence


@dataclass(frozen=True)
class _Log:
    """Time of each stage in s, and the peak memory at its end in MiB."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        _LOG.info("%s ...", name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.peak_mib[name] = peak_bytes() / 2**20
        _LOG.info("%s: %.2f s, peak memory %.0f MiB", name, self.seconds[name], self.peak_mib[name])


def _method(options: DistillOptions) -> str:
    """Return the method to use."""
    if options.method != "auto":
        return options.method
    if options.measured_only:
        return "average"
    return "joint" if options.optics is None else "pupil"


def _chosen(options: DistillOptions, method: str, solution: Solution) -> str:
    """Return a sentence on the method that was chosen automatically, and why."""
    if options.method != "auto" or method != _method(options):
        return ""  # of another method than was begun with, the solution's own notes say why
    if options.measured_only:
        return (
            f"Method: average. The PSF of {options.microscope} cannot be described by a pupil, so "
            "it was measured without a model, and its width and shape are not compared with "
            "theory."
        )
    if method == "pupil":
        return "Method: pupil (the optics were given)."
    inferred = solution.diagnostics.get("inferred")
    seen = f": {FittedOptics.of(inferred, None).sentence}" if inferred else ""
    return f"Method: {method} (no optics were given; they were inferred from the beads{seen})."


#: Iterations and engine where nothing was said of them.
_REVERSE_RL = (DistillOptions.iterations, DistillOptions.engine)


def _unused(options: DistillOptions, method: str) -> str:
    """Return sentences on the given options that the method does not use."""
    fitted, reverse = method in ("joint", "pupil"), method == "reverse-rl"
    said = []
    if fitted and options.background != "auto":
        said.append(
            f"{method} fits the background of every bead; the given background was not used."
        )
    if not fitted and options.bead_diameter_um:
        said.append(
            f"{method} does not remove the bead size from the PSF; the diameter was not used."
        )
    if not reverse and (options.iterations, options.engine) != _REVERSE_RL:
        said.append(f"Iterations and engine apply only to reverse-rl; {method} did not use them.")
    return " ".join(said)


def _by_joint(job: _Job) -> Solution:
    from psfbridge.distillation.joint.solver import solve_joint

    return solve_joint(job.found, job.shape, job.options, job.progress)


def _by_pupil(job: _Job) -> Solution:
    from psfbridge.distillation.joint.solver import solve_with_optics

    return solve_with_optics(job.found, job.shape, job.options, job.progress)


def _by_average(job: _Job) -> Solution:
    return average(job.found, job.shape, job.options.background, job.progress)


def _by_reverse_rl(job: _Job) -> Solution:
    from psfbridge.distillation.reverse_rl import in_whole_counts, reverse_richardson_lucy
    from psfbridge.engines import open_engine

    options = job.options
    engine = open_engine(options.engine)
    image, background = in_whole_counts(job.images[0], options.background)
    volume = reverse_richardson_lucy(
        image,
        engine,
        iterations=options.iterations,
        background=background,
        progress=job.progress,
    )
    note = f"Richardson-Lucy: {options.iterations} iterations on {engine}."
    return Solution(volume.astype(float), (job.found[0].beads,), notes=(note,))


_METHODS: Mapping[str, Callable[[_Job], Solution]] = {
    "joint": _by_joint,
    "pupil": _by_pupil,
    "average": _by_average,
    "reverse-rl": _by_reverse_rl,
}


def _psf(
    solution: Solution,
    shape: tuple[int, int, int],
    images: Sequence[Image],
    provenance: Mapping[str, Any],
) -> PSF:
    voxel_um = images[0].voxel_um
    psf = PSF.from_volume(solution.volume, voxel_um, shape=shape, provenance=provenance)
    psf = replace(psf, light_inside=solution.light_inside)
    if solution.error is None:
        return psf
    return replace(psf, error=_error_of(psf, solution.volume, solution.error))


def _error_of(psf: PSF, volume: NDArray[Any], error: NDArray[Any]) -> Volume:
    """The error of the volume on the voxels and in the units of the PSF made of it."""
    peak = [int(i) for i in np.unravel_index(int(np.argmax(volume)), volume.shape)]
    same = crop_or_pad(volume, psf.data.shape, peak)
    units = float((psf.data * same).sum()) / float((same**2).sum())
    known = units * crop_or_pad(error, psf.data.shape, peak)
    # Where almost nothing is known, the error may be beyond float32.
    return np.minimum(known, np.finfo(np.float32).max).astype(np.float32)


def _provenance(
    images: Sequence[Image], options: DistillOptions, method: str, beads: Beads
) -> dict[str, Any]:
    return {
        "made_by": f"psfbridge {_versions()['psfbridge']}",
        "versions": _versions(),
        "method": method,
        "options": asdict(options),
        "inputs": [
            {"name": image.name, "sha256": digest(image.data), "voxel_um": list(image.voxel_um)}
            for image in images
        ],
        "beads": beads.funnel(),
    }


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in ("numpy", "scipy", "scikit-image", "tifffile")}
    return {"psfbridge": __version__, "python": platform.python_version(), **libraries}
