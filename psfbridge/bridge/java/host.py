"""Start of Java and ImageJ, or use of those already running."""

from __future__ import annotations

import atexit
import getpass
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psfbridge._util.extras import how_to_install
from psfbridge._util.validate import choice, number
from psfbridge.bridge.java.find import find_java, java_class, need_scyjava, running
from psfbridge.bridge.settings import JAVA
from psfbridge.errors import BridgeError

__all__ = ["MODES", "PLAIN", "Host", "boot", "current", "join", "on_exit"]

PLAIN = "plain"
MODES = ("headless", "gui")

_IMAGEJ = "net.imagej:ij:1.54p"
# Headless ImageJ 1.x opens windows all the same unless its classes are patched when they load.
_PATCHER = "net.imagej:ij1-patcher:2.0.0"
# Java 17 closes the class loader that the patcher, imagej-legacy and scripts need.
_OPEN = "--add-opens=java.base/java.lang=ALL-UNNAMED"

_JAVAS_OWN = "DestroyJavaVM"


# A stock Fiji does not hold them: then pyimagej asks Maven.
_IMGLYB = ("imglib2-imglyb", "imglib2-unsafe")
_IMGLYB_ADVICE = (
    f"pyimagej needs the jars {' and '.join(_IMGLYB)}, from its Maven repository at the first "
    "start or in the jars folder."
)

_state: dict[str, Host] = {}

# What is done, once each, before Python goes down beside a Java that runs on.
_on_exit: list[Callable[[], None]] = []


@dataclass(frozen=True)
class Host:
    """An ImageJ that runs in this process.

    Parameters
    ----------
    where : str
        What was started: ``plain``, a directory, a version, coordinates, or ``running``.
    headless : bool
        Whether it is without windows.
    gateway : object, optional
        pyimagej's gateway (``ij``), where there is one.
    """

    where: str
    headless: bool
    gateway: Any = None

    @property
    def version(self) -> str:
        """The version of ImageJ 1.x inside."""
        return str(java_class("ij.IJ").getVersion())

    @property
    def memory_gib(self) -> float:
        """Memory limit of Java, in GiB."""
        return int(java_class("java.lang.Runtime").getRuntime().maxMemory()) / 2**30

    def __str__(self) -> str:
        java = java_class("java.lang.System").getProperty("java.version")
        window = "headless" if self.headless else "with a window"
        return (
            f"ImageJ {self.version} ({self.where}, {window}) on Java {java}; Java memory limit "
            f"{self.memory_gib:.1f} GiB"
        )


def current() -> Host | None:
    """Return the ImageJ of this process, or None before one was started or joined."""
    return _state.get("host")


def join(gateway: Any = None) -> Host:
    """Join the ImageJ that already runs in this process.

    Parameters
    ----------
    gateway : object, optional
        pyimagej's gateway, where there is one.

    Raises
    ------
    BridgeError
        If no Java runs here, or it has no ImageJ 1.x in it.
    """
    host = current()
    if host is not None and gateway in (None, host.gateway):
        return host
    if not running():
        raise BridgeError(
            "Java is not running in this process. Start it with bridge.start('plain'), or with "
            "ij = imagej.init(...) and bridge.install(ij)."
        )
    try:
        java_class("ij.IJ")
    except TypeError:
        raise BridgeError(
            "the Java of this process does not contain ImageJ. Start it with "
            "bridge.start('plain') or imagej.init(...) in a new Python process."
        ) from None
    return _keep(Host("running", _is_headless(), gateway))


def boot(where: str = PLAIN, *, mode: str = "headless", memory_gib: float | None = None) -> Host:
    """Start Java with an ImageJ in it; the same one again is returned as it is.

    Parameters
    ----------
    where : str
        ``plain`` is ImageJ 1.x alone, from Maven Central, kept for the next time. Anything else
        goes to ``imagej.init``: a Fiji directory, an ImageJ2 version, Maven coordinates.
    mode : {'headless', 'gui'}
        Without windows, or with.
    memory_gib : float, optional
        What Java may take, in GiB; by default half of the memory that there is.

    Raises
    ------
    BridgeError
        If there is no Java, another ImageJ runs already, or this one does not start.
    """
    choice("mode", mode, MODES)
    host = current()
    if host is not None:
        return _same(host, where, mode)
    if running():
        raise BridgeError(
            f"Java is already running in this process, so {where} cannot be started. Use "
            "bridge.install(), or start a new Python process."
        )
    if where != PLAIN:
        _check_where(where)
    need_display(mode)
    java = find_java()
    _configure(java.version[0], memory_gib)
    with _one_start_at_a_time():
        host = _plain(mode) if where == PLAIN else _by_pyimagej(where, mode)
    _end_with_python(mode)
    return _keep(host)


