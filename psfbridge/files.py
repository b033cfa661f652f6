"""Output files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from psfbridge.errors import OutputError

__all__ = ["check_writable", "whole_file", "write_text"]


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
        os.replace(temporary, path)
    except OSError as fault:
        if isinstance(fault, OutputError):
            raise
        reason = fault.strerror or str(fault)
        raise OutputError(f"cannot write {path}: {reason}. Nothing was left there.") from fault
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


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
