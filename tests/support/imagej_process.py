"""An ImageJ from Maven Central, started as a person or a cluster starts one: by ``java``."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from psfbridge.bridge.fiji.plugin_jar import _jars

SECONDS = 120
_MARK = "PSFBRIDGE_TEST_HOME"
SHARED = Path("/dev/shm")
_PATCHED = ("--add-opens=java.base/java.lang=ALL-UNNAMED", "-Djava.awt.headless=true")

maven = cache(_jars)


def command(
    home: Path,
    *words: str,
    window: bool = False,
    jars: Sequence[Path] = (),
    java: Sequence[str] = (),
) -> list[str]:
    """Return the command that starts ImageJ with the folder `home` and words of its own.

    Without a window plain ImageJ needs its patcher, and has plug-ins on the class path, as a
    Fiji has; `jars` are there before the plug-in.
    """
    first = [str(shutil.which("java")), f"-Dplugins.dir={home}", *java]
    classes = [*maven("net.imagej:ij:1.54p"), *jars]
    if not window:
        patcher = maven("net.imagej:ij1-patcher:2.0.0")
        agent = next(jar for jar in patcher if jar.name.startswith("ij1-patcher"))
        first += [*_PATCHED, f"-javaagent:{agent}=init"]
        classes += [*patcher, home / "plugins" / "PSF_Bridge.jar"]
    unique = {path.name: str(path) for path in classes}
    return [*first, "-cp", os.pathsep.join(unique.values()), "ij.ImageJ", *words]


def run(home: Path, words: Sequence[str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; a process that does not end is a failure."""
    return subprocess.run(
        words,
        env={**os.environ, _MARK: str(home), **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def start(words: Sequence[str], home: Path) -> subprocess.Popen[bytes]:
    """Start a command, to be ended by the test."""
    return subprocess.Popen(
        words,
        env={**os.environ, _MARK: str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return what is there at last."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come")


def workers(home: Path) -> list[psutil.Process]:
    """Return the plug-in's Python processes of the ImageJs that were started with `home`."""
    return [each for each in psutil.process_iter() if _is_worker(each, str(home))]


def _is_worker(process: psutil.Process, home: str) -> bool:
    try:
        ours = "bridge.fiji import worker" in " ".join(process.cmdline())
        return ours and process.environ().get(_MARK) == home
    except psutil.Error:
        return False


def shared_memory(process: int) -> list[Path]:
    """Return the shared memory that an ImageJ of this number made."""
    return list(SHARED.glob(f"psfb_{process}_*")) if SHARED.is_dir() else []
