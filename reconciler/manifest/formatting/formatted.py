"""A file read, checked, written in our layout, and read again: nothing of it may be another."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator

from reconciler.errors import FormatError, ManifestError
from reconciler.manifest.checking.validate import Validation
from reconciler.manifest.formatting.comments import attach
from reconciler.manifest.formatting.nodes import Page, RefusalError, parse
from reconciler.manifest.formatting.writing import written
from reconciler.manifest.mistakes import Document
from reconciler.manifest.placing import problems_of
from reconciler.manifest.reading.encodings import BYTE_ORDER_MARK
from reconciler.manifest.reading.reader import read_tree
from reconciler.model import Problem
from reconciler.schemas import schema_text

_WINDOWS = "\r\n"
_JSON = "JSON has a layout of its own: write the manifest as YAML to have it formatted"


def formatted(file: str, data: bytes) -> bytes:
    """Return a manifest file in our layout: same values, same entries, same comments.

    Variables are left as they are, and need not be set. Lines end as the first one does, and a
    byte order mark stays. `file` is what messages call it.

    Raises:
        ManifestError: it is no valid manifest by itself, with every problem of it.
        FormatError: it is one, but holds something that can't be kept for certain.
    """
    mark = BYTE_ORDER_MARK if data.startswith(BYTE_ORDER_MARK) else b""
    document = Document(file, data.removeprefix(mark))
    _check(document)
    if file.lower().endswith(".json"):
        raise FormatError([Problem(file, _JSON)])
    text = document.data.decode()
    ends = _WINDOWS if text.partition("\n")[0].endswith("\r") else "\n"
    plain = text.replace(_WINDOWS, "\n")
    try:
        page = parse(plain)
        comments = attach(page)
        result = written(page)
        _compare(document, result, sorted(comment.text for comment in comments))
    except RefusalError as error:
        raise FormatError([_refused(file, plain, error)]) from error
    return mark + result.replace("\n", ends).encode()


def _check(document: Document) -> None:
    """Raise `ManifestError` for what is wrong with a file, whatever its variables will be."""
    read_tree(document)
    if not document.mistakes and not _schema().is_valid(document.tree):
        unfilled = {path for path in document.dollars if "${" in _at(document.tree, path)}
        Validation().check(document)
        document.mistakes = [m for m in document.mistakes if m.path not in unfilled]
    if document.mistakes:
        raise ManifestError(problems_of([document]))


@cache
def _schema() -> Draft202012Validator:
    """Return the published schema, by which a variable may become whatever is right."""
    return Draft202012Validator(msgspec.json.decode(schema_text("manifest")))


def _at(tree: Any, path: tuple[str | int, ...]) -> str:  # noqa: ANN401 - any manifest
    for part in path:
        tree = tree[part]
    return str(tree)


def _compare(before: Document, result: str, comments: list[str]) -> None:
    """Raise `RefusalError` unless the result reads as what was there, with the same comments."""
    after = Document(before.file, result.encode())
    read_tree(after)
    if after.mistakes or after.tree != before.tree:
        raise RefusalError(_anchor(before), _CHANGED)
    page: Page = parse(result)
    if sorted(comment.text for comment in attach(page)) != comments:
        raise RefusalError(0, "a comment of it can't be kept: put it on a line of its own")


def _anchor(document: Document) -> int:
    """Return where the first anchor stands, which is what most likely can't be moved."""
    return max(document.data.decode().replace(_WINDOWS, "\n").find("&"), 0)


_CHANGED = (
    "this can't be formatted without changing what it says, as anchors and aliases tie its keys to "
    "their order: write them out"
)


def _refused(file: str, text: str, error: RefusalError) -> Problem:
    line = text.count("\n", 0, error.index) + 1
    column = error.index - text.rfind("\n", 0, error.index)
    return Problem(file, error.message, (), line, column)
