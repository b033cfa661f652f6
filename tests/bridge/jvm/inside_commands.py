"""The commands on a real ImageJ: what they show, and what they leave alone."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from inside_fixtures import active, assert_same_psf, statuses, take_away

import psfbridge as pb
from psfbridge import bridge
from psfbridge.bridge.commands import inputs
from psfbridge.bridge.java.find import java_class
from psfbridge.imaging.image import Image

DISTILL = 'run("Distill PSF...", "method=average size=1.5,1.3,1.3");'


def test_the_psf_is_that_of_the_command_line(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    assert_same_psf(active(), expected)


def test_the_psf_is_calibrated_and_shown_whole(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    imp = active()
    assert imp.getBitDepth() == 32
    assert str(imp.getCalibration().getUnit()) in ("micron", "µm")
    assert imp.getDisplayRangeMin() == 0
    assert imp.getDisplayRangeMax() == pytest.approx(expected.psf.data.max())
    assert imp.getSlice() == expected.psf.data.shape[0] // 2 + 1
    provenance = json.loads(str(imp.getProperty("Info")))
    assert provenance["options"]["method"] == "average"


def test_a_psf_saved_by_imagej_is_a_psf_for_python(macro, expected, tmp_path):
    path = tmp_path / "psf.tif"
    macro(f'open("BEADS"); {DISTILL} saveAs("Tiff", getArgument());', str(path))
    psf = pb.PSF.load(path)
    np.testing.assert_allclose(psf.data, expected.psf.data, rtol=1e-6)
    assert psf.provenance["options"]["method"] == "average"


def test_every_candidate_is_in_the_table(macro, expected):
    macro(f'open("BEADS"); {DISTILL}')
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    assert table.size() == len(expected.beads)
    for row, bead in enumerate(expected.beads):
        assert str(table.getStringValue("status", row)) == bead.status
        assert str(table.getStringValue("reason", row)) == bead.reason
        assert table.getValue("z", row) == pytest.approx(bead.z, abs=1e-6)


def test_the_input_is_unchanged(macro, beads):
    before = macro(
        'open("BEADS"); setSlice(7); makeRectangle(10, 12, 70, 72); getSelectionBounds(x,y,w,h);'
        'return "" + getImageID() + "," + x + "," + y + "," + w + "," + h + "," + getSliceNumber();'
    )
    imp = active()
    macro('run("Find Beads...");')
    after = macro(
        "getSelectionBounds(x,y,w,h);"
        'return "" + getImageID() + "," + x + "," + y + "," + w + "," + h + "," + getSliceNumber();'
    )
    assert after == before
    np.testing.assert_array_equal(bridge.from_imageplus(imp).data, beads.data)
    assert not imp.isLocked()


def test_beads_are_marked_where_they_are_seen(macro, expected):
    macro('open("BEADS"); run("Find Beads...");')
    imp = active()
    overlay = imp.getOverlay()
    names = {str(overlay.get(i).getName()) for i in range(overlay.size())}
    used = expected.beads.with_status("used")
    assert {f"PSF Bridge {bead.bead} used" for bead in used} <= names
    slices = {overlay.get(i).getPosition() for i in range(overlay.size())}
    assert {8, 9, 10} <= slices, "beads lie around slice 9 of 17, a few slices deep"
    assert 1 not in slices
    assert 17 not in slices


def test_marks_do_not_pile_up_and_others_stay(macro):
    macro(
        'open("BEADS"); makeOval(1, 2, 3, 4); run("Add Selection..."); run("Select None");'
        'run("Find Beads...");'
    )
    first = active().getOverlay().size()
    macro('run("Find Beads...");')
    assert active().getOverlay().size() == first
    names = [str(active().getOverlay().get(i).getName()) for i in range(first)]
    assert sum(not name.startswith("PSF Bridge") for name in names) == 1


def test_a_bead_whose_mark_was_taken_away_is_left_out(macro):
    macro('open("BEADS"); run("Find Beads...");')
    take_away("PSF Bridge 4 ")
    macro('run("Find Beads...");')
    assert [statuses()[4], statuses().count("used")] == ["rejected", 8]
    macro(f'{DISTILL} close(); run("Remove Overlay"); run("Find Beads...");')
    assert statuses().count("used") == 9, "without marks everything begins anew"


def test_a_rectangle_limits_the_beads(macro):
    macro('open("BEADS"); makeRectangle(5, 5, 60, 30); run("Find Beads...");')
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    found = [(table.getValue("x", i), table.getValue("y", i)) for i in range(table.size())]
    assert len(found) == 2
    assert all(4.5 <= x <= 64.5 and 4.5 <= y <= 34.5 for x, y in found)


def test_a_rectangle_without_beads_is_said(macro):
    with pytest.raises(pb.errors.NoBeadsError, match=r"no bead within the selection on beads\.tif"):
        macro('open("BEADS"); makeRectangle(0, 0, 5, 5); run("Find Beads...");')


def test_measure_adds_a_row(macro, expected):
    macro(f'open("BEADS"); {DISTILL} run("Measure PSF...");')
    table = java_class("ij.measure.ResultsTable").getResultsTable()
    assert table.size() == 1
    widths = [table.getValue(f"fwhm_{axis}_um", 0) for axis in "zyx"]
    np.testing.assert_allclose(widths, expected.measures.fwhm_um, rtol=1e-6)


def test_files_are_written_on_request(macro, tmp_path):
    macro(
        'open("BEADS"); d = getArgument(); run("Distill PSF...", "method=average beads=[" + d + '
        '"/b.csv] json=[" + d + "/r.json] report=[" + d + "/a report]");',
        str(tmp_path),
    )
    assert (tmp_path / "b.csv").read_text("utf-8").startswith("image,bead,z,y,x")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["method"] == "average"
    assert list((tmp_path / "a report").glob("*.html"))


def test_the_error_volume_on_request(macro, monkeypatch):
    real = pb.distill

    def with_error(image, **options):
        result = real(image, **options)
        return replace(result, psf=replace(result.psf, error=result.psf.data / 10))

    monkeypatch.setattr(pb, "distill", with_error, raising=False)
    macro('open("BEADS"); run("Distill PSF...", "method=average error");')
    titles = set(java_class("ij.WindowManager").getImageTitles())
    assert "Error of PSF of beads.tif" in {str(title) for title in titles}
    assert str(active().getTitle()) == "PSF of beads.tif"


class TestHyperstacks:
    @pytest.fixture
    def hyper(self, host, beads):  # noqa: ARG002 - a host must run
        """Two channels and two frames; only channel 2 of frame 2 has beads."""
        noise = np.random.default_rng(0).poisson(20, beads.data.shape).astype(np.uint16)
        stacks = np.stack([noise, noise, noise, beads.data])
        imp = bridge.to_imageplus(Image(stacks, beads.voxel_um, "hyper"))
        planes = [(t, z, c) for t in range(2) for z in range(len(noise)) for c in range(2)]
        stack = java_class("ij.ImageStack")(imp.getWidth(), imp.getHeight())
        for t, z, c in planes:
            stack.addSlice(
                None, imp.getStack().getPixels(imp.getStackIndex(2 * t + c + 1, z + 1, 1))
            )
        hyper = java_class("ij.ImagePlus")("hyper", stack)
        hyper.setDimensions(2, len(noise), 2)
        hyper.setOpenAsHyperStack(True)
        hyper.setCalibration(imp.getCalibration())
        hyper.show()
        return hyper

    def test_the_current_ones_are_the_default(self, macro, hyper):
        hyper.setPosition(2, 1, 2)
        macro(DISTILL)
        assert str(active().getTitle()) == "PSF of hyper"

    def test_others_are_options(self, macro, hyper):  # noqa: ARG002
        macro('run("Distill PSF...", "method=average channel=2 frame=2");')
        assert str(active().getTitle()) == "PSF of hyper"
        with pytest.raises(pb.errors.NoBeadsError):
            macro(
                'selectImage("hyper"); run("Distill PSF...", "channel=1 frame=2 method=average");'
            )

    def test_what_is_not_there_is_said(self, macro, hyper):
        with pytest.raises(pb.errors.ImageError, match="no channel 3; allowed are 1 to 2"):
            macro('run("Find Beads...", "channel=3");')
        hyper.show()  # a macro that fails without a window takes its images with it
        with pytest.raises(pb.errors.OptionError, match="channel is 'two'"):
            macro('run("Find Beads...", "channel=two");')

    def test_marks_are_on_their_channel_and_frame(self, macro, hyper):
        macro('run("Find Beads...", "channel=2 frame=2");')
        mark = hyper.getOverlay().get(0)
        assert [mark.getCPosition(), mark.getTPosition()] == [2, 2]

    @pytest.fixture
    def two(self, host, beads):  # noqa: ARG002 - a host must run
        """The same beads in two channels, the second two voxels further along x."""
        both = np.stack([beads.data, np.roll(beads.data, 2, axis=2)])
        imp = bridge.to_imageplus(Image(both, beads.voxel_um, "two"))
        imp.show()
        return imp

    def test_all_channels_have_one_common_origin(self, macro, two):  # noqa: ARG002
        said = bridge.run_macro('run("Distill PSF...", "channel=all method=average");').output
        shifted = r"Distill PSF: two, channel 2 is shifted by .*x \+(199|200)\.\d .*channel 1"
        assert re.search(shifted, said)
        imp = active()
        assert imp.isComposite()
        assert [imp.getNChannels(), imp.getNFrames()] == [2, 1]
        psfs = bridge.from_imageplus(imp).data
        np.testing.assert_allclose(psfs.sum(axis=(1, 2, 3)), 1, rtol=1e-4)
        peaks = [np.unravel_index(np.argmax(psf), psf.shape) for psf in psfs]
        assert peaks[0] == tuple(length // 2 for length in psfs[0].shape)
        assert np.subtract(peaks[1], peaks[0]).tolist() == [0, 0, 2]
        shift = macro(
            'run("PSF Bridge Extensions"); '
            'return Ext.psfGet("shift_x_nm_2") + Ext.psfGet("origin");'
        )
        assert float(shift.removesuffix("common")) == pytest.approx(200, abs=2)

    @pytest.mark.parametrize("channel", ["all", "2"])
    def test_deconvolution_takes_the_shift_out(self, macro, two, beads, channel):  # noqa: ARG002
        macro(
            'run("Distill PSF...", "channel=all method=average"); selectImage("two"); '
            'run("Deconvolve with PSF...", "psf=[PSF of two] iterations=10 engine=cpu '
            f'channel={channel}");'
        )
        sharp = bridge.from_imageplus(active()).data.reshape(-1, *beads.data.shape)
        alone = pb.deconvolve(
            beads,
            pb.distill(beads, method="average").psf,
            iterations=10,
            engine="cpu",
        ).data
        for one in sharp:
            # Around a bead; at the sides np.roll brought in what is not there.
            there, here = (volume[:, 35:60, 35:60].sum(axis=(0, 1)) for volume in (one, alone))
            centres = [np.average(np.arange(25), weights=profile) for profile in (there, here)]
            assert centres[0] == pytest.approx(centres[1], abs=0.05)

    def test_without_a_common_bead_each_has_its_own_origin(self, macro, beads):
        empty = np.random.default_rng(0).poisson(20, beads.data.shape).astype(np.uint16)
        apart, others = empty.copy(), empty.copy()
        apart[:, :34, :34] = beads.data[:, :34, :34]
        others[:, 62:, 62:] = beads.data[:, 62:, 62:]
        bridge.to_imageplus(Image(np.stack([apart, others]), beads.voxel_um, "two")).show()
        said = bridge.run_macro('run("Distill PSF...", "channel=all method=average");').output
        assert "channel 2: no bead is also visible in channel 1" in said
        assert "no common origin" in said
        assert macro('run("PSF Bridge Extensions"); return Ext.psfGet("origin");') == "each its own"

    def test_the_optics_of_all_channels_are_refused(self, macro, two):  # noqa: ARG002
        with pytest.raises(pb.errors.OptionError, match="each channel has its own"):
            macro(
                'run("Distill PSF...", "channel=all na=1.4 wavelength=0.5 refractive_index=1.5");'
            )

    def test_frames_that_could_be_slices_are_said(self, macro):
        with pytest.raises(pb.errors.ImageError, match="17 frames of one slice each"):
            macro('open("BEADS"); Stack.setDimensions(1, 1, 17); run("Find Beads...");')


def test_a_virtual_stack(macro, expected, bead_file):
    java_class("ij.IJ").openVirtual(str(bead_file)).show()
    macro(DISTILL)
    image = bridge.from_imageplus(active())
    np.testing.assert_allclose(image.data, expected.psf.data, rtol=1e-6)


def test_python_calls_a_command_without_a_macro(host, macro, beads):
    imp = bridge.to_imageplus(beads)
    imp.show()
    java_class("ij.IJ").run(imp, "Distill PSF...", "method=average")
    assert java_class("ij.WindowManager").getImage("PSF of beads.tif") is not None


def test_two_commands_that_copy_the_same_image_wait_for_each_other(host, beads, monkeypatch):
    """A dialog's preview may be at it when its OK is pressed."""
    imp, real = bridge.to_imageplus(beads), inputs.from_imageplus
    began, go_on = threading.Event(), threading.Event()

    def held(*args, **options):
        began.set()
        assert go_on.wait(60)
        return real(*args, **options)

    monkeypatch.setattr(inputs, "from_imageplus", held)
    with ThreadPoolExecutor(2) as both:
        first = both.submit(inputs.inputs, imp, {})
        assert began.wait(60)
        second = both.submit(inputs.inputs, imp, {})
        time.sleep(0.2)
        go_on.set()
        for copied in (first.result()[0], second.result()[0]):
            np.testing.assert_array_equal(copied.image.data, beads.data)
    assert not imp.isLocked()


