"""Tolerances of an objective."""

from __future__ import annotations

from dataclasses import dataclass

from psfbridge._util.option_kinds import Number
from psfbridge._util.option_records import OptionRecord, documented, option

__all__ = ["Tolerances"]

_GROUP = "quality-control tolerances"


@documented
@dataclass(frozen=True, kw_only=True)
class Tolerances(OptionRecord):
    """Limits of a quality control; None is a figure that is reported and not judged.

    The defaults are those of MetroloJ_QC (Faklaris et al. 2022, J. Cell Biol. 221, e202107093),
    as it ships them. They set no limit for lateral asymmetry and
    Strehl ratio; 0.8 is the usual one for the latter (Maréchal's criterion, Born & Wolf, ch. 9.3).

    Each value is converted and checked.

    Examples
    --------
    >>> Tolerances(min_strehl=0.8).max_lateral_ratio
    1.5
    """

    max_lateral_ratio: float = option(
        Number(
            help="maximum ratio of the lateral FWHM (y and x) to that of the ideal pupil",
            group=_GROUP,
            above=0,
        ),
        default=1.5,
    )
    max_axial_ratio: float = option(
        Number(
            help="maximum ratio of the axial FWHM to that of the ideal pupil", group=_GROUP, above=0
        ),
        default=2.0,
    )
    max_coregistration_ratio: float = option(
        Number(
            help="maximum shift between two channels, relative to the resolution",
            group=_GROUP,
            above=0,
        ),
        default=1.0,
    )
    min_roundness: float | None = option(
        Number(
            help="minimum ratio of the narrower to the wider lateral FWHM",
            group=_GROUP,
            above=0,
            most=1,
        ),
        default=None,
    )
    min_strehl: float | None = option(
        Number(help="minimum Strehl ratio", group=_GROUP, above=0, most=1), default=None
    )
