"""The elements of a report, independent of HTML or PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "Block",
    "Cell",
    "Collapsed",
    "Columns",
    "Document",
    "Heading",
    "Links",
    "Paragraph",
    "Picture",
    "Table",
    "Verdict",
    "Warnings",
]

#: How a text or cell is meant: fine, a reason for care, a failure, or without a meaning.
TONES = ("good", "care", "bad", "")


@dataclass(frozen=True)
class Heading:
    """A heading of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a faint one explains."""

    text: str
    faint: bool = False


@dataclass(frozen=True)
class Verdict:
    """The answer in large letters, with its tone, and smaller lines below it."""

    text: str
    tone: str
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its text, its tone, whether it is a number, and where it leads."""

    text: str
    tone: str = ""
    number: bool = False
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table with heads and an explanation below.

    Parameters
    ----------
    caption : str
        What it shows; read to those who cannot see it.
    heads : sequence of str
        Of the columns; empty for none.
    rows : sequence of sequence of Cell
        The first cell of a row names it.
    note : str
        Explanation below.
    small : bool
        Whether it is a long one, in small letters.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    small: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture file with words below it and a description for those who cannot see it."""

    path: Path
    caption: str
    alt: str


@dataclass(frozen=True)
class Warnings:
    """Problems: what is wrong, the evidence, and what to do, in this order."""

    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Links:
    """Files that lie beside the page, with what each holds."""

    files: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Columns:
    """Blocks beside each other where there is room."""

    blocks: Sequence[Block]


@dataclass(frozen=True)
class Collapsed:
    """Blocks behind a title on the screen, and open in print."""

    title: str
    blocks: Sequence[Block]


Block = Heading | Paragraph | Verdict | Table | Picture | Warnings | Links | Columns | Collapsed


@dataclass(frozen=True)
class Document:
    """A report: its title and its parts in order."""

    title: str
    blocks: Sequence[Block]
