"""The tasks that Python runs for an independently started Fiji.

Fiji starts it through Appose, asks what a command needs, sends planes in shared memory, waits for
the outcome, and makes room for the images in it, into which they are then copied. What goes to and
fro is made of dicts, lists, texts and numbers. Nothing here needs Java.

Every task returns a record; where it failed, the record has nothing but the one line that says why
(``fault``) and whether it was cancelled. While one works it gives a sign of life every second: what
gives none is ended by Fiji. When Fiji ends, in whatever way, this process ends, and takes away the
shared memory that it knew of.
"""

from __future__ import annotations

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from psfbridge._util.jsonable import plain
from psfbridge._version import __version__
from psfbridge.bridge.commands.bead_marks import LETTERS, NAME, RADIUS, marks_of
from psfbridge.bridge.commands.call import Call
from psfbridge.bridge.commands.command_result import Outcome, Picture
from psfbridge.bridge.commands.dialog_fields import AUTOMATIC, in_words, manual, rows_of
from psfbridge.bridge.commands.figures import bead_rows
from psfbridge.bridge.commands.inputs import need_image, parts, sent_channels
from psfbridge.bridge.commands.left_out import MARKED, marked, settle
from psfbridge.bridge.commands.option_strings import written
from psfbridge.bridge.commands.registry import COMMANDS, only_known, read_options
from psfbridge.bridge.convert.imageplus import from_imageplus
from psfbridge.bridge.fiji.line_stdout import Lines
from psfbridge.bridge.fiji.remote_image import RemoteImage
from psfbridge.bridge.imagej.errors import ours_of_python
from psfbridge.bridge.imagej.ext_functions import EXTENSIONS, figure_text
from psfbridge.bridge.settings import WORKER
from psfbridge.errors import Cancelled
from psfbridge.hosts import Host
from psfbridge.imaging.image import Image

__all__ = [
    "answer",
    "check",
    "collect",
    "describe",
    "figure",
    "find_text",
    "greet",
    "main",
    "needs",
    "rows",
    "words",
    "work",
]

Record = dict[str, Any]
Facts = Mapping[str, Any]


#: The number of Fiji's process, and where Linux lists shared memory: its names begin with it.
_HOST = "PSFBRIDGE_HOST_PROCESS"
_SHARED = Path("/dev/shm")

#: The images of each outcome, until Fiji has made room for them.
_kept: dict[str, Sequence[Picture]] = {}

#: Shared memory that is in use by a task.
_rooms: set[Any] = set()


def main() -> None:
    """Serve a Fiji, by Appose, until it ends.

    Tasks run at once, each in a thread: a dialog's preview, and the command that follows it.
    """
    from appose import python_worker

    with redirect_stdout(Lines(sys.stdout)):
        python_worker.main()
    # Fiji is gone: nobody waits for what still works, and nobody else takes its memory away.
    _sweep()
    os._exit(0)


def _sweep() -> None:
    for room in list(_rooms):
        with suppress(FileNotFoundError):
            room.shm.unlink()
    # Linux lists what was made and never told.
    host = os.environ.get(_HOST)
    for path in _SHARED.glob(f"psfb_{host}_*") if host else ():
        path.unlink(missing_ok=True)


def answer(task: Any, function: str, arguments: Sequence[Any]) -> Record:
    """Run a task by its name, with a sign of life every second.

    Parameters
    ----------
    task : appose.python_worker.Task
        What Fiji waits for.
    function : str
        The name of a task of this module.
    arguments : sequence
        What it takes, after `task` where it takes that.
    """
    with _signs_of_life(task):
        if function == "work":
            return work(task, *arguments)
        return _TASKS[function](*arguments)


