"""Atomic output files: written completely or not at all."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psfbridge.errors import OutputError

__all__ = [
    "check_apart",
    "check_folder",
    "check_makeable",
    "check_writable",
    "made_folder",
    "whole_file",
    "whole_folder",
    "write_text",
]


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file can be written there; call it before long work."""
    path = Path(path)
    if _is_folder(path):
        raise OutputError(f"cannot write {path}: it is a folder. Give a file name.")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(
            f"cannot write {path}: the folder {folder} does not exist. Create it first."
        )
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: the folder {folder} is not writable.")
    return path


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as fault:  # a name that is too long, or has a NUL in it
        reason = getattr(fault, "strerror", None) or fault
        raise OutputError(f"cannot write {str(path)!r}: {reason}. Choose another name.") from fault


def check_apart(
    outputs: Iterable[str | os.PathLike[str] | None],
    inputs: Iterable[str | os.PathLike[str]],
    folder: str | os.PathLike[str] | None = None,
) -> None:
    """Reject outputs that would overwrite an input or one another; call it before long work.

    Parameters
    ----------
    outputs : iterable of path or None
        Files to be written; None is one that was not asked for.
    inputs : iterable of path
        What is to be read.
    folder : path, optional
        A folder that is to be written as a whole, such as a report's.

    Raises
    ------
    OutputError
        If one is named twice, or lies in the folder.
    """
    read = {Path(path).resolve() for path in inputs}
    written: set[Path] = set()
    for path in (one for one in outputs if one is not None):
        place = Path(path).resolve()
        if place in read:
            raise OutputError(f"output {path} is also an input. Choose another output file.")
        if place in written:
            raise OutputError(
                f"cannot write {path}: two outputs have this name. Give each its own name."
            )
        written.add(place)
    if folder is not None:
        _check_alone(Path(folder).resolve(), read | written)


def _check_alone(folder: Path, files: Iterable[Path]) -> None:
    """Refuse a folder that is replaced as a whole, and what is in it with it."""
    for path in files:
        if folder == path or folder in path.parents:
            raise OutputError(
                f"cannot write the folder {folder}: {path} would be inside it. Choose a new, "
                "empty folder."
            )


def check_makeable(path: str | os.PathLike[str]) -> Path:
    """Return the folder `path` if it exists or can be created; call it before long work."""
    folder = Path(path)
    nearest = folder
    while not _is_folder(nearest):
        if nearest.exists():
            raise OutputError(
                f"cannot create the folder {folder}: {nearest} is a file. Choose another folder."
            )
        nearest = nearest.parent
    if not os.access(nearest, os.W_OK):
        raise OutputError(
            f"cannot write into {nearest}: it is not writable.", remedy="Choose another folder."
        )
    return folder


def made_folder(path: str | os.PathLike[str]) -> Path:
    """Return the folder `path`, made if need be, in which files can be written.

    Raises
    ------
    OutputError
        If it cannot be made, or not be written.
    """
    folder = check_makeable(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise OutputError(
            f"cannot create the folder {folder}: {fault.strerror}. Choose another folder."
        ) from fault
    return folder


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside `path` and move it there if the block succeeds.

    On any failure, cancellation included, the temporary file is removed and what was at `path`
    before is untouched.

    Raises
    ------
    OutputError
        If the file cannot be written: no folder, no right, no space.
    """
    path = check_writable(path)
    temporary = _reserve(path)
    try:
        with _one_error(path):
            yield temporary
            temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


#: The files by which a Zarr folder is known.
_ZARR_MARKS = ("zarr.json", ".zgroup", ".zarray")


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _ZARR_MARKS)


def check_folder(
    path: str | os.PathLike[str], replaceable: Callable[[Path], bool] = _is_zarr
) -> Path:
    """Return `path` if a folder can be written there; call it before long work.

    Parameters
    ----------
    path : path
        Where the folder will be.
    replaceable : callable
        Whether an existing folder may be replaced; by default an older Zarr folder may.

    Raises
    ------
    OutputError
        If it cannot be written, or something else is there.
    """
    path = Path(path).resolve()
    if path.exists() and not (path.is_dir() and replaceable(path)):
        raise OutputError(
            f"cannot write {path}: this name is already taken by something else.",
            remedy="Choose another name.",
        )
    check_writable(path.with_name(path.name + ".new"))
    return path


@contextmanager
def whole_folder(
    path: str | os.PathLike[str], replaceable: Callable[[Path], bool] = _is_zarr
) -> Iterator[Path]:
    """Yield a temporary folder beside `path` and move it there if the block succeeds.

    On any failure the temporary folder is removed and what was at `path` before is untouched.

    Parameters
    ----------
    path : path
        Where the folder will be.
    replaceable : callable
        Whether an existing folder may be replaced; by default an older Zarr folder may.

    Raises
    ------
    OutputError
        If the folder cannot be written, or something else is there.
    """
    path = check_folder(path, replaceable)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=".psfbridge-", suffix=path.suffix))
    fresh, old = temporary / "new", temporary / "old"
    try:
        with _one_error(path):
            fresh.mkdir()
            yield fresh
            if path.exists():
                path.replace(old)
            fresh.replace(path)
    finally:
        if old.exists() and not path.exists():
            old.replace(path)
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _one_error(path: Path) -> Iterator[None]:
    """Convert a failed write to a one-line error."""
    try:
        yield
    except OutputError:
        raise
    except OSError as fault:
        # NumPy's "N requested and M written" carries no errno; a full disk is the usual reason.
        reason = fault.strerror or f"{fault} (is the disk full?)"
        raise OutputError(
            f"cannot write {path}: {reason}. No incomplete file was left behind."
        ) from fault


def _reserve(path: Path) -> Path:
    """Create an empty file beside `path` with the same extension, which selects the format."""
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=".psfbridge-", suffix="".join(path.suffixes)[-40:]
        )
        os.close(handle)
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
    except OSError as fault:
        raise OutputError(f"cannot write {path}: {fault.strerror}.") from fault
    return Path(name)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write `text` to `path`, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
