"""What the worker of a Fiji does, without a Fiji: the facts that it is sent, and its records."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from remote_images import Room, facts

import psfbridge as pb
from psfbridge.bridge.convert.imageplus import from_imageplus
from psfbridge.bridge.convert.rois import inside, picked_points
from psfbridge.bridge.fiji import worker
from psfbridge.bridge.fiji.line_stdout import Lines
from psfbridge.bridge.fiji.remote_image import RemoteImage
from psfbridge.imaging.image import Image


class Task:
    """Stands in for Appose's task."""

    def __init__(self, *, cancelled: bool = False) -> None:
        self.cancel_requested = cancelled
        self.told: list[str] = []

    def update(self, message: str, current: int, maximum: int) -> None:
        assert 0 <= current <= maximum
        self.told.append(message)


def sent(image: Image, channels: list[int], **others: Any) -> dict[str, Any]:
    planes = image.data.reshape(-1, *image.data.shape[-3:])[[c - 1 for c in channels]]
    return {"facts": facts(image, **others), "channels": channels, "planes": Room(planes)}


def call(command: str, text: str, image: dict[str, Any], **others: Any) -> dict[str, Any]:
    given = {"command": command, "text": text, "image": image, **others}
    return {"psf": None, "titles": [], "preview": False, **given}


@pytest.fixture(scope="module")
def image(small_field) -> Image:
    return Image(small_field.image.data, small_field.image.voxel_um, "beads.tif")


