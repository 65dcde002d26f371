"""Numbers, names, addresses and the words for how an operation ended, as reports print them."""

from __future__ import annotations

import re
from collections.abc import Callable

from reconciler import printable
from reconciler.masking import masked, masked_in, quoted_url
from reconciler.plan.document import CREATE, REMOVE, UPDATE
from reconciler.printable import quoted, shown

SYMBOLS = {CREATE: "+", UPDATE: "~", REMOVE: "-"}
_PLAIN = re.compile(r"[\w.~-]+(?: [\w.~-]+)*")


def count(number: int, noun: str) -> str:
    """Count things: `1 storage`, `9,123 storages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bare(name: str) -> str:
    """Return a name for the place where only a name can stand: quoted only if it looks odd."""
    return name if _PLAIN.fullmatch(name) and shown(name) == name else quoted(name)


def word(text: str) -> str:
    """Return a name or path, as it may be printed, so that a shell takes it for one word."""
    return printable.word(text)


def address(url: str) -> str:
    """Return an address as it may be printed: no password, nothing invisible."""
    return shown(masked(url))


def value(field: str) -> Callable[[str], str]:
    """Return how the values of a field are printed."""
    return quoted_url if field == "default_url" else _quoted


def _quoted(text: str) -> str:
    """Return text in quotes; who pastes an address into a label may paste its password, too."""
    return quoted(masked_in(text))


def spoken(status: str) -> str:
    """Return a status as people say it."""
    return status.replace("_", " ")
