"""Commands and command calls, independent of Java."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, Protocol

from psfbridge.bridge.commands.command_result import Outcome
from psfbridge.bridge.commands.inputs import HOST_KEYS
from psfbridge.bridge.commands.option_strings import Options
from psfbridge.imaging.image import Image
from psfbridge.progress import Progress, no_progress

__all__ = ["Call", "Command", "Desk"]


class Desk(Protocol):
    """The other images that are open in ImageJ."""

    def titles(self) -> Sequence[str]:
        """Return an empty list."""

    def image(self, title: str, voxel_um: Any = None) -> Image | None:
        """Return None.

        Parameters
        ----------
        title : str
            The title.
        voxel_um : sequence of float, optional
            Its voxel size in z, y and x, in µm; overrides the image's.
        """


class _EmptyDesk:
    """No other image is open."""

    def titles(self) -> Sequence[str]:
        """Return an empty list."""
        return ()

    def image(self, title: str, voxel_um: Any = None) -> Image | None:  # noqa: ARG002 - as in Desk
        """Return None."""
        return None


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a command.

    Parameters
    ----------
    options : mapping
        Options as the Python function of the command takes them.
    texts : mapping
        The texts of the host's keys: part of the image, files to write.
    imp : ij.ImagePlus
        What to work on.
    progress : Progress
        Where to report.
    desk : Desk
        The other open images.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    imp: Any = None
    progress: Progress = no_progress
    desk: Desk = field(default_factory=_EmptyDesk)

    def free_title(self, title: str) -> str:
        """Return a title, numbered if an open image already has it."""
        taken = set(self.desk.titles())
        others = (f"{title}-{number}" for number in count(1))
        return next(each for each in chain([title], others) if each not in taken)


@dataclass(frozen=True)
class Command:
    """A command: its work, the keys that it takes, and how its dialog asks for them.

    Parameters
    ----------
    run : callable
        The work.
    options : callable
        Returns its options by key.
    keys, flags : tuple of str
        Keys of the host, with a value and without.
    previews : bool
        Whether its dialog shows the beads.
    needs_image : bool
        Whether it works on the active image.
    choices : mapping
        What alone may be chosen for a key.
    asks : mapping
        Keys of the host for which the dialog has a field, with its label.
    page : str
        The page of the documentation that tells most of it.
    """

    run: Callable[[Call], Outcome]
    options: Callable[[], Options]
    keys: tuple[str, ...] = HOST_KEYS
    flags: tuple[str, ...] = ()
    previews: bool = False
    needs_image: bool = True
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    page: str = "fiji"
