"""What a Fiji that was started by itself runs, started here in an ImageJ of the tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import scyjava

from psfbridge.bridge.fiji.installer import shipped_for_fiji
from psfbridge.bridge.java.find import java_class

# Fiji brings both; plain ImageJ has them from Maven Central.
scyjava.config.endpoints += [
    "org.apposed:appose:0.9.0",
    "org.apache.groovy:groovy:4.0.28",
    # The patcher of plain ImageJ would bring one that is too old for Appose.
    "net.java.dev.jna:jna:5.14.0",
]


def filled(folder: Path) -> Path:
    """Put the script and the Python of this process into a folder, as install-fiji does."""
    script = shipped_for_fiji("PSF_Bridge.groovy")
    (folder / script.name).write_bytes(script.read_bytes())
    (folder / "python.txt").write_text(sys.executable, encoding="utf-8")
    return folder


def started(folder: Path) -> Any:
    """Evaluate the script as the one in Fiji's menu does, and return what it starts."""
    shell = java_class("groovy.lang.GroovyShell")()
    shell.setVariable("folder", str(folder))
    return shell.evaluate(java_class("java.io.File")(str(folder / "PSF_Bridge.groovy")))
