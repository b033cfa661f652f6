"""Progress: a bar where somebody looks, silence elsewhere, and False for none."""

from __future__ import annotations

import io
import sys
from types import ModuleType, SimpleNamespace

import pytest

from psfbridge import progress
from psfbridge.errors import OptionError
from psfbridge.progress import ProgressBar, checked_progress, no_progress, shown_bar


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_none(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert checked_progress(None) is no_progress
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert isinstance(checked_progress(None), ProgressBar)
    assert checked_progress(False) is no_progress


def test_a_notebook_gets_a_bar_though_its_stderr_is_no_terminal(monkeypatch):
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert isinstance(shown_bar(), ProgressBar)
    ipython.get_ipython = SimpleNamespace  # a plain IPython
    assert shown_bar() is no_progress


def test_the_bar_tells_its_stage_and_goes_away_when_it_is_done(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    made = []

    class Bar:
        def __init__(self, **given):
            made.append(given["desc"])
            self.n, self.total = 0, given["total"]

        def update(self, step):
            self.n += step

        def close(self):
            made.append(f"closed at {self.n} of {self.total}")

    monkeypatch.setattr(progress, "_tqdm", lambda: Bar)
    bar = ProgressBar()
    for done in (0, 1, 3):
        bar("finding", done, 3)
    bar("measuring", 0, 2)
    assert made == ["finding", "closed at 3 of 3", "measuring"]


def test_what_cannot_be_called_is_refused():
    with pytest.raises(OptionError, match="or False for none"):
        checked_progress(True)
