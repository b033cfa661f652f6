"""The real bead stacks beside the project; what needs one is skipped, by name, without it."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


def bead_stack(name: str) -> Path:
    """The path of a real bead stack."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the bead stack {name} is not beside the project")
    return path


CASES = Path(__file__).parents[3] / "shared" / "cases"


def bead_case(name: str) -> Path:
    """The path of a simulated bead field with a known fault, or of its true PSF."""
    path = CASES / f"{name}.tif"
    if not path.is_file():
        pytest.skip(f"the case {name} is not beside the project")
    return path
