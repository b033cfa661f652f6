"""Installation of plug-in, macros and scripts in a Fiji or ImageJ folder, or into a zip file."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from psfbridge._util.atomic_files import whole_file
from psfbridge._util.extras import how_to_install
from psfbridge.bridge.fiji.plugin_jar import plugin_jar
from psfbridge.errors import BridgeError, OutputError

__all__ = ["install_into", "missing_for", "remove_from", "shipped_macros", "write_zip"]

_FOLDER = "PSF_Bridge"
_MACROS = Path("macros", _FOLDER)
_PLUGINS = Path("plugins")

#: Where the plug-in looks for what is of one installation: which Python to start, a wheel.
_BESIDE = _PLUGINS / _FOLDER
_PYTHON = _BESIDE / "python.txt"

#: Which folders were made for our files, to be taken away with them.
_MADE = _BESIDE / "folders.txt"

_SUFFIXES = (".ijm", ".groovy", ".py")

#: What psfbridge wrote into a Fiji before it had a plug-in: these start-up files do not work.
_FORMER_FOLDERS = (Path("scripts", "Plugins", _FOLDER),)
_FORMER = (
    Path("macros", "AutoRun", "PSF_Bridge_AutoRun.ijm"),
    _MACROS / "PSF_Bridge.groovy",
    _MACROS / "python.txt",
)


def shipped_macros() -> list[Path]:
    """Return the macros and scripts that come with psfbridge, in order of their names.

    Raises
    ------
    BridgeError
        If they are not there: the package is incomplete.
    """
    return sorted(path for path in _shipped().iterdir() if path.suffix in _SUFFIXES)


def _shipped() -> Path:
    package = Path(str(files("psfbridge")))
    for folder in (package / "macros", package.parent / "macros"):
        if folder.is_dir():
            return folder
    raise BridgeError(f"the macros are missing next to {package}. Reinstall psfbridge.")


def install_into(fiji: str | Path) -> Sequence[Path]:
    """Put the plug-in, macros and scripts into a Fiji, and return what was written.

    The commands appear in its menu under Plugins > PSF Bridge; macros and scripts lie in its
    ``macros`` folder. What the plug-in starts is the Python that runs this.

    Parameters
    ----------
    fiji : path
        The folder that holds ``plugins``: Fiji's, or that of a plain ImageJ.

    Raises
    ------
    BridgeError
        If that is no Fiji, or the plug-in was not built and cannot be.
    OutputError
        If it cannot be written to; then nothing new is left there.
    """
    root = _root(fiji)
    contents = {root / place: content for place, content in _contents()}
    contents[root / _PYTHON] = sys.executable.encode()
    contents[root / _MADE] = _folders_to_make(root, contents)
    new = [path for path in contents if not path.exists()]
    _delete_former(root)
    try:
        for path, content in contents.items():
            _write(path, content)
    except OutputError:
        _delete(root, new)
        raise
    return list(contents)


def remove_from(fiji: str | Path) -> Sequence[Path]:
    """Take everything out of a Fiji that `install_into` or a zip put in; return what was there.

    Raises
    ------
    BridgeError
        If that is no Fiji.
    OutputError
        If a file cannot be taken away.
    """
    root = _root(fiji)
    _delete_former(root)
    places = [*_places_of_macros(), _PLUGINS / "PSF_Bridge.jar", _PYTHON, _MADE]
    wheels = (root / _BESIDE).glob("psfbridge-*.whl")  # from a zip that brought one
    paths = [*(root / place for place in places), *wheels]
    return _delete(root, [path for path in paths if path.exists()])


def write_zip(path: str | Path, wheel: str | Path | None = None) -> Path:
    """Write a zip that a user of Fiji unpacks into its folder; no Python is needed there.

    The plug-in's first command installs its own Python, from the package index or from the wheel.

    Parameters
    ----------
    path : path
        The zip; it appears whole or not at all.
    wheel : path, optional
        A wheel of psfbridge that the plug-in shall install.

    Raises
    ------
    BridgeError
        If the plug-in was not built and cannot be, or there is no such wheel.
    OutputError
        If the zip cannot be written.
    """
    if wheel is not None and not Path(wheel).is_file():
        raise BridgeError(f"the wheel {wheel} does not exist.")
    with (
        whole_file(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for place, content in _contents():
            archive.writestr(place.as_posix(), content)
        if wheel is not None:
            archive.write(wheel, (_BESIDE / Path(wheel).name).as_posix())
    return Path(path)


def missing_for(executable: str = sys.executable) -> list[str]:
    """Return what the plug-in will miss in this Python; a sentence each."""
    if importlib.util.find_spec("appose") is None:
        return [f"appose is not installed in the Python at {executable}. {how_to_install('fiji')}"]
    return []


def _root(fiji: str | Path) -> Path:
    root = Path(fiji).expanduser()
    if not (root / "plugins").is_dir():
        raise BridgeError(
            f"{fiji} is not a Fiji folder: it has no plugins folder. Give the folder that "
            "contains plugins, often called Fiji.app, Fiji or ImageJ, or a name ending in .zip "
            "to write a zip file."
        )
    return root


def _contents() -> Iterator[tuple[Path, bytes]]:
    """Yield the files of an installation: destination and content."""
    jar = plugin_jar()
    yield _PLUGINS / jar.name, jar.read_bytes()
    for path, place in zip(shipped_macros(), _places_of_macros(), strict=True):
        yield place, path.read_bytes()


def _places_of_macros() -> list[Path]:
    return [_MACROS / path.name for path in shipped_macros()]


def _folders_to_make(root: Path, contents: Mapping[Path, bytes]) -> bytes:
    """Return the list of folders that are not there, and of those that an earlier run made."""
    needed = {folder for path in contents for folder in path.relative_to(root).parents}
    made = {str(folder) for folder in needed if not (root / folder).exists()}
    return "\n".join(sorted(made | set(_made_folders(root)))).encode()


def _made_folders(root: Path) -> list[str]:
    listed = root / _MADE
    return listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(f"cannot write {path}: {fault.strerror}.") from fault
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def _delete(root: Path, paths: Sequence[Path]) -> Sequence[Path]:
    """Delete files, and the folders that were made for them and are empty then."""
    folders = {root / name for name in _made_folders(root)}
    folders |= {path.parent for path in paths if path.parent.name == _FOLDER}
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            raise OutputError(f"cannot remove {path}: {fault.strerror}.") from fault
    for folder in sorted(folders, reverse=True):  # what lies in another comes first
        with suppress(OSError):  # something of the user's is in it
            folder.rmdir()
    return paths


def _delete_former(root: Path) -> None:
    scripts = [path for folder in _FORMER_FOLDERS for path in (root / folder).glob("*")]
    former = [path for path in (root / place for place in _FORMER) if path.exists()]
    _delete(root, [*former, *scripts])
