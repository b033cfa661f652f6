"""Outputs appear whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from psfbridge._util.atomic_files import (
    check_apart,
    check_writable,
    made_folder,
    whole_file,
    whole_folder,
    write_text,
)
from psfbridge.errors import Cancelled, OutputError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def test_a_file_appears_with_its_text(tmp_path):
    write_text(tmp_path / "a.csv", "µm\n")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "µm\n"
    assert names(tmp_path) == ["a.csv"]


def test_a_file_has_the_usual_rights(tmp_path):
    write_text(tmp_path / "a.csv", "")
    (tmp_path / "b.csv").write_text("")
    assert (tmp_path / "a.csv").stat().st_mode == (tmp_path / "b.csv").stat().st_mode


@pytest.mark.parametrize("fault", [ValueError("no"), Cancelled("stopped"), KeyboardInterrupt()])
def test_after_a_failure_the_old_file_is_there(tmp_path, fault):
    path = tmp_path / "a.csv"
    path.write_text("old")
    with pytest.raises(type(fault)), whole_file(path) as temporary:
        temporary.write_text("half")
        raise fault
    assert path.read_text("utf-8") == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_full_disk_is_one_clear_line(tmp_path):
    path = tmp_path / "a.tif"
    words = r"No space left.*No incomplete file was left"
    with pytest.raises(OutputError, match=words) as caught, whole_file(path) as temporary:
        temporary.write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert "\n" not in str(caught.value)
    assert names(tmp_path) == []


def test_a_temporary_file_has_the_endings_of_the_path(tmp_path):
    with whole_file(tmp_path / "a.ome.tif") as temporary:
        assert temporary.name.endswith(".ome.tif")
        assert temporary.parent == tmp_path


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="does not exist"):
        check_writable(tmp_path / "none" / "a.tif")


def test_a_folder_appears_whole(tmp_path):
    with whole_folder(tmp_path / "a.zarr") as folder:
        (folder / ".zgroup").write_text("{}")
        assert names(tmp_path) != ["a.zarr"]
    assert names(tmp_path) == ["a.zarr"]
    assert names(tmp_path / "a.zarr") == [".zgroup"]


def test_a_zarr_is_replaced_only_on_success(tmp_path):
    path = tmp_path / "a.zarr"
    for text in ("old", "new"):
        with whole_folder(path) as folder:
            (folder / ".zgroup").write_text(text)
    assert (path / ".zgroup").read_text("utf-8") == "new"
    with pytest.raises(OutputError, match="No space"), whole_folder(path) as folder:
        (folder / ".zgroup").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert (path / ".zgroup").read_text("utf-8") == "new"
    assert names(tmp_path) == ["a.zarr"]


def test_a_folder_of_another_kind_is_never_replaced(tmp_path):
    path = tmp_path / "thesis.zarr"
    path.mkdir()
    (path / "chapter1.txt").write_text("years of work")
    with pytest.raises(OutputError, match="already taken by something else"), whole_folder(path):
        pytest.fail("nothing may be written")
    assert names(path) == ["chapter1.txt"]


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.zarr"])
def test_a_write_that_is_cut_off_leaves_nothing(tmp_path, name):
    """The real thing: the system refuses to let the file grow."""
    code = f"""
import resource, signal, sys
import numpy as np
from psfbridge.errors import OutputError
from psfbridge.imaging.image import Image
from psfbridge.imaging.write import write_image
image = Image(np.random.default_rng(0).random((20, 100, 100), "f4"), (1, 1, 1))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_image({str(tmp_path / name)!r}, image)
except OutputError as fault:
    print(fault)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=1200
    )
    assert done.stderr == ""
    assert done.stdout.startswith(f"cannot write {tmp_path / name}: ")
    assert done.stdout.count("\n") == 1
    assert names(tmp_path) == []


def test_an_unknown_ending_is_refused(tmp_path):
    image = Image(np.zeros((3, 3, 3), "u1"), (1, 1, 1))
    with pytest.raises(OutputError, match=r"endings are \.tif, \.ome\.tif, \.zarr and \.ics"):
        write_image(tmp_path / "a.png", image)
    assert names(tmp_path) == []


def test_outputs_replace_neither_what_is_read_nor_each_other(tmp_path):
    table, image = tmp_path / "a.csv", tmp_path / "a.tif"
    check_apart([table, None], [image], tmp_path / "report")
    with pytest.raises(OutputError, match="is also an input"):
        check_apart([tmp_path / "sub" / ".." / "a.tif"], [image])
    with pytest.raises(OutputError, match="two outputs have this name"):
        check_apart([table, table], [image])
    for outputs, inputs in (([table], []), ([], [image])):
        with pytest.raises(OutputError, match="would be inside it"):
            check_apart(outputs, inputs, tmp_path)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path, name):
    with pytest.raises(OutputError, match="Choose another name"):
        check_writable(tmp_path / name)
    with pytest.raises(OutputError, match="Choose another name"):
        made_folder(tmp_path / name)


def test_a_folder_is_made_only_where_it_can_be(tmp_path):
    assert made_folder(tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file is a file\. Choose another"):
        made_folder(tmp_path / "file" / "b")