def test_a_failure_without_a_macro_is_an_exception(host, macro, beads):
    imp = bridge.to_imageplus(beads)
    imp.show()
    with pytest.raises(Exception, match="OptionError: unknown option bead_diametre"):
        java_class("ij.IJ").run(imp, "Distill PSF...", "bead_diametre=0.1")


def test_uninstalled_commands_are_unknown_to_imagej(host, macro):
    bridge.uninstall()
    with pytest.raises(pb.errors.BridgeError, match="Unrecognized command"):
        macro('run("Find Beads...");')
    bridge.install()
    bridge.install()
    macro('open("BEADS"); run("Find Beads...");')


def test_another_imagej_cannot_be_started_beside_it(host):
    assert bridge.start(host.where) is bridge.current()
    with pytest.raises(pb.errors.BridgeError, match="already runs"):
        bridge.start("2.16.0")


class TestSelections:
    def test_a_rectangle_limits_what_is_distilled(self, macro):
        macro(
            'open("BEADS"); makeRectangle(5, 5, 60, 30); run("Distill PSF...", "method=average");'
        )
        table = java_class("ij.measure.ResultsTable").getResultsTable()
        assert [str(table.getStringValue("status", i)) for i in range(table.size())] == ["used"] * 2

    def test_an_oval_too(self, macro):
        macro('open("BEADS"); makeOval(10, 10, 20, 20); run("Distill PSF...", "method=average");')
        assert java_class("ij.measure.ResultsTable").getResultsTable().size() == 1

    @pytest.mark.parametrize("on_slice", [True, False])
    def test_points_are_the_beads(self, macro, expected, on_slice):
        """Clicked two pixels off; refined to sub-voxel."""
        slice_ = "setSlice(9);" if on_slice else ""
        macro(
            f'open("BEADS"); {slice_} makeSelection("point", newArray(22, 50), newArray(19, 46)); '
            'run("Distill PSF...", "method=average");'
        )
        table = java_class("ij.measure.ResultsTable").getResultsTable()
        used = [i for i in range(table.size()) if str(table.getStringValue("status", i)) == "used"]
        found = [(table.getValue("y", i), table.getValue("x", i)) for i in used]
        all_of_them = [(bead.y, bead.x) for bead in expected.beads]
        for clicked in ((20, 20), (48, 48)):
            wanted = min(all_of_them, key=lambda at: np.hypot(*np.subtract(at, clicked)))
            nearest = min(found, key=lambda at: np.hypot(*np.subtract(at, clicked)))
            np.testing.assert_allclose(nearest, wanted, atol=0.05)
        assert len(found) == 2

    def test_points_where_nothing_was_found(self, macro):
        with pytest.raises(pb.errors.NoBeadsError):
            macro('open("BEADS"); makePoint(34, 34); run("Distill PSF...", "method=average");')

    def test_points_stay_selected(self, macro):
        kept = macro(
            'open("BEADS"); makeSelection("point", newArray(20, 48), newArray(20, 48)); '
            'run("Find Beads..."); getSelectionCoordinates(x, y); return "" + x[1] + "," + y[1];'
        )
        assert kept == "48,48"


