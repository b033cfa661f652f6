"""What is made of the option records: the types for editors, and the tables of the documentation.

``python tests/support/option_tables.py`` writes both; a test says so where they are not up to date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from psfbridge._util.option_kinds import Flag, Option
from psfbridge._util.option_records import options_of
from psfbridge.batch.options import BatchOptions
from psfbridge.cli._options import flag
from psfbridge.hosts import Host
from psfbridge.imaging.read import Reading
from psfbridge.options import DeconvolveOptions, DistillOptions

ROOT = Path(__file__).parents[2]
TYPES = ROOT / "psfbridge" / "option_types.py"
RECORDS = {
    "DistillChoices": DistillOptions,
    "DeconvolveChoices": DeconvolveOptions,
    "ReadingChoices": Reading,
    "BatchChoices": BatchOptions,
}

#: Functions that read an image and work on it take the options of both.
TOGETHER = {
    "DistillArguments": ("ReadingChoices", "DistillChoices"),
    "DeconvolveArguments": ("ReadingChoices", "DeconvolveChoices"),
    "BatchArguments": ("ReadingChoices", "DistillChoices", "BatchChoices"),
}

_HEAD = '''"""Types of the options of public functions, for editors and type checkers.

Generated from the option records by ``python tests/support/option_tables.py``; do not edit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

__all__ = [{names}]
'''


def types() -> str:
    """Return the text of `psfbridge.option_types`."""
    names = "".join(f'    "{name}",\n' for name in sorted((*RECORDS, *TOGETHER)))
    text = _HEAD.format(names=f"\n{names}")
    for name, record in RECORDS.items():
        text += f"\n\nclass {name}(TypedDict, total=False):\n"
        text += f'    """Options of `{record.__module__}.{record.__name__}`."""\n\n'
        text += "".join(_line(one) for one in options_of(record).values())
    for name, bases in TOGETHER.items():
        text += f"\n\nclass {name}({', '.join(bases)}, total=False):\n"
        text += f'    """{", ".join(bases[:-1])} and {bases[-1]} together."""\n'
    return text


def _line(option: Option) -> str:
    """Return the line of an option, in several where it is longer than the formatter allows."""
    line = f"    {option.name}: {_type(option)}\n"
    if len(line) <= 101:
        return line
    choices, rest = _type(option).removesuffix(" | None"), "        | None\n"
    rest = rest if option.default is None else ""
    return f"    {option.name}: (\n        {choices}\n{rest}    )\n"


def _type(option: Option) -> str:
    words = ", ".join(f'"{word}"' for word in option.choices)
    kind = f"Literal[{words}]" if words else option.annotation
    return f"{kind} | None" if option.default is None else kind


def documented(text: str) -> str:
    """Return a page with its tables written anew between their marks."""
    for kind, made in (("options", table), ("keys", key_table)):
        for record in RECORDS.values():
            mark = f"<!-- {kind}: {record.__name__} -->"
            new = f"{mark}\n{made(record)}<!-- end -->"
            text = re.sub(
                rf"{mark}\n.*?<!-- end -->", lambda _, new=new: new, text, flags=re.DOTALL
            )
    return text


def pages() -> Iterator[Path]:
    """Yield the pages that have tables of options."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        if re.search("<!-- (options|keys): ", path.read_text(encoding="utf-8")):
            yield path


def table(record: type) -> str:
    """Return the table of a record's options."""
    lines = [
        "| Python | command line | macro | default | allowed | meaning |",
        "|---|---|---|---|---|---|",
    ]
    lines += [_row(option) for option in options_of(record).values()]
    return "\n".join(lines) + "\n"


def key_table(record: type) -> str:
    """Return the table of a record's options as the keys of a macro."""
    rows = [
        f"| `{Host.MACRO.spelled(option.name)}` | {_default(option)} | {_allowed(option)} | "
        f"{_meaning(option)} |"
        for option in options_of(record).values()
        if option.imagej
    ]
    return "\n".join(["| key | default | allowed | what |", "|---|---|---|---|", *rows]) + "\n"


def _meaning(option: Option) -> str:
    return f"{option.help} ({option.unit})" if option.unit else option.help


def _allowed(option: Option) -> str:
    if isinstance(option, Flag):
        return "a flag"
    return f"`{Host.MACRO.spelled(option.name)}=z,y,x`" if option.words == 3 else option.allowed


def _row(option: Option) -> str:
    macro = f"`{Host.MACRO.spelled(option.name)}`" if option.imagej else "–"
    cells = (
        f"`{option.name}`",
        f"`{flag(option)}`",
        macro,
        _default(option),
        option.allowed.replace("|", "\\|"),
        _meaning(option),
    )
    return f"| {' | '.join(cells)} |"


def _default(option: Option) -> str:
    value = option.default
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Write what is made of the records."""
    TYPES.write_text(types(), encoding="utf-8")
    for path in pages():
        text = path.read_text(encoding="utf-8")
        path.write_text(documented(text), encoding="utf-8")


if __name__ == "__main__":
    main()
