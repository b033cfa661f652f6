"""Details of the acquisition for the report: operator, site, microscope, objective, sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psfbridge._util.option_kinds import Text
from psfbridge._util.option_records import OptionRecord, documented, option

__all__ = ["About"]

_GROUP = "details for the report"


@documented
@dataclass(frozen=True, kw_only=True)
class About(OptionRecord):
    """Details for a report that are not in the image; those not given are omitted.

    Each value is converted and checked.

    Examples
    --------
    >>> dict(About(operator="A. Abbe", objective="63x/1.4 oil").facts())
    {'operator': 'A. Abbe', 'objective': '63x/1.4 oil'}
    """

    operator: str | None = option(Text(help="who imaged the beads", group=_GROUP), default=None)
    site: str | None = option(Text(help="laboratory or core facility", group=_GROUP), default=None)
    stand: str | None = option(Text(help="name of the microscope", group=_GROUP), default=None)
    objective: str | None = option(Text(help="name of the objective", group=_GROUP), default=None)
    sample: str | None = option(Text(help="the bead slide", group=_GROUP), default=None)
    comment: str | None = option(Text(help="any other remarks", group=_GROUP), default=None)

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield the name and text of each fact that is known."""
        names = {"stand": "microscope"}
        for name in ("operator", "site", "stand", "objective", "sample", "comment"):
            text = getattr(self, name)
            if text:
                yield names.get(name, name), text
