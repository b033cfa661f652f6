"""Starts of Java in several processes do not get in each other's way."""

import threading
import time
from dataclasses import replace

import pytest

from psfbridge.bridge.java import host

filelock = pytest.importorskip("filelock")


@pytest.fixture
def lock_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr(host.tempfile, "gettempdir", lambda: str(tmp_path))
    with host._one_start_at_a_time():
        (path,) = tmp_path.glob("psfbridge-java-start-*.lock")
    with filelock.FileLock(path, thread_local=False) as lock:
        yield lock


def test_a_start_waits_for_another(lock_of_another):
    order = []
    threading.Timer(0.3, lambda: (order.append("other"), lock_of_another.release())).start()
    with host._one_start_at_a_time():
        order.append("mine")
    assert order == ["other", "mine"]


def test_a_start_goes_on_where_another_hangs(lock_of_another, monkeypatch):
    monkeypatch.setattr(host, "JAVA", replace(host.JAVA, start_patience_s=0.2))
    before = time.monotonic()
    with host._one_start_at_a_time():
        assert lock_of_another.is_locked
    assert time.monotonic() - before >= 0.2