class TestForeignPSF:
    """A PSF of another program, open in ImageJ: 8 bit, even, off centre, without voxel size."""

    @pytest.fixture
    def open_both(self, macro, beads, expected):
        volume = np.round(255 * expected.psf.data / expected.psf.data.max()).astype(np.uint8)
        bridge.to_imageplus(Image(np.roll(volume[:-1], 1, axis=1), (1, 1, 1), "foreign")).show()
        macro('run("Properties...", "unit=pixel pixel_width=1 pixel_height=1 voxel_depth=1");')
        bridge.to_imageplus(Image(beads.data, beads.voxel_um, "beads")).show()

    def test_it_needs_a_voxel_size_by_its_own_key(self, macro, open_both):  # noqa: ARG002
        with pytest.raises(pb.errors.ImageError, match=r"foreign has no voxel.*psf_voxel=0\.2"):
            macro('run("Deconvolve with PSF...", "psf=foreign iterations=2 engine=cpu");')

    def test_it_serves_as_in_python(self, macro, open_both, beads, expected):  # noqa: ARG002
        z, y, x = beads.voxel_um
        said = bridge.run_macro(
            'run("Deconvolve with PSF...", "psf=foreign iterations=5 engine=cpu '
            f'psf_voxel={z},{y},{x}");'
        ).output
        assert "foreign was converted to a standard PSF" in said
        found = bridge.from_imageplus(active()).data
        right = pb.deconvolve(beads, expected.psf, iterations=5, engine="cpu").data
        assert np.linalg.norm(found - right) < 0.02 * np.linalg.norm(right)
