"""What the documents name in this repository is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

from support.repository import DOCS, ROOT

#: Where a path in a document may count from, beside the document's own folder.
HOMES = (ROOT, ROOT / "reconciler")
FIRST = {path.name for home in HOMES for path in home.iterdir() if path.is_dir()}
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "examples").rglob("README.md")),
    *sorted((ROOT / ".github").rglob("*.md")),
]
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
QUOTED = re.compile(r"`([^`\n]+)`")
#: A path, as documents write one; `*` stands for any name.
PATH = re.compile(r"[\w.*-]+(?:/[\w.*-]+)*/?")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]*)?\)")

#: A name in the code, perhaps of a member; documents have it without its arguments.
NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)?")


@cache
def words() -> set[str]:
    return {
        word
        for folder in ("reconciler", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__).resolve()
        for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    }


def prose(document: Path) -> str:
    return FENCED.sub("", document.read_text(encoding="utf-8"))


def named(text: str) -> list[str]:
    """List the paths of this repository that a text names: modules, and what lies in a folder."""
    return [
        path
        for path in QUOTED.findall(text)
        if PATH.fullmatch(path)
        and (path.endswith(".py") or ("/" in path and path.split("/")[0] in FIRST))
    ]


def is_there(path: str) -> bool:
    return any(next(home.glob(path.rstrip("/")), None) is not None for home in HOMES)


def missing(text: str) -> list[str]:
    return [path for path in named(text) if not is_there(path)]


def unknown(text: str) -> list[str]:
    """List the names of classes and functions in a text that no source of ours has."""
    return [
        name
        for name in QUOTED.findall(text)
        if NAME.fullmatch(name) and re.search("[A-Z_]", name)
        if name.rpartition(".")[2] not in words()
    ]


def anchors(document: Path) -> set[str]:
    """List what a link may lead to in a document, by the rule of its host."""
    headings = re.findall(r"^#+ (.+)$", prose(document), re.M)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {f"#{heading.replace(' ', '-')}" for heading in kept}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_path_that_a_document_names_exists(document: Path) -> None:
    assert missing(prose(document)) == []


@pytest.mark.parametrize("document", [ROOT / "CONTRIBUTING.md", DOCS / "architecture.md"])
def test_every_name_of_code_is_still_its_name(document: Path) -> None:
    assert unknown(prose(document)) == []


def test_a_name_that_is_gone_is_found() -> None:
    told = "`Store.create`, `no_such_function`, `NoSuchClass`, `entry`"
    assert unknown(told) == ["no_such_function", "NoSuchClass"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(prose(document)):
        target = document.parent / unquote(path) if path else document
        assert target.exists(), f"{path} is not there"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{path or document.name} has no {anchor}"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("see `reconciler/model.py` and `plan/`", []),
        ("see `tests/unit/*/conftest.py`", []),
        ("see `cli/room.py`, once", ["cli/room.py"]),
        ("see `moments.py`", ["moments.py"]),
        ("see `tests/nowhere`", ["tests/nowhere"]),
        ("the header `W/` and the pair `lab/raw` are no paths", []),
    ],
)
def test_a_path_that_is_gone_is_found(text: str, wrong: list[str]) -> None:
    assert missing(text) == wrong


def test_the_picture_and_the_words_of_the_architecture_are_linked() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    assert "](layers.svg)" in text
    assert {"#words", "#the-walk-of-an-entry", "#the-walk-of-a-request"} <= anchors(
        DOCS / "architecture.md"
    )
