"""Option strings of ImageJ commands: ``bead_diameter=0.1 method=auto size=3,1.5,1.5``.

The keys are the option names of `psfbridge.options` without their units; they are made of the
records, so that a new option is a new key.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from psfbridge._util.option_kinds import Flag, Option
from psfbridge._util.option_records import options_of
from psfbridge._util.validate import known_names
from psfbridge.errors import OptionError
from psfbridge.hosts import Host

__all__ = ["Options", "keys_of", "parse", "read", "written"]

Options = Mapping[str, Option]

_KEY = re.compile(r"\s*([A-Za-z]\w*)(=?)")
_END = re.compile(r"\s|$")


def keys_of(record: type, names: Collection[str] | None = None) -> Options:
    """Return each key of an option record with the option that it sets.

    Parameters
    ----------
    record : type
        An option record of `psfbridge.options`.
    names : collection of str, optional
        Only these options, for a command that needs not all of them.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> keys_of(DistillOptions)["size"].name
    'size_um'
    """
    return {
        Host.MACRO.spelled(name): option
        for name, option in options_of(record).items()
        if option.imagej and (names is None or name in names)
    }


def parse(text: str | None) -> dict[str, str]:
    """Return the keys of an option string with their texts; a bare key has the text ``""``.

    Parameters
    ----------
    text : str or None
        As in the second argument of a macro's ``run``; values with spaces are in ``[ ]``.

    Raises
    ------
    OptionError
        If a key is given twice, a bracket is not closed, or a word is no key.

    Examples
    --------
    >>> parse("psf=[PSF of beads.tif] iterations=50 error")
    {'psf': 'PSF of beads.tif', 'iterations': '50', 'error': ''}
    """
    found: dict[str, str] = {}
    rest = (text or "").strip()
    while rest:
        key, value, rest = _first(rest)
        if key in found:
            raise OptionError(f"{key} is given twice; give it once.")
        found[key] = value
    return found


def _first(text: str) -> tuple[str, str, str]:
    """Split the first key, its text, and the rest."""
    match = _KEY.match(text)
    if match and match[2]:
        value, rest = _value(match[1], text[match.end() :])
        return match[1], value, rest.strip()
    if match and _END.match(text, match.end()):
        return match[1], "", text[match.end() :].strip()
    word = text.split(maxsplit=1)[0]
    raise OptionError(
        f"cannot read {word!r} in the options; write key=value, key=[a value] or the name of a "
        "flag, separated by spaces."
    )


def _value(key: str, text: str) -> tuple[str, str]:
    """Split a value from what follows; brackets may hold spaces and brackets."""
    if not text.startswith("["):
        end = _END.search(text)
        stop = end.start() if end else len(text)
        return text[:stop], text[stop:]
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth == 0:
            return text[1:index], text[index + 1 :]
    raise OptionError(f"{key}={text.strip()} has no closing ]; write {key}=[a value].")


def read(
    texts: Mapping[str, str],
    options: Options,
    others: Iterable[str] = (),
    flags: Iterable[str] = (),
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options as values, and the texts of the other keys.

    Parameters
    ----------
    texts : mapping
        What `parse` returned.
    options : mapping
        What `keys_of` returned.
    others, flags : iterable of str
        The command's own keys, with a value and without.

    Raises
    ------
    OptionError
        If a key is unknown (it is named with the nearest), or a value cannot be read.

    Examples
    --------
    >>> from psfbridge.options import DistillOptions
    >>> read({"size": "3,1.5,1.5", "report": "r"}, keys_of(DistillOptions), ["report"])
    ({'size_um': (3.0, 1.5, 1.5)}, {'report': 'r'})
    """
    known_names(texts, [*options, *others, *flags])
    bare = {*flags, *(key for key, option in options.items() if isinstance(option, Flag))}
    for key, text in texts.items():
        _check_value(key, text, key in bare)
    values = {
        options[key].name: options[key].converted(text)
        for key, text in texts.items()
        if key in options
    }
    return values, {key: text for key, text in texts.items() if key not in options}


def _check_value(key: str, text: str, is_flag: bool) -> None:
    if is_flag and text:
        raise OptionError(f"{key}={text}: {key} is a flag and takes no value; write {key}.")
    if not is_flag and not text:
        raise OptionError(f"{key} has no value; write {key}=value.")


def written(texts: Mapping[str, str]) -> str:
    """Return an option string that `parse` reads back.

    Examples
    --------
    >>> written({"psf": "PSF of beads.tif", "iterations": "50", "error": ""})
    'psf=[PSF of beads.tif] iterations=50 error'
    """
    return " ".join(_written(key, text) for key, text in texts.items())


def _written(key: str, text: str) -> str:
    if not text:
        return key
    return f"{key}=[{text}]" if re.search(r"[\s\[\]]", text) else f"{key}={text}"
