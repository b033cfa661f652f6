"""Output files that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psfbridge.errors import OutputError

__all__ = ["check_folder", "check_writable", "whole_file", "whole_folder", "write_text"]


def check_writable(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a file could be written there; ask before long work."""
    path = Path(path)
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder. Name a file.")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: there is no folder {folder}. Make it first.")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: the folder {folder} is not writable.")
    return path


@contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends well.

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
        yield temporary
        temporary.replace(path)
    except OSError as fault:
        if isinstance(fault, OutputError):
            raise
        raise _unwritable(path, fault) from fault
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
    """Return `path` if a folder could be written there; ask before long work.

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
        raise OutputError(f"cannot write {path}: something else is there. Take another name.")
    check_writable(path.with_name(path.name + ".new"))
    return path


@contextmanager
def whole_folder(
    path: str | os.PathLike[str], replaceable: Callable[[Path], bool] = _is_zarr
) -> Iterator[Path]:
    """Give a temporary folder beside `path`; move it there when the block ends well.

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
        fresh.mkdir()
        yield fresh
        if path.exists():
            path.replace(old)
        fresh.replace(path)
    except OSError as fault:
        if old.exists():
            old.replace(path)
        if isinstance(fault, OutputError):
            raise
        raise _unwritable(path, fault) from fault
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unwritable(path: Path, fault: OSError) -> OutputError:
    # NumPy's "N requested and M written" carries no errno; a full disk is the usual reason.
    reason = fault.strerror or f"{fault} (is the disk full?)"
    return OutputError(f"cannot write {path}: {reason}. Nothing was left there.")


def _reserve(path: Path) -> Path:
    """Make an empty file beside `path`, with its endings (writers choose formats by them)."""
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
