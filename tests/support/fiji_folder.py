"""A folder of an ImageJ with the plug-in in it, as ``install-fiji`` fills one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from psfbridge._version import __version__
from psfbridge.bridge.fiji.installer import install_into
from psfbridge.bridge.fiji.plugin_jar import JAR, build_jar, is_stale

needs_jdk = pytest.mark.skipif(
    is_stale() and shutil.which("javac") is None and "JAVA_HOME" not in os.environ,
    reason="the plug-in was not built, and there is no Java compiler",
)


def fresh_jar() -> Path:
    """Build the plug-in's jar if its sources have changed."""
    if is_stale():
        build_jar(JAR, __version__)
    return JAR


def filled(folder: Path) -> Path:
    """Put the plug-in and this Python into a folder like that of an ImageJ."""
    fresh_jar()
    for name in ("plugins", "macros", "jars"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    install_into(folder)
    return folder
