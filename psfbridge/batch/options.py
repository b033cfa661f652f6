"""Options of a batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from psfbridge._util.option_kinds import Flag, Integer
from psfbridge._util.option_records import OptionRecord, documented, option
from psfbridge.evaluation.about import About
from psfbridge.evaluation.tolerances import Tolerances
from psfbridge.option_types import BatchArguments

__all__ = ["BatchKeywords", "BatchOptions"]

_BATCH = "batch"


@documented
@dataclass(frozen=True, kw_only=True)
class BatchOptions(OptionRecord):
    """Options of a batch: parallel files and the outputs for each.

    Each option is converted and checked; see docs/options.md for the list.

    Raises
    ------
    OptionError
        If a value is invalid.

    Examples
    --------
    >>> BatchOptions(jobs="2").jobs
    2
    """

    jobs: int = option(
        Integer(
            help="number of files processed in parallel, each in its own process", group=_BATCH
        ),
        default=1,
    )
    reports: bool = option(
        Flag(help="also write a report for each file, to NAME_report", group=_BATCH),
        default=False,
    )
    parquet: bool = option(
        Flag(help="also write the summary as Parquet (needs pyarrow)", group=_BATCH),
        default=False,
    )
    about: About = field(default_factory=About)
    tolerances: Tolerances = field(default_factory=Tolerances)


class BatchKeywords(BatchArguments, total=False):
    """Keywords of `psfbridge.distill_batch`."""

    about: About
    tolerances: Tolerances
