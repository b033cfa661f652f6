"""Statuses of beads and reasons for rejection, with advice."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason", "Status"]


class Status(StrEnum):
    """The status of a candidate."""

    USED = "used"
    HELD_OUT = "held_out"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a candidate is rejected, in the order of the rules: it has the first that applies.

    Examples
    --------
    >>> Reason.SATURATED.advice
    'Lower the exposure or the laser power.'
    """

    HOT_PIXEL = "hot pixel"
    SATURATED = "saturated"
    BORDER = "border"
    TOO_DIM = "too dim"
    TOO_CLOSE = "too close"
    DOUBLET = "doublet"
    TOO_LARGE = "too large"
    SHAPE = "shape"
    POOR_FIT = "poor fit"
    NOT_CHOSEN = "not chosen"

    @property
    def advice(self) -> str:
        """Advice if most beads are rejected for this reason; the host spells ``{option}``."""
        return _ADVICE[self]


_ADVICE = {
    Reason.HOT_PIXEL: "Is this the right channel?",
    Reason.SATURATED: "Lower the exposure or the laser power.",
    Reason.BORDER: "Image a larger field, or a deeper stack around the beads.",
    Reason.TOO_DIM: "Expose longer, or use brighter beads.",
    Reason.TOO_CLOSE: "Lower {min_separation_um}, or use a sparser slide.",
    Reason.DOUBLET: "Use a sparser slide, and disperse the beads before mounting.",
    Reason.TOO_LARGE: "Disperse the beads before mounting: clumps appear too large.",
    Reason.SHAPE: "Check for drift and vibration while the stack is acquired.",
    Reason.POOR_FIT: "Check for drift, and for fluorescence that is not from beads.",
    Reason.NOT_CHOSEN: "Choose positions on usable beads.",
}
