"""The documentation as HTML pages that open in a browser without a network.

They are made of ``docs/*.md`` when the package is built, as the plug-in is.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from pathlib import Path

__all__ = ["PAGES", "are_stale", "build_pages", "help_page"]

#: Where the pages lie in an installed package.
PAGES = Path(__file__).parent.parent / "docs"

_SOURCES = PAGES.parent.parent / "docs"
_EXTENSIONS = ("admonition", "attr_list", "fenced_code", "tables", "toc")
_BESIDE = ("*.png", "*/*.png", "*.ipynb")
_LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\.md(#[\w-]+)?\)")
_STYLE = (
    "body{max-width:60em;margin:2em auto;padding:0 1em;font-family:sans-serif;line-height:1.5}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left}"
    "img{max-width:100%}pre{background:#f4f4f4;padding:.6em;overflow:auto}"
)


def help_page(name: str) -> Path | None:
    """Return a page of the documentation, or None if it was not installed.

    Parameters
    ----------
    name : str
        The name of its source in ``docs``, without the ending.
    """
    path = PAGES / f"{name}.html"
    return path if path.is_file() else None


def are_stale(pages: Path = PAGES) -> bool:
    """Return whether pages are missing or older than their sources."""
    sources = list(_SOURCES.glob("*.md"))
    built = [pages / f"{source.stem}.html" for source in sources]
    return not all(
        page.is_file() and page.stat().st_mtime >= source.stat().st_mtime
        for page, source in zip(built, sources, strict=True)
    )


def build_pages(sources: Path = _SOURCES, pages: Path = PAGES) -> None:
    """Write the documentation pages with their images and notebooks."""
    from markdown import markdown

    names = {source.stem for source in sources.glob("*.md")}
    for name in sorted(names):
        text = _linked((sources / f"{name}.md").read_text(encoding="utf-8"), names)
        title = text.lstrip("# ").partition("\n")[0]
        body = markdown(text, extensions=list(_EXTENSIONS))
        head = f"<meta charset='utf-8'><title>{title}</title><style>{_STYLE}</style>"
        _write(pages / f"{name}.html", f"<!doctype html><html><head>{head}</head>{body}</html>")
    for file in (path for pattern in _BESIDE for path in sources.glob(pattern)):
        place = pages / file.relative_to(sources)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, place)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _linked(text: str, names: Collection[str]) -> str:
    """Adapt links between pages; links to omitted pages become plain text."""

    def link(found: re.Match[str]) -> str:
        words, name, anchor = found.groups()
        return f"[{words}]({name}.html{anchor or ''})" if name in names else words

    return _LINK.sub(link, text)
