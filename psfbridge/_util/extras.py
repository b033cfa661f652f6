"""Optional dependencies and the commands that install them."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import PackageNotFoundError, requires

from psfbridge.errors import MissingPartError

__all__ = ["check_installed", "how_to_install"]

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


def check_installed(module: str, extra: str, *, what: str, otherwise: str) -> None:
    """Check that the package of an extra is installed; call it before long work.

    Parameters
    ----------
    module : str
        What is imported.
    extra : str
        The extra that brings it.
    what : str
        What messages call it.
    otherwise : str
        What a user can do without it.

    Raises
    ------
    MissingPartError
        If it is not installed.
    """
    if importlib.util.find_spec(module) is None:
        raise MissingPartError(
            f"{what} is not installed.",
            remedy=f"Install it ({how_to_install(extra)}), or {otherwise}.",
        )


def _packages(extra: str) -> list[str]:
    try:
        every = requires("psfbridge") or []
    except PackageNotFoundError:
        return [f"'psfbridge[{extra}]'"]  # a source tree on the path tells no packages
    of_extra = re.compile(rf"""extra\s*==\s*["']{re.escape(extra)}["']""")
    found = [_NAME.match(one) for one in every if of_extra.search(one)]
    quoted = {f"'{name[0]}'" if name[1] else name[0] for name in found if name}
    return sorted(quoted) or [f"'psfbridge[{extra}]'"]
