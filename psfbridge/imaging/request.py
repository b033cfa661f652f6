"""Validation of the options of a public function, before any work starts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

from psfbridge._util.option_records import OptionRecord, options_of
from psfbridge._util.validate import known_names
from psfbridge.imaging.read import Reading
from psfbridge.option_types import ReadingChoices
from psfbridge.progress import Progress, checked_progress

__all__ = ["Request", "accept"]

R = TypeVar("R", bound=OptionRecord)


@dataclass(frozen=True)
class Request(Generic[R]):
    """Options that have been checked.

    Parameters
    ----------
    reading : mapping
        Reading options of the image: fields of `psfbridge.imaging.read.Reading`.
    options : OptionRecord
        Options of the function itself.
    progress : Progress
        Callback for progress.
    """

    reading: ReadingChoices
    options: R
    progress: Progress


def accept(
    record: type[R],
    choices: Mapping[str, Any],
    options: R | None = None,
    progress: Progress | Literal[False] | None = None,
    only: Collection[str] | None = None,
) -> Request[R]:
    """Separate the reading options of an image from those of a function, and check both.

    Every public function that reads an image begins with it, and so does every host, since hosts
    call these functions.

    Parameters
    ----------
    record : type
        The record of the function's options.
    choices : mapping
        Keywords: fields of `record`, and of `psfbridge.imaging.read.Reading`.
    options : OptionRecord, optional
        Options as a record; keywords take precedence.
    progress : Progress or False, optional
        Callback for progress; by default a progress bar, and False for none.
    only : collection of str, optional
        The fields of `record` that the function takes; by default all.

    Raises
    ------
    OptionError
        If a name is unknown (the message suggests the nearest known one) or a value impossible.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> asked = accept(DistillOptions, {"na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518,
    ...                                 "channel": 0})
    >>> asked.options.na, asked.reading
    (1.4, {'channel': 0})
    """
    taken = options_of(record) if only is None else only
    known_names(choices, [*taken, *options_of(Reading)])
    reading = {name: value for name, value in choices.items() if name in options_of(Reading)}
    own = {name: value for name, value in choices.items() if name not in reading}
    Reading.of(**reading)
    return Request(
        cast("ReadingChoices", reading), record.of(options, **own), checked_progress(progress)
    )