def test_no_java_is_needed():
    """A Python that only works for a Fiji may have no Java packages at all."""
    code = (
        "import sys; sys.modules['jpype'] = sys.modules['scyjava'] = None;"
        "from psfbridge.bridge.fiji import worker; print(worker.describe()['commands'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Distill PSF..." in done.stdout


def test_an_image_comes_as_it_was_sent():
    rng = np.random.default_rng(1)
    data = rng.integers(0, 9, (2, 3, 4, 5)).astype(np.uint16)
    whole = Image(data, (0.3, 0.1, 0.1))
    imp = RemoteImage(facts(whole), data[1:], [2])
    back = from_imageplus(imp, channel=2)
    np.testing.assert_array_equal(back.data, data[1])
    assert back.voxel_um == (0.3, 0.1, 0.1)
    index = imp.getStackIndex(2, 3, 1)
    assert imp.convertIndexToPosition(index) == (2, 3, 1)


def test_the_psf_is_that_of_python(image):
    task = Task()
    given = sent(image, [1])
    record = worker.work(task, "a", call("Distill PSF...", "method=average", given))
    assert given["planes"].closed
    assert task.told
    json.dumps(record, allow_nan=False)
    expected = pb.distill(image, method="average")
    room = Room(np.zeros(record["pictures"][0]["shape"], np.float32))
    assert worker.collect("a", [room]) == {}
    np.testing.assert_array_equal(room.array[0], expected.psf.data)
    assert record["figures"]["beads_used"] == len(expected.beads.with_status("used"))
    assert len(record["table"]) == len(expected.beads)
    assert {mark["channel"] for mark in record["marks"]} == {1}


def test_a_composite_psf_is_found_on_the_desk(image):
    psf = pb.distill(image, method="average").psf
    shown = sent(psf.image, [1], getTitle="PSF of beads.tif")
    record = worker.work(
        Task(),
        "b",
        call(
            "Deconvolve with PSF...",
            "psf=[PSF of beads.tif] iterations=2 engine=cpu",
            sent(image, [1]),
            psf=shown,
        ),
    )
    assert record["pictures"][0]["title"] == "Deconvolved beads.tif"
    assert shown["planes"].closed


def test_what_is_needed_is_told_before_anything_is_sent(image):
    assert worker.needs("Find Beads...", "", facts(image)) == {
        "channels": [1],
        "frame": 1,
        "psf": "",
    }
    both = Image(np.stack([image.data, image.data]), image.voxel_um)
    asked = worker.needs("Distill PSF...", "channel=all", facts(both))
    assert asked["channels"] == [1, 2]


@pytest.mark.parametrize(
    ("text", "changed", "says"),
    [
        ("na", {}, "OptionError: na has no value"),
        ("bead_diametre=1", {}, "did you mean bead_diameter?"),
        ("channel=2", {}, "ImageError: beads.tif has no channel 2; allowed are 1 to 1."),
        ("", {"getType": 4}, "ImageError: beads.tif is RGB"),
        ("", {"open": False}, "ImageError: beads.tif was closed. Open it again."),
    ],
)
def test_a_fault_is_one_line_before_anything_is_sent(image, text, changed, says):
    told = worker.needs("Distill PSF...", text, facts(image, **changed))
    assert says in told["fault"]
    assert "\n" not in told["fault"]
    assert not told["cancelled"]


def test_no_image_is_said():
    assert "no image is open" in worker.needs("Find Beads...", "", None)["fault"]
    assert "no image is open" in worker.rows("Find Beads...", None, [])["fault"]


def test_a_locked_image_is_said(image):
    locked = {**sent(image, [1], free=False), "planes": None}
    told = worker.work(Task(), "c", call("Find Beads...", "", locked))
    assert "beads.tif is locked" in told["fault"]


def test_cancelled(image):
    given = sent(image, [1])
    told = worker.work(Task(cancelled=True), "d", call("Distill PSF...", "", given))
    assert told["cancelled"]
    assert "cancelled by Escape" in told["fault"]
    assert given["planes"].closed


def test_an_area_and_points():
    image = Image(np.zeros((3, 8, 8), np.uint16), (0.3, 0.1, 0.1))
    mask = np.zeros((2, 3), np.uint8)
    mask[1, 2] = 255
    area = {"bounds": [4, 5, 3, 2], "mask": base64.b64encode(mask.tobytes()).decode()}
    roi = RemoteImage(facts(image, roi=area)).getRoi()
    assert roi.isArea()
    assert [(x, y) for y in range(8) for x in range(8) if roi.contains(x, y)] == [(6, 6)]
    with pytest.raises(pb.errors.NoBeadsError, match="x=4 y=5 width=3 height=2"):
        inside(roi, pb.Beads([]), "beads.tif")
    image.data[1, 5, 2] = 9
    picked = RemoteImage(facts(image, roi={"points": [[2.5, 4.5, 2]]}))
    np.testing.assert_array_equal(picked_points(picked, image), [[1, 5, 2]])


def test_the_rows_of_a_dialog_are_the_keys(image):
    told = worker.rows("Distill PSF...", facts(image), [])
    assert told["preview"]
    assert "bead_diameter" in [row["key"] for row in told["rows"]]
    chosen = {"report": "a b", "error": ""}
    assert worker.check("Distill PSF...", chosen) == {"text": "report=[a b] error"}
    wrong = worker.check("Distill PSF...", {"na": "wide"})["fault"]
    line = wrong
    assert line.startswith("OptionError: na is 'wide'")
    said = worker.words("Distill PSF...", line)["text"]
    assert said.startswith("OptionError: Numerical aperture is 'wide'")
    assert worker.find_text({"min_separation": "1", "method": "average"}) == {
        "text": "min_separation=1"
    }


def test_a_figure_by_its_name():
    assert worker.figure("fwhm_x_um", {"fwhm_x_um": 0.25}) == {"text": "0.25"}
    assert "fwhm_x_um" in worker.figure("fwhm", {"fwhm_x_um": 0.25})["fault"]


class Slow(io.StringIO):
    """A stream in which other threads come between any two writes."""

    def write(self, text: str) -> int:
        length = super().write(text)
        time.sleep(0.001)
        return length


def test_what_two_tasks_say_at_once_comes_line_by_line():
    """A line within another is lost to Fiji, which then waits for both tasks without end."""
    stream = Slow()
    lines = Lines(stream)

    def say(word: str) -> None:
        for _ in range(30):
            print(word, word, file=lines, flush=True)

    threads = [threading.Thread(target=say, args=(word,)) for word in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    said = stream.getvalue().splitlines()
    assert sorted(said) == ["one one"] * 30 + ["two two"] * 30


class Listener:
    """Stands in for Appose's task: counts the signs of life."""

    cancel_requested = False

    def __init__(self) -> None:
        self.signs = 0

    def update(self) -> None:
        self.signs += 1


def test_a_task_gives_signs_of_life_while_it_works(monkeypatch):
    listener = Listener()
    monkeypatch.setattr(worker, "WORKER", replace(worker.WORKER, sign_s=0.01))
    heard = threading.Event()

    def slow() -> dict[str, bool]:
        while listener.signs < 3:
            time.sleep(0.01)
        return {"heard": True}

    monkeypatch.setattr(worker, "_TASKS", {"slow": slow})
    assert worker.answer(listener, "slow", []) == {"heard": True}
    after = listener.signs
    heard.wait(0.05)
    assert listener.signs == after, "an ended task is silent"


def test_the_greeting_reads_and_writes():
    there, back = Room((np.arange(24) * 2800).astype(np.uint16)), Room(np.zeros(24, np.float32))
    assert worker.greet(there, back) == {"version": worker.__version__}
    np.testing.assert_array_equal(back.ndarray(), np.arange(24) * 1400.0)
