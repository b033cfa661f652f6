"""The records of settings of all rooms, and a way to try other values of them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import psfbridge


@dataclass(frozen=True, eq=False)
class Setting:
    """One number (or a tuple of some) of one record.

    Attributes
    ----------
    room : str
        The module that holds the record, without the package's name and ``.settings``.
    record : object
        The frozen record, shared by all who import it.
    record_name, name : str
        What record and number are called.
    """

    room: str
    record: Any
    record_name: str
    name: str

    @property
    def label(self) -> str:
        """Where it stands: room, record and name."""
        return f"{self.room}.{self.record_name}.{self.name}"

    @property
    def value(self) -> Any:
        """The value in use."""
        return getattr(self.record, self.name)

    def times(self, factor: float) -> Any:
        """Return the value times a factor; whole numbers stay whole, and above 0."""
        return _times(self.value, factor)

    @contextmanager
    def set_to(self, value: Any) -> Iterator[None]:
        """Give the setting another value for a while: for studies alone, records are frozen."""
        kept = self.value
        object.__setattr__(self.record, self.name, value)
        try:
            yield
        finally:
            object.__setattr__(self.record, self.name, kept)


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, tuple):
        return tuple(_times(one, factor) for one in value)
    if isinstance(value, dict):
        return {key: _times(one, factor) for key, one in value.items()}
    return max(round(value * factor), 1) if isinstance(value, int) else value * factor


def _steers(value: Any) -> bool:
    if isinstance(value, (tuple, dict)):
        items = value.values() if isinstance(value, dict) else value
        return bool(value) and all(_steers(one) for one in items)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def settings_modules() -> Iterator[Any]:
    """Yield the modules named ``settings``, or ``..._settings``, of all rooms."""
    for found in pkgutil.walk_packages(psfbridge.__path__, "psfbridge."):
        if found.name.endswith("settings"):
            yield importlib.import_module(found.name)


def all_settings() -> list[Setting]:
    """Return every number that steers psfbridge, in the order of rooms and records."""
    found = []
    for module in settings_modules():
        room = module.__name__.removeprefix("psfbridge.").removesuffix(".settings")
        records = {n: r for n, r in vars(module).items() if n.isupper() and is_dataclass(r)}
        for record_name, record in records.items():
            for field in fields(record):
                setting = Setting(room, record, record_name, field.name)
                if _steers(setting.value):
                    found.append(setting)
    return found
