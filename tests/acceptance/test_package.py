"""What the package promises about itself."""

import ast
import importlib
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import psfbridge

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "psfbridge").rglob("*.py"))


@pytest.mark.parametrize("name", list(psfbridge.__all__))
def test_every_public_name_is_there(name):
    assert getattr(psfbridge, name) is not None
    assert name in dir(psfbridge)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'distil'"):
        _ = psfbridge.distil


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_name_in_all_exists(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    defined = {
        getattr(target, "id", None)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    if "__all__" not in defined:
        pytest.skip("no __all__")
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
    assert all(hasattr(module, name) for name in module.__all__)


def test_import_is_light():
    """What takes long to import is not, so that importing the package is quick."""
    heavy = (
        "numpy matplotlib scipy skimage zarr pandas tifffile scyjava jpype imagej pyopencl "
        "clij2fft napari"
    )
    script = (
        f"import psfbridge, sys;print([name for name in {heavy.split()} if name in sys.modules])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--version"], "numpy scipy psfbridge.cli.commands.distill"),
        (["distill", "--help"], "scipy numba psfbridge.simulation psfbridge.batch.run"),
        (["distill", "missing.tif", "-o", "psf.tif"], "scipy.stats matplotlib psfbridge.report"),
    ],
)
def test_a_command_loads_what_it_needs_and_no_more(words, heavy, tmp_path):
    script = (
        "import sys; from psfbridge.cli import main\n"
        f"try: main({words})\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_told():
    done = subprocess.run(
        [sys.executable, "-m", "psfbridge", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["psfbridge", psfbridge.__version__]
    assert done.stderr == ""


def test_rooms_stay_small():
    rooms = Counter(path.parent.relative_to(ROOT).as_posix() for path in MODULES)
    assert rooms.pop("psfbridge") <= 10
    assert {name: modules for name, modules in rooms.items() if modules > 20} == {}


def test_modules_say_few_things():
    offered = {path.relative_to(ROOT).as_posix(): len(_offered(path)) for path in MODULES}
    assert {name: names for name, names in offered.items() if names > 20} == {}


def _offered(path):
    """The names that a module offers to others: functions and classes without underscore."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [n.name for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
