"""The search for secrets in what tests leave behind: logs, audit, journals, plans, databases.

The tokens of state servers are known by their form, so that none can be forgotten.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.platforms.organisation import TOKEN as SDK_TOKEN

_TOKEN = re.compile(rb"rct_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")
_SDK_TOKEN = SDK_TOKEN.encode()
#: Smaller files may take no block of their own, in bytes.
_LARGE = 1024 * 1024
#: The stand-in for the vendor's service knows its token; schemathesis is told one.
_ON_PURPOSE = ("organisation.db", "schemathesis.toml")


@pytest.fixture(scope="session", autouse=True)
def no_leaks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Search all that tests have left behind, once the last one is over."""
    yield
    found = leaks(tmp_path_factory.getbasetemp())
    assert not found, f"a token was left behind in {found}"


def check_told(text: str) -> None:
    """Raise `AssertionError` if a token is in what was told; does not repeat it."""
    assert not _tokens_in(text.encode(errors="surrogateescape")), "a token was told"


def leaks(folder: Path) -> list[str]:
    """Name the files below a folder that hold a token.

    A file that holds one token and nothing else is what a test gave to the command on purpose.
    """
    files = (path for path in folder.rglob("*") if not path.name.startswith(_ON_PURPOSE))
    return [str(path.relative_to(folder)) for path in files if _leaks(path)]


def _leaks(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or _is_empty(path.stat()):
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if not _tokens_in(content):
            return False
        whole = content[:].strip()
    return whole != _SDK_TOKEN and not _TOKEN.fullmatch(whole)


def _is_empty(found: os.stat_result) -> bool:
    """Say whether nothing was ever written to a file, however large it claims to be."""
    hole = found.st_size > _LARGE and getattr(found, "st_blocks", 1) == 0
    return hole or not found.st_size


def _tokens_in(text: bytes | mmap.mmap) -> bool:
    return _TOKEN.search(text) is not None or text.find(_SDK_TOKEN) >= 0
