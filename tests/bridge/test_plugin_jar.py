"""The plug-in's jar: what is in it, and what is said where it cannot be built."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from fiji_folder import fresh_jar, needs_jdk

from psfbridge.bridge.commands.registry import COMMANDS
from psfbridge.bridge.fiji import plugin_jar
from psfbridge.errors import BridgeError

SOURCES = Path(plugin_jar.__file__).with_name("java")
FOR_MACROS = {"PSF Bridge Extensions", "Start PSF Bridge"}


def test_its_menu_has_every_command():
    entries = re.findall(
        r'^Plugins>PSF Bridge(?:>[^,]+)?, "(.+)", psfbridge\.Command\("(.+)"\)$',
        (SOURCES / "plugins.config").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert all(label == argument for label, argument in entries)
    assert {label for label, _ in entries} == COMMANDS.keys() | FOR_MACROS


@pytest.fixture(scope="module")
def names() -> list[str]:
    with zipfile.ZipFile(fresh_jar()) as jar:
        return jar.namelist()


@pytest.mark.java
@needs_jdk
class TestJar:
    def test_its_classes_are_found_by_imagej(self, names):
        assert {"plugins.config", "psfbridge/Command.class"} < set(names)

    def test_no_other_class_can_be_found_by_anybody_else(self, names):
        classes = [name for name in names if name.endswith(".class")]
        assert all(name.startswith("psfbridge/") for name in classes)

    def test_appose_is_inside(self, names):
        assert "carried/org/apposed/appose/Service.classdata" in names
        assert "carried/META-INF/services/org.apposed.appose.ShmFactory" in names

    def test_who_wrote_what_is_carried_is_said(self, names):
        assert any(name.startswith("carried/licences/groovy-") for name in names)


@pytest.mark.java
@pytest.mark.skipif(shutil.which("javac") is None, reason="there is no Java compiler")
def test_it_compiles_without_a_warning(tmp_path):
    jars = [*plugin_jar._jars(plugin_jar._IMAGEJ), *plugin_jar._jars(plugin_jar._APPOSE)]
    words = ["javac", "--release", "8", "-Xlint:all,-options", "-Werror", "-d", str(tmp_path)]
    sources = [str(path) for path in SOURCES.rglob("*.java")]
    done = subprocess.run(
        [*words, "-cp", ":".join(map(str, jars)), *sources],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_without_a_compiler_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(BridgeError, match=r"there is no Java compiler \(javac\)\. Install a JDK"):
        plugin_jar.build_jar(tmp_path / "PSF_Bridge.jar", "1.0")
    assert not list(tmp_path.iterdir())
