"""Option strings of ImageJ commands, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psfbridge._util.option_records import options_of
from psfbridge.bridge.commands.option_strings import keys_of, parse, read, written
from psfbridge.errors import OptionError
from psfbridge.hosts import Host
from psfbridge.options import DeconvolveOptions, DistillOptions

KEYS = st.from_regex(r"[a-z][a-z_0-9]{0,12}", fullmatch=True)
# Brackets pair up in what people name; an unpaired one cannot be written, in ImageJ as here.
VALUES = st.text(st.characters(exclude_characters="[]", exclude_categories=["C", "Z"])) | st.text(
    "abc .µ-/"
)


@given(st.dictionaries(KEYS, VALUES.map(str.strip)))
def test_what_is_written_is_read_back(texts):
    assert parse(written(texts)) == texts


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (None, {}),
        ("", {}),
        ("  ", {}),
        ("a=1", {"a": "1"}),
        ("a=1  b=2 ", {"a": "1", "b": "2"}),
        ("a=[1 2] b", {"a": "1 2", "b": ""}),
        ("a=[x [y] z] b=2", {"a": "x [y] z", "b": "2"}),
        ("a=-1e-3", {"a": "-1e-3"}),
    ],
)
def test_spellings_of_imagej(text, keys):
    assert parse(text) == keys


@pytest.mark.parametrize("text", ["=1", "a==1 1", "a=[1", "1a=2", "a=1 a=2", "a,b=1", "-a"])
def test_what_cannot_be_read_is_named(text):
    with pytest.raises(OptionError):
        parse(text) and read(parse(text), keys_of(DistillOptions), ["a"])


@pytest.mark.parametrize("record", [DistillOptions, DeconvolveOptions])
def test_every_option_has_a_key_and_can_be_read(record):
    keys = keys_of(record)
    assert {one.name for one in keys.values()} == {
        name for name, one in options_of(record).items() if one.imagej
    }
    for key, one in keys.items():
        text = one.choices[-1] if one.choices else {0: "", 1: "1", 3: "3,2,1"}[one.words]
        values, others = read({key: "0.05" if key == "tv" else text}, keys)
        assert set(values) == {one.name}
        assert not others


def test_units_are_not_part_of_a_key():
    names = ("bead_diameter_um", "pinhole_au", "na", "number", "time")
    assert [Host.MACRO.spelled(name) for name in names] == [
        "bead_diameter",
        "pinhole",
        "na",
        "number",
        "frame",
    ]


def test_an_unknown_key_is_named_with_the_nearest():
    with pytest.raises(OptionError, match="unknown option bead_diametre: did you mean bead_diam"):
        read({"bead_diametre": "1"}, keys_of(DistillOptions))
