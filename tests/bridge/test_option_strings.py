"""Option strings of ImageJ commands, read and written."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psfbridge.bridge.commands.option_strings import key_of, options_of, parse, read, written
from psfbridge.deconvolve_options import DeconvolveOptions
from psfbridge.errors import OptionError
from psfbridge.options import DistillOptions

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
        parse(text) and read(parse(text), options_of(DistillOptions), ["a"])


@pytest.mark.parametrize("record", [DistillOptions, DeconvolveOptions])
def test_every_option_has_a_key_and_can_be_read(record):
    examples = {"float": "0.5", "int": "7", "str": "auto", "bool": "", "str | float": "12"}
    names = {field.name for field in options_of(record).values()}
    voxels_only = {"size"} & {field.name for field in dataclasses.fields(record)}
    assert names == {field.name for field in dataclasses.fields(record)} - voxels_only
    for key, field in options_of(record).items():
        kind = str(field.type).removesuffix(" | None")
        text = examples.get(kind, "3,2,1")
        values, others = read({key: text}, options_of(record))
        assert set(values) == {field.name}
        assert not others


def test_units_are_not_part_of_a_key():
    assert [key_of(name) for name in ("bead_diameter_um", "pinhole_au", "na", "number")] == [
        "bead_diameter",
        "pinhole",
        "na",
        "number",
    ]


def test_an_unknown_key_is_named_with_the_nearest():
    with pytest.raises(OptionError, match="unknown option bead_diametre: did you mean bead_diam"):
        read({"bead_diametre": "1"}, options_of(DistillOptions))
