"""The report: all of it or nothing, and never instead of somebody else's folder."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.result import Distillation
from psfbridge.errors import OutputError
from psfbridge.imaging.image import Image
from psfbridge.measurement.measures import measure
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF
from psfbridge.report import html as report
from psfbridge.report.html import check_report_folder, write_report

VOXEL_UM = (0.3, 0.1, 0.1)


@pytest.fixture
def result():
    z, y, x = np.mgrid[-7:8, -10:11, -10:11]
    spot = np.exp(-(z**2 + y**2 + x**2) / 5.0)
    psf = PSF.from_volume(
        spot, VOXEL_UM, provenance={"versions": {"psfbridge": "0"}, "inputs": [{"name": "<b>.tif"}]}
    )
    image = Image((20 + 500 * spot).astype("uint16"), VOXEL_UM, "<b>.tif")
    beads = Beads(
        [
            Bead("<b>.tif", 0, 7, 10, 10),
            Bead("<b>.tif", 1, 3, 2, 4, status="rejected", reason="border"),
        ]
    )
    return Distillation(
        psf,
        beads,
        measure(psf),
        "average",
        DistillOptions(bead_diameter_um=0.1),
        (image,),
        notes=("Assumed <something>.",),
        timings_s={"find": 0.25},
        diagnostics={"rounds": np.int64(3), "chi2": float("nan")},
    )


def test_writes_a_page_that_needs_nothing_else(result, tmp_path):
    page = result.report(tmp_path / "report")
    assert page == tmp_path / "report" / "index.html"
    names = {item.name for item in page.parent.iterdir()}
    pictures = {"psf.png", "profiles.png", "beads.png", "image.png"}
    assert names == pictures | {"index.html", "beads.csv", "result.json"}
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r'<img [^>]*src="data:image/png;base64,', text)) == len(pictures)
    assert "http" not in text
    assert "src=" not in re.sub(r'src="data:[^"]*"', "", text)
    assert "<b>" not in text.replace("<body>", "")
    assert "Assumed &lt;something&gt;." in text
    assert "2 found: 1 used, 1 border" in text
    assert [item.name for item in tmp_path.iterdir()] == ["report"]


def test_the_page_shows_the_measures(result, tmp_path):
    text = write_report(result, tmp_path / "report").read_text(encoding="utf-8")
    widths = [f"{width:#.3g}" for width in result.measures.fwhm_um]
    row = "".join(f"<td class=number>{width}</td>" for width in widths)
    assert f"<tr><th>FWHM at half maximum, µm</th>{row}</tr>" in text


def test_an_older_report_is_replaced(result, tmp_path):
    folder = tmp_path / "report"
    write_report(result, folder)
    (folder / "image_9.png").write_bytes(b"old")
    write_report(result, folder)
    assert not (folder / "image_9.png").exists()


def test_an_older_report_stays_when_the_new_one_fails(result, tmp_path, monkeypatch):
    folder = tmp_path / "report"
    write_report(result, folder)
    before = (folder / "index.html").read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report, "_page", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_report(result, folder)
    assert (folder / "index.html").read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["report"]


def test_an_empty_folder_is_taken(result, tmp_path):
    (tmp_path / "report").mkdir()
    assert write_report(result, tmp_path / "report").is_file()


@pytest.mark.parametrize("name", ["thesis.docx", "index.html", "photo.png"])
def test_a_folder_of_somebody_else_is_refused(result, tmp_path, name):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / name).write_text("precious")
    with pytest.raises(OutputError, match="something else is there"):
        write_report(result, folder)
    with pytest.raises(OutputError):
        check_report_folder(folder)
    assert (folder / name).read_text() == "precious"


def test_a_report_with_a_stranger_inside_is_refused(result, tmp_path):
    page = write_report(result, tmp_path / "report")
    (page.parent / "my notes.docx").write_text("precious")
    with pytest.raises(OutputError):
        write_report(result, tmp_path / "report")
    assert (page.parent / "my notes.docx").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path):
    with pytest.raises(OutputError, match="no folder"):
        check_report_folder(tmp_path / "absent" / "report")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        check_report_folder(tmp_path / "file")


def test_the_record_has_everything_and_is_strict_json(result):
    def refuse(name):
        raise AssertionError(name)

    record = json.loads(result.to_json(), parse_constant=refuse)
    assert record["measures"]["fwhm_um"] == pytest.approx(result.measures.fwhm_um)
    assert record["beads"] == {
        "found": 2,
        "used": 1,
        "held_out": 0,
        "rejected": {"border": 1},
    }
    assert record["options"]["bead_diameter_um"] == 0.1
    assert record["options"]["iterations"] == 200
    assert record["versions"] == {"psfbridge": "0"}
    assert record["timings_s"] == {"find": 0.25}
    assert record["diagnostics"] == {"rounds": 3, "chi2": None}
    assert record["psf"] == {"shape": [15, 21, 21], "voxel_um": list(VOXEL_UM)}
    assert record["provenance"]["inputs"] == [{"name": "<b>.tif"}]
