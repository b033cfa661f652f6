"""The examples of the help: every command that they show is accepted."""

from __future__ import annotations

import shlex

import pytest

from psfbridge.cli import COMMANDS, parser
from psfbridge.cli._examples import EXAMPLES

SHOWN = [(name, line) for name, examples in EXAMPLES.items() for _, line in examples]


def test_every_command_has_examples():
    assert {name.replace("-", "_") for name in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize(("name", "line"), SHOWN)
def test_every_example_is_understood(name, line):
    chosen = parser().parse_args(shlex.split(line.split(" > ")[0]))
    assert chosen.command == name or f"--{name}" in line


def test_the_help_ends_with_them(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["check", "--help"])
    assert "psfbridge check psf.tif beads.tif --picture check.png" in capsys.readouterr().out