@contextmanager
def _one_start_at_a_time() -> Iterator[None]:
    """Wait for other processes that start: each lays out the jars anew in the folder they share.

    A jar that another start is just replacing is missing for a moment, and Java reads late.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(Path(tempfile.gettempdir()) / f"psfbridge-java-start-{_user()}.lock")
    with suppress(Timeout):
        lock.acquire(timeout=JAVA.start_patience_s)
    try:
        yield
    finally:
        lock.release()


def _user() -> str:
    """Return a name for files of this user's own in a folder of everybody's."""
    return str(os.getuid()) if hasattr(os, "getuid") else getpass.getuser()


def need_display(mode: str) -> None:
    """Check that a display is available for a window."""
    x11 = sys.platform not in ("win32", "darwin")
    if mode == "gui" and x11 and not os.environ.get("DISPLAY"):
        raise BridgeError(
            "the ImageJ window needs a display, but DISPLAY is not set. Run headless, connect "
            "with ssh -X, or run under xvfb-run."
        )


def _same(host: Host, where: str, mode: str) -> Host:
    if where in (host.where, "running") and host.headless == (mode == "headless"):
        return host
    raise BridgeError(
        f"this process already runs {host.where} ({'headless' if host.headless else 'gui'}); "
        f"{where} ({mode}) cannot be started as well, since Java starts only once per process. "
        "Start a new Python process."
    )


def _keep(host: Host) -> Host:
    _state["host"] = host
    return host


def _is_headless() -> bool:
    return bool(java_class("java.awt.GraphicsEnvironment").isHeadless())


def _configure(major: int, memory_gib: float | None) -> None:
    config = need_scyjava().config
    # Take the Java that is there; "never" trips pyimagej 1.8, and the default downloads one.
    config.set_java_constraints(fetch="auto", version=str(major))
    if memory_gib is not None:
        config.add_option(f"-Xmx{round(number('memory_gib', memory_gib, above=0.1) * 1024)}m")
    elif not any(option.startswith(("-Xmx", "-XX:MaxRAM")) for option in config.get_options()):
        config.add_option(f"-XX:MaxRAMPercentage={JAVA.memory_percent}")


def on_exit(callback: Callable[[], None]) -> None:
    """Register a callback for the end of Python with Java running; duplicates are ignored."""
    if callback not in _on_exit:
        _on_exit.append(callback)


def _end_with_python(mode: str) -> None:
    """Let Java end with the process: disposing of its windows first may crash or hang."""
    if mode == "gui":
        atexit.unregister(need_scyjava().shutdown_jvm)
    atexit.register(_end)


def _end() -> None:
    """Remove everything from Java that calls into Python or waits for it."""
    import jpype.config

    if not running():
        return  # ImageJ has ended Java with its window
    for callback in _on_exit:
        callback()
    # ImageJ's filters leave these threads waiting for more work, for ever.
    java_class("ij.util.ThreadUtil").threadPoolExecutor.shutdown()
    if _is_headless() and not _all_ended():
        jpype.config.destroy_jvm = False


def _all_ended() -> bool:
    """Return whether all threads that Java waits for have ended, within a short time."""
    end = time.monotonic() + JAVA.end_patience_s
    while time.monotonic() < end:
        threads = java_class("java.lang.Thread")
        mine = threads.currentThread()
        others = [each for each in threads.getAllStackTraces().keySet() if each != mine]
        if all(each.isDaemon() or str(each.getName()) == _JAVAS_OWN for each in others):
            return True
        time.sleep(0.02)
    return False


def _plain(mode: str) -> Host:
    scyjava = need_scyjava()
    ours = [_IMAGEJ, *([_PATCHER] if mode == "headless" else [])]
    # What a user added stays: plugins, script languages. What pyimagej adds needs its ImageJ2.
    others = [name for name in scyjava.config.endpoints if "imglyb" not in name]
    scyjava.config.endpoints[:] = [*ours, *others]
    scyjava.config.add_options([_OPEN, *_headless_option(mode)])
    with _one_line(
        "plain ImageJ", ("The first start needs access to Maven Central; later ones do not.")
    ):
        scyjava.start_jvm()
        if mode == "headless":
            java_class("net.imagej.patcher.LegacyInjector").preinit()
        else:
            # Python ends the process itself; quitting ImageJ must not.
            java_class("ij.ImageJ")(java_class("ij.ImageJ").EMBEDDED)
    return Host(PLAIN, mode == "headless")


def _headless_option(mode: str) -> list[str]:
    return ["-Djava.awt.headless=true"] if mode == "headless" else []


def _by_pyimagej(where: str, mode: str) -> Host:
    try:
        import imagej
    except ImportError as fault:
        raise BridgeError(
            f"pyimagej is not installed ({fault}).",
            remedy=f"Install it: {how_to_install('imagej')}.",
        ) from fault
    folder = Path(where).expanduser()
    advice = "Are the coordinates right?"
    if folder.is_dir():
        advice = f"Is the directory a complete Fiji? {_IMGLYB_ADVICE}"
        if has_imglyb(folder):
            # pyimagej's image library would ask Maven for the jars that are here.
            need_scyjava().config.endpoints.clear()
    with _one_line(where, advice):
        gateway = imagej.init(where, mode="headless" if mode == "headless" else "interactive")
        if not gateway:
            raise BridgeError("imagej.init found no ImageJ2 there")
        if mode == "gui":
            gateway.ui().showUI()
    host = Host(where, mode == "headless", gateway)
    return replace(host, gateway=gateway)


def has_imglyb(folder: Path) -> bool:
    """Return whether a Fiji has the jars by which pyimagej shares images with NumPy."""
    jars = [path.name for path in (folder / "jars").rglob("*.jar")]
    return all(any(jar.startswith(name) for jar in jars) for name in _IMGLYB)


def _check_where(where: str) -> None:
    known = Path(where).expanduser().is_dir() or ":" in where or re.match(r"\d+\.\d+", where)
    if not known:
        raise BridgeError(
            f"ImageJ {where!r} does not exist: it is not a directory. Allowed are plain, a Fiji "
            "directory, a version such as 2.16.0, or coordinates such as sc.fiji:fiji."
        )


@contextmanager
def _one_line(what: str, advice: str) -> Iterator[None]:
    """Turn whatever the start raises into one line: Maven, pip and Java each have their own."""
    try:
        yield
    except KeyboardInterrupt:
        raise
    except Exception as fault:
        lines = str(fault).strip().splitlines()
        reason = lines[0][:300] if lines else type(fault).__name__
        raise BridgeError(f"cannot start {what}: {reason}. {advice}") from fault
