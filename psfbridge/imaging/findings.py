"""Findings: faults of an image that the user should know, and their effect on the verdict."""

from __future__ import annotations

from dataclasses import dataclass

from psfbridge.hosts import Host

__all__ = ["Finding"]


@dataclass(frozen=True)
class Finding:
    """One thing that a user should know.

    Parameters
    ----------
    text : str
        What was found, one sentence.
    advice : str
        What to do about it, options as ``{option}``; empty where nothing need be done.
    at_best : {'good', 'usable', 'poor'}
        The best grade that a PSF made in spite of it can have.

    Examples
    --------
    >>> Finding("41 faulty pixels were left out.").sentence
    '41 faulty pixels were left out.'
    """

    text: str
    advice: str = ""
    at_best: str = "good"

    @property
    def sentence(self) -> str:
        """The finding and the advice, with options spelled for the current host."""
        return Host.current().worded(f"{self.text} {self.advice}".strip())
