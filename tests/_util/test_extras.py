"""Advice on optional parts names packages that an index has."""

from __future__ import annotations

from psfbridge._util import extras


def test_the_packages_of_an_extra_are_named():
    assert extras.how_to_install("clij") == "pip install clij2-fft pyopencl"
    assert "psfbridge" not in extras.how_to_install("imagej")


def test_a_source_tree_names_the_extra(monkeypatch):
    def absent(name):
        raise extras.PackageNotFoundError(name)

    monkeypatch.setattr(extras, "requires", absent)
    assert extras.how_to_install("clij") == "pip install 'psfbridge[clij]'"
