"""Diagnosis of the installation: what works on this computer, and advice for the rest."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from psfbridge._util.extras import how_to_install
from psfbridge._util.memory import free_bytes, readable_bytes
from psfbridge._util.threads import cores
from psfbridge._version import __version__
from psfbridge.bridge.java.find import Java, find_java, running
from psfbridge.bridge.java.host import need_display
from psfbridge.errors import BridgeError, EngineError, PsfBridgeError

__all__ = ["Finding", "examine"]

_PLAIN_JAR = Path("net", "imagej", "ij", "1.54p", "ij-1.54p.jar")
_IMAGEJ_EXTRA = f"Install the ImageJ parts: {how_to_install('imagej')}."


@dataclass(frozen=True)
class Finding:
    """One fact about this machine.

    Parameters
    ----------
    subject : str
        What was looked at.
    works : bool
        Whether it would work here.
    fact : str
        What was found.
    advice : str
        What to do about it; empty where nothing is to be done.
    """

    subject: str
    works: bool
    fact: str
    advice: str = ""


def examine() -> list[Finding]:
    """Examine everything that psfbridge can use, without starting or downloading anything."""
    return [_tried(subject, look) for subject, look in _LOOKS.items()]


def _tried(subject: str, look: Callable[[], str]) -> Finding:
    """A look returns a fact, or raises what is wrong: first sentence the fact, the rest advice."""
    try:
        return Finding(subject, True, look())
    except PsfBridgeError as fault:
        fact, dot, advice = str(fault).partition(". ")
        return Finding(subject, False, f"{fact}{dot}".strip(), advice)


def _python() -> str:
    return f"{platform.python_version()} at {sys.executable}; psfbridge {__version__}"


def _machine() -> str:
    return f"{platform.platform()}; {cores()} cores; {readable_bytes(free_bytes())} of memory free"


def _java() -> str:
    java: Java = find_java()
    return f"{java.text} at {java.library}"


def _plain() -> str:
    find_java()
    jar = Path.home() / ".m2" / "repository" / _PLAIN_JAR
    if jar.is_file():
        return "ImageJ 1.54p is available offline"
    return "ImageJ 1.54p will be downloaded from Maven Central at the first start"


def _window() -> str:
    java = find_java()
    need_display("gui")
    toolkit = Path(java.library).parent.parent / "libawt_xawt.so"
    if sys.platform.startswith("linux") and not toolkit.is_file():
        raise BridgeError(
            f"the Java at {java.library} is headless and cannot open windows. Install a full one "
            "(Debian, Ubuntu: apt install openjdk-17-jre)."
        )
    return "a display is available: psfbridge fiji opens the ImageJ window"


def _pyimagej() -> str:
    find_java()
    try:
        found = version("pyimagej")
    except PackageNotFoundError:
        raise BridgeError(f"pyimagej is not installed. {_IMAGEJ_EXTRA}") from None
    fiji = os.environ.get("PSFBRIDGE_FIJI", "")
    where = f"; PSFBRIDGE_FIJI is {fiji}" if fiji else ""
    return f"pyimagej {found} can start a Fiji folder, a version or Maven coordinates{where}"


def _worker() -> str:
    try:
        found = version("appose")
    except PackageNotFoundError:
        raise BridgeError(f"appose is not installed. {_IMAGEJ_EXTRA}") from None
    return f"appose {found}: after psfbridge install-fiji FIJI_DIR, that Fiji starts this Python"


def _joined() -> str:
    if not running():
        raise BridgeError(
            "there is no Java in this Python process. In a process with Java (imagej.init, "
            "Fiji's Python mode), call psfbridge.bridge.install()."
        )
    return "this Python process contains Java: psfbridge.bridge.install() uses it"


def _opencl() -> str:
    from psfbridge.engines.clij2fft_library import load_library
    from psfbridge.engines.opencl_devices import list_devices

    devices = list_devices()
    if not devices:
        raise EngineError(
            "no OpenCL device was found. The CPU engine works without one; for clij2fft install "
            "a GPU driver with OpenCL support, or PoCL."
        )
    # Devices alone do not help: clij2-fft needs the system's own OpenCL loader as well.
    load_library()
    return "; ".join(str(device) for device in devices)


_LOOKS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "machine": _machine,
    "Java": _java,
    "plain ImageJ, headless": _plain,
    "plain ImageJ, window": _window,
    "ImageJ2 and Fiji": _pyimagej,
    "Fiji on its own": _worker,
    "a Java that runs": _joined,
    "OpenCL": _opencl,
}
