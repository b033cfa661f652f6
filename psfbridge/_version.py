"""The version of the installed package."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("psfbridge")
except PackageNotFoundError:
    # A source tree that is on the path without being installed.
    __version__ = "0+unknown"
