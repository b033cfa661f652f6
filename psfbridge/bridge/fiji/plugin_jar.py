"""The jar of the ImageJ plug-in: compiled from the sources in ``java/``, with Appose included.

Appose and what it needs are carried in a folder of the jar under another file ending, where only
the plug-in's own class loader looks: whatever Appose lies in a Fiji, the plug-in uses this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from psfbridge.errors import BridgeError

__all__ = ["JAR", "build_jar", "is_stale", "plugin_jar"]

#: Where the jar lies in an installed package. ImageJ wants the underscore.
JAR = Path(__file__).with_name("PSF_Bridge.jar")

_SOURCES = Path(__file__).with_name("java")
_IMAGEJ = "net.imagej:ij:1.54p"
_APPOSE = "org.apposed:appose:0.9.0"

#: Java that a Fiji of 2016 has.
_RELEASE = "8"

#: What Appose asks for by its packaging, and never calls.
_UNUSED = ("ivy-",)

#: How each jar was made, and code for newer Java only.
_PACKAGING = ("META-INF/MANIFEST.MF", "META-INF/maven/", "META-INF/versions/")

#: JNA's libraries for systems on which ImageJ runs.
_SYSTEMS = (
    "darwin-aarch64", "darwin-x86-64", "linux-aarch64", "linux-x86-64", "win32-aarch64",
    "win32-x86-64",
)  # fmt: skip
_NATIVE = "com/sun/jna/"

_MISSING_JDK = (
    "the ImageJ plug-in was not built: there is no Java compiler (javac). Install a JDK (Debian, "
    "Ubuntu: apt install default-jdk-headless; conda: conda install -c conda-forge openjdk; "
    "Windows, macOS: https://adoptium.net), or install psfbridge from a wheel, which includes "
    "the plug-in."
)


def plugin_jar() -> Path:
    """Return the plug-in's jar, built now if the package was installed without one.

    Raises
    ------
    BridgeError
        If it is missing and cannot be built; with what is missing.
    """
    if not JAR.is_file():
        from psfbridge._version import __version__

        build_jar(JAR, __version__)
    return JAR


def is_stale(jar: Path = JAR) -> bool:
    """Return whether a jar is missing or older than its sources."""
    if not jar.is_file():
        return True
    built = jar.stat().st_mtime
    sources = [*_SOURCES.rglob("*.java"), _SOURCES / "plugins.config", Path(__file__)]
    return any(source.stat().st_mtime > built for source in sources)


def build_jar(jar: Path, version: str) -> None:
    """Compile the plug-in and write its jar.

    Parameters
    ----------
    jar : path
        Where it goes; it appears whole or not at all.
    version : str
        The version of psfbridge that it belongs to.

    Raises
    ------
    BridgeError
        If there is no Java compiler, or ImageJ and Appose cannot be had from Maven Central.
    """
    compiler = _compiler()
    imagej, carried = _jars(_IMAGEJ), _jars(_APPOSE)
    with tempfile.TemporaryDirectory() as folder:
        _compile(compiler, [*imagej, *carried], Path(folder))
        whole = Path(folder) / "whole.jar"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("META-INF/MANIFEST.MF", _manifest(version))
            archive.write(_SOURCES / "plugins.config", "plugins.config")
            _add_classes(archive, Path(folder) / "classes")
            _carry(archive, [path for path in carried if not path.name.startswith(_UNUSED)])
        partial = jar.with_suffix(".part")
        shutil.copyfile(whole, partial)
        partial.replace(jar)


def _compiler() -> str:
    home = os.environ.get("JAVA_HOME", "")
    compiler = shutil.which("javac", path=str(Path(home, "bin"))) if home else None
    compiler = compiler or shutil.which("javac")
    if compiler is None:
        raise BridgeError(_MISSING_JDK)
    return compiler


def _jars(coordinates: str) -> list[Path]:
    """Return the jars of a Maven artifact and of what it needs, from Maven Central or kept."""
    try:
        import jgo
        import jgo.maven

        resolver = jgo.maven.PythonResolver(lenient=True)
        environment: Any = jgo.build(coordinates, resolver=resolver)
    except Exception as fault:
        lines = str(fault).strip().splitlines() or [type(fault).__name__]
        raise BridgeError(
            f"the ImageJ plug-in was not built: {coordinates} could not be downloaded from Maven "
            f"Central ({lines[0]}). Check the network connection, and that jgo is installed (pip "
            "install jgo)."
        ) from fault
    return sorted(Path(jar) for jar in environment.all_jars)


def _compile(compiler: str, jars: list[Path], folder: Path) -> None:
    sources = sorted(str(path) for path in _SOURCES.rglob("*.java"))
    words = [
        compiler, "--release", _RELEASE, "-encoding", "UTF-8", "-d", str(folder / "classes"),
        "-cp", os.pathsep.join(map(str, jars)), *sources,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BridgeError(f"the ImageJ plug-in was not built: {done.stderr.strip()}")


def _manifest(version: str) -> str:
    lines = (
        "Manifest-Version: 1.0",
        "Implementation-Title: PSF Bridge",
        f"Implementation-Version: {version}",
    )
    return "".join(f"{line}\n" for line in lines)


def _add_classes(archive: zipfile.ZipFile, classes: Path) -> None:
    for path in sorted(classes.rglob("*.class")):
        name = path.relative_to(classes).as_posix()
        own = name.startswith("psfbridge/appose/")
        archive.write(path, _carried_name(name) if own else name)


def _carried_name(name: str) -> str:
    return f"carried/{name}data" if name.endswith(".class") else f"carried/{name}"


def _carry(archive: zipfile.ZipFile, jars: list[Path]) -> None:
    """Add the jars' classes and resources; lists of services of the same kind are joined."""
    contents: dict[str, bytes] = {}
    for jar in jars:
        for name, content in _entries(jar):
            if name in contents and name.startswith("META-INF/services/"):
                contents[name] += b"\n" + content
            else:
                contents.setdefault(name, content)
    for name, content in contents.items():
        archive.writestr(_carried_name(name), content)


def _entries(jar: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(jar) as source:
        for name in source.namelist():
            place = _place(jar, name)
            if place:
                yield place, source.read(name)


def _place(jar: Path, name: str) -> str | None:
    """Return the destination of an entry in a jar, or None if it is omitted."""
    path = PurePosixPath(name)
    if name.endswith("/") or path.name == "module-info.class" or name.startswith(_PACKAGING):
        return None
    if path.name.upper().startswith(("LICENSE", "NOTICE", "AL2.0", "LGPL2.1")):
        return f"licences/{jar.stem}/{path.name}"
    if name.startswith(_NATIVE) and "-" in path.parent.name:
        return name if path.parent.name in _SYSTEMS else None
    return name