@contextmanager
def _signs_of_life(task: Any) -> Iterator[None]:
    done = threading.Event()

    def tell() -> None:
        while not done.wait(WORKER.sign_s):
            task.update()

    teller = threading.Thread(target=tell, name="signs of life", daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()


def _told(task: Callable[..., Record]) -> Callable[..., Record]:
    """Return a task whose record includes its error, if any."""

    @wraps(task)
    def told(*args: Any) -> Record:
        try:
            with Host.MACRO.active():
                record: Record = plain(task(*args))
        except Exception as fault:
            ours = ours_of_python(fault)
            line = f"{type(ours).__name__}: {ours.worded(Host.MACRO)}"
            return {"fault": line, "cancelled": isinstance(ours, Cancelled)}
        return record

    return told


@_told
def greet(there: Any, back: Any) -> Record:
    """Halve a small array of integers into one of floats, for Fiji to see that both read alike."""
    with _Shared(there) as numbers, _Shared(back) as halves:
        np.copyto(halves, numbers / 2)
    return {"version": __version__}


@_told
def describe() -> Record:
    """Return the commands and the functions for macros, for Fiji to offer."""
    extensions = {name: asdict(extension) for name, extension in EXTENSIONS.items()}
    return {"version": __version__, "commands": list(COMMANDS), "extensions": extensions}


@_told
def rows(command: str, facts: Facts | None, titles: Sequence[str]) -> Record:
    """Return the rows of the dialog of a command, given the titles of the open images."""
    chosen = COMMANDS[command]
    imp = need_image(_remote(facts)) if chosen.needs_image else None
    if imp is not None:
        settle(imp)  # a preview marks beads of its own
    return {
        "properties": _properties(imp),
        "rows": rows_of(chosen, imp, titles),
        "preview": chosen.previews,
        "help": manual(chosen),
        "footer": AUTOMATIC,
    }


@_told
def check(command: str, values: Mapping[str, str]) -> Record:
    """Check what was chosen in a dialog, and return its option string."""
    text = written(values)
    read_options(command, text)
    return {"text": text}


@_told
def words(command: str, line: str) -> Record:
    """Return an error message with the option names of the dialog."""
    return {"text": in_words(line, COMMANDS[command])}


@_told
def find_text(values: Mapping[str, str]) -> Record:
    """Return the option string that finds beads with what of a dialog's values is for that."""
    return {"text": written(only_known(values, "Find Beads..."))}


@_told
def needs(command: str, text: str, facts: Facts | None) -> Record:
    """Check a call before anything is sent; return which channels and frame to send.

    Parameters
    ----------
    command, text : str
        The command and its option string.
    facts : mapping or None
        What `RemoteImage` tells of, where an image is open.
    """
    _, texts = read_options(command, text)
    if not COMMANDS[command].needs_image:
        return {"channels": [], "frame": 1, "psf": ""}
    image = need_image(_remote(facts))
    frame = parts(image, texts)[0].frame
    return {
        "channels": sent_channels(image, texts),
        "frame": frame,
        "psf": texts.get("psf", ""),
    }


@_told
def work(task: Any, key: str, call: Mapping[str, Any]) -> Record:
    """Run a command, keep its images under `key`, and return the rest of what it gave.

    Parameters
    ----------
    task : appose.python_worker.Task
        Told of the progress, and asked whether to go on.
    key : str
        By which `collect` finds the images.
    call : mapping
        ``command``, ``text``, ``image`` and perhaps ``psf``, each of these with ``facts``,
        ``channels`` and ``planes``, ``titles`` of the open images, and ``preview``: whether a
        dialog is still open.
    """
    options, texts = read_options(call["command"], call["text"])
    with _Sent(call["image"]) as imp:
        if imp is not None:
            settle(imp)
        done = Call(options, texts, imp, _Report(task), _Desk(call))
        outcome = COMMANDS[call["command"]].run(done)
    _kept[key] = outcome.pictures
    return {"properties": _properties(imp), **_record(outcome, preview=call["preview"])}


@_told
def collect(key: str, rooms: Sequence[Any]) -> Record:
    """Copy the images of an outcome into the room that Fiji made for them, and forget them."""
    for picture, room in zip(_kept.pop(key), rooms, strict=True):
        with _Shared(room) as there:
            np.copyto(there, _four_axes(picture.image))
    return {}


@_told
def figure(name: str, figures: Mapping[str, float | str]) -> Record:
    """Return what ``Ext.psfGet`` gives for a name."""
    return {"text": figure_text(name, figures)}


def _properties(imp: RemoteImage | None) -> Mapping[str, str]:
    return {} if imp is None else imp.properties


def _remote(facts: Facts | None) -> RemoteImage | None:
    return None if facts is None else RemoteImage(facts)


class _Shared:
    """An array in shared memory, let go of when the block ends."""

    def __init__(self, room: Any) -> None:
        self._room = room

    def __enter__(self) -> NDArray[Any]:
        _rooms.add(self._room)
        array: NDArray[Any] = self._room.ndarray()
        return array

    def __exit__(self, *fault: object) -> None:
        if self._room is not None:
            _rooms.discard(self._room)
            # A view may still be alive in a traceback: then the memory goes with that.
            with suppress(BufferError):
                self._room.shm.close()


class _Sent(_Shared):
    """An image whose planes are in shared memory, or None."""

    def __init__(self, sent: Mapping[str, Any] | None) -> None:
        self._sent = sent or {"planes": None, "facts": None}
        super().__init__(self._sent["planes"])

    def __enter__(self) -> Any:
        facts = self._sent["facts"]
        if facts is None:  # a command that works on no image
            return None
        if self._room is None:  # the image was locked, and the command will say so
            return RemoteImage(facts)
        return RemoteImage(facts, super().__enter__(), self._sent["channels"])


class _Desk:
    """The other open images: their titles, and the one that the options name, if it is open."""

    def __init__(self, call: Mapping[str, Any]) -> None:
        self._titles = call["titles"]
        self._psf = call["psf"]

    def titles(self) -> Sequence[str]:
        return list(self._titles)

    def image(self, title: str, voxel_um: Any = None) -> Image | None:
        if self._psf is None or self._psf["facts"]["getTitle"] != title:
            return None
        with _Sent(self._psf) as imp:
            return from_imageplus(imp, voxel_um=voxel_um)


class _Report:
    """Tells Fiji how far the work is, and asks whether to go on."""

    def __init__(self, task: Any) -> None:
        self._task = task
        self._said = 0.0

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        if self._task.cancel_requested:
            raise Cancelled(f"cancelled by Escape while {stage}; nothing was changed.")
        now = time.monotonic()
        if now - self._said > WORKER.progress_s:
            self._said = now
            self._task.update(message=stage, current=done, maximum=total)


def _record(outcome: Outcome, *, preview: bool) -> Record:
    """Return everything but the voxels."""
    table = list(bead_rows(outcome.found))
    return {
        "figures": outcome.figures,
        "log": outcome.log,
        "pictures": [_described(picture) for picture in outcome.pictures],
        "marks": [
            {**asdict(mark), "channel": one.source.channel, "frame": one.source.frame}
            for one in outcome.found
            for mark in marks_of(one, preview=preview)
        ],
        "marked": {MARKED: marked(outcome.found)} if outcome.found and not preview else {},
        "mark_name": NAME,
        "mark_radius": RADIUS,
        "mark_letters": LETTERS,
        "found": bool(outcome.found),
        "table": table,
        "profiles": outcome.profiles,
        "own_title": outcome.table[0],
        "own_table": outcome.table[1],
        "opens": outcome.opens,
        "measured": {n: v for n, v in outcome.measured.items() if math.isfinite(v)},
    }


def _described(picture: Picture) -> Record:
    data = _four_axes(picture.image)
    ranges = [[float(np.nanmin(channel)), float(np.nanmax(channel))] for channel in data]
    return {
        "title": picture.title,
        "info": picture.info,
        "shape": data.shape,
        "voxel_um": picture.image.voxel_um,
        "ranges": ranges,
    }


def _four_axes(image: Image) -> NDArray[Any]:
    return image.data.reshape(-1, *image.data.shape[-3:])


#: The tasks that `answer` runs by their names; `work` takes the task itself too.
_TASKS: Mapping[str, Callable[..., Record]] = {
    task.__name__: task
    for task in (check, collect, describe, figure, find_text, greet, needs, rows, words)
}
