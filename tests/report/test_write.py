"""The report: all of it or nothing, and never instead of somebody else's folder."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from psfbridge.detection.beads import Bead, Beads
from psfbridge.distillation.result import Distillation
from psfbridge.errors import OutputError
from psfbridge.evaluation.about import About
from psfbridge.imaging.image import Image
from psfbridge.measurement.measures import measure
from psfbridge.options import DistillOptions
from psfbridge.psf.psf import PSF
from psfbridge.report import write as report
from psfbridge.report.write import check_report_folder, write_pdf, write_report

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
    pictures = {
        f"{name}.png"
        for name in ("psf", "profiles", "histograms", "thumbnails", "maps", "beads", "image")
    }
    tables = {"beads.csv", "bead_figures.csv"}
    assert names == pictures | tables | {"index.html", "result.json", "assessment.json"}
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r'<img [^>]*src="data:image/png;base64,', text)) == len(pictures)
    assert "http" not in text
    assert "src=" not in re.sub(r'src="data:[^"]*"', "", text)
    assert "<b>" not in text.replace("<body>", "")
    assert "Assumed &lt;something&gt;." in text
    assert "2 found: 1 used, 1 border" in text
    linked = set(re.findall(r'<a href="([^"]*)">', text))
    assert linked == names - {"index.html"}
    assert [item.name for item in tmp_path.iterdir()] == ["report"]


def test_the_page_shows_the_measures(result, tmp_path):
    text = write_report(result, tmp_path / "report").read_text(encoding="utf-8")
    widths = [f"{width:#.3g}" for width in result.measures.fwhm_um]
    row = "".join(f'<td class="number">{width}</td>' for width in widths)
    assert f"<tr><th scope=row>FWHM at half maximum, µm</th>{row}</tr>" in text


def test_the_page_says_who_imaged_what(result, tmp_path):
    about = About(operator="A. Abbe", objective="63x/1.4", sample="<slide 3>")
    text = result.report(tmp_path / "report", about=about).read_text(encoding="utf-8")
    for name, words in (("operator", "A. Abbe"), ("sample", "&lt;slide 3&gt;")):
        assert f"<th scope=row>{name}</th><td>{words}</td>" in text
    assert "site</th>" not in text


def test_every_picture_of_the_page_is_described(result, tmp_path):
    text = write_report(result, tmp_path / "report").read_text(encoding="utf-8")
    assert all(len(alt) > 20 for alt in re.findall(r'<img alt="([^"]*)"', text))
    assert '<html lang="en">' in text


def test_the_page_opens_its_collapsed_parts_when_it_is_printed(result, tmp_path):
    text = write_report(result, tmp_path / "report").read_text(encoding="utf-8")
    assert "<details>" in text
    assert "@page{size:A4" in text
    assert "beforeprint" in text


def test_the_table_of_beads_lists_every_candidate(result, tmp_path):
    page = write_report(result, tmp_path / "report")
    rows = (page.parent / "bead_figures.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["0", "1"]
    assert rows[2].endswith("rejected,border")
    assert "Table of all 2 candidates" in page.read_text(encoding="utf-8")


def test_writes_a_pdf_with_the_words_of_the_page(result, tmp_path):
    path = write_pdf(result, tmp_path / "report.pdf", about=About(operator="Zoë Müller"))
    content = path.read_bytes()
    assert content.startswith(b"%PDF-")
    assert content.count(b"/Type /Page\n") >= 2
    assert [item.name for item in tmp_path.iterdir()] == ["report.pdf"]
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", "-layout", str(path), "-"], capture_output=True, text=True, check=True
        ).stdout
        for words in ("PSF of <b>.tif", "Zoë Müller", "FWHM at half maximum", "Every candidate"):
            assert words in text


def test_a_pdf_that_cannot_be_written_leaves_nothing(result, tmp_path, monkeypatch):
    monkeypatch.setattr("psfbridge.report.pdf.pdf_bytes", lambda _: b"%PDF-")
    with pytest.raises(OutputError):
        write_pdf(result, tmp_path / "absent" / "report.pdf")
    assert not list(tmp_path.iterdir())


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

    monkeypatch.setattr(report, "html_page", fail)
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
    with pytest.raises(OutputError, match="already taken by something else"):
        write_report(result, folder)
    with pytest.raises(OutputError):
        check_report_folder(folder)
    assert (folder / name).read_text("utf-8") == "precious"


def test_a_report_with_a_stranger_inside_is_refused(result, tmp_path):
    page = write_report(result, tmp_path / "report")
    (page.parent / "my notes.docx").write_text("precious")
    with pytest.raises(OutputError):
        write_report(result, tmp_path / "report")
    assert (page.parent / "my notes.docx").exists()


def test_a_folder_that_cannot_be_made_is_told_before_the_work(tmp_path):
    with pytest.raises(OutputError, match="does not exist"):
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
        "median_snr": None,
    }
    assert record["options"]["bead_diameter_um"] == 0.1
    assert record["options"]["iterations"] == 200
    assert record["versions"] == {"psfbridge": "0"}
    assert record["timings_s"] == {"find": 0.25}
    assert record["diagnostics"] == {"rounds": 3, "chi2": None}
    assert record["psf"] == {"shape": [15, 21, 21], "voxel_um": list(VOXEL_UM)}
    assert record["provenance"]["inputs"] == [{"name": "<b>.tif"}]
