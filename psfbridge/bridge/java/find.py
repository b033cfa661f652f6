"""Detection of the installed Java."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psfbridge._util.extras import how_to_install
from psfbridge.errors import BridgeError

__all__ = [
    "HOW_TO_GET_JAVA",
    "Java",
    "find_java",
    "implemented",
    "java_class",
    "need_scyjava",
    "running",
]

LEAST_JAVA = 11

HOW_TO_GET_JAVA = (
    f"Install Java {LEAST_JAVA} or later (Debian, Ubuntu: apt install openjdk-17-jre; conda: "
    "conda install -c conda-forge openjdk; Windows, macOS: https://adoptium.net), or set "
    "JAVA_HOME to an existing one."
)


@dataclass(frozen=True)
class Java:
    """A Java on this machine: its library and version."""

    library: str
    version: tuple[int, ...]

    @property
    def text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def need_scyjava() -> Any:
    """Return scyjava, or say how to install it.

    Raises
    ------
    BridgeError
        If the Python packages that start Java are not installed.
    """
    try:
        import scyjava
    except ImportError as fault:
        raise BridgeError(
            f"the ImageJ parts of psfbridge are not installed ({fault}).",
            remedy=f"Install them: {how_to_install('imagej')}.",
        ) from fault
    return scyjava


def find_java() -> Java:
    """Return the Java that would be started.

    Raises
    ------
    BridgeError
        If there is none, or it is too old; with how to get one.
    """
    scyjava = need_scyjava()
    import jpype

    try:
        library = jpype.getDefaultJVMPath()
    except jpype.JVMNotFoundException:
        raise BridgeError(f"no Java was found. {HOW_TO_GET_JAVA}") from None
    try:
        version = tuple(scyjava.jvm_version())
    except (RuntimeError, OSError) as fault:
        raise BridgeError(
            f"the Java at {library} does not run: {fault}. {HOW_TO_GET_JAVA}"
        ) from fault
    if version < (LEAST_JAVA,):
        found = Java(str(library), version)
        raise BridgeError(f"the Java at {library} is version {found.text}. {HOW_TO_GET_JAVA}")
    return Java(str(library), version)


def running() -> bool:
    """Return whether Java is running in this process, no matter who started it."""
    return bool(need_scyjava().jvm_started())


def implemented(interface: str, **methods: Callable[..., Any]) -> Any:
    """Return a Java object of an interface, whose methods are Python functions.

    Whoever gives it to Java keeps a reference to it, or it is collected.
    """
    import jpype

    return jpype.JProxy(interface, dict=methods)


def java_class(name: str) -> Any:
    """Return a Java class by its full name; needs a running Java."""
    return need_scyjava().jimport(name)
