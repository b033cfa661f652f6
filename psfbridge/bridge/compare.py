"""Comparison of a PSF distilled by a macro in ImageJ with that from Python."""

from __future__ import annotations

import os

import numpy as np

from psfbridge.bridge.convert.imageplus import from_imageplus
from psfbridge.bridge.imagej.install import start
from psfbridge.bridge.imagej.run_macro import run_macro
from psfbridge.bridge.java.find import java_class
from psfbridge.psf.psf import PSF

__all__ = ["compared_with_imagej"]

_MACRO = 'run("Distill PSF...", getArgument());'


def compared_with_imagej(path: str | os.PathLike[str], options: str, psf: PSF) -> str:
    """Distil a file by a macro in plain ImageJ and say how far the PSF is from `psf`.

    Parameters
    ----------
    path : path
        The image that `psf` was distilled from.
    options : str
        The same options, as a macro takes them.
    psf : PSF
        What Python made of it.

    Raises
    ------
    BridgeError
        If there is no Java, or ImageJ cannot be fetched or started.
    """
    host = start()
    run_macro(_MACRO, options, image=path, timeout_s=None)
    image = from_imageplus(java_class("ij.WindowManager").getCurrentImage())
    difference = np.abs(image.data - psf.data).max() / psf.data.max()
    return (
        f"the macro {_MACRO} in ImageJ {host.version} gives the same PSF: it differs by "
        f"{difference:.1g} of the peak at most"
        if difference < 1e-6
        else f"the macro {_MACRO} in ImageJ {host.version} gives ANOTHER PSF: it differs by "
        f"{difference:.1g} of the peak"
    )
