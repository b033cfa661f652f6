"""The table of beads: positions, brightness, status and reasons."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.atomic_files import write_text
from psfbridge._util.csv_table import csv_text
from psfbridge._util.notebook import card
from psfbridge._util.plots import draw
from psfbridge.detection.statuses import Reason, Status

__all__ = ["HELD_OUT", "REASONS", "REJECTED", "USED", "Bead", "Beads"]

USED, HELD_OUT, REJECTED = Status.USED, Status.HELD_OUT, Status.REJECTED

#: Why a bead may be rejected; a candidate has the first one that applies.
REASONS: tuple[str, ...] = tuple(Reason)


@dataclass(frozen=True)
class Bead:
    """One candidate; positions in voxels of the image, index 0 at the first voxel's centre.

    `intensity` is the sum of the bead's counts above its local `background` (counts a voxel);
    `snr` is the intensity over its standard error; `chi2` is per degree of freedom.
    """

    image: str
    bead: int
    z: float
    y: float
    x: float
    intensity: float = float("nan")
    background: float = float("nan")
    snr: float = float("nan")
    chi2: float = float("nan")
    status: str = USED
    reason: str = ""


class Beads(Sequence[Bead]):
    """All candidates of one or several images.

    A sequence of `Bead`, so that ``pandas.DataFrame(beads)`` is the table.

    Examples
    --------
    >>> beads = Beads([Bead("a.tif", 0, 1.0, 2.0, 3.0)])
    >>> beads.funnel()
    {'found': 1, 'used': 1, 'held_out': 0, 'rejected': {}}
    """

    def __init__(self, beads: Iterable[Bead] = ()) -> None:
        self._beads = tuple(beads)

    def __len__(self) -> int:
        return len(self._beads)

    def __iter__(self) -> Iterator[Bead]:
        return iter(self._beads)

    @overload
    def __getitem__(self, index: int) -> Bead: ...
    @overload
    def __getitem__(self, index: slice) -> Beads: ...
    def __getitem__(self, index: int | slice) -> Bead | Beads:
        if isinstance(index, slice):
            return Beads(self._beads[index])
        return self._beads[index]

    def __add__(self, other: Beads) -> Beads:
        return Beads((*self, *other))

    def __repr__(self) -> str:
        return f"<Beads: {self.sentence()}\n {self._figures()}>"

    def _repr_html_(self) -> str:
        funnel = self.funnel()
        facts = {"found": str(funnel["found"]), "used": str(funnel["used"])}
        facts |= {f"rejected: {why}": str(count) for why, count in funnel["rejected"].items()}
        return card("Beads", {**facts, "used beads": self._figures()})

    def _figures(self) -> str:
        """Return median SNR and intensity of the used beads."""
        used = self.with_status(USED)
        if not len(used):
            return "no usable bead"
        intensity = np.median(used.column("intensity").astype(float))
        return f"median SNR {self.median_snr:.3g}, median intensity {intensity:.4g} counts"

    def plot(self, image: Any) -> Any:
        """Return a figure (`matplotlib.figure.Figure`) of the beads on their image, by status."""
        return draw("beads", image, self)

    def with_status(self, *statuses: str) -> Beads:
        """Return the beads whose status is one of `statuses`."""
        return Beads(bead for bead in self if bead.status in statuses)

    @property
    def positions(self) -> NDArray[np.float64]:
        """Positions in voxels; the array has shape (beads, 3) with z, y, x in a row."""
        return np.array([(bead.z, bead.y, bead.x) for bead in self], float).reshape(-1, 3)

    def column(self, name: str) -> NDArray[Any]:
        """Return one field of every bead as an array."""
        return np.array([getattr(bead, name) for bead in self])

    def changed(self, index: int, **values: Any) -> Beads:
        """Return the beads with some values of the one at `index` changed."""
        beads = list(self._beads)
        beads[index] = replace(beads[index], **values)
        return Beads(beads)

    def funnel(self) -> dict[str, Any]:
        """Count the beads: found, used, held out, and rejected by reason."""
        counts = Counter(bead.status for bead in self)
        reasons = Counter(bead.reason for bead in self if bead.status == REJECTED)
        return {
            "found": len(self),
            "used": counts[USED],
            "held_out": counts[HELD_OUT],
            "rejected": {reason: reasons[reason] for reason in REASONS if reasons[reason]},
        }

    @property
    def median_snr(self) -> float:
        """Median SNR of the used beads; NaN if there are none."""
        used = self.with_status(USED).column("snr").astype(float)
        used = used[np.isfinite(used)]
        return float(np.median(used)) if used.size else float("nan")

    def sentence(self) -> str:
        """Return the funnel in words."""
        funnel = self.funnel()
        rejected = [f"{count} {reason}" for reason, count in funnel["rejected"].items()]
        held_out = [f"{funnel['held_out']} held out"] if funnel["held_out"] else []
        parts = [f"{funnel['used']} used", *held_out, *rejected]
        return f"{funnel['found']} found: {', '.join(parts)}"

    def to_csv(self) -> str:
        """Return the table as CSV text, with one row per candidate."""
        return csv_text([one.name for one in fields(Bead)], map(asdict, self), undefined="nan")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table as a CSV file, whole or not at all."""
        write_text(path, self.to_csv())
