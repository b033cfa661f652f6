"""Options: converted and checked at birth, described once for every host."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass

import numpy as np
import option_tables
import pytest

import psfbridge as pb
from psfbridge._util.option_kinds import Number, Range
from psfbridge._util.option_records import documented, option, options_of
from psfbridge.bridge.commands.dialog_fields import _row
from psfbridge.bridge.commands.option_strings import keys_of, read
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.errors import OptionError
from psfbridge.hosts import Host
from psfbridge.options import DeconvolveOptions, DistillOptions, Optics

OPTICS = {"na": 1.4, "wavelength_um": 0.52, "refractive_index": 1.518}


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("bead_diameter_um", "0.1", 0.1),
        ("bead_diameter_um", np.float32(0.5), 0.5),
        ("iterations", "50", 50),
        ("iterations", np.int64(7), 7),
        ("background", "120.5", 120.5),
        ("background", "mean", "mean"),
        ("field", "true", True),
        ("field", np.bool_(True), True),
        ("field", "no", False),
        ("size_um", "6, 3, 3", (6.0, 3.0, 3.0)),
        ("size_um", np.array([6, 3, 3]), (6.0, 3.0, 3.0)),
        ("size", ["21", 17, 17], (21, 17, 17)),
    ],
)
def test_values_are_converted(name, given, kept):
    value = getattr(DistillOptions(**{name: given}), name)
    assert value == kept
    assert type(value) is type(kept)


def test_optics_are_converted():
    optics = Optics(**{name: str(value) for name, value in OPTICS.items()})
    assert optics == Optics(**OPTICS)
    assert DistillOptions(na="1.4", wavelength_um="0.52", refractive_index="1.518").optics == optics


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"bead_diameter_um": "wide"}, "bead_diameter_um is 'wide'; allowed is a number of at"),
        ({"bead_diameter_um": True}, "bead_diameter_um is True; allowed"),
        ({"bead_diameter_um": None}, "bead_diameter_um is None; allowed"),
        ({"iterations": "2.5"}, "iterations is '2.5'; allowed is a whole number of at least 1"),
        ({"iterations": True}, "iterations is True"),
        ({"field": "perhaps"}, "field is 'perhaps'; allowed is True or False"),
        ({"field": 2}, "field is 2; allowed"),
        ({"size": (3, 3)}, "size is 3 3; allowed are three whole numbers"),
        ({"size_um": "6 3"}, "size_um is '6 3'; allowed are three numbers above 0"),
        ({"background": "dark"}, "background is 'dark'; allowed are auto, mean or a number"),
        ({"method": ["auto"]}, r"method is \['auto'\]; allowed are auto, joint"),
        ({**OPTICS, "wavelength_um": 520}, r"wavelength_um is 520; allowed is 0.1 to 3 \(0.52 for"),
        ({**OPTICS, "na": 1.6}, "na is 1.6 and refractive_index is 1.518: the NA must"),
        (
            {**OPTICS, "microscope": "two-photon"},
            "microscope is two-photon, whose PSF depends on the excitation, but excitation_um",
        ),
        ({**OPTICS, "sheet_tilt_deg": 30}, "sheet_tilt_deg is given but microscope is widefield"),
        (
            {"microscope": "sted", "method": "joint"},
            "whose PSF cannot be described by a pupil; allowed are auto,",
        ),
        ({"microscope": "sim", "field": True}, "field needs a pupil"),
        (
            {"na": 1.4},
            "the optics are incomplete: na given, wavelength_um, refractive_index missing. Give "
            "all of na,",
        ),
        ({"bead_diametre_um": 1}, "unknown option bead_diametre_um: did you mean bead_diameter_um"),
    ],
)
def test_what_is_not_allowed_is_named(given, said):
    with pytest.raises(OptionError, match=said):
        DistillOptions.of(**given)


def test_every_host_spells_an_option_in_its_own_way():
    with pytest.raises(OptionError) as caught:
        DistillOptions(**OPTICS, pinhole_au=1)
    fault = caught.value
    assert str(fault) == (
        "pinhole_au is given but microscope is None; it applies only to confocal or "
        "spinning-disk. Give microscope=confocal, or omit pinhole_au."
    ).replace("None", "widefield")
    assert "Give --microscope confocal, or omit --pinhole-au." in fault.worded(Host.COMMAND_LINE)
    assert "Give microscope=confocal, or omit pinhole." in fault.worded(Host.MACRO)
    assert fault.option == "pinhole_au"


@pytest.mark.parametrize("record", [DistillOptions, DeconvolveOptions, Optics])
def test_every_option_is_described(record):
    for name, one in options_of(record).items():
        assert one.help
        assert not one.help.endswith(".")
        assert (one.unit == "µm") == name.endswith("_um")
        assert f"{name} : " in record.__doc__


def test_options_can_be_kept_and_changed():
    options = DistillOptions(**OPTICS, size="21 17 17")
    assert DistillOptions.from_json(options.to_json()) == options
    assert json.loads(options.to_json())["size"] == [21, 17, 17]
    assert options.chosen() == {**OPTICS, "size": (21, 17, 17)}
    changed = DistillOptions.of(options, method="joint")
    assert (changed.method, changed.na) == ("joint", 1.4)
    with pytest.raises(OptionError, match="options is dict; allowed is a DistillOptions"):
        DistillOptions.of({"na": 1.4})


def test_what_is_made_of_the_records_is_up_to_date():
    advice = "run python tests/support/option_tables.py"
    assert option_tables.TYPES.read_text(encoding="utf-8") == option_tables.types(), advice
    pages = list(option_tables.pages())
    assert pages
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert option_tables.documented(text) == text, f"{path.name}: {advice}"


def test_a_flag_that_is_on_is_turned_off_and_its_help_says_so():
    parser = argparse.ArgumentParser()
    add_options(parser, DistillOptions, names=("file_optics",))
    assert chosen_options(parser.parse_args(["--no-file-optics"]), DistillOptions) == {
        "file_optics": False
    }
    assert "do not use the optics recorded in the image" in " ".join(parser.format_help().split())
    assert "| `file_optics` | `--no-file-optics` |" in option_tables.table(DistillOptions)


def test_the_records_are_public():
    assert pb.DistillOptions is DistillOptions
    assert pb.DeconvolveOptions is DeconvolveOptions


@documented
@dataclass(frozen=True, kw_only=True)
class More(DistillOptions):
    """Options with one more.

    Examples
    --------
    None.
    """

    most_counts: float = option(
        Number(help="beads with more are rejected", group="beads", unit="counts", above=0),
        default=5e4,
    )
    photons: tuple[float, float] | None = option(
        Range(help="least and most", above=0), default=None
    )


def test_one_entry_reaches_every_host():
    parser = argparse.ArgumentParser()
    add_options(parser, More)
    args = parser.parse_args(["--most-counts", "3e4", "--photons", "10", "20"])
    given = {"most_counts": 3e4, "photons": (10.0, 20.0)}
    assert chosen_options(args, More) == given
    assert "beads with more are rejected (counts, default 50000)" in " ".join(
        parser.format_help().split()
    )
    keys = keys_of(More)
    assert read({"most_counts": "3e4", "photons": "10,20"}, keys)[0] == given
    row = _row("most_counts", keys["most_counts"], ())
    assert (row.label, row.default) == ("Most counts (counts)", "50000")
    assert "| `most_counts` | `--most-counts` | `most_counts` | 50000 | " in option_tables.table(
        More
    )
    assert "most_counts : float, default: 50000.0" in More.__doc__
    with pytest.raises(OptionError, match="most_counts is 0; allowed is a number above 0"):
        More(most_counts=0)
    with pytest.raises(OptionError, match="photons is 3 2; allowed are two numbers above 0"):
        More(photons=(3, 2))
