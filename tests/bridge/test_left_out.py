"""Beads whose marks a person took away are left out, until all marks are gone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from bead_grid import field_of_beads
from remote_images import facts

import psfbridge as pb
from psfbridge.bridge.commands.bead_marks import marks_of
from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.left_out import MARKED, marked, settle
from psfbridge.bridge.commands.registry import COMMANDS, read_options
from psfbridge.bridge.fiji.remote_image import RemoteImage
from psfbridge.errors import NoBeadsError
from psfbridge.imaging.image import Image


class Window:
    """An image that stays open between commands, with its marks."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.overlay: Counter[str] = Counter()
        self.properties: dict[str, str] = {}

    def run(self, name: str, text: str = "", **others: Any) -> Any:
        """Run a command as a host does, and mark what it found."""
        known = facts(self.image, overlay=dict(self.overlay), properties=self.properties)
        planes = self.image.data.reshape(-1, *self.image.data.shape[-3:])
        imp = RemoteImage({**known, **others}, planes, range(1, len(planes) + 1))
        settle(imp)
        options, texts = read_options(name, text)
        done = COMMANDS[name].run(Call(options, texts, imp))
        self.overlay = Counter({"mine": 1})
        for one in done.found:
            for mark in marks_of(one):
                self.overlay[mark.name] += 2
        self.properties = {**imp.properties, MARKED: marked(done.found)}
        return done

    def delete(self, start: str, marks: int = 1000) -> None:
        """Take marks whose name starts so out of the Overlay."""
        for name in [name for name in self.overlay if name.startswith(start)]:
            self.overlay[name] -= min(marks, self.overlay[name])


def chosen(done: Any) -> list[int]:
    """Return the numbers of the beads that are used."""
    return [bead.bead for one in done.found for bead in one.beads if bead.status == "used"]


@pytest.fixture
def window() -> Window:
    return Window(field_of_beads())


FIND, DISTILL = ("Find Beads...", ""), ("Distill PSF...", "method=average size=1.5,1.3,1.3")


@pytest.mark.parametrize("command", [FIND, DISTILL])
@pytest.mark.parametrize("marks", [1, 1000])
def test_a_bead_whose_mark_was_deleted_is_left_out(window, command, marks):
    assert chosen(window.run(*FIND)) == list(range(9))
    window.delete("PSF Bridge 4 ", marks)
    done = window.run(*command)
    assert chosen(done) == [0, 1, 2, 3, 5, 6, 7, 8]
    assert done.found[0].beads[4].reason == "not chosen"
    assert chosen(window.run(*command)) == [0, 1, 2, 3, 5, 6, 7, 8], "it stays so"


def test_the_psf_is_that_of_the_other_beads(window):
    found = pb.find_beads(window.image)
    window.run(*FIND)
    window.delete("PSF Bridge 4 ")
    psf = window.run(*DISTILL).pictures[-1].image.data
    others = np.delete(found.positions, 4, axis=0)
    options = {"method": "average", "size_um": (1.5, 1.3, 1.3)}
    right = pb.distill(window.image, positions=others, **options).psf.data
    np.testing.assert_array_equal(psf, right)


def test_where_all_marks_are_gone_nothing_is_left_out(window):
    window.run(*FIND)
    window.delete("PSF Bridge 4 ")
    window.run(*FIND)
    window.delete("PSF Bridge")
    assert chosen(window.run(*FIND)) == list(range(9))


def test_an_area_counts_as_well(window):
    roi = {"bounds": [0, 0, 60, 200], "mask": None}
    inside = chosen(window.run(*DISTILL, roi=roi))
    window.delete(f"PSF Bridge {inside[0]} ")
    assert chosen(window.run(*DISTILL, roi=roi)) == inside[1:]


def test_what_the_roi_manager_renames_is_still_there(window):
    window.run(*FIND)
    counts = [(name, count) for name, count in window.overlay.items() if count > 1]
    for name, count in counts:
        del window.overlay[name]
        window.overlay.update([name, *(f"{name}-{number}" for number in range(1, count))])
    assert chosen(window.run(*FIND)) == list(range(9))


def test_a_preview_takes_nothing_away(window):
    window.run(*FIND)
    window.overlay = Counter({"PSF Bridge preview 0 used": 2})
    assert chosen(window.run(*FIND)) == list(range(9))


def test_each_channel_has_its_own_beads():
    one = field_of_beads()
    both = Window(Image(np.stack([one.data, np.roll(one.data, 2, axis=2)]), one.voxel_um, "two"))
    both.run("Distill PSF...", "method=average channel=all")
    both.delete("PSF Bridge 4 of channel 2 ")
    done = both.run("Distill PSF...", "method=average channel=all")
    assert [len(chosen_of.beads.with_status("used")) for chosen_of in done.found] == [9, 8]


def test_no_bead_left_is_said(window):
    window.run(*FIND)
    for number in range(9):
        window.delete(f"PSF Bridge {number} ", 1)
    with pytest.raises(NoBeadsError, match=r"no usable bead in the marks of beads\.tif"):
        window.run(*DISTILL)
