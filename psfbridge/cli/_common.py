"""Options and output shared by several commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from psfbridge._util.option_records import options_of
from psfbridge.cli._colours import coloured
from psfbridge.cli._options import add_options, chosen_options
from psfbridge.cli._process import to_stdout
from psfbridge.errors import OptionError
from psfbridge.options import PSF_OPTIONS, DeconvolveOptions
from psfbridge.progress import Progress, no_progress, shown_bar

if TYPE_CHECKING:
    from psfbridge.imaging.image import Image
    from psfbridge.imaging.read import Reading
    from psfbridge.psf.psf import PSF

__all__ = [
    "Parser",
    "add_image_options",
    "add_psf_input",
    "add_psf_options",
    "chosen_reading",
    "complain",
    "load_given_psf",
    "progress_for",
    "read_input",
    "say",
]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise the message; `psfbridge.cli.main` prints it."""
        raise OptionError(f"{message}. See {self.prog} --help.")


def progress_for(quiet: bool) -> Progress:
    """Return a bar on a terminal, silence in a pipe or when asked to be quiet."""
    return no_progress if quiet else shown_bar()


def say(text: str, quiet: bool = False, tone: str = "") -> None:
    """Print a line of result to stdout, unless asked to be quiet; `tone` see `coloured`."""
    if not quiet:
        to_stdout(f"{coloured(text, tone)}\n")


def complain(text: str) -> None:
    """Print one line to stderr, whatever was asked about quiet."""
    print(text, file=sys.stderr)


def add_image_options(
    parser: argparse.ArgumentParser, channel: Callable[[str], int | str] | None = None
) -> None:
    """Add the options that say how an image is read; `channel` reads that one in its own way."""
    from psfbridge.imaging.read import Reading

    names = [name for name in options_of(Reading) if channel is None or name != "channel"]
    add_options(parser, Reading, names=names)
    if channel is not None:
        parser.add_argument(
            "--channel",
            type=channel,
            metavar="N",
            help="channel, counted from 0, or all for one PSF per channel",
        )


def add_psf_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the file of a PSF of another program is to be read."""
    add_options(parser, DeconvolveOptions, names=PSF_OPTIONS)


def add_psf_input(parser: argparse.ArgumentParser) -> None:
    """Add what a command has that makes one file of the PSF from any program."""
    parser.add_argument(
        "psf", metavar="PSF", help=("PSF from any program: TIFF, OME-TIFF, OME-Zarr, .npy")
    )
    parser.add_argument("-o", "--output", required=True, metavar="OUT.tif", help="output file")
    parser.add_argument(
        "--channel", type=int, metavar="N", help=("which PSF, if the file holds several")
    )
    add_psf_options(parser)
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def load_given_psf(args: argparse.Namespace) -> PSF:
    """Load and convert the PSF given by `add_psf_input`."""
    from psfbridge.psf.psf import PSF

    return PSF.load(
        args.psf,
        args.channel,
        conform=True,
        voxel_um=args.psf_voxel_um,
        background=args.psf_background or "none",
    )


def chosen_reading(args: argparse.Namespace) -> Reading:
    """Return how the options of `add_image_options` say that files are to be read."""
    from psfbridge.imaging.read import Reading

    return Reading(**chosen_options(args, Reading))


def read_input(path: str, args: argparse.Namespace) -> Image:
    """Read an image as the options of `add_image_options` say, one channel of it."""
    return chosen_reading(args).one_channel(path)
