"""ImageJ and Fiji: the same commands in every host, and image exchange in both directions.

>>> from psfbridge import bridge  # doctest: +SKIP
>>> bridge.start("plain")  # doctest: +SKIP
>>> imp = bridge.to_imageplus(image)  # doctest: +SKIP

Everything here needs Java; importing it does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Public names and the modules that hold them; imported when first used.
_HOMES: dict[str, str] = {
    "Host": "java.host",
    "MacroResult": "imagej.run_macro",
    "current": "java.host",
    "distill": "api",
    "from_imageplus": "convert.imageplus",
    "from_xarray": "convert.xarrays",
    "install": "imagej.install",
    "run_macro": "imagej.run_macro",
    "start": "imagej.install",
    "to_dataset": "convert.datasets",
    "to_imageplus": "convert.imageplus",
    "to_xarray": "convert.xarrays",
    "uninstall": "imagej.install",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the names are strings


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'psfbridge.bridge' has no attribute {name!r}")
    return getattr(import_module(f"psfbridge.bridge.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
