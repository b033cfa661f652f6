"""``psfbridge measure`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from psfbridge.cli import main
from psfbridge.psf.psf import PSF

DATA = Path(__file__).parents[3] / "shared" / "data"


def spot(shape=(15, 21, 21)):
    grid = np.ogrid[tuple(slice(0, length) for length in shape)]
    terms = ((g - n // 2) ** 2 / 5.0 for g, n in zip(grid, shape, strict=True))
    return np.exp(-sum(terms))


@pytest.fixture
def psf_path(tmp_path):
    path = tmp_path / "psf.tif"
    PSF.from_volume(spot(), (0.3, 0.1, 0.1)).save(path)
    return path


def test_prints_a_table_and_writes_json(psf_path, tmp_path, capsys):
    assert main(["measure", str(psf_path), "--json", str(tmp_path / "out.json")]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("measured: the PSF psf.tif\n")
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    width = 2 * np.sqrt(5 * np.log(2))
    assert record["fwhm_um"] == pytest.approx(np.array((0.3, 0.1, 0.1)) * width, rel=5e-3)
    line = next(line for line in printed.splitlines() if line.startswith("FWHM at half"))
    assert [float(cell) for cell in line.split()[-3:]] == pytest.approx(record["fwhm_um"], rel=5e-3)
    assert len({len(line) for line in printed.splitlines() if line.endswith(("z", "x"))}) == 1


def test_a_plane_is_dashes_and_null(tmp_path, capsys):
    PSF.from_volume(spot((1, 21, 21)), (1.0, 0.1, 0.1)).save(tmp_path / "plane.tif")
    out = tmp_path / "out.json"
    assert main(["measure", str(tmp_path / "plane.tif"), "--json", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["fwhm_um"][0] is None
    assert "nan" not in capsys.readouterr().out


def test_the_voxel_size_can_be_given(tmp_path, capsys):
    path = tmp_path / "plain.tif"
    tifffile.imwrite(path, (20 + 900 * spot()).astype("uint16"))
    assert main(["measure", str(path)]) == 1
    assert "--voxel-um" in capsys.readouterr().err
    assert main(["measure", str(path), "--voxel-um", "0.3", "0.1", "0.1"]) == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["absent.tif"], 1),
        ([], 2),
        (["{psf}", "--voxel-um", "1", "2"], 2),
        (["{psf}", "--voxel-um", "0", "1", "1"], 2),
        (["{psf}", "--channel", "3"], 1),
        (["{psf}", "--json", "/absent/out.json"], 1),
    ],
)
def test_what_is_wrong_is_said_in_one_line(psf_path, capsys, arguments, status):
    assert main(["measure", *(item.format(psf=psf_path) for item in arguments)]) == status
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 1


@pytest.mark.data
def test_says_what_it_measured_in_a_field(capsys):
    path = DATA / "sample_zstack.tif"
    if not path.exists():
        pytest.skip(f"sample_zstack.tif is not in {DATA}")
    assert main(["measure", str(path)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("measured: median of 3")
    assert "sample_zstack.tif" in first


def test_several_files_are_measured_one_after_the_other(psf_path, tmp_path, capsys):
    other = tmp_path / "other.tif"
    other.write_bytes(psf_path.read_bytes())
    assert main(["measure", str(psf_path), str(other), "--json", str(tmp_path / "a.json")]) == 0
    out = capsys.readouterr().out
    assert out.count("FWHM at half maximum") == 2
    record = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert list(record) == [str(psf_path), str(other)]
    assert record[str(other)]["fwhm_um"] == record[str(psf_path)]["fwhm_um"]
