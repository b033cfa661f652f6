"""A pupil of optics that the user gave: fitted, refused where beads contradict it, and weighed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from psfbridge.distillation.joint.checks.physics import z_step_factor
from psfbridge.distillation.joint.iteration import JointProblem, Round, next_round
from psfbridge.distillation.joint.pupil_fit import PupilFit, refined_fit
from psfbridge.distillation.joint.pupil_search import known_fit
from psfbridge.distillation.joint.settings import SOLVE
from psfbridge.distillation.joint.stack import Stack
from psfbridge.errors import OptionError
from psfbridge.optics.pupil import INDEX, NA
from psfbridge.options import Optics

__all__ = ["choice_in_words", "known_round", "left_by"]


def known_round(
    problem: JointProblem, blind: Round, optics: Optics, core: NDArray[np.bool_]
) -> Round:
    """Go through one more round with the pupil of known optics.

    Parameters
    ----------
    problem : JointProblem
        The solve.
    blind : Round
        Where it ended without them.
    optics : Optics
        The pupil's.
    core : array of bool
        Where beads not used judge.

    Raises
    ------
    OptionError
        If the beads contradict the optics.
    """

    def explained(stack: Stack) -> PupilFit:
        fit = known_fit(stack, problem.sample_um, optics, problem.bead_diameter_um)
        _refuse_contradiction(fit, refined_fit(fit, stack, order=6, rounds=6), stack, optics)
        return fit

    return next_round(problem, blind.start, explained, core=core)


def _refuse_contradiction(known: PupilFit, free: PupilFit, stack: Stack, optics: Optics) -> None:
    """Compare with a fit from the same start that may leave what is said of the optics."""
    gain = (known.cost - free.cost) / stack.mean.size
    given = np.array([optics.na, optics.refractive_index]) / optics.wavelength_um
    asked = free.values[[NA, INDEX]]
    off = np.abs(asked / given - 1)
    # A light sheet hides the depth of focus, which is what tells the index.
    told = off[:1] if optics.microscope == "lightsheet" else off
    if gain < SOLVE.explained or told.max() < SOLVE.tolerated:
        return
    seen = asked * optics.wavelength_um
    words = []
    if off[0] >= SOLVE.tolerated:
        words.append(f"the beads indicate NA {seen[0]:.2f}, you gave {optics.na:g}")
    if len(told) > 1 and off[1] >= SOLVE.tolerated:
        index = f"refractive index {seen[1]:.2f}, you gave {optics.refractive_index:g}"
        step = z_step_factor(free, given)
        words.append(f"the beads indicate {index} (or the z step is {step})")
    raise OptionError(
        f"the optics contradict the beads: {'; '.join(words)} (at {optics.wavelength_um:g} µm).",
        option="na",
        remedy="Check {na}, {wavelength_um}, {refractive_index} and the voxel size, or omit the "
        "optics.",
    )


def left_by(rounds: Mapping[str, Round]) -> dict[str, float]:
    """Return what each leaves of beads not used, above what all of them leave around the core.

    Without such beads it is χ² per voxel of the fit.

    Parameters
    ----------
    rounds : mapping
        Rounds of the same start, by the name of each.
    """
    if not all(one.blend.choice.held_out for one in rounds.values()):
        return {name: one.pupil.cost / one.stack.mean.size for name, one in rounds.items()}
    choices = {name: one.blend.choice for name, one in rounds.items()}
    common = min(one.around for one in choices.values())
    return {name: one.held_out[one.kind] + one.around - common for name, one in choices.items()}


def choice_in_words(left: Mapping[str, float], *, used: bool, held_out: bool) -> str:
    """Say how known optics were chosen or not, in the figures that chose.

    Parameters
    ----------
    left : mapping
        What ``pupil`` and ``joint`` leave of beads, see `left_by`.
    used : bool
        Whether the optics were used.
    held_out : bool
        Whether that is a share of the energy of beads that were held out.
    """
    form = ".3%" if held_out else ".4f"
    given, inferred = (format(left[name], form) for name in ("pupil", "joint"))
    with_them, without = f"with your optics ({given} left)", f"without them ({inferred} left)"
    if not used:
        how = f"better without your optics ({inferred} left) than with them ({given})"
    elif left["pupil"] < left["joint"]:
        how = f"better {with_them} than {without}"
    else:
        how = f"as well {with_them} as {without}"
    who = "Held-out beads" if held_out else "The beads, of which none could be held out,"
    return f"{who} are explained {how}; the optics were {'used' if used else 'not used'}."
