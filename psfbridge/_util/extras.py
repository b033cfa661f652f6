"""Optional parts of the installation, and the command that adds one."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires

__all__ = ["how_to_install"]

#: A package's name, with its own extras.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?")


def how_to_install(extra: str) -> str:
    """Return the command that installs the packages of an extra, by their own names.

    The extra's name alone would need psfbridge on a package index.

    Examples
    --------
    >>> how_to_install("clij")
    'pip install clij2-fft pyopencl'
    """
    return "pip install " + " ".join(_packages(extra))


def _packages(extra: str) -> list[str]:
    try:
        every = requires("psfbridge") or []
    except PackageNotFoundError:
        return [f"'psfbridge[{extra}]'"]  # a source tree on the path tells no packages
    of_extra = re.compile(rf"""extra\s*==\s*["']{re.escape(extra)}["']""")
    found = [_NAME.match(one) for one in every if of_extra.search(one)]
    quoted = {f"'{name[0]}'" if name[1] else name[0] for name in found if name}
    return sorted(quoted) or [f"'psfbridge[{extra}]'"]
