"""The documentation beside the code: complete, linked, and reached from every dialog."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

from psfbridge._util import help_pages
from psfbridge.bridge.commands.dialog_fields import manual
from psfbridge.bridge.commands.registry import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    help_pages.build_pages(DOCS, folder)
    return folder


def test_there_is_a_page_for_each_source(pages):
    assert {path.stem for path in pages.glob("*.html")} == {path.stem for path in DOCS.glob("*.md")}
    assert not help_pages.are_stale(pages)


def test_every_link_and_picture_leads_to_a_file(pages):
    for page in pages.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for place in re.findall(r'(?:href|src)="([^"#:]+)(?:#[^"]*)?"', text):
            assert (pages / place).is_file(), f"{page.name} leads to {place}"
        assert ".md)" not in text


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_help_of_a_dialog_leads_to_its_page(name, pages, monkeypatch):
    monkeypatch.setattr(help_pages, "PAGES", pages)
    links = re.findall(r'href="(file:[^"]+)"', manual(COMMANDS[name]))
    paths = [Path(url2pathname(urlparse(link).path)) for link in links]
    assert all(path.is_file() for path in paths)
    assert {"fiji", "macros", "options", COMMANDS[name].page} == {path.stem for path in paths}


def test_without_pages_the_help_still_tells_of_every_field(tmp_path, monkeypatch):
    monkeypatch.setattr(help_pages, "PAGES", tmp_path)
    text = manual(COMMANDS["Distill PSF..."])
    assert "href" not in text
    assert "Bead diameter (µm)" in text
