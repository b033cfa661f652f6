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
