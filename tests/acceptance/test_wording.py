"""What users read avoids the phrases that docs/developer/wording.md lists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "developer" / "wording.md"
ROWS = re.findall(r"^\| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
AVOIDED = {avoid: write for avoid, write in ROWS if avoid != "avoid"}
GUIDES = "batch deconvolution failures fiji formats index macros options pyimagej report scale"
PAGES = [ROOT / "README.md", *(ROOT / "docs" / f"{name}.md" for name in GUIDES.split())]


def spoken(path):
    """Yield the texts of a module, apart from docstrings, as (line, text)."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    documented = [node.body[0] for node in ast.walk(tree) if isinstance(node, kinds) and node.body]
    silent = {id(node.value) for node in documented if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        told = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if told and id(node) not in silent:
            yield node.lineno, node.value


def avoided(text):
    folded = " ".join(text.split()).lower()
    return [phrase for phrase in AVOIDED if phrase.lower() in folded]


def test_the_list_finds_what_it_lists():
    assert len(AVOIDED) > 20
    assert all(avoided(f"so {phrase} is") for phrase in AVOIDED)


def test_messages_avoid_what_is_listed():
    found = [
        f"{path.relative_to(ROOT)}:{line}: {', '.join(avoided(text))}"
        for path in sorted((ROOT / "psfbridge").rglob("*.py"))
        for line, text in spoken(path)
        if avoided(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_for_users_avoid_what_is_listed(path):
    assert avoided(path.read_text(encoding="utf-8")) == []
