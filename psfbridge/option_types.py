"""Types of the options of public functions, for editors and type checkers.

Generated from the option records by ``python tests/support/option_tables.py``; do not edit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

__all__ = [
    "BatchArguments",
    "BatchChoices",
    "DeconvolveArguments",
    "DeconvolveChoices",
    "DistillArguments",
    "DistillChoices",
    "ReadingChoices",
]


class DistillChoices(TypedDict, total=False):
    """Options of `psfbridge.options.distillation.DistillOptions`."""

    bead_diameter_um: float
    min_separation_um: float | None
    background: str | float
    na: float | None
    wavelength_um: float | None
    refractive_index: float | None
    microscope: (
        Literal["widefield", "confocal", "lightsheet", "two-photon", "spinning-disk", "sted", "sim"]
        | None
    )
    excitation_um: float | None
    pinhole_au: float | None
    sheet_tilt_deg: float | None
    file_optics: bool
    method: Literal["auto", "joint", "pupil", "average", "reverse-rl"]
    engine: Literal["auto", "cpu", "clij2fft", "clij-java"]
    iterations: int
    field: bool
    size_um: Sequence[float] | None
    size: Sequence[int] | None
    repeats: Literal["separate", "mean", "sum", "median"]
    memory_gib: float | None
    quick: bool
    thorough: bool
    scheduler: str | None
    local_cluster: int | None


class DeconvolveChoices(TypedDict, total=False):
    """Options of `psfbridge.options.deconvolution.DeconvolveOptions`."""

    iterations: int
    tv: float
    accelerate: bool
    stop: Literal["iterations", "discrepancy"]
    engine: Literal["auto", "cpu", "clij2fft", "clij-java"]
    device: str | None
    tile_um: Sequence[float] | None
    background: str | float
    dtype: Literal["float32", "uint16", "uint8"]
    overflow: Literal["clip", "scale"]
    psf_voxel_um: Sequence[float] | None
    psf_background: str | float


class ReadingChoices(TypedDict, total=False):
    """Options of `psfbridge.imaging.read.Reading`."""

    voxel_um: Sequence[float] | None
    channel: int | str | None
    time: int | str | None
    axes: str | None
    series: str | None
    mask: str | None


class BatchChoices(TypedDict, total=False):
    """Options of `psfbridge.batch.options.BatchOptions`."""

    jobs: int
    reports: bool
    parquet: bool


class DistillArguments(ReadingChoices, DistillChoices, total=False):
    """ReadingChoices and DistillChoices together."""


class DeconvolveArguments(ReadingChoices, DeconvolveChoices, total=False):
    """ReadingChoices and DeconvolveChoices together."""


class BatchArguments(ReadingChoices, DistillChoices, BatchChoices, total=False):
    """ReadingChoices, DistillChoices and BatchChoices together."""
