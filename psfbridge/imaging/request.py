"""What a public function is asked for: the one place that refuses options before any work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

from psfbridge._util.option_kinds import OptionRecord, options_of
from psfbridge._util.validate import known_names
from psfbridge.imaging.read import Reading
from psfbridge.option_types import ReadingChoices
from psfbridge.progress import Progress, checked_progress

__all__ = ["Request", "accept"]

R = TypeVar("R", bound=OptionRecord)


@dataclass(frozen=True)
class Request(Generic[R]):
    """Options that were found possible.

    Parameters
    ----------
    reading : mapping
        How images are read: fields of `psfbridge.imaging.read.Reading`.
    options : OptionRecord
        What the function itself was told.
    progress : Progress
        What is called on the way.
    """

    reading: ReadingChoices
    options: R
    progress: Progress


def accept(
    record: type[R],
    choices: Mapping[str, Any],
    options: R | None = None,
    progress: Progress | Literal[False] | None = None,
) -> Request[R]:
    """Part keywords into how images are read and the options of a function, and check them.

    `psfbridge.distill`, `deconvolve`, `check`, `distill_channels` and `distill_batch` begin with
    it, and so does every host, since it calls these.

    Parameters
    ----------
    record : type
        The record of the function's options.
    choices : mapping
        Keywords: fields of `record`, and of `psfbridge.imaging.read.Reading`.
    options : OptionRecord, optional
        Options as a record; keywords go before it.
    progress : Progress or False, optional
        What is to be called on the way; by default a bar, and False is nothing.

    Raises
    ------
    OptionError
        If a name is unknown (with the nearest that is not), or a value impossible.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> asked = accept(DistillOptions, {"na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518,
    ...                                 "channel": 0})
    >>> asked.options.na, asked.reading
    (1.4, {'channel': 0})
    """
    known_names(choices, [*options_of(record), *options_of(Reading)])
    reading = {name: value for name, value in choices.items() if name in options_of(Reading)}
    own = {name: value for name, value in choices.items() if name not in reading}
    Reading.of(**reading)
    return Request(
        cast("ReadingChoices", reading), record.of(options, **own), checked_progress(progress)
    )
